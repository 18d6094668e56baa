//! Messages of lines and fields between delimiters, as HL7 v2 (§2.5) and ASTM E1394 (LIS02-A2 §5.4) write them.
//!
//! Delimiters are searched for in the message's character set: the second byte of a Chinese or Japanese character may
//! be that of a delimiter, and a name must not be taken for the field behind it.

use super::text;
use encoding_rs::Encoding;
use std::borrow::Cow;

/// Longest field looked at, in bytes; what lies beyond is cut.
const LONGEST: usize = 4 * text::LONGEST;
const ESC: u8 = 0x1b;

/// What separates the parts of a message, and how its bytes are characters.
#[derive(Debug, Clone, Copy)]
pub struct Delimiters {
    /// Between fields.
    pub field: u8,
    /// Between the components of a field.
    pub component: u8,
    /// Between repetitions of a field.
    pub repeat: u8,
    /// Around escapes; `None` when the message has no such character.
    pub escape: Option<u8>,
    /// Between the parts of a component.
    pub part: Option<u8>,
    /// How bytes are characters; `None` when the message does not say.
    pub encoding: Option<&'static Encoding>,
}

impl Delimiters {
    /// `raw` cut at each `by`.
    #[must_use]
    pub fn split<'a>(&self, raw: &'a [u8], by: u8) -> Split<'a> {
        Split { rest: Some(raw), by, encoding: self.encoding }
    }

    /// The fields of a line; the first is its name.
    #[must_use]
    pub fn fields<'a>(&self, line: &'a [u8]) -> Split<'a> {
        self.split(line, self.field)
    }

    /// The repetitions of a field.
    #[must_use]
    pub fn repetitions<'a>(&self, field: &'a [u8]) -> Split<'a> {
        self.split(field, self.repeat)
    }

    /// The components of a field that does not repeat.
    #[must_use]
    pub fn components<'a>(&self, field: &'a [u8]) -> Split<'a> {
        self.split(field, self.component)
    }

    /// Where the first `field` delimiter, read as a character, stands behind `from` in `line`.
    #[must_use]
    pub fn find(&self, line: &[u8], from: usize) -> Option<usize> {
        let rest = line.get(from..)?;
        Characters { rest, at: 0, encoding: self.encoding }.find(self.field).ok().map(|at| from + at)
    }

    /// The first bytes of `raw` behind which a new single-byte character begins; no delimiter stands in them.
    #[must_use]
    pub fn settled(&self, raw: &[u8]) -> usize {
        match (Characters { rest: raw, at: 0, encoding: self.encoding }).find(self.field) {
            Ok(at) | Err(at) => at,
        }
    }

    /// The text of a part that has no more delimiters in it: decoded, escapes undone, tidied.
    #[must_use]
    pub fn text<'a>(&self, raw: &'a [u8]) -> Cow<'a, str> {
        let raw = raw.get(..LONGEST).unwrap_or(raw);
        let decoded = match self.encoding {
            Some(encoding) => encoding.decode_without_bom_handling(raw).0,
            None => return self.plain(text::clean(raw)),
        };
        match decoded {
            Cow::Borrowed(decoded) => self.plain(text::tidy(decoded)),
            Cow::Owned(decoded) => self.plain(Cow::Owned(text::tidy(&decoded).into_owned())),
        }
    }

    /// The text of one repetition with its components joined by `^` and their parts by `&`, whatever the message has
    /// between them; empty ones at the end are left out.
    #[must_use]
    pub fn spell<'a>(&self, raw: &'a [u8]) -> Cow<'a, str> {
        let raw = trim_end(raw, |byte| byte == self.component || Some(byte) == self.part || byte == b' ');
        let common = self.component == b'^' && self.part.is_none_or(|part| part == b'&');
        if common && self.escape.is_none_or(|escape| !raw.contains(&escape)) {
            return self.text(raw);
        }
        let mut spelled = String::new();
        for (n, component) in self.components(raw).take(32).enumerate() {
            if n > 0 {
                spelled.push('^');
            }
            match self.part {
                Some(part) => self.spell_parts(component, part, &mut spelled),
                None => spelled.push_str(&self.text(component)),
            }
        }
        Cow::Owned(text::tidy(&spelled).into_owned())
    }

    fn spell_parts(&self, component: &[u8], part: u8, spelled: &mut String) {
        for (n, piece) in self.split(component, part).take(32).enumerate() {
            if n > 0 {
                spelled.push('&');
            }
            spelled.push_str(&self.text(piece));
        }
    }

    fn plain<'a>(&self, escaped: Cow<'a, str>) -> Cow<'a, str> {
        let Some(escape) = self.escape.map(char::from).filter(|escape| escaped.contains(*escape)) else {
            return escaped;
        };
        let mut plain = String::with_capacity(escaped.len());
        let mut rest = &*escaped;
        while let Some((before, behind)) = rest.split_once(escape) {
            plain.push_str(before);
            let Some((code, behind)) = behind.split_once(escape).filter(|(code, _)| is_code(code)) else {
                plain.push(escape);
                rest = behind;
                continue;
            };
            self.unescape(code, &mut plain);
            rest = behind;
        }
        plain.push_str(rest);
        Cow::Owned(text::tidy(&plain).into_owned())
    }

    fn unescape(&self, code: &str, plain: &mut String) {
        match code {
            "F" => plain.push(char::from(self.field)),
            "S" => plain.push(char::from(self.component)),
            "R" => plain.push(char::from(self.repeat)),
            "T" => plain.extend(self.part.map(char::from)),
            "E" => plain.extend(self.escape.map(char::from)),
            ".br" => plain.push('\n'),
            _ => {
                if let Some(digits) = code.strip_prefix('X') {
                    let bytes: Vec<u8> = digits.as_bytes().as_chunks::<2>().0.iter().filter_map(hex_pair).collect();
                    plain.push_str(&Self { escape: None, ..*self }.text(&bytes));
                }
            }
        }
    }
}

/// Whether what stands between two escape characters is an escape and not text: `F`, `X0D`, `.br`, `H`…
fn is_code(code: &str) -> bool {
    match code.as_bytes() {
        [b'F' | b'S' | b'T' | b'R' | b'E' | b'H' | b'N' | b'P' | b'L'] | [b'.', b'a'..=b'z', ..] => true,
        [b'X' | b'C' | b'M', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit),
        [b'Z', local @ ..] => local.len() < 16,
        _ => false,
    }
}

fn hex_pair(pair: &[u8; 2]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

/// `raw` without the bytes at its end that `goes` names.
fn trim_end(raw: &[u8], goes: impl Fn(u8) -> bool) -> &[u8] {
    let end = raw.iter().rposition(|byte| !goes(*byte)).map_or(0, |last| last + 1);
    raw.get(..end).unwrap_or(raw)
}

/// The parts of a line, field or component.
#[derive(Debug, Clone)]
pub struct Split<'a> {
    rest: Option<&'a [u8]>,
    by: u8,
    encoding: Option<&'static Encoding>,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.take()?;
        let Ok(at) = (Characters { rest, at: 0, encoding: self.encoding }).find(self.by) else { return Some(rest) };
        let (part, behind) = rest.split_at_checked(at)?;
        self.rest = behind.get(1..);
        Some(part)
    }
}

/// Bytes read character by character, as far as a delimiter needs it.
struct Characters<'a> {
    rest: &'a [u8],
    at: usize,
    encoding: Option<&'static Encoding>,
}

impl Characters<'_> {
    /// Where `wanted` stands as a character of its own. Errors: the place up to which all characters are whole and
    /// ASCII is in force, when it does not.
    fn find(mut self, wanted: u8) -> Result<usize, usize> {
        let wide = self.encoding.is_some_and(has_wide_characters);
        while let Some(byte) = self.rest.get(self.at) {
            self.at += match *byte {
                byte if byte == wanted => return Ok(self.at),
                ESC => self.switched().ok_or(self.at)?,
                0x81..=0xfe if wide => match self.rest.get(self.at + 1) {
                    Some(0x30..) => 2,
                    Some(_) => 1,
                    None => return Err(self.at),
                },
                _ => 1,
            };
        }
        Err(self.at)
    }

    /// Length of what a switch of ISO 2022 away from ASCII governs, with the switch back; that of the escape character
    /// alone when it begins no such switch. `None` when it is not over.
    fn switched(&self) -> Option<usize> {
        let behind = self.rest.get(self.at + 1..)?;
        match behind.first() {
            None => None,
            Some(b'$') => {
                let back = |pair: &[u8]| matches!(pair, [ESC, b'(']);
                behind.windows(2).position(back).map(|back| back + 3)
            }
            Some(_) => Some(1),
        }
    }
}

/// Whether second bytes of the character set may be those of delimiters.
fn has_wide_characters(encoding: &'static Encoding) -> bool {
    [encoding_rs::GBK, encoding_rs::GB18030, encoding_rs::BIG5, encoding_rs::SHIFT_JIS].contains(&encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HL7: Delimiters = Delimiters {
        field: b'|',
        component: b'^',
        repeat: b'~',
        escape: Some(b'\\'),
        part: Some(b'&'),
        encoding: None,
    };

    #[test]
    fn escapes_are_undone() {
        assert_eq!(HL7.text(br"A\F\B\S\C\T\D\R\E\E\F"), r"A|B^C&D~E\F");
        assert_eq!(HL7.text(br"\H\bold\N\ \X4d5A\ \.br\end"), "bold MZ end");
        assert_eq!(HL7.text(br"first\.br\second"), "first second");
        assert_eq!(HL7.text(br"C:\LIS\bin"), r"C:\LIS\bin");
        assert_eq!(HL7.text(br"half\F"), r"half\F");
        assert!(matches!(HL7.text(b"BC-5380 "), Cow::Borrowed("BC-5380")));
    }

    #[test]
    fn a_repetition_is_spelled_in_one_way() {
        assert!(matches!(HL7.spell(b"ACME^0011^ISO^^"), Cow::Borrowed("ACME^0011^ISO")));
        let odd =
            Delimiters { field: b'#', component: b'*', repeat: b'~', escape: None, part: Some(b'%'), encoding: None };
        assert_eq!(odd.spell(b"ACME*00%11*ISO**"), "ACME^00&11^ISO");
        assert_eq!(HL7.spell(br"A\T\B^1"), "A&B^1");
    }

    #[test]
    fn a_delimiter_within_a_wide_character_is_none() {
        let gb = Delimiters { encoding: Some(encoding_rs::GB18030), ..HL7 };
        let line = b"OBX|\x81|\x81^\x95|x|y";
        assert_eq!(gb.fields(line).collect::<Vec<_>>(), [&b"OBX"[..], b"\x81|\x81^\x95|x", b"y"]);
        assert_eq!(HL7.fields(line).count(), 5);
        let jis = Delimiters { encoding: Some(encoding_rs::ISO_2022_JP), ..HL7 };
        let line = b"OBX|\x1b$B;|;|\x1b(B|y";
        assert_eq!(jis.fields(line).collect::<Vec<_>>(), [&b"OBX"[..], b"\x1b$B;|;|\x1b(B", b"y"]);
        assert_eq!(jis.settled(b"abc\x1b$B;|;"), 3);
        assert_eq!(gb.settled(b"ab\x81"), 2);
    }

    #[test]
    fn character_sets_are_decoded() {
        let jis = Delimiters { encoding: Some(encoding_rs::ISO_2022_JP), ..HL7 };
        assert_eq!(jis.text(b"\x1b$B8!::\x1b(B1"), "検査1");
        let latin = Delimiters { encoding: Some(encoding_rs::ISO_8859_2), ..HL7 };
        assert_eq!(latin.text(b"\xb3\xf3d\xbc"), "łódź");
        assert_eq!(HL7.text(b"Dr\xe4ger"), "Dräger");
    }
}
