//! Who talked to whom, summed up over all conversations of a run.

use foldhash::fast::FixedState;
use indexmap::IndexMap;
use wardlight_model::{Endpoint, Flow, Side};

/// How much two ends exchanged by one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Exchange {
    pub(crate) ip_bytes: u64,
    pub(crate) flows: u64,
}

/// The sums, by pair of ends and service. Holds at most [`Contacts::MOST`] of them; what is beyond is only counted.
#[derive(Debug, Clone, Default)]
pub struct Contacts {
    sums: IndexMap<(Endpoint, Endpoint, &'static str), Exchange, FixedState>,
    left_out: u64,
}

impl Contacts {
    /// Most sums held.
    pub const MOST: usize = 1_000_000;

    /// Adds one conversation.
    pub fn hear(&mut self, flow: &Flow) {
        let service = flow.service.map_or("-", |service| service.name);
        let pair = (flow.endpoint(Side::Initiator), flow.endpoint(Side::Responder), service);
        if self.sums.len() >= Self::MOST && !self.sums.contains_key(&pair) {
            self.left_out += 1;
            return;
        }
        let sum = self.sums.entry(pair).or_default();
        let bytes = flow.sent.iter().fold(0u64, |sum, way| sum.saturating_add(way.ip_bytes));
        sum.ip_bytes = sum.ip_bytes.saturating_add(bytes);
        sum.flows += 1;
    }

    /// Conversations that found no room.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// In the order of first sight.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Endpoint, &Endpoint, &'static str, Exchange)> {
        self.sums.iter().map(|((a, b, service), sum)| (a, b, *service, *sum))
    }
}
