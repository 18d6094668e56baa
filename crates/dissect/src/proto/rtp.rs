//! RTP and RTCP: who streams sound and pictures, and with which program.
//!
//! In: datagrams. Nothing in one packet of RTP is a mark of its own, so that only packets of one source in sequence count;
//! then the rest of that direction is only counted. Out: the payload type, the program (RTCP TOOL); one record a source or
//! description. Names, addresses and notes of participants never leave but for the canonical name, as a keyed hash; media is
//! never read.
//!
//! Source: RFC 3550 §5.1, §6.4, §6.5; RFC 3551 §6 (payload types).

use crate::codec::cursor::Cursor;
use crate::codec::ends::{device, person};
use crate::codec::greeting;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Side};

pub(super) const ENTRY: Rtp = Rtp;

/// RTP.
pub(super) struct Rtp;

static INFO: Info = Info {
    name: "rtp",
    title: "Real-time Transport Protocol",
    source: "RFC 3550 §5.1, §6; RFC 3551 §6",
    carriers: &[Carrier::Udp],
    ports: &[5004, 5005],
    record: &[
        device("ssrc", Kind::Number, "synchronization source"),
        device("payload", Kind::Text, "payload type, or `dynamic`"),
        person("cname", "canonical name of the sender (RTCP)"),
        device("tool", Kind::Text, "program of the sender (RTCP)"),
    ],
    weirds: &[("rtp.control", "lengths within an RTCP packet do not agree (RFC 3550 §6.4)")],
    window: 0,
};

/// Payload types of RFC 3551 with their names.
const PAYLOADS: [(u8, &str); 20] = [
    (0, "PCMU"),
    (3, "GSM"),
    (4, "G723"),
    (5, "DVI4"),
    (6, "DVI4"),
    (7, "LPC"),
    (8, "PCMA"),
    (9, "G722"),
    (10, "L16"),
    (11, "L16"),
    (12, "QCELP"),
    (13, "CN"),
    (14, "MPA"),
    (15, "G728"),
    (18, "G729"),
    (26, "JPEG"),
    (31, "H261"),
    (32, "MPV"),
    (33, "MP2T"),
    (34, "H263"),
];
/// Packets of one source in sequence that are proof.
const PROOF: u8 = 3;
/// Packets that may be lost between two.
const LOST: u16 = 16;

impl Dissector for Rtp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let has_ports = hello.ports.iter().all(|port| *port >= 1024);
        match (has_ports, control_packets(hello.bytes), Packet::read(hello.bytes)) {
            (true, Some(_), _) => Probe::Yes,
            (true, None, Some(packet)) if packet.is_usual() => Probe::Yes,
            (true, None, Some(_)) => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Session>::default()
    }
}

struct Packet<'a> {
    kind: u8,
    sequence: u16,
    source: u32,
    payload: usize,
    head: &'a [u8],
}

impl<'a> Packet<'a> {
    /// A packet of version 2 whose header, contributing sources, extension and padding fit.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let (first, second) = (cursor.u8().ok()?, cursor.u8().ok()?);
        let (sequence, _) = (cursor.u16().ok()?, cursor.u32().ok()?);
        let source = cursor.u32().ok()?;
        cursor.skip(usize::from(first & 0xf) * 4).ok()?;
        if first & 0x10 != 0 {
            cursor.skip(2).ok()?;
            let words = cursor.u16().ok()?;
            cursor.skip(usize::from(words) * 4).ok()?;
        }
        let padding = if first & 0x20 == 0 { 0 } else { usize::from(*bytes.last()?) };
        let payload = cursor.left().checked_sub(padding)?;
        let kind = second & 0x7f;
        let is_kind = kind >= 96 || PAYLOADS.iter().any(|(known, _)| *known == kind);
        (first >> 6 == 2 && is_kind && payload > 0 && source > 0).then_some(Self {
            kind,
            sequence,
            source,
            payload,
            head: bytes.get(..12)?,
        })
    }

    /// Whether header and size are those that most streams have: no contributing source, and for sound whole milliseconds.
    fn is_usual(&self) -> bool {
        let is_plain = matches!(self.head.first(), Some(0x80 | 0x90));
        let size = match self.kind {
            0 | 8 | 9 => self.payload.is_multiple_of(80) && self.payload <= 640,
            18 => matches!(self.payload, 2 | 10..=60) && (self.payload == 2 || self.payload % 10 <= 2),
            3 => self.payload.is_multiple_of(33),
            4 => matches!(self.payload, 4 | 20 | 24 | 48),
            33 => self.payload.is_multiple_of(188),
            96.. => self.payload >= 8,
            _ => self.payload >= 20,
        };
        is_plain && size
    }

    fn name(&self) -> &'static str {
        PAYLOADS.iter().find(|(kind, _)| *kind == self.kind).map_or("dynamic", |(_, name)| name)
    }
}

#[derive(Default)]
struct Session([Heard; 2]);

#[derive(Default)]
struct Heard {
    last: Option<(u32, u16)>,
    in_sequence: u8,
    is_control: bool,
}

impl Parser for Session {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let [one, other] = &self.0;
        let is_proven = one.is_control || other.is_control || one.in_sequence.max(other.in_sequence) >= PROOF;
        let heard = side.of(self.0.each_mut());
        if let Some(packets) = control_packets(bytes) {
            heard.is_control = true;
            describe(packets, out);
            return Step::Take(bytes.len());
        }
        match Packet::read(bytes) {
            Some(packet) => heard.packet(&packet, out),
            // Other protocols that begin a call share its ports (RFC 7983).
            None if is_proven || matches!(bytes.first(), Some(0..=3 | 20..=63)) => Step::Take(bytes.len()),
            None => Step::Refuse,
        }
    }
}

impl Heard {
    fn packet(&mut self, packet: &Packet<'_>, out: &mut Output<'_>) -> Step {
        let (before, now) = (self.last.replace((packet.source, packet.sequence)), (packet.source, packet.sequence));
        match before {
            Some((source, sequence)) if source == now.0 && (1..=LOST).contains(&now.1.wrapping_sub(sequence)) => {
                self.in_sequence = self.in_sequence.saturating_add(1).max(2);
            }
            Some((source, sequence)) if source == now.0 && sequence.wrapping_sub(now.1) <= LOST => {}
            // Another source begins anew; twice without a sequence it is no RTP.
            Some(_) if self.in_sequence == 0 => return Step::Refuse,
            Some(_) => self.in_sequence = 0,
            None => self.in_sequence = 1,
        }
        if self.in_sequence < PROOF {
            return Step::Take(0);
        }
        out.fact(About::Sender, Field::RtpPayload, packet.name(), packet.head);
        out.record(|row| {
            row.number("ssrc", packet.source);
            row.text("payload", packet.name());
        });
        Step::Done
    }
}

/// The packets of RTCP that `bytes` consist of: a report first, lengths that fill the datagram (RFC 3550 §A.2). With no
/// description behind it a lone report counts when its own length fits what it counts.
fn control_packets(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes;
    let mut count = 0;
    while let [first, kind, high, low, ..] = rest {
        let length = (usize::from(u16::from_be_bytes([*high, *low])) + 1) * 4;
        let is_first_kind = matches!(kind, 200 | 201);
        if first >> 6 != 2 || !(200..=207).contains(kind) || (count == 0 && (!is_first_kind || first & 0x20 != 0)) {
            return None;
        }
        let reports = usize::from(first & 0x1f) * 24;
        let least = if *kind == 200 { 28 + reports } else { 8 + reports };
        if is_first_kind && length < least {
            return None;
        }
        rest = rest.get(length..)?;
        count += 1;
    }
    (rest.is_empty() && count > 0).then_some(bytes)
}

/// Says what the descriptions of a source tell (RFC 3550 §6.5): canonical name and program.
fn describe(packets: &[u8], out: &mut Output<'_>) {
    let mut rest = packets;
    while let [first, kind, high, low, ..] = rest {
        let length = (usize::from(u16::from_be_bytes([*high, *low])) + 1) * 4;
        let (packet, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        if *kind == 202 && first & 0x1f > 0 && description(packet, out).is_none() {
            out.weird("rtp.control");
        }
        rest = behind;
    }
}

fn description(packet: &[u8], out: &mut Output<'_>) -> Option<()> {
    let mut cursor = Cursor::new(packet.get(4..)?);
    let source = cursor.u32().ok()?;
    let (mut cname, mut tool): (&[u8], &[u8]) = (&[], &[]);
    loop {
        let kind = cursor.u8().ok()?;
        if kind == 0 {
            break;
        }
        let length = usize::from(cursor.u8().ok()?);
        let text = cursor.take(length).ok()?;
        match kind {
            1 => cname = text,
            6 => tool = text,
            _ => {}
        }
    }
    let program = greeting::plain(tool);
    out.fact(About::Sender, Field::Program, &program, tool);
    out.record(|row| {
        row.number("ssrc", source);
        row.person("cname", cname);
        row.text("tool", &program);
    });
    Some(())
}
