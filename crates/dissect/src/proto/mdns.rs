//! Multicast DNS and DNS service discovery: what a device calls itself, which services it offers and looks for.
//!
//! In: queries, probes and announcements over UDP. Out: host names, instances and services with the text that describes
//! devices, each about the host whose it is, for sleep proxies and reflectors announce others; one record a message.
//! Known answers in queries are hearsay and say nothing. Text beyond the list in `service` never leaves.
//!
//! Source: RFC 6762; RFC 6763.

mod service;
mod voice;

use crate::codec::dns::{Message, Name, Part, Section, Shape, kind, kind_name};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output, Row};
use service::Service;
use std::net::IpAddr;
use voice::Voice;
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Mdns = Mdns;

pub(super) struct Mdns;

static INFO: Info = Info {
    name: "mdns",
    title: "Multicast DNS with DNS Service Discovery",
    source: "RFC 6762; RFC 6763",
    carriers: &[Carrier::Udp],
    ports: &[5353],
    record: &[
        field("is_response", Kind::Flag, "whether it announces or answers"),
        field("queries", Kind::List, "names asked about"),
        field("query_types", Kind::List, "mnemonics of the types asked for"),
        field("answers", Kind::List, "owners of the records that are claimed"),
        field("answer_types", Kind::List, "mnemonics of the types of these records"),
        field("hosts", Kind::List, "host names that are given addresses"),
        field("addresses", Kind::List, "the addresses given"),
        field("is_goodbye", Kind::Flag, "whether all records are taken back"),
        field("TC", Kind::Flag, "more known answers follow"),
    ],
    weirds: &[
        ("mdns.short", "the message is shorter than a header"),
        ("mdns.cut", "the message ends before its records do, and is not marked as truncated"),
        ("mdns.bad_name", "a name is too long, runs out of the message, or points forward or to itself"),
        ("mdns.trailing", "bytes stand behind the last record"),
    ],
    window: 0,
};

/// Most records of one message looked at; a message of the largest size that is sent holds fewer.
const MOST: usize = 256;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Mdns {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let Ok(message) = Message::read(hello.bytes) else { return Probe::No };
        let has_sane_header = message.opcode() == 0 && message.rcode() == 0;
        let Some(first) = message.parts().next().filter(|first| has_sane_header && first.name.is_sound()) else {
            return Probe::No;
        };
        // Multicast messages have no identifier and all names are below `local`, RFC 6762 §3 and §18.1.
        let is_local = |part: Part<'_>| local(&part.name).is_some() || part.name.reverse().is_some() || is_extra(&part);
        let is_whole = message.shape() == Shape::Whole && message.parts().all(is_local);
        if message.id == 0 && is_whole && !is_extra(&first) { Probe::Yes } else { Probe::Likely }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation { has_spoken_for_others: false })
    }
}

struct Conversation {
    /// Whether the sender announced addresses that were all of others: a reflector or proxy.
    has_spoken_for_others: bool,
}

impl Parser for Conversation {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Message::read(bytes) {
            Ok(message) => self.hear(&message, out),
            Err(_) => out.weird("mdns.short"),
        }
        Step::Take(bytes.len())
    }
}

impl Conversation {
    fn hear(&mut self, message: &Message<'_>, out: &mut Output<'_>) {
        match message.shape() {
            Shape::Cut if !message.is_truncated() => out.weird("mdns.cut"),
            Shape::BadName => out.weird("mdns.bad_name"),
            Shape::Trailing => out.weird("mdns.trailing"),
            Shape::Cut | Shape::Whole => {}
        }
        if !message.is_response() {
            message.parts().filter(|part| part.section == Section::Question).for_each(|part| sought(&part, out));
        }
        let context = out.context();
        let sender = context.ends.get(context.side.index()).and_then(|end| end.ip);
        let voice = Voice::of(message, sender, self.has_spoken_for_others);
        self.has_spoken_for_others |= voice.is_for_others();
        for part in claims(message).filter(|part| part.ttl > 0) {
            claim(&part, &voice, out);
        }
        out.record(|row| fill(message, row));
    }
}

/// The records that a message claims: all of an announcement, and those that a probe is about to (RFC 6762 §8.2).
fn claims<'a>(message: &Message<'a>) -> impl Iterator<Item = Part<'a>> + use<'a> {
    let is_response = message.is_response();
    let is_claim = move |part: &Part<'_>| (is_response || part.section == Section::Authority) && !is_extra(part);
    message.records().take(MOST).filter(is_claim).filter(|part| part.name.is_sound())
}

/// Whether `part` is about the message rather than about a name (RFC 6891).
const fn is_extra(part: &Part<'_>) -> bool {
    part.kind == kind::OPT
}

/// Says which service a question looks for.
fn sought(question: &Part<'_>, out: &mut Output<'_>) {
    let looks = matches!(question.kind, kind::PTR | kind::SRV | kind::TXT | 255);
    if let Some(service) = Service::of(&question.name).filter(|service| looks && service.instance.is_none()) {
        out.fact(About::Sender, Field::ServiceSought, &service.kind(), question.name.raw());
    }
}

fn claim(part: &Part<'_>, voice: &Voice<'_>, out: &mut Output<'_>) {
    match part.kind {
        kind::A | kind::AAAA => named(part, voice, out),
        kind::PTR if part.name.reverse().is_some() => named_back(part, voice, out),
        kind::PTR => listed(part, voice, out),
        kind::SRV | kind::TXT => offered(part, voice, out),
        _ => {}
    }
}

/// A host name with its address.
fn named(part: &Part<'_>, voice: &Voice<'_>, out: &mut Output<'_>) {
    if let Some((ip, host)) = part.address().zip(local(&part.name)) {
        name(ip, (&host, part.name), voice, out);
    }
}

/// An address with its host name.
fn named_back(part: &Part<'_>, voice: &Voice<'_>, out: &mut Output<'_>) {
    let Some((ip, target)) = part.name.reverse().zip(part.target()) else { return };
    if let Some(host) = local(&target) {
        name(ip, (&host, target), voice, out);
    }
}

fn name(ip: IpAddr, (host, at): (&str, Name<'_>), voice: &Voice<'_>, out: &mut Output<'_>) {
    if let Some(about) = voice.host(ip) {
        out.fact(about, Field::MdnsName, host, at.raw());
    }
}

/// An instance in the list of a service, or a service in the list of all services.
fn listed(part: &Part<'_>, voice: &Voice<'_>, out: &mut Output<'_>) {
    let Some(service) = part.target().and_then(|target| Service::of(&target)) else { return };
    if let Some((about, target)) = voice.instance(&service.at).zip(part.target()) {
        service.tell(about, target.raw(), out);
    }
}

/// An instance with its host, or with its text.
fn offered(part: &Part<'_>, voice: &Voice<'_>, out: &mut Output<'_>) {
    let Some(service) = Service::of(&part.name).filter(|service| service.instance.is_some()) else { return };
    let Some(about) = voice.instance(&part.name) else { return };
    service.tell(about, part.name.raw(), out);
    if part.kind == kind::TXT {
        service::describe(part.value, about, out);
    }
}

/// The name in front of `.local`; `None` for names that are elsewhere.
fn local(name: &Name<'_>) -> Option<String> {
    let text = name.text();
    let raw = text.as_ref();
    let (front, zone) = raw.split_at_checked(raw.len().checked_sub(6)?)?;
    (zone.eq_ignore_ascii_case(b".local") && name.is_sound()).then(|| text::clean(front).into_owned())
}

fn fill(message: &Message<'_>, row: &mut Row<'_>) {
    row.flag("is_response", message.is_response());
    let questions = || message.parts().filter(|part| part.section == Section::Question);
    row.hosts("queries", questions().map(|part| shown(&part)));
    row.list("query_types", questions().map(|part| type_name(&part)));
    row.hosts("answers", claims(message).map(|part| shown(&part)));
    row.list("answer_types", claims(message).map(|part| type_name(&part)));
    let hosts = || claims(message).filter(|part| part.address().is_some());
    row.hosts("hosts", hosts().map(|part| part.name.text()));
    row.list("addresses", hosts().filter_map(|part| part.address()).map(|ip| ip.to_string()));
    if message.is_response() {
        row.flag("is_goodbye", claims(message).next().is_some() && claims(message).all(|part| part.ttl == 0));
    }
    row.flag("TC", message.is_truncated());
}

/// A name; without the instance when its service is one that names people.
fn shown(part: &Part<'_>) -> String {
    match Service::of(&part.name).filter(|service| service.is_personal()) {
        Some(service) => format!("{}.local", service.kind()),
        None => text::clean(part.name.text().as_ref()).into_owned(),
    }
}

fn type_name(part: &Part<'_>) -> String {
    kind_name(part.kind).map_or_else(|| format!("TYPE{}", part.kind), str::to_owned)
}

#[cfg(test)]
mod tests {
    use crate::trial::hear;

    const HEAD: &str = "udp 10.0.0.5:5353 > 224.0.0.251:5353\n";
    const LOCAL: &str = "05\"local\"00";

    #[test]
    fn a_question_for_a_service_is_what_the_device_looks_for() {
        let heard = hear(&format!(
            "{HEAD}> 0000 0000 0002 0000 0000 0000 0b\"_googlecast\"04\"_tcp\"{LOCAL} 000c 8001 \
             09\"_services\"07\"_dns-sd\"04\"_udp\"{LOCAL} 000c 0001"
        ));
        assert_eq!(heard.facts, ["10.0.0.5 self.sought = _googlecast._tcp"]);
        assert_eq!(heard.records[0]["queries"][0], "_googlecast._tcp.local");
    }

    #[test]
    fn known_answers_are_not_the_senders() {
        let heard = hear(&format!(
            "{HEAD}> 0000 0000 0001 0001 0000 0000 04\"_ipp\"04\"_tcp\"{LOCAL} 000c 0001 \
             c00c 000c 0001 00001194 0008 05\"Laser\"c00c"
        ));
        assert_eq!(heard.facts, ["10.0.0.5 self.sought = _ipp._tcp"]);
    }

    #[test]
    fn a_probe_claims_its_name() {
        let heard = hear(&format!(
            "{HEAD}> 0000 0000 0001 0000 0001 0000 05\"pump7\"{LOCAL} 00ff 8001 c00c 0001 0001 00000078 0004 0a000005"
        ));
        assert_eq!(heard.facts, ["10.0.0.5 mdns.name = pump7"]);
    }

    #[test]
    fn a_goodbye_claims_nothing() {
        let heard =
            hear(&format!("{HEAD}> 0000 8400 0000 0001 0000 0000 05\"pump7\"{LOCAL} 0001 8001 00000000 0004 0a000005"));
        assert!(heard.facts.is_empty());
        assert_eq!(heard.records[0]["is_goodbye"], true);
    }

    #[test]
    fn a_reflector_is_not_taken_for_what_it_announces() {
        let address = "05\"pump7\"05\"local\"00 0001 8001 00000078 0004 0a000009";
        let instance = "05\"_http\"04\"_tcp\"05\"local\"00 000c 0001 00000078 0008 05\"Pump7\"c00c";
        let heard = hear(&format!(
            "{HEAD}> 0000 8400 0000 0001 0000 0000 {address}\n> 0000 8400 0000 0001 0000 0000 {instance}"
        ));
        assert_eq!(heard.facts, ["10.0.0.9 mdns.name = pump7"]);
    }

    #[test]
    fn every_cut_of_an_announcement_is_survived() {
        let whole = format!(
            "0000 8400 0000 0002 0000 0000 05\"Pump7\"05\"_http\"04\"_tcp\"{LOCAL} 0021 8001 00000078 000e 0000 0000 0050 \
             05\"pump7\"c01d 0563 0001 8001 00000078 0004 0a000005"
        );
        let bytes = crate::trial::bytes(&whole);
        for end in 12..bytes.len() {
            let cut: String = bytes[..end].iter().map(|byte| format!("{byte:02x}")).collect();
            let heard = hear(&format!("{HEAD}> {cut}"));
            assert!(heard.service.is_none() || heard.weirds == ["mdns.cut"], "{end}: {:?}", heard.weirds);
        }
    }

    #[test]
    fn personal_names_are_masked() {
        let heard = hear(&format!(
            "{HEAD}> 0000 8400 0000 0002 0000 0000 0c\"Annas-iPhone\"{LOCAL} 0001 8001 00000078 0004 0a000005 \
             0c\"Anna@MacBook\"09\"_presence\"04\"_tcp\"{LOCAL} 0010 8001 00000078 000e 09\"last=Anna\"03\"a=b\""
        ));
        assert!(!format!("{:?}", heard.to_json()).contains("Anna"), "{:#}", heard.to_json());
        heard.says("10.0.0.5 self.service = _presence._tcp");
    }
}
