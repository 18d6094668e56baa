//! VRRP: routers that answer for one address in turn.
//!
//! In comes an advertisement behind the IP header; out go the sender's role and the virtual addresses. The text that
//! version 2 authenticates by is a secret: that it stands there in the clear is said, never what it is. CARP has the
//! same number and another form; it is passed over.
//! Source: RFC 2338 §5.3 (with authentication), RFC 3768 §5, RFC 9568 §5 (version 3).

use crate::codec::address;
use crate::codec::cursor::{Cursor, Short};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use std::net::IpAddr;
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Vrrp = Vrrp;

pub(super) struct Vrrp;

static INFO: Info = Info {
    name: "vrrp",
    title: "Virtual Router Redundancy Protocol",
    source: "RFC 2338 §5.3; RFC 3768 §5; RFC 9568 §5",
    carriers: &[Carrier::Ip(112)],
    ports: &[],
    record: &[
        field("version", Kind::Number, "version"),
        field("router", Kind::Number, "virtual router identifier"),
        field("priority", Kind::Number, "priority; 255 owns the addresses, 0 gives them up"),
        field("addresses", Kind::List, "virtual addresses"),
        field("authentication", Kind::Text, "`none`, `text` or `header` (version 2)"),
    ],
    weirds: &[
        ("vrrp.short", "the message ends before its addresses do"),
        ("vrrp.version", "the version is none that there is"),
    ],
    window: 0,
};

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Vrrp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Vrrp {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match bytes.first() {
            Some(0x21 | 0x31) if advertisement(bytes, out).is_ok() => {}
            Some(0x21 | 0x31) | None => out.weird("vrrp.short"),
            Some(_) => out.weird("vrrp.version"),
        }
        Step::Done
    }
}

fn advertisement(bytes: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(bytes);
    let (version, router, priority, count) = (cursor.u8()? >> 4, cursor.u8()?, cursor.u8()?, cursor.u8()?);
    let (authentication, _interval, _checksum) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    let is_v6 = matches!(out.context().ends, [sender, _] if sender.ip.is_some_and(|ip| ip.is_ipv6()));
    let length = if version == 3 && is_v6 { 16 } else { 4 };
    let raw = cursor.take(usize::from(count) * length)?;
    if version == 2 && cursor.left() < 8 {
        // CARP: another message of the same length, without room for authentication.
        return if is_carp(bytes) { Ok(()) } else { Err(Short) };
    }
    let virtual_addresses = || raw.chunks(length).filter_map(|raw| Some((address::host(raw)?, raw)));
    out.fact(About::Sender, Field::Router, "vrrp", bytes);
    out.fact(About::Sender, Field::NetworkRole, "vrrp-router", bytes);
    for (ip, raw) in virtual_addresses().filter(|(ip, _)| !is_link_local(*ip)) {
        out.fact(About::Sender, Field::VirtualAddress, &ip.to_string(), raw);
    }
    let kind = match authentication {
        0 => "none",
        1 => "text",
        _ => "header",
    };
    if version == 2 && authentication == 1 {
        out.fact(About::Sender, Field::Legacy, "cleartext-vrrp", bytes);
    }
    out.record(|row| {
        row.number("version", version);
        row.number("router", router);
        row.number("priority", priority);
        row.list("addresses", virtual_addresses().map(|(ip, _)| ip.to_string()));
        if version == 2 {
            row.text("authentication", kind);
        }
    });
    Ok(())
}

/// Whether the message is as long as one of CARP and says that its authentication has seven words.
fn is_carp(bytes: &[u8]) -> bool {
    bytes.len() == 36 && bytes.get(3) == Some(&7)
}

const fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}
