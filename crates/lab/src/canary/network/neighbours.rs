//! Who is near and who can be reached: NetBIOS datagrams, folders in common, ways through walls.
//!
//! In: the canaries. Out: announcements and requests with them as names of computers, users, realms and notes.

use super::{C, OWNED, SERVER, over};
use crate::bytes::{Bytes, length, utf16};
use crate::talk::Talk;

pub(super) fn talks() -> Vec<Talk> {
    vec![browser(), folders(), walls(), peers()]
}

/// A name of NetBIOS with its suffix, each half byte a letter (RFC 1001 §14.1).
fn netbios(name: &str, suffix: u8) -> Bytes {
    let padded = Bytes::default().padded(&name.to_ascii_uppercase(), 15, b' ').u8(suffix);
    let letters: Vec<u8> = padded.0.iter().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)]).collect();
    Bytes::default().short(letters).u8(0)
}

/// What is written to a mailslot, in a datagram from `source` to `target` (RFC 1002 §4.4.2, MS-MAIL §2.2.1).
fn mailslot((source, suffix): (&str, u8), target: &Bytes, slot: &str, message: &Bytes) -> Bytes {
    let size = length::<u16>(&message.0);
    let words = Bytes::default().u16le(0).u16le(size).zeros(18).u16le(size).u16le(0x56).u16le(3).u16le(1).u16le(0);
    let content = Bytes::default().raw(format!("\\MAILSLOT\\{slot}\0")).raw(message);
    let block = Bytes::default().raw(b"\xffSMB\x25").zeros(27).u8(17).raw(words).u16le(2);
    let block = block.u16le(length(&content.0)).raw(content);
    let inside = netbios(source, suffix).raw(target).raw(block);
    let head = Bytes::default().raw([0x11, 0x0a]).u16(7).raw(OWNED.ip).u16(138);
    head.u16(length(&inside.0)).u16(0).raw(inside)
}

/// Windows announces a computer and its comment; a user gets a message, another logs in (MS-BRWS §2.2, MS-ADTS §6.3).
fn browser() -> Talk {
    let own = format!("{}-PC", C.computer_owner);
    let group = netbios("WARD", 0x1d);
    let announced = Bytes::default().raw([1, 0, 0x80, 0xfc, 0x0a, 0]).padded(&own, 16, 0).raw([6, 1]).u32le(0x1003);
    let announced = announced.raw([0x0f, 1, 0x55, 0xaa]).raw(format!("PC of {} {}\0", C.operator, C.phone));
    let asked = Bytes::default().raw([2, 0]).raw(format!("{own}\0"));
    let message = Bytes::default().raw(format!("{}\0{}\0{}\0", C.login, C.windows, C.remark));
    let log_in = Bytes::default().raw([0x12, 0, 0, 0]).raw(utf16(&format!("{own}\0{}\0", C.windows)));
    let user = || netbios(C.netbios, 3);
    over(OWNED, SERVER, 138)
        .say(mailslot((&own, 0), &group, "BROWSE", &announced))
        .say(mailslot((&own, 0), &group, "BROWSE", &asked))
        .say(mailslot((C.netbios, 3), &user(), "MESSNGR", &message))
        .say(mailslot((&own, 0), &netbios("WARD", 0x1c), "NET\\NTLOGON", &log_in))
}

/// Dropbox names computer and user beside the numbers of its folders.
fn folders() -> Talk {
    let told = format!(
        "{{\"host_int\": 123456789012345, \"version\": [2, 0], \"displayname\": \"{}-PC\", \"user\": \"{}\", \"port\": 17500, \
         \"namespaces\": [1111111, \"{}\"]}}",
        C.computer_owner, C.mail, C.share
    );
    over(OWNED, SERVER, 17_500).say(told)
}

/// STUN and TURN: users, realms and products with their makers, then what is relayed (RFC 8489 §14, RFC 8656 §18).
fn walls() -> Talk {
    let attribute = |kind: u16, value: &str| {
        let padding = value.len().wrapping_neg() % 4;
        Bytes::default().u16(kind).long(value).zeros(padding)
    };
    let message = |kind: u16, body: Bytes| {
        Bytes::default().u16(kind).u16(length(&body.0)).u32(0x2112_a442).raw([0x0c; 12]).raw(body)
    };
    let realm = || attribute(0x14, C.employer).raw(attribute(0x15, C.key));
    let refused = format!("\0\0\u{4}\u{1}{} unknown", C.login);
    over(OWNED, SERVER, 3478)
        .say(message(1, attribute(0x8022, &format!("Cage Phone of {}", C.operator))))
        .answer(message(0x101, attribute(0x8022, &format!("Coturn-4.5.2 '{}'", C.contact))))
        .say(message(3, attribute(6, C.login)))
        .answer(message(0x113, attribute(9, &refused).raw(realm())))
        .say(message(3, attribute(6, C.mail).raw(realm()).raw(attribute(0x8003, C.digest))))
        .say(message(0x16, attribute(0x13, C.remark)))
}

/// Nodes of Ethereum: records that they tell of themselves may hold any words (EIP-778, Node Discovery Protocol v4).
fn peers() -> Talk {
    let message = |kind: u8, content: Bytes| {
        let head = Bytes::default().raw([0xaa; 32]).raw([0xbb; 64]).raw([0, kind, 0xf8]);
        head.short(content)
    };
    let word = |text: &str| Bytes::default().u8(0x80 | length::<u8>(text.as_bytes())).raw(text);
    let pairs = word("name").raw(word(C.login)).raw(word("owner")).raw(word(C.operator)).raw(word(C.mail));
    let record = Bytes::default().raw([0xa0]).raw([0xcc; 32]).u8(0xf8).short(pairs);
    let asked = Bytes::default().u8(0x84).u32(0x6500_0000).raw(word(C.remark));
    over(OWNED, SERVER, 30_303).say(message(5, asked)).answer(message(6, record))
}
