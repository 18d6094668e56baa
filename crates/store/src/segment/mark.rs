//! The file `synced`: up to where the log is durable, kept outside of what it is about.
//!
//! Two marks, 4 KiB apart, overwritten in turn, so that one that is torn leaves the other. Written after a sync and
//! without one of its own: an old mark is still true, it only proves less.

use super::disk::{Disk, DiskFile};
use super::layout::{Put, Salt, Take, seal, sealed};
use std::io;

const NAME: &str = "synced";
const MAGIC: [u8; 8] = *b"WLSYNC01";
/// Bytes of a mark, and between the beginnings of the two.
const MARK: usize = 36;
const STRIDE: u64 = 4096;

/// What the marks of a folder say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub synced: u64,
    pub salt: Salt,
}

/// The file of a folder.
pub(super) struct Marks {
    file: Box<dyn DiskFile>,
    salt: Salt,
    next: u64,
}

impl Marks {
    /// What the file of `disk` says, `None` when there is none, or none that is whole.
    pub fn read(disk: &dyn Disk, names: &[String]) -> io::Result<Option<Mark>> {
        if !names.iter().any(|name| name == NAME) {
            return Ok(None);
        }
        let file = disk.open(NAME)?;
        file.forget();
        let mut best: Option<Mark> = None;
        for slot in 0..2 {
            let mut bytes = [0; MARK];
            file.read(&mut bytes, slot * STRIDE)?;
            let found = read(&bytes).filter(|mark| best.is_none_or(|best| best.synced < mark.synced));
            best = found.or(best);
        }
        Ok(best)
    }

    /// Opens the file for writing, made when it is not there, and writes `mark` durably into both places, one after
    /// the other.
    pub fn open(disk: &dyn Disk, names: &[String], mark: Mark) -> io::Result<Self> {
        let is_new = !names.iter().any(|name| name == NAME);
        let file = if is_new { disk.create(NAME)? } else { disk.open(NAME)? };
        let mut marks = Self { file, salt: mark.salt, next: 0 };
        for _ in 0..2 {
            marks.write(mark.synced)?;
            marks.sync()?;
        }
        if is_new {
            disk.sync_names()?;
        }
        Ok(marks)
    }

    /// Says that all up to `synced` is durable.
    pub fn write(&mut self, synced: u64) -> io::Result<()> {
        let offset = self.next * STRIDE;
        self.next = 1 - self.next;
        self.file.write(&bytes(Mark { synced, salt: self.salt }), offset)
    }

    /// Makes what was said durable.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

fn bytes(mark: Mark) -> [u8; MARK] {
    let mut bytes = [0; MARK];
    let mut out = Put { rest: &mut bytes };
    out.put(&MAGIC);
    out.put(&mark.synced.to_le_bytes());
    out.put(&mark.salt.0);
    seal(&mut bytes, &[]);
    bytes
}

fn read(bytes: &[u8]) -> Option<Mark> {
    let mut cursor = Take { rest: sealed::<MARK>(bytes, &[])? };
    (cursor.array()? == MAGIC).then_some(())?;
    Some(Mark { synced: cursor.u64()?, salt: Salt(cursor.array()?) })
}
