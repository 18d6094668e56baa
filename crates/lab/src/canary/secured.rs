//! What stands open where the rest is encrypted, with canaries: TLS, DTLS, QUIC and its forerunner.
//!
//! In: the canaries. Out: conversations in which servers and computers are called after people, certificates are
//! people's, and users name themselves before there are keys.

use super::words::CANARIES as C;
use crate::bytes::{Bytes, length};
use crate::office::tls::{self, COMMON_NAME, ORGANISATION};
use crate::talk::Talk;
use crate::wire::Station;

const CLIENT: Station = Station::new([0x98, 0xe7, 0x43, 0x0c, 0x00, 0x50], 176, "cage-browser").windows();
const OWNED: Station = Station::new([0x98, 0xe7, 0x43, 0x0c, 0x00, 0x51], 177, "Birkenzeisig-PC").windows();

/// A client's first datagram of QUIC, hexadecimal: it asks for `Birkenzeisig-PC.ward.example`, and its token, which is
/// open, is a log-in name. Sealed with the keys of RFC 9001 §5.2 for the connection `8394c8f03e515708`.
const INITIAL: &str = include_str!("secured/initial.txt");

pub(super) fn talks() -> Vec<Talk> {
    vec![handshake(), keys(), datagrams(), quick(), early()]
}

fn host() -> String {
    format!("{}-PC.ward.example", C.computer_owner)
}

fn three(body: impl AsRef<[u8]>) -> Bytes {
    let [_, a, b, c] = length::<u32>(body.as_ref()).to_be_bytes();
    Bytes::default().raw([a, b, c]).raw(body)
}

fn extension(kind: u16, body: Bytes) -> Bytes {
    Bytes::default().u16(kind).long(body)
}

/// Extensions of a client that asks for `name`, and names its user (RFC 6066 §3, RFC 5054 §2.8.1).
fn extensions(name: &str) -> Bytes {
    let server = extension(0, Bytes::default().long(Bytes::default().u8(0).long(name)));
    let user = extension(12, Bytes::default().short(C.login));
    let ticket = extension(35, Bytes::default().raw(C.key));
    Bytes::default().long(server.raw(user).raw(extension(10, Bytes::default().long([0, 29]))).raw(ticket))
}

/// The hello of such a client, as a record of TLS 1.2.
pub(super) fn personal(name: &str) -> Bytes {
    let hello = Bytes::default().u16(0x0303).raw([0xc1; 32]).u8(0).long([0xc0, 0x2f, 0xc0, 0x20]).raw([1, 0]);
    record(22, &Bytes::default().u8(1).raw(three(hello.raw(extensions(name)))))
}

fn record(kind: u8, body: &Bytes) -> Bytes {
    Bytes::default().u8(kind).u16(0x0303).long(body)
}

/// A certificate of a computer that is called after its owner, by an authority that is too.
fn certificate() -> Bytes {
    let authority = format!("{} Home CA", C.operator);
    let host = host();
    let issuer = [(ORGANISATION, C.employer), (COMMON_NAME, authority.as_str())];
    tls::certificate(&issuer, &[(COMMON_NAME, host.as_str())], &[&host, C.mail])
}

fn owned(port: u16) -> Talk {
    Talk::stream((CLIENT, 0), (OWNED, port))
}

/// TLS with a computer that is called after its owner.
fn handshake() -> Talk {
    let sealed = tls::client_finished();
    owned(443).say(personal(&host())).answer(tls::server_hello(certificate())).say(sealed).answer(tls::finished())
}

/// TLS with keys that both ends know: the hint and the identity are names (RFC 4279 §2).
fn keys() -> Talk {
    let message = |kind: u8, body: Bytes| record(22, &Bytes::default().u8(kind).raw(three(body)));
    let hello = Bytes::default().u16(0x0303).raw([0x5e; 32]).u8(0).u16(0xa8).u8(0).u16(0);
    let hint = Bytes::default().long(C.employer);
    let known = Bytes::default().long(C.mail);
    let told = message(2, hello).raw(message(12, hint)).raw(message(14, Bytes::default()));
    owned(8883).say(personal(&host())).answer(told).say(message(16, known).raw(tls::finished())).answer(tls::finished())
}

/// A message of DTLS 1.2, one to a record (RFC 6347 §4.1, §4.2.2).
fn flight(number: u8, kind: u8, body: &Bytes) -> Bytes {
    let whole = three(body);
    let size = whole.0.get(..3).unwrap_or_default();
    let fragment = Bytes::default().u8(kind).raw(size).u16(u16::from(number)).zeros(3).raw(&whole);
    Bytes::default().u8(22).u16(0xfefd).zeros(7).u8(number).long(fragment)
}

/// DTLS: the same by datagrams, with certificates of both ends and the identity of a key.
fn datagrams() -> Talk {
    let hello = Bytes::default().u16(0xfefd).raw([0xc1; 32]).zeros(2).long([0xc0, 0x2f, 0, 0xa8]).raw([1, 0]);
    let hello = hello.raw(extensions(&host()));
    let answer = Bytes::default().u16(0xfefd).raw([0x5e; 32]).u8(0).u16(0xc02f).u8(0).u16(0);
    let chain = |certificate: Bytes| three(three(certificate));
    let owner = [(ORGANISATION, C.employer), (COMMON_NAME, C.operator)];
    let own = tls::certificate(&[(COMMON_NAME, "Cage CA")], &owner, &[C.mail]);
    Talk::datagrams((CLIENT, 0), (OWNED, 4433))
        .say(flight(0, 1, &hello))
        .answer(flight(0, 2, &answer).raw(flight(1, 11, &chain(certificate()))))
        .answer(flight(2, 12, &Bytes::default().long(C.employer)).raw(flight(3, 14, &Bytes::default())))
        .say(flight(1, 11, &chain(own)))
        .say(flight(2, 16, &Bytes::default().long(C.mail)))
}

/// QUIC: what the first datagram asks for is sealed with keys that everybody has.
fn quick() -> Talk {
    let digits: Vec<u8> = INITIAL.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let initial: Vec<u8> = digits.chunks(2).filter_map(pair).collect();
    let answer = Bytes::default().raw([0xe0, 0, 0, 0, 1, 0, 8]).raw([0x53; 8]).raw([0x40, 0x40]).raw([0x9d; 64]);
    Talk::datagrams((CLIENT, 0), (OWNED, 443)).say(initial).answer(answer)
}

/// Google QUIC: its hello is open, with names of server, user and program.
fn early() -> Talk {
    let begin = || Bytes::default().u8(9).raw([1, 2, 3, 4, 5, 6, 7, 8]).raw("Q043").u8(1).zeros(12);
    let hello = begin().raw(format!("CHLO\u{3}\0\0\0SNI\0UAID{}{} of {}", host(), C.login, C.operator));
    let answer = Bytes::default().u8(0x0c).raw([1, 2, 3, 4, 5, 6, 7, 8]).u8(1).raw(format!("SHLO{}", C.key));
    Talk::datagrams((CLIENT, 0), (OWNED, 443)).say(hello).answer(answer)
}
