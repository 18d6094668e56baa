//! The spool: batches on disk until the server has them on its own.

use super::PROGRESS;
use crate::io::file::{sweep, write_durably};
use crate::role::space::is_no_room;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use wardlight_store::segment::{Draft, Log, LogError, Options, Reader};

/// Acknowledgements after which it is made durable how far they came. Well below how many records a journal knows
/// again, so that what is sent twice after a loss of power is written once.
const STRIDE: u64 = 512;

/// A folder of batches.
pub(super) struct Spool {
    log: Mutex<Log>,
    acknowledged: AtomicU64,
    folder: PathBuf,
}

impl Spool {
    /// Opens the spool in `folder`. Errors: what the disk says, or another sensor has it.
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        let log = Log::open(folder, Options { segment_bytes: 4 << 20, reserve_bytes: 0 })
            .context("cannot open the sensor's spool")?;
        sweep(&mark(folder));
        let kept = std::fs::read_to_string(mark(folder)).ok().and_then(|text| text.trim().parse::<u64>().ok());
        let acknowledged = kept.unwrap_or_default().clamp(log.first() - 1, log.durable());
        Ok(Self { log: Mutex::new(log), acknowledged: AtomicU64::new(acknowledged), folder: folder.to_owned() })
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads it from its first record.
    pub(super) fn whole(&self) -> Reader {
        let log = self.log();
        log.reader(log.first())
    }

    /// Reads what is not acknowledged yet.
    pub(super) fn unsent(&self) -> Reader {
        self.log().reader(self.acknowledged() + 1)
    }

    /// The last record up to which all are acknowledged.
    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Whether all of it is acknowledged.
    pub(super) fn is_empty(&self) -> bool {
        self.acknowledged() == self.log().durable()
    }

    /// Writes `drafts` and makes them durable. Errors: what the log says.
    pub(super) fn put(&self, drafts: &[Draft]) -> Result<(), LogError> {
        let mut log = self.log();
        log.append(drafts)?;
        log.sync().map(drop)
    }

    /// Bytes on disk.
    pub(super) fn bytes(&self) -> u64 {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().filter_map(Result::ok);
        files.filter_map(|file| file.metadata().ok()).map(|meta| meta.len()).sum()
    }

    /// Every record up to `sequence` is on the server's disk.
    pub(super) fn acknowledge(&self, sequence: u64) -> anyhow::Result<()> {
        let before = self.acknowledged.swap(sequence, Ordering::SeqCst);
        if before / STRIDE != sequence / STRIDE {
            match write_durably(&mark(&self.folder), sequence.to_string().as_bytes()) {
                // Releasing makes room, and says the same.
                Err(error) if is_no_room(&error) => {}
                noted => noted.context("cannot note what was acknowledged")?,
            }
            // The last record that tells how far the sources were read stays: the newest segment is never released.
            self.log().release(sequence).context("cannot release what was acknowledged")?;
        }
        Ok(())
    }

    /// Notes how far it came, at the end.
    pub(super) fn close(&self) {
        let _ = write_durably(&mark(&self.folder), self.acknowledged().to_string().as_bytes());
    }

    /// Whether a record is the spool's own business.
    pub(super) const fn is_own(kind: u16) -> bool {
        kind == PROGRESS
    }
}

fn mark(folder: &Path) -> PathBuf {
    folder.join("acknowledged")
}
