//! One run: captures in, a watch that has seen them out, with what could not be read.

use super::dump;
use super::key;
use super::read::{self, Go, InputError, Print};
use super::sources::{self, Source};
use clap::builder::RangedU64ValueParser;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;
use std::path::PathBuf;
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

/// How captures are read, as the command line has it.
#[derive(clap::Args)]
pub struct Reading {
    /// The file of the key under which names of people are hashed: 32 random bytes with mode 0600, made when there is no
    /// such file. Without it the hashes of this run can be compared with those of no other.
    #[arg(long, value_name = "FILE")]
    privacy_key: Option<PathBuf>,
    /// Most conversations followed at one time; beyond it others are reported early. Each open one may cost kilobytes.
    #[arg(long, value_name = "NUMBER", default_value_t = FLOWS,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=1 << 32))]
    most_flows: usize,
    /// Whether the captures are read a second time, so that it must be known whether they changed.
    #[arg(skip)]
    twice: bool,
}

/// A watch that has seen captures.
pub struct Run {
    /// The watch, its conversations ended.
    pub watch: Watch,
    /// What could not be read, in the order met.
    pub errors: Vec<InputError>,
    /// Of each capture, what tells whether a second reading gives the same; empty when there is none.
    pub prints: Vec<Print>,
    /// Captures of which at least the beginning was read.
    pub read: usize,
}

/// Reads every capture in turn, showing progress on a terminal; flows and records go to `listener`. Errors: no memory
/// or no randomness; captures that cannot be read are noted in [`Run::errors`].
pub fn read(sources: &[Source], reading: &Reading, listener: &mut dyn Listener) -> anyhow::Result<Run> {
    let mut run = Run { watch: Watch::new(reading.settings()?), errors: Vec::new(), prints: Vec::new(), read: 0 };
    let bar = progress(sources::total(sources));
    let mut before = 0;
    for (number, source) in (0..).zip(sources) {
        let (mut reached, mut print) = (0, Print::default());
        let outcome = read::frames(source, number, |frame, at| {
            reached = at;
            if reading.twice {
                print.add(frame);
            }
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
        run.prints.extend(reading.twice.then_some(print));
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

impl Reading {
    /// The same, when the captures will be read a second time.
    pub fn twice(self) -> Self {
        Self { twice: true, ..self }
    }

    fn settings(&self) -> anyhow::Result<Settings> {
        settings(Scope(0), self.most_flows, &self.secret()?)
    }

    fn secret(&self) -> anyhow::Result<[u8; 32]> {
        let Some(path) = &self.privacy_key else {
            let mut secret = [0; 32];
            getrandom::fill(&mut secret)?;
            return Ok(secret);
        };
        let (secret, is_new) = key::read_or_make(path)?;
        if is_new {
            eprintln!(
                "wardlight: made the privacy key {}: only runs with this very file can be compared",
                path.display()
            );
        }
        Ok(secret)
    }
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
