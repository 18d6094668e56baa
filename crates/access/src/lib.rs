//! Who may do what, and how somebody shows who they are.
//!
//! In: what was asked, by whom, `now`, and random bytes. Out: a [`Verdict`] over one table of rights (`data/rights.toml`);
//! hashes to keep instead of passwords and tokens; whether a code, a session or an attempt holds. Nothing here keeps time,
//! makes chance or touches a disk; what is not named in the table is nobody's.
//!
//! Secrets have no `Debug`, `Display` or `Serialize`, and are wiped when they are dropped.
//!
//! Source: 45 CFR 164.312(a), (c) and (d); OWASP ASVS 5.0.0 V6 to V8 and V11.

mod action;
mod base32;
mod grant;
pub mod limit;
pub mod password;
pub mod recovery;
mod rights;
mod role;
pub mod seal;
pub mod session;
pub mod token;
pub mod totp;

pub use action::Action;
pub use grant::{Grant, GrantError, LONGEST_BOX, Reach, Verdict};
pub use rights::{Extent, Rights, RightsError};
pub use role::Role;

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};
    use std::marker::PhantomData;

    struct Probe<T>(PhantomData<T>);

    /// What holds of every type, unless a type's own constant of that name says otherwise.
    trait Silent {
        const SHOWS: bool = false;
        const DEBUGS: bool = false;
        const WRITES: bool = false;
    }

    impl<T> Silent for Probe<T> {}

    impl<T: Display> Probe<T> {
        const SHOWS: bool = true;
    }

    impl<T: Debug> Probe<T> {
        const DEBUGS: bool = true;
    }

    impl<T: serde::Serialize> Probe<T> {
        const WRITES: bool = true;
    }

    #[test]
    fn secrets_cannot_be_shown_or_written() {
        macro_rules! assert_silent {
            ($($secret:ty),*) => {$(
                let says = (Probe::<$secret>::SHOWS, Probe::<$secret>::DEBUGS, Probe::<$secret>::WRITES);
                assert_eq!(says, (false, false, false), stringify!($secret));
            )*};
        }
        assert_silent!(crate::session::Token, crate::token::ApiToken, crate::totp::Secret);
        assert_silent!(crate::recovery::Code, crate::seal::Key, crate::seal::Opened);
        assert_eq!((Probe::<String>::SHOWS, Probe::<String>::DEBUGS, Probe::<String>::WRITES), (true, true, true));
    }
}
