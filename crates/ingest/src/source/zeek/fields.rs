//! One line of a log as named values, whichever form it has.

use crate::item::{Reason, Row};
use crate::json::Object;
use std::collections::BTreeMap;
use std::net::IpAddr;
use wardlight_model::{Mac, Time};

/// Most columns of a log.
const COLUMNS: usize = 512;

/// What a log's header lines say.
pub struct Columns {
    path: String,
    separator: char,
    set_separator: char,
    empty: String,
    unset: String,
    names: Vec<String>,
}

/// One line.
pub struct Entry {
    path: String,
    values: BTreeMap<String, Vec<String>>,
}

impl Columns {
    /// For a log in a document called `name`, which says which log it is when the log itself does not: `conn.log`,
    /// `conn.15:00:00-16:00:00.log.gz`.
    pub fn new(name: &str) -> Self {
        let path = name.split('.').next().unwrap_or_default().to_lowercase();
        let text = |text: &str| text.to_owned();
        Self { path, separator: '\t', set_separator: ',', empty: text("(empty)"), unset: text("-"), names: Vec::new() }
    }

    /// Takes `line` when it is one of the header.
    pub fn header(&mut self, line: &str) -> bool {
        let Some(line) = line.strip_prefix('#') else { return false };
        let (name, value) = line.split_once([self.separator, ' ']).unwrap_or((line, ""));
        match name {
            "separator" => self.separator = mark(value).unwrap_or('\t'),
            "set_separator" => self.set_separator = mark(value).unwrap_or(','),
            "empty_field" => value.clone_into(&mut self.empty),
            "unset_field" => value.clone_into(&mut self.unset),
            "path" => value.clone_into(&mut self.path),
            "fields" => self.names = value.split(self.separator).take(COLUMNS).map(str::to_owned).collect(),
            _ => {}
        }
        true
    }

    /// The values of `line`. Errors: why it is set aside.
    pub fn entry(&self, line: &str, row: &mut Row) -> Result<Entry, Reason> {
        if line.starts_with('{') { self.json(line, row) } else { self.tabs(line) }
    }

    fn json(&self, line: &str, row: &mut Row) -> Result<Entry, Reason> {
        let object = Object::read(line.as_bytes()).map_err(Reason::from)?;
        if object.doubled > 0 {
            row.note("a name comes more than once: its first value is taken");
        }
        let path = object.text("_path").unwrap_or_else(|| self.path.clone());
        let list = |value: &serde_json::Value| match value {
            serde_json::Value::Array(values) => values.iter().take(COLUMNS).filter_map(crate::json::text).collect(),
            serde_json::Value::Bool(is) => vec![if *is { "T" } else { "F" }.to_owned()],
            value => crate::json::text(value).into_iter().collect(),
        };
        let mut values: BTreeMap<String, Vec<String>> =
            object.fields().take(COLUMNS).map(|(name, value)| (name.clone(), list(value))).collect();
        if let Some(serde_json::Value::Object(id)) = object.at("id") {
            values.extend(id.iter().map(|(name, value)| (format!("id.{name}"), list(value))));
        }
        Ok(Entry { path, values })
    }

    fn tabs(&self, line: &str) -> Result<Entry, Reason> {
        if self.names.is_empty() {
            return Err("stands before any header".into());
        }
        let cells: Vec<&str> = line.split(self.separator).collect();
        if cells.len() != self.names.len() {
            return Err(format!("has {} of {} fields", cells.len(), self.names.len()).into());
        }
        let list = |cell: &str| {
            let cell = if cell == self.unset || cell == self.empty { "" } else { cell };
            cell.split(self.set_separator).filter(|part| !part.is_empty()).take(COLUMNS).map(unescaped).collect()
        };
        let is_set =
            |name: &str| matches!(name, "answers" | "host_key_alg" | "client_addr" | "service" | "tunnel_parents");
        let whole =
            |cell: &str| if cell == self.unset || cell == self.empty { Vec::new() } else { vec![unescaped(cell)] };
        let values = self.names.iter().zip(cells);
        let values =
            values.map(|(name, cell)| (name.clone(), if is_set(name) { list(cell) } else { whole(cell) })).collect();
        Ok(Entry { path: self.path.clone(), values })
    }
}

impl Entry {
    /// Which log it is of.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The first value called `name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.first().map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Every value called `name`.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.values.get(name).into_iter().flatten().map(String::as_str)
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    pub fn ip(&self, name: &str) -> Option<IpAddr> {
        self.text(name)?.parse().ok()
    }

    pub fn mac(&self, name: &str) -> Option<Mac> {
        self.text(name)?.parse().ok()
    }

    /// A moment: seconds since 1970, or ISO 8601 as JSON logs may have it.
    pub fn time(&self, name: &str) -> Option<Time> {
        let text = self.text(name)?;
        seconds(text).map(Time::from_micros).or_else(|| {
            let moment = text.parse::<jiff::Timestamp>().ok()?;
            Some(Time::from_micros(moment.as_microsecond()))
        })
    }

    /// Microseconds of a span of time in seconds.
    pub fn micros(&self, name: &str) -> Option<i64> {
        seconds(self.text(name)?)
    }
}

/// Microseconds in `text`, a number of seconds, exact to the last digit.
fn seconds(text: &str) -> Option<i64> {
    if text.contains(['e', 'E']) {
        let seconds: f64 = text.parse().ok().filter(|seconds: &f64| seconds.abs() < 1e12)?;
        #[expect(clippy::cast_possible_truncation, reason = "within the bounds just asked for")]
        return Some((seconds * 1e6) as i64);
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = part.chars().chain("000000".chars()).take(6).collect();
    let micros: i64 = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let is_negative = whole.starts_with('-');
    whole.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(if is_negative { -micros } else { micros })
}

/// A separator as the header writes it: `\x09`, or itself.
fn mark(text: &str) -> Option<char> {
    match text.strip_prefix("\\x") {
        Some(digits) => u8::from_str_radix(digits, 16).ok().map(char::from),
        None => text.chars().next(),
    }
}

/// `text` with `\x2c` put as what it stands for.
fn unescaped(text: &str) -> String {
    if !text.contains("\\x") {
        return text.to_owned();
    }
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        match behind.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.extend_from_slice(b"\\x");
                rest = behind;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    crate::decode::text(&bytes).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact() {
        assert_eq!(seconds("1521911721.255387"), Some(1_521_911_721_255_387));
        assert_eq!(
            [seconds("5"), seconds("-0.5"), seconds("1.5e2"), seconds("x"), seconds("1.x")],
            [Some(5_000_000), Some(-500_000), Some(150_000_000), None, None]
        );
    }

    #[test]
    fn escapes_are_taken_back() {
        assert_eq!(unescaped("a\\x2cb\\xc3\\xa4\\xZZ"), "a,bä\\xZZ");
    }
}
