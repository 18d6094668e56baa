//! HTTP/2 in clear: what clients and servers say about themselves in their first messages.
//!
//! In: both directions of a TCP stream. Out: user agent, server, settings of both ends, and whether they speak gRPC; one
//! record a connection. Of each side only the first block of header fields is read, and of that only these fields: paths,
//! credentials and cookies are passed over. What is encrypted is TLS, and HTTP/3 is QUIC.
//! Source: RFC 9113 §3.4 (preface), §4.1 (frames), §6.2 and §6.5; RFC 7541; gRPC over HTTP/2 (PROTOCOL-HTTP2.md).

use crate::codec::hpack::{self, Text};
use crate::codec::person::before_person;
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use std::fmt::Write as _;
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Http2 = Http2;

/// HTTP/2.
pub(super) struct Http2;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADER: usize = 9;
const LONGEST: usize = 32 * 1024;
/// Frames of one side before its first header fields after which these are no longer waited for.
const ENOUGH: u8 = 64;

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 0x01;
const PADDED: u8 = 0x08;
const PRIORITY: u8 = 0x20;

static INFO: Info = Info {
    name: "http2",
    title: "HTTP/2",
    source: "RFC 9113 §3.4, §4.1 and §6; RFC 7541",
    carriers: &[Carrier::Tcp],
    ports: &[50051],
    record: &[
        field("client_settings", "the client's settings, the room it gives, order of its pseudo fields"),
        field("server_settings", "the server's settings"),
        field("user_agent", "product the client names, without accounts"),
        field("server", "product the server names, without accounts"),
        field("status_code", "status of the first response"),
        field("service", "`grpc`, when it is that"),
    ],
    weirds: &[
        ("http2.frame", "a frame is longer than allowed before anything else was agreed on (RFC 9113 §4.2)"),
        ("http2.fields", "a block of header fields breaks RFC 7541"),
    ],
    window: LONGEST,
};

const fn field(name: &'static str, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind: Kind::Text, privacy: Privacy::Device, meaning }
}

impl Dissector for Http2 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match hello.bytes {
            bytes if bytes.starts_with(PREFACE) => Probe::Yes,
            bytes if PREFACE.starts_with(bytes) => Probe::More,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

#[derive(Default)]
struct Conversation {
    lanes: [Lane; 2],
    is_grpc: bool,
    is_recorded: bool,
}

#[derive(Default)]
struct Lane {
    is_done: bool,
    frames: u8,
    settings: String,
    room: u32,
    pseudo: String,
    product: String,
    status: String,
}

/// What is read of one block of header fields.
#[derive(Default)]
struct Found {
    pseudo: String,
    product: Option<(Field, String, (usize, usize))>,
    status: String,
    is_grpc: bool,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if bytes.starts_with(PREFACE) {
            return Step::Take(PREFACE.len());
        }
        if PREFACE.starts_with(bytes) {
            return Step::Take(0);
        }
        let Some(([high, middle, low, kind, flags, stream @ ..], _)) = bytes.split_first_chunk::<HEADER>() else {
            return Step::Take(0);
        };
        let length = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
        let lane = side.of(self.lanes.each_mut());
        if lane.frames > ENOUGH {
            return self.settle(side, out);
        }
        if length + HEADER > LONGEST {
            out.weird("http2.frame");
            return self.settle(side, out);
        }
        if !matches!(*kind, HEADERS | SETTINGS | WINDOW_UPDATE) {
            lane.frames = lane.frames.saturating_add(1);
            return Step::Skip((HEADER + length) as u64);
        }
        let Some(content) = bytes.get(HEADER..HEADER + length) else { return Step::Take(0) };
        lane.frames = lane.frames.saturating_add(1);
        match *kind {
            HEADERS => {
                self.headers(side, *flags, content, out);
                return self.settle(side, out);
            }
            SETTINGS if flags & ACK == 0 && lane.settings.is_empty() => lane.settings = settings(content),
            WINDOW_UPDATE if *stream == [0; 4] && lane.room == 0 => {
                lane.room = content.first_chunk().map_or(0, |room| u32::from_be_bytes(*room) & 0x7fff_ffff);
            }
            _ => {}
        }
        Step::Take(HEADER + length)
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.record(out);
    }
}

/// `id:value`, joined by `;`.
fn settings(content: &[u8]) -> String {
    let mut text = String::new();
    for [a, b, c, d, e, f] in content.as_chunks::<6>().0.iter().take(16) {
        let comma = if text.is_empty() { "" } else { ";" };
        let _ = write!(text, "{comma}{}:{}", u16::from_be_bytes([*a, *b]), u32::from_be_bytes([*c, *d, *e, *f]));
    }
    text
}

impl Conversation {
    fn headers(&mut self, side: Side, flags: u8, content: &[u8], out: &mut Output<'_>) {
        let padding = if flags & PADDED == 0 { None } else { content.first() };
        let ahead = usize::from(padding.is_some()) + if flags & PRIORITY == 0 { 0 } else { 5 };
        let end = content.len().saturating_sub(padding.map_or(0, |length| usize::from(*length)));
        let block = content.get(ahead..end).unwrap_or_default();
        let mut found = Found::default();
        // A block may go on in other frames; what stands in this one is enough.
        let read = hpack::fields(block, |name, value| found.field(side, (name, value), block));
        if read.is_err() && flags & 0x04 != 0 {
            out.weird("http2.fields");
        }
        self.is_grpc |= found.is_grpc;
        if found.is_grpc {
            let raw = block.get(..1).unwrap_or_default();
            let field = if side == Side::Initiator { Field::ServiceSought } else { Field::ServiceOffered };
            out.fact(About::Sender, field, "_grpc._tcp", raw);
        }
        let lane = side.of(self.lanes.each_mut());
        if let Some((field, product, (at, length))) = found.product {
            out.fact(About::Sender, field, &product, block.get(at..at + length).unwrap_or(block));
            lane.product = product;
        }
        (lane.pseudo, lane.status) = (found.pseudo, found.status);
    }

    /// Nothing more is learned from `side`.
    fn settle(&mut self, side: Side, out: &mut Output<'_>) -> Step {
        side.of(self.lanes.each_mut()).is_done = true;
        if self.lanes.iter().all(|lane| lane.is_done) {
            self.record(out);
            return Step::Finished;
        }
        Step::Done
    }

    fn record(&mut self, out: &mut Output<'_>) {
        let [client, server] = &self.lanes;
        if std::mem::replace(&mut self.is_recorded, true) {
            return;
        }
        out.record(|row| {
            row.text("client_settings", format!("{}|{}|{}", client.settings, client.room, client.pseudo));
            row.text("server_settings", &server.settings);
            row.text("user_agent", &client.product);
            row.text("server", &server.product);
            row.text("status_code", &server.status);
            if self.is_grpc {
                row.text("service", "grpc");
            }
        });
    }
}

impl Found {
    fn field(&mut self, side: Side, (name, value): (Text<'_>, Text<'_>), block: &[u8]) {
        let (mut room, mut value_room) = ([0; 32], [0; 256]);
        let Some(name) = name.decode(&mut room) else { return };
        if let [b':', first, ..] = name {
            if side == Side::Initiator && self.pseudo.len() < 8 {
                self.pseudo.push(char::from(*first));
            }
            if name != b":status" {
                return;
            }
        }
        let field = match (name, side) {
            (b"user-agent", Side::Initiator) => Some(Field::UserAgent),
            (b"server", Side::Responder) => Some(Field::HttpServer),
            (b"content-type" | b":status", _) => None,
            _ => return,
        };
        let place = (value.raw().as_ptr().addr().wrapping_sub(block.as_ptr().addr()), value.raw().len());
        let Some(value) = value.decode(&mut value_room) else { return };
        match field {
            Some(field) => self.product = Some((field, text::clean(before_person(value)).into_owned(), place)),
            None if name == b"content-type" => self.is_grpc |= value.starts_with(b"application/grpc"),
            None if value.iter().all(u8::is_ascii_digit) => self.status = text::clean(value).into_owned(),
            None => {}
        }
    }
}
