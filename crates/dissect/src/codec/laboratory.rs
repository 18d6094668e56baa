//! Codes of laboratory tests as the words of `data/laboratory-tests.tsv`, so that nothing else of a result record is
//! ever handed on: neither a free text nor a test that the table does not name.
//!
//! Source: LOINC (check digits and codes); usual short names of tests in host interface manuals.

use std::sync::LazyLock;

/// Longest code looked at.
const LONGEST: usize = 16;

/// Every name and code as it is compared, with the word that stands for it; in order.
static WORDS: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let table = include_str!("../../../../data/laboratory-tests.tsv");
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let mut words: Vec<_> = rows.flat_map(words_of).collect();
    words.sort_unstable();
    words
});

/// The test that `code` names: its LOINC code as it stands, or its short name. `None` for every other text.
#[must_use]
pub fn test(code: &[u8]) -> Option<&'static str> {
    let code = code.trim_ascii();
    if code.is_empty() || code.len() > LONGEST {
        return None;
    }
    if code.contains(&b'-') && code.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') {
        return found(std::str::from_utf8(code).ok()?);
    }
    let folded: Vec<u8> = code.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase).collect();
    found(std::str::from_utf8(&folded).ok()?)
}

fn found(word: &str) -> Option<&'static str> {
    let at = WORDS.binary_search_by(|(known, _)| (*known).cmp(word)).ok()?;
    WORDS.get(at).map(|(_, stands)| *stands)
}

fn words_of(row: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut columns = row.split('\t');
    let (name, others, codes) =
        (columns.next().unwrap_or_default(), columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
    let names = std::iter::once(name).chain(others.split_whitespace()).map(move |other| (other, name));
    names.chain(codes.split_whitespace().map(|code| (code, code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_known_by_code_and_by_name() {
        for (code, word) in [
            ("2339-0", "2339-0"),
            (" 718-7 ", "718-7"),
            ("wbc", "WBC"),
            ("Na+", "NA"),
            ("pH", "PH"),
            ("NEUT%", "NEUT"),
            ("D-Dimer", "DDIM"),
            ("NT-proBNP", "NTPROBNP"),
        ] {
            assert_eq!(test(code.as_bytes()), Some(word), "{code}");
        }
    }

    #[test]
    fn nothing_else_is_handed_on() {
        for text in ["", "Smith", "7187", "2339-1", "999-9", "JOHN DOE 19700101", "-", "\u{e9}", "NA-SMITH"] {
            assert_eq!(test(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn every_code_of_the_table_has_its_check_digit_and_stands_once() {
        assert!(WORDS.len() > 250 && WORDS.windows(2).all(|pair| pair[0].0 < pair[1].0), "a word stands twice");
        for (word, _) in WORDS.iter().filter(|(word, _)| word.contains('-')) {
            let (number, check) = word.split_once('-').expect("filtered above");
            let doubled = |(n, digit): (usize, u32)| if n % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit };
            let digits = number.chars().rev().map(|digit| digit.to_digit(10).expect("digit"));
            let sum: u32 = digits.enumerate().map(doubled).sum();
            assert_eq!(Ok((10 - sum % 10) % 10), check.parse(), "{word}");
        }
    }
}
