//! Wiring of the stages. No I/O, no clock, no decisions of its own.
//!
//! [`Watch`] turns frames into devices at once, for a look at recordings. [`Site`] turns journal records into changes
//! of a site's lasting state, one [`step`](Site::step) at a time; [`Gather`] makes such records of a sensor's frames.

mod gather;
mod site;
mod watch;

pub use gather::{Batch, Gather};
pub use site::{Bounds, Effect, Entry, Held, Input, Outcome, Refusal, Settled, Settling, Site};
pub use watch::{Picture, Watch};
