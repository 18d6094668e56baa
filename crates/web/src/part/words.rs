//! Figures and times as people read them.

use std::fmt::Write as _;
use wardlight_model::Time;

/// `22,418`.
#[must_use]
pub fn counted(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A name in which what may be a person's stands hidden, as a short mark instead of the whole keyed hash.
#[must_use]
pub fn named(name: &str) -> String {
    const HASH: usize = 32;
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, behind)) = rest.split_once('#') {
        out.push_str(before);
        let is_hash = |hash: &&str| hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        match behind.get(..HASH).filter(is_hash) {
            Some(hash) => {
                out.push_str("hidden ");
                out.extend(hash.chars().take(6));
                rest = behind.get(HASH..).unwrap_or_default();
            }
            None => {
                out.push('#');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// `98 %`; never 100 where anything is open.
#[must_use]
pub fn percent(share: f64) -> String {
    let whole = (share * 100.0).floor();
    format!("{whole} %")
}

/// `1.1 GB`, in powers of a thousand; never rounded up.
#[must_use]
pub fn bytes(number: u64) -> String {
    let mut unit = 1;
    for name in ["B", "kB", "MB", "GB", "TB"] {
        if number < unit * 1000 || name == "TB" {
            let (whole, tenth) = (number / unit, number % unit * 10 / unit);
            let is_short = unit > 1 && whole < 10;
            return if is_short { format!("{whole}.{tenth} {name}") } else { format!("{whole} {name}") };
        }
        unit *= 1000;
    }
    String::new()
}

/// `Tue 24 Nov 2026, 14:05 UTC`.
#[must_use]
pub fn moment(time: Time) -> String {
    let moment = jiff::Timestamp::from_microsecond(time.micros()).unwrap_or_default();
    moment.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a %-d %b %Y, %H:%M UTC").to_string()
}

/// `24 Nov 2026`, in UTC.
#[must_use]
pub fn day(time: Time) -> String {
    let moment = jiff::Timestamp::from_microsecond(time.micros()).unwrap_or_default();
    moment.to_zoned(jiff::tz::TimeZone::UTC).strftime("%-d %b %Y").to_string()
}

/// The first moment of the day that a form writes as `2026-11-24`, in UTC; none when it is no day.
#[must_use]
pub fn day_read(text: &str) -> Option<Time> {
    let day: jiff::civil::Date = text.trim().parse().ok()?;
    let moment = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(Time::from_micros(moment.as_microsecond()))
}

/// How long ago something was, in microseconds: `3 min ago`; of more than a day nothing, which the date says better.
#[must_use]
pub fn ago(micros: i64) -> String {
    match micros.max(0) / 1_000_000 {
        seconds @ ..60 => format!("{seconds} s ago"),
        seconds @ 60..3600 => format!("{} min ago", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => String::new(),
    }
}

/// `text` as a query string has it (RFC 3986 §2.1).
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_grouped_and_never_round_up() {
        assert_eq!(["0", "999", "1,000", "22,418", "1,000,000"], [0, 999, 1000, 22_418, 1_000_000].map(counted)[..]);
        assert_eq!((percent(0.999).as_str(), percent(0.5).as_str()), ("99 %", "50 %"));
    }

    #[test]
    fn bytes_are_said_in_two_or_three_figures() {
        let said = [0, 999, 1000, 1_149_000, 25_000_000, 999_999_999_999, 7_000_000_000_000].map(bytes);
        assert_eq!(said, ["0 B", "999 B", "1.0 kB", "1.1 MB", "25 MB", "999 GB", "7.0 TB"]);
    }

    #[test]
    fn hidden_names_are_short_and_others_stay() {
        assert_eq!(named("air #d5b0a1e96b36676a8e479455787dcd7c"), "air hidden d5b0a1");
        assert_eq!(named("bed #7, ä#b"), "bed #7, ä#b");
    }

    #[test]
    fn a_time_names_its_zone() {
        assert_eq!(moment(Time::from_seconds(1_764_000_000)), "Mon 24 Nov 2025, 16:00 UTC");
        let begins = day_read("2025-11-24").unwrap();
        assert_eq!((day(begins).as_str(), begins), ("24 Nov 2025", Time::from_seconds(1_763_942_400)));
        for text in ["", "24.11.2025", "2025-13-01", "2025-02-30"] {
            assert_eq!(day_read(text), None, "{text}");
        }
    }
}
