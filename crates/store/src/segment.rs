//! Append-only records in a folder of segment files: what lies under the journal and under the ledger.
//!
//! In: drafts (kind, id, body), many at a time. Out: their sequence numbers, and after [`Log::sync`] the promise that
//! they outlive a loss of power. Bodies are opaque. Never: a record that was synced is dropped in silence, a damaged one
//! is served as good, or anything is ordered or deleted by a clock.
//!
//! # On disk
//! Little-endian. A folder holds `lock` (advisory, one writer), `synced` (two marks, see below), `reserve` (space kept
//! for vital records), and segments named by the first sequence that they hold, `00000000000000000001.seg`. A segment
//! begins with a head of 48 bytes, made durable together with its name before the first record is written:
//!
//! | at | bytes | what |
//! |--:|--:|---|
//! | 0 | 8 | `WLSEGM01` |
//! | 8 | 8 | first sequence, as in the name |
//! | 16 | 16 | salt: random, the same in all segments of a folder |
//! | 32 | 12 | zero |
//! | 44 | 4 | CRC-32C of all before |
//!
//! Records follow without gap, sequences without gap:
//!
//! | at | bytes | what |
//! |--:|--:|---|
//! | 0 | 4 | `WLR1` |
//! | 4 | 1 | format version of the body, the writer's business |
//! | 5 | 1 | flags: zero |
//! | 6 | 2 | kind, the writer's business |
//! | 8 | 4 | length of the body, at most 16 MiB |
//! | 12 | 4 | CRC-32C of the body |
//! | 16 | 8 | sequence, from 1 |
//! | 24 | 8 | synced: every record up to this sequence was durable before this one was written |
//! | 32 | 16 | id (UUIDv7), made once by whoever wrote the record |
//! | 48 | 4 | CRC-32C of the salt and all before |
//! | 52 |   | body |
//!
//! The salt keeps what a body happens or was crafted to hold from being taken for a record.
//!
//! # The end of the log, or damage?
//! Both look like bytes that are no record. What was written after the last sync may be lost, torn at a sector, out of
//! order, or zeros; that is the *end*, and is cut off when the log is opened. Bytes that had been synced and are no
//! longer a record are *rot*. They are rot when one of these says that the sequence missing there was durable:
//! - a good record behind them carries it in `synced`;
//! - one of the two marks in the file `synced`, overwritten in turn after every sync, names it or a later one;
//! - there is a later segment: one is begun only when all before it is durable.
//!
//! No mark is ever ahead of the disk, because it is written after the sync that it tells of, so an end is never mistaken
//! for rot. Rot is mistaken for the end only when power fails before the mark of the last sync reached the disk (it is
//! written at once, and made durable when the log is closed, a segment is full, or the system gets to it) *and* the bytes
//! of that very sync rot: nothing on disk can tell that case from a write that was never finished.
//!
//! Rot is kept as it lies, reported by [`Log::rot`] and by readers with file, offset and sequences; readers go on behind.
//!
//! # What a disk is trusted with
//! A sync that returns without error made durable what was written before it; a sector of 512 bytes is written as a
//! whole or not at all, also when it is written again. After a failed write or sync nothing is believed any more until
//! the log is opened again, which reads the disk and not the memory that stands before it.

mod disk;
mod layout;
mod log;
mod mark;
mod reader;
mod recover;
mod reserve;
mod scan;
#[cfg(test)]
mod sim;
mod spare;
#[cfg(test)]
mod trial;

pub use layout::{BODY, Id};
pub use log::{Draft, Log, LogError, Options};
pub use reader::{ReadError, Reader, Record, Shelf};
pub use scan::Rot;
pub use spare::Spare;

#[cfg(test)]
pub(crate) use sim::{Fault, SimDisk};

/// A log on a disk in memory, and that disk.
#[cfg(test)]
pub(crate) fn simulated(options: Options) -> (Log, SimDisk) {
    let disk = SimDisk::new();
    let log = Log::open_on(disk.arc(), options).unwrap_or_else(|error| panic!("cannot open the log: {error}"));
    (log, disk)
}
