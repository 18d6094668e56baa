//! Keyed hashes in place of values that may name a person.

use foldhash::fast::FixedState;
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use std::hash::BuildHasher as _;
use std::sync::{Mutex, PoisonError};
use wardlight_model::Keyed;

/// Names of which it is remembered what is shown of them.
const REMEMBERED: usize = 1 << 13;

/// The site's key for such hashes. Cannot be shown, compared or copied out.
pub struct PrivacyKey {
    mac: Hmac<Sha256>,
    /// Devices say their names again and again: what is shown of the last ones, by a hash of the name that only this
    /// run knows. The names themselves are not kept.
    shown: Mutex<Vec<Shown>>,
    hasher: FixedState,
}

#[derive(Clone, Default)]
struct Shown {
    name: u64,
    /// What is shown in its place; nothing when the name itself is.
    instead: Option<Box<str>>,
}

impl PrivacyKey {
    /// A key of 32 bytes from a cryptographic random source.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length, RFC 2104")]
        let mac = Hmac::new_from_slice(secret).expect("HMAC takes keys of every length");
        let seed = secret.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
        Self { mac, shown: Mutex::default(), hasher: FixedState::with_seed(seed) }
    }

    /// What is shown in place of `name`, as `judge` says; nothing when the name itself is. `way` tells apart ways to
    /// judge.
    pub(crate) fn instead(&self, name: &str, way: u8, judge: impl FnOnce() -> Option<String>) -> Option<String> {
        let hash = self.hasher.hash_one((name, way)) | 1;
        let place = usize::try_from(hash >> 40).unwrap_or_default() % REMEMBERED;
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.is_empty() {
            shown.resize(REMEMBERED, Shown::default());
        }
        if let Some(known) = shown.get(place).filter(|known| known.name == hash) {
            return known.instead.as_deref().map(str::to_owned);
        }
        let instead = judge();
        if let Some(room) = shown.get_mut(place) {
            *room = Shown { name: hash, instead: instead.as_deref().map(Box::from) };
        }
        instead
    }

    /// The hash of `value`: the same value gives the same hash under the same key only.
    #[must_use]
    pub fn hash(&self, value: &[u8]) -> Keyed {
        let mut mac = self.mac.clone();
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

    #[test]
    fn a_name_is_judged_once_for_each_way() {
        let key = PrivacyKey::new(&[1; 32]);
        let judged = |name: &str, way, says: Option<&str>| {
            let mut asked = 0;
            let shown = key.instead(name, way, || {
                asked += 1;
                says.map(str::to_owned)
            });
            (asked, shown)
        };
        assert_eq!(judged("JaneDoe-PC", 0, Some("PC #1a")), (1, Some("PC #1a".to_owned())));
        assert_eq!(judged("JaneDoe-PC", 0, None), (0, Some("PC #1a".to_owned())));
        assert_eq!(judged("JaneDoe-PC", 1, None), (1, None));
        assert_eq!(judged("JaneDoe-PC", 1, Some("PC #1a")), (0, None));
    }
}
