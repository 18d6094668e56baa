//! OpenVPN: who opens a way into or out of a network, and how the way's set-up is protected.
//!
//! In: datagrams, or a stream, up to the server's answer. Out: roles of both ends; one record. Session identifiers and what is
//! encrypted are passed over.
//!
//! Source: OpenVPN wire protocol (draft-openvpn-wire-protocol §3); tls-crypt-v2 of the OpenVPN project's documents.

use crate::Output;
use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, say_service};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use wardlight_model::{Kind, Side, Transport};

pub(super) const ENTRY: OpenVpn = OpenVpn;

/// OpenVPN.
pub(super) struct OpenVpn;

static INFO: Info = Info {
    name: "openvpn",
    title: "OpenVPN",
    source: "draft-openvpn-wire-protocol §3",
    carriers: &[Carrier::Udp, Carrier::Tcp],
    ports: &[1194],
    record: &[
        device("opcode", Kind::Text, "message that began it: `client-reset-v1`, `-v2`, `-v3`, or the server's"),
        device("protection", Kind::Text, "of the set-up: `none`, `tls-auth` or `tls-crypt`"),
        device("is_answered", Kind::Flag, "whether a server answered"),
    ],
    weirds: &[],
    window: 2048,
};

/// Datagrams after which an answer is no longer waited for.
const ENOUGH: u8 = 8;

impl Dissector for OpenVpn {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        if Reset::read(hello.bytes).is_some() {
            return Probe::Yes;
        }
        // In a stream the length stands in front.
        match hello.bytes {
            [high, low, rest @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                match rest.first() {
                    Some(0x38 | 0x40 | 0x50) | None if (14..=1500).contains(&length) => match rest.get(..length) {
                        Some(message) if Reset::read(message).is_some() => Probe::Yes,
                        Some(_) => Probe::No,
                        None => Probe::More,
                    },
                    _ => Probe::No,
                }
            }
            _ => Probe::More,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

#[derive(Default)]
struct Conversation {
    begun: Option<Reset>,
    read: u8,
    is_answered: bool,
    is_recorded: bool,
}

impl Parser for Conversation {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_stream = out.context().flow.is_some_and(|(_, key)| key.transport == Transport::TCP);
        let (message, length) = match bytes {
            [high, low, rest @ ..] if is_stream => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let Some(message) = rest.get(..length) else { return Step::Take(0) };
                (message, length + 2)
            }
            _ if is_stream => return Step::Take(0),
            whole => (whole, whole.len()),
        };
        if let Some(reset) = Reset::read(message) {
            self.is_answered |= reset.is_server;
            say_service(reset.is_server, "_openvpn._udp", message.get(..1).unwrap_or_default(), out);
            self.begun = self.begun.or(Some(reset));
        }
        self.read += 1;
        if self.is_answered || self.read >= ENOUGH {
            self.record(out);
            return Step::Finished;
        }
        Step::Take(length)
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.record(out);
    }
}

impl Conversation {
    fn record(&mut self, out: &mut Output<'_>) {
        let Some(reset) = self.begun.filter(|_| !std::mem::replace(&mut self.is_recorded, true)) else { return };
        out.record(|row| {
            row.text("opcode", reset.opcode);
            row.text("protection", reset.protection);
            row.flag("is_answered", self.is_answered);
        });
    }
}

/// A message that begins a session.
#[derive(Debug, Clone, Copy)]
struct Reset {
    opcode: &'static str,
    protection: &'static str,
    is_server: bool,
}

impl Reset {
    /// The message that all of `bytes` are; `None` when they are none, or cut.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        // Key 0, opcode in the upper five bits.
        let (opcode, is_server) = match cursor.u8().ok()? {
            0x08 => ("client-reset-v1", false),
            0x10 => ("server-reset-v1", true),
            0x38 => ("client-reset-v2", false),
            0x40 => ("server-reset-v2", true),
            0x50 => ("client-reset-v3", false),
            _ => return None,
        };
        cursor.skip(8).ok()?;
        let protection = if opcode == "client-reset-v3" {
            // Behind it stands the client's key, wrapped; its length are the last two bytes.
            let wrapped = bytes.last_chunk::<2>().map(|last| usize::from(u16::from_be_bytes(*last)))?;
            let fits = is_first(&mut cursor) && (200..bytes.len()).contains(&wrapped);
            fits.then_some("tls-crypt")?
        } else if is_bare(cursor, is_server) == Ok(true) {
            "none"
        } else {
            // A digest of 16 to 64 bytes, then the number of the packet and the time.
            let is_signed = |digest: &usize| {
                let mut cursor = cursor;
                cursor.skip(*digest).is_ok() && is_first(&mut cursor) && is_bare(cursor, is_server) == Ok(true)
            };
            // The number and the time, a digest of 32 bytes, then what is encrypted.
            let mut crypted = cursor;
            let is_crypted = is_first(&mut crypted) && matches!(crypted.left(), 37..=128);
            match [16, 20, 28, 32, 48, 64].iter().any(is_signed) {
                true => "tls-auth",
                false if is_crypted => "tls-crypt",
                false => return None,
            }
        };
        Some(Self { opcode, protection, is_server })
    }
}

/// Whether the rest are acknowledgements and the number 0 of the message: a client has none, a server one.
fn is_bare(mut cursor: Cursor<'_>, is_server: bool) -> Result<bool, Short> {
    let count = cursor.u8()?;
    if count > 0 {
        cursor.skip(usize::from(count) * 4 + 8)?;
    }
    Ok(cursor.u32()? == 0 && cursor.is_empty() && count <= u8::from(is_server) * 4)
}

/// Whether a number of a packet, one of the first, and a time from 2001 on come next; they are taken.
fn is_first(cursor: &mut Cursor<'_>) -> bool {
    // The upper half may mark an early negotiation.
    let is_early = |number: u32| matches!((number >> 16, number & 0xffff), (0 | 0x0a01 | 0x0f00, 1..=16));
    cursor.u32().is_ok_and(is_early) && matches!(cursor.u32(), Ok(0x3a4f_c880..=0x7fff_ffff))
}
