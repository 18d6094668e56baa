//! Datagrams out of a file that holds them back to back.

use crate::ReadError;
use crate::bytes::Cursor;
use std::io::Read;

/// Largest datagram: what UDP can carry.
const LARGEST: usize = 65_535;

/// Which export a datagram is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    V5,
    V9,
    Ipfix,
    Sflow,
}

/// What `bytes` begin with.
pub fn kind(bytes: &[u8]) -> Option<Kind> {
    match bytes {
        [0, 5, high, low, ..] if (1..=100).contains(&u16::from_be_bytes([*high, *low])) => Some(Kind::V5),
        [0, 9, high, low, ..] if (1..=2000).contains(&u16::from_be_bytes([*high, *low])) => Some(Kind::V9),
        [0, 10, high, low, ..] if u16::from_be_bytes([*high, *low]) >= 16 => Some(Kind::Ipfix),
        [0, 0, 0, 5, 0, 0, 0, 1 | 2, ..] => Some(Kind::Sflow),
        _ => None,
    }
}

pub struct Pieces<R> {
    from: R,
    buffer: Vec<u8>,
    is_done: bool,
    at: u64,
}

impl<R: Read> Pieces<R> {
    pub fn new(from: R) -> Self {
        Self { from, buffer: Vec::new(), is_done: false, at: 0 }
    }

    /// The next datagram; the last one may be cut short. Errors: when what follows begins none.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        while !self.is_done && self.buffer.len() < LARGEST {
            let room = LARGEST as u64 * 2 - self.buffer.len() as u64;
            let read = self.from.by_ref().take(room).read_to_end(&mut self.buffer)?;
            self.is_done = read == 0;
        }
        if self.buffer.is_empty() {
            return Ok(None);
        }
        let Some(kind) = kind(&self.buffer) else {
            let what = "what stands there begins no export datagram".to_owned();
            return Err(ReadError::Damaged { at: "byte", row: self.at, what });
        };
        let length = length(kind, &self.buffer).unwrap_or(usize::MAX).clamp(1, self.buffer.len().min(LARGEST));
        self.at += length as u64;
        Ok(Some(self.buffer.drain(..length).collect()))
    }
}

/// How long the datagram at the begin of `bytes` is, when all of it is there.
fn length(kind: Kind, bytes: &[u8]) -> Option<usize> {
    let mut cursor = Cursor(bytes);
    match kind {
        Kind::V5 => {
            cursor.take(2).ok()?;
            Some(24 + 48 * usize::from(cursor.u16().ok()?))
        }
        Kind::Ipfix => {
            cursor.take(2).ok()?;
            cursor.u16().ok().map(usize::from)
        }
        Kind::V9 => {
            cursor.take(20).ok()?;
            // No set has a number between 2 and 255 (RFC 3954 §5.2): what looks like one is the next datagram's version.
            while let Ok(id) = cursor.u16() {
                if (2..256).contains(&id) {
                    return Some(bytes.len() - cursor.left() - 2);
                }
                let rest = usize::from(cursor.u16().ok()?).checked_sub(4)?;
                cursor.take(rest).ok()?;
            }
            Some(bytes.len())
        }
        Kind::Sflow => {
            cursor.take(4).ok()?;
            let address = if cursor.u32().ok()? == 1 { 4 } else { 16 };
            cursor.take(address + 12).ok()?;
            for _ in 0..cursor.u32().ok()? {
                cursor.take(4).ok()?;
                let length = cursor.u32().ok()?;
                cursor.take(usize::try_from(length).ok()?).ok()?;
            }
            Some(bytes.len() - cursor.left())
        }
    }
}
