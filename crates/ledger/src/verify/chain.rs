//! Places, seals, links and the tree: whether each entry is the one that follows on the one before.

use super::verdict::{Findings, Flaw};
use crate::entry::{Entry, Header};
use crate::hash::Hash;
use crate::site::Site;
use crate::tree::Frontier;
use wardlight_model::Time;

/// How far the entries have been followed.
#[derive(Debug)]
pub(super) struct Chain {
    site: Option<Site>,
    /// The index that comes next.
    pub(super) next: u64,
    /// Over all leaves but that of the newest entry, which the next one may correct.
    pub(super) tree: Frontier,
    /// The first entry at which places or leaves were lost; from there on roots say nothing.
    pub(super) torn: Option<u64>,
    newest: Option<Newest>,
    /// The link behind this entry is broken, and the next entry will show which end of it.
    suspect: Option<u64>,
    slack: i64,
    latest: Option<Time>,
    pub(super) backward: Option<(u64, u64)>,
}

#[derive(Debug, Clone, Copy)]
struct Newest {
    index: u64,
    seal: Hash,
    leaf: Hash,
    is_faulty: bool,
}

impl Chain {
    /// `slack`: by how many µs the writer's clock may run backward unnoticed.
    pub(super) fn new(site: Option<Site>, slack: i64) -> Self {
        Self {
            site,
            next: 0,
            tree: Frontier::default(),
            torn: None,
            newest: None,
            suspect: None,
            slack,
            latest: None,
            backward: None,
        }
    }

    /// Whose ledger it is: as given, or as the first entry says.
    pub(super) fn site(&self) -> Option<Site> {
        self.site
    }

    /// An entry that cannot be read stands in the next place.
    pub(super) fn unreadable(&mut self, why: &str, found: &mut Findings) {
        self.settle(false, found);
        found.at(Flaw::Altered, self.next, self.next, format!("cannot be read: it {why}"));
        self.tear(self.next);
        self.next += 1;
    }

    /// Takes the next entry. Says whether it stands where it may be believed.
    pub(super) fn take(&mut self, entry: &Entry, found: &mut Findings) -> bool {
        let (seal, leaf) = (entry.seal, entry.leaf());
        if leaf != seal {
            // Nothing that the header says can be believed, not even its index.
            found.at(Flaw::Altered, self.next, self.next, "its header is not the one that was sealed");
            self.settle(false, found);
            self.push(Newest { index: self.next, seal, leaf, is_faulty: true });
            return false;
        }
        if !self.is_own(&entry.header, found) || !self.is_in_place(entry, found) {
            return false;
        }
        self.follow(&entry.header, found);
        self.note_time(&entry.header);
        self.push(Newest { index: entry.header.index, seal, leaf, is_faulty: false });
        true
    }

    /// There are no more entries. No next entry says which half of a damaged newest one is right, its header or its seal;
    /// the root in its checkpoint does.
    pub(super) fn end(&mut self, root: Option<Hash>, found: &mut Findings) {
        self.settle(false, found);
        let Some(newest) = self.newest.take() else { return };
        let mut by_leaf = self.tree.clone();
        by_leaf.push(newest.leaf);
        self.tree.push(newest.seal);
        if root == Some(by_leaf.root()) {
            self.tree = by_leaf;
        }
    }

    fn push(&mut self, newest: Newest) {
        self.next = newest.index.saturating_add(1);
        if let Some(before) = self.newest.replace(newest) {
            self.tree.push(before.seal);
        }
    }

    fn is_own(&mut self, header: &Header, found: &mut Findings) -> bool {
        if *self.site.get_or_insert(header.site) == header.site {
            return true;
        }
        self.settle(false, found);
        found.at(Flaw::Foreign, self.next, self.next, format!("belongs to another site, {}", header.site));
        self.tear(self.next);
        if header.index == self.next {
            self.next += 1;
        }
        false
    }

    fn is_in_place(&mut self, entry: &Entry, found: &mut Findings) -> bool {
        let index = entry.header.index;
        if index == self.next {
            return true;
        }
        self.settle(false, found);
        if index > self.next {
            found.at(Flaw::Displaced, self.next, index - 1, format!("not in place; entry {index} stands there"));
            self.tear(self.next);
            return true;
        }
        let rival = self.newest.filter(|newest| newest.index == index && newest.seal != entry.seal);
        if rival.is_some() {
            found.at(Flaw::Displaced, index, index, "two entries claim this place");
            self.tear(index);
        } else {
            let says = format!("in its place entry {index} stands a second time");
            found.at(Flaw::Displaced, self.next, self.next, says);
            self.tear(self.next);
        }
        false
    }

    /// Holds the entry's link against the entry before. What it names is the leaf that was signed, should they differ.
    fn follow(&mut self, header: &Header, found: &mut Findings) {
        let (index, previous) = (header.index, header.previous);
        let Some(before) = &mut self.newest else {
            if index == 0 && previous != Hash::NONE {
                found.at(Flaw::Altered, 0, 0, "names an entry before it, and there is none");
            }
            return;
        };
        let (at, is_faulty, is_linked) = (before.index, before.is_faulty, before.seal == previous);
        before.seal = previous;
        let was_suspect = self.suspect.is_some();
        self.settle(is_linked, found);
        if !is_linked && !is_faulty && !was_suspect {
            self.suspect = Some(at);
        }
    }

    /// The link between a suspect and the entry behind it is broken. If the one behind that is linked to it, it is sound
    /// and the suspect is not.
    fn settle(&mut self, is_next_sound: bool, found: &mut Findings) {
        let Some(suspect) = self.suspect.take() else { return };
        let last = if is_next_sound { suspect } else { suspect + 1 };
        found.at(Flaw::Altered, suspect, last, "is not the one that the next entry names");
    }

    fn note_time(&mut self, header: &Header) {
        if self.latest.is_some_and(|latest| latest.since(header.time) > self.slack) {
            let (first, times) = self.backward.unwrap_or((header.index, 0));
            self.backward = Some((first, times + 1));
        }
        self.latest = Some(header.time);
    }

    /// Places are lost: the next link and all later roots say nothing.
    fn tear(&mut self, at: u64) {
        self.torn = Some(self.torn.map_or(at, |torn| torn.min(at)));
        self.newest = None;
    }
}
