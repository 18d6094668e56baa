//! Exceptions from the rules: each names one thing, how far it may go, and why.

use super::Breach;
use super::tree::Tree;
use anyhow::{Context as _, Result};
use serde::Deserialize;

/// Where exceptions stand.
pub const PATH: &str = "crates/xtask/limits.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    #[serde(default)]
    exception: Vec<Exception>,
}

/// One thing that may break one rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    rule: String,
    at: String,
    /// How far, for rules with a number.
    limit: Option<usize>,
    reason: String,
}

impl Exception {
    fn covers(&self, breach: &Breach) -> bool {
        let within = breach.measure.is_none_or(|has| self.limit.is_some_and(|limit| has <= limit));
        breach.rule == self.rule && breach.at == self.at && within
    }
}

/// What of `found` no exception covers. With `all` checks run, an exception that covers nothing is a breach too.
/// Errors: when the exceptions cannot be read.
pub fn excuse(tree: &Tree, found: Vec<Breach>, all: bool) -> Result<Vec<Breach>> {
    let limits: Limits = toml::from_str(tree.text(PATH).unwrap_or_default()).context(PATH)?;
    let mut broken = Vec::new();
    for exception in &limits.exception {
        if exception.reason.trim().is_empty() {
            broken.push(Breach::new(
                "exception",
                &exception.at,
                format!("its exception from {} gives no reason", exception.rule),
            ));
        }
        if all && !found.iter().any(|breach| exception.covers(breach)) {
            broken.push(Breach::new(
                "exception",
                &exception.at,
                format!("needs no exception from {} any more: drop it", exception.rule),
            ));
        }
    }
    broken
        .extend(found.into_iter().filter(|breach| !limits.exception.iter().any(|exception| exception.covers(breach))));
    Ok(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(limits: &str, found: Vec<Breach>) -> Vec<String> {
        let tree = Tree::of(&[(PATH, limits)]);
        excuse(&tree, found, true)
            .expect("limits are TOML")
            .iter()
            .map(|breach| format!("{} {}", breach.rule, breach.at))
            .collect()
    }

    #[test]
    fn an_exception_covers_its_own_thing_up_to_its_limit() {
        let limits = "[[exception]]\nrule = \"file\"\nat = \"a.rs\"\nlimit = 700\nreason = \"one table of fields\"\n";
        assert_eq!(
            left(limits, Breach::over("file", "a.rs", 650, 600, "lines").into_iter().collect()),
            Vec::<String>::new()
        );
        assert_eq!(
            left(limits, Breach::over("file", "a.rs", 701, 600, "lines").into_iter().collect()),
            ["exception a.rs", "file a.rs"]
        );
        assert_eq!(
            left(limits, Breach::over("file", "b.rs", 650, 600, "lines").into_iter().collect()),
            ["exception a.rs", "file b.rs"]
        );
    }

    #[test]
    fn an_exception_without_reason_or_need_is_a_breach() {
        let limits = "[[exception]]\nrule = \"word\"\nat = \"a.rs\"\nreason = \" \"\n";
        assert_eq!(left(limits, vec![Breach::new("word", "a.rs", "")]), ["exception a.rs"]);
        assert_eq!(left(limits, Vec::new()), ["exception a.rs", "exception a.rs"]);
    }
}
