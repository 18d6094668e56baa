//! Bluetooth Low Energy: what devices announce of themselves on the air.
//!
//! In comes a packet of the link layer, or one between host and controller that reports such; out go names, companies,
//! services and appearance of whoever has a public address. Random addresses name nobody for long (a resolvable one is
//! made so that nobody is followed by it): of them there is a record without address, and no fact. A device's name may
//! be its owner's: it leaves as names of hosts do. What makers put in for themselves, and connections, are passed over.
//! Source: Bluetooth Core Specification 5.4, Vol 6 Part B §1.3, §2.3; Vol 4 Part E §7.7; Supplement v11 Part A §1.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::{text, uuid};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Mac, Privacy, Side};

pub(super) static ENTRY: Ble = Ble;

pub(super) struct Ble;

static INFO: Info = Info {
    name: "ble",
    title: "Bluetooth Low Energy announcements",
    source: "Bluetooth Core Specification 5.4, Vol 6 Part B §2.3; Supplement v11 Part A",
    carriers: &[Carrier::Link(251), Carrier::Link(187)],
    ports: &[],
    record: &[
        field("address", Kind::Text, "public address of the device"),
        field("address_kind", Kind::Text, "`public`, `static`, `resolvable` or `non-resolvable`"),
        field("name", Kind::Text, "name of the device"),
        field("companies", Kind::List, "companies that it names, decimal"),
        field("services", Kind::List, "services that it names"),
        field("appearance", Kind::Number, "appearance"),
    ],
    weirds: &[("ble.short", "a packet ends within its fixed part, or an element goes on beyond its end")],
    window: 0,
};

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Ble {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

/// Access address of the advertising channels, and the packet type of events in H4.
const ADVERTISING: u32 = 0x8e89_bed6;
const EVENT: u8 = 4;

impl Parser for Ble {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        // A type of H4 is never the first byte of the one access address that is read.
        let is_on_air = Cursor::new(bytes).u32_le() == Ok(ADVERTISING);
        let found = if is_on_air { on_air(bytes) } else { event(bytes) };
        match found.and_then(|found| found.map(|found| Ok((found, Elements::read(found.elements)?))).transpose()) {
            Ok(Some((found, elements))) => found.tell(&elements, out),
            Ok(None) => {}
            Err(Short) => out.weird("ble.short"),
        }
        Step::Done
    }
}

/// An announcement, or an answer to a scan.
#[derive(Clone, Copy)]
struct Announcement<'a> {
    address: [u8; 6],
    is_random: bool,
    elements: &'a [u8],
}

/// The announcement in a packet of the link layer, behind its access address.
fn on_air(bytes: &[u8]) -> Result<Option<Announcement<'_>>, Short> {
    let mut cursor = Cursor::new(bytes);
    cursor.skip(4)?;
    let (head, length) = (cursor.u8()?, cursor.u8()?);
    let mut cursor = cursor.within(length.into())?;
    let is_random = head & 0x40 != 0;
    match head & 0x0f {
        0 | 2 | 4 | 6 => {
            let address = cursor.array()?;
            Ok(Some(Announcement { address, is_random, elements: cursor.rest() }))
        }
        7 => {
            let length = usize::from(cursor.u8()? & 0x3f);
            let mut extended = cursor.within(length)?;
            if length == 0 || extended.u8()? & 1 == 0 {
                return Ok(None);
            }
            let address = extended.array()?;
            Ok(Some(Announcement { address, is_random, elements: cursor.rest() }))
        }
        _ => Ok(None),
    }
}

/// The announcement that a controller reports to its host, one in an event.
fn event(bytes: &[u8]) -> Result<Option<Announcement<'_>>, Short> {
    let mut cursor = Cursor::new(bytes);
    if cursor.u8()? != EVENT {
        return Ok(None);
    }
    let (code, length) = (cursor.u8()?, cursor.u8()?);
    if code != 0x3e || cursor.left() != usize::from(length) {
        return Ok(None);
    }
    let (kind, count) = (cursor.u8()?, cursor.u8()?);
    if !matches!(kind, 0x02 | 0x0d) || count != 1 {
        return Ok(None);
    }
    cursor.skip(if kind == 0x02 { 1 } else { 2 })?;
    let (address_kind, address) = (cursor.u8()?, cursor.array()?);
    cursor.skip(if kind == 0x02 { 0 } else { 14 })?;
    let length = cursor.u8()?;
    let elements = cursor.take(length.into())?;
    // 2 and 3 are identities that the controller resolved, of which only a public one is told.
    Ok(Some(Announcement { address, is_random: address_kind & 1 == 1, elements }))
}

impl Announcement<'_> {
    fn kind(&self) -> &'static str {
        let [.., first] = self.address;
        match (self.is_random, first >> 6) {
            (false, _) => "public",
            (true, 3) => "static",
            (true, 1) => "resolvable",
            (true, _) => "non-resolvable",
        }
    }

    fn tell(&self, elements: &Elements<'_>, out: &mut Output<'_>) {
        let [a, b, c, d, e, f] = self.address;
        let mac = Some(Mac([f, e, d, c, b, a])).filter(|mac| !self.is_random && mac.is_station());
        if let Some(mac) = mac {
            elements.tell(About::Station(mac), out);
        }
        out.record(|row| {
            row.text("address", mac.map(|mac| mac.to_string()).unwrap_or_default());
            row.text("address_kind", self.kind());
            row.host("name", elements.name);
            row.list("companies", elements.companies.iter().map(|(company, _)| company.to_string()));
            row.list("services", elements.services.iter().map(|(service, _)| service));
            if let Some((appearance, _)) = elements.appearance {
                row.number("appearance", appearance);
            }
        });
    }
}

/// What an announcement says, each with its bytes.
#[derive(Default)]
struct Elements<'a> {
    name: &'a [u8],
    companies: Vec<(u16, &'a [u8])>,
    services: Vec<(String, &'a [u8])>,
    appearance: Option<(u16, &'a [u8])>,
}

impl<'a> Elements<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Short> {
        let mut cursor = Cursor::new(bytes);
        let mut seen = Self::default();
        while !cursor.is_empty() {
            let length = cursor.u8()?;
            // What is left of the room for elements is zero.
            let Some(length) = usize::from(length).checked_sub(1) else { break };
            let kind = cursor.u8()?;
            let raw = cursor.take(length)?;
            let mut value = Cursor::new(raw);
            match kind {
                0x02 | 0x03 => seen.services(raw, 2),
                0x04 | 0x05 => seen.services(raw, 4),
                0x06 | 0x07 => seen.services(raw, 16),
                0x08 | 0x09 => seen.name = raw,
                0x16 => seen.services(value.take(2)?, 2),
                0x19 => seen.appearance = Some((value.u16_le()?, raw)),
                0xff => seen.companies.push((value.u16_le()?, raw)),
                _ => {}
            }
        }
        Ok(seen)
    }

    fn services(&mut self, raw: &'a [u8], length: usize) {
        self.services.extend(raw.chunks_exact(length).map(|raw| {
            let mut reversed: Vec<u8> = raw.to_vec();
            reversed.reverse();
            (uuid::text(&reversed).unwrap_or_else(|| text::hex(&reversed)), raw)
        }));
    }

    fn tell(&self, about: About<'_>, out: &mut Output<'_>) {
        out.text(about, Field::FriendlyName, self.name);
        for (company, raw) in &self.companies {
            out.fact(about, Field::BleCompany, &company.to_string(), raw);
        }
        for (service, raw) in &self.services {
            out.fact(about, Field::BleService, service, raw);
        }
        if let Some((appearance, raw)) = self.appearance {
            out.fact(about, Field::BleAppearance, &appearance.to_string(), raw);
        }
    }
}
