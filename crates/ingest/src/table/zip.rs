//! The parts of a ZIP archive (APPNOTE.TXT 6.3.10), unpacked piece by piece and never beyond what they state.
//!
//! The sum of the sizes in the central directory is asked for before anything is unpacked; a part that then holds more
//! than it states ends there. Encryption, ZIP64 and methods other than store and deflate are refused.

use crate::ReadError;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};
use std::io::{self, Read};

/// Largest archive, in bytes.
pub const PACKED: u64 = 256 << 20;
/// Most bytes of all its parts together.
pub const UNPACKED: u64 = 1 << 30;
/// Most parts.
const PARTS: usize = 4096;

/// An archive in memory.
pub struct Archive {
    bytes: Vec<u8>,
    parts: Vec<Part>,
}

/// One part.
#[derive(Debug, Clone)]
struct Part {
    name: String,
    is_packed: bool,
    packed: u64,
    size: u64,
    at: u64,
}

impl Archive {
    /// Reads the archive in `from`. Errors: when it is none, is too large, or would be.
    pub fn open(from: impl Read) -> Result<Self, ReadError> {
        let mut bytes = Vec::new();
        from.take(PACKED + 1).read_to_end(&mut bytes)?;
        let held = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if held > PACKED {
            return Err(ReadError::TooLarge { what: "archive", bytes: held, limit: PACKED });
        }
        let parts = directory(&bytes)
            .ok_or(ReadError::Other { wanted: "a spreadsheet", why: "no ZIP directory at its end" })?;
        let sum: u64 = parts.iter().fold(0, |sum, part| part.size.saturating_add(sum));
        if sum > UNPACKED {
            return Err(ReadError::TooLarge { what: "archive unpacked", bytes: sum, limit: UNPACKED });
        }
        Ok(Self { bytes, parts })
    }

    /// Names and sizes of its parts.
    pub fn parts(&self) -> impl Iterator<Item = (&str, u64)> {
        self.parts.iter().map(|part| (part.name.as_str(), part.size))
    }

    /// The part called `name`; names are compared without case, as packages do (ECMA-376 part 2 §6.2.2).
    pub fn part(&self, name: &str) -> Option<Unpacked<'_>> {
        let part = self.parts.iter().find(|part| part.name.eq_ignore_ascii_case(name))?;
        let at = usize::try_from(part.at).ok()?;
        let header = self.bytes.get(at..)?;
        let skipped = 30 + u16_at(header, 26)? as usize + u16_at(header, 28)? as usize;
        let packed = header.get(skipped..)?;
        let packed = packed.get(..usize::try_from(part.packed).ok()?).unwrap_or(packed);
        let state = part.is_packed.then(|| Box::new(InflateState::new(DataFormat::Raw)));
        Some(Unpacked { packed, state, left: part.size, is_done: false })
    }
}

/// A part while it is read.
pub struct Unpacked<'a> {
    packed: &'a [u8],
    state: Option<Box<InflateState>>,
    left: u64,
    is_done: bool,
}

impl Read for Unpacked<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.is_done || to.is_empty() {
            return Ok(0);
        }
        let written = match &mut self.state {
            None => self.packed.read(to)?,
            Some(state) => {
                let result = inflate(state, self.packed, to, MZFlush::None);
                self.packed = self.packed.get(result.bytes_consumed..).unwrap_or_default();
                match result.status {
                    Ok(MZStatus::StreamEnd) => self.is_done = true,
                    Ok(_) if result.bytes_written > 0 => {}
                    _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "a part of the archive is damaged")),
                }
                result.bytes_written
            }
        };
        let counted = u64::try_from(written).unwrap_or(u64::MAX);
        if counted > self.left {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a part of the archive is larger than it states"));
        }
        self.left -= counted;
        Ok(written)
    }
}

/// The parts that the central directory names.
fn directory(bytes: &[u8]) -> Option<Vec<Part>> {
    const END: &[u8] = b"PK\x05\x06";
    let from = bytes.len().saturating_sub(22 + 65_535);
    let tail = bytes.get(from..)?;
    let end = from + tail.windows(4).rposition(|window| window == END)?;
    let end = bytes.get(end..)?;
    let count = usize::from(u16_at(end, 10)?);
    let mut rest = bytes.get(usize::try_from(u32_at(end, 16)?).ok()?..)?;
    let mut parts = Vec::new();
    for _ in 0..count.min(PARTS) {
        if !rest.starts_with(b"PK\x01\x02") {
            return None;
        }
        let flags = u16_at(rest, 8)?;
        let method = u16_at(rest, 10)?;
        let [packed, size, at] = [20, 24, 42].map(|at| u32_at(rest, at));
        let (packed, size, at) = (packed?, size?, at?);
        let [name, extra, comment] = [28, 30, 32].map(|at| u16_at(rest, at).map(usize::from));
        let (name, behind) = (name?, extra? + comment?);
        let is_encrypted = flags & 1 == 1;
        if !is_encrypted && matches!(method, 0 | 8) && size != u32::MAX && packed != u32::MAX {
            let name = String::from_utf8_lossy(rest.get(46..46 + name)?).into_owned();
            parts.push(Part { name, is_packed: method == 8, packed: packed.into(), size: size.into(), at: at.into() });
        }
        rest = rest.get(46 + name + behind..)?;
    }
    Some(parts)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|two| u16::from_le_bytes(*two))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_le_bytes(*four))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// An archive with these parts, packed; `states` may lie about the size of each.
    pub fn archive(parts: &[(&str, &[u8])], states: impl Fn(usize) -> u32) -> Vec<u8> {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        for (name, part) in parts {
            let at = u32::try_from(bytes.len()).unwrap();
            let packed = miniz_oxide::deflate::compress_to_vec(part, 6);
            let [size, length] = [states(part.len()), u32::try_from(packed.len()).unwrap()];
            let name_length = u16::try_from(name.len()).unwrap();
            let mut same = Vec::new();
            same.extend([20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            same.extend([length.to_le_bytes(), size.to_le_bytes()].concat());
            same.extend(name_length.to_le_bytes());
            same.extend([0, 0]);
            bytes.extend([b"PK\x03\x04".as_slice(), &same, name.as_bytes(), &packed].concat());
            directory.extend([b"PK\x01\x02".as_slice(), &[20, 0], &same, &[0; 10]].concat());
            directory.extend([at.to_le_bytes().as_slice(), name.as_bytes()].concat());
        }
        let count = u16::try_from(parts.len()).unwrap().to_le_bytes();
        let at = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let length = u32::try_from(directory.len()).unwrap().to_le_bytes();
        bytes.extend(directory);
        bytes.extend([b"PK\x05\x06".as_slice(), &[0; 4], &count, &count, &length, &at, &[0; 2]].concat());
        bytes
    }

    fn truth(size: usize) -> u32 {
        u32::try_from(size).unwrap()
    }

    #[test]
    fn parts_are_unpacked() {
        let text = b"row ".repeat(10_000);
        let archive = Archive::open(archive(&[("a.xml", b"<a/>"), ("b.xml", &text)], truth).as_slice()).unwrap();
        let mut read = Vec::new();
        archive.part("B.xml").unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, text);
        assert!(archive.part("c.xml").is_none());
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_unpacked() {
        let bytes = archive(&[("a", b"x"), ("b", b"x")], |_| 600 << 20);
        let error = Archive::open(bytes.as_slice()).err().unwrap();
        assert!(matches!(error, ReadError::TooLarge { what: "archive unpacked", .. }), "{error}");
    }

    #[test]
    fn a_bomb_that_lies_ends_where_it_said() {
        let bytes = archive(&[("a", &vec![0; 5 << 20])], |_| 1000);
        let archive = Archive::open(bytes.as_slice()).unwrap();
        let mut read = Vec::new();
        let error = archive.part("a").unwrap().read_to_end(&mut read).unwrap_err();
        assert_eq!(error.to_string(), "a part of the archive is larger than it states");
        assert!(read.len() < 1 << 20);
    }
}
