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
