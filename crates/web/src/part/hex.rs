//! Bytes in forms and addresses.

use std::fmt::Write as _;

/// `bytes` in hexadecimal.
pub fn written(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes that hexadecimal `text` stands for; none when it is none.
pub fn read(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|sign| u8::try_from(sign.to_digit(16)?).ok()).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_hexadecimal_is_nothing() {
        assert_eq!(read("00fF7a"), Some(vec![0, 255, 0x7a]));
        assert_eq!(written(&[0, 255, 0x7a]), "00ff7a");
        for text in ["0", "0g", "ää", "+f"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
