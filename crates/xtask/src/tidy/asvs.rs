//! OWASP ASVS 5.0.0, levels 1 and 2: each item once, each claim with tests or files that there are.
//!
//! The standard's own list is not in the repository. Its numbers are pinned by chapter and level, and compared one by one
//! where `WARDLIGHT_CORPUS` has the list.

use super::tree::Tree;
use super::{Breach, Check};
use crate::asvs::{CHAPTERS, Item, LEVELS, PATH, State, read};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(super) const CHECK: Check =
    Check { name: "asvs", keeps: "each item of OWASP ASVS once, with tests and files that there are", run };

/// The standard's list below the folder of `WARDLIGHT_CORPUS`.
const LIST: &str = "standards/owasp/asvs-5.0.0.flat.json";
/// Fewest letters that say why.
const SHORTEST: usize = 20;

fn run(tree: &Tree) -> Vec<Breach> {
    let Some(text) = tree.text(PATH) else { return Vec::new() };
    let items = match read(text) {
        Ok(table) => table.item,
        Err(error) => return vec![Breach::new("asvs", PATH, error.to_string())],
    };
    let tests = named(tree);
    let mut found: Vec<Breach> = items.iter().flat_map(|item| claims(item, &tests, tree)).collect();
    found.extend(counts(&items).into_iter().chain(listed(&items)).chain(alike(&items)));
    found
}

fn breach(item: &Item, what: impl Into<String>) -> Breach {
    Breach::new("asvs", format!("{PATH}::{}", item.id), what)
}

/// What is wrong with what `item` claims.
fn claims(item: &Item, tests: &BTreeSet<String>, tree: &Tree) -> Vec<Breach> {
    let is_task = |test: &str| {
        let task = test.strip_prefix("cargo xtask ").and_then(|task| task.split(' ').next());
        task.is_some_and(|task| tree.has(&format!("crates/xtask/src/{task}.rs")))
    };
    let mut found = Vec::new();
    for test in item.tests.iter().filter(|test| !tests.contains(*test) && !is_task(test)) {
        found.push(breach(item, format!("names the test {test}, which there is not")));
    }
    for evidence in &item.evidence {
        let path = evidence.split_once(": ").map_or(evidence.as_str(), |(path, _)| path);
        if !tree.has(path) && tree.under(&format!("{path}/")).next().is_none() {
            found.push(breach(item, format!("names the file {path}, which there is not")));
        }
    }
    if item.state == State::Met && item.tests.is_empty() && item.evidence.is_empty() {
        found.push(breach(item, "is met without a test or a file that shows it"));
    }
    if item.why.trim().len() < SHORTEST {
        found.push(breach(item, "does not say why"));
    }
    found
}

/// Whether there are as many items as in the standard.
fn counts(items: &[Item]) -> Vec<Breach> {
    let mut found = Vec::new();
    let mut chapters: BTreeMap<u8, usize> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for item in items {
        match item.number() {
            Some(number) if seen.insert(number) => *chapters.entry(number[0]).or_default() += 1,
            Some(_) => found.push(breach(item, "stands in it twice")),
            None => found.push(breach(item, "is no number of an item")),
        }
    }
    for (chapter, _, wanted) in CHAPTERS {
        let has = chapters.remove(&chapter).unwrap_or_default();
        if has != wanted {
            found.push(Breach::new("asvs", PATH, format!("has {has} items of V{chapter}, the standard has {wanted}")));
        }
    }
    for chapter in chapters.keys() {
        found.push(Breach::new("asvs", PATH, format!("has items of V{chapter}, which the standard has not")));
    }
    for (level, wanted) in (1_u8..).zip(LEVELS) {
        let has = items.iter().filter(|item| item.level == level).count();
        if has != wanted {
            found.push(Breach::new(
                "asvs",
                PATH,
                format!("has {has} items of level {level}, the standard has {wanted}"),
            ));
        }
    }
    found
}

/// Whether they are just those of the standard, where its list is at hand.
fn listed(items: &[Item]) -> Vec<Breach> {
    let Some(folder) = std::env::var_os("WARDLIGHT_CORPUS") else { return Vec::new() };
    let Ok(text) = std::fs::read_to_string(Path::new(&folder).join(LIST)) else { return Vec::new() };
    let list: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let wanted = levels(&list);
    let has: BTreeSet<(String, u8)> = items.iter().map(|item| (item.id.clone(), item.level)).collect();
    let differ = has.symmetric_difference(&wanted);
    differ
        .map(|(id, level)| Breach::new("asvs", PATH, format!("differs from the standard in {id} of level {level}")))
        .collect()
}

/// Numbers and levels of `list`, levels 1 and 2 alone.
fn levels(list: &serde_json::Value) -> BTreeSet<(String, u8)> {
    let rows = list.get("requirements").unwrap_or(list).as_array().into_iter().flatten();
    let row = |row: &serde_json::Value| {
        let level = row.get("L")?.as_str()?.parse().ok()?;
        Some((row.get("req_id")?.as_str()?.to_owned(), level))
    };
    rows.filter_map(row).filter(|(_, level)| *level < 3).collect()
}

/// Items that say the same: at least one of them says nothing of itself.
fn alike(items: &[Item]) -> Vec<Breach> {
    let mut by_words: BTreeMap<String, &Item> = BTreeMap::new();
    let mut found = Vec::new();
    for item in items {
        if let Some(first) = by_words.insert(item.why.trim().to_lowercase(), item) {
            found.push(breach(item, format!("says the same as {}", first.id)));
        }
    }
    found
}

/// Every test there is, as nextest names it.
fn named(tree: &Tree) -> BTreeSet<String> {
    let sources = tree.texts().filter(|(path, _)| path.starts_with("crates/") && path.ends_with(".rs"));
    sources.flat_map(|(path, text)| in_file(path, text)).collect()
}

/// The tests of one file.
fn in_file(path: &str, text: &str) -> Vec<String> {
    let Some((binary, module)) = place(path) else { return Vec::new() };
    let (mut found, mut inner, mut is_test) = (Vec::new(), String::new(), false);
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {")) {
            name.clone_into(&mut inner);
        }
        let line = line.trim();
        is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
        let function = line.trim_start_matches("async ").strip_prefix("fn ");
        if let Some(name) = function.and_then(|rest| rest.split(['(', '<']).next()).filter(|_| is_test) {
            let parts = [module.as_str(), inner.as_str(), name];
            let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            found.push(format!("{binary} {}", parts.join("::")));
            is_test = false;
        }
    }
    found
}

/// The binary and the module of a file.
fn place(path: &str) -> Option<(String, String)> {
    let (name, rest) = path.strip_prefix("crates/")?.split_once('/')?;
    let package = format!("wardlight-{name}");
    let inside = |rest: &str| rest.trim_end_matches(".rs").replace('/', "::");
    if let Some(rest) = rest.strip_prefix("src/") {
        let is_program = ["app", "xtask"].contains(&name);
        let program = if name == "xtask" { "xtask" } else { "wardlight" };
        let binary = if is_program { format!("{package}::bin/{program}") } else { package };
        let module = if ["lib.rs", "main.rs"].contains(&rest) { String::new() } else { inside(rest) };
        return Some((binary, module));
    }
    let rest = rest.strip_prefix("tests/")?;
    let (binary, module) = rest.split_once('/').unwrap_or((rest.trim_end_matches(".rs"), "main.rs"));
    let module = if module == "main.rs" { String::new() } else { inside(module) };
    Some((format!("{package}::{binary}"), module))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_named_as_the_runner_names_them() {
        let text = "fn helper() {}\nmod tests {\n    #[test]\n    fn one() {}\n    proptest! {\n        #[test]\n        fn any(\n";
        assert_eq!(
            in_file("crates/web/src/part/way.rs", text),
            ["wardlight-web part::way::tests::one", "wardlight-web part::way::tests::any"]
        );
        let text = "#[tokio::test]\nasync fn one() {}\n";
        for (path, wanted) in [
            ("crates/web/tests/pages/reach.rs", "wardlight-web::pages reach::one"),
            ("crates/app/tests/keep/main.rs", "wardlight-app::keep one"),
            ("crates/ingest/tests/golden.rs", "wardlight-ingest::golden one"),
            ("crates/app/src/io/key.rs", "wardlight-app::bin/wardlight io::key::one"),
            ("crates/access/src/lib.rs", "wardlight-access one"),
        ] {
            assert_eq!(in_file(path, text), [wanted]);
        }
    }

    #[test]
    fn a_claim_without_proof_is_found() {
        let tree = Tree::of(&[("crates/web/src/a.rs", "#[test]\nfn it() {}\n")]);
        let tests = named(&tree);
        let check = |more: &str, wanted: &[&str]| {
            let text = format!("source = \"\"\nlicence = \"\"\n[[item]]\nid = \"V1.1.1\"\nlevel = 2\n{more}");
            let table = read(&text).expect("a table");
            let found: Vec<String> =
                table.item.iter().flat_map(|item| claims(item, &tests, &tree)).map(|breach| breach.what).collect();
            assert_eq!(found, wanted, "{more}");
        };
        let why = "why = \"It is so because of that.\"\n";
        check(&format!("state = \"met\"\n{why}tests = [\"wardlight-web a::it\"]"), &[]);
        check(&format!("state = \"met\"\n{why}evidence = [\"crates/web/src/a.rs: it\"]"), &[]);
        check(&format!("state = \"met\"\n{why}"), &["is met without a test or a file that shows it"]);
        check(&format!("state = \"not met\"\n{why}"), &[]);
        check(&format!("state = \"not met\"\n{why}tests = [\"x y\"]"), &["names the test x y, which there is not"]);
        check(&format!("state = \"not met\"\n{why}evidence = [\"b: c\"]"), &["names the file b, which there is not"]);
        check("state = \"not met\"\nwhy = \"So.\"", &["does not say why"]);
    }

    #[test]
    fn an_item_left_out_twice_or_alike_is_found() {
        let item = |id: &str| Item {
            id: id.to_owned(),
            level: 2,
            state: State::NotMet,
            why: "The same words.".to_owned(),
            tests: Vec::new(),
            evidence: Vec::new(),
        };
        let items = [item("V17.1.1"), item("V17.1.1"), item("V99.1.1"), item("V1")];
        let found: Vec<String> = counts(&items).into_iter().map(|breach| breach.what).collect();
        for wanted in [
            "stands in it twice",
            "is no number of an item",
            "has 1 items of V17, the standard has 7",
            "has items of V99, which the standard has not",
            "has 4 items of level 2, the standard has 183",
        ] {
            assert!(found.iter().any(|what| what == wanted), "{wanted}: {found:?}");
        }
        assert_eq!(alike(&items).len(), 3);
        let list =
            serde_json::json!({ "requirements": [{ "req_id": "V1.1.1", "L": "2" }, { "req_id": "V1.1.2", "L": "3" }] });
        assert_eq!(levels(&list), BTreeSet::from([("V1.1.1".to_owned(), 2)]));
    }
}
