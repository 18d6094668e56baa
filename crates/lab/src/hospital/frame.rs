//! Frames laid out byte by byte: Ethernet with or without a VLAN tag, IPv4 and IPv6, UDP and TCP with their checksums.
//!
//! Sources: IEEE 802.3 clause 3, IEEE 802.1Q §9, RFC 791, RFC 8200, RFC 768, RFC 9293, RFC 1071.

use crate::bytes::length;
use crate::wire::checksum;
use std::net::IpAddr;

/// One end of a conversation, as the sensor sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) mac: [u8; 6],
    pub(crate) ip: IpAddr,
    pub(crate) port: u16,
    /// Time to live of its packets here.
    pub(crate) ttl: u8,
}

/// Two ends, and on which network the sensor sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) client: End,
    pub(crate) server: End,
    pub(crate) scope: u16,
    /// VLAN of the tag; 0 for none.
    pub(crate) vlan: u16,
}

impl Lane {
    /// Sender and receiver, when the client (or else the server) sends.
    const fn ends(&self, client: bool) -> (&End, &End) {
        if client { (&self.client, &self.server) } else { (&self.server, &self.client) }
    }
}

/// Ethernet header into `out`.
pub(crate) fn ethernet(out: &mut Vec<u8>, (from, to): ([u8; 6], [u8; 6]), vlan: u16, ethertype: u16) {
    out.extend_from_slice(&to);
    out.extend_from_slice(&from);
    if vlan != 0 {
        out.extend_from_slice(&0x8100u16.to_be_bytes());
        out.extend_from_slice(&vlan.to_be_bytes());
    }
    out.extend_from_slice(&ethertype.to_be_bytes());
}

/// A whole frame that carries `payload`, not IP.
pub(crate) fn plain(macs: ([u8; 6], [u8; 6]), vlan: u16, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 18);
    ethernet(&mut out, macs, vlan, ethertype);
    out.extend_from_slice(payload);
    out
}

/// A whole frame with one UDP datagram.
pub(crate) fn datagram(lane: &Lane, client: bool, id: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 66);
    let (from, to) = lane.ends(client);
    let total = 8 + length::<u16>(payload);
    let begin = network(&mut out, lane, client, (17, id, total));
    for number in [from.port, to.port, total, 0] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    out.extend_from_slice(payload);
    seal(&mut out, begin, UDP_SUM, sum_of_ends(from, to, 17, total));
    out
}

/// Gives an IP packet another time to live, as a router does.
pub(crate) fn set_ttl(packet: &mut [u8], ttl: u8) {
    if packet.first().is_some_and(|first| first >> 4 == 6) {
        if let Some(place) = packet.get_mut(7) {
            *place = ttl;
        }
        return;
    }
    let Some(header) = packet.first_chunk_mut::<20>() else { return };
    let [_, _, _, _, _, _, _, _, old, _, first, second, ..] = header;
    (*old, *first, *second) = (ttl, 0, 0);
    let sum = checksum(&[header.as_slice()]).to_be_bytes();
    let [_, _, _, _, _, _, _, _, _, _, first, second, ..] = header;
    [*first, *second] = sum;
}

/// A TCP segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    pub(crate) client: bool,
    pub(crate) flags: u8,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) id: u16,
}

pub(crate) const SYN: u8 = 0x02;
pub(crate) const ACK: u8 = 0x10;
pub(crate) const PUSH: u8 = 0x08;
pub(crate) const FIN: u8 = 0x01;

/// Where the checksums stand in the transport headers.
const UDP_SUM: usize = 6;
const TCP_SUM: usize = 16;

/// Adds a frame with `segment`, which carries `head` and then `tail`, to `out`.
pub(crate) fn segment(out: &mut Vec<u8>, lane: &Lane, segment: Segment, (head, tail): (&[u8], &[u8])) {
    let (from, to) = lane.ends(segment.client);
    // A maximum segment size (RFC 9293 §3.7.1) comes with the first segment of each side.
    let options: &[u8] = if segment.flags & SYN != 0 { &[2, 4, 0x05, 0xb4, 1, 1, 4, 2] } else { &[] };
    let header = 20 + length::<u16>(options);
    let total = header + length::<u16>(head) + length::<u16>(tail);
    let begin = network(out, lane, segment.client, (6, segment.id, total));
    out.extend_from_slice(&from.port.to_be_bytes());
    out.extend_from_slice(&to.port.to_be_bytes());
    out.extend_from_slice(&segment.seq.to_be_bytes());
    let ack = if segment.flags & ACK == 0 { 0 } else { segment.ack };
    out.extend_from_slice(&ack.to_be_bytes());
    let [words, ..] = (header << 10).to_be_bytes();
    out.extend_from_slice(&[words, segment.flags, 0xfa, 0xf0, 0, 0, 0, 0]);
    out.extend_from_slice(options);
    out.extend_from_slice(head);
    out.extend_from_slice(tail);
    seal(out, begin, TCP_SUM, sum_of_ends(from, to, 6, total));
}

/// Ethernet and IP headers; where the transport header begins. `total` are the bytes behind the IP header.
fn network(out: &mut Vec<u8>, lane: &Lane, client: bool, (protocol, id, total): (u8, u16, u16)) -> usize {
    let (from, to) = lane.ends(client);
    match (from.ip, to.ip) {
        (IpAddr::V4(source), IpAddr::V4(target)) => {
            ethernet(out, (from.mac, to.mac), lane.vlan, 0x0800);
            let [high, low] = (total + 20).to_be_bytes();
            let [first, second] = id.to_be_bytes();
            let mut header =
                [0x45, 0, high, low, first, second, 0x40, 0, from.ttl, protocol, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            let [.., a, b, c, d, e, f, g, h] = &mut header;
            [*a, *b, *c, *d] = source.octets();
            [*e, *f, *g, *h] = target.octets();
            let sum = checksum(&[&header]).to_be_bytes();
            let [_, _, _, _, _, _, _, _, _, _, first, second, ..] = &mut header;
            [*first, *second] = sum;
            out.extend_from_slice(&header);
        }
        _ => {
            ethernet(out, (from.mac, to.mac), lane.vlan, 0x86dd);
            let [high, low] = total.to_be_bytes();
            out.extend_from_slice(&[0x60, 0, 0, 0, high, low, protocol, from.ttl]);
            out.extend_from_slice(&v6(from.ip));
            out.extend_from_slice(&v6(to.ip));
        }
    }
    out.len()
}

fn v6(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// The sum of what a transport checksum covers beside the segment (RFC 9293 §3.1, RFC 8200 §8.1).
fn sum_of_ends(from: &End, to: &End, protocol: u8, total: u16) -> u64 {
    let words = |bytes: &[u8]| -> u64 {
        let (pairs, _) = bytes.as_chunks::<2>();
        pairs.iter().map(|pair| u64::from(u16::from_be_bytes(*pair))).sum()
    };
    let ends = match (from.ip, to.ip) {
        (IpAddr::V4(a), IpAddr::V4(b)) => words(&a.octets()) + words(&b.octets()),
        (a, b) => words(&v6(a)) + words(&v6(b)),
    };
    ends + u64::from(protocol) + u64::from(total)
}

/// Writes the checksum of everything from `begin` on into the two bytes `at` behind it.
fn seal(out: &mut [u8], begin: usize, at: usize, more: u64) {
    let Some(body) = out.get_mut(begin..) else { return };
    let mut sum = more + sum_of(body);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let sum = !u16::try_from(sum).unwrap_or_default();
    // For UDP a sum of nothing is written as its other form (RFC 768): zero would mean that there is none.
    let sum = if sum == 0 && at == UDP_SUM { 0xffff } else { sum };
    if let Some(place) = body.get_mut(at..at + 2) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
}

/// The bytes as numbers of two, summed: eight at a time, as carries may be added at the end (RFC 1071 §2).
fn sum_of(bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<4>();
    let mut sum: u64 = blocks.iter().map(|block| u64::from(u32::from_be_bytes(*block))).sum();
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32 & 0xffff) + (sum >> 48);
    let (pairs, last) = rest.as_chunks::<2>();
    sum += pairs.iter().map(|pair| u64::from(u16::from_be_bytes(*pair))).sum::<u64>();
    sum + last.iter().map(|byte| u64::from(*byte) << 8).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const LANE: Lane = Lane {
        client: End { mac: [2; 6], ip: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), port: 4000, ttl: 64 },
        server: End { mac: [4; 6], ip: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), port: 104, ttl: 63 },
        scope: 0,
        vlan: 12,
    };

    #[test]
    fn sums_come_out_even() {
        for count in 0..40usize {
            let payload: Vec<u8> = (0..count).map(|n| u8::try_from(n * 7 % 256).expect("a byte")).collect();
            let frame = datagram(&LANE, true, 1, &payload);
            let (ip, udp) = (&frame[18..38], &frame[38..]);
            assert_eq!(checksum(&[ip]), 0);
            let pseudo = [&ip[12..20], &[0, 17], &udp[4..6]].concat();
            assert_eq!(checksum(&[&pseudo, udp]), 0, "{count} bytes");
        }
    }

    #[test]
    fn a_segment_in_two_parts_is_one() {
        let mut whole = Vec::new();
        let mut parts = Vec::new();
        let what = Segment { client: false, flags: ACK | PUSH, seq: 7, ack: 9, id: 3 };
        segment(&mut whole, &LANE, what, (b"abcdefg", b""));
        segment(&mut parts, &LANE, what, (b"abc", b"defg"));
        assert_eq!(whole, parts);
        assert_eq!(whole.len(), 18 + 20 + 20 + 7);
    }
}
