//! The laboratory: what real devices would send, written from the public protocol specifications.
//!
//! An outsider: it knows nothing of how devices are recognised, and no rule of recognition is drawn from it. Its
//! patients are made up; in tests they are the canaries that must never be found again.

pub mod bulk;
mod bytes;
pub mod canary;
pub mod flood;
pub mod hospital;
mod medical;
mod network;
mod office;
mod packed;
mod snmp;
mod talk;
mod ward;
mod wire;

pub use ward::{PATIENT, ward_capture};
