//! The documents: hello, status, observations and acknowledgements are read, and of these only what describes devices.

use super::lane::is_known;
use crate::codec::xml::{Element, Scanner, Text};
use crate::codec::{eui64, laboratory};
use crate::{About, Output};
use wardlight_model::{Field, KeyKind};

/// Most tests named in one record.
const MOST: usize = 64;

/// Units of laboratory results that are handed on, as POCT1-A and UCUM write them.
const UNITS: [&str; 22] = [
    "mg/dL", "mmol/L", "umol/L", "g/dL", "g/L", "mg/L", "ng/mL", "ug/L", "ng/L", "U/L", "IU/L", "mIU/L", "%", "s",
    "mmHg", "mm[Hg]", "kPa", "mEq/L", "10*3/uL", "10*6/uL", "10*9/L", "10*12/L",
];

/// What one direction has said so far.
#[derive(Default)]
pub(super) struct Messages {
    /// The device that said hello, when it is not simply the sender.
    device: Option<(KeyKind, String)>,
}

/// What goes into a record.
#[derive(Default)]
struct Seen {
    message: String,
    version: String,
    device: String,
    maker: String,
    model: String,
    software: String,
    condition: String,
    ack: &'static str,
    observations: u64,
    tests: Vec<String>,
}

impl Messages {
    /// Whether documents called `name` are read.
    pub(super) fn reads(name: &[u8]) -> bool {
        is_known(name) && [b"HEL", b"DST", b"OBS", b"EVS", b"ACK"].iter().any(|kind| name.starts_with(*kind))
    }

    /// Writes down that a document called `name` passed, which begins with `begun` and is not read.
    pub(super) fn note(&self, name: &[u8], begun: &[u8], out: &mut Output<'_>) {
        out.fact(About::Sender, Field::Legacy, "cleartext-poct1a", begun.get(..4).unwrap_or(begun));
        Seen { message: shown(name), ..Seen::default() }.record(out);
    }

    /// Reads the whole document `bytes`, called `name`.
    pub(super) fn read(&mut self, name: &[u8], bytes: &[u8], out: &mut Output<'_>) {
        out.fact(About::Sender, Field::Legacy, "cleartext-poct1a", bytes.get(..4).unwrap_or(bytes));
        let mut seen = Seen { message: shown(name), ..Seen::default() };
        let mut scanner = Scanner::new(bytes);
        let is_hello = name.starts_with(b"HEL");
        let mut is_named = false;
        let root = scanner.child(0);
        while let Some(part) = root.and_then(|_| scanner.child(1)) {
            match part.local {
                b"HDR" => seen.header(&mut scanner),
                b"DEV" if is_hello => {
                    is_named = true;
                    self.hello(&mut scanner, &mut seen, out);
                }
                b"DST" => seen.status(&mut scanner),
                b"ACK" => seen.acknowledgement(&mut scanner),
                b"SVC" => self.service(&mut scanner, &mut seen, out),
                _ => {}
            }
        }
        if scanner.fault().is_some() {
            out.weird("poct1a.xml");
        } else if is_hello && !is_named {
            out.weird("poct1a.device");
        }
        if !name.starts_with(b"ACK") {
            out.fact(self.about(), Field::PoctMessage, &seen.message, bytes.get(1..=name.len()).unwrap_or(bytes));
        }
        seen.record(out);
    }

    fn about(&self) -> About<'_> {
        self.device.as_ref().map_or(About::Sender, |(kind, key)| About::Named(*kind, key))
    }

    /// `DEV` of a hello: the device describes itself.
    fn hello(&mut self, scanner: &mut Scanner<'_>, seen: &mut Seen, out: &mut Output<'_>) {
        let mut device = Device::default();
        while let Some(part) = scanner.child(2) {
            device.take(part);
        }
        self.device = None;
        let maker = device.manufacturer.or(device.vendor);
        let texts = [maker, device.model, device.software].map(|text| text.map(|text| text.decode().into_owned()));
        [seen.maker, seen.model, seen.software] = texts.map(Option::unwrap_or_default);
        let Some((own, named, raw)) = device.key(&seen.maker, out) else {
            out.weird("poct1a.device");
            return;
        };
        self.device = named;
        seen.device.clone_from(&own);
        out.fact(About::Sender, Field::PoctDevice, &own, raw);
        if !own.contains('/') {
            out.fact(self.about(), Field::Eui64, &own, raw);
        }
        for (field, text) in device.says() {
            if let Some(text) = text {
                out.fact(self.about(), field, &text.decode(), text.raw);
            }
        }
    }

    /// `SVC`: observations of a patient's or a control's sample.
    fn service(&self, scanner: &mut Scanner<'_>, seen: &mut Seen, out: &mut Output<'_>) {
        while let Some(of) = scanner.child(2) {
            match of.local {
                b"OBS" => self.observation((scanner, 3), seen, out),
                b"PT" | b"CTC" => {
                    while let Some(part) = scanner.child(3) {
                        if part.local == b"OBS" {
                            self.observation((scanner, 4), seen, out);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// `OBS`, open at `depth`: which test, in which unit.
    fn observation(&self, (scanner, depth): (&mut Scanner<'_>, usize), seen: &mut Seen, out: &mut Output<'_>) {
        seen.observations += 1;
        let (mut test, mut unit) = (None, None);
        while let Some(part) = scanner.child(depth) {
            match part.local {
                b"OBS.observation_id" => {
                    let code = |name: &str| part.attribute(name).filter(|code| laboratory::test(code.raw).is_some());
                    test = code("V").or_else(|| code("DN"));
                }
                b"OBS.value" => unit = part.attribute("U").and_then(|unit| known_unit(unit.raw)),
                _ => {}
            }
        }
        let Some((raw, test)) = test.and_then(|code| Some((code.raw, laboratory::test(code.raw)?))) else { return };
        out.fact(self.about(), Field::LaboratoryTest, test, raw);
        let shown = unit.map_or_else(|| test.to_owned(), |unit| format!("{test} {unit}"));
        if seen.tests.len() < MOST && !seen.tests.contains(&shown) {
            seen.tests.push(shown);
        }
    }
}

impl Seen {
    fn header(&mut self, scanner: &mut Scanner<'_>) {
        while let Some(part) = scanner.child(2) {
            if part.local == b"HDR.version_id" {
                let version =
                    value(part).filter(|version| version.raw.starts_with(b"POCT1") && version.raw.len() <= 12);
                self.version = version.map(|version| version.decode().into_owned()).unwrap_or_default();
            }
        }
    }

    fn status(&mut self, scanner: &mut Scanner<'_>) {
        while let Some(part) = scanner.child(2) {
            if part.local == b"DST.condition_cd" {
                let code = value(part).filter(|code| matches!(code.raw, [b'A'..=b'Z']));
                self.condition = code.map(|code| code.decode().into_owned()).unwrap_or_default();
            }
        }
    }

    fn acknowledgement(&mut self, scanner: &mut Scanner<'_>) {
        while let Some(part) = scanner.child(2) {
            if part.local == b"ACK.type_cd" {
                self.ack = match value(part).map(|code| code.raw) {
                    Some(b"AA") => "AA",
                    Some(b"AE") => "AE",
                    _ => "",
                };
            }
        }
    }

    fn record(&self, out: &mut Output<'_>) {
        out.record(|row| {
            row.text("message", &self.message);
            row.text("version", &self.version);
            row.text("device", &self.device);
            row.text("maker", &self.maker);
            row.text("model", &self.model);
            row.text("software", &self.software);
            row.text("condition", &self.condition);
            row.text("ack", self.ack);
            row.number("observations", self.observations);
            row.list("tests", &self.tests);
        });
    }
}

/// What a device says of itself.
#[derive(Default)]
struct Device<'a> {
    id: Option<Text<'a>>,
    vendor: Option<Text<'a>>,
    manufacturer: Option<Text<'a>>,
    model: Option<Text<'a>>,
    serial: Option<Text<'a>>,
    hardware: Option<Text<'a>>,
    software: Option<Text<'a>>,
    name: Option<Text<'a>>,
}

impl<'a> Device<'a> {
    fn take(&mut self, part: Element<'a>) {
        let held = match part.local {
            b"DEV.device_id" => &mut self.id,
            b"DEV.vendor_id" => &mut self.vendor,
            b"DEV.manufacturer_name" => &mut self.manufacturer,
            b"DEV.model_id" => &mut self.model,
            b"DEV.serial_id" => &mut self.serial,
            b"DEV.hw_version" => &mut self.hardware,
            b"DEV.sw_version" => &mut self.software,
            b"DEV.device_name" => &mut self.name,
            _ => return,
        };
        *held = value(part);
    }

    /// The name that stays with the device, and that name as a key when the sender's address does not show that it
    /// speaks of itself: a dock or a router may stand between.
    #[expect(clippy::type_complexity, reason = "read in one place")]
    fn key(&self, maker: &str, out: &Output<'_>) -> Option<(String, Option<(KeyKind, String)>, &'a [u8])> {
        if let Some((eui, raw)) = self.id.and_then(|id| Some((eui64::parse(&id.decode())?, id.raw)))
            && eui64::is_device(eui)
        {
            let context = out.context();
            let own = context.side.of(context.ends).mac.is_some_and(|mac| eui64::of(mac) == eui);
            let text = format!("{eui:016x}");
            let named = (!own).then(|| (KeyKind::Eui64, text.clone()));
            return Some((text, named, raw));
        }
        let serial = self.serial.or(self.id)?;
        let text = format!("{maker}/{}", serial.decode());
        Some((text.clone(), Some((KeyKind::Serial, text)), serial.raw))
    }

    fn says(&self) -> [(Field, Option<Text<'a>>); 6] {
        [
            (Field::Manufacturer, self.manufacturer.or(self.vendor)),
            (Field::Model, self.model),
            (Field::Serial, self.serial),
            (Field::Hardware, self.hardware),
            (Field::Software, self.software),
            (Field::FriendlyName, self.name),
        ]
    }
}

/// The value of an element: POCT1-A has it in the attribute `V`.
fn value<'a>(element: Element<'a>) -> Option<Text<'a>> {
    element.attribute("V").filter(|value| !value.raw.is_empty())
}

/// A message type of the specification as it stands; `other` for one that is not.
fn shown(name: &[u8]) -> String {
    if is_known(name) { String::from_utf8_lossy(name).into_owned() } else { "other".to_owned() }
}

fn known_unit(raw: &[u8]) -> Option<&'static str> {
    UNITS.iter().find(|unit| unit.as_bytes() == raw.trim_ascii()).copied()
}
