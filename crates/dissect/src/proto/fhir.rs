//! FHIR over HTTP: which resource types a system works with, and the devices that resources describe.
//!
//! In: half exchanges and JSON bodies. Out: resource types; the identity of each `Device` about the device it names; the
//! software of the server from its `CapabilityStatement`. All other resources, references, notes and extensions are
//! passed over where they stand. Source: FHIR R4 (4.0.1) and R5 (5.0.0), §RESTful API, §Device, §CapabilityStatement;
//! DSTU2 and STU3 where they differ in these fields.

mod device;

use crate::codec::exchange::{STATUS_CODE, say_ends};
use crate::codec::json::{Scanner, Token, unescape};
use crate::codec::uri::fhir_resource;
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output, Part};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

/// FHIR.
pub(super) struct Fhir;

/// The entry of the list.
pub(super) const ENTRY: Fhir = Fhir;

/// Deepest nesting of resources in resources: a bundle, its entry, what that contains.
const NESTED: u8 = 3;

static INFO: Info = Info {
    name: "fhir",
    title: "FHIR",
    source: "HL7 FHIR 4.0.1 and 5.0.0, RESTful API, Device, CapabilityStatement",
    carriers: &[
        Carrier::Exchange,
        Carrier::Body("application/fhir+json"),
        Carrier::Body("application/json+fhir"),
        Carrier::Body("application/json"),
    ],
    ports: &[],
    record: &[
        FieldInfo { name: "method", kind: Kind::Text, privacy: Privacy::Device, meaning: "HTTP method" },
        FieldInfo { name: "resource", kind: Kind::Text, privacy: Privacy::Device, meaning: "resource type asked for" },
        FieldInfo {
            name: "uri",
            kind: Kind::Text,
            privacy: Privacy::Device,
            meaning: "shape of the target, without ids and values",
        },
        STATUS_CODE,
    ],
    weirds: &[],
    window: 0,
};

impl Dissector for Fhir {
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
            let mut scanner = Scanner::new(bytes);
            if scanner.next_token() == Some(Token::Object) {
                read_resource(&mut scanner, 0, out);
            }
        }
        Step::Done
    }
}

/// Says which resource type is asked for and offered, when the exchange is FHIR by media type or path.
fn say_exchange(part: &Part<'_>, head: &[u8], out: &mut Output<'_>) {
    let Some(resource) = part.target.fhir_resource() else { return };
    let names_fhir = ["fhir", "FHIR", "baseR4", "baseR5", "baseDstu3", "baseDstu2", "fhir-server"];
    let is_fhir =
        says_fhir(part.media) || says_fhir(part.accept) || names_fhir.iter().any(|word| part.target.has(word));
    if !is_fhir {
        return;
    }
    if say_ends(Field::FhirResource, resource, resource, head, out) {
        out.record(|row| {
            row.text("method", part.method.as_bytes());
            row.text("resource", resource.as_bytes());
            row.text("uri", part.target.to_string().as_bytes());
            row.number("status_code", part.status);
        });
    }
}

fn says_fhir(media: &str) -> bool {
    ["fhir+json", "json+fhir", "fhir+xml", "xml+fhir", "fhir+ndjson"].iter().any(|kind| media.contains(kind))
}

/// Reads the resource whose object was just begun.
fn read_resource(scanner: &mut Scanner<'_>, depth: u8, out: &mut Output<'_>) {
    let Some((kind, raw)) = kind(*scanner) else { return };
    out.fact(About::Sender, Field::FhirResource, kind, raw);
    match kind {
        "Device" => device::read(scanner, out),
        "CapabilityStatement" | "Conformance" => read_capability(scanner, out),
        _ if depth < NESTED => read_inner(scanner, kind, depth, out),
        _ => {}
    }
}

/// The type of the resource whose object was just begun. The scanner is a copy: the resource is read from its start
/// once its type is known.
fn kind(mut scanner: Scanner<'_>) -> Option<(&'static str, &[u8])> {
    while let Some(Token::Name(name)) = scanner.next_token() {
        let value = scanner.next_token()?;
        match (name, value) {
            (b"resourceType", Token::Text(text)) => return fhir_resource(text).map(|kind| (kind, text)),
            (_, value) => scanner.skip_value(value),
        }
    }
    None
}

/// Reads the resources within another one: entries of a bundle, parameters, contained resources.
fn read_inner(scanner: &mut Scanner<'_>, kind: &str, depth: u8, out: &mut Output<'_>) {
    scanner.members(|scanner, name, value| match (name, value) {
        (b"contained", Token::Array) => scanner.items(|scanner, item| {
            if item == Token::Object {
                read_resource(scanner, depth + 1, out);
            }
        }),
        (b"entry" | b"parameter", Token::Array) if matches!(kind, "Bundle" | "Parameters") => {
            scanner.items(|scanner, item| {
                if item == Token::Object {
                    read_entry(scanner, depth, out);
                }
            });
        }
        _ => {}
    });
}

fn read_entry(scanner: &mut Scanner<'_>, depth: u8, out: &mut Output<'_>) {
    scanner.members(|scanner, name, value| {
        if (name, value) == (b"resource", Token::Object) {
            read_resource(scanner, depth + 1, out);
        }
    });
}

/// Says name and version of the software that a server states about itself.
fn read_capability(scanner: &mut Scanner<'_>, out: &mut Output<'_>) {
    let (mut product, mut version, mut is_instance): (&[u8], &[u8], bool) = (&[], &[], true);
    scanner.members(|scanner, name, value| match (name, value) {
        (b"kind", Token::Text(kind)) => is_instance = kind == b"instance",
        (b"software", Token::Object) => scanner.members(|_, name, value| match (name, value) {
            (b"name", Token::Text(text)) => product = text,
            (b"version", Token::Text(text)) => version = text,
            _ => {}
        }),
        _ => {}
    });
    if is_instance && !product.is_empty() {
        out.fact(About::Sender, Field::Software, &format!("{} {}", unescape(product), unescape(version)), product);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_its_type_wherever_the_name_stands() {
        let mut scanner =
            Scanner::new(br#"{"id":"x","contained":[{"resourceType":"Device"}],"resourceType":"Patient"}"#);
        scanner.next_token();
        assert_eq!(kind(scanner).map(|(kind, _)| kind), Some("Patient"));
        let mut scanner = Scanner::new(br#"{"resourceType":"Meier"}"#);
        scanner.next_token();
        assert_eq!(kind(scanner), None);
    }
}
