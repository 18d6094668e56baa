//! Room for what must not wait when the disk is full, and who gives way to whom.
//!
//! First go raw flows, at the door: they are counted and given up. Observations wait at their sensors, files of the flow
//! history in the journal. The state has space set aside, like the journal and the ledger; while that is in use, the
//! journal takes decisions alone. When there is room again, what was set aside is taken first, and all goes on.

use super::ledger::Ledger;
use super::places::Places;
use crate::config::Config;
use std::io;
use std::path::{Path, PathBuf};
use wardlight_store::database::StoreError;
use wardlight_store::journal::Journal;
use wardlight_store::segment::{LogError, Spare};

/// The room of one installation.
pub struct Space {
    journal: Journal,
    /// What is set aside for the state, when that is a file here.
    spare: Option<Spare>,
    /// How much that is.
    bytes: u64,
    is_tight: bool,
}

impl Space {
    /// Sets room aside for the state as configured, as far as there is some. Errors: what the disk says; no room is none.
    pub fn open(config: &Config, places: &Places, journal: Journal) -> anyhow::Result<Self> {
        let bytes = config.journal.reserve_mib.saturating_mul(1 << 20);
        let spare = match beside(&places.database(config)).map(|folder| Spare::open(&folder, bytes)).transpose() {
            Err(error) if is_no_room(&error) => None,
            spare => spare?,
        };
        let is_whole = spare.as_ref().is_none_or(Spare::is_whole);
        journal.hold_back(!is_whole);
        Ok(Self { journal, spare, bytes, is_tight: !is_whole })
    }

    /// The state or the ledger found no room: whether some of what is set aside for the state was given back, so that
    /// trying again at once makes sense.
    pub fn give(&mut self) -> bool {
        // First of all nobody else may take what is given back.
        self.tighten(self.spare.is_some());
        self.spare.as_mut().is_some_and(|spare| spare.give().unwrap_or_else(|error| complain(&error)))
    }

    /// Whether not all is whole that is set aside for the state and the ledger.
    pub const fn is_tight(&self) -> bool {
        self.is_tight
    }

    /// Takes back what was given, the ledger's first; once all is whole, the journal takes everything again.
    /// Errors: the ledger cannot be written any more.
    pub fn regain(&mut self, ledger: &mut Ledger) -> anyhow::Result<()> {
        let is_whole = (!ledger.is_full() || ledger.regain()?)
            && match &mut self.spare {
                Some(spare) if self.is_tight => spare.regain(self.bytes).unwrap_or_else(|error| complain(&error)),
                _ => true,
            };
        self.tighten(!is_whole);
        Ok(())
    }

    fn tighten(&mut self, is_tight: bool) {
        if self.is_tight != is_tight {
            self.is_tight = is_tight;
            self.journal.hold_back(is_tight);
        }
    }
}

fn complain(error: &io::Error) -> bool {
    eprintln!("wardlight: the room set aside for the state: {error}");
    false
}

/// The folder for what is set aside for the database at `url`: beside its file.
fn beside(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = Path::new(path.strip_prefix("//").unwrap_or(path));
    Some(path.with_extension("reserve"))
}

/// Whether the system says that there is no room.
pub fn is_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Whether `error` says that there is no room, which may change, and not that something is broken.
pub fn is_full(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        matches!(cause.downcast_ref(), Some(LogError::Full { .. }))
            || matches!(cause.downcast_ref(), Some(StoreError::Full { .. }))
            || matches!(cause.downcast_ref(), Some(StoreError::File { error, .. }) if is_no_room(error))
    })
}

/// What to do about `error`, when it is the disk's.
pub fn mend(error: &anyhow::Error) -> Option<&'static str> {
    let is_kind =
        |kind| error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == kind));
    if is_full(error) || error.chain().any(|cause| cause.downcast_ref().is_some_and(is_no_room)) {
        Some("free some space on that disk, or add some; then start again: nothing that was acknowledged is lost")
    } else if is_kind(io::ErrorKind::ReadOnlyFilesystem) {
        Some("the disk takes no writes: look at the system's log, mount it for writing, then start again")
    } else if error.chain().any(is_of_disk) {
        Some(BROKEN)
    } else {
        None
    }
}

/// What to do about a disk that fails.
pub const BROKEN: &str = "the disk fails: look at the system's log and at the disk, then start again: what was \
    acknowledged is read from the disk anew, what was not is sent again";

fn is_of_disk(cause: &(dyn std::error::Error + 'static)) -> bool {
    let is_failure = |error: &io::Error| error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error());
    cause.downcast_ref().is_some_and(is_failure) || cause.downcast_ref().is_some_and(StoreError::is_of_disk)
}
