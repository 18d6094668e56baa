//! The fleet: the devices in memory as lists show them, kept by the keeper, read by whoever asks.
//!
//! In: what each commit changed; questions. Out: answers, each from one state of the whole. Whoever reads waits for no
//! commit, and no commit for a reader: see [`Projection`]. Only so many look at one time as there are processors, so that
//! a short question does not wait behind many long ones. Conversations of the past are read while questions are answered
//! already; until that is done, answers say so.

mod assets;
pub mod traffic;

use super::{Stop, server};
use crate::config::Config;
use crate::io::ask::{AssetQuestion, Devices, Question, Told};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, available_parallelism};
use std::time::Duration;
use tokio::runtime::{Handle, Runtime};
use traffic::Traffic;
use wardlight_engine::{Bounds, Effect, Input, Site};
use wardlight_inventory::resolve::{Resolution, Rules};
use wardlight_inventory::{Alike, Knowledge};
use wardlight_model::Id;
use wardlight_model::change::{Change, Known};
use wardlight_store::database::{Contacts, Database, Digest, StoreError, StoredDevice, digest};
use wardlight_store::projection::{Column, Projection, Query, Snapshot, Sort, Value, parse};
use wardlight_web::site::Assets;

/// How long a question waits for a server that is still starting.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a question hears that came too early.
const STARTING: &str = "the server is still reading what it knows; ask again in a moment";
/// Most devices of one answer.
const MOST: usize = 20_000;
/// So many changes are worth a thread.
const MANY: usize = 5_000;

/// The devices; its clones are the same.
#[derive(Clone, Default)]
pub struct Fleet(Arc<Shared>);

#[derive(Default)]
struct Shared {
    devices: Arc<Projection>,
    traffic: Mutex<Traffic>,
    alike: Mutex<Alike>,
    /// Until they are known none.
    assets: Mutex<Option<Arc<Resolution>>>,
    came_resolved: Condvar,
    /// The same for pages.
    shown: Assets,
    /// Whether the conversations of the past are counted.
    is_counted: AtomicBool,
    is_known: Mutex<bool>,
    came_known: Condvar,
    turns: Turns,
}

impl Fleet {
    /// Takes in devices that are new, different or gone, and what was heard of their conversations.
    pub fn apply(&self, changes: &[Change]) {
        thread::scope(|scope| {
            // All devices of a hospital at once: beside the lists, on a thread of its own.
            let thread = || thread::Builder::new().spawn_scoped(scope, || self.set_apart(changes));
            if changes.len() < MANY || thread().is_err() {
                self.set_apart(changes);
            }
            self.0.devices.apply(changes);
        });
        self.refresh();
    }

    /// Lets conversations and likenesses follow `changes`.
    fn set_apart(&self, changes: &[Change]) {
        let (mut traffic, mut alike) = (self.traffic(), self.alike());
        for change in changes {
            match change {
                Change::Device(known) => {
                    traffic.put(known);
                    alike.put(known.id, &known.device, &known.features);
                }
                Change::DeviceGone(id) => {
                    traffic.remove(*id);
                    alike.remove(*id);
                }
                _ => {}
            }
        }
    }

    /// From now on the assets are these.
    pub fn resolved(&self, resolution: Resolution) {
        let resolution = Arc::new(resolution);
        self.0.shown.put(Arc::clone(&resolution));
        let before = self.assets_held().replace(resolution);
        self.0.came_resolved.notify_all();
        // Not under the lock: there may be many.
        drop(before);
    }

    /// The devices, for pages.
    pub fn devices(&self) -> Arc<Projection> {
        Arc::clone(&self.0.devices)
    }

    /// The assets, for pages.
    pub fn pages_assets(&self) -> Assets {
        self.0.shown.clone()
    }

    fn assets_held(&self) -> MutexGuard<'_, Option<Arc<Resolution>>> {
        self.0.assets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the conversations among `changes`; lists show them with the next [`Self::apply`] or [`Self::refresh`].
    pub fn hear(&self, changes: &[Change]) {
        let mut traffic = self.traffic();
        for change in changes {
            if let Change::Contact(contact) = change {
                traffic.add(contact);
            }
        }
    }

    /// Lets lists show the conversations counted so far.
    pub fn refresh(&self) {
        let stale = self.traffic().take_stale();
        if !stale.is_empty() {
            self.0.devices.apply_traffic(stale);
        }
    }

    /// Counts the conversations of the past, from a thread of its own until `stop`. Errors: no thread.
    pub fn count(&self, past: Contacts, runtime: Handle, stop: &Stop) -> io::Result<JoinHandle<()>> {
        let (fleet, stop) = (self.clone(), stop.clone());
        thread::Builder::new().name("contacts".to_owned()).spawn(move || {
            let outcome = runtime.block_on(fleet.read(past, || !stop.is_wanted()));
            if let Err(error) = outcome {
                eprintln!("wardlight: lists lack the conversations of the past until the next start: {error}");
            }
        })
    }

    async fn read(&self, mut past: Contacts, goes_on: impl Fn() -> bool) -> Result<(), StoreError> {
        while goes_on() {
            let some = past.next().await?;
            if some.is_empty() {
                self.0.is_counted.store(true, Ordering::Relaxed);
                self.refresh();
                return Ok(());
            }
            let mut traffic = self.traffic();
            some.iter().for_each(|contact| traffic.add(contact));
        }
        Ok(())
    }

    /// Whether the conversations of the past are counted.
    pub fn is_counted(&self) -> bool {
        self.0.is_counted.load(Ordering::Relaxed)
    }

    /// The sums of all conversations.
    pub fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.0.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which devices are alike.
    pub fn alike(&self) -> MutexGuard<'_, Alike> {
        self.0.alike.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the devices are those of the journal: questions are answered.
    pub fn is_known(&self) {
        *self.0.is_known.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.came_known.notify_all();
    }

    /// What is told to `question` of the state at `config`'s place; `None` when there is none. Errors: it cannot be read.
    pub fn stored(config: &Config, question: &Question) -> anyhow::Result<Option<Told<Value>>> {
        if let Err(why) = understood(question) {
            return Ok(Some(Told::Wrong(why)));
        }
        let runtime = server::runtime()?;
        let Some(database) = runtime.block_on(server::database_there(config))? else { return Ok(None) };
        let fleet = Self::default();
        fleet.settle(config, &runtime, &database)?;
        if asks_for_traffic(question) {
            runtime.block_on(async { fleet.read(database.all_contacts().await?, || true).await })?;
        }
        // Of what is not asked for nothing is missing.
        fleet.0.is_counted.store(true, Ordering::Relaxed);
        fleet.is_known();
        runtime.block_on(database.close());
        Ok(Some(fleet.tell(question)))
    }

    /// The same about assets.
    pub fn stored_assets(config: &Config, question: &AssetQuestion) -> anyhow::Result<Option<Told<Value>>> {
        let runtime = server::runtime()?;
        let Some(database) = runtime.block_on(server::database_there(config))? else { return Ok(None) };
        let fleet = Self::default();
        fleet.settle(config, &runtime, &database)?;
        fleet.is_known();
        runtime.block_on(database.close());
        Ok(Some(fleet.tell_of_assets(question)))
    }

    /// Takes in the devices and assets that follow from what is stored.
    fn settle(&self, config: &Config, runtime: &Runtime, database: &Database) -> anyhow::Result<()> {
        let (id, loaded) =
            runtime.block_on(async { Ok::<_, StoreError>((database.site().await?, database.load().await?)) })?;
        let bounds = Bounds { facts: config.store.most_facts, presences: config.store.most_facts };
        let mut site = Site::new(id, 0, bounds, server::held(loaded, Vec::new()));
        let mut changes = Vec::new();
        for effect in site.step(Input::Settle(&Knowledge::shipped()?, &Rules::shipped()?)) {
            match effect {
                Effect::Change(change) => changes.push(change),
                Effect::Resolved(resolution) => self.resolved(*resolution),
                _ => {}
            }
        }
        self.apply(&changes);
        Ok(())
    }

    /// What is told to a question about assets in JSON, as JSON.
    pub fn answer_assets(&self, question: &[u8]) -> Vec<u8> {
        let told = match serde_json::from_slice(question) {
            Ok(question) => self.tell_of_assets(&question),
            Err(error) => Told::Wrong(format!("this version does not know the question: {error}")),
        };
        serde_json::to_vec(&told).unwrap_or_default()
    }

    /// What is told to `question`.
    pub fn tell_of_assets(&self, question: &AssetQuestion) -> Told<Value> {
        let held = self.0.came_resolved.wait_timeout_while(self.assets_held(), PATIENCE, |held| held.is_none());
        let resolution = held.unwrap_or_else(PoisonError::into_inner).0.clone();
        let Some(resolution) = resolution else { return Told::Later(STARTING.to_owned()) };
        self.0.turns.take(|| assets::tell(&resolution, question)).map_or_else(Told::Wrong, Told::Assets)
    }

    /// Waits a while until the devices are those of the journal; whether they are.
    fn came_known(&self) -> bool {
        let is_known = self.0.is_known.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.came_known.wait_timeout_while(is_known, PATIENCE, |is_known| !*is_known);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// What is told to a question in JSON, as JSON.
    pub fn answer(&self, question: &[u8]) -> Vec<u8> {
        let told = match serde_json::from_slice(question) {
            Ok(question) => self.tell(&question),
            Err(error) => Told::Wrong(format!("this version does not know the question: {error}")),
        };
        serde_json::to_vec(&told).unwrap_or_default()
    }

    /// What is told to `question`.
    pub fn tell(&self, question: &Question) -> Told<Value> {
        if !self.came_known() {
            return Told::Later(STARTING.to_owned());
        }
        let told = self.0.turns.take(|| list(&self.0.devices.snapshot(), question));
        let is_counted = self.0.is_counted.load(Ordering::Relaxed) || !asks_for_traffic(question);
        let note = (!is_counted).then(|| "conversations of the past are still being counted".to_owned());
        told.map_or_else(Told::Wrong, |devices| Told::Devices(Devices { note, ..devices }))
    }
}

/// Whether any column named in `question` says with whom a device talks.
fn asks_for_traffic(question: &Question) -> bool {
    let words = question.filter.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let sorts = question.sort.iter().map(|name| name.trim_start_matches('-'));
    let mut names = words.chain(sorts).chain(question.columns.iter().map(String::as_str));
    names.any(|name| Column::named(name).is_some_and(Column::is_traffic))
}

/// What to look for and what to show. Errors: why `question` makes no sense, and how to mend it.
fn understood(question: &Question) -> Result<(Query, Vec<Column>), String> {
    let filter = parse(&question.filter).map_err(|error| marked(&question.filter, error.at, &error.to_string()))?;
    let sort: Result<Vec<Sort>, String> = question.sort.iter().map(|name| sorted(name)).collect();
    let columns: Result<Vec<Column>, String> = question.columns.iter().map(|name| column(name)).collect();
    let query = Query { filter, sort: sort?, offset: question.offset, limit: question.limit.min(MOST) };
    Ok((query, columns?))
}

/// Errors: as [`understood`].
fn list(snapshot: &Snapshot, question: &Question) -> Result<Devices<Value>, String> {
    let (query, columns) = understood(question)?;
    let page = snapshot.list(&query);
    let row =
        |row: &wardlight_store::projection::Row| columns.iter().map(|column| row.value(*column).clone()).collect();
    Ok(Devices {
        known: snapshot.len(),
        total: page.total,
        note: None,
        columns: columns.iter().map(|column| column.name().to_owned()).collect(),
        rows: page.rows.iter().map(row).collect(),
    })
}

/// The filter, with a mark under the character `at`, counted from 1, and what is wrong there.
fn marked(filter: &str, at: usize, what: &str) -> String {
    let line: String = filter.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("the filter cannot be understood {what}\n  {line}\n  {:>at$}", "^")
}

fn sorted(name: &str) -> Result<Sort, String> {
    let (name, is_descending) = name.strip_prefix('-').map_or((name, false), |name| (name, true));
    Ok(Sort { column: column(name)?, is_descending })
}

fn column(name: &str) -> Result<Column, String> {
    Column::named(name).ok_or_else(|| {
        let near = Column::nearest(name).map(|near| format!(", perhaps `{}`", near.name())).unwrap_or_default();
        format!("there is no column `{name}`{near}; `wardlight devices --fields` names them all")
    })
}

/// The devices as they are stored when the server starts: what they were found to be again need not be written again.
#[derive(Default)]
pub struct Stored(BTreeMap<Id, Digest>);

impl Stored {
    /// Reads it, and lets `fleet` list them: what they are found to be now is seen soon after. Errors: what the database
    /// says.
    pub async fn read(database: &Database, fleet: &Fleet) -> Result<Self, StoreError> {
        let mut all = database.all_devices().await?;
        let (mut stored, mut known) = (BTreeMap::new(), Vec::new());
        let mut under_way = VecDeque::new();
        loop {
            let some = all.next().await?;
            let is_end = some.is_empty();
            under_way.push_back(tokio::task::spawn_blocking(move || understood_devices(some)));
            // They are understood beside the reading of the next; a few at one time, for they take room.
            while under_way.len() > if is_end { 0 } else { available_parallelism().map_or(1, usize::from) } {
                let Some(understood) = under_way.pop_front() else { break };
                let (devices, digests) = understood.await.unwrap_or_else(|error| resume_unwind(error.into_panic()));
                known.extend(devices);
                stored.extend(digests);
            }
            if is_end {
                break;
            }
        }
        // All at once: what lists are sorted by is made anew each time.
        fleet.apply(&known);
        if !stored.is_empty() {
            fleet.is_known();
        }
        Ok(Self(stored))
    }

    /// The ids of the devices.
    pub fn ids(&self) -> Vec<Id> {
        self.0.keys().copied().collect()
    }

    /// `changes` without the devices that are stored as they are.
    pub fn without_known(self, mut changes: Vec<Change>) -> Vec<Change> {
        if !self.0.is_empty() {
            let is_stored = |known: &Known| self.0.get(&known.id).is_some_and(|held| digest(&known.device) == *held);
            changes.retain(|change| !matches!(change, Change::Device(known) if is_stored(known)));
        }
        changes
    }
}

/// The devices as their rows tell of them. One of another version's form is listed when it is found again.
fn understood_devices(rows: Vec<(StoredDevice, Digest)>) -> (Vec<Change>, Vec<(Id, Digest)>) {
    let device = |one: &StoredDevice| {
        let device = serde_json::from_str(&one.body).ok()?;
        Some(Change::Device(Box::new(Known { id: one.id, device, features: Vec::new() })))
    };
    let devices = rows.iter().filter_map(|(one, _)| device(one)).collect();
    (devices, rows.into_iter().map(|(one, digest)| (one.id, digest)).collect())
}

/// Lets only so many do something at one time as there are processors.
struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Default for Turns {
    fn default() -> Self {
        Self { free: Mutex::new(available_parallelism().map_or(1, usize::from)), freed: Condvar::new() }
    }
}

impl Turns {
    fn take<T>(&self, act: impl FnOnce() -> T) -> T {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        *self.freed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner) -= 1;
        let _turn = Turn(self);
        act()
    }
}

/// A turn under way.
struct Turn<'a>(&'a Turns);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}
