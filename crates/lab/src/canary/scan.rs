//! Looks for canaries in bytes, in every form in which they could have been carried on.

use super::CANARIES;
use std::collections::BTreeMap;

/// Bytes that tell a canary even where the rest of it is gone.
const PART: usize = 8;
/// Bytes looked at in one go.
const BLOCK: usize = 1 << 16;

/// Looks for texts in any form: as they are, without regard to capitals, in parts, in UTF-16, Latin-1, hexadecimal,
/// base64, escaped, backwards.
#[derive(Debug)]
pub struct Scanner {
    needles: Vec<Needle>,
    /// Needles by their first bytes.
    index: BTreeMap<[u8; PART], Vec<usize>>,
    /// Whether any needle begins with these two bytes.
    begins: Vec<bool>,
}

#[derive(Debug)]
struct Needle {
    name: &'static str,
    form: &'static str,
    bytes: Vec<u8>,
    /// Capitals and small letters are the same.
    folds: bool,
}

/// One canary found.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Which one.
    pub name: &'static str,
    /// How it was written, such as `base64`.
    pub form: &'static str,
    /// Where, in bytes from the begin.
    pub at: usize,
}

impl Scanner {
    /// For all canaries, whole and in parts.
    #[must_use]
    pub fn for_canaries() -> Self {
        Self::new(CANARIES.all().map(|canary| (canary.name, canary.text)))
    }

    /// For `texts` with their names, each at least eight bytes long.
    ///
    /// # Panics
    ///
    /// When one is shorter.
    pub fn new(texts: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        let mut scanner = Self { needles: Vec::new(), index: BTreeMap::new(), begins: vec![false; 1 << 16] };
        for (name, text) in texts {
            for (form, folds, bytes) in forms(text) {
                scanner.add(Needle { name, form, bytes, folds });
            }
        }
        scanner
    }

    #[expect(clippy::expect_used, reason = "shorter texts make no sense, and the laboratory's are known")]
    fn add(&mut self, needle: Needle) {
        let bytes = if needle.folds { needle.bytes.to_ascii_lowercase() } else { needle.bytes };
        let first: [u8; PART] = *bytes.first_chunk().expect("forms are long enough");
        if let Some(begins) = self.begins.get_mut(pair(&bytes)) {
            *begins = true;
        }
        self.index.entry(first).or_default().push(self.needles.len());
        self.needles.push(Needle { bytes, ..needle });
    }

    /// What of them is in `bytes`, the first place of each form.
    #[must_use]
    pub fn find(&self, bytes: &[u8]) -> Vec<Hit> {
        let longest = self.needles.iter().map(|needle| needle.bytes.len()).max().unwrap_or(0);
        let mut hits = BTreeMap::new();
        for start in (0..bytes.len()).step_by(BLOCK) {
            // What begins in the block may end behind it.
            let block = bytes.get(start..bytes.len().min(start + BLOCK + longest)).unwrap_or_default();
            // Most of a core dump.
            if block.iter().all(|byte| *byte == 0) {
                continue;
            }
            for (folds, block) in [(false, block), (true, &block.to_ascii_lowercase())] {
                self.find_in(block, folds, |needle, at| {
                    hits.entry((needle.name, needle.form)).or_insert(start + at);
                });
            }
        }
        hits.into_iter().map(|((name, form), at)| Hit { name, form, at }).collect()
    }

    /// Tells of each that `folds` or not and begins in the first [`BLOCK`] bytes of `bytes`.
    fn find_in(&self, bytes: &[u8], folds: bool, mut tell: impl FnMut(&Needle, usize)) {
        for (at, part) in bytes.windows(PART).enumerate().take(BLOCK) {
            if self.begins.get(pair(part)) != Some(&true) {
                continue;
            }
            let Some(found) = self.index.get(part) else { continue };
            for needle in found.iter().filter_map(|index| self.needles.get(*index)) {
                if needle.folds == folds && bytes.get(at..).is_some_and(|rest| rest.starts_with(&needle.bytes)) {
                    tell(needle, at);
                }
            }
        }
    }

    /// Ends the test with the places when any is in `bytes`, which are called `what`.
    ///
    /// # Panics
    ///
    /// When any is.
    #[track_caller]
    pub fn expect_none(&self, what: &str, bytes: &[u8]) {
        let hits = self.find(bytes);
        let show = |hit: &Hit| {
            let around = bytes.get(hit.at.saturating_sub(48)..(hit.at + 80).min(bytes.len())).unwrap_or_default();
            format!("{} as {} at {:#x}: {}", hit.name, hit.form, hit.at, around.escape_ascii())
        };
        let shown: Vec<String> = hits.iter().take(40).map(show).collect();
        assert!(hits.is_empty(), "{what}: {} canaries\n{}", hits.len(), shown.join("\n"));
    }
}

/// The first two bytes as a number.
fn pair(bytes: &[u8]) -> usize {
    bytes.first_chunk().map_or(0, |pair| usize::from(u16::from_be_bytes(*pair)))
}

/// Every form of `text`: what it is called, whether capitals may change, the bytes.
fn forms(text: &str) -> Vec<(&'static str, bool, Vec<u8>)> {
    let mut forms = Vec::new();
    let units: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    let latin: Option<Vec<u8>> = text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
    let plain = [Some(text.as_bytes().to_vec()), latin].into_iter().flatten();
    for bytes in plain {
        forms.extend(bytes.windows(PART).map(|part| ("text", true, part.to_vec())));
    }
    forms.extend(little.windows(2 * PART).step_by(2).map(|part| ("UTF-16LE", true, part.to_vec())));
    forms.extend(big.windows(2 * PART).step_by(2).map(|part| ("UTF-16BE", true, part.to_vec())));
    for variant in [text.to_owned(), text.to_lowercase(), text.to_uppercase()] {
        let hex = |between: &str| variant.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between);
        forms.push(("hexadecimal", true, hex("").into_bytes()));
        forms.push(("hexadecimal", true, hex(" ").into_bytes()));
        forms.push(("hexadecimal", true, hex(":").into_bytes()));
        forms.push(("hexadecimal", true, hex("\\x").into_bytes()));
        forms.push(("hexadecimal UTF-16", true, hex("00").into_bytes()));
        forms.push(("percent", true, format!("%{}", hex("%")).into_bytes()));
        forms.push(("percent", true, percent(&variant).into_bytes()));
        forms.push((
            "NetBIOS",
            true,
            variant.bytes().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)]).collect(),
        ));
        let wide: Vec<u8> = variant.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [variant.as_bytes(), &wide] {
            forms.extend((0..3).map(|shift| ("base64", false, base64_core(bytes, shift))));
        }
        forms.push(("JSON", true, variant.escape_default().to_string().into_bytes()));
    }
    forms.push(("backwards", true, text.bytes().rev().collect()));
    forms.push(("decimal", true, text.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(",").into_bytes()));
    forms
}

fn percent(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") })
        .collect()
}

/// What of the base64 of `bytes` stands there whatever is before and behind them, when `shift` bytes (mod 3) go before.
fn base64_core(bytes: &[u8], shift: usize) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let shifted = [vec![0; shift].as_slice(), bytes].concat();
    let whole = shifted.as_chunks::<3>().0.iter().flat_map(|[a, b, c]| {
        let bits = u32::from_be_bytes([0, *a, *b, *c]);
        [18, 12, 6, 0].map(|place| LETTERS.get((bits >> place & 63) as usize).copied().unwrap_or_default())
    });
    whole.skip((8 * shift).div_ceil(6)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Zaunkönigin-42/Nest";

    #[track_caller]
    fn check(bytes: impl AsRef<[u8]>, form: &'static str) {
        let scanner = Scanner::new([("nest", TEXT)]);
        let around = [b"\0\xffheap ", bytes.as_ref(), b" more"].concat();
        let hits = scanner.find(&around);
        assert!(hits.iter().any(|hit| hit.name == "nest" && hit.form == form), "{form}: {hits:?}");
    }

    #[test]
    fn every_form_is_found() {
        check(TEXT, "text");
        check(TEXT.to_uppercase(), "text");
        check("önigin-42/", "text");
        check(
            "Zaunk\u{f6}nigin-42/Nest"
                .chars()
                .map(|letter| u8::try_from(u32::from(letter)).expect("Latin-1"))
                .collect::<Vec<_>>(),
            "text",
        );
        check(TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(), "UTF-16LE");
        check(TEXT.to_lowercase().encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>(), "UTF-16BE");
        check("5A61756E6BC3B66E6967696E2D34322F4E657374", "hexadecimal");
        check("5a 61 75 6e 6b c3 b6 6e 69 67 69 6e 2d 34 32 2f 4e 65 73 74", "hexadecimal");
        check("Zaunk%C3%B6nigin-42%2FNest", "percent");
        check("%5a%61%75%6e%6b%c3%b6%6e%69%67%69%6e%2d%34%32%2f%4e%65%73%74", "percent");
        check("Zaunk\\u{f6}nigin-42/Nest", "JSON");
    }

    #[test]
    fn base64_is_found_at_every_alignment() {
        // `printf 'Zaunkönigin-42/Nest' | base64`, and the same behind `x` and `xx`, and all with more behind.
        check("WmF1bmvDtm5pZ2luLTQyL05lc3Q=", "base64");
        check("eFphdW5rw7ZuaWdpbi00Mi9OZXN0", "base64");
        check("eHhaYXVua8O2bmlnaW4tNDIvTmVzdA==", "base64");
        check("eHhaYXVua8O2bmlnaW4tNDIvTmVzdHp6eg==", "base64");
    }

    #[test]
    fn what_lies_across_two_blocks_is_found_once_where_it_begins() {
        let scanner = Scanner::new([("nest", TEXT)]);
        for at in BLOCK - 24..=BLOCK + 1 {
            let mut bytes = vec![0; 3 * BLOCK];
            bytes[at..at + TEXT.len()].copy_from_slice(TEXT.as_bytes());
            assert_eq!(scanner.find(&bytes), [Hit { name: "nest", form: "text", at }]);
        }
    }

    #[test]
    fn other_bytes_are_not_found() {
        let scanner = Scanner::for_canaries();
        assert_eq!(scanner.find(b"Zwiebel kanariu, CT scanner of ward 3, bm90aGluZyBoZXJl"), []);
        assert_eq!(scanner.find(&[]), []);
    }
}
