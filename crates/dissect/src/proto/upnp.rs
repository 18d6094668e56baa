//! UPnP device descriptions: what a device that serves one says it is.
//!
//! In goes an XML body of HTTP, out go maker, model, serial number, name, type, UUID and services of the root device,
//! which is the host that sent it. An embedded device is a part of it and says nothing of its own, unless it names
//! another maker or serial number: then it is a device the sender speaks for. Any other XML says nothing.
//!
//! Source: UPnP Device Architecture 2.0 §2.3.

use crate::codec::uuid::Uuid;
use crate::codec::xml::{Element, Fault, Scanner, Text};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, KeyKind, Kind, Privacy, Side};

pub(super) const ENTRY: Upnp = Upnp;

pub(super) struct Upnp;

impl Dissector for Upnp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Reading)
    }
}

static INFO: Info = Info {
    name: "upnp",
    title: "UPnP device description",
    source: "UPnP Device Architecture 2.0 §2.3",
    carriers: &[Carrier::Body("text/xml"), Carrier::Body("application/xml")],
    ports: &[],
    record: &[
        text("device_type", "Type of the root device"),
        text("manufacturer", "Maker of the root device"),
        text("model", "Model name of the root device"),
        text("model_number", "Model number of the root device"),
        text("serial", "Serial number of the root device"),
        text("udn", "Unique device name of the root device"),
        FieldInfo {
            name: "embedded",
            kind: Kind::Number,
            privacy: Privacy::Device,
            meaning: "Embedded devices described, at any depth",
        },
    ],
    weirds: &[
        ("upnp.udn", "the unique device name is no UUID, as UPnP 1.1 and later require"),
        ("upnp.namespace", "the description is not in the namespace urn:schemas-upnp-org:device-1-0"),
        ("upnp.malformed", "the description is not well-formed XML"),
    ],
    window: 0,
};

const fn text(name: &'static str, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind: Kind::Text, privacy: Privacy::Device, meaning }
}

struct Reading;

impl Parser for Reading {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        read_description(bytes, out);
        Step::Done
    }
}

/// Deepest nesting of embedded devices that is read.
const DEEPEST: usize = 6;
/// Most services and embedded devices of a description that are said.
const MOST: u32 = 64;

fn read_description(bytes: &[u8], out: &mut Output<'_>) {
    let mut scanner = Scanner::new(bytes);
    let Some(root) = scanner.child(0).filter(is_description) else { return };
    let mut description = Description { uri: root.uri, root: Device::default(), embedded: 0 };
    while let Some(part) = scanner.child(1) {
        if part.local == b"device" && part.uri == root.uri {
            if description.device(&mut scanner, 0, out) {
                description.record(out);
                scanner.finish();
                say_breaches(root.uri, scanner.fault(), out);
            }
            return;
        }
    }
}

fn say_breaches(uri: &[u8], fault: Option<Fault>, out: &mut Output<'_>) {
    if uri != b"urn:schemas-upnp-org:device-1-0" {
        out.weird("upnp.namespace");
    }
    if fault == Some(Fault::Malformed) {
        out.weird("upnp.malformed");
    }
}

/// Makers put their own name into the namespace, or leave it out.
fn is_description(root: &Element<'_>) -> bool {
    let is_device = root.uri.windows(10).any(|window| window == b":device-1-");
    root.local == b"root" && (root.uri.is_empty() || is_device)
}

struct Description<'a> {
    uri: &'a [u8],
    root: Device<'a>,
    embedded: u32,
}

#[derive(Clone, Copy, Default)]
struct Device<'a> {
    device_type: Option<Text<'a>>,
    friendly_name: Option<Text<'a>>,
    manufacturer: Option<Text<'a>>,
    model: Option<Text<'a>>,
    model_number: Option<Text<'a>>,
    serial: Option<Text<'a>>,
    udn: Option<Text<'a>>,
}

impl<'a> Device<'a> {
    /// What the device that `scanner` stands in says of itself, in elements of the namespace `uri`.
    fn read(mut scanner: Scanner<'a>, uri: &[u8]) -> Self {
        let mut device = Self::default();
        let level = scanner.depth();
        while let Some(part) = scanner.child(level) {
            if part.uri == uri {
                device.part(part.local, scanner.value());
            }
        }
        device
    }

    fn part(&mut self, local: &[u8], value: Option<Text<'a>>) {
        let held = match local {
            b"deviceType" => &mut self.device_type,
            b"friendlyName" => &mut self.friendly_name,
            b"manufacturer" => &mut self.manufacturer,
            b"modelName" => &mut self.model,
            b"modelNumber" => &mut self.model_number,
            b"serialNumber" => &mut self.serial,
            b"UDN" => &mut self.udn,
            _ => return,
        };
        *held = held.or(value);
    }

    /// Whether it says what only a UPnP device says.
    fn is_upnp(&self) -> bool {
        let begins =
            |text: Option<Text<'_>>, with: &str| text.is_some_and(|text| text.raw.starts_with(with.as_bytes()));
        begins(self.device_type, "urn:") || begins(self.udn, "uuid:")
    }

    fn uuid(&self) -> Option<(Uuid, &'a [u8])> {
        Uuid::in_urn(self.udn?.raw)
    }

    /// Whether it is another thing than `root`, of which it is described to be a part.
    fn differs(&self, root: &Self) -> bool {
        let other = |mine: Option<Text<'_>>, its: Option<Text<'_>>| mine.is_some() && mine != its;
        other(self.manufacturer, root.manufacturer) || other(self.serial, root.serial)
    }

    fn say(&self, about: About<'_>, out: &mut Output<'_>) {
        let facts = [
            (Field::DeviceType, self.device_type),
            (Field::FriendlyName, self.friendly_name),
            (Field::Manufacturer, self.manufacturer),
            (Field::Model, self.model),
            (Field::ModelNumber, self.model_number),
            (Field::Serial, self.serial),
        ];
        for (field, text) in facts {
            if let Some(text) = text {
                out.fact(about, field, &text.decode(), text.raw);
            }
        }
    }
}

impl<'a> Description<'a> {
    /// Reads the device whose start tag was read last, and within it, `depth` devices deep. `false` when the root is
    /// no UPnP device.
    fn device(&mut self, scanner: &mut Scanner<'a>, depth: usize, out: &mut Output<'_>) -> bool {
        let device = Device::read(scanner.clone(), self.uri);
        if depth > 0 {
            self.say_embedded(&device, out);
        } else if !device.is_upnp() {
            return false;
        } else {
            say_root(&device, out);
            self.root = device;
        }
        let level = scanner.depth();
        while let Some(list) = scanner.child(level) {
            match list.local {
                _ if list.uri != self.uri => {}
                b"serviceList" if depth == 0 => say_services(scanner, out),
                b"deviceList" if depth < DEEPEST => self.devices(scanner, depth + 1, out),
                _ => {}
            }
        }
        true
    }

    fn devices(&mut self, scanner: &mut Scanner<'a>, depth: usize, out: &mut Output<'_>) {
        let level = scanner.depth();
        while let Some(part) = scanner.child(level) {
            if part.local == b"device" && part.uri == self.uri {
                self.device(scanner, depth, out);
            }
        }
    }

    fn say_embedded(&mut self, device: &Device<'a>, out: &mut Output<'_>) {
        self.embedded += 1;
        let uuid = device.uuid().filter(|_| device.differs(&self.root) && self.embedded <= MOST);
        if let Some((uuid, _)) = uuid {
            device.say(About::Named(KeyKind::Uuid, uuid.as_str()), out);
        }
    }

    fn record(&self, out: &mut Output<'_>) {
        out.record(|row| {
            let texts = [
                ("device_type", self.root.device_type),
                ("manufacturer", self.root.manufacturer),
                ("model", self.root.model),
                ("model_number", self.root.model_number),
                ("serial", self.root.serial),
                ("udn", self.root.udn),
            ];
            for (name, text) in texts {
                if let Some(text) = text {
                    row.text(name, &*text.decode());
                }
            }
            row.number("embedded", self.embedded);
        });
    }
}

fn say_root(device: &Device<'_>, out: &mut Output<'_>) {
    device.say(About::Sender, out);
    match device.uuid() {
        Some((uuid, raw)) => out.fact(About::Sender, Field::Uuid, uuid.as_str(), raw),
        None if device.udn.is_some() => out.weird("upnp.udn"),
        None => {}
    }
}

fn say_services(scanner: &mut Scanner<'_>, out: &mut Output<'_>) {
    let level = scanner.depth();
    for _ in 0..MOST {
        if scanner.child(level).is_none() {
            return;
        }
        while let Some(part) = scanner.child(level + 1) {
            if let Some(text) = scanner.value().filter(|_| part.local == b"serviceType") {
                out.fact(About::Sender, Field::ServiceOffered, &text.decode(), text.raw);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::trial;

    fn hear(xml: &str) -> trial::Heard {
        trial::hear(&format!("frame upnp 10.0.0.1 > 10.0.0.2\n> \"{}\"", xml.replace('"', "\\\"")))
    }

    #[test]
    fn other_xml_says_nothing() {
        for xml in [
            "<root><device><deviceType>x</deviceType><serialNumber>1</serialNumber></device></root>",
            "<html><device><UDN>uuid:1</UDN></device></html>",
            "<soap:Envelope><root><device><UDN>uuid:1</UDN></device></root></soap:Envelope>",
            "<root xmlns='urn:schemas-upnp-org:service-1-0'><device><UDN>uuid:1</UDN></device></root>",
        ] {
            let heard = hear(xml);
            assert!(heard.facts.is_empty() && heard.weirds.is_empty() && heard.records.is_empty(), "{xml}");
        }
    }

    #[test]
    fn a_description_cut_anywhere_says_only_whole_values() {
        let xml = "<root xmlns='urn:schemas-upnp-org:device-1-0'><device><deviceType>urn:a:device:b:1</deviceType>\
            <manufacturer>Maker</manufacturer><serialNumber>12345</serialNumber></device></root>";
        for end in 0..xml.len() {
            for fact in hear(xml.get(..end).expect("ASCII")).facts {
                let value = fact.rsplit(" = ").next().expect("a value").to_owned();
                assert!(["urn:a:device:b:1", "Maker", "12345"].contains(&value.as_str()), "{fact}");
            }
        }
    }
}
