//! The state in SQLite or PostgreSQL: one schema, one set of queries, one conformance suite.
//!
//! In: changes that a step of the engine made, with the journal's sequence they follow from. Out: the same state after
//! any crash, on either engine, row by row and byte by byte ([`Database::dump`]). Changes and sequence are committed
//! together, and a sequence that is there already changes nothing. Never: a statement, a value or a password in an
//! error.
//!
//! SQLite runs with a write-ahead log and full sync, one writer, and its file is for its owner alone; do not put it on
//! a network file system. PostgreSQL may restart at any moment: what fails by that says so
//! ([`StoreError::is_retryable`]), and doing it again is safe.

mod account;
mod batch;
mod copy;
mod engine;
mod error;
mod history;
mod migration;
mod query;
mod row;
mod schema;
mod statement;
#[cfg(test)]
mod trial;

pub use account::{
    Account, Emergency, Factor, Identity, Pass, StoredAnswer, StoredGrant, StoredSession, StoredToken, View,
};
pub use batch::Commit;
pub use error::StoreError;
pub use history::{Removal, Segment};
pub use query::{ContactFilter, Contacts, Devices, Loaded, StoredDevice};
pub use row::{Digest, digest};

use engine::{Engine, Use};
use std::fmt;
use std::path::Path;
use std::time::Duration;
use wardlight_model::{Id, Time};

/// Which database, and what a new one becomes.
#[derive(Clone)]
pub struct Settings {
    /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/NAME`.
    pub url: String,
    /// The site that a new database belongs to; one that is there keeps its own.
    pub site: Id,
    /// When a new database was made.
    pub now: Time,
    /// How long to wait for a lock or a connection, and twice as long for an answer, before saying that the database
    /// is not available. [`PATIENCE`] unless there is a reason.
    pub patience: Duration,
}

/// How long to wait for a database: longer than one takes that restarts.
pub const PATIENCE: Duration = Duration::from_secs(15);

impl fmt::Debug for Settings {
    /// Without the address: it may hold a password.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings").field("site", &self.site).field("now", &self.now).finish_non_exhaustive()
    }
}

/// The state. Cloning gives another door to the same.
#[derive(Clone)]
pub struct Database {
    engine: Engine,
    /// The format of its tables.
    format: i64,
}

impl fmt::Debug for Database {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Database").field(&self.engine.place).finish()
    }
}

impl Database {
    /// Opens the database at `settings.url`, makes it when it is new, and brings its tables up to this version.
    /// Errors: it cannot be reached, is of a later version, or is none.
    pub async fn open(settings: &Settings) -> Result<Self, StoreError> {
        let engine = Self::connect(settings).await?;
        migration::migrate(&engine, settings).await?;
        Ok(Self { engine, format: migration::format() })
    }

    /// Opens what an earlier version left at `settings.url`, as it is: to be copied before [`Self::open`] brings it up to
    /// this version. Only its site, its manifest and copies of it can be asked for. `None` when it is new or of this
    /// version. Errors: it cannot be reached, is of a later version, or is none.
    pub async fn open_earlier(settings: &Settings) -> Result<Option<Self>, StoreError> {
        let engine = Self::connect(settings).await?;
        let format = migration::found(&engine).await?;
        if format > 0 && format < migration::format() {
            return Ok(Some(Self { engine, format }));
        }
        engine.close().await;
        Ok(None)
    }

    /// The format of its tables, which each version that changes them raises by one.
    #[must_use]
    pub const fn format(&self) -> i64 {
        self.format
    }

    async fn connect(settings: &Settings) -> Result<Engine, StoreError> {
        if let Some(path) = settings.url.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
            let path = Path::new(path.strip_prefix("//").unwrap_or(path));
            private(path)?;
            settle(path)?;
            Engine::sqlite(path, Use::State, settings.patience).await
        } else if settings.url.starts_with("postgres://") || settings.url.starts_with("postgresql://") {
            Engine::postgres(&settings.url, settings.patience).await
        } else {
            Err(StoreError::Url)
        }
    }

    /// Gives back what space on the disk it can do without. Errors: not all of it could be.
    pub async fn shrink(&self) -> Result<(), StoreError> {
        self.engine.fold().await
    }

    /// Waits until nobody uses the database, and closes it.
    pub async fn close(self) {
        self.engine.close().await;
    }
}

/// Makes durable what a program left that was killed: SQLite takes for committed what it finds in the log, also when only
/// memory has it.
fn settle(path: &Path) -> Result<(), StoreError> {
    for end in ["", "-wal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match std::fs::File::open(&name).and_then(|file| file.sync_all()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::File { path: path.display().to_string(), error });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes the file at `path` when there is none, for its owner alone.
fn private(path: &Path) -> Result<(), StoreError> {
    let made = || {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt};
            options.mode(0o600).open(path)?.set_permissions(PermissionsExt::from_mode(0o600))
        }
        #[cfg(not(unix))]
        options.open(path).map(drop)
    };
    made().map_err(|error| StoreError::File { path: path.display().to_string(), error })
}
