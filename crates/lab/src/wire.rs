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
}

/// Payload bytes of one TCP segment.
const SEGMENT: usize = 1460;

/// A capture being written: pcap, microseconds, Ethernet.
pub(crate) struct Capture {
    bytes: Bytes,
    micros: u64,
    next_id: u16,
}

impl Capture {
    /// An empty capture that begins at `seconds` since 1970-01-01 UTC.
    pub(crate) fn begin(seconds: u64) -> Self {
        let header = Bytes::default().u32(0xa1b2_c3d4).u16(2).u16(4).u32(0).u32(0).u32(65_535).u32(1);
        Self { bytes: header, micros: seconds * 1_000_000, next_id: 1 }
    }

    /// The whole file.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes.0
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
        let datagram = Bytes::default().u16(ports.0).u16(ports.1).u16(total).u16(0).raw(payload);
        self.ipv4(from, to, 17, &datagram.0);
    }

    fn ipv4(&mut self, from: Station, to: Station, protocol: u8, payload: &[u8]) {
        let total: u16 = length::<u16>(payload) + 20;
        self.next_id = self.next_id.wrapping_add(1);
        let header = Bytes::default().u16(0x4500).u16(total).u16(self.next_id).u16(0x4000).u8(64).u8(protocol);
        let without = header.clone().u16(0).raw(from.ip).raw(to.ip);
        let packet = header.u16(checksum(&without.0)).raw(from.ip).raw(to.ip).raw(payload);
        self.frame(from.mac, to.mac, 0x0800, packet);
    }
}

/// The Internet checksum of a header, RFC 1071.
fn checksum(header: &[u8]) -> u16 {
    let sum = header.as_chunks::<2>().0.iter().fold(0u32, |sum, pair| sum + u32::from(u16::from_be_bytes(*pair)));
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap_or_default()
}

/// A TCP connection under way.
pub(crate) struct Connection {
    ends: [(Station, u16); 2],
    next: [u32; 2],
}

impl Connection {
    /// Opens a connection with the three-way handshake.
    pub(crate) fn open(capture: &mut Capture, client: (Station, u16), server: (Station, u16)) -> Self {
        let mut connection = Self { ends: [client, server], next: [1_000_000, 7_000_000] };
        connection.segment(capture, true, 0x02, &[]);
        connection.next = connection.next.map(|seq| seq.wrapping_add(1));
        connection.answer_to_syn(capture);
        connection.segment(capture, true, 0x10, &[]);
        connection
    }

    /// The client sends `message`; the server acknowledges.
    pub(crate) fn say(&mut self, capture: &mut Capture, message: impl AsRef<[u8]>) {
        self.send(capture, true, message.as_ref());
    }

    /// The server sends `message`; the client acknowledges.
    pub(crate) fn answer(&mut self, capture: &mut Capture, message: impl AsRef<[u8]>) {
        self.send(capture, false, message.as_ref());
    }

    /// Both ends close.
    pub(crate) fn close(mut self, capture: &mut Capture) {
        for client in [true, false] {
            self.segment(capture, client, 0x11, &[]);
            let [first, second] = &mut self.next;
            let seq = if client { first } else { second };
            *seq = seq.wrapping_add(1);
        }
        self.segment(capture, true, 0x10, &[]);
    }

    fn send(&mut self, capture: &mut Capture, client: bool, message: &[u8]) {
        for part in message.chunks(SEGMENT) {
            self.segment(capture, client, 0x18, part);
            let [first, second] = &mut self.next;
            let seq = if client { first } else { second };
            *seq = seq.wrapping_add(length(part));
            self.segment(capture, !client, 0x10, &[]);
        }
    }

    fn answer_to_syn(&self, capture: &mut Capture) {
        let [first, second] = self.next;
        self.write(capture, false, (second.wrapping_sub(1), first), 0x12, &[]);
    }

    fn segment(&self, capture: &mut Capture, client: bool, flags: u8, payload: &[u8]) {
        let [first, second] = self.next;
        let (seq, ack) = if client { (first, second) } else { (second, first) };
        self.write(capture, client, (seq, if flags & 0x10 == 0 { 0 } else { ack }), flags, payload);
    }

    fn write(&self, capture: &mut Capture, client: bool, (seq, ack): (u32, u32), flags: u8, payload: &[u8]) {
        let [a, b] = self.ends;
        let (from, to) = if client { (a, b) } else { (b, a) };
        let header = Bytes::default().u16(from.1).u16(to.1).u32(seq).u32(ack).u8(0x50).u8(flags);
        let segment = header.u16(64_240).u16(0).u16(0).raw(payload);
        capture.ipv4(from.0, to.0, 6, &segment.0);
    }
}
