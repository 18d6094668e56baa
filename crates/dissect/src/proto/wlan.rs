//! IEEE 802.11 management: access points, the networks they offer, and what stations say of themselves to them.
//!
//! In comes a management frame; out go roles, the network's name and protection, and the maker, model and serial number
//! of Wi-Fi Protected Setup. A network may be called after a person, as a host may: its name leaves as names of hosts
//! do, words that name nobody readable and the rest as a keyed hash. The networks that a station looks for tell where its
//! owner has been, and are passed over.
//! Source: IEEE 802.11-2020 §9.3.3 and §9.4; Wi-Fi Alliance: Wi-Fi Simple Configuration 2.0.8 §12.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::uuid;
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Wlan = Wlan;

pub(super) struct Wlan;

static INFO: Info = Info {
    name: "wlan",
    title: "IEEE 802.11 management",
    source: "IEEE 802.11-2020 §9.3.3; Wi-Fi Simple Configuration 2.0.8 §12",
    carriers: &[Carrier::Link(105)],
    ports: &[],
    record: &[
        field("message", Kind::Text, "`association` or `reassociation`"),
        field("ssid", Kind::Text, "name of the network that the station joins"),
        field("security", Kind::Text, "protection that it asks for: `none`, `wep`, `wpa` or `rsn`"),
    ],
    weirds: &[("wlan.short", "the frame ends within its fixed part, or an element goes on beyond its end")],
    window: 0,
};

const PRIVACY: u16 = 0x10;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Wlan {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Wlan {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if frame(bytes, out).is_err() {
            out.weird("wlan.short");
        }
        Step::Done
    }
}

fn frame(bytes: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(bytes);
    let (control, flags) = (cursor.u8()?, cursor.u8()?);
    cursor.skip(if flags & 0x80 != 0 { 26 } else { 22 })?;
    match control >> 4 {
        kind @ (0 | 2) => {
            let capability = cursor.u16_le()?;
            cursor.skip(if kind == 0 { 2 } else { 8 })?;
            let offer = Elements::read(cursor, out)?;
            offer.name(out);
            out.record(|row| {
                row.text("message", if kind == 0 { "association" } else { "reassociation" });
                row.host("ssid", offer.network);
                row.text("security", offer.security(capability));
            });
        }
        1 | 3 => out.fact(About::Sender, Field::NetworkRole, "access-point", bytes),
        4 => _ = Elements::read(cursor, out)?,
        5 | 8 => {
            cursor.skip(8 + 2)?;
            let capability = cursor.u16_le()?;
            let offer = Elements::read(cursor, out)?;
            // Stations that meet without an access point send beacons too.
            if capability & 1 == 1 {
                offered(&offer, capability, bytes, out);
            }
        }
        _ => {}
    }
    Ok(())
}

fn offered(offer: &Elements<'_>, capability: u16, bytes: &[u8], out: &mut Output<'_>) {
    out.fact(About::Sender, Field::NetworkRole, "access-point", bytes);
    offer.name(out);
    let weak = match offer.security(capability) {
        "none" => "cleartext-wlan",
        "wep" => "wep",
        "wpa" => "wpa1",
        _ => "",
    };
    out.fact(About::Sender, Field::Legacy, weak, bytes);
}

/// What the elements of one frame say.
#[derive(Default)]
struct Elements<'a> {
    network: &'a [u8],
    has_wpa: bool,
    has_rsn: bool,
}

impl<'a> Elements<'a> {
    fn read(mut cursor: Cursor<'a>, out: &mut Output<'_>) -> Result<Self, Short> {
        let mut seen = Self::default();
        while !cursor.is_empty() {
            let (kind, length) = (cursor.u8()?, cursor.u8()?);
            let value = cursor.take(length.into())?;
            match (kind, value) {
                (0, network) => seen.network = network,
                (48, _) => seen.has_rsn = true,
                (221, [0x00, 0x50, 0xf2, 0x01, ..]) => seen.has_wpa = true,
                (221, [0x00, 0x50, 0xf2, 0x04, set_up @ ..]) => setup(Cursor::new(set_up), out)?,
                _ => {}
            }
        }
        Ok(seen)
    }

    /// A hidden network's name is empty or all zero.
    fn name(&self, out: &mut Output<'_>) {
        out.text(About::Sender, Field::NetworkName, self.network);
    }

    const fn security(&self, capability: u16) -> &'static str {
        match (self.has_rsn, self.has_wpa, capability & PRIVACY != 0) {
            (true, ..) => "rsn",
            (_, true, _) => "wpa",
            (.., true) => "wep",
            _ => "none",
        }
    }
}

/// Attributes of Wi-Fi Protected Setup: the device describes itself.
fn setup(mut cursor: Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    while !cursor.is_empty() {
        let (kind, length) = (cursor.u16()?, cursor.u16()?);
        let raw = cursor.take(length.into())?;
        let field = match kind {
            0x1011 => Field::FriendlyName,
            0x1021 => Field::Manufacturer,
            0x1023 => Field::Model,
            0x1024 => Field::ModelNumber,
            0x1042 => Field::Serial,
            0x1047 => {
                let id = uuid::text(raw);
                out.fact(About::Sender, Field::Uuid, &id.unwrap_or_default(), raw);
                continue;
            }
            _ => continue,
        };
        out.text(About::Sender, field, raw);
    }
    Ok(())
}
