//! Dropbox LAN discovery: computers that keep their files with an outer service.
//!
//! In: datagrams to everybody. Out: that the sender does so; one record. The computer's number leaves as a keyed hash, its
//! name and those of folders never.
//!
//! Source: observed announcements (JSON, UDP port 17500); IANA registry of service names, db-lsp-disc.

use crate::Output;
use crate::codec::ends::{device, person, say_service};
use crate::codec::json::{Scanner, Token};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use wardlight_model::{Kind, Side};

pub(super) const ENTRY: Dropbox = Dropbox;

/// Dropbox LAN discovery.
pub(super) struct Dropbox;

static INFO: Info = Info {
    name: "dropbox",
    title: "Dropbox LAN discovery",
    source: "announcements as observed; IANA service name db-lsp-disc",
    carriers: &[Carrier::Udp],
    ports: &[17500],
    record: &[
        person("host", "number of the computer"),
        device("port", Kind::Number, "TCP port that others fetch files from"),
        device("namespaces", Kind::Number, "how many folders it shares"),
    ],
    weirds: &[],
    window: 0,
};

impl Dissector for Dropbox {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let has = |name: &[u8]| hello.bytes.windows(name.len()).any(|window| window == name);
        let is_announced = hello.bytes.first() == Some(&b'{') && has(b"\"host_int\"") && has(b"\"namespaces\"");
        if is_announced { Probe::Yes } else { Probe::No }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Dropbox {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        say_service(true, "_db-lsp-disc._udp", bytes.get(..1).unwrap_or_default(), out);
        let (mut host, mut port, mut namespaces) = (&[][..], 0_u64, 0_u64);
        let mut scanner = Scanner::new(bytes);
        if scanner.next_token().is_some() {
            scanner.members(|scanner, name, value| match (name, value) {
                (b"host_int", Token::Plain(raw) | Token::Text(raw)) => host = raw,
                (b"port", Token::Plain(raw)) => {
                    port = std::str::from_utf8(raw).ok().and_then(|text| text.parse().ok()).unwrap_or_default();
                }
                (b"namespaces", Token::Array) => scanner.items(|scanner, item| {
                    namespaces += 1;
                    scanner.skip_value(item);
                }),
                (_, value) => scanner.skip_value(value),
            });
        }
        out.record(|row| {
            row.person("host", host);
            row.number("port", port);
            row.number("namespaces", namespaces);
        });
        if out.wants_records() { Step::Take(bytes.len()) } else { Step::Done }
    }
}
