//! Bytes of the wire as text fit to keep: decoded, trimmed, bounded, no control characters.

use std::borrow::Cow;

/// Longest text kept, in bytes.
pub const LONGEST: usize = 256;

/// The text of `raw`: UTF-8, else Latin-1. Line ends and tabs become blanks, other control characters and white space at
/// both ends go, and what lies beyond [`LONGEST`] bytes is cut at a character. Borrows when nothing had to change.
#[must_use]
pub fn clean(raw: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(raw) {
        Ok(text) => tidy(text),
        Err(_) => Cow::Owned(tidy(&raw.iter().take(LONGEST).copied().map(char::from).collect::<String>()).into_owned()),
    }
}

/// The text of little-endian UTF-16, tidied like [`clean`]; half a character at the end is dropped.
#[must_use]
pub fn utf16(raw: &[u8]) -> String {
    let units = raw.as_chunks::<2>().0.iter().take(LONGEST).map(|pair| u16::from_le_bytes(*pair));
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    tidy(&text).into_owned()
}

/// The text of big-endian UTF-16, tidied like [`clean`]; half a character at the end is dropped.
#[must_use]
pub fn utf16_be(raw: &[u8]) -> String {
    let units = raw.as_chunks::<2>().0.iter().take(LONGEST).map(|pair| u16::from_be_bytes(*pair));
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    tidy(&text).into_owned()
}

/// Little-endian UTF-16 as UTF-8 within `room`, for values that may not reach the heap: the part that fits.
#[must_use]
pub fn utf16_within<'b>(raw: &[u8], room: &'b mut [u8]) -> &'b [u8] {
    let units = raw.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair));
    let mut used = 0;
    for c in char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)) {
        let Some(free) = room.get_mut(used..used + c.len_utf8()) else { break };
        used += c.encode_utf8(free).len();
    }
    room.get(..used).unwrap_or_default()
}

/// `text` without control characters and outer white space, at most [`LONGEST`] bytes. Line ends and tabs within leave one
/// blank, so that words stay apart.
#[must_use]
pub fn tidy(text: &str) -> Cow<'_, str> {
    if is_tidy(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let text = shorten(text.trim_matches(|c: char| c.is_whitespace() || c.is_control()));
    if text.contains(char::is_control) { Cow::Owned(without_controls(text)) } else { Cow::Borrowed(text) }
}

/// Whether `text` is short, of printable ASCII and without outer blanks, as most is: known without a look at characters.
fn is_tidy(text: &[u8]) -> bool {
    let is_printable = text.iter().fold(true, |all, byte| all & matches!(byte, b' '..=b'~'));
    is_printable && text.len() <= LONGEST && text.first() != Some(&b' ') && text.last() != Some(&b' ')
}

fn without_controls(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut is_broken = false;
    for c in text.chars() {
        if c.is_control() {
            is_broken |= c.is_whitespace();
            continue;
        }
        if std::mem::take(&mut is_broken) && !c.is_whitespace() && !kept.ends_with(char::is_whitespace) {
            kept.push(' ');
        }
        kept.push(c);
    }
    kept
}

fn shorten(text: &str) -> &str {
    let end = text.floor_char_boundary(LONGEST);
    text.get(..end).unwrap_or(text)
}

/// `raw` in lower-case hexadecimal, at most [`LONGEST`] digits.
#[must_use]
pub fn hex(raw: &[u8]) -> String {
    use std::fmt::Write as _;
    raw.iter().take(LONGEST / 2).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_decoded_and_bounded() {
        assert!(matches!(clean(b"CT_GE01 "), Cow::Borrowed("CT_GE01")));
        assert_eq!(clean(b"\0Dr\xe4ger\0\x01"), "Dräger");
        assert_eq!(clean("a\u{7}b\r\n".as_bytes()), "ab");
        assert_eq!(clean(&[b'x'; 300]).len(), LONGEST);
        assert_eq!(clean("é".repeat(200).as_bytes()).chars().count(), 128);
    }

    #[test]
    fn words_on_two_lines_stay_apart() {
        for text in ["IOS\r\nRelease", "IOS\n\n\tRelease", "IOS\0\rRelease", "IOS \nRelease", "IOS\r\n Release\r\n"] {
            assert_eq!(tidy(text), "IOS Release", "{text:?}");
        }
        assert_eq!(tidy(&format!("{}\n{}", "x".repeat(200), "y".repeat(100))).len(), LONGEST);
        assert_eq!(tidy(&format!("{}\ny", "x".repeat(LONGEST - 1))), "x".repeat(LONGEST - 1));
    }

    #[test]
    fn utf_16_survives_a_cut_character() {
        assert_eq!(utf16(b"W\0S\x003\0\0"), "WS3");
        assert_eq!(utf16(&[0x00, 0xd8]), "\u{fffd}");
        assert_eq!(utf16_within(b"W\0\xe9\0S\0", &mut [0; 3]), "Wé".as_bytes());
    }
}
