//! How each source stands, for whoever asks: of a running server, or of what it left in the data folder.

use super::kept::{Failure, Heard, Kept};
use super::trouble::Trouble;
use crate::config::{Config, Source};
use crate::role::places::Places;
use wardlight_model::{Id, Time};

/// How one source stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Standing {
    /// What its operator calls it.
    pub name: String,
    /// Where it is.
    pub place: String,
    /// The last run that read a document to its end.
    pub run: Option<Id>,
    /// When that was, or when a listener last heard a flow.
    pub read: Option<String>,
    /// Rows that it had; flows of a listener since it was started.
    pub rows: u64,
    /// Rows that were mended.
    pub mended: u64,
    /// Rows, or parts of datagrams, that were set aside.
    pub set_aside: u64,
    /// What went wrong last.
    pub failure: Option<Failure>,
    /// Whether that is not mended yet.
    pub is_failing: bool,
    /// Whether nothing new came for longer than it may.
    pub is_stale: bool,
    /// What a listener received since it was started.
    pub heard: Option<Heard>,
}

impl Standing {
    pub(super) fn of(source: &Source, kept: &Kept, now: Time) -> Self {
        let run = kept.run.as_ref();
        let heard = kept.heard.clone();
        let read = heard.as_ref().map_or(run.map(|run| run.at), |heard| heard.last.map(|last| last.0));
        let aside = |heard: &Heard| heard.set_aside.values().sum();
        Self {
            name: source.name.clone(),
            place: source.place(),
            run: run.map(|run| run.id),
            read: read.map(|at| at.to_string()),
            rows: heard.as_ref().map_or(run.map_or(0, |run| run.rows), |heard| heard.flows),
            mended: run.map_or(0, |run| run.mended),
            set_aside: heard.as_ref().map_or(run.map_or(0, |run| run.set_aside), aside),
            failure: kept.failure.clone(),
            is_failing: kept.is_failing(),
            is_stale: is_stale(source, kept, now),
            heard,
        }
    }

    /// How a source stands of which nothing can be told but what went wrong.
    pub(super) fn failing(source: &Source, trouble: Trouble, now: Time) -> Self {
        let kept = Kept { is_ill: true, failure: Some(trouble.at(now)), ..Kept::default() };
        Self::of(source, &kept, now)
    }

    /// One word for it.
    pub const fn state(&self) -> &'static str {
        match (self.is_failing, self.is_stale, self.read.is_some()) {
            (true, _, _) => "failing",
            (_, true, _) => "stale",
            (_, _, true) => "well",
            _ => "waiting",
        }
    }
}

/// How the sources of `config` stand by what is kept in the data folder.
pub fn kept(config: &Config, now: Time) -> Vec<Standing> {
    let places = Places::of(config);
    let standing = |source: &Source| match Kept::read(&places.source(&source.name)) {
        Ok(kept) => Standing::of(source, &kept, now),
        Err(error) => Standing::failing(source, Trouble::damaged_memory(&places.source(&source.name), &error), now),
    };
    config.sources.iter().map(standing).collect()
}

fn is_stale(source: &Source, kept: &Kept, now: Time) -> bool {
    let hours = i64::try_from(source.stale_after_h).unwrap_or(i64::MAX);
    let limit = hours.saturating_mul(3_600_000_000);
    let last = kept.heard.as_ref().and_then(|heard| heard.last).map(|last| last.0).max(kept.fresh).or(kept.since);
    hours > 0 && last.is_some_and(|last| now.since(last) > limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_stale_once_it_brought_nothing_for_longer_than_it_may() {
        let source = Source { name: "biomed".into(), stale_after_h: 2, ..Source::default() };
        let hour = |n: i64| Time::from_seconds(n * 3600);
        let at = |kept: &Kept, now| Standing::of(&source, kept, now).state();
        let never = Kept { since: Some(hour(1)), ..Kept::default() };
        assert_eq!(
            [at(&Kept::default(), hour(99)), at(&never, hour(3)), at(&never, hour(4))],
            ["waiting", "waiting", "stale"]
        );
        let read = Kept { fresh: Some(hour(5)), ..never };
        assert_eq!([at(&read, hour(7)), at(&read, hour(8))], ["waiting", "stale"]);
        let ill = Kept { is_ill: true, ..read.clone() };
        assert_eq!(at(&ill, hour(8)), "failing");
        let source = Source { stale_after_h: 0, ..source };
        assert!(!Standing::of(&source, &read, hour(9999)).is_stale);
    }
}
