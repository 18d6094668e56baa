//! Stages are pure: clippy refuses them the clock, files, sockets and an order that changes from run to run.
//!
//! A folder's `clippy.toml` replaces the root's, so this check keeps every stage's file the same.

use super::tree::Tree;
use super::{Breach, Check, layers};

pub(super) const CHECK: Check = Check { name: "stages", keeps: "stages have no clock, files, sockets or chance", run };

/// The one `clippy.toml` of them all.
pub const CLIPPY: &str = include_str!("stage-clippy.toml");

fn run(tree: &Tree) -> Vec<Breach> {
    let crates = tree.crates();
    let pure = crates.into_iter().filter(|krate| layers::is_pure(krate));
    let mut found: Vec<Breach> = pure.filter_map(|krate| own(tree, krate)).collect();
    let manifest: toml::Table = tree.text("Cargo.toml").and_then(|text| toml::from_str(text).ok()).unwrap_or_default();
    let lint = ["workspace", "lints", "clippy", "iter_over_hash_type"]
        .iter()
        .try_fold(&toml::Value::Table(manifest), |at, key| at.get(key))
        .is_some();
    if !lint {
        found.push(Breach::new("stage", "Cargo.toml", "does not turn on clippy's iter_over_hash_type"));
    }
    found
}

fn own(tree: &Tree, krate: &str) -> Option<Breach> {
    let path = format!("crates/{krate}/clippy.toml");
    match tree.text(&path) {
        Some(CLIPPY) => None,
        Some(_) => Some(Breach::new("stage", path, "differs from crates/xtask/src/tidy/stage-clippy.toml")),
        None => Some(Breach::new("stage", path, "is missing: copy crates/xtask/src/tidy/stage-clippy.toml there")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_finds;

    const ROOT: (&str, &str) = ("Cargo.toml", "[workspace.lints.clippy]\niter_over_hash_type = \"warn\"");
    const RISK: (&str, &str) = ("crates/risk/Cargo.toml", "[package]\nname = \"wardlight-risk\"");

    #[test]
    fn a_stage_without_its_rules_is_found() {
        assert_finds(&CHECK, &[ROOT, RISK], &["stage crates/risk/clippy.toml"]);
        assert_finds(
            &CHECK,
            &[ROOT, RISK, ("crates/risk/clippy.toml", "disallowed-methods = []")],
            &["stage crates/risk/clippy.toml"],
        );
        assert_finds(&CHECK, &[ROOT, RISK, ("crates/risk/clippy.toml", CLIPPY)], &[]);
        assert_finds(&CHECK, &[("Cargo.toml", "[workspace]")], &["stage Cargo.toml"]);
    }

    #[test]
    fn the_outer_crates_may_touch_the_world() {
        assert_finds(&CHECK, &[ROOT, ("crates/app/Cargo.toml", "[package]\nname = \"wardlight-app\"")], &[]);
    }
}
