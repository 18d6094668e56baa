//! What stands before and after the figures.

use super::clock::{Clock, peak};
use super::sight::Sight;
use super::{Case, Plan};
use std::fmt::Write as _;

/// What was looked at.
pub fn beginning(out: &mut String, plan: &Plan, sight: &Sight, case: &Case<'_>) {
    let _ = writeln!(
        out,
        "hospital {} of seed {}, watched for {} hours: {} frames, {:.2} GB, {} facts",
        plan.size,
        plan.seed,
        plan.hours,
        sight.frames,
        gigabytes(sight.bytes),
        sight.tally.facts().len()
    );
    for book in case.books {
        let tally = book.tally;
        let _ = writeln!(
            out,
            "  {}: {} rows, {} accepted, {} mended, {} set aside, {} records",
            book.name,
            book.rows,
            tally.accepted,
            tally.mended,
            tally.set_aside,
            book.records.len()
        );
    }
}

/// What each stage took.
pub fn times(out: &mut String, clock: &Clock) {
    let _ = writeln!(out, "stages, seconds by the clock and of the processor");
    for stage in &clock.stages {
        let _ = writeln!(out, "  {:<32}{:8.2}{:8.2}", stage.name, stage.seconds, stage.cpu);
    }
    let _ = writeln!(out, "  most memory in use: {}", peak());
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
const fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}
