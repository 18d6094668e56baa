//! Which key is in force, and whether the pinned one vouches.

use super::verdict::{Findings, Flaw};
use crate::checkpoint::Checkpoint;
use crate::entry::{Detail, Header, Kind};
use crate::key::{KeyBody, Place, PublicKey};
use crate::note::Signed;

/// The keys of a ledger, in the order in which they came into force.
#[derive(Debug)]
pub(crate) struct Keys {
    /// Each with the index of the entry that names it.
    all: Vec<(u64, PublicKey)>,
    pinned: Vec<PublicKey>,
    is_vouched: bool,
    /// The first entry that should name a key and names none to be believed; later keys are not known.
    lost: Option<u64>,
    /// The first entry that cannot be believed, whatever it names: it may have named a key.
    doubted: Option<u64>,
}

impl Keys {
    pub(crate) fn new(pinned: Vec<PublicKey>) -> Self {
        Self { all: Vec::new(), pinned, is_vouched: false, lost: None, doubted: None }
    }

    /// Takes an entry of kind *key*, or finds out that the first entry is none.
    pub(crate) fn take(&mut self, header: &Header, detail: Option<&Detail>, found: &mut Findings) {
        let index = header.index;
        if header.kind != Kind::Key {
            if index == 0 {
                found.at(Flaw::Key, 0, 0, "the first entry names no key");
                self.lost = Some(0);
            }
            return;
        }
        let place = Place { site: header.site, index, previous: header.previous };
        let body = detail.and_then(|detail| KeyBody::read(detail.body).ok());
        let Some(body) = body else {
            found.at(Flaw::Key, index, index, "the key it names cannot be read");
            self.lost.get_or_insert(index);
            return;
        };
        let by = if index == 0 { Some(body.key) } else { self.all.last().map(|(_, key)| *key) };
        match by.filter(|by| body.is_signed_by(*by, place)) {
            // Once a key is lost, that the next one is not vouched for says nothing new.
            None if self.lost.or(self.doubted).is_some() => self.lost = self.lost.or(self.doubted),
            None => {
                found.at(Flaw::Key, index, index, "the key it names is not vouched for by the key before");
                self.lost = Some(index);
            }
            Some(by) => {
                // The first key signs itself, which proves nothing about what followed.
                self.is_vouched |= index > 0 && self.pinned.contains(&by);
                self.all.push((index, body.key));
            }
        }
    }

    /// Whether the key in force signed a checkpoint; `false` when that key is lost, which is told already. Errors: what is
    /// wrong with the signature.
    pub(crate) fn check(&mut self, checkpoint: &Checkpoint) -> Result<bool, &'static str> {
        let size = checkpoint.head.size;
        if self.lost.is_some_and(|lost| lost < size) {
            return Ok(false);
        }
        match self.in_force(size).map(|key| checkpoint.signed(key)) {
            Some(Signed::Yes) => Ok(true),
            Some(Signed::No) if self.doubted.is_some_and(|doubted| doubted < size) => {
                self.lost = self.doubted;
                Ok(false)
            }
            Some(Signed::Falsely) => Err("carries a false signature"),
            Some(Signed::No) => Err("is not signed by the key in force"),
            None => Err("cannot be checked: no key is named"),
        }
    }

    /// The entry in this place cannot be believed.
    pub(crate) fn doubt(&mut self, index: u64) {
        self.doubted.get_or_insert(index);
    }

    /// The first entry from which on keys are not known.
    pub(crate) fn lost(&self) -> Option<u64> {
        self.lost
    }

    /// A checkpoint of this size, signed by the key in force, is right in all it states.
    pub(crate) fn vouch(&mut self, size: u64) {
        self.is_vouched |= self.in_force(size).is_some_and(|key| self.pinned.contains(&key));
    }

    /// Whether a key of this ledger, or a pinned one, signed it.
    pub(crate) fn know(&self, checkpoint: &Checkpoint) -> bool {
        let own = self.all.iter().map(|(_, key)| key);
        own.chain(&self.pinned).any(|key| checkpoint.is_signed_by(*key))
    }

    /// The key that signs checkpoints over so many entries.
    fn in_force(&self, size: u64) -> Option<PublicKey> {
        self.all.iter().rev().find(|(index, _)| *index < size).map(|(_, key)| *key)
    }

    pub(crate) fn end(&self, entries: u64, found: &mut Findings) {
        if !self.pinned.is_empty() && !self.is_vouched {
            found.at(Flaw::Key, 0, entries.saturating_sub(1), "nothing here is vouched for by the pinned key");
        }
    }
}
