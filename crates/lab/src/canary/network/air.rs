//! What is on the air with canaries: wireless networks, set-ups and announcements of Bluetooth, called after people.
//!
//! In: the canaries. Out: captures of their own, as each link has its own kind.

use super::C;
use crate::bytes::{Bytes, length};

/// Kinds of links (draft-ietf-opsawg-pcaplinktype): IEEE 802.11, Bluetooth HCI, Bluetooth Low Energy.
const WLAN: u32 = 105;
const HCI: u32 = 187;
const LOW_ENERGY: u32 = 251;

const POINT: [u8; 6] = [0x00, 0x0b, 0x86, 0x0c, 0x00, 0x30];
const STATION: [u8; 6] = [0x98, 0xe7, 0x43, 0x0c, 0x00, 0x31];
const EVERYONE: [u8; 6] = [0xff; 6];

/// Captures of wireless links with canaries in them, each as a pcap file, with the log that tells of them.
#[must_use]
pub fn air_captures() -> Vec<(&'static str, Vec<u8>)> {
    vec![("wlan", file(WLAN, &wireless())), ("ble", file(LOW_ENERGY, &advertised())), ("ble", file(HCI, &reported()))]
}

/// A capture of frames of one kind of link.
fn file(link: u32, frames: &[Bytes]) -> Vec<u8> {
    let head = Bytes::default().u32(0xa1b2_c3d4).u16(2).u16(4).zeros(8).u32(65_535).u32(link);
    let all = frames.iter().fold(head, |all, frame| {
        let size = length::<u32>(&frame.0);
        all.u32(1_715_700_000).u32(0).u32(size).u32(size).raw(frame)
    });
    all.0
}

/// IEEE 802.11: networks and stations called after people, and those that a station looks for.
fn wireless() -> Vec<Bytes> {
    let head = |kind: u8, to: [u8; 6], from: [u8; 6], network: [u8; 6]| {
        Bytes::default().raw([kind, 0, 0, 0]).raw(to).raw(from).raw(network).u16(0)
    };
    let element = |kind: u8, value: Bytes| Bytes::default().u8(kind).short(value);
    let network = |name: &str| element(0, Bytes::default().raw(name));
    let attribute = |kind: u16, text: &str| Bytes::default().u16(kind).long(text);
    let described = attribute(0x1021, "Cage")
        .raw(attribute(0x1011, &format!("{}s iPhone", C.phone_owner)))
        .raw(attribute(0x1027, C.password))
        .raw(attribute(0x1045, &format!("WLAN {}", C.computer_owner)));
    let set_up = element(221, Bytes::default().raw([0, 0x50, 0xf2, 4]).raw(described));
    // Makers put the name of an access point into elements of their own.
    let own = element(221, Bytes::default().raw([0, 0x0b, 0x86, 1, 3, 0]).raw(format!("AP {}", C.attending)));
    let named = |name: &str| network(name).raw([48, 2, 1, 0]).raw(&set_up).raw(&own);
    let offer = |kind: u8| head(kind, EVERYONE, POINT, POINT).zeros(8).raw([100, 0, 0x11, 0]);
    let joined = head(0, POINT, STATION, POINT).raw([0x11, 0, 10, 0]);
    let moved = head(0x20, POINT, STATION, POINT).raw([0x11, 0, 10, 0]).raw(POINT);
    vec![
        offer(0x80).raw(named(&format!("{} WLAN", C.computer_owner))),
        offer(0x50).raw(named(&format!("{}s iPhone", C.phone_owner))),
        head(0x40, EVERYONE, STATION, EVERYONE).raw(named(C.family)),
        joined.raw(named(&format!("{}s iPhone", C.phone_owner))),
        moved.raw(named(C.computer_owner)),
    ]
}

/// Elements of an announcement: a name in both forms, an address of a page, what a maker puts in, and in extended
/// ones more of each.
fn elements(name: &str) -> Bytes {
    let element = |kind: u8, value: Bytes| Bytes::default().short(Bytes::default().u8(kind).raw(value));
    element(9, Bytes::default().raw(name)).raw(element(0x24, Bytes::default().raw(format!("\u{17}//{}", C.login))))
}

fn made(text: &str) -> Bytes {
    Bytes::default().short(Bytes::default().raw([0xff, 0x5d, 0]).raw(text))
}

/// Turns an address around, as the air has it.
const fn backwards([a, b, c, d, e, f]: [u8; 6]) -> [u8; 6] {
    [f, e, d, c, b, a]
}

/// Bluetooth Low Energy: telephones called after their owners, with public and with random addresses.
fn advertised() -> Vec<Bytes> {
    let packet = |kind: u8, content: Bytes| {
        let inside = Bytes::default().raw(backwards(STATION)).raw(content);
        Bytes::default().u32le(0x8e89_bed6).u8(kind).short(inside).zeros(3)
    };
    vec![
        packet(0x00, elements(&format!("{}s iPhone", C.phone_owner))),
        packet(0x04, made(C.family)),
        packet(0x40, elements(C.computer_owner)),
        packet(0x44, elements(&format!("{}'s Watch", C.phone_owner))),
    ]
}

/// The same as a controller reports it, in both forms, and names that a host gives itself.
fn reported() -> Vec<Bytes> {
    let event = |content: Bytes| Bytes::default().raw([4, 0x3e]).short(content);
    let name = || elements(&format!("{}s iPhone", C.phone_owner));
    let plain = Bytes::default().raw([2, 1, 0, 0]).raw(backwards(STATION)).short(name()).u8(0xc0);
    let extended = Bytes::default().raw([0x0d, 1, 0x13, 0, 0]).raw(backwards(STATION)).raw([1, 0, 0xff, 0x7f, 0xc0]);
    let extended = extended.zeros(9).short(name().raw(made(C.remark)));
    let own = Bytes::default().raw([1, 0x13, 0x0c]).short(Bytes::default().padded(C.computer_owner, 248, 0));
    vec![event(plain), event(extended), own]
}
