//! Which of their names mean the same as which of ours, and which of theirs name no protocol.

use super::Other;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    /// Names of nDPI that tell by whom a service is run, known from addresses or names, not what is spoken.
    services: BTreeSet<String>,
    /// By our name theirs.
    tshark: BTreeMap<String, BTreeSet<String>>,
    ndpi: BTreeMap<String, BTreeSet<String>>,
}

impl Words {
    /// Errors: there is no such file, or it is none.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).with_context(|| path.display().to_string())
    }

    /// What `names` say is spoken, without what only says by whom.
    pub(super) fn spoken(&self, other: Other, names: &BTreeSet<String>) -> BTreeSet<String> {
        match other {
            Other::Tshark => names.clone(),
            Other::Ndpi => names.difference(&self.services).cloned().collect(),
        }
    }

    /// Whether one of `theirs` means one of `ours`.
    pub(super) fn agree(&self, other: Other, ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> bool {
        let table = match other {
            Other::Tshark => &self.tshark,
            Other::Ndpi => &self.ndpi,
        };
        let is_theirs =
            |ours: &String| theirs.contains(ours) || table.get(ours).is_some_and(|names| !names.is_disjoint(theirs));
        ours.iter().any(is_theirs)
    }
}
