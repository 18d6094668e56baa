//! TFTP: who fetches files without a log-in, and of which kind they are.
//!
//! In: requests. Out: roles, the kind of file by its extension; one record a request. Names of files never leave, and what is
//! sent between other ports is only counted.
//!
//! Source: RFC 1350 §5; RFC 2347 (options).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, known_word, say_service, server};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Side, Transport};

pub(super) const ENTRY: Tftp = Tftp;

/// TFTP.
pub(super) struct Tftp;

static INFO: Info = Info {
    name: "tftp",
    title: "Trivial File Transfer Protocol",
    source: "RFC 1350 §5; RFC 2347",
    carriers: &[Carrier::Udp],
    ports: &[69],
    record: &[
        device("operation", Kind::Text, "`read` or `write`"),
        device("mode", Kind::Text, "`octet`, `netascii` or `mail`"),
        device("file_kind", Kind::Text, "known extension of the file's name, or `pxelinux`"),
        device("options", Kind::List, "known options asked for"),
    ],
    weirds: &[("tftp.request", "a request is cut short or of an unknown mode (RFC 1350 §5)")],
    window: 0,
};

const MODES: &[&str] = &["octet", "netascii", "mail"];
const OPTIONS: &[&str] = &["blksize", "timeout", "tsize", "windowsize", "multicast"];
const KINDS: &[&str] = &[
    "bin", "img", "cfg", "conf", "cnf", "xml", "ini", "txt", "rom", "efi", "0", "com", "hex", "fw", "sbn", "loads",
    "tlv", "tar", "zip", "gz", "pkg", "ld", "st", "log", "cer", "pem", "sgn", "wim", "sdi", "bcd", "n12", "pxe",
    "kpxe",
];

impl Dissector for Tftp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Request::read(hello.bytes) {
            Ok(Some(_)) => Probe::Yes,
            // Servers answer from another port, which the request announced.
            _ if is_answer(hello.bytes) => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Transfer>::default()
    }
}

#[derive(Default)]
struct Transfer {
    has_asked: bool,
}

impl Parser for Transfer {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Request::read(bytes) {
            Ok(Some(request)) => {
                self.has_asked = true;
                let [from, _] = out.context().ports;
                if side == Side::Initiator {
                    out.expect(Transport::UDP, from, "tftp");
                }
                request.say(out);
            }
            // Some servers answer from the port they were asked at; from another one the server begins.
            _ if is_answer(bytes) => {
                let context = out.context();
                let is_home = context.ports.contains(&69);
                let is_server =
                    if is_home { server(context, &[69]) == side } else { (side == Side::Responder) == self.has_asked };
                say_service(is_server, "_tftp._udp", bytes.get(..2).unwrap_or_default(), out);
                return Step::Finished;
            }
            _ => out.weird("tftp.request"),
        }
        Step::Take(bytes.len())
    }
}

/// Whether bytes are a block, an acknowledgement, an error, or options that are taken.
fn is_answer(bytes: &[u8]) -> bool {
    matches!(
        (bytes, bytes.len()),
        ([0, 3, ..], 4..=65_468) | ([0, 4, ..], 4) | ([0, 5, 0, 0..=8, ..], 5..) | ([0, 6, ..], 4..)
    )
}

struct Request<'a> {
    raw: &'a [u8],
    operation: &'static str,
    file: &'a [u8],
    mode: &'static str,
    options: Vec<&'static str>,
}

impl<'a> Request<'a> {
    /// A request to read or write, whole; nothing when it is something else.
    fn read(bytes: &'a [u8]) -> Result<Option<Self>, Short> {
        let mut cursor = Cursor::new(bytes);
        let operation = match cursor.u16()? {
            1 => "read",
            2 => "write",
            _ => return Ok(None),
        };
        let file = cursor.until(0)?;
        let mode = known_word(MODES, cursor.until(0)?);
        let is_name = !file.is_empty() && file.iter().all(|byte| matches!(byte, b' '..=b'~' | 0x80..));
        let Some(mode) = mode.filter(|_| is_name) else { return Ok(None) };
        let mut options = Vec::new();
        while !cursor.is_empty() {
            let name = cursor.until(0)?;
            cursor.until(0)?;
            options.extend(known_word(OPTIONS, name));
        }
        Ok(Some(Self { raw: bytes.get(..2).unwrap_or_default(), operation, file, mode, options }))
    }

    fn say(&self, out: &mut Output<'_>) {
        say_service(false, "_tftp._udp", self.raw, out);
        out.fact(About::Sender, Field::Legacy, "cleartext-tftp", self.raw);
        let extension = self.file.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
        let is_pxe = self.file.windows(8).any(|window| window.eq_ignore_ascii_case(b"pxelinux"));
        let kind = if is_pxe { Some("pxelinux") } else { known_word(KINDS, extension) };
        out.record(|row| {
            row.text("operation", self.operation);
            row.text("mode", self.mode);
            row.text("file_kind", kind.unwrap_or_default());
            row.list("options", &self.options);
        });
    }
}
