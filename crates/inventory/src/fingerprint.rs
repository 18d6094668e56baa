//! Fingerprints: patterns over facts, kept as data, each with its source, licence and examples.
//!
//! In: the text of `data/fingerprints/*.toml`. Out: what a fact's value says of the device. The literals of one field's
//! patterns are searched together (`needle`), from the first fact of that field on; a pattern is compiled when a text
//! has one of its literals.
//!
//! An entry has an `id`, a `field` (a fact's name), a `pattern`, what it `gives`, a `confidence` (with `sure` for
//! single attributes), a `source` that anyone can look up, and a `licence`; further conditions on the same device
//! stand under `also` and `unless`; texts that look alike and must not match under `not`. A group of the pattern named
//! after an attribute gives that attribute; `{group}` inside a given value is replaced by what the group caught.
//! Letters match in either case.

mod needle;

use crate::knowledge::LoadError;
use needle::Needles;
use regex::bytes::{Captures, Regex, RegexBuilder};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use wardlight_model::{Attribute, Field};

/// One entry as it stands in the file.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// Its name, unique over all files; shown as the claim's rule.
    pub id: String,
    /// Name of the fact's field that `pattern` reads; several with `|` between them.
    pub field: String,
    /// Regular expression, unanchored.
    pub pattern: String,
    /// Further conditions that other facts of the same device must meet.
    #[serde(default)]
    pub also: Vec<Condition>,
    /// Conditions that none of the other facts may meet.
    #[serde(default)]
    pub unless: Vec<Condition>,
    /// What a match says: attribute → value.
    #[serde(default)]
    pub gives: BTreeMap<String, String>,
    /// How often that is right, 0 to 1.
    pub confidence: f64,
    /// Confidence of single attributes, where it differs.
    #[serde(default)]
    pub sure: BTreeMap<String, f64>,
    /// Where this can be looked up; the file's own when empty.
    #[serde(default)]
    pub source: String,
    /// Licence of the entry; the file's own when empty.
    #[serde(default)]
    pub licence: String,
    /// Texts that look alike and must not match.
    #[serde(default)]
    pub not: Vec<String>,
    /// Texts that match and what they give.
    #[serde(default)]
    pub example: Vec<Example>,
}

/// A condition on another fact of the same device.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Name of the fact's field.
    pub field: String,
    /// Regular expression, unanchored.
    pub pattern: String,
}

/// A text that an entry matches.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The fact's value.
    pub text: String,
    /// What meets the further conditions: field → value.
    #[serde(default)]
    pub also: BTreeMap<String, String>,
    /// All that the entry gives for it.
    pub gives: BTreeMap<String, String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    source: String,
    #[serde(default)]
    licence: String,
    /// Whether of several entries that match only the first counts.
    #[serde(default)]
    first_only: bool,
    #[serde(default)]
    fingerprint: Vec<Fingerprint>,
}

/// What one entry says of one fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What is said.
    pub attribute: Attribute,
    /// The answer.
    pub value: String,
    /// How sure the entry is.
    pub confidence: f64,
    /// The entry's id.
    pub rule: String,
}

/// The entries of one field.
#[derive(Debug, Default)]
struct Shelf {
    entries: Vec<Fingerprint>,
    /// For each entry, the file of which only the first entry that matches counts.
    exclusive: Vec<Option<usize>>,
    compiled: OnceLock<(Needles, Vec<OnceLock<Option<Compiled>>>)>,
}

#[derive(Debug)]
struct Compiled {
    pattern: Regex,
    also: Vec<(Field, Regex)>,
    unless: Vec<(Field, Regex)>,
}

/// All fingerprints.
#[derive(Debug, Default)]
pub struct Fingerprints {
    shelves: BTreeMap<Field, Shelf>,
}

impl Fingerprints {
    /// Reads the files. Errors when one has not its form, an entry names an unknown field or attribute, has no
    /// source or licence, an id stands twice, or a confidence is not between 0 and 1. Patterns are checked when used.
    pub fn load<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, LoadError> {
        let mut shelves: BTreeMap<Field, Shelf> = BTreeMap::new();
        let mut ids = std::collections::BTreeSet::new();
        for (number, (name, text)) in files.into_iter().enumerate() {
            let file: File = toml::from_str(text).map_err(|error| LoadError::form(name, &error))?;
            for mut entry in file.fingerprint {
                for (own, shared) in [(&mut entry.source, &file.source), (&mut entry.licence, &file.licence)] {
                    if own.is_empty() {
                        own.clone_from(shared);
                    }
                }
                let fields = check(&entry)?;
                if !ids.insert(entry.id.clone()) {
                    return Err(LoadError::Entry(entry.id, "an id that stands twice"));
                }
                for field in fields {
                    let shelf = shelves.entry(field).or_default();
                    shelf.entries.push(entry.clone());
                    shelf.exclusive.push(file.first_only.then_some(number));
                }
            }
        }
        Ok(Self { shelves })
    }

    /// Every entry.
    pub fn entries(&self) -> impl Iterator<Item = &Fingerprint> {
        self.shelves.values().flat_map(|shelf| &shelf.entries)
    }

    /// What `value`, said in `field`, says of the device. `others` gives the values of the device's other facts by
    /// field. An entry whose pattern is no regular expression says nothing.
    #[must_use]
    pub fn read<'a>(&self, field: Field, value: &str, others: &dyn Fn(Field) -> Vec<&'a str>) -> Vec<Found> {
        let Some(shelf) = self.shelves.get(&field) else { return Vec::new() };
        let (needles, slots) = shelf.compiled.get_or_init(|| shelf.compile());
        let candidates = needles.candidates(value.as_bytes());
        let mut spent = Vec::new();
        let mut found = Vec::new();
        for ((entry, slot), exclusive) in candidates.into_iter().filter_map(|at| {
            Some((shelf.entries.get(at).zip(slots.get(at))?, shelf.exclusive.get(at).copied().flatten()))
        }) {
            if exclusive.is_some_and(|file| spent.contains(&file)) {
                continue;
            }
            let said = entry.say(slot, value, others);
            spent.extend(exclusive.filter(|_| !said.is_empty()));
            found.extend(said);
        }
        found
    }

    /// Whether any entry reads `field`.
    #[must_use]
    pub fn reads(&self, field: Field) -> bool {
        self.shelves.contains_key(&field)
    }
}

impl Shelf {
    fn compile(&self) -> (Needles, Vec<OnceLock<Option<Compiled>>>) {
        let needles = Needles::new(self.entries.iter().map(|entry| entry.pattern.as_str()));
        (needles, self.entries.iter().map(|_| OnceLock::new()).collect())
    }
}

impl Fingerprint {
    fn say<'a>(
        &self,
        slot: &OnceLock<Option<Compiled>>,
        value: &str,
        others: &dyn Fn(Field) -> Vec<&'a str>,
    ) -> Vec<Found> {
        let Some(compiled) = slot.get_or_init(|| self.compile()) else { return Vec::new() };
        let meets =
            |(field, pattern): &(Field, Regex)| others(*field).iter().any(|other| pattern.is_match(other.as_bytes()));
        match compiled.pattern.captures(value.as_bytes()) {
            Some(caught) if compiled.also.iter().all(meets) && !compiled.unless.iter().any(meets) => {
                self.give(&compiled.pattern, &caught)
            }
            _ => Vec::new(),
        }
    }

    fn compile(&self) -> Option<Compiled> {
        let read = |condition: &Condition| Some((Field::named(&condition.field)?, regex(&condition.pattern)?));
        Some(Compiled {
            pattern: regex(&self.pattern)?,
            also: self.also.iter().map(read).collect::<Option<_>>()?,
            unless: self.unless.iter().map(read).collect::<Option<_>>()?,
        })
    }

    fn give(&self, pattern: &Regex, caught: &Captures<'_>) -> Vec<Found> {
        let group = |name: &str| caught.name(name).and_then(|part| std::str::from_utf8(part.as_bytes()).ok());
        let fixed = self.gives.iter().map(|(name, value)| (name.as_str(), fill(value, &group)));
        let named = pattern.capture_names().flatten().filter(|name| !self.gives.contains_key(*name));
        let named = named.filter_map(|name| group(name).map(|text| (name, text.trim().to_owned())));
        let said = fixed.chain(named).filter(|(_, value)| !value.is_empty());
        let found = said.filter_map(|(name, value)| {
            let confidence = self.sure.get(name).copied().unwrap_or(self.confidence);
            Some(Found { attribute: attribute(name)?, value, confidence, rule: self.id.clone() })
        });
        found.collect()
    }
}

/// `value` with every `{group}` replaced; empty when a group caught nothing.
fn fill<'t>(value: &str, group: &dyn Fn(&str) -> Option<&'t str>) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
    {
        let Some(text) = group(name) else { return String::new() };
        out.push_str(before);
        out.push_str(text.trim());
        rest = after;
    }
    out.push_str(rest);
    out.trim().to_owned()
}

fn regex(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).case_insensitive(true).unicode(false).build().ok()
}

/// The attribute called `name` in fingerprint files.
fn attribute(name: &str) -> Option<Attribute> {
    match name {
        "os" => Some(Attribute::OperatingSystem),
        name => Attribute::ALL.into_iter().find(|known| known.name() == name),
    }
}

/// The fields that an entry reads, when nothing is wrong with it.
fn check(entry: &Fingerprint) -> Result<Vec<Field>, LoadError> {
    let wrong = |what| Err(LoadError::Entry(entry.id.clone(), what));
    let fields: Option<Vec<_>> = entry.field.split('|').map(Field::named).collect();
    let Some(fields) = fields else { return wrong("a field that does not exist") };
    let confidences = std::iter::once(&entry.confidence).chain(entry.sure.values());
    if confidences.into_iter().any(|value| !(0.0..=1.0).contains(value)) {
        return wrong("a confidence outside 0 to 1");
    }
    if entry.source.trim().is_empty() || entry.licence.trim().is_empty() {
        return wrong("no source or no licence");
    }
    if entry.gives.keys().chain(entry.sure.keys()).any(|name| attribute(name).is_none()) {
        return wrong("an attribute that does not exist");
    }
    if entry.also.iter().chain(&entry.unless).any(|condition| Field::named(&condition.field).is_none()) {
        return wrong("a condition on a field that does not exist");
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        source = "ACME manual"
        licence = "Apache-2.0"
        [[fingerprint]]
        id = "acme"
        field = "dhcp.vendor_class"
        pattern = '^ACME-INFUSE/(?<model>\w+)-(?<firmware>[\d.]+)(?: os (?<v>\d+))?$'
        gives = { maker = "Acme Medical", type = "infusion pump", os = "AcmeOS {v}" }
        confidence = 0.9
        sure = { type = 0.5 }
        [[fingerprint]]
        id = "both"
        field = "dhcp.hostname"
        pattern = '^pump'
        also = [{ field = "dns.query", pattern = 'acme\.example$' }]
        gives = { maker = "Acme Medical" }
        confidence = 0.8
    "#;

    fn read(field: Field, value: &str, others: &'static [&'static str]) -> Vec<(Attribute, String, f64)> {
        let prints = Fingerprints::load([("file", FILE)]).unwrap();
        let found = prints.read(field, value, &|_| others.to_vec());
        found.into_iter().map(|found| (found.attribute, found.value, found.confidence)).collect()
    }

    #[test]
    fn groups_and_given_values_become_answers() {
        let mut found = read(Field::DhcpVendorClass, "acme-infuse/P3-2.1.4 OS 7", &[]);
        found.sort_by_key(|(attribute, ..)| *attribute);
        let expected = [
            (Attribute::Type, "infusion pump", 0.5),
            (Attribute::Maker, "Acme Medical", 0.9),
            (Attribute::Model, "P3", 0.9),
            (Attribute::OperatingSystem, "AcmeOS 7", 0.9),
            (Attribute::Firmware, "2.1.4", 0.9),
        ];
        assert_eq!(found, expected.map(|(attribute, value, sure)| (attribute, value.to_owned(), sure)));
    }

    #[test]
    fn a_value_whose_group_caught_nothing_is_not_given() {
        let found = read(Field::DhcpVendorClass, "ACME-INFUSE/P3-2.1.4", &[]);
        assert!(found.iter().all(|(attribute, ..)| *attribute != Attribute::OperatingSystem), "{found:?}");
    }

    #[test]
    fn further_conditions_must_hold() {
        assert_eq!(read(Field::DhcpHostname, "pump-7", &["x.acme.example"]).len(), 1);
        assert_eq!(read(Field::DhcpHostname, "pump-7", &["x.example"]).len(), 0);
    }

    #[test]
    fn a_pattern_that_is_none_does_not_silence_the_others() {
        let broken = FILE.replace("'^ACME-INFUSE", "'^(ACME-INFUSE");
        let more = "[[fingerprint]]\nid = 'other'\nfield = 'dhcp.vendor_class'\npattern = 'x'\n\
                    gives = { maker = 'X' }\nconfidence = 0.5\nsource = 's'\nlicence = 'l'\n";
        let prints = Fingerprints::load([("broken", broken.as_str()), ("more", more)]).unwrap();
        assert_eq!(prints.read(Field::DhcpVendorClass, "x", &|_| Vec::new()).len(), 1);
    }

    #[test]
    fn wrong_entries_are_refused() {
        for (from, to, what) in [
            ("dhcp.hostname", "dhcp.nonsense", "a field that does not exist"),
            ("confidence = 0.8", "confidence = 1.8", "a confidence outside 0 to 1"),
            ("id = \"both\"", "id = \"acme\"", "an id that stands twice"),
            ("source = \"ACME manual\"", "", "no source or no licence"),
            ("gives = { maker = \"Acme Medical\" }", "gives = { size = \"1\" }", "an attribute that does not exist"),
        ] {
            let file = FILE.replace(from, to);
            let error = Fingerprints::load([("file", file.as_str())]).unwrap_err();
            assert!(matches!(error, LoadError::Entry(_, said) if said == what), "{to}: {error}");
        }
    }
}
