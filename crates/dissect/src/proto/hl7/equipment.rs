//! Equipment instance identifiers: OBX-18 and PRT-10, data type EI (HL7 2.9 §2.A.28), as IHE PCD-01 and LAW fill it.

use crate::codec::delimited::Delimiters;
use crate::codec::eui64;
use std::borrow::Cow;
use wardlight_model::KeyKind;

/// What an equipment instance identifier says.
pub(super) struct Equipment<'a> {
    /// What sort of name it is.
    pub kind: KeyKind,
    /// The name.
    pub key: Cow<'a, str>,
    /// The identifier as it stands, components joined by `^`.
    pub spelled: Cow<'a, str>,
}

/// Why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// The field is empty.
    Empty,
    /// It is not of data type EI: it may be anything, a person too.
    Malformed,
}

/// Who sends a message, when MSH-3 says it with an EUI-64: `name^EUI^EUI-64` (IHE DEV TF-2, B.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sender {
    /// Its name, component 1.
    pub name: String,
    /// Its EUI-64.
    pub eui: u64,
}

impl<'a> Equipment<'a> {
    /// Reads one repetition. The `sender`'s own EUI-64 names the authority behind an identifier and no device, unless the
    /// identifier is the sender's own name: then the device speaks of itself.
    pub(super) fn read(raw: &'a [u8], delimiters: &Delimiters, sender: Option<&Sender>) -> Result<Self, Lack> {
        let mut components = delimiters.components(raw).map(|component| delimiters.text(component));
        let mut next = || components.next().unwrap_or_default();
        let (entity, namespace, universal, system) = (next(), next(), next(), next());
        if components.any(|more| !more.is_empty()) || universal.is_empty() != system.is_empty() {
            return Err(Lack::Malformed);
        }
        if !system.is_empty() && !is_universal_type(&system) {
            return Err(Lack::Malformed);
        }
        let spelled = delimiters.spell(raw);
        if !spelled.contains(char::is_alphanumeric) {
            return Err(Lack::Empty);
        }
        let is_gateway = |eui: u64| sender.is_some_and(|sender| sender.eui == eui && *sender.name != *entity);
        let own = |eui: &u64| eui64::is_device(*eui) && !is_gateway(*eui);
        let by_system = || is_eui64_type(&system).then(|| eui64::parse(&universal)).flatten().filter(own);
        if let Some(eui) = eui64::parse(&entity).filter(own).or_else(by_system) {
            return Ok(Self { kind: KeyKind::Eui64, key: Cow::Owned(format!("{eui:016x}")), spelled });
        }
        let named = if entity.is_empty() && namespace.is_empty() { &universal } else { &entity };
        if let Some(uuid) = uuid(named) {
            return Ok(Self { kind: KeyKind::Uuid, key: Cow::Owned(uuid), spelled });
        }
        Ok(Self { kind: KeyKind::Instrument, key: spelled.clone(), spelled })
    }
}

/// Whether `system`, component 4, says that component 3 is an EUI-64.
pub(super) fn is_eui64_type(system: &str) -> bool {
    matches!(system, "EUI-64" | "EUI64" | "EUI_64" | "eui-64")
}

/// Universal identifier types, table 0301; not the local `L`, `M` and `N`.
fn is_universal_type(system: &str) -> bool {
    const TYPES: [&str; 9] = ["ISO", "DNS", "UUID", "GUID", "URI", "HL7", "HCD", "UDI", "x500"];
    is_eui64_type(system) || TYPES.iter().any(|known| known.eq_ignore_ascii_case(system))
}

/// The UUID that `text` is, or begins with before a separator, in lower case.
fn uuid(text: &str) -> Option<String> {
    let (uuid, behind) = text.split_at_checked(36)?;
    let is_hexadecimal = |(n, byte): (usize, u8)| match n {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    let ends = behind.chars().next().is_none_or(|c| matches!(c, '-' | '_' | ' ' | '/'));
    (ends && uuid.bytes().enumerate().all(is_hexadecimal)).then(|| uuid.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HL7: Delimiters = Delimiters {
        field: b'|',
        component: b'^',
        repeat: b'~',
        escape: Some(b'\\'),
        part: Some(b'&'),
        encoding: None,
    };
    const GATEWAY: u64 = 0x001a_0100_0000_0001;

    fn gateway() -> Sender {
        Sender { name: "Pump".to_owned(), eui: GATEWAY }
    }

    #[track_caller]
    fn check(raw: &str, expected: Result<(KeyKind, &str), Lack>) {
        let read = Equipment::read(raw.as_bytes(), &HL7, Some(&gateway()));
        let read = read.as_ref().map(|equipment| (equipment.kind, &*equipment.key)).map_err(|lack| match lack {
            Lack::Empty => Lack::Empty,
            Lack::Malformed => Lack::Malformed,
        });
        assert_eq!(read, expected, "{raw}");
    }

    #[test]
    fn an_eui_64_is_found_where_profiles_put_it() {
        let eui = Ok((KeyKind::Eui64, "0123456789abcdef"));
        for raw in
            ["0123456789ABCDEF^EUI-64", "0123456789ABCDEF^B40", "01-23-45-67-89-ab-cd-ef", "^^0123456789ABCDEF^EUI-64"]
        {
            check(
                raw,
                match eui {
                    Ok(key) => Ok(key),
                    Err(()) => Err(Lack::Empty),
                },
            );
        }
        check("Pump1^^0123456789ABCDEF^EUI-64", Ok((KeyKind::Eui64, "0123456789abcdef")));
    }

    #[test]
    fn a_sender_that_speaks_of_itself_is_a_device() {
        check("Pump^^001A010000000001^EUI-64", Ok((KeyKind::Eui64, "001a010000000001")));
        check("Pump2^^001A010000000001^EUI-64", Ok((KeyKind::Instrument, "Pump2^^001A010000000001^EUI-64")));
    }

    #[test]
    fn an_authority_is_no_device() {
        check("P52814^^0012210000000000^EUI-64", Ok((KeyKind::Instrument, "P52814^^0012210000000000^EUI-64")));
        check(
            "2000101^Pump^001A010000000001^EUI-64",
            Ok((KeyKind::Instrument, "2000101^Pump^001A010000000001^EUI-64")),
        );
    }

    #[test]
    fn a_uuid_is_found_and_anything_else_is_a_name() {
        let uuid = "7F2586C7-0506-46cd-a612-d8e75b838faa";
        check(uuid, Ok((KeyKind::Uuid, "7f2586c7-0506-46cd-a612-d8e75b838faa")));
        check(&format!("{uuid}-Monitor X2"), Ok((KeyKind::Uuid, "7f2586c7-0506-46cd-a612-d8e75b838faa")));
        check("BC-5380^Mindray", Ok((KeyKind::Instrument, "BC-5380^Mindray")));
    }

    #[test]
    fn a_person_does_not_fit_the_data_type() {
        check("2740^DOE^Janet", Err(Lack::Malformed));
        check("3065^DOE^Paul^J", Err(Lack::Malformed));
        check("71^DUCK^DONALD^^^DR", Err(Lack::Malformed));
        check("", Err(Lack::Empty));
        check("^^^", Err(Lack::Empty));
    }
}
