//! NetBIOS names in their first-level encoding: each half byte as a letter from `A` to `P`.
//!
//! Source: RFC 1001 §14.1; the sixteenth byte is the kind of name (MS-NBTE §1.8).

/// Letters of one encoded name.
pub const ENCODED: usize = 32;

/// One NetBIOS name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    text: [u8; 15],
    /// What the name stands for: 0x00 workstation, 0x1b to 0x1e domain and browser names, 0x20 file server.
    pub kind: u8,
}

impl Name {
    /// The name that `encoded` stands for; `None` when that is not 32 letters from `A` to `P`.
    #[must_use]
    pub fn decode(encoded: &[u8]) -> Option<Self> {
        let encoded: &[u8; ENCODED] = encoded.try_into().ok()?;
        let mut bytes = [0; 16];
        for (byte, [high, low]) in bytes.iter_mut().zip(encoded.as_chunks::<2>().0) {
            *byte = half(*high)? << 4 | half(*low)?;
        }
        let [text @ .., kind] = bytes;
        Some(Self { text, kind })
    }

    /// The name without its padding.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        let end = self.text.iter().rposition(|byte| !matches!(byte, b' ' | 0)).map_or(0, |at| at + 1);
        self.text.get(..end).unwrap_or_default()
    }

    /// Whether it names one computer: not `*`, not a group or service everybody answers to.
    #[must_use]
    pub fn is_computer(&self) -> bool {
        let text = self.text();
        matches!(self.kind, 0x00 | 0x20) && !text.is_empty() && !text.starts_with(b"*") && !text.starts_with(&[1])
    }
}

fn half(letter: u8) -> Option<u8> {
    matches!(letter, b'A'..=b'P').then(|| letter - b'A')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_bytes_are_letters() {
        let name = Name::decode(b"EDFECNFHEPFCELFDFEEBFEEJEPEOCACA").expect("encoded");
        assert_eq!((name.text(), name.kind, name.is_computer()), (&b"CT-WORKSTATION"[..], 0x20, true));
        let any = Name::decode(b"CKFDENECFDEFFCFGEFFCCACACACACACA").expect("encoded");
        assert_eq!((any.text(), any.is_computer()), (&b"*SMBSERVER"[..], false));
        assert_eq!(Name::decode(b"EDFECNFHEPFCELFDFEEBFEEJEPEOCACZ"), None);
        assert_eq!(Name::decode(b"EDFE"), None);
    }
}
