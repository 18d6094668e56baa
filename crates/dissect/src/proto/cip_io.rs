//! EtherNet/IP implicit messages: which devices of plant drive others in cycles.
//!
//! In: datagrams. Out: that both ends take part. What is measured and set is passed over, and nothing is read behind the first
//! datagram of each end.
//!
//! Source: ODVA, The CIP Networks Library volume 2 edition 1.25 §2-6 (common packet format), §3-2 (class 0 and 1).

use crate::codec::cursor::{Cursor, Short};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Side};

pub(super) const ENTRY: CipIo = CipIo;

/// EtherNet/IP implicit messages.
pub(super) struct CipIo;

static INFO: Info = Info {
    name: "cip_io",
    title: "EtherNet/IP implicit messages",
    source: "ODVA CIP Networks Library volume 2 edition 1.25 §2-6 and §3-2",
    carriers: &[Carrier::Udp],
    ports: &[2222],
    record: &[],
    weirds: &[],
    window: 0,
};

impl Dissector for CipIo {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        if fits(hello.bytes) == Ok(true) { Probe::Yes } else { Probe::No }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for CipIo {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if fits(bytes) == Ok(true) {
            let raw = bytes.get(..18).unwrap_or_default();
            out.fact(About::Sender, Field::PlantRole, "cip_io-producer", raw);
            out.fact(About::Receiver, Field::PlantRole, "cip_io-consumer", raw);
            out.fact(About::Sender, Field::Legacy, "cleartext-cip_io", raw);
        }
        Step::Done
    }
}

/// Whether bytes are two items, a sequenced address and connected content, that fill them.
fn fits(bytes: &[u8]) -> Result<bool, Short> {
    let mut cursor = Cursor::new(bytes);
    let is_address = [cursor.u16_le()?, cursor.u16_le()?, cursor.u16_le()?] == [2, 0x8002, 8];
    cursor.skip(8)?;
    let (kind, length) = (cursor.u16_le()?, cursor.u16_le()?);
    Ok(is_address && kind == 0x00b1 && usize::from(length) == cursor.left())
}
