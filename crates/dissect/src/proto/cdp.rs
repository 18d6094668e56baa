//! CDP: what Cisco equipment (and phones, access points, cameras that imitate it) announces to its neighbour.
//!
//! In comes the message behind its SNAP header; out go the sender's names, platform, software, capabilities and
//! addresses. The location TLV is passed over, and the checksum is not required.
//! Source: Cisco "Cisco Discovery Protocol Packet Format"; TLV numbers as in the CDP documentation of Cisco IOS.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::{address, ber, text};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use std::net::IpAddr;
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Cdp = Cdp;

pub(super) struct Cdp;

static INFO: Info = Info {
    name: "cdp",
    title: "Cisco Discovery Protocol",
    source: "Cisco: Cisco Discovery Protocol packet format, versions 1 and 2",
    carriers: &[Carrier::Snap(0x00_000c, 0x2000)],
    ports: &[],
    record: &[
        field("version", Kind::Number, Privacy::Device, "Protocol version"),
        field("ttl", Kind::Number, Privacy::Network, "Seconds the announcement holds"),
        field("device_id", Kind::Text, Privacy::Network, "Device id: host name, or serial number"),
        field("port_id", Kind::Text, Privacy::Network, "Port that sent it"),
        field("platform", Kind::Text, Privacy::Device, "Hardware platform"),
        field("software", Kind::Text, Privacy::Device, "Software version"),
        field("capabilities", Kind::List, Privacy::Device, "Capabilities"),
        field("addresses", Kind::List, Privacy::Network, "Network and management addresses, the first four"),
        field("native_vlan", Kind::Number, Privacy::Network, "Native VLAN of the port"),
        field("power_mw", Kind::Number, Privacy::Device, "Power the device draws or asks for, mW"),
    ],
    weirds: &[
        ("cdp.short", "a TLV goes on beyond the end of the message, or is too short for what it must hold"),
        ("cdp.length", "a TLV has a length below that of its own head"),
        ("cdp.version", "the version is neither 1 nor 2"),
    ],
    window: 0,
};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

impl Dissector for Cdp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Cdp {
    fn read(&mut self, _side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let mut seen = Announcement::default();
        if let Err(weird) = seen.read(bytes, out) {
            out.weird(weird);
        }
        if seen.version != 0 {
            seen.record(out);
        }
        Step::Done
    }
}

/// What one message has said so far.
#[derive(Default)]
struct Announcement<'a> {
    version: u8,
    ttl: u8,
    device: &'a [u8],
    port: &'a [u8],
    platform: &'a [u8],
    software: &'a [u8],
    capabilities: u32,
    addresses: [Option<IpAddr>; 4],
    native_vlan: Option<u16>,
    power_mw: Option<u32>,
}

impl<'a> Announcement<'a> {
    fn read(&mut self, bytes: &'a [u8], out: &mut Output<'_>) -> Result<(), &'static str> {
        let mut cursor = Cursor::new(bytes);
        let [version, ttl, _, _] = cursor.array().map_err(|Short| "cdp.short")?;
        if !matches!(version, 1 | 2) {
            return Err("cdp.version");
        }
        (self.version, self.ttl) = (version, ttl);
        while !cursor.is_empty() {
            if cursor.rest().iter().all(|byte| *byte == 0) {
                // Padding of a short frame.
                break;
            }
            let (kind, value) = tlv(&mut cursor)?;
            self.say(kind, value, out).map_err(|Short| "cdp.short")?;
        }
        self.say_port(out);
        Ok(())
    }

    fn say(&mut self, kind: u16, mut value: Cursor<'a>, out: &mut Output<'_>) -> Result<(), Short> {
        let raw = value.rest();
        match kind {
            0x0001 => self.device = text(Field::CdpName, raw, out),
            0x0002 | 0x0016 => self.addresses(value, out)?,
            0x0003 => self.port = raw,
            0x0004 => {
                self.capabilities = value.u32()?;
                for name in capabilities(self.capabilities) {
                    out.fact(About::Sender, Field::LldpCapability, name, raw);
                }
                if self.capabilities & 1 == 1 {
                    out.fact(About::Sender, Field::Router, "cdp", raw);
                }
            }
            0x0005 => self.software = text(Field::LldpDescription, raw, out),
            0x0006 => self.platform = text(Field::CdpPlatform, raw, out),
            0x000a => self.native_vlan = Some(value.u16()?),
            0x0010 => self.power_mw = Some(u32::from(value.u16()?)),
            0x0014 => _ = text(Field::FriendlyName, raw, out),
            0x0015 => out.fact(About::Sender, Field::SnmpObjectId, &object_id(raw), raw),
            0x0019 => {
                value.skip(4)?;
                self.power_mw = Some(value.u32()?);
            }
            _ => {}
        }
        Ok(())
    }

    fn addresses(&mut self, mut value: Cursor<'a>, out: &mut Output<'_>) -> Result<(), Short> {
        let count = value.u32()?;
        for _ in 0..count.min(64) {
            let (_kind, length) = (value.u8()?, value.u8()?);
            let protocol = value.take(usize::from(length))?;
            let length = value.u16()?;
            let raw = value.take(usize::from(length))?;
            let Some(ip) = protocol_address(protocol, raw) else { continue };
            out.fact(About::Sender, Field::Address, &ip.to_string(), raw);
            if let Some(free) = self.addresses.iter_mut().find(|held| held.is_none_or(|held| held == ip)) {
                *free = Some(ip);
            }
        }
        Ok(())
    }

    fn say_port(&self, out: &mut Output<'_>) {
        if !self.device.is_empty() && !self.port.is_empty() {
            let device = text::clean(self.device);
            let named = format!("{} {}", out.masked_own(&device), text::clean(self.port));
            out.fact(About::Sender, Field::LldpPort, &named, self.port);
        }
    }

    fn record(&self, out: &mut Output<'_>) {
        out.record(|row| {
            row.number("version", self.version);
            row.number("ttl", self.ttl);
            row.host("device_id", self.device);
            row.text("port_id", self.port);
            row.text("platform", self.platform);
            row.text("software", self.software);
            row.list("capabilities", capabilities(self.capabilities));
            row.list("addresses", self.addresses.iter().flatten().map(ToString::to_string));
            if let Some(vlan) = self.native_vlan {
                row.number("native_vlan", vlan);
            }
            if let Some(power) = self.power_mw {
                row.number("power_mw", power);
            }
        });
    }
}

fn tlv<'a>(cursor: &mut Cursor<'a>) -> Result<(u16, Cursor<'a>), &'static str> {
    let (kind, length) = cursor.u16().and_then(|kind| Ok((kind, cursor.u16()?))).map_err(|Short| "cdp.short")?;
    let length = usize::from(length).checked_sub(4).ok_or("cdp.length")?;
    Ok((kind, cursor.within(length).map_err(|Short| "cdp.short")?))
}

fn text<'a>(field: Field, raw: &'a [u8], out: &mut Output<'_>) -> &'a [u8] {
    out.text(About::Sender, field, raw);
    raw
}

/// The host address `raw` of a protocol named by its NLPID (0xcc) or by its 802.2 header (0x86dd).
fn protocol_address(protocol: &[u8], raw: &[u8]) -> Option<IpAddr> {
    address::host(raw).filter(|ip| match ip {
        IpAddr::V4(_) => protocol == [0xcc],
        IpAddr::V6(_) => protocol == [0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd],
    })
}

/// An object identifier, with or without its ASN.1 head.
fn object_id(raw: &[u8]) -> String {
    let content = ber::Reader::new(raw).expect(ber::OBJECT_IDENTIFIER).unwrap_or(raw);
    ber::Oid(content).to_string()
}

/// Names of the bits set in a capabilities TLV, in the words that LLDP has for them.
fn capabilities(bits: u32) -> impl Iterator<Item = &'static str> {
    const NAMES: [(u32, &str); 6] =
        [(0x01, "router"), (0x0e, "bridge"), (0x10, "station"), (0x40, "repeater"), (0x80, "phone"), (0x400, "tpmr")];
    NAMES.into_iter().filter(move |(mask, _)| bits & mask != 0).map(|(_, name)| name)
}
