//! What sensors said, each fact and each address once.
//!
//! Bounded: a device that says ever new values, or a network that says ever new things, is counted, not kept. Facts are
//! shared with whoever looks at them: what is learned meanwhile changes nothing for them.

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};
use std::hash::BuildHasher as _;
use std::sync::Arc;
use wardlight_dissect::tally::Bounds;
use wardlight_model::{Endpoint, Fact, Presence, Subject};

/// Most values kept of one field of one subject.
const VALUES: u32 = 256;

/// Facts and presences of a site.
pub(super) struct Heard {
    hasher: FixedState,
    facts: Vec<Arc<Fact>>,
    index: HashTable<usize>,
    values: HashMap<u64, u32, FixedState>,
    presences: HashMap<Endpoint, Presence, FixedState>,
    bounds: Bounds,
    dropped: u64,
}

impl Heard {
    /// Nothing was heard, and no more than `bounds` will be kept. `seed` keeps hash positions unpredictable.
    pub(super) fn bounded(seed: u64, bounds: Bounds) -> Self {
        let hasher = FixedState::with_seed(seed);
        Self {
            facts: Vec::new(),
            index: HashTable::new(),
            values: HashMap::with_hasher(hasher.clone()),
            presences: HashMap::with_hasher(hasher.clone()),
            hasher,
            bounds,
            dropped: 0,
        }
    }

    /// Every fact, in the order of first sight.
    pub(super) fn facts(&self) -> Vec<Arc<Fact>> {
        self.facts.clone()
    }

    /// Every pair of addresses that sent or got something, in the order of addresses.
    #[expect(clippy::disallowed_methods, reason = "sorted before anyone sees the order")]
    pub(super) fn presences(&self) -> Vec<Presence> {
        let mut all: Vec<Presence> = self.presences.values().copied().collect();
        all.sort_unstable_by_key(|presence| presence.endpoint);
        all
    }

    /// What was not kept because a bound was reached.
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Adds what a sensor counted, and gives the fact as it stands now; `None` when a bound was reached. A fact that is
    /// known already keeps its origin and its first place.
    pub(super) fn add_fact(&mut self, fact: Fact) -> Option<&Fact> {
        let hash = hash_of(&self.hasher, &fact);
        let same = |held: &Arc<Fact>| {
            (held.field, &held.value, held.protocol) == (fact.field, &fact.value, fact.protocol)
                && held.subject == fact.subject
        };
        let held = self.index.find(hash, |at| self.facts.get(*at).is_some_and(same)).copied();
        if let Some(at) = held {
            let held = Arc::make_mut(self.facts.get_mut(at)?);
            held.count = held.count.saturating_add(fact.count);
            held.first = held.first.min(fact.first);
            held.last = held.last.max(fact.last);
            return Some(held);
        }
        let values = self.values.entry(self.hasher.hash_one((parts(&fact.subject), fact.field))).or_insert(0);
        *values += 1;
        if self.facts.len() >= self.bounds.facts || *values > VALUES {
            self.dropped += 1;
            return None;
        }
        let hashes = |at: &usize| self.facts.get(*at).map_or(0, |fact| hash_of(&self.hasher, fact));
        self.index.insert_unique(hash, self.facts.len(), hashes);
        self.facts.push(Arc::new(fact));
        self.facts.last().map(|fact| &**fact)
    }

    /// Adds what a sensor counted, and gives the presence as it stands now; `None` when a bound was reached.
    pub(super) fn add_presence(&mut self, seen: &Presence) -> Option<Presence> {
        if self.presences.len() >= self.bounds.presences && !self.presences.contains_key(&seen.endpoint) {
            self.dropped += 1;
            return None;
        }
        let held = self.presences.entry(seen.endpoint).or_insert(Presence { packets: 0, ..*seen });
        held.first = held.first.min(seen.first);
        held.last = held.last.max(seen.last);
        held.packets = held.packets.saturating_add(seen.packets);
        held.ttl = held.ttl.max(seen.ttl);
        held.sent |= seen.sent;
        Some(*held)
    }
}

fn hash_of(hasher: &FixedState, fact: &Fact) -> u64 {
    hasher.hash_one((parts(&fact.subject), fact.field, fact.value.as_str(), fact.protocol))
}

fn parts(subject: &Subject) -> (&Endpoint, Option<(wardlight_model::KeyKind, &str)>) {
    match subject {
        Subject::Host(endpoint) => (endpoint, None),
        Subject::Nested { via, key } => (via, Some((key.kind, key.text.as_str()))),
    }
}
