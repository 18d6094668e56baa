//! The roles that one executable can have: the sensor reads, the server keeps.

pub mod apart;
pub mod backup;
pub mod demo;
pub mod events;
pub mod fleet;
mod flows;
mod house;
pub mod keeper;
pub mod ledger;
pub mod listen;
pub mod places;
pub mod sensor;
pub mod server;
pub mod sources;
pub mod space;
pub mod web;

use crate::io::file::make_durably;
use anyhow::Context as _;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wardlight_model::{Id, Time};
use wardlight_store::segment::Record;

/// How long a database is waited for before it counts as not available.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Whether everything shall come to an end, told to every thread.
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// It shall.
    pub fn now(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it shall.
    pub fn is_wanted(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Waits for `most`, or until everything shall end.
    pub fn wait(&self, most: Duration) {
        let step = Duration::from_millis(50);
        let mut waited = Duration::ZERO;
        while waited < most && !self.is_wanted() {
            std::thread::sleep(step.min(most - waited));
            waited += step;
        }
    }
}

/// The time now, by the system's clock.
pub fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A new id of version 7, larger than all that this program made before: also when the clock stands still or was set
/// back (RFC 9562 §6.2). Errors: no randomness.
pub fn new_id() -> anyhow::Result<Id> {
    static LAST: Mutex<Id> = Mutex::new(Id([0; 16]));
    let mut chance = [0; 10];
    getrandom::fill(&mut chance)?;
    let fresh = Id::at(u64::try_from(now().micros() / 1000).unwrap_or_default(), chance);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    *last = fresh.beyond(*last);
    Ok(*last)
}

/// When a journal record was made: its id carries the time, so that a replay knows the same.
fn recorded(record: &Record) -> Time {
    let [a, b, c, d, e, f, ..] = record.id.0;
    let millis = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    Time::from_micros(millis.saturating_mul(1000))
}

/// The id in the file at `path`, made when it is not there. Errors: it cannot be read or made, or holds none.
pub fn lasting_id(path: &Path) -> anyhow::Result<Id> {
    if let Some(id) = id_in(path)? {
        return Ok(id);
    }
    let id = new_id()?;
    match make_durably(path, id.to_string().as_bytes()) {
        // Another program made it meanwhile: that is the id.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => id_in(path)?.context("it came and went"),
        made => made.map(|()| id).with_context(|| path.display().to_string()),
    }
}

/// The id in the file at `path`, if there is such a file. Errors: it cannot be read, or holds none.
pub fn id_in(path: &Path) -> anyhow::Result<Option<Id>> {
    match std::fs::read_to_string(path) {
        Ok(text) => text.trim().parse().map(Some).with_context(|| path.display().to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}
