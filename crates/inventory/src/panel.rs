//! Which kind of analyser reports such tests: `data/panels.toml` over `data/laboratory-tests.tsv`.
//!
//! In: the tests that a device was seen to report, as facts name them. Out: at most one type. A test that the table does
//! not know says nothing; tests of two kinds say nothing together.

use crate::knowledge::LoadError;
use std::collections::{BTreeMap, BTreeSet};

/// What panels of tests say.
#[derive(Debug, Clone, Default)]
pub struct Panels {
    /// Row of the table by test.
    rows: BTreeMap<String, usize>,
    tests: Vec<Test>,
    panels: Vec<Panel>,
    otherwise: Option<Otherwise>,
    hearsay: f64,
}

/// The kinds of analyser that report one test.
#[derive(Debug, Clone, Default)]
struct Test {
    signs: Vec<String>,
    besides: Vec<String>,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Panel {
    r#type: String,
    least: usize,
    confidence: f64,
    /// Protocols that it holds over; all when there are none.
    #[serde(default)]
    over: Vec<String>,
    #[serde(rename = "why")]
    _why: String,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Otherwise {
    r#type: String,
    over: String,
    confidence: f64,
    #[serde(rename = "why")]
    _why: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "licence")]
    _licence: String,
    hearsay: f64,
    panel: Vec<Panel>,
    otherwise: Otherwise,
}

impl Panels {
    /// Reads both files. Errors when the rules have not their form, or a row of the table has not five columns.
    pub fn load(rules: &str, table: &str) -> Result<Self, LoadError> {
        let File { panel: panels, otherwise, hearsay, .. } =
            toml::from_str(rules).map_err(|error| LoadError::form("panels", &error))?;
        let mut found = Self { panels, otherwise: Some(otherwise), hearsay, ..Self::default() };
        for (n, line) in table.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            let mut columns = line.split('\t');
            let mut next = || columns.next();
            let (Some(name), Some(_), Some(codes), Some(signs), Some(besides)) =
                (next(), next(), next(), next(), next())
            else {
                let why = format!("line {} has not five columns between tabs", n + 1);
                return Err(LoadError::Form { file: "laboratory-tests".to_owned(), why });
            };
            let row = found.tests.len();
            found.rows.extend(std::iter::once(name).chain(codes.split(' ')).map(|word| (word.to_owned(), row)));
            let kinds = |text: &str| text.split(',').filter(|kind| !kind.is_empty()).map(str::to_owned).collect();
            found.tests.push(Test { signs: kinds(signs), besides: kinds(besides) });
        }
        Ok(found)
    }

    /// The kind of a device that reported `tests` over `protocols`, and how sure that is. `by_hearsay` when it may have
    /// passed on what others measured.
    #[must_use]
    pub fn kind(&self, tests: &BTreeSet<&str>, protocols: &BTreeSet<&str>, by_hearsay: bool) -> Option<(&str, f64)> {
        let rows: BTreeSet<usize> = tests.iter().filter_map(|test| self.rows.get(*test)).copied().collect();
        let seen: Vec<&Test> = rows.iter().filter_map(|row| self.tests.get(*row)).collect();
        let mut fitting = self.panels.iter().filter(|panel| panel.fits(&seen, protocols));
        let only = fitting.next().filter(|_| fitting.next().is_none());
        let found = only.map(|panel| (panel.r#type.as_str(), panel.confidence));
        let found = found.map(|(kind, sure)| (kind, if by_hearsay { sure.min(self.hearsay) } else { sure }));
        let spoken = self.otherwise.as_ref().filter(|otherwise| protocols.contains(otherwise.over.as_str()));
        found.or_else(|| spoken.map(|otherwise| (otherwise.r#type.as_str(), otherwise.confidence)))
    }

    /// Every type that it names.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        let of_tests = self.tests.iter().flat_map(|test| test.signs.iter().chain(&test.besides));
        let of_rules = self.panels.iter().map(|panel| &panel.r#type);
        of_tests.chain(of_rules).chain(self.otherwise.iter().map(|otherwise| &otherwise.r#type)).map(String::as_str)
    }
}

impl Panel {
    fn fits(&self, seen: &[&Test], protocols: &BTreeSet<&str>) -> bool {
        let is_sign = |test: &&&Test| test.signs.contains(&self.r#type);
        let is_over = self.over.is_empty() || self.over.iter().any(|over| protocols.contains(over.as_str()));
        let reports = |test: &&Test| is_sign(&test) || test.besides.contains(&self.r#type);
        is_over && seen.iter().all(reports) && seen.iter().filter(is_sign).count() >= self.least
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Knowledge;

    #[track_caller]
    fn check(tests: &[&str], protocol: &str, expected: Option<&str>) {
        let panels = Knowledge::shipped().unwrap().panels;
        let tests = tests.iter().copied().collect();
        let kind = panels.kind(&tests, &BTreeSet::from([protocol]), false);
        assert_eq!(kind.map(|(kind, _)| kind), expected, "{tests:?}");
        assert!(kind.is_none_or(|(_, sure)| sure >= 0.9), "{kind:?}");
    }

    #[test]
    fn two_tests_of_one_kind_say_it() {
        check(&["WBC", "RBC", "HGB"], "astm", Some("haematology analyser"));
        check(&["6690-2", "777-3"], "hl7", Some("haematology analyser"));
        check(&["NA", "K", "CREA"], "astm", Some("chemistry analyser"));
        check(&["GLU", "ALT"], "astm", Some("chemistry analyser"));
        check(&["TSH", "TROPI"], "astm", Some("immunoassay analyser"));
        check(&["PT", "INR"], "astm", Some("coagulation analyser"));
        check(&["PH", "PCO2", "PO2", "NA", "K", "GLU", "LAC", "HGB"], "astm", Some("blood gas analyser"));
        check(&["2744-1", "2019-8"], "poct1a", Some("blood gas analyser"));
        check(&["SG", "NIT", "LEU", "GLU", "PH"], "astm", Some("urinalysis analyser"));
    }

    #[test]
    fn one_test_says_little_and_two_kinds_say_nothing() {
        check(&["WBC"], "astm", None);
        check(&["GLU"], "astm", None);
        check(&["2345-7", "2339-0"], "astm", None);
        check(&["WBC", "RBC", "TSH", "FT4"], "astm", None);
        check(&["NA", "K", "TSH", "FT4"], "astm", None);
        check(&["unheard of", "NA"], "astm", None);
    }

    #[test]
    fn at_the_bedside_glucose_alone_is_a_meter_and_anything_else_an_analyser() {
        check(&["2339-0"], "poct1a", Some("glucose meter"));
        check(&["41653-7", "GLU", "KETONE"], "poct1a", Some("glucose meter"));
        check(&["HGB"], "poct1a", Some("point-of-care analyser"));
        check(&["GLU", "WBC"], "poct1a", Some("point-of-care analyser"));
        check(&[], "poct1a", Some("point-of-care analyser"));
    }

    #[test]
    fn what_may_be_passed_on_is_less_sure() {
        let panels = Knowledge::shipped().unwrap().panels;
        let tests = BTreeSet::from(["WBC", "RBC"]);
        assert_eq!(panels.kind(&tests, &BTreeSet::from(["hl7"]), true), Some(("haematology analyser", 0.6)));
    }

    #[test]
    fn a_table_that_is_none_is_refused() {
        let rules = include_str!("../../../data/panels.toml");
        assert!(Panels::load(rules, "WBC\tLEUK").is_err_and(|error| error.to_string().contains("line 1")));
        assert!(Panels::load("panel = 1", "").is_err());
    }
}
