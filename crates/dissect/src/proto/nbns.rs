//! NetBIOS name service: computer names, workgroups and domains.
//!
//! In: queries, answers, registrations and node status over UDP. Out: computer names and domains of those that register
//! or answer, the hardware address in a node status, one record a message. Names with other suffixes than those of
//! computers and domains may be users' names and never leave.
//!
//! Source: RFC 1001 §14; RFC 1002 §4.2; suffixes: Microsoft MS-NBTE §2.2.

mod name;
mod status;

use crate::codec::address::{is_host, v4};
use crate::codec::dns::{Message, Part, Section, Shape};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output, Row};
use name::{Meaning, NetbiosName};
use std::net::IpAddr;
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Nbns = Nbns;

pub(super) struct Nbns;

static INFO: Info = Info {
    name: "nbns",
    title: "NetBIOS Name Service",
    source: "RFC 1002 §4.2",
    carriers: &[Carrier::Udp],
    ports: &[137],
    record: &[
        field("trans_id", Kind::Number, "transaction identifier"),
        field("operation", Kind::Text, "`query`, `registration`, `release`, `wait`, `refresh`"),
        field("is_response", Kind::Flag, "whether it answers"),
        field("query", Kind::Text, "computer or domain name asked about, registered or answered; `*` is any"),
        field("suffix", Kind::Number, "sixteenth byte of the name: what it is the name of"),
        field("qtype_name", Kind::Text, "`NB` for a name, `NBSTAT` for the status of a node"),
        field("rcode", Kind::Number, "response code; 0 is success"),
        field("is_group", Kind::Flag, "whether several hosts may have the name"),
        field("answers", Kind::List, "addresses that have, or claim, the name"),
        field("names", Kind::List, "computer and domain names in a node status, each once"),
        field("unit_id", Kind::Text, "hardware address in a node status"),
    ],
    weirds: &[
        ("nbns.short", "the message is shorter than a header"),
        ("nbns.cut", "the message ends before its records do, and is not marked as truncated"),
        ("nbns.bad_name", "a name is not encoded as NetBIOS names are, or is broken"),
    ],
    window: 0,
};

/// Types of records, RFC 1002 §4.2.1.3.
const NB: u16 = 0x20;
const NBSTAT: u16 = 0x21;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Nbns {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let Ok(message) = Message::read(hello.bytes) else { return Probe::No };
        let has_sane_header = operation(&message).is_some() && message.counts.iter().all(|count| *count <= 4);
        match message.parts().next() {
            Some(first) if has_sane_header && is_name_part(&first) && first.plain_class() == 1 => Probe::Yes,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

fn is_name_part(part: &Part<'_>) -> bool {
    matches!(part.kind, NB | NBSTAT) && NetbiosName::of(&part.name).is_some()
}

fn operation(message: &Message<'_>) -> Option<&'static str> {
    match message.opcode() {
        0 => Some("query"),
        5 | 15 => Some("registration"),
        6 => Some("release"),
        7 => Some("wait"),
        8 | 9 => Some("refresh"),
        _ => None,
    }
}

impl Parser for Nbns {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Message::read(bytes) {
            Ok(message) => hear(&message, out),
            Err(_) => out.weird("nbns.short"),
        }
        Step::Take(bytes.len())
    }
}

fn hear(message: &Message<'_>, out: &mut Output<'_>) {
    let has_other_names = message.parts().any(|part| !is_name_part(&part) && matches!(part.kind, NB | NBSTAT));
    match message.shape() {
        Shape::BadName => out.weird("nbns.bad_name"),
        _ if has_other_names => out.weird("nbns.bad_name"),
        Shape::Cut if !message.is_truncated() => out.weird("nbns.cut"),
        _ => {}
    }
    for part in message.records().filter(|part| claims(message, part)) {
        match part.kind {
            NB => claim(&part, out),
            NBSTAT => status::tell(part.value, out),
            _ => {}
        }
    }
    out.record(|row| fill(message, row));
}

/// Whether `part` says who has a name: in a registration or refresh, or in an answer that is not a refusal.
fn claims(message: &Message<'_>, part: &Part<'_>) -> bool {
    let is_answer = part.section == Section::Answer && message.is_response() && message.rcode() == 0;
    let is_request = part.section == Section::Additional && !message.is_response();
    match operation(message) {
        Some("query") => is_answer,
        Some("registration" | "refresh") => is_answer || is_request,
        _ => false,
    }
}

/// Says whose the name of `part` is: of the hosts with the addresses in its value.
fn claim(part: &Part<'_>, out: &mut Output<'_>) {
    let Some(name) = NetbiosName::of(&part.name) else { return };
    for (is_group, ip) in addresses(part).take(32).filter(|(_, ip)| is_host(*ip)) {
        let context = out.context();
        let sender = context.ends.get(context.side.index()).and_then(|end| end.ip);
        let about = if sender == Some(ip) { About::Sender } else { About::Host(ip) };
        say(&name, is_group, (about, part.name.raw()), out);
    }
}

fn say(name: &NetbiosName, is_group: bool, (about, raw): (About<'_>, &[u8]), out: &mut Output<'_>) {
    match name.meaning(is_group) {
        Some(Meaning::Computer) => out.fact(about, Field::NetbiosName, &name.text(), raw),
        Some(Meaning::Domain) => out.fact(about, Field::Domain, &name.text(), raw),
        None => {}
    }
}

/// The addresses in an NB record, each with whether it has the name as one of a group (RFC 1002 §4.2.1.3).
fn addresses<'a>(part: &Part<'a>) -> impl Iterator<Item = (bool, IpAddr)> + use<'a> {
    part.value.as_chunks::<6>().0.iter().filter_map(|[flags, _, address @ ..]| {
        let ip = v4(address)?;
        Some((flags & 0x80 != 0, IpAddr::V4(ip)))
    })
}

fn fill(message: &Message<'_>, row: &mut Row<'_>) {
    row.number("trans_id", message.id);
    row.text("operation", operation(message).unwrap_or_default());
    row.flag("is_response", message.is_response());
    if let Some((first, name)) = message.parts().next().and_then(|part| Some((part, NetbiosName::of(&part.name)?))) {
        if name.may_be_shown() {
            row.host("query", name.text());
        }
        row.number("suffix", name.suffix());
        row.text("qtype_name", if first.kind == NBSTAT { "NBSTAT" } else { "NB" });
    }
    if message.is_response() {
        row.number("rcode", message.rcode());
    }
    let claims = || message.records().filter(|part| part.kind == NB && NetbiosName::of(&part.name).is_some());
    if let Some((is_group, _)) = claims().flat_map(|part| addresses(&part)).next() {
        row.flag("is_group", is_group);
    }
    row.list("answers", claims().flat_map(|part| addresses(&part)).map(|(_, ip)| ip.to_string()));
    if let Some(part) = message.records().find(|part| part.kind == NBSTAT && message.is_response()) {
        status::fill(part.value, row);
    }
}

#[cfg(test)]
mod tests {
    use super::name::encoded;
    use crate::trial::hear;

    const HEAD: &str = "udp 10.0.0.5:137 > 10.0.0.255:137\n";

    fn registration(name: &[u8], suffix: u8, flags: &str) -> String {
        let name = encoded(name, suffix);
        format!("{HEAD}> 8001 2910 0001 0000 0000 0001 {name} 0020 0001 c00c 0020 0001 000493e0 0006 {flags} 0a000005")
    }

    #[test]
    fn a_registration_names_the_sender() {
        let heard = hear(&registration(b"CTSCAN3", 0, "0000"));
        assert_eq!(heard.facts, ["10.0.0.5 netbios.name = CTSCAN3"]);
        assert_eq!(hear(&registration(b"RADIOLOGY", 0, "8000")).facts, ["10.0.0.5 smb.domain = RADIOLOGY"]);
        assert_eq!(hear(&registration(b"RADIOLOGY", 0x1d, "0000")).facts, ["10.0.0.5 smb.domain = RADIOLOGY"]);
    }

    #[test]
    fn a_messenger_name_never_leaves() {
        let heard = hear(&registration(b"MMUELLER", 3, "0000"));
        assert!(!format!("{:?}", heard.to_json()).contains("MMUELLER"));
        assert_eq!(heard.records[0]["suffix"], 3);
    }

    #[test]
    fn dns_is_not_taken_for_it() {
        let heard = hear("udp 10.0.0.5:4000 > 10.0.0.9:137\n> 1234 0100 0001 0000 0000 0000 03\"acs\"00 0001 0001");
        assert_eq!(heard.service, Some("dns"));
    }
}
