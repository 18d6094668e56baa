//! Controllers of plant: S7 communication, EtherNet/IP and its cycles, DNP3, IEC 60870-5-104.

use super::{C, CONTROLLER, DRIVE, little, over, own, to};
use crate::bytes::{Bytes, length};
use crate::talk::Talk;

pub(super) fn talks() -> Vec<Talk> {
    vec![lists(), session(), tags(), cycles(), outstation(), points(), files()]
}

/// A unit of TPKT with data of COTP (RFC 1006 §6).
fn transported(body: &Bytes) -> Bytes {
    framed(&Bytes::default().raw([2, 0xf0, 0x80]).raw(body))
}

fn framed(unit: &Bytes) -> Bytes {
    Bytes::default().raw([3, 0]).u16(length::<u16>(&unit.0) + 4).raw(unit)
}

fn connected(kind: u8) -> Bytes {
    let places = Bytes::default().raw([0xc0, 1, 10, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2]);
    framed(&Bytes::default().short(Bytes::default().u8(kind).raw([0, 0, 0, 1, 0]).raw(places)))
}

/// A message of S7 communication: what it is, its parameters, its data.
fn s7(kind: u8, parameters: &[u8], content: &Bytes) -> Bytes {
    let head = Bytes::default().raw([0x32, kind, 0, 0, 0, 7]).u16(length(parameters)).u16(length(&content.0));
    let head = if kind == 3 { head.u16(0) } else { head };
    transported(&head.raw(parameters).raw(content))
}

/// S7: a station, its module and its plant are called after people; texts are written, and a password is told.
fn lists() -> Talk {
    let none = Bytes::default();
    let setup = [0xf0, 0, 0, 1, 0, 1, 1, 0xe0];
    let record = |index: u16, text: &str| Bytes::default().u16(index).padded(text, 32, 0);
    let records = record(1, &format!("{} Station", C.computer_owner))
        .raw(record(2, C.attending))
        .raw(record(3, C.employer))
        .raw(record(4, C.remark))
        .raw(record(7, "CPU 315-2 PN/DP"))
        .raw(record(11, C.town));
    let list = Bytes::default().raw([0xff, 9]).long(Bytes::default().u16(0x1c).u16(0).u16(34).u16(6).raw(records));
    let asks = [0, 1, 0x12, 4, 0x11, 0x44, 1, 0];
    let tells = [0, 1, 0x12, 8, 0x12, 0x84, 1, 1, 0, 0, 0, 0];
    let secret = Bytes::default().raw([0xff, 9]).long(C.password.get(..8).unwrap_or_default());
    let text = Bytes::default().raw([0, 4]).u16(length::<u16>(C.remark.as_bytes()) * 8).raw(C.remark);
    let place = [5, 1, 0x12, 10, 0x10, 2, 0, 30, 0, 1, 0x84, 0, 0, 0];
    to(102)
        .say(connected(0xe0))
        .answer(connected(0xd0))
        .say(s7(1, &setup, &none))
        .answer(s7(3, &setup, &none))
        .say(s7(7, &asks, &Bytes::default().raw([0xff, 9, 0, 4, 0, 0x1c, 0, 0])))
        .answer(s7(7, &tells, &list))
        .say(s7(7, &[0, 1, 0x12, 4, 0x11, 0x45, 1, 0], &secret))
        .say(s7(1, &place, &text))
}

/// S7 communication plus: a session of a user at a computer called after its owner.
fn session() -> Talk {
    let unit = |operation: u8, words: &[&str]| {
        let begin = Bytes::default().raw([operation, 0, 0, 4, 0xca, 0, 0, 0, 1, 0, 0, 1, 0x20]);
        let body = words.iter().fold(begin, |all, word| all.u8(0x15).short(word));
        transported(&Bytes::default().raw([0x72, 1]).long(body).raw([0x72, 1, 0, 0]))
    };
    to(102)
        .say(connected(0xe0))
        .answer(connected(0xd0))
        .say(unit(0x31, &[C.operator, &own(), C.login]))
        .answer(unit(0x32, &["1;6ES7 211-1BE31-0XB0 ;V3.0", C.computer_owner]))
}

/// A message of EtherNet/IP (ODVA volume 2 §2-3).
fn message(command: u16, session: u32, body: Bytes) -> Bytes {
    let head = Bytes::default().u16le(command).u16le(length(&body.0)).u32le(session).u32le(0);
    head.raw("cagectx1").u32le(0).raw(body)
}

/// EtherNet/IP: a tag gets a text; a device tells what people call it, where it is, and its name in the network.
fn tags() -> Talk {
    let item =
        |content: Bytes| Bytes::default().zeros(6).u16le(2).zeros(4).u16le(0xb2).u16le(length(&content.0)).raw(content);
    let request = |content: Bytes| message(0x6f, 7, item(content));
    let path = |class: u8, attribute: u8| Bytes::default().raw([0x0e, 3, 0x20, class, 0x24, 1, 0x30, attribute]);
    let told = |text: &str| request(Bytes::default().raw([0x8e, 0, 0, 0]).raw(little(text)));
    let identity = Bytes::default().raw([0x81, 0, 0, 0]).u16le(1).u16le(12).u16le(58).raw([4, 8, 0x30, 0]).u32le(7);
    let identity = identity.short("Cage Bridge").u8(3).raw(C.operator);
    let tag = format!("{} ", C.family);
    let written = Bytes::default().raw([0x4c, 10, 0x91]).short(tag).raw([0xda, 0, 1, 0]).raw(little(C.remark));
    let opened = || message(0x65, 0, Bytes::default().u16le(1).u16le(0));
    to(44_818)
        .say(opened())
        .answer(message(0x65, 7, Bytes::default().u16le(1).u16le(0)))
        .say(request(Bytes::default().raw([1, 2, 0x20, 1, 0x24, 1])))
        .answer(request(identity))
        .say(request(path(1, 15)))
        .answer(told(&format!("Drive of {}", C.attending)))
        .say(request(path(0xf5, 6)))
        .answer(told(&own()))
        .say(request(written))
        .say(message(0x70, 7, item(Bytes::default().raw(C.result))))
}

/// Cycles of EtherNet/IP with texts in them.
fn cycles() -> Talk {
    let cycle = |number: u32, text: &str| {
        let address = Bytes::default().u16le(2).u16le(0x8002).u16le(8).u32le(number).u32le(1);
        address.u16le(0xb1).raw(little(text))
    };
    let talk = Talk::datagrams((CONTROLLER, 0), (DRIVE, 2222));
    talk.say(cycle(1, C.remark)).answer(cycle(2, C.result)).say(cycle(3, C.family))
}

/// CRC-16 of DNP.
fn crc(bytes: &[u8]) -> u16 {
    let shift = |crc: u16, _| if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0xa6bc };
    !bytes.iter().fold(0, |crc, byte| (0..8).fold(crc ^ u16::from(*byte), shift))
}

/// A frame of DNP3 with one fragment of an application message, check sums behind each block (IEEE 1815 §9.2).
fn dnp3(control: u8, (to, from): (u16, u16), fragment: &Bytes) -> Bytes {
    let segment = Bytes::default().raw([0xc0, 0xc1]).raw(fragment);
    let head = Bytes::default().raw([0x05, 0x64]).u8(length::<u8>(&segment.0) + 5).u8(control).u16le(to).u16le(from);
    let summed = |all: Bytes, block: &[u8]| all.raw(block).u16le(crc(block));
    segment.0.chunks(16).fold(summed(Bytes::default(), &head.0), summed)
}

/// Attributes of a device, in the answer to a request for them (IEEE 1815 §11.3).
fn attributes(list: &[(u8, &str)]) -> Bytes {
    list.iter().fold(Bytes::default().raw([0x81, 0, 0]), |all, (variation, text)| {
        all.raw([0, *variation, 0, 0, 0, 1]).short(text)
    })
}

/// DNP3: names and places of an outstation; a log-in for a file, its name, content and texts (annex A.24, A.28).
fn outstation() -> Talk {
    let (asks, tells) = ((10, 1), (1, 10));
    let file = |variation: u8, body: Bytes| {
        let head = Bytes::default().raw([70, variation, 0x5b, 1]).u16le(length(&body.0));
        head.raw(body)
    };
    let (user, word) = (C.login.as_bytes(), C.password.as_bytes());
    let known = Bytes::default().u16le(12).u16le(length(user)).u16le(12 + length::<u16>(user)).u16le(length(word));
    let known = file(2, known.u32le(0).raw(user).raw(word));
    let opened = Bytes::default().u16le(26).u16le(length(C.file.as_bytes())).zeros(22).raw(C.file);
    let content = Bytes::default().u32le(7).u32le(0x8000_0000).raw(C.content);
    let named = attributes(&[(252, "Cage"), (247, C.operator), (245, C.town), (246, C.employer)]);
    let further = attributes(&[(250, "CG-7"), (247, &format!("Meter {}", C.computer_owner)), (240, C.remark)]);
    let shown = Bytes::default().raw([0x81, 0, 0, 112, length(C.remark.as_bytes()), 0, 1, 1]).raw(C.remark);
    let users = Bytes::default().raw([32, 120, 10, 0x5b, 1]).u16le(length::<u16>(user) + 12).zeros(12).raw(user);
    to(20_000)
        .say(dnp3(0xc4, asks, &Bytes::default().raw([1, 0, 254, 0, 0, 0])))
        .answer(dnp3(0x44, tells, &named))
        .answer(dnp3(0x44, tells, &further))
        .say(dnp3(0xc4, asks, &Bytes::default().u8(29).raw(known)))
        .say(dnp3(0xc4, asks, &Bytes::default().u8(25).raw(file(3, opened))))
        .answer(dnp3(0x44, tells, &Bytes::default().raw([0x81, 0, 0]).raw(file(5, content))))
        .answer(dnp3(0x44, tells, &shown))
        .say(dnp3(0xc4, asks, &users))
}

/// IEC 60870-5-104: a file whose content names people, and a unit of a maker's own (IEC 60870-5-101 §7.4.11).
fn points() -> Talk {
    let unit = |count: u16, kind: u8, cause: u8, content: &Bytes| {
        let head = Bytes::default().u16le(count << 1).u16le(0).raw([kind, 1, cause, 0]).u16le(1).raw([0, 0, 0]);
        Bytes::default().u8(0x68).short(head.raw(content))
    };
    let segment = Bytes::default().u16le(1).u8(1).short(C.content);
    let content = |text: &str| Bytes::default().raw(text);
    to(2404)
        .say([0x68, 4, 7, 0, 0, 0])
        .answer([0x68, 4, 0x0b, 0, 0, 0])
        .say(unit(0, 100, 6, &Bytes::default().u8(20)))
        .answer(unit(0, 125, 13, &segment))
        .answer(unit(1, 254, 3, &content(C.remark)))
        .say(unit(1, 127, 3, &content(C.login)))
}

/// DNP3 by datagrams.
fn files() -> Talk {
    let named = attributes(&[(247, C.remark), (245, C.street)]);
    let asked = dnp3(0xc4, (10, 1), &Bytes::default().raw([1, 0, 254, 0, 0, 0]));
    over(20_000).say(asked).answer(dnp3(0x44, (1, 10), &named))
}
