//! QUIC on any port: which server and protocol a client asks for, and its fingerprint.
//!
//! In: datagrams. Out: the name asked for, JA4, the application protocol (`h3` is HTTP/3), and who answers; one record a
//! connection, named as in Zeek's quic.log. Only the client's Initial packets are opened, by keys that everybody has who
//! saw them; what is opened lies in lent memory. Everything behind the hello is only counted.
//! Source: RFC 9000 §17.2 (packets), §19 (frames); RFC 9001 §5 (protection); RFC 9369 (version 2); JA4 by FoxIO
//! (BSD 3-Clause).

mod keys;
mod packet;

use crate::codec::cursor::{Cursor, Short};
use crate::codec::tls_hello::Hello as ClientHello;
use crate::codec::{ja4, text};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use keys::Keys;
use packet::{Form, packets, variable};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Quic = Quic;

/// QUIC.
pub(super) struct Quic;

/// Longest client hello put together.
const LONGEST: usize = 16 * 1024;
/// Longest packet opened.
const LONGEST_PACKET: usize = 4096;
/// A client's datagrams with Initial packets are at least so long (RFC 9000 §14.1).
const SMALLEST: usize = 1200;
/// Datagrams after which what was not seen is no longer waited for.
const ENOUGH: u8 = 16;
/// Most pieces that a hello is put together of.
const PIECES: usize = 64;

const CLIENT_HELLO: u8 = 1;

static INFO: Info = Info {
    name: "quic",
    title: "QUIC",
    source: "RFC 9000 §17.2 and §19, RFC 9001 §5, RFC 9369, FoxIO JA4",
    carriers: &[Carrier::Udp],
    ports: &[443, 853],
    record: &[
        field("version", Kind::Text, Privacy::Device, "version: 1, 2, or a draft of 1"),
        field("client_initial_dcid", Kind::Text, Privacy::Device, "connection id that the client first sends to"),
        field("client_scid", Kind::Text, Privacy::Device, "connection id that the client is to be sent to"),
        field("server_name", Kind::Text, Privacy::Network, "server name the client asks for"),
        field("client_protocol", Kind::Text, Privacy::Device, "first application protocol the client offers (ALPN)"),
        field("ja4", Kind::Text, Privacy::Device, "JA4 of the client"),
    ],
    weirds: &[
        ("quic.malformed_hello", "the client hello breaks RFC 8446 §4.1"),
        ("quic.frames", "an Initial packet holds what it must not (RFC 9000 §17.2.2), or too much of it"),
    ],
    window: 24 * 1024,
};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

impl Dissector for Quic {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match packets(hello.bytes).next().filter(|_| hello.bytes.first() != Some(&0)) {
            Some(packet) if packet.form == Form::Initial && packet.to.len() >= 8 && hello.bytes.len() < SMALLEST => {
                Probe::Likely
            }
            Some(_) => Probe::Yes,
            None => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

#[derive(Default)]
struct Conversation {
    /// Who sent the hello, and the protocol it asks for.
    client: Option<(Side, String)>,
    read: u8,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        self.read = self.read.saturating_add(1);
        match &self.client {
            Some((client, protocol)) if *client != side => {
                let Some(packet) = packets(bytes).find(|packet| packet.form == Form::Handshake) else {
                    return self.wait();
                };
                // Only a server that speaks the protocol goes on with the handshake (RFC 9001 §8.1).
                say_service(Field::ServiceOffered, protocol, packet.head(), out);
                Step::Finished
            }
            Some(_) => self.wait(),
            None => self.hello(side, bytes, out),
        }
    }
}

impl Conversation {
    const fn wait(&self) -> Step {
        if self.read > ENOUGH { Step::Finished } else { Step::Take(1) }
    }

    fn hello(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let mut found = Found::Nothing;
        let collect = |room: &mut [u8]| {
            found = collect(bytes, room);
            if let Found::Whole(length) = found { length } else { 0 }
        };
        let mut protocol = None;
        out.write(LONGEST + LONGEST_PACKET, collect, |out, hello| protocol = say(hello, bytes, out));
        match (found, protocol) {
            (Found::Whole(_), Some(protocol)) => {
                self.client = Some((side, protocol));
                Step::Take(1)
            }
            (Found::Whole(_) | Found::Broken, _) => {
                let weird = if found == Found::Broken { "quic.frames" } else { "quic.malformed_hello" };
                out.weird(weird);
                Step::Finished
            }
            (Found::Part, _) if self.read <= ENOUGH => Step::Join,
            (Found::Part | Found::Nothing, _) => self.wait(),
        }
    }
}

/// What datagrams hold of a client hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// No packet could be opened.
    Nothing,
    /// Some of it.
    Part,
    /// All of it, so many bytes.
    Whole(usize),
    /// What can be none.
    Broken,
}

/// Opens the client's Initial packets in `bytes` and puts the hello together in the front of `room`.
fn collect(bytes: &[u8], room: &mut [u8]) -> Found {
    let Some((hello, room)) = room.split_at_mut_checked(LONGEST) else { return Found::Nothing };
    let mut keys: Option<(Keys, &[u8])> = None;
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    let mut is_opened = false;
    for packet in packets(bytes).filter(|packet| packet.form == Form::Initial) {
        // A server that asks again (Retry) gives the client another id, and with it other keys and a token.
        if keys.as_ref().is_none_or(|(_, to)| !packet.token.is_empty() && *to != packet.to) {
            keys = Keys::of_client(packet.version, packet.to).map(|keys| (keys, packet.to));
            pieces.clear();
        }
        let Some(plain) = keys.as_ref().and_then(|(keys, _)| keys.open(&packet, room)) else { continue };
        is_opened = true;
        if gather(plain, hello, &mut pieces).is_err() {
            return Found::Broken;
        }
    }
    if !is_opened {
        return Found::Nothing;
    }
    pieces.sort_unstable();
    let held = pieces.iter().fold(0, |end, (from, to)| if *from <= end { end.max(*to) } else { end });
    let mut head = Cursor::new(hello.get(..held).unwrap_or_default());
    let (Ok(kind), Ok(length)) = (head.u8(), head.u24()) else { return Found::Part };
    let whole = usize::try_from(length).map_or(usize::MAX, |length| length.saturating_add(4));
    match kind {
        CLIENT_HELLO if whole <= held => Found::Whole(whole),
        CLIENT_HELLO if whole <= LONGEST => Found::Part,
        _ => Found::Broken,
    }
}

/// Copies what the CRYPTO frames of an Initial packet carry to its places in `hello`. Errors: [`Short`] when a frame is
/// cut, is none of those that such packets hold, or lies beyond the room.
fn gather(plain: &[u8], hello: &mut [u8], pieces: &mut Vec<(usize, usize)>) -> Result<(), Short> {
    let mut cursor = Cursor::new(plain);
    while !cursor.is_empty() {
        match cursor.u8()? {
            // PADDING, PING.
            0 | 1 => {}
            kind @ (2 | 3) => {
                let (_largest, _delay) = (variable(&mut cursor)?, variable(&mut cursor)?);
                let (ranges, _first) = (variable(&mut cursor)?, variable(&mut cursor)?);
                let counts = if kind == 3 { 3 } else { 0 };
                for _ in 0..ranges.saturating_mul(2).saturating_add(counts) {
                    variable(&mut cursor)?;
                }
            }
            6 => {
                let at = usize::try_from(variable(&mut cursor)?).map_err(|_| Short)?;
                let length = usize::try_from(variable(&mut cursor)?).map_err(|_| Short)?;
                let content = cursor.take(length)?;
                let to = at.checked_add(length).ok_or(Short)?;
                hello.get_mut(at..to).ok_or(Short)?.copy_from_slice(content);
                if pieces.len() >= PIECES {
                    return Err(Short);
                }
                pieces.push((at, to));
            }
            // CONNECTION_CLOSE: nothing that matters stands behind it.
            0x1c | 0x1d => return Ok(()),
            _ => return Err(Short),
        }
    }
    Ok(())
}

/// Says what a whole client hello tells, and gives the protocol it asks for. `None` when it is malformed.
fn say(hello: &[u8], bytes: &[u8], out: &mut Output<'_>) -> Option<String> {
    let hello = ClientHello::client(hello.get(4..)?).ok()?;
    let packet = packets(bytes).find(|packet| packet.form == Form::Initial)?;
    let raw = packet.head();
    let name = text::clean(hello.server_name.unwrap_or_default());
    let masked = out.masked(&name).into_owned();
    out.fact(About::Sender, Field::TlsServerName, &masked, raw);
    let ja4 = ja4::fingerprint('q', &hello);
    out.fact(About::Sender, Field::Ja4, &ja4, raw);
    out.fact(About::Sender, Field::TlsVersion, "1.3", raw);
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/');
    let is_name = hello.protocol.len() <= 16 && hello.protocol.iter().all(is_plain);
    let protocol = if is_name { text::clean(hello.protocol).into_owned() } else { String::new() };
    say_service(Field::ServiceSought, &protocol, raw, out);
    out.record(|row| {
        row.text("version", packet.version.name());
        row.text("client_initial_dcid", text::hex(packet.to));
        row.text("client_scid", text::hex(packet.from));
        row.asked("server_name", &*name);
        row.text("client_protocol", &protocol);
        row.text("ja4", &ja4);
    });
    Some(protocol)
}

/// Says that the sender looks for or offers an application protocol, when it is a plain name.
fn say_service(field: Field, protocol: &str, raw: &[u8], out: &mut Output<'_>) {
    if !protocol.is_empty() {
        out.fact(About::Sender, field, &format!("quic:{protocol}"), raw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_is_put_together_in_any_order_and_within_its_room() {
        let mut room = [0; 16];
        let mut pieces = Vec::new();
        let frames = crate::trial::bytes("06 04 03 \"efg\" 01 00 02 05 00 00 01 06 00 04 \"abcd\" 00");
        assert_eq!(gather(&frames, &mut room, &mut pieces), Ok(()));
        assert_eq!((&room[..7], &pieces[..]), (&b"abcdefg"[..], &[(4, 7), (0, 4)][..]));
        for broken in ["06 0f 02 0000", "06 00 05 00", "08 00", "06"] {
            assert_eq!(gather(&crate::trial::bytes(broken), &mut room, &mut pieces), Err(Short), "{broken}");
        }
    }
}
