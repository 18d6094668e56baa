//! DICOMweb over HTTP: who queries, retrieves and stores images, and what equipment the metadata names.
//!
//! In: half exchanges and `application/dicom+json` bodies. Out: roles of both ends, the equipment module of each data
//! set about the device it names, one record an exchange. UIDs, queries and every attribute about a patient, order or
//! study are passed over where they stand. Source: DICOM PS3.18-2024 §8 to §10 and annex F; PS3.3 §C.7.5.1.

use crate::codec::exchange::{STATUS_CODE, say_ends};
use crate::codec::json::{Scanner, Token, unescape};
use crate::codec::uri::{Segment, Shape};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output, Part};
use wardlight_model::{Field, FieldInfo, KeyKind, Kind, Privacy, Side};

/// DICOMweb.
pub(super) struct Dicomweb;

/// The entry of the list.
pub(super) const ENTRY: Dicomweb = Dicomweb;

static INFO: Info = Info {
    name: "dicomweb",
    title: "DICOMweb",
    source: "DICOM PS3.18-2024 §8 to §10, annex F",
    carriers: &[Carrier::Exchange, Carrier::Body("application/dicom+json")],
    ports: &[],
    record: &[
        FieldInfo {
            name: "service",
            kind: Kind::Text,
            privacy: Privacy::Device,
            meaning: "qido (search), wado (retrieve), wado-uri, stow (store) or ups (worklist)",
        },
        FieldInfo {
            name: "uri",
            kind: Kind::Text,
            privacy: Privacy::Device,
            meaning: "shape of the target, without UIDs and values",
        },
        STATUS_CODE,
    ],
    weirds: &[],
    window: 0,
};

impl Dissector for Dicomweb {
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
        if part.is_head {
            say_exchange(&part, bytes, out);
        } else {
            read_body(bytes, out);
        }
        Step::Done
    }
}

/// Says which service is asked for and offered, when the exchange is DICOMweb by target or media type.
fn say_exchange(part: &Part<'_>, head: &[u8], out: &mut Output<'_>) {
    let Some(service) = service(part.method, &part.target) else { return };
    if !has_uid(&part.target) && !says_dicom(part.media) && !says_dicom(part.accept) {
        return;
    }
    let (client, server) = (format!("dicomweb-client:{service}"), format!("dicomweb-server:{service}"));
    if say_ends(Field::DicomRole, &client, &server, head, out) {
        out.record(|row| {
            row.text("service", service.as_bytes());
            row.text("uri", part.target.to_string().as_bytes());
            row.number("status_code", part.status);
        });
    }
}

/// The service that a request asks for, as far as method and target tell (PS3.18 table 10.1-1 and §9.1).
fn service(method: &str, target: &Shape) -> Option<&'static str> {
    if target.asks("requestType") && (target.asks("objectUID") || target.asks("studyUID")) {
        return Some("wado-uri");
    }
    if target.has("workitems") {
        return Some("ups");
    }
    let is_level = |segment: Segment| ["studies", "series", "instances"].iter().any(|level| segment.is(level));
    if !target.segments().any(is_level) {
        return None;
    }
    match method {
        "POST" => Some("stow"),
        "GET" | "HEAD" if target.segments().last().is_some_and(is_level) => Some("qido"),
        "GET" | "HEAD" => Some("wado"),
        _ => None,
    }
}

/// Whether a UID follows `studies`, `series` or `instances`.
fn has_uid(target: &Shape) -> bool {
    let is_level =
        |segment: Segment| ["studies", "series", "instances", "workitems"].iter().any(|level| segment.is(level));
    target.segments().zip(target.segments().skip(1)).any(|(level, uid)| is_level(level) && uid == Segment::Uid)
        || target.asks("requestType")
}

fn says_dicom(media: &str) -> bool {
    media.contains("application/dicom")
}

/// The equipment that one data set names.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
struct Equipment<'a> {
    maker: &'a [u8],
    model: &'a [u8],
    serial: &'a [u8],
    software: &'a [u8],
    station: &'a [u8],
    modality: &'a [u8],
}

fn read_body(bytes: &[u8], out: &mut Output<'_>) {
    let mut scanner = Scanner::new(bytes);
    match scanner.next_token() {
        Some(Token::Object) => equipment(&mut scanner).say(out),
        Some(Token::Array) => {
            let mut last = Equipment::default();
            scanner.items(|scanner, item| {
                let found = if item == Token::Object { equipment(scanner) } else { Equipment::default() };
                if found != last {
                    found.say(out);
                    last = found;
                }
            });
        }
        _ => {}
    }
}

/// Reads one data set (PS3.18 §F.2.2).
fn equipment<'a>(scanner: &mut Scanner<'a>) -> Equipment<'a> {
    let mut found = Equipment::default();
    scanner.members(|scanner, tag, value| {
        let place = match tag {
            b"00080070" => &mut found.maker,
            b"00081090" => &mut found.model,
            b"00181000" => &mut found.serial,
            b"00181020" => &mut found.software,
            b"00081010" => &mut found.station,
            b"00080060" => &mut found.modality,
            _ => return,
        };
        if value == Token::Object {
            *place = first_value(scanner);
        }
    });
    found
}

fn first_value<'a>(scanner: &mut Scanner<'a>) -> &'a [u8] {
    let mut first: &[u8] = &[];
    scanner.members(|scanner, name, value| {
        if name == b"Value" && value == Token::Array {
            scanner.items(|_, item| {
                if let (true, Token::Text(text) | Token::Plain(text)) = (first.is_empty(), item) {
                    first = text;
                }
            });
        }
    });
    first
}

impl Equipment<'_> {
    /// Says what is known of the device, if maker and serial number tell which one it is.
    fn say(&self, out: &mut Output<'_>) {
        if self.maker.is_empty() || self.serial.is_empty() {
            return;
        }
        let key = format!("{}/{}", unescape(self.maker).trim(), unescape(self.serial).trim());
        for (field, raw) in [
            (Field::Manufacturer, self.maker),
            (Field::Model, self.model),
            (Field::Serial, self.serial),
            (Field::Software, self.software),
            (Field::StationName, self.station),
            (Field::Modality, self.modality),
        ] {
            out.fact(About::Named(KeyKind::Serial, &key), field, &unescape(raw), raw);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_follow_from_method_and_target() {
        for (method, target, expected) in [
            ("GET", "/dicom-web/studies?PatientID=1", Some("qido")),
            ("GET", "/dicom-web/studies/1.2.840.1.5/series", Some("qido")),
            ("GET", "/rs/studies/1.2.840.1.5/series/1.2.3.4.5/metadata", Some("wado")),
            ("GET", "/rs/studies/1.2.840.1.5", Some("wado")),
            ("POST", "/rs/studies", Some("stow")),
            ("GET", "/wado?requestType=WADO&studyUID=1.2.3.4.5&objectUID=1", Some("wado-uri")),
            ("DELETE", "/rs/studies/1.2.840.1.5", None),
            ("GET", "/index.html", None),
        ] {
            assert_eq!(service(method, &Shape::of(target.as_bytes())), expected, "{method} {target}");
        }
        assert!(!has_uid(&Shape::of(b"/university/studies")));
    }
}
