//! The one writer of a folder.

use super::disk::{Disk, DiskFile, Folder, is_full};
use super::layout::{BODY, HEAD, HEADER, Header, Id, Salt, head, name};
use super::mark::{Mark, Marks};
use super::reader::{Reader, Shared, Shelf};
use super::recover::recover;
use super::reserve::Reserve;
use super::scan::{Rot, Scan};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a folder is written.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Bytes after which a new segment is begun; one larger batch still fits into one segment.
    pub segment_bytes: u64,
    /// Bytes kept free for vital records.
    pub reserve_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, reserve_bytes: 8 << 20 }
    }
}

/// A record to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Made once, the same when it is sent again.
    pub id: Id,
    /// What sort of record it is; the log does not ask.
    pub kind: u16,
    /// Format version of the body; the log does not ask.
    pub version: u8,
    /// Whether it may take the reserve when the disk is full: decisions and evidence, never flows.
    pub is_vital: bool,
    /// At most [`BODY`] bytes.
    pub body: Vec<u8>,
}

/// Why a log cannot be opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Another writer holds the folder.
    #[error("{} is being written by another program: end that one first", folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// The disk said no, and nothing is written any more until the log is opened again.
    #[error("cannot {doing} {}: {source}", path.display())]
    Disk {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No space; nothing of the batch was written. Smaller ones may fit, vital ones have the reserve.
    #[error("no space in {} for {needed} bytes: free some, or add disk", folder.display())]
    Full {
        /// The folder.
        folder: PathBuf,
        /// Bytes of the batch on disk.
        needed: u64,
    },
    /// A body is too large; nothing of the batch was written.
    #[error("a body of {length} bytes is over the limit of {BODY}: send it in parts")]
    TooLarge {
        /// Its bytes.
        length: usize,
    },
    /// The disk had said no before.
    #[error("nothing is written any more since an error: {cause}; open the log again")]
    Broken {
        /// What it said.
        cause: String,
    },
    /// What lies in the folder is no log of this kind.
    #[error("{}: {what}", path.display())]
    Strange {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, and how to mend it.
        what: &'static str,
    },
}

/// The one writer of a folder.
pub struct Log {
    disk: Arc<dyn Disk>,
    options: Options,
    shared: Arc<Shared>,
    salt: Salt,
    active: Option<Active>,
    marks: Marks,
    reserve: Reserve,
    next: u64,
    rots: Vec<Rot>,
    batch: Vec<u8>,
    is_full: bool,
    broken: Option<String>,
    _lock: Box<dyn Send + Sync>,
}

/// The segment that is written.
struct Active {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    end: u64,
}

/// How writing went wrong.
enum Trouble {
    /// No space, and all is as before.
    Full,
    Broken(LogError),
}

impl Log {
    /// Opens the log in `folder`, made when it is not there, and cuts off what a crash left unfinished. Damage is no
    /// error: see [`Log::rot`]. Errors: another writer, no log, and what the disk says.
    pub fn open(folder: &Path, options: Options) -> Result<Self, LogError> {
        let disk = Folder::open(folder);
        let disk = disk.map_err(|source| LogError::Disk { doing: "open", path: folder.to_owned(), source })?;
        Self::open_on(Arc::new(disk), options)
    }

    pub(super) fn open_on(disk: Arc<dyn Disk>, options: Options) -> Result<Self, LogError> {
        let fail = |source| LogError::Disk { doing: "open the log in", path: disk.path().to_owned(), source };
        let locked = || LogError::Locked { folder: disk.path().to_owned() };
        let lock = disk.lock().map_err(fail)?.ok_or_else(locked)?;
        // A writer that was killed may have made or taken away what is durable in neither way.
        disk.sync_names().map_err(fail)?;
        let names = disk.names().map_err(fail)?;
        let found = recover(&*disk, &names)?;
        let durable = found.next - 1;
        let marks = Marks::open(&*disk, &names, Mark { synced: durable, salt: found.salt }).map_err(fail)?;
        let reserve = Reserve::open(&*disk, &names, options.reserve_bytes).map_err(fail)?;
        let active = found.active.zip(found.firsts.last()).map(|((scan, end), first)| Active {
            file: Scan::into_file(scan),
            path: disk.path().join(name(*first)),
            end,
        });
        Ok(Self {
            shared: Arc::new(Shared::new(Arc::clone(&disk), found.salt, durable, found.firsts)),
            disk,
            options,
            salt: found.salt,
            active,
            marks,
            is_full: reserve.missing() > 0,
            reserve,
            next: found.next,
            rots: found.rots,
            batch: Vec::new(),
            broken: None,
            _lock: lock,
        })
    }

    /// Writes `drafts` behind all others, and gives their sequences; all of them or none. Not durable before
    /// [`Log::sync`]. The reserve is only for a batch that is vital as a whole. Errors: no space, a body too large (both
    /// leave the log as it was), and what the disk says (nothing is written any more then).
    pub fn append(&mut self, drafts: &[Draft]) -> Result<Range<u64>, LogError> {
        self.alive()?;
        if let Some(draft) = drafts.iter().find(|draft| draft.body.len() > BODY) {
            return Err(LogError::TooLarge { length: draft.body.len() });
        }
        let sequences = self.next..self.next + drafts.len() as u64;
        if drafts.is_empty() {
            return Ok(sequences);
        }
        self.encode(drafts);
        let is_vital = drafts.iter().all(|draft| draft.is_vital);
        if let Err(trouble) = self.write(is_vital) {
            return Err(self.settle(trouble));
        }
        self.next = sequences.end;
        Ok(sequences)
    }

    /// Makes all that was appended durable and gives its last sequence, 0 when there is none. Errors: what the disk
    /// says; nothing that was not yet durable may be acknowledged then, and nothing is written any more.
    pub fn sync(&mut self) -> Result<u64, LogError> {
        self.alive()?;
        self.make_durable().map_err(|trouble| self.settle(trouble))
    }

    /// Deletes segments all of whose records are below `up_to`, but never the last, and gives how many. Errors: what
    /// the disk says.
    pub fn release(&mut self, up_to: u64) -> Result<usize, LogError> {
        self.alive()?;
        let mut released = 0;
        while let Some(first) = self.shared.release_one(up_to) {
            // One after the other, so that a crash leaves no hole.
            let gone = match self.disk.remove(&name(first)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                gone => gone,
            };
            let gone = gone.and_then(|()| self.disk.sync_names());
            gone.map_err(|source| self.settle(broken("delete", self.disk.path().join(name(first)), source)))?;
            released += 1;
        }
        Ok(released)
    }

    /// Reads durable records from sequence `from` on, also while this goes on writing.
    pub fn reader(&self, from: u64) -> Reader {
        self.shelf().reader(from)
    }

    /// Where readers are made without the log.
    pub fn shelf(&self) -> Shelf {
        Shelf(Arc::clone(&self.shared))
    }

    /// The last durable sequence, 0 when there is none.
    pub fn durable(&self) -> u64 {
        self.shared.durable()
    }

    /// The first sequence that is kept; the next one when none is.
    pub fn first(&self) -> u64 {
        self.shared.first().unwrap_or(self.next)
    }

    /// The sequence that the next record will have.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Damage found in the last segment when the log was opened. Readers report that of the others.
    pub fn rot(&self) -> &[Rot] {
        &self.rots
    }

    /// Gives space of the reserve to something else that is vital on the same disk. Whether there was any. Errors: what
    /// the disk says.
    pub fn give_way(&mut self, bytes: u64) -> Result<bool, LogError> {
        self.alive()?;
        self.is_full = true;
        let path = self.disk.path().to_owned();
        self.reserve.give(bytes).map_err(|source| self.settle(broken("give back the reserve of", path, source)))
    }

    /// Takes the reserve back after the disk was full: whoever writes vital records only has to ask for it. Whether it
    /// is whole. Errors: what the disk says.
    pub fn regain(&mut self) -> Result<bool, LogError> {
        self.alive()?;
        self.batch.clear();
        match self.make_room() {
            Err(Trouble::Full) => Ok(false),
            done => done.map(|()| true).map_err(|trouble| self.settle(trouble)),
        }
    }

    /// Whether there is no space for records that are not vital. Ends by itself when there is.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    fn alive(&self) -> Result<(), LogError> {
        self.broken.clone().map_or(Ok(()), |cause| Err(LogError::Broken { cause }))
    }

    /// The error of `trouble`; remembers one after which nothing may be written.
    fn settle(&mut self, trouble: Trouble) -> LogError {
        match trouble {
            Trouble::Full => {
                self.is_full = true;
                LogError::Full { folder: self.disk.path().to_owned(), needed: self.batch.len() as u64 }
            }
            Trouble::Broken(error) => {
                self.broken = Some(error.to_string());
                error
            }
        }
    }

    fn encode(&mut self, drafts: &[Draft]) {
        self.batch.clear();
        self.batch.shrink_to(4 << 20);
        self.batch.reserve(drafts.iter().map(|draft| draft.body.len() + HEADER).sum());
        for (sequence, draft) in (self.next..).zip(drafts) {
            let header = Header {
                version: draft.version,
                kind: draft.kind,
                length: u32::try_from(draft.body.len()).expect("no longer than the longest body"),
                body_crc: crc32c::crc32c(&draft.body),
                sequence,
                synced: self.shared.durable(),
                id: draft.id,
            };
            self.batch.extend_from_slice(&header.bytes(self.salt));
            self.batch.extend_from_slice(&draft.body);
        }
    }

    /// Writes the batch, with space of the reserve when it `is_vital`.
    fn write(&mut self, is_vital: bool) -> Result<(), Trouble> {
        if self.is_full && !is_vital {
            self.make_room()?;
        }
        let needed = self.batch.len() as u64;
        loop {
            match self.attempt() {
                Err(Trouble::Full) if is_vital => self.is_full = true,
                done => return done,
            }
            let given = self.reserve.give(needed);
            if !given.map_err(|source| broken("give back the reserve of", self.disk.path().to_owned(), source))? {
                return Err(Trouble::Full);
            }
        }
    }

    /// After the disk was full: the reserve comes first, then records that are not vital.
    fn make_room(&mut self) -> Result<(), Trouble> {
        let needed = self.reserve.missing().saturating_add(self.batch.len() as u64);
        if self.disk.available().is_ok_and(|available| available < needed) {
            return Err(Trouble::Full);
        }
        let whole = self.reserve.refill(&*self.disk);
        if !whole.map_err(|source| broken("take the reserve of", self.disk.path().to_owned(), source))? {
            return Err(Trouble::Full);
        }
        self.is_full = false;
        Ok(())
    }

    /// Writes the batch, or leaves the segment as it was.
    fn attempt(&mut self) -> Result<(), Trouble> {
        let length = self.batch.len() as u64;
        let limit = self.options.segment_bytes;
        if self.active.as_ref().is_none_or(|active| active.end > HEAD as u64 && active.end + length > limit) {
            self.begin_segment()?;
        }
        let active = self.active.as_mut().expect("a segment was begun");
        match active.file.write(&self.batch, active.end) {
            Ok(()) => {
                active.end += length;
                Ok(())
            }
            Err(error) if is_full(&error) => {
                let cut = active.file.set_length(active.end).and_then(|()| active.file.sync());
                cut.map_err(|source| broken("cut a record that found no space off", active.path.clone(), source))?;
                Err(Trouble::Full)
            }
            Err(source) => Err(broken("write", active.path.clone(), source)),
        }
    }

    /// Makes all before durable, then a new segment, before anything is written into it.
    fn begin_segment(&mut self) -> Result<(), Trouble> {
        self.make_durable()?;
        let name = name(self.next);
        let path = self.disk.path().join(&name);
        let made = self.marks.sync().and_then(|()| self.disk.create(&name));
        let file = made.map_err(|source| match is_full(&source) {
            true => Trouble::Full,
            false => broken("make", path.clone(), source),
        })?;
        match file.write(&head(self.next, self.salt), 0) {
            Err(error) if is_full(&error) => {
                let gone = self.disk.remove(&name).and_then(|()| self.disk.sync_names());
                gone.map_err(|source| broken("delete", path, source))?;
                return Err(Trouble::Full);
            }
            written => {
                let done = written.and_then(|()| file.sync()).and_then(|()| self.disk.sync_names());
                done.map_err(|source| broken("begin", path.clone(), source))?;
            }
        }
        self.shared.begin(self.next);
        self.active = Some(Active { file, path, end: HEAD as u64 });
        Ok(())
    }

    fn make_durable(&mut self) -> Result<u64, Trouble> {
        let last = self.next - 1;
        let Some(active) = self.active.as_ref().filter(|_| self.shared.durable() < last) else { return Ok(last) };
        active.file.sync().map_err(|source| broken("make durable", active.path.clone(), source))?;
        match self.marks.write(last) {
            Err(error) if !is_full(&error) => {
                Err(broken("note what is durable in", self.disk.path().to_owned(), error))
            }
            // A file system that moves what it writes may need space; an older mark stays true.
            _ => {
                self.shared.advance(last);
                Ok(last)
            }
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // What was acknowledged is durable; this only lets later damage be told from a crash.
        let _ = self.marks.sync();
    }
}

fn broken(doing: &'static str, path: PathBuf, source: io::Error) -> Trouble {
    Trouble::Broken(LogError::Disk { doing, path, source })
}
