//! A disk in memory that forgets, tears, fills up and fails on demand.
//!
//! What is written counts only once its file was synced, and a name only once the folder was. [`SimDisk::crash`] gives a
//! disk as a loss of power may leave it: of what was not synced, any subset, sector by sector.

#![expect(clippy::cast_possible_truncation, reason = "small numbers of tests")]

use super::disk::{Disk, DiskFile};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

/// What happens at the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The power goes: nothing works from here on.
    Power,
    /// One input or output error. A write may be there in part; what a sync should have made durable is lost.
    Error,
}

#[derive(Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

#[derive(Clone)]
enum Naming {
    Add(String, usize),
    Remove(String),
}

#[derive(Clone, Default)]
struct Inode {
    seen: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone, Default)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending: Vec<Naming>,
    operations: u64,
    fault: Option<(u64, Fault)>,
    is_off: bool,
    capacity: Option<u64>,
    is_locked: bool,
}

/// A small reproducible source of chance.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}

#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
    path: PathBuf,
}

struct SimFile {
    disk: SimDisk,
    inode: usize,
}

struct Unlock(SimDisk);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.state().is_locked = false;
    }
}

impl SimDisk {
    pub fn new() -> Self {
        Self::of(State::default())
    }

    fn of(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)), path: PathBuf::from("sim") }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn arc(&self) -> Arc<dyn Disk> {
        Arc::new(self.clone())
    }

    /// Operations done so far.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Lets `fault` happen at operation `at`, counted from the making of this disk.
    pub fn fail(&self, at: u64, fault: Fault) {
        self.state().fault = Some((at, fault));
    }

    /// Bytes that fit.
    pub fn limit(&self, capacity: u64) {
        self.state().capacity = Some(capacity);
    }

    /// The names that are there.
    pub fn list(&self) -> Vec<String> {
        self.state().names.keys().cloned().collect()
    }

    /// The content of `name`.
    pub fn content(&self, name: &str) -> Vec<u8> {
        let state = self.state();
        state.inodes[state.names[name]].seen.clone()
    }

    /// The writer was killed, and the disk works on: it shows what it did before, durable or not.
    pub fn revive(&self) {
        let mut state = self.state();
        state.is_off = false;
        state.fault = None;
    }

    /// A disk as this one shows itself now, all of it durable.
    pub fn image(&self) -> Self {
        let mut image = Self::new();
        for name in self.list() {
            image.put(&name, self.content(&name));
        }
        image
    }

    /// Puts a file there, durably.
    pub fn put(&mut self, name: &str, content: Vec<u8>) {
        let mut state = self.state();
        let inode = state.inodes.len();
        state.inodes.push(Inode { seen: content.clone(), durable: content, pending: Vec::new() });
        state.names.insert(name.to_owned(), inode);
        state.durable_names.insert(name.to_owned(), inode);
    }

    /// Takes a file away, durably.
    pub fn drop_file(&mut self, name: &str) {
        let mut state = self.state();
        state.names.remove(name);
        state.durable_names.remove(name);
    }

    /// A disk as a loss of power now may leave it, with sectors of `sector` bytes.
    pub fn crash(&self, dice: &mut Dice, sector: u64) -> Self {
        let state = self.state();
        // All of it, none of it, or each piece by chance.
        let style = dice.roll(4);
        let survives = |dice: &mut Dice| match style {
            0 => false,
            1 => true,
            _ => dice.roll(2) == 0,
        };
        let mut names = state.durable_names.clone();
        for naming in &state.pending {
            match naming {
                Naming::Add(name, inode) if survives(dice) => drop(names.insert(name.clone(), *inode)),
                Naming::Remove(name) if survives(dice) => drop(names.remove(name)),
                _ => {}
            }
        }
        let mut image = Self::new();
        for (name, inode) in names {
            let inode = &state.inodes[inode];
            let mut content = inode.durable.clone();
            for change in &inode.pending {
                match change {
                    Change::Length(length) if survives(dice) => content.resize(*length as usize, 0),
                    Change::Length(_) => {}
                    Change::Write(offset, bytes) => {
                        let mut at = *offset;
                        let end = offset + bytes.len() as u64;
                        while at < end {
                            let next = ((at / sector + 1) * sector).min(end);
                            if survives(dice) {
                                write(&mut content, at, &bytes[(at - offset) as usize..(next - offset) as usize]);
                            }
                            at = next;
                        }
                    }
                }
            }
            if content.len() < inode.seen.len() && dice.roll(3) == 0 {
                content.resize(inode.seen.len(), 0);
            }
            image.put(&name, content);
        }
        image
    }

    /// Counts an operation. Gives the fault that strikes it.
    fn strike(&self) -> io::Result<Option<Fault>> {
        let mut state = self.state();
        if state.is_off {
            return Err(io::Error::from_raw_os_error(5));
        }
        state.operations += 1;
        let strikes = state.fault.filter(|(at, _)| *at == state.operations).map(|(_, fault)| fault);
        state.is_off = strikes == Some(Fault::Power);
        Ok(strikes)
    }

    fn fails(&self) -> io::Result<()> {
        if self.strike()?.is_some() { Err(io::Error::from_raw_os_error(5)) } else { Ok(()) }
    }

    fn used(state: &State) -> u64 {
        state.names.values().map(|inode| state.inodes[*inode].seen.len() as u64).sum()
    }
}

fn write(content: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let end = offset as usize + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset as usize..end].copy_from_slice(bytes);
}

impl Disk for SimDisk {
    fn path(&self) -> &Path {
        &self.path
    }

    fn names(&self) -> io::Result<Vec<String>> {
        self.fails()?;
        Ok(self.list())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.fails()?;
        let mut state = self.state();
        let inode = state.inodes.len();
        state.inodes.push(Inode::default());
        assert!(state.names.insert(name.to_owned(), inode).is_none(), "{name} is there already");
        state.pending.push(Naming::Add(name.to_owned(), inode));
        Ok(Box::new(SimFile { disk: self.clone(), inode }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.fails()?;
        let inode = *self.state().names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(SimFile { disk: self.clone(), inode }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.fails()?;
        let mut state = self.state();
        state.names.remove(name).ok_or(io::ErrorKind::NotFound)?;
        state.pending.push(Naming::Remove(name.to_owned()));
        Ok(())
    }

    fn sync_names(&self) -> io::Result<()> {
        self.fails()?;
        let mut state = self.state();
        state.durable_names = state.names.clone();
        state.pending.clear();
        Ok(())
    }

    fn available(&self) -> io::Result<u64> {
        self.fails()?;
        let state = self.state();
        Ok(state.capacity.unwrap_or(u64::MAX).saturating_sub(Self::used(&state)))
    }

    fn lock(&self) -> io::Result<Option<Box<dyn Send + Sync>>> {
        self.fails()?;
        let was_locked = std::mem::replace(&mut self.state().is_locked, true);
        Ok((!was_locked).then(|| Box::new(Unlock(self.clone())) as Box<dyn Send + Sync>))
    }
}

impl SimFile {
    /// Makes `change` when there is space; otherwise as much of a write as there is space for.
    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.disk.state();
        let used = SimDisk::used(&state);
        let capacity = state.capacity.unwrap_or(u64::MAX);
        let inode = &mut state.inodes[self.inode];
        let had = inode.seen.len() as u64;
        let wanted = match &change {
            Change::Write(offset, bytes) => had.max(offset + bytes.len() as u64),
            Change::Length(length) => *length,
        };
        let over = (used - had + wanted).saturating_sub(capacity);
        let fits = over == 0 || wanted <= had;
        let change = match change {
            Change::Write(offset, mut bytes) if !fits => {
                bytes.truncate((bytes.len() as u64).saturating_sub(over) as usize);
                Change::Write(offset, bytes)
            }
            Change::Length(_) if !fits => return Err(io::ErrorKind::StorageFull.into()),
            change => change,
        };
        match &change {
            Change::Write(offset, bytes) => write(&mut inode.seen, *offset, bytes),
            Change::Length(length) => inode.seen.resize(*length as usize, 0),
        }
        inode.pending.push(change);
        if fits { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }
}

impl DiskFile for SimFile {
    fn length(&self) -> io::Result<u64> {
        self.disk.fails()?;
        Ok(self.disk.state().inodes[self.inode].seen.len() as u64)
    }

    fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.disk.fails()?;
        let state = self.disk.state();
        let rest = state.inodes[self.inode].seen.get(offset as usize..).unwrap_or_default();
        let length = rest.len().min(bytes.len());
        bytes[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        match self.disk.strike()? {
            None => self.change(Change::Write(offset, bytes.to_vec())),
            Some(_) => {
                self.change(Change::Write(offset, bytes[..bytes.len() / 2].to_vec()))?;
                Err(io::Error::from_raw_os_error(5))
            }
        }
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.disk.fails()?;
        self.change(Change::Length(length))
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        self.disk.fails()?;
        self.change(Change::Length(length))
    }

    fn sync(&self) -> io::Result<()> {
        match self.disk.strike()? {
            // As Linux does: pages that could not be written are held to be clean, and the next sync knows of nothing.
            Some(Fault::Error) => {
                self.disk.state().inodes[self.inode].pending.clear();
                Err(io::Error::from_raw_os_error(5))
            }
            Some(Fault::Power) => Err(io::Error::from_raw_os_error(5)),
            None => {
                let inode = &mut self.disk.state().inodes[self.inode];
                for change in std::mem::take(&mut inode.pending) {
                    match change {
                        Change::Write(offset, bytes) => write(&mut inode.durable, offset, &bytes),
                        Change::Length(length) => inode.durable.resize(length as usize, 0),
                    }
                }
                Ok(())
            }
        }
    }

    fn forget(&self) {
        let inode = &mut self.disk.state().inodes[self.inode];
        let mut seen = inode.durable.clone();
        for change in &inode.pending {
            match change {
                Change::Write(offset, bytes) => write(&mut seen, *offset, bytes),
                Change::Length(length) => seen.resize(*length as usize, 0),
            }
        }
        inode.seen = seen;
    }
}
