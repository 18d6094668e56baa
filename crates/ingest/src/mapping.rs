//! Which column of a table means what: as the user says, as its header is known, or as its values look.
//!
//! Known headers stand in `data/columns.toml`. A mapping is a plain value: it can be kept, changed and given back.

mod known;
mod learned;

use serde::{Deserialize, Serialize};
use wardlight_model::AssetField;

pub(crate) use known::words;

/// From this confidence on, a column is used without being asked about, in percent.
pub const USED: u8 = 80;

/// What a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// A field of the record.
    Field(AssetField),
    /// The row's own key.
    Key,
    /// When the row was last changed.
    AsOf,
    /// Nothing for us.
    Ignored,
}

/// Why a column is taken to mean that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A user says so.
    User,
    /// Its header is known.
    Header,
    /// Its values look so.
    Values,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its header as it stands in the document.
    pub header: String,
    /// What it means; nothing when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<Meaning>,
    /// Why.
    #[serde(default = "by_user")]
    pub by: By,
    /// How sure that is, in percent.
    #[serde(default = "certain")]
    pub confidence: u8,
}

/// The meaning of every column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Whose export it looks like, such as `servicenow`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Its columns.
    #[serde(default, rename = "column")]
    pub columns: Vec<Column>,
}

impl Mapping {
    /// What the columns under `headers` mean: as `user` says, else as the header is known, else as the values in `rows`
    /// look.
    #[must_use]
    pub fn of(headers: &[String], rows: &[Vec<String>], user: Option<&Self>) -> Self {
        let system = known::system(headers);
        let column = |(at, header): (usize, &String)| {
            let told = user.and_then(|user| user.told(header)).map(|is| (is, By::User, 100));
            let known = || known::meaning(header).map(|is| (is, By::Header, if system.is_some() { 95 } else { 90 }));
            let values = || rows.iter().filter_map(move |row| row.get(at)).map(String::as_str);
            let learned = || learned::meaning(values()).map(|(is, confidence)| (is, By::Values, confidence));
            let found = told.or_else(known).or_else(learned);
            let (is, by, confidence) = found.map_or((None, By::Values, 0), |(is, by, sure)| (Some(is), by, sure));
            Column { header: header.clone(), is, by, confidence }
        };
        let mut columns: Vec<Column> = headers.iter().enumerate().map(column).collect();
        doubt_what_values_deny(&mut columns, rows);
        Self { system: system.map(str::to_owned), columns }
    }

    /// Reads a mapping from TOML. Errors: what is wrong, and in which line.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The mapping as TOML.
    #[must_use]
    pub fn to_toml(&self) -> String {
        #[expect(clippy::expect_used, reason = "names, numbers and tables in the order that TOML wants")]
        toml::to_string(self).expect("a mapping is plain TOML")
    }

    /// How many of `headers` are known, or named by `user`.
    pub(crate) fn recognised(headers: &[String], user: Option<&Self>) -> usize {
        let is_known =
            |header: &&String| user.is_some_and(|user| user.told(header).is_some()) || known::meaning(header).is_some();
        headers.iter().filter(is_known).count()
    }

    /// What a user says of `header`.
    fn told(&self, header: &str) -> Option<Meaning> {
        let wanted = words(header);
        self.columns.iter().find(|column| words(&column.header) == wanted).and_then(|column| column.is)
    }
}

/// A header says MAC or IP address, and most of the column is something else: then it is not believed.
fn doubt_what_values_deny(columns: &mut [Column], rows: &[Vec<String>]) {
    for (at, column) in columns.iter_mut().enumerate().filter(|(_, column)| column.by == By::Header) {
        let Some(Meaning::Field(field)) = column.is else { continue };
        let values = rows.iter().filter_map(|row| row.get(at)).map(String::as_str);
        if learned::is_denied(field, values) {
            column.confidence = 40;
        }
    }
}

impl Meaning {
    /// Its name in mappings: a field's name, `key`, `as_of`, `ignore`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Field(field) => field.name(),
            Self::Key => "key",
            Self::AsOf => "as_of",
            Self::Ignored => "ignore",
        }
    }

    /// The meaning called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "key" => Some(Self::Key),
            "as_of" => Some(Self::AsOf),
            "ignore" => Some(Self::Ignored),
            name => AssetField::named(name).map(Self::Field),
        }
    }
}

impl Serialize for Meaning {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Meaning {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(from)?;
        let unknown = || serde::de::Error::custom(format!("no field is called {name}"));
        Self::named(&name).ok_or_else(unknown)
    }
}

const fn by_user() -> By {
    By::User
}

const fn certain() -> u8 {
    100
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(headers: &[&str], rows: &[&[&str]], user: Option<&Mapping>) -> Vec<(Option<&'static str>, By)> {
        let strings = |row: &[&str]| row.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let rows: Vec<_> = rows.iter().map(|row| strings(row)).collect();
        let mapping = Mapping::of(&strings(headers), &rows, user);
        mapping
            .columns
            .iter()
            .map(|column| (column.is.filter(|_| column.confidence >= USED).map(Meaning::name), column.by))
            .collect()
    }

    #[test]
    fn headers_are_known_however_they_are_written() {
        for header in ["Serial Number", "SERIAL_NUMBER", "serial #", "S/N", "Serial No.", " serial-no "] {
            assert_eq!(mapped(&[header], &[], None), [(Some("identity.serial"), By::Header)], "{header}");
        }
    }

    #[test]
    fn what_the_user_says_wins() {
        let user = Mapping::from_toml("[[column]]\nheader = \"Serial\"\nis = \"cmms.asset_tag\"\n").unwrap();
        assert_eq!(mapped(&["serial"], &[], Some(&user)), [(Some("cmms.asset_tag"), By::User)]);
    }

    #[test]
    fn a_column_is_known_by_its_values() {
        let rows: &[&[&str]] = &[
            &["00-1A-2B-3C-4D-5E", "10.0.0.1", "x"],
            &["001a2b3c4d5f", "10.0.0.2", "y"],
            &["", "", "z"],
            &["00:1a:2b:3c:4d:60", "10.0.0.3", "z"],
        ];
        let found = mapped(&["NIC", "LAN", "Colour"], rows, None);
        assert_eq!(found, [(Some("network.mac"), By::Values), (Some("network.ip"), By::Values), (None, By::Values)]);
    }

    #[test]
    fn a_header_that_its_values_deny_is_not_believed() {
        let rows: &[&[&str]] = &[&["12 Main Street"], &["14 Main Street"], &["16 Main Street"]];
        assert_eq!(mapped(&["Address"], rows, None), [(None, By::Header)]);
    }

    #[test]
    fn a_mapping_can_be_kept() {
        let headers = ["Asset Tag".to_owned(), "sys_id".to_owned(), "Colour".to_owned()];
        let mapping = Mapping::of(&headers, &[], None);
        assert_eq!(Mapping::from_toml(&mapping.to_toml()).unwrap(), mapping);
        let error = Mapping::from_toml("[[column]]\nheader = \"a\"\nis = \"no.such\"\n").unwrap_err();
        assert!(error.to_string().contains("no field is called no.such"));
    }
}
