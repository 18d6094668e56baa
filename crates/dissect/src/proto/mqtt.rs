//! MQTT: which devices connect to which broker, and whether they log in.
//!
//! In: both directions of a stream until the broker has answered. Out: client identifier, version, roles; one record a
//! connection. A user's name leaves as a keyed hash; passwords, wills, topics and messages never do.
//!
//! Source: MQTT 5.0 §2.1, §3.1, §3.2; MQTT 3.1.1; MQTT V3.1.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, network, person, say_legacy, say_service};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Keyed, Kind, Side};

pub(super) const ENTRY: Mqtt = Mqtt;

/// MQTT.
pub(super) struct Mqtt;

static INFO: Info = Info {
    name: "mqtt",
    title: "MQTT",
    source: "MQTT 5.0 §2.1, §3.1, §3.2; MQTT 3.1.1; MQTT V3.1",
    carriers: &[Carrier::Tcp],
    ports: &[1883],
    record: &[
        device("proto_name", Kind::Text, "`MQTT` or `MQIsdp`"),
        device("proto_version", Kind::Text, "version: 3.1, 3.1.1 or 5"),
        network("client_id", Kind::Text, "client identifier, without what may be a person's name"),
        person("user", "who logs in"),
        device("has_password", Kind::Flag, "whether a password is sent"),
        device("has_will", Kind::Flag, "whether a will is left with the broker"),
        device("keep_alive", Kind::Number, "seconds between two signs of life"),
        device("connect_status", Kind::Number, "the broker's answer; 0 lets the client in"),
    ],
    weirds: &[("mqtt.connect", "the first packet is malformed (MQTT 5.0 §3.1)")],
    window: 16 * 1024,
};

impl Dissector for Mqtt {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match frame(hello.bytes) {
            Ok((0x10, _, rest)) => begins(rest),
            Ok((0x20, 2, [0 | 1, 0..=5])) => Probe::Likely,
            Ok((0x20, 3..=255, [0 | 1, 0 | 128..=159, _, ..])) => Probe::Likely,
            Err(Short) if matches!(hello.bytes, [0x10, rest @ ..] if rest.len() < 4) => Probe::More,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Connection>::default()
    }
}

/// Whether `rest` begins as what is connected with: protocol name and version.
fn begins(rest: &[u8]) -> Probe {
    const NAMES: [&[u8]; 3] = [b"\0\x04MQTT\x04", b"\0\x04MQTT\x05", b"\0\x06MQIsdp\x03"];
    match rest {
        _ if NAMES.iter().any(|name| rest.starts_with(name)) => Probe::Yes,
        _ if NAMES.iter().any(|name| name.starts_with(rest)) => Probe::More,
        _ => Probe::No,
    }
}

/// Type and flags of the packet that `bytes` begin with, its length, and what is there of it (MQTT 5.0 §2.1).
fn frame(bytes: &[u8]) -> Result<(u8, usize, &[u8]), Short> {
    let mut cursor = Cursor::new(bytes);
    let kind = cursor.u8()?;
    let length = variable(&mut cursor)?;
    Ok((kind, length, cursor.rest()))
}

/// A number in groups of seven bits, at most four (MQTT 5.0 §1.5.5).
fn variable(cursor: &mut Cursor<'_>) -> Result<usize, Short> {
    let mut value = 0;
    for place in 0..4 {
        let byte = cursor.u8()?;
        value |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Ok(value)
}

#[derive(Default)]
struct Connection {
    asked: Option<Asked>,
    is_over: bool,
}

/// What is kept of a connection until it is answered.
struct Asked {
    name: &'static str,
    version: &'static str,
    client: String,
    user: Option<Keyed>,
    has_password: bool,
    has_will: bool,
    keep_alive: u16,
}

impl Parser for Connection {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let Ok((kind, length, rest)) = frame(bytes) else { return Step::Take(0) };
        let head = bytes.len() - rest.len();
        if !matches!(kind, 0x10 | 0x20) || length > INFO.window - 8 {
            // A broker may be heard from its first answer on only; what else is said holds topics.
            return Step::Skip(u64::try_from(head + length).unwrap_or(u64::MAX));
        }
        let Some(packet) = rest.get(..length) else { return Step::Take(0) };
        if kind == 0x10 {
            self.asked = connect(packet, out).ok();
            if self.asked.is_none() {
                out.weird("mqtt.connect");
                return Step::Finished;
            }
            return Step::Take(head + length);
        }
        self.answered(packet, out);
        Step::Finished
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.record(None, out);
    }
}

/// Reads what a client connects with (MQTT 5.0 §3.1).
fn connect(packet: &[u8], out: &mut Output<'_>) -> Result<Asked, Short> {
    let mut cursor = Cursor::new(packet);
    let name = text(&mut cursor)?;
    let raw = cursor.rest().get(..1).unwrap_or_default();
    let (name, version) = match (name, cursor.u8()?) {
        (b"MQIsdp", 3) => ("MQIsdp", "3.1"),
        (b"MQTT", 4) => ("MQTT", "3.1.1"),
        (b"MQTT", 5) => ("MQTT", "5"),
        _ => return Err(Short),
    };
    let (flags, keep_alive) = (cursor.u8()?, cursor.u16()?);
    let has_will = flags & 4 != 0;
    if version == "5" {
        properties(&mut cursor)?;
    }
    let client = text(&mut cursor)?;
    if has_will {
        if version == "5" {
            properties(&mut cursor)?;
        }
        text(&mut cursor)?;
        text(&mut cursor)?;
    }
    let user = if flags & 0x80 == 0 { &[][..] } else { text(&mut cursor)? };
    say_service(false, "_mqtt._tcp", raw, out);
    out.fact(About::Sender, Field::MqttVersion, version, raw);
    out.text(About::Sender, Field::MqttClient, client);
    say_legacy("cleartext-mqtt", raw, out);
    let client = out.masked_own(&crate::codec::text::clean(client)).into_owned();
    let user = (!user.is_empty()).then(|| out.keyed(user));
    Ok(Asked { name, version, client, user, has_password: flags & 0x40 != 0, has_will, keep_alive })
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Short> {
    let length = cursor.u16()?;
    cursor.take(usize::from(length))
}

fn properties(cursor: &mut Cursor<'_>) -> Result<(), Short> {
    let length = variable(cursor)?;
    cursor.skip(length)
}

impl Connection {
    /// Reads the broker's answer (MQTT 5.0 §3.2).
    fn answered(&mut self, packet: &[u8], out: &mut Output<'_>) {
        let Some(status) = packet.get(1..2) else { return };
        say_service(true, "_mqtt._tcp", status, out);
        if let Some(asked) = &self.asked {
            out.fact(About::Sender, Field::MqttVersion, asked.version, status);
            if status == [0] && asked.user.is_none() && !asked.has_password {
                out.fact(About::Sender, Field::Legacy, "mqtt-anonymous", status);
            }
        }
        self.record(status.first().copied(), out);
    }

    fn record(&mut self, status: Option<u8>, out: &mut Output<'_>) {
        let Some(asked) = self.asked.take().filter(|_| !std::mem::replace(&mut self.is_over, true)) else { return };
        out.record(|row| {
            row.text("proto_name", asked.name);
            row.text("proto_version", asked.version);
            row.host("client_id", &asked.client);
            if let Some(user) = asked.user {
                row.keyed("user", user);
            }
            row.flag("has_password", asked.has_password);
            row.flag("has_will", asked.has_will);
            row.number("keep_alive", asked.keep_alive);
            if let Some(status) = status {
                row.number("connect_status", status);
            }
        });
    }
}
