//! Golden cases of the sources: `golden/source/<source>/<case>/input.*` to `expect.json`; and each case damaged in ten
//! ways, which must still give an answer in which every row is accounted for.
//!
//! `UPDATE=1` writes what is missing or has changed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation,
    reason = "a test may fail where it stands"
)]
#![expect(clippy::disallowed_methods, reason = "a test reads its cases")]

mod support;

use serde_json::Value;
use std::path::{Path, PathBuf};
use support::{damaged, options, read, shown};
use wardlight_ingest::source::{ENTRIES, HEAD, Head, named, recognise};

/// Systems whose headers are known, each with a case.
const VENDORS: [&str; 6] = ["nuvolo", "tms", "eq2", "aims", "medmaint", "servicenow"];

fn folders(of: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

fn cases() -> Vec<(String, PathBuf, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/source");
    let mut cases = Vec::new();
    for source in folders(&root) {
        for case in folders(&source) {
            let files = std::fs::read_dir(&case).unwrap().map(|entry| entry.unwrap().path());
            let is_input =
                |path: &PathBuf| !["README.md", "expect.json"].contains(&path.file_name().unwrap().to_str().unwrap());
            let input = files.filter(is_input).min().unwrap();
            cases.push((source.file_name().unwrap().to_str().unwrap().to_owned(), case, input));
        }
    }
    cases
}

#[test]
fn cases_give_what_they_should() {
    let mut wrong = Vec::new();
    for (source, case, input) in cases() {
        let bytes = std::fs::read(&input).unwrap();
        let name = input.file_name().unwrap().to_str().unwrap();
        let (items, tally) = read(&source, name, &bytes);
        let tally = tally.unwrap_or_else(|error| panic!("{}: {error}", case.display()));
        assert!(tally.adds_up(), "{}: {tally:?}", case.display());
        let got = shown(&items, tally);
        let expect = case.join("expect.json");
        let wanted = std::fs::read_to_string(&expect).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
        if wanted.as_ref() != Some(&got) {
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&expect, format!("{got:#}\n")).unwrap();
            } else {
                wrong.push(format!("{}:\n{got:#}", case.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_is_recognised_and_no_canary_comes_out() {
    for (source, case, input) in cases() {
        let bytes = std::fs::read(&input).unwrap();
        let name = input.file_name().unwrap().to_str().unwrap();
        let head = Head { bytes: &bytes[..bytes.len().min(HEAD)], name };
        let found = recognise(&head).map(|(entry, _)| entry.info().name);
        let sheets = ["cmms", "procurement"];
        let is_right =
            found == Some(&source) || name.ends_with(".xlsx") && found.is_some_and(|found| sheets.contains(&found));
        assert!(is_right, "{}: taken for {found:?}", case.display());
        let (items, tally) = read(&source, name, &bytes);
        let given = format!("{items:?} {tally:?}").to_lowercase();
        assert!(!given.contains("canary"), "{}: a canary came out", case.display());
    }
}

#[test]
fn vendors_are_told_by_their_headers() {
    for (_, case, input) in cases() {
        let name = case.file_name().unwrap().to_str().unwrap();
        let Some((vendor, _)) = name.split_once("_from_").filter(|(vendor, _)| VENDORS.contains(vendor)) else {
            continue;
        };
        let bytes = std::fs::read(&input).unwrap();
        let mapping = named("cmms").unwrap().mapping(&mut bytes.as_slice(), &options("x")).unwrap().unwrap();
        assert_eq!(mapping.system.as_deref(), Some(vendor), "{}", case.display());
    }
    let cases = cases();
    let has =
        |vendor: &str| cases.iter().any(|(_, case, _)| case.to_str().unwrap().contains(&format!("/{vendor}_from_")));
    assert!(VENDORS.iter().all(|vendor| has(vendor)));
}

#[test]
fn every_source_has_cases() {
    let cases = cases();
    for entry in ENTRIES {
        assert!(cases.iter().any(|(source, _, _)| source == entry.info().name), "{}", entry.info().name);
    }
}

#[test]
fn damaged_cases_are_accounted_for() {
    for (source, case, input) in cases() {
        let bytes = std::fs::read(&input).unwrap();
        let name = input.file_name().unwrap().to_str().unwrap();
        for (how, bytes) in damaged(&bytes) {
            let (items, tally) = read(&source, name, &bytes);
            // An error is an answer too: it says that and why the document could not be read on.
            let Ok(tally) = tally else { continue };
            assert!(tally.adds_up(), "{} {how}: {tally:?}", case.display());
            let aside = items.iter().filter(|item| support::is_set_aside(item)).count();
            assert_eq!(aside as u64, tally.set_aside, "{} {how}", case.display());
        }
    }
}
