//! Frames of one capture, read block by block into lent memory.

use super::sources::Source;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::PathBuf;
use wardlight_capture::{Mapping, StreamError};
use wardlight_dissect::Frame;
use wardlight_dissect::file::{Decoder, FormatError, Piece};

/// Bytes read at one time.
const BLOCK: usize = 1 << 20;
/// Room for the longest block of a capture file beside one read.
const ROOM: usize = 4 << 20;

/// Why a capture could not be read, or not to its end. What stood before was read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The file cannot be opened, read or unpacked.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// It holds nothing.
    #[error("{}: the file is empty; expected a pcap or pcapng capture", .0.display())]
    Empty(PathBuf),
    /// It is no capture, or is damaged.
    #[error("{}: byte {offset}: the file {source}; {}", path.display(), kept(*frames))]
    Format {
        /// The file.
        path: PathBuf,
        /// Where, in bytes of the unpacked file.
        offset: u64,
        /// Frames read before.
        frames: u64,
        /// What is wrong.
        source: FormatError,
    },
    /// It ends within a frame or header.
    #[error("{}: byte {offset}: cut short, {wanted} bytes were expected but {left} are left; {}", path.display(), kept(*frames))]
    Cut {
        /// The file.
        path: PathBuf,
        /// Where the incomplete piece begins, in bytes of the unpacked file.
        offset: u64,
        /// Frames read before.
        frames: u64,
        /// Bytes the piece should have.
        wanted: u64,
        /// Bytes it has.
        left: u64,
    },
    /// It was not the same when it was read again.
    #[error("{}: it changed while it was being explained: none of its bytes are shown", .0.display())]
    Changed(PathBuf),
    /// A folder in which no capture lies.
    #[error("{}: no captures in the folder: expected pcap or pcapng files, also as .gz or .zst", .0.display())]
    NoCaptures(PathBuf),
    /// No memory for the block that is being read.
    #[error("no memory to read captures with: {0}")]
    Memory(#[source] io::Error),
}

impl InputError {
    /// Whether it says that a file is none of the known kinds, not that a capture is damaged.
    pub const fn is_of_no_capture(&self) -> bool {
        match self {
            Self::Empty(_) => true,
            Self::Format { source, .. } => matches!(source, FormatError::NotACapture(_)),
            // Fewer bytes than a magic number has.
            Self::Cut { offset, wanted, .. } => *offset == 0 && *wanted <= 4,
            _ => false,
        }
    }
}

fn kept(frames: u64) -> String {
    match frames {
        0 => "expected a pcap or pcapng capture".to_owned(),
        1 => "the frame before it was read".to_owned(),
        frames => format!("the {frames} frames before it were read"),
    }
}

/// Tells whether two readings of a capture gave the same frames.
#[derive(Debug, Clone, Default)]
pub struct Print(DefaultHasher);

impl Print {
    /// Takes in the next frame.
    pub fn add(&mut self, frame: &Frame<'_>) {
        (frame.time, frame.packet, frame.link.0, frame.wire_length, frame.bytes).hash(&mut self.0);
    }
}

impl PartialEq for Print {
    fn eq(&self, other: &Self) -> bool {
        self.0.finish() == other.0.finish()
    }
}

/// Whether reading goes on after a frame.
pub enum Go {
    /// With the next frame.
    On,
    /// No further.
    Stop,
}

/// Reads the capture `from` and gives each frame, as the `source`-th of the run, to `each`, with the bytes of the
/// file read so far. Errors: [`InputError`]; frames before the damage were given.
pub fn frames(from: &Source, source: u32, mut each: impl FnMut(&Frame<'_>, u64) -> Go) -> Result<u64, InputError> {
    let (path, mut stream) = (from.path(), from.open()?);
    let mut room = Mapping::new(ROOM).map_err(InputError::Memory)?;
    let mut decoder = Decoder::default();
    let (mut begin, mut end, mut offset, mut packet) = (0, 0, 0u64, 0u64);
    loop {
        let bytes = room.as_ref().get(begin..end).unwrap_or_default();
        let fail = |source| InputError::Format { path: path.to_owned(), offset, frames: packet, source };
        let wanted = match decoder.next(bytes).map_err(fail)? {
            Piece::Frame(captured, taken) => {
                packet += 1;
                let frame = Frame {
                    time: captured.time,
                    source,
                    packet,
                    link: captured.link,
                    bytes: captured.bytes,
                    wire_length: captured.wire_length,
                };
                if let Go::Stop = each(&frame, stream.progress().0) {
                    return Ok(packet);
                }
                (begin, offset) = (begin + taken, offset + taken as u64);
                continue;
            }
            Piece::Passed(taken) => {
                (begin, offset) = (begin + taken, offset + taken as u64);
                continue;
            }
            Piece::More(wanted) => wanted,
        };
        room.as_mut().copy_within(begin..end, 0);
        (begin, end) = (0, end - begin);
        let block = (end + BLOCK).max(wanted).min(ROOM);
        let read = stream.read(room.as_mut().get_mut(end..block).unwrap_or_default())?;
        // Unpacking and its checksum leave pieces of the block on the stack.
        wardlight_dissect::wipe_stack();
        end += read;
        if read == 0 {
            let (left, wanted) = (end as u64, if end == 0 { decoder.owes() } else { wanted as u64 });
            return match (offset, wanted, left) {
                (0, _, 0) => Err(InputError::Empty(path.to_owned())),
                (_, 0, 0) => Ok(packet),
                _ => Err(InputError::Cut { path: path.to_owned(), offset, frames: packet, wanted, left }),
            };
        }
    }
}
