//! S7 communication: which Siemens controllers there are, what they say they are, and who asks them.
//!
//! In: both directions of a stream of TPKT units that carry COTP class 0. Out: roles of both ends; of system status lists
//! the order number, version, serial number and names of the controller; one record for each setup and each list. Blocks,
//! programs, memory, values and passwords are passed over. What S7 communication plus carries is known by its first byte,
//! and only the product that a session names is read of it.
//!
//! Source: RFC 1006, RFC 905 §13 (ISO 8073); Siemens, System Software for S7-300/400 System and Standard Functions
//! (A5E02789976) chapter 33 (system status lists); for the rest what Siemens' controllers say on the wire.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) const ENTRY: S7comm = S7comm;

/// S7 communication.
pub(super) struct S7comm;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Device, meaning }
}

static INFO: Info = Info {
    name: "s7comm",
    title: "S7 communication",
    source: "RFC 1006; RFC 905 §13; Siemens System and Standard Functions for S7-300/400 (A5E02789976) chapter 33",
    carriers: &[Carrier::Tcp],
    ports: &[102],
    record: &[
        field("function", Kind::Text, "`setup`, `status-list` or `plus-session`"),
        field("is_answer", Kind::Flag, "Whether it is an answer"),
        field("rack", Kind::Number, "Rack that the connection asks for"),
        field("slot", Kind::Number, "Slot that the connection asks for"),
        field("list", Kind::Text, "Number of a system status list, hexadecimal"),
    ],
    weirds: &[
        ("s7comm.frame", "what should be a TPKT unit with a COTP header is none"),
        ("s7comm.list", "a system status list is cut short"),
    ],
    window: 8192,
};

impl Dissector for S7comm {
    fn info(&self) -> &'static Info {
        &INFO
    }

    /// Others speak over the same transport: only what the first data begin with tells.
    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let mut rest = hello.bytes;
        for _ in 0..2 {
            match unit(rest) {
                Err(Fault::Short) if rest.is_empty() || begins(rest) => return Probe::More,
                Ok((Unit::Connect { .. }, length)) => rest = rest.get(length..).unwrap_or_default(),
                Ok((Unit::Data { body, .. }, _)) => {
                    let is_classic = body.first() == Some(&CLASSIC) && matches!(body.get(1), Some(1 | 2 | 3 | 7));
                    let is_plus = body.first() == Some(&PLUS) && matches!(body.get(1), Some(1..=3 | 0xfe));
                    return if is_classic || is_plus { Probe::Yes } else { Probe::No };
                }
                _ => return Probe::No,
            }
        }
        Probe::No
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Conversation>::default()
    }
}

const CLASSIC: u8 = 0x32;
const PLUS: u8 = 0x72;

/// One TPKT unit.
enum Unit<'a> {
    /// A request for a connection, or its confirmation, with the TSAP that is called.
    Connect {
        called: Option<&'a [u8]>,
    },
    /// Data, and whether a message ends with them.
    Data {
        body: &'a [u8],
        is_last: bool,
    },
    Other,
}

enum Fault {
    Short,
    Malformed,
}

impl From<Short> for Fault {
    fn from(_: Short) -> Self {
        Self::Short
    }
}

fn begins(bytes: &[u8]) -> bool {
    let head = [Some(3), Some(0), None, None, None];
    bytes.iter().zip(head).all(|(byte, known)| known.is_none_or(|known| known == *byte))
        && bytes.get(5).is_none_or(|kind| matches!(kind & 0xf0, 0xe0 | 0xd0 | 0xf0))
}

/// The unit that `bytes` begin with, and its length.
fn unit(bytes: &[u8]) -> Result<(Unit<'_>, usize), Fault> {
    let mut cursor = Cursor::new(bytes);
    let (version, _reserved, length) = (cursor.u8()?, cursor.u8()?, usize::from(cursor.u16()?));
    let behind = length.checked_sub(4).filter(|behind| version == 3 && *behind >= 3).ok_or(Fault::Malformed)?;
    let mut body = cursor.within(behind)?;
    let malformed = |_| Fault::Malformed;
    let head = body.u8().map_err(malformed)?;
    let mut head = body.within(usize::from(head)).map_err(malformed)?;
    let unit = match head.u8().map_err(malformed)? & 0xf0 {
        0xe0 | 0xd0 => {
            head.skip(5).map_err(malformed)?;
            Unit::Connect { called: called(head) }
        }
        0xf0 => Unit::Data { is_last: head.u8().map_err(malformed)? & 0x80 != 0, body: body.rest() },
        _ => Unit::Other,
    };
    Ok((unit, length))
}

fn called(mut parameters: Cursor<'_>) -> Option<&[u8]> {
    const CALLED: u8 = 0xc2;
    loop {
        let (kind, length) = (parameters.u8().ok()?, parameters.u8().ok()?);
        let value = parameters.take(usize::from(length)).ok()?;
        if kind == CALLED {
            return Some(value);
        }
    }
}

#[derive(Default)]
struct Conversation {
    /// Rack and slot that the connection asks for.
    place: Option<(u8, u8)>,
    /// Whether the last data of a side did not end a message.
    is_within: [bool; 2],
    is_astray: [bool; 2],
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_astray = std::mem::take(side.of(self.is_astray.each_mut()));
        match unit(bytes) {
            Err(Fault::Short) => {
                *side.of(self.is_astray.each_mut()) = is_astray;
                Step::Take(0)
            }
            Err(Fault::Malformed) => {
                if !is_astray {
                    out.weird("s7comm.frame");
                }
                Step::Done
            }
            Ok((unit, length)) => {
                self.unit(side, &unit, out);
                Step::Take(length)
            }
        }
    }

    fn gap(&mut self, side: Side, _lost: u64) -> bool {
        *side.of(self.is_astray.each_mut()) = true;
        *side.of(self.is_within.each_mut()) = true;
        true
    }
}

impl Conversation {
    fn unit(&mut self, side: Side, unit: &Unit<'_>, out: &mut Output<'_>) {
        match unit {
            Unit::Connect { called: Some([_, place]), .. } if side == Side::Initiator => {
                self.place = Some((place >> 5, place & 0x1f));
            }
            Unit::Data { body, is_last } => {
                let was_within = std::mem::replace(side.of(self.is_within.each_mut()), !is_last);
                if !was_within && self.message(body, out).is_err() {
                    out.weird("s7comm.list");
                }
            }
            _ => {}
        }
    }

    fn message(&self, body: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
        const JOB: u8 = 1;
        const ANSWER: u8 = 3;
        const USER: u8 = 7;
        const SETUP: u8 = 0xf0;
        let mut cursor = Cursor::new(body);
        let (Ok(protocol), Ok(kind)) = (cursor.u8(), cursor.u8()) else { return Ok(()) };
        if protocol == PLUS {
            plus(body, out);
        }
        if protocol != CLASSIC {
            return Ok(());
        }
        let (_reserved, _reference) = (cursor.u16()?, cursor.u16()?);
        let (parameters, length) = (cursor.u16()?, cursor.u16()?);
        if matches!(kind, 2 | ANSWER) {
            let _error = cursor.u16()?;
        }
        let parameters = cursor.take(usize::from(parameters))?;
        match (kind, parameters.first()) {
            (JOB | ANSWER, Some(&SETUP)) => self.setup(kind == ANSWER, body, out),
            (USER, _) => status_list(parameters, cursor.take(usize::from(length))?, out)?,
            _ => {}
        }
        Ok(())
    }

    fn setup(&self, is_answer: bool, body: &[u8], out: &mut Output<'_>) {
        say_role(is_answer, body, out);
        out.record(|row| {
            row.text("function", "setup");
            row.flag("is_answer", is_answer);
            if let Some((rack, slot)) = self.place {
                row.number("rack", rack);
                row.number("slot", slot);
            }
        });
    }
}

fn say_role(is_server: bool, body: &[u8], out: &mut Output<'_>) {
    let raw = body.get(..2).unwrap_or(body);
    out.fact(About::Sender, Field::PlantRole, if is_server { "s7comm-server" } else { "s7comm-client" }, raw);
    out.fact(About::Sender, Field::Legacy, "cleartext-s7comm", raw);
}

/// An answer with a system status list: module identification or component identification.
fn status_list(parameters: &[u8], data: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    const ANSWERS: [u8; 2] = [0x84, 0x01];
    const SUCCESS: u8 = 0xff;
    if parameters.get(5..7) != Some(&ANSWERS) || data.first() != Some(&SUCCESS) {
        return Ok(());
    }
    let mut cursor = Cursor::new(data);
    let (_status, _size, length) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    let mut list = cursor.within(usize::from(length))?;
    let (number, _index, size, count) = (list.u16()?, list.u16()?, usize::from(list.u16()?), list.u16()?);
    say_role(true, parameters, out);
    out.record(|row| {
        row.text("function", "status-list");
        row.flag("is_answer", true);
        row.text("list", format!("{number:04x}"));
    });
    for _ in 0..count {
        // Long lists go on in messages of their own.
        let Ok(mut record) = list.within(size) else { return Ok(()) };
        let index = record.u16()?;
        match number & 0xff {
            0x11 => module(index, &mut record, out)?,
            0x1c => component(index, record.rest(), out),
            _ => {}
        }
    }
    Ok(())
}

/// One module: its order number, and as 7 its firmware.
fn module(index: u16, record: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    let order = record.take(20)?;
    let (_kind, version) = (record.u16()?, record.take(4)?);
    match (index, version) {
        (1, _) => {
            out.text(About::Sender, Field::ModelNumber, order);
            if order.starts_with(b"6ES") {
                out.fact(About::Sender, Field::Manufacturer, "Siemens", order);
            }
        }
        (7, [b'V', major, minor, patch]) => {
            out.fact(About::Sender, Field::Firmware, &format!("{major}.{minor}.{patch}"), version);
        }
        _ => {}
    }
    Ok(())
}

/// One component. Names of plant and module, which people write, are passed over but for that of the station.
fn component(index: u16, record: &[u8], out: &mut Output<'_>) {
    let name = record.split(|byte| *byte == 0).next().unwrap_or_default();
    let field = match index {
        1 => Field::FriendlyName,
        5 => Field::Serial,
        7 => Field::Model,
        4 if text::clean(name).contains("Siemens") => {
            return out.fact(About::Sender, Field::Manufacturer, "Siemens", name);
        }
        _ => return,
    };
    out.text(About::Sender, field, name);
}

/// The product that the answer to a session of S7 communication plus names: `1;6ES7 211-1BE31-0XB0 ;V3.0`.
fn plus(body: &[u8], out: &mut Output<'_>) {
    const CREATE_SESSION: [u8; 2] = [0x04, 0xca];
    let (operation, function) = (body.get(4).copied(), body.get(7..9));
    let is_answer = match operation {
        Some(0x31) => false,
        Some(0x32) => true,
        _ => return,
    };
    if function != Some(&CREATE_SESSION) {
        return;
    }
    say_role(is_answer, body, out);
    out.record(|row| {
        row.text("function", "plus-session");
        row.flag("is_answer", is_answer);
    });
    let begin = body.windows(4).position(|window| window == b";6ES").filter(|_| is_answer);
    let Some(mut parts) = begin.and_then(|at| body.get(at + 1..)).map(|rest| rest.splitn(2, |byte| *byte == b';'))
    else {
        return;
    };
    let (order, behind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let end = behind
        .iter()
        .skip(1)
        .position(|byte| !byte.is_ascii_digit() && *byte != b'.')
        .map_or(behind.len(), |at| at + 1);
    if let (1..=24, Some(version)) = (order.len(), behind.get(1..end).filter(|_| behind.starts_with(b"V"))) {
        out.text(About::Sender, Field::ModelNumber, order);
        out.text(About::Sender, Field::Firmware, version);
        out.fact(About::Sender, Field::Manufacturer, "Siemens", order);
    }
}
