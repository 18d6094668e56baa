//! AMQP 0-9-1 and 1.0: which brokers there are, who connects to them, and with which programs.
//!
//! In: both directions of a stream until the client has answered the broker's first method. Out: product, version and
//! platform of both ends, the ways to log in; one record an end. Responses, which hold passwords, names of queues and
//! messages never leave.
//!
//! Source: AMQP 0-9-1 §4.2, §4.2.5.5 (tables), 1.4 (connection.start); OASIS AMQP 1.0 part 2 §2.2, part 5 §5.3.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, known_word, say_legacy, say_service};
use crate::codec::person::before_person;
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Side};

pub(super) const ENTRY: Amqp = Amqp;

/// AMQP.
pub(super) struct Amqp;

static INFO: Info = Info {
    name: "amqp",
    title: "Advanced Message Queuing Protocol",
    source: "AMQP 0-9-1 §4.2; OASIS AMQP 1.0 part 2 §2.2, part 5 §5.3",
    carriers: &[Carrier::Tcp],
    ports: &[5672],
    record: &[
        device("version", Kind::Text, "version of the protocol"),
        device("product", Kind::Text, "product and version that the sender states"),
        device("platform", Kind::Text, "platform that the sender states"),
        device("mechanisms", Kind::List, "known ways to log in that a broker offers, or the one that a client takes"),
    ],
    weirds: &[("amqp.frame", "a frame or table is malformed (AMQP 0-9-1 §4.2)")],
    window: 32 * 1024,
};

const MECHANISMS: &[&str] = &[
    "plain",
    "amqplain",
    "external",
    "anonymous",
    "cram-md5",
    "digest-md5",
    "gssapi",
    "rabbit-cr-demo",
    "scram-sha-1",
    "scram-sha-256",
    "scram-sha-512",
    "mssbcbs",
    "xoauth2",
];
/// Headers of the versions that there are.
const HEADERS: [(&[u8; 8], &str); 6] = [
    (b"AMQP\x00\x00\x09\x01", "0-9-1"),
    (b"AMQP\x01\x01\x00\x09", "0-9"),
    (b"AMQP\x01\x01\x08\x00", "0-8"),
    (b"AMQP\x00\x01\x00\x00", "1.0"),
    (b"AMQP\x02\x01\x00\x00", "1.0"),
    (b"AMQP\x03\x01\x00\x00", "1.0"),
];
/// Class and method of `connection.start` and `connection.start-ok`.
const START: [u8; 4] = [0, 10, 0, 10];
const START_OK: [u8; 4] = [0, 10, 0, 11];

impl Dissector for Amqp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match hello.bytes.first_chunk::<8>() {
            Some(head) if HEADERS.iter().any(|(header, _)| *header == head) => Probe::Yes,
            Some([1, 0, 0, ..]) if hello.bytes.get(7..11) == Some(&START) => Probe::Yes,
            Some([1, 0, 0, ..]) if hello.bytes.len() < 11 => Probe::More,
            None if b"AMQP".starts_with(hello.bytes.get(..4).unwrap_or(hello.bytes)) => Probe::More,
            None if matches!(hello.bytes, [1] | [1, 0] | [1, 0, 0, ..]) => Probe::More,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Connection>::default()
    }
}

#[derive(Default)]
struct Connection {
    version: &'static str,
}

impl Parser for Connection {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if bytes.starts_with(b"A") {
            return self.header(bytes, out);
        }
        if self.version == "1.0" { offer(bytes, out) } else { self.method(bytes, out) }
    }
}

impl Connection {
    fn header(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let Some(head) = bytes.first_chunk::<8>() else { return Step::Take(0) };
        let Some((_, version)) = HEADERS.iter().find(|(header, _)| *header == head) else {
            out.weird("amqp.frame");
            return Step::Finished;
        };
        self.version = version;
        // In 1.0 the server sends a header as well.
        if out.context().side == Side::Initiator {
            say_service(false, "_amqp._tcp", head, out);
        }
        say_legacy("cleartext-amqp", head, out);
        // Behind this header TLS begins.
        if head.get(4) == Some(&2) { Step::Finished } else { Step::Take(8) }
    }

    fn method(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let Some((head, rest)) = bytes.split_first_chunk::<7>() else { return Step::Take(0) };
        let [kind, _, _, length @ ..] = *head;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if kind != 1 || length > INFO.window - 8 {
            out.weird("amqp.frame");
            return Step::Finished;
        }
        let Some(frame) = rest.get(..length.saturating_add(1)) else { return Step::Take(0) };
        let is_read = match frame.split_first_chunk::<4>() {
            Some((&START, body)) => self.start(body, out),
            Some((&START_OK, body)) => {
                let is_read = self.start_ok(body, out);
                if is_read.is_err() {
                    out.weird("amqp.frame");
                }
                return Step::Finished;
            }
            _ => return Step::Finished,
        };
        if is_read.is_err() {
            out.weird("amqp.frame");
        }
        Step::Take(7 + frame.len())
    }

    fn start(&self, body: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
        let mut cursor = Cursor::new(body);
        cursor.skip(2)?;
        let table = long(&mut cursor)?;
        say_service(true, "_amqp._tcp", body.get(..2).unwrap_or_default(), out);
        let mechanisms = long(&mut cursor)?.split(|byte| *byte == b' ');
        let known: Vec<_> = mechanisms.filter_map(|word| known_word(MECHANISMS, word)).collect();
        self.say(table, &known, out)
    }

    fn start_ok(&self, body: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
        let mut cursor = Cursor::new(body);
        let table = long(&mut cursor)?;
        let length = cursor.u8()?;
        let mechanism = known_word(MECHANISMS, cursor.take(usize::from(length))?);
        self.say(table, mechanism.as_slice(), out)
    }

    /// Says what a table of properties tells of its sender.
    fn say(&self, table: &[u8], mechanisms: &[&str], out: &mut Output<'_>) -> Result<(), Short> {
        let [product, version, platform] = properties(table)?.map(before_person);
        let stated = format!("{} {}", text::clean(product), text::clean(version));
        out.fact(About::Sender, Field::Program, &stated, product);
        let protocol = if self.version.is_empty() { "0-9-1" } else { self.version };
        out.record(|row| {
            row.text("version", protocol);
            row.text("product", stated);
            row.text("platform", platform);
            row.list("mechanisms", mechanisms);
        });
        Ok(())
    }
}

/// The bytes behind a length of four.
fn long<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Short> {
    let length = cursor.u32()?;
    cursor.take(usize::try_from(length).unwrap_or(usize::MAX))
}

/// Product, version and platform in a table (AMQP 0-9-1 §4.2.5.5). Ends at a type of value that properties do not have.
fn properties(table: &[u8]) -> Result<[&[u8]; 3], Short> {
    let (mut cursor, mut found) = (Cursor::new(table), [&[][..]; 3]);
    while !cursor.is_empty() {
        let length = cursor.u8()?;
        let name = cursor.take(usize::from(length))?;
        let value = match cursor.u8()? {
            b'S' | b'F' | b'A' | b'x' => long(&mut cursor)?,
            b't' | b'b' | b'B' => cursor.take(1)?,
            b's' | b'u' => cursor.take(2)?,
            b'I' | b'i' | b'f' => cursor.take(4)?,
            b'l' | b'L' | b'd' | b'T' => cursor.take(8)?,
            b'D' => cursor.take(5)?,
            b'V' => &[],
            _ => break,
        };
        let mut places = [&b"product"[..], b"version", b"platform"].into_iter().zip(found.iter_mut());
        if let Some((_, place)) = places.find(|(known, _)| *known == name) {
            *place = value;
        }
    }
    Ok(found)
}

/// The first frame behind a header of 1.0: a broker's list of ways to log in (part 5 §5.3.3.1), or something to stop at.
fn offer(bytes: &[u8], out: &mut Output<'_>) -> Step {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return Step::Take(0) };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if !(8..=4096).contains(&length) {
        return Step::Finished;
    }
    let Some(frame) = rest.get(..length - 4) else { return Step::Take(0) };
    // Kind 1 is SASL; its list of mechanisms is described by 0x40.
    if frame.get(1) == Some(&1) && frame.get(4..7) == Some(&[0, 0x53, 0x40]) {
        say_service(true, "_amqp._tcp", bytes.get(..1).unwrap_or_default(), out);
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        let words = frame.split(|byte| !is_letter(byte));
        let known: Vec<_> = words.filter_map(|word| known_word(MECHANISMS, word)).collect();
        out.record(|row| {
            row.text("version", "1.0");
            row.list("mechanisms", known);
        });
    }
    Step::Finished
}
