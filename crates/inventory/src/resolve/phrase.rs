//! What the words that people use for kinds of devices mean in our vocabulary: `data/type-phrases.toml`.
//!
//! Maintenance systems turn phrases around (`Pump, Infusion, General Purpose`), so that only which words there are
//! counts, not their order. A phrase that fits nothing stays unknown.

use crate::knowledge::LoadError;
use std::collections::BTreeSet;

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The words that must all be there; several ways to write one stand with `|` between them, a `*` ends a beginning.
    words: String,
    /// Words with which it means something else.
    #[serde(default)]
    not: String,
    /// The device type.
    r#type: String,
    /// Only people say so of a device; on the wire the words mean much else (`server`).
    #[serde(default)]
    people: bool,
    #[serde(rename = "reason")]
    _reason: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "source")]
    _source: String,
    #[serde(default, rename = "licence")]
    _licence: String,
    phrase: Vec<Entry>,
}

/// The known phrases.
#[derive(Debug, Clone, Default)]
pub struct Phrases {
    entries: Vec<Entry>,
}

impl Phrases {
    /// Reads `data/type-phrases.toml`. Errors when it has not its form.
    pub fn load(text: &str) -> Result<Self, LoadError> {
        let file: File = toml::from_str(text).map_err(|error| LoadError::form("type-phrases", &error))?;
        match file.phrase.iter().find(|entry| entry.words.trim().is_empty()) {
            Some(entry) => Err(LoadError::Rule(entry.r#type.clone(), "a phrase without words")),
            None => Ok(Self { entries: file.phrase }),
        }
    }

    /// The type that `text` means: that of the entry with the most words; `None` when none fits, or several equally.
    #[must_use]
    pub fn meaning(&self, text: &str) -> Option<&str> {
        let lower = text.to_lowercase();
        let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        best(self.entries.iter().filter(|entry| entry.fits(&words)))
    }

    /// The type that a device means that says `words` of itself, in lower case: none when one of `never` stands there and
    /// is no word of the phrase itself, or when only people speak so.
    #[must_use]
    pub fn self_told(&self, words: &BTreeSet<&str>, never: &[&str]) -> Option<&str> {
        let spoiled: Vec<&str> = never.iter().copied().filter(|word| words.contains(word)).collect();
        let fitting = self.entries.iter().filter(|entry| !entry.people && entry.fits(words));
        best(fitting.filter(|entry| spoiled.iter().all(|word| entry.words.split([' ', '|']).any(|own| own == *word))))
    }

    /// The types that the list mentions, to be checked against the vocabulary.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.r#type.as_str())
    }
}

/// The type of the entry with the most words, unless another type has as many.
fn best<'a>(fitting: impl Iterator<Item = &'a Entry>) -> Option<&'a str> {
    let mut best: Vec<(usize, &str)> = fitting.map(|entry| (entry.words.split(' ').count(), &*entry.r#type)).collect();
    best.sort_unstable();
    best.dedup();
    match best.as_slice() {
        [.., (second, _), (first, _)] if first == second => None,
        [.., (_, meaning)] => Some(meaning),
        [] => None,
    }
}

impl Entry {
    fn fits(&self, words: &BTreeSet<&str>) -> bool {
        let stands = |wanted: &str| {
            wanted.split('|').any(|way| match way.strip_suffix('*') {
                Some(begin) => words.iter().any(|word| word.starts_with(begin)),
                None => words.contains(way) || words.iter().any(|word| word.strip_suffix('s') == Some(way)),
            })
        };
        self.words.split(' ').all(stands) && !self.not.split(' ').any(|word| !word.is_empty() && stands(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Knowledge;

    #[test]
    fn phrases_of_maintenance_systems_mean_our_types() {
        let knowledge = Knowledge::shipped().unwrap();
        let cases = [
            ("Pump, Infusion, General Purpose", "infusion pump"),
            ("Pumps, Infusion, Syringe", "infusion pump"),
            ("Monitor, Physiologic, Bedside", "patient monitor"),
            ("Physiological Monitoring System", "patient monitor"),
            ("Transmitter, Telemetry", "telemetry transmitter"),
            ("Ventilator, Intensive Care", "ventilator"),
            ("Anesthesia Unit", "anaesthesia machine"),
            ("Scanner, Computed Tomography", "ct scanner"),
            ("Scanning System, Magnetic Resonance Imaging", "mr scanner"),
            ("Scanner, Ultrasonic, General-Purpose", "ultrasound"),
            ("Radiographic Unit, Mobile", "x-ray system"),
            ("Analyzer, Laboratory, Hematology", "haematology analyser"),
            ("Analyzer, Point-of-Care, Blood Gas", "blood gas analyser"),
            ("Defibrillator/Pacemaker, External", "defibrillator"),
            ("Electrocardiograph, Multichannel", "electrocardiograph"),
            ("Hemodialysis Unit", "dialysis machine"),
            ("Bed, Electric", "hospital bed"),
            ("Infusionspumpe", "infusion pump"),
            ("Printer, Laser", "printer"),
            ("Printer, DICOM Film", "dicom printer"),
            ("Laptop", "laptop"),
        ];
        for (text, wanted) in cases {
            assert_eq!(knowledge.phrases.meaning(text), Some(wanted), "{text}");
        }
        for text in ["Pump, Breast", "Warmer, Blood", "Table, Operating", "", "Pump", "misc equipment", "Pump, Vacuum"]
        {
            assert_eq!(knowledge.phrases.meaning(text), None, "{text}");
        }
    }

    #[test]
    fn every_type_means_itself() {
        let knowledge = Knowledge::shipped().unwrap();
        for name in knowledge.phrases.types().collect::<BTreeSet<_>>() {
            assert!(knowledge.types.knows(name), "{name}");
        }
    }
}
