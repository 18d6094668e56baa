//! Mobile networks with canaries: GTP between gateways, and what base stations carry of telephones.
//!
//! In: the canaries. Out: conversations with them as numbers, networks, log-ins and messages.

use super::words::CANARIES as C;
use crate::bytes::{Bytes, length, utf16};
use crate::talk::Talk;
use crate::wire::Station;

const NODE: Station = Station::new([0x00, 0x50, 0x56, 0x0c, 0x00, 0x38], 168, "cage-sgsn");
const GATEWAY: Station = Station::new([0x00, 0x50, 0x56, 0x0c, 0x00, 0x39], 169, "cage-ggsn");

pub(super) fn talks() -> Vec<Talk> {
    vec![tunnels(), evolved(), telephones()]
}

/// Digits two in a byte, the first in its lower half; what is left over is filled up (3GPP TS 29.060 §7.7.2).
fn digits(number: &str) -> Vec<u8> {
    let digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    digits.chunks(2).map(|pair| pair.iter().rev().fold(0xff, |byte: u8, digit| byte << 4 | digit)).collect()
}

/// A log-in by PAP within the options of a protocol (TS 24.008 §10.5.6.3, RFC 1334 §2.2).
fn options() -> Bytes {
    let names = Bytes::default().short(C.mail).short(C.password);
    let asked = Bytes::default().raw([1, 1]).u16(length::<u16>(&names.0) + 4).raw(names);
    Bytes::default().raw([0x80, 0xc0, 0x23]).short(asked)
}

fn network() -> Bytes {
    Bytes::default().short(C.employer.replace(' ', "-")).short(C.login)
}

/// GTP version 1: a session of a telephone (TS 29.060 §7.3).
fn tunnels() -> Talk {
    let message = |kind: u8, body: Bytes| {
        let body = Bytes::default().u16(1).u16(0).raw(body);
        Bytes::default().raw([0x32, kind]).u16(length(&body.0)).u32(0).raw(body)
    };
    let element = |kind: u8, value: Bytes| Bytes::default().u8(kind).long(value);
    let subscriber = Bytes::default().u8(2).raw(digits(C.born)).u8(0xff);
    let asked = subscriber
        .raw(element(131, network()))
        .raw(element(132, options()))
        .raw(element(134, Bytes::default().u8(0x91).raw(digits(C.phone))))
        .raw(element(154, Bytes::default().raw(digits(C.visit))))
        .raw(element(255, Bytes::default().u16(9).raw(C.remark)));
    let told = Bytes::default().raw([1, 0x80]).raw(element(132, options()));
    let talk = Talk::datagrams((NODE, 0), (GATEWAY, 2123));
    talk.say(message(16, asked)).answer(message(17, told))
}

/// GTP version 2 (TS 29.274 §7.2.1).
fn evolved() -> Talk {
    let message = |kind: u8, body: Bytes| {
        let body = Bytes::default().u32(0).u32(0x200).raw(body);
        Bytes::default().raw([0x48, kind]).u16(length(&body.0)).raw(body)
    };
    let element = |kind: u8, value: Bytes| Bytes::default().u8(kind).u16(length(&value.0)).u8(0).raw(value);
    let asked = element(1, Bytes::default().raw(digits(C.born)))
        .raw(element(71, network()))
        .raw(element(76, Bytes::default().raw(digits(C.phone))))
        .raw(element(78, options()))
        .raw(element(255, Bytes::default().u16(9).raw(C.remark)));
    let told = element(2, Bytes::default().raw([16, 0])).raw(element(78, options()));
    let talk = Talk::datagrams((NODE, 0), (GATEWAY, 2123));
    talk.say(message(32, asked)).answer(message(33, told))
}

/// GPRS network service: what a telephone sends and gets, in letters and in both orders of UTF-16 (TS 48.018 §10.2).
fn telephones() -> Talk {
    let reset = |kind: u8| Bytes::default().u8(kind).raw([1, 0x82, 0, 7, 4, 0x82, 1, 1]);
    let content = Bytes::default().raw(C.remark).raw(utf16(C.family)).raw(format!("{} {}", C.phone, C.login));
    let packet = Bytes::default().u8(0x0e).u16(length(&content.0)).raw(&content);
    let big: Vec<u8> = C.diagnosis.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let unit = |kind: u8| Bytes::default().raw([0, 0, 0, 2, kind, 0xc0, 0, 0, 1, 0, 0, 0]);
    let sent = unit(1).raw([0x08, 0x88, 0x62, 0xf2, 0x20, 0, 1, 0, 1, 1]).raw(&packet);
    let got = unit(0).raw([0x16, 0x82, 0, 0x64]).raw(packet).raw(big);
    Talk::datagrams((NODE, 0), (GATEWAY, 2157)).say(reset(2)).answer(reset(3)).say(sent).answer(got)
}
