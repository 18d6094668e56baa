//! Monitors, controllers and their servers: IntelliVue, BACnet, OPC UA.
//!
//! In: the canaries. Out: conversations with them as patients of a monitor, texts of controllers, and users.

use super::{GATEWAY, SERVER};
use crate::bytes::{Bytes, length};
use crate::canary::words::CANARIES as C;
use crate::talk::Talk;
use crate::wire::Station;

const MONITOR: Station = Station::new([0x00, 0x09, 0xfb, 0x0c, 0x00, 0x14], 149, "cage-vista");
const CONTROLLER: Station = Station::new([0x00, 0x10, 0x8d, 0x0c, 0x00, 0x15], 150, "cage-controller");
/// The device object of the controller.
const DEVICE: u32 = 8 << 22 | 721;

pub(super) fn talks() -> Vec<Talk> {
    vec![demographics(), controller(), session()]
}

/// A text as monitors write it: big-endian UTF-16 behind its length.
fn wide(text: &str) -> Bytes {
    Bytes::default().long(text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>())
}

/// Attributes of an object of a monitor, each with its number.
fn attributes(list: &[(u16, Bytes)]) -> Bytes {
    let all = list.iter().fold(Bytes::default(), |all, (number, value)| all.u16(*number).long(value));
    Bytes::default().u16(u16::try_from(list.len()).unwrap_or_default()).long(all)
}

/// A remote operation on the monitor's system (Data Export Interface Programming Guide, chapter 4).
fn operation(kind: u16, command: u16, body: &Bytes) -> Bytes {
    let object = Bytes::default().u16(0x21).zeros(4).raw(body);
    Bytes::default().u32(0xe100_0002).u16(kind).long(Bytes::default().u16(1).u16(command).long(object))
}

/// A client asks a monitor for its patient; then the monitor says what it is, at a bed called after who lies in it.
fn demographics() -> Talk {
    let polled = Bytes::default().u16(1).u16(0x2a).u16(0x0807);
    let asked = Bytes::default().zeros(4).u16(0x0c16).long(Bytes::default().u16(1).raw(&polled));
    let patient = attributes(&[
        (0x095c, wide(C.given)),
        (0x095d, wide(C.family)),
        (0x095a, wide(C.record)),
        (0x0957, wide(C.attending)),
        (0x0928, Bytes::default().long(format!("{}\0", C.middle)).long(format!("{}\0", C.visit))),
    ]);
    let context = Bytes::default().u16(0).u16(1).long(Bytes::default().u16(1).raw(patient));
    let time = [0x20, 0x24, 0x05, 0x14, 0x08, 0x15, 0, 0];
    let result = Bytes::default().u16(1).u32(0x00d6_d400).raw(time).raw(&polled).u16(1).long(context);
    let told = Bytes::default().u16(0x0c16).long(result);
    let own = attributes(&[
        (0x0986, Bytes::default().u16(1).u16(0x114d)),
        (0x091e, wide(&format!("ICU Bed 7 {}\0", C.family))),
        (0x0957, wide(C.operator)),
    ]);
    let event = Bytes::default().u32(0x00d6_d400).u16(0x0d06).long(Bytes::default().u16(0x21).zeros(4).raw(own));
    Talk::datagrams((SERVER, 0), (MONITOR, 24_105))
        .say(operation(1, 7, &asked))
        .answer(operation(2, 7, &told))
        .answer(operation(1, 1, &event))
}

/// A message of BACnet/IP to one host (ANSI/ASHRAE 135 annex J.2).
fn unicast(apdu: &Bytes) -> Bytes {
    Bytes::default().u8(0x81).u8(0x0a).u16(length::<u16>(&apdu.0) + 6).raw([1, 0]).raw(apdu)
}

/// A property of an object is read and is this text (clauses 15.5, 20.2.9).
fn read(object: u32, property: u8, text: &str) -> Bytes {
    let text = Bytes::default().u8(0x75).short(Bytes::default().u8(0).raw(text));
    let body = Bytes::default().raw([0x30, 1, 0x0c, 0x0c]).u32(object).raw([0x19, property, 0x3e]).raw(text).u8(0x3f);
    unicast(&body)
}

/// A controller whose texts name people: name, description, location; an object, a user of doors, a message, a file.
fn controller() -> Talk {
    let text = format!("Call {}, {}", C.attending, C.remark);
    let message = Bytes::default().raw([0x10, 5, 0x0c]).u32(DEVICE).raw([0x29, 0, 0x3d]);
    let message = message.short(Bytes::default().u8(0).raw(text));
    let held = Bytes::default().u8(0x65).short(C.content);
    let file = Bytes::default().raw([0x30, 4, 6, 0x11, 0x0e, 0x31, 0]).raw(held).u8(0x0f);
    let asked = Bytes::default().raw([0, 5, 1, 0x0c, 0x0c]).u32(DEVICE).raw([0x19, 28]);
    Talk::datagrams((GATEWAY, 0), (CONTROLLER, 47_808))
        .say(unicast(&asked))
        .answer(read(DEVICE, 28, &format!("installed by {}", C.operator)))
        .answer(read(DEVICE, 58, &format!("Office of {}", C.attending)))
        .answer(read(DEVICE, 77, C.family))
        .answer(read(28 << 22 | 1, 28, C.remark))
        .answer(read(35 << 22 | 1, 77, C.kin))
        .say(unicast(&message))
        .answer(unicast(&file))
}

/// A message of OPC UA (OPC 10000-6 §7.1.2).
fn framed(kind: &str, body: &Bytes) -> Bytes {
    Bytes::default().raw(kind).u32le(length::<u32>(&body.0) + 8).raw(body)
}

/// A string of OPC UA; a null string when there is none.
fn string(text: &str) -> Bytes {
    if text.is_empty() {
        return Bytes::default().u32le(u32::MAX);
    }
    Bytes::default().u32le(length(text.as_bytes())).raw(text)
}

/// A request on an open channel: `number` of its encoding, and what stands behind its head, which names who audits.
fn service(number: u16, parameters: &Bytes) -> Bytes {
    let channel = Bytes::default().u32le(7).u32le(1).u32le(51).u32le(1).u8(1).u8(0).u16le(number);
    let head = Bytes::default().zeros(2).zeros(8).u32le(77).u32le(0).raw(string(C.operator)).u32le(10_000).zeros(3);
    framed("MSGF", &channel.raw(head).raw(parameters))
}

/// A client opens a channel without encryption and a session called after its user, then logs in (OPC 10000-4 §5.7).
fn session() -> Talk {
    let url = string("opc.tcp://10.20.0.148:4840");
    let hello = Bytes::default().u32le(0).u32le(0x1_0000).u32le(0x1_0000).u32le(0).u32le(0).raw(&url);
    let policy = string("http://opcfoundation.org/UA/SecurityPolicy#None");
    let open = Bytes::default().u32le(0).raw(policy).raw(string("")).raw(string("")).u32le(1).u32le(1);
    let open = open
        .raw([1, 0, 0xbe, 1])
        .zeros(18)
        .u32le(u32::MAX)
        .u32le(10_000)
        .zeros(11)
        .u32le(1)
        .raw(string(""))
        .u32le(3_600_000);
    let named = Bytes::default().u8(2).raw(string("Cage Explorer"));
    let client = string("urn:cage-desk:explorer").raw(string("urn:cage.example:explorer")).raw(named).u32le(1);
    let client = client.raw(string("")).raw(string("")).u32le(0);
    let create = client.raw(string("")).raw(url).raw(string(C.operator)).raw(string("nonce")).raw(string("")).zeros(12);
    let person = string("user").raw(string(C.login)).raw(string(C.password)).raw(string(""));
    let token = Bytes::default().u8(1).u8(0).u16le(324).u8(1).u32le(length(&person.0)).raw(person);
    let activate =
        string("").raw(string("")).u32le(u32::MAX).u32le(u32::MAX).raw(token).raw(string("")).raw(string(""));
    let acknowledged = Bytes::default().u32le(0).u32le(0x1_0000).u32le(0x1_0000).u32le(0).u32le(0);
    Talk::stream((GATEWAY, 0), (SERVER, 4840))
        .say(framed("HELF", &hello))
        .answer(framed("ACKF", &acknowledged))
        .say(framed("OPNF", &open))
        .say(service(461, &create))
        .say(service(467, &activate))
}
