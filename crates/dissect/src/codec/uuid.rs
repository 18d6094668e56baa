//! UUIDs: in text, as URN or bare, and as 16 bytes.
//!
//! Source: RFC 9562 §4; UPnP Device Architecture 2.0 §1.1.4 (`uuid:`); WS-Discovery 1.1 §2.6 (`urn:uuid:`).

/// A UUID in lower case, with its hyphens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uuid([u8; 36]);

impl Uuid {
    /// The UUID that is the whole of `raw`. The nil and the all-ones UUID name nothing.
    #[must_use]
    pub fn parse(raw: &[u8]) -> Option<Self> {
        let text: [u8; 36] = raw.try_into().ok()?;
        let fits = |(at, byte): (usize, &u8)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        let is_blank = |digit: u8| text.iter().all(|byte| matches!(byte, b'-') || byte.eq_ignore_ascii_case(&digit));
        let names = text.iter().enumerate().all(fits) && !is_blank(b'0') && !is_blank(b'f');
        names.then(|| Self(text.map(|byte| byte.to_ascii_lowercase())))
    }

    /// The UUID behind `uuid:` or `urn:uuid:`, and the bytes that say it.
    #[must_use]
    pub fn in_urn(raw: &[u8]) -> Option<(Self, &[u8])> {
        let raw = raw.trim_ascii();
        let raw = strip(raw, b"urn:").unwrap_or(raw);
        let raw = strip(raw, b"uuid:")?.trim_ascii_start();
        Some((Self::parse(raw)?, raw))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn strip<'a>(raw: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (begin, rest) = raw.split_at_checked(prefix.len())?;
    begin.eq_ignore_ascii_case(prefix).then_some(rest)
}

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

/// Whether `text` is a UUID in its 36 characters, and names something.
#[must_use]
pub fn is_uuid(text: &str) -> bool {
    Uuid::parse(text.as_bytes()).is_some()
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

    #[test]
    fn only_a_uuid_is_one() {
        let (uuid, raw) = Uuid::in_urn(b" URN:uuid:72313CAB-7352-51c9-8373-8b4031a66ec7").expect("a UUID");
        assert_eq!(uuid.as_str(), "72313cab-7352-51c9-8373-8b4031a66ec7");
        assert_eq!(raw, b"72313CAB-7352-51c9-8373-8b4031a66ec7");
        for other in [
            "uuid:Insight-1_0-221542K1200339",
            "72313cab-7352-51c9-8373-8b4031a66ec7",
            "uuid:00000000-0000-0000-0000-000000000000",
            "uuid:FFFFFFFF-ffff-ffff-ffff-ffffffffffff",
            "uuid:72313cab-7352-51c9-8373-8b4031a66ec7::upnp:rootdevice",
            "uuid:72313cab773520510c9083730008b4031a66ec7",
        ] {
            assert_eq!(Uuid::in_urn(other.as_bytes()), None, "{other}");
        }
    }
}
