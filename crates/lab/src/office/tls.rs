//! TLS 1.2 handshakes up to the server's certificate (RFC 5246 §7.4) and such certificates (RFC 5280 §4.1).

use crate::bytes::{Bytes, length};
use crate::snmp::tlv;

/// Names in a certificate: attribute (last number below 2.5.4) and value.
pub(crate) type Names<'a> = &'a [(u8, &'a str)];

pub(crate) const COMMON_NAME: u8 = 3;
pub(crate) const COUNTRY: u8 = 6;
pub(crate) const ORGANISATION: u8 = 10;

/// A client hello for the server called `name`.
pub(crate) fn client_hello(name: &str) -> Bytes {
    client_hello_of(name, &[0xc02c, 0xc02b, 0xc030, 0xc02f, 0x009d, 0x009c, 0x0035, 0x002f])
}

/// The same by a client with these ciphers.
pub(crate) fn client_hello_of(name: &str, ciphers: &[u16]) -> Bytes {
    let host = Bytes::default().long(Bytes::default().u8(0).long(name));
    let groups = Bytes::default().long(Bytes::default().u16(29).u16(23).u16(24));
    let signatures = Bytes::default().long(Bytes::default().u16(0x0403).u16(0x0804).u16(0x0401).u16(0x0601));
    let protocols = Bytes::default().long(Bytes::default().short("http/1.1"));
    let extensions = extension(0, host).raw(extension(10, groups)).raw(extension(11, Bytes::default().u8(1).u8(0)));
    let extensions = extensions.raw(extension(13, signatures)).raw(extension(16, protocols));
    let ciphers = ciphers.iter().copied().fold(Bytes::default(), Bytes::u16);
    let body = Bytes::default().u16(0x0303).raw([0xc1; 32]).u8(0).long(ciphers).u8(1).u8(0).long(extensions);
    record(22, handshake(1, body))
}

/// The server's answer with its `certificate`, up to its hello-done.
pub(crate) fn server_hello(certificate: Bytes) -> Bytes {
    let extensions = extension(0xff01, Bytes::default().u8(0)).raw(extension(11, Bytes::default().u8(1).u8(0)));
    let hello = Bytes::default().u16(0x0303).raw([0x5e; 32]).short([0x1d; 32]).u16(0xc02f).u8(0).long(extensions);
    let key = Bytes::default().u8(3).u16(29).short([0x4b; 32]).u16(0x0401).long([0x51; 256]);
    record(
        22,
        handshake(2, hello)
            .raw(handshake(11, three(three(certificate))))
            .raw(handshake(12, key))
            .raw(handshake(14, Bytes::default())),
    )
}

/// A client's own certificate, key and the change to ciphers.
pub(crate) fn client_certificate(certificate: Bytes) -> Bytes {
    let own = record(22, handshake(11, three(three(certificate))));
    own.raw(client_finished())
}

/// A client's key and the change to ciphers, with what is unreadable behind it.
pub(crate) fn client_finished() -> Bytes {
    let key = record(22, handshake(16, Bytes::default().short([0x4c; 32])));
    key.raw(finished())
}

/// The change to ciphers, with what is unreadable behind it.
pub(crate) fn finished() -> Bytes {
    record(20, Bytes::default().u8(1)).raw(record(22, Bytes::default().raw([0xe7; 40])))
}

/// Application data, unreadable.
pub(crate) fn sealed(count: usize) -> Bytes {
    record(23, Bytes::default().raw(vec![0x9d; count]))
}

/// A certificate by `issuer` for `subject`, who is also called `names`: mail addresses or names in DNS. The signature is made up.
pub(crate) fn certificate(issuer: Names<'_>, subject: Names<'_>, names: &[&str]) -> Bytes {
    let algorithm = || sequence(oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]).raw([5, 0]));
    let modulus = tlv(2, Bytes::default().u8(0).raw([0xb7; 256]));
    let key = Bytes::default().u8(0).raw(sequence(modulus.raw(tlv(2, Bytes::default().raw([1, 0, 1])))));
    let kind = sequence(oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]).raw([5, 0]));
    let time = |text: &str| tlv(0x17, Bytes::default().raw(text));
    let alternatives = names.iter().fold(Bytes::default(), |all, name| {
        all.raw(tlv(if name.contains('@') { 0x81 } else { 0x82 }, Bytes::default().raw(name)))
    });
    let alternative = sequence(oid(&[0x55, 0x1d, 0x11]).raw(tlv(4, sequence(alternatives))));
    let body = tlv(0xa0, tlv(2, Bytes::default().u8(2))).raw(tlv(2, Bytes::default().u32(0x1357_9bdf)));
    let body = body.raw(algorithm()).raw(distinguished(issuer));
    let body = body.raw(sequence(time("230101000000Z").raw(time("330101000000Z")))).raw(distinguished(subject));
    let body = body.raw(sequence(kind.raw(tlv(3, key)))).raw(tlv(0xa3, sequence(alternative)));
    sequence(sequence(body).raw(algorithm()).raw(tlv(3, Bytes::default().u8(0).raw([0x3c; 256]))))
}

fn distinguished(names: Names<'_>) -> Bytes {
    sequence(names.iter().fold(Bytes::default(), |all, (attribute, value)| {
        let text = tlv(if *attribute == COUNTRY { 0x13 } else { 0x0c }, Bytes::default().raw(value));
        all.raw(tlv(0x31, sequence(oid(&[0x55, 4, *attribute]).raw(text))))
    }))
}

fn oid(bytes: &[u8]) -> Bytes {
    tlv(6, Bytes::default().raw(bytes))
}

fn sequence(body: Bytes) -> Bytes {
    tlv(0x30, body)
}

fn extension(kind: u16, body: Bytes) -> Bytes {
    Bytes::default().u16(kind).long(body)
}

fn handshake(kind: u8, body: Bytes) -> Bytes {
    Bytes::default().u8(kind).raw(three(body))
}

fn three(body: Bytes) -> Bytes {
    let [_, a, b, c] = length::<u32>(&body.0).to_be_bytes();
    Bytes::default().raw([a, b, c]).raw(body)
}

fn record(kind: u8, body: Bytes) -> Bytes {
    Bytes::default().u8(kind).u16(0x0303).long(body)
}
