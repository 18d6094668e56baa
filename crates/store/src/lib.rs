//! What must not be lost, on disk.
//!
//! In: journal records, changes of state, flows, ledger entries. Out: the same, after any crash. Nothing is
//! acknowledged before it is on disk; what cannot be written is refused, and said.

pub mod database;
pub mod history;
pub mod journal;
pub mod projection;
pub mod segment;
