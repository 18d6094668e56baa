//! The sensor: reads frames of files and interfaces, spools what they say to disk, sends it to the server until it is
//! acknowledged.
//!
//! It transmits nothing to the networks it watches. A batch and how far its source was read go to the spool together,
//! so that after a crash reading goes on where the last durable batch ended.

mod live;
mod progress;
mod send;
mod spool;
mod under_way;

use super::{Stop, lasting_id, new_id};
use crate::config::Config;
use crate::io::read::{self, Go, InputError};
use crate::io::run;
use crate::io::sources::{self, Source};
use crate::role::places::{Places, secret};
use anyhow::Context as _;
pub use live::Live;
use progress::Progress;
use spool::Spool;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
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
    /// Frames of interfaces that found no room.
    pub lost: u64,
    /// Batches acknowledged.
    pub acknowledged: u64,
    /// Batches of flows that the server gave up, its disk being full.
    pub shed: u64,
    /// Sources that could not be read, or not to their end, in the order met.
    pub errors: Vec<String>,
    /// Whether everything named was read and acknowledged.
    pub is_idle: bool,
}

/// The way to the spool: for the reader of files and those of interfaces.
struct Outbox<'a> {
    config: &'a Config,
    id: Id,
    spool: &'a Spool,
    /// What the spool holds of it: batches and progress go there together.
    progress: Mutex<Progress>,
    tale: &'a Mutex<Tale>,
    stop: &'a Stop,
}

/// Reads captures.
struct Reader<'a>(&'a Outbox<'a>);

/// Reads `live` interfaces and the files that the configuration names until `stop`; with `once`, until all files are read
/// and acknowledged. Errors: the spool cannot be opened or written, an interface is gone, no memory.
pub fn run(
    config: &Config,
    mut live: Vec<Live>,
    once: bool,
    stop: &Stop,
    tale: &Arc<Mutex<Tale>>,
) -> anyhow::Result<()> {
    let places = Places::of(config);
    // Closed before the rings are, which only go with the arguments: by the number of a ring, which the next file would
    // get, nothing can be written any more.
    let spool = Arc::new(Spool::open(&places.spool())?);
    let progress = Mutex::new(Progress::last(spool.whole())?);
    let id = lasting_id(&places.spool().join("sensor.id"))?;
    let sender = send::start(&places.socket(), &spool, stop, tale)?;
    let outbox = Outbox { config, id, spool: &spool, progress, tale, stop };
    if !under_way::recover(&outbox, &places.spool())? {
        // Everything shall end, and what the rings would begin to keep must not take the place of what is not told yet.
        let _ = sender.join();
        return Ok(());
    }
    thread::scope(|scope| {
        // Whoever ends for whatever reason ends all: an interface that nobody reads any more must not go unnoticed. Whoever
        // runs the sensor starts it again, with what it may not do any more here: open another ring.
        let mut listening = Vec::new();
        for live in &mut live {
            let listen = || {
                let _end = End(stop);
                live.read(&outbox)
            };
            let thread = thread::Builder::new().name("ring".to_owned()).spawn_scoped(scope, listen);
            listening.push(thread.inspect_err(|_| stop.now())?);
        }
        let outcome = {
            let _end = (!listening.is_empty()).then(|| End(stop));
            Reader(&outbox).run(once)
        };
        for thread in listening {
            thread.join().map_err(|_| anyhow::anyhow!("the reader of an interface ended"))??;
        }
        outcome
    })?;
    if stop.is_wanted() {
        let _ = sender.join();
    }
    Ok(())
}

/// Ends everything when it goes.
struct End<'a>(&'a Stop);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.now();
    }
}

pub(super) fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reader<'_> {
    /// Errors: the spool cannot be written, no memory.
    fn run(&self, once: bool) -> anyhow::Result<()> {
        let Outbox { config, stop, tale, spool, .. } = self.0;
        while !stop.is_wanted() {
            let due = self.due();
            let is_idle = due.is_empty() && spool.is_empty();
            for source in due {
                self.read(&source)?;
            }
            lock(tale).is_idle = is_idle;
            if once && is_idle {
                return Ok(());
            }
            stop.wait(if once { Duration::from_millis(50) } else { Duration::from_secs(config.sensor.look_s) });
        }
        Ok(())
    }

    /// The sources that were not read yet, or not to their end.
    fn due(&self) -> Vec<Source> {
        let named: Vec<PathBuf> =
            self.0.config.sensor.captures.iter().chain(&self.0.config.sensor.folders).cloned().collect();
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
        let progress = lock(&self.0.progress);
        there.into_iter().filter(|source| !progress.is_done(source.path())).collect()
    }

    /// Says what could not be read, once.
    fn complain(&self, error: &str) {
        let mut tale = lock(self.0.tale);
        if !tale.errors.iter().any(|said| said == error) {
            eprintln!("wardlight: {error}");
            tale.errors.push(error.to_owned());
        }
    }

    fn read(&self, source: &Source) -> anyhow::Result<()> {
        let Outbox { config, id, stop, .. } = *self.0;
        let settings = run::settings(
            wardlight_model::Scope(config.sensor.scope),
            config.sensor.most_flows,
            &secret(&Places::of(config).names_key())?,
        )?;
        let due_after = i64::try_from(config.sensor.flush_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        let mut gather = Gather::new(settings, due_after);
        let read_before = lock(&self.0.progress).packets(source.path());
        let (mut trouble, mut last, mut told) = (None, read_before, 0);
        let outcome = read::frames(source, 0, |frame, _| {
            if frame.packet <= read_before {
                return Go::On;
            }
            last = frame.packet;
            if gather.frame(frame) {
                let frames = gather.counts().0.frames;
                lock(self.0.tale).frames += frames - told;
                told = frames;
                let reached = |progress: &mut Progress| progress.reach(source.path(), last);
                trouble = self.0.put(&gather.take(id, &[source.to_string()]), reached).err();
            }
            if trouble.is_some() || stop.is_wanted() { Go::Stop } else { Go::On }
        });
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        if stop.is_wanted() {
            // What was spooled is kept; the rest is read again after the restart.
            return Ok(());
        }
        gather.finish();
        lock(self.0.tale).frames += gather.counts().0.frames - told;
        let packets = outcome.as_ref().copied().unwrap_or_default().max(last);
        if let Err(error) = outcome {
            self.complain(&error.to_string());
        }
        let batches = gather.take(id, &[source.to_string()]);
        self.0.put(&batches, |progress| progress.finish(source.path(), packets)).map(drop)
    }
}

impl Outbox<'_> {
    /// Makes batches durable together with how far their source was read, which `reached` notes. Waits while the spool is
    /// full, until everything shall end; whether they were written. Errors: they cannot be.
    fn put(&self, batches: &[Batch], reached: impl Fn(&mut Progress)) -> anyhow::Result<bool> {
        let mut drafts = Vec::with_capacity(2 * batches.len() + 1);
        for batch in batches {
            for (kind, body) in [
                (BodyKind::Observations, batch.observations.as_ref().map(encode)),
                (BodyKind::Flows, batch.flows.as_ref().map(encode)),
            ] {
                if let Some(body) = body {
                    drafts.push(draft(kind.number(), FORMAT, body)?);
                }
            }
        }
        let (parts, most) = (drafts.len(), self.config.sensor.spool_mib.saturating_mul(1 << 20));
        loop {
            if self.spool.bytes() <= most {
                // Every batch tells it, because records before it may be gone; no other comes between.
                let mut progress = lock(&self.progress);
                let mut next = progress.clone();
                reached(&mut next);
                drafts.truncate(parts);
                drafts.push(draft(PROGRESS, 1, next.written()?)?);
                match self.spool.put(&drafts) {
                    Err(LogError::Full { .. }) => {}
                    outcome => {
                        outcome.context("cannot write the sensor's spool")?;
                        *progress = next;
                        return Ok(true);
                    }
                }
            }
            if self.stop.is_wanted() {
                return Ok(false);
            }
            self.stop.wait(Duration::from_millis(200));
        }
    }
}

fn draft(kind: u16, version: u8, body: Vec<u8>) -> anyhow::Result<Draft> {
    let id = new_id()?;
    Ok(Draft { id: segment::Id(id.0), kind, version, is_vital: false, body })
}
