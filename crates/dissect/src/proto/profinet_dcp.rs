//! PROFINET DCP: what stations of a plant are called, who made them, and which address they have.
//!
//! In comes a frame behind its EtherType; out go name, type, identifiers, role and address from what a station says of
//! itself. Requests say nothing but that somebody asks; names that are set are hearsay; cyclic process values under the
//! same EtherType are passed over.
//! Source: IEC 61158-6-10 clause 4.3 (DCP); PROFINET frame identifiers as in IEC 61158-6-10 table 38.

use crate::codec::address;
use crate::codec::cursor::{Cursor, Short};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: ProfinetDcp = ProfinetDcp;

pub(super) struct ProfinetDcp;

static INFO: Info = Info {
    name: "profinet_dcp",
    title: "PROFINET Discovery and Configuration Protocol",
    source: "IEC 61158-6-10 clause 4.3",
    carriers: &[Carrier::Ethertype(0x8892)],
    ports: &[],
    record: &[
        field("service", Kind::Text, "`get`, `set`, `identify` or `hello`"),
        field("message", Kind::Text, "`request` or `answer`"),
        field("xid", Kind::Number, "transaction identifier"),
        field("name", Kind::Text, "name of the station"),
        field("type", Kind::Text, "type of the station, as its maker calls it"),
        field("device", Kind::Text, "vendor and device identifier"),
        field("roles", Kind::List, "roles"),
        field("ip", Kind::Text, "IPv4 address"),
    ],
    weirds: &[(
        "profinet_dcp.short",
        "a block goes on beyond the end of the message, or is too short for what it holds",
    )],
    window: 0,
};

const SERVICES: [&str; 7] = ["", "", "", "get", "set", "identify", "hello"];
const ROLES: [&str; 4] = ["profinet-device", "profinet-controller", "profinet-multidevice", "profinet-supervisor"];

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for ProfinetDcp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for ProfinetDcp {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if let [0xfe, 0xfc..=0xff, service @ 3..=6, kind, ..] = *bytes
            && message(service, kind & 1 == 1, bytes, out).is_err()
        {
            out.weird("profinet_dcp.short");
        }
        Step::Done
    }
}

#[derive(Default)]
struct Station<'a> {
    name: &'a [u8],
    kind: &'a [u8],
    device: Option<(u16, u16)>,
    roles: u8,
    ip: &'a [u8],
}

fn message(service: u8, is_answer: bool, bytes: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(bytes);
    cursor.skip(4)?;
    let (xid, _delay, length) = (cursor.u32()?, cursor.u16()?, cursor.u16()?);
    let mut station = Station::default();
    // A greeting is no answer, but says the same; only these say what is so.
    let read = if is_answer || service == 6 { station.read(cursor.take_at_most(length.into()), out) } else { Ok(()) };
    out.record(|row| {
        row.text("service", SERVICES.get(usize::from(service)).unwrap_or(&""));
        row.text("message", if is_answer { "answer" } else { "request" });
        row.number("xid", xid);
        row.host("name", station.name);
        row.text("type", station.kind);
        row.text("device", station.device());
        row.list("roles", station.roles());
        row.text("ip", address::v4(station.ip).map(|ip| ip.to_string()).unwrap_or_default());
    });
    read
}

impl<'a> Station<'a> {
    fn read(&mut self, blocks: &'a [u8], out: &mut Output<'_>) -> Result<(), Short> {
        let mut cursor = Cursor::new(blocks);
        while cursor.left() >= 4 {
            let (option, length) = (cursor.u16()?, usize::from(cursor.u16()?));
            let mut value = cursor.within(length)?;
            cursor.take_at_most(length & 1);
            // Each begins with what kind of value it is; answers to a setting have no values.
            if option >> 8 <= 2 {
                value.skip(2)?;
                self.block(option, value, out)?;
            }
        }
        Ok(())
    }

    fn block(&mut self, option: u16, mut value: Cursor<'a>, out: &mut Output<'_>) -> Result<(), Short> {
        let raw = value.rest();
        match option {
            0x0102 | 0x0103 => {
                self.ip = value.take(4)?;
                if let Some(ip) = address::host(self.ip) {
                    out.fact(About::Sender, Field::Address, &ip.to_string(), self.ip);
                }
            }
            0x0201 => {
                self.kind = raw;
                out.text(About::Sender, Field::Model, raw);
            }
            0x0202 => {
                self.name = raw;
                out.text(About::Sender, Field::ProfinetName, raw);
            }
            0x0203 => {
                self.device = Some((value.u16()?, value.u16()?));
                out.fact(About::Sender, Field::ProfinetDevice, &self.device(), raw);
            }
            0x0204 => {
                self.roles = value.u8()?;
                self.roles().for_each(|role| out.fact(About::Sender, Field::NetworkRole, role, raw));
            }
            _ => {}
        }
        Ok(())
    }

    fn device(&self) -> String {
        self.device.map(|(vendor, device)| format!("{vendor:04x}:{device:04x}")).unwrap_or_default()
    }

    fn roles(&self) -> impl Iterator<Item = &'static str> + use<> {
        let bits = self.roles;
        ROLES.into_iter().enumerate().filter(move |(bit, _)| bits >> bit & 1 == 1).map(|(_, role)| role)
    }
}
