//! Bytes of captures, in memory that is lent and never dumped.
//!
//! Files and standard input, plain or compressed, come out as bytes in the caller's buffer. Payload lives only in
//! [`Mapping`]s: pages that no core dump holds and that the kernel clears when they go. Nothing here sends.

mod apart;
mod gzip;
mod harden;
mod mapping;
mod stream;
mod zstd;

pub use apart::apart;
pub use harden::{forbid_core_dumps, permit_core_dumps};
pub use mapping::Mapping;
pub use stream::{Compression, Stream, StreamError};
