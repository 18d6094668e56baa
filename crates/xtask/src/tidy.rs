//! The house rules that a program can check, one module each.
//!
//! A check sees the whole tree in memory and names each breach. What may break a rule, and why, stands in
//! `crates/xtask/limits.toml`; an exception that nothing needs any more is itself a breach.

mod asvs;
mod budgets;
mod committed;
mod docs;
mod knowledge;
mod layers;
mod limits;
mod lists;
mod names;
mod source;
mod stages;
mod tree;
mod words;

use anyhow::{Result, bail};
use std::fmt;
use std::path::Path;
use tree::Tree;

/// One check: its name, what it keeps, and how.
struct Check {
    name: &'static str,
    keeps: &'static str,
    run: fn(&Tree) -> Vec<Breach>,
}

/// Every check, in the order run.
static CHECKS: &[Check] = &[
    layers::CHECK,
    stages::CHECK,
    budgets::CHECK,
    names::CHECK,
    lists::CHECK,
    docs::CHECK,
    knowledge::CHECK,
    words::CHECK,
    committed::CHECK,
    asvs::CHECK,
];

/// One place where a rule is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Breach {
    /// The rule, as exceptions name it.
    rule: &'static str,
    /// The file, crate, or `file::function` that breaks it.
    at: String,
    /// How much, for rules with a number.
    measure: Option<usize>,
    /// What is wrong and what would be right.
    what: String,
}

impl Breach {
    fn new(rule: &'static str, at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { rule, at: at.into(), measure: None, what: what.into() }
    }

    /// A breach of a number: `has` of what may be at most `limit`.
    fn over(rule: &'static str, at: impl Into<String>, has: usize, limit: usize, of: &str) -> Option<Self> {
        let what = format!("has {has} {of}, the limit is {limit}");
        (has > limit).then(|| Self { rule, at: at.into(), measure: Some(has), what })
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {} [{}]", self.at, self.what, self.rule)
    }
}

/// Runs the checks called `names` (all when empty) on the checkout at `root`. Errors: when a rule is broken.
pub fn run(root: &Path, names: &[String]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| CHECKS.iter().all(|check| check.name != **name)) {
        let known: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
        bail!("no check is called {unknown}; there are {}", known.join(", "));
    }
    let tree = Tree::read(root)?;
    let wanted = CHECKS.iter().filter(|check| names.is_empty() || names.iter().any(|name| check.name == name));
    let mut found = Vec::new();
    for check in wanted {
        let breaches = (check.run)(&tree);
        println!("  {:<10} {}", check.name, check.keeps);
        found.extend(breaches);
    }
    let broken = limits::excuse(&tree, found, names.is_empty())?;
    for breach in &broken {
        println!("  ✗ {breach}");
    }
    match broken.len() {
        0 => Ok(()),
        1 => bail!("one house rule is broken"),
        n => bail!("{n} house rules are broken"),
    }
}

/// Fails unless `check` finds exactly `wanted` (`rule at`) in the tree made of `files`.
#[cfg(test)]
#[track_caller]
fn assert_finds(check: &Check, files: &[(&str, &str)], wanted: &[&str]) {
    let tree = Tree::of(files);
    let mut found: Vec<String> =
        (check.run)(&tree).iter().map(|breach| format!("{} {}", breach.rule, breach.at)).collect();
    found.sort();
    assert_eq!(found, wanted);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_keeps_every_rule_and_needs_every_exception() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        run(&root, &[]).expect("see the lines above");
    }

    #[test]
    fn a_check_that_does_not_exist_is_refused() {
        let error = run(Path::new("."), &["layer".to_owned()]).expect_err("no such check");
        assert!(error.to_string().contains("layers"), "{error}");
    }
}
