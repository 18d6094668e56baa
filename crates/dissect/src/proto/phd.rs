//! IEEE 11073-20601 over TCP: personal health devices that associate with a manager and say what they are.
//!
//! In: both directions of a stream. Out: of the association who is agent and who manager, each with its EUI-64; of what
//! the manager reads of the medical device system its maker, model, serial number, versions and specialisations; one
//! record for each association message. Never read: configurations, measurements, scans, persons.
//!
//! Source: ISO/IEEE 11073-20601:2019 §8.7 (association), §6.3.2 (MDS), annexes A and F (MDER).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::lanes::{Lane, Lanes};
use crate::codec::mds;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy};

pub(super) const ENTRY: Phd = Phd;

/// IEEE 11073-20601.
pub(super) struct Phd;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Device, meaning }
}

static INFO: Info = Info {
    name: "phd",
    title: "IEEE 11073 personal health devices",
    source: "ISO/IEEE 11073-20601:2019 §6.3.2, §8.7, annexes A and F",
    carriers: &[Carrier::Tcp],
    ports: &[],
    record: &[
        field("message", Kind::Text, "`associate`, `answer`, `release`, `released` or `abort`"),
        field("result", Kind::Number, "Result of an association; 0 and 3 are acceptance"),
        field("configuration", Kind::Number, "Configuration that the agent has"),
    ],
    weirds: &[("phd.frame", "what should be a message is none"), ("phd.short", "a message ends before its parts do")],
    window: 65_536,
};

const ASSOCIATE: u16 = 0xe200;
const ANSWER: u16 = 0xe300;
const PRESENTATION: u16 = 0xe700;
/// The data protocol of the standard, and of its external nomenclature.
const PROTOCOL: u16 = 20_601;

impl Dissector for Phd {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let mut cursor = Cursor::new(hello.bytes);
        let Ok(choice) = cursor.u16() else {
            return if hello.bytes.first().is_some_and(|first| matches!(first, 0xe2 | 0xe3)) {
                Probe::More
            } else {
                Probe::No
            };
        };
        let Ok(length) = cursor.u16() else {
            return if matches!(choice, ASSOCIATE | ANSWER) { Probe::More } else { Probe::No };
        };
        let body = cursor.take_at_most(usize::from(length));
        let is_known = match choice {
            ASSOCIATE => body.get(..4).map(|version| *version == [0x80, 0, 0, 0]),
            ANSWER => body.get(2..4).map(|protocol| *protocol == PROTOCOL.to_be_bytes()),
            _ => Some(false),
        };
        match is_known {
            Some(true) if (16..1024).contains(&length) => Probe::Yes,
            Some(_) => Probe::No,
            None if length < 16 => Probe::No,
            None => Probe::More,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Lanes<Messages>>::default()
    }
}

#[derive(Default)]
struct Messages {
    is_astray: bool,
}

impl Lane for Messages {
    fn read(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let mut cursor = Cursor::new(bytes);
        let (Ok(choice), Ok(length)) = (cursor.u16(), cursor.u16()) else { return Step::Take(0) };
        if choice & 0xff != 0 || !(ASSOCIATE..=PRESENTATION).contains(&choice) {
            if !self.is_astray {
                out.weird("phd.frame");
            }
            return Step::Done;
        }
        let length = usize::from(length);
        let Ok(body) = cursor.take(length) else {
            // What begins a measurement is enough to see that it is one.
            let is_bulk = choice == PRESENTATION && cursor.left() >= 6 && !is_answer_to_get(cursor.rest());
            return if is_bulk { Step::Skip(4 + length as u64) } else { Step::Take(0) };
        };
        self.is_astray = false;
        if message(choice, body, out).is_err() {
            out.weird("phd.short");
        }
        Step::Take(4 + length)
    }

    fn end(&mut self, bytes: &[u8], out: &mut Output<'_>) {
        if !bytes.is_empty() && !self.is_astray {
            out.weird("phd.short");
        }
    }

    fn lose(&mut self) {
        self.is_astray = true;
    }
}

/// Whether the data of a presentation message answer what a manager asked of an object.
fn is_answer_to_get(body: &[u8]) -> bool {
    const GET: [u8; 2] = [0x02, 0x03];
    body.get(4..6) == Some(&GET)
}

fn message(choice: u16, body: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let name = match choice {
        ASSOCIATE => return associate(body, out),
        ANSWER => return answer(body, out),
        PRESENTATION if is_answer_to_get(body) => return described(body, out),
        0xe400 => "release",
        0xe500 => "released",
        0xe600 => "abort",
        _ => return Ok(()),
    };
    out.record(|row| row.text("message", name));
    Ok(())
}

fn associate(body: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(body);
    let (_version, protocols, _length) = (cursor.u32()?, cursor.u16()?, cursor.u16()?);
    let mut configuration = None;
    for _ in 0..protocols {
        let protocol = cursor.u16()?;
        let details = mds::octets(&mut cursor)?;
        if protocol == PROTOCOL {
            say_role(About::Sender, "phd-agent", body, out);
            say_role(About::Receiver, "phd-manager", body, out);
            configuration = Some(say_system(details, out)?);
        }
    }
    out.record(|row| {
        row.text("message", "associate");
        if let Some(configuration) = configuration {
            row.number("configuration", configuration);
        }
    });
    Ok(())
}

fn answer(body: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(body);
    let (result, protocol) = (cursor.u16()?, cursor.u16()?);
    let details = mds::octets(&mut cursor)?;
    if protocol == PROTOCOL && !details.is_empty() {
        say_role(About::Sender, "phd-manager", body, out);
        say_system(details, out)?;
    }
    out.record(|row| {
        row.text("message", "answer");
        row.number("result", result);
    });
    Ok(())
}

fn say_role(about: About<'_>, role: &str, body: &[u8], out: &mut Output<'_>) {
    let raw = body.get(..4).unwrap_or(body);
    out.fact(about, Field::MedicalRole, role, raw);
    out.fact(about, Field::Legacy, "cleartext-phd", raw);
}

/// Says by which EUI-64 the sender names itself. Its configuration comes back.
fn say_system(details: &[u8], out: &mut Output<'_>) -> Result<u16, Short> {
    let mut cursor = Cursor::new(details);
    let (_version, _rules, _nomenclature) = (cursor.u32()?, cursor.u16()?, cursor.u32()?);
    let (_units, _system) = (cursor.u32()?, cursor.u32()?);
    mds::say_eui64(mds::octets(&mut cursor)?, About::Sender, out);
    cursor.u16()
}

/// The answer to a get: attributes of the medical device system, which has handle 0.
fn described(body: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(body);
    let (_length, _invocation, _choice, _inner) = (cursor.u16()?, cursor.u16()?, cursor.u16()?, cursor.u16()?);
    if cursor.u16()? != 0 {
        return Ok(());
    }
    let mut are_whole = true;
    mds::each(&mut cursor, |number, value| {
        are_whole &= mds::say(number, value, About::Sender, out).is_ok();
    })?;
    if are_whole { Ok(()) } else { Err(Short) }
}
