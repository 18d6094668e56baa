//! DNS: which names a device looks up, and which names point to which host.
//!
//! In: queries, answers and updates over UDP, and over TCP with their length before them. Out: names asked about, names
//! of hosts from A, AAAA and PTR records that answer the question, one record an answer. Text records are never handed
//! on.
//!
//! Source: RFC 1034; RFC 1035 §4; RFC 2136 (updates); RFC 3596 (AAAA); RFC 6891 (EDNS).

mod answer;
mod probe;

use crate::codec::dns::{Message, Part, Shape, framed, kind, kind_name};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output, Row};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side, Transport};

pub(super) static ENTRY: Dns = Dns;

pub(super) struct Dns;

static INFO: Info = Info {
    name: "dns",
    title: "Domain Name System",
    source: "RFC 1035 §4; RFC 2136; RFC 3596",
    carriers: &[Carrier::Udp, Carrier::Tcp],
    ports: &[53],
    record: &[
        field("trans_id", Kind::Number, "transaction identifier"),
        field("opcode", Kind::Number, "0 query, 4 notification, 5 update"),
        field("query", Kind::Text, "name in the question, lower case"),
        field("qclass", Kind::Number, "class in the question"),
        field("qtype", Kind::Number, "type in the question"),
        field("qtype_name", Kind::Text, "mnemonic of the type"),
        field("rcode", Kind::Number, "response code; 0 is success"),
        field("rcode_name", Kind::Text, "mnemonic of the response code"),
        field("AA", Kind::Flag, "the answer is authoritative"),
        field("TC", Kind::Flag, "the answer was cut to fit its transport"),
        field("RD", Kind::Flag, "recursion was desired"),
        field("RA", Kind::Flag, "recursion is available"),
        field("Z", Kind::Number, "the reserved bit with AD and CD behind it"),
        field("answers", Kind::List, "values of the answers: addresses and names, else the record's type"),
        field("TTLs", Kind::List, "seconds that each answer may be kept"),
        field("rejected", Kind::Flag, "the question came back without any record"),
    ],
    weirds: &[
        ("dns.short", "the message is shorter than a header"),
        ("dns.cut", "the message ends before its records do, and is not marked as truncated"),
        ("dns.bad_name", "a name is too long, runs out of the message, or points forward or to itself"),
        ("dns.trailing", "bytes stand behind the last record"),
        ("dns.reserved_bit", "the reserved bit of the header is set"),
    ],
    window: 65_537,
};

const UPDATE: u16 = 5;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Dns {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        probe::probe(hello.bytes)
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation { has_asked: false })
    }
}

struct Conversation {
    /// Whether questions were seen, so that those repeated in answers are nothing new.
    has_asked: bool,
}

impl Parser for Conversation {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_stream = out.context().flow.is_some_and(|(_, key)| key.transport == Transport::TCP);
        let whole = if is_stream { framed(bytes) } else { Some((bytes, bytes.len())) };
        let Some((message, taken)) = whole else { return Step::Take(0) };
        match Message::read(message) {
            Ok(message) => self.hear(&message, out),
            Err(_) => {
                out.weird("dns.short");
                if is_stream {
                    return Step::Refuse;
                }
            }
        }
        Step::Take(taken)
    }
}

impl Conversation {
    fn hear(&mut self, message: &Message<'_>, out: &mut Output<'_>) {
        check(message, out);
        if message.opcode() == UPDATE {
            answer::updates(message, out);
        } else if message.is_response() {
            if !self.has_asked {
                asked(message, About::Receiver, out);
            }
            if message.rcode() == 0 {
                answer::answers(message, out);
            }
        } else {
            self.has_asked = true;
            asked(message, About::Sender, out);
        }
        if message.is_response() {
            out.record(|row| fill(message, row));
        }
    }
}

fn check(message: &Message<'_>, out: &mut Output<'_>) {
    match message.shape() {
        Shape::Cut if !message.is_truncated() => out.weird("dns.cut"),
        Shape::BadName => out.weird("dns.bad_name"),
        Shape::Trailing => out.weird("dns.trailing"),
        Shape::Cut | Shape::Whole => {}
    }
    if message.flags & 0x0040 != 0 {
        out.weird("dns.reserved_bit");
    }
}

/// Says what `about` asks for. Reverse lookups tell of others, zone transfers and notifications of zones.
fn asked(message: &Message<'_>, about: About<'_>, out: &mut Output<'_>) {
    let Some(question) = message.question().filter(|question| message.opcode() == 0 && question.name.is_sound()) else {
        return;
    };
    if question.name.reverse().is_some() || matches!(question.kind, kind::AXFR | kind::IXFR) {
        return;
    }
    let name = question.name.text().in_lower_case();
    out.fact(about, Field::DnsQuery, &out.masked(&text::clean(name.as_ref())), question.name.raw());
}

fn fill(message: &Message<'_>, row: &mut Row<'_>) {
    row.number("trans_id", message.id);
    row.number("opcode", message.opcode());
    if let Some(question) = message.question() {
        row.asked("query", question.name.text().in_lower_case());
        row.number("qclass", question.class);
        row.number("qtype", question.kind);
        row.text("qtype_name", kind_name(question.kind).unwrap_or_default());
    }
    row.number("rcode", message.rcode());
    row.text("rcode_name", rcode_name(message.rcode()));
    row.flag("AA", message.flags & 0x0400 != 0);
    row.flag("TC", message.is_truncated());
    row.flag("RD", message.flags & 0x0100 != 0);
    row.flag("RA", message.flags & 0x0080 != 0);
    row.number("Z", message.flags >> 4 & 7);
    row.asked_all("answers", answer::of(message).map(|part| shown(&part)));
    row.list("TTLs", answer::of(message).map(|part| part.ttl.to_string()));
    row.flag("rejected", matches!(message.counts, [_, 0, 0, 0]));
}

/// The value of an answer, when it is an address or a name; else only of which type it is.
fn shown(part: &Part<'_>) -> String {
    if let Some(ip) = part.address() {
        return ip.to_string();
    }
    match part.target() {
        Some(name) => text::clean(name.text().in_lower_case().as_ref()).into_owned(),
        None => kind_name(part.kind).map_or_else(|| format!("TYPE{}", part.kind), str::to_owned),
    }
}

fn rcode_name(rcode: u16) -> &'static str {
    const NAMES: [&str; 11] = [
        "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
        "NOTZONE",
    ];
    NAMES.get(usize::from(rcode)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::trial::hear;

    const UDP: &str = "udp 10.0.0.1:5000 > 10.0.0.2:53\n";
    const QUESTION: &str = "03\"ACS\"07\"example\"00 0001 0001";

    #[test]
    fn a_query_says_what_is_asked_in_lower_case() {
        let heard = hear(&format!("{UDP}> 1234 0100 0001 0000 0000 0000 {QUESTION}"));
        assert_eq!(heard.facts, ["10.0.0.1 dns.query = acs.example"]);
        assert_eq!((heard.places[0].1, heard.places[0].2), (12, 13));
        assert!(heard.records.is_empty());
    }

    #[test]
    fn an_answer_alone_tells_who_asked() {
        let heard = hear(&format!(
            "udp 10.0.0.2:53 > 10.0.0.1:5000\n> 1234 8180 0001 0001 0000 0000 {QUESTION} c00c 0001 0001 0000003c 0004 0a000009"
        ));
        heard.says("10.0.0.1 dns.query = acs.example");
        heard.says("10.0.0.9 dns.name = acs.example");
    }

    #[test]
    fn an_answer_to_another_name_is_not_believed() {
        let heard = hear(&format!(
            "{UDP}< 1234 8180 0001 0001 0000 0000 {QUESTION} 04\"evil\"00 0001 0001 0000003c 0004 0a000009"
        ));
        assert_eq!(heard.facts, ["10.0.0.1 dns.query = acs.example"]);
    }

    #[test]
    fn placeholders_are_no_hosts() {
        for address in ["00000000", "7f000001", "e0000001"] {
            let heard = hear(&format!(
                "{UDP}> 1234 0100 0001 0000 0000 0000 {QUESTION}\n\
                 < 1234 8180 0001 0001 0000 0000 {QUESTION} c00c 0001 0001 0000003c 0004 {address}"
            ));
            assert_eq!(heard.facts.len(), 1, "{address}");
        }
    }

    #[test]
    fn every_cut_of_an_answer_is_survived() {
        let whole = format!("1234 8180 0001 0001 0000 0000 {QUESTION} c00c 0001 0001 0000003c 0004 0a000009");
        let bytes = crate::trial::bytes(&whole);
        for end in 12..bytes.len() {
            let cut: String = bytes[..end].iter().map(|byte| format!("{byte:02x}")).collect();
            let heard = hear(&format!("{UDP}> 1234 0100 0001 0000 0000 0000 {QUESTION}\n< {cut}"));
            assert_eq!((heard.facts.len(), heard.weirds), (1, vec!["dns.cut".to_owned()]), "{end}");
        }
    }

    #[test]
    fn personal_names_are_masked_in_queries_and_answers() {
        let heard = hear(&format!(
            "{UDP}> 1234 0100 0001 0000 0000 0000 0c\"annas-iphone\"07\"example\"00 0001 0001\n\
             < 1234 8180 0001 0001 0000 0000 0c\"annas-iphone\"07\"example\"00 0001 0001 c00c 0001 0001 0000003c 0004 0a000009"
        ));
        assert!(!heard.to_json().to_string().contains("annas"), "{:#}", heard.to_json());
        assert!(heard.records[0]["query"].as_str().is_some_and(|name| name.ends_with(".example")));
    }
}
