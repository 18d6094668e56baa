//! OSPF: which routers there are, and in which areas.
//!
//! In comes a message behind the IP header; out go the sender's identifier, area and role, from its greetings also whom
//! it knows as designated. What routers tell each other of networks is passed over. A password of simple authentication
//! is a secret: that it stands there in the clear is said, never what it is.
//! Source: RFC 2328 annex A.3 and D (version 2); RFC 5340 annex A.3 (version 3).

use crate::codec::cursor::{Cursor, Short};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use std::net::Ipv4Addr;
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Ospf = Ospf;

pub(super) struct Ospf;

static INFO: Info = Info {
    name: "ospf",
    title: "Open Shortest Path First",
    source: "RFC 2328 annex A.3; RFC 5340 annex A.3",
    carriers: &[Carrier::Ip(89)],
    ports: &[],
    record: &[
        field("version", Kind::Number, "version"),
        field("router_id", Kind::Text, "identifier of the router that sends"),
        field("area", Kind::Text, "area"),
        field("authentication", Kind::Text, "`none`, `text` or `hash` (version 2)"),
        field("hello_interval", Kind::Number, "seconds between greetings"),
        field("priority", Kind::Number, "priority to become the designated router; 0 for never"),
        field("designated", Kind::Text, "designated router, as it knows it"),
        field("backup", Kind::Text, "backup designated router"),
        field("neighbours", Kind::List, "identifiers of the routers it heard, the first 64"),
    ],
    weirds: &[
        ("ospf.short", "the message ends before its fixed part does"),
        ("ospf.version", "the version or the type is none that there is"),
    ],
    window: 0,
};

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Ospf {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Ospf {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match bytes {
            [2 | 3, 1..=5, ..] if message(bytes, out).is_ok() => {}
            [2 | 3, 1..=5, ..] | [] | [_] => out.weird("ospf.short"),
            _ => out.weird("ospf.version"),
        }
        Step::Done
    }
}

fn message(bytes: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(bytes);
    let [version, kind] = cursor.array()?;
    let length = usize::from(cursor.u16()?);
    let raw = cursor.take(4)?;
    let (router, area) = (dotted(raw), cursor.u32().map(Ipv4Addr::from)?);
    let _checksum = cursor.u16()?;
    let authentication = cursor.u16()?;
    if version == 2 {
        cursor.skip(8)?;
    }
    out.fact(About::Sender, Field::Router, "ospf", raw);
    out.fact(About::Sender, Field::NetworkRole, "ospf-router", raw);
    out.fact(About::Sender, Field::RouterId, &router, raw);
    let is_text = version == 2 && authentication == 1;
    if is_text {
        out.fact(About::Sender, Field::Legacy, "cleartext-ospf", raw);
    }
    if kind != 1 {
        return Ok(());
    }
    // A digest behind the message is no neighbour: it stands beyond the length.
    let body = length.checked_sub(bytes.len() - cursor.left()).ok_or(Short)?;
    let hello = hello(version, cursor.within(body)?)?;
    out.record(|row| {
        row.number("version", version);
        row.text("router_id", router);
        row.text("area", area.to_string());
        if version == 2 {
            row.text("authentication", ["none", "text"].get(usize::from(authentication)).unwrap_or(&"hash"));
        }
        row.number("hello_interval", hello.interval);
        row.number("priority", hello.priority);
        row.text("designated", hello.designated.to_string());
        row.text("backup", hello.backup.to_string());
        row.list("neighbours", hello.neighbours.chunks_exact(4).map(dotted));
    });
    Ok(())
}

struct Greeting<'a> {
    interval: u16,
    priority: u8,
    designated: Ipv4Addr,
    backup: Ipv4Addr,
    neighbours: &'a [u8],
}

fn hello(version: u8, mut cursor: Cursor<'_>) -> Result<Greeting<'_>, Short> {
    // The mask in version 2, the number of the interface in version 3.
    cursor.skip(4)?;
    let (interval, priority) = if version == 2 {
        let (interval, _options, priority, _dead) = (cursor.u16()?, cursor.u8()?, cursor.u8()?, cursor.u32()?);
        (interval, priority)
    } else {
        let (priority, _options, interval, _dead) = (cursor.u8()?, cursor.u24()?, cursor.u16()?, cursor.u16()?);
        (interval, priority)
    };
    let (designated, backup) = (cursor.u32().map(Ipv4Addr::from)?, cursor.u32().map(Ipv4Addr::from)?);
    Ok(Greeting { interval, priority, designated, backup, neighbours: cursor.rest() })
}

fn dotted(raw: &[u8]) -> String {
    Cursor::new(raw).u32().map(|number| Ipv4Addr::from(number).to_string()).unwrap_or_default()
}
