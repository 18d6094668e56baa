//! One conversation under way: it gives one frame at a time, so that only what is being said is in memory.

use super::chance::{Chance, narrow, wide};
use super::frame::{self, ACK, End, FIN, Lane, PUSH, SYN, Segment};
use super::play::Spoken;
use crate::bytes::Bytes;
use std::net::IpAddr;
use std::sync::Arc;
use wardlight_model::Time;

/// What one end sends at a time.
#[derive(Debug, Clone)]
struct Turn {
    client: bool,
    /// Microseconds before it.
    gap: u64,
    bytes: Vec<u8>,
    /// What comes behind those: the same for many, such as the pixels of an image.
    bulk: Option<Arc<[u8]>>,
}

impl Turn {
    fn len(&self) -> usize {
        self.bytes.len() + self.bulk.as_ref().map_or(0, |bulk| bulk.len())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stream,
    Datagrams,
    /// Ready frames.
    Frames,
}

/// What one end sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Packets.
    pub packets: u64,
    /// Bytes from the IP header on.
    pub bytes: u64,
    /// Bytes of payload.
    pub payload: u64,
}

/// One conversation, planned whole and laid onto frames one by one.
#[derive(Debug, Clone)]
pub(crate) struct Talk {
    pub(crate) lane: Lane,
    kind: Kind,
    turns: Vec<Turn>,
    /// Next turn, and bytes of it that were sent.
    at: (usize, usize),
    phase: Phase,
    seqs: [u32; 2],
    id: u16,
    unacknowledged: u8,
    /// When the next frame comes, in microseconds since 1970.
    pub(crate) next: u64,
    pub(crate) begun: u64,
    pub(crate) last: u64,
    pub(crate) sent: [Sent; 2],
    /// What a log would call its protocol; empty for what no log names.
    pub(crate) service: &'static str,
    /// The lane on which a mirror shows it again.
    pub(crate) again: Option<Lane>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Syn,
    SynAck,
    Ack,
    Turns,
    /// The receiver of the last segments acknowledges them; whether the client sent those.
    Acknowledge(bool),
    Fin,
    FinBack,
    LastAck,
    Over,
}

/// Payload of one segment.
const SEGMENT: usize = 1_460;

impl Talk {
    fn new(kind: Kind, lane: Lane, begun: u64, chance: Chance) -> Self {
        let [a, b, c, d, e, f, g, h] = chance.of(0x7a1c).bits().to_be_bytes();
        Self {
            lane,
            kind,
            turns: Vec::new(),
            at: (0, 0),
            phase: if kind == Kind::Stream { Phase::Syn } else { Phase::Turns },
            seqs: [u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])],
            id: narrow(chance.of(0x1d).below(65_536)),
            unacknowledged: 0,
            next: begun,
            begun,
            last: begun,
            sent: [Sent::default(); 2],
            service: "",
            again: None,
        }
    }

    /// A TCP conversation in which nothing was said yet.
    pub(crate) fn stream(lane: Lane, begun: u64, chance: Chance, service: &'static str) -> Self {
        Self { service, ..Self::new(Kind::Stream, lane, begun, chance) }
    }

    /// The same over UDP, each turn one datagram.
    pub(crate) fn datagrams(lane: Lane, begun: u64, chance: Chance, service: &'static str) -> Self {
        Self { service, ..Self::new(Kind::Datagrams, lane, begun, chance) }
    }

    /// Frames that are no conversation, from one end or the other.
    pub(crate) fn frames(lane: Lane, begun: u64, chance: Chance) -> Self {
        Self::new(Kind::Frames, lane, begun, chance)
    }

    fn turn(mut self, client: bool, bytes: Vec<u8>, bulk: Option<Arc<[u8]>>) -> Self {
        let gap = if client { 900 } else { 2_300 };
        self.turns.push(Turn { client, gap: gap + wide(bytes.len()), bytes, bulk });
        self
    }

    /// The client sends `message`.
    pub(crate) fn say(self, message: impl Into<Vec<u8>>) -> Self {
        self.turn(true, message.into(), None)
    }

    /// The client sends `message` and `bulk` behind it.
    pub(crate) fn say_bulk(self, message: impl Into<Vec<u8>>, bulk: Arc<[u8]>) -> Self {
        self.turn(true, message.into(), Some(bulk))
    }

    /// The server sends `message`.
    pub(crate) fn answer(self, message: impl Into<Vec<u8>>) -> Self {
        self.turn(false, message.into(), None)
    }

    /// So many microseconds pass before the last turn.
    pub(crate) fn after(mut self, micros: u64) -> Self {
        if let Some(turn) = self.turns.last_mut() {
            turn.gap = micros;
        }
        self
    }

    /// Whether anything is left to be sent.
    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over || (self.kind != Kind::Stream && self.at.0 >= self.turns.len())
    }

    /// Adds the next frame to `out`.
    pub(crate) fn frame(&mut self, out: &mut Vec<u8>) {
        self.last = self.next;
        match self.kind {
            Kind::Stream => self.segment(out),
            Kind::Datagrams | Kind::Frames => self.datagram(out),
        }
    }

    /// The frame that a mirror of another network shows of the one in `frame`: other hardware addresses and tag.
    pub(crate) fn seen_again(frame: &[u8], lane: &Lane, again: &Lane) -> Vec<u8> {
        let header = |lane: &Lane| if lane.vlan == 0 { 14 } else { 18 };
        let is_client = frame.get(6..12) == Some(lane.client.mac.as_slice());
        let (from, to) = if is_client { (&again.client, &again.server) } else { (&again.server, &again.client) };
        let old = header(lane);
        let ethertype =
            frame.get(old - 2..old).map_or(0, |kind| kind.iter().fold(0, |sum, b| sum << 8 | u16::from(*b)));
        let mut out = Vec::with_capacity(frame.len() + 4);
        frame::ethernet(&mut out, (from.mac, to.mac), again.vlan, ethertype);
        let begin = out.len();
        out.extend_from_slice(frame.get(old..).unwrap_or_default());
        frame::set_ttl(
            out.get_mut(begin..).unwrap_or_default(),
            if is_client { again.client.ttl } else { again.server.ttl },
        );
        out
    }

    /// What was spoken; `None` of what is no conversation.
    pub(crate) fn spoken(&self) -> Option<Spoken> {
        let time = |micros: u64| Time::from_micros(micros.cast_signed());
        let Lane { client, server, scope, .. } = self.lane;
        (self.kind != Kind::Frames).then_some(Spoken {
            first: time(self.begun),
            last: time(self.last),
            scope,
            client: (client.ip, client.port),
            server: (server.ip, server.port),
            is_stream: self.kind == Kind::Stream,
            service: self.service,
            sent: self.sent,
        })
    }

    fn datagram(&mut self, out: &mut Vec<u8>) {
        let Some(turn) = self.turns.get(self.at.0) else { return };
        let (client, payload) = (turn.client, turn.bytes.len());
        if self.kind == Kind::Frames {
            out.extend_from_slice(&turn.bytes);
        } else {
            self.id = self.id.wrapping_add(1);
            out.extend_from_slice(&frame::datagram(&self.lane, client, self.id, &turn.bytes));
        }
        self.count(client, payload, 8);
        self.at.0 += 1;
        self.wait(0);
    }

    /// The next frame comes after what the turn to come wants, at least `least` microseconds.
    fn wait(&mut self, least: u64) {
        self.next += self.turns.get(self.at.0).map_or(1_000, |turn| turn.gap).max(least);
    }

    fn count(&mut self, client: bool, payload: usize, transport: u64) {
        let ip = if matches!(self.lane.client.ip, IpAddr::V4(_)) { 20 } else { 40 };
        let [first, second] = &mut self.sent;
        let sent = if client { first } else { second };
        sent.packets += 1;
        sent.bytes += ip + transport + wide(payload);
        sent.payload += wide(payload);
    }

    fn segment(&mut self, out: &mut Vec<u8>) {
        match self.phase {
            Phase::Syn => self.bare(out, (true, SYN), Phase::SynAck, 250),
            Phase::SynAck => self.bare(out, (false, SYN | ACK), Phase::Ack, 120),
            Phase::Ack => {
                self.bare(out, (true, ACK), Phase::Turns, 0);
                self.wait(0);
                self.end_when_done();
            }
            Phase::Turns => self.payload(out),
            Phase::Acknowledge(sender) => {
                self.bare(out, (!sender, ACK), Phase::Turns, 60);
                if self.at.1 == 0 {
                    self.wait(0);
                }
                self.end_when_done();
            }
            Phase::Fin => self.bare(out, (true, FIN | ACK), Phase::FinBack, 300),
            Phase::FinBack => self.bare(out, (false, FIN | ACK), Phase::LastAck, 110),
            Phase::LastAck | Phase::Over => self.bare(out, (true, ACK), Phase::Over, 0),
        }
    }

    fn end_when_done(&mut self) {
        if self.at.0 >= self.turns.len() {
            self.phase = Phase::Fin;
        }
    }

    /// A segment without payload.
    fn bare(&mut self, out: &mut Vec<u8>, (client, flags): (bool, u8), then: Phase, pause: u64) {
        self.id = self.id.wrapping_add(1);
        let (seq, ack) = self.numbers(client);
        frame::segment(out, &self.lane, Segment { client, flags, seq, ack, id: self.id }, (&[], &[]));
        if flags & (SYN | FIN) != 0 {
            self.advance(client, 1);
        }
        self.count(client, 0, if flags & SYN != 0 { 28 } else { 20 });
        self.phase = then;
        self.next += pause;
    }

    fn numbers(&self, client: bool) -> (u32, u32) {
        let [first, second] = self.seqs;
        if client { (first, second) } else { (second, first) }
    }

    fn advance(&mut self, client: bool, count: u32) {
        let [first, second] = &mut self.seqs;
        let seq = if client { first } else { second };
        *seq = seq.wrapping_add(count);
    }

    fn payload(&mut self, out: &mut Vec<u8>) {
        let (place, from) = self.at;
        let Some(turn) = self.turns.get(place) else { return };
        let (client, whole) = (turn.client, turn.len());
        let until = (from + SEGMENT).min(whole);
        let own = turn.bytes.len();
        let head = turn.bytes.get(from.min(own)..until.min(own)).unwrap_or_default();
        let bulk = turn.bulk.as_deref().unwrap_or_default();
        let tail = bulk.get(from.saturating_sub(own)..until.saturating_sub(own)).unwrap_or_default();
        let (seq, ack) = self.numbers(client);
        let is_last = until >= whole;
        let flags = if is_last { ACK | PUSH } else { ACK };
        self.id = self.id.wrapping_add(1);
        frame::segment(out, &self.lane, Segment { client, flags, seq, ack, id: self.id }, (head, tail));
        self.advance(client, narrow(wide(until - from)));
        self.count(client, until - from, 20);
        self.at = if is_last { (place + 1, 0) } else { (place, until) };
        self.unacknowledged += 1;
        self.next += 14;
        if is_last || self.unacknowledged >= 2 {
            self.unacknowledged = 0;
            self.phase = Phase::Acknowledge(client);
        }
    }
}

/// A lane's end that is a group, with the Ethernet address that stands for it (RFC 1112 §6.4, RFC 2464 §7).
pub(crate) fn group(ip: IpAddr, port: u16) -> End {
    let mac = match ip {
        IpAddr::V4(ip) => {
            let [_, b, c, d] = ip.octets();
            if ip.is_broadcast() || d == 255 { [0xff; 6] } else { [0x01, 0x00, 0x5e, b & 0x7f, c, d] }
        }
        IpAddr::V6(ip) => {
            let [.., a, b, c, d] = ip.octets();
            [0x33, 0x33, a, b, c, d]
        }
    };
    End { mac, ip, port, ttl: 1 }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        bytes.0
    }
}
