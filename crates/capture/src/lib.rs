//! Bytes of captures and frames of interfaces, in memory that is lent and never dumped.
//!
//! Files and standard input, plain or compressed, come out as bytes in the caller's buffer; frames where the kernel wrote
//! them. Payload lives only in [`Mapping`]s and [`Ring`]s: pages that no core dump holds and that the kernel clears when
//! they go. Nothing here sends.

mod apart;
mod gzip;
mod harden;
mod mapping;
mod ring;
mod stream;
mod zstd;

pub use apart::apart;
pub use harden::{forbid_core_dumps, permit_core_dumps};
pub use mapping::Mapping;
pub use ring::{Caught, Received, Ring, RingError, RingSettings};
pub use stream::{Compression, Stream, StreamError};
