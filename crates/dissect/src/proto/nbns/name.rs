//! NetBIOS names: fifteen characters and a suffix that says what the name is of.

use crate::codec::dns::Name;
use crate::codec::text;

/// A name decoded from its first-level encoding (RFC 1001 §14.1), where each half byte is a letter from `A` on.
pub(super) struct NetbiosName([u8; 16]);

/// What a name is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Computer,
    Domain,
}

impl NetbiosName {
    /// The name that the first label of `name` encodes; a scope behind it is passed over.
    pub(super) fn of(name: &Name<'_>) -> Option<Self> {
        let label: &[u8; 32] = name.labels().next()?.try_into().ok()?;
        let mut decoded = [0; 16];
        for (byte, pair) in decoded.iter_mut().zip(label.as_chunks::<2>().0) {
            let [high, low] = pair.map(|letter| letter.checked_sub(b'A').filter(|half| *half < 16));
            *byte = high? << 4 | low?;
        }
        Some(Self(decoded))
    }

    /// A name as a node status lists it, not encoded.
    pub(super) const fn plain(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteenth byte.
    pub(super) const fn suffix(&self) -> u8 {
        self.0[15]
    }

    /// The first fifteen characters without the blanks that fill them up. Characters are those of the OEM code page;
    /// what is not ASCII is read as Latin-1.
    pub(super) fn text(&self) -> String {
        text::clean(self.0.first_chunk::<15>().map_or(&[][..], |name| &name[..])).into_owned()
    }

    /// What the name is of, when the suffix says that for sure.
    pub(super) fn meaning(&self, is_group: bool) -> Option<Meaning> {
        match self.suffix() {
            _ if !self.is_plain() => None,
            0x00 | 0x20 if !is_group => Some(Meaning::Computer),
            0x00 | 0x1b | 0x1c | 0x1d | 0x1e => Some(Meaning::Domain),
            _ => None,
        }
    }

    /// Whether the name cannot be a user's.
    pub(super) fn may_be_shown(&self) -> bool {
        self.0.starts_with(b"*\0") || (self.is_plain() && matches!(self.suffix(), 0x00 | 0x1b..=0x1e | 0x20))
    }

    /// Whether it is text: not `\x01\x02__MSBROWSE__\x02`, not the name of any.
    fn is_plain(&self) -> bool {
        self.0.first().is_some_and(|first| *first > b' ' && *first != b'*')
            && self.0.iter().take(15).all(|byte| *byte >= b' ' || *byte == 0)
    }
}

/// A name as it stands in messages, in hexadecimal, for trials.
#[cfg(test)]
pub(super) fn encoded(name: &[u8], suffix: u8) -> String {
    let mut padded = [b' '; 16];
    padded[..name.len()].copy_from_slice(name);
    padded[15] = suffix;
    let letters: String =
        padded.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(b'A' + half)).collect();
    format!("20\"{letters}\"00")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    #[test]
    fn the_example_of_the_specification_is_decoded() {
        // RFC 1001 §14.1.
        let label = bytes("20\"EGFCEFEECACACACACACACACACACACACA\"00");
        let name = NetbiosName::of(&Name::alone(&label)).expect("encoded");
        assert_eq!((name.text().as_str(), name.suffix()), ("FRED", b' '));
        assert_eq!(name.meaning(false), Some(Meaning::Computer));
    }

    #[test]
    fn other_names_are_refused() {
        for label in
            ["03\"abc\"00", "20\"egfcefeecacacacacacacacacacacaca\"00", "20\"ZGFCEFEECACACACACACACACACACACACA\"00"]
        {
            assert!(NetbiosName::of(&Name::alone(&bytes(label))).is_none(), "{label}");
        }
    }

    #[test]
    fn what_may_be_a_user_is_not_shown() {
        for (suffix, shown) in [(0, true), (3, false), (0x1f, false), (0x20, true), (0x1c, true), (0xbe, false)] {
            let bytes = bytes(&encoded(b"MMUELLER", suffix));
            let name = NetbiosName::of(&Name::alone(&bytes)).expect("encoded");
            assert_eq!(name.may_be_shown(), shown, "{suffix:#x}");
            assert_eq!(name.meaning(false).is_some(), shown, "{suffix:#x}");
        }
    }
}
