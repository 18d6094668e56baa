//! The device types that claims use, what each is a kind of, and which are medical: `data/types.toml`.

use crate::knowledge::LoadError;
use std::collections::BTreeMap;

/// The known device types.
#[derive(Debug, Clone, Default)]
pub struct Types {
    by_name: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, serde::Deserialize)]
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
        let by_name: BTreeMap<_, _> = file.r#type.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
        let lost = by_name.values().find(|entry| entry.of.iter().any(|of| !by_name.contains_key(of)));
        match lost {
            Some(entry) => Err(LoadError::Type(entry.name.clone())),
            None => Ok(Self { by_name }),
        }
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
        self.line(name).iter().any(|entry| entry.medical)
    }

    /// Whether `name` says what a device runs on, such as `virtual machine`: it may be anything else as well.
    #[must_use]
    pub fn is_platform(&self, name: &str) -> bool {
        self.line(name).iter().any(|entry| entry.platform)
    }

    /// Whether every `narrow` is a `wide`: the same, or a kind of it.
    #[must_use]
    pub fn is_kind_of(&self, narrow: &str, wide: &str) -> bool {
        narrow == wide || self.line(narrow).iter().any(|entry| entry.name == wide)
    }

    /// Whether one thing can be both: one is a kind of the other, or a third is a kind of both (a smartphone is a telephone
    /// and a mobile device).
    #[must_use]
    pub fn can_be_both(&self, one: &str, other: &str) -> bool {
        let is_both = |name: &String| self.is_kind_of(name, one) && self.is_kind_of(name, other);
        self.by_name.keys().any(is_both)
    }

    /// The type called `name` and those it is a kind of, each once.
    fn line(&self, name: &str) -> Vec<&Entry> {
        let mut line: Vec<&Entry> = self.by_name.get(name).into_iter().collect();
        let mut at = 0;
        while let Some(entry) = line.get(at) {
            let wider = entry.of.iter().filter_map(|of| self.by_name.get(of));
            let new: Vec<_> = wider.filter(|of| line.iter().all(|held| held.name != of.name)).collect();
            line.extend(new);
            at += 1;
        }
        line
    }
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
