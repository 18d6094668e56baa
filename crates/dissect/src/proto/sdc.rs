//! IEEE 11073 SDC: what a medical device's description of itself says, and where it stands.
//!
//! In go SOAP bodies of the BICEPS message model, out go the type, maker, model, serial number, UDI and versions of the
//! medical device system that sends them, and the location it is associated with. Further systems in one description
//! are devices that the sender speaks for. Only answers and reports are read, and of those only these elements: what
//! stands in patient, operator and workflow contexts, alerts, operations and metrics is passed over unseen.
//!
//! Source: IEEE 11073-10207-2017 (BICEPS) §5, annex B; 11073-20701-2018; nomenclature 11073-10101.

use crate::codec::biceps;
use crate::codec::soap::Envelope;
use crate::codec::xml::{Element, Fault, Scanner, Text};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, KeyKind, Kind, Privacy, Side};

pub(super) const ENTRY: Sdc = Sdc;

pub(super) struct Sdc;

impl Dissector for Sdc {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Reading)
    }
}

static INFO: Info = Info {
    name: "sdc",
    title: "IEEE 11073 SDC",
    source: "IEEE 11073-10207-2017; 11073-20701-2018",
    carriers: &[Carrier::Body("application/soap+xml")],
    ports: &[],
    record: &[
        field("kind", Kind::Text, "Message of the BICEPS message model, such as `GetMdibResponse`"),
        field("mdib_version", Kind::Number, "Version of the device's data that the message is of"),
        field("systems", Kind::Number, "Medical device systems described in it"),
        field("is_whole", Kind::Flag, "Whether all of the message was there to read"),
    ],
    weirds: &[("sdc.malformed", "the message is not well-formed XML")],
    window: 0,
};

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Device, meaning }
}

struct Reading;

impl Parser for Reading {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if let Some(Envelope { body: Some(body), scanner, .. }) = Envelope::open(bytes)
            && is_biceps(body.uri)
        {
            read_message(&body, scanner, out);
        }
        Step::Done
    }
}

/// Both models, in every edition and draft.
fn is_biceps(uri: &[u8]) -> bool {
    uri.windows(11).any(|window| window == b"11073-10207")
}

fn read_message<'a>(body: &Element<'a>, scanner: Scanner<'a>, out: &mut Output<'_>) {
    let mut message = Message { scanner, systems: 0 };
    if body.local.ends_with(b"Response") || body.local.ends_with(b"Report") {
        message.part(out);
    }
    let Message { mut scanner, systems } = message;
    scanner.finish();
    if scanner.fault() == Some(Fault::Malformed) {
        out.weird("sdc.malformed");
    }
    let version = body.attribute("MdibVersion").and_then(|text| text.decode().parse::<u64>().ok());
    out.record(|row| {
        row.text("kind", body.local);
        if let Some(version) = version {
            row.number("mdib_version", version);
        }
        row.number("systems", systems);
        row.flag("is_whole", scanner.fault().is_none());
    });
}

struct Message<'a> {
    scanner: Scanner<'a>,
    systems: u32,
}

impl<'a> Message<'a> {
    /// Reads the element that the scanner stands in, as far as it leads to systems and states.
    fn part(&mut self, out: &mut Output<'_>) {
        let level = self.scanner.depth();
        while let Some(part) = self.scanner.child(level) {
            match part.local {
                _ if !is_biceps(part.uri) => {}
                b"Mdib" | b"MdDescription" | b"MdState" | b"ReportPart" => self.part(out),
                b"Mds" => self.system(out),
                b"State" | b"ContextState" => self.state(&part, out),
                _ => {}
            }
        }
    }

    fn system(&mut self, out: &mut Output<'_>) {
        self.systems = self.systems.saturating_add(1);
        let system = System::read(&mut self.scanner);
        if self.systems == 1 {
            system.say(About::Sender, out);
        } else if let Some(key) = system.key() {
            system.say(About::Named(KeyKind::Serial, &key), out);
        }
    }

    /// Says the place that a location context names. The association is that of the moment: others are history.
    fn state(&mut self, state: &Element<'a>, out: &mut Output<'_>) {
        if state.attribute("ContextAssociation").is_none_or(|association| association.raw != b"Assoc") {
            return;
        }
        let level = self.scanner.depth();
        while let Some(part) = self.scanner.child(level) {
            if part.local != b"LocationDetail" || !is_biceps(part.uri) {
                continue;
            }
            let parts = ["Facility", "Building", "Floor", "PoC", "Room", "Bed"]
                .map(|name| part.attribute(name).map(|text| text.decode().into_owned()));
            if let Some(location) = biceps::location(parts) {
                out.fact(About::Sender, Field::SdcLocation, &location, part.local);
            }
        }
    }
}

/// What one medical device system says of itself.
#[derive(Default)]
struct System<'a> {
    mdc_type: Option<(String, &'a [u8])>,
    texts: Vec<(Field, Text<'a>)>,
}

impl<'a> System<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Self {
        let mut system = Self::default();
        let level = scanner.depth();
        while let Some(part) = scanner.child(level) {
            match part.local {
                _ if !is_biceps(part.uri) => {}
                b"Type" => system.mdc_type = coded(&part),
                b"ProductionSpecification" => system.specification(scanner),
                b"MetaData" => system.metadata(scanner),
                _ => {}
            }
        }
        system
    }

    /// A production specification: its kind is a code of 11073-10101 (`MDC_ID_PROD_SPEC_…`).
    fn specification(&mut self, scanner: &mut Scanner<'a>) {
        let level = scanner.depth();
        let (mut kind, mut value) = (None, None);
        while let Some(part) = scanner.child(level) {
            match part.local {
                b"SpecType" => kind = coded(&part).and_then(|(code, _)| specified(&code)),
                b"ProductionSpec" => value = scanner.value(),
                _ => {}
            }
        }
        if let Some((field, value)) = kind.zip(value) {
            self.hold(field, value);
        }
    }

    fn metadata(&mut self, scanner: &mut Scanner<'a>) {
        let level = scanner.depth();
        while let Some(part) = scanner.child(level) {
            let field = match part.local {
                b"Udi" => {
                    self.udi(scanner);
                    continue;
                }
                b"Manufacturer" => Field::Manufacturer,
                b"ModelName" => Field::Model,
                b"ModelNumber" => Field::ModelNumber,
                b"SerialNumber" => Field::Serial,
                _ => continue,
            };
            if let Some(value) = scanner.value() {
                self.hold(field, value);
            }
        }
    }

    fn udi(&mut self, scanner: &mut Scanner<'a>) {
        let level = scanner.depth();
        while let Some(part) = scanner.child(level) {
            let value = scanner.value().filter(|_| matches!(part.local, b"DeviceIdentifier" | b"HumanReadableForm"));
            if let Some(value) = value.filter(|_| self.texts.len() < 32) {
                self.texts.push((Field::Udi, value));
            }
        }
    }

    /// Keeps the first value of a field: others are the same in other languages.
    fn hold(&mut self, field: Field, value: Text<'a>) {
        if self.text(field).is_none() {
            self.texts.push((field, value));
        }
    }

    fn text(&self, field: Field) -> Option<Text<'a>> {
        self.texts.iter().find(|(held, _)| *held == field).map(|(_, text)| *text)
    }

    /// Maker and serial number, the name by which a system stays known.
    fn key(&self) -> Option<String> {
        let (maker, serial) = self.text(Field::Manufacturer).zip(self.text(Field::Serial))?;
        Some(format!("{}/{}", maker.decode(), serial.decode()))
    }

    fn say(&self, about: About<'_>, out: &mut Output<'_>) {
        if let Some((code, raw)) = &self.mdc_type {
            out.fact(about, Field::MdcType, code, raw);
        }
        for (field, text) in &self.texts {
            out.fact(about, *field, &text.decode(), text.raw);
        }
    }
}

fn coded<'a>(element: &Element<'a>) -> Option<(String, &'a [u8])> {
    let code = element.attribute("Code")?;
    let system = element.attribute("CodingSystem").map_or(&b""[..], |system| system.raw);
    Some((biceps::mdc_type(code.raw, system)?, code.raw))
}

/// What a production specification of this kind says: `MDC_ID_PROD_SPEC_SERIAL`, `…_HW`, `…_SW`, `…_FW`.
fn specified(code: &str) -> Option<Field> {
    Some(match code {
        "8:7684" => Field::Serial,
        "8:7686" => Field::Hardware,
        "8:7687" => Field::Software,
        "8:7688" => Field::Firmware,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::trial;

    const STATE: &str = "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body>\
        <m:GetMdibResponse xmlns:m='http://standards.ieee.org/downloads/11073/11073-10207-2017/message' \
        xmlns='http://standards.ieee.org/downloads/11073/11073-10207-2017/participant'><m:Mdib><MdDescription>\
        <Mds><MetaData><Manufacturer>Acme</Manufacturer><SerialNumber>77</SerialNumber></MetaData></Mds></MdDescription>\
        <MdState><State ContextAssociation='Assoc'><LocationDetail PoC='ICU' Bed='B1'/></State>\
        <State ContextAssociation='Assoc'><Identification Extension='MRN4711'/><CoreData><Givenname>Anna</Givenname>\
        <Familyname>Meier</Familyname></CoreData></State></MdState></m:Mdib></m:GetMdibResponse></e:Body></e:Envelope>";

    #[test]
    fn bytes_lost_in_the_middle_make_no_patient_a_device() {
        for begin in 0..STATE.len() {
            for length in [1, 30, 75, 110, 160, 190, 260] {
                let rest = STATE.get(begin + length..).unwrap_or_default();
                let script =
                    format!("frame sdc 10.0.0.1 > 10.0.0.2\n> \"{}{rest}\"", STATE.get(..begin).expect("ASCII"));
                for fact in trial::hear(&script).facts {
                    assert!(!["Anna", "Meier", "nna", "eier"].iter().any(|name| fact.contains(name)), "{begin} {fact}");
                }
            }
        }
    }

    #[test]
    fn only_what_is_whole_is_said() {
        for end in 0..STATE.len() {
            let script = format!("frame sdc 10.0.0.1 > 10.0.0.2\n> \"{}\"", STATE.get(..end).expect("ASCII"));
            for fact in trial::hear(&script).facts {
                let value = fact.rsplit(" = ").next().expect("a value").to_owned();
                assert!(["Acme", "77", "///ICU//B1"].contains(&value.as_str()), "{fact}");
            }
        }
    }
}
