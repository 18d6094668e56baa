//! The newer capture file: sections of blocks, several interfaces, any time resolution.
//!
//! Source: draft-ietf-opsawg-pcapng §3-4. Blocks that hold no frame are passed over unread: they may carry names and
//! decryption secrets.

use super::{Captured, FormatError, LONGEST_FRAME, Piece};
use crate::codec::cursor::{Cursor, Short};
use crate::link::LinkType;
use wardlight_model::Time;

/// Block type of a section header, the same in both byte orders.
pub(super) const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Most interfaces of one section; a file with more is damage.
const INTERFACES: usize = 4096;
/// Longest block that is held until it is whole; longer ones hold no frame that could be taken.
const LONGEST_BLOCK: u32 = LONGEST_FRAME + 65_536;

/// A file under way.
#[derive(Debug, Default)]
pub(super) struct Pcapng {
    big: bool,
    interfaces: Vec<Interface>,
    /// Bytes still to be passed over.
    skip: u64,
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link: LinkType,
    /// Time units in a second.
    resolution: u64,
    /// Added to every time, in seconds.
    offset: i64,
}

impl Pcapng {
    /// Bytes still to be passed over.
    pub(super) const fn owes(&self) -> u64 {
        self.skip
    }

    /// The next frame or block.
    pub(super) fn next<'a>(&mut self, bytes: &'a [u8]) -> Result<Piece<'a>, FormatError> {
        if self.skip > 0 {
            let here = bytes.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX));
            self.skip -= here as u64;
            return Ok(if here == 0 { Piece::More(1) } else { Piece::Passed(here) });
        }
        let Some(head) = bytes.first_chunk::<12>() else { return Ok(Piece::More(12)) };
        let mut cursor = Cursor::new(head);
        let is_section = head.starts_with(&SECTION);
        if is_section {
            self.big = head.ends_with(&[0x1a, 0x2b, 0x3c, 0x4d]);
            self.interfaces.clear();
        }
        let kind = self.u32(&mut cursor).unwrap_or_default();
        let length = self.u32(&mut cursor).unwrap_or_default();
        if !length.is_multiple_of(4) || length < 12 {
            return Err(FormatError::BlockLength(length));
        }
        let holds_much = matches!(kind, INTERFACE | OLD_PACKET | SIMPLE_PACKET | ENHANCED_PACKET);
        if is_section || !holds_much || length > LONGEST_BLOCK {
            self.skip = u64::from(length);
            return self.next(bytes);
        }
        let whole = length as usize;
        let Some(block) = bytes.get(..whole).and_then(|block| block.get(8..whole - 4)) else {
            return Ok(Piece::More(whole));
        };
        let frame = match kind {
            INTERFACE => self.interface(block).map(|()| None),
            ENHANCED_PACKET => self.packet(block, Self::u32).map(Some),
            OLD_PACKET => self.packet(block, Self::u32_of_two).map(Some),
            _ => self.simple(block).map(Some),
        };
        match frame {
            Ok(Some(frame)) => frame.map(|frame| Piece::Frame(frame, whole)),
            Ok(None) => Ok(Piece::Passed(whole)),
            Err(Short) => Err(FormatError::BlockLength(length)),
        }
    }

    fn u32(&self, cursor: &mut Cursor<'_>) -> Result<u32, Short> {
        if self.big { cursor.u32() } else { cursor.u32_le() }
    }

    fn u16(&self, cursor: &mut Cursor<'_>) -> Result<u16, Short> {
        if self.big { cursor.u16() } else { cursor.u16_le() }
    }

    /// Interface number and drop count of the obsolete packet block; the count is passed over.
    fn u32_of_two(&self, cursor: &mut Cursor<'_>) -> Result<u32, Short> {
        let interface = self.u16(cursor)?;
        self.u16(cursor)?;
        Ok(u32::from(interface))
    }

    fn interface(&mut self, block: &[u8]) -> Result<(), Short> {
        let mut cursor = Cursor::new(block);
        let link = LinkType(u32::from(self.u16(&mut cursor)?));
        cursor.skip(6)?;
        let mut interface = Interface { link, resolution: 1_000_000, offset: 0 };
        while let (Ok(code), Ok(length)) = (self.u16(&mut cursor), self.u16(&mut cursor)) {
            let Ok(value) = cursor.take(usize::from(length)) else { break };
            match (code, value) {
                (0, _) => break,
                (9, [resolution, ..]) => interface.resolution = units(*resolution),
                (14, _) => {
                    let eight = value.first_chunk::<8>().copied().unwrap_or_default();
                    interface.offset = if self.big { i64::from_be_bytes(eight) } else { i64::from_le_bytes(eight) };
                }
                _ => {}
            }
            let _ = cursor.skip(usize::from(length).wrapping_neg() % 4);
        }
        if self.interfaces.len() < INTERFACES {
            self.interfaces.push(interface);
        }
        Ok(())
    }

    fn packet<'a>(
        &self,
        block: &'a [u8],
        number: impl FnOnce(&Self, &mut Cursor<'a>) -> Result<u32, Short>,
    ) -> Result<Result<Captured<'a>, FormatError>, Short> {
        let mut cursor = Cursor::new(block);
        let number = number(self, &mut cursor)?;
        let (high, low) = (self.u32(&mut cursor)?, self.u32(&mut cursor)?);
        let (captured, wire_length) = (self.u32(&mut cursor)?, self.u32(&mut cursor)?);
        if captured > LONGEST_FRAME {
            return Ok(Err(FormatError::FrameLength(captured)));
        }
        let bytes = cursor.take(captured as usize)?;
        let held = self.interfaces.get(number as usize).ok_or(FormatError::Interface(number));
        Ok(held.map(|interface| {
            let time = interface.time(u64::from(high) << 32 | u64::from(low));
            Captured { time, link: interface.link, bytes, wire_length: wire_length.max(captured) }
        }))
    }

    /// A packet of the first interface without a time: it is taken to be the beginning of time.
    fn simple<'a>(&self, block: &'a [u8]) -> Result<Result<Captured<'a>, FormatError>, Short> {
        let mut cursor = Cursor::new(block);
        let wire_length = self.u32(&mut cursor)?;
        let bytes = cursor.take_at_most(wire_length as usize);
        let held = self.interfaces.first().ok_or(FormatError::Interface(0));
        Ok(held.map(|interface| Captured { time: Time::default(), link: interface.link, bytes, wire_length }))
    }
}

impl Interface {
    fn time(&self, ticks: u64) -> Time {
        let resolution = self.resolution.max(1);
        let seconds = i64::try_from(ticks / resolution).unwrap_or(i64::MAX);
        let part = u128::from(ticks % resolution) * 1_000_000 / u128::from(resolution);
        Time::from_seconds(seconds.saturating_add(self.offset)).plus(i64::try_from(part).unwrap_or_default())
    }
}

/// Units in a second as the option `if_tsresol` writes them: a power of ten, or of two when the top bit is set.
fn units(resolution: u8) -> u64 {
    let power = u32::from(resolution & 0x7f);
    if resolution & 0x80 == 0 {
        10u64.checked_pow(power).unwrap_or(u64::MAX)
    } else {
        1u64.checked_shl(power).unwrap_or(u64::MAX)
    }
}
