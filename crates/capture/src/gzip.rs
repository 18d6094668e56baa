//! Gzip (RFC 1952), any number of members, unpacked into lent memory.
//!
//! The window of the last 32 KiB is payload too: it lives in a [`Mapping`], where `miniz_oxide` uses it as a ring.

use crate::mapping::Mapping;
use crate::stream::Decoded;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags::TINFL_FLAG_HAS_MORE_INPUT};
use std::io;

/// Power of two, at least the 32 KiB that deflate looks back.
const WINDOW: usize = 1 << 16;

pub(crate) struct Gzip {
    window: Mapping,
    inflate: DecompressorOxide,
    state: State,
    /// Where the next unpacked byte goes in the ring.
    at: usize,
    /// Unpacked bytes before `at` that were not given out yet.
    pending: usize,
    check: crc32fast::Hasher,
    length: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Header,
    Body,
    Trailer,
}

impl Gzip {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            window: Mapping::new(WINDOW)?,
            inflate: DecompressorOxide::new(),
            state: State::Header,
            at: 0,
            pending: 0,
            check: crc32fast::Hasher::new(),
            length: 0,
        })
    }

    /// Unpacks some of `bytes` into `to`; `at_end` when no more will come. Errors: what is wrong.
    pub(crate) fn decode(&mut self, bytes: &[u8], to: &mut [u8], at_end: bool) -> Result<Decoded, &'static str> {
        if self.pending > 0 {
            return Ok(Decoded { taken: 0, given: self.give(to) });
        }
        let taken = match self.state {
            State::Header => match header(bytes)? {
                Some(taken) => {
                    self.state = State::Body;
                    self.inflate.init();
                    (self.check, self.length) = (crc32fast::Hasher::new(), 0);
                    taken
                }
                None => 0,
            },
            State::Body => self.unpack(bytes, at_end)?,
            State::Trailer => self.trailer(bytes)?,
        };
        let given = self.give(to);
        if taken == 0 && given == 0 && at_end && (self.state != State::Header || !bytes.is_empty()) {
            return Err("gzip data ends too early");
        }
        Ok(Decoded { taken, given })
    }

    fn unpack(&mut self, bytes: &[u8], at_end: bool) -> Result<usize, &'static str> {
        let flags = if at_end { 0 } else { TINFL_FLAG_HAS_MORE_INPUT };
        let (status, taken, written) = decompress(&mut self.inflate, bytes, self.window.as_mut(), self.at, flags);
        let fresh = self.window.as_ref().get(self.at..self.at + written).unwrap_or_default();
        self.check.update(fresh);
        self.length = self.length.wrapping_add(u32::try_from(written).unwrap_or_default());
        self.at = (self.at + written) % WINDOW;
        self.pending = written;
        match status {
            TINFLStatus::Done => self.state = State::Trailer,
            TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput => {}
            TINFLStatus::FailedCannotMakeProgress => return Err("gzip data ends too early"),
            _ => return Err("gzip data is damaged"),
        }
        Ok(taken)
    }

    fn trailer(&mut self, bytes: &[u8]) -> Result<usize, &'static str> {
        let Some([a, b, c, d, e, f, g, h]) = bytes.first_chunk::<8>().copied() else { return Ok(0) };
        let right = u32::from_le_bytes([a, b, c, d]) == self.check.clone().finalize()
            && u32::from_le_bytes([e, f, g, h]) == self.length;
        self.state = State::Header;
        if right { Ok(8) } else { Err("gzip checksum is wrong") }
    }

    fn give(&mut self, to: &mut [u8]) -> usize {
        // What one call unpacks never wraps around the ring.
        let end = if self.at == 0 && self.pending > 0 { WINDOW } else { self.at };
        let from = self.window.as_ref().get(end - self.pending..end).unwrap_or_default();
        let given = from.len().min(to.len());
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        self.pending -= given;
        given
    }
}

/// Length of the member header that `bytes` begin with; `None` when more bytes are needed. Errors: it is none.
fn header(bytes: &[u8]) -> Result<Option<usize>, &'static str> {
    let Some([one, two, method, flags, ..]) = bytes.first_chunk::<10>().copied() else { return Ok(None) };
    if [one, two] != [0x1f, 0x8b] {
        // RFC 1952 §2.2: members only; zero padding behind the last one is common and harmless.
        return if bytes.iter().all(|byte| *byte == 0) { Ok(Some(bytes.len())) } else { Err("gzip header is damaged") };
    }
    if method != 8 || flags & 0xe0 != 0 {
        return Err("gzip uses a method that is not known");
    }
    let mut at = 10;
    if flags & 4 != 0 {
        let Some([low, high]) = bytes.get(at..).and_then(|rest| rest.first_chunk::<2>()) else { return Ok(None) };
        at += 2 + usize::from(u16::from_le_bytes([*low, *high]));
    }
    for _ in 0..(flags >> 3 & 1) + (flags >> 4 & 1) {
        let Some(end) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0)) else {
            return Ok(None);
        };
        at += end + 1;
    }
    at += usize::from(flags & 2);
    Ok((at <= bytes.len()).then_some(at))
}
