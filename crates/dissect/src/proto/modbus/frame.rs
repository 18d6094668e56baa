//! One unit of Modbus on TCP: the MBAP header and the protocol data unit behind it.
//!
//! Source: Modbus Messaging on TCP/IP Implementation Guide V1.0b, section 3.1.3.

use super::shape::{self, Fit};
use crate::codec::cursor::Cursor;

/// Bytes before the unit identifier.
const HEADER: usize = 6;
/// Values of the header's length: unit identifier and a protocol data unit of 1 to 253 bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=254;

/// One unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) transaction: u16,
    pub(super) unit: u8,
    /// From the function code on; never empty.
    pub(super) pdu: &'a [u8],
}

/// What stands at the beginning of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A unit, and how many bytes it has with its header.
    Frame(Frame<'a>, usize),
    /// A unit that is not all there yet.
    More,
    /// None.
    No,
}

/// Finds the first unit.
pub(super) fn find(bytes: &[u8]) -> Found<'_> {
    // Whatever is there of the header must be right, so that other protocols need not send all of it to be known.
    if bytes.get(2..4).or(bytes.get(2..3)).is_some_and(|protocol| protocol.iter().any(|byte| *byte != 0))
        || bytes.get(4).is_some_and(|high| *high != 0)
    {
        return Found::No;
    }
    let mut cursor = Cursor::new(bytes);
    let (Ok(transaction), Ok(_protocol), Ok(length)) = (cursor.u16(), cursor.u16(), cursor.u16()) else {
        return Found::More;
    };
    let length = usize::from(length);
    if !LENGTHS.contains(&length) {
        return Found::No;
    }
    match cursor.take(length).ok().and_then(<[u8]>::split_first) {
        Some((unit, pdu)) => Found::Frame(Frame { transaction, unit: *unit, pdu }, HEADER + length),
        None => Found::More,
    }
}

impl<'a> Frame<'a> {
    pub(super) fn function(&self) -> u8 {
        self.pdu.first().copied().unwrap_or_default()
    }

    /// What stands behind the function code.
    pub(super) fn body(&self) -> &'a [u8] {
        self.pdu.get(1..).unwrap_or_default()
    }

    /// How well it fits either direction.
    pub(super) fn fit(&self) -> Fit {
        shape::request(self.pdu).max(shape::answer(self.pdu))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    #[test]
    fn a_unit_is_found_whole_or_awaited() {
        let raw = bytes("0001 0000 0006 11 03 0000 000a");
        for end in 0..raw.len() {
            assert_eq!(find(&raw[..end]), Found::More, "{end}");
        }
        let pdu = &raw[7..];
        assert_eq!(find(&raw), Found::Frame(Frame { transaction: 1, unit: 0x11, pdu }, 12));
        for other in ["0001 01", "0001 0000 01", "0001 0000 0001 11", "0001 0000 00ff 11"] {
            assert_eq!(find(&bytes(other)), Found::No, "{other}");
        }
    }
}
