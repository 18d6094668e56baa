//! HSRP: Cisco's routers that answer for one address in turn.
//!
//! In comes a datagram of version 1 or 2; out go the sender's role and the virtual address. The text that it
//! authenticates by is a secret: that it stands there in the clear is said, never what it is.
//! Source: RFC 2281 §5 (version 1); Cisco: HSRP version 2, group state and authentication elements.

use crate::codec::address;
use crate::codec::cursor::{Cursor, Short};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use std::net::IpAddr;
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Hsrp = Hsrp;

pub(super) struct Hsrp;

static INFO: Info = Info {
    name: "hsrp",
    title: "Hot Standby Router Protocol",
    source: "RFC 2281 §5; Cisco: HSRP version 2",
    carriers: &[Carrier::Udp],
    ports: &[1985, 2029],
    record: &[
        field("version", Kind::Number, "version"),
        field("opcode", Kind::Text, "`hello`, `coup`, `resign` or `advertise`"),
        field("state", Kind::Text, "state, such as `standby` or `active`"),
        field("group", Kind::Number, "group of routers"),
        field("priority", Kind::Number, "priority"),
        field("virtual_h", Kind::Text, "virtual address"),
        field("authentication", Kind::Text, "`text` or `md5`"),
    ],
    weirds: &[("hsrp.short", "an element goes on beyond the end of the datagram, or is too short for what it holds")],
    window: 0,
};

const OPCODES: [&str; 4] = ["hello", "coup", "resign", "advertise"];
/// States of version 2 by number.
const STATES: [&str; 7] = ["disabled", "initial", "learn", "listen", "speak", "standby", "active"];

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Hsrp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match hello.bytes {
            [1, 40, 2, 0..=3, 0..=6, 4 | 6, ..] if hello.bytes.len() >= 42 => Probe::Yes,
            [0, 0..=2, 0 | 1 | 2 | 4 | 8 | 16, _, _, _, _, 0, ..] if hello.bytes.len() >= 20 => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Hsrp {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let mut said = Said::default();
        let read = if bytes.first() == Some(&0) { said.version1(bytes) } else { said.version2(bytes) };
        if read.is_err() {
            out.weird("hsrp.short");
        }
        said.tell(bytes, out);
        Step::Take(bytes.len())
    }
}

#[derive(Default)]
struct Said<'a> {
    version: u8,
    opcode: u8,
    state: &'static str,
    group: u16,
    priority: u32,
    address: &'a [u8],
    authentication: &'static str,
}

impl<'a> Said<'a> {
    fn version1(&mut self, bytes: &'a [u8]) -> Result<(), Short> {
        let mut cursor = Cursor::new(bytes);
        let [_, opcode, state, _, _, priority, group, _] = cursor.array()?;
        (self.version, self.opcode, self.priority, self.group) = (1, opcode, priority.into(), group.into());
        self.state = match state {
            0 => "initial",
            1 => "learn",
            2 => "listen",
            4 => "speak",
            8 => "standby",
            16 => "active",
            _ => "",
        };
        let secret = cursor.take(8)?;
        self.address = cursor.take(4)?;
        // With a hash behind the message the field of the text is empty.
        let is_hashed = cursor.rest().starts_with(&[4]) && secret.iter().all(|byte| *byte == 0);
        self.authentication = if is_hashed { "md5" } else { "text" };
        Ok(())
    }

    fn version2(&mut self, bytes: &'a [u8]) -> Result<(), Short> {
        let mut cursor = Cursor::new(bytes);
        while !cursor.is_empty() {
            let (kind, length) = (cursor.u8()?, cursor.u8()?);
            let mut value = cursor.within(length.into())?;
            match kind {
                1 => {
                    let [_, opcode, state, family] = value.array()?;
                    (self.version, self.opcode) = (2, opcode);
                    self.state = STATES.get(usize::from(state)).copied().unwrap_or_default();
                    self.group = value.u16()?;
                    value.skip(6)?;
                    self.priority = value.u32()?;
                    value.skip(8)?;
                    self.address = value.take(if family == 6 { 16 } else { 4 })?;
                }
                3 => self.authentication = "text",
                4 => self.authentication = "md5",
                _ => {}
            }
        }
        Ok(())
    }

    fn tell(&self, bytes: &[u8], out: &mut Output<'_>) {
        if self.version == 0 {
            return;
        }
        out.fact(About::Sender, Field::Router, "hsrp", bytes);
        out.fact(About::Sender, Field::NetworkRole, "hsrp-router", bytes);
        if self.authentication == "text" {
            out.fact(About::Sender, Field::Legacy, "cleartext-hsrp", bytes);
        }
        let ip = address::host(self.address).filter(|ip| !matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local()));
        if let Some(ip) = ip {
            out.fact(About::Sender, Field::VirtualAddress, &ip.to_string(), self.address);
        }
        out.record(|row| {
            row.number("version", self.version);
            row.text("opcode", OPCODES.get(usize::from(self.opcode)).copied().unwrap_or_default());
            row.text("state", self.state);
            row.number("group", self.group);
            row.number("priority", self.priority);
            row.text("virtual_h", ip.map(|ip| ip.to_string()).unwrap_or_default());
            row.text("authentication", self.authentication);
        });
    }
}
