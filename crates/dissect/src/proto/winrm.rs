//! WinRM and other WS-Management: who administers whom, and which product answers an Identify.
//!
//! In: half exchanges whose target is `/wsman`, and SOAP bodies. Out: roles of both ends, vendor and version of the
//! server's software. Nothing else of a message is looked at: commands and their results are people's.
//! Source: DMTF DSP0226 1.2 §11 (Identify); MS-WSMV §3.1.4.1.1.

use crate::codec::exchange::STATUS_CODE;
use crate::codec::soap::Envelope;
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use wardlight_model::{Field, Side};

pub(super) static ENTRY: Winrm = Winrm;

/// WS-Management.
pub(super) struct Winrm;

const IDENTITY: &str = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd";

static INFO: Info = Info {
    name: "winrm",
    title: "WinRM (WS-Management)",
    source: "DMTF DSP0226 1.2 §11, MS-WSMV §3.1.4.1.1",
    carriers: &[Carrier::Exchange, Carrier::Body("application/soap+xml")],
    ports: &[],
    record: &[STATUS_CODE],
    weirds: &[],
    window: 0,
};

impl Dissector for Winrm {
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
        let part = *out.part();
        if !part.is_head {
            identify(bytes, out);
        } else if part.method == "POST" && part.target.has("wsman") {
            say_ends(part.status, bytes, out);
        }
        Step::Done
    }
}

/// Says who asks and who answers. `head` is the half's own head.
fn say_ends(status: u16, head: &[u8], out: &mut Output<'_>) {
    let raw = head.split(|byte| *byte == b' ').next().unwrap_or_default();
    match status {
        0 => out.fact(About::Sender, Field::ServiceSought, "_wsman._tcp", raw),
        // A server that wants a log-in first is one too.
        200..=299 | 401 => out.fact(About::Sender, Field::ServiceOffered, "_wsman._tcp", raw),
        _ => {}
    }
    if status != 0 {
        out.record(|row| row.number("status_code", status));
    }
}

/// Says what the answer to an Identify tells.
fn identify(bytes: &[u8], out: &mut Output<'_>) {
    let Some(mut envelope) = Envelope::open(bytes) else { return };
    if !envelope.body.is_some_and(|body| body.is(IDENTITY, "IdentifyResponse")) {
        return;
    }
    let depth = envelope.scanner.depth();
    let (mut vendor, mut version) = (None, None);
    while let Some(element) = envelope.scanner.child(depth) {
        match element.local {
            b"ProductVendor" => vendor = envelope.scanner.value(),
            b"ProductVersion" => version = envelope.scanner.value(),
            _ => {}
        }
    }
    let (Some(vendor), Some(version)) = (vendor, version) else { return };
    let product = format!("{} {}", vendor.decode(), version.decode());
    out.fact(About::Sender, Field::Program, &product, version.raw);
    out.fact(About::Sender, Field::ServiceOffered, "_wsman._tcp", vendor.raw);
}
