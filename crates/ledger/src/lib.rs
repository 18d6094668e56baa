//! A log that shows when it was tampered with.
//!
//! In: what people decided, approved, did and read, as [`Detail`]s, with `now`, keys and random salts. Out: bytes to store
//! ([`Log`]), signed [`Checkpoint`]s to print and to give away, [`Bundle`]s that prove single entries to others, and a
//! [`Verdict`] over any of it that anybody can reach offline ([`verify()`]).
//!
//! Every entry names the hash of the one before; their hashes are the leaves of a Merkle tree; checkpoints sign its root.
//! Alone, that shows every change by somebody who has not the signing key. What somebody can do who has it, or who takes
//! everything away, only an outside memory shows: a witness's file, a printed checkpoint, a pinned key. A verdict says
//! which of these it had, and what stays unknown without.
//!
//! Pure: no files, no clock, no randomness. Any bytes are fine.
//!
//! Source: RFC 9162 §2.1 (tree and proofs), C2SP signed-note, tlog-checkpoint and tlog-cosignature, RFC 8949 §4.2.1.

mod bundle;
mod cbor;
mod checkpoint;
mod entry;
mod hash;
mod key;
mod log;
mod note;
mod proof;
mod retention;
mod site;
mod tree;
mod verify;

pub use bundle::{Bundle, BundleError, Excerpt};
pub use cbor::DecodeError;
pub use checkpoint::{Checkpoint, origin};
pub use entry::{Attachment, Content, Detail, Entry, Header, Kind, LARGEST, Row};
pub use hash::Hash;
pub use key::{ParseKeyError, PublicKey, Signer};
pub use log::{Appended, Log, LogError};
pub use note::NoteError;
pub use proof::{Ask, Head, extends, includes, prove};
pub use retention::{FEWEST_YEARS, PurgeError, Retention, Tombstone};
pub use site::{ParseSiteError, Site};
pub use tree::Frontier;
pub use verify::{Fault, FindAttachment, Flaw, LiveRows, Memory, Surroundings, Unknown, Verdict, verify};
