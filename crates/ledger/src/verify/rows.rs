//! The database held against a replay of the ledger.

use super::LiveRows;
use super::verdict::{Findings, Flaw};
use crate::entry::Detail;
use crate::hash::Hash;
use std::collections::BTreeMap;

/// The rows that follow from the entries so far.
pub(super) struct Rows<'a> {
    replayed: BTreeMap<String, (u64, Hash)>,
    live: LiveRows<'a>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(live: LiveRows<'a>) -> Self {
        Self { replayed: BTreeMap::new(), live }
    }

    pub(super) fn take(&mut self, index: u64, detail: &Detail) {
        for row in &detail.rows {
            match row.hash {
                Some(hash) => self.replayed.insert(row.key.to_owned(), (index, hash)),
                None => self.replayed.remove(row.key),
            };
        }
    }

    /// There are no more entries: every row must be live with its hash, and no other.
    pub(super) fn compare(mut self, entries: u64, found: &mut Findings) {
        for (key, hash) in self.live {
            match self.replayed.remove(&key) {
                Some((_, replayed)) if replayed == hash => {}
                Some((index, _)) => {
                    found.at(
                        Flaw::Outside,
                        index,
                        index,
                        "the row of the database that follows from it has other content",
                    );
                }
                None => found.at(Flaw::Outside, entries, entries, "the database has a row that follows from no entry"),
            }
        }
        for (index, _) in self.replayed.into_values() {
            found.at(Flaw::Outside, index, index, "the row of the database that follows from it is not there");
        }
    }
}
