//! Known headers, from `data/columns.toml`.

use super::Meaning;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "part of the program; a test reads it")]
    Known::load(include_str!("../../../../data/columns.toml")).expect("data/columns.toml is well-formed")
});

struct Known {
    headers: BTreeMap<String, Meaning>,
    systems: Vec<(String, Vec<String>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[expect(dead_code, reason = "checked by the house's rules, not used here")]
    source: String,
    #[expect(dead_code, reason = "checked by the house's rules, not used here")]
    licence: String,
    column: Vec<Entry>,
    system: Vec<System>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    is: Meaning,
    headers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct System {
    name: String,
    mark: Vec<String>,
    #[expect(dead_code, reason = "checked by the house's rules, not used here")]
    source: Option<String>,
}

impl Known {
    fn load(text: &str) -> Result<Self, String> {
        let document: Document = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut headers = BTreeMap::new();
        for (entry, header) in
            document.column.iter().flat_map(|entry| entry.headers.iter().map(move |one| (entry, one)))
        {
            if headers.insert(words(header), entry.is).is_some_and(|before| before != entry.is) {
                return Err(format!("`{header}` means two things"));
            }
        }
        let marks = |system: &System| system.mark.iter().map(|mark| words(mark)).collect();
        let systems = document.system.iter().map(|system| (system.name.clone(), marks(system))).collect();
        Ok(Self { headers, systems })
    }
}

/// What the header means, when it is known.
pub fn meaning(header: &str) -> Option<Meaning> {
    KNOWN.headers.get(&words(header)).copied()
}

/// Whose export has these headers: the system with most of its marks among them, at least three.
pub fn system(headers: &[String]) -> Option<&'static str> {
    let headers: Vec<String> = headers.iter().map(|header| words(header)).collect();
    let score = |marks: &[String]| marks.iter().filter(|mark| headers.contains(mark)).count();
    let best =
        KNOWN.systems.iter().map(|(name, marks)| (score(marks), name.as_str())).rev().max_by_key(|(score, _)| *score);
    best.filter(|(score, _)| *score >= 3).map(|(_, name)| name)
}

/// A header without case, blanks, punctuation and what stands in brackets at its end; `#` and `no` as `number`.
pub fn words(header: &str) -> String {
    let header = header.trim().trim_start_matches('\u{feff}');
    let lower = header.to_lowercase().replace('#', " number ");
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let words = words.iter().enumerate().map(|(at, word)| match *word {
        "no" | "nr" | "num" | "nbr" if at > 0 => "number",
        word => word,
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_well_formed() {
        assert!(KNOWN.headers.len() > 300);
        assert_eq!(meaning("Inventar-Nr."), meaning("Asset Tag"));
    }

    #[test]
    fn a_header_cannot_mean_two_things() {
        let head = "source = \"x\"\nlicence = \"CC0-1.0\"\nsystem = []\n";
        let twice = "column = [{ is = \"key\", headers = [\"A b\"] }, { is = \"as_of\", headers = [\"a_B\"] }]";
        assert_eq!(Known::load(&format!("{head}{twice}")).err().as_deref(), Some("`a_B` means two things"));
    }

    #[test]
    fn an_export_is_told_by_its_headers() {
        let of = |headers: &[&str]| system(&headers.iter().map(|header| (*header).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["sys_id", "asset_tag", "install_status", "model_id"]), Some("servicenow"));
        assert_eq!(of(&["Control Number", "Device Description", "Owner Dept"]), Some("eq2"));
        assert_eq!(of(&["a", "b", "asset tag"]), None);
    }
}
