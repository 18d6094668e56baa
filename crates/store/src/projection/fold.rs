//! Letters without their case, in any script.

/// `text` as it is compared: each letter raised, then lowered, so that `ẞ`, `ß` and `SS`, or `Σ`, `σ` and `ς`, are one.
/// Letters with accents made of two characters stay two.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// Which pairs of bytes stand in `folded`, hashed to 64 bits: what holds another text has all of its bits.
pub(super) fn pairs(folded: &str) -> u64 {
    let bytes = folded.as_bytes();
    let bit = |(a, b): (&u8, &u8)| {
        let pair = u32::from(*a) << 8 | u32::from(*b);
        1_u64 << (pair.wrapping_mul(0x9e37_79b1) >> 26)
    };
    bytes.iter().zip(bytes.iter().skip(1)).map(bit).fold(0, |bits, bit| bits | bit)
}

/// Which bytes stand in `folded`: each Latin letter and digit has a bit of its own, the others share the rest.
pub(super) fn letters(folded: &str) -> u64 {
    folded.bytes().fold(0, |bits, byte| bits | letter(byte).0)
}

/// The bit of `byte`, and whether it is its own.
pub(super) const fn letter(byte: u8) -> (u64, bool) {
    match byte {
        b'a'..=b'z' => (1 << (byte - b'a'), true),
        b'0'..=b'9' => (1 << (26 + byte - b'0'), true),
        _ => (1 << (36 + byte % 28), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_any_script_meet_whatever_their_case() {
        for (a, b) in [
            ("Dräger", "DRÄGER"),
            ("Straße", "STRASSE"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ПУЛЬС", "пульс"),
            ("心電計", "心電計"),
        ] {
            assert_eq!(fold(a), fold(b));
        }
        assert_ne!(fold("a"), fold("ä"));
    }

    #[test]
    fn a_text_has_the_letters_it_is_made_of() {
        for (text, byte, is_there) in [("pump 7", b'p', true), ("pump 7", b'7', true), ("pump 7", b'q', false)] {
            assert_eq!((letters(text) & letter(byte).0 != 0, letter(byte).1), (is_there, true));
        }
        assert!(letters("ü-").count_ones() >= 2 && !letter(b'-').1);
    }

    #[test]
    fn a_text_has_the_pairs_of_every_part_of_it() {
        let all = pairs("infusion pump");
        for part in ["in", "fusion", "n p", "", "x"] {
            assert_eq!(pairs(part) & !all, 0, "{part}");
        }
        assert_ne!(pairs("zq") & !all, 0);
    }
}
