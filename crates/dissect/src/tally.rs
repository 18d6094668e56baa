//! Facts seen a thousand times, kept once: what a sensor hands on.
//!
//! Bounded: a device that says ever new values, or a network that says ever new things, is counted, not kept.

use crate::output::{Sighting, Sink};
use crate::seeded::{self, Seeded};
use hashbrown::HashTable;
use std::collections::BTreeMap;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use wardlight_model::{Endpoint, Fact, Flow, Key, Origin, Presence, Record, Side, Subject, Time, Transport, Weird};

/// Most facts kept by [`Tally::new`].
const FACTS: usize = 1 << 20;
/// Most values kept of one field of one subject.
const VALUES: u32 = 256;
/// Most pairs of hardware and network address kept by [`Tally::new`].
const PRESENCES: usize = 1 << 20;

/// How much a tally holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most facts.
    pub facts: usize,
    /// Most pairs of hardware and network address.
    pub presences: usize,
}

/// What is done with each conversation and transaction while facts are counted.
pub trait Listener {
    /// A conversation was reported.
    fn flow(&mut self, flow: &Flow) {
        let _ = flow;
    }
    /// Whether transactions are wanted.
    fn wants_records(&self) -> bool {
        false
    }
    /// A transaction was seen.
    fn record(&mut self, record: &Record) {
        let _ = record;
    }
}

/// Listens to nothing.
impl Listener for () {}

/// Facts, presences, weirds and services of a run.
pub struct Tally {
    hasher: Seeded,
    /// Makes the second half of prints.
    other: Seeded,
    facts: Vec<Fact>,
    index: HashTable<Kept>,
    values: hashbrown::HashMap<u64, u32, Seeded>,
    presences: Vec<Presence>,
    /// Places of presences, each with the hash of its endpoint.
    places: HashTable<(u64, u32)>,
    weirds: BTreeMap<&'static str, Odd>,
    services: hashbrown::HashMap<(Transport, &'static str), Spoken, Seeded>,
    bounds: Bounds,
    dropped: u64,
}

/// Where a fact is kept, and a print of what it says: 96 bits that nobody outside can foretell, so that what is said again,
/// which most is, is not compared word by word, far away in memory.
#[derive(Debug, Clone, Copy)]
struct Kept {
    hash: u64,
    check: u32,
    at: u32,
}

/// A weird and how often it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Odd {
    /// How often.
    pub count: u64,
    /// The first time.
    pub first: Weird,
}

/// How much one application protocol was spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spoken {
    /// Conversations.
    pub flows: u64,
    /// Of these, how many are known by the port alone.
    pub by_port: u64,
    /// Bytes of IP packets both ways.
    pub ip_bytes: u64,
    /// IP packets both ways.
    pub packets: u64,
}

impl Tally {
    /// Nothing was seen. `seed` keeps hash positions unpredictable.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::bounded(seed, Bounds { facts: FACTS, presences: PRESENCES })
    }

    /// Nothing was seen, and no more than `bounds` will be kept.
    #[must_use]
    pub fn bounded(seed: u64, bounds: Bounds) -> Self {
        let hasher = seeded::by(seed);
        Self {
            hasher: hasher.clone(),
            other: seeded::by(hasher.hash_one(seed)),
            facts: Vec::new(),
            index: HashTable::new(),
            values: hashbrown::HashMap::with_hasher(hasher.clone()),
            presences: Vec::new(),
            places: HashTable::new(),
            weirds: BTreeMap::new(),
            services: hashbrown::HashMap::with_hasher(hasher.clone()),
            bounds,
            dropped: 0,
        }
    }

    /// Every fact, in the order of first sight.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Its facts, in the order of first sight.
    #[must_use]
    pub fn into_facts(self) -> Vec<Fact> {
        self.facts
    }

    /// Every pair of addresses that sent or got something, in the order of addresses.
    #[must_use]
    pub fn presences(&self) -> Vec<Presence> {
        let mut all = self.presences.clone();
        all.sort_unstable_by_key(|presence| presence.endpoint);
        all
    }

    /// Counts `weird` so many times.
    pub fn note(&mut self, weird: Weird, times: u64) {
        let odd = self.weirds.entry(weird.name).or_insert(Odd { count: 0, first: weird });
        odd.count = odd.count.saturating_add(times);
    }

    /// Breaches of specifications, by name.
    #[must_use]
    pub const fn weirds(&self) -> &BTreeMap<&'static str, Odd> {
        &self.weirds
    }

    /// Application protocols by transport and name; `-` is the unknown.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "sorted before anyone sees the order")]
    pub fn services(&self) -> BTreeMap<(Transport, &'static str), Spoken> {
        self.services.iter().map(|(key, spoken)| (*key, *spoken)).collect()
    }

    /// Sightings that were not kept because a bound was reached.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// A sink that counts here and passes flows and records on to `listener`.
    pub fn with<'a>(&'a mut self, listener: &'a mut dyn Listener) -> Counting<'a> {
        Counting { tally: self, listener }
    }

    /// What was seen since the last time, and begins anew: what a sensor hands on.
    #[must_use]
    pub fn take(&mut self, seed: u64) -> Self {
        std::mem::replace(self, Self::bounded(seed, self.bounds))
    }

    fn see(&mut self, seen: &Sighting<'_>) {
        let (hash, check) = self.print(seen);
        let Self { facts, index, .. } = self;
        let held = index.find(hash, |kept| kept.hash == hash && kept.check == check);
        if let Some(fact) = held.and_then(|kept| facts.get_mut(kept.at as usize)) {
            fact.count += 1;
            fact.last = fact.last.max(seen.time);
            return;
        }
        let Ok(at) = u32::try_from(self.facts.len()) else { return };
        if self.facts.len() >= self.bounds.facts || !self.has_room(seen) {
            self.dropped += 1;
            return;
        }
        self.index.insert_unique(hash, Kept { hash, check, at }, |kept| kept.hash);
        self.facts.push(keep(seen));
    }

    fn has_room(&mut self, seen: &Sighting<'_>) -> bool {
        let subject = self.hasher.hash_one((&seen.endpoint, seen.key, seen.field));
        let values = self.values.entry(subject).or_insert(0);
        *values += 1;
        *values <= VALUES
    }

    fn print(&self, seen: &Sighting<'_>) -> (u64, u32) {
        let said = (seen.endpoint, seen.key, seen.field, seen.value, seen.protocol);
        // Half a hash is enough beside a whole one.
        let [a, b, c, d, ..] = self.other.hash_one(said).to_le_bytes();
        (self.hasher.hash_one(said), u32::from_le_bytes([a, b, c, d]))
    }

    fn meet(&mut self, endpoint: Endpoint, packets: u64, ttl: Option<u8>, (first, last): (Time, Time), sent: bool) {
        let ttl = ttl.unwrap_or_default();
        let hash = self.hasher.hash_one(endpoint);
        let Self { presences, places, .. } = self;
        let is_held = |(kept, at): &(u64, u32)| {
            *kept == hash && presences.get(*at as usize).is_some_and(|held| held.endpoint == endpoint)
        };
        let at = places.find(hash, is_held).map_or(presences.len(), |(_, at)| *at as usize);
        if at == presences.len() {
            let Some(place) = u32::try_from(at).ok().filter(|_| at < self.bounds.presences) else {
                self.dropped += 1;
                return;
            };
            places.insert_unique(hash, (hash, place), |(hash, _)| *hash);
            presences.push(Presence { endpoint, first, last, packets: 0, ttl, sent, origin: Origin::default() });
        }
        let Some(held) = presences.get_mut(at) else { return };
        held.first = held.first.min(first);
        held.last = held.last.max(last);
        held.packets += packets;
        held.ttl = held.ttl.max(ttl);
        held.sent |= sent;
    }

    fn count(&mut self, flow: &Flow) {
        let name = flow.service.map_or("-", |service| service.name);
        let spoken = self.services.entry((flow.key.transport, name)).or_default();
        spoken.flows += 1;
        spoken.by_port += u64::from(flow.service.is_some_and(|service| service.known == wardlight_model::Known::Port));
        for direction in flow.sent {
            spoken.ip_bytes += direction.ip_bytes;
            spoken.packets += direction.packets;
        }
        for (side, direction) in [Side::Initiator, Side::Responder].into_iter().zip(flow.sent) {
            let [from, to] = flow.hop_limits;
            let ttl = if side == Side::Initiator { from } else { to };
            let endpoint = flow.endpoint(side);
            if !endpoint.ip.is_some_and(is_group) {
                self.meet(endpoint, direction.packets, ttl, (flow.first, flow.last), direction.packets > 0);
            }
        }
    }
}

/// A [`Tally`] at work.
pub struct Counting<'a> {
    tally: &'a mut Tally,
    listener: &'a mut dyn Listener,
}

impl Sink for Counting<'_> {
    fn fact(&mut self, sighting: &Sighting<'_>) {
        self.tally.see(sighting);
    }

    fn wants_records(&self) -> bool {
        self.listener.wants_records()
    }

    fn record(&mut self, record: Record) {
        self.listener.record(&record);
    }

    fn weird(&mut self, weird: Weird) {
        self.tally.note(weird, 1);
    }

    fn flow(&mut self, flow: Flow) {
        self.tally.count(&flow);
        self.listener.flow(&flow);
    }

    fn station(&mut self, station: Endpoint, time: Time) {
        self.tally.meet(station, 1, None, (time, time), true);
    }
}

fn keep(seen: &Sighting<'_>) -> Fact {
    let subject = match seen.key {
        None => Subject::Host(seen.endpoint),
        Some((kind, text)) => Subject::Nested { via: seen.endpoint, key: Key { kind, text: text.to_owned() } },
    };
    let Sighting { field, value, protocol, time, place, .. } = *seen;
    Fact {
        subject,
        field,
        value: value.to_owned(),
        protocol,
        first: time,
        last: time,
        count: 1,
        place,
        origin: Origin::default(),
    }
}

fn is_group(ip: IpAddr) -> bool {
    ip.is_multicast() || ip.is_unspecified() || matches!(ip, IpAddr::V4(ip) if ip.is_broadcast())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardlight_model::{Field, KeyKind, Mac, Place, Scope};

    fn sighting(value: &str, second: i64) -> Sighting<'_> {
        Sighting {
            endpoint: Endpoint { scope: Scope(0), mac: Some(Mac([0, 9, 0xfb, 0, 0, 1])), ip: None },
            key: None,
            field: Field::DhcpHostname,
            value,
            protocol: "dhcp",
            time: Time::from_seconds(second),
            place: Place { packet: second.unsigned_abs(), ..Place::default() },
        }
    }

    #[test]
    fn a_fact_said_again_is_counted_and_keeps_its_first_place() {
        let mut tally = Tally::new(1);
        for second in [5, 9, 7] {
            tally.see(&sighting("pump-3", second));
        }
        tally.see(&Sighting { key: Some((KeyKind::Eui64, "0009fbfffe000001")), ..sighting("pump-3", 8) });
        let [host, nested] = tally.facts() else { panic!("two facts, not {:?}", tally.facts()) };
        assert_eq!((host.count, host.first, host.last), (3, Time::from_seconds(5), Time::from_seconds(9)));
        assert_eq!((host.place.packet, nested.count), (5, 1));
    }

    #[test]
    fn values_of_one_field_are_bounded() {
        let mut tally = Tally::new(1);
        for n in 0..1000 {
            tally.see(&sighting(&format!("name-{n}"), n));
        }
        assert_eq!((tally.facts().len(), tally.dropped()), (256, 744));
    }
}
