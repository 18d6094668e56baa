//! The carrier of a UDI, as printed or scanned: device identifier, serial number, lot and dates.
//!
//! Sources: GS1 General Specifications §3 (application identifiers 01, 10, 11, 17, 21, 240, 241), ANSI/HIBC 2.6 §2
//! (primary and secondary data), ICCBBA ST-001 §2 and Use of ISBT 128 for UDI; 21 CFR 830.20.

/// What a UDI says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Udi {
    /// Device identifier: GTIN, HIBC primary data without its sign and check, or ICCBBA processor product code.
    pub device: String,
    /// Serial number.
    pub serial: Option<String>,
    /// Lot.
    pub lot: Option<String>,
    /// Day of manufacture as `YYMMDD`, for HIBC as written.
    pub made: Option<String>,
    /// Day of expiry as `YYMMDD`, for HIBC as written.
    pub expires: Option<String>,
}

impl Udi {
    /// Reads `text`. `None` when it is in none of the three forms, or its device identifier has a wrong check digit.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("=/") {
            return iccbba(rest);
        }
        match text.strip_prefix('+') {
            Some(rest) => hibc(rest),
            None => gs1(text),
        }
    }
}

/// The separator behind a field of open length (FNC1 as it is transmitted).
const SEPARATOR: char = '\u{1d}';

fn gs1(text: &str) -> Option<Udi> {
    let text = ["]d2", "]C1", "]Q3", "]e0"].iter().find_map(|sign| text.strip_prefix(sign)).unwrap_or(text);
    let fields = if text.starts_with('(') { bracketed(text) } else { strung(text) };
    let mut udi = Udi::default();
    for (identifier, value) in fields? {
        let value = value.trim();
        match identifier {
            "01" => value.clone_into(&mut udi.device),
            "10" => udi.lot = Some(value.to_owned()),
            "11" => udi.made = Some(value.to_owned()),
            "17" => udi.expires = Some(value.to_owned()),
            "21" => udi.serial = Some(value.to_owned()),
            _ => {}
        }
    }
    is_gtin(&udi.device).then_some(udi)
}

/// `(01)…(21)…`, as it is printed for people.
fn bracketed(text: &str) -> Option<Vec<(&str, &str)>> {
    text.split('(').skip(1).map(|field| field.split_once(')')).collect()
}

/// The same as scanned: fields of fixed length follow each other, others end at a separator.
fn strung(mut rest: &str) -> Option<Vec<(&str, &str)>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        rest = rest.trim_start_matches(SEPARATOR);
        let (identifier, length) = match rest.get(..2)? {
            "01" => ("01", Some(14)),
            "11" => ("11", Some(6)),
            "17" => ("17", Some(6)),
            "10" => ("10", None),
            "21" => ("21", None),
            "24" => (rest.get(..3)?, None),
            _ => return None,
        };
        let value = rest.get(identifier.len()..)?;
        let end = length.or_else(|| value.find(SEPARATOR)).unwrap_or(value.len());
        fields.push((identifier, value.get(..end)?));
        rest = value.get(end..)?;
    }
    Some(fields)
}

/// Whether `text` is a GTIN-14 with its check digit (GS1 General Specifications §7.9).
fn is_gtin(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let weights = [3, 1].iter().cycle();
    digits.len() == 14 && text.len() == 14 && digits.iter().zip(weights).map(|(d, w)| d * w).sum::<u32>() % 10 == 0
}

/// Labeller (a letter and three signs), product, unit of measure, then `/` and secondary data.
fn hibc(text: &str) -> Option<Udi> {
    let mut parts = text.split('/');
    let primary = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    // The last sign of the whole is the check; it stands behind the primary data only when nothing follows.
    let primary = if rest.is_empty() { primary.get(..primary.len().checked_sub(1)?)? } else { primary };
    let is_code = primary.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
    let begins = primary.chars().next().is_some_and(|c| c.is_ascii_uppercase());
    let unit = primary.chars().next_back().is_some_and(|c| c.is_ascii_digit());
    if !(is_code && begins && unit && (6..=23).contains(&primary.len()) && checks(text)) {
        return None;
    }
    let mut udi = Udi { device: primary.to_owned(), ..Udi::default() };
    let count = rest.len();
    for (at, part) in rest.into_iter().enumerate() {
        let part = if at + 1 == count { part.get(..part.len().checked_sub(1)?)? } else { part };
        secondary(part, &mut udi);
    }
    Some(udi)
}

/// HIBC secondary data (§2.3): lot `$`, serial `$+`, each with an expiry in front when the sign stands twice; further
/// data under their identifiers of ANSI MH10.8.2.
fn secondary(part: &str, udi: &mut Udi) {
    let full = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    if let Some(rest) = part.strip_prefix("$$+") {
        let (date, serial) = dated(rest);
        (udi.expires, udi.serial) = (date.and_then(full), full(serial));
    } else if let Some(rest) = part.strip_prefix("$$") {
        let (date, lot) = dated(rest);
        (udi.expires, udi.lot) = (date.and_then(full), full(lot));
    } else if let Some(rest) = part.strip_prefix("$+") {
        udi.serial = full(rest);
    } else if let Some(rest) = part.strip_prefix('$') {
        udi.lot = full(rest);
    } else if let Some(rest) = part.strip_prefix("16D") {
        udi.made = full(rest);
    } else if let Some(rest) = part.strip_prefix("14D") {
        udi.expires = full(rest);
    } else if let Some(rest) = part.strip_prefix('S') {
        udi.serial = full(rest);
    }
}

/// Expiry and what follows: the first digit says which form the date has (§2.3.2.1, table 4).
fn dated(text: &str) -> (Option<&str>, &str) {
    let (skip, length) = match text.chars().next() {
        Some('2' | '3') => (1, 6),
        Some('4') => (1, 8),
        Some('5') => (1, 5),
        Some('6') => (1, 7),
        Some('7') => (1, 0),
        _ => (0, 4),
    };
    match (text.get(skip..skip + length), text.get(skip + length..)) {
        (Some(date), Some(rest)) => (Some(date), rest),
        _ => (None, text),
    }
}

/// Whether the last sign is the sum of all others modulo 43, the `+` in front counted (§4, table 6).
fn checks(text: &str) -> bool {
    const SIGNS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";
    let worth = |c: char| SIGNS.find(c);
    let mut signs: Vec<char> = text.chars().collect();
    let Some(check) = signs.pop().and_then(worth) else { return false };
    let plus = worth('+').unwrap_or_default();
    signs.into_iter().map(worth).try_fold(plus, |sum, one| Some(sum + one?)).is_some_and(|sum| sum % 43 == check)
}

/// Facility, product and `=,` with a serial number of six signs.
fn iccbba(text: &str) -> Option<Udi> {
    let mut parts = text.split('=');
    let device = parts.next().filter(|code| code.len() == 16 && code.chars().all(|c| c.is_ascii_alphanumeric()))?;
    let serial = parts.find_map(|part| part.strip_prefix(',')).map(str::to_owned);
    Some(Udi { device: device.to_owned(), serial, ..Udi::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, device: &str, serial: Option<&str>, lot: Option<&str>) {
        let udi = Udi::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((udi.device.as_str(), udi.serial.as_deref(), udi.lot.as_deref()), (device, serial, lot), "{text}");
    }

    #[test]
    fn gs1_is_read_as_printed_and_as_scanned() {
        check("(01)00312345678906(17)250101(10)LOT7(21)SN-10045", "00312345678906", Some("SN-10045"), Some("LOT7"));
        check(
            "]d2010031234567890617250101\u{1d}10LOT7\u{1d}21SN-10045",
            "00312345678906",
            Some("SN-10045"),
            Some("LOT7"),
        );
        check("010031234567890621SN10045", "00312345678906", Some("SN10045"), None);
        let dates = Udi::parse("(01)00312345678906(11)240131(17)290131").unwrap();
        assert_eq!((dates.made.as_deref(), dates.expires.as_deref()), (Some("240131"), Some("290131")));
    }

    #[test]
    fn hibc_is_read_with_its_check() {
        // The example of ANSI/HIBC 2.6 §2.2: labeller A123, product BJC5D6E7, unit 1, check G.
        check("+A123BJC5D6E71G", "A123BJC5D6E71", None, None);
        check(&signed("+A999BJC5D6E71/$+SN10045"), "A999BJC5D6E71", Some("SN10045"), None);
        check(&signed("+A999BJC5D6E71/$$3200101LOT7/SSN10045"), "A999BJC5D6E71", Some("SN10045"), Some("LOT7"));
        check(&signed("+A999BJC5D6E71/$$+7SN10045/16D20240131"), "A999BJC5D6E71", Some("SN10045"), None);
        assert_eq!(Udi::parse("+A123BJC5D6E71H"), None);
    }

    #[test]
    fn iccbba_is_read() {
        check("=/A9999XYZ100T0944=,000025=A99971312345600", "A9999XYZ100T0944", Some("000025"), None);
    }

    #[test]
    fn what_is_no_udi_is_not_read_as_one() {
        for text in ["", "(01)00312345678905", "SN-10045", "(21)X", "+", "=/short", "01003123456789", "(01", "99123"] {
            assert_eq!(Udi::parse(text), None, "{text}");
        }
    }

    fn signed(text: &str) -> String {
        let with = |c: char| format!("{text}{c}");
        let all = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%".chars();
        all.map(with).find(|text| checks(text.trim_start_matches('+'))).unwrap()
    }

    proptest! {
        #[test]
        fn any_text_is_fine(text in "(\\PC{0,40}|[(]01[)][0-9]{14}\\PC{0,20}|[+][A-Z0-9/$+]{0,30})") {
            let _ = Udi::parse(&text);
        }
    }
}
