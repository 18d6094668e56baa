//! The sensor: reads frames, spools what they say to disk, sends it to the server until it is acknowledged.
//!
//! It transmits nothing to the networks it watches. A batch and how far its source was read go to the spool together,
//! so that after a crash reading goes on where the last durable batch ended.

mod progress;
mod send;
mod spool;

use super::{Stop, lasting_id, new_id};
use crate::config::Config;
use crate::io::read::{self, Go, InputError};
use crate::io::run;
use crate::io::sources::{self, Source};
use crate::role::places::{Places, secret};
use anyhow::Context as _;
use progress::Progress;
use spool::Spool;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wardlight_engine::{Batch, Gather};
use wardlight_model::Id;
use wardlight_model::journal::{BodyKind, FORMAT, encode};
use wardlight_store::segment::{self, Draft, LogError};

/// Kind of the records that only the spool knows: how far each source was read.
const PROGRESS: u16 = 0xff00;

/// What the sensor did, for whoever asks.
#[derive(Debug, Default, Clone)]
pub struct Tale {
    /// Frames read.
    pub frames: u64,
    /// Batches acknowledged.
    pub acknowledged: u64,
    /// Batches of flows that the server gave up, its disk being full.
    pub shed: u64,
    /// Sources that could not be read, or not to their end, in the order met.
    pub errors: Vec<String>,
    /// Whether everything named was read and acknowledged.
    pub is_idle: bool,
}

/// The sensor's spool and what it knows of its sources.
struct Reader<'a> {
    config: &'a Config,
    id: Id,
    spool: Arc<Spool>,
    progress: Progress,
    tale: Arc<Mutex<Tale>>,
    stop: &'a Stop,
}

/// Reads what the configuration names until `stop`; with `once`, until all of it is read and acknowledged.
/// Errors: the spool cannot be opened or written, no memory.
pub fn run(config: &Config, once: bool, stop: &Stop, tale: &Arc<Mutex<Tale>>) -> anyhow::Result<()> {
    let places = Places::of(config);
    let spool = Arc::new(Spool::open(&places.spool())?);
    let progress = Progress::last(spool.whole())?;
    let id = lasting_id(&places.spool().join("sensor.id"))?;
    let sender = send::start(&places.socket(), &spool, stop, tale)?;
    let mut reader = Reader { config, id, spool: Arc::clone(&spool), progress, tale: Arc::clone(tale), stop };
    while !stop.is_wanted() {
        let due = reader.due();
        let is_idle = due.is_empty() && spool.is_empty();
        for source in due {
            reader.read(&source)?;
        }
        lock(tale).is_idle = is_idle;
        if once && is_idle {
            return Ok(());
        }
        stop.wait(if once { Duration::from_millis(50) } else { Duration::from_secs(config.sensor.look_s) });
    }
    let _ = sender.join();
    Ok(())
}

pub(super) fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reader<'_> {
    /// The sources that were not read yet, or not to their end.
    fn due(&self) -> Vec<Source> {
        let named: Vec<PathBuf> =
            self.config.sensor.captures.iter().chain(&self.config.sensor.folders).cloned().collect();
        if named.is_empty() {
            return Vec::new();
        }
        let found = sources::expand(&named);
        // A watched folder may well be empty.
        for error in found.errors.iter().filter(|error| !matches!(error, InputError::NoCaptures(_))) {
            self.complain(&error.to_string());
        }
        let (there, missing): (Vec<Source>, Vec<Source>) = found.sources.into_iter().partition(Source::is_there);
        // It may appear later; until then there is nothing to wait for.
        for source in missing {
            self.complain(&format!("there is no {source}"));
        }
        there.into_iter().filter(|source| !self.progress.is_done(source.path())).collect()
    }

    /// Says what could not be read, once.
    fn complain(&self, error: &str) {
        let mut tale = lock(&self.tale);
        if !tale.errors.iter().any(|said| said == error) {
            eprintln!("wardlight: {error}");
            tale.errors.push(error.to_owned());
        }
    }

    fn read(&mut self, source: &Source) -> anyhow::Result<()> {
        let places = Places::of(self.config);
        let settings = run::settings(
            wardlight_model::Scope(self.config.sensor.scope),
            self.config.sensor.most_flows,
            &secret(&places.names_key())?,
        )?;
        let due_after = i64::try_from(self.config.sensor.flush_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        let mut gather = Gather::new(settings, due_after);
        let read_before = self.progress.packets(source.path());
        let (mut trouble, mut last) = (None, read_before);
        let outcome = read::frames(source, 0, |frame, _| {
            if frame.packet <= read_before {
                return Go::On;
            }
            last = frame.packet;
            if gather.frame(frame) {
                self.progress.reach(source.path(), last);
                lock(&self.tale).frames = gather.counts().0.frames;
                trouble = self.spool(gather.take(self.id, &[source.to_string()])).err();
            }
            if trouble.is_some() || self.stop.is_wanted() { Go::Stop } else { Go::On }
        });
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        if self.stop.is_wanted() {
            // What was spooled is kept; the rest is read again after the restart.
            return Ok(());
        }
        gather.finish();
        let packets = outcome.as_ref().copied().unwrap_or_default().max(last);
        if let Err(error) = outcome {
            self.complain(&error.to_string());
        }
        self.progress.finish(source.path(), packets);
        self.spool(gather.take(self.id, &[source.to_string()]))
    }

    /// Makes a batch durable together with how far its source was read. Waits while the spool is full.
    fn spool(&self, batch: Batch) -> anyhow::Result<()> {
        let mut drafts = Vec::with_capacity(3);
        for (kind, body) in [
            (BodyKind::Observations, batch.observations.as_ref().map(encode)),
            (BodyKind::Flows, batch.flows.as_ref().map(encode)),
        ] {
            if let Some(body) = body {
                drafts.push(draft(kind.number(), FORMAT, body)?);
            }
        }
        drafts.push(draft(PROGRESS, 1, self.progress.written()?)?);
        let most = self.config.sensor.spool_mib.saturating_mul(1 << 20);
        while !self.stop.is_wanted() {
            if self.spool.bytes() <= most {
                match self.spool.put(&drafts) {
                    Err(LogError::Full { .. }) => {}
                    outcome => return outcome.context("cannot write the sensor's spool"),
                }
            }
            self.stop.wait(Duration::from_millis(200));
        }
        Ok(())
    }
}

fn draft(kind: u16, version: u8, body: Vec<u8>) -> anyhow::Result<Draft> {
    let id = new_id()?;
    Ok(Draft { id: segment::Id(id.0), kind, version, is_vital: false, body })
}
