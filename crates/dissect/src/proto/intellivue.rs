//! Philips IntelliVue Data Export: patient monitors that announce themselves, and who reads their values.
//!
//! In: datagrams. Out: of a connect indication and an MDS create event what the monitor is, its bed label, which is a
//! place, and its own hardware address; of everything else only who is the monitor and who its client. Never read:
//! numerics, waves, alarms, patient demographics. One record for each announcement, create event and association.
//!
//! Source: Philips, Data Export Interface Programming Guide, IntelliVue X2, MP, MX and Avalon FM (4535 645 88011), chapters
//! 4 to 6.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::{address, mds, text};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use std::net::IpAddr;
use wardlight_model::{Field, FieldInfo, Kind, Mac, Privacy, Side};

pub(super) const ENTRY: Intellivue = Intellivue;

/// IntelliVue Data Export.
pub(super) struct Intellivue;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Device, meaning }
}

static INFO: Info = Info {
    name: "intellivue",
    title: "Philips IntelliVue Data Export",
    source: "Philips Data Export Interface Programming Guide 4535 645 88011, chapters 4 to 6",
    carriers: &[Carrier::Udp],
    ports: &[24_105, 24_005],
    record: &[
        field(
            "message",
            Kind::Text,
            "`connect-indication`, `mds-create`, `associate`, `accept`, `refuse`, `release`, `released` or `abort`",
        ),
        field("attributes", Kind::Number, "How many attributes of the monitor it lists"),
        field("is_whole", Kind::Flag, "Whether all of the list was there to read"),
    ],
    weirds: &[("intellivue.list", "a list of attributes ends before its length says")],
    window: 0,
};

impl Dissector for Intellivue {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        if message(hello.bytes).is_some() { Probe::Yes } else { Probe::No }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Reading)
    }
}

struct Reading;

impl Parser for Reading {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match message(bytes) {
            Some(Message::Session(name)) => session(name, bytes, out),
            // What is cut short says what stands before the cut.
            Some(Message::Operation { kind, body, .. }) => drop(operation(kind, body, bytes, out)),
            None => {}
        }
        Step::Take(bytes.len())
    }
}

/// What a datagram is.
enum Message<'a> {
    /// One that opens or ends an association.
    Session(&'static str),
    /// A remote operation: its kind, and what stands behind its length.
    Operation { kind: u16, body: &'a [u8] },
}

/// Kinds of remote operations.
const INVOKE: u16 = 1;
const RESULT: u16 = 2;
const ERROR: u16 = 3;
const LINKED_RESULT: u16 = 5;

fn message(bytes: &[u8]) -> Option<Message<'_>> {
    const NOMENCLATURE: u32 = 0x0000_0100;
    const PROTOCOL: u32 = 0xe100_0002;
    /// Session data that every request and answer begins with (chapter 5, association control).
    const SESSION: &[u8] = &[0x05, 0x08, 0x13, 0x01, 0x00, 0x16, 0x01, 0x02, 0x80, 0x00, 0x14, 0x02, 0x00, 0x02];
    let mut cursor = Cursor::new(bytes);
    let name = match bytes.first()? {
        0x0d => "associate",
        0x0e => "accept",
        0x0c => "refuse",
        0x19 => "abort",
        0x09 => "release",
        0x0a => "released",
        0 | 0xe1 => {
            let (head, kind, length) = (cursor.u32().ok()?, cursor.u16().ok()?, cursor.u16().ok()?);
            let fits = usize::from(length) == cursor.left();
            let is_known = match head {
                // Only announcements stand outside an association.
                NOMENCLATURE => kind == INVOKE && cursor.rest().get(6..8) == Some(&[0x00, 0x23]),
                PROTOCOL => matches!(kind, INVOKE | RESULT | ERROR | LINKED_RESULT),
                _ => false,
            };
            return (fits && is_known).then_some(Message::Operation { kind, body: cursor.rest() });
        }
        _ => return None,
    };
    let behind = if bytes.get(1) == Some(&0xff) { bytes.get(4..) } else { bytes.get(2..) }?;
    let is_abort = name == "abort" && behind.starts_with(&[0x11, 0x01, 0x03, 0xc1]);
    let is_refusal = name == "refuse" && behind.get(..2) == Some(&[0x32, 0x01]);
    let is_release = matches!(name, "release" | "released") && behind.get(2..6) == Some(&[0x61, 0x80, 0x30, 0x80]);
    (behind.starts_with(SESSION) || is_abort || is_refusal || is_release).then_some(Message::Session(name))
}

fn session(name: &'static str, bytes: &[u8], out: &mut Output<'_>) {
    let raw = bytes.get(..1).unwrap_or(bytes);
    match name {
        "associate" => say_roles(About::Receiver, About::Sender, raw, out),
        "accept" | "refuse" => say_roles(About::Sender, About::Receiver, raw, out),
        _ => {}
    }
    out.record(|row| row.text("message", name));
}

fn say_roles(monitor: About<'_>, client: About<'_>, raw: &[u8], out: &mut Output<'_>) {
    out.fact(monitor, Field::MedicalRole, "intellivue-monitor", raw);
    out.fact(client, Field::MedicalRole, "intellivue-client", raw);
    out.fact(monitor, Field::Legacy, "cleartext-intellivue", raw);
}

/// Commands within operations.
const EVENT: u16 = 0;
const CONFIRMED_EVENT: u16 = 1;
const CONFIRMED_ACTION: u16 = 7;

fn operation(kind: u16, body: &[u8], bytes: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let raw = bytes.get(..4).unwrap_or(bytes);
    let mut cursor = Cursor::new(body);
    if kind == LINKED_RESULT {
        let _linked = cursor.u16()?;
    }
    let (_invocation, command, _length) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
    match (kind, command) {
        (INVOKE, EVENT | CONFIRMED_EVENT) => event(&mut cursor, raw, out),
        (INVOKE, CONFIRMED_ACTION) => {
            say_roles(About::Receiver, About::Sender, raw, out);
            Ok(())
        }
        (RESULT | LINKED_RESULT, CONFIRMED_ACTION) => {
            say_roles(About::Sender, About::Receiver, raw, out);
            polled(&mut cursor, out)
        }
        _ => Ok(()),
    }
}

/// A monitor tells that it is there, or to a client what it is.
fn event(cursor: &mut Cursor<'_>, raw: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    const CREATE: u16 = 0x0d06;
    const CONNECT: u16 = 0x0d17;
    let (_object, _time) = (cursor.take(6)?, cursor.u32()?);
    let (kind, _length) = (cursor.u16()?, cursor.u16()?);
    let name = match kind {
        CREATE => {
            cursor.skip(6)?;
            say_roles(About::Sender, About::Receiver, raw, out);
            "mds-create"
        }
        CONNECT => {
            out.fact(About::Sender, Field::MedicalRole, "intellivue-monitor", raw);
            out.fact(About::Sender, Field::Legacy, "cleartext-intellivue", raw);
            "connect-indication"
        }
        _ => return Ok(()),
    };
    let (count, is_whole) = say_attributes(cursor, out);
    if !is_whole {
        out.weird("intellivue.list");
    }
    out.record(|row| {
        row.text("message", name);
        row.number("attributes", count);
        row.flag("is_whole", is_whole);
    });
    Ok(())
}

/// The answer to a poll. Only when the system itself was polled is anything read.
fn polled(cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    const POLL: u16 = 0x0c16;
    const EXTENDED_POLL: u16 = 0xf13b;
    const SYSTEM: u16 = 0x21;
    cursor.skip(6)?;
    let (action, _length, _number) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
    match action {
        POLL => {}
        EXTENDED_POLL => cursor.skip(2)?,
        _ => return Ok(()),
    }
    let (_times, _partition, object, _group) = (cursor.take(12)?, cursor.u16()?, cursor.u16()?, cursor.u16()?);
    if object != SYSTEM {
        return Ok(());
    }
    let (contexts, _length) = (cursor.u16()?, cursor.u16()?);
    for _ in 0..contexts {
        let (_context, objects, _length) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
        for _ in 0..objects {
            let _handle = cursor.u16()?;
            if !say_attributes(cursor, out).1 {
                return Err(Short);
            }
        }
    }
    Ok(())
}

/// Says what the attributes tell about the sender. How many there were, and whether the list was whole.
fn say_attributes(cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> (u32, bool) {
    const BED_LABEL: u16 = 0x091e;
    /// The same in a connect indication.
    const ANNOUNCED_BED_LABEL: u16 = 0xf135;
    const NETWORK_ADDRESS: u16 = 0xf100;
    let (mut count, mut are_whole) = (0, true);
    let list = mds::each(cursor, |number, value| {
        count += 1;
        are_whole &= match number {
            BED_LABEL => mds::octets(&mut Cursor::new(value)).map(|label| say_bed(label, out)),
            ANNOUNCED_BED_LABEL => {
                say_bed(announced(value), out);
                Ok(())
            }
            NETWORK_ADDRESS => say_address(value, out),
            _ => mds::say(number, value, About::Sender, out),
        }
        .is_ok();
    });
    (count, are_whole && list.is_ok())
}

fn say_bed(label: &[u8], out: &mut Output<'_>) {
    out.fact(About::Sender, Field::BedLabel, &text::utf16_be(label), label);
}

/// In announcements the letters fill the value; a length before them is passed over.
fn announced(value: &[u8]) -> &[u8] {
    match value.split_first_chunk::<2>() {
        Some((length, letters)) if usize::from(u16::from_be_bytes(*length)) == letters.len() => letters,
        _ => value,
    }
}

/// A monitor states its own addresses; only those that it sends from are believed.
fn say_address(value: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(value);
    let (mac, ip) = (cursor.take(6)?, cursor.take(4)?);
    let sender = out.context().side.of(out.context().ends).ip;
    if let (Some(mac), Some(ip)) = (Mac::from_slice(mac), address::host(ip))
        && sender == Some(ip)
    {
        out.fact(About::Station(mac), Field::Address, &IpAddr::to_string(&ip), value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::trial::hear;

    #[test]
    fn datagrams_that_only_begin_alike_are_left_alone() {
        for other in
            ["0000 0100 0001 0000 0000 0100", "e100 0002 0001 0008 0000 0000", "0d08 0508 1301 0016 0103", "0000"]
        {
            let heard = hear(&format!("udp 10.0.0.5:24105 > 10.0.0.9:24105\n> {other}"));
            assert_eq!(heard.service, None, "{other}");
        }
    }
}
