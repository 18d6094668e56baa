//! Flow history: every flow that a site's journal brought, as Parquet files that any engine can query.
//!
//! In: flows with the journal sequence they came in by. Out: files `flows/date=…/hour=…/<first>-<last>.parquet` below
//! the data folder, and [`Segment`]s that say what is in them; rows again, for a range and a filter; hourly sums.
//! Columns: `docs/reference/flow-history.md`. Format: Apache Parquet 2.
//!
//! Which files count, only the caller's [`Manifest`] says. It is committed together with the journal offset, so a crash
//! takes rows and offset together: [`History::adopt`] removes what was written and not committed, and the replay writes
//! the same bytes again. Nothing here looks at a clock or draws a random number.
//!
//! One folder belongs to one journal. Sequences order the history; the times of flows and of the journal's clock never
//! do, so a clock that jumps, stands or runs backward loses nothing.

mod adopt;
mod batch;
mod compact;
mod disk;
mod encode;
mod manifest;
mod read;
mod retention;
mod rollup;
mod row;
mod scan;
mod schema;

pub use adopt::{Adoption, Check};
pub use batch::Batch;
pub use compact::mergeable;
pub use manifest::{Change, Digest, Hour, Manifest, ParseDigestError, Segment, Tombstone, Why};
pub use retention::{Doomed, Limits, Purge, plan_purge};
pub use rollup::{Rollup, Sum, SumKey};
pub use row::{Origin, Row};
pub use scan::{Query, Scan};

use batch::{Names, Part};
use disk::Disk;
use std::io;
use std::path::{Path, PathBuf};

/// What a file says to a caller whose history cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The disk is full, or a quota is reached.
    #[error("no room for {path}; free some, or lower the limits of the flow history: {source}")]
    Full {
        /// The file that found no room.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {doing} {path}: {source}")]
    Disk {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// Rows cannot be encoded, or a file's bytes are no Parquet.
    #[error("{path} is no readable Parquet file; restore it from a backup: {source}")]
    Parquet {
        /// The file.
        path: String,
        /// What the decoder says.
        source: parquet::errors::ParquetError,
    },
    /// A file has other columns, or values that no flow has.
    #[error("{path} does not hold flows as version {version} writes them: {column}, row {row}")]
    Columns {
        /// The file.
        path: String,
        /// The version of the columns that was expected.
        version: u16,
        /// The column that is missing, of another type, or holds a wrong value.
        column: &'static str,
        /// The row in the file's batch, from 0.
        row: usize,
    },
    /// A newer program wrote the file.
    #[error("{path} is of version {version}; this program reads versions up to {newest}: update it")]
    Version {
        /// The file.
        path: String,
        /// Its version.
        version: u16,
        /// The newest version that can be read.
        newest: u16,
    },
}

impl HistoryError {
    fn parquet(path: impl Into<String>) -> impl FnOnce(parquet::errors::ParquetError) -> Self {
        let path = path.into();
        |source| Self::Parquet { path, source }
    }
}

/// What became of a [`Batch`].
#[derive(Debug, Default)]
#[must_use = "files that no manifest lists are lost"]
pub struct Flushed {
    /// The files that were written, for the manifest.
    pub change: Change,
    /// The hours whose rows were not written, and why.
    pub shed: Vec<Shed>,
}

impl Flushed {
    /// Number of rows that were not written.
    #[must_use]
    pub fn shed_rows(&self) -> u64 {
        self.shed.iter().map(|shed| shed.rows).sum()
    }
}

/// Rows of one hour that were given up.
#[derive(Debug)]
pub struct Shed {
    /// The hour in which they ended.
    pub hour: Hour,
    /// How many.
    pub rows: u64,
    /// Why they were not written.
    pub error: HistoryError,
}

/// The history below one data folder.
#[derive(Debug)]
pub struct History {
    root: PathBuf,
    disk: Disk,
}

impl History {
    /// The history below `root`, which need not exist yet.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), disk: Disk::default() }
    }

    /// Writes the rows of `batch`, one file for each hour in which a flow ended, each durable when this returns. Call
    /// it between journal records. An hour that cannot be written is shed, leaves no file, and does not keep the
    /// others back.
    pub fn flush(&self, batch: &Batch) -> Flushed {
        let mut flushed = Flushed::default();
        let names = Names::new(batch);
        for (hour, rows) in batch.hours() {
            let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            let written = batch
                .part(hour, rows, &names)
                .map_err(|error| HistoryError::Parquet { path: format!("flows/{hour}"), source: error.into() });
            match written.and_then(|part| self.write(&part)) {
                Ok(segment) => flushed.change.added.push(segment),
                Err(error) => flushed.shed.push(Shed { hour, rows: count, error }),
            }
        }
        flushed
    }

    /// Takes away the files that a committed `change` left over. Those already gone are no error.
    pub fn remove(&self, change: &Change) -> Result<(), HistoryError> {
        change.leftovers().try_for_each(|segment| self.disk.remove(&self.root, &segment.path()))
    }

    fn write(&self, part: &Part) -> Result<Segment, HistoryError> {
        let (first_sequence, last_sequence) = part.sequences;
        let path = manifest::path(part.hour, first_sequence, last_sequence);
        let bytes = encode::parquet(&part.rows).map_err(HistoryError::parquet(&path))?;
        self.disk.write(&self.root, &path, &bytes)?;
        Ok(Segment {
            hour: part.hour,
            first_sequence,
            last_sequence,
            rows: u64::try_from(part.rows.num_rows()).unwrap_or(u64::MAX),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            first: part.times.0,
            last: part.times.1,
            recorded: part.recorded,
            sha256: encode::sha256(&bytes),
            schema: schema::VERSION,
        })
    }
}
