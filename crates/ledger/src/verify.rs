//! Verification: one pass over the stored entries, in bounded memory, offline.
//!
//! In: the stored entries in order, the checkpoints kept beside them in order, and whatever stands outside to hold them
//! against. Out: a [`Verdict`]. It never stops at the first fault, never believes a count or a hash that it can work out,
//! and says what it could not know.
//!
//! Memory: some hundred bytes, 64 faults, and one entry for each tombstone that is waited for; with [`Surroundings::rows`]
//! also one hash for each live row.

mod chain;
mod keys;
mod purges;
mod remembered;
mod rows;
mod verdict;

use crate::checkpoint::Checkpoint;
use crate::entry::{Attachment, Content, Detail, Entry, Kind};
use crate::hash::Hash;
use crate::key::PublicKey;
use crate::proof::Head;
use crate::retention::Retention;
use crate::site::Site;
use chain::Chain;
pub(crate) use keys::Keys;
use purges::Purges;
pub(crate) use remembered::Remembered;
use rows::Rows;
use std::fmt;
pub(crate) use verdict::Findings;
pub use verdict::{Fault, Flaw, Unknown, Verdict};
use wardlight_model::Time;

/// What is known from elsewhere, out of reach of whoever could change the ledger.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// Keys of this ledger that are known to be right; any of them, first or later.
    pub pinned: Vec<PublicKey>,
    /// Checkpoints seen earlier: a witness's file, printed reports, another node's.
    pub checkpoints: Vec<Checkpoint>,
    /// Names and keys of witnesses.
    pub witnesses: Vec<(String, PublicKey)>,
}

/// Finds an attachment and gives its hash; `None` when it is not there.
pub type FindAttachment<'a> = &'a mut dyn FnMut(&Attachment) -> Option<Hash>;
/// Every row of the database that follows from the ledger: its key and the hash of its content.
pub type LiveRows<'a> = &'a mut dyn Iterator<Item = (String, Hash)>;

/// What a ledger is held against. By default nothing: what is left out is told as unknown.
#[derive(Default)]
pub struct Surroundings<'a> {
    /// Whose ledger it should be; by default the first entry says.
    pub site: Option<Site>,
    /// The time now.
    pub now: Option<Time>,
    /// By how many µs clocks may disagree before it is noted.
    pub slack: i64,
    /// How long details must be kept.
    pub retention: Retention,
    /// What is known from elsewhere.
    pub memory: Memory,
    /// The attachments.
    pub attachments: Option<FindAttachment<'a>>,
    /// The database.
    pub rows: Option<LiveRows<'a>>,
}

/// Verifies a ledger: `entries` as stored, in order, and the `checkpoints` kept beside them, smallest first.
pub fn verify<B: AsRef<[u8]>, E: fmt::Display, C: AsRef<str>>(
    entries: impl IntoIterator<Item = Result<B, E>>,
    checkpoints: impl IntoIterator<Item = C>,
    around: Surroundings,
) -> Verdict {
    let mut verifier = Verifier::new(around);
    let mut checkpoints = checkpoints.into_iter();
    let mut waiting = verifier.read_next(&mut checkpoints);
    for entry in entries {
        match entry {
            Ok(bytes) => verifier.entry(bytes.as_ref()),
            Err(error) => verifier.chain.unreadable(&format!("cannot be had: {error}"), &mut verifier.found),
        }
        let settled = verifier.chain.tree.size();
        while let Some(checkpoint) = waiting.take_if(|checkpoint| checkpoint.head.size <= settled) {
            verifier.checkpoint(&checkpoint);
            waiting = verifier.read_next(&mut checkpoints);
        }
        verifier.recall();
    }
    verifier.chain.end(waiting.as_ref().map(|checkpoint| checkpoint.head.root), &mut verifier.found);
    verifier.recall();
    while let Some(checkpoint) = waiting {
        verifier.checkpoint(&checkpoint);
        waiting = verifier.read_next(&mut checkpoints);
    }
    verifier.finish()
}

struct Verifier<'a> {
    chain: Chain,
    keys: Keys,
    purges: Purges,
    remembered: Remembered,
    attachments: Option<FindAttachment<'a>>,
    rows: Option<Rows<'a>>,
    is_pinned: bool,
    /// So many entries are vouched for by a checkpoint.
    proven: u64,
    has_checkpoint: bool,
    is_doubted: bool,
    found: Findings,
}

impl<'a> Verifier<'a> {
    fn new(around: Surroundings<'a>) -> Self {
        let Memory { pinned, checkpoints, witnesses } = around.memory;
        let latest = around.now.map(|now| now.plus(around.slack));
        Self {
            chain: Chain::new(around.site, around.slack),
            is_pinned: !pinned.is_empty(),
            keys: Keys::new(pinned),
            purges: Purges::new(around.retention, latest),
            remembered: Remembered::new(checkpoints, witnesses),
            attachments: around.attachments,
            rows: around.rows.map(Rows::new),
            proven: 0,
            has_checkpoint: false,
            is_doubted: false,
            found: Findings::default(),
        }
    }

    fn read_next<C: AsRef<str>>(&mut self, texts: &mut impl Iterator<Item = C>) -> Option<Checkpoint> {
        for text in texts {
            self.has_checkpoint = true;
            match Checkpoint::parse(text.as_ref()) {
                Ok(checkpoint) => return Some(checkpoint),
                Err(error) => self.doubt(self.chain.next, &format!("a checkpoint {error}")),
            }
        }
        None
    }

    fn entry(&mut self, stored: &[u8]) {
        let entry = match Entry::read(stored) {
            Ok(entry) => entry,
            Err(error) => return self.chain.unreadable(&error.to_string(), &mut self.found),
        };
        let place = self.chain.next;
        if !self.chain.take(&entry, &mut self.found) {
            self.keys.doubt(place);
            return self.purges.lose(place);
        }
        let header = &entry.header;
        let detail = self.detail(&entry);
        self.keys.take(header, detail.as_ref(), &mut self.found);
        if header.kind == Kind::Purge {
            self.purges.tombstone(header, detail.as_ref(), &mut self.found);
        }
        if let Some(detail) = &detail {
            self.look_outside(header.index, detail);
        }
    }

    /// The details, when they are there, right, and asked for.
    fn detail<'b>(&mut self, entry: &Entry<'b>) -> Option<Detail<'b>> {
        let header = &entry.header;
        let index = header.index;
        match entry.content {
            Content::Purged(_) if purges::is_kept(header.kind) => {
                self.found.at(Flaw::Purge, index, index, "its details are gone, and its kind is kept for ever");
                return None;
            }
            Content::Purged(tombstone) => {
                self.purges.take(header, tombstone, &mut self.found);
                return None;
            }
            Content::Withheld => {
                self.found.at(Flaw::Purge, index, index, "its details are gone without a tombstone");
                return None;
            }
            Content::Kept(_) if !entry.is_whole() => {
                self.found.at(Flaw::Altered, index, index, "its details are not those that its header names");
                return None;
            }
            Content::Kept(_) => {}
        }
        let is_asked = purges::is_kept(header.kind) || self.attachments.is_some() || self.rows.is_some();
        match entry.detail() {
            _ if !is_asked => None,
            Ok(detail) => detail,
            Err(error) => {
                self.found.at(Flaw::Altered, index, index, format!("its details cannot be read: it {error}"));
                None
            }
        }
    }

    fn look_outside(&mut self, index: u64, detail: &Detail) {
        if let Some(find) = &mut self.attachments {
            self.found.attachments(index, detail, find);
        }
        if let Some(rows) = &mut self.rows {
            rows.take(index, detail);
        }
    }

    /// Holds a checkpoint against the entries up to its size.
    fn checkpoint(&mut self, checkpoint: &Checkpoint) {
        let Head { size, root } = checkpoint.head;
        let entries = self.chain.tree.size();
        if self.chain.torn.is_some() {
            return;
        }
        if self.chain.site().is_some_and(|site| site != checkpoint.site) {
            let says = format!("a checkpoint over {size} entries belongs to another site, {}", checkpoint.site);
            return self.found.at(Flaw::Foreign, self.proven, size.saturating_sub(1), says);
        }
        if size > entries {
            return self
                .doubt(size, &format!("a checkpoint over {size} entries says that there were more than {entries}"));
        }
        if size != entries {
            return self.doubt(size, &format!("the checkpoint over {size} entries comes out of order"));
        }
        if root != self.chain.tree.root() {
            return self.doubt(size, &format!("other entries than those in the checkpoint over {size} entries"));
        }
        match self.keys.check(checkpoint) {
            Ok(true) => {}
            Ok(false) => return,
            Err(wrong) => return self.doubt(size, &format!("the checkpoint over {size} entries {wrong}")),
        }
        self.proven = size;
        self.keys.vouch(size);
        self.purges.vouch(size);
    }

    fn doubt(&mut self, size: u64, says: &str) {
        self.is_doubted = true;
        self.found.at(Flaw::Checkpoint, self.proven, size.saturating_sub(1), says);
    }

    /// Holds what is remembered outside of this size against the entries.
    fn recall(&mut self) {
        if self.chain.torn.is_some() {
            return;
        }
        while let Some(remembered) = self.remembered.next(self.chain.tree.size()) {
            if self.remembered.is_ours(&remembered, self.chain.site()) {
                let is_same = remembered.head == Head { size: self.chain.tree.size(), root: self.chain.tree.root() };
                self.remembered.compared(&remembered, is_same, self.keys.know(&remembered), &mut self.found);
            }
        }
    }

    fn finish(mut self) -> Verdict {
        let entries = self.chain.next;
        // Where places or keys are lost, checkpoints were not asked, and could not vouch.
        if self.chain.torn.is_none() && self.keys.lost().is_none() {
            self.keys.end(entries, &mut self.found);
        }
        let doubted = self.is_doubted.then_some(self.proven);
        let told = [self.chain.torn, self.keys.lost(), doubted].into_iter().flatten().min();
        self.purges.end(told, &mut self.found);
        if self.chain.torn.is_none() {
            self.recall_beyond(entries);
        }
        let mut unknown = Vec::new();
        let lost = self.chain.torn.into_iter().chain(self.keys.lost()).min();
        unknown.extend(lost.map(|first| Unknown::Uncompared { first }));
        unknown.extend((entries == 0).then_some(Unknown::Empty));
        unknown.extend((!self.is_pinned).then_some(Unknown::Unpinned));
        if entries > 0 && !self.has_checkpoint && self.chain.torn.is_none() {
            self.doubt(entries, "no checkpoint vouches for anything");
        } else if self.proven < entries {
            unknown.push(Unknown::Unsigned { first: self.proven });
        }
        unknown.extend(self.attachments.is_none().then_some(Unknown::Attachments));
        match self.rows {
            // A replay of what is not as it was written would blame the wrong entries.
            Some(rows) if self.found.is_written() => rows.compare(entries, &mut self.found),
            _ => unknown.push(Unknown::Rows),
        }
        unknown.extend(self.purges.unknown);
        unknown.extend(self.remembered.end(entries));
        let (faults, more) = self.found.finish();
        let (root, backward) = (self.chain.tree.root(), self.chain.backward);
        Verdict { entries, root, proven: self.proven, faults, more, unknown, backward }
    }

    fn recall_beyond(&mut self, entries: u64) {
        while let Some(remembered) = self.remembered.next(u64::MAX) {
            if self.remembered.is_ours(&remembered, self.chain.site()) {
                self.remembered.beyond(&remembered, entries, self.keys.know(&remembered), &mut self.found);
            }
        }
    }
}
