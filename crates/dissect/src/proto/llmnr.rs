//! Link-local multicast name resolution: which name a host answers to.
//!
//! In: queries and answers over UDP, and over TCP with their length before them. Out: the names that answers give to
//! hosts, one record a message. An answer comes from another port than the query went to, so messages stand alone.
//!
//! Source: RFC 4795 §2.

use crate::codec::address::is_host;
use crate::codec::cursor::Cursor;
use crate::codec::dns::{Message, Name, Part, Section, Shape, framed, kind, kind_name};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output, Row};
use std::net::IpAddr;
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side, Transport};

pub(super) static ENTRY: Llmnr = Llmnr;

pub(super) struct Llmnr;

static INFO: Info = Info {
    name: "llmnr",
    title: "Link-Local Multicast Name Resolution",
    source: "RFC 4795 §2",
    carriers: &[Carrier::Udp, Carrier::Tcp],
    ports: &[5355],
    record: &[
        field("trans_id", Kind::Number, "transaction identifier"),
        field("is_response", Kind::Flag, "whether it answers"),
        field("query", Kind::Text, "name in the question"),
        field("qtype", Kind::Number, "type in the question"),
        field("qtype_name", Kind::Text, "mnemonic of the type"),
        field("rcode", Kind::Number, "response code; 0 is success"),
        field("has_conflict", Kind::Flag, "the sender knows of several hosts with this name"),
        field("TC", Kind::Flag, "the answer was cut to fit its transport"),
        field("answers", Kind::List, "addresses and names that answer"),
    ],
    weirds: &[
        ("llmnr.short", "the message is shorter than a header"),
        ("llmnr.cut", "the message ends before its records do, and is not marked as truncated"),
        ("llmnr.bad_name", "a name is too long, runs out of the message, or points forward or to itself"),
    ],
    window: 65_537,
};

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Llmnr {
    fn info(&self) -> &'static Info {
        &INFO
    }

    /// Nothing but its port tells it from DNS.
    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let behind_length = hello.bytes.get(2..).unwrap_or_default();
        if is_plausible(hello.bytes) || is_plausible(behind_length) {
            Probe::Likely
        } else if may_go_on(hello.bytes) {
            Probe::More
        } else {
            Probe::No
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

/// Whether `bytes` can be the begin of a stream whose first question is not there yet.
fn may_go_on(bytes: &[u8]) -> bool {
    let mut cursor = Cursor::new(bytes);
    let (length, _id) = (cursor.u16(), cursor.u16());
    let flags = cursor.u16().unwrap_or_default();
    length.is_ok_and(|length| (17..512).contains(&length) && bytes.len() < usize::from(length) + 2)
        && flags & 0x78f0 == 0
}

/// One question, opcode 0, reserved bits 0, and a name that is there.
fn is_plausible(bytes: &[u8]) -> bool {
    Message::read(bytes).is_ok_and(|message| {
        let has_sane_header = message.flags & 0x78f0 == 0 && message.counts[0] == 1;
        let asks_alone = message.is_response() || matches!(message.counts, [_, 0, 0, _]);
        has_sane_header && asks_alone && message.question().is_some_and(|question| question.plain_class() == 1)
    })
}

impl Parser for Llmnr {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_stream = out.context().flow.is_some_and(|(_, key)| key.transport == Transport::TCP);
        let whole = if is_stream { framed(bytes) } else { Some((bytes, bytes.len())) };
        let Some((message, taken)) = whole else { return Step::Take(0) };
        match Message::read(message) {
            Ok(message) => hear(&message, out),
            Err(_) => {
                out.weird("llmnr.short");
                if is_stream {
                    return Step::Refuse;
                }
            }
        }
        Step::Take(taken)
    }
}

fn hear(message: &Message<'_>, out: &mut Output<'_>) {
    match message.shape() {
        Shape::Cut if !message.is_truncated() => out.weird("llmnr.cut"),
        Shape::BadName => out.weird("llmnr.bad_name"),
        _ => {}
    }
    if message.is_response() && message.rcode() == 0 {
        answers(message).for_each(|part| tell(&part, out));
    }
    out.record(|row| fill(message, row));
}

fn answers<'a>(message: &Message<'a>) -> impl Iterator<Item = Part<'a>> + use<'a> {
    message.records().filter(|part| part.section == Section::Answer).take(64)
}

fn tell(part: &Part<'_>, out: &mut Output<'_>) {
    if let Some(ip) = part.address() {
        say(ip, &part.name, out);
    } else if part.kind == kind::PTR
        && let Some((ip, name)) = part.name.reverse().zip(part.target())
    {
        say(ip, &name, out);
    }
}

/// Says that the host with `ip`, mostly the sender itself, answers to `name`.
fn say(ip: IpAddr, name: &Name<'_>, out: &mut Output<'_>) {
    let context = out.context();
    let sender = context.ends.get(context.side.index()).and_then(|end| end.ip);
    let about = if sender == Some(ip) { About::Sender } else { About::Host(ip) };
    if is_host(ip) {
        out.fact(about, Field::LlmnrName, &text::clean(name.text().as_ref()), name.raw());
    }
}

fn fill(message: &Message<'_>, row: &mut Row<'_>) {
    row.number("trans_id", message.id);
    row.flag("is_response", message.is_response());
    if let Some(question) = message.question() {
        row.host("query", question.name.text());
        row.number("qtype", question.kind);
        row.text("qtype_name", kind_name(question.kind).unwrap_or_default());
    }
    if message.is_response() {
        row.number("rcode", message.rcode());
        row.flag("has_conflict", message.flags & 0x0400 != 0);
        row.flag("TC", message.is_truncated());
        row.hosts("answers", answers(message).filter_map(|part| shown(&part)));
    }
}

fn shown(part: &Part<'_>) -> Option<String> {
    let name = || Some(text::clean(part.target()?.text().as_ref()).into_owned());
    part.address().map(|ip| ip.to_string()).or_else(name)
}
