//! IEC 60870-5-104: which stations of a plant are controlled, and from where.
//!
//! In: both directions of a stream. Out: roles of both ends; one record for each unit that is no bare acknowledgement.
//! Measured values, commands' values and names of files are passed over.
//!
//! Source: IEC 60870-5-104:2006 §5 (APCI); IEC 60870-5-101:2003 §7.2 (ASDU).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, server};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Side};

pub(super) const ENTRY: Iec104 = Iec104;

/// IEC 60870-5-104.
pub(super) struct Iec104;

/// `<number> <name>`, a line each.
const TYPES: &str = include_str!("iec104/types.txt");
const START: u8 = 0x68;

static INFO: Info = Info {
    name: "iec104",
    title: "IEC 60870-5-104",
    source: "IEC 60870-5-104:2006 §5, IEC 60870-5-101:2003 §7.2",
    carriers: &[Carrier::Tcp],
    ports: &[2404],
    record: &[
        device("apdu", Kind::Text, "`i` for units with content, or the control function, such as `startdt-act`"),
        device("type", Kind::Text, "type of the content, such as `M_ME_NC_1`, or its number"),
        device("cause", Kind::Number, "cause of transmission"),
        device("is_negative", Kind::Flag, "whether a command was refused"),
        device("station", Kind::Number, "common address of the station"),
        device("objects", Kind::Number, "how many objects it tells of"),
    ],
    weirds: &[
        ("iec104.header", "what should be a unit does not begin as one, or is of an impossible length"),
        ("iec104.unit", "a unit ends within its identifier, or its type is none of the standard"),
        ("iec104.cut", "the stream ends within a unit"),
    ],
    window: 256,
};

impl Dissector for Iec104 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Unit::read(hello.bytes) {
            Ok(Some((Unit::Control(_), _))) => Probe::Yes,
            Ok(Some((unit, _))) if !unit.is_plausible() => Probe::No,
            Ok(Some(_)) if hello.ports.contains(&2404) => Probe::Likely,
            // Elsewhere a unit must be followed by another one.
            Ok(Some((_, length))) => match hello.bytes.get(length) {
                Some(&START) => Probe::Yes,
                Some(_) => Probe::No,
                None => Probe::More,
            },
            Ok(None) => Probe::No,
            Err(Short) => Probe::More,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Iec104 {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Unit::read(bytes) {
            Ok(Some((unit, length))) => {
                unit.say(server(out.context(), &[2404]) == side, bytes.get(..length).unwrap_or_default(), out);
                Step::Take(length)
            }
            Ok(None) => {
                out.weird("iec104.header");
                // Stations go on with the next one.
                let next = bytes.iter().skip(1).position(|byte| *byte == START);
                Step::Take(next.map_or(bytes.len(), |at| at + 1))
            }
            Err(Short) => Step::Take(0),
        }
    }

    fn end(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) {
        if !bytes.is_empty() {
            out.weird("iec104.cut");
        }
    }

    fn gap(&mut self, _: Side, _: u64) -> bool {
        true
    }
}

/// What a unit is, with its content.
enum Unit<'a> {
    Content(&'a [u8]),
    Acknowledgement,
    Control(&'static str),
}

impl<'a> Unit<'a> {
    /// The unit at the front and its length; nothing when there is none. Errors: [`Short`] while it is not all there.
    fn read(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, Short> {
        let mut cursor = Cursor::new(bytes);
        if cursor.u8()? != START {
            return Ok(None);
        }
        let length = cursor.u8()?;
        if !(4..=253).contains(&length) {
            return Ok(None);
        }
        let [first, second, third, fourth] = cursor.array()?;
        let unit = match (first & 3, length) {
            (0 | 2, 10..) if third & 1 == 0 => Self::Content(cursor.take(usize::from(length) - 4)?),
            (1, 4) if first == 1 && second == 0 && third & 1 == 0 => Self::Acknowledgement,
            (3, 4) if [second, third, fourth] == [0; 3] => match function(first) {
                Some(function) => Self::Control(function),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some((unit, usize::from(length) + 2)))
    }

    /// Whether its content is of a type of the standard, has objects, and a cause that there is.
    fn is_plausible(&self) -> bool {
        match self {
            Self::Content([kind, objects, cause, _, station @ ..]) => {
                name(*kind).is_some() && objects & 0x7f != 0 && (1..=47).contains(&(cause & 0x3f)) && station.len() > 2
            }
            Self::Content(_) => false,
            _ => true,
        }
    }

    fn say(&self, is_controlled: bool, raw: &[u8], out: &mut Output<'_>) {
        let role = if is_controlled { "iec104-controlled" } else { "iec104-controlling" };
        out.fact(About::Sender, Field::PlantRole, role, raw);
        out.fact(About::Sender, Field::Legacy, "cleartext-iec104", raw);
        match self {
            Self::Acknowledgement => {}
            Self::Control(function) => out.record(|row| row.text("apdu", function)),
            Self::Content(content) => {
                let [kind, objects, cause, _, low, high, ..] = **content else {
                    return out.weird("iec104.unit");
                };
                if !self.is_plausible() {
                    out.weird("iec104.unit");
                }
                out.record(|row| {
                    row.text("apdu", "i");
                    row.text("type", name(kind).map_or_else(|| kind.to_string(), str::to_owned));
                    row.number("cause", cause & 0x3f);
                    row.flag("is_negative", cause & 0x40 != 0);
                    row.number("station", u16::from_le_bytes([low, high]));
                    row.number("objects", objects & 0x7f);
                });
            }
        }
    }
}

const fn function(first: u8) -> Option<&'static str> {
    Some(match first {
        0x07 => "startdt-act",
        0x0b => "startdt-con",
        0x13 => "stopdt-act",
        0x23 => "stopdt-con",
        0x43 => "testfr-act",
        0x83 => "testfr-con",
        _ => return None,
    })
}

/// The standard's name for a type of content.
fn name(kind: u8) -> Option<&'static str> {
    let lines = TYPES.lines().filter_map(|line| line.split_once(' '));
    lines.into_iter().find(|(number, _)| number.parse() == Ok(kind)).map(|(_, name)| name)
}
