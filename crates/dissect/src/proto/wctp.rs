//! WCTP: alarm systems and nurse call systems that hand messages to pagers and telephones.
//!
//! In: XML bodies. Out: who asks and who carries, and one record for each operation with its outcome. Never read: who it is
//! for and from, the words of the message, its answers, tokens.
//!
//! Source: Wireless Communications Transfer Protocol 1.3 update 1, §4 (operations); IHE DEV TF-2 §3.6 and appendix K
//! (PCD-06 and PCD-07 over WCTP).

use crate::codec::xml::{Element, Scanner};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) const ENTRY: Wctp = Wctp;

/// WCTP.
pub(super) struct Wctp;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Device, meaning }
}

static INFO: Info = Info {
    name: "wctp",
    title: "Wireless Communications Transfer Protocol",
    source: "WCTP 1.3 update 1 §4; IHE DEV TF-2 §3.6 and appendix K",
    carriers: &[Carrier::Body("text/xml"), Carrier::Body("application/xml")],
    ports: &[],
    record: &[
        field("operation", Kind::Text, "Operation, such as `wctp-SubmitRequest`"),
        field("version", Kind::Text, "Version of the protocol, such as `wctp-dtd-v1r3`"),
        field("status_code", Kind::Number, "Code of success or failure in an answer"),
    ],
    weirds: &[],
    window: 0,
};

/// Operations of the specification.
const OPERATIONS: [&str; 15] = [
    "wctp-SubmitRequest",
    "wctp-SubmitClientMessage",
    "wctp-SubmitClientResponse",
    "wctp-ClientQuery",
    "wctp-ClientQueryResponse",
    "wctp-PollForMessages",
    "wctp-PollResponse",
    "wctp-LookupSubscriber",
    "wctp-LookupResponse",
    "wctp-MessageReply",
    "wctp-ReturnToSvc",
    "wctp-StatusInfo",
    "wctp-VersionQuery",
    "wctp-VersionResponse",
    "wctp-Confirmation",
];

impl Dissector for Wctp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Reading)
    }
}

struct Reading;

impl Parser for Reading {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        const ROOT: &[u8] = b"<wctp-Operation";
        // A declaration of the document's type stands before the root.
        let head = bytes.get(..512).unwrap_or(bytes);
        if let Some(at) = head.windows(ROOT.len()).position(|window| window == ROOT) {
            operation(bytes.get(at..).unwrap_or_default(), out);
        }
        Step::Done
    }
}

fn operation(bytes: &[u8], out: &mut Output<'_>) {
    let mut scanner = Scanner::new(bytes);
    let Some(root) = scanner.child(0) else { return };
    let Some(element) = scanner.child(1) else { return };
    let Some(name) = OPERATIONS.into_iter().find(|known| known.as_bytes() == element.local) else { return };
    let is_answer = name.ends_with("Response") && name != "wctp-SubmitClientResponse" || name == "wctp-Confirmation";
    let [asks, carries] = if is_answer || out.part().status != 0 {
        [About::Receiver, About::Sender]
    } else {
        [About::Sender, About::Receiver]
    };
    out.fact(asks, Field::MedicalRole, "wctp-client", element.local);
    out.fact(carries, Field::MedicalRole, "wctp-server", element.local);
    let status = (name == "wctp-Confirmation").then(|| scanner.child(2).and_then(|part| code(&part))).flatten();
    let version = root.attribute("wctpVersion").map(|text| text.decode().to_lowercase());
    out.record(|row| {
        row.text("operation", name);
        row.text("version", version.filter(|version| version.starts_with("wctp-dtd-v")).unwrap_or_default());
        if let Some(status) = status {
            row.number("status_code", status);
        }
    });
}

/// The code of `wctp-Success` or `wctp-Failure`.
fn code(part: &Element<'_>) -> Option<u32> {
    let text = part.attribute("successCode").or_else(|| part.attribute("errorCode"))?;
    text.decode().parse().ok()
}
