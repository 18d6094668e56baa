//! How far events were noticed, kept from one start to the next.
//!
//! In: what was told last. Out: the same after a start, so that what is known already is not told as new.

use crate::io::file::{sweep, write_durably};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use wardlight_model::{Id, Time};

/// Most pairs that are remembered.
const PAIRS: usize = 20_000;
/// The program's version: another one may conclude otherwise from the same facts.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Kept {
    /// The last journal record before anybody was to be told.
    pub begun: u64,
    /// The last one from which devices and assets followed when they were looked at.
    pub settled: u64,
    /// The version that looked.
    version: String,
    /// The pairs that waited for a person then, shortened; none before the first look.
    pub pairs: Option<BTreeSet<u64>>,
    /// By source of records, when the last run of it that was told of read its document.
    pub imports: BTreeMap<String, Time>,
    /// The sensors, and whether each was silent.
    pub sensors: BTreeMap<Id, bool>,
}

/// A file of it.
pub struct File {
    path: PathBuf,
    written: Kept,
}

impl File {
    /// What is kept at `path`; when that is nothing, all up to journal record `durable` is known.
    pub fn open(path: &Path, durable: u64) -> (Self, Kept) {
        sweep(path);
        let read = std::fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let kept = read.unwrap_or_else(|| Kept { begun: durable, settled: durable, ..Kept::default() });
        (Self { path: path.to_owned(), written: Kept::default() }, kept)
    }

    /// Keeps it. What cannot be written is known less well after the next start, no more.
    pub fn write(&mut self, kept: &Kept) {
        if self.written == *kept {
            return;
        }
        let written = serde_json::to_vec(kept).map_err(std::io::Error::other);
        match written.and_then(|text| write_durably(&self.path, &text)) {
            Ok(()) => self.written = kept.clone(),
            Err(error) => eprintln!("wardlight: {}: {error}", self.path.display()),
        }
    }
}

impl Kept {
    /// Whether it was this version that looked.
    pub fn is_of_this_version(&self) -> bool {
        self.version == VERSION
    }

    /// Notes that devices and assets were looked at as of journal record `sequence`.
    pub fn look(&mut self, sequence: u64, pairs: Option<BTreeSet<u64>>) {
        self.settled = sequence;
        VERSION.clone_into(&mut self.version);
        if let Some(pairs) = pairs {
            self.pairs = Some(pairs.into_iter().take(PAIRS).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_there_after_a_start_and_without_it_nothing_old_is_new() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kept.json");
        let (mut file, mut kept) = File::open(&path, 7);
        assert_eq!((kept.begun, kept.settled, kept.is_of_this_version()), (7, 7, false));
        kept.look(9, Some(BTreeSet::from([3])));
        kept.sensors.insert(Id([1; 16]), true);
        file.write(&kept);
        let (_, again) = File::open(&path, 50);
        assert_eq!(again, kept);
        assert!(again.is_of_this_version() && again.begun == 7);
        std::fs::write(&path, "{").expect("damaged");
        assert_eq!(File::open(&path, 50).1.settled, 50);
    }
}
