//! Keys that sign checkpoints, and how one follows another.
//!
//! The first entry of a ledger names its first key and is signed by it. A later entry of kind *key* names the next one
//! and is signed by the one before, over site, index and the hash of the entry before, which binds the whole history up
//! to there: who holds a later key cannot make another past.
//!
//! Source: Ed25519 after RFC 8032, checked strictly; names and ids of keys after C2SP signed-note.

use crate::cbor::{DecodeError, Reader, Writer};
use crate::hash::Hash;
use crate::site::Site;
use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use std::fmt;

/// Set before what a key says of the next one, so that no checkpoint can be taken for it.
const FOLLOWS: &[u8] = b"wardlight-ledger/key/v1\n";
/// The type of an Ed25519 signature (C2SP signed-note).
pub(crate) const PLAIN: u8 = 1;
/// The type of a witness's signature with a time (C2SP tlog-cosignature).
pub(crate) const WITNESS: u8 = 4;

/// A secret key. Never shown; wiped when dropped.
pub struct Signer(SigningKey);

impl Signer {
    /// From 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The key that others check with.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Signer(…)")
    }
}

/// A key to check signatures with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Why a text is no public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a key of the form name+8 hexadecimal digits+base64, or its digits belong to another key")]
pub struct ParseKeyError;

impl PublicKey {
    /// From its 32 bytes. `None` when they are no point of the curve, or one that anybody could sign for.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak()).map(Self)
    }

    /// Its 32 bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Its text form (C2SP signed-note "vkey") under `name`, to be printed and pinned.
    #[must_use]
    pub fn to_text(self, name: &str) -> String {
        let id: String = self.id(name, PLAIN).iter().map(|byte| format!("{byte:02x}")).collect();
        let key: Vec<u8> = std::iter::once(PLAIN).chain(self.to_bytes()).collect();
        format!("{name}+{id}+{}", Base64::encode_string(&key))
    }

    /// Reads the text form: name and key. Signature types 1 and 4 are known. Errors: another form, or an id that belongs
    /// to another key.
    pub fn parse(text: &str) -> Result<(String, Self), ParseKeyError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(ParseKeyError);
        };
        let bytes = Base64::decode_vec(key).map_err(|_| ParseKeyError)?;
        let (&kind, bytes) = bytes.split_first().ok_or(ParseKeyError)?;
        let key = bytes.try_into().ok().and_then(Self::from_bytes).ok_or(ParseKeyError)?;
        let own: String = key.id(name, kind).iter().map(|byte| format!("{byte:02x}")).collect();
        let is_known = matches!(kind, PLAIN | WITNESS);
        if is_known && own == id { Ok((name.to_owned(), key)) } else { Err(ParseKeyError) }
    }

    /// The four bytes by which a signature line names its key.
    pub(crate) fn id(self, name: &str, kind: u8) -> [u8; 4] {
        let named: Vec<u8> = name.bytes().chain([b'\n', kind]).chain(self.to_bytes()).collect();
        let [a, b, c, d, ..] = Hash::of(&named).0;
        [a, b, c, d]
    }

    pub(crate) fn has_signed(self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PublicKey({})", Hash(self.to_bytes()))
    }
}

/// Where in a ledger a key takes over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) site: Site,
    pub(crate) index: u64,
    pub(crate) previous: Hash,
}

/// The body of an entry of kind *key*.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct KeyBody {
    /// In force for checkpoints that cover this entry.
    pub(crate) key: PublicKey,
    signature: [u8; 64],
}

impl KeyBody {
    /// `by` is the key in force before; in the first entry the key itself.
    pub(crate) fn sign(place: Place, key: PublicKey, by: &Signer) -> Self {
        Self { key, signature: by.sign(&statement(place, key)) }
    }

    pub(crate) fn is_signed_by(&self, by: PublicKey, place: Place) -> bool {
        by.has_signed(&statement(place, self.key), &self.signature)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        Writer::default().map(2).uint(0).bytes(&self.key.to_bytes()).uint(1).bytes(&self.signature).finish()
    }

    pub(crate) fn read(body: &[u8]) -> Result<Self, DecodeError> {
        let (mut key, mut signature) = (None, None);
        let mut reader = Reader::new(body);
        reader.map(|at, value| {
            match at {
                0 => key = PublicKey::from_bytes(&value.exactly()?),
                1 => signature = Some(value.exactly()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        reader.end()?;
        Ok(Self {
            key: key.ok_or(DecodeError::Missing("a usable key"))?,
            signature: signature.ok_or(DecodeError::Missing("the signature of the key before"))?,
        })
    }
}

fn statement(place: Place, key: PublicKey) -> Vec<u8> {
    [FOLLOWS, &place.site.0, &place.index.to_be_bytes(), &place.previous.0, &key.to_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn signatures_are_those_of_rfc_8032() {
        // RFC 8032 §7.1, test 1: the empty message.
        let seed = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
            0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
        ];
        let signer = Signer::from_seed(&seed);
        assert_eq!(
            Hash(signer.public().to_bytes()).to_string(),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        assert!(signer.sign(b"").starts_with(&[0xe5, 0x56, 0x43, 0x00, 0xc3, 0x60, 0xac, 0x72]));
        assert!(signer.public().has_signed(b"", &signer.sign(b"")));
        assert!(!signer.public().has_signed(b"x", &signer.sign(b"")));
    }

    #[test]
    fn a_key_has_a_text_form() {
        // Go's golang.org/x/mod/sumdb/note documentation.
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let (name, key) = PublicKey::parse(text).unwrap();
        assert_eq!((name.as_str(), key.to_text(&name).as_str()), ("PeterNeumann", text));
        for other in ["", "a+b", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"] {
            assert_eq!(PublicKey::parse(other), Err(ParseKeyError));
        }
    }

    #[test]
    fn a_key_follows_only_at_its_place() {
        let (old, new) = (Signer::from_seed(&[1; 32]), Signer::from_seed(&[2; 32]).public());
        let place = Place { site: Site([3; 16]), index: 9, previous: Hash::of(b"8") };
        let body = KeyBody::sign(place, new, &old);
        assert_eq!(KeyBody::read(&body.encode()), Ok(body));
        assert!(body.is_signed_by(old.public(), place));
        assert!(!body.is_signed_by(new, place));
        for other in [
            Place { site: Site([4; 16]), ..place },
            Place { index: 8, ..place },
            Place { previous: Hash::NONE, ..place },
        ] {
            assert!(!body.is_signed_by(old.public(), other));
        }
    }

    #[test]
    fn a_key_that_anybody_could_sign_for_is_refused() {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        assert_eq!(PublicKey::from_bytes(&neutral), None);
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Signer::from_seed(&[5; 32])), "Signer(…)");
    }

    proptest! {
        #[test]
        fn any_bytes_are_fine(bytes: Vec<u8>, text: String) {
            let _ = KeyBody::read(&bytes);
            let _ = PublicKey::parse(&text);
        }
    }
}
