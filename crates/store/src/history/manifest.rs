//! What files the history consists of. The caller keeps it in its database.
//!
//! In: [`Change`]s. Out: the files that count, in order of the journal. A file that no entry lists does not exist for
//! readers. Never: a path that an entry does not itself derive.

use std::collections::BTreeMap;
use std::fmt;
use wardlight_model::Time;

const MICROS_AN_HOUR: i64 = 3_600_000_000;

/// One hour in UTC: the partition that a file lies in. The calendar ends at the years 0 and 9999; what lies beyond
/// is in the first or last hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Hour(i64);

impl Hour {
    /// 0000-01-01 00 h and 9999-12-30 21 h, in hours since 1970: what the calendar can name.
    const CALENDAR: [i64; 2] = [-17_268_672, 70_389_501];

    /// The hour that holds `time`.
    #[must_use]
    pub fn of(time: Time) -> Self {
        let [first, last] = Self::CALENDAR;
        Self(time.micros().div_euclid(MICROS_AN_HOUR).clamp(first, last))
    }

    /// Its first moment.
    #[must_use]
    pub const fn begin(self) -> Time {
        Time::from_micros(self.0.saturating_mul(MICROS_AN_HOUR))
    }

    /// The hour before.
    #[must_use]
    pub fn before(self) -> Self {
        Self::of(self.begin().plus(-1))
    }
}

impl fmt::Display for Hour {
    /// The folders of the partition: `date=2026-01-31/hour=07`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_microsecond(self.begin().micros()).unwrap_or_default();
        write!(out, "{}", moment.strftime("date=%Y-%m-%d/hour=%H"))
    }
}

/// Where a file stands in the history: by hour, then by journal sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The hour in which its rows ended.
    pub hour: Hour,
    /// Lowest journal sequence of its rows.
    pub first_sequence: u64,
}

/// One file of the history.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Segment {
    /// The partition that it lies in: every row ended in this hour.
    pub hour: Hour,
    /// Lowest journal sequence of its rows.
    pub first_sequence: u64,
    /// Highest journal sequence of its rows.
    pub last_sequence: u64,
    /// Rows in it; never 0.
    pub rows: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// Begin of the flow that began first.
    pub first: Time,
    /// End of the flow that ended last.
    pub last: Time,
    /// When the newest of its rows was taken into the journal, by the journal's clock.
    pub recorded: Time,
    /// SHA-256 of the whole file.
    pub sha256: Digest,
    /// Version of the columns; see `docs/reference/flow-history.md`.
    pub schema: u16,
}

impl Segment {
    /// Where it lies, from the data folder: `flows/date=…/hour=…/<first sequence>-<last sequence>.parquet`.
    #[must_use]
    pub fn path(&self) -> String {
        path(self.hour, self.first_sequence, self.last_sequence)
    }

    /// Where it stands among the others.
    #[must_use]
    pub const fn place(&self) -> Place {
        Place { hour: self.hour, first_sequence: self.first_sequence }
    }

    fn key(&self) -> Key {
        (self.hour, self.first_sequence, self.last_sequence)
    }
}

pub(super) fn path(hour: Hour, first: u64, last: u64) -> String {
    format!("flows/{hour}/{first:012}-{last:012}.parquet")
}

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    /// 64 hexadecimal digits.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl std::str::FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(ParseDigestError);
        }
        for (n, byte) in bytes.iter_mut().enumerate() {
            let pair = text.get(n * 2..n * 2 + 2).ok_or(ParseDigestError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| ParseDigestError)?;
        }
        Ok(Self(bytes))
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Text that is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 is 64 hexadecimal digits")]
pub struct ParseDigestError;

/// Why a file was purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Older than the limit.
    Age {
        /// How old, in seconds that the journal has seen go by.
        age_s: i64,
        /// The limit, in seconds.
        limit_s: i64,
    },
    /// The history was larger than the limit, and this was the oldest.
    Size {
        /// Bytes of the history before the file went.
        bytes: u64,
        /// The limit, in bytes.
        limit: u64,
    },
}

/// What is left of a file that was purged.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tombstone {
    /// The file as it was.
    pub segment: Segment,
    /// When it was purged, by the given clock.
    pub at: Time,
    /// Why.
    pub why: Why,
}

/// What a flush, compaction or purge changes. To be committed by the caller in one transaction; only then may
/// [`super::History::remove`] take the files of `dropped` and `purged` away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// New files.
    pub added: Vec<Segment>,
    /// Files whose rows stand in one of `added`: their entries go.
    pub dropped: Vec<Segment>,
    /// Files whose rows go; their entries become tombstones.
    pub purged: Vec<Tombstone>,
    /// The journal record up to which every flow stands in the history now, when that changes.
    pub reached: Option<u64>,
}

impl Change {
    /// The files that may go once the change is committed.
    pub fn leftovers(&self) -> impl Iterator<Item = &Segment> {
        self.dropped.iter().chain(self.purged.iter().map(|tomb| &tomb.segment))
    }
}

/// The partition and the sequences of a file: what its path is made of.
type Key = (Hour, u64, u64);

/// All files of the history, and the tombstones of those purged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    live: BTreeMap<Key, Segment>,
    purged: BTreeMap<Key, Tombstone>,
}

impl Manifest {
    /// From the entries that the caller kept.
    #[must_use]
    pub fn new(live: impl IntoIterator<Item = Segment>, purged: impl IntoIterator<Item = Tombstone>) -> Self {
        let mut manifest = Self::default();
        manifest.apply(&Change {
            added: live.into_iter().collect(),
            purged: purged.into_iter().collect(),
            ..Change::default()
        });
        manifest
    }

    /// Does what `change` says. Twice is the same as once.
    pub fn apply(&mut self, change: &Change) {
        for segment in &change.added {
            self.purged.remove(&segment.key());
            self.live.insert(segment.key(), segment.clone());
        }
        for segment in change.leftovers() {
            self.live.remove(&segment.key());
        }
        for tomb in &change.purged {
            self.purged.insert(tomb.segment.key(), tomb.clone());
        }
    }

    /// The files that count, by hour, then by journal sequence.
    pub fn live(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.live.values()
    }

    /// What was purged, by hour, then by journal sequence.
    pub fn purged(&self) -> impl DoubleEndedIterator<Item = &Tombstone> {
        self.purged.values()
    }

    /// Bytes of all files that count.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.live().map(|segment| segment.bytes).sum()
    }

    pub(super) fn lists(&self, hour: Hour, sequences: (u64, u64)) -> bool {
        self.live.contains_key(&(hour, sequences.0, sequences.1))
    }

    pub(super) fn buried(&self, hour: Hour, sequences: (u64, u64)) -> bool {
        self.purged.contains_key(&(hour, sequences.0, sequences.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_name_their_folders_even_at_the_ends_of_time() {
        assert_eq!(Hour::of(Time::from_seconds(1_700_000_000)).to_string(), "date=2023-11-14/hour=22");
        assert_eq!(Hour::of(Time::from_micros(-1)).to_string(), "date=1969-12-31/hour=23");
        assert_eq!(Hour::of(Time::MIN).to_string(), "date=0000-01-01/hour=00");
        assert_eq!(Hour::of(Time::from_micros(i64::MAX)).to_string(), "date=9999-12-30/hour=21");
        assert_eq!(Hour::of(Time::from_seconds(7200)).before(), Hour::of(Time::from_seconds(3600)));
    }

    #[test]
    fn a_digest_is_read_as_written() {
        let digest = Digest([0xa7; 32]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        for bad in ["", "a7", &"zz".repeat(32), &"é".repeat(32)] {
            assert_eq!(bad.parse::<Digest>(), Err(ParseDigestError), "{bad}");
        }
    }
}
