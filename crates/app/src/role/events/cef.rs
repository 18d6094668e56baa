//! An event as one line in the Common Event Format.
//!
//! In: an event. Out: one line without a line break. Source: ArcSight Common Event Format, implementation standard,
//! version 0 (headers and extension), its section on character encoding.

use super::{Event, Severity};
use std::fmt::Write as _;

/// The line.
pub fn line(event: &Event) -> String {
    let severity = match event.kind.severity() {
        Severity::Info => 1,
        Severity::Low => 3,
        Severity::Medium => 5,
        Severity::High => 7,
        Severity::Critical => 10,
    };
    let (version, name, title) = (header(env!("CARGO_PKG_VERSION")), event.kind.name(), event.kind.title());
    let mut line = format!("CEF:0|Wardlight|Wardlight|{version}|{}|{}|{severity}|", header(name), header(title));
    let _ = write!(line, "rt={} externalId={} cnt={}", event.at.micros().div_euclid(1000), event.id, event.count);
    if let Some(subject) = event.subject {
        let _ = write!(line, " cs1Label=subject cs1={subject}");
    }
    let _ = write!(line, " msg={}", extension(&event.words));
    line
}

/// A field of the header: `\` and `|` escaped, no line breaks.
fn header(text: &str) -> String {
    let escaped = text.chars().flat_map(|c| match c {
        '\\' | '|' => [Some('\\'), Some(c)],
        c if c.is_control() => [Some(' '), None],
        c => [Some(c), None],
    });
    escaped.flatten().collect()
}

/// A value of the extension: `\` and `=` escaped, line breaks as `\n` and `\r`.
fn extension(text: &str) -> String {
    let escaped = text.chars().flat_map(|c| match c {
        '\\' | '=' => [Some('\\'), Some(c)],
        '\n' => [Some('\\'), Some('n')],
        '\r' => [Some('\\'), Some('r')],
        c if c.is_control() => [Some(' '), None],
        c => [Some(c), None],
    });
    escaped.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::super::tests_sample::sample;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_as_collectors_read_it() {
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            line(&sample(Kind::DeviceFound)),
            format!(
                "CEF:0|Wardlight|Wardlight|{version}|device.found|Device found|3|rt=1790000000123 \
                 externalId=01010101-0101-0101-0101-010101010101 cnt=1 cs1Label=subject \
                 cs1=02020202-0202-0202-0202-020202020202 msg=A device was found: infusion pump."
            )
        );
        let full = Event { subject: None, words: "a=b\\c|d\ne".to_owned(), ..sample(Kind::StorageFull) };
        assert!(line(&full).ends_with("|storage.full|Disk full|10|rt=1790000000123 externalId=01010101-0101-0101-0101-010101010101 cnt=1 msg=a\\=b\\\\c|d\\ne"), "{}", line(&full));
    }

    /// What a reader makes of an escaped text that ends at an unescaped `end`.
    fn unescaped(text: &str, end: char) -> (String, bool) {
        let (mut out, mut chars) = (String::new(), text.chars());
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some('n') => out.push('\n'),
                    Some('r') => out.push('\r'),
                    Some(c) => out.push(c),
                    None => return (out, false),
                },
                c if c == end => return (out, false),
                c => out.push(c),
            }
        }
        (out, true)
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(text in "[\\\\|=a-z ä\n\r]{0,40}") {
            let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            prop_assert_eq!(unescaped(&header(&text), '|'), (spaced, true));
            prop_assert_eq!(unescaped(&extension(&text), '='), (text.clone(), true));
        }

        #[test]
        fn a_line_is_one_line(text in any::<String>()) {
            let line = line(&Event { words: text, ..sample(Kind::ImportRead) });
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
        }
    }
}
