//! WS-Discovery and DPWS: what Web Services devices announce and say of themselves: medical devices, printers, Windows
//! hosts, cameras.
//!
//! In go SOAP messages, over UDP (discovery) or as bodies of HTTP (directed discovery, device metadata). Out go the
//! endpoint's UUID, types, what scopes say of place and kind, and from metadata maker, model, serial number, firmware
//! and name. Of scopes only those for location, device type and key purpose (SDC), and hardware and name (ONVIF) are
//! read: others name patients, operators and workflows. SOAP headers are not read but for the action.
//!
//! Source: WS-Discovery 1.1 and the draft of 2005/04; SOAP-over-UDP 1.1; DPWS 1.1 §4-5; IEEE 11073-20702; ONVIF Core
//! Specification §7-8.

mod announcement;
mod metadata;

use crate::codec::soap::Envelope;
use crate::codec::xml::Fault;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use announcement::{Announcement, Announcements};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) const ENTRY: Wsd = Wsd;

pub(super) struct Wsd;

impl Dissector for Wsd {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let is_ours = Envelope::open(hello.bytes).is_some_and(|envelope| {
            let body = envelope.body.and_then(|body| version(body.uri));
            body.or_else(|| version(envelope.action)).is_some()
        });
        if is_ours { Probe::Yes } else { Probe::No }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Reading)
    }
}

static INFO: Info = Info {
    name: "wsd",
    title: "Web Services Discovery and device metadata",
    source: "WS-Discovery 1.1; DPWS 1.1; IEEE 11073-20702-2016",
    carriers: &[Carrier::Udp, Carrier::Body("application/soap+xml")],
    ports: &[3702],
    record: &[
        text(
            "kind",
            "Message: `Hello`, `Bye`, `Probe`, `ProbeMatches`, `Resolve`, `ResolveMatches`, `Metadata`, `DeviceInformation`",
        ),
        text("version", "WS-Discovery version: `1.0` or `1.1`"),
        list("endpoints", Privacy::Device, "UUIDs of the endpoints announced, sought or described"),
        list("types", Privacy::Device, "Types announced or sought, with customary prefixes"),
        list("addresses", Privacy::Network, "Transport addresses: scheme, host and port"),
    ],
    weirds: &[
        ("wsd.malformed", "the message is not well-formed XML"),
        ("wsd.truncated", "the datagram ends before the message does"),
        ("wsd.endpoint", "an endpoint is announced whose reference is no UUID"),
    ],
    window: 0,
};

const fn list(name: &'static str, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind: Kind::List, privacy, meaning }
}
const fn text(name: &'static str, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind: Kind::Text, privacy: Privacy::Device, meaning }
}

struct Reading;

impl Parser for Reading {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if let Some(envelope) = Envelope::open(bytes) {
            read_envelope(envelope, out);
        }
        Step::Take(bytes.len())
    }
}

fn read_envelope(envelope: Envelope<'_>, out: &mut Output<'_>) {
    let Some(body) = envelope.body else {
        let is_cut = envelope.scanner.fault() == Some(Fault::Cut);
        if is_cut && version(envelope.action).is_some() {
            out.weird("wsd.truncated");
        }
        return;
    };
    let mut scanner = envelope.scanner;
    match (version(body.uri), body.local) {
        (Some(version), b"Hello" | b"Bye" | b"Probe" | b"ProbeMatches" | b"Resolve" | b"ResolveMatches") => {
            let messages = Announcements::new(scanner.clone(), body.local);
            say_announcements(body.local, &messages, out);
            record(body.local, version, messages, out);
        }
        (None, b"Metadata") if body.uri == b"http://schemas.xmlsoap.org/ws/2004/09/mex" => {
            let host = metadata::read(&mut scanner, out);
            record(body.local, "", host.into_iter(), out);
        }
        (None, b"GetDeviceInformationResponse") if body.uri == metadata::ONVIF_DEVICE => {
            metadata::read_device_information(&mut scanner, out);
            record(b"DeviceInformation", "", std::iter::empty(), out);
        }
        _ => return,
    }
    scanner.finish();
    match scanner.fault() {
        Some(Fault::Malformed | Fault::Utf16) => out.weird("wsd.malformed"),
        Some(Fault::Cut) if version(body.uri).is_some() => out.weird("wsd.truncated"),
        _ => {}
    }
}

/// The WS-Discovery version of a namespace or action.
fn version(uri: &[u8]) -> Option<&'static str> {
    if uri.starts_with(b"http://docs.oasis-open.org/ws-dd/ns/discovery/") {
        Some("1.1")
    } else {
        uri.starts_with(b"http://schemas.xmlsoap.org/ws/2005/04/discovery").then_some("1.0")
    }
}

fn say_announcements(kind: &[u8], messages: &Announcements<'_>, out: &mut Output<'_>) {
    for message in messages.clone() {
        match kind {
            b"Resolve" => {}
            b"Probe" => {
                for (name, raw) in message.types() {
                    out.fact(About::Sender, Field::ServiceSought, &name, raw);
                }
            }
            _ => message.say(out),
        }
    }
}

fn record<'a>(
    kind: &[u8],
    version: &str,
    endpoints: impl Iterator<Item = Announcement<'a>> + Clone,
    out: &mut Output<'_>,
) {
    out.record(|row| {
        row.text("kind", kind);
        row.text("version", version);
        let uuids = endpoints.clone().filter_map(|endpoint| endpoint.uuid());
        row.list("endpoints", uuids.map(|(uuid, _)| uuid.as_str().to_owned()));
        let names =
            |endpoint: Announcement<'a>| endpoint.types().map(|(name, _)| name.into_owned()).collect::<Vec<_>>();
        row.list("types", endpoints.clone().flat_map(names));
        row.list("addresses", endpoints.flat_map(|endpoint| endpoint.addresses()));
    });
}

#[cfg(test)]
mod tests {
    use crate::trial;

    #[test]
    fn soap_of_other_services_is_left_alone() {
        let heard = trial::hear(
            "udp 10.0.0.9:3702 > 10.0.0.5:3702\n> \"<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'>\
             <s:Body><Get xmlns='urn:x'/></s:Body></s:Envelope>\"",
        );
        assert_eq!(heard.service, None);
    }

    #[test]
    fn a_message_cut_anywhere_says_only_whole_values() {
        let message = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' \
            xmlns:a='http://www.w3.org/2005/08/addressing' xmlns:d='http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01'>\
            <s:Header><a:Action>http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/Hello</a:Action></s:Header><s:Body>\
            <d:Hello><a:EndpointReference><a:Address>urn:uuid:72313cab-7352-51c9-8373-8b4031a66ec7</a:Address>\
            </a:EndpointReference><d:Scopes>sdc.ctxt.loc:/x/y?bed=Bed77</d:Scopes></d:Hello></s:Body></s:Envelope>";
        for end in 0..message.len() {
            let cut = message.get(..end).expect("ASCII");
            for fact in trial::hear(&format!("udp 10.0.0.9:40000 > 239.255.255.250:3702\n> \"{cut}\"")).facts {
                assert!(fact.ends_with("8b4031a66ec7") || fact.ends_with("= /////Bed77"), "{fact}");
            }
        }
    }
}
