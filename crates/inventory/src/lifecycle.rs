//! When operating systems stopped getting security fixes: `data/lifecycle.toml`.

use crate::knowledge::LoadError;
use wardlight_model::Time;

/// Ends of support.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Beginning of the operating system's name, on a word boundary.
    system: String,
    /// Last day of support, `YYYY-MM-DD`.
    end: String,
    /// The same in seconds since 1970, filled in when read.
    #[serde(skip)]
    seconds: i64,
    /// Where the maker says so.
    source: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "source")]
    _source: String,
    #[serde(default, rename = "licence")]
    _licence: String,
    end: Vec<Entry>,
}

impl Lifecycle {
    /// Reads `data/lifecycle.toml`. Errors when it has not its form or a date is none.
    pub fn load(text: &str) -> Result<Self, LoadError> {
        let mut file: File = toml::from_str(text).map_err(|error| LoadError::form("lifecycle", &error))?;
        for entry in &mut file.end {
            entry.seconds = day(&entry.end).ok_or_else(|| LoadError::Date(entry.end.clone()))?;
        }
        file.end.sort_by(|a, b| b.system.len().cmp(&a.system.len()).then_with(|| a.system.cmp(&b.system)));
        Ok(Self { entries: file.end })
    }

    /// When support of `system` ended, with the source, if that was before `now`.
    #[must_use]
    pub fn ended(&self, system: &str, now: Time) -> Option<(&str, &str)> {
        let folded = system.to_lowercase();
        let entry = self.entries.iter().find(|entry| begins(&folded, &entry.system.to_lowercase()))?;
        let over = now.since(Time::from_seconds(entry.seconds)) >= 86_400 * 1_000_000;
        over.then_some((&*entry.end, &*entry.source))
    }
}

fn begins(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
}

/// Seconds from 1970 to the beginning of `YYYY-MM-DD` (proleptic Gregorian calendar).
pub(crate) fn day(text: &str) -> Option<i64> {
    let mut parts = text.split('-').map(str::parse::<i64>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(day("1970-01-01"), Some(0));
        assert_eq!(day("2020-01-14"), Some(1_578_960_000));
        assert_eq!(day("2000-02-29"), Some(951_782_400));
        assert_eq!(day("2020-13-01"), None);
    }

    #[test]
    fn support_is_over_only_after_its_last_day() {
        let text = "end = [{system='Windows 7', end='2020-01-14', source='s'}, \
                    {system='Windows 7 Embedded', end='2030-01-01', source='t'}]";
        let ends = Lifecycle::load(text).unwrap();
        let at = |text| Time::from_seconds(day(text).unwrap());
        assert_eq!(ends.ended("Windows 7 Service Pack 1", at("2020-01-15")), Some(("2020-01-14", "s")));
        assert_eq!(ends.ended("Windows 7", at("2020-01-14")), None);
        assert_eq!(ends.ended("Windows 70", at("2025-01-15")), None);
        assert_eq!(ends.ended("Windows 7 Embedded", at("2025-01-15")), None);
    }
}
