//! HART-IP: field devices of plant behind gateways, and who asks them.
//!
//! In: datagrams, or a stream. Out: roles of both ends; of an answer to command 0, maker, device and revisions; one record a
//! message. Values of processes, tags and descriptions are passed over.
//!
//! Source: FieldComm Group HCF_SPEC-085 (HART-IP) §10; HCF_SPEC-127 §6.1 (command 0); HCF_SPEC-081 (token-passing PDU).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, server};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, KeyKind, Kind, Side};

pub(super) const ENTRY: HartIp = HartIp;

/// HART-IP.
pub(super) struct HartIp;

const HEADER: usize = 8;

static INFO: Info = Info {
    name: "hart_ip",
    title: "HART-IP",
    source: "HCF_SPEC-085 §10, HCF_SPEC-127 §6.1, HCF_SPEC-081",
    carriers: &[Carrier::Udp, Carrier::Tcp],
    ports: &[5094],
    record: &[
        device("kind", Kind::Text, "`request`, `answer`, `publish` or `refusal`"),
        device("message", Kind::Text, "`initiate`, `close`, `keep-alive`, `command`, or its number"),
        device("status", Kind::Number, "status of the server"),
        device("command", Kind::Number, "HART command"),
        device("address", Kind::Text, "address of the device, hexadecimal"),
    ],
    weirds: &[
        ("hart_ip.header", "what should be a header is none"),
        ("hart_ip.command", "a HART command is cut short, or its checksum is wrong"),
    ],
    window: 2048,
};

impl Dissector for HartIp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Message::read(hello.bytes) {
            Ok(Some(message)) if message.is_certain() => Probe::Yes,
            Ok(Some(_)) => Probe::Likely,
            Ok(None) => Probe::No,
            Err(Short) => Probe::More,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for HartIp {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Message::read(bytes) {
            Ok(Some(message)) => {
                message.say(side, out);
                Step::Take(message.length)
            }
            Ok(None) => {
                out.weird("hart_ip.header");
                Step::Done
            }
            Err(Short) => Step::Take(0),
        }
    }
}

struct Message<'a> {
    raw: &'a [u8],
    kind: &'static str,
    message: u8,
    status: u8,
    length: usize,
    body: &'a [u8],
}

impl<'a> Message<'a> {
    /// The message at the front; nothing when there is none. Errors: [`Short`] while it is not all there.
    fn read(bytes: &'a [u8]) -> Result<Option<Self>, Short> {
        let mut cursor = Cursor::new(bytes);
        if !matches!(cursor.u8()?, 1 | 2) {
            return Ok(None);
        }
        let kind = match cursor.u8()? & 0x0f {
            0 => "request",
            1 => "answer",
            2 => "publish",
            15 => "refusal",
            _ => return Ok(None),
        };
        let (message, status) = (cursor.u8()?, cursor.u8()?);
        if message > 5 {
            return Ok(None);
        }
        cursor.skip(2)?;
        let length = usize::from(cursor.u16()?);
        let fits = match message {
            0 => length == HEADER + 5,
            1 | 2 => length == HEADER,
            _ => (HEADER..=1500).contains(&length),
        };
        if !fits {
            return Ok(None);
        }
        let body = cursor.take(length - HEADER)?;
        let raw = bytes.get(..HEADER).unwrap_or_default();
        Ok(Some(Self { raw, kind, message, status, length, body }))
    }

    /// Whether it is no other protocol's: a set-up of a session, or a command whose checksum is right.
    fn is_certain(&self) -> bool {
        match self.message {
            0 => matches!(self.body, [0 | 1, 0, ..]),
            3 => Command::read(self.body).is_ok(),
            _ => false,
        }
    }

    fn say(&self, side: Side, out: &mut Output<'_>) {
        let is_server = match self.kind {
            "request" => false,
            "answer" | "publish" => true,
            _ => server(out.context(), INFO.ports) == side,
        };
        let role = if is_server { "hart_ip-server" } else { "hart_ip-client" };
        out.fact(About::Sender, Field::PlantRole, role, self.raw);
        out.fact(About::Sender, Field::Legacy, "cleartext-hart_ip", self.raw);
        let command = if self.message == 3 { Some(Command::read(self.body)) } else { None };
        let command = match command {
            Some(Err(Short)) => {
                out.weird("hart_ip.command");
                None
            }
            Some(Ok(command)) => Some(command),
            None => None,
        };
        if let Some(command) = &command
            && command.number == 0
            && is_server
        {
            say_identity(command.content, out);
        }
        out.record(|row| {
            row.text("kind", self.kind);
            row.text("message", name(self.message));
            row.number("status", self.status);
            if let Some(command) = &command {
                row.number("command", command.number);
                row.text("address", text::hex(command.address));
            }
        });
    }
}

fn name(message: u8) -> String {
    match message {
        0 => "initiate".to_owned(),
        1 => "close".to_owned(),
        2 => "keep-alive".to_owned(),
        3 => "command".to_owned(),
        other => other.to_string(),
    }
}

/// A token-passing PDU.
struct Command<'a> {
    address: &'a [u8],
    number: u8,
    content: &'a [u8],
}

impl<'a> Command<'a> {
    /// Errors: [`Short`] when it is cut short or its checksum, the XOR of all bytes, is wrong.
    fn read(body: &'a [u8]) -> Result<Self, Short> {
        let mut cursor = Cursor::new(body);
        let delimiter = cursor.u8()?;
        let address = cursor.take(if delimiter & 0x80 == 0 { 1 } else { 5 })?;
        cursor.skip(usize::from(delimiter >> 5 & 3))?;
        let (number, count) = (cursor.u8()?, cursor.u8()?);
        let content = cursor.take(usize::from(count))?;
        cursor.skip(1)?;
        let checked = body.len() - cursor.left();
        let sum = body.iter().take(checked).fold(0, |sum, byte| sum ^ byte);
        if sum == 0 { Ok(Self { address, number, content }) } else { Err(Short) }
    }
}

/// What an answer to command 0 says: behind two bytes of status, 254 and the device type.
fn say_identity(content: &[u8], out: &mut Output<'_>) {
    let Some([_, _, 254, type_high, type_low, _, _, _, software, hardware, _, a, b, c]) = content.first_chunk::<14>()
    else {
        return;
    };
    let raw = content.get(2..14).unwrap_or_default();
    // Since HART 7 the maker stands by itself; before, the device type began with it.
    let maker = match content.get(19..21) {
        Some([high, low]) => u16::from_be_bytes([*high, *low]),
        _ => u16::from(*type_high),
    };
    let key = format!("hart:{}/{}", maker, text::hex(&[*type_high, *type_low, *a, *b, *c]));
    let about = About::Named(KeyKind::Serial, &key);
    out.fact(about, Field::PlantVendor, &format!("hart:{maker}"), raw);
    out.fact(about, Field::DeviceType, &format!("hart:{}", text::hex(&[*type_high, *type_low])), raw);
    out.fact(about, Field::Software, &software.to_string(), raw);
    // Five bits of revision; the others tell how it signals.
    out.fact(about, Field::Hardware, &(hardware >> 3).to_string(), raw);
}
