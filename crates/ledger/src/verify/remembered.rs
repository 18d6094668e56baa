//! The outside memory: checkpoints that somebody else kept.

use super::verdict::{Findings, Flaw, Unknown};
use crate::checkpoint::Checkpoint;
use crate::key::PublicKey;
use crate::site::Site;
use std::collections::VecDeque;

/// What is remembered outside, smallest first, and how far it agrees.
#[derive(Debug)]
pub(crate) struct Remembered {
    waiting: VecDeque<Checkpoint>,
    witnesses: Vec<(String, PublicKey)>,
    is_empty: bool,
    /// Up to so many entries memory and ledger agree.
    agreed: u64,
    pub(crate) unknown: Vec<Unknown>,
}

impl Remembered {
    pub(crate) fn new(mut all: Vec<Checkpoint>, witnesses: Vec<(String, PublicKey)>) -> Self {
        all.sort_by_key(|checkpoint| checkpoint.head.size);
        Self { is_empty: all.is_empty(), waiting: all.into(), witnesses, agreed: 0, unknown: Vec::new() }
    }

    /// The next remembered checkpoint of at most this size.
    pub(crate) fn next(&mut self, size: u64) -> Option<Checkpoint> {
        if self.waiting.front()?.head.size <= size { self.waiting.pop_front() } else { None }
    }

    /// Whether it is this site's and of a real size; if not, it is put aside.
    pub(crate) fn is_ours(&mut self, checkpoint: &Checkpoint, site: Option<Site>) -> bool {
        let is_ours = checkpoint.head.size > 0 && site.is_none_or(|site| site == checkpoint.site);
        if !is_ours {
            self.put_aside(checkpoint);
        }
        is_ours
    }

    /// A remembered checkpoint was compared with the ledger as it stood at its size, and says the same or not.
    pub(crate) fn compared(&mut self, remembered: &Checkpoint, is_same: bool, is_known: bool, found: &mut Findings) {
        let size = remembered.head.size;
        if is_same {
            self.agreed = self.agreed.max(size);
            return;
        }
        let says = format!(
            "other entries than those in the checkpoint over {size} entries {}",
            self.origin(remembered, is_known)
        );
        found.at(Flaw::Memory, self.agreed, size - 1, says);
    }

    /// A remembered checkpoint is larger than the ledger.
    pub(crate) fn beyond(&mut self, remembered: &Checkpoint, entries: u64, is_known: bool, found: &mut Findings) {
        let size = remembered.head.size;
        let says = format!("missing: a checkpoint over {size} entries {}", self.origin(remembered, is_known));
        found.at(Flaw::Memory, entries, size - 1, says);
    }

    /// It cannot be compared.
    pub(crate) fn put_aside(&mut self, checkpoint: &Checkpoint) {
        self.unknown.push(Unknown::Remembered { size: checkpoint.head.size });
    }

    /// Nothing more can be compared.
    pub(crate) fn end(mut self, entries: u64) -> Vec<Unknown> {
        let left = self.waiting.iter().map(|checkpoint| Unknown::Remembered { size: checkpoint.head.size });
        self.unknown.extend(left);
        if self.is_empty {
            self.unknown.insert(0, Unknown::Unremembered);
        } else if self.agreed < entries {
            self.unknown.insert(0, Unknown::Behind { size: self.agreed });
        }
        self.unknown
    }

    /// The key of a remembered checkpoint may be one that a forged ledger does not name, so it counts all the same.
    fn origin(&self, checkpoint: &Checkpoint, is_known: bool) -> &'static str {
        let is_witnessed = self.witnesses.iter().any(|(name, key)| checkpoint.is_cosigned_by(name, *key));
        match (is_known, is_witnessed) {
            (_, true) => "was seen and signed by a witness",
            (true, false) => "was signed by this ledger's key and kept outside",
            (false, false) => "was kept outside; its key is none that this ledger names",
        }
    }
}
