//! Streams whose two directions know nothing of each other: each is read by a lane of its own.
//!
//! In: what a [`Parser`] is given. Out: the same, handed to the lane of the side that sent it.

use crate::Output;
use crate::entry::{Parser, Step};
use wardlight_model::Side;

/// Reads one direction of a stream.
pub trait Lane: Default + Send {
    /// Reads what was not yet taken, as [`Parser::read`] does.
    fn read(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Step;

    /// The direction ends; `bytes` is what was never taken.
    fn end(&mut self, bytes: &[u8], out: &mut Output<'_>);

    /// Bytes were lost, and what was held before them is gone: goes on with what comes behind them.
    fn lose(&mut self);
}

/// Both directions of a stream.
#[derive(Debug, Default)]
pub struct Lanes<L>([L; 2]);

impl<L: Lane> Lanes<L> {
    fn of(&mut self, side: Side) -> &mut L {
        side.of(self.0.each_mut())
    }
}

impl<L: Lane> Parser for Lanes<L> {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        self.of(side).read(bytes, out)
    }

    fn end(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        self.of(side).end(bytes, out);
    }

    fn gap(&mut self, side: Side, _lost: u64) -> bool {
        self.of(side).lose();
        true
    }
}
