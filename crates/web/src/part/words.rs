//! Figures and times as people read them.

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

/// `98 %`; never 100 where anything is open.
#[must_use]
pub fn percent(share: f64) -> String {
    let whole = (share * 100.0).floor();
    format!("{whole} %")
}

/// `Tue 24 Nov 2026, 14:05 UTC`.
#[must_use]
pub fn moment(time: Time) -> String {
    let moment = jiff::Timestamp::from_microsecond(time.micros()).unwrap_or_default();
    moment.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a %-d %b %Y, %H:%M UTC").to_string()
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
    fn a_time_names_its_zone() {
        assert_eq!(moment(Time::from_seconds(1_764_000_000)), "Mon 24 Nov 2025, 16:00 UTC");
    }
}
