//! What is remembered of a source: a small file in the data folder, there whole or not at all, so that a restart does not
//! read again what was read.

use super::trouble::Trouble;
use crate::io::file::{sweep, write_durably};
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use wardlight_model::{Id, Time};

/// Most documents of a folder that are followed.
pub(super) const MOST: usize = 4096;

/// What is remembered of one source.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Kept {
    /// When it was first looked at.
    pub since: Option<Time>,
    /// When it last brought something, be it what it had brought before.
    pub fresh: Option<Time>,
    /// Its last run that read a document to its end.
    pub run: Option<Run>,
    /// What went wrong last.
    pub failure: Option<Failure>,
    /// Whether anything went wrong at the last look.
    pub is_ill: bool,
    /// The run that is not done yet: broken off, it is done again, and nothing twice.
    pub under_way: Option<UnderWay>,
    /// The documents read, by name.
    pub documents: BTreeMap<String, Seen>,
    /// What a listener received since it was started last.
    pub heard: Option<Heard>,
    /// Whom the flows that a listener received came by.
    pub listener: Option<Id>,
}

/// A run that read a document to its end.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Run {
    pub id: Id,
    pub at: Time,
    pub document: String,
    /// Those that say something of a device, or should.
    pub rows: u64,
    pub mended: u64,
    pub set_aside: u64,
    /// What tells its content from others.
    pub print: String,
}

/// What went wrong, where, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Failure {
    /// When.
    pub at: Moment,
    /// Where: a document, a folder, an address.
    pub place: String,
    /// What.
    pub what: String,
    /// How to mend it.
    pub mend: String,
}

/// A moment that people read, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment(pub Time);

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl serde::Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        let moment: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Self(Time::from_micros(moment.as_microsecond())))
    }
}

/// A run whose batches may be in the journal, or some of them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct UnderWay {
    pub run: Id,
    pub at: Time,
    pub print: String,
    /// Only the same version gives the same batches.
    pub version: String,
}

/// A document as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Seen {
    pub stamp: Stamp,
    pub print: String,
    /// Whether it cannot be read, and is not tried again before it changes.
    pub is_bad: bool,
}

/// What a document's folder tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(super) struct Stamp {
    /// Microseconds since 1970.
    pub changed: i64,
    pub size: u64,
}

/// What a listener received.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Heard {
    /// When it was started.
    pub since: Moment,
    /// When a flow came last.
    pub last: Option<Moment>,
    /// Datagrams.
    pub datagrams: u64,
    /// Flows that they told of.
    pub flows: u64,
    /// Exporters, by address and domain.
    pub exporters: u64,
    /// Flows that never came, by the exporters' own count.
    pub lost_flows: u64,
    /// Datagrams that never came, by the exporters' own count.
    pub lost_datagrams: u64,
    /// Flows given up because the server did not take them in time, or its disk was full.
    pub given_up: u64,
    /// What could not be read, by reason.
    pub set_aside: BTreeMap<String, u64>,
}

impl Kept {
    /// What the file at `path` holds; nothing when it is not there. Errors: it cannot be read, or is damaged.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        match std::fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| path.display().to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// Whether what went wrong was not mended since.
    pub fn is_failing(&self) -> bool {
        self.is_ill || self.documents.values().any(|seen| seen.is_bad)
    }
}

/// What is remembered, and the file that it is kept in.
pub(super) struct Memory {
    path: PathBuf,
    pub kept: Kept,
}

impl Memory {
    /// Takes up what is kept in the file at `path`. Errors: it cannot be read, or is damaged.
    pub fn open(path: PathBuf) -> Result<Self, Trouble> {
        sweep(&path);
        let damaged = |error| Trouble::damaged_memory(&path, &error);
        let kept = Kept::read(&path).map_err(damaged)?;
        Ok(Self { path, kept })
    }

    /// Notes what went wrong at a look, or that nothing did; on disk when that is news.
    pub fn note(&mut self, trouble: Option<Trouble>, now: Time) {
        let was_ill = std::mem::replace(&mut self.kept.is_ill, trouble.is_some());
        let failure = trouble.map(|trouble| trouble.at(now));
        let is_same = |one: &Failure| {
            let last = self.kept.failure.as_ref();
            was_ill && last.is_some_and(|last| (&last.place, &last.what) == (&one.place, &one.what))
        };
        // It counts from its first time on.
        let fresh = failure.filter(|failure| !is_same(failure));
        let is_news = fresh.is_some() || was_ill != self.kept.is_ill;
        self.kept.failure = fresh.or(self.kept.failure.take());
        if is_news {
            // A disk that takes nothing shows at the next document, before anything is read.
            let _ = self.keep();
        }
    }

    /// Puts it on disk. Errors: what the disk says; then the earlier is there still.
    pub fn keep(&self) -> Result<(), Trouble> {
        let written = serde_json::to_vec(&self.kept).map_err(io::Error::other);
        written.and_then(|text| write_durably(&self.path, &text)).map_err(|error| Trouble::disk(&self.path, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_there_after_a_restart_and_damage_is_told_of() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("biomed.json");
        let mut memory = Memory::open(path.clone()).expect("nothing yet");
        assert_eq!(memory.kept, Kept::default());
        let stamp = Stamp { changed: 5, size: 7 };
        memory.kept.documents.insert("a.csv".into(), Seen { stamp, print: "00".into(), is_bad: true });
        memory.kept.under_way =
            Some(UnderWay { run: Id([1; 16]), at: Time::from_seconds(3), print: "00".into(), version: "1".into() });
        memory.keep().expect("kept");
        let again = Memory::open(path.clone()).expect("kept");
        assert_eq!(again.kept, memory.kept);
        assert!(again.kept.is_failing(), "a document of it cannot be read");
        std::fs::write(&path, b"{\"since\":").expect("written");
        let trouble = Memory::open(path).err().expect("damaged");
        assert!(trouble.mend.contains("move that file away"), "{}", trouble.mend);
    }

    #[test]
    fn a_failure_counts_until_a_look_goes_well() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("biomed.json");
        let mut memory = Memory::open(path.clone()).expect("nothing yet");
        let missing = io::Error::from(io::ErrorKind::NotFound);
        memory.note(Some(Trouble::open(Path::new("/x"), &missing)), Time::from_seconds(5));
        assert!(Memory::open(path.clone()).expect("kept").kept.is_failing());
        memory.note(None, Time::from_seconds(6));
        let kept = Memory::open(path).expect("kept").kept;
        assert!(!kept.is_failing() && kept.failure.is_some_and(|failure| failure.place == "/x"));
    }
}
