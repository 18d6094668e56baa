//! Details that are gone, each held against the tombstone that it names.

use super::verdict::{Findings, Flaw, Unknown, or_never};
use crate::entry::{Detail, Header, Kind};
use crate::retention::{Retention, Tombstone};
use std::collections::BTreeMap;
use wardlight_model::Time;

/// Most tombstones that are waited for at once.
const OPEN: usize = 100_000;

/// What is gone so far.
#[derive(Debug)]
pub(super) struct Purges {
    retention: Retention,
    /// The latest moment that a tombstone may bear.
    latest: Option<Time>,
    /// What names a tombstone that is still to come, by its index.
    open: BTreeMap<u64, Gone>,
    /// Tombstones that no checkpoint vouches for yet.
    unsigned: BTreeMap<u64, Gone>,
    entries: u64,
    pub(super) unknown: Vec<Unknown>,
}

#[derive(Debug, Clone, Copy)]
struct Gone {
    first: u64,
    last: u64,
    /// The first that does not follow on the one before.
    stray: Option<u64>,
    /// The entry that is due last, and when; `None`: never.
    youngest: (u64, Option<Time>),
}

impl Purges {
    pub(super) fn new(retention: Retention, latest: Option<Time>) -> Self {
        let (open, unsigned, unknown) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { retention, latest, open, unsigned, entries: 0, unknown }
    }

    /// The details of an entry are gone, and it names this tombstone.
    pub(super) fn take(&mut self, header: &Header, tombstone: u64, found: &mut Findings) {
        let index = header.index;
        self.entries += 1;
        let is_full = self.open.len() >= OPEN && !self.open.contains_key(&tombstone);
        if tombstone <= index || is_full {
            found.at(Flaw::Purge, index, index, "its details are gone, and it names no later tombstone");
            return;
        }
        let due = self.retention.due(header);
        let gone = self.open.entry(tombstone).or_insert(Gone {
            first: index,
            last: index,
            stray: None,
            youngest: (index, due),
        });
        if index > gone.last.saturating_add(1) {
            gone.stray.get_or_insert(index);
        }
        gone.last = index;
        // An entry that is never due is later than every moment.
        let is_later = gone.youngest.1.is_some_and(|youngest| due.is_none_or(|due| due > youngest));
        if is_later {
            gone.youngest = (index, due);
        }
    }

    /// An entry of kind *purge*; `detail` is `None` when it cannot be believed.
    pub(super) fn tombstone(&mut self, header: &Header, detail: Option<&Detail>, found: &mut Findings) {
        let index = header.index;
        let Some(detail) = detail else { return self.lose(index) };
        let Ok(stone) = Tombstone::read(detail.body) else {
            found.at(Flaw::Purge, index, index, "a tombstone that cannot be read");
            return;
        };
        let Some(gone) = self.open.remove(&index) else {
            self.unknown.push(Unknown::PurgePending { tombstone: index });
            return;
        };
        if gone.first < stone.first || gone.last > stone.last || stone.last >= index {
            let behind = gone.stray.unwrap_or(stone.last.saturating_add(1));
            let first = if gone.first < stone.first { gone.first } else { behind.min(gone.last) };
            found.at(Flaw::Purge, first, gone.last, format!("details are gone that tombstone {index} does not name"));
        } else if let Some(wrong) = self.wrong(header, &stone, gone) {
            found.at(Flaw::Purge, gone.first, gone.last, wrong);
        }
        self.unsigned.insert(index, gone);
    }

    fn wrong(&self, header: &Header, stone: &Tombstone, gone: Gone) -> Option<String> {
        let (index, time) = (header.index, header.time);
        let (youngest, due) = gone.youngest;
        let is_early = due.is_none_or(|due| time < due);
        if is_early {
            Some(format!("purged too early by tombstone {index} of {time}: entry {youngest} is due {}", or_never(due)))
        } else if due.is_none_or(|due| stone.due < due) || stone.due > time {
            Some(format!("tombstone {index} states a false due date; entry {youngest} is due {}", or_never(due)))
        } else if self.latest.is_some_and(|latest| time > latest) {
            Some(format!("tombstone {index} bears a date in the future"))
        } else {
            None
        }
    }

    /// Checkpoints vouch for so many entries.
    pub(super) fn vouch(&mut self, proven: u64) {
        self.unsigned = self.unsigned.split_off(&proven);
    }

    /// What stands in the place of this index cannot be believed, which is told; so nothing is said of what names it.
    pub(super) fn lose(&mut self, index: u64) {
        self.open.remove(&index);
    }

    /// There are no more entries. Tombstones from `told` on are lost or not vouched for by a fault that is already told.
    pub(super) fn end(&mut self, told: Option<u64>, found: &mut Findings) {
        let is_told = |tombstone: u64| told.is_some_and(|told| tombstone >= told);
        for (tombstone, gone) in self.open.iter().filter(|(tombstone, _)| !is_told(**tombstone)) {
            let says = format!("details are gone, and entry {tombstone}, which should say why, is no tombstone");
            found.at(Flaw::Purge, gone.first, gone.last, says);
        }
        for (tombstone, gone) in self.unsigned.iter().filter(|_| told.is_none()) {
            let says = format!("details are gone by tombstone {tombstone}, which no checkpoint vouches for");
            found.at(Flaw::Purge, gone.first, gone.last, says);
        }
        if self.entries > 0 {
            self.unknown.push(Unknown::Purged { entries: self.entries });
            self.unknown.extend(self.latest.is_none().then_some(Unknown::Clock));
        }
    }
}

/// Whether an entry's kind is purged never.
pub(super) fn is_kept(kind: Kind) -> bool {
    matches!(kind, Kind::Key | Kind::Purge)
}
