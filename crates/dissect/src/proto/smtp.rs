//! SMTP: what mail servers greet with, what clients call themselves, and whether they encrypt.
//!
//! In: both directions of a stream until the first message is sent or encryption begins. Out: names of hosts, words for
//! products of the greeting, ways to log in; one record a session. Addresses, credentials, texts of replies and messages
//! never leave.
//!
//! Source: RFC 5321 §3, §4; RFC 3207 (STARTTLS); RFC 4954 (AUTH).

use crate::codec::ends::{device, known_word, network, say_legacy, say_service};
use crate::codec::lines::{First, Lines, Talk, first, has, word};
use crate::codec::{greeting, text};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Port};

pub(super) const ENTRY: Smtp = Smtp;

/// SMTP.
pub(super) struct Smtp;

static INFO: Info = Info {
    name: "smtp",
    title: "Simple Mail Transfer Protocol",
    source: "RFC 5321 §3, §4; RFC 3207; RFC 4954",
    carriers: &[Carrier::Tcp],
    ports: PORTS,
    record: &[
        network("helo", Kind::Text, "what the client calls itself"),
        device("last_reply", Kind::Number, "code of the last reply"),
        device("tls", Kind::Flag, "whether encryption began"),
        device("starttls", Kind::Flag, "whether the server offers encryption"),
        device("auth", Kind::List, "known ways to log in that the server offers"),
        device("mechanism", Kind::Text, "known way to log in that the client chose"),
    ],
    weirds: &[("smtp.reply", "a line of the server is no reply (RFC 5321 §4.2)")],
    window: 8 * 1024,
};

const PORTS: &[Port] = &[25, 587];
const MECHANISMS: &[&str] = &[
    "plain",
    "login",
    "cram-md5",
    "digest-md5",
    "ntlm",
    "gssapi",
    "xoauth2",
    "oauthbearer",
    "scram-sha-1",
    "scram-sha-256",
    "external",
    "anonymous",
];

impl Dissector for Smtp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let is_greeting = |line: &[u8]| line.starts_with(b"220 ") || line.starts_with(b"220-");
        match first(hello.bytes) {
            First::Line(line) if is_greeting(line) && has(line, b"smtp") => Probe::Yes,
            First::Line(line) if is_greeting(line) || line.starts_with(b"554 ") => Probe::Likely,
            First::Line(line) if known_word(&["ehlo", "helo"], word(line).0).is_some() => {
                if word(line).1.is_empty() {
                    Probe::Likely
                } else {
                    Probe::Yes
                }
            }
            First::Part(part) if part.len() < 512 => {
                let begins = |whole: &[u8]| part.iter().zip(whole).all(|(one, other)| one.eq_ignore_ascii_case(other));
                if [&b"220"[..], b"554 ", b"EHLO ", b"HELO "].into_iter().any(begins) { Probe::More } else { Probe::No }
            }
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Lines<Session>>::default()
    }
}

#[derive(Default)]
struct Session {
    helo: String,
    last_reply: u64,
    is_greeted: bool,
    is_encrypting: bool,
    tls: bool,
    starttls: bool,
    auth: Vec<&'static str>,
    mechanism: Option<&'static str>,
    is_heard: bool,
}

impl Talk for Session {
    const PORTS: &'static [Port] = PORTS;

    fn line(&mut self, is_server: bool, line: &[u8], out: &mut Output<'_>) -> Step {
        if is_server { self.reply(line, out) } else { self.command(line, out) }
    }

    fn end(&mut self, out: &mut Output<'_>) {
        if !self.is_heard {
            return;
        }
        out.record(|row| {
            row.host("helo", &self.helo);
            row.number("last_reply", self.last_reply);
            row.flag("tls", self.tls);
            row.flag("starttls", self.starttls);
            row.list("auth", &self.auth);
            row.text("mechanism", self.mechanism.unwrap_or_default());
        });
    }
}

impl Session {
    fn command(&mut self, line: &[u8], out: &mut Output<'_>) -> Step {
        let (command, rest) = word(line);
        let known = known_word(&["ehlo", "helo", "starttls", "auth", "mail", "data", "bdat"], command);
        self.is_heard |= known.is_some();
        match known {
            Some("ehlo" | "helo") => {
                say_service(false, "_smtp._tcp", command, out);
                if let Some(name) = own_name(word(rest).0) {
                    out.text(About::Sender, Field::HostName, name);
                    if out.wants_records() {
                        self.helo = out.masked_own(&text::clean(name)).into_owned();
                    }
                }
            }
            Some("starttls") => self.is_encrypting = true,
            Some("auth") => {
                self.mechanism = known_word(MECHANISMS, word(rest).0);
                say_legacy("cleartext-smtp", command, out);
            }
            Some("mail") => say_legacy("cleartext-smtp", command, out),
            // What follows is the message.
            Some("data" | "bdat") => return Step::Finished,
            _ => {}
        }
        Step::Take(0)
    }

    fn reply(&mut self, line: &[u8], out: &mut Output<'_>) -> Step {
        let digits = line.split_first_chunk::<3>().filter(|(code, _)| code.iter().all(u8::is_ascii_digit));
        let Some((code, rest)) = digits else {
            out.weird("smtp.reply");
            return Step::Take(0);
        };
        self.is_heard = true;
        self.last_reply = code.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        let rest = rest.get(1..).unwrap_or_default();
        if self.last_reply == 220 && std::mem::take(&mut self.is_encrypting) {
            self.tls = true;
            return Step::Anew(0);
        }
        if self.last_reply == 220 && !std::mem::replace(&mut self.is_greeted, true) {
            greet(code, rest, out);
        }
        match known_word(&["starttls", "auth"], word(rest).0) {
            Some("starttls") => self.starttls = true,
            Some(_) if self.auth.is_empty() => {
                let words = word(rest).1.split(|byte| *byte == b' ');
                self.auth = words.filter_map(|word| known_word(MECHANISMS, word)).collect();
            }
            _ => {}
        }
        Step::Take(0)
    }
}

/// A greeting begins with the server's own name (RFC 5321 §4.2).
fn greet(code: &[u8], text: &[u8], out: &mut Output<'_>) {
    say_service(true, "_smtp._tcp", code, out);
    let (name, _) = word(text);
    let own = own_name(name).filter(|name| name.contains(&b'.'));
    if let Some(name) = own {
        out.text(About::Sender, Field::HostName, name);
    }
    let banner = text.trim_ascii_start().get(own.map_or(0, <[u8]>::len)..).unwrap_or_default();
    out.fact(About::Sender, Field::SmtpBanner, &greeting::plain(banner), banner);
}

/// `name` when it is one of a host: neither an address in brackets nor what everybody is called.
fn own_name(name: &[u8]) -> Option<&[u8]> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let is_letter = name.iter().any(u8::is_ascii_alphabetic);
    let is_nobody = known_word(&["localhost", "localhost.localdomain"], name).is_some();
    (is_letter && !is_nobody && name.iter().all(is_name)).then_some(name)
}
