//! EtherNet/IP: which devices of plant there are, what they say they are, and who asks them.
//!
//! In: both directions of a stream, or datagrams. Out: roles of both ends; of an answer to List Identity, and of the
//! identity object of the device itself, maker, kind, product, revision and serial number; one record for each command
//! that is no I/O. Tags, attributes and values of other objects, and devices behind the one asked, are passed over.
//!
//! Source: ODVA, The CIP Networks Library volume 2 (EtherNet/IP) edition 1.25 chapter 2 (encapsulation), volume 1 edition 3.31
//! §5-2 (identity object), §6-2 (device profiles).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side, Transport};

pub(super) const ENTRY: Enip = Enip;

/// EtherNet/IP.
pub(super) struct Enip;

/// `<number> <name>`, a line each.
const PROFILES: &str = include_str!("enip/profiles.txt");
const HEADER: usize = 24;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Device, meaning }
}

static INFO: Info = Info {
    name: "enip",
    title: "EtherNet/IP",
    source: "ODVA CIP Networks Library volume 2 edition 1.25 chapter 2, volume 1 edition 3.31 §5-2 and §6-2",
    carriers: &[Carrier::Tcp, Carrier::Udp],
    ports: &[44_818],
    record: &[
        field("command", Kind::Text, "Encapsulation command, such as `list-identity`"),
        field("is_answer", Kind::Flag, "Whether it is an answer"),
        field("status", Kind::Number, "Encapsulation status; 0 is success"),
        field("vendor", Kind::Number, "Vendor number that ODVA gave the maker"),
        field("device_type", Kind::Number, "Device profile"),
        field("product_code", Kind::Number, "Number of the product, unique for vendor and profile"),
    ],
    weirds: &[
        ("enip.header", "what should be an encapsulation header is none"),
        ("enip.identity", "an identity is cut short"),
        ("enip.cut", "the stream ends within a message"),
    ],
    window: 4096,
};

impl Dissector for Enip {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match header(hello.bytes) {
            Ok(Some(head)) if head.is_first() => Probe::Yes,
            Ok(Some(head)) if head.name().is_some() => Probe::Likely,
            Err(Short) if begins(hello.bytes) => Probe::More,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Conversation>::default()
    }
}

/// The encapsulation header.
#[derive(Clone, Copy)]
struct Head {
    command: u16,
    length: usize,
    status: u32,
    /// What the asker chose, which the answer repeats.
    context: u64,
    session: u32,
}

impl Head {
    fn name(&self) -> Option<&'static str> {
        Some(match self.command {
            0 => "nop",
            4 => "list-services",
            LIST_IDENTITY => "list-identity",
            0x64 => "list-interfaces",
            REGISTER => "register-session",
            0x66 => "unregister-session",
            REQUEST => "send-rr-data",
            UNIT => "send-unit-data",
            _ => return None,
        })
    }

    /// Whether it is one that conversations begin with, and has the shape of it.
    fn is_first(&self) -> bool {
        match self.command {
            REGISTER => self.length == 4 && self.status < 0x100,
            LIST_IDENTITY | 4 | 0x64 => self.session == 0 && self.status == 0 && self.length < 1024,
            REQUEST | UNIT => self.session != 0 && self.status == 0 && self.length >= 16,
            _ => false,
        }
    }
}

const LIST_IDENTITY: u16 = 0x63;
const REGISTER: u16 = 0x65;
const REQUEST: u16 = 0x6f;
const UNIT: u16 = 0x70;

/// Whether as much as there is may begin a header.
fn begins(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(4 | 0x63 | 0x64 | 0x65 | 0x6f | 0x70)) && bytes.get(1).is_none_or(|high| *high == 0)
}

/// The header that `bytes` begin with; `None` when they do with none. Errors: [`Short`] when more are needed to tell.
fn header(bytes: &[u8]) -> Result<Option<Head>, Short> {
    let mut cursor = Cursor::new(bytes);
    let (command, length) = (cursor.u16_le()?, cursor.u16_le()?);
    let (session, status) = (cursor.u32_le()?, cursor.u32_le()?);
    let (context, options) = (cursor.u64()?, cursor.u32_le()?);
    let head = Head { command, length: usize::from(length), status, context, session };
    Ok((options == 0 && head.name().is_some()).then_some(head))
}

#[derive(Default)]
struct Conversation {
    /// Context of the request that asks for the identity object, and whether any waits.
    asked: Option<u64>,
    is_astray: [bool; 2],
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_datagram = out.context().flow.is_some_and(|(_, key)| key.transport == Transport::UDP);
        let is_astray = *side.of(self.is_astray.each_mut());
        let head = match header(bytes) {
            Ok(Some(head)) => head,
            Err(Short) if !is_datagram => return Step::Take(0),
            _ => {
                if !is_astray {
                    out.weird("enip.header");
                }
                return Step::Done;
            }
        };
        let Some(body) = bytes.get(HEADER..HEADER + head.length) else {
            let is_long = HEADER + head.length > INFO.window;
            return if is_long { Step::Skip((HEADER + head.length) as u64) } else { Step::Take(0) };
        };
        *side.of(self.is_astray.each_mut()) = false;
        self.message(&head, body, side == server(out), out);
        Step::Take(HEADER + head.length)
    }

    fn end(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        if !bytes.is_empty() && !*side.of(self.is_astray.each_mut()) {
            out.weird("enip.cut");
        }
    }

    fn gap(&mut self, side: Side, _lost: u64) -> bool {
        *side.of(self.is_astray.each_mut()) = true;
        self.asked = None;
        true
    }
}

/// Which end answers: whoever was asked, unless only the other port is that of servers.
fn server(out: &Output<'_>) -> Side {
    let is_own = out.context().ports.map(|port| INFO.ports.contains(&port));
    if is_own == [true, false] { Side::Initiator } else { Side::Responder }
}

impl Conversation {
    fn message(&mut self, head: &Head, body: &[u8], is_server: bool, out: &mut Output<'_>) {
        if head.command == UNIT {
            return;
        }
        // Broadcasts are answered by many, each of whom begins a conversation of its own.
        let is_answer = is_server || (head.command == LIST_IDENTITY && !body.is_empty());
        let raw = body.get(..2).unwrap_or(body);
        out.fact(About::Sender, Field::PlantRole, if is_answer { "enip-server" } else { "enip-client" }, raw);
        out.fact(About::Sender, Field::Legacy, "cleartext-enip", raw);
        let identity = match (head.command, is_answer) {
            (LIST_IDENTITY, true) => listed(body, out),
            (REQUEST, false) => {
                if asks_identity(body) {
                    self.asked = Some(head.context);
                }
                Ok(None)
            }
            (REQUEST, true) if self.asked == Some(head.context) => {
                self.asked = None;
                answered(body, out)
            }
            _ => Ok(None),
        };
        let identity = identity.unwrap_or_else(|_| {
            out.weird("enip.identity");
            None
        });
        out.record(|row| {
            row.text("command", head.name().unwrap_or_default());
            row.flag("is_answer", is_answer);
            row.number("status", head.status);
            if let Some((vendor, device_type, product)) = identity {
                row.number("vendor", vendor);
                row.number("device_type", device_type);
                row.number("product_code", product);
            }
        });
    }
}

/// Vendor, profile and product.
type Product = (u16, u16, u16);

/// Says what an answer to List Identity tells. Errors: [`Short`].
fn listed(body: &[u8], out: &mut Output<'_>) -> Result<Option<Product>, Short> {
    const IDENTITY: u16 = 0x0c;
    let mut cursor = Cursor::new(body);
    for _ in 0..cursor.u16_le()? {
        let (kind, length) = (cursor.u16_le()?, cursor.u16_le()?);
        let mut item = cursor.within(usize::from(length))?;
        if kind == IDENTITY {
            // Version of the protocol, and a socket address.
            item.skip(2 + 16)?;
            return identity(&mut item, out).map(Some);
        }
    }
    Ok(None)
}

/// Service and path of Get Attributes All of the identity object's first instance.
const GET_IDENTITY: &[u8] = &[0x01, 0x02, 0x20, 0x01, 0x24, 0x01];

fn asks_identity(body: &[u8]) -> bool {
    unconnected(body).is_ok_and(|request| request.starts_with(GET_IDENTITY))
}

fn answered(body: &[u8], out: &mut Output<'_>) -> Result<Option<Product>, Short> {
    const ANSWER: u8 = 0x81;
    let mut cursor = Cursor::new(unconnected(body)?);
    let (service, _reserved, status) = (cursor.u8()?, cursor.u8()?, cursor.u8()?);
    let words = cursor.u8()?;
    cursor.skip(2 * usize::from(words))?;
    if service != ANSWER || status != 0 {
        return Ok(None);
    }
    identity(&mut cursor, out).map(Some)
}

/// The request or answer for the device itself in a list of items. Errors: [`Short`] when there is none.
fn unconnected(body: &[u8]) -> Result<&[u8], Short> {
    const UNCONNECTED: u16 = 0xb2;
    let mut cursor = Cursor::new(body);
    let (_interface, _timeout) = (cursor.u32_le()?, cursor.u16_le()?);
    for _ in 0..cursor.u16_le()? {
        let (kind, length) = (cursor.u16_le()?, cursor.u16_le()?);
        let item = cursor.take(usize::from(length))?;
        if kind == UNCONNECTED {
            return Ok(item);
        }
    }
    Err(Short)
}

/// Says the attributes of an identity object about the sender. Errors: [`Short`].
fn identity(cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<Product, Short> {
    let raw = cursor.take(14)?;
    let mut numbers = Cursor::new(raw);
    let (vendor, profile, product) = (numbers.u16_le()?, numbers.u16_le()?, numbers.u16_le()?);
    let (major, minor, _status) = (numbers.u8()?, numbers.u8()?, numbers.u16_le()?);
    let serial = numbers.u32_le()?;
    let length = cursor.u8()?;
    let name = cursor.take(usize::from(length))?;
    out.fact(About::Sender, Field::PlantVendor, &format!("odva:{vendor}"), raw);
    out.fact(About::Sender, Field::Firmware, &format!("{major}.{minor:03}"), raw);
    if serial != 0 {
        out.fact(About::Sender, Field::Serial, &format!("{serial:08x}"), raw);
    }
    out.fact(About::Sender, Field::Model, &text::clean(name), name);
    let number = profile.to_string();
    let mut profiles = PROFILES.lines().filter_map(|line| line.split_once(' '));
    if let Some((_, kind)) = profiles.find(|(known, _)| *known == number) {
        out.fact(About::Sender, Field::DeviceType, kind, raw);
    }
    Ok((vendor, profile, product))
}
