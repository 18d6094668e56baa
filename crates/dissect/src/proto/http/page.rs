//! HTML pages and forms: the title of a page, and whether a form sends a password.
//!
//! A title may name a patient. Out goes a title of words that name no person, or else the makers and products in it.

use crate::codec::words::{Class, class};
use crate::{About, Output};
use wardlight_model::Field;

/// Longest title read, in bytes.
const LONGEST: usize = 160;

/// Says the title of the page that `html` begins.
pub fn say_title(html: &[u8], out: &mut Output<'_>) {
    let Some(raw) = title(html) else { return };
    if raw.len() <= LONGEST && !may_name_someone(raw) {
        let title = plain(&crate::codec::text::clean(raw));
        out.fact(About::Sender, Field::HttpTitle, &of_a_product(title), raw);
    }
}

/// `title` when every word in it is known, a number or a code; else the makers and products in it, perhaps none.
fn of_a_product(title: String) -> String {
    let words = || title.split(|c: char| !c.is_alphanumeric() && c != '!').map(|word| word.trim_end_matches('!'));
    let words = || words().filter(|word| !word.is_empty());
    if words().all(|word| class(word).is_some() || is_code(word)) {
        return title;
    }
    let of_a_maker = |word: &&str| word.chars().count() > 1 && class(word) == Some(Class::Maker);
    words().filter(of_a_maker).collect::<Vec<_>>().join(" ")
}

/// Whether a word has digits, and letters only as models and versions have them.
fn is_code(word: &str) -> bool {
    let is_name = |letters: &str| {
        let is_known = letters.len() < 3 || class(letters).is_some();
        !is_known && (letters.len() > 4 || letters.contains(|c: char| !c.is_ascii() || "aeiouyAEIOUY".contains(c)))
    };
    let digits = word.chars().filter(char::is_ascii_digit).count();
    (1..6).contains(&digits) && !word.split(|c: char| !c.is_alphabetic()).any(is_name)
}

/// Whether a form (`application/x-www-form-urlencoded`) has a field for a password. Values are not looked at.
#[must_use]
pub fn asks_password(form: &[u8]) -> bool {
    form.split(|byte| *byte == b'&')
        .any(|pair| names_password(pair.split(|byte| *byte == b'=').next().unwrap_or_default()))
}

/// Whether a field or parameter of this name holds a password.
#[must_use]
pub fn names_password(name: &[u8]) -> bool {
    let has =
        |part: &[u8]| name.len() <= 64 && name.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part));
    has(b"passw") || has(b"pwd") || has(b"passphrase")
}

/// What stands between `<title>` and `</title>`.
fn title(html: &[u8]) -> Option<&[u8]> {
    let begin = find(html, b"<title")?;
    let rest = html.get(begin..)?;
    let open = rest.iter().take(200).position(|byte| *byte == b'>')?;
    let rest = rest.get(open + 1..)?;
    rest.get(..find(rest, b"</title")?).map(<[u8]>::trim_ascii)
}

fn find(html: &[u8], tag: &[u8]) -> Option<usize> {
    html.windows(tag.len()).position(|window| window.eq_ignore_ascii_case(tag))
}

/// Whether a title may name somebody: an address, a date or number as records of people have, names joined by `^`.
fn may_name_someone(title: &[u8]) -> bool {
    let numbers = title.split(|byte| !byte.is_ascii_digit() && !matches!(byte, b'.' | b'-' | b'/'));
    title.iter().any(|byte| matches!(byte, b'@' | b'^')) || numbers.into_iter().any(is_record_number)
}

/// Whether a number with its points and strokes is long enough for one person's: seven digits, or a date with a year.
fn is_record_number(number: &[u8]) -> bool {
    let count = |wanted: fn(&u8) -> bool| number.iter().filter(|byte| wanted(byte)).count();
    let (digits, strokes) = (count(u8::is_ascii_digit), count(|byte| !byte.is_ascii_digit()));
    digits >= 7 && strokes < 3 || strokes == 2 && (6..=8).contains(&digits)
}

/// `text` with the usual character references resolved and runs of blanks joined.
fn plain(text: &str) -> String {
    const NAMED: [(&str, &str); 10] = [
        ("amp;", "&"),
        ("lt;", "<"),
        ("gt;", ">"),
        ("quot;", "\""),
        ("apos;", "'"),
        ("nbsp;", " "),
        ("reg;", "®"),
        ("trade;", "™"),
        ("copy;", "©"),
        ("ndash;", "–"),
    ];
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('&');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let named = NAMED.iter().find_map(|(name, sign)| Some((part.strip_prefix(name)?, *sign)));
        match named {
            Some((rest, sign)) => plain.extend([sign, rest]),
            None => match numbered(part) {
                Some((sign, rest)) => {
                    plain.push(sign);
                    plain.push_str(rest);
                }
                None => plain.extend(["&", part]),
            },
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn numbered(part: &str) -> Option<(char, &str)> {
    let (number, rest) = part.strip_prefix('#')?.split_once(';')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).map(|sign| (sign, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_found_and_made_plain() {
        let html = b"<!doctype html><HTML><head><TITLE lang=en>\n AXIS&reg; P&#49;&#x30;0 &amp;\n Co &amp\n</Title>";
        assert_eq!(plain(&String::from_utf8_lossy(title(html).expect("title"))), "AXIS® P100 & Co &amp");
        assert_eq!(title(b"<title>open"), None);
        assert_eq!(title(b"<p>"), None);
    }

    #[test]
    fn titles_that_may_name_someone_are_kept_back() {
        for title in ["anna@example.org", "Meier^Anna", "Chart 1234567", "Meier, Anna 1960-02-01", "* 01.02.1960"] {
            assert!(may_name_someone(title.as_bytes()), "{title}");
        }
        for title in ["HP LaserJet 600 M602", "IntelliVue MX800 4.2.1", "WAGO 750-881", "192.168.10.21", "X 2-1"] {
            assert!(!may_name_someone(title.as_bytes()), "{title}");
        }
    }

    #[test]
    fn of_a_title_only_what_names_a_product_is_kept() {
        for title in [
            "AXIS M3045 - Live View",
            "HP LaserJet 600 M602",
            "Orthanc",
            "Apache Tomcat/8.0.32 (Ubuntu) - Error report",
            "FRITZ!Box 7490",
        ] {
            assert_eq!(of_a_product(title.to_owned()), title);
        }
        for (title, kept) in [
            ("Smith, John - Bed 7", ""),
            ("Patient: John Smith", ""),
            ("Philips Monitor of Anna Meier 1931", "Philips"),
            ("ANNA1931 - AXIS Live View", "AXIS"),
            ("Record 471147", ""),
            ("Müller", ""),
        ] {
            assert_eq!(of_a_product(title.to_owned()), kept);
        }
    }

    #[test]
    fn titles_that_products_are_known_by_are_kept() {
        let text = include_str!("../../../../../data/fingerprints/recog-html_title.toml");
        let examples = text.lines().filter_map(|line| line.strip_prefix("text = '")?.strip_suffix('\''));
        let lost: Vec<&str> = examples.clone().filter(|title| of_a_product((*title).to_owned()) != *title).collect();
        assert!(lost.len() * 10 < examples.count(), "{lost:#?}");
    }

    #[test]
    fn password_fields_are_known_by_name() {
        assert!(asks_password(b"user=a&loginPassword=b"));
        assert!(asks_password(b"PWD=b"));
        assert!(!asks_password(b"note=my+password&x"));
    }
}
