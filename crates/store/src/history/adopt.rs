//! What lies in the folder against what the manifest lists.
//!
//! In: the manifest as last committed. Out: what is missing or differs. Files that a crash left are removed, each for
//! a reason that shows its rows are not lost; any other file that nobody lists is reported and left alone, so that a
//! lost database does not take the history with it.

use super::disk::UNFINISHED;
use super::manifest::path;
use super::{History, HistoryError, Hour, Manifest, Segment, encode};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use wardlight_model::Time;

/// How closely files are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Whether they are there, and as long as they should be.
    Length,
    /// Whether every byte is as it was written; reads the whole history.
    Hash,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adoption {
    /// Files that a crash left, now removed.
    pub removed: Vec<String>,
    /// Entries whose file is not there.
    pub missing: Vec<Segment>,
    /// Entries whose file has another length or other bytes.
    pub differing: Vec<Segment>,
    /// Files that no entry lists and no crash explains, left as they are.
    pub unexplained: Vec<String>,
}

impl History {
    /// Brings folder and `manifest` together, before the journal is replayed from sequence `replay_from`.
    pub fn adopt(&self, manifest: &Manifest, replay_from: u64, check: Check) -> Result<Adoption, HistoryError> {
        let mut found = Adoption::default();
        for name in self.names()? {
            match Name::read(&name) {
                Some(name) if name.is_whole && manifest.lists(name.hour, name.sequences) => {}
                Some(file) if file.is_left_by_crash(replay_from) || self.holds_the_same(manifest, &file) => {
                    self.disk.remove(&self.root, &name)?;
                    found.removed.push(name);
                }
                _ => found.unexplained.push(name),
            }
        }
        for segment in manifest.live() {
            match self.is_as_listed(segment, check)? {
                None => found.missing.push(segment.clone()),
                Some(false) => found.differing.push(segment.clone()),
                Some(true) => {}
            }
        }
        Ok(found)
    }

    /// Whether the rows of `file` were to go, or stand in listed files that are there: it is then what a compaction
    /// read and did not live to remove, or wrote and did not live to commit.
    fn holds_the_same(&self, manifest: &Manifest, file: &Name) -> bool {
        let is_there = |segment: &&Segment| matches!(self.is_as_listed(segment, Check::Length), Ok(Some(true)));
        let of_hour = || manifest.live().filter(|segment| segment.hour == file.hour);
        let mut inner = of_hour().filter(|segment| is_within(sequences(segment), file.sequences)).peekable();
        let union = inner.peek().is_some().then(|| {
            inner.try_fold((u64::MAX, 0), |(low, high), segment| {
                is_there(&segment).then(|| (low.min(segment.first_sequence), high.max(segment.last_sequence)))
            })
        });
        manifest.buried(file.hour, file.sequences)
            || of_hour().filter(is_there).any(|segment| is_within(file.sequences, sequences(segment)))
            || union.flatten() == Some(file.sequences)
    }

    fn is_as_listed(&self, segment: &Segment, check: Check) -> Result<Option<bool>, HistoryError> {
        let path = segment.path();
        let place = self.root.join(&path);
        let looked = match check {
            Check::Length => fs::metadata(&place).map(|found| found.len() == segment.bytes),
            Check::Hash => fs::read(&place).map(|bytes| encode::sha256(&bytes) == segment.sha256),
        };
        match looked {
            Ok(is_same) => Ok(Some(is_same)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(HistoryError::Disk { doing: "read", path, source }),
        }
    }

    /// Paths of all files below `flows`, in order.
    fn names(&self) -> Result<BTreeSet<String>, HistoryError> {
        let mut names = BTreeSet::new();
        let mut folders = vec!["flows".to_owned()];
        while let Some(folder) = folders.pop() {
            let listed = self.list(&folder).map_err(|source| HistoryError::Disk {
                doing: "list",
                path: folder.clone(),
                source,
            })?;
            for (path, is_folder) in listed {
                if is_folder {
                    folders.push(path);
                } else {
                    names.insert(path);
                }
            }
        }
        Ok(names)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<(String, bool)>> {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut listed = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            listed.push((name, entry.file_type()?.is_dir()));
        }
        Ok(listed)
    }
}

fn sequences(segment: &Segment) -> (u64, u64) {
    (segment.first_sequence, segment.last_sequence)
}

fn is_within(inner: (u64, u64), outer: (u64, u64)) -> bool {
    outer.0 <= inner.0 && inner.1 <= outer.1
}

/// What the name of a file says.
struct Name {
    hour: Hour,
    sequences: (u64, u64),
    is_whole: bool,
}

impl Name {
    /// `None` when no file of ours is called so.
    fn read(name: &str) -> Option<Self> {
        let (whole, is_whole) = name.strip_suffix(UNFINISHED).map_or((name, true), |whole| (whole, false));
        let (folder, file) = whole.rsplit_once('/')?;
        let (first, last) = file.strip_suffix(".parquet")?.split_once('-')?;
        let sequences = (first.parse().ok()?, last.parse().ok()?);
        let hour = hour(folder)?;
        (path(hour, sequences.0, sequences.1) == whole).then_some(Self { hour, sequences, is_whole })
    }

    /// Whether it was never whole, or will be written again.
    fn is_left_by_crash(&self, replay_from: u64) -> bool {
        !self.is_whole || self.sequences.0 >= replay_from
    }
}

/// The hour of a folder `flows/date=…/hour=…`.
fn hour(folder: &str) -> Option<Hour> {
    let (date, hour) = folder.strip_prefix("flows/date=")?.split_once("/hour=")?;
    let hour: i64 = Path::new(hour).to_str()?.parse().ok()?;
    let date: jiff::civil::Date = date.parse().ok()?;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(Hour::of(Time::from_micros(midnight.as_microsecond()).plus(hour.checked_mul(3_600_000_000)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_we_give_are_ours() {
        let name = Name::read("flows/date=2026-01-31/hour=07/000000000012-000000000040.parquet").unwrap();
        assert_eq!((name.sequences, name.is_whole), ((12, 40), true));
        assert_eq!(name.hour.to_string(), "date=2026-01-31/hour=07");
        assert!(
            !Name::read("flows/date=2026-01-31/hour=07/000000000012-000000000040.parquet.unfinished").unwrap().is_whole
        );
        for other in [
            "flows/date=2026-01-31/hour=07/notes.parquet",
            "flows/date=2026-01-31/hour=07/12-40.parquet",
            "flows/date=2026-01-31/hour=24/000000000012-000000000040.parquet",
            "flows/date=2026-01-31/000000000012-000000000040.parquet",
            "flows/README",
        ] {
            assert!(Name::read(other).is_none(), "{other}");
        }
    }
}
