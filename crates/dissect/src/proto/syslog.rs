//! Syslog over UDP and TCP: which host and which program of it log, and how urgently.
//!
//! In: messages of RFC 5424 or as RFC 3164 found them. Out: the host's name, the program, facility and severity; one record a
//! message. The text of messages, their structured elements and process numbers never leave.
//!
//! Source: RFC 5424 §6; RFC 3164 §4; RFC 5426 (UDP); RFC 6587 (TCP, both framings).

use crate::codec::ends::{device, network, say_legacy, say_service};
use crate::codec::lines::word;
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use std::net::IpAddr;
use wardlight_model::{Field, Kind, Side, Transport};

pub(super) const ENTRY: Syslog = Syslog;

/// Syslog.
pub(super) struct Syslog;

static INFO: Info = Info {
    name: "syslog",
    title: "Syslog",
    source: "RFC 5424 §6; RFC 3164 §4; RFC 6587",
    carriers: &[Carrier::Udp, Carrier::Tcp],
    ports: &[514, 601],
    record: &[
        device("facility", Kind::Text, "what logs"),
        device("severity", Kind::Text, "how urgent it is"),
        network("host", Kind::Text, "host that the message names"),
        device("application", Kind::Text, "program that the message names"),
    ],
    weirds: &[("syslog.frame", "what should be a message over TCP is none (RFC 6587 §3.4)")],
    window: 16 * 1024,
};

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
/// Bytes that are enough to tell whether a message is dated.
const SHORT: usize = 32;
/// Longest message that is waited for.
const LONGEST: usize = 8 * 1024;

impl Dissector for Syslog {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let bytes = counted(hello.bytes).map_or(hello.bytes, |(_, rest)| rest);
        match Message::read(bytes) {
            Some(message) if message.is_dated => Probe::Yes,
            Some(_) if hello.bytes.len() >= SHORT || hello.ports.iter().any(|port| INFO.ports.contains(port)) => {
                Probe::Likely
            }
            _ if hello.bytes.len() < SHORT && may_begin(hello.bytes) => Probe::More,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Log>::default()
    }
}

/// Whether bytes that are not enough to tell may be the count and priority of a message.
fn may_begin(bytes: &[u8]) -> bool {
    let digits = |bytes: &[u8], most: usize| bytes.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    let rest = bytes.get(digits(bytes, 5)..).unwrap_or_default();
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let Some(priority) = rest.strip_prefix(b"<") else { return rest.is_empty() };
    let rest = priority.get(digits(priority, 3)..).unwrap_or_default();
    rest.is_empty() || rest.starts_with(b">")
}

#[derive(Default)]
struct Log {
    /// The host that messages name; more than one means that the sender hands on what others log.
    host: Option<u64>,
    is_relay: bool,
}

impl Parser for Log {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if out.context().flow.is_some_and(|(_, key)| key.transport != Transport::TCP) {
            self.message(bytes, out);
            return Step::Take(bytes.len());
        }
        let (length, begin) = match (counted(bytes), bytes.first()) {
            (Some((length, rest)), _) => (Some(length + bytes.len() - rest.len()), bytes.len() - rest.len()),
            (None, Some(b'<')) => (bytes.iter().position(|byte| matches!(byte, b'\n' | 0)).map(|end| end + 1), 0),
            (None, Some(b'0'..=b'9')) if bytes.len() < 6 => (None, 0),
            (None, Some(b'\n' | b'\r' | 0)) => return Step::Take(1),
            _ => {
                out.weird("syslog.frame");
                return Step::Done;
            }
        };
        match length {
            Some(length) if length > LONGEST => Step::Skip(u64::try_from(length).unwrap_or(u64::MAX)),
            Some(length) => match bytes.get(begin..length) {
                Some(message) => {
                    self.message(message, out);
                    Step::Take(length)
                }
                None => Step::Take(0),
            },
            None if bytes.len() > LONGEST => Step::Done,
            None => Step::Take(0),
        }
    }
}

impl Log {
    fn message(&mut self, bytes: &[u8], out: &mut Output<'_>) {
        let Some(message) = Message::read(bytes) else { return };
        let raw = bytes.get(..1).unwrap_or_default();
        say_service(false, "_syslog._udp", raw, out);
        say_legacy("cleartext-syslog", raw, out);
        let host =
            message.host.filter(|host| std::str::from_utf8(host).is_ok_and(|text| text.parse::<IpAddr>().is_err()));
        if let Some(host) = host {
            let hash = fold(host);
            self.is_relay |= self.host.replace(hash).is_some_and(|before| before != hash);
            if !self.is_relay {
                out.text(About::Sender, Field::HostName, host);
            }
        }
        let program = text::clean(message.program.unwrap_or_default());
        // A word before a colon may be the beginning of a sentence.
        let said = if message.is_program { program.clone() } else { out.masked_own(&program).into_owned().into() };
        let is_hidden = said != program;
        let program = said;
        if !self.is_relay && !is_hidden {
            out.fact(About::Sender, Field::SyslogApplication, &program, message.program.unwrap_or_default());
        }
        out.record(|row| {
            row.text("facility", FACILITIES.get(message.priority / 8).copied().unwrap_or_default());
            row.text("severity", SEVERITIES.get(message.priority % 8).copied().unwrap_or_default());
            row.host("host", host.unwrap_or_default());
            row.text("application", &*program);
        });
    }
}

/// A number that stands for a name, capitals or not, so that the name need not be kept.
fn fold(name: &[u8]) -> u64 {
    name.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Length of the message that a count announces, with what stands behind the count (RFC 6587 §3.4.1).
fn counted(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let digits = bytes.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    let rest = bytes.get(digits..)?.strip_prefix(b" ")?;
    let is_count = matches!(digits, 1..=5) && rest.first().is_none_or(|byte| *byte == b'<');
    let length = bytes.iter().take(digits).fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    is_count.then_some((length, rest))
}

/// What of a message is read.
struct Message<'a> {
    priority: usize,
    /// Whether its head has the form of a specification, time included.
    is_dated: bool,
    host: Option<&'a [u8]>,
    program: Option<&'a [u8]>,
    /// Whether it is certain that a program is named.
    is_program: bool,
}

impl<'a> Message<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(b"<")?;
        let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let priority = rest.iter().take(digits).fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
        let rest = rest.get(digits..)?.strip_prefix(b">")?;
        if !matches!(digits, 1..=3) || priority > 191 {
            return None;
        }
        let plain = Self { priority, is_dated: false, host: None, program: None, is_program: false };
        let is_text = rest.iter().take(16).all(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80.. | b'\r' | b'\n'));
        Self::modern(priority, rest).or_else(|| Self::old(priority, rest)).or_else(|| is_text.then_some(plain))
    }

    /// RFC 5424 §6: version, time, host, program.
    fn modern(priority: usize, rest: &'a [u8]) -> Option<Self> {
        let rest = rest.strip_prefix(b"1 ")?;
        let (time, rest) = word(rest);
        let is_dated = time == b"-" || matches!(time, [y, .., z] if y.is_ascii_digit() && z.is_ascii_alphanumeric());
        let ((host, rest), is_said) = (word(rest), |part: &&[u8]| !part.is_empty() && *part != b"-");
        let (program, rest) = word(rest);
        // Behind a program stand its number, an id, and structured data or none.
        let (_, rest) = word(word(rest).1);
        let is_program = matches!(rest, [b'[', ..] | [b'-'] | [b'-', b' ', ..]);
        let program = Some(program).filter(is_said).filter(|name| is_plain(name));
        let host = Some(host).filter(is_said).filter(|name| is_plain(name));
        is_dated.then_some(Self { priority, is_dated, host, program, is_program })
    }

    /// RFC 3164 §4.1: `time host program[number]: text`; many leave out the host.
    fn old(priority: usize, rest: &'a [u8]) -> Option<Self> {
        let rest = behind_time(rest)?;
        let (first, behind) = word(rest);
        let is_tag = |part: &[u8]| part.ends_with(b":") || part.contains(&b'[');
        let (host, tag) = if is_tag(first) { (None, first) } else { (Some(first), word(behind).0) };
        let end = tag.iter().position(|byte| matches!(byte, b'[' | b':'));
        let program = end.and_then(|end| tag.get(..end)).filter(|name| is_plain(name));
        let is_program = end.and_then(|end| tag.get(end..)).is_some_and(|rest| {
            matches!(rest, [b'[', digits @ .., b']', b':'] | [b'[', digits @ .., b']'] if digits.iter().all(u8::is_ascii_digit))
        });
        let host = host.filter(|name| is_plain(name) && end.is_some());
        Some(Self { priority, is_dated: true, host, program, is_program })
    }
}

/// What stands behind the time of a message: `Mmm dd hh:mm:ss`, or as RFC 3339 writes it, which many send by now.
fn behind_time(rest: &[u8]) -> Option<&[u8]> {
    let is_month = rest.first_chunk::<3>().is_some_and(|month| MONTHS.contains(&month));
    let is_at = |at: usize, sign: u8| rest.get(at) == Some(&sign);
    if is_month && is_at(3, b' ') && is_at(9, b':') && is_at(12, b':') && is_at(15, b' ') {
        return rest.get(16..);
    }
    let is_year = rest.iter().take(4).all(u8::is_ascii_digit);
    let is_modern = is_year && is_at(4, b'-') && is_at(7, b'-') && is_at(10, b'T') && is_at(13, b':');
    is_modern.then(|| word(rest).1)
}

/// Whether `name` has only what names of hosts and programs are made of.
fn is_plain(name: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/' | b'%' | b':');
    !name.is_empty() && name.len() <= 64 && name.iter().all(is_part)
}
