//! Google QUIC, as it was before QUIC was a standard: only told, not read.
//!
//! In: the first datagrams. Out: roles of both ends; one record with the version. Everything else is only counted.
//!
//! Source: draft-hamilton-quic-transport-protocol-01 §6.1 (public header); versions Q043 to Q050 as Chromium had them.

use crate::Output;
use crate::codec::ends::{device, say_service};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use wardlight_model::{Kind, Side};

pub(super) const ENTRY: Gquic = Gquic;

/// Google QUIC.
pub(super) struct Gquic;

static INFO: Info = Info {
    name: "gquic",
    title: "Google QUIC",
    source: "draft-hamilton-quic-transport-protocol-01 §6.1",
    carriers: &[Carrier::Udp],
    ports: &[],
    record: &[device("version", Kind::Text, "version, such as `Q043`")],
    weirds: &[],
    window: 0,
};

impl Dissector for Gquic {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        if version(hello.bytes).is_some() { Probe::Yes } else { Probe::No }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Gquic {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if let Some(version) = version(bytes).filter(|_| side == Side::Initiator) {
            say_service(false, "_gquic._udp", version, out);
            out.record(|row| row.text("version", version));
            return Step::Done;
        }
        // An answer of any form: only a server that speaks it has the connection's keys.
        if side == Side::Responder && bytes.len() > 16 {
            say_service(true, "_gquic._udp", bytes.get(..1).unwrap_or_default(), out);
            return Step::Finished;
        }
        Step::Take(bytes.len())
    }
}

/// The version in the head of a client's datagram: behind flags and connection id, or in a long header (from Q046 on).
fn version(bytes: &[u8]) -> Option<&[u8]> {
    let version = match bytes.first()? {
        // Version flag and connection id of 8 bytes; the other flags are lengths of the packet's number.
        flags if flags & 0xc9 == 0x09 => bytes.get(9..13)?,
        flags if flags & 0xc0 == 0xc0 => bytes.get(1..5)?,
        _ => return None,
    };
    matches!(version, [b'Q', b'0', b'2'..=b'5', b'0'..=b'9']).then_some(version)
}
