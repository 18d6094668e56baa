//! The `Device` resource: who made it, which one it is, which standards it keeps to, what runs on it.
//!
//! Names given by users and patients, the patient, owner, location, notes and contacts are passed over.

use crate::codec::json::{Scanner, Token, unescape};
use crate::{About, Output};
use wardlight_model::{Field, KeyKind};

/// System of EUI-64 identifiers (HL7 Personal Health Device implementation guide §PhdDevice).
const EUI64: &[u8] = b"urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680";
/// System of IEEE 11073 nomenclature codes.
const MDC: &[u8] = b"urn:iso:std:iso:11073:10101";
/// Most versions and names kept of one device.
const MOST: usize = 8;

#[derive(Default)]
struct Device<'a> {
    maker: &'a [u8],
    serial: &'a [u8],
    eui64: &'a [u8],
    mdc: Vec<&'a [u8]>,
    /// Device identifier of the UDI, and the serial number that its carrier holds.
    udi: [&'a [u8]; 2],
    /// Everything said as it stands.
    said: Vec<(Field, &'a [u8])>,
}

/// Reads the device whose object was just begun and says what it tells, if it tells which device it is.
pub fn read(scanner: &mut Scanner<'_>, out: &mut Output<'_>) {
    let mut device = Device::default();
    scanner.members(|scanner, name, value| device.member(scanner, name, value));
    device.say(out);
}

impl<'a> Device<'a> {
    fn member(&mut self, scanner: &mut Scanner<'a>, name: &[u8], value: Token<'a>) {
        match (name, value) {
            (b"manufacturer", Token::Text(text)) => self.maker = text,
            (b"serialNumber", Token::Text(text)) => self.serial = text,
            (b"modelNumber" | b"partNumber", Token::Text(text)) => self.add(Field::ModelNumber, text),
            (b"model", Token::Text(text)) => self.add(Field::Model, text),
            (b"version", Token::Text(text)) => self.add(Field::Software, text),
            (b"version", Token::Array) => self.each(scanner, Self::version),
            (b"deviceName" | b"name", Token::Array) => self.each(scanner, Self::name),
            (b"udiCarrier", Token::Array) => self.each(scanner, Self::carrier),
            (b"udi" | b"udiCarrier", Token::Object) => self.carrier(scanner),
            (b"identifier", Token::Array) => self.each(scanner, Self::identifier),
            (b"type", Token::Object) => self.kind(scanner),
            (b"type", Token::Array) => self.each(scanner, Self::kind),
            (b"specialization" | b"conformsTo", Token::Array) => self.each(scanner, Self::specialization),
            _ => {}
        }
    }

    fn each(&mut self, scanner: &mut Scanner<'a>, read: impl Fn(&mut Self, &mut Scanner<'a>)) {
        scanner.items(|scanner, item| {
            if item == Token::Object {
                read(self, scanner);
            }
        });
    }

    fn add(&mut self, field: Field, raw: &'a [u8]) {
        if self.said.len() < 2 * MOST && !raw.is_empty() {
            self.said.push((field, raw));
        }
    }

    fn version(&mut self, scanner: &mut Scanner<'a>) {
        let (mut field, mut version): (Field, &[u8]) = (Field::Software, &[]);
        scanner.members(|scanner, name, value| match (name, value) {
            (b"value", Token::Text(text)) => version = text,
            (b"type", Token::Object) => scanner.texts(|text| field = part(text).unwrap_or(field)),
            _ => {}
        });
        self.add(field, version);
    }

    fn name(&mut self, scanner: &mut Scanner<'a>) {
        let (mut kind, mut text): (&[u8], &[u8]) = (&[], &[]);
        scanner.members(|_, name, value| match (name, value) {
            (b"type", Token::Text(value)) => kind = value,
            (b"name" | b"value", Token::Text(value)) => text = value,
            _ => {}
        });
        match kind {
            b"model-name" => self.add(Field::Model, text),
            b"manufacturer-name" | b"registered-name" | b"udi-label-name" => self.add(Field::FriendlyName, text),
            _ => {}
        }
    }

    fn carrier(&mut self, scanner: &mut Scanner<'a>) {
        let (mut whole, mut identifier): (&[u8], &[u8]) = (&[], &[]);
        scanner.members(|_, name, value| match (name, value) {
            (b"carrierHRF", Token::Text(text)) => whole = text,
            (b"deviceIdentifier", Token::Text(text)) => identifier = text,
            _ => {}
        });
        self.add(Field::Udi, if whole.is_empty() { identifier } else { whole });
        self.udi = [identifier, serial_of(whole)];
    }

    fn identifier(&mut self, scanner: &mut Scanner<'a>) {
        let (mut system, mut text): (&[u8], &[u8]) = (&[], &[]);
        scanner.members(|_, name, value| match (name, value) {
            (b"system", Token::Text(value)) => system = value,
            (b"value", Token::Text(value)) => text = value,
            _ => {}
        });
        if system == EUI64 {
            self.eui64 = text;
        }
    }

    fn kind(&mut self, scanner: &mut Scanner<'a>) {
        scanner.members(|scanner, name, value| {
            if (name, value) == (b"coding", Token::Array) {
                self.each(scanner, Self::coding);
            }
        });
    }

    /// The standard that a device keeps to (`specialization` in R4, `conformsTo` in R5), and so what it is.
    fn specialization(&mut self, scanner: &mut Scanner<'a>) {
        scanner.members(|scanner, name, value| {
            if matches!(name, b"systemType" | b"specification") && value == Token::Object {
                self.kind(scanner);
            }
        });
    }

    fn coding(&mut self, scanner: &mut Scanner<'a>) {
        let (mut system, mut code, mut display): (&[u8], &[u8], &[u8]) = (&[], &[], &[]);
        scanner.members(|_, name, value| match (name, value) {
            (b"system", Token::Text(text)) => system = text,
            (b"code", Token::Text(text)) => code = text,
            (b"display", Token::Text(text)) => display = text,
            _ => {}
        });
        if system == MDC && self.mdc.len() < MOST {
            self.mdc.push(code);
        }
        self.add(Field::DeviceType, display);
    }

    fn say(&self, out: &mut Output<'_>) {
        let [identifier, carried] = self.udi;
        let raw = if self.serial.is_empty() { carried } else { self.serial };
        let (maker, serial, eui64) = (unescape(self.maker), unescape(raw), digits(self.eui64));
        // Without a maker's name the device identifier of the UDI stands for maker and model.
        let whose = if maker.trim().is_empty() { unescape(identifier) } else { maker.clone() };
        let by_serial = format!("{}/{}", whose.trim(), serial.trim());
        let about = match &eui64 {
            _ if !whose.trim().is_empty() && !serial.trim().is_empty() => About::Named(KeyKind::Serial, &by_serial),
            Some(eui64) => About::Named(KeyKind::Eui64, eui64),
            None => return,
        };
        out.fact(about, Field::Manufacturer, &maker, self.maker);
        out.fact(about, Field::Serial, &serial, raw);
        if let Some(eui64) = &eui64 {
            out.fact(about, Field::Eui64, eui64, self.eui64);
        }
        for (code, raw) in self.mdc.iter().filter_map(|raw| Some((mdc_code(raw)?, raw))) {
            out.fact(about, Field::MdcType, &code, raw);
        }
        for (field, raw) in &self.said {
            out.fact(about, *field, &unescape(raw), raw);
        }
    }
}

/// The part of a device that a version type speaks of: a nomenclature code (ISO/IEEE 11073-10101 §A.9, production
/// specification) or a word.
fn part(kind: &[u8]) -> Option<Field> {
    let has = |word: &[u8]| kind.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
    match kind {
        b"531974" => Some(Field::Hardware),
        b"531975" => Some(Field::Software),
        b"531976" => Some(Field::Firmware),
        _ if has(b"firmware") => Some(Field::Firmware),
        _ if has(b"hardware") => Some(Field::Hardware),
        _ if has(b"software") => Some(Field::Software),
        _ => None,
    }
}

/// The serial number in a UDI as GS1 writes it for people: what stands behind `(21)`.
fn serial_of(carrier: &[u8]) -> &[u8] {
    let begin = carrier.windows(4).position(|window| window == b"(21)").map(|at| at + 4);
    let rest = begin.and_then(|at| carrier.get(at..)).unwrap_or_default();
    rest.split(|byte| *byte == b'(').next().unwrap_or_default()
}

/// The 16 hexadecimal digits of an EUI-64 written with or without `-` or `:`.
fn digits(eui64: &[u8]) -> Option<String> {
    let digits: String = eui64
        .iter()
        .filter(|byte| byte.is_ascii_hexdigit())
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    let is_plain = eui64.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b':' | b'.'));
    (digits.len() == 16 && is_plain).then_some(digits)
}

/// A nomenclature code as partition and term: 65573 is `1:37`.
fn mdc_code(code: &[u8]) -> Option<String> {
    let code: u32 = std::str::from_utf8(code).ok()?.parse().ok()?;
    Some(format!("{}:{}", code >> 16, code & 0xffff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_written_as_elsewhere() {
        assert_eq!(mdc_code(b"65573").as_deref(), Some("1:37"));
        assert_eq!(mdc_code(b"x"), None);
        assert_eq!(digits(b"FE-ED-AB-EE-DE-AD-77-C3").as_deref(), Some("feedabeedead77c3"));
        assert_eq!(digits(b"FE-ED"), None);
    }

    #[test]
    fn a_serial_number_is_found_in_a_udi() {
        assert_eq!(serial_of(b"(01)00844588003288(17)141120(10)7654321D(21)10987654d321"), b"10987654d321");
        assert_eq!(serial_of(b"(01)00844588003288(21)A1(10)7"), b"A1");
        assert_eq!(serial_of(b"+H123PARTNO1234567890120"), b"");
    }

    #[test]
    fn version_types_name_a_part() {
        assert_eq!(part(b"531976"), Some(Field::Firmware));
        assert_eq!(part(b"MDC_ID_PROD_SPEC_SW"), None);
        assert_eq!(part(b"Hardware Revision"), Some(Field::Hardware));
    }
}
