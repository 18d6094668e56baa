//! The device types that claims use, what each is a kind of, and which are medical: `data/types.toml`.

use crate::knowledge::DataError;
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
    /// The more general type.
    of: Option<String>,
    #[serde(default)]
    medical: bool,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    r#type: Vec<Entry>,
}

impl Types {
    /// Reads `data/types.toml`. Errors when it has not its form, or a type is a kind of an unknown one.
    pub fn load(text: &str) -> Result<Self, DataError> {
        let file: File = toml::from_str(text).map_err(|error| DataError::form("types", &error))?;
        let by_name: BTreeMap<_, _> = file.r#type.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
        let lost = by_name.values().find(|entry| entry.of.as_ref().is_some_and(|of| !by_name.contains_key(of)));
        match lost {
            Some(entry) => Err(DataError::Type(entry.name.clone())),
            None => Ok(Self { by_name }),
        }
    }

    /// Whether `name` is a type of the vocabulary.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Whether devices of type `name` are medical.
    #[must_use]
    pub fn is_medical(&self, name: &str) -> bool {
        self.line(name).any(|entry| entry.medical)
    }

    /// Whether every `narrow` is a `wide`: the same, or a kind of it.
    #[must_use]
    pub fn is_kind_of(&self, narrow: &str, wide: &str) -> bool {
        narrow == wide || self.line(narrow).any(|entry| entry.name == wide)
    }

    /// The type called `name` and those it is a kind of. Ends even if the file goes in a circle.
    fn line(&self, name: &str) -> impl Iterator<Item = &Entry> {
        let parent = |entry: &&Entry| entry.of.as_ref().and_then(|of| self.by_name.get(of));
        std::iter::successors(self.by_name.get(name), parent).take(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_followed_upwards() {
        let types = Types::load(
            "type = [{name='medical device', medical=true}, {name='pump', of='medical device'}, {name='printer'}]",
        )
        .unwrap();
        assert!(types.is_medical("pump") && !types.is_medical("printer") && !types.is_medical("spoon"));
        assert!(types.is_kind_of("pump", "medical device") && !types.is_kind_of("medical device", "pump"));
    }

    #[test]
    fn a_type_of_nothing_is_refused() {
        assert_eq!(Types::load("type = [{name='a', of='b'}]").unwrap_err(), DataError::Type("a".into()));
        let circle = Types::load("type = [{name='a', of='b'}, {name='b', of='a'}]").unwrap();
        assert!(!circle.is_medical("a"));
    }
}
