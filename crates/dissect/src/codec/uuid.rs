//! UUIDs of 16 bytes as text (RFC 9562 §4).

/// The UUID in `bytes`, most significant byte first, in lower case. `None` for those that name nothing (nil, max).
#[must_use]
pub fn text(bytes: &[u8]) -> Option<String> {
    use std::fmt::Write as _;
    let bytes: &[u8; 16] = bytes.try_into().ok()?;
    if *bytes == [0; 16] || *bytes == [0xff; 16] {
        return None;
    }
    Some(bytes.iter().enumerate().fold(String::with_capacity(36), |mut text, (at, byte)| {
        let dash = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
        let _ = write!(text, "{dash}{byte:02x}");
        text
    }))
}

/// The UUID in `bytes` whose first three fields stand least significant byte first, as firmware (SMBIOS §7.2.1) and
/// Windows write it.
#[must_use]
pub fn mixed_endian(bytes: &[u8]) -> Option<String> {
    let mut bytes: [u8; 16] = bytes.try_into().ok()?;
    for field in [0..4, 4..6, 6..8] {
        bytes.get_mut(field)?.reverse();
    }
    text(&bytes)
}

/// Whether `text` is a UUID in its 36 characters.
#[must_use]
pub fn is_uuid(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_are_written_alike() {
        let bytes: Vec<u8> = (0..16).collect();
        assert_eq!(text(&bytes).as_deref(), Some("00010203-0405-0607-0809-0a0b0c0d0e0f"));
        assert_eq!(mixed_endian(&bytes).as_deref(), Some("03020100-0504-0706-0809-0a0b0c0d0e0f"));
        assert!(is_uuid("03020100-0504-0706-0809-0a0b0c0d0e0f"));
        assert!(!is_uuid("03020100-0504-0706-0809-0a0b0c0d0e0"));
        assert_eq!(text(&[0; 16]), None);
        assert_eq!(text(&[1; 15]), None);
    }
}
