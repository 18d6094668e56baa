//! The classic capture file: a header, then frames.
//!
//! Source: draft-ietf-opsawg-pcap; the `a1b2cd34` form with longer frame headers as written by old Linux systems.

use super::{Captured, FormatError, LONGEST_FRAME, Piece};
use crate::codec::cursor::{Cursor, Short};
use crate::link::LinkType;
use wardlight_model::Time;

/// What the magic number says: byte order, resolution, longer frame headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    little: bool,
    nanoseconds: bool,
    modified: bool,
}

impl Order {
    /// What `magic` says; `None` when it is no pcap magic number.
    pub(super) fn of(magic: [u8; 4]) -> Option<Self> {
        [(true, u32::from_le_bytes(magic)), (false, u32::from_be_bytes(magic))].into_iter().find_map(
            |(little, number)| {
                let (nanoseconds, modified) = match number {
                    0xa1b2_c3d4 => (false, false),
                    0xa1b2_3c4d => (true, false),
                    0xa1b2_cd34 => (false, true),
                    _ => return None,
                };
                Some(Self { little, nanoseconds, modified })
            },
        )
    }

    fn u32(self, cursor: &mut Cursor<'_>) -> Result<u32, Short> {
        if self.little { cursor.u32_le() } else { cursor.u32() }
    }

    fn u16(self, cursor: &mut Cursor<'_>) -> Result<u16, Short> {
        if self.little { cursor.u16_le() } else { cursor.u16() }
    }
}

/// A file past its header.
#[derive(Debug)]
pub(super) struct Pcap {
    order: Order,
    link: LinkType,
}

impl Pcap {
    /// Reads the file's header. Errors: [`FormatError::Version`].
    pub(super) fn begin(order: Order, header: &[u8; 24]) -> Result<Self, FormatError> {
        let mut cursor = Cursor::new(header);
        let mut read = || {
            cursor.skip(4)?;
            let version = (order.u16(&mut cursor)?, order.u16(&mut cursor)?);
            cursor.skip(12)?;
            Ok::<_, Short>((version, order.u32(&mut cursor)?))
        };
        let ((major, minor), link) = read().unwrap_or_default();
        // The upper bits say whether there is a frame check sequence and how long, not the link type.
        let link = LinkType(link & 0x03ff_ffff);
        if major == 2 { Ok(Self { order, link }) } else { Err(FormatError::Version(major, minor)) }
    }

    /// The next frame.
    pub(super) fn next<'a>(&self, bytes: &'a [u8]) -> Result<Piece<'a>, FormatError> {
        let header = if self.order.modified { 24 } else { 16 };
        let Some(head) = bytes.get(..header) else { return Ok(Piece::More(header)) };
        let mut cursor = Cursor::new(head);
        let mut field = || self.order.u32(&mut cursor).unwrap_or_default();
        let (seconds, fraction, captured, wire_length) = (field(), field(), field(), field());
        if captured > LONGEST_FRAME {
            return Err(FormatError::FrameLength(captured));
        }
        let end = header + captured as usize;
        let Some(frame) = bytes.get(header..end) else { return Ok(Piece::More(end)) };
        let micros = if self.order.nanoseconds { fraction / 1000 } else { fraction };
        let time = Time::from_seconds(i64::from(seconds)).plus(i64::from(micros));
        let wire_length = wire_length.max(captured);
        Ok(Piece::Frame(Captured { time, link: self.link, bytes: frame, wire_length }, end))
    }
}
