//! Patients and staff, all made up. Whoever reads what the hospital says must never let one of their names out again.

use super::calendar::Moment;
use super::chance::{Chance, narrow};

/// Somebody who lies in a bed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// Family name.
    pub family: String,
    /// Given name.
    pub given: String,
    /// Medical record number.
    pub mrn: String,
    /// Number of the stay.
    pub visit: String,
    /// Number of the order.
    pub accession: String,
    /// Street and house.
    pub street: String,
    /// Date of birth, `19480317`. Too short to be looked for.
    pub birth: String,
    /// `F` or `M`.
    pub sex: char,
}

impl Patient {
    /// What must never be seen outside the capture: long enough not to stand anywhere by chance.
    pub fn canaries(&self) -> impl Iterator<Item = &str> {
        [&self.family, &self.given, &self.mrn, &self.visit, &self.accession, &self.street]
            .into_iter()
            .map(String::as_str)
    }
}

const FIRST: [&str; 16] =
    ["Qua", "Zel", "Vor", "Xan", "Wyr", "Juk", "Yph", "Krz", "Oaz", "Ewq", "Ixo", "Uvy", "Tza", "Dzw", "Gjo", "Bvu"];
const MIDDLE: [&str; 16] = [
    "ndri", "rkle", "lmba", "skova", "nthri", "rvend", "ggesi", "ltrani", "mpoxu", "zzari", "ddlew", "chtyn", "rowska",
    "ffenb", "lquis", "nezhk",
];
const FAMILY: [&str; 8] = ["qvist", "zwick", "ovsky", "eaux", "ynsen", "avitch", "ouglou", "eghem"];
const GIVEN: [&str; 8] = ["ellyne", "aziel", "ophira", "undrik", "ymara", "iostha", "wendil", "ettoq"];

/// A name of syllables and a number in letters, which no other person of this kind has.
fn name(chance: Chance, number: u64, endings: &[&str]) -> String {
    let part = |key: u64, all: &[&'static str]| chance.of(key).pick(all).copied().unwrap_or_default();
    let mut letters = String::new();
    let mut rest = number + 26 * 26;
    while rest > 0 {
        letters.insert(0, char::from(b'a' + narrow::<u8>(rest % 26)));
        rest /= 26;
    }
    let ending = chance.of(3).pick(endings).copied().unwrap_or_default();
    format!("{}{}{letters}{ending}", part(1, &FIRST), part(2, &MIDDLE))
}

/// The `number`-th patient of the hospital of this chance.
pub(crate) fn patient(chance: Chance, number: u64) -> Patient {
    let own = chance.of(number);
    let birth = Moment::at(own.of(5).below(1_700_000_000));
    let digits = |key: u64| (own.of(key).below(900_000) + 100_000) * 1_000_000 + number;
    Patient {
        family: name(own.of(1), number, &FAMILY),
        given: name(own.of(2), number, &GIVEN),
        mrn: format!("MRN{}", digits(6)),
        visit: format!("VIS{}", digits(7)),
        accession: format!("ACN{}", digits(8)),
        street: format!("{} Lane {}", name(own.of(3), number, &["hollow"]), own.of(9).below(90) + 10),
        birth: birth.date(),
        sex: if own.of(4).happens(0.5) { 'F' } else { 'M' },
    }
}

/// The name of the `number`-th of the staff.
pub(crate) fn clinician(chance: Chance, number: u64) -> String {
    name(chance.of(number ^ 0xc11), number, &["mander", "bright", "stokes"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_patients_share_a_canary_and_none_is_short() {
        let chance = Chance::new(3);
        let all: Vec<Patient> = (0..2_000).map(|number| patient(chance, number)).collect();
        let canaries: Vec<&str> = all.iter().flat_map(Patient::canaries).collect();
        assert!(canaries.iter().all(|canary| canary.len() >= 12));
        assert_eq!(canaries.iter().collect::<BTreeSet<_>>().len(), canaries.len());
    }
}
