//! Oracle Net (TNS): who connects with which program, and which version answers.
//!
//! In: both directions of a TCP stream up to the answer to the connect packet. Out: roles, the server's version, the
//! client's name for its computer by the rule for names; one record a connection. The user leaves as a keyed hash, of a
//! program's path only the last part. Source: Oracle Database Net Services Administrator's Guide 19c (connect
//! descriptors, `VSNNUM` in listener answers); packet header as in the Oracle Net trace documentation.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Keyed, Kind, Privacy, Side};

pub(super) static ENTRY: Tns = Tns;

/// Oracle Net.
pub(super) struct Tns;

const CONNECT: u8 = 1;
const ACCEPT: u8 = 2;
const REFUSE: u8 = 4;
const REDIRECT: u8 = 5;
const BULK: u8 = 6;
const RESEND: u8 = 11;
const LONGEST: usize = 8192;
const HEADER: usize = 8;

static INFO: Info = Info {
    name: "tns",
    title: "Oracle Net (TNS)",
    source: "Oracle Database Net Services Administrator's Guide and Reference 19c",
    carriers: &[Carrier::Tcp],
    ports: &[1521, 1522, 1526],
    record: &[
        field("version", Kind::Number, Privacy::Device, "version of the protocol: of the answer, else of the request"),
        field("result", Kind::Text, Privacy::Device, "`accept`, `refuse`, `redirect`"),
        field("service_name", Kind::Text, Privacy::Network, "service or instance asked for"),
        field("program", Kind::Text, Privacy::Network, "the client's program, without its path"),
        field("hostname", Kind::Text, Privacy::Network, "the client's name for its computer"),
        field("username", Kind::Keyed, Privacy::Person, "the client's user on its computer"),
        field("server_version", Kind::Text, Privacy::Device, "version that a listener states in its answer"),
    ],
    weirds: &[("tns.packet", "what should be a packet is none, or ends before what it must hold")],
    window: LONGEST + 1,
};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

impl Dissector for Tns {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match begins(hello.bytes) {
            Ok(true) => Probe::Yes,
            Ok(false) => Probe::No,
            Err(Short) => Probe::More,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

/// Whether bytes begin with a connect packet.
fn begins(bytes: &[u8]) -> Result<bool, Short> {
    let mut cursor = Cursor::new(bytes);
    let length = cursor.u16()?;
    if !(34..=4096).contains(&length) || cursor.u16()? != 0 || cursor.u8()? != CONNECT {
        return Ok(false);
    }
    cursor.skip(3)?;
    let (version, oldest) = (cursor.u16()?, cursor.u16()?);
    cursor.skip(10)?;
    let is_order_mark = matches!(cursor.u16()?, 0x0001 | 0x0100);
    Ok(is_order_mark && (0x0100..=0x0150).contains(&version) && oldest <= version)
}

/// What the record holds.
#[derive(Default)]
struct Conversation {
    version: u16,
    /// The connect descriptor comes in the next packet.
    is_behind: bool,
    asked: Option<Asked>,
}

struct Asked {
    service: String,
    program: String,
    host: String,
    user: Option<Keyed>,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let mut cursor = Cursor::new(bytes);
        let (Ok(length), Ok(_), Ok(kind), Ok(_)) = (cursor.u16(), cursor.u16(), cursor.u8(), cursor.take(3)) else {
            return Step::Take(0);
        };
        let length = usize::from(length);
        if !(HEADER..=LONGEST).contains(&length) || !matches!(kind, CONNECT..=12) {
            out.weird("tns.packet");
            return Step::Finished;
        }
        let Some(packet) = bytes.get(..length) else { return Step::Take(0) };
        let read = match (kind, side) {
            (CONNECT, Side::Initiator) => self.connect(packet, out),
            (BULK, Side::Initiator) if self.is_behind => {
                self.descriptor(packet.get(10..).unwrap_or_default(), out);
                Ok(())
            }
            (ACCEPT | REFUSE | REDIRECT, Side::Responder) => {
                if self.answer(kind, packet, out).is_err() {
                    out.weird("tns.packet");
                }
                return Step::Finished;
            }
            (RESEND, Side::Responder) => Ok(()),
            _ => return Step::Finished,
        };
        if read.is_err() {
            out.weird("tns.packet");
        }
        Step::Take(length)
    }
}

impl Conversation {
    fn connect(&mut self, packet: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
        let mut cursor = Cursor::new(packet);
        cursor.skip(HEADER)?;
        let raw = cursor.rest().get(..2).unwrap_or_default();
        self.version = cursor.u16()?;
        cursor.skip(14)?;
        let (length, at) = (usize::from(cursor.u16()?), usize::from(cursor.u16()?));
        out.fact(About::Sender, Field::ServiceSought, "_oracle-tns._tcp", raw);
        let descriptor = packet.get(at..).unwrap_or_default();
        self.is_behind = descriptor.len() < length;
        if !self.is_behind {
            self.descriptor(descriptor, out);
        }
        Ok(())
    }

    fn descriptor(&mut self, text: &[u8], out: &mut Output<'_>) {
        self.is_behind = false;
        let client = inside(text, "CID").unwrap_or_default();
        let (host, user) = (value(client, "HOST").unwrap_or_default(), value(client, "USER"));
        // Drivers that do not know write `__jdbc__` and the like.
        if !host.starts_with(b"__") && !host.eq_ignore_ascii_case(b"localhost") {
            out.text(About::Sender, Field::HostName, host);
        }
        if !out.wants_records() {
            return;
        }
        let program = value(client, "PROGRAM").unwrap_or_default();
        let program = program.rsplit(|byte| matches!(byte, b'\\' | b'/')).next().unwrap_or_default();
        let program = program.split(|byte| *byte == b'@').next().unwrap_or_default();
        let service = value(text, "SERVICE_NAME").or_else(|| value(text, "SID")).unwrap_or_default();
        let [service, program, host] =
            [service, program, host].map(|raw| out.masked_own(&text::clean(raw)).into_owned());
        let user = user.filter(|user| !user.is_empty()).map(|user| out.keyed(user));
        self.asked = Some(Asked { service, program, host, user });
    }

    fn answer(&mut self, kind: u8, packet: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
        let raw = packet.get(4..5).unwrap_or_default();
        out.fact(About::Sender, Field::ServiceOffered, "_oracle-tns._tcp", raw);
        let result = match kind {
            ACCEPT => "accept",
            REFUSE => "refuse",
            _ => "redirect",
        };
        if kind == ACCEPT {
            self.version = Cursor::new(packet.get(HEADER..).unwrap_or_default()).u16()?;
        }
        let stated = if kind == REFUSE { value(packet, "VSNNUM").and_then(number) } else { None };
        let version = stated.map(dotted).unwrap_or_default();
        if !version.is_empty() {
            out.fact(About::Sender, Field::Program, &format!("Oracle Database {version}"), raw);
        }
        out.record(|row| {
            row.number("version", self.version);
            row.text("result", result);
            row.text("server_version", &version);
            if let Some(asked) = &self.asked {
                row.host("service_name", &asked.service);
                row.host("program", &asked.program);
                row.host("hostname", &asked.host);
                if let Some(user) = asked.user {
                    row.keyed("username", user);
                }
            }
        });
        Ok(())
    }
}

/// What stands within `(NAME=…)`, capitals or not, with all that is nested in it.
fn inside<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    text.split(|byte| *byte == b'(').skip(1).find_map(|part| {
        let (here, rest) = part.trim_ascii_start().split_at_checked(name.len())?;
        let rest = rest.trim_ascii_start().strip_prefix(b"=").filter(|_| here.eq_ignore_ascii_case(name.as_bytes()))?;
        let behind = text.get(rest.as_ptr().addr() - text.as_ptr().addr()..)?;
        let mut depth = 0u32;
        let end = behind.iter().position(|byte| {
            depth += u32::from(*byte == b'(');
            let is_end = *byte == b')' && depth == 0;
            depth = depth.saturating_sub(u32::from(*byte == b')'));
            is_end
        });
        behind.get(..end.unwrap_or(behind.len()))
    })
}

/// The value of `(NAME=value)`.
fn value<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    inside(text, name).filter(|value| !value.contains(&b'(')).map(<[u8]>::trim_ascii)
}

fn number(raw: &[u8]) -> Option<u32> {
    std::str::from_utf8(raw).ok()?.parse().ok()
}

/// A version number of Oracle's products: parts of 8, 4, 8, 4 and 8 bits; from 18 on of 8, 8, 4, 4 and 8.
fn dotted(number: u32) -> String {
    let [major, second, third, last] = number.to_be_bytes();
    if major >= 18 {
        return format!("{major}.{second}.{}.{}.{last}", third >> 4, third & 0x0f);
    }
    let update = (second & 0x0f) << 4 | third >> 4;
    format!("{major}.{}.{update}.{}.{last}", second >> 4, third & 0x0f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_descriptors_are_read() {
        assert_eq!(dotted(186_647_552), "11.2.0.4.0");
        assert_eq!(dotted(318_767_104), "19.0.0.0.0");
        let text = b"(DESCRIPTION=(CONNECT_DATA=(SID=x)(CID=(PROGRAM=a b)(HOST= ws ))))";
        assert_eq!(value(text, "sid"), Some(&b"x"[..]));
        assert_eq!(value(inside(text, "CID").expect("there"), "HOST"), Some(&b"ws"[..]));
        assert_eq!(value(text, "USER"), None);
    }
}
