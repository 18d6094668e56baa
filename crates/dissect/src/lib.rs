//! Frames in, flows and facts out.
//!
//! Pure: no I/O, no clock, no threads; time comes with the packets and memory for payload is lent. Everything is
//! bounded, what is dropped is counted, and no bytes whatever make it panic.

mod carried;
mod clock;
pub mod codec;
mod counts;
pub mod entry;
pub mod file;
pub mod flow;
pub mod lent;
pub mod link;
pub mod net;
mod output;
pub mod proto;
pub mod reader;
mod seeded;
mod sensor;
pub mod tally;
#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "golden cases are files")]
mod trial;
mod wipe;

pub use counts::Counts;
pub use output::{About, Context, Output, Part, Row, Sighting, Sink, Span};
pub use sensor::{Frame, Sensor, Settings};
pub use wipe::stack as wipe_stack;
