//! Values as people and systems type them, put into the [`Form`] of their field.

use jiff::civil::Date;
use std::net::IpAddr;
use wardlight_model::{Form, Mac};

/// Longest value kept, in bytes.
pub const LONGEST: usize = 256;

/// Which of a date's numbers stands first, where both could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// `22/11/2026`.
    DayFirst,
    /// `11/22/2026`.
    MonthFirst,
}

/// What a date could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadDate {
    /// It can only be this.
    Sure(Date),
    /// The first with the day first, the second with the month first; both are days of the calendar.
    Either(Date, Date),
}

/// `text` in `form`; dates as `order` says where both would do. `None` when it is no such value.
pub fn put(form: Form, text: &str, order: DateOrder) -> Option<String> {
    let text = text.trim();
    match form {
        Form::Text => Some(plain(text)),
        Form::Identifier => Some(plain(text)),
        Form::Mac => mac(text).map(|mac| mac.to_string()),
        Form::Ip => ip(text).map(|ip| ip.to_string()),
        Form::Host => host(text),
        Form::Date => Some(match date(text)? {
            ReadDate::Sure(date) => date.to_string(),
            ReadDate::Either(day_first, _) if order == DateOrder::DayFirst => day_first.to_string(),
            ReadDate::Either(_, month_first) => month_first.to_string(),
        }),
        Form::Money => money(text),
        Form::Number => whole(text),
        Form::YesNo => yes_no(text).map(|yes| if yes { "yes" } else { "no" }.to_owned()),
    }
}

/// Whether `text` is a way to write that there is no value.
pub fn is_blank(text: &str) -> bool {
    const NOTHING: &[&str] =
        &["", "-", "--", "n/a", "na", "#n/a", "null", "(null)", "none", "(none)", "(empty)", "unknown", "tbd", "?"];
    let text = text.trim();
    text.len() <= 8 && NOTHING.contains(&text.to_ascii_lowercase().as_str())
}

/// `text` on one line, without control characters, at most [`LONGEST`] bytes.
pub fn plain(text: &str) -> String {
    let mut kept = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let gap = usize::from(!kept.is_empty());
        let room = LONGEST.saturating_sub(kept.len() + gap);
        if room == 0 {
            break;
        }
        if gap == 1 {
            kept.push(' ');
        }
        let end = (0..=room.min(word.len())).rev().find(|end| word.is_char_boundary(*end)).unwrap_or_default();
        kept.push_str(word.get(..end).unwrap_or_default());
        if end < word.len() {
            break;
        }
    }
    kept.trim_end().to_owned()
}

/// A hardware address in any of its spellings, blanks between pairs as well.
pub fn mac(text: &str) -> Option<Mac> {
    let mac = text.parse::<Mac>().ok().or_else(|| text.replace(' ', ":").parse().ok())?;
    mac.is_station().then_some(mac)
}

/// An IP address, with or without a prefix length behind it, or a zone.
pub fn ip(text: &str) -> Option<IpAddr> {
    let bare = text.split(['/', '%']).next().unwrap_or_default().trim_matches(['[', ']']);
    let ip = bare.parse::<IpAddr>().ok()?.to_canonical();
    (!ip.is_unspecified() && !ip.is_multicast()).then_some(ip)
}

/// A host's name: letters, digits, `-`, `_` and dots between labels; in lower case.
pub fn host(text: &str) -> Option<String> {
    let name = text.trim().trim_start_matches("\\\\").trim_end_matches(['.', '$']);
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = !name.is_empty() && name.len() <= 253 && name.chars().all(is_part);
    (is_name && name.split('.').all(|label| !label.is_empty())).then(|| name.to_lowercase())
}

/// Which date `text` is: ISO 8601, `22.11.2026`, `22/11/2026`, `11/22/2026`, `22-Nov-2026`, `Nov 22, 2026`, or a day's number
/// as spreadsheets count (ECMA-376 part 1 §18.17.4.1). A time of day behind it is left out.
pub fn date(text: &str) -> Option<ReadDate> {
    let text = text.trim();
    if let Some(serial) = text.parse::<f64>().ok().filter(|_| !text.contains('-')) {
        return spreadsheet_day(text, serial);
    }
    let parts: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let mark = text.chars().find(|c| !c.is_alphanumeric())?;
    let [a, b, c] = *parts.first_chunk::<3>()?;
    let c = c.split(['T', 't']).next().unwrap_or_default();
    if let Some(month) = month_named(b) {
        return sure(year(c)?, month, number(a)?);
    }
    if let Some(month) = month_named(a) {
        return sure(year(c)?, month, number(b)?);
    }
    if a.len() == 4 {
        return sure(number(a)?, number(b)?.try_into().ok()?, number(c)?);
    }
    let (first, second, year) = (number(a)?, number(b)?, year(c)?);
    let day_first = civil(year, second.try_into().ok()?, first);
    if mark == '.' {
        return day_first.map(ReadDate::Sure);
    }
    let month_first = civil(year, first.try_into().ok()?, second);
    match (day_first, month_first) {
        (Some(one), Some(other)) if one != other => Some(ReadDate::Either(one, other)),
        (Some(one), _) | (None, Some(one)) => Some(ReadDate::Sure(one)),
        (None, None) => None,
    }
}

/// The order in which the dates of a column stand, when a value tells; `None` when all could be either.
pub fn order<'t>(values: impl Iterator<Item = &'t str>) -> Option<DateOrder> {
    let mut found = None;
    for text in values {
        let parts: Vec<i16> = text.split(['/', '-']).take(2).filter_map(number).collect();
        match parts.as_slice() {
            [13..=31, 1..=12] => found = Some(DateOrder::DayFirst),
            [1..=12, 13..=31] => return Some(DateOrder::MonthFirst),
            _ => {}
        }
    }
    found
}

/// The day that spreadsheets give number `serial`, counted from 1900 with a 29th of February that never was.
pub fn spreadsheet_date(serial: f64, is_1904: bool) -> Option<Date> {
    if !(1.0..2_958_466.0).contains(&serial) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the bounds just asked for")]
    let days = serial.floor() as i64;
    let zero = match (is_1904, days) {
        (true, _) => Date::constant(1904, 1, 1),
        (false, ..60) => Date::constant(1899, 12, 31),
        (false, _) => Date::constant(1899, 12, 30),
    };
    zero.checked_add(jiff::SignedDuration::from_hours(days.checked_mul(24)?)).ok()
}

fn spreadsheet_day(text: &str, serial: f64) -> Option<ReadDate> {
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let part = |range| text.get(range).and_then(number);
        return sure(part(0..4)?, part(4..6)?.try_into().ok()?, part(6..8)?);
    }
    // 1954 to 2118: other numbers are hardly days.
    (20_000.0..80_000.0).contains(&serial).then(|| spreadsheet_date(serial, false)).flatten().map(ReadDate::Sure)
}

fn sure(year: i16, month: i8, day: i16) -> Option<ReadDate> {
    civil(year, month, day).map(ReadDate::Sure)
}

fn civil(year: i16, month: i8, day: i16) -> Option<Date> {
    Date::new(year, month, day.try_into().ok()?).ok().filter(|date| (1900..=2200).contains(&date.year()))
}

fn number(text: &str) -> Option<i16> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn year(text: &str) -> Option<i16> {
    match (text.len(), number(text)?) {
        (4, year) => Some(year),
        (2, year @ ..70) => Some(2000 + year),
        (2, year) => Some(1900 + year),
        _ => None,
    }
}

/// English and German names of months, whole or by their first three letters.
fn month_named(text: &str) -> Option<i8> {
    const MONTHS: [&[&str]; 12] = [
        &["jan"],
        &["feb"],
        &["mar", "mär", "mrz"],
        &["apr"],
        &["may", "mai"],
        &["jun"],
        &["jul"],
        &["aug"],
        &["sep"],
        &["oct", "okt"],
        &["nov"],
        &["dec", "dez"],
    ];
    let short: String = text.chars().take(3).flat_map(char::to_lowercase).collect();
    let at = MONTHS.iter().position(|names| names.contains(&short.as_str()))?;
    i8::try_from(at + 1).ok()
}

/// An amount: its decimal mark is the last of `.` and `,` unless three digits follow it and it is the only one.
pub fn money(text: &str) -> Option<String> {
    const CURRENCIES: &[(&str, &str)] = &[("$", "USD"), ("€", "EUR"), ("£", "GBP"), ("¥", "JPY"), ("CHF", "CHF")];
    let is_negative = text.starts_with('-') || text.starts_with('(') && text.ends_with(')');
    let number: String = text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',')).collect();
    let words: String = text.chars().filter(|c| c.is_alphabetic() || matches!(c, '$' | '€' | '£' | '¥')).collect();
    let by_sign = CURRENCIES.iter().find(|(sign, _)| words == *sign).map(|(_, code)| (*code).to_owned());
    let by_code =
        (words.len() == 3 && words.bytes().all(|byte| byte.is_ascii_alphabetic())).then(|| words.to_uppercase());
    let currency = by_sign.or(by_code);
    if !words.is_empty() && currency.is_none() || !number.bytes().any(|byte| byte.is_ascii_digit()) || number.len() > 24
    {
        return None;
    }
    let at = number.rfind(['.', ',']);
    let behind = at.map_or("", |at| number.get(at + 1..).unwrap_or_default());
    let marks = number.matches(['.', ',']).count();
    let is_decimal = at.is_some() && behind.len() != 3 && behind.len() <= 4
        || marks > 1 && number.contains('.') && number.contains(',') && behind.len() <= 4;
    let whole = if is_decimal { number.get(..at.unwrap_or_default()).unwrap_or_default() } else { &number };
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    let whole = whole.trim_start_matches('0');
    let sign = if is_negative { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    let cents = if is_decimal { behind } else { "" };
    let currency = currency.map(|code| format!(" {code}")).unwrap_or_default();
    Some(format!("{sign}{whole}.{cents:0<2}{currency}"))
}

fn whole(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ',' | '.' | ' ' | '\'')).collect();
    digits.parse::<i64>().ok().map(|number| number.to_string())
}

/// Whether `text` says yes, in some of the languages of exports.
pub fn yes_no(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "true" | "t" | "1" | "x" | "on" | "ja" | "j" | "wahr" | "oui" | "si" | "sí" => Some(true),
        "no" | "n" | "false" | "f" | "0" | "off" | "nein" | "falsch" | "non" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(form: Form, cases: &[(&str, &str)]) {
        for (text, wanted) in cases {
            let read = put(form, text, DateOrder::DayFirst);
            assert_eq!(read.as_deref(), Some(*wanted).filter(|wanted| !wanted.is_empty()), "{text}");
        }
    }

    #[test]
    fn dates_are_read_in_every_writing() {
        let day = "2026-11-22";
        let texts = [
            "2026-11-22",
            "2026/11/22",
            "2026-11-22T10:00:00Z",
            "2026-11-22 10:00",
            "20261122",
            "22.11.2026",
            "22.11.26",
            "22/11/2026",
            "11/22/2026",
            "22-Nov-2026",
            "22 Nov 26",
            "Nov 22, 2026",
            "November 22, 2026 10:00 AM",
            "46348",
            "46348.5",
        ];
        check(Form::Date, &texts.map(|text| (text, day)));
        check(
            Form::Date,
            &[("31.02.2026", ""), ("13/13/2026", ""), ("soon", ""), ("5", ""), ("", ""), ("1/2", ""), ("1e400", "")],
        );
    }

    #[test]
    fn which_number_is_the_day_is_decided_by_the_column() {
        let ambiguous = date("03/04/2025").unwrap();
        assert!(matches!(ambiguous, ReadDate::Either(one, other) if one.month() == 4 && other.month() == 3));
        assert_eq!(date("04/04/2025"), sure(2025, 4, 4));
        assert_eq!(order(["03/04/2025", "25/04/2025"].into_iter()), Some(DateOrder::DayFirst));
        assert_eq!(order(["03/04/2025", "04/25/2025"].into_iter()), Some(DateOrder::MonthFirst));
        assert_eq!(order(["03/04/2025", "2025-12-31"].into_iter()), None);
        assert_eq!(put(Form::Date, "03/04/2025", DateOrder::MonthFirst).unwrap(), "2025-03-04");
    }

    #[test]
    fn spreadsheets_count_a_day_that_never_was() {
        let day = |serial, is_1904| spreadsheet_date(serial, is_1904).map(|date| date.to_string());
        assert_eq!(day(1.0, false).as_deref(), Some("1900-01-01"));
        assert_eq!(day(61.0, false).as_deref(), Some("1900-03-01"));
        assert_eq!(day(44886.25, true).as_deref(), Some("2026-11-22"));
        assert_eq!([day(f64::NAN, false), day(-1.0, false), day(1e300, false)], [None, None, None]);
    }

    #[test]
    fn money_is_read_with_either_mark() {
        check(
            Form::Money,
            &[
                ("1,234.50", "1234.50"),
                ("1.234,50 €", "1234.50 EUR"),
                ("$1,234", "1234.00 USD"),
                ("1.234", "1234.00"),
                ("USD 0.5", "0.50 USD"),
                ("(12.00)", "-12.00"),
                ("1'234.50 CHF", "1234.50 CHF"),
                ("12 bananas", ""),
                ("€", ""),
            ],
        );
    }

    #[test]
    fn addresses_are_read_in_every_spelling() {
        let mac = "00:1a:2b:3c:4d:5e";
        check(
            Form::Mac,
            &["00-1A-2B-3C-4D-5E", "001a.2b3c.4d5e", "001A2B3C4D5E", "00 1A 2B 3C 4D 5E"].map(|text| (text, mac)),
        );
        check(Form::Mac, &[("00:00:00:00:00:00", ""), ("ff:ff:ff:ff:ff:ff", ""), ("00:1a:2b", "")]);
        check(Form::Ip, &[("10.0.0.1/24", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("FE80::1%eth0", "fe80::1")]);
        check(Form::Ip, &[("0.0.0.0", ""), ("10.0.0", ""), ("224.0.0.1", "")]);
        check(Form::Host, &[("PC-1.Example.ORG.", "pc-1.example.org"), ("WS01$", "ws01"), ("a b", ""), ("a..b", "")]);
    }

    #[test]
    fn text_is_one_bounded_line() {
        check(Form::Text, &[("  a\r\n\tb  c ", "a b c")]);
        assert_eq!(plain(&"ä".repeat(200)).len(), 256);
        check(Form::YesNo, &[("Ja", "yes"), ("FALSE", "no"), ("maybe", "")]);
        assert!(is_blank(" N/A ") && !is_blank("nab"));
    }

    proptest! {
        #[test]
        fn any_text_is_fine(text in "\\PC{0,40}|[0-9./, -]{0,30}") {
            for form in [Form::Text, Form::Mac, Form::Ip, Form::Host, Form::Date, Form::Money, Form::Number, Form::YesNo] {
                let read = put(form, &text, DateOrder::MonthFirst);
                prop_assert!(read.is_none_or(|read| read.len() <= LONGEST));
            }
        }

        #[test]
        fn a_value_in_its_form_stays_as_it_is(text in "[0-9]{1,6}([.,][0-9]{1,2})?|2[0-9]{3}-0[1-9]-[12][0-9]") {
            for form in [Form::Date, Form::Money, Form::Text] {
                if let Some(once) = put(form, &text, DateOrder::MonthFirst) {
                    prop_assert_eq!(put(form, &once, DateOrder::MonthFirst), Some(once));
                }
            }
        }
    }
}
