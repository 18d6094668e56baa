//! HL7 version 2 messages over TCP: which applications and medical devices speak, and of which kind they are.
//!
//! In: both directions of a stream, in MLLP blocks (0x0b … 0x1c 0x0d) or bare, or bodies of HTTP. Out: facts about the sender from `MSH`,
//! facts about devices it speaks for from `OBX-18`, from IHE PCD-01 device observations and from `PRT`, and one record
//! a message. Never read, only passed over: every other segment, every other `OBX-5`, the message's own number.
//!
//! Source: HL7 2.9 §2.5, §2.14.9 (MSH), §7.4.2 (OBX), §7.4.4 (PRT); HL7 MLLP release 1; IHE PCD TF-2 §3.1 and
//! appendix B (PCD-01); IEEE 11073-10101 (codes); HAPI, HL7 over HTTP 1.0 (media type).

mod equipment;
mod header;
mod lane;
mod mdc;
mod message;
mod probe;
mod profile;

use crate::Output;
use crate::codec::lanes::Lanes;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use lane::Lane;
use wardlight_model::{FieldInfo, Kind, Privacy, Side};

pub(super) const ENTRY: Hl7 = Hl7;

/// HL7 version 2.
pub(super) struct Hl7;

const fn text(name: &'static str, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind: Kind::Text, privacy: Privacy::Device, meaning }
}

static INFO: Info = Info {
    name: "hl7",
    title: "HL7 version 2",
    source: "HL7 2.9 chapters 2 and 7; HL7 MLLP release 1; IHE PCD TF-2 §3.1 (PCD-01)",
    carriers: &[Carrier::Tcp, Carrier::Body("application/hl7-v2"), Carrier::Body("x-application/hl7-v2+er7")],
    ports: &[2575, 6661],
    record: &[
        text("sending_application", "MSH-3, components joined by `^`"),
        text("sending_facility", "MSH-4, components joined by `^`"),
        text("receiving_application", "MSH-5, components joined by `^`"),
        text("receiving_facility", "MSH-6, components joined by `^`"),
        text("message_type", "MSH-9: message code and trigger event, such as `ORU^R01`"),
        text("version", "MSH-12, such as `2.5.1`"),
        text("processing_id", "MSH-11: `P` production, `T` training, `D` debugging"),
        text("character_set", "MSH-18, first repetition that is known"),
        text("ack_code", "MSA-1, such as `AA` or `AE`"),
        FieldInfo {
            name: "segments",
            kind: Kind::List,
            privacy: Privacy::Device,
            meaning: "names of the segments in order of first appearance, each with its count: `OBX*12`",
        },
        FieldInfo {
            name: "device_types",
            kind: Kind::List,
            privacy: Privacy::Device,
            meaning: "IEEE 11073 codes of the devices that OBX segments name, with partition: `1:4429`",
        },
        FieldInfo {
            name: "devices",
            kind: Kind::Number,
            privacy: Privacy::Device,
            meaning: "different equipment instance identifiers in OBX-18 and PRT-10",
        },
    ],
    weirds: &[
        ("hl7.framing", "a message does not stand in an MLLP block of its own"),
        ("hl7.header", "MSH does not say what message it begins, so nothing in it is trusted"),
        ("hl7.segment", "a line within a message is not a segment"),
        ("hl7.long", "a segment that is read is too long to be true"),
        ("hl7.ack_code", "MSA-1 is not in table 0008"),
        ("hl7.equipment", "an equipment instance identifier is not of data type EI"),
        ("hl7.character_set", "MSH-18 is not in table 0211"),
        ("hl7.truncated", "the stream ends within a block"),
    ],
    window: 65_536,
};

impl Dissector for Hl7 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        probe::probe(hello.bytes)
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Conversation>::default()
    }
}

#[derive(Default)]
struct Conversation(Lanes<Lane>);

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if out.part().media.is_empty() {
            return self.0.read(side, bytes, out);
        }
        lane::read_body(bytes, out);
        Step::Done
    }

    fn end(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        self.0.end(side, bytes, out);
    }

    fn gap(&mut self, side: Side, lost: u64) -> bool {
        self.0.gap(side, lost)
    }
}
