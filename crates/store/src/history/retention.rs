//! What has to go, by age and by size.
//!
//! In: the manifest, limits, two clocks. Out: a plan that says what would go and why; then tombstones. Never: a file
//! that goes early because a clock was wrong.
//!
//! No clock is believed. Now is the given clock or the journal's newest record, whichever is earlier. The age of a file
//! is the time from when it was recorded until now, but no more than the journal has *seen go by* since: the sum of
//! the steps from one file to the next in order of sequence. A step backward counts nothing there, and neither does
//! one of more than [`LONGEST_STEP_S`], which is a clock that jumped or a site that was switched off. So every error
//! of a clock keeps files longer. A file is at least as old as those recorded behind it: one whose own time was ahead
//! goes with them.

use super::{Change, Manifest, Segment, Tombstone, Why};
use std::cmp::Reverse;
use wardlight_model::Time;

/// A longer step between two recorded files is not believed, in seconds.
const LONGEST_STEP_S: i64 = 86_400;
const MICROS: i64 = 1_000_000;

/// How much history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Files older than this go, in seconds.
    pub age_s: Option<i64>,
    /// The oldest files go until all together have at most so many bytes.
    pub bytes: Option<u64>,
}

/// A file that would go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doomed {
    /// The file.
    pub segment: Segment,
    /// Why.
    pub why: Why,
}

/// What would go, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purge {
    /// The files.
    pub files: Vec<Doomed>,
    /// Bytes that stay.
    pub kept_bytes: u64,
}

impl Purge {
    /// What the manifest says once the purge is done `at` a moment. Commit it, then let [`super::History::remove`]
    /// take the files away.
    #[must_use]
    pub fn change(&self, at: Time) -> Change {
        let tomb = |doomed: &Doomed| Tombstone { segment: doomed.segment.clone(), at, why: doomed.why };
        Change { purged: self.files.iter().map(tomb).collect(), ..Change::default() }
    }
}

/// What `limits` would take, when it is now `clock` and the journal's newest record was taken in at `newest`.
#[must_use]
pub fn plan_purge(manifest: &Manifest, limits: Limits, clock: Time, newest: Time) -> Purge {
    let mut bytes = manifest.bytes();
    let mut files = Vec::new();
    for (segment, age_s) in ages(manifest, clock.min(newest)).into_iter().rev() {
        let aged = limits.age_s.filter(|limit_s| age_s > *limit_s).map(|limit_s| Why::Age { age_s, limit_s });
        let large = limits.bytes.filter(|limit| bytes > *limit).map(|limit| Why::Size { bytes, limit });
        if let Some(why) = aged.or(large) {
            bytes = bytes.saturating_sub(segment.bytes);
            files.push(Doomed { segment: segment.clone(), why });
        }
    }
    Purge { files, kept_bytes: bytes }
}

/// All files with their age in seconds, newest first by sequence.
fn ages(manifest: &Manifest, now: Time) -> Vec<(&Segment, i64)> {
    let mut files: Vec<&Segment> = manifest.live().collect();
    files.sort_by_key(|segment| Reverse((segment.last_sequence, segment.hour)));
    let mut later = now;
    let (mut age, mut oldest) = (0_i64, 0_i64);
    let mut ages = Vec::with_capacity(files.len());
    for segment in files {
        let step = later.since(segment.recorded);
        if (0..=LONGEST_STEP_S * MICROS).contains(&step) {
            age = age.saturating_add(step);
        }
        later = segment.recorded;
        oldest = oldest.max(age.min(now.since(segment.recorded)) / MICROS);
        ages.push((segment, oldest));
    }
    ages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Digest, Hour};

    const HOUR: i64 = 3600;
    const YEARS: i64 = 10 * 365 * 86_400;
    const BEGIN: i64 = 1_700_000_000;

    /// One file of 100 bytes for each moment at which the journal's clock recorded it, in seconds after [`BEGIN`].
    fn manifest(recorded: impl IntoIterator<Item = i64>) -> Manifest {
        let segment = |(sequence, seconds): (u64, i64)| Segment {
            // The flows' own times play no part: here all are of one hour in 1970.
            hour: Hour::of(Time::default()),
            first_sequence: sequence,
            last_sequence: sequence,
            rows: 1,
            bytes: 100,
            first: Time::default(),
            last: Time::default(),
            recorded: Time::from_seconds(BEGIN + seconds),
            sha256: Digest([0; 32]),
            schema: 1,
        };
        Manifest::new((1..).zip(recorded).map(segment), [])
    }

    fn at(seconds: i64) -> Time {
        Time::from_seconds(BEGIN + seconds)
    }

    /// Sequences of what an age limit of a hundred hours takes.
    fn aged(manifest: &Manifest, clock: i64, newest: i64) -> Vec<u64> {
        let limits = Limits { age_s: Some(100 * HOUR), bytes: None };
        let purge = plan_purge(manifest, limits, at(clock), at(newest));
        purge.files.iter().map(|doomed| doomed.segment.first_sequence).collect()
    }

    #[test]
    fn what_is_older_than_the_limit_goes_and_nothing_else() {
        let hourly = manifest((0..=200).map(|hour| hour * HOUR));
        assert_eq!(aged(&hourly, 100 * HOUR, 100 * HOUR), [] as [u64; 0]);
        assert_eq!(aged(&hourly, 200 * HOUR, 200 * HOUR), (1..=100).collect::<Vec<_>>());
    }

    #[test]
    fn a_clock_ten_years_ahead_purges_nothing_early() {
        let hourly = || (0..=50).map(|hour| hour * HOUR);
        assert_eq!(aged(&manifest(hourly()), YEARS, 50 * HOUR), [] as [u64; 0], "the given clock alone");
        assert_eq!(aged(&manifest(hourly()), 50 * HOUR, YEARS), [] as [u64; 0], "the journal's alone");
        assert_eq!(aged(&manifest(hourly()), YEARS, YEARS), [] as [u64; 0], "both");
        let jumped = manifest(hourly().chain((51..=90).map(|hour| YEARS + hour * HOUR)));
        assert_eq!(aged(&jumped, YEARS + 90 * HOUR, YEARS + 90 * HOUR), [] as [u64; 0], "files recorded in it, too");
        let healed = manifest(hourly().chain((51..=60).map(|hour| YEARS + hour * HOUR)).chain([61 * HOUR]));
        assert_eq!(aged(&healed, 61 * HOUR, 61 * HOUR), [] as [u64; 0], "and back");
    }

    #[test]
    fn what_was_recorded_after_a_clock_was_set_right_goes_in_its_time() {
        let healed = manifest([YEARS, YEARS + HOUR].into_iter().chain((2..=150).map(|hour| hour * HOUR)));
        // Those of the time ahead are by their own account not yet written, but they are older than the third.
        assert_eq!(aged(&healed, 150 * HOUR, 150 * HOUR), (1..=50).collect::<Vec<_>>());
        assert_eq!(aged(&healed, 102 * HOUR, 102 * HOUR), [] as [u64; 0], "and no younger one proves them old before");
    }

    #[test]
    fn a_clock_ten_years_behind_or_running_backward_purges_nothing_early() {
        let behind = manifest((0..=20).map(|hour| hour * HOUR - YEARS).chain([21 * HOUR, 22 * HOUR]));
        assert_eq!(aged(&behind, 22 * HOUR, 22 * HOUR), [] as [u64; 0]);
        let backward = manifest((0..=300).map(|hour| -hour * HOUR));
        assert_eq!(aged(&backward, -300 * HOUR, -300 * HOUR), [] as [u64; 0]);
    }

    #[test]
    fn a_clock_that_stands_still_ages_nothing() {
        assert_eq!(aged(&manifest([0; 500]), 0, 0), [] as [u64; 0]);
    }

    #[test]
    fn beyond_the_size_the_oldest_by_sequence_goes_whatever_its_time_says() {
        let odd = manifest([0, YEARS, -YEARS, HOUR]);
        let limits = Limits { age_s: None, bytes: Some(250) };
        let purge = plan_purge(&odd, limits, at(0), at(0));
        let gone: Vec<_> = purge.files.iter().map(|doomed| (doomed.segment.first_sequence, doomed.why)).collect();
        assert_eq!(gone, [(1, Why::Size { bytes: 400, limit: 250 }), (2, Why::Size { bytes: 300, limit: 250 })]);
        assert_eq!(purge.kept_bytes, 200);
    }

    #[test]
    fn a_purge_leaves_tombstones() {
        let mut odd = manifest([0, 0]);
        let purge = plan_purge(&odd, Limits { age_s: None, bytes: Some(100) }, at(0), at(0));
        odd.apply(&purge.change(at(7)));
        assert_eq!((odd.live().count(), odd.bytes()), (1, 100));
        let tombs: Vec<_> = odd.purged().map(|tomb| (tomb.segment.first_sequence, tomb.at)).collect();
        assert_eq!(tombs, [(1, at(7))]);
    }
}
