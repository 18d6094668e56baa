//! IGMP: which groups devices listen to, and who asks them.
//!
//! In comes a message behind the IP header; out go the groups that the sender wants, and who queries. Sources of groups
//! are counted, not handed on; messages of multicast routing protocols under the same number are passed over.
//! Source: RFC 1112 appendix I, RFC 2236 §2, RFC 3376 §4.

use crate::codec::cursor::{Cursor, Short};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use std::net::Ipv4Addr;
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Igmp = Igmp;

pub(super) struct Igmp;

static INFO: Info = Info {
    name: "igmp",
    title: "Internet Group Management Protocol",
    source: "RFC 1112 appendix I; RFC 2236 §2; RFC 3376 §4",
    carriers: &[Carrier::Ip(2)],
    ports: &[],
    record: &[
        field("message", Kind::Text, "`query`, `report` or `leave`"),
        field("version", Kind::Number, "version of the message"),
        field("groups", Kind::List, "groups asked for, wanted or left, the first 64"),
    ],
    weirds: &[
        ("igmp.short", "the message ends before its groups do"),
        ("igmp.group", "a group is wanted or left whose address is no group's"),
    ],
    window: 0,
};

/// Most groups read in one report.
const GROUPS: u16 = 64;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Igmp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Igmp {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let read = match bytes.first() {
            Some(0x11) => query(bytes, out),
            Some(0x12) => single(bytes, (1, "report"), out),
            Some(0x16) => single(bytes, (2, "report"), out),
            Some(0x17) => single(bytes, (2, "leave"), out),
            Some(0x22) => report(bytes, out),
            Some(_) => Ok(()),
            None => Err(Short),
        };
        if read.is_err() {
            out.weird("igmp.short");
        }
        Step::Done
    }
}

fn query(bytes: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(bytes);
    let (_kind, patience, _checksum) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    let group = Ipv4Addr::from(cursor.u32()?);
    // A switch that asks without an address of its own is no router (RFC 4541 §2.1.1), but asks.
    out.fact(About::Sender, Field::NetworkRole, "multicast-querier", bytes);
    let version: u8 = match (cursor.is_empty(), patience) {
        (false, _) => 3,
        (true, 0) => 1,
        (true, _) => 2,
    };
    record("query", version, Some(group).filter(|group| !group.is_unspecified()).as_slice(), out);
    Ok(())
}

/// A message of versions 1 and 2: one group.
fn single(bytes: &[u8], (version, message): (u8, &'static str), out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(bytes);
    cursor.skip(4)?;
    let raw = cursor.take(4)?;
    let group = Cursor::new(raw).u32().map(Ipv4Addr::from)?;
    if message == "report" {
        wants(group, raw, out);
    } else if !group.is_multicast() {
        out.weird("igmp.group");
    }
    record(message, version, &[group], out);
    Ok(())
}

fn report(bytes: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(bytes);
    cursor.skip(6)?;
    let count = cursor.u16()?;
    let mut groups = Vec::new();
    let mut left = Vec::new();
    for _ in 0..count.min(GROUPS) {
        let (kind, auxiliary, sources) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
        let raw = cursor.take(4)?;
        cursor.skip(usize::from(sources) * 4 + usize::from(auxiliary) * 4)?;
        let group = Cursor::new(raw).u32().map(Ipv4Addr::from)?;
        // To include no source is to leave; to exclude none is to join.
        let is_wanted = matches!(kind, 2 | 4) || matches!(kind, 1 | 3 | 5) && sources > 0;
        if is_wanted {
            wants(group, raw, out);
        }
        let list = if is_wanted { &mut groups } else { &mut left };
        list.push(group);
    }
    for (message, groups) in [("report", groups), ("leave", left)] {
        if !groups.is_empty() {
            record(message, 3, &groups, out);
        }
    }
    Ok(())
}

fn wants(group: Ipv4Addr, raw: &[u8], out: &mut Output<'_>) {
    if group.is_multicast() {
        out.fact(About::Sender, Field::MulticastGroup, &group.to_string(), raw);
    } else {
        out.weird("igmp.group");
    }
}

fn record(message: &str, version: u8, groups: &[Ipv4Addr], out: &mut Output<'_>) {
    out.record(|row| {
        row.text("message", message);
        row.number("version", version);
        row.list("groups", groups.iter().map(ToString::to_string));
    });
}
