//! CoAP: which small devices serve and ask, and the kinds of resources that they list.
//!
//! In: datagrams. Out: roles of the ends, registered resource types of link formats; one record a message. Paths, queries,
//! tokens and all other payload never leave.
//!
//! Source: RFC 7252 §3, §5.10, §12.1; RFC 6690 §2, §3.1 (link format), §7.4 (registered types); OCF Core (`oic.`).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, say_service};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Side};

pub(super) const ENTRY: Coap = Coap;

/// CoAP.
pub(super) struct Coap;

static INFO: Info = Info {
    name: "coap",
    title: "Constrained Application Protocol",
    source: "RFC 7252 §3, §5.10; RFC 6690",
    carriers: &[Carrier::Udp],
    ports: &[5683],
    record: &[
        device("type", Kind::Text, "`con`, `non`, `ack` or `rst`"),
        device("code", Kind::Text, "method, or class and detail of an answer, such as `2.05`"),
        device("is_discovery", Kind::Flag, "whether the list of resources is asked for (`/.well-known/core`)"),
        device("resource_types", Kind::List, "registered types of resources that are listed"),
    ],
    weirds: &[("coap.malformed", "an option is longer than what is left, or its length is reserved (RFC 7252 §3.1)")],
    window: 0,
};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "iPATCH"];
const TYPES: [&str; 4] = ["con", "non", "ack", "rst"];
/// Numbers of options by the registry: RFC 7252, 7641, 7959, 7967, 8613, 8768, 9175.
const OPTIONS: [u32; 22] = [1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 15, 16, 17, 20, 23, 27, 28, 35, 39, 60, 252];
const PATH: u32 = 11;
const FORMAT: u32 = 12;
const LINK_FORMAT: &[u8] = &[40];

impl Dissector for Coap {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Message::read(hello.bytes) {
            Ok(message) if !message.is_known => Probe::No,
            Ok(message) if message.code >> 5 == 0 && message.code > 0 && message.kind < 2 && message.has_path => {
                Probe::Yes
            }
            Ok(message) if message.code >> 5 >= 2 && !message.format.is_empty() && !message.payload.is_empty() => {
                Probe::Likely
            }
            Ok(message) if message.code > 0 || hello.bytes.len() == 4 => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Coap {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Message::read(bytes) {
            Ok(message) => message.say(bytes, out),
            Err(Short) => out.weird("coap.malformed"),
        }
        Step::Take(bytes.len())
    }
}

struct Message<'a> {
    kind: u8,
    code: u8,
    is_known: bool,
    has_path: bool,
    is_discovery: bool,
    format: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Message<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Short> {
        let mut cursor = Cursor::new(bytes);
        let (first, code) = (cursor.u8()?, cursor.u8()?);
        cursor.skip(2)?;
        let (kind, token) = (first >> 4 & 3, usize::from(first & 0xf));
        if first >> 6 != 1 || token > 8 {
            return Err(Short);
        }
        cursor.skip(token)?;
        let is_code = matches!(code, 0..=7 | 0x40..=0x5f | 0x80..=0xbf);
        let mut message =
            Self { kind, code, is_known: is_code, has_path: false, is_discovery: false, format: &[], payload: &[] };
        let (mut number, mut paths) = (0, 0);
        while let Some(head) = cursor.u8().ok().filter(|head| *head != 0xff) {
            number += u32::from(extended(head >> 4, &mut cursor)?);
            let length = extended(head & 0xf, &mut cursor)?;
            let value = cursor.take(usize::from(length))?;
            message.is_known &= OPTIONS.contains(&number);
            match number {
                PATH => {
                    message.is_known &= std::str::from_utf8(value).is_ok_and(|text| !text.contains(char::is_control));
                    message.is_discovery =
                        if paths == 0 { value == b".well-known" } else { message.is_discovery && value == b"core" };
                    (message.has_path, paths) = (true, paths + 1);
                }
                FORMAT => message.format = value,
                _ => {}
            }
        }
        message.is_discovery &= paths == 2;
        message.payload = cursor.rest();
        message.is_known &= code > 0 || (bytes.len() == 4 && kind > 1);
        Ok(message)
    }

    fn name(&self) -> String {
        match (self.code >> 5, self.code & 0x1f) {
            (0, 0) => "empty".to_owned(),
            (0, method) => METHODS.get(usize::from(method) - 1).copied().unwrap_or("other").to_owned(),
            (class, detail) => format!("{class}.{detail:02}"),
        }
    }

    fn say(&self, bytes: &[u8], out: &mut Output<'_>) {
        let raw = bytes.get(..1).unwrap_or_default();
        let class = self.code >> 5;
        if self.code > 0 {
            say_service(class > 0, "_coap._udp", raw, out);
            out.fact(About::Sender, Field::Legacy, "cleartext-coap", raw);
        }
        let is_list = class == 2 && self.format == LINK_FORMAT;
        let types: Vec<&str> = if is_list { resource_types(self.payload).take(32).collect() } else { Vec::new() };
        for kind in &types {
            out.fact(About::Sender, Field::CoapResource, kind, kind.as_bytes());
        }
        out.record(|row| {
            row.text("type", TYPES.get(usize::from(self.kind)).copied().unwrap_or_default());
            row.text("code", self.name());
            row.flag("is_discovery", self.is_discovery);
            row.list("resource_types", &types);
        });
    }
}

/// A half byte that goes on in one or two bytes (RFC 7252 §3.1).
fn extended(half: u8, cursor: &mut Cursor<'_>) -> Result<u16, Short> {
    match half {
        13 => Ok(u16::from(cursor.u8()?) + 13),
        14 => cursor.u16()?.checked_add(269).ok_or(Short),
        15 => Err(Short),
        short => Ok(u16::from(short)),
    }
}

/// The registered types that the links of `list` have (`rt`): those of the IETF and of OCF, in the letters they may have.
fn resource_types(list: &[u8]) -> impl Iterator<Item = &str> {
    let list = std::str::from_utf8(list).unwrap_or_default();
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    let is_registered = move |kind: &&str| {
        ["core.", "oic.", "ace.", "brski."].iter().any(|known| kind.starts_with(known))
            && kind.len() <= 64
            && kind.bytes().all(is_part)
    };
    list.split(';').filter_map(|part| part.strip_prefix("rt=")).flat_map(move |value| {
        let value = match value.strip_prefix('"') {
            // The list may be cut where a block of it ends (RFC 7959).
            Some(quoted) => quoted.split_once('"').map_or("", |(value, _)| value),
            None => value.split(',').next().unwrap_or_default(),
        };
        value.split(' ').filter(is_registered)
    })
}
