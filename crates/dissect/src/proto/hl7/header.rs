//! The message header, MSH (HL7 2.9 §2.14.9): who speaks to whom, which kind of message, in which characters.

use super::equipment::{Sender, is_eui64_type};
use super::profile;
use crate::codec::charset_hl7;
use crate::codec::delimited::Delimiters;
use crate::codec::eui64;
use crate::{About, Output, Row};
use encoding_rs::Encoding;
use wardlight_model::Field;

/// Delimiters that nearly every message has; those before the first header.
pub(super) const COMMON: Delimiters =
    Delimiters { field: b'|', component: b'^', repeat: b'~', escape: Some(b'\\'), part: Some(b'&'), encoding: None };

/// What of a header goes into the record. Only fields that describe systems; the strings are used again.
#[derive(Default)]
pub(super) struct Header {
    sending_application: String,
    sending_facility: String,
    receiving_application: String,
    receiving_facility: String,
    message: String,
    version: String,
    processing: String,
    character_set: String,
    /// Who sends it, when MSH-3 has an EUI-64.
    pub sender: Option<Sender>,
}

impl Header {
    /// Reads the segment `line`, and says what it tells about the sender. The delimiters it sets come back, and whether
    /// it is what a header should be: else nothing of the message is trusted.
    pub(super) fn read(&mut self, line: &[u8], out: &mut Output<'_>) -> (Delimiters, bool) {
        self.clear();
        let (delimiters, label, known) = delimiters(line);
        let [_, _, application, facility, to_application, to_facility, _, _, message, _, processing, version] =
            fields(line, &delimiters);
        let Some((code, event)) = message_type(message, &delimiters) else {
            out.weird("hl7.header");
            return (delimiters, false);
        };
        if !known {
            out.weird("hl7.character_set");
        }
        self.character_set.push_str(label);
        out.fact(About::Sender, Field::Legacy, "cleartext-hl7", line.get(..3).unwrap_or(line));
        let application = first(application, &delimiters);
        let facility = first(facility, &delimiters);
        self.sending_application.push_str(&delimiters.spell(application));
        self.sending_facility.push_str(&delimiters.spell(facility));
        self.receiving_application.push_str(&delimiters.spell(first(to_application, &delimiters)));
        self.receiving_facility.push_str(&delimiters.spell(first(to_facility, &delimiters)));
        out.fact(About::Sender, Field::Hl7Application, &self.sending_application, application);
        out.fact(About::Sender, Field::Hl7Facility, &self.sending_facility, facility);
        self.sender = sender(application, &delimiters);
        self.message.push_str(code);
        if !event.is_empty() {
            self.message.push('^');
            self.message.push_str(event);
        }
        out.fact(About::Sender, Field::Hl7Message, &self.message, message);
        let [.., profiles] = fields::<21>(line, &delimiters);
        profile::say((code, event), profiles, &delimiters, out);
        self.version.push_str(version_number(version, &delimiters));
        out.fact(About::Sender, Field::Hl7Version, &self.version, version);
        self.processing.push_str(processing_id(processing, &delimiters));
        (delimiters, true)
    }

    /// Whether the message brings results of a laboratory: of a visit, or of a specimen.
    pub(super) fn brings_results(&self) -> bool {
        ["ORU^R01", "OUL^R21", "OUL^R22", "OUL^R23", "OUL^R24"].contains(&self.message.as_str())
    }

    /// Writes what was read into a record.
    pub(super) fn write(&self, row: &mut Row<'_>) {
        row.text("sending_application", &self.sending_application);
        row.text("sending_facility", &self.sending_facility);
        row.text("receiving_application", &self.receiving_application);
        row.text("receiving_facility", &self.receiving_facility);
        row.text("message_type", &self.message);
        row.text("version", &self.version);
        row.text("processing_id", &self.processing);
        row.text("character_set", &self.character_set);
    }

    fn clear(&mut self) {
        let Self { sending_application, sending_facility, receiving_application, receiving_facility, .. } = self;
        for text in [sending_application, sending_facility, receiving_application, receiving_facility] {
            text.clear();
        }
        for text in [&mut self.message, &mut self.version, &mut self.processing, &mut self.character_set] {
            text.clear();
        }
        self.sender = None;
    }
}

/// The delimiters that a header sets, its character set as it names it, and whether that one is known.
fn delimiters(line: &[u8]) -> (Delimiters, &str, bool) {
    let mut set = COMMON;
    set.field = line.get(3).copied().unwrap_or(set.field);
    let [_, encoding, ..] = fields::<2>(line, &set);
    let mut characters = encoding.iter().copied();
    set.component = characters.next().unwrap_or(set.component);
    set.repeat = characters.next().unwrap_or(set.repeat);
    set.escape = characters.next();
    // Some write the escape character twice, as their programming language made them do.
    set.part = characters.find(|byte| Some(*byte) != set.escape);
    let wide = [encoding_rs::GB18030, encoding_rs::BIG5, encoding_rs::SHIFT_JIS].map(Some);
    let guesses = if std::str::from_utf8(line).is_ok() { &[][..] } else { &wide[..] };
    // A wide character may hide a delimiter before MSH-18 is reached: then the label is found by what it says.
    for guess in [None].iter().chain(guesses) {
        set.encoding = *guess;
        if let Some((encoding, label)) = character_set(line, &set) {
            set.encoding = Some(encoding);
            return (set, label, true);
        }
    }
    set.encoding = None;
    let [.., labels] = fields::<18>(line, &set);
    (set, "", labels.trim_ascii().is_empty())
}

/// The first character set in MSH-18 that is known, and its label.
fn character_set<'a>(line: &'a [u8], set: &Delimiters) -> Option<(&'static Encoding, &'a str)> {
    let [.., labels] = fields::<18>(line, set);
    let labels = set.repetitions(labels).take(8).filter_map(|label| std::str::from_utf8(label).ok()).map(str::trim);
    labels.filter_map(|label| Some((charset_hl7::encoding(label)?, label))).next()
}

/// The first `N` fields of a segment; what is not there is empty.
fn fields<'a, const N: usize>(line: &'a [u8], delimiters: &Delimiters) -> [&'a [u8]; N] {
    let mut fields = [&[][..]; N];
    fields.iter_mut().zip(delimiters.fields(line)).for_each(|(to, field)| *to = field);
    fields
}

fn first<'a>(field: &'a [u8], delimiters: &Delimiters) -> &'a [u8] {
    delimiters.repetitions(field).next().unwrap_or_default()
}

/// Message code and trigger event, such as `ORU` and `R01`; `None` when MSH-9 has no such shape.
fn message_type<'a>(field: &'a [u8], delimiters: &Delimiters) -> Option<(&'a str, &'a str)> {
    let mut components = delimiters.components(field).map(|part| std::str::from_utf8(part).unwrap_or("?").trim());
    let (code, event) = (components.next()?, components.next().unwrap_or_default());
    let is_code = |code: &[u8]| code.len() == 3 && code.iter().all(u8::is_ascii_alphanumeric);
    let fits = match code.as_bytes() {
        // Some write the message structure in place of the code.
        [code @ .., b'_', _, _, _] if event.is_empty() => is_code(code),
        code => is_code(code) && (event.is_empty() || is_code(event.as_bytes())),
    };
    fits.then_some((code, event))
}

/// Version such as `2.5.1`; empty when MSH-12 has no such shape.
fn version_number<'a>(field: &'a [u8], delimiters: &Delimiters) -> &'a str {
    let version = delimiters.components(field).next().and_then(|raw| std::str::from_utf8(raw).ok()).unwrap_or_default();
    let version = version.trim();
    let fits = version.len() <= 8 && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if fits { version } else { "" }
}

/// `P`, `T` or `D`; empty for anything else.
fn processing_id(field: &[u8], delimiters: &Delimiters) -> &'static str {
    match delimiters.components(field).next() {
        Some(b"P") => "P",
        Some(b"T") => "T",
        Some(b"D") => "D",
        _ => "",
    }
}

/// The EUI-64 by which MSH-3 names the sending application: `name^0123456789ABCDEF^EUI-64` (IHE PCD TF-2 appendix B.1).
fn sender(application: &[u8], delimiters: &Delimiters) -> Option<Sender> {
    let mut components = delimiters.components(application).map(|part| delimiters.text(part));
    let (name, universal, system) = (components.next()?, components.next()?, components.next()?);
    let eui = is_eui64_type(&system).then(|| eui64::parse(&universal)).flatten()?;
    Some(Sender { name: name.into_owned(), eui })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_those_of_the_header() {
        let (set, ..) = delimiters(b"MSH#*~!%#LAB");
        assert_eq!((set.field, set.component, set.repeat), (b'#', b'*', b'~'));
        assert_eq!((set.escape, set.part), (Some(b'!'), Some(b'%')));
        let (set, ..) = delimiters(br"MSH|^~\\&|LAB");
        assert_eq!((set.escape, set.part), (Some(b'\\'), Some(b'&')));
        let (set, ..) = delimiters(b"MSH|^~|LAB");
        assert_eq!((set.escape, set.part), (None, None));
    }

    #[test]
    fn the_character_set_is_the_first_known_one() {
        let (set, label, known) = delimiters(br"MSH|^~\&|||||||||||||||||~ISO IR87");
        assert_eq!((set.encoding, label, known), (None, "", true));
        let (set, label, known) = delimiters(br"MSH|^~\&||||||||||||||||~ISO IR87");
        assert_eq!((set.encoding, label, known), (Some(encoding_rs::ISO_2022_JP), "ISO IR87", true));
        assert!(!delimiters(br"MSH|^~\&||||||||||||||||KLINGON").2);
    }

    #[test]
    fn what_has_not_the_shape_of_a_message_type_is_none() {
        let read = |raw: &'static str| message_type(raw.as_bytes(), &COMMON);
        assert_eq!(read("ORU^R01^ORU_R01"), Some(("ORU", "R01")));
        assert_eq!(read("ACK"), Some(("ACK", "")));
        assert_eq!(read("ORU_R01"), Some(("ORU_R01", "")));
        for raw in ["", "MOUSE^MICKEY", "19810212", "DOE JOHN^A01", "A^B", "ORU^MICKEY"] {
            assert_eq!(read(raw), None, "{raw}");
        }
    }
}
