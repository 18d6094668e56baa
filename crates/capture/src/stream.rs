//! One capture as a stream of bytes: a file or standard input, plain, gzip or zstd, told apart by how it begins.

use crate::gzip::Gzip;
use crate::mapping::Mapping;
use crate::zstd::Zstd;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Compressed bytes read at one time.
const CHUNK: usize = 1 << 18;

/// How a capture is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// Why a capture cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// It cannot be opened.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It cannot be read on.
    #[error("{}: cannot be read beyond byte {offset}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Bytes of the file read before.
        offset: u64,
        /// What the system says.
        source: io::Error,
    },
    /// Its compression is damaged or cut short.
    #[error("{}: {what} near byte {offset} of the compressed file", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Bytes of the file read before.
        offset: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// There is no memory for it.
    #[error("{}: no memory to read it with: {source}", path.display())]
    Memory {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What a decoder did: bytes taken from its input, bytes given.
pub(crate) struct Decoded {
    pub(crate) taken: usize,
    pub(crate) given: usize,
}

enum Coder {
    Plain,
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
}

/// A capture being read.
pub struct Stream {
    path: PathBuf,
    raw: Box<dyn Read + Send>,
    length: Option<u64>,
    chunk: Mapping,
    begin: usize,
    end: usize,
    offset: u64,
    at_end: bool,
    coder: Coder,
}

impl Stream {
    /// Opens the file at `path`; `-` is standard input. Errors: [`StreamError::Open`], or what reading its beginning
    /// gives.
    pub fn open(path: &Path) -> Result<Self, StreamError> {
        let fail = |source| StreamError::Open { path: path.to_owned(), source };
        if path.as_os_str() == "-" {
            return Self::over(path, Box::new(io::stdin()), None);
        }
        let file = File::open(path).map_err(fail)?;
        let meta = file.metadata().map_err(fail)?;
        if meta.is_dir() {
            return Err(fail(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let length = meta.is_file().then_some(meta.len());
        Self::over(path, Box::new(file), length)
    }

    /// Over `raw`, called `path` in messages; `length` is what it holds in bytes, when known. Errors: what reading its
    /// beginning gives.
    pub fn over(path: &Path, raw: Box<dyn Read + Send>, length: Option<u64>) -> Result<Self, StreamError> {
        let memory = |source| StreamError::Memory { path: path.to_owned(), source };
        let mut stream = Self {
            path: path.to_owned(),
            raw,
            length,
            chunk: Mapping::new(CHUNK).map_err(memory)?,
            begin: 0,
            end: 0,
            offset: 0,
            at_end: false,
            coder: Coder::Plain,
        };
        while stream.end < 4 && !stream.at_end {
            stream.load()?;
        }
        stream.coder = match compression(stream.loaded()) {
            Compression::Plain => Coder::Plain,
            Compression::Gzip => Coder::Gzip(Box::new(Gzip::new().map_err(memory)?)),
            Compression::Zstd => Coder::Zstd(Box::new(Zstd::new().map_err(memory)?)),
        };
        Ok(stream)
    }

    /// How the capture is compressed.
    #[must_use]
    pub const fn compression(&self) -> Compression {
        match self.coder {
            Coder::Plain => Compression::Plain,
            Coder::Gzip(_) => Compression::Gzip,
            Coder::Zstd(_) => Compression::Zstd,
        }
    }

    /// Bytes of the file read so far and in all; the whole is `None` for a pipe.
    #[must_use]
    pub fn progress(&self) -> (u64, Option<u64>) {
        (self.offset, self.length)
    }

    /// Reads on into `to`; 0 at the end. Errors: [`StreamError`].
    pub fn read(&mut self, to: &mut [u8]) -> Result<usize, StreamError> {
        loop {
            if self.begin == self.end && !self.at_end {
                self.load()?;
            }
            let at_end = self.at_end;
            let bytes = self.chunk.as_ref().get(self.begin..self.end).unwrap_or_default();
            let decoded = match &mut self.coder {
                Coder::Plain => Ok(copy(bytes, to)),
                Coder::Gzip(gzip) => gzip.decode(bytes, to, at_end),
                Coder::Zstd(zstd) => zstd.decode(bytes, to, at_end),
            };
            let Decoded { taken, given } = decoded.map_err(|what| self.damaged(what))?;
            self.begin += taken;
            if given > 0 || to.is_empty() || (at_end && taken == 0) {
                return Ok(given);
            }
            if taken == 0 {
                self.load()?;
            }
        }
    }

    fn loaded(&self) -> &[u8] {
        self.chunk.as_ref().get(self.begin..self.end).unwrap_or_default()
    }

    fn damaged(&self, what: &'static str) -> StreamError {
        let held = u64::try_from(self.end - self.begin).unwrap_or_default();
        StreamError::Damaged { path: self.path.clone(), offset: self.offset.saturating_sub(held), what }
    }

    /// Reads more of the file behind what is loaded.
    fn load(&mut self) -> Result<(), StreamError> {
        self.chunk.as_mut().copy_within(self.begin..self.end, 0);
        (self.begin, self.end) = (0, self.end - self.begin);
        if self.end == CHUNK {
            return Err(self.damaged("a header is longer than any should be"));
        }
        let room = self.chunk.as_mut().get_mut(self.end..).unwrap_or_default();
        loop {
            match self.raw.read(room) {
                Ok(read) => {
                    self.at_end = read == 0;
                    self.end += read;
                    self.offset += read as u64;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(StreamError::Read { path: self.path.clone(), offset: self.offset, source });
                }
            }
        }
    }
}

fn compression(head: &[u8]) -> Compression {
    match head {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        _ => Compression::Plain,
    }
}

fn copy(from: &[u8], to: &mut [u8]) -> Decoded {
    let length = from.len().min(to.len());
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    Decoded { taken: length, given: length }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn read_all(path: &Path) -> (Vec<u8>, Option<StreamError>) {
        let mut stream = Stream::open(path).expect("opens");
        let (mut all, mut buffer) = (Vec::new(), [0; 777]);
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return (all, None),
                Ok(n) => all.extend_from_slice(&buffer[..n]),
                Err(error) => return (all, Some(error)),
            }
        }
    }

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("temporary file");
        file.write_all(bytes).expect("written");
        file
    }

    /// Compresses with a program of the system, so that another implementation is the judge.
    fn compressed(program: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        let plain = file(bytes);
        let run = std::process::Command::new(program).arg("-c").arg(plain.path()).output();
        run.ok().filter(|run| run.status.success()).map(|run| run.stdout)
    }

    fn sample() -> Vec<u8> {
        (0..300_000u32).flat_map(|n| ((n / 7).wrapping_mul(n)).to_le_bytes()).collect()
    }

    #[test]
    fn plain_and_compressed_files_give_the_same_bytes() {
        let sample = sample();
        assert_eq!(read_all(file(&sample).path()).0, sample);
        for program in ["gzip", "zstd"] {
            let Some(packed) = compressed(program, &sample) else {
                eprintln!("skipped: {program} is not installed");
                continue;
            };
            let twice = [&packed[..], &packed[..]].concat();
            let (bytes, error) = read_all(file(&twice).path());
            assert!(error.is_none(), "{program}: {error:?}");
            assert!(bytes == [&sample[..], &sample[..]].concat(), "{program}: other bytes came out");
        }
    }

    #[test]
    fn a_cut_or_damaged_file_says_so_and_keeps_what_could_be_read() {
        let sample = sample();
        for program in ["gzip", "zstd"] {
            let Some(mut packed) = compressed(program, &sample) else {
                eprintln!("skipped: {program} is not installed");
                continue;
            };
            let (bytes, error) = read_all(file(&packed[..packed.len() / 2]).path());
            assert!(sample.starts_with(&bytes) && !bytes.is_empty(), "{program}");
            assert!(matches!(error, Some(StreamError::Damaged { .. })), "{program}: {error:?}");
            let middle = packed.len() / 2;
            packed[middle] ^= 0x55;
            let (_, error) = read_all(file(&packed).path());
            assert!(matches!(error, Some(StreamError::Damaged { .. })), "{program}: {error:?}");
        }
    }

    #[test]
    fn what_cannot_be_opened_is_named() {
        let error = Stream::open(Path::new("/no/such.pcap")).err().expect("no such file");
        assert_eq!(error.to_string(), "cannot open /no/such.pcap: No such file or directory (os error 2)");
        assert!(Stream::open(Path::new("/")).is_err());
        assert_eq!(read_all(file(&[]).path()).0, []);
    }
}
