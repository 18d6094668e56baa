//! DTLS on any port: what hellos and certificates say before everything is encrypted.
//!
//! In: datagrams. Out: as of TLS: names asked for, JA4, versions, the certificate of whoever presents it; one record a
//! connection, named as in Zeek's ssl.log. Certificates of people leave as keyed hashes only. Messages in several fragments
//! are put together in lent memory. Nothing encrypted is looked at.
//!
//! Source: RFC 6347 §4 (1.2), RFC 4347 (1.0), RFC 9147 §4, §5 (1.3); RFC 5764 (with SRTP).

use crate::Output;
use crate::codec::cursor::{Cursor, Short};
use crate::codec::handshake::{self, Breach, Breaches, Session};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use wardlight_model::Side;

pub(super) const ENTRY: Dtls = Dtls;

/// DTLS.
pub(super) struct Dtls;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const HELLO_VERIFY_REQUEST: u8 = 3;
const CERTIFICATE: u8 = 11;

/// Longest message put together.
const LONGEST: usize = 16 * 1024;
/// Datagrams of one side after which nothing is waited for.
const ENOUGH: u8 = 24;
/// Most fragments looked at to put a message together.
const FRAGMENTS: usize = 128;

static BREACHES: Breaches = Breaches {
    hello: "dtls.malformed_hello",
    certificate: "dtls.malformed_certificate",
    expired: "dtls.certificate_expired",
    not_yet_valid: "dtls.certificate_not_yet_valid",
    weak_key: "dtls.weak_key",
};
static WEIRDS: [Breach; 5] = handshake::weirds(&BREACHES);

static INFO: Info = Info {
    name: "dtls",
    title: "DTLS",
    source: "RFC 6347 §4, RFC 4347, RFC 9147 §4 and §5, RFC 5280, FoxIO JA4",
    carriers: &[Carrier::Udp],
    ports: &[4433, 4755, 5684],
    record: handshake::RECORD,
    weirds: &WEIRDS,
    window: 32 * 1024,
};

impl Dissector for Dtls {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let mut all = records(hello.bytes);
        let Some(Ok(first)) = all.next() else { return Probe::No };
        let is_whole = all.all(|record| record.is_ok());
        match first.kind {
            HANDSHAKE if first.epoch == 0 => match fragments(first.body).next() {
                Some(Ok(fragment)) if fragment.kind <= 24 => Probe::Yes,
                _ => Probe::No,
            },
            // Seen from the middle.
            _ if is_whole && (first.epoch > 0 || first.kind != APPLICATION_DATA) => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation { session: Session::new(&BREACHES, 'd'), read: [0; 2] })
    }
}

/// What is remembered of one connection.
struct Conversation {
    session: Session,
    /// Datagrams of each side.
    read: [u8; 2],
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let read = side.of(self.read.each_mut());
        *read = read.saturating_add(1);
        let is_enough = *read >= ENOUGH;
        for record in records(bytes) {
            let Ok(record) = record else {
                // The head of encrypted records of 1.3 (RFC 9147 §4) says their length only sometimes.
                if matches!(bytes.first(), Some(0x20..=0x3f)) {
                    self.session.sends_data(side, bytes.len());
                }
                break;
            };
            match record.kind {
                HANDSHAKE if record.epoch == 0 => self.messages(side, &record, bytes, out),
                CHANGE_CIPHER_SPEC => self.session.changes_cipher(side),
                _ if record.epoch > 0 => self.session.sends_data(side, record.body.len()),
                _ => {}
            }
        }
        match () {
            () if self.session.is_over() || is_enough => {
                self.session.record(out);
                Step::Finished
            }
            () if is_missing(bytes) => Step::Join,
            () => Step::Take(bytes.len()),
        }
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.session.record(out);
    }
}

impl Conversation {
    /// Reads what of a record's messages is whole, or becomes so with the other fragments in `bytes`.
    fn messages(&mut self, side: Side, record: &Record<'_>, bytes: &[u8], out: &mut Output<'_>) {
        for fragment in fragments(record.body) {
            let Ok(fragment) = fragment else { break };
            if !matches!(fragment.kind, CLIENT_HELLO | SERVER_HELLO | CERTIFICATE) || fragment.length > LONGEST {
                continue;
            }
            if fragment.body.len() == fragment.length {
                self.message(side, fragment.kind, fragment.body, out);
            } else if fragment.at + fragment.body.len() == fragment.length {
                // The last one: all others may stand before it.
                let kind = fragment.kind;
                let join = |room: &mut [u8]| join(bytes, &fragment, room).unwrap_or(0);
                out.write(fragment.length, join, |out, message| self.message(side, kind, message, out));
            }
        }
    }

    fn message(&mut self, side: Side, kind: u8, message: &[u8], out: &mut Output<'_>) {
        match kind {
            CLIENT_HELLO => handshake::client_hello(&mut self.session, side, message, out),
            SERVER_HELLO => handshake::server_hello(&mut self.session, side, message, out),
            _ => {
                let leaf = message.get(3..6).and_then(|length| <[u8; 3]>::try_from(length).ok());
                let length = leaf.map_or(0, |[a, b, c]| usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c));
                if let Some(message) = message.get(..length + 6).filter(|_| length > 0) {
                    handshake::certificate(&mut self.session, side, message, out);
                }
            }
        }
    }
}

struct Record<'a> {
    kind: u8,
    epoch: u16,
    body: &'a [u8],
}

/// The records of datagrams; [`Short`] where there is none, or only a part of one. Behind it nothing more comes.
fn records(bytes: &[u8]) -> impl Iterator<Item = Result<Record<'_>, Short>> {
    let mut cursor = Cursor::new(bytes);
    let mut next = move || {
        let (kind, version, epoch) = (cursor.u8()?, cursor.u16()?, cursor.u16()?);
        if !(CHANGE_CIPHER_SPEC..=26).contains(&kind) || !matches!(version, 0xfeff | 0xfefd | 0x0100) {
            return Err(Short);
        }
        cursor.skip(6)?;
        let length = usize::from(cursor.u16()?);
        let body = cursor.take(length)?;
        let fits = length > 0 && (kind != ALERT || epoch > 0 || length == 2);
        if fits { Ok((Record { kind, epoch, body }, cursor.is_empty())) } else { Err(Short) }
    };
    let mut is_over = bytes.is_empty();
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        let record = next();
        is_over = record.as_ref().map_or(true, |(_, is_last)| *is_last);
        Some(record.map(|(record, _)| record))
    })
}

#[derive(Debug, Clone, Copy)]
struct Fragment<'a> {
    kind: u8,
    length: usize,
    sequence: u16,
    at: usize,
    body: &'a [u8],
}

/// The fragments of messages in a record; [`Short`] where one does not fit, and nothing behind it.
fn fragments(body: &[u8]) -> impl Iterator<Item = Result<Fragment<'_>, Short>> {
    let mut cursor = Cursor::new(body);
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    std::iter::from_fn(move || {
        if cursor.is_empty() {
            return None;
        }
        let mut next = || {
            let (kind, length, sequence) = (cursor.u8()?, size(cursor.u24()?), cursor.u16()?);
            let (at, here) = (size(cursor.u24()?), size(cursor.u24()?));
            let body = cursor.take(here)?;
            let is_kind = kind != HELLO_VERIFY_REQUEST || length < 300;
            let fits = at + here <= length && (here > 0 || length == 0) && is_kind;
            if fits { Ok(Fragment { kind, length, sequence, at, body }) } else { Err(Short) }
        };
        let fragment = next();
        if fragment.is_err() {
            cursor = Cursor::new(&[]);
        }
        Some(fragment)
    })
}

/// All fragments of messages that are not encrypted.
fn plain(bytes: &[u8]) -> impl Iterator<Item = Fragment<'_>> {
    let open = |record: &Record<'_>| record.kind == HANDSHAKE && record.epoch == 0;
    let records = records(bytes).map_while(Result::ok).filter(open);
    records.flat_map(|record| fragments(record.body).map_while(Result::ok)).take(FRAGMENTS)
}

/// Copies the fragments of the message that `last` ends to the front of `room`; its length. `None` while one is missing.
fn join(bytes: &[u8], last: &Fragment<'_>, room: &mut [u8]) -> Option<usize> {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    let is_same =
        |other: &Fragment<'_>| (other.kind, other.sequence, other.length) == (last.kind, last.sequence, last.length);
    for fragment in plain(bytes).filter(is_same) {
        let end = fragment.at + fragment.body.len();
        room.get_mut(fragment.at..end)?.copy_from_slice(fragment.body);
        parts.push((fragment.at, end));
    }
    parts.sort_unstable();
    let held = parts.iter().fold(0, |held, (at, end)| if *at <= held { held.max(*end) } else { held });
    (held == last.length).then_some(last.length)
}

/// Whether `bytes` hold parts of a message that is read, but not all.
fn is_missing(bytes: &[u8]) -> bool {
    let is_read = |fragment: &Fragment<'_>| matches!(fragment.kind, CLIENT_HELLO | SERVER_HELLO | CERTIFICATE);
    plain(bytes).filter(|fragment| is_read(fragment) && fragment.length <= LONGEST).any(|fragment| {
        let of = |other: &Fragment<'_>| other.kind == fragment.kind && other.sequence == fragment.sequence;
        let held: usize = plain(bytes).filter(of).map(|other| other.body.len()).sum();
        held < fragment.length
    })
}
