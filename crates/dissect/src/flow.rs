//! Conversations: who talks to whom, counted both ways, each with the reader of what is said.

pub mod community;
pub mod expected;
pub mod history;
pub mod tcp;
mod wheel;

use crate::entry::Carrier;
use crate::reader::{self, Reader};
use crate::seeded::{self, Seeded};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use history::History;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use wardlight_model::{Direction, Flow, FlowId, FlowKey, Mac, Port, Service, Side, Time, Transport};
use wheel::{Ticket, Wheel};

/// Silence after which an established TCP conversation is reported, in microseconds.
const TCP_IDLE: i64 = 300_000_000;
/// Silence after which any other conversation is reported.
const OTHER_IDLE: i64 = 60_000_000;
/// Time that late packets of an ended or refused TCP conversation still belong to it.
const LINGER: i64 = 5_000_000;

/// How long after its patience is over a conversation is reported at the latest.
const GRACE: i64 = 2_000_000;
/// How much earlier than the last packet of a conversation none that belongs to it can be.
const ELSEWHERE: i64 = 3_600_000_000;

/// One end of a packet.
pub type End = (IpAddr, Port);

/// One conversation under way.
pub struct Conversation {
    /// Its id within the run.
    pub id: FlowId,
    /// Who talks to whom.
    pub key: FlowKey,
    /// Hardware addresses as first seen.
    pub macs: [Option<Mac>; 2],
    /// Hop limits as first seen.
    pub hop_limits: [Option<u8>; 2],
    /// Outer VLAN.
    pub vlan: Option<u16>,
    /// First packet.
    pub first: Time,
    /// Last packet.
    pub last: Time,
    /// What it went through.
    pub history: History,
    /// Counts each way; for TCP the payload counts come from the lanes.
    pub sent: [Direction; 2],
    /// Order of both directions; used for TCP.
    pub lanes: [tcp::Lane; 2],
    /// The application layer, while there is something to learn.
    pub reader: Option<Box<Reader>>,
    /// The application protocol, once known by content.
    pub service: Option<Service>,
    /// The protocol that another conversation announced for it.
    pub expected: Option<&'static str>,
    /// Which of the table's conversations in this place it is.
    generation: u32,
    /// Whether a reader has looked at it: one that was let go is not begun anew.
    pub was_read: bool,
    closing: bool,
}

impl Conversation {
    /// The lane of `side`.
    pub fn lane(&mut self, side: Side) -> &mut tcp::Lane {
        let [initiator, responder] = &mut self.lanes;
        if side == Side::Initiator { initiator } else { responder }
    }

    /// The counts of `side`.
    pub fn direction(&mut self, side: Side) -> &mut Direction {
        let [initiator, responder] = &mut self.sent;
        if side == Side::Initiator { initiator } else { responder }
    }

    /// Whether both sides ended it, or one refused it: it is reported soon, and a new SYN begins another.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let both = |letter| self.history.has(letter, Side::Initiator) && self.history.has(letter, Side::Responder);
        both(b'f') || self.history.has(b'r', Side::Initiator) || self.history.has(b'r', Side::Responder)
    }

    /// Whether a packet at `now` belongs to another conversation between the same ends: this one fell silent long
    /// before, or was seen long behind it, when a clock lied. The clock may be wrong as well, so each packet asks.
    #[must_use]
    pub(crate) fn is_far_from(&self, now: Time) -> bool {
        let silence = now.since(self.last);
        silence > self.patience().saturating_add(GRACE) || silence < -ELSEWHERE
    }

    fn patience(&self) -> i64 {
        match self.key.transport {
            Transport::TCP if self.is_over() => LINGER,
            Transport::TCP if self.history.has(b'h', Side::Responder) || self.history.has(b'd', Side::Initiator) => {
                TCP_IDLE
            }
            _ => OTHER_IDLE,
        }
    }

    /// As it is reported.
    #[must_use]
    pub fn report(&self) -> Flow {
        let mut sent = self.sent;
        if self.key.transport == Transport::TCP {
            for (direction, lane) in sent.iter_mut().zip(&self.lanes) {
                (direction.bytes, direction.missed) = (lane.bytes, lane.missed);
            }
        }
        let carrier = if self.key.transport == Transport::TCP { Carrier::Tcp } else { Carrier::Udp };
        let has_ports = matches!(self.key.transport, Transport::TCP | Transport::UDP);
        let ports = [self.key.initiator.1, self.key.responder.1];
        let by_port = || has_ports.then(|| reader::service_by_port(carrier, ports)).flatten();
        Flow {
            id: self.id,
            key: self.key,
            macs: self.macs,
            hop_limits: self.hop_limits,
            vlan: self.vlan,
            first: self.first,
            last: self.last,
            state: self.history.state(self.key.transport),
            history: self.history.text(),
            sent,
            service: self.service.or_else(by_port),
        }
    }
}

/// The conversations under way, bounded.
pub struct Table {
    places: Vec<Option<Box<Conversation>>>,
    generations: Vec<u32>,
    vacant: Vec<u32>,
    index: HashTable<Slot>,
    hasher: Seeded,
    wheel: Wheel,
    capacity: usize,
    begun: u64,
}

/// A place with the hash of who talks to whom there: to make room in the index nobody looks at the conversations.
#[derive(Debug, Clone, Copy)]
struct Slot {
    hash: u32,
    place: u32,
}

impl Slot {
    /// The hash as the index wants it: spread over all bits.
    const fn wide(self) -> u64 {
        (self.hash as u64) << 32 | self.hash as u64
    }
}

/// Whether `held` is between the ends of `key`, whoever is said to have begun.
fn is_between(held: &FlowKey, key: &FlowKey) -> bool {
    let ends = (held.initiator, held.responder);
    (held.transport, held.scope) == (key.transport, key.scope)
        && (ends == (key.initiator, key.responder) || ends == (key.responder, key.initiator))
}

impl Table {
    /// Room for `capacity` conversations at one time. `seed` keeps hash positions unpredictable.
    #[must_use]
    pub fn new(capacity: usize, seed: u64) -> Self {
        Self {
            places: Vec::new(),
            generations: Vec::new(),
            vacant: Vec::new(),
            index: HashTable::new(),
            hasher: seeded::by(seed),
            wheel: Wheel::default(),
            capacity: capacity.max(1),
            begun: 0,
        }
    }

    /// How many conversations have begun.
    #[must_use]
    pub const fn begun(&self) -> u64 {
        self.begun
    }

    /// Whether a new conversation needs room to be made first.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.index.len() >= self.capacity
    }

    /// The place of the conversation between these ends, when there is one.
    #[must_use]
    pub fn find(&self, key: &FlowKey) -> Option<u32> {
        let hash = self.hash(key);
        let held =
            |slot: &Slot| slot.hash == hash && self.at(slot.place).is_some_and(|held| is_between(&held.key, key));
        self.index.find(Slot { hash, place: 0 }.wide(), held).map(|slot| slot.place)
    }

    /// The same for either direction.
    fn hash(&self, key: &FlowKey) -> u32 {
        let bits = |(ip, port): End| match ip {
            IpAddr::V4(ip) => (u128::from(ip.to_bits()), port),
            IpAddr::V6(ip) => (ip.to_bits(), port),
        };
        let (one, other) = (bits(key.initiator), bits(key.responder));
        let ends = if one <= other { (one, other) } else { (other, one) };
        let [a, b, c, d, ..] = self.hasher.hash_one((ends, key.transport.0)).to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    /// The conversation at `place`.
    #[must_use]
    pub fn at(&self, place: u32) -> Option<&Conversation> {
        self.places.get(place as usize)?.as_deref()
    }

    /// The conversation at `place`.
    pub fn at_mut(&mut self, place: u32) -> Option<&mut Conversation> {
        self.places.get_mut(place as usize)?.as_deref_mut()
    }

    /// Those under way, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Conversation> {
        self.places.iter().flatten().map(|held| &**held)
    }

    /// Begins a conversation. There must be none between these ends yet.
    pub fn begin(&mut self, key: FlowKey, now: Time) -> u32 {
        self.begun += 1;
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.generations.push(0);
            u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
        });
        let generation = self.generations.get(place as usize).copied().unwrap_or_default();
        let conversation = Conversation {
            id: FlowId(self.begun),
            key,
            macs: [None; 2],
            hop_limits: [None; 2],
            vlan: None,
            first: now,
            last: now,
            history: History::default(),
            sent: [Direction::default(); 2],
            lanes: <[tcp::Lane; 2]>::default(),
            reader: None,
            service: None,
            expected: None,
            generation,
            was_read: false,
            closing: false,
        };
        if let Some(vacant) = self.places.get_mut(place as usize) {
            *vacant = Some(Box::new(conversation));
        }
        let slot = Slot { hash: self.hash(&key), place };
        self.index.insert_unique(slot.wide(), slot, |slot| slot.wide());
        self.wheel.put((place, generation), now.plus(OTHER_IDLE));
        place
    }

    /// An ended conversation is looked at sooner than a silent one.
    pub fn close_soon(&mut self, place: u32, now: Time) {
        if let Some(conversation) = self.at_mut(place)
            && !conversation.closing
        {
            conversation.closing = true;
            let ticket = (place, conversation.generation);
            self.wheel.put(ticket, now.plus(LINGER));
        }
    }

    /// Takes the conversation at `place` out.
    pub fn take(&mut self, place: u32) -> Option<Box<Conversation>> {
        let conversation = self.places.get_mut(place as usize)?.take()?;
        let slot = Slot { hash: self.hash(&conversation.key), place };
        let found = self.index.entry(slot.wide(), |held| held.place == place, |slot| slot.wide());
        if let Entry::Occupied(found) = found {
            found.remove();
        }
        if let Some(generation) = self.generations.get_mut(place as usize) {
            *generation = generation.wrapping_add(1);
        }
        self.vacant.push(place);
        Some(conversation)
    }

    /// Takes out every conversation that has been silent for too long at `now`.
    pub fn expire(&mut self, now: Time) -> Vec<Box<Conversation>> {
        let mut silent = Vec::new();
        for ticket in self.wheel.due(now) {
            let Some(conversation) = self.holder(ticket) else { continue };
            let deadline = conversation.last.plus(conversation.patience());
            if deadline <= now {
                silent.extend(self.take(ticket.0));
            } else {
                self.wheel.put(ticket, deadline);
            }
        }
        silent
    }

    /// It is earlier now than was thought.
    pub(crate) fn turn_back(&mut self, now: Time) {
        self.wheel.turn_back(now);
    }

    /// Takes out some conversations to make room: those next to be looked at.
    pub fn evict(&mut self) -> Vec<Box<Conversation>> {
        let mut evicted = Vec::new();
        while evicted.is_empty() {
            let tickets = self.wheel.earliest();
            if tickets.is_empty() {
                break;
            }
            for ticket in tickets {
                if self.holder(ticket).is_some() {
                    evicted.extend(self.take(ticket.0));
                }
            }
        }
        evicted
    }

    /// Takes out everything, in the order of beginning.
    pub fn drain(&mut self) -> Vec<Box<Conversation>> {
        let places = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let mut all: Vec<Box<Conversation>> = (0..places).filter_map(|place| self.take(place)).collect();
        all.sort_by_key(|conversation| conversation.id);
        all
    }

    fn holder(&self, (place, generation): Ticket) -> Option<&Conversation> {
        self.at(place).filter(|conversation| conversation.generation == generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardlight_model::Scope;

    fn key(n: u8) -> FlowKey {
        let end = |last, port| (IpAddr::from([10, 0, 0, last]), port);
        FlowKey { scope: Scope(0), transport: Transport::UDP, initiator: end(n, 5), responder: end(200, 53) }
    }

    #[test]
    fn either_direction_finds_the_conversation() {
        let mut table = Table::new(10, 1);
        let place = table.begin(key(1), Time::default());
        let FlowKey { initiator, responder, .. } = key(1);
        assert_eq!(table.find(&FlowKey { initiator: responder, responder: initiator, ..key(1) }), Some(place));
        assert_eq!(table.find(&key(2)), None);
        assert!(table.take(place).is_some() && table.find(&key(1)).is_none());
    }

    #[test]
    fn silent_conversations_come_out_and_active_ones_stay() {
        let mut table = Table::new(10, 1);
        let second = Time::from_seconds;
        table.expire(second(0));
        let (quiet, busy) = (table.begin(key(1), second(0)), table.begin(key(2), second(0)));
        assert_ne!(quiet, busy);
        table.at_mut(busy).expect("held").last = second(50);
        let out: Vec<u8> = table.expire(second(70)).iter().map(|c| last_octet(c.key.initiator.0)).collect();
        assert_eq!(out, [1]);
        assert_eq!(table.expire(second(112)).len(), 1);
    }

    #[test]
    fn a_full_table_makes_room() {
        let mut table = Table::new(3, 1);
        table.expire(Time::from_seconds(0));
        for n in 0..3 {
            table.begin(key(n), Time::from_seconds(i64::from(n)));
        }
        assert!(table.is_full());
        assert_eq!(table.evict().len(), 1);
        assert!(!table.is_full());
        assert_eq!(table.drain().len(), 2);
        assert!(table.evict().is_empty());
    }

    fn last_octet(ip: IpAddr) -> u8 {
        match ip {
            IpAddr::V4(ip) => ip.octets()[3],
            IpAddr::V6(_) => 0,
        }
    }
}
