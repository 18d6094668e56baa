//! Documents that were brought and not taken in yet: few, for an hour, each for who brought it.

use crate::house::{Document, Report};
use std::collections::BTreeMap;
use wardlight_model::{Id, Time};

/// Documents held at one time; the oldest goes for a new one.
const MOST: usize = 4;
/// Microseconds for which a document is held.
const LONGEST: i64 = 3_600_000_000;

/// One document.
pub struct Held {
    /// What was brought, and what it is said to be.
    pub document: Document,
    /// What became of it, on trial or taken in.
    pub report: Report,
    /// When it was last touched.
    pub at: Time,
    /// Whether it was taken in.
    pub is_taken: bool,
}

/// All of them.
#[derive(Default)]
pub struct Uploads(BTreeMap<String, (Id, Held)>);

impl Uploads {
    /// Holds a document of `account` under `name`.
    pub fn put(&mut self, name: &str, account: Id, held: Held) {
        self.0.retain(|other, (_, one)| other == name || held.at.since(one.at) < LONGEST);
        while self.0.len() >= MOST && !self.0.contains_key(name) {
            let oldest = self.0.iter().min_by_key(|(_, (_, held))| held.at).map(|(name, _)| name.clone());
            oldest.map(|name| self.0.remove(&name));
        }
        self.0.insert(name.to_owned(), (account, held));
    }

    /// The document of `account` under `name`, what became of it, and whether it was taken in.
    #[must_use]
    pub fn of(&self, name: &str, account: Id, now: Time) -> Option<(Document, Report, bool)> {
        let (owner, held) = self.0.get(name)?;
        let is_own = *owner == account && now.since(held.at) < LONGEST;
        is_own.then(|| (held.document.clone(), held.report.clone(), held.is_taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardlight_ingest::Tally;

    #[test]
    fn documents_are_few_and_their_owners_alone_and_not_for_ever() {
        let report = || Report {
            run: Id([0; 16]),
            importer: "cmms",
            tally: Tally::default(),
            troubles: Vec::new(),
            more: 0,
            broken: None,
            mapping: None,
        };
        let at = Time::from_seconds;
        let mut all = Uploads::default();
        let (ada, bob) = (Id([1; 16]), Id([2; 16]));
        for n in 0..6 {
            let held = Held { document: Document::default(), report: report(), at: at(n), is_taken: n == 5 };
            all.put(&n.to_string(), ada, held);
        }
        assert_eq!(all.0.len(), MOST);
        assert!(all.of("1", ada, at(9)).is_none(), "the oldest went");
        assert!(all.of("5", ada, at(9)).is_some_and(|(.., is_taken)| is_taken));
        assert!(all.of("5", bob, at(9)).is_none(), "it is not his");
        assert!(all.of("5", ada, at(3700)).is_none(), "an hour has gone by");
    }
}
