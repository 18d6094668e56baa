//! The outlets: each follows the log of events by itself, and keeps how far it came.
//!
//! In: the log, a way to carry one event. Out: each event in order, at least once, tried again with growing pauses for a day;
//! what is older then, or more than is kept, is given up and counted. An outlet that hangs holds up no other.

use super::kept::File;
use super::pace::pause;
use super::syslog::Collector;
use super::webhook::Hook;
use super::{Event, Kind, Watch};
use crate::config::Config;
use crate::io::file::{sweep, write_durably};
use crate::role::places::{Places, make_folder};
use crate::role::{Stop, now};
use anyhow::Context as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::runtime::Handle;
use wardlight_model::Id;
use wardlight_store::journal::{Follower, Journal, Options};
use wardlight_store::segment;
use wardlight_web::house::Outlet as Standing;

/// How long an event is tried, in microseconds.
const TRIED: i64 = 24 * 3600 * 1_000_000;
/// Most events that wait for one outlet.
const MOST: u64 = 50_000;
/// Bytes of one file of the log, and of what is set aside for when the disk is full.
const SEGMENT: u64 = 1 << 20;
/// How long an event is waited for before it is looked whether to stop.
const LOOK: Duration = Duration::from_millis(500);
/// Events after which files of the log that everybody is past are deleted.
const STRIDE: u64 = 256;

/// Why an event was not carried.
#[derive(Debug)]
pub struct Failure {
    /// In words.
    pub what: String,
    /// How long the other side asks to be left alone.
    pub asked: Option<Duration>,
}

/// A way to carry events.
pub trait Carrier: Send {
    /// Carries one, the log's number `sequence`. Errors: it may not have arrived.
    fn carry(&mut self, event: &Event, sequence: u64) -> Result<(), Failure>;
}

/// How each outlet stands, for whoever asks.
#[derive(Clone, Default)]
pub struct Telling(Arc<Mutex<Vec<Standing>>>);

impl Telling {
    /// How each stands now.
    pub fn now(&self) -> Vec<Standing> {
        self.all().clone()
    }

    fn all(&self) -> MutexGuard<'_, Vec<Standing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The form of a section, its name, the events it asks for, and what carries them.
type Named<'a> = (&'static str, &'a str, &'a [String], Box<dyn Carrier>);

/// All outlets of a configuration.
#[derive(Default)]
pub struct Outlets {
    journal: Option<Journal>,
    threads: Vec<JoinHandle<()>>,
    telling: Telling,
}

impl Outlets {
    /// Starts an outlet for each section, and gives who notices events for them; `durable` is the last record of the
    /// server's journal. Errors: a secret or certificate cannot be used, or the log cannot be opened.
    pub fn start(config: &Config, runtime: &Handle, durable: u64, stop: &Stop) -> anyhow::Result<(Self, Watch)> {
        let mut carriers: Vec<Named<'_>> = Vec::new();
        for hook in &config.webhooks {
            carriers.push(("webhook", &hook.name, &hook.events, Box::new(Hook::of(hook, runtime, stop)?)));
        }
        for syslog in &config.syslogs {
            carriers.push(("syslog", &syslog.name, &syslog.events, Box::new(Collector::of(syslog)?)));
        }
        if carriers.is_empty() {
            return Ok(<(Self, Watch)>::default());
        }
        let folder = Places::of(config).events();
        make_folder(&folder).with_context(|| folder.display().to_string())?;
        let log = segment::Options { segment_bytes: SEGMENT, reserve_bytes: SEGMENT };
        let options = Options { log, queue_bytes: 1 << 20, ..Options::default() };
        let journal = Journal::open(&folder.join("log"), options).context("cannot open the log of events")?;
        let watch = Watch::over(journal.clone(), File::open(&folder.join("noticed.json"), durable), now())?;
        let cursors: Arc<Vec<AtomicU64>> = Arc::new(carriers.iter().map(|_| AtomicU64::default()).collect());
        let telling = Telling::default();
        let mut outlets = Vec::new();
        for (place, (form, name, events, carrier)) in carriers.into_iter().enumerate() {
            let path = folder.join(format!("{form}-{name}.json"));
            let kinds = events.iter().filter_map(|name| Kind::named(name)).collect();
            let progress = Progress::open(path, &journal);
            cursors.iter().skip(place).take(1).for_each(|own| own.store(progress.reached, Ordering::SeqCst));
            telling.all().push(Standing { name: name.to_owned(), form, ..Standing::default() });
            outlets.push(Outlet {
                journal: journal.clone(),
                carrier,
                kinds,
                progress,
                place,
                cursors: Arc::clone(&cursors),
                telling: telling.clone(),
                stop: stop.clone(),
            });
        }
        let spawn = |mut outlet: Outlet| thread::Builder::new().name("outlet".to_owned()).spawn(move || outlet.run());
        let threads = outlets.into_iter().map(spawn).collect::<Result<_, _>>()?;
        Ok((Self { journal: Some(journal), threads, telling }, watch))
    }

    /// How each stands.
    pub fn telling(&self) -> Telling {
        self.telling.clone()
    }

    /// Waits until all have ended, which begins with the server's stop.
    pub fn end(self) {
        self.threads.into_iter().for_each(|thread| drop(thread.join()));
        if let Some(journal) = self.journal {
            journal.close();
        }
    }
}

/// How far an outlet came.
#[derive(serde::Serialize, serde::Deserialize)]
struct Progress {
    /// The last event that it is done with.
    reached: u64,
    /// Events told.
    told: u64,
    /// Events given up.
    given_up: u64,
    #[serde(skip)]
    path: PathBuf,
}

impl Progress {
    /// As it is kept at `path`; one that is new begins behind what was noticed until now.
    fn open(path: PathBuf, journal: &Journal) -> Self {
        sweep(&path);
        let status = journal.status();
        let read = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Self>(&text).ok());
        let kept = read.unwrap_or(Self { reached: status.durable, told: 0, given_up: 0, path: PathBuf::new() });
        let oldest = status.first.saturating_sub(1).min(status.durable);
        let progress = Self { reached: kept.reached.clamp(oldest, status.durable), path, ..kept };
        progress.keep();
        progress
    }

    fn keep(&self) {
        // Not kept, some are told again under their old ids.
        let written = serde_json::to_vec(self).map_err(std::io::Error::other);
        if let Err(error) = written.and_then(|text| write_durably(&self.path, &text)) {
            eprintln!("wardlight: {}: {error}", self.path.display());
        }
    }
}

/// One way out.
struct Outlet {
    journal: Journal,
    carrier: Box<dyn Carrier>,
    /// What to tell; empty for all.
    kinds: Vec<Kind>,
    progress: Progress,
    place: usize,
    cursors: Arc<Vec<AtomicU64>>,
    telling: Telling,
    stop: Stop,
}

impl Outlet {
    fn run(&mut self) {
        let mut follower = self.journal.follow(self.progress.reached + 1);
        self.show("");
        while !self.stop.is_wanted() {
            if let Some(behind) = self.too_many() {
                self.give_up(behind);
                follower = self.journal.follow(self.progress.reached + 1);
            }
            if let Some((sequence, event)) = self.next(&mut follower) {
                self.tell(sequence, event.as_ref());
            }
        }
    }

    /// The next event; none of it when a later version wrote it.
    fn next(&mut self, follower: &mut Follower) -> Option<(u64, Option<Event>)> {
        match follower.next(LOOK) {
            Ok(Some(record)) => Some((record.sequence, Event::read(Id(record.id.0), &record.body))),
            Ok(None) => None,
            Err(error) => {
                eprintln!("wardlight: the log of events: {error}");
                self.stop.wait(LOOK);
                None
            }
        }
    }

    /// Tells one event, however long it takes, unless it becomes too old or too many wait behind it.
    fn tell(&mut self, sequence: u64, event: Option<&Event>) {
        let wanted = event.filter(|event| self.kinds.is_empty() || self.kinds.contains(&event.kind));
        let Some(event) = wanted else { return self.reach(sequence, "") };
        let mut failures = 0;
        while !self.stop.is_wanted() {
            let Failure { what, asked } = match self.carrier.carry(event, sequence) {
                Ok(()) => {
                    self.progress.told += 1;
                    return self.reach(sequence, "");
                }
                Err(_) if self.stop.is_wanted() => return,
                Err(failure) => failure,
            };
            failures += 1;
            if now().since(event.at) > TRIED {
                self.progress.given_up += 1;
                return self.reach(sequence, &what);
            }
            if failures == 1 {
                eprintln!("wardlight: {} cannot be told, and is tried again for a day: {what}", self.called());
            }
            self.show(&what);
            let mut chance = [0];
            let _ = getrandom::fill(&mut chance);
            self.stop.wait(pause(failures, chance[0], asked));
            if self.too_many().is_some() {
                return;
            }
        }
    }

    fn called(&self) -> String {
        let all = self.telling.all();
        all.get(self.place).map(|own| format!("{} `{}`", own.form, own.name)).unwrap_or_default()
    }

    /// How many events are beyond what is kept.
    fn too_many(&self) -> Option<u64> {
        let waiting = self.journal.status().durable.saturating_sub(self.progress.reached);
        waiting.checked_sub(MOST).filter(|beyond| *beyond > 0)
    }

    fn give_up(&mut self, count: u64) {
        self.progress.given_up += count;
        self.reach(self.progress.reached + count, "too many events waited: the oldest are given up");
    }

    /// Is done with all up to `sequence`.
    fn reach(&mut self, sequence: u64, trouble: &str) {
        self.progress.reached = sequence;
        self.progress.keep();
        self.cursors.iter().skip(self.place).take(1).for_each(|own| own.store(sequence, Ordering::SeqCst));
        self.show(trouble);
        if sequence.is_multiple_of(STRIDE) {
            let slowest = self.cursors.iter().map(|own| own.load(Ordering::SeqCst)).min().unwrap_or_default();
            let _ = self.journal.release(slowest);
        }
    }

    fn show(&self, trouble: &str) {
        let waiting = self.journal.status().durable.saturating_sub(self.progress.reached);
        if let Some(own) = self.telling.all().get_mut(self.place) {
            (own.waiting, own.told, own.given_up) = (waiting, self.progress.told, self.progress.given_up);
            trouble.clone_into(&mut own.trouble);
        }
    }
}

#[cfg(test)]
mod tests;
