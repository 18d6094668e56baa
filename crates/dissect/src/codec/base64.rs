//! Base64 decoded into memory of the caller, so that nothing of it reaches the heap (RFC 4648 §4).

/// Decodes as much of `text` as fits `room`; blanks and `=` at the end are passed over. `None` when `text` holds anything
/// else that is no Base64.
#[must_use]
pub fn decode<'b>(text: &[u8], room: &'b mut [u8]) -> Option<&'b [u8]> {
    let text = text.trim_ascii();
    let text = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let (mut bits, mut held, mut length) = (0u32, 0u32, 0);
    for byte in text {
        bits = bits << 6 | value(*byte)?;
        held += 6;
        if held >= 8 {
            held -= 8;
            let Some(to) = room.get_mut(length) else { break };
            [.., *to] = (bits >> held).to_be_bytes();
            length += 1;
        }
    }
    room.get(..length)
}

const fn value(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_vectors_of_rfc_4648_decode() {
        for (text, plain) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(decode(text.as_bytes(), &mut [0; 8]), Some(plain.as_bytes()), "{text}");
        }
        assert_eq!(decode(b"Zm9vYmFy", &mut [0; 4]), Some(&b"foob"[..]));
        assert_eq!(decode(b"Zm9-", &mut [0; 4]), None);
    }
}
