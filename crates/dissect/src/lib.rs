//! Frames in, flows and facts out.
//!
//! Pure: no I/O, no clock, no threads; time comes with the packets and memory for payload is lent. Everything is
//! bounded, what is dropped is counted, and no bytes whatever make it panic.

pub mod codec;
pub mod entry;
pub mod lent;
mod output;
pub mod proto;
pub mod reader;
#[cfg(test)]
mod trial;

pub use output::{About, Context, Output, Part, Row, Sighting, Sink, Span};
