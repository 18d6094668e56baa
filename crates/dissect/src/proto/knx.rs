//! KNXnet/IP: which routers, interfaces and devices of a KNX installation there are, and who uses them.
//!
//! In: datagrams. Out: of answers to searches and descriptions the device's name, serial number, address of its hardware,
//! medium and services; roles of both ends. One record for each message but the traffic of the bus itself, which is
//! passed over: what is switched and measured in rooms.
//!
//! Source: KNX Standard 3.8.1 to 3.8.5 (KNXnet/IP, EN ISO 22510:2020), 3.8.2 §7.5 (description information blocks).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::{address, text};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Mac, Privacy, Side};

pub(super) const ENTRY: Knx = Knx;

/// KNXnet/IP.
pub(super) struct Knx;

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

static INFO: Info = Info {
    name: "knx",
    title: "KNXnet/IP",
    source: "KNX Standard 3.8.1 to 3.8.5, EN ISO 22510:2020",
    carriers: &[Carrier::Udp],
    ports: &[3671],
    record: &[
        field("service", Kind::Text, Privacy::Device, "Service, such as `search-response`, or its number"),
        field("address", Kind::Text, Privacy::Network, "Individual address of the device, `area.line.device`"),
        field("medium", Kind::Text, Privacy::Device, "`tp1`, `pl110`, `rf` or `ip`"),
        field("services", Kind::List, Privacy::Device, "Families of services it offers, such as `tunnelling`"),
        field("mask", Kind::Text, Privacy::Device, "Device descriptor type 0, hexadecimal"),
        field("is_programming", Kind::Flag, Privacy::Device, "Whether it is in programming mode"),
    ],
    weirds: &[("knx.short", "a message ends before its parts do")],
    window: 0,
};

impl Dissector for Knx {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match frame(hello.bytes) {
            Some((service, _)) if Service::of(service).is_some() => Probe::Yes,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Reading)
    }
}

struct Reading;

impl Parser for Reading {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if let Some((number, body)) = frame(bytes) {
            message(number, body, bytes, out);
        }
        Step::Take(bytes.len())
    }
}

/// Number of the service and the body of a message whose header fits it.
fn frame(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let mut cursor = Cursor::new(bytes);
    let (size, version) = (cursor.u8().ok()?, cursor.u8().ok()?);
    let (service, length) = (cursor.u16().ok()?, cursor.u16().ok()?);
    ((size, version) == (6, 0x10) && usize::from(length) == bytes.len()).then_some((service, cursor.rest()))
}

/// What a service says of who sends it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    /// Sent by those who look for devices and use them.
    Asks,
    /// Sent by those who offer services.
    Answers,
    /// Sent by routers to all others.
    Routes,
    /// Sent by either end.
    Either,
}

struct Service(&'static str, Says);

impl Service {
    fn of(number: u16) -> Option<Self> {
        Some(match number {
            0x0201 => Self("search-request", Says::Asks),
            0x0202 => Self("search-response", Says::Answers),
            0x0203 => Self("description-request", Says::Asks),
            0x0204 => Self("description-response", Says::Answers),
            0x0205 => Self("connect-request", Says::Asks),
            0x0206 => Self("connect-response", Says::Answers),
            0x0207 => Self("connection-state-request", Says::Asks),
            0x0208 => Self("connection-state-response", Says::Answers),
            0x0209 => Self("disconnect-request", Says::Either),
            0x020a => Self("disconnect-response", Says::Either),
            0x020b => Self("search-request-extended", Says::Asks),
            0x020c => Self("search-response-extended", Says::Answers),
            0x0310 => Self("device-configuration-request", Says::Either),
            0x0311 => Self("device-configuration-ack", Says::Either),
            0x0420 => Self("tunnelling-request", Says::Either),
            0x0421 => Self("tunnelling-ack", Says::Either),
            0x0422..=0x0425 => Self("tunnelling-feature", Says::Either),
            0x0530 => Self("routing-indication", Says::Routes),
            0x0531 => Self("routing-lost-message", Says::Routes),
            0x0532 => Self("routing-busy", Says::Routes),
            0x0533 => Self("routing-system-broadcast", Says::Routes),
            0x0740 => Self("remote-diagnostic-request", Says::Asks),
            0x0741 => Self("remote-diagnostic-response", Says::Answers),
            0x0742 => Self("remote-configuration-request", Says::Asks),
            0x0743 => Self("remote-reset-request", Says::Asks),
            0x0950..=0x0955 => Self("secure", Says::Either),
            _ => return None,
        })
    }
}

fn message(number: u16, body: &[u8], bytes: &[u8], out: &mut Output<'_>) {
    let raw = bytes.get(..4).unwrap_or(bytes);
    let service = Service::of(number);
    match service.as_ref().map(|service| service.1) {
        Some(Says::Asks) => {
            out.fact(About::Sender, Field::PlantRole, "knx-client", raw);
            out.fact(About::Receiver, Field::PlantRole, "knx-server", raw);
        }
        Some(Says::Answers) => out.fact(About::Sender, Field::PlantRole, "knx-server", raw),
        Some(Says::Routes) => out.fact(About::Sender, Field::PlantRole, "knx-router", raw),
        _ => {}
    }
    let is_secure = (0x0950..=0x0955).contains(&number);
    if service.is_some() && !is_secure {
        out.fact(About::Sender, Field::Legacy, "cleartext-knx", raw);
    }
    let is_traffic = matches!(number, 0x0310 | 0x0311 | 0x0420..=0x0425 | 0x0530 | 0x0533) || is_secure;
    if is_traffic {
        return;
    }
    let mut told = Told::default();
    let blocks = match number {
        // An address of the one that answers stands before the blocks.
        0x0202 | 0x020c => body.get(8..),
        0x0204 => Some(body),
        _ => Some(&[][..]),
    };
    if blocks.ok_or(Short).and_then(|blocks| say_blocks(blocks, &mut told, out)).is_err() {
        out.weird("knx.short");
    }
    out.record(|row| {
        row.text("service", service.map_or_else(|| format!("{number:04x}"), |service| service.0.to_owned()));
        row.text("address", told.address.map(individual).unwrap_or_default());
        row.text("medium", told.medium);
        row.list("services", &told.services);
        row.text("mask", told.mask.map(|mask| format!("{mask:04x}")).unwrap_or_default());
        if let Some(is_programming) = told.is_programming {
            row.flag("is_programming", is_programming);
        }
    });
}

/// What was read of one answer, for its record.
#[derive(Default)]
struct Told {
    address: Option<u16>,
    medium: &'static str,
    services: Vec<&'static str>,
    mask: Option<u16>,
    is_programming: Option<bool>,
}

fn say_blocks(blocks: &[u8], told: &mut Told, out: &mut Output<'_>) -> Result<(), Short> {
    const DEVICE: u8 = 1;
    const SERVICES: u8 = 2;
    const EXTENDED: u8 = 8;
    let mut cursor = Cursor::new(blocks);
    while !cursor.is_empty() {
        let (length, kind) = (cursor.u8()?, cursor.u8()?);
        let mut block = cursor.within(usize::from(length.checked_sub(2).ok_or(Short)?))?;
        match kind {
            DEVICE => say_device(&mut block, told, out)?,
            SERVICES => say_services(block.rest(), told, out),
            EXTENDED => {
                block.skip(4)?;
                told.mask = Some(block.u16()?);
            }
            _ => {}
        }
    }
    Ok(())
}

fn say_device(block: &mut Cursor<'_>, told: &mut Told, out: &mut Output<'_>) -> Result<(), Short> {
    let (medium, status, number) = (block.u8()?, block.u8()?, block.u16()?);
    let (_project, serial, _group) = (block.u16()?, block.take(6)?, block.take(4)?);
    let (station, name) = (block.take(6)?, block.take_at_most(30));
    told.address = Some(number);
    told.is_programming = Some(status & 1 != 0);
    told.medium = match medium {
        2 => "tp1",
        4 => "pl110",
        0x10 => "rf",
        0x20 => "ip",
        _ => "",
    };
    if serial.iter().any(|byte| *byte != 0) {
        out.fact(About::Sender, Field::Serial, &text::hex(serial), serial);
        // The first two bytes are the maker's number.
        if let Some([high, low]) = serial.first_chunk() {
            let vendor = u16::from_be_bytes([*high, *low]);
            out.fact(About::Sender, Field::PlantVendor, &format!("knx:{vendor}"), serial);
        }
    }
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    out.text(About::Sender, Field::FriendlyName, name);
    let sender = out.context().side.of(out.context().ends).ip.filter(|ip| address::is_host(*ip));
    if let (Some(mac), Some(ip)) = (Mac::from_slice(station), sender) {
        out.fact(About::Station(mac), Field::Address, &ip.to_string(), station);
    }
    Ok(())
}

fn say_services(families: &[u8], told: &mut Told, out: &mut Output<'_>) {
    for [family, version] in families.as_chunks::<2>().0 {
        let name = match family {
            2 => "core",
            3 => "device-management",
            4 => "tunnelling",
            5 => "routing",
            6 => "remote-logging",
            7 => "remote-configuration",
            8 => "object-server",
            9 => "secure",
            _ => continue,
        };
        told.services.push(name);
        if *family == 5 {
            out.fact(About::Sender, Field::PlantRole, "knx-router", families);
        }
        out.fact(About::Sender, Field::ServiceOffered, &format!("knx-{name}/{version}"), families);
    }
}

/// An individual address as people write it.
fn individual(number: u16) -> String {
    format!("{}.{}.{}", number >> 12, (number >> 8) & 0xf, number & 0xff)
}

#[cfg(test)]
mod tests {
    use crate::trial::hear;

    #[test]
    fn datagrams_of_another_length_or_service_are_left_alone() {
        for other in ["0610 0201 000f 0801", "0610 0299 0006", "0620 0201 0006", "06"] {
            let heard = hear(&format!("udp 10.0.0.5:3671 > 10.0.0.9:3671\n> {other}"));
            assert_eq!(heard.service, None, "{other}");
        }
    }

    #[test]
    fn traffic_of_the_bus_is_not_told() {
        let heard = hear("udp 10.0.0.5:3671 > 224.0.23.12:3671\n> 0610 0530 0011 2900 bce0 1101 0902 0100 81");
        assert_eq!((heard.service, heard.records.len()), (Some("knx"), 0));
        heard.says("10.0.0.5 plant.role = knx-router");
    }
}
