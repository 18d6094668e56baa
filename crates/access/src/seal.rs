//! Secrets at rest: what must be kept and read again, such as a second factor, under a key that lies apart from it.
//!
//! In: a 32-byte key, the row that a secret stands in, 24 random bytes. Out: bytes that only the same key opens, and only in
//! the same row: a sealed secret copied into another account's row stays shut. Changed or cut bytes stay shut as well.
//!
//! Form: version (1), key id (4), nonce (24), XChaCha20-Poly1305 with the row as associated data.
//!
//! Source: RFC 8439, draft-irtf-cfrg-xchacha-03; OWASP ASVS 5.0.0 V11.3; 45 CFR 164.312(a)(2)(iv).

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};
use wardlight_model::Id;
use zeroize::{Zeroize as _, Zeroizing};

const VERSION: u8 = 1;

/// What opens sealed secrets.
pub struct Key(Zeroizing<[u8; 32]>);

/// A secret that was sealed. Wiped when it is dropped, shown nowhere.
pub struct Opened(Zeroizing<Vec<u8>>);

/// Where a sealed secret stands: it opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// Whose row: an id that is never used again.
    pub id: Id,
}

/// Why a secret does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Too few bytes to be one.
    #[error("it was cut: it has {0} bytes")]
    Cut(usize),
    /// It was sealed by a newer program.
    #[error("it was sealed in form {0}, this program knows 1")]
    Form(u8),
    /// It was sealed under another key.
    #[error("it was sealed under key {:08x}, this key is {:08x}: use the key file that belongs to this data", .sealed, .ours)]
    OtherKey {
        /// Id of the key that it was sealed under.
        sealed: u32,
        /// Id of this key.
        ours: u32,
    },
    /// It was changed, or belongs to another row.
    #[error("it was changed, or stood in another row")]
    Changed,
}

impl Key {
    /// Made of the key file's bytes.
    #[must_use]
    pub fn new(mut bytes: [u8; 32]) -> Self {
        let key = Self(Zeroizing::new(bytes));
        bytes.zeroize();
        key
    }

    /// Tells keys apart, and nothing of them.
    #[must_use]
    pub fn id(&self) -> u32 {
        let hash = Sha256::new().chain_update(b"wardlight sealing key 1").chain_update(*self.0).finalize();
        hash.iter().take(4).fold(0, |id, byte| id << 8 | u32::from(*byte))
    }

    /// Seals `secret` into `row`. `nonce` is random and never used twice.
    #[must_use]
    pub fn seal(&self, secret: &[u8], row: Row<'_>, nonce: [u8; 24]) -> Vec<u8> {
        let payload = Payload { msg: secret, aad: &row.written() };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).expect("a secret is shorter than 256 GiB");
        [&[VERSION][..], &self.id().to_be_bytes(), &nonce, &sealed].concat()
    }

    /// What was sealed into `row`.
    ///
    /// # Errors
    /// [`SealError`] for another key, another row, and anything that is not as it was sealed.
    pub fn open(&self, sealed: &[u8], row: Row<'_>) -> Result<Opened, SealError> {
        let parts = sealed.split_first().and_then(|(version, rest)| {
            let (id, rest) = rest.split_first_chunk::<4>()?;
            let (nonce, body) = rest.split_first_chunk::<24>()?;
            Some((*version, u32::from_be_bytes(*id), XNonce::from(*nonce), body))
        });
        let Some((version, sealed_under, nonce, body)) = parts else { return Err(SealError::Cut(sealed.len())) };
        if version != VERSION {
            return Err(SealError::Form(version));
        }
        let ours = self.id();
        if sealed_under != ours {
            return Err(SealError::OtherKey { sealed: sealed_under, ours });
        }
        let opened = self.cipher().decrypt(&nonce, Payload { msg: body, aad: &row.written() });
        opened.map(|bytes| Opened(Zeroizing::new(bytes))).map_err(|_| SealError::Changed)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}

impl Opened {
    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Row<'_> {
    /// Unambiguous: each name behind its length.
    fn written(&self) -> Vec<u8> {
        let mut bytes = b"wardlight row 1".to_vec();
        for name in [self.table, self.column] {
            bytes.extend_from_slice(&u64::try_from(name.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes.extend_from_slice(&self.id.0);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROW: Row<'static> = Row { table: "factors", column: "secret", id: Id([1; 16]) };

    fn key(byte: u8) -> Key {
        Key::new([byte; 32])
    }

    #[test]
    fn a_sealed_secret_opens_in_its_row() {
        let sealed = key(7).seal(b"12345678901234567890", ROW, [9; 24]);
        assert_eq!(sealed.len(), 1 + 4 + 24 + 20 + 16);
        assert!(!sealed.windows(4).any(|part| part == b"1234"));
        assert_eq!(key(7).open(&sealed, ROW).ok().unwrap().bytes(), b"12345678901234567890");
        let empty = key(7).seal(b"", ROW, [9; 24]);
        assert_eq!(key(7).open(&empty, ROW).ok().unwrap().bytes(), b"");
    }

    #[test]
    fn another_row_stays_shut() {
        let sealed = key(7).seal(b"secret", ROW, [9; 24]);
        for row in [
            Row { id: Id([2; 16]), ..ROW },
            Row { table: "tokens", ..ROW },
            Row { column: "other", ..ROW },
            Row { table: "factorss", column: "ecret", ..ROW },
        ] {
            assert_eq!(key(7).open(&sealed, row).err(), Some(SealError::Changed), "{row:?}");
        }
    }

    #[test]
    fn another_key_is_named() {
        let sealed = key(7).seal(b"secret", ROW, [9; 24]);
        let wanted = SealError::OtherKey { sealed: key(7).id(), ours: key(8).id() };
        assert_eq!(key(8).open(&sealed, ROW).err(), Some(wanted));
        let mut posing = sealed;
        posing[1..5].copy_from_slice(&key(8).id().to_be_bytes());
        assert_eq!(key(8).open(&posing, ROW).err(), Some(SealError::Changed), "its name alone opens nothing");
    }

    #[test]
    fn a_newer_form_is_named() {
        let mut sealed = key(7).seal(b"secret", ROW, [9; 24]);
        sealed[0] = 2;
        assert_eq!(key(7).open(&sealed, ROW).err(), Some(SealError::Form(2)));
    }

    #[test]
    fn the_vector_of_the_draft() {
        // draft-irtf-cfrg-xchacha-03, appendix A.3.1.
        let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
        let aad = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
        let key: [u8; 32] = std::array::from_fn(|n| 0x80 + u8::try_from(n).unwrap());
        let nonce: [u8; 24] = std::array::from_fn(|n| 0x40 + u8::try_from(n).unwrap());
        let sealed = Key::new(key).cipher().encrypt(&XNonce::from(nonce), Payload { msg: text, aad: &aad }).unwrap();
        assert_eq!(sealed[..8], [0xbd, 0x6d, 0x17, 0x9d, 0x3e, 0x83, 0xd4, 0x3b]);
        let tag = [0xc0, 0x87, 0x59, 0x24, 0xc1, 0xc7, 0x98, 0x79, 0x47, 0xde, 0xaf, 0xd8, 0x78, 0x0a, 0xcf, 0x49];
        assert_eq!(sealed[text.len()..], tag);
    }

    proptest! {
        #[test]
        fn damage_stays_shut(secret: Vec<u8>, at: prop::sample::Index, change in 1_u8.., cut: prop::sample::Index) {
            let sealed = key(7).seal(&secret, ROW, [9; 24]);
            let mut changed = sealed.clone();
            changed[at.index(sealed.len())] ^= change;
            prop_assert!(key(7).open(&changed, ROW).is_err());
            prop_assert!(key(7).open(&sealed[..cut.index(sealed.len())], ROW).is_err());
            prop_assert!(key(7).open(&sealed, ROW).is_ok_and(|opened| opened.bytes() == secret));
        }

        #[test]
        fn any_bytes_stay_shut(bytes: Vec<u8>) {
            prop_assert!(key(7).open(&bytes, ROW).is_err());
        }
    }
}
