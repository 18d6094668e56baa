//! Terms of IEEE 11073 SDC that discovery and messages share: nomenclature codes and locations.
//!
//! Source: IEEE 11073-10101 §7 (codes), 11073-10207 §B.43 (CodedValue), 11073-20701 §9.3-9.4 (scopes).

use crate::codec::text;

/// The nomenclature code `code` as partition and code, such as `1:4505` for 70041. `None` when `system` is another
/// nomenclature than IEEE 11073, which no coding system means.
#[must_use]
pub fn mdc_type(code: &[u8], system: &[u8]) -> Option<String> {
    let is_mdc = system.is_empty() || system.ends_with(b"1.2.840.10004.1.1.1.0.0.1");
    let number = std::str::from_utf8(code).ok()?.parse::<u32>().ok().filter(|number| *number > 0)?;
    is_mdc.then(|| format!("{}:{}", number >> 16, number & 0xffff))
}

/// Facility, building, floor, point of care, room and bed as one text, empty parts left empty, such as
/// `HOSP///CU2//Bed7` (the fallback identifier of 11073-20701 §9.4.1.1). `None` when all are empty.
#[must_use]
pub fn location(parts: [Option<String>; 6]) -> Option<String> {
    let parts = parts.map(|part| part.map(|part| text::tidy(&part).replace('/', "%2F")).unwrap_or_default());
    parts.iter().any(|part| !part.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_split_into_partition_and_code() {
        assert_eq!(mdc_type(b"70041", b""), Some("1:4505".to_owned()));
        assert_eq!(mdc_type(b"130535", b"urn:oid:1.2.840.10004.1.1.1.0.0.1"), Some("1:64999".to_owned()));
        assert_eq!(mdc_type(b"70041", b"urn:oid:1.3.6.1.4.1.3592.2.1.1.0"), None);
        assert_eq!(mdc_type(b"DN_VMD", b""), None);
    }

    #[test]
    fn a_location_keeps_the_place_of_its_parts() {
        let part = |text: &str| Some(text.to_owned());
        assert_eq!(
            location([part("HOSP"), None, None, part("CU2"), None, part("7/2")]).as_deref(),
            Some("HOSP///CU2//7%2F2")
        );
        assert_eq!(location([None, part(" "), None, None, None, None]), None);
    }
}
