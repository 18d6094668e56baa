//! Space taken in good times, given back to vital records when there is no other.

use super::disk::{Disk, DiskFile, is_full};
use std::io;

const NAME: &str = "reserve";
/// The reserve is given back in at least this many steps, so that one record does not take it all.
const STEPS: u64 = 8;
const BLOCK: u64 = 4096;

pub(super) struct Reserve {
    file: Option<Box<dyn DiskFile>>,
    length: u64,
    target: u64,
}

impl Reserve {
    /// The reserve of `disk`, brought to `target` bytes as far as there is space.
    pub fn open(disk: &dyn Disk, names: &[String], target: u64) -> io::Result<Self> {
        let is_there = names.iter().any(|name| name == NAME);
        let file = is_there.then(|| disk.open(NAME)).transpose()?;
        let length = file.as_ref().map_or(Ok(0), |file| file.length())?;
        let mut reserve = Self { file, length, target };
        if length > target {
            reserve.cut(target)?;
        }
        reserve.refill(disk)?;
        Ok(reserve)
    }

    /// Bytes to take before it is whole again.
    pub fn missing(&self) -> u64 {
        self.target - self.length
    }

    /// Takes what is missing. Whether it is whole then.
    pub fn refill(&mut self, disk: &dyn Disk) -> io::Result<bool> {
        if self.missing() == 0 {
            return Ok(true);
        }
        if self.file.is_none() {
            self.file = unless_full(disk.create(NAME))?;
            disk.sync_names()?;
        }
        let Some(file) = &self.file else { return Ok(false) };
        if unless_full(file.allocate(self.target))?.is_none() {
            file.set_length(self.length)?;
            return Ok(false);
        }
        file.sync()?;
        self.length = self.target;
        Ok(true)
    }

    /// Gives back space for `needed` bytes, or what there is. Whether there was any.
    pub fn give(&mut self, needed: u64) -> io::Result<bool> {
        let step = needed.saturating_add(BLOCK).max(self.target / STEPS).next_multiple_of(BLOCK);
        let had = self.length > 0;
        if had {
            self.cut(self.length.saturating_sub(step))?;
        }
        Ok(had)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        if let Some(file) = &self.file {
            file.set_length(length)?;
            file.sync()?;
            self.length = length;
        }
        Ok(())
    }
}

/// What was done, `None` when there was no space for it.
fn unless_full<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Err(error) if is_full(&error) => Ok(None),
        done => done.map(Some),
    }
}
