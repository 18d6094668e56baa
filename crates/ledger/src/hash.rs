//! SHA-256 in its four roles, kept apart by the first byte that is hashed.
//!
//! Source: RFC 9162 §2.1.1 for leaves (0x00) and nodes (0x01); 0x02 for the details of an entry is our own.

use sha2::{Digest as _, Sha256};
use std::fmt;

/// A SHA-256 hash. Shown in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first entry names as the hash of its predecessor.
    pub const NONE: Self = Self([0; 32]);

    /// The plain SHA-256 of `bytes`: of attachments and of projected rows.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash of a leaf of the tree: of the header of an entry.
    #[must_use]
    pub fn leaf(header: &[u8]) -> Self {
        tagged(0, &[header])
    }

    /// The hash of a node over its two children.
    #[must_use]
    pub fn node(left: &Self, right: &Self) -> Self {
        tagged(1, &[&left.0, &right.0])
    }

    /// The hash of the details of an entry.
    #[must_use]
    pub fn detail(detail: &[u8]) -> Self {
        tagged(2, &[detail])
    }

    /// From exactly 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

fn tagged(tag: u8, parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new_with_prefix([tag]);
    parts.iter().for_each(|part| hasher.update(part));
    Hash(hasher.finalize().into())
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
