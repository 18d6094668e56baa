//! NTLMSSP messages (MS-NLMP §2.2.1) as they stand in SPNEGO tokens (RFC 4178 §4.2).

use crate::bytes::{Bytes, length, utf16};
use crate::snmp::tlv;

/// Windows 10 build 19045, as MS-NLMP §2.2.2.10 writes it.
const VERSION: [u8; 8] = [10, 0, 0x65, 0x4a, 0, 0, 0, 15];

/// NEGOTIATE_MESSAGE in a NegTokenInit.
pub(crate) fn negotiate() -> Bytes {
    let message = head(1).u32le(0xe208_8297).zeros(16).raw(VERSION);
    let mechanism = tlv(0xa0, tlv(0x30, tlv(6, Bytes::default().raw([0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10]))));
    let token = tlv(0xa2, tlv(4, message));
    let inner = tlv(0xa0, tlv(0x30, mechanism.raw(token)));
    tlv(0x60, tlv(6, Bytes::default().raw([0x2b, 6, 1, 5, 5, 2])).raw(inner))
}

/// CHALLENGE_MESSAGE of a server called `name` in `domain`, in a NegTokenResp.
pub(crate) fn challenge(name: &str, domain: &str) -> Bytes {
    let pair = |id: u16, text: &str| Bytes::default().u16le(id).raw(short(&utf16(text))).raw(utf16(text));
    let lower = name.to_lowercase();
    let names = pair(2, domain).raw(pair(1, name)).raw(pair(4, "ward.example"));
    let names = names.raw(pair(3, &format!("{lower}.ward.example"))).u32le(0);
    let target = utf16(domain);
    let fixed = 56u32;
    let after = fixed + length::<u32>(&target);
    let message = head(2).raw(field(&target, fixed)).u32le(0xe289_8215).raw(*b"\x01\x23\x45\x67\x89\xab\xcd\xef");
    let message = message.zeros(8).raw(field(&names.0, after)).raw(VERSION).raw(target).raw(names);
    response(message)
}

/// AUTHENTICATE_MESSAGE of `user` at `station`, in a NegTokenResp.
pub(crate) fn authenticate(user: &str, domain: &str, station: &str) -> Bytes {
    let values = [vec![0x5a; 24], vec![0xa5; 24], utf16(domain), utf16(user), utf16(station), Vec::new()];
    let mut at = 72u32;
    let mut fields = Bytes::default();
    for value in &values {
        fields = fields.raw(field(value, at));
        at += length::<u32>(value);
    }
    let message = head(3).raw(fields).u32le(0xe288_8215).raw(VERSION);
    response(values.iter().fold(message, Bytes::raw))
}

fn head(kind: u32) -> Bytes {
    Bytes::default().raw(b"NTLMSSP\0").u32le(kind)
}

fn field(value: &[u8], at: u32) -> Bytes {
    Bytes::default().raw(short(value)).raw(short(value)).u32le(at)
}

fn short(value: &[u8]) -> [u8; 2] {
    length::<u16>(value).to_le_bytes()
}

fn response(message: Bytes) -> Bytes {
    tlv(0xa1, tlv(0x30, tlv(0xa0, tlv(10, Bytes::default().u8(1))).raw(tlv(0xa2, tlv(4, message)))))
}
