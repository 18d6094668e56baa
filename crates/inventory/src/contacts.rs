//! Who talked to whom, summed up over all conversations of a run.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher as _;
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
    sums: Vec<(Pair, Exchange)>,
    /// Places of sums, each with the hash of its pair.
    places: HashTable<(u64, u32)>,
    hasher: FixedState,
    left_out: u64,
}

/// Two ends and the service between them.
type Pair = (Endpoint, Endpoint, &'static str);

impl Contacts {
    /// Most sums held.
    pub const MOST: usize = 1_000_000;

    /// Adds one conversation.
    pub fn hear(&mut self, flow: &Flow) {
        let service = flow.service.map_or("-", |service| service.name);
        let pair = (flow.endpoint(Side::Initiator), flow.endpoint(Side::Responder), service);
        let hash = self.hasher.hash_one(pair);
        let Self { sums, places, .. } = self;
        let is_held =
            |(kept, at): &(u64, u32)| *kept == hash && sums.get(*at as usize).is_some_and(|(held, _)| *held == pair);
        let at = places.find(hash, is_held).map_or(sums.len(), |(_, at)| *at as usize);
        if at == sums.len() {
            let Some(place) = u32::try_from(at).ok().filter(|_| at < Self::MOST) else {
                self.left_out += 1;
                return;
            };
            places.insert_unique(hash, (hash, place), |(hash, _)| *hash);
            sums.push((pair, Exchange::default()));
        }
        let Some((_, sum)) = sums.get_mut(at) else { return };
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
