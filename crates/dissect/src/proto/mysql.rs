//! MySQL and MariaDB: the server's greeting, how users log in, and whether both ends encrypt.
//!
//! In: both directions of a TCP stream up to the client's answer. Out: the server's version, roles; one record a
//! conversation. The user leaves as a keyed hash; proofs of passwords, data bases and statements are never looked at.
//! Source: MySQL Internals, Client/Server Protocol (protocol version 10), MariaDB Knowledge Base "Connection".

use crate::codec::cursor::{Cursor, Short};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Mysql = Mysql;

/// MySQL.
pub(super) struct Mysql;

const LONGEST_GREETING: usize = 512;
const LONGEST: usize = 8192;

const CONNECT_WITH_DB: u32 = 1 << 3;
const TLS: u32 = 1 << 11;
const SECURE_CONNECTION: u32 = 1 << 15;
const PLUGIN_AUTH: u32 = 1 << 19;
const CONNECT_ATTRIBUTES: u32 = 1 << 20;
const LENGTH_ENCODED_AUTH: u32 = 1 << 21;

static INFO: Info = Info {
    name: "mysql",
    title: "MySQL",
    source: "MySQL Internals: Client/Server Protocol, protocol version 10",
    carriers: &[Carrier::Tcp],
    ports: &[3306],
    record: &[
        field("server_version", Kind::Text, Privacy::Device, "the server's version"),
        field("auth_plugin", Kind::Text, Privacy::Device, "how the server lets users log in"),
        field("tls_offered", Kind::Flag, Privacy::Device, "whether the server offers to encrypt"),
        field("tls", Kind::Flag, Privacy::Device, "whether the client goes on encrypted"),
        field("username", Kind::Keyed, Privacy::Person, "user who logs on"),
        field("client", Kind::Text, Privacy::Network, "the client's driver and its version"),
        field("client_os", Kind::Text, Privacy::Network, "system of the client"),
        field("program", Kind::Text, Privacy::Network, "the client's name for its program"),
    ],
    weirds: &[("mysql.short", "greeting or answer end before what they must hold")],
    window: LONGEST + 4,
};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

impl Dissector for Mysql {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match hello.bytes {
            [_, high, 0, 0, 10, first, ..] if *high < 2 && first.is_ascii_digit() => {
                match Greeting::read(hello.bytes) {
                    Ok(Some(_)) => Probe::Yes,
                    Err(Short) => Probe::More,
                    Ok(None) => Probe::No,
                }
            }
            [_] | [_, 0 | 1] | [_, 0 | 1, 0] | [_, 0 | 1, 0, 0] | [_, 0 | 1, 0, 0, 10] => Probe::More,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

/// The server's first message.
struct Greeting<'a> {
    version: &'a [u8],
    capabilities: u32,
    plugin: &'a [u8],
    length: usize,
}

impl<'a> Greeting<'a> {
    /// `None` when it is none. Errors: [`Short`] when it is not all there.
    fn read(bytes: &'a [u8]) -> Result<Option<Self>, Short> {
        let Some((length, mut cursor)) = packet(bytes, 0)?.filter(|(length, _)| *length <= LONGEST_GREETING) else {
            return Ok(None);
        };
        let read = |cursor: &mut Cursor<'a>| -> Result<Option<Self>, Short> {
            let (protocol, version) = (cursor.u8()?, cursor.until(0)?);
            let is_version = !version.is_empty() && version.iter().all(|byte| matches!(byte, b'!'..=b'~'));
            cursor.skip(12)?;
            let (filler, low) = (cursor.u8()?, cursor.u16_le()?);
            if protocol != 10 || !is_version || filler != 0 {
                return Ok(None);
            }
            let mut greeting = Self { version, capabilities: low.into(), plugin: &[], length };
            // Old servers end here.
            if cursor.skip(3).is_err() {
                return Ok(Some(greeting));
            }
            greeting.capabilities |= u32::from(cursor.u16_le()?) << 16;
            let scramble = usize::from(cursor.u8()?).saturating_sub(8).max(13);
            cursor.skip(10)?;
            if greeting.capabilities & PLUGIN_AUTH != 0 {
                cursor.skip(scramble)?;
                greeting.plugin = cursor.until(0).unwrap_or(cursor.rest());
            }
            Ok(Some(greeting))
        };
        // What is whole and ends early is none.
        Ok(read(&mut cursor).unwrap_or_default())
    }
}

/// The payload of the packet with this number that `bytes` begin with; `None` when it has another one.
fn packet(bytes: &[u8], number: u8) -> Result<Option<(usize, Cursor<'_>)>, Short> {
    let mut cursor = Cursor::new(bytes);
    let [low, middle, high, at] = cursor.array()?;
    let length = usize::try_from(u32::from_le_bytes([low, middle, high, 0])).unwrap_or(usize::MAX);
    if at != number || !(1..=LONGEST).contains(&length) {
        return Ok(None);
    }
    Ok(Some((length, cursor.within(length)?)))
}

/// What the record holds of the greeting.
#[derive(Default)]
struct Conversation {
    greeting: Option<(String, String, u32)>,
    is_recorded: bool,
}

impl Parser for Conversation {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if self.greeting.is_none() {
            return match Greeting::read(bytes) {
                Ok(Some(greeting)) => {
                    self.greet(&greeting, out);
                    Step::Take(4 + greeting.length)
                }
                Ok(None) => Step::Refuse,
                Err(Short) => Step::Take(0),
            };
        }
        match packet(bytes, 1) {
            Err(Short) => Step::Take(0),
            Ok(None) => Step::Finished,
            Ok(Some((length, cursor))) => {
                let asks = cursor.rest().first_chunk().map(|low| u32::from(u16::from_le_bytes(*low)));
                if self.answer(cursor, bytes, out).is_err() {
                    out.weird("mysql.short");
                    self.record(&Answer::default(), out);
                }
                if asks.is_some_and(|bits| bits & TLS != 0) { Step::Anew(4 + length) } else { Step::Finished }
            }
        }
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.record(&Answer::default(), out);
    }
}

/// What the client answers.
#[derive(Default)]
struct Answer<'a> {
    tls: bool,
    user: &'a [u8],
    /// Driver, its version, system, program.
    attributes: [&'a [u8]; 4],
}

impl Conversation {
    fn greet(&mut self, greeting: &Greeting<'_>, out: &mut Output<'_>) {
        let version = text::clean(greeting.version);
        // MariaDB from 10 on puts this before, since old clients knew no such version.
        let plain = version.strip_prefix("5.5.5-").unwrap_or(&version);
        let product = if plain.contains("MariaDB") { "MariaDB" } else { "MySQL" };
        out.fact(About::Sender, Field::Program, &format!("{product} {plain}"), greeting.version);
        out.fact(About::Sender, Field::ServiceOffered, "_mysql._tcp", greeting.version);
        let plugin = text::clean(greeting.plugin).into_owned();
        self.greeting = Some((plain.to_owned(), plugin, greeting.capabilities));
    }

    fn answer(&mut self, mut cursor: Cursor<'_>, bytes: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
        let raw = bytes.get(4..8).unwrap_or_default();
        out.fact(About::Sender, Field::ServiceSought, "_mysql._tcp", raw);
        let mut answer = Answer::default();
        let low = cursor.u16_le()?;
        if u32::from(low) & TLS != 0 {
            answer.tls = true;
            self.record(&answer, out);
            return Ok(());
        }
        for about in [About::Sender, About::Receiver] {
            out.fact(about, Field::Legacy, "cleartext-mysql", raw);
        }
        let capabilities = u32::from(low) | u32::from(cursor.u16_le()?) << 16;
        cursor.skip(28)?;
        answer.user = cursor.until(0)?;
        let read = attributes(capabilities, &mut cursor, &mut answer);
        self.record(&answer, out);
        read
    }

    fn record(&mut self, answer: &Answer<'_>, out: &mut Output<'_>) {
        let Some((version, plugin, capabilities)) = &self.greeting else { return };
        if std::mem::replace(&mut self.is_recorded, true) {
            return;
        }
        let [driver, driver_version, system, program] = answer.attributes.map(text::clean);
        out.record(|row| {
            row.text("server_version", version);
            row.text("auth_plugin", plugin);
            row.flag("tls_offered", capabilities & TLS != 0);
            row.flag("tls", answer.tls);
            row.person("username", answer.user);
            row.host("client", format!("{driver} {driver_version}"));
            row.host("client_os", &*system);
            row.host("program", &*program);
        });
    }
}

/// Reads what stands behind the user: a proof, passed over, and what the driver says of itself.
fn attributes<'a>(capabilities: u32, cursor: &mut Cursor<'a>, answer: &mut Answer<'a>) -> Result<(), Short> {
    let has = |bit: u32| capabilities & bit != 0;
    let proof = match () {
        () if has(LENGTH_ENCODED_AUTH) => length(cursor)?,
        () if has(SECURE_CONNECTION) => cursor.u8()?.into(),
        () => cursor.rest().iter().take_while(|byte| **byte != 0).count() + 1,
    };
    cursor.skip(proof)?;
    for part in [CONNECT_WITH_DB, PLUGIN_AUTH] {
        if has(part) {
            cursor.until(0)?;
        }
    }
    if !has(CONNECT_ATTRIBUTES) {
        return Ok(());
    }
    let whole = length(cursor)?;
    let mut pairs = cursor.within(whole)?;
    while !pairs.is_empty() {
        let [name, value] = [text_of(&mut pairs)?, text_of(&mut pairs)?];
        let names: [&[u8]; 4] = [b"_client_name", b"_client_version", b"_os", b"program_name"];
        if let Some((_, place)) = names.iter().zip(&mut answer.attributes).find(|(known, _)| **known == name) {
            *place = value;
        }
    }
    Ok(())
}

fn text_of<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Short> {
    let length = length(cursor)?;
    cursor.take(length)
}

/// A length-encoded integer, as far as lengths here go.
fn length(cursor: &mut Cursor<'_>) -> Result<usize, Short> {
    Ok(match cursor.u8()? {
        0xfc => cursor.u16_le()?.into(),
        short @ 0..=0xfa => short.into(),
        _ => return Err(Short),
    })
}
