//! Log-ins to directories, networks and other computers: Kerberos, LDAP, RADIUS, RDP, SOCKS, and BSD's remote commands.
//!
//! In: the canaries. Out: conversations with them as accounts, passwords and entries.

use super::{CLIENT, over, plain, to};
use crate::bytes::{Bytes, length, utf16};
use crate::canary::words::CANARIES as C;
use crate::snmp::tlv;
use crate::talk::Talk;

const REALM: &str = "CAGE.EXAMPLE";
/// Tag of a general string, which the names of Kerberos are.
const GENERAL: u8 = 0x1b;
/// Tags of an octet string, a sequence, a set.
const OCTETS: u8 = 4;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

pub(super) fn talks() -> Vec<Talk> {
    [tickets(), directory(), vec![access(), desktop()], proxy(), remote()].concat()
}

fn text(kind: u8, text: &str) -> Bytes {
    tlv(kind, Bytes::default().raw(text))
}

fn number(number: u8) -> Bytes {
    tlv(2, Bytes::default().u8(number))
}

/// Parts one behind the other in an element.
fn group<const N: usize>(kind: u8, parts: [Bytes; N]) -> Bytes {
    tlv(kind, parts.iter().fold(Bytes::default(), Bytes::raw))
}

/// A name of Kerberos (RFC 4120 §5.2.2).
fn principal(kind: u8, parts: &[&str]) -> Bytes {
    let parts = parts.iter().fold(Bytes::default(), |all, part| all.raw(text(GENERAL, part)));
    group(SEQUENCE, [tlv(0xa0, number(kind)), tlv(0xa1, tlv(SEQUENCE, parts))])
}

/// What is encrypted for somebody else (RFC 4120 §5.2.9).
fn sealed() -> Bytes {
    group(SEQUENCE, [tlv(0xa0, number(18)), tlv(0xa2, text(OCTETS, "sealed"))])
}

/// Kerberos: a user asks for a ticket, is refused with words, asks again and is let in (RFC 4120 §5.4, §5.9).
fn tickets() -> Vec<Talk> {
    let service = || principal(2, &["krbtgt", REALM]);
    let netbios = Bytes::default().padded(C.netbios, 16, b' ');
    let address = group(SEQUENCE, [tlv(0xa0, number(20)), tlv(0xa1, tlv(OCTETS, netbios))]);
    let body = group(
        SEQUENCE,
        [
            tlv(0xa0, tlv(3, Bytes::default().raw([0, 0x40, 0x81, 0, 0x10]))),
            tlv(0xa1, principal(1, &[C.login])),
            tlv(0xa2, text(GENERAL, REALM)),
            tlv(0xa3, service()),
            tlv(0xa5, text(0x18, "20370913024805Z")),
            tlv(0xa7, number(42)),
            tlv(0xa8, tlv(SEQUENCE, number(18))),
            tlv(0xa9, tlv(SEQUENCE, address)),
        ],
    );
    let asked = group(SEQUENCE, [tlv(0xa1, number(5)), tlv(0xa2, number(10)), tlv(0xa4, body)]);
    let asked = tlv(0x6a, asked);
    let refused = group(
        SEQUENCE,
        [
            tlv(0xa0, number(5)),
            tlv(0xa1, number(30)),
            tlv(0xa6, number(25)),
            tlv(0xa8, principal(1, &[C.login])),
            tlv(0xa9, text(GENERAL, REALM)),
            tlv(0xaa, service()),
            tlv(0xab, text(GENERAL, C.remark)),
        ],
    );
    let refused = tlv(0x7e, refused);
    let framed = |message: &Bytes| Bytes::default().longer(message);
    vec![
        over(88).say(&asked).answer(&refused).say(&asked).answer(ticket()),
        to(88).say(framed(&asked)).answer(framed(&refused)).say(framed(&asked)).answer(framed(&ticket())),
    ]
}

fn ticket() -> Bytes {
    let inside = [
        tlv(0xa0, number(5)),
        tlv(0xa1, text(GENERAL, REALM)),
        tlv(0xa2, principal(2, &["krbtgt", REALM])),
        tlv(0xa3, sealed()),
    ];
    let parts = [
        tlv(0xa0, number(5)),
        tlv(0xa1, number(11)),
        tlv(0xa3, text(GENERAL, REALM)),
        tlv(0xa4, principal(1, &[C.login])),
        tlv(0xa5, tlv(0x61, group(SEQUENCE, inside))),
        tlv(0xa6, sealed()),
    ];
    tlv(0x6b, group(SEQUENCE, parts))
}

/// A message of LDAP (RFC 4511 §4.1.1).
fn asked<const N: usize>(id: u8, kind: u8, parts: [Bytes; N]) -> Bytes {
    group(SEQUENCE, [number(id), group(kind, parts)])
}

/// LDAP: both ways to bind that show a password, and a search for a person.
fn directory() -> Vec<Talk> {
    let person = format!("cn={},ou=staff,dc=cage,dc=example", C.operator);
    let octets = |value: &str| text(OCTETS, value);
    let enumerated = |code: u8| tlv(0x0a, Bytes::default().u8(code));
    let result = |id: u8, kind: u8, code: u8, words: &str| {
        asked(id, kind, [enumerated(code), octets(""), octets(&format!("{words} {}", C.login))])
    };
    let pair = |name: &str, value: &str| group(SEQUENCE, [octets(name), tlv(SET, octets(value))]);
    let base = octets(&format!("ou={},dc=cage,dc=example", C.employer));
    let filter = group(0xa3, [octets("sn"), octets(C.search)]);
    let (types, wanted) = (tlv(1, Bytes::default().u8(0)), group(SEQUENCE, [octets("mail")]));
    let parts = [base, enumerated(2), enumerated(0), number(0), number(0), types, filter, wanted];
    let search = asked(2, 0x63, parts);
    let held = [pair("sn", C.search), pair("mail", C.mail), pair("telephoneNumber", C.phone)];
    let found = asked(2, 0x64, [octets(&person), group(SEQUENCE, held)]);
    let bound = asked(1, 0x60, [number(3), octets(&person), text(0x80, C.password)]);
    let packed = group(0xa3, [octets("PLAIN"), octets(&plain())]);
    vec![
        to(389).say(bound).answer(result(1, 0x61, 0, "Welcome")).say(search).answer(found).answer(result(
            2,
            0x65,
            0,
            "Found for",
        )),
        to(389).say(asked(1, 0x60, [number(3), octets(""), packed])).answer(result(1, 0x61, 49, "No entry of")),
    ]
}

/// A message of RADIUS (RFC 2865 §3).
fn radius(code: u8, attributes: &Bytes) -> Bytes {
    Bytes::default().u8(code).u8(7).u16(length::<u16>(&attributes.0) + 20).raw([0x5a; 16]).raw(attributes)
}

fn attribute(kind: u8, value: impl AsRef<[u8]>) -> Bytes {
    Bytes::default().u8(kind).u8(length::<u8>(value.as_ref()) + 2).raw(value)
}

/// A switch asks whether it may let a user in, with a password and with EAP, and accounts for it.
fn access() -> Talk {
    let identity = Bytes::default().u8(2).u8(1).u16(length::<u16>(C.login.as_bytes()) + 5).u8(1).raw(C.login);
    let switch = attribute(4, CLIENT.ip).raw(attribute(32, "sw-7")).raw(attribute(31, "00-09-FB-0C-00-10"));
    let called = attribute(30, format!("00-1B-21-0C-00-11:{}", C.family));
    let asked = attribute(1, C.login).raw(attribute(2, C.passcode)).raw(&switch).raw(called);
    let packed = attribute(1, C.mail).raw(attribute(79, &identity)).raw(&switch);
    let accepted = attribute(1, C.login).raw(attribute(18, C.remark)).raw(attribute(25, C.operator));
    let port = attribute(61, [0, 0, 0, 15]).raw(attribute(87, format!("Room of {}", C.computer_owner)));
    let counted = attribute(1, C.login).raw(attribute(40, [0, 0, 0, 1])).raw(attribute(44, C.visit));
    let counted = counted.raw(&switch).raw(port);
    let told = attribute(18, format!("{} is unknown", C.login));
    over(1812)
        .say(radius(1, &asked))
        .answer(radius(2, &accepted))
        .say(radius(1, &packed))
        .answer(radius(3, &told))
        .say(radius(4, &counted))
        .answer(radius(5, &Bytes::default()))
}

/// A frame of RDP with its transport (RFC 1006 §6).
fn framed(inside: &Bytes) -> Bytes {
    Bytes::default().u8(3).u8(0).u16(length::<u16>(&inside.0) + 4).raw(inside)
}

/// RDP without encryption: the user in the cookie, the client's computer, then user and password (MS-RDPBCGR §2.2.1).
fn desktop() -> Talk {
    let cookie = format!("Cookie: mstshash={}\r\n", C.login);
    let asked = Bytes::default().u8(0xe0).zeros(5).raw(cookie).raw([1, 0, 8, 0]).u32le(0);
    let confirmed = Bytes::default().u8(0xd0).zeros(5).raw([2, 0, 8, 0]).u32le(0);
    let computer = utf16(&format!("{}-PC", C.computer_owner));
    let core = Bytes::default().u16le(0xc001).u16le(216).u32le(0x0008_0004).zeros(12).u32le(2600).raw(&computer);
    let core = core.zeros(32_usize.saturating_sub(computer.len())).zeros(160);
    let settings = Bytes::default().raw("Duca").raw([0x81, 0x1c]).raw(core);
    let conference = Bytes::default().raw([2, 0xf0, 0x80, 0x7f, 0x65, 0x82, 0x01, 0x58]).zeros(60).raw(settings);
    let known = Bytes::default().raw([2, 0xf0, 0x80]).raw(utf16(C.windows)).zeros(2).raw(utf16(C.password)).zeros(2);
    to(3389)
        .say(framed(&Bytes::default().short(asked)))
        .answer(framed(&Bytes::default().short(confirmed)))
        .say(framed(&conference))
        .answer(framed(&Bytes::default().raw([2, 0xf0, 0x80]).raw(C.remark)))
        .say(framed(&known))
}

/// SOCKS 5 with a password (RFC 1929), and SOCKS 4A with a user.
fn proxy() -> Vec<Talk> {
    let old = Bytes::default().raw([4, 1, 0, 80, 0, 0, 0, 1]).raw(C.login).u8(0).raw("cage.ward.example\0");
    vec![
        to(1080)
            .say([5, 1, 2])
            .answer([5, 2])
            .say(Bytes::default().u8(1).short(C.login).short(C.password))
            .answer([1, 0])
            .say(Bytes::default().raw([5, 1, 0, 3]).short("cage.ward.example").u16(443))
            .answer([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
        to(1080).say(old).answer([0, 91, 0, 0, 0, 0, 0, 0]),
    ]
}

/// rsh, rlogin and rexec.
fn remote() -> Vec<Talk> {
    vec![
        to(514).say(format!("1021\0{}\0{}\0cat {}\0", C.login, C.digest, C.file)).answer(format!("\0{}\n", C.remark)),
        to(513)
            .say(format!("\0{}\0{}\0vt100/38400\0", C.login, C.digest))
            .answer(format!("\0Welcome {}\n", C.operator)),
        to(512).say(format!("0\0{}\0{}\0cat {}\0", C.login, C.password, C.file)).answer(format!("\0{}\n", C.content)),
    ]
}
