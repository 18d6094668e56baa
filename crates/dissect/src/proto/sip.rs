//! SIP over UDP and TCP on any port: what telephones, nurse call stations and exchanges say they are.
//!
//! In: datagrams, or both directions of a stream. Out: the product that a message names, when the message shows that its
//! sender made it; who registers where; one record a message. Never handed on: numbers and names of callers, tags, call
//! identifiers, credentials, bodies, and comments within products, some of which are the name of the owner.
//!
//! Source: RFC 3261 §7 (messages), §10 (registration), §18.3 (framing), §20 (fields); RFC 5626 §4.1 (instances).

mod head;

use crate::codec::lanes::{Lane, Lanes};
use crate::codec::person::before_person;
use crate::codec::uuid::Uuid;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use head::Head;
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side, Transport};

pub(super) const ENTRY: Sip = Sip;

/// SIP.
pub(super) struct Sip;

/// Longest head of a message that is read.
const LONGEST: usize = 16 * 1024;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Device, meaning }
}

static INFO: Info = Info {
    name: "sip",
    title: "Session Initiation Protocol",
    source: "RFC 3261 §7, §10, §18.3 and §20; RFC 5626 §4.1",
    carriers: &[Carrier::Udp, Carrier::Tcp],
    ports: &[5060],
    record: &[
        field("method", Kind::Text, "Method of the request, or of the request that is answered (CSeq)"),
        field("status", Kind::Number, "Status of an answer"),
        field("user_agent", Kind::Text, "Product of a user agent (User-Agent), without comments"),
        field("server", Kind::Text, "Product of a server (Server), without comments"),
        field("contact_transport", Kind::Text, "Transport that Contact asks for: `udp`, `tcp`, `tls`, `ws` or `wss`"),
        field("allow", Kind::List, "Methods of the specifications that the sender allows"),
        field("hops", Kind::Number, "How many stations passed it on or made it (Via)"),
    ],
    weirds: &[
        ("sip.head", "a line of a message's head is no field"),
        ("sip.length", "a message of a stream does not say how long it is"),
        ("sip.missing_field", "a field that every message has is missing: Via or CSeq"),
    ],
    window: 32 * 1024,
};

impl Dissector for Sip {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        head::begins(hello.bytes)
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Reading::default())
    }
}

/// Either carrier: of a stream the two directions are read apart.
#[derive(Default)]
struct Reading(Lanes<Direction>);

impl Parser for Reading {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_stream = out.context().flow.is_some_and(|(_, key)| key.transport == Transport::TCP);
        if is_stream {
            return self.0.read(side, bytes, out);
        }
        if head::begins(bytes) == Probe::Yes {
            let length = head::length(bytes, 0).unwrap_or(bytes.len());
            say(bytes.get(..length).unwrap_or(bytes), out);
        }
        Step::Take(bytes.len())
    }

    fn end(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        self.0.end(side, bytes, out);
    }

    fn gap(&mut self, side: Side, lost: u64) -> bool {
        self.0.gap(side, lost)
    }
}

/// One direction of a stream.
#[derive(Default)]
struct Direction {
    /// Bytes from the front that hold no end of a head.
    scanned: usize,
    /// Whether the next message is looked for.
    lost: bool,
}

impl Lane for Direction {
    fn read(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let blank = bytes.iter().take_while(|byte| matches!(**byte, b'\r' | b'\n')).count();
        if blank > 0 {
            self.scanned = 0;
            return Step::Take(blank);
        }
        match head::begins(bytes) {
            Probe::Yes => self.lost = false,
            Probe::More if bytes.len() <= LONGEST => return Step::Take(0),
            _ => return self.find(bytes),
        }
        let Some(length) = head::length(bytes, self.scanned) else {
            self.scanned = bytes.len().saturating_sub(3);
            return if bytes.len() > LONGEST { self.find(bytes) } else { Step::Take(0) };
        };
        self.scanned = 0;
        let body = say(bytes.get(..length).unwrap_or(bytes), out);
        if body.is_none() {
            out.weird("sip.length");
        }
        Step::Skip(u64::try_from(length).unwrap_or(u64::MAX).saturating_add(body.unwrap_or_default()))
    }

    fn end(&mut self, _: &[u8], _: &mut Output<'_>) {}

    fn lose(&mut self) {
        (self.scanned, self.lost) = (0, true);
    }
}

impl Direction {
    /// Passes over what begins no message, up to the next line that may.
    fn find(&mut self, bytes: &[u8]) -> Step {
        self.scanned = 0;
        if !std::mem::replace(&mut self.lost, true) {
            return Step::Take(1);
        }
        let line = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1);
        Step::Take(line)
    }
}

/// Says what a message tells; gives the length of its body when it states one.
fn say(bytes: &[u8], out: &mut Output<'_>) -> Option<u64> {
    let head = Head::read(bytes);
    if head.is_odd {
        out.weird("sip.head");
    }
    if head.hops == 0 || head.method.is_empty() {
        out.weird("sip.missing_field");
    }
    out.fact(About::Sender, Field::Legacy, "cleartext-sip", bytes.get(..3).unwrap_or(bytes));
    let (agent, server) = (head::product(before_person(head.agent)), head::product(before_person(head.server)));
    if is_own(&head) {
        out.text(About::Sender, Field::SipUserAgent, &agent);
        out.text(About::Sender, Field::SipServer, &server);
        say_role(&head, out);
    }
    out.record(|row| {
        row.text("method", head.method);
        if head.status > 0 {
            row.number("status", head.status);
        }
        row.text("user_agent", &agent);
        row.text("server", &server);
        row.text("contact_transport", head::transport(head.contact));
        row.list("allow", head::methods(head.allow));
        row.number("hops", head.hops);
    });
    head.length
}

/// Whether the sender made the message itself: a request that nobody passed on, or an answer that is not passed on
/// either, because it concerns the one who was asked alone.
fn is_own(head: &Head<'_>) -> bool {
    head.hops == 1 && (head.status == 0 || matches!(head.method, "REGISTER" | "OPTIONS"))
}

fn say_role(head: &Head<'_>, out: &mut Output<'_>) {
    match head.status {
        _ if head.method != "REGISTER" => {}
        0 => {
            out.fact(About::Sender, Field::SipRole, "registers", head.contact);
            let instance = head::parameter(head.contact, b"+sip.instance");
            let instance = instance.and_then(|text| text.trim_ascii().strip_prefix(b"\"<"));
            if let Some((uuid, raw)) = instance.and_then(Uuid::in_urn) {
                out.fact(About::Sender, Field::Uuid, uuid.as_str(), raw);
            }
        }
        200..300 => out.fact(About::Sender, Field::SipRole, "registrar", head.agent),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::trial;

    const REGISTER: &str = "REGISTER sip:a.example SIP/2.0\\r\\nVia: SIP/2.0/TCP 10.0.0.5\\r\\nCSeq: 1 REGISTER\\r\\n\
        User-Agent: Acme Desk/1\\r\\nContact: <sip:1@10.0.0.5>\\r\\nContent-Length: 3\\r\\n\\r\\nabc";

    #[test]
    fn a_message_cut_short_by_its_datagram_is_read_as_far_as_it_goes() {
        let text = REGISTER.split("Contact").next().unwrap();
        let heard = trial::hear(&format!("udp 10.0.0.5:5060 > 10.0.0.9:5060\n> \"{text}\""));
        heard.says("10.0.0.5 sip.user_agent = Acme Desk/1");
    }

    #[test]
    fn other_text_protocols_are_left_alone() {
        for text in
            ["OPTIONS rtsp://a/b RTSP/1.0\\r\\n\\r\\n", "INVITE", "MESSAGE to you\\r\\n", "SIP/1.0 200 OK\\r\\n"]
        {
            let heard = trial::hear(&format!("tcp 10.0.0.9:1900 > 10.0.0.5:40000\n> \"{text}\"\nend"));
            assert_ne!(heard.service, Some("sip"), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn bytes_of_any_kind_are_read_without_harm(tail in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let hex: String = tail.iter().map(|byte| format!("{byte:02x}")).collect();
            let hex = if hex.is_empty() { "00".to_owned() } else { hex };
            for carrier in ["tcp", "udp"] {
                let heard = trial::hear(&format!("{carrier} 10.0.0.5:4 > 10.0.0.9:5060\n> \"{REGISTER}\" {hex}"));
                heard.says("10.0.0.5 sip.user_agent = Acme Desk/1");
            }
        }

        #[test]
        fn a_split_anywhere_changes_nothing(at in 1_usize..150) {
            let bytes = REGISTER.replace("\\r\\n", "\r\n").repeat(2);
            let (one, other) = bytes.split_at(at);
            let [whole, one, other] = [&bytes, one, other].map(|text| text.replace("\r\n", "\\r\\n").replace('\r', "\\r").replace('\n', "\\n"));
            let whole = trial::hear(&format!("tcp 10.0.0.5:4 > 10.0.0.9:5\n> \"{whole}\"\nend"));
            let parts = trial::hear(&format!("tcp 10.0.0.5:4 > 10.0.0.9:5\n> \"{one}\"\n> \"{other}\"\nend"));
            assert_eq!(whole.records.len(), 2);
            assert_eq!((whole.facts, whole.records, whole.weirds), (parts.facts, parts.records, parts.weirds));
        }
    }
}
