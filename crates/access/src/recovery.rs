//! Codes on paper for the day the second device is lost: ten, each good once.
//!
//! In: random bytes, or a code as typed. Out: codes to show once, hashes to keep. A code has 120 random bits, so that its
//! plain SHA-256 tells nothing (OWASP ASVS 5.0.0 V6.5.2 asks for 112).

use crate::{base32, totp::grouped};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

/// How many codes are given at once.
pub const CODES: usize = 10;
const BYTES: usize = 15;

/// One code. Shown once; only its hash is kept.
pub struct Code(Zeroizing<[u8; BYTES]>);

impl Code {
    /// Ten codes of random bytes.
    #[must_use]
    pub fn ten(mut chance: [[u8; BYTES]; CODES]) -> [Self; CODES] {
        let codes = chance.map(|bytes| Self(Zeroizing::new(bytes)));
        chance.zeroize();
        codes
    }

    /// A code as typed: in any case, spaces and dashes do not count. None when it cannot be one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let is_between = |c: &char| c.is_whitespace() || *c == '-';
        let plain: Zeroizing<String> =
            Zeroizing::new(text.chars().filter(|c| !is_between(c)).take(BYTES * 2).collect());
        base32::read(&plain).map(Self)
    }

    /// As it is shown and printed: six groups of four.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(grouped(&Zeroizing::new(base32::written(&*self.0)), '-'))
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new().chain_update(b"wardlight recovery code 1").chain_update(*self.0).finalize().into()
    }
}

/// Strikes the code typed as `text` from the `kept` hashes. False when it is none of them; `kept` stays as it was.
#[must_use]
pub fn spend(kept: &mut Vec<[u8; 32]>, text: &str) -> bool {
    let Some(hash) = Code::read(text).map(|code| code.hash()) else { return false };
    let before = kept.len();
    kept.retain(|each| !bool::from(each.ct_eq(&hash)));
    kept.len() < before
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ten() -> [Code; CODES] {
        let mut n: u8 = 0;
        Code::ten([[0; BYTES]; CODES].map(|bytes| {
            bytes.map(|_| {
                n = n.wrapping_mul(29).wrapping_add(7);
                n
            })
        }))
    }

    #[test]
    fn each_code_is_good_once() {
        let codes = ten();
        let mut kept: Vec<[u8; 32]> = codes.iter().map(Code::hash).collect();
        for (n, code) in codes.iter().enumerate() {
            assert!(spend(&mut kept, &code.text()));
            assert!(!spend(&mut kept, &code.text()), "a second time");
            assert_eq!(kept.len(), CODES - 1 - n);
        }
    }

    #[test]
    fn a_code_is_read_however_it_was_copied() {
        let code = &ten()[0];
        let shown = code.text();
        assert_eq!(shown.len(), 29, "{}", *shown);
        let hash = Some(code.hash());
        assert_eq!(Code::read(&shown.to_lowercase().replace('-', " ")).map(|code| code.hash()), hash);
        assert_eq!(Code::read(&shown.replace('-', "")).map(|code| code.hash()), hash);
    }

    #[test]
    fn what_is_no_code_strikes_nothing() {
        let mut kept: Vec<[u8; 32]> = ten().iter().map(Code::hash).collect();
        let near = ten()[0].text().replacen(|c: char| c.is_ascii_uppercase(), "7", 1);
        for text in ["", "A", &near, &"A".repeat(24), &"A".repeat(10_000), "ÄÄÄÄ-ÄÄÄÄ-ÄÄÄÄ-ÄÄÄÄ-ÄÄÄÄ-ÄÄÄÄ"]
        {
            assert!(!spend(&mut kept, text), "{text}");
        }
        assert_eq!(kept.len(), CODES);
    }
}
