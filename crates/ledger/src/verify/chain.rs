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
        self.settle(false, 0, found);
        found.at(Flaw::Altered, self.next, self.next, format!("cannot be read: it {why}"));
        self.tear(self.next);
        self.newest = None;
        self.next += 1;
    }

    /// Takes the next entry. `proven` entries are vouched for. Says whether the entry stands where it may be believed.
    pub(super) fn take(&mut self, entry: &Entry, proven: u64, found: &mut Findings) -> bool {
        let Header { index, .. } = entry.header;
        if !self.is_own(&entry.header, found) || !self.is_in_place(entry, proven, found) {
            return false;
        }
        let is_faulty = entry.leaf() != entry.seal;
        if is_faulty {
            found.at(Flaw::Altered, index, index, "its header is not the one that was sealed");
        }
        self.follow(entry, is_faulty, proven, found);
        self.note_time(&entry.header);
        self.tree.push(entry.seal);
        self.newest = Some(Newest { index, seal: entry.seal, is_faulty });
        self.next = index.saturating_add(1);
        !is_faulty
    }

    /// There are no more entries.
    pub(super) fn end(&mut self, proven: u64, found: &mut Findings) {
        self.settle(false, proven, found);
    }

    fn is_own(&mut self, header: &Header, found: &mut Findings) -> bool {
        if *self.site.get_or_insert(header.site) == header.site {
            return true;
        }
        found.at(Flaw::Foreign, self.next, self.next, format!("belongs to another site, {}", header.site));
        self.tear(self.next);
        if header.index == self.next {
            self.next += 1;
        }
        self.newest = None;
        false
    }

    fn is_in_place(&mut self, entry: &Entry, proven: u64, found: &mut Findings) -> bool {
        let index = entry.header.index;
        if index == self.next {
            return true;
        }
        self.settle(false, proven, found);
        if index > self.next {
            found.at(Flaw::Displaced, self.next, index - 1, format!("not in place; entry {index} stands there"));
            self.tear(self.next);
            self.next = index;
            self.newest = None;
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
        // Which of two rivals the next entry follows is not known, so its link is not asked.
        self.newest = None;
        false
    }

    fn follow(&mut self, entry: &Entry, is_faulty: bool, proven: u64, found: &mut Findings) {
        let Header { index, previous, .. } = entry.header;
        let before = match self.newest {
            None if index == 0 => Newest { index: 0, seal: Hash::NONE, is_faulty: false },
            None => return,
            Some(newest) => newest,
        };
        let is_linked = previous == before.seal;
        let was_suspect = self.suspect.is_some();
        self.settle(is_linked && !is_faulty, proven, found);
        if is_linked || is_faulty || before.is_faulty || was_suspect {
            return;
        }
        if index == 0 {
            found.at(Flaw::Altered, 0, 0, "names an entry before it, and there is none");
        } else {
            self.suspect = Some(before.index);
        }
    }

    /// The link between a suspect and the entry behind it is broken. If that entry is linked to the one behind it, it is
    /// sound and the suspect is not; if checkpoints vouch for the suspect, it is the other way round.
    fn settle(&mut self, is_next_sound: bool, proven: u64, found: &mut Findings) {
        let Some(suspect) = self.suspect.take() else { return };
        let behind = suspect + 1;
        let (first, last) = match () {
            () if proven > suspect => (behind, behind),
            () if is_next_sound => (suspect, suspect),
            () => (suspect, behind),
        };
        found.at(Flaw::Altered, first, last, "the hash that the next entry names is another");
    }

    fn note_time(&mut self, header: &Header) {
        let is_backward = self.latest.is_some_and(|latest| latest.since(header.time) > self.slack);
        if is_backward {
            let (first, times) = self.backward.unwrap_or((header.index, 0));
            self.backward = Some((first, times + 1));
        }
        self.latest = Some(header.time);
    }

    fn tear(&mut self, at: u64) {
        self.torn = Some(self.torn.map_or(at, |torn| torn.min(at)));
    }
}
