//! Ether-S-Bus: controllers of buildings by Saia, and who asks them.
//!
//! In: datagrams. Out: roles of both ends, type and firmware of a controller that is asked for them; one record a telegram.
//! Registers, flags, texts and passwords are passed over.
//!
//! Source: Saia-Burgess Controls, S-Bus manual 26/739 §A (telegrams, CRC-16-CCITT); Ether-S-Bus manual 26/784.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::device;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Side};

pub(super) const ENTRY: Sbus = Sbus;

/// Ether-S-Bus.
pub(super) struct Sbus;

const READ_FIRMWARE: u8 = 0x20;

static INFO: Info = Info {
    name: "sbus",
    title: "Saia Ether-S-Bus",
    source: "Saia-Burgess Controls manuals 26/739 §A and 26/784",
    carriers: &[Carrier::Udp],
    ports: &[5050],
    record: &[
        device("kind", Kind::Text, "`request`, `answer` or `acknowledgement`"),
        device("sequence", Kind::Number, "number that pairs requests with answers"),
        device("station", Kind::Number, "station that is asked"),
        device("command", Kind::Number, "what is asked for"),
    ],
    weirds: &[("sbus.telegram", "a telegram's length or checksum is wrong")],
    window: 0,
};

impl Dissector for Sbus {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        if Telegram::read(hello.bytes).is_ok() { Probe::Yes } else { Probe::No }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

#[derive(Default)]
struct Conversation {
    /// Number of the last request for the firmware.
    asked: Option<u16>,
}

impl Parser for Conversation {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Telegram::read(bytes) {
            Ok(telegram) => self.say(&telegram, bytes.get(..9).unwrap_or_default(), out),
            Err(Short) => out.weird("sbus.telegram"),
        }
        Step::Take(bytes.len())
    }
}

impl Conversation {
    fn say(&mut self, telegram: &Telegram<'_>, raw: &[u8], out: &mut Output<'_>) {
        let role = if telegram.kind == "request" { "sbus-client" } else { "sbus-server" };
        out.fact(About::Sender, Field::PlantRole, role, raw);
        out.fact(About::Sender, Field::Legacy, "cleartext-sbus", raw);
        if let Some(command) = telegram.command {
            self.asked = Some(telegram.sequence).filter(|_| command == READ_FIRMWARE);
        } else if telegram.kind == "answer"
            && self.asked.take() == Some(telegram.sequence)
            && let Some((model, firmware)) = telegram.content.split_at_checked(5)
            && telegram.content.iter().take(8).all(u8::is_ascii_graphic)
        {
            out.text(About::Sender, Field::ModelNumber, model);
            out.text(About::Sender, Field::Firmware, firmware.get(..3).unwrap_or(firmware));
        }
        out.record(|row| {
            row.text("kind", telegram.kind);
            row.number("sequence", telegram.sequence);
            if let (Some(station), Some(command)) = (telegram.station, telegram.command) {
                row.number("station", station);
                row.number("command", command);
            }
        });
    }
}

struct Telegram<'a> {
    kind: &'static str,
    sequence: u16,
    station: Option<u8>,
    command: Option<u8>,
    content: &'a [u8],
}

impl<'a> Telegram<'a> {
    /// The telegram that all of `bytes` are. Errors: [`Short`] when they are none, or the checksum is wrong.
    fn read(bytes: &'a [u8]) -> Result<Self, Short> {
        let mut cursor = Cursor::new(bytes);
        let (length, _version, kind) = (cursor.u32()?, cursor.u8()?, cursor.u8()?);
        let (sequence, attribute) = (cursor.u16()?, cursor.u8()?);
        // Kind 0 is S-Bus itself. The checksum over a telegram with its checksum is 0.
        if usize::try_from(length) != Ok(bytes.len()) || kind != 0 || attribute > 2 || crc(bytes) != 0 {
            return Err(Short);
        }
        let mut cursor = cursor.within(cursor.left().checked_sub(2).ok_or(Short)?)?;
        let (kind, is_request) = match attribute {
            0 => ("request", true),
            1 => ("answer", false),
            _ => ("acknowledgement", false),
        };
        let (station, command) = if is_request { (Some(cursor.u8()?), Some(cursor.u8()?)) } else { (None, None) };
        Ok(Self { kind, sequence, station, command, content: cursor.rest() })
    }
}

/// CRC-16 with the polynomial of the CCITT, from 0.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| if crc >> 15 == 1 { crc << 1 ^ 0x1021 } else { crc << 1 })
    })
}
