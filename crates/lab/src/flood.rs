//! Floods: captures of what would fill a sensor that holds on to everything.
//!
//! In: which limit, how many. Out: a capture (draft-ietf-opsawg-pcap), written as it is made.

use crate::bytes::{Bytes, length};
use std::io::{self, Write};

/// What there is too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flood {
    /// Conversations over UDP that say one thing each.
    Flows,
    /// TCP connections of which only the first segment comes.
    HalfOpen,
    /// IP packets of which only the first fragment comes.
    Fragments,
    /// Stations that announce themselves.
    Stations,
    /// Names that one station gives itself.
    Names,
    /// Names that stations give themselves, each another.
    Facts,
    /// TCP connections that go on behind a hole.
    Holes,
    /// TCP connections with a message that never ends.
    Messages,
    /// Frames in frames in frames.
    Nesting,
    /// Answers that unpack to five thousand times their length.
    Bombs,
}

impl Flood {
    /// All, in the order of the layers.
    pub const ALL: [Self; 10] = [
        Self::Stations,
        Self::Nesting,
        Self::Fragments,
        Self::Flows,
        Self::HalfOpen,
        Self::Holes,
        Self::Messages,
        Self::Bombs,
        Self::Names,
        Self::Facts,
    ];

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flows => "conversations",
            Self::HalfOpen => "half-open connections",
            Self::Fragments => "first fragments",
            Self::Stations => "stations",
            Self::Names => "names of one station",
            Self::Facts => "names, each of another station",
            Self::Holes => "streams with a hole",
            Self::Messages => "messages half said",
            Self::Nesting => "tunnels in tunnels",
            Self::Bombs => "decompression bombs",
        }
    }

    /// Writes `count` of them. Errors: what `out` says.
    pub fn write(self, count: u32, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&Bytes::default().u32(0xa1b2_c3d4).u16(2).u16(4).u32(0).u32(0).u32(262_144).u32(1).0)?;
        for n in 0..count {
            for frame in self.frames(n) {
                // Ten thousand in a second, so that nothing ends for want of use.
                let (second, micros) = (1_790_000_000 + n / 10_000, n % 10_000 * 100);
                let head = Bytes::default().u32(second).u32(micros).u32(length(&frame)).u32(length(&frame));
                out.write_all(&head.raw(frame).0)?;
            }
        }
        Ok(())
    }

    fn frames(self, n: u32) -> Vec<Vec<u8>> {
        let query =
            || Bytes::default().u16(1).u16(0x0100).u16(1).u16(0).u16(0).u16(0).short("pump").u8(0).u16(1).u16(1);
        match self {
            Self::Stations => vec![announcement(n)],
            // Of the same thousand hosts, or it would be a flood of those.
            Self::Nesting => vec![nested(n % 1_000)],
            Self::Fragments => {
                vec![ethernet(n, 0, ip(n, 17, 0x2000, &Bytes::default().u16(4000).u16(53).zeros(500).0))]
            }
            Self::Flows => vec![udp(n, 53, &query().0)],
            Self::HalfOpen => vec![tcp(n, 80, 1, 0x02, b"")],
            Self::Holes => vec![tcp(n, 80, 1, 0x02, b""), tcp(n, 80, 3_002, 0x18, &[b'x'; 1_000])],
            Self::Messages => {
                let begun =
                    [b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nX: ".as_slice(), &[b'x'; 1_200]].concat();
                vec![tcp(n, 80, 1, 0x02, b""), tcp(n, 80, 2, 0x18, &begun)]
            }
            Self::Bombs => bomb(n),
            Self::Names => vec![named(0, n)],
            Self::Facts => vec![named(n, n)],
        }
    }
}

/// The network address of host `n`.
fn host(n: u32) -> [u8; 4] {
    let [_, b, c, d] = n.to_be_bytes();
    [10, b, c, d]
}

fn station(n: u32) -> Vec<u8> {
    Bytes::default().raw([0x02, 0]).u32(n).0
}

fn ethernet(n: u32, to: u32, (ethertype, payload): (u16, Vec<u8>)) -> Vec<u8> {
    Bytes::default().raw(station(to)).raw(station(n)).u16(ethertype).raw(payload).0
}

/// An IPv4 packet (RFC 791 §3.1) from host `n`; its check sum is not looked at.
fn ip(n: u32, protocol: u8, fragment: u16, payload: &[u8]) -> (u16, Vec<u8>) {
    let total: u16 = length::<u16>(payload) + 20;
    let [_, _, high, low] = n.to_be_bytes();
    let head = Bytes::default().u16(0x4500).u16(total).raw([high, low]).u16(fragment).u8(64).u8(protocol).u16(0);
    (0x0800, head.raw(host(n)).raw([10, 255, 255, 1]).raw(payload).0)
}

fn udp(n: u32, port: u16, payload: &[u8]) -> Vec<u8> {
    let total: u16 = length::<u16>(payload) + 8;
    ethernet(n, 0, ip(n, 17, 0x4000, &Bytes::default().u16(40_000).u16(port).u16(total).u16(0).raw(payload).0))
}

/// A segment of client `n` (RFC 9293 §3.1).
fn tcp(n: u32, port: u16, seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    ethernet(n, 0, ip(n, 6, 0x4000, &segment((40_000, port), (seq, 0), flags, payload)))
}

fn segment((from, to): (u16, u16), (seq, ack): (u32, u32), flags: u8, payload: &[u8]) -> Vec<u8> {
    Bytes::default().u16(from).u16(to).u32(seq).u32(ack).u8(0x50).u8(flags).u16(0xffff).u32(0).raw(payload).0
}

/// A gratuitous ARP announcement (RFC 5227 §3).
fn announcement(n: u32) -> Vec<u8> {
    let arp = Bytes::default().u16(1).u16(0x0800).u8(6).u8(4).u16(1).raw(station(n)).raw(host(n)).zeros(6).raw(host(n));
    ethernet(n, u32::MAX, (0x0806, arp.0))
}

/// A query in forty layers of IPv4 in IPv4 (RFC 2003).
fn nested(n: u32) -> Vec<u8> {
    let (mut protocol, mut inner) = (17, Bytes::default().u16(40_000).u16(53).u16(8).u16(0).0);
    for _ in 0..40 {
        inner = ip(n, protocol, 0x4000, &inner).1;
        protocol = 4;
    }
    ethernet(n, 0, (0x0800, inner))
}

/// A DHCP request (RFC 2131 §2) of station `n` that calls itself number `name`.
fn named(n: u32, name: u32) -> Vec<u8> {
    let fixed = Bytes::default().raw([1, 1, 6, 0]).u32(name).zeros(20).raw(station(n)).zeros(10 + 64 + 128);
    let asked = fixed.u32(0x6382_5363).raw([53, 1, 3]).u8(12).short(format!("pump-{name:08}")).u8(255);
    let total: u16 = length::<u16>(&asked.0) + 8;
    let payload = Bytes::default().u16(68).u16(67).u16(total).u16(0).raw(asked);
    ethernet(n, u32::MAX, ip(n, 17, 0x4000, &payload.0))
}

/// An answer with a body of deflate (RFC 1951) that says "258 times the same" for thirteen bits, again and again.
fn bomb(n: u32) -> Vec<Vec<u8>> {
    // One zero byte, then length 258 (code 285) at distance 1, as fixed codes have them (§3.2.6).
    let mut bits = vec![true, true, false];
    let mut put = |code: u16, count: u16| bits.extend((0..count).rev().map(|place| code >> place & 1 == 1));
    put(0x30, 8);
    for _ in 0..8_000 {
        put(0xc5, 8);
        put(0, 5);
    }
    put(0, 7);
    let packed: Vec<u8> =
        bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: deflate\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    );
    let answer = [head.into_bytes(), packed].concat();
    let back = |seq: u32, flags: u8, payload: &[u8]| {
        let total: u16 = length::<u16>(payload) + 40;
        let head = Bytes::default().u16(0x4500).u16(total).u32(0x4000).u8(64).u8(6).u16(0).raw([10, 255, 255, 1]);
        let packet = head.raw(host(n)).raw(segment((80, 40_000), (seq, 100), flags, payload)).0;
        ethernet(0, n, (0x0800, packet))
    };
    let mut frames =
        vec![tcp(n, 80, 1, 0x02, b""), back(1, 0x12, b""), tcp(n, 80, 2, 0x18, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")];
    let mut at = 2;
    for part in answer.chunks(1_400) {
        frames.push(back(at, 0x18, part));
        at += length::<u32>(part);
    }
    frames
}
