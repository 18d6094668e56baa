//! How long details are kept, and the tombstone that says that they are gone.
//!
//! In: the rule as data, headers, `now`. Out: the moment an entry becomes due, and tombstones only for what is due. Headers
//! are never purged, keys and tombstones never at all. The ledger knows when an entry was made, not until when it was in
//! effect: that is the retention engine's to know, and it may only keep longer.
//!
//! Source: 45 CFR 164.316(b)(2)(i): six years from creation or the date last in effect, whichever is later.

use crate::cbor::{DecodeError, Reader, Writer};
use crate::entry::{Header, Kind};
use jiff::{Timestamp, ToSpan as _, civil, tz::TimeZone};
use std::collections::BTreeMap;
use wardlight_model::Time;

/// The fewest years that a rule may say.
pub const FEWEST_YEARS: u16 = 6;
/// The most, so that the end can be written as a date.
const MOST_YEARS: u16 = 1000;

/// How many years the details of each kind are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    years: u16,
    of_kind: BTreeMap<Kind, u16>,
}

/// Why a rule of retention, or a purge, is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PurgeError {
    /// Fewer years than the law asks, or more than a date can hold.
    #[error("{0} years is outside {FEWEST_YEARS} to {MOST_YEARS}")]
    Years(u16),
    /// No entry was named.
    #[error("no entry is named")]
    Nothing,
    /// Not ascending, or with a gap.
    #[error("entry {0} does not follow on the one before")]
    Gap(u64),
    /// A key or a tombstone.
    #[error("entry {0} is of a kind that is kept for ever")]
    Kept(u64),
    /// Its time has not come.
    #[error("entry {index} is due on {due}")]
    Early {
        /// Which entry.
        index: u64,
        /// When it may go.
        due: Time,
    },
}

impl Default for Retention {
    /// The fewest years for every kind.
    fn default() -> Self {
        Self { years: FEWEST_YEARS, of_kind: BTreeMap::new() }
    }
}

impl Retention {
    /// `years` for every kind but those in `of_kind`. Errors: a number of years that may not be.
    pub fn new(years: u16, of_kind: BTreeMap<Kind, u16>) -> Result<Self, PurgeError> {
        let is_wrong = |years: &&u16| !(FEWEST_YEARS..=MOST_YEARS).contains(*years);
        match std::iter::once(&years).chain(of_kind.values()).find(is_wrong) {
            Some(years) => Err(PurgeError::Years(*years)),
            None => Ok(Self { years, of_kind }),
        }
    }

    /// From when the details of an entry may be purged: the same day and time so many years later, or the day after
    /// where that day is missing. `None`: never.
    #[must_use]
    pub fn due(&self, header: &Header) -> Option<Time> {
        if matches!(header.kind, Kind::Key | Kind::Purge) {
            return None;
        }
        let years = self.of_kind.get(&header.kind).copied().unwrap_or(self.years);
        let made = Timestamp::from_microsecond(header.time.micros()).ok()?.to_zoned(TimeZone::UTC).datetime();
        later(made, years)
    }
}

fn later(made: civil::DateTime, years: u16) -> Option<Time> {
    let same_day = made.checked_add(i32::from(years).years()).ok()?;
    // 29 February falls on the 28th in other years, which would be a day early.
    let due = if same_day.day() == made.day() { same_day } else { same_day.checked_add(1.day()).ok()? };
    due.to_zoned(TimeZone::UTC).ok().map(|due| Time::from_micros(due.timestamp().as_microsecond()))
}

/// What a tombstone says: which details are gone, by which rule, and since when they could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// Index of the first entry whose details are gone.
    pub first: u64,
    /// Index of the last.
    pub last: u64,
    /// When the youngest of them became due.
    pub due: Time,
    /// The rule, in words.
    pub rule: String,
}

impl Tombstone {
    /// For neighbouring entries, all of them due at `now`. Errors: which of them may not go, and why.
    pub fn of<'a>(
        headers: impl IntoIterator<Item = &'a Header>,
        retention: &Retention,
        rule: &str,
        now: Time,
    ) -> Result<Self, PurgeError> {
        let mut all: Option<Self> = None;
        for header in headers {
            let index = header.index;
            let due = retention.due(header).ok_or(PurgeError::Kept(index))?;
            if due > now {
                return Err(PurgeError::Early { index, due });
            }
            let first = match &all {
                None => index,
                Some(all) if all.last.checked_add(1) == Some(index) => all.first,
                Some(_) => return Err(PurgeError::Gap(index)),
            };
            let due = all.as_ref().map_or(due, |all| all.due.max(due));
            all = Some(Self { first, last: index, due, rule: String::new() });
        }
        all.map(|all| Self { rule: rule.to_owned(), ..all }).ok_or(PurgeError::Nothing)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.map(4).uint(0).uint(self.first).uint(1).uint(self.last);
        writer.uint(2).int(self.due.micros()).uint(3).text(&self.rule).finish()
    }

    /// Reads the body of an entry of kind *purge*. Errors: another form.
    pub fn read(body: &[u8]) -> Result<Self, DecodeError> {
        let (mut first, mut last, mut due, mut rule) = (None, None, None, None);
        let mut reader = Reader::new(body);
        reader.map(|key, value| {
            match key {
                0 => first = Some(value.uint()?),
                1 => last = Some(value.uint()?),
                2 => due = Some(Time::from_micros(value.int()?)),
                3 => rule = Some(value.text()?.to_owned()),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        reader.end()?;
        Ok(Self {
            first: first.ok_or(DecodeError::Missing("the first entry purged"))?,
            last: last.ok_or(DecodeError::Missing("the last entry purged"))?,
            due: due.ok_or(DecodeError::Missing("the date from which it could be purged"))?,
            rule: rule.ok_or(DecodeError::Missing("the rule of the purge"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;
    use crate::site::Site;
    use proptest::prelude::*;

    fn time(text: &str) -> Time {
        Time::from_micros(text.parse::<Timestamp>().unwrap().as_microsecond())
    }

    fn header(index: u64, kind: Kind, made: &str) -> Header {
        let (site, previous, detail) = (Site([1; 16]), Hash::NONE, Hash::NONE);
        Header { site, index, time: time(made), kind, previous, detail }
    }

    #[test]
    fn six_years_are_six_years_and_never_a_day_less() {
        let check = |made, due| {
            assert_eq!(Retention::default().due(&header(0, Kind::Read, made)), Some(time(due)), "{made}");
        };
        check("2019-05-06T07:08:09Z", "2025-05-06T07:08:09Z");
        check("2020-02-29T12:00:00Z", "2026-03-01T12:00:00Z");
        check("2018-02-28T12:00:00Z", "2024-02-28T12:00:00Z");
        check("2018-12-31T23:59:59Z", "2024-12-31T23:59:59Z");
    }

    #[test]
    fn a_kind_may_be_kept_longer_but_not_shorter() {
        let longer = Retention::new(6, BTreeMap::from([(Kind::Decision, 10)])).unwrap();
        assert_eq!(longer.due(&header(0, Kind::Decision, "2010-01-01T00:00:00Z")), Some(time("2020-01-01T00:00:00Z")));
        assert_eq!(longer.due(&header(0, Kind::Read, "2010-01-01T00:00:00Z")), Some(time("2016-01-01T00:00:00Z")));
        assert_eq!(Retention::new(5, BTreeMap::new()), Err(PurgeError::Years(5)));
        assert_eq!(Retention::new(6, BTreeMap::from([(Kind::Read, 1)])), Err(PurgeError::Years(1)));
    }

    #[test]
    fn keys_tombstones_and_times_outside_the_calendar_are_never_due() {
        for kind in [Kind::Key, Kind::Purge] {
            assert_eq!(Retention::default().due(&header(0, kind, "1980-01-01T00:00:00Z")), None);
        }
        let endless = Header { time: Time::from_micros(i64::MAX), ..header(0, Kind::Read, "1980-01-01T00:00:00Z") };
        assert_eq!(Retention::default().due(&endless), None);
    }

    #[test]
    fn a_tombstone_is_made_only_for_what_is_due() {
        let old = [1, 2, 3].map(|n| header(n, Kind::Read, &format!("201{n}-01-01T00:00:00Z")));
        let of = |headers: &[Header], now| Tombstone::of(headers, &Retention::default(), "six years", time(now));
        let made = of(&old, "2019-01-01T00:00:00Z").unwrap();
        assert_eq!((made.first, made.last, made.due), (1, 3, time("2019-01-01T00:00:00Z")));
        assert_eq!(Tombstone::read(&made.encode()), Ok(made));
        let early = PurgeError::Early { index: 3, due: time("2019-01-01T00:00:00Z") };
        assert_eq!(of(&old, "2018-12-31T23:59:59Z"), Err(early));
        assert_eq!(of(&[old[0], old[2]], "2030-01-01T00:00:00Z"), Err(PurgeError::Gap(3)));
        assert_eq!(of(&[], "2030-01-01T00:00:00Z"), Err(PurgeError::Nothing));
        let key = header(4, Kind::Key, "2010-01-01T00:00:00Z");
        assert_eq!(of(&[key], "2030-01-01T00:00:00Z"), Err(PurgeError::Kept(4)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_fine(bytes: Vec<u8>) {
            let _ = Tombstone::read(&bytes);
        }

        #[test]
        fn nothing_is_due_before_six_years_of_365_days(micros in -2_000_000_000_000_000_i64..4_000_000_000_000_000) {
            let header = Header { time: Time::from_micros(micros), ..header(0, Kind::Read, "1980-01-01T00:00:00Z") };
            let days = Retention::default().due(&header).unwrap().since(header.time) / 86_400_000_000;
            // 2190 days, and one for each leap day that may lie between; no leap day more than two.
            prop_assert!((2190..=2192).contains(&days), "{days}");
        }
    }
}
