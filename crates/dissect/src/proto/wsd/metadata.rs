//! Metadata: what a Web Services device answers when asked who it is (DPWS 1.1 §5, ONVIF Core Specification §8.1.3).

use super::announcement::Announcement;
use crate::codec::xml::{Scanner, Text};
use crate::{About, Output};
use std::borrow::Cow;
use wardlight_model::Field;

/// Says what the metadata within which `scanner` stands tell of the sender, and gives the host they are of.
pub(super) fn read<'a>(scanner: &mut Scanner<'a>, out: &mut Output<'_>) -> Option<Announcement<'a>> {
    let level = scanner.depth();
    let (mut host, mut texts) = (None, [None; CHARACTERISTICS.len()]);
    while scanner.child(level).is_some() {
        while let Some(part) = scanner.child(level + 1) {
            match part.local {
                _ if !is_dpws(part.uri) => {}
                b"ThisModel" | b"ThisDevice" => characteristics(scanner, &mut texts),
                b"Relationship" => host = say_relationship(scanner, out).or(host),
                _ => {}
            }
        }
    }
    if !host.as_ref().is_some_and(is_computer) {
        say_characteristics(&texts, out);
    }
    host
}

/// Says what the device information of a camera tells, within which `scanner` stands.
pub(super) fn read_device_information(scanner: &mut Scanner<'_>, out: &mut Output<'_>) {
    let mut texts = [None; CHARACTERISTICS.len()];
    characteristics(scanner, &mut texts);
    say_characteristics(&texts, out);
}

/// A computer's model and serial number are those of the service that publishes it, the same for every computer.
fn is_computer(host: &Announcement<'_>) -> bool {
    host.types().any(|(name, _)| name == "pub:Computer")
}

/// Namespace of the ONVIF device service.
pub(super) const ONVIF_DEVICE: &[u8] = b"http://www.onvif.org/ver10/device/wsdl";

fn is_dpws(uri: &[u8]) -> bool {
    uri.starts_with(b"http://docs.oasis-open.org/ws-dd/ns/dpws/")
        || uri.starts_with(b"http://schemas.xmlsoap.org/ws/2006/02/devprof")
}

const CHARACTERISTICS: [(&[u8], Field); 8] = [
    (b"Manufacturer", Field::Manufacturer),
    (b"ModelName", Field::Model),
    (b"Model", Field::Model),
    (b"ModelNumber", Field::ModelNumber),
    (b"FriendlyName", Field::FriendlyName),
    (b"FirmwareVersion", Field::Firmware),
    (b"SerialNumber", Field::Serial),
    (b"HardwareId", Field::Hardware),
];

type Texts<'a> = [Option<Text<'a>>; CHARACTERISTICS.len()];

/// Puts what an element says of model and device into `texts`. It may say so in several languages: the first is kept.
fn characteristics<'a>(scanner: &mut Scanner<'a>, texts: &mut Texts<'a>) {
    let level = scanner.depth();
    while let Some(part) = scanner.child(level) {
        let is_known = is_dpws(part.uri) || part.uri == ONVIF_DEVICE;
        let at = CHARACTERISTICS.iter().position(|(name, _)| *name == part.local && is_known);
        if let Some(text) = at.and_then(|at| texts.get_mut(at)) {
            *text = text.or(scanner.value());
        }
    }
}

fn say_characteristics(texts: &Texts<'_>, out: &mut Output<'_>) {
    for ((_, field), text) in CHARACTERISTICS.iter().zip(texts) {
        if let Some(text) = text {
            out.fact(About::Sender, *field, &text.decode(), text.raw);
        }
    }
}

/// The host's UUID, types and computer name, and the types of the services it hosts.
fn say_relationship<'a>(scanner: &mut Scanner<'a>, out: &mut Output<'_>) -> Option<Announcement<'a>> {
    let level = scanner.depth();
    let mut host = None;
    while let Some(member) = scanner.child(level) {
        match member.local {
            b"Host" => {
                let found = Announcement::read(&mut scanner.clone());
                found.say(out);
                host = Some(found);
                say_computer(scanner, out);
            }
            b"Hosted" => {
                for (name, raw) in Announcement::read(scanner).types() {
                    out.fact(About::Sender, Field::ServiceOffered, &name, raw);
                }
            }
            _ => {}
        }
    }
    host
}

/// `NAME/Workgroup:GROUP` or `NAME/Domain:DOMAIN` of a Windows host (MS-PBSD §2.2).
fn say_computer(scanner: &mut Scanner<'_>, out: &mut Output<'_>) {
    let level = scanner.depth();
    while let Some(part) = scanner.child(level) {
        if !part.is("http://schemas.microsoft.com/windows/pub/2005/07", "Computer") {
            continue;
        }
        let Some(text) = scanner.value() else { continue };
        let all = text.decode();
        let (name, membership) = all.split_once(['/', '\\']).unwrap_or((&all, ""));
        out.fact(About::Sender, Field::NetbiosName, name, text.raw);
        if let Some((_, domain)) = membership.split_once(':') {
            out.fact(About::Sender, Field::Domain, domain, text.raw);
        }
    }
}

/// A qualified type with the prefix that is customary for its namespace; the namespace itself where none is.
pub(super) fn type_name<'a>((uri, local): (&'a [u8], &'a [u8])) -> Cow<'a, str> {
    const PREFIXES: [(&[u8], &str); 10] = [
        (b"http://docs.oasis-open.org/ws-dd/ns/dpws/", "dpws"),
        (b"http://schemas.xmlsoap.org/ws/2006/02/devprof", "wsdp"),
        (b"http://standards.ieee.org/downloads/11073/11073-20702", "mdpws"),
        (b"http://standards.ieee.org/downloads/11073/11073-20701", "sdc"),
        (b"http://standards.ieee.org/downloads/11073/11073-10207", "biceps"),
        (b"http://schemas.microsoft.com/windows/2006/08/wdp/print", "wprt"),
        (b"http://schemas.microsoft.com/windows/2006/08/wdp/scan", "wscn"),
        (b"http://schemas.microsoft.com/windows/pub/2005/07", "pub"),
        (b"http://www.onvif.org/ver10/network/wsdl", "dn"),
        (ONVIF_DEVICE, "tds"),
    ];
    let local = String::from_utf8_lossy(local);
    match PREFIXES.iter().find(|(begin, _)| uri.starts_with(begin)) {
        Some((_, prefix)) => Cow::Owned(format!("{prefix}:{local}")),
        None if uri.is_empty() => local,
        None => Cow::Owned(format!("{{{}}}{local}", String::from_utf8_lossy(uri))),
    }
}
