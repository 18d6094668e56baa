//! Space set aside in a folder, for something vital that keeps no log of its own.
//!
//! In: how much. Out: space given back step by step while the disk is full, and taken again once there is enough.

use super::disk::{Disk as _, Folder};
use super::reserve::Reserve;
use std::io;
use std::path::Path;

/// The space.
pub struct Spare {
    folder: Folder,
    reserve: Reserve,
}

impl Spare {
    /// Takes `bytes` in `folder`, made when it is not there, as far as there is space. Errors: what the disk says; no
    /// space is none.
    pub fn open(folder: &Path, bytes: u64) -> io::Result<Self> {
        let folder = Folder::open(folder)?;
        let reserve = Reserve::open(&folder, &folder.names()?, bytes)?;
        Ok(Self { folder, reserve })
    }

    /// Gives some of it back. Whether there was any. Errors: what the disk says.
    pub fn give(&mut self) -> io::Result<bool> {
        self.reserve.give(0)
    }

    /// Whether all of it is there.
    pub fn is_whole(&self) -> bool {
        self.reserve.missing() == 0
    }

    /// Takes what is missing, when there is that much and `beside` more: who gave way would else take it all again.
    /// Whether it is whole then. Errors: what the disk says.
    pub fn regain(&mut self, beside: u64) -> io::Result<bool> {
        if !self.is_whole() && self.folder.available()? < self.reserve.missing().saturating_add(beside) {
            return Ok(false);
        }
        self.reserve.refill(&self.folder)
    }
}
