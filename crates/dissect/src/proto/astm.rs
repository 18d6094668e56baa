//! Laboratory analysers that speak ASTM E1381 and E1394 (CLSI LIS01 and LIS02): which instrument sends results.
//!
//! In: both directions of a stream, records in frames (STX … ETX, checksum) or bare. Out: facts about the sender from
//! the header record, about instruments and the tests they do from of result records, one record a message.
//! Never read, only counted: patient, order, comment, query and manufacturer records, the header's password, any result.
//!
//! Source: CLSI LIS01-A2 §6 (frames); CLSI LIS02-A2 §6 (H), §9 (R).

mod lane;
mod probe;
mod records;

use crate::codec::lanes::Lanes;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe};
use lane::Lane;
use wardlight_model::{FieldInfo, Kind, Privacy};

pub(super) const ENTRY: Astm = Astm;

/// ASTM E1381 and E1394.
pub(super) struct Astm;

const fn text(name: &'static str, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind: Kind::Text, privacy: Privacy::Device, meaning }
}

static INFO: Info = Info {
    name: "astm",
    title: "ASTM E1394 (LIS02) analyser messages",
    source: "CLSI LIS01-A2 §6; CLSI LIS02-A2 §6 and §9",
    carriers: &[Carrier::Tcp],
    ports: &[],
    record: &[
        text("sender", "H-5, components joined by `^`"),
        text("receiver", "H-10, components joined by `^`"),
        text("processing_id", "H-12: `P` production, `T` training, `D` debugging, `Q` quality control"),
        text("version", "H-13, such as `E1394-97` or `LIS2-A2`"),
        text("instrument", "R-14 of the last result that has it, first three components"),
        FieldInfo {
            name: "records",
            kind: Kind::List,
            privacy: Privacy::Device,
            meaning: "types of the records in order of first appearance, each with its count: `R*12`",
        },
    ],
    weirds: &[
        ("astm.framing", "records without the frames of LIS01"),
        ("astm.frame", "a frame that is not closed by ETX or ETB"),
        ("astm.checksum", "a frame whose checksum is wrong or missing"),
        ("astm.frame_number", "a frame number is missing or out of turn"),
        ("astm.record", "a line within a message is not a record"),
    ],
    window: 65_536,
};

impl Dissector for Astm {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        probe::probe(hello.bytes)
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Lanes<Lane>>::default()
    }
}
