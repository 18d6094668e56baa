//! The device types that claims use, what each is a kind of, and which are medical: `data/types.toml`.

use crate::knowledge::LoadError;
use std::collections::{BTreeMap, BTreeSet};

/// The known device types. What one asks of them is asked a thousand times a device, so it is known beforehand.
#[derive(Debug, Clone, Default)]
pub struct Types {
    by_name: BTreeMap<String, Kind>,
}

/// One type.
#[derive(Debug, Clone)]
struct Kind {
    number: usize,
    is_medical: bool,
    is_platform: bool,
    /// Itself and what it is a kind of.
    wider: BTreeSet<usize>,
    /// What a thing of this type can be as well.
    beside: BTreeSet<usize>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    /// The more general types.
    #[serde(default)]
    of: Vec<String>,
    #[serde(default)]
    medical: bool,
    /// Whether it says what the device runs on, not what it is for.
    #[serde(default)]
    platform: bool,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "source")]
    _source: String,
    #[serde(default, rename = "licence")]
    _licence: String,
    r#type: Vec<Entry>,
}

impl Types {
    /// Reads `data/types.toml`. Errors when it has not its form, or a type is a kind of an unknown one.
    pub fn load(text: &str) -> Result<Self, LoadError> {
        let file: File = toml::from_str(text).map_err(|error| LoadError::form("types", &error))?;
        let entries: BTreeMap<_, _> = file.r#type.iter().map(|entry| (entry.name.as_str(), entry)).collect();
        let lost = entries.values().find(|entry| entry.of.iter().any(|of| !entries.contains_key(of.as_str())));
        if let Some(entry) = lost {
            return Err(LoadError::Type(entry.name.clone()));
        }
        let numbers: BTreeMap<&str, usize> = entries.keys().enumerate().map(|(number, name)| (*name, number)).collect();
        let lines: Vec<Vec<&Entry>> = entries.keys().map(|name| line(name, &entries)).collect();
        let number = |entry: &&Entry| numbers.get(entry.name.as_str()).copied();
        let wider: Vec<BTreeSet<usize>> = lines.iter().map(|line| line.iter().filter_map(number).collect()).collect();
        let kinds = entries.keys().zip(&lines).enumerate().map(|(number, (name, line))| {
            let beside = wider.iter().filter(|held| held.contains(&number)).flatten().copied().collect();
            let is_medical = line.iter().any(|entry| entry.medical);
            let is_platform = line.iter().any(|entry| entry.platform);
            let wider = wider.get(number).cloned().unwrap_or_default();
            ((*name).to_owned(), Kind { number, is_medical, is_platform, wider, beside })
        });
        Ok(Self { by_name: kinds.collect() })
    }

    /// The shipped ones.
    ///
    /// # Errors
    /// They are broken, which a test rules out.
    pub fn shipped() -> Result<Self, LoadError> {
        Self::load(include_str!("../../../data/types.toml"))
    }

    /// The names of all, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Whether `name` is a type of the vocabulary.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Whether devices of type `name` are medical.
    #[must_use]
    pub fn is_medical(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|kind| kind.is_medical)
    }

    /// Whether `name` says what a device runs on, such as `virtual machine`: it may be anything else as well.
    #[must_use]
    pub fn is_platform(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|kind| kind.is_platform)
    }

    /// Whether every `narrow` is a `wide`: the same, or a kind of it.
    #[must_use]
    pub fn is_kind_of(&self, narrow: &str, wide: &str) -> bool {
        narrow == wide || self.related(narrow, wide, |narrow| &narrow.wider)
    }

    /// Whether one thing can be both: one is a kind of the other, or a third is a kind of both (a smartphone is a telephone
    /// and a mobile device).
    #[must_use]
    pub fn can_be_both(&self, one: &str, other: &str) -> bool {
        self.related(one, other, |one| &one.beside)
    }

    fn related(&self, one: &str, other: &str, by: impl Fn(&Kind) -> &BTreeSet<usize>) -> bool {
        let kinds = self.by_name.get(one).zip(self.by_name.get(other));
        kinds.is_some_and(|(one, other)| by(one).contains(&other.number))
    }
}

/// The type called `name` and those it is a kind of, each once.
fn line<'a>(name: &str, entries: &BTreeMap<&str, &'a Entry>) -> Vec<&'a Entry> {
    let mut line: Vec<&Entry> = entries.get(name).into_iter().copied().collect();
    let mut at = 0;
    while let Some(entry) = line.get(at) {
        let wider = entry.of.iter().filter_map(|of| entries.get(of.as_str()).copied());
        let new: Vec<_> = wider.filter(|of| line.iter().all(|held| held.name != of.name)).collect();
        line.extend(new);
        at += 1;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_followed_upwards() {
        let types = Types::load(
            "type = [{name='medical device', medical=true}, {name='pump', of=['medical device']}, {name='printer'}]",
        )
        .unwrap();
        assert!(types.is_medical("pump") && !types.is_medical("printer") && !types.is_medical("spoon"));
        assert!(types.is_kind_of("pump", "medical device") && !types.is_kind_of("medical device", "pump"));
    }

    #[test]
    fn what_has_a_common_kind_can_be_both() {
        let types = Types::load(
            "type = [{name='telephone'}, {name='mobile'}, {name='printer'}, {name='smartphone', of=['telephone', 'mobile']}]",
        )
        .unwrap();
        assert!(types.can_be_both("telephone", "mobile") && types.can_be_both("smartphone", "mobile"));
        assert!(!types.can_be_both("telephone", "printer") && !types.can_be_both("telephone", "spoon"));
    }

    #[test]
    fn a_type_of_nothing_is_refused() {
        assert_eq!(Types::load("type = [{name='a', of=['b']}]").unwrap_err(), LoadError::Type("a".into()));
        let circle = Types::load("type = [{name='a', of=['b']}, {name='b', of=['a']}]").unwrap();
        assert!(!circle.is_medical("a"));
    }
}
