//! GTP control messages: gateways of mobile networks.
//!
//! In: datagrams. Out: roles of both ends; one record a message. Numbers of subscribers and of telephones, names of networks,
//! passwords and addresses within are passed over. Packets of users within GTP-U are read as any other.
//!
//! Source: 3GPP TS 29.060 §6, §7 (version 1); TS 29.274 §5, §6 (version 2); TS 29.281 §5 (GTP-U); TS 09.60 §6 (version 0).

use crate::Output;
use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, say_service};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use wardlight_model::{Kind, Side};

pub(super) const ENTRY: Gtp = Gtp;

/// GTP.
pub(super) struct Gtp;

/// `<version> <number> <name>`, a line each.
const MESSAGES: &str = include_str!("gtp/messages.txt");

static INFO: Info = Info {
    name: "gtp",
    title: "GPRS Tunnelling Protocol",
    source: "3GPP TS 29.060 §6, TS 29.274 §5, TS 29.281 §5, TS 09.60 §6",
    carriers: &[Carrier::Udp],
    ports: &[2123, 2152, 3386],
    record: &[
        device("version", Kind::Number, "version: 0, 1 or 2"),
        device("message", Kind::Text, "message, such as `create-pdp-context-request`, or its number"),
        device("tunnel", Kind::Number, "identifier of the receiver's tunnel end"),
    ],
    weirds: &[("gtp.header", "what should be a header is none, or its length is wrong")],
    window: 0,
};

impl Dissector for Gtp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Message::read(hello.bytes) {
            Ok(Some(message)) if message.name.is_some() && (message.version > 0 || message.number > 2) => Probe::Yes,
            Ok(Some(_)) => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Gtp {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Message::read(bytes) {
            Ok(Some(message)) => message.say(bytes.get(..2).unwrap_or_default(), out),
            _ => out.weird("gtp.header"),
        }
        Step::Take(bytes.len())
    }
}

struct Message {
    version: u8,
    number: u8,
    name: Option<&'static str>,
    tunnel: Option<u32>,
}

impl Message {
    /// The message that all of `bytes` are; nothing when they are none.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Short> {
        let mut cursor = Cursor::new(bytes);
        let (flags, number, length) = (cursor.u8()?, cursor.u8()?, usize::from(cursor.u16()?));
        let (version, behind, has_tunnel) = match flags {
            0x0e | 0x0f | 0x1e | 0x1f => (0, 20, false),
            0x30..=0x37 => (1, 8, true),
            0x40 => (2, 4, false),
            0x48 => (2, 4, true),
            _ => return Ok(None),
        };
        let tunnel = if has_tunnel { Some(cursor.u32()?) } else { None };
        let name = name(version, number);
        Ok(Some(Self { version, number, name, tunnel }).filter(|_| length + behind == bytes.len()))
    }

    fn say(&self, raw: &[u8], out: &mut Output<'_>) {
        let service = if out.context().ports.contains(&2152) { "_gtp-user._udp" } else { "_gtp-control._udp" };
        match self.name {
            Some(name) if name.ends_with("-request") => say_service(false, service, raw, out),
            Some(name) if name.ends_with("-response") => say_service(true, service, raw, out),
            _ => {}
        }
        out.record(|row| {
            row.number("version", self.version);
            row.text("message", self.name.map_or_else(|| self.number.to_string(), str::to_owned));
            if let Some(tunnel) = self.tunnel {
                row.number("tunnel", tunnel);
            }
        });
    }
}

/// The name of a message. Those of version 0 are those of version 1.
fn name(version: u8, number: u8) -> Option<&'static str> {
    let wanted = version.max(1);
    MESSAGES.lines().find_map(|line| {
        let mut words = line.splitn(3, ' ');
        let fits = words.next()?.parse() == Ok(wanted) && words.next()?.parse() == Ok(number);
        words.next().filter(|_| fits)
    })
}
