//! Devices in the field and at the body: HART-IP, IEEE 11073 personal health devices.

use super::{C, over, to};
use crate::bytes::{Bytes, length};
use crate::talk::Talk;

pub(super) fn talks() -> Vec<Talk> {
    vec![instruments(), health()]
}

/// A message of HART-IP (HCF_SPEC-085 §10.2).
fn message(kind: u8, number: u8, body: &Bytes) -> Bytes {
    Bytes::default().raw([1, kind, number, 0, 0, 2]).u16(length::<u16>(&body.0) + 8).raw(body)
}

/// A command of HART or its answer, with its check sum (HCF_SPEC-081).
fn command(delimiter: u8, number: u8, content: &Bytes) -> Bytes {
    let body = Bytes::default().raw([delimiter, 0x26, 0x4e, 0, 0, 0xd2, number]).short(content);
    let sum = body.0.iter().fold(0, |sum, byte| sum ^ byte);
    message(if delimiter & 4 == 0 { 0 } else { 1 }, 3, &body.u8(sum))
}

/// Text of capitals, six bits for each (HCF_SPEC-127 §5.1).
fn packed(text: &str, width: usize) -> Bytes {
    let text = Bytes::default().padded(&text.to_ascii_uppercase(), width, b' ');
    text.0.chunks(4).fold(Bytes::default(), |all, four| {
        let bits = four.iter().fold(0u32, |bits, byte| bits << 6 | u32::from(byte & 0x3f));
        let [_, a, b, c] = bits.to_be_bytes();
        all.raw([a, b, c])
    })
}

/// HART-IP: tags, descriptions and messages that people write into instruments (commands 12, 13, 17, 20, 22).
fn instruments() -> Talk {
    let session = Bytes::default().raw([1, 0, 0, 0x75, 0x30]);
    let none = Bytes::default();
    let good = || Bytes::default().u16(0);
    let long = |text: &str| Bytes::default().padded(text, 32, b' ');
    over(5094)
        .say(message(0, 0, &session))
        .answer(message(1, 0, &session))
        .say(command(0x82, 20, &none))
        .answer(command(0x86, 20, &good().raw(long(C.remark))))
        .say(command(0x82, 22, &long(C.operator)))
        .answer(command(0x86, 22, &good().raw(long(C.operator))))
        .answer(command(0x86, 12, &good().raw(packed(C.family, 32))))
        .say(command(0x82, 17, &packed(C.given, 32)))
        .answer(command(0x86, 13, &good().raw(packed(C.town, 8)).raw(packed(C.kin, 16)).raw([14, 5, 124])))
}

/// A scale associates, tells of itself with what people call it, and of who stands on it (20601 §6.3, §8.7).
fn health() -> Talk {
    let message = |choice: u16, body: Bytes| Bytes::default().u16(choice).long(body);
    let attribute = |number: u16, value: Bytes| Bytes::default().u16(number).long(value);
    let identity = |system: [u8; 8], configuration: u16, more: &Bytes| {
        let fixed = Bytes::default().u32(0x8000_0000).u16(0x8000).u32(0x8000_0000).u32(0).u32(0x0080_0000);
        fixed.long(system).u16(configuration).raw([0, 1, 1, 0]).raw(more)
    };
    let named = attribute(0x0927, Bytes::default().long(C.remark));
    let options = Bytes::default().u16(1).long(named);
    let agent = identity([0, 9, 0xfb, 0xff, 0xfe, 0x11, 0x22, 0x33], 700, &options);
    let external = Bytes::default().raw([0x5a; 16]).long(C.operator);
    let protocols = Bytes::default().u16(0x5079).long(agent).u16(0xffff).long(external);
    let asked = Bytes::default().u32(0x8000_0000).u16(2).long(protocols);
    let manager = identity([0, 0x60, 0xc2, 0xff, 0xfe, 0, 0, 1], 0, &Bytes::default().u32(0));
    let accepted = Bytes::default().u16(0).u16(0x5079).long(manager);
    let produced = Bytes::default().u16(0).u16(0).long(C.attending).u16(1).u16(0).long("CAGE-0042");
    let list = [
        attribute(0x0928, Bytes::default().long("Cage Medical").long("Cage Scale 3")),
        attribute(0x092d, Bytes::default().u16(2).long(produced)),
        attribute(0x0927, Bytes::default().long(format!("Scale of {}", C.computer_owner))),
        attribute(0x091e, Bytes::default().long(C.family)),
        attribute(0x095a, Bytes::default().long(C.record)),
        attribute(0x095c, Bytes::default().long(C.given)),
        attribute(0x095d, Bytes::default().long(C.family)),
        attribute(0x0958, Bytes::default().raw(C.born)),
        attribute(0x0957, Bytes::default().long(C.kin)),
    ];
    let count = u16::try_from(list.len()).unwrap_or_default();
    let list = list.iter().fold(Bytes::default(), Bytes::raw);
    let told = Bytes::default().u16(0).u16(count).long(list);
    let told = Bytes::default().long(Bytes::default().u16(1).u16(0x0203).long(told));
    let seen =
        Bytes::default().u16(0).u32(0).u16(0x0d1d).long(Bytes::default().long(format!("{} {}", C.family, C.result)));
    let seen = Bytes::default().long(Bytes::default().u16(2).u16(0x0101).long(seen));
    to(6024)
        .say(message(0xe200, asked))
        .answer(message(0xe300, accepted))
        .answer(message(0xe700, Bytes::default().long(Bytes::default().u16(1).u16(0x0103).long([0; 6]))))
        .say(message(0xe700, told))
        .say(message(0xe700, seen))
        .say([0xe4, 0, 0, 2, 0, 0])
}
