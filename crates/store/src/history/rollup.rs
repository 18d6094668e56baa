//! Hourly sums: who talked to whom by which service, how much, how often.
//!
//! In: flows or rows, in any order. Out: one [`Sum`] for each (hour, initiator, responder, service). Sums of parts
//! merge into the sum of the whole, in any order. A flow counts in the hour in which it ended, as in the files.

use super::manifest::Hour;
use super::row::Row;
use foldhash::fast::RandomState;
use hashbrown::{Equivalent, HashMap};
use std::hash::{Hash, Hasher};
use wardlight_model::{Direction, Endpoint, Flow, Time};

/// What is summed up together. Ordered by hour first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SumKey {
    /// The hour in which the flows ended.
    pub hour: Hour,
    /// Who began; its scope is that of both.
    pub initiator: Endpoint,
    /// Who answered.
    pub responder: Endpoint,
    /// Name of the application protocol, when known.
    pub service: Option<String>,
}

/// What a number of flows had together. Counts saturate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sum {
    /// Number of flows.
    pub flows: u64,
    /// Counts from the initiator and from the responder.
    pub sent: [Direction; 2],
    /// First packet of the first.
    pub first: Time,
    /// Last packet of the last.
    pub last: Time,
}

impl Sum {
    /// Adds what `other` counted.
    pub fn merge(&mut self, other: &Self) {
        self.flows = self.flows.saturating_add(other.flows);
        for (own, theirs) in self.sent.iter_mut().zip(other.sent) {
            own.packets = own.packets.saturating_add(theirs.packets);
            own.ip_bytes = own.ip_bytes.saturating_add(theirs.ip_bytes);
            own.bytes = own.bytes.saturating_add(theirs.bytes);
            own.missed = own.missed.saturating_add(theirs.missed);
        }
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// Sums by key.
#[derive(Debug, Default)]
pub struct Rollup {
    sums: HashMap<SumKey, Sum, RandomState>,
}

impl Rollup {
    /// Counts a flow.
    pub fn add(&mut self, flow: &Flow) {
        let [initiator, responder] = ends(flow.key.scope, &flow.key, flow.macs);
        let service = flow.service.map(|service| service.name);
        let sum = Sum { flows: 1, sent: flow.sent, first: flow.first, last: flow.last };
        self.merge_one(&Lent { hour: Hour::of(flow.last), initiator, responder, service }, &sum);
    }

    /// Counts a flow as it was read back.
    pub fn add_row(&mut self, row: &Row) {
        let [initiator, responder] = ends(row.key.scope, &row.key, row.macs);
        let service = row.service.as_ref().map(|(name, _)| name.as_str());
        let sum = Sum { flows: 1, sent: row.sent, first: row.first, last: row.last };
        self.merge_one(&Lent { hour: Hour::of(row.last), initiator, responder, service }, &sum);
    }

    /// Adds the sums of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (key, sum) in other.sorted() {
            self.merge_one(&key.lend(), sum);
        }
    }

    /// All sums in order of their keys.
    #[must_use]
    pub fn sorted(&self) -> Vec<(&SumKey, &Sum)> {
        let mut sums: Vec<_> = self.sums.iter().collect();
        sums.sort_unstable_by_key(|(key, _)| *key);
        sums
    }

    /// Number of sums.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    fn merge_one(&mut self, key: &Lent<'_>, sum: &Sum) {
        match self.sums.get_mut(key) {
            Some(known) => known.merge(sum),
            None => {
                self.sums.insert(key.keep(), *sum);
            }
        }
    }
}

fn ends(
    scope: wardlight_model::Scope,
    key: &wardlight_model::FlowKey,
    macs: [Option<wardlight_model::Mac>; 2],
) -> [Endpoint; 2] {
    let [from, to] = macs;
    [(from, key.initiator.0), (to, key.responder.0)].map(|(mac, ip)| Endpoint { scope, mac, ip: Some(ip) })
}

/// A [`SumKey`] that borrows its name.
#[derive(PartialEq, Eq)]
struct Lent<'a> {
    hour: Hour,
    initiator: Endpoint,
    responder: Endpoint,
    service: Option<&'a str>,
}

impl Lent<'_> {
    fn keep(&self) -> SumKey {
        SumKey {
            hour: self.hour,
            initiator: self.initiator,
            responder: self.responder,
            service: self.service.map(str::to_owned),
        }
    }
}

impl SumKey {
    fn lend(&self) -> Lent<'_> {
        let service = self.service.as_deref();
        Lent { hour: self.hour, initiator: self.initiator, responder: self.responder, service }
    }
}

// Both hash alike, so that a flow is found without a copy of its service's name.
impl Hash for Lent<'_> {
    fn hash<H: Hasher>(&self, into: &mut H) {
        (self.hour, self.initiator, self.responder, self.service).hash(into);
    }
}

impl Hash for SumKey {
    fn hash<H: Hasher>(&self, into: &mut H) {
        self.lend().hash(into);
    }
}

impl Equivalent<SumKey> for Lent<'_> {
    fn equivalent(&self, key: &SumKey) -> bool {
        *self == key.lend()
    }
}
