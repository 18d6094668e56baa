//! LLDP: what a switch, phone, access point or device announces about itself to its neighbour.
//!
//! In comes one LLDPDU; out go the sender's names, capabilities, management addresses and LLDP-MED inventory. Location
//! (civic addresses, emergency numbers) is passed over. The chassis may bear another hardware address than the port
//! that sent the frame.
//! Source: IEEE 802.1AB-2016 §8 and §9, annexes of IEEE 802.1Q and 802.3, ANSI/TIA-1057 §10.2.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::{address, text};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use std::borrow::Cow;
use std::net::IpAddr;
use wardlight_model::{Field, FieldInfo, Kind, Mac, Privacy, Side};

pub(super) static ENTRY: Lldp = Lldp;

pub(super) struct Lldp;

static INFO: Info = Info {
    name: "lldp",
    title: "Link Layer Discovery Protocol",
    source: "IEEE 802.1AB-2016; ANSI/TIA-1057 (LLDP-MED)",
    carriers: &[Carrier::Ethertype(0x88cc)],
    ports: &[],
    record: &[
        field("chassis_id", Kind::Text, Privacy::Network, "Chassis id: hardware or network address, or a name"),
        field("port_id", Kind::Text, Privacy::Network, "Port id: hardware or network address, or a name"),
        field("ttl", Kind::Number, Privacy::Network, "Seconds the announcement holds; 0 when the sender leaves"),
        field("system_name", Kind::Text, Privacy::Network, "System name, unless it carries a person's name"),
        field("system_description", Kind::Text, Privacy::Device, "System description"),
        field("capabilities", Kind::List, Privacy::Device, "Capabilities that are enabled"),
        field("management_addresses", Kind::List, Privacy::Network, "Management addresses, the first four"),
        field("vlan", Kind::Number, Privacy::Network, "Port VLAN id (IEEE 802.1Q annex D.2.1)"),
        field(
            "power_requested_mw",
            Kind::Number,
            Privacy::Device,
            "Power the device asks for, mW (IEEE 802.3 §79.3.2)",
        ),
        field("med_class", Kind::Text, Privacy::Device, "LLDP-MED device class"),
    ],
    weirds: &[
        ("lldp.short", "a TLV goes on beyond the end of the frame, or is too short for what it must hold"),
        ("lldp.order", "chassis id, port id and time to live are not the first three TLVs (§8.2)"),
    ],
    window: 0,
};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

impl Dissector for Lldp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Lldp {
    fn read(&mut self, _side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let mut seen = Announcement::default();
        if seen.read(bytes, out).is_err() {
            out.weird("lldp.short");
        }
        seen.record(out);
        Step::Done
    }
}

/// What one LLDPDU has said so far.
#[derive(Default)]
struct Announcement<'a> {
    chassis: Option<Id<'a>>,
    port: Option<Id<'a>>,
    ttl: Option<u16>,
    name: &'a [u8],
    description: &'a [u8],
    enabled: u16,
    addresses: [Option<IpAddr>; 4],
    vlan: Option<u16>,
    power_mw: Option<u32>,
    class: Option<&'static str>,
}

/// A chassis or port id: kind and bytes.
#[derive(Clone, Copy)]
struct Id<'a> {
    is_mac: bool,
    is_address: bool,
    raw: &'a [u8],
}

impl<'a> Announcement<'a> {
    fn read(&mut self, bytes: &'a [u8], out: &mut Output<'_>) -> Result<(), Short> {
        let mut cursor = Cursor::new(bytes);
        let mut nth = 0u8;
        while !cursor.is_empty() {
            let head = cursor.u16()?;
            let kind = head >> 9;
            if kind == 0 {
                break;
            }
            nth = nth.saturating_add(1);
            if (nth <= 3 || kind <= 3) && kind != u16::from(nth) {
                out.weird("lldp.order");
            }
            let value = cursor.within(usize::from(head & 0x1ff))?;
            self.tlv(kind, value, out)?;
        }
        if nth < 3 {
            out.weird("lldp.order");
        }
        Ok(())
    }

    fn tlv(&mut self, kind: u16, mut value: Cursor<'a>, out: &mut Output<'_>) -> Result<(), Short> {
        match kind {
            1 => self.chassis = Some(chassis(value, out)?),
            2 => self.port(value, out)?,
            3 => self.ttl = Some(value.u16()?),
            5 => {
                self.name = value.rest();
                out.text(About::Sender, Field::LldpName, self.name);
            }
            6 => {
                self.description = value.rest();
                out.text(About::Sender, Field::LldpDescription, self.description);
            }
            7 => self.capabilities(value, out)?,
            8 => self.management(value, out)?,
            127 => self.organisation(value, out)?,
            _ => {}
        }
        Ok(())
    }

    fn port(&mut self, mut value: Cursor<'a>, out: &mut Output<'_>) -> Result<(), Short> {
        let kind = value.u8()?;
        let port = Id { is_mac: kind == 3, is_address: kind == 4, raw: value.rest() };
        if let Some(chassis) = self.chassis {
            let chassis = chassis.text();
            // Where people named the port it may be after who sits there.
            let named = format!("{} {}", out.masked_own(&chassis), out.masked_own(&port.text()));
            out.fact(About::Sender, Field::LldpPort, &named, port.raw);
        }
        self.port = Some(port);
        Ok(())
    }

    fn capabilities(&mut self, mut value: Cursor<'a>, out: &mut Output<'_>) -> Result<(), Short> {
        let _supported = value.u16()?;
        let raw = value.rest();
        self.enabled = value.u16()?;
        for name in capabilities(self.enabled) {
            out.fact(About::Sender, Field::LldpCapability, name, raw);
        }
        Ok(())
    }

    fn management(&mut self, mut value: Cursor<'a>, out: &mut Output<'_>) -> Result<(), Short> {
        let length = value.u8()?;
        let mut value = value.within(usize::from(length))?;
        let family = value.u8()?;
        let raw = value.rest();
        let Some(ip) = family_address(family, raw) else { return Ok(()) };
        out.fact(About::Sender, Field::Address, &ip.to_string(), raw);
        if let Some(free) = self.addresses.iter_mut().find(|held| held.is_none()) {
            *free = Some(ip);
        }
        Ok(())
    }

    fn organisation(&mut self, mut value: Cursor<'a>, out: &mut Output<'_>) -> Result<(), Short> {
        match (value.u24()?, value.u8()?) {
            (0x00_80c2, 1) => self.vlan = Some(value.u16()?).filter(|vlan| *vlan != 0),
            // Power via MDI: support, pair, class; since 802.3at also type, power requested and allocated.
            (0x00_120f, 2) if value.left() >= 6 => {
                value.skip(4)?;
                self.power_mw = Some(u32::from(value.u16()?) * 100);
            }
            (0x00_12bb, subtype) => self.med(subtype, value, out)?,
            _ => {}
        }
        Ok(())
    }

    fn med(&mut self, subtype: u8, mut value: Cursor<'a>, out: &mut Output<'_>) -> Result<(), Short> {
        let field = match subtype {
            1 => {
                value.skip(2)?;
                let raw = value.rest();
                self.class = med_class(value.u8()?);
                out.fact(About::Sender, Field::DeviceType, self.class.unwrap_or_default(), raw);
                return Ok(());
            }
            5 => Field::Hardware,
            6 => Field::Firmware,
            7 => Field::Software,
            8 => Field::Serial,
            9 => Field::Manufacturer,
            10 => Field::Model,
            11 => Field::AssetTag,
            _ => return Ok(()),
        };
        out.text(About::Sender, field, value.rest());
        Ok(())
    }

    fn record(&self, out: &mut Output<'_>) {
        out.record(|row| {
            // A chassis may be called by the name of its host, a port by its alias (subtypes 7, 1).
            row.host("chassis_id", self.chassis.map(|id| id.text()).unwrap_or_default().as_bytes());
            row.host("port_id", self.port.map(|id| id.text()).unwrap_or_default().as_bytes());
            if let Some(ttl) = self.ttl {
                row.number("ttl", ttl);
            }
            row.host("system_name", self.name);
            row.text("system_description", self.description);
            row.list("capabilities", capabilities(self.enabled));
            row.list("management_addresses", self.addresses.iter().flatten().map(ToString::to_string));
            if let Some(vlan) = self.vlan {
                row.number("vlan", vlan);
            }
            if let Some(power) = self.power_mw {
                row.number("power_requested_mw", power);
            }
            row.text("med_class", self.class.unwrap_or_default());
        });
    }
}

impl<'a> Id<'a> {
    fn text(&self) -> Cow<'a, str> {
        let address = self.raw.split_first().filter(|_| self.is_address);
        if let Some(mac) = Mac::from_slice(self.raw).filter(|_| self.is_mac && self.raw.len() == 6) {
            return Cow::Owned(mac.to_string());
        }
        match address.and_then(|(family, raw)| family_address(*family, raw)) {
            Some(ip) => Cow::Owned(ip.to_string()),
            None if self.is_mac || self.is_address => Cow::Owned(text::hex(self.raw)),
            None => text::clean(self.raw),
        }
    }
}

fn chassis<'a>(mut value: Cursor<'a>, out: &mut Output<'_>) -> Result<Id<'a>, Short> {
    let kind = value.u8()?;
    let id = Id { is_mac: kind == 4, is_address: kind == 5, raw: value.rest() };
    if id.is_address {
        let address = id.raw.split_first().and_then(|(family, raw)| family_address(*family, raw));
        out.fact(About::Sender, Field::Address, &address.map(|ip| ip.to_string()).unwrap_or_default(), id.raw);
    }
    Ok(id)
}

/// The host address `raw` of an IANA address family: 1 for IPv4, 2 for IPv6.
fn family_address(family: u8, raw: &[u8]) -> Option<IpAddr> {
    address::host(raw).filter(|ip| matches!((family, ip), (1, IpAddr::V4(_)) | (2, IpAddr::V6(_))))
}

/// Names of the bits set in a system capabilities TLV (§8.5.8.1).
fn capabilities(bits: u16) -> impl Iterator<Item = &'static str> {
    const NAMES: [&str; 11] =
        ["other", "repeater", "bridge", "wlan-ap", "router", "phone", "docsis", "station", "c-vlan", "s-vlan", "tpmr"];
    NAMES.into_iter().enumerate().filter(move |(bit, _)| bits >> bit & 1 == 1).map(|(_, name)| name)
}

fn med_class(class: u8) -> Option<&'static str> {
    match class {
        1 => Some("LLDP-MED Endpoint Class I"),
        2 => Some("LLDP-MED Endpoint Class II"),
        3 => Some("LLDP-MED Endpoint Class III"),
        4 => Some("LLDP-MED Network Connectivity"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::trial::hear;

    #[test]
    fn a_chassis_may_be_a_network_address_or_a_name() {
        let at = "frame lldp 00:0b:82:00:00:01 > 01:80:c2:00:00:0e\n> ";
        hear(&format!("{at} 0206 0501 0a000009 0407 03 000b82000001 0602 0078 0000"))
            .says("00:0b:82:00:00:01 lldp.port = 10.0.0.9 00:0b:82:00:00:01");
        hear(&format!("{at} 0205 07 \"sw-3\" 0403 05 \"e7\" 0602 0078 0000"))
            .says("00:0b:82:00:00:01 lldp.port = sw-3 e7");
    }

    #[test]
    fn a_port_that_people_named_is_masked() {
        let at = "frame lldp 00:0b:82:00:00:01 > 01:80:c2:00:00:0e\n> ";
        let heard = hear(&format!("{at} 0205 07 \"sw-3\" 040e 01 \"Room of Meier\" 0602 0078 0000"));
        assert!(!heard.to_json().to_string().contains("Meier"), "{:#}", heard.to_json());
        assert!(heard.records[0]["port_id"].is_string());
    }

    #[test]
    fn an_address_of_the_wrong_family_or_of_nobody_is_no_address() {
        let heard = hear(
            "frame lldp 00:0b:82:00:00:01 > 01:80:c2:00:00:0e\n\
             > 0207 04 000b82000001 0407 03 000b82000001 0602 0078\n\
             \x20 100c 05 02 0a000009 02 00000001 00 100c 05 01 7f000001 02 00000001 00 0000",
        );
        assert_eq!(heard.facts, ["00:0b:82:00:00:01 lldp.port = 00:0b:82:00:00:01 00:0b:82:00:00:01"]);
    }
}
