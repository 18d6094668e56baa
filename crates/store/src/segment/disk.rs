//! The few things that are asked of a disk, so that tests can put a failing one in its place.

use rustix::fs::{Advice, FallocateFlags, fadvise, fallocate, fstatvfs};
use rustix::io::Errno;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// One folder of a disk.
pub(super) trait Disk: Send + Sync {
    /// Where it is, for messages.
    fn path(&self) -> &Path;
    /// The names in it.
    fn names(&self) -> io::Result<Vec<String>>;
    /// Makes the file `name`. Errors: it is there already, and what the system says.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Opens the file `name`.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Takes the file `name` away.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes durable which names there are.
    fn sync_names(&self) -> io::Result<()>;
    /// Bytes that could still be written.
    fn available(&self) -> io::Result<u64>;
    /// Holds the folder against other writers until dropped. `None` when another holds it.
    fn lock(&self) -> io::Result<Option<Box<dyn Send + Sync>>>;
}

/// One file of it.
pub(super) trait DiskFile: Send + Sync {
    /// Bytes in it.
    fn length(&self) -> io::Result<u64>;
    /// Fills `bytes` from `offset`; gives how many there were, fewer only at the end.
    fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `bytes` at `offset`. After an error any part of them may be there.
    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts it, or fills it with zeros, to `length`.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// Gives it `length` bytes of real space.
    fn allocate(&self, length: u64) -> io::Result<()>;
    /// Makes content and length durable.
    fn sync(&self) -> io::Result<()>;
    /// Lets go what memory holds of it, so that the next read asks the disk.
    fn forget(&self);
}

/// Whether `error` means that there is no space, which may change, and not that the disk is broken.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// A folder of the system.
pub(super) struct Folder {
    path: PathBuf,
    folder: File,
}

impl Folder {
    /// Opens the folder at `path`, made when it is not there, readable for its owner only.
    pub fn open(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        // Also of one that is there: who made it may have been killed before it was durable.
        sync_names_above(path)?;
        Ok(Self { path: path.to_owned(), folder: File::open(path)? })
    }
}

/// Makes the names on the way to `path` durable, as far up as its file system goes and this user may read.
fn sync_names_above(path: &Path) -> io::Result<()> {
    let device = std::fs::metadata(path)?.dev();
    for above in path.ancestors().skip(1) {
        let above = Some(above).filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match File::open(above) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => break,
            Ok(folder) if folder.metadata()?.dev() != device => break,
            folder => folder?.sync_all()?,
        }
    }
    Ok(())
}

impl Disk for Folder {
    fn path(&self) -> &Path {
        &self.path
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        Ok(Box::new(options.read(true).write(true).create_new(true).mode(0o600).open(self.path.join(name))?))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenOptions::new().read(true).write(true).open(self.path.join(name))?))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        self.folder.sync_all()
    }

    fn available(&self) -> io::Result<u64> {
        let space = fstatvfs(&self.folder)?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }

    fn lock(&self) -> io::Result<Option<Box<dyn Send + Sync>>> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = file.open(self.path.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl DiskFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.read_at(rest, offset + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        let own = self.length()?;
        match fallocate(self, FallocateFlags::empty(), 0, length) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                let zeros = [0; 1 << 16];
                for offset in (own..length).step_by(zeros.len()) {
                    let rest = usize::try_from(length - offset).unwrap_or(usize::MAX);
                    self.write(zeros.get(..rest).unwrap_or(&zeros), offset)?;
                }
                Ok(())
            }
            done => Ok(done?),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn forget(&self) {
        // Advice only: a file system without pages to drop, as tmpfs, says so, and has nothing to read again.
        let _ = fadvise(self, 0, None, Advice::DontNeed);
    }
}
