//! Which file lies where in the data folder, and its modes: for its owner alone.

use crate::config::Config;
use crate::io::key::{self, KeyError};
use anyhow::Context as _;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The file of the ledger's signed checkpoints, in the ledger's folder.
pub const CHECKPOINTS: &str = "checkpoints.txt";

/// The folders and files of one installation.
#[derive(Debug, Clone)]
pub struct Places {
    /// Everything that must not be lost.
    pub data: PathBuf,
    /// The keys.
    pub keys: PathBuf,
}

impl Places {
    /// As the configuration says.
    pub fn of(config: &Config) -> Self {
        Self { data: config.files.data.clone(), keys: config.files.keys.clone() }
    }

    /// Makes the folders that are not there, so that they and what is in them outlive a loss of power. Errors: they cannot
    /// be made, others may write in them, or what is in them is not whole.
    pub fn make(&self) -> anyhow::Result<()> {
        self.check_whole()?;
        self.make_folders()
    }

    /// The same, whatever is in them.
    pub fn make_folders(&self) -> anyhow::Result<()> {
        let parts = [self.journal(), self.ledger(), self.spool(), self.sources()];
        for folder in [&self.data, &self.keys].into_iter().chain(&parts) {
            make_folder(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        for folder in [&self.data, &self.keys] {
            let mode = fs::metadata(folder)?.permissions().mode();
            if mode & 0o022 != 0 {
                anyhow::bail!(
                    "{}: others may write here (mode {:o}): run `chmod 700` on it",
                    folder.display(),
                    mode & 0o777
                );
            }
        }
        Ok(())
    }

    /// Errors: a restore was broken off, and what is here is a part of it.
    pub fn check_whole(&self) -> anyhow::Result<()> {
        let mark = self.restoring();
        anyhow::ensure!(
            !mark.exists(),
            "{}: a restore was broken off here: run `wardlight backup restore` again",
            mark.display()
        );
        Ok(())
    }

    /// The mark of a restore that is not done.
    pub fn restoring(&self) -> PathBuf {
        self.data.join("restoring")
    }

    /// Waits until nobody else holds on to what is kept here, and holds on to it until dropped: nothing that a copy is
    /// being made of may be deleted or merged.
    pub fn hold(&self) -> io::Result<fs::File> {
        let folder = fs::File::open(&self.data)?;
        folder.lock()?;
        Ok(folder)
    }

    /// The same, without waiting: `None` when somebody else holds it.
    pub fn try_hold(&self) -> io::Result<Option<fs::File>> {
        let folder = fs::File::open(&self.data)?;
        match folder.try_lock() {
            Ok(()) => Ok(Some(folder)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// The key under which secrets lie in the state.
    pub fn sealing_key(&self) -> PathBuf {
        self.keys.join("sealing.key")
    }

    /// The certificate of the pages, when it is made here.
    pub fn certificate(&self) -> PathBuf {
        self.keys.join("web.crt")
    }

    /// Its private key.
    pub fn certificate_key(&self) -> PathBuf {
        self.keys.join("web.key")
    }

    /// The site's lasting name, from which those of its devices follow.
    pub fn site(&self) -> PathBuf {
        self.data.join("site.id")
    }

    /// The journal's folder.
    pub fn journal(&self) -> PathBuf {
        self.data.join("journal")
    }

    /// The ledger's folder.
    pub fn ledger(&self) -> PathBuf {
        self.data.join("ledger")
    }

    /// Checkpoints of the ledger, one after the other.
    pub fn checkpoints(&self) -> PathBuf {
        self.ledger().join(CHECKPOINTS)
    }

    /// The sensor's folder: batches not yet acknowledged.
    pub fn spool(&self) -> PathBuf {
        self.data.join("spool")
    }

    /// The default SQLite file.
    pub fn state(&self) -> PathBuf {
        self.data.join("state.db")
    }

    /// What is remembered of the sources that are read by themselves.
    pub fn sources(&self) -> PathBuf {
        self.data.join("sources")
    }

    /// What is remembered of one of them.
    pub fn source(&self, name: &str) -> PathBuf {
        self.sources().join(format!("{name}.json"))
    }

    /// What was wrong with the rows of its last run.
    pub fn report(&self, name: &str) -> PathBuf {
        self.sources().join(format!("{name}.txt"))
    }

    /// Events that are still to be told, and how far each was.
    pub fn events(&self) -> PathBuf {
        self.data.join("events")
    }

    /// How things stand, for people's eyes and `doctor`.
    pub fn standing(&self) -> PathBuf {
        self.data.join("standing.json")
    }

    /// The socket that sensors and people's commands come by.
    pub fn socket(&self) -> PathBuf {
        self.data.join("server.sock")
    }

    /// The key that signs the ledger.
    pub fn ledger_key(&self) -> PathBuf {
        self.keys.join("ledger.key")
    }

    /// The key that hides names of people.
    pub fn names_key(&self) -> PathBuf {
        self.keys.join("names.key")
    }

    /// The database's address: the default file when the configuration names none.
    pub fn database(&self, config: &Config) -> String {
        match config.store.url.as_str() {
            "sqlite:" => format!("sqlite:{}", self.state().display()),
            url => url.to_owned(),
        }
    }
}

/// Makes a folder for its owner alone when it is not there, and its name and those in it durable, as far up as this user
/// may read. Also of one that is there: a program that was killed may have made them and not come to this.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for folder in folder.ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
        match fs::File::open(folder) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
            folder => folder?.sync_all()?,
        }
    }
    Ok(())
}

/// The 32 secret bytes in the file at `path`, made when it is not there. Errors: it cannot be read or made, is not of
/// that length, or others may read it.
pub fn secret(path: &Path) -> Result<[u8; 32], KeyError> {
    key::read_or_make(path).map(|(secret, _)| secret)
}
