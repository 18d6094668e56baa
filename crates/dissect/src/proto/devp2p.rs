//! Ethereum's peer-to-peer network: devices that take part in it, such as those that mine.
//!
//! In: datagrams of node discovery, and the first message of a connection between nodes. Out: that both ends take part; one
//! record a message. Keys, addresses of other nodes and what is encrypted are passed over.
//!
//! Source: Ethereum devp2p specifications: Node Discovery Protocol v4; RLPx (EIP-8 handshake); RLP.

use crate::Output;
use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, say_service};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use wardlight_model::{Kind, Side, Transport};

pub(super) const ENTRY: Devp2p = Devp2p;

/// Ethereum's peer-to-peer network.
pub(super) struct Devp2p;

static INFO: Info = Info {
    name: "devp2p",
    title: "Ethereum peer-to-peer network",
    source: "Ethereum devp2p: Node Discovery Protocol v4, RLPx (EIP-8)",
    carriers: &[Carrier::Udp, Carrier::Tcp],
    ports: &[30_303],
    record: &[device(
        "message",
        Kind::Text,
        "`ping`, `pong`, `find-node`, `neighbors`, `enr-request`, `enr-response`, `auth`",
    )],
    weirds: &[],
    window: 1024,
};

const MESSAGES: [&str; 6] = ["ping", "pong", "find-node", "neighbors", "enr-request", "enr-response"];
/// Sizes of a handshake with its padding of 100 to 300 bytes (EIP-8): ECIES adds 113 bytes.
const HANDSHAKE: std::ops::RangeInclusive<usize> = 280..=760;

impl Dissector for Devp2p {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        if discovery(hello.bytes).is_ok_and(|message| message.is_some()) {
            return Probe::Yes;
        }
        match handshake(hello.bytes) {
            _ if hello.side == Side::Responder => Probe::No,
            Ok(true) => Probe::Yes,
            Ok(false) => Probe::No,
            Err(Short) => Probe::More,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Devp2p {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_stream = out.context().flow.is_some_and(|(_, key)| key.transport == Transport::TCP);
        let raw = bytes.get(..3).unwrap_or_default();
        if is_stream {
            match handshake(bytes) {
                Ok(true) => {
                    say_service(side == Side::Responder, "_devp2p._tcp", raw, out);
                    out.record(|row| row.text("message", "auth"));
                    return if side == Side::Responder { Step::Finished } else { Step::Done };
                }
                Ok(false) => return Step::Finished,
                Err(Short) => return Step::Take(0),
            }
        }
        let Ok(Some(message)) = discovery(bytes) else { return Step::Take(bytes.len()) };
        // Every node asks and answers.
        say_service(true, "_devp2p._udp", raw, out);
        out.record(|row| row.text("message", message));
        if out.wants_records() { Step::Take(bytes.len()) } else { Step::Done }
    }
}

/// The message of node discovery that all of `bytes` are: hash, signature with its recovery bit, type, and an RLP list.
fn discovery(bytes: &[u8]) -> Result<Option<&'static str>, Short> {
    let mut cursor = Cursor::new(bytes);
    cursor.skip(32 + 64)?;
    let (recovery, kind) = (cursor.u8()?, cursor.u8()?);
    let length = match cursor.u8()? {
        short @ 0xc0..=0xf7 => usize::from(short - 0xc0),
        0xf8 => usize::from(cursor.u8()?),
        0xf9 => usize::from(cursor.u16()?),
        _ => return Ok(None),
    };
    let message = MESSAGES.get(usize::from(kind.wrapping_sub(1))).copied();
    Ok(message.filter(|_| recovery <= 1 && length > 0 && length == cursor.left()))
}

/// Whether a message of the handshake fills all of `bytes`: its size, then a point of the curve, uncompressed.
/// Errors: [`Short`] while it is not all there.
fn handshake(bytes: &[u8]) -> Result<bool, Short> {
    let mut cursor = Cursor::new(bytes);
    let size = usize::from(cursor.u16()?);
    if !HANDSHAKE.contains(&size) || cursor.u8()? != 4 {
        return Ok(false);
    }
    cursor.skip(size - 1)?;
    Ok(cursor.is_empty())
}
