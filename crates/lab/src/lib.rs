//! The laboratory: what real devices would send, written from the public protocol specifications.
//!
//! An outsider: it knows nothing of how devices are recognised, and no rule of recognition is drawn from it. Its
//! patients are made up; in tests they are the canaries that must never be found again.

mod bytes;
mod network;
mod wire;


/// A capture of a ward.
#[must_use]
pub fn ward_capture() -> Vec<u8> {
    Vec::new()
}
