//! Passwords: which are refused, what is kept of them, whether one is right.
//!
//! In: the password as typed, byte for byte, and random salt. Out: an Argon2id hash that names its own cost, so that the
//! cost can be raised later and old hashes still be checked. A password need not mix kinds of characters; it is long, and
//! nobody's first guess.
//!
//! Source: OWASP Password Storage Cheat Sheet (Argon2id, 19 MiB, 2 passes, 1 lane), RFC 9106 §4, OWASP ASVS 5.0.0 V6.2,
//! NIST SP 800-63B-4 §3.1.1.

mod guess;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

/// Fewest characters of a password.
pub const SHORTEST: usize = 12;
/// Most characters of a password.
pub const LONGEST: usize = 128;

/// What a hash costs now: memory in KiB, passes over it, lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// The costliest hash that is checked at all: nobody else writes hashes, and a damaged one must not take all memory.
const COSTLIEST: (u32, u32, u32) = (1 << 20, 16, 16);
/// What takes the time of a check when there is no account to check against.
const NOBODYS_SALT: [u8; 16] = [0; 16];

/// Why a password is not taken. Says nothing of the password but its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is too short.
    #[error("it has {0} characters and needs {SHORTEST}: three or four words of your own are easy to keep in mind")]
    Short(usize),
    /// It is too long.
    #[error("it has {0} characters and may have {LONGEST}")]
    Long(usize),
    /// It holds the name of the account.
    #[error("it holds the name of the account: leave that out")]
    Account,
    /// It holds the name of this product.
    #[error("it holds the name of this product: leave that out")]
    Product,
    /// It is among the first that are guessed.
    #[error("it is among the first that are guessed: take words that do not stand together, or add to it")]
    Guessed,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// It is not the password, or the hash is none of ours.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password, and its hash costs less than it should: hash it anew and keep that.
    RightAndOutdated,
}

/// What is kept of the password `text` of the account called `account`: a PHC string. Takes about 19 MiB and some ten
/// milliseconds: not on a thread that answers requests.
///
/// # Errors
/// [`Refused`] when it is too short, too long or easily guessed.
pub fn hash(text: &str, account: &str, salt: [u8; 16]) -> Result<String, Refused> {
    check(text, account)?;
    Ok(hashed(text, &salt))
}

/// Whether `text` may be a password of the account called `account`.
///
/// # Errors
/// [`Refused`] when it is too short, too long or easily guessed.
pub fn check(text: &str, account: &str) -> Result<(), Refused> {
    let has = text.chars().count();
    let refused = if has < SHORTEST {
        Refused::Short(has)
    } else if has > LONGEST {
        Refused::Long(has)
    } else if guess::holds_name(text, account) {
        Refused::Account
    } else if guess::holds_name(text, "wardlight") {
        Refused::Product
    } else if guess::is_easy(text) {
        Refused::Guessed
    } else {
        return Ok(());
    };
    Err(refused)
}

/// Whether `text` is the password that `kept` was made of by [`hash`]. Costs what that cost.
#[must_use]
pub fn verify(text: &str, kept: &str) -> Verified {
    if text.chars().count() > LONGEST {
        return Verified::Wrong;
    }
    let Some((hash, params)) = read(kept) else { return Verified::Wrong };
    if Argon2::default().verify_password(text.as_bytes(), &hash).is_err() {
        return Verified::Wrong;
    }
    if is_outdated(&params) { Verified::RightAndOutdated } else { Verified::Right }
}

/// Takes as long as [`verify`], for an account that there is not: the time of an answer then says nothing.
pub fn verify_nobodys(text: &str) {
    if text.chars().count() <= LONGEST {
        std::hint::black_box(hashed(std::hint::black_box(text), &NOBODYS_SALT));
    }
}

fn hashed(text: &str, salt: &[u8; 16]) -> String {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, Some(32)).expect("the cost is within Argon2's limits");
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash =
        argon.hash_password_with_salt(text.as_bytes(), salt).expect("16 bytes are a salt, 128 characters no limit");
    hash.to_string()
}

/// A kept hash and its cost; none when it is not Argon2id of the present version or beyond [`COSTLIEST`].
fn read(kept: &str) -> Option<(PasswordHash, Params)> {
    let hash = PasswordHash::new(kept).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let is_ours = hash.algorithm.as_str() == "argon2id" && hash.version == Some(Version::V0x13.into());
    let (memory, passes, lanes) = COSTLIEST;
    let is_bearable = params.m_cost() <= memory && params.t_cost() <= passes && params.p_cost() <= lanes;
    (is_ours && is_bearable).then_some((hash, params))
}

const fn is_outdated(params: &Params) -> bool {
    let (memory, passes, _) = COST;
    params.m_cost() < memory || params.t_cost() < passes
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "kettle orbit 7 marzipan";

    fn cheap(text: &str, memory: u32, passes: u32) -> String {
        let params = Params::new(memory, passes, 1, Some(32)).unwrap();
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon.hash_password_with_salt(text.as_bytes(), &[9; 16]).unwrap().to_string()
    }

    #[test]
    fn a_password_is_right_and_any_other_wrong() {
        let kept = hash(GOOD, "ada", [7; 16]).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_eq!(verify(GOOD, &kept), Verified::Right);
        assert_eq!(verify("kettle orbit 7 marzipaN", &kept), Verified::Wrong);
        assert_eq!(verify("", &kept), Verified::Wrong);
        assert_ne!(hash(GOOD, "ada", [8; 16]).unwrap(), kept, "another salt, another hash");
    }

    #[test]
    fn spaces_marks_and_any_script_are_taken_as_typed() {
        let text = " пароль  日本語 ñandú \u{1f511} ";
        let kept = hash(text, "ada", [7; 16]).unwrap();
        assert_eq!(verify(text, &kept), Verified::Right);
        assert_eq!(verify(text.trim(), &kept), Verified::Wrong);
    }

    #[test]
    fn a_hash_that_costs_less_than_now_is_made_anew() {
        assert_eq!(verify(GOOD, &cheap(GOOD, 1024, 2)), Verified::RightAndOutdated);
        assert_eq!(verify(GOOD, &cheap(GOOD, 19 * 1024, 1)), Verified::RightAndOutdated);
        assert_eq!(verify("another one", &cheap(GOOD, 1024, 2)), Verified::Wrong);
    }

    #[test]
    fn a_hash_that_is_none_of_ours_opens_nothing() {
        let kept = cheap(GOOD, 64, 1);
        let memory = kept.replace("m=64", "m=4294967295");
        let old = kept.replace("argon2id", "argon2i");
        for kept in ["", "x", "$argon2id$", GOOD, &memory, &old, &kept.replace("v=19", "v=16")] {
            assert_eq!(verify(GOOD, kept), Verified::Wrong, "{kept}");
        }
        assert_eq!(verify(GOOD, &kept), Verified::RightAndOutdated, "the one they were made from is");
    }

    #[test]
    fn a_damaged_hash_does_not_take_all_memory() {
        let kept = cheap(GOOD, 64, 1);
        let with = |from: &str, to: &str| read(&kept.replace(from, to)).is_some();
        assert!(with("m=64", "m=1048576") && !with("m=64", "m=1048577"));
        assert!(with("t=1", "t=16") && !with("t=1", "t=17"));
        assert!(with("p=1", "p=8") && !with("m=64,t=1,p=1", "m=1024,t=1,p=17"));
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(check("elevenchars", "ada"), Err(Refused::Short(11)));
        assert_eq!(check(&"é".repeat(11), "ada"), Err(Refused::Short(11)));
        assert_eq!(check("twelve chars", "ada"), Ok(()));
        let long: String = "kettle orbit ".chars().cycle().take(128).collect();
        assert_eq!(check(&long, "ada"), Ok(()));
        assert_eq!(check(&format!("{long}x"), "ada"), Err(Refused::Long(129)));
        assert_eq!(verify(&format!("{long}x"), &cheap(&format!("{long}x"), 64, 1)), Verified::Wrong);
    }

    #[test]
    fn names_and_first_guesses_are_refused() {
        assert_eq!(check("my Lovelace-2026 x", "lovelace"), Err(Refused::Account));
        assert_eq!(check("kettle lovelace 7", "lovelace@example.org"), Err(Refused::Account));
        assert_eq!(check("theWardLight2026!", "ada"), Err(Refused::Product));
        assert_eq!(check("Password1234", "ada"), Err(Refused::Guessed));
        assert_eq!(hash("Password1234", "ada", [7; 16]), Err(Refused::Guessed));
    }

    #[test]
    fn a_refusal_does_not_repeat_the_password() {
        for text in ["Password1234", "hunter", "ada lovelace 1815"] {
            let refused = check(text, "lovelace").unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains(text));
        }
    }
}
