//! IPP: what printers say they are, and who prints.
//!
//! In: bodies of media type `application/ipp`. Out: a printer's maker, model, serial number, firmware, UUID and name, and
//! roles of both ends; one record a message. Users leave as keyed hashes; names of jobs and documents, addresses of
//! printers and the documents themselves are never looked at. A server's queues are other devices, of which nothing is
//! said. Source: RFC 8010 §3 (encoding), RFC 8011 §4 and §5.4; PWG 5100.13 (identification), PWG 5107.2 (device id).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::{device_id, text, uuid::Uuid};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Ipp = Ipp;

/// IPP.
pub(super) struct Ipp;

const END: u8 = 3;
const PRINTER: u8 = 4;

static INFO: Info = Info {
    name: "ipp",
    title: "Internet Printing Protocol",
    source: "RFC 8010 §3, RFC 8011, PWG 5100.13",
    carriers: &[Carrier::Body("application/ipp")],
    ports: &[],
    record: &[
        field("version", Kind::Text, Privacy::Device, "version of the protocol"),
        field("operation", Kind::Text, Privacy::Device, "what is asked for: a name, or a hexadecimal number"),
        field("status", Kind::Number, Privacy::Device, "status of an answer; 0 for success"),
        field("user", Kind::Keyed, Privacy::Person, "requesting user"),
        field("document_format", Kind::Text, Privacy::Device, "media type of the document"),
        field("model", Kind::Text, Privacy::Device, "printer-make-and-model, of the first printer"),
        field("printers", Kind::Number, Privacy::Device, "how many printers are described"),
    ],
    weirds: &[("ipp.short", "a message ends before what it must hold")],
    window: 0,
};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

impl Dissector for Ipp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Reading)
    }
}

struct Reading;

/// What is kept of one message.
#[derive(Default)]
struct Message<'a> {
    version: [u8; 2],
    code: u16,
    user: &'a [u8],
    format: &'a [u8],
    printers: u8,
    /// The first printer's own, in the order of [`SAID`].
    said: [&'a [u8]; SAID.len()],
    device_id: &'a [u8],
    uuid: &'a [u8],
    /// The printer's address; never said.
    address: &'a [u8],
}

/// What is said of a printer as it states it.
const SAID: [(&[u8], Field); 5] = [
    (b"printer-make-and-model", Field::Model),
    (b"printer-serial-number", Field::Serial),
    (b"printer-firmware-string-version", Field::Firmware),
    (b"printer-dns-sd-name", Field::MdnsInstance),
    (b"printer-name", Field::FriendlyName),
];

impl Parser for Reading {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let mut message = Message::default();
        let is_answer = out.part().status != 0;
        let read = message.read(bytes);
        if message.version == [0, 0] || message.version > [3, 0] {
            out.weird("ipp.short");
            return Step::Done;
        }
        // A document follows, of which nothing is read; a body may be cut.
        if read.is_err() && is_answer && message.printers == 0 {
            out.weird("ipp.short");
        }
        if is_answer {
            message.say_answer(bytes, out)
        } else {
            message.say_request(bytes, out)
        }
        message.record(is_answer, out);
        Step::Done
    }
}

impl<'a> Message<'a> {
    fn read(&mut self, bytes: &'a [u8]) -> Result<(), Short> {
        let mut cursor = Cursor::new(bytes);
        self.version = cursor.array()?;
        self.code = cursor.u16()?;
        cursor.skip(4)?;
        let mut group = 0;
        loop {
            let tag = cursor.u8()?;
            if tag < 0x10 {
                if tag == END {
                    return Ok(());
                }
                group = tag;
                self.printers = self.printers.saturating_add(u8::from(tag == PRINTER));
                continue;
            }
            let length = cursor.u16()?;
            let name = cursor.take(length.into())?;
            let length = cursor.u16()?;
            let value = cursor.take(length.into())?;
            self.attribute((group, tag), name, value);
        }
    }

    fn attribute(&mut self, (group, tag): (u8, u8), name: &[u8], value: &'a [u8]) {
        if group != PRINTER {
            match name {
                b"requesting-user-name" => self.user = value,
                b"document-format" => self.format = value,
                _ => {}
            }
            return;
        }
        // Texts and names may come with their language before them (RFC 8010 §3.9).
        let value = if matches!(tag, 0x35 | 0x36) { without_language(value).unwrap_or_default() } else { value };
        let is_first = self.printers == 1;
        let place = match name {
            b"printer-device-id" => &mut self.device_id,
            b"printer-uuid" => &mut self.uuid,
            b"printer-uri-supported" => &mut self.address,
            _ => match SAID.iter().zip(&mut self.said).find(|((known, _), _)| *known == name) {
                Some((_, place)) => place,
                None => return,
            },
        };
        if is_first && place.is_empty() {
            *place = value;
        }
    }

    fn say_request(&self, bytes: &[u8], out: &mut Output<'_>) {
        let raw = bytes.get(..4).unwrap_or_default();
        out.fact(About::Sender, Field::ServiceSought, "_ipp._tcp", raw);
        // Print-Job and Send-Document carry documents.
        if matches!(self.code, 0x0002 | 0x0006) {
            for about in [About::Sender, About::Receiver] {
                out.fact(about, Field::Legacy, "cleartext-ipp", raw);
            }
        }
    }

    fn say_answer(&self, bytes: &[u8], out: &mut Output<'_>) {
        let raw = bytes.get(..4).unwrap_or_default();
        if self.printers == 0 {
            return;
        }
        if self.printers > 1 || self.is_queue() {
            out.fact(About::Sender, Field::ServiceOffered, "ipp:queues", raw);
            return;
        }
        out.fact(About::Sender, Field::ServiceOffered, "_ipp._tcp", raw);
        for ((_, field), value) in SAID.iter().zip(self.said) {
            out.text(About::Sender, *field, value);
        }
        device_id::say(About::Sender, self.device_id, out);
        if let Some((uuid, raw)) = Uuid::in_urn(self.uuid) {
            out.fact(About::Sender, Field::Uuid, uuid.as_str(), raw);
        }
    }

    /// Whether the printer is a queue of a print server, by the address that such have by custom: CUPS and Windows use
    /// `/printers/`, printers themselves `/ipp/` (RFC 8010 §4.1, PWG 5100.12 §4.2).
    fn is_queue(&self) -> bool {
        const QUEUES: &[u8] = b"/printers/";
        self.address.windows(QUEUES.len()).any(|window| window.eq_ignore_ascii_case(QUEUES))
    }

    fn record(&self, is_answer: bool, out: &mut Output<'_>) {
        let [major, minor] = self.version;
        out.record(|row| {
            row.text("version", format!("{major}.{minor}"));
            if is_answer {
                row.number("status", self.code);
                row.number("printers", self.printers);
                let [model, ..] = self.said;
                row.text("model", model);
            } else {
                row.text("operation", operation(self.code));
                row.person("user", self.user);
                row.text("document_format", media(self.format));
            }
        });
    }
}

fn without_language(value: &[u8]) -> Result<&[u8], Short> {
    let mut cursor = Cursor::new(value);
    let length = cursor.u16()?;
    cursor.skip(length.into())?;
    let length = cursor.u16()?;
    cursor.take(length.into())
}

/// `format` when it is a media type and nothing else.
fn media(format: &[u8]) -> &[u8] {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'+');
    if format.starts_with(b"application/") || format.starts_with(b"image/") || format.starts_with(b"text/") {
        let end = format.iter().position(|byte| !is_plain(byte)).unwrap_or(format.len());
        return format.get(..end).unwrap_or_default();
    }
    &[]
}

/// Name of an operation (RFC 8011 §5.4.15; CUPS for the numbers from 0x4001 on).
fn operation(code: u16) -> String {
    let name = match code {
        0x0002 => "print-job",
        0x0003 => "print-uri",
        0x0004 => "validate-job",
        0x0005 => "create-job",
        0x0006 => "send-document",
        0x0008 => "cancel-job",
        0x0009 => "get-job-attributes",
        0x000a => "get-jobs",
        0x000b => "get-printer-attributes",
        0x4001 => "cups-get-default",
        0x4002 => "cups-get-printers",
        other => return text::hex(&other.to_be_bytes()),
    };
    name.to_owned()
}
