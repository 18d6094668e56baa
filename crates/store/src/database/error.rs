//! What can go wrong with the database, and what mends it.
//!
//! Never in a message: SQL, values of rows, passwords.

use std::io;

/// SQLite's extended code for an index of the write-ahead log that finds no space.
const IOERR_SHMSIZE: i32 = 4874;
/// Said of SQLite's other codes for a disk that says no.
const DISK_FAILED: &str = "its disk failed";

/// What SQLite means by busy and locked.
pub(super) const LOCKED: &str = "it is locked by another program";

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is none.
    #[error(
        "the address of the database is neither sqlite:PATH nor postgres://USER@HOST/NAME: correct it in the settings"
    )]
    Url,
    /// Nothing was changed, or it is not known whether it was: try the same again.
    #[error("{place} is not available ({why}): it is tried again; if it stays so, see that it runs and can be reached")]
    Unavailable {
        /// Which database.
        place: String,
        /// What happened, in a few words.
        why: String,
    },
    /// No space is left: nothing was changed, or it is not known whether it was. Try the same again once there is some.
    #[error("{place} has no space left: make room on its disk, or move it to a larger one")]
    Full {
        /// Which database.
        place: String,
    },
    /// A later version of the program wrote it.
    #[error(
        "{place} has format {found}, and this version knows none above {known}: start the later version, or restore a backup from before"
    )]
    Newer {
        /// Which database.
        place: String,
        /// Its format.
        found: i64,
        /// The last format this version knows.
        known: i64,
    },
    /// It does not hold what it should.
    #[error("{place} is damaged ({what}): restore the last backup")]
    Damaged {
        /// Which database.
        place: String,
        /// What is wrong, without values.
        what: String,
    },
    /// The engine refused a statement for a reason that trying again does not mend.
    #[error("{place} refused a statement with code {code}: look the code up in its manual and its log")]
    Refused {
        /// Which database.
        place: String,
        /// The engine's code: SQLSTATE or SQLite's result code, or the kind of mistake.
        code: String,
    },
    /// Something is to be restored where something is.
    #[error("{place} is not empty: restore into a new database")]
    NotEmpty {
        /// Which database.
        place: String,
    },
    /// A file cannot be made, read or named.
    #[error("{path}: {error}: check that the folder exists, is writable and that no such file is there yet")]
    File {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
}

/// The number of the error of a device that fails, on every Unix.
const EIO: i32 = 5;

impl StoreError {
    /// Whether the same call may succeed later: the database is away or busy, or has no space just now.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Full { .. })
    }

    /// Whether the disk said no, and not for want of space.
    #[must_use]
    pub fn is_of_disk(&self) -> bool {
        match self {
            Self::Refused { code, .. } => code.ends_with(DISK_FAILED),
            Self::File { error, .. } => error.raw_os_error() == Some(EIO),
            _ => false,
        }
    }

    /// What `error` of the driver means for the database at `place`.
    pub(super) fn of(place: &str, error: &sqlx::Error) -> Self {
        let place = place.to_owned();
        let unavailable = |why: &str| Self::Unavailable { place: place.clone(), why: why.to_owned() };
        match error {
            sqlx::Error::Io(error) => Self::Unavailable { place, why: error.kind().to_string() },
            sqlx::Error::PoolTimedOut => unavailable("no connection in time"),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => unavailable("the connections were closed"),
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default();
                let is_sqlite = error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some();
                if is_sqlite { Self::of_sqlite(place, &code) } else { Self::of_postgres(place, &code) }
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnIndexOutOfBounds { .. } => {
                Self::Damaged { place, what: "a column holds what it should not".into() }
            }
            sqlx::Error::Tls(_) => Self::Refused { place, code: "tls".into() },
            sqlx::Error::Protocol(_) => unavailable("it broke off in the middle of an answer"),
            _ => Self::Refused { place, code: "driver".into() },
        }
    }

    /// By SQLite's extended result code, whose last byte is the primary one (<https://sqlite.org/rescode.html>).
    fn of_sqlite(place: String, code: &str) -> Self {
        let number: i32 = code.parse().unwrap_or_default();
        match number & 0xff {
            5 | 6 => Self::Unavailable { place, why: LOCKED.into() },
            11 | 26 => Self::Damaged { place, what: "it is no sound SQLite file".into() },
            13 => Self::Full { place },
            // The index of its write-ahead log could not grow; nothing but space is asked of that file.
            10 if number == IOERR_SHMSIZE => Self::Full { place },
            10 => Self::Refused { place, code: format!("SQLITE {code}, {DISK_FAILED}") },
            _ => Self::Refused { place, code: format!("SQLITE {code}") },
        }
    }

    /// By SQLSTATE (PostgreSQL's manual, appendix A).
    fn of_postgres(place: String, code: &str) -> Self {
        let why = match code {
            "57P01" | "57P02" => "it is shutting down",
            "57P03" => "it is starting up",
            "53300" => "it has too many connections",
            "40001" | "40P01" | "55P03" => "another writer was first",
            "25006" => "it is read-only, perhaps a standby",
            code if code.starts_with("08") => "the connection was lost",
            "53100" => return Self::Full { place },
            "XX001" | "XX002" => return Self::Damaged { place, what: format!("SQLSTATE {code}") },
            _ => return Self::Refused { place, code: format!("SQLSTATE {code}") },
        };
        Self::Unavailable { place, why: why.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_on_a_disk_that_fails_is_told_from_one_that_may_not_be_made() {
        let file = |number| StoreError::File { path: "state.db".into(), error: io::Error::from_raw_os_error(number) };
        assert!(file(EIO).is_of_disk() && !file(13).is_of_disk() && !file(28).is_of_disk());
    }
}
