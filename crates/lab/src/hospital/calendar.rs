//! When people work: hours, shifts, weekdays, month-ends, and drills in which systems stand still.
//!
//! Civil dates after H. Hinnant, "chrono-compatible low-level date algorithms". The hospital lives in UTC.

use super::chance::narrow;

const DAY: u64 = 86_400;

/// Whose day it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rhythm {
    /// Machines' own.
    Always,
    /// At a bed: always, a little less at night.
    Care,
    /// Three shifts, with peaks when they change.
    Shifts,
    /// Examinations: planned by day, emergencies at night.
    Exams,
    /// Monday to Friday, more at the end of a month.
    Office,
}

/// One moment, as people name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) year: u64,
    pub(crate) month: u8,
    pub(crate) day: u8,
    /// 0 is Monday.
    pub(crate) weekday: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
}

impl Moment {
    /// The moment `seconds` after 1970-01-01 UTC.
    pub(crate) fn at(seconds: u64) -> Self {
        let (days, rest) = (seconds / DAY, seconds % DAY);
        let z = days + 719_468;
        let era = z / 146_097;
        let doe = z % 146_097;
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        Self {
            year: yoe + era * 400 + u64::from(month <= 2),
            month: narrow(month),
            day: narrow(doy - (153 * mp + 2) / 5 + 1),
            weekday: narrow((days + 3) % 7),
            hour: narrow(rest / 3_600),
            minute: narrow(rest / 60 % 60),
            second: narrow(rest % 60),
        }
    }

    /// `20260302`.
    pub(crate) fn date(&self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// `2026-03-02`.
    pub(crate) fn iso(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `20260302081500`.
    pub(crate) fn stamp(&self) -> String {
        format!("{}{:02}{:02}{:02}", self.date(), self.hour, self.minute, self.second)
    }

    /// `Mar  2 08:15:00`, as syslog writes it (RFC 3164 §4.1.2).
    pub(crate) fn syslog(&self) -> String {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let month = MONTHS.get(usize::from(self.month).saturating_sub(1)).copied().unwrap_or_default();
        format!("{month} {:2} {:02}:{:02}:{:02}", self.day, self.hour, self.minute, self.second)
    }

    fn is_month_end(&self) -> bool {
        self.day >= 28 || self.day == 1
    }

    fn is_weekend(&self) -> bool {
        self.weekday >= 5
    }
}

/// Whether the clinical servers stand still for a drill: the second Tuesday of a month, from 2 to 4 in the night.
pub(crate) fn is_drill(seconds: u64) -> bool {
    let now = Moment::at(seconds);
    now.weekday == 1 && (8..=14).contains(&now.day) && (2..4).contains(&now.hour)
}

/// How much of what could happen then happens, 0 to 1.
pub(crate) fn intensity(rhythm: Rhythm, seconds: u64) -> f64 {
    let now = Moment::at(seconds);
    let is_day = (7..19).contains(&now.hour);
    let weekend = if now.is_weekend() { 0.35 } else { 1.0 };
    match rhythm {
        Rhythm::Always => 1.0,
        Rhythm::Care => {
            if is_day {
                1.0
            } else {
                0.85
            }
        }
        Rhythm::Shifts if matches!(now.hour, 6 | 14 | 22) && now.minute >= 30 => 1.0,
        Rhythm::Shifts if is_day => 0.7 * (0.5 + weekend / 2.0),
        Rhythm::Shifts => 0.3,
        Rhythm::Exams if is_day => 0.9 * weekend,
        Rhythm::Exams => 0.15,
        Rhythm::Office if (8..18).contains(&now.hour) && !now.is_weekend() => {
            if now.is_month_end() {
                1.0
            } else {
                0.6
            }
        }
        Rhythm::Office => 0.02,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let moment = Moment::at(1_772_409_600);
        assert_eq!((moment.iso().as_str(), moment.weekday), ("2026-03-02", 0));
        assert_eq!(Moment::at(1_709_210_096).stamp(), "20240229123456");
        assert_eq!(Moment::at(0).syslog(), "Jan  1 00:00:00");
    }

    #[test]
    fn the_week_has_days_and_nights_and_a_weekend() {
        let monday = 1_772_409_600;
        let at = |rhythm, day: u64, hour: u64| intensity(rhythm, monday + day * DAY + hour * 3_600);
        assert!(at(Rhythm::Exams, 0, 10) > at(Rhythm::Exams, 5, 10));
        assert!(at(Rhythm::Exams, 5, 10) > at(Rhythm::Exams, 0, 3));
        assert!(at(Rhythm::Office, 29, 10) > at(Rhythm::Office, 14, 10), "the 31st against the 16th");
        assert!(intensity(Rhythm::Shifts, monday + 6 * 3_600 + 1_800) > at(Rhythm::Shifts, 0, 10));
    }

    #[test]
    fn a_drill_is_two_hours_a_month() {
        let first_of_march = 1_772_323_200;
        let minutes = (0..31 * 1_440).filter(|minute| is_drill(first_of_march + minute * 60)).count();
        assert_eq!(minutes, 120);
    }
}
