//! Codes that a second device shows, each good for half a minute and once.
//!
//! In: the secret that both share, the code as typed, `now`, and the step that was used last. Out: the step to keep as used,
//! or nothing. A code is taken one step early or late, and never for a step at or before the last used one.
//!
//! Source: RFC 6238 (SHA-1, 30 s, 6 digits, which every authenticator shows), RFC 4226 §5.3; Google's Key Uri Format.

use crate::base32;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use std::fmt::Write as _;
use subtle::ConstantTimeEq as _;
use wardlight_model::Time;
use zeroize::{Zeroize as _, Zeroizing};

/// Seconds in one step.
pub const STEP: i64 = 30;
const DIGITS: usize = 6;

/// What the two devices share: 160 random bits. Sealed at rest; shown once.
pub struct Secret(Zeroizing<[u8; 20]>);

impl Secret {
    /// Made of random bytes, or of those that were sealed.
    #[must_use]
    pub fn new(mut bytes: [u8; 20]) -> Self {
        let secret = Self(Zeroizing::new(bytes));
        bytes.zeroize();
        secret
    }

    /// Its bytes, only to seal them.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// As it is typed into a device that has no camera: base 32, in groups of four.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(grouped(&Zeroizing::new(base32::written(&*self.0)), ' '))
    }

    /// As a QR code holds it, under the name of the house and of the account.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let (issuer, account) = (percent(issuer), percent(account));
        let secret = Zeroizing::new(base32::written(&*self.0));
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP}",
            *secret
        ))
    }
}

/// The step to keep as used when `code` is right at `now` and newer than `last_step`; none when it is not. Spaces in the
/// code do not count.
#[must_use]
pub fn verify(secret: &Secret, code: &str, now: Time, last_step: Option<u64>) -> Option<u64> {
    let typed: Zeroizing<String> =
        Zeroizing::new(code.chars().filter(|c| !c.is_whitespace()).take(DIGITS + 1).collect());
    let current = u64::try_from(now.micros().div_euclid(STEP * 1_000_000)).ok()?;
    let steps = [current.checked_sub(1), Some(current), current.checked_add(1)];
    let mut found = None;
    for step in steps.into_iter().flatten() {
        let shown = Zeroizing::new(format!("{:0DIGITS$}", truncated(secret, step) % 1_000_000));
        let is_right = bool::from(shown.as_bytes().ct_eq(typed.as_bytes()));
        if is_right && last_step.is_none_or(|last| step > last) {
            found = found.or(Some(step));
        }
    }
    found
}

/// The number that a code is the end of (RFC 4226 §5.3).
fn truncated(secret: &Secret, step: u64) -> u32 {
    let mut mac = Hmac::<Sha1>::new_from_slice(&*secret.0).expect("HMAC takes keys of every length");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = hash.last().map_or(0, |byte| usize::from(byte & 0x0f));
    let bytes = hash.get(at..at + 4).and_then(|four| four.try_into().ok()).unwrap_or_default();
    u32::from_be_bytes(bytes) & 0x7fff_ffff
}

/// `text` in groups of four with `between`.
pub(crate) fn grouped(text: &str, between: char) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for (at, c) in text.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            out.push(between);
        }
        out.push(c);
    }
    out
}

/// `text` as a part of a URI (RFC 3986 §2.3): all but unreserved characters escaped.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a string takes every text");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new(*b"12345678901234567890")
    }

    /// RFC 6238, appendix B, SHA-1: seconds, and the eight digits, of which we show the last six.
    const VECTORS: &[(i64, &str, &str)] = &[
        (59, "94", "287 082"),
        (1_111_111_109, "07", "081 804"),
        (1_111_111_111, "14", "050 471"),
        (1_234_567_890, "89", "005 924"),
        (2_000_000_000, "69", "279 037"),
        (20_000_000_000, "65", "353 130"),
    ];

    #[test]
    fn the_vectors_of_rfc_6238() {
        for (seconds, front, code) in VECTORS {
            let step = u64::try_from(seconds / STEP).unwrap();
            let plain = code.replace(' ', "");
            assert_eq!(format!("{:08}", truncated(&secret(), step) % 100_000_000), format!("{front}{plain}"));
            for typed in [*code, &plain] {
                assert_eq!(verify(&secret(), typed, Time::from_seconds(*seconds), None), Some(step), "{typed}");
            }
        }
    }

    #[test]
    fn a_code_holds_one_step_early_and_late_and_no_longer() {
        let (step, code) = (37_037_036, "081804");
        let at = |step: i64, code: &str| verify(&secret(), code, Time::from_seconds(step * STEP), None);
        for offset in [-1, 0, 1] {
            assert_eq!(at(step + offset, code), Some(37_037_036));
        }
        assert_eq!(at(step - 2, code), None);
        assert_eq!(at(step + 2, code), None);
        let last = Time::from_micros((step + 2) * STEP * 1_000_000 - 1);
        assert_eq!(verify(&secret(), code, last, None), Some(37_037_036), "until the last moment of the next step");
    }

    #[test]
    fn a_used_step_and_all_before_it_are_never_taken_again() {
        let now = Time::from_seconds(1_111_111_109);
        let used = verify(&secret(), "081804", now, None);
        assert_eq!(verify(&secret(), "081804", now, used), None);
        assert_eq!(verify(&secret(), "081804", now, used.map(|step| step + 1)), None, "an older one");
        assert_eq!(verify(&secret(), "081804", now, used.map(|step| step - 1)), used);
    }

    #[test]
    fn what_is_no_code_is_wrong() {
        let now = Time::from_seconds(59);
        for code in ["", "28708", "2870820", "94287082", "287083", "２８７０８２", "-28708"] {
            assert_eq!(verify(&secret(), code, now, None), None, "{code}");
        }
        assert_eq!(verify(&secret(), "287082", Time::from_seconds(-59), None), None);
        assert_eq!(verify(&secret(), "287082", Time::from_micros(i64::MAX), None), None);
    }

    #[test]
    fn a_secret_is_shown_as_authenticators_read_it() {
        assert_eq!(*secret().text(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(
            *secret().uri("St. Mary's: Ward", "ada@example.org"),
            "otpauth://totp/St.%20Mary%27s%3A%20Ward:ada%40example.org\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=St.%20Mary%27s%3A%20Ward&algorithm=SHA1&digits=6&period=30"
        );
    }
}
