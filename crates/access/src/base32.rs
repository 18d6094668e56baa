//! Bytes as letters and digits that people can copy from paper, and back.
//!
//! Source: RFC 4648 §6, without padding.

use zeroize::Zeroizing;

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// `bytes` in capital letters and digits.
pub fn written(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(letter(bits >> held));
        }
        bits &= (1 << held) - 1;
    }
    if held > 0 {
        text.push(letter(bits << (5 - held)));
    }
    text
}

/// The bytes that [`written`] wrote as `text`, in any case; none when it holds anything else, or more or less than `N` bytes.
pub fn read<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    if text.len() != (N * 8).div_ceil(5) {
        return None;
    }
    let mut bytes = Zeroizing::new([0; N]);
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut places = bytes.iter_mut();
    for c in text.bytes() {
        bits = bits << 5 | number(c)?;
        held += 5;
        if held >= 8 {
            held -= 8;
            let [.., byte] = (bits >> held).to_be_bytes();
            *places.next()? = byte;
            bits &= (1 << held) - 1;
        }
    }
    (bits == 0).then_some(bytes)
}

fn letter(bits: u32) -> char {
    let at = usize::try_from(bits & 31).unwrap_or_default();
    LETTERS.get(at).copied().map_or('A', char::from)
}

const fn number(c: u8) -> Option<u32> {
    match c {
        b'A'..=b'Z' => Some((c - b'A') as u32),
        b'a'..=b'z' => Some((c - b'a') as u32),
        b'2'..=b'7' => Some((c - b'2') as u32 + 26),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_vectors_of_rfc_4648_without_padding() {
        for (plain, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(written(plain.as_bytes()), text);
        }
        assert_eq!(read::<6>("mzxw6ytbOI").as_deref(), Some(b"foobar"));
        assert_eq!(read::<1>("MZ"), None, "bits behind the end are not empty");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes: [u8; 20], odd: [u8; 32]) {
            prop_assert!(read::<20>(&written(&bytes)).is_some_and(|read| *read == bytes));
            prop_assert!(read::<32>(&written(&odd)).is_some_and(|read| *read == odd));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            if let Some(bytes) = read::<15>(&text) {
                prop_assert_eq!(written(&*bytes), text.to_ascii_uppercase());
            }
        }
    }
}
