//! Finds records in one segment, also behind damage, in bounded memory.

use super::disk::DiskFile;
use super::layout::{HEADER, Header, MAGIC, Salt};
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

/// Bytes read at one time, and of a piece that one unreadable sector spoils.
const CHUNK: usize = 256 << 10;
const PIECE: usize = 4 << 10;
/// What the system says of a sector that cannot be read.
const EIO: i32 = 5;

/// Damage of what was durable: it is kept as it lies, and never served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Rot {
    /// The segment.
    pub file: PathBuf,
    /// Where in it the damage begins.
    pub offset: u64,
    /// Sequences of the records lost with it; empty when it spoils none.
    pub missing: Range<u64>,
}

impl fmt::Display for Rot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, offset, missing } = self;
        write!(out, "{} is damaged at byte {offset}: ", file.display())?;
        match missing.end.checked_sub(missing.start) {
            None | Some(0) => write!(out, "no record is lost"),
            Some(1) => write!(out, "record {} is lost; restore it from a backup", missing.start),
            Some(_) => {
                write!(out, "records {} to {} are lost; restore them from a backup", missing.start, missing.end - 1)
            }
        }
    }
}

/// Reads in one segment.
pub(super) struct Scan {
    file: Box<dyn DiskFile>,
    salt: Salt,
    buffer: Vec<u8>,
    /// What of the file the buffer holds: its first bytes, from `begin` on.
    held: usize,
    begin: u64,
    /// Whether a part could not be read, and was taken for zeros.
    pub was_unreadable: bool,
}

impl Scan {
    /// Over `file`, whose records carry `salt`.
    pub fn new(file: Box<dyn DiskFile>, salt: Salt) -> Self {
        Self { file, salt, buffer: Vec::new(), held: 0, begin: 0, was_unreadable: false }
    }

    /// Forgets what was read: the file may have changed since.
    pub fn clear(&mut self) {
        self.held = 0;
    }

    /// The file.
    pub fn file(&self) -> &dyn DiskFile {
        &*self.file
    }

    /// The file, given back.
    pub fn into_file(self) -> Box<dyn DiskFile> {
        self.file
    }

    /// The first `wanted` bytes from `offset`, fewer at the end of the file.
    pub fn bytes(&mut self, offset: u64, wanted: usize) -> io::Result<&[u8]> {
        let skip = offset.checked_sub(self.begin).and_then(|skip| usize::try_from(skip).ok());
        let skip = skip.filter(|skip| self.held.checked_sub(*skip).is_some_and(|left| left >= wanted));
        if skip.is_none() {
            self.load(offset, wanted.max(CHUNK))?;
        }
        let rest = self.buffer.get(skip.unwrap_or(0)..self.held).unwrap_or_default();
        Ok(rest.get(..wanted).unwrap_or(rest))
    }

    /// Where the next good record is whose sequence is `expected` or later: at `offset`, or behind damage there. `None`
    /// when there is none to the end of the file.
    pub fn next(&mut self, offset: u64, expected: u64) -> io::Result<Option<(u64, Header)>> {
        if let Some(header) = self.at(offset, expected)? {
            return Ok(Some((offset, header)));
        }
        let mut from = offset;
        loop {
            let salt = self.salt;
            let window = self.bytes(from, CHUNK)?;
            let is_last = window.len() < CHUNK;
            let Some(skip) = candidate(window, salt) else {
                if is_last {
                    return Ok(None);
                }
                from += (CHUNK - HEADER + 1) as u64;
                continue;
            };
            let at = from + skip as u64;
            if let Some(header) = self.at(at, expected)? {
                return Ok(Some((at, header)));
            }
            from = at + 1;
        }
    }

    /// The body of the record at `offset` that `header` begins.
    pub fn body(&mut self, offset: u64, header: &Header) -> io::Result<&[u8]> {
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        Ok(self.bytes(offset, HEADER.saturating_add(length))?.get(HEADER..).unwrap_or_default())
    }

    fn at(&mut self, offset: u64, expected: u64) -> io::Result<Option<Header>> {
        let salt = self.salt;
        let header = Header::read(self.bytes(offset, HEADER)?, salt).filter(|header| header.sequence >= expected);
        match header {
            Some(header) if self.has_body(offset, &header)? => Ok(Some(header)),
            _ => Ok(None),
        }
    }

    fn has_body(&mut self, offset: u64, header: &Header) -> io::Result<bool> {
        let body = self.body(offset, header)?;
        Ok(u32::try_from(body.len()) == Ok(header.length) && crc32c::crc32c(body) == header.body_crc)
    }

    fn load(&mut self, offset: u64, wanted: usize) -> io::Result<()> {
        self.held = 0;
        self.begin = offset;
        if self.buffer.len() != wanted {
            self.buffer = vec![0; wanted];
        }
        self.held = match self.file.read(&mut self.buffer, offset) {
            Err(error) if error.raw_os_error() == Some(EIO) => {
                self.was_unreadable = true;
                self.load_pieces(offset)?
            }
            read => read?,
        };
        Ok(())
    }

    /// Reads what can be read; the rest is zeros, which is no record.
    fn load_pieces(&mut self, offset: u64) -> io::Result<usize> {
        let left = self.file.length()?.saturating_sub(offset);
        let mut at = offset;
        for piece in self.buffer.chunks_mut(PIECE) {
            match self.file.read(piece, at) {
                Err(error) if error.raw_os_error() == Some(EIO) => piece.fill(0),
                read => read.map(|_| ())?,
            }
            at += PIECE as u64;
        }
        Ok(usize::try_from(left).unwrap_or(usize::MAX).min(self.buffer.len()))
    }
}

/// Where the first whole header in `window` begins.
fn candidate(window: &[u8], salt: Salt) -> Option<usize> {
    let mut skip = 0;
    loop {
        let rest = window.get(skip..)?;
        let found = if rest.starts_with(&MAGIC) { 0 } else { rest.windows(4).position(|four| four == MAGIC)? };
        skip += found;
        if window.get(skip..).is_some_and(|bytes| Header::read(bytes, salt).is_some()) {
            return Some(skip);
        }
        skip += 1;
    }
}
