//! XMPP: who talks to which server, and whether that is encrypted.
//!
//! In: both directions of a stream, until encryption or log-in begins. Out: roles of both ends; one record, with the domain
//! that is asked for. Addresses of people, what they write, and passwords are passed over.
//!
//! Source: RFC 6120 §4.7 (stream header), §5 (STARTTLS), §6 (SASL); XEP-0220 (dialback).

use crate::Output;
use crate::codec::ends::{device, known_word, network, say_legacy, say_service, server};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use wardlight_model::{Kind, Port, Side};

pub(super) const ENTRY: Xmpp = Xmpp;

/// XMPP.
pub(super) struct Xmpp;

const PORTS: &[Port] = &[5222, 5269];
/// Longest head of a stream, and longest element behind it that is read.
const LONGEST: usize = 4096;
const OPEN: &[u8] = b"<stream:stream";
const MECHANISMS: &[&str] = &[
    "plain",
    "digest-md5",
    "cram-md5",
    "login",
    "anonymous",
    "external",
    "gssapi",
    "scram-sha-1",
    "scram-sha-1-plus",
    "scram-sha-256",
    "scram-sha-256-plus",
    "x-oauth2",
    "oauthbearer",
];

static INFO: Info = Info {
    name: "xmpp",
    title: "XMPP",
    source: "RFC 6120 §4.7, §5 and §6, XEP-0220",
    carriers: &[Carrier::Tcp],
    ports: PORTS,
    record: &[
        device("kind", Kind::Text, "`client` or `server`: who asks"),
        network("server_name", Kind::Text, "domain that is asked for"),
        device("mechanisms", Kind::List, "known ways to log in that the server offers"),
        device("starttls", Kind::Text, "`offered`, `required`, `begun` or `none`"),
    ],
    weirds: &[("xmpp.stream", "the head of a stream is too long, or is none")],
    window: LONGEST + 512,
};

impl Dissector for Xmpp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match head(hello.bytes) {
            Head::Whole(head, _) if has(head, b"http://etherx.jabber.org/streams") => Probe::Yes,
            Head::Part => Probe::More,
            Head::Whole(..) | Head::Other => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

enum Head<'a> {
    /// The stream's opening tag, and where it ends.
    Whole(&'a [u8], usize),
    Part,
    Other,
}

/// The opening tag of a stream, behind an XML declaration when there is one.
fn head(bytes: &[u8]) -> Head<'_> {
    let trimmed = bytes.trim_ascii_start();
    let at = match trimmed.strip_prefix(b"<?xml ") {
        Some(declared) => match declared.iter().take(128).position(|byte| *byte == b'>') {
            Some(end) => declared.get(end + 1..).unwrap_or_default().trim_ascii_start(),
            None if declared.len() < 128 => return Head::Part,
            None => return Head::Other,
        },
        None if b"<?xml ".starts_with(trimmed) => return Head::Part,
        None => trimmed,
    };
    if !at.starts_with(OPEN) {
        return if OPEN.starts_with(at) { Head::Part } else { Head::Other };
    }
    match at.iter().take(LONGEST).position(|byte| *byte == b'>') {
        Some(end) => Head::Whole(at.get(..end).unwrap_or_default(), bytes.len() - at.len() + end + 1),
        None if at.len() < LONGEST => Head::Part,
        None => Head::Other,
    }
}

#[derive(Default)]
struct Conversation {
    is_open: [bool; 2],
    kind: &'static str,
    domain: String,
    mechanisms: Vec<&'static str>,
    starttls: Option<&'static str>,
    is_recorded: bool,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_server = server(out.context(), PORTS) == side;
        if *side.of(self.is_open.each_mut()) {
            return self.element(is_server, bytes, out);
        }
        match head(bytes) {
            Head::Whole(head, length) => {
                *side.of(self.is_open.each_mut()) = true;
                self.open(is_server, head, out);
                Step::Take(length)
            }
            Head::Part => Step::Take(0),
            Head::Other => {
                out.weird("xmpp.stream");
                self.finish(out)
            }
        }
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.finish(out);
    }
}

impl Conversation {
    fn open(&mut self, is_server: bool, head: &[u8], out: &mut Output<'_>) {
        let between_servers = has(head, b"jabber:server");
        self.kind = if between_servers { "server" } else { "client" };
        say_service(is_server, if between_servers { "_xmpp-server._tcp" } else { "_xmpp-client._tcp" }, head, out);
        // `from` of a client may be a person's address.
        let name = if is_server { b"from" as &[u8] } else { b"to" };
        if let Some(domain) = attribute(head, name).filter(|domain| domain.len() < 256 && !domain.contains(&b'@')) {
            self.domain = out.masked_asked(&text::clean(domain)).into_owned();
        }
    }

    /// Reads the first element behind the head of a stream.
    fn element(&mut self, is_server: bool, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let Some(tag) = bytes.iter().position(|byte| *byte == b'>').and_then(|end| bytes.get(..=end)) else {
            return if bytes.len() < LONGEST { Step::Take(0) } else { self.finish(out) };
        };
        let is = |name: &[u8]| tag.trim_ascii_start().starts_with(name);
        if is_server && is(b"<stream:features") && !tag.ends_with(b"/>") {
            const CLOSE: &[u8] = b"</stream:features>";
            let Some(at) = bytes.windows(CLOSE.len()).position(|window| window == CLOSE) else {
                return if bytes.len() < LONGEST { Step::Take(0) } else { self.finish(out) };
            };
            self.features(bytes.get(..at).unwrap_or_default());
            return Step::Take(at + CLOSE.len());
        }
        if is_server && is(b"<stream:features") {
            return Step::Take(tag.len());
        }
        if is(b"<starttls") {
            return Step::Take(tag.len());
        }
        if is_server && is(b"<proceed") {
            self.starttls = Some("begun");
            self.finish(out);
            return Step::Anew(tag.len());
        }
        // Anything else is said in clear text: log-in, dialback, messages.
        say_legacy("cleartext-xmpp", tag, out);
        self.finish(out)
    }

    fn features(&mut self, features: &[u8]) {
        let has_tls = has(features, b"urn:ietf:params:xml:ns:xmpp-tls");
        self.starttls = match (has_tls, has(features, b"<required")) {
            (true, true) => Some("required"),
            (true, false) => Some("offered"),
            _ => Some("none"),
        };
        let mut rest = features;
        const OPEN: &[u8] = b"<mechanism>";
        while let Some(at) = rest.windows(OPEN.len()).position(|window| window == OPEN) {
            rest = rest.get(at + OPEN.len()..).unwrap_or_default();
            let name = rest.split(|byte| *byte == b'<').next().unwrap_or_default();
            self.mechanisms.extend(known_word(MECHANISMS, name).filter(|_| self.mechanisms.len() < 32));
        }
    }

    fn finish(&mut self, out: &mut Output<'_>) -> Step {
        if !std::mem::replace(&mut self.is_recorded, true) && !self.kind.is_empty() {
            out.record(|row| {
                row.text("kind", self.kind);
                row.asked("server_name", &self.domain);
                row.list("mechanisms", &self.mechanisms);
                row.text("starttls", self.starttls.unwrap_or_default());
            });
        }
        Step::Finished
    }
}

/// The value of an attribute of a tag.
fn attribute<'a>(tag: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = tag.windows(name.len() + 2).position(|window| {
        window.first().is_some_and(u8::is_ascii_whitespace)
            && window.get(1..=name.len()) == Some(name)
            && window.last() == Some(&b'=')
    })?;
    let value = tag.get(at + name.len() + 2..)?;
    let (quote, rest) = value.split_first().filter(|(quote, _)| matches!(quote, b'\'' | b'"'))?;
    rest.split(|byte| byte == quote).next()
}

fn has(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}
