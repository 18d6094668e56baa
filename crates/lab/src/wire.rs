//! Frames of a small network as a capture: Ethernet, IPv4, UDP, TCP with handshake, acknowledgements and end.
//!
//! Sources: IEEE 802.3 clause 3, RFC 791, 768, 9293, draft-ietf-opsawg-pcap.

use crate::bytes::{Bytes, length};

/// A station of the network.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Station {
    pub(crate) mac: [u8; 6],
    pub(crate) ip: [u8; 4],
    pub(crate) name: &'static str,
    /// What its packets' time to live is here.
    pub(crate) hops: u8,
}

impl Station {
    /// A station called `name`, the `host`-th of the ward's network.
    pub(crate) const fn new(mac: [u8; 6], host: u8, name: &'static str) -> Self {
        Self { mac, ip: [10, 20, 0, host], name, hops: 64 }
    }

    /// A station elsewhere, whose packets `router` forwards.
    pub(crate) const fn behind(router: Self, ip: [u8; 4], name: &'static str) -> Self {
        Self { mac: router.mac, ip, name, hops: 63 }
    }

    /// The same, sending with the time to live that Windows begins with.
    pub(crate) const fn windows(self) -> Self {
        Self { hops: 128, ..self }
    }
}

/// How payload is laid onto packets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// Most payload bytes of one TCP segment.
    pub(crate) segment: usize,
    /// Whether segments come out of order and twice, and packets in fragments.
    pub(crate) rough: bool,
}

/// As a healthy network does it.
pub(crate) const SMOOTH: Manner = Manner { segment: 1460, rough: false };

/// Payload bytes of one fragment of a rough packet; a multiple of 8.
const FRAGMENT: usize = 24;

/// A capture being written: pcap, microseconds, Ethernet.
pub(crate) struct Capture {
    bytes: Bytes,
    micros: u64,
    next_id: u16,
    numbers: u16,
    manner: Manner,
}

impl Capture {
    /// An empty capture that begins at `seconds` since 1970-01-01 UTC.
    pub(crate) fn begin(seconds: u64, manner: Manner) -> Self {
        let header = Bytes::default().u32(0xa1b2_c3d4).u16(2).u16(4).u32(0).u32(0).u32(65_535).u32(1);
        Self { bytes: header, micros: seconds * 1_000_000, next_id: 1, numbers: 0, manner }
    }

    /// The whole file.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes.0
    }

    /// A number that it never gave before (until they run out): 1, 2, 3…
    pub(crate) const fn number(&mut self) -> u16 {
        self.numbers = self.numbers.wrapping_add(1);
        self.numbers
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, milliseconds: u64) {
        self.micros += milliseconds * 1000;
    }

    /// Writes one frame of this EtherType (or length, for LLC).
    pub(crate) fn frame(&mut self, from: [u8; 6], to: [u8; 6], ethertype: u16, payload: impl AsRef<[u8]>) {
        self.micros += 137;
        let frame = Bytes::default().raw(to).raw(from).u16(ethertype).raw(payload).0;
        let (seconds, micros) = (self.micros / 1_000_000, self.micros % 1_000_000);
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let head = Bytes::default().u32(number(seconds)).u32(number(micros));
        let head = head.u32(length(&frame)).u32(length(&frame));
        self.bytes = std::mem::take(&mut self.bytes).raw(head).raw(frame);
    }

    /// Writes one UDP datagram. `to` may be a group: its hardware address is then the group's (RFC 1112 §6.4).
    pub(crate) fn udp(&mut self, from: Station, to: Station, ports: (u16, u16), payload: impl AsRef<[u8]>) {
        let payload = payload.as_ref();
        let total: u16 = length::<u16>(payload) + 8;
        let head = Bytes::default().u16(ports.0).u16(ports.1).u16(total);
        let sum = checksum(&[&pseudo(from, to, 17, total), &head.0, payload]);
        self.ipv4(from, to, 17, &head.u16(if sum == 0 { 0xffff } else { sum }).raw(payload).0);
    }

    fn ipv4(&mut self, from: Station, to: Station, protocol: u8, payload: &[u8]) {
        self.next_id = self.next_id.wrapping_add(1);
        if self.manner.rough && self.next_id.is_multiple_of(7) && payload.len() > FRAGMENT {
            let last = payload.len().div_ceil(FRAGMENT) - 1;
            let mut pieces: Vec<(usize, &[u8])> = payload.chunks(FRAGMENT).enumerate().collect();
            pieces.rotate_left(1);
            for (n, piece) in pieces {
                let more = if n < last { 0x2000 } else { 0 };
                let offset = u16::try_from(n * FRAGMENT / 8).unwrap_or_default();
                self.packet((from, to), protocol, more | offset, piece);
            }
        } else {
            self.packet((from, to), protocol, 0x4000, payload);
        }
    }

    fn packet(&mut self, (from, to): (Station, Station), protocol: u8, fragment: u16, payload: &[u8]) {
        let total: u16 = length::<u16>(payload) + 20;
        let header = Bytes::default().u16(0x4500).u16(total).u16(self.next_id).u16(fragment).u8(from.hops).u8(protocol);
        let sum = checksum(&[&header.0, &from.ip, &to.ip]);
        self.frame(from.mac, to.mac, 0x0800, header.u16(sum).raw(from.ip).raw(to.ip).raw(payload));
    }
}

/// What a transport checksum covers beside the segment (RFC 9293 §3.1).
fn pseudo(from: Station, to: Station, protocol: u8, total: u16) -> Vec<u8> {
    Bytes::default().raw(from.ip).raw(to.ip).u8(0).u8(protocol).u16(total).0
}

/// The Internet checksum over parts (RFC 1071); only the last may have an odd length.
pub(crate) fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0u64;
    for part in parts {
        let (pairs, rest) = part.as_chunks::<2>();
        sum += pairs.iter().map(|pair| u64::from(u16::from_be_bytes(*pair))).sum::<u64>();
        sum += rest.iter().map(|byte| u64::from(*byte) << 8).sum::<u64>();
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}

/// A TCP connection under way.
pub(crate) struct Connection {
    ends: [(Station, u16); 2],
    next: [u32; 2],
    parts: usize,
}

impl Connection {
    /// A connection whose beginning is not in the capture.
    pub(crate) const fn midway(client: (Station, u16), server: (Station, u16)) -> Self {
        Self { ends: [client, server], next: [1_000_000, 7_000_000], parts: 0 }
    }

    /// Opens a connection with the three-way handshake.
    pub(crate) fn open(capture: &mut Capture, client: (Station, u16), server: (Station, u16)) -> Self {
        let mut connection = Self::midway(client, server);
        connection.segment(capture, true, 0x02, 0, &[]);
        connection.advance(true, 1);
        connection.segment(capture, false, 0x12, 0, &[]);
        connection.advance(false, 1);
        connection.segment(capture, true, 0x10, 0, &[]);
        connection
    }

    /// One end sends `message`; the other acknowledges.
    pub(crate) fn send(&mut self, capture: &mut Capture, client: bool, message: &[u8]) {
        let Manner { segment, rough } = capture.manner;
        let parts: Vec<(u32, &[u8])> = (0..).step_by(segment).zip(message.chunks(segment)).collect();
        let group = if rough { 6 } else { 2 };
        for parts in parts.chunks(group) {
            let mut parts = parts.to_vec();
            if rough {
                self.parts += 1;
                self.roughen(&mut parts);
            }
            let sent: usize = parts
                .iter()
                .map(|(at, part)| usize::try_from(*at).unwrap_or_default() + part.len())
                .max()
                .unwrap_or_default();
            for (at, part) in &parts {
                self.segment(capture, client, 0x18, *at, part);
            }
            let acknowledged = u32::try_from(sent).unwrap_or(u32::MAX);
            self.acknowledge(capture, client, acknowledged);
        }
        self.advance(client, length(message));
    }

    /// `count` bytes that one end sent are not in the capture; the other acknowledges them.
    pub(crate) fn lose(&mut self, capture: &mut Capture, client: bool, count: u32) {
        self.advance(client, count);
        self.segment(capture, !client, 0x10, 0, &[]);
    }

    /// Both ends close.
    pub(crate) fn close(mut self, capture: &mut Capture) {
        for client in [true, false] {
            self.segment(capture, client, 0x11, 0, &[]);
            self.advance(client, 1);
        }
        self.segment(capture, true, 0x10, 0, &[]);
    }

    /// Segments out of order, and some of them twice.
    fn roughen(&self, parts: &mut Vec<(u32, &[u8])>) {
        match self.parts % 4 {
            1 => parts.reverse(),
            2 => parts.extend_from_within(..1),
            3 => parts.rotate_left(1),
            _ => {}
        }
    }

    fn advance(&mut self, client: bool, count: u32) {
        let [first, second] = &mut self.next;
        let seq = if client { first } else { second };
        *seq = seq.wrapping_add(count);
    }

    fn acknowledge(&self, capture: &mut Capture, client: bool, count: u32) {
        let mut seen = Self { ends: self.ends, next: self.next, parts: 0 };
        seen.advance(client, count);
        seen.segment(capture, !client, 0x10, 0, &[]);
    }

    fn segment(&self, capture: &mut Capture, client: bool, flags: u8, ahead: u32, payload: &[u8]) {
        let ([a, b], [first, second]) = (self.ends, self.next);
        let (from, to) = if client { (a, b) } else { (b, a) };
        let (seq, ack) = if client { (first, second) } else { (second, first) };
        let ack = if flags & 0x10 == 0 { 0 } else { ack };
        let header = Bytes::default().u16(from.1).u16(to.1).u32(seq.wrapping_add(ahead)).u32(ack).u8(0x50).u8(flags);
        let header = header.u16(64_240);
        let total: u16 = length::<u16>(payload) + 20;
        let sum = checksum(&[&pseudo(from.0, to.0, 6, total), &header.0, payload]);
        capture.ipv4(from.0, to.0, 6, &header.u16(sum).u16(0).raw(payload).0);
    }
}
