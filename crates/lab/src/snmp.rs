//! SNMP messages (RFC 3416, RFC 1157, RFC 3412) in BER (X.690).

use crate::bytes::Bytes;

/// Objects of the system group (RFC 3418 §2), by their last number.
pub(crate) mod system {
    pub(crate) const DESCRIPTION: u8 = 1;
    pub(crate) const CONTACT: u8 = 4;
    pub(crate) const NAME: u8 = 5;
    pub(crate) const LOCATION: u8 = 6;
}

/// What a message does: its PDU tag.
pub(crate) const GET: u8 = 0xa0;
pub(crate) const RESPONSE: u8 = 0xa2;
pub(crate) const SET: u8 = 0xa3;
pub(crate) const TRAP: u8 = 0xa7;

/// A message of `version` (0 for 1, 1 for 2c) with objects of the system group; a value of `None` is asked for.
pub(crate) fn message(version: u8, community: &str, kind: u8, objects: &[(u8, Option<&str>)]) -> Bytes {
    let body = integer(version).raw(octets(community)).raw(pdu(kind, objects));
    tlv(0x30, body)
}

/// A version 3 message of user `user`, without privacy.
pub(crate) fn message3(user: &str, kind: u8, objects: &[(u8, Option<&str>)]) -> Bytes {
    let engine = [0x80, 0x00, 0x1f, 0x88, 0x80, 0x5a, 0x5a, 0x12, 0x34];
    let header =
        integer(9).raw(tlv(2, Bytes::default().u16(0x5ff))).raw(tlv(4, Bytes::default().u8(4))).raw(integer(3));
    let security = tlv(4, Bytes::default().raw(engine)).raw(integer(1)).raw(integer(2)).raw(octets(user));
    let security = tlv(0x30, security.raw(octets("")).raw(octets("")));
    let scoped = tlv(4, Bytes::default().raw(engine)).raw(octets("")).raw(pdu(kind, objects));
    tlv(0x30, integer(3).raw(tlv(0x30, header)).raw(tlv(4, security)).raw(tlv(0x30, scoped)))
}

/// A version 1 trap (RFC 1157 §4.1.6) that carries `text`.
pub(crate) fn trap1(community: &str, agent: [u8; 4], text: &str) -> Bytes {
    let enterprise = tlv(6, Bytes::default().raw([0x2b, 6, 1, 4, 1, 0x82, 0x37]));
    let fixed = enterprise.raw(tlv(0x40, Bytes::default().raw(agent))).raw(integer(6)).raw(integer(1));
    let binds = tlv(0x30, bind(system::CONTACT, Some(text)));
    let trap = tlv(0xa4, fixed.raw(tlv(0x43, Bytes::default().u8(9))).raw(tlv(0x30, binds)));
    tlv(0x30, integer(0).raw(octets(community)).raw(trap))
}

fn pdu(kind: u8, objects: &[(u8, Option<&str>)]) -> Bytes {
    let binds = objects.iter().fold(Bytes::default(), |all, (last, value)| all.raw(tlv(0x30, bind(*last, *value))));
    tlv(kind, integer(77).raw(integer(0)).raw(integer(0)).raw(tlv(0x30, binds)))
}

fn bind(last: u8, value: Option<&str>) -> Bytes {
    let object = tlv(6, Bytes::default().raw([0x2b, 6, 1, 2, 1, 1, last, 0]));
    object.raw(value.map_or_else(|| tlv(5, Bytes::default()), octets))
}

fn octets(text: &str) -> Bytes {
    tlv(4, Bytes::default().raw(text))
}

fn integer(number: u8) -> Bytes {
    tlv(2, Bytes::default().u8(number))
}

/// A BER element (X.690 §8.1), its length in the fewest bytes, so that it is DER too.
pub(crate) fn tlv(kind: u8, value: Bytes) -> Bytes {
    let head = Bytes::default().u8(kind);
    match u8::try_from(value.0.len()) {
        Ok(short) if short < 0x80 => head.u8(short).raw(value),
        Ok(short) => head.u8(0x81).u8(short).raw(value),
        Err(_) => head.u8(0x82).long(value),
    }
}
