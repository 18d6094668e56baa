//! LonTalk over IP: routers of building control networks, and the nodes behind them that announce themselves.
//!
//! In: datagrams. Out: who takes part, and of a service pin message the node's own number, its maker and kind, as a device
//! behind the sender; one record for each message that carries no bus traffic. Network variables, which are what rooms
//! measure and switch, are passed over, and so are authentication digests.
//!
//! Source: ISO/IEC 14908-4:2012 (ANSI/CEA-852) §8; ISO/IEC 14908-1:2012 §6 (network layer), §9 (network management);
//! LonMark, Program ID layout (SPID) in Application-Layer Interoperability Guidelines 3.4 §2.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, KeyKind, Kind, Privacy, Side};

pub(super) const ENTRY: Lontalk = Lontalk;

/// LonTalk over IP.
pub(super) struct Lontalk;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Device, meaning }
}

static INFO: Info = Info {
    name: "lontalk",
    title: "LonTalk over IP",
    source: "ISO/IEC 14908-4:2012 §8, 14908-1:2012 §6 and §9; LonMark Interoperability Guidelines 3.4",
    carriers: &[Carrier::Udp],
    ports: &[1628, 1629],
    record: &[
        field("packet_type", Kind::Number, "Type of the packet; 1 carries traffic of the bus"),
        field("vendor_code", Kind::Number, "Vendor code of the header; 0 is the standard itself"),
        field("node", Kind::Text, "Number of a node that announced itself, hexadecimal"),
        field("program", Kind::Text, "Program of a node that announced itself, hexadecimal"),
    ],
    weirds: &[("lontalk.header", "lengths of the header and the datagram do not agree")],
    window: 0,
};

const TRAFFIC: u8 = 1;

impl Dissector for Lontalk {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match packet(hello.bytes) {
            Ok(packet) if packet.service_pin().is_ok() => Probe::Yes,
            // The header alone has little to know it by.
            Ok(_) => Probe::Likely,
            Err(Short) => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Reading)
    }
}

struct Reading;

impl Parser for Reading {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match packet(bytes) {
            Ok(packet) => packet.say(bytes, out),
            Err(Short) => out.weird("lontalk.header"),
        }
        Step::Take(bytes.len())
    }
}

struct Packet<'a> {
    kind: u8,
    vendor: u16,
    body: &'a [u8],
}

/// Reads the common header. Errors: [`Short`] when it is none.
fn packet(bytes: &[u8]) -> Result<Packet<'_>, Short> {
    const VERSION: u8 = 1;
    /// Types of the standard: traffic, configuration, registration, membership, routing, statistics, their requests.
    const TYPES: [u8; 14] = [1, 3, 4, 6, 7, 8, 0x60, 0x63, 0x64, 0x66, 0x68, 0x70, 0x71, 0x7f];
    let mut cursor = Cursor::new(bytes);
    let (length, version, kind) = (cursor.u16()?, cursor.u8()?, cursor.u8()?);
    let (extension, flags, vendor) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    cursor.skip(4 + 4 + 4)?;
    cursor.skip(4 * usize::from(extension))?;
    // The upper bits of the version tell of makers' own packets; protocol 0 is LonTalk, flag 0x20 a digest.
    let fits =
        usize::from(length) == bytes.len() && version & 0x1f == VERSION && TYPES.contains(&kind) && flags & !0x20 == 0;
    if fits { Ok(Packet { kind, vendor, body: cursor.rest() }) } else { Err(Short) }
}

impl<'a> Packet<'a> {
    fn say(&self, bytes: &[u8], out: &mut Output<'_>) {
        let raw = bytes.get(..4).unwrap_or(bytes);
        out.fact(About::Sender, Field::PlantRole, "lontalk-router", raw);
        out.fact(About::Sender, Field::Legacy, "cleartext-lontalk", raw);
        let announced = self.service_pin().ok();
        if let Some((node, program)) = announced {
            say_node(node, program, out);
        }
        if self.kind == TRAFFIC && announced.is_none() {
            return;
        }
        out.record(|row| {
            row.number("packet_type", self.kind);
            row.number("vendor_code", self.vendor);
            if let Some((node, program)) = announced {
                row.text("node", text::hex(node));
                row.text("program", text::hex(program));
            }
        });
    }

    /// Number and program of the node whose service pin was pressed. Errors: [`Short`] when this tells of none.
    fn service_pin(&self) -> Result<(&'a [u8], &'a [u8]), Short> {
        const UNACKNOWLEDGED: u8 = 3;
        const SERVICE_PIN: u8 = 0x7f;
        let mut cursor = Cursor::new(self.body);
        let (_link, network) = (cursor.u8()?, cursor.u8()?);
        let (version, form) = (network >> 6, (network >> 4) & 3);
        let (to, domain) = ((network >> 2) & 3, network & 3);
        if self.kind != TRAFFIC || version != 0 || form != UNACKNOWLEDGED || to != 0 {
            return Err(Short);
        }
        let (_from, _to) = (cursor.u16()?, cursor.u8()?);
        cursor.skip(match domain {
            0 => 0,
            1 => 1,
            2 => 3,
            _ => 6,
        })?;
        if cursor.u8()? != SERVICE_PIN {
            return Err(Short);
        }
        let (node, program) = (cursor.take(6)?, cursor.take(8)?);
        // The check sum of the bus ends the frame.
        if cursor.left() > 2 { Err(Short) } else { Ok((node, program)) }
    }
}

/// Says what the program of a node tells: a format that certified and other interoperable devices have names the maker,
/// the class of device and what it is for.
fn say_node(node: &[u8], program: &[u8], out: &mut Output<'_>) {
    let name = format!("lon/{}", text::hex(node));
    let about = About::Named(KeyKind::Serial, &name);
    out.fact(about, Field::Serial, &text::hex(node), node);
    out.fact(about, Field::PlantRole, "lontalk-node", node);
    let [first, second, third, high, low, ..] = *program else { return };
    if matches!(first >> 4, 8 | 9) {
        let maker = u32::from_be_bytes([0, first & 0x0f, second, third]);
        out.fact(about, Field::PlantVendor, &format!("lonmark:{maker}"), program);
        let class = u16::from_be_bytes([high, low]);
        out.fact(about, Field::DeviceType, &format!("lonmark:{class:04x}"), program);
    }
    out.fact(about, Field::ModelNumber, &text::hex(program), program);
}
