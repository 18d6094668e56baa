//! Files that are there whole or not at all.
//!
//! A file is written under a temporary name, synced, renamed, and its folder synced: what has its final name was
//! whole before it got it. Every step that a crash could fall between goes through [`Disk::step`].

use super::HistoryError;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What a name ends in while its file is not whole.
pub(super) const UNFINISHED: &str = ".unfinished";

/// Most folders that are remembered as durable.
const KNOWN: usize = 1024;

/// The file system, step by step.
#[derive(Debug, Default)]
pub(super) struct Disk {
    /// Folders whose names this program made durable. One that was found there may have been made by a program that was
    /// killed before it came to that.
    durable: Mutex<BTreeSet<PathBuf>>,
    /// The folders that were synced.
    #[cfg(test)]
    pub synced: std::cell::RefCell<BTreeSet<PathBuf>>,
    /// Steps until the world ends.
    #[cfg(test)]
    pub fuse: std::cell::Cell<Option<usize>>,
}

impl Disk {
    /// Writes `bytes` as `path` below `root`, durably. On an error no file is left.
    pub fn write(&self, root: &Path, path: &str, bytes: &[u8]) -> Result<(), HistoryError> {
        let unfinished = format!("{path}{UNFINISHED}");
        self.make_folder(root, path)?;
        let written = self
            .step("write", path, || private(&root.join(&unfinished)))
            .and_then(|mut file| self.step("write", path, || file.write_all(bytes)).map(|()| file))
            .and_then(|file| self.step("sync", path, || file.sync_all()))
            .and_then(|()| self.step("rename", path, || fs::rename(root.join(&unfinished), root.join(path))));
        let synced = written.and_then(|()| self.sync_folder(&root.join(path), path));
        if synced.is_err() {
            // Best effort: what stays is taken away by the next start, which is told of neither name.
            let _ = self.remove(root, &unfinished);
            let _ = self.remove(root, path);
        }
        synced
    }

    /// Takes the file at `path` away; one that is not there is no error.
    pub fn remove(&self, root: &Path, path: &str) -> Result<(), HistoryError> {
        self.step("remove", path, || match fs::remove_file(root.join(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        })
    }

    /// Makes the folders that `path` lies in, each durable in the one above.
    fn make_folder(&self, root: &Path, path: &str) -> Result<(), HistoryError> {
        self.step("make the folder of", path, || fs::create_dir_all(root))?;
        let mut folder = root.to_owned();
        for part in Path::new(path).parent().into_iter().flatten() {
            folder.push(part);
            if self.durable().contains(&folder) {
                continue;
            }
            self.step("make the folder of", path, || match fs::create_dir(&folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                _ => Ok(()),
            })?;
            self.sync_folder(&folder, path)?;
            let mut durable = self.durable();
            if durable.len() >= KNOWN {
                durable.clear();
            }
            durable.insert(folder.clone());
        }
        Ok(())
    }

    fn durable(&self) -> std::sync::MutexGuard<'_, BTreeSet<PathBuf>> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the name `inner` durable in the folder it lies in.
    fn sync_folder(&self, inner: &Path, path: &str) -> Result<(), HistoryError> {
        self.step("sync the folder of", path, || {
            let Some(folder) = inner.parent() else { return Ok(()) };
            #[cfg(test)]
            self.synced.borrow_mut().insert(folder.to_owned());
            File::open(folder)?.sync_all()
        })
    }

    fn step<T>(&self, doing: &'static str, path: &str, act: impl FnOnce() -> io::Result<T>) -> Result<T, HistoryError> {
        self.burn().and_then(|()| act()).map_err(|source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                HistoryError::Full { path: path.to_owned(), source }
            }
            _ => HistoryError::Disk { doing, path: path.to_owned(), source },
        })
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "only tests end the world")]
    fn burn(&self) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn burn(&self) -> io::Result<()> {
        match self.fuse.get() {
            Some(0) => Err(io::Error::other("the power is gone")),
            Some(left) => {
                self.fuse.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }
}
/// A new file for its owner alone: flows say who talked to whom.
fn private(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
