//! NetFlow and IPFIX on the wire: which devices tell whom of others' conversations.
//!
//! In: datagrams. Out: roles of both ends; one record a message. What is told of others is passed over: exports that were sent to
//! this house are read elsewhere.
//!
//! Source: Cisco NetFlow Export Datagram Format (versions 1, 5, 7); RFC 3954 §5 (version 9); RFC 7011 §3 (IPFIX).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, say_service};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Side};

pub(super) const ENTRY: Netflow = Netflow;

/// NetFlow and IPFIX.
pub(super) struct Netflow;

static INFO: Info = Info {
    name: "netflow",
    title: "NetFlow and IPFIX",
    source: "RFC 3954 §5, RFC 7011 §3, Cisco NetFlow Export Datagram Format",
    carriers: &[Carrier::Udp],
    ports: &[2055, 4739, 9995, 9996],
    record: &[
        device("version", Kind::Number, "version: 1, 5, 7, 9, or 10 for IPFIX"),
        device("sequence", Kind::Number, "running number of the exporter"),
        device("source_id", Kind::Number, "part of the exporter that tells; of version 5, engine type and number"),
        device("sets", Kind::Number, "how many sets, or flows of versions before 9, it holds"),
        device("has_templates", Kind::Flag, "whether it says how to read others"),
    ],
    weirds: &[("netflow.message", "the parts of a message do not fill it")],
    window: 0,
};

impl Dissector for Netflow {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Message::read(hello.bytes) {
            Ok(Some(message)) if message.sets > 0 && message.is_recent => Probe::Yes,
            Ok(Some(_)) => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Netflow {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let raw = bytes.get(..2).unwrap_or_default();
        let Ok(Some(message)) = Message::read(bytes) else {
            out.weird("netflow.message");
            return Step::Take(bytes.len());
        };
        let service = if message.version == 10 { "_ipfix._udp" } else { "_netflow._udp" };
        say_service(false, service, raw, out);
        out.fact(About::Receiver, Field::ServiceOffered, service, raw);
        out.record(|row| {
            row.number("version", message.version);
            row.number("sequence", message.sequence);
            row.number("source_id", message.source);
            row.number("sets", message.sets);
            row.flag("has_templates", message.has_templates);
        });
        // Nothing more is learned of who tells whom.
        if out.wants_records() { Step::Take(bytes.len()) } else { Step::Done }
    }
}

#[derive(Default)]
struct Message {
    version: u16,
    sequence: u32,
    source: u32,
    sets: u16,
    has_templates: bool,
    is_recent: bool,
}

impl Message {
    /// The message that all of `bytes` are; nothing when they are none. Errors: [`Short`] when its head is cut.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Short> {
        let mut cursor = Cursor::new(bytes);
        let (version, count) = (cursor.u16()?, cursor.u16()?);
        let mut message = Self { version, ..Self::default() };
        if version != 10 {
            cursor.skip(4)?;
        }
        // Seconds since 1970: from the year 2000 on.
        message.is_recent = cursor.u32()? >= 0x386d_4380;
        let (width, most) = match version {
            1 => (52, 24),
            5 => (48, 30),
            7 => (52, 28),
            9 | 10 => {
                (message.sequence, message.source) = (cursor.u32()?, cursor.u32()?);
                let fits = version == 9 || usize::from(count) == bytes.len();
                return Ok(message.sets(cursor).filter(|_| fits));
            }
            _ => return Ok(None),
        };
        cursor.skip(4)?;
        if version > 1 {
            message.sequence = cursor.u32()?;
            let engine = cursor.u32()?;
            message.source = if version == 5 { engine >> 16 } else { 0 };
        }
        message.sets = count;
        let fits = (1..=most).contains(&count) && cursor.left() == usize::from(count) * width;
        Ok(Some(message).filter(|_| fits))
    }

    /// With its sets counted; nothing when these do not fill it.
    fn sets(mut self, mut cursor: Cursor<'_>) -> Option<Self> {
        while !cursor.is_empty() {
            let (id, length) = (cursor.u16().ok()?, cursor.u16().ok()?);
            match (self.version, id) {
                (9, 0 | 1) | (10, 2 | 3) => self.has_templates = true,
                (_, 256..) => {}
                _ => return None,
            }
            cursor.skip(usize::from(length).checked_sub(4)?).ok()?;
            self.sets += 1;
        }
        Some(self)
    }
}
