//! Text in the character sets that DICOM and HL7 name: a defined term and bytes in, text out.
//!
//! Terms are those of DICOM PS3.3 C.12.1.1.2 (0008,0005) and of HL7 table 0211 (MSH-18). Several terms, parted by `\`
//! or `~`, mean code extensions: ISO 2022 escape sequences switch sets within the text (PS3.5 §6.1.2.5). An unknown or
//! empty term is read as UTF-8, else Latin-1. Never fails: what a set does not define becomes U+FFFD.

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GB18030, ISO_2022_JP, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6,
    ISO_8859_7, ISO_8859_8, ISO_8859_10, ISO_8859_13, ISO_8859_14, ISO_8859_15, ISO_8859_16, SHIFT_JIS, UTF_8,
    UTF_16BE, WINDOWS_874, WINDOWS_1254,
};
use std::borrow::Cow;

const ESCAPE: u8 = 0x1b;

/// The text of `raw` in the character set that `term` names, with control characters still in it. Borrows when `raw`
/// is ASCII or valid UTF-8 in a set that reads it so.
#[must_use]
pub fn decode<'a>(term: &[u8], raw: &'a [u8]) -> Cow<'a, str> {
    let mut terms = term.split(|byte| matches!(byte, b'\\' | b'~')).map(<[u8]>::trim_ascii);
    let first = terms.next().unwrap_or_default();
    let extended = starts_with(first, b"ISO 2022") || terms.any(|term| !term.is_empty());
    let set = Set::named(first);
    if extended && raw.contains(&ESCAPE) { Cow::Owned(switching(set, raw)) } else { set.text(raw) }
}

/// One coded character set.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Set {
    /// ISO 8859-1, which the WHATWG encodings replace by another set.
    Latin1,
    /// JIS X 0201: one byte a character; its upper half is that of Shift JIS.
    Katakana,
    Of(&'static Encoding),
    /// None named: UTF-8, else Latin-1.
    Unsaid,
}

impl Set {
    fn named(term: &[u8]) -> Self {
        let mut key = [0; 24];
        let plain = term.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase);
        let length = key.iter_mut().zip(plain).map(|(to, from)| *to = from).count();
        let key = key.get(..length).unwrap_or_default();
        match key.strip_prefix(b"ISO2022").or(key.strip_prefix(b"ISO")).unwrap_or(key) {
            b"IR100" | b"88591" => Self::Latin1,
            b"IR101" | b"88592" => Self::Of(ISO_8859_2),
            b"IR109" | b"88593" => Self::Of(ISO_8859_3),
            b"IR110" | b"88594" => Self::Of(ISO_8859_4),
            b"IR144" | b"88595" => Self::Of(ISO_8859_5),
            b"IR127" | b"88596" => Self::Of(ISO_8859_6),
            b"IR126" | b"88597" => Self::Of(ISO_8859_7),
            b"IR138" | b"88598" => Self::Of(ISO_8859_8),
            b"IR148" | b"88599" => Self::Of(WINDOWS_1254),
            b"IR203" | b"885915" => Self::Of(ISO_8859_15),
            b"885910" => Self::Of(ISO_8859_10),
            b"IR166" | b"885911" => Self::Of(WINDOWS_874),
            b"885913" => Self::Of(ISO_8859_13),
            b"885914" => Self::Of(ISO_8859_14),
            b"885916" => Self::Of(ISO_8859_16),
            b"IR13" | b"IR14" => Self::Katakana,
            b"IR87" | b"IR159" => Self::Of(ISO_2022_JP),
            b"IR149" | b"KSX1001" => Self::Of(EUC_KR),
            b"IR58" | b"GBK" | b"GB18030" | b"GB180302000" => Self::Of(GB18030),
            b"BIG5" | b"CNS116431992" => Self::Of(BIG5),
            b"IR192" | b"UNICODEUTF8" | b"UTF8" => Self::Of(UTF_8),
            b"UNICODE" | b"UNICODEUTF16" => Self::Of(UTF_16BE),
            _ => Self::Unsaid,
        }
    }

    fn text(self, raw: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Latin1 => latin1(raw),
            Self::Katakana => SHIFT_JIS.decode_without_bom_handling(raw).0,
            Self::Of(encoding) => encoding.decode_without_bom_handling(raw).0,
            Self::Unsaid => std::str::from_utf8(raw).map_or_else(|_| latin1(raw), Cow::Borrowed),
        }
    }
}

fn latin1(raw: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(raw) {
        Ok(text) if raw.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(raw.iter().copied().map(char::from).collect()),
    }
}

/// Text whose escape sequences switch sets; it begins in `first`.
fn switching(first: Set, raw: &[u8]) -> String {
    let mut out = String::new();
    let mut set = first;
    let mut rest = raw;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == ESCAPE).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        out.push_str(&shown(set, part));
        let Some(after) = behind.strip_prefix(&[ESCAPE]) else { break };
        let (next, length) = designated(after).unwrap_or((first, 0));
        set = next;
        rest = after.get(length..).unwrap_or_default();
    }
    out
}

/// The text of `part`, which stands in `set` and holds no escape sequence.
fn shown(set: Set, part: &[u8]) -> Cow<'_, str> {
    if set != Set::Of(ISO_2022_JP) {
        return set.text(part);
    }
    // JIS X 0208 in its 7-bit form is EUC-JP without the upper bits.
    let upper: Vec<u8> = part.iter().map(|byte| if byte.is_ascii_graphic() { byte | 0x80 } else { *byte }).collect();
    Cow::Owned(encoding_rs::EUC_JP.decode_without_bom_handling(&upper).0.into_owned())
}

/// The set an escape sequence switches to (PS3.3 tables C.12-3 and C.12-4), and the sequence's length without ESC.
fn designated(after: &[u8]) -> Option<(Set, usize)> {
    let set = match after {
        [b'$', b'B' | b'@', ..] => return Some((Set::Of(ISO_2022_JP), 2)),
        // JIS X 0212 has no decoder here: shown as replacement characters.
        [b'$', b'(', b'D', ..] => Set::Of(encoding_rs::REPLACEMENT),
        [b'$', b')', b'C', ..] => Set::Of(EUC_KR),
        [b'$', b')', b'A', ..] => Set::Of(GB18030),
        [b'$', _, _, ..] => Set::Unsaid,
        [b'(', b'B', ..] => return Some((Set::Unsaid, 2)),
        [b'(' | b')', b'J' | b'I', ..] => return Some((Set::Katakana, 2)),
        [b'-', last, ..] => return Some((upper_half(*last), 2)),
        [_, _, ..] => return Some((Set::Unsaid, 2)),
        _ => return None,
    };
    Some((set, 3))
}

/// The set whose upper half the final byte of `ESC 02/13 F` designates.
fn upper_half(last: u8) -> Set {
    match last {
        b'A' => Set::Latin1,
        b'B' => Set::Of(ISO_8859_2),
        b'C' => Set::Of(ISO_8859_3),
        b'D' => Set::Of(ISO_8859_4),
        b'L' => Set::Of(ISO_8859_5),
        b'G' => Set::Of(ISO_8859_6),
        b'F' => Set::Of(ISO_8859_7),
        b'H' => Set::Of(ISO_8859_8),
        b'M' => Set::Of(WINDOWS_1254),
        b'b' => Set::Of(ISO_8859_15),
        b'T' => Set::Of(WINDOWS_874),
        _ => Set::Unsaid,
    }
}

fn starts_with(bytes: &[u8], begin: &[u8]) -> bool {
    bytes.get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(term: &str, raw: &[u8], text: &str) {
        assert_eq!(decode(term.as_bytes(), raw), text, "{term}");
    }

    #[test]
    fn single_byte_sets_are_known_by_either_name() {
        for term in ["ISO_IR 100", "8859/1", "ISO 2022 IR 100"] {
            check(term, b"Dr\xe4ger", "Dräger");
        }
        check("ISO_IR 101", b"\xb1", "ą");
        check("8859/5", b"\xbb\xee\xda", "Люк");
        check("ISO_IR 126", b"\xc4\xe9", "Δι");
        check("ISO_IR 166", b"\xa1", "ก");
        check("ISO_IR 13", b"\xd4\xcf\xc0\xde", "ﾔﾏﾀﾞ");
    }

    #[test]
    fn multi_byte_sets_are_read() {
        check("ISO_IR 192", "日本".as_bytes(), "日本");
        check("UNICODE UTF-8", "é".as_bytes(), "é");
        check("GB18030", b"\xcd\xf5", "王");
        check("GBK", b"\xcd\xf5", "王");
        check("ISO_IR 192", b"\xff", "\u{fffd}");
    }

    // The names are the examples of PS3.5 annexes H.3, I.2 and K.2.
    #[test]
    fn escapes_switch_sets() {
        check("\\ISO 2022 IR 87", b"Yamada=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada=山田^太郎");
        check("ISO 2022 IR 13\\ISO 2022 IR 87", b"\xd4=\x1b$B;3\x1b(J=x", "ﾔ=山=x");
        check("\\ISO 2022 IR 149", b"Hong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7", "Hong=洪^吉洞");
        check("\\ISO 2022 IR 58", b"Zhang=\x1b$)A\xd5\xc5", "Zhang=张");
        check("ISO 2022 IR 6\\ISO 2022 IR 144", b"a\x1b-L\xbb", "aЛ");
    }

    #[test]
    fn what_is_not_named_is_utf8_or_latin1() {
        check("", b"Dr\xe4ger", "Dräger");
        check("no such set", "é".as_bytes(), "é");
        check("ISO_IR 6", b"plain", "plain");
        check("\\ISO 2022 IR 87", b"a\x1b", "a");
    }
}
