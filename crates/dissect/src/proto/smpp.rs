//! SMPP: who hands short messages to which message centre, such as alarms for staff.
//!
//! In: both directions of a stream. Out: roles of both ends; one record for each message. Who logs in leaves as a keyed hash;
//! passwords, numbers of telephones and texts never do.
//!
//! Source: SMPP Protocol Specification v3.4 §3.2, §5.1; v5.0 §4.

use crate::Output;
use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, person, say_legacy, say_service};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use wardlight_model::{Kind, Side};

pub(super) const ENTRY: Smpp = Smpp;

/// SMPP.
pub(super) struct Smpp;

/// `<number, hexadecimal> <name>`, a line each.
const COMMANDS: &str = include_str!("smpp/commands.txt");
const HEADER: usize = 16;
/// Longest message: a text of 64 KiB with its parameters.
const LONGEST: usize = 70_000;
const ANSWER: u32 = 0x8000_0000;

static INFO: Info = Info {
    name: "smpp",
    title: "Short Message Peer-to-Peer",
    source: "SMPP v3.4 §3.2 and §5.1, SMPP v5.0 §4",
    carriers: &[Carrier::Tcp],
    ports: &[2775],
    record: &[
        device("command", Kind::Text, "name of the message, such as `submit-sm`, or its number"),
        device("is_answer", Kind::Flag, "whether it is an answer"),
        device("status", Kind::Number, "status of an answer; 0 is success"),
        device("version", Kind::Number, "version a client binds with: 52 is 3.4, 80 is 5.0"),
        person("system_id", "who logs in"),
    ],
    weirds: &[("smpp.header", "what should be the head of a message is none")],
    window: 512,
};

impl Dissector for Smpp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Head::read(hello.bytes) {
            Ok(Some(head)) if head.is_bind() => match Bind::read(hello.bytes, head.length) {
                Ok(Some(_)) => Probe::Yes,
                Ok(None) => Probe::No,
                Err(Short) => Probe::More,
            },
            Ok(Some(head)) if head.length == HEADER && head.sequence < 0x8000_0000 => Probe::Yes,
            Ok(Some(_)) => Probe::Likely,
            Ok(None) => Probe::No,
            Err(Short) => Probe::More,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Smpp {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Head::read(bytes) {
            Ok(Some(head)) => head.say(bytes, out).unwrap_or(Step::Take(0)),
            Ok(None) => {
                out.weird("smpp.header");
                Step::Done
            }
            Err(Short) => Step::Take(0),
        }
    }
}

struct Head {
    length: usize,
    command: u32,
    name: &'static str,
    status: u32,
    sequence: u32,
}

impl Head {
    /// The head of a message; nothing when there is none. Errors: [`Short`] while it is not all there.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Short> {
        let mut cursor = Cursor::new(bytes);
        let length = usize::try_from(cursor.u32()?).unwrap_or(usize::MAX);
        if !(HEADER..=LONGEST).contains(&length) {
            return Ok(None);
        }
        let command = cursor.u32()?;
        let Some(name) = name(command & !ANSWER).filter(|_| command != 0) else { return Ok(None) };
        let (status, sequence) = (cursor.u32()?, cursor.u32()?);
        let fits = (command & ANSWER != 0 || status == 0) && status <= 0xffff;
        Ok(Some(Self { length, command, name, status, sequence }).filter(|_| fits))
    }

    const fn is_bind(&self) -> bool {
        matches!(self.command, 1 | 2 | 9)
    }

    /// Errors: [`Short`] while what is to be read of the message is not all there.
    fn say(&self, bytes: &[u8], out: &mut Output<'_>) -> Result<Step, Short> {
        let raw = bytes.get(..HEADER).unwrap_or_default();
        let bind = if self.is_bind() { Bind::read(bytes, self.length)? } else { None };
        let is_answer = self.command & ANSWER != 0;
        match self.command & !ANSWER {
            1 | 2 | 4 | 9 => say_service(is_answer, "_smpp._tcp", raw, out),
            5 => say_service(!is_answer, "_smpp._tcp", raw, out),
            _ => {}
        }
        if bind.is_some() {
            say_legacy("cleartext-smpp", raw, out);
        }
        out.record(|row| {
            row.text("command", self.name);
            row.flag("is_answer", is_answer);
            if is_answer {
                row.number("status", self.status);
            }
            if let Some(bind) = &bind {
                row.number("version", bind.version);
                row.person("system_id", bind.system);
            }
        });
        Ok(Step::Skip(self.length as u64))
    }
}

struct Bind<'a> {
    system: &'a [u8],
    version: u8,
}

impl<'a> Bind<'a> {
    /// The body of a message that logs in; nothing when it is malformed. Errors: [`Short`] while it is not all there.
    fn read(bytes: &'a [u8], length: usize) -> Result<Option<Self>, Short> {
        if length > 256 {
            return Ok(None);
        }
        let mut cursor = Cursor::new(bytes).within(length)?;
        cursor.skip(HEADER)?;
        let mut read = || {
            let (system, password, kind) = (cursor.until(0)?, cursor.until(0)?, cursor.until(0)?);
            let version = cursor.u8()?;
            let fits = system.len() < 65 && password.len() < 65 && kind.len() < 65 && system.is_ascii();
            Ok::<_, Short>(Some(Self { system, version }).filter(|_| fits && version <= 0x50))
        };
        Ok(read().unwrap_or(None))
    }
}

/// The specification's name for a command.
fn name(command: u32) -> Option<&'static str> {
    let lines = COMMANDS.lines().filter_map(|line| line.split_once(' '));
    lines.into_iter().find(|(number, _)| u32::from_str_radix(number, 16) == Ok(command)).map(|(_, name)| name)
}
