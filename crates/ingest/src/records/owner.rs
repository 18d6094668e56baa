//! Whether an owner is a part of the house, or may be a person.
//!
//! It is a part of the house when its column's header says so (`Support group`), when the same document calls a department,
//! site, building or cost centre so, or when each of its words is one of `data/departments.toml` or a number. Anything else
//! may name a person. So a department that nobody knows of is hashed, which keeps who owns what apart all the same; a name
//! is not taken for a department.

use super::Plan;
use crate::mapping::{Column, Meaning, USED};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use wardlight_model::AssetField;

/// Words at the end of a header that say that its values are groups.
const GROUPS: &[&str] =
    &["group", "groups", "team", "shop", "department", "dept", "center", "centre", "unit", "abteilung", "gruppe"];
/// Fields whose values are names of places and departments.
const PLACES: &[AssetField] = &[AssetField::Department, AssetField::Site, AssetField::Building, AssetField::CostCentre];

static WORDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "part of the program; a test reads it")]
    let document: Document = toml::from_str(include_str!("../../../../data/departments.toml"))
        .expect("data/departments.toml is well-formed");
    document.words.into_iter().flat_map(|entry| entry.words).collect()
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[expect(dead_code, reason = "checked by the house's rules, not used here")]
    source: String,
    #[expect(dead_code, reason = "checked by the house's rules, not used here")]
    licence: String,
    words: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[expect(dead_code, reason = "says what the words are")]
    about: String,
    words: Vec<String>,
}

/// Whether `value`, which stands in `row` under `column` for `field`, may name a person.
pub fn may_be_a_person(field: AssetField, (value, column): (&str, &Column), row: &[String], plan: &Plan) -> bool {
    let is_place = || plan.places.hold(value) || Places::of(&plan.mapping.columns, std::iter::once(row)).hold(value);
    is_owner(field) && !says_group(&column.header) && !is_of_known_words(value) && !is_place()
}

/// Whether the owner that a record `held` says gives way to `other`: a person does to a part of the house, which stays when
/// people go.
pub fn gives_way(field: AssetField, held: &str, other: &str) -> bool {
    is_owner(field) && held.starts_with('#') && !other.starts_with('#')
}

const fn is_owner(field: AssetField) -> bool {
    matches!(field, AssetField::ClinicalOwner | AssetField::TechnicalOwner | AssetField::SecurityOwner)
}

/// Names of departments and places that a document has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(BTreeSet<String>);

impl Places {
    /// Those in `cells`, whose columns are `columns`.
    pub fn of<'c>(columns: &[Column], cells: impl Iterator<Item = &'c [String]>) -> Self {
        let is_place = |column: &Column| {
            column.confidence >= USED && matches!(column.is, Some(Meaning::Field(field)) if PLACES.contains(&field))
        };
        let of_row =
            |row: &'c [String]| columns.iter().zip(row).filter(|(column, _)| is_place(column)).map(|(_, cell)| cell);
        Self(cells.flat_map(of_row).map(|cell| plain(cell)).filter(|cell| !cell.is_empty()).collect())
    }

    fn hold(&self, value: &str) -> bool {
        self.0.contains(&plain(value))
    }
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn says_group(header: &str) -> bool {
    let header = header.to_lowercase();
    let last = header.split(|c: char| !c.is_alphanumeric()).rfind(|word| !word.is_empty());
    last.is_some_and(|last| GROUPS.contains(&last))
}

fn is_of_known_words(value: &str) -> bool {
    let lower = value.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    let is_known = |word: &str| WORDS.contains(word) || word.bytes().all(|byte| byte.is_ascii_digit());
    words.peek().is_some() && words.all(is_known) && !value.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{records, table};

    fn is_person(header: &str, value: &str) -> bool {
        let text = format!("{header},Department,Asset Tag\n,St. Anna  Haus 4,1\n");
        let plan = table::with(&mut text.as_bytes(), &|_| 0, |table| records::plan(table, None, None)).unwrap();
        let row = [value.to_owned(), "Annex".to_owned()];
        let column = &plan.mapping.columns[0];
        assert!(!may_be_a_person(AssetField::Room, (value, column), &row, &plan), "no owner");
        may_be_a_person(AssetField::TechnicalOwner, (value, column), &row, &plan)
    }

    #[test]
    fn departments_teams_and_posts_are_none() {
        for value in
            ["Clinical Engineering", "IT - Network Operations", "ICU 2 manager", "Biomed", "Medizintechnik", "4100"]
        {
            assert!(!is_person("Owner", value), "{value}");
        }
        assert!(!is_person("Owned by", "st. anna haus 4"), "the document calls a department so");
        assert!(!is_person("Owned by", "annex"), "the row calls its department so");
        assert!(!is_person("Support group", "Blue Falcons"), "its header says that it is a group");
    }

    #[test]
    fn anything_else_may_be_one() {
        for value in
            ["Jane Doe", "Doe, Jane (Biomed)", "jdoe", "Dr. Doe", "biomed@example.org", "Radiology Smith", "JD"]
        {
            assert!(is_person("Managed by", value), "{value}");
        }
        assert!(is_person("Business unit owner", "Jane Doe"));
    }

    #[test]
    fn the_list_is_well_formed() {
        assert!(WORDS.len() > 250 && WORDS.iter().all(|word| *word == word.to_lowercase() && !word.contains(' ')));
    }
}
