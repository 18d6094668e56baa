//! One run: captures in, a watch that has seen them out, with what could not be read.

use super::dump;
use super::read::{self, Go, InputError};
use super::sources::{self, Source};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;
use wardlight_capture::Mapping;
use wardlight_dissect::Settings;
use wardlight_dissect::codec::keyed::PrivacyKey;
use wardlight_dissect::tally::Listener;
use wardlight_engine::Watch;
use wardlight_model::Scope;

/// Lent memory for incomplete messages, in bytes.
const MESSAGES: usize = 256 << 20;
/// Lent memory for segments that wait for others, in bytes.
const WAITING: usize = 64 << 20;
/// Lent memory for fragments that wait for others, in bytes.
const PIECES: usize = 16 << 20;
/// Longest compressed message body that is read, in unpacked bytes.
const UNPACKED: usize = 512 << 10;
/// Most conversations at one time.
const FLOWS: usize = 1_000_000;
/// Frames between two updates of the progress bar.
const STRIDE: u64 = 16_384;

/// The packet after which the test of core dumps may stop, with packets before and behind it in memory.
const MIDWAY: u64 = 5000;

/// A watch that has seen captures.
pub struct Run {
    /// The watch, its conversations ended.
    pub watch: Watch,
    /// What could not be read, in the order met.
    pub errors: Vec<InputError>,
    /// Captures of which at least the beginning was read.
    pub read: usize,
}

/// Reads every capture in turn, showing progress on a terminal; flows and records go to `listener`. Errors: no memory
/// or no randomness; captures that cannot be read are noted in [`Run::errors`].
pub fn read(sources: &[Source], listener: &mut dyn Listener) -> anyhow::Result<Run> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let mut run = Run { watch: Watch::new(settings(Scope(0), FLOWS, &secret)?), errors: Vec::new(), read: 0 };
    let bar = progress(sources::total(sources));
    let mut before = 0;
    for (number, source) in (0..).zip(sources) {
        let mut reached = 0;
        let outcome = read::frames(source, number, |frame, at| {
            reached = at;
            run.watch.frame(frame, listener);
            if frame.packet == MIDWAY {
                dump::at("midway");
            }
            if frame.packet.is_multiple_of(STRIDE) {
                bar.set_position(before + at);
                bar.set_message(format!("{}: packet {}, {} facts", source, frame.packet, run.watch.facts()));
            }
            Go::On
        });
        before += reached;
        let empty = matches!(outcome, Err(InputError::Empty(_) | InputError::Stream(_)));
        run.read += usize::from(!empty);
        run.errors.extend(outcome.err());
    }
    dump::at("read");
    run.watch.finish(listener);
    dump::at("finished");
    bar.finish_and_clear();
    Ok(run)
}

/// What a sensor is given: memory, chance, and the `secret` that hides names of people. Errors: no memory or no
/// randomness.
pub fn settings(scope: Scope, flows: usize, secret: &[u8; 32]) -> anyhow::Result<Settings> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed)?;
    Ok(Settings {
        scope,
        flows,
        seed: u64::from_le_bytes(seed),
        key: PrivacyKey::new(secret),
        messages: Box::new(Mapping::new(MESSAGES)?),
        waiting: Box::new(Mapping::new(WAITING)?),
        pieces: Box::new(Mapping::new(PIECES)?),
        scratch: Box::new(Mapping::new(UNPACKED)?),
    })
}

fn progress(total: Option<u64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, shape) = match total {
        Some(total) => (ProgressBar::new(total), "{bar:30} {percent:>3} % {eta} left  {wide_msg}"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes}  {wide_msg}"),
    };
    bar.with_style(ProgressStyle::with_template(shape).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
