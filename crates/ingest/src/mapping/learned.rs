//! What a column's values look like.

use super::Meaning;
use crate::value::{ip, is_blank, mac};
use wardlight_model::AssetField;

/// Fewest values that can tell anything.
const FEWEST: usize = 3;

/// Whether a value looks like something.
type Look = fn(&str) -> bool;

/// What `values` look like, and how sure that is in percent.
pub fn meaning<'t>(values: impl Iterator<Item = &'t str>) -> Option<(Meaning, u8)> {
    let values: Vec<&str> = values.filter(|value| !is_blank(value)).collect();
    let share =
        |is: fn(&str) -> bool| values.iter().filter(|value| is(value.trim())).count() * 100 / values.len().max(1);
    if values.len() < FEWEST {
        return None;
    }
    let looks: [(Look, AssetField, u8); 4] = [
        (is_mac, AssetField::Mac, 90),
        (|text| ip(text).is_some(), AssetField::Ip, 85),
        (is_udi, AssetField::Udi, 90),
        (is_gtin, AssetField::UdiDi, 70),
    ];
    let found = looks.into_iter().find(|(is, _, _)| share(*is) >= 90);
    found.map(|(_, field, confidence)| (Meaning::Field(field), confidence))
}

/// Whether `field` has a form that fewer than one in five of `values` can be put into.
pub fn is_denied<'t>(field: AssetField, values: impl Iterator<Item = &'t str>) -> bool {
    let is: Look = match field {
        AssetField::Mac => |text| text.split([',', ';', ' ', '\n']).any(is_mac) || is_mac(text),
        AssetField::Ip => |text| text.split([',', ';', ' ', '\n']).any(|part| ip(part).is_some()),
        _ => return false,
    };
    let values: Vec<&str> = values.filter(|value| !is_blank(value)).collect();
    values.len() >= FEWEST && values.iter().filter(|value| is(value.trim())).count() * 5 < values.len()
}

/// Twelve digits alone could be any number: a hardware address has a mark between pairs, or a letter.
fn is_mac(text: &str) -> bool {
    mac(text).is_some() && (text.len() > 12 || text.contains(|c: char| c.is_ascii_alphabetic()))
}

/// A UDI as GS1 prints it: `(01)` and 14 digits; or HIBCC's, which begins with `+`.
fn is_udi(text: &str) -> bool {
    let gs1 = text.strip_prefix("(01)").and_then(|rest| rest.get(..14)).is_some_and(is_gtin);
    gs1 || text.starts_with('+')
        && text.len() > 8
        && text.bytes().skip(1).all(|b| b.is_ascii_alphanumeric() || b"-. $/+%".contains(&b))
        && text.contains(|c: char| c.is_ascii_alphabetic())
}

/// Fourteen digits, the last being the check digit of the others (GS1 General Specifications §7.9).
fn is_gtin(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let weighed = digits.iter().enumerate().map(|(at, digit)| digit * if at % 2 == 0 { 3 } else { 1 });
    text.len() == 14 && digits.len() == 14 && weighed.sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_told_apart() {
        let of = |values: &[&str]| meaning(values.iter().copied()).map(|(is, sure)| (is.name(), sure));
        assert_eq!(
            of(&["(01)00884838003019(21)A1", "(01)00884838003019(21)A2", "+H123PARTNO1234567890120/$$420020216LOT"]),
            Some(("identity.udi", 90))
        );
        assert_eq!(of(&["00884838003019", "00884838003019", "00884838003019"]), Some(("identity.udi_di", 70)));
        assert_eq!(of(&["00884838003018", "00884838003018", "00884838003018"]), None);
        assert_eq!(of(&["123456789012", "123456789013", "123456789014"]), None);
        assert_eq!(of(&["001a2b3c4d5e", "n/a"]), None);
    }
}
