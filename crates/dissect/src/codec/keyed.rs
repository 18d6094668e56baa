//! Keyed hashes in place of values that may name a person.

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use wardlight_model::Keyed;

/// The site's key for such hashes. Cannot be shown, compared or copied out.
pub struct PrivacyKey(Hmac<Sha256>);

impl PrivacyKey {
    /// A key of 32 bytes from a cryptographic random source.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length, RFC 2104")]
        let mac = Hmac::new_from_slice(secret).expect("HMAC takes keys of every length");
        Self(mac)
    }

    /// The hash of `value`: the same value gives the same hash under the same key only.
    #[must_use]
    pub fn hash(&self, value: &[u8]) -> Keyed {
        let mut mac = self.0.clone();
        mac.update(value);
        let digest = mac.finalize().into_bytes();
        let mut first = [0; 16];
        first.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Keyed(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_key_and_value() {
        let (one, other) = (PrivacyKey::new(&[1; 32]), PrivacyKey::new(&[2; 32]));
        assert_eq!(one.hash(b"mmueller"), one.hash(b"mmueller"));
        assert_ne!(one.hash(b"mmueller"), one.hash(b"mmeier"));
        assert_ne!(one.hash(b"mmueller"), other.hash(b"mmueller"));
    }
}
