//! Which transaction of IHE a message is, by the profile that MSH-21 names: so what its two ends are for.
//!
//! Source: IHE DEV (formerly PCD) TF-2 §3.1 (PCD-01), §3.3 (PCD-03), §3.4 (PCD-04), §3.10 (PCD-10), B.1 (MSH-21).

use crate::codec::delimited::Delimiters;
use crate::{About, Output};
use wardlight_model::Field;

/// Arc of the transactions: the number of one follows, then 1.
const ARC: &str = "1.3.6.1.4.1.19376.1.6.1.";

/// Says what the ends of a message of type `code` and `event` are for. `profiles` is MSH-21.
pub(super) fn say((code, event): (&str, &str), profiles: &[u8], delimiters: &Delimiters, out: &mut Output<'_>) {
    let named = delimiters.repetitions(profiles).take(4).find_map(|raw| Some((transaction(raw, delimiters)?, raw)));
    let (number, raw) = match (named, event) {
        (Some(named), _) => named,
        (None, "R40") => (4, profiles),
        (None, _) => return,
    };
    // Answers name the profile as well.
    let (sender, receiver) = match code {
        "ORU" => ("reporter", "consumer"),
        "RGV" => ("programmer", "consumer"),
        _ => return,
    };
    out.fact(About::Sender, Field::MedicalRole, &format!("pcd-{number:02}-{sender}"), raw);
    out.fact(About::Receiver, Field::MedicalRole, &format!("pcd-{number:02}-{receiver}"), raw);
}

fn transaction(profile: &[u8], delimiters: &Delimiters) -> Option<u8> {
    let mut components = delimiters.components(profile).map(|part| delimiters.text(part));
    let (name, _space, number) = (components.next()?, components.next(), components.next().unwrap_or_default());
    let of_arc = number.strip_prefix(ARC).and_then(|rest| rest.strip_suffix(".1")).and_then(|n| n.parse().ok());
    of_arc.filter(|number| matches!(number, 1..=20)).or(match name.trim() {
        "IHE_PCD_001" => Some(1),
        "IHE_PCD_PIV_001" => Some(3),
        "IHE_PCD_ACM_001" => Some(4),
        "IHE_PCD_IPEC_001" => Some(10),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::header::COMMON;
    use super::*;

    #[test]
    fn a_transaction_is_known_by_number_or_name() {
        let read = |raw: &str| transaction(raw.as_bytes(), &COMMON);
        assert_eq!(read("IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO"), Some(1));
        assert_eq!(read("X^Y^1.3.6.1.4.1.19376.1.6.1.10.1^ISO"), Some(10));
        assert_eq!(read("IHE_PCD_ACM_001"), Some(4));
        assert_eq!(read("Erika^1.3.6.1.4.1.19376.1.6.1.99.1"), None);
    }
}
