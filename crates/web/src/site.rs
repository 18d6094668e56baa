//! What pages read: devices, assets, the state, and how time and chance come in.

use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::health::requests::Requests;
use crate::host::Host;
use crate::house::House;
use crate::load::reports::Reports;
use crate::page::imports::Uploads;
use crate::part::pending::Waiting;
use crate::provider::{Lately, Provider};
use crate::stand::Stands;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use wardlight_access::seal::Key;
use wardlight_access::session::Limits;
use wardlight_access::{Rights, limit};
use wardlight_inventory::Types;
use wardlight_inventory::resolve::{Asset, Resolution, Tally};
use wardlight_model::journal::{Command, Decision};
use wardlight_model::{Area, Deed, DeedKind, Id, Time};
use wardlight_store::database::Database;
use wardlight_store::projection::Projection;

/// The assets as of the last settling, and which of them each member is.
#[derive(Debug)]
pub struct Settled {
    /// The assets.
    pub resolution: Arc<Resolution>,
    /// How many there are of each sort.
    pub totals: Totals,
    places: HashMap<Id, usize>,
    disputed: Vec<usize>,
}

/// Counts of all assets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    /// By what is known of them.
    pub tally: Tally,
    /// Those on which sources contradict each other.
    pub disputed: usize,
}

impl Settled {
    /// The asset that the device or record `id` is.
    #[must_use]
    pub fn asset(&self, id: Id) -> Option<&Asset> {
        self.resolution.assets.get(*self.places.get(&id)?)
    }

    /// The assets on which sources contradict each other.
    pub fn disputed(&self) -> impl Iterator<Item = &Asset> {
        self.disputed.iter().filter_map(|at| self.resolution.assets.get(*at))
    }
}

/// The assets; its clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Assets(Arc<RwLock<Option<Arc<Settled>>>>);

impl Assets {
    /// From now on the assets are these.
    pub fn put(&self, resolution: Arc<Resolution>) {
        let members = resolution.assets.iter().enumerate();
        let places = members.flat_map(|(at, asset)| asset.members.iter().map(move |member| (member.id, at))).collect();
        let torn = |(at, asset): (usize, &Asset)| asset.disputes().next().map(|_| at);
        let disputed: Vec<usize> = resolution.assets.iter().enumerate().filter_map(torn).collect();
        let totals = Totals { tally: Tally::of(resolution.assets.iter()), disputed: disputed.len() };
        let settled = Arc::new(Settled { resolution, totals, places, disputed });
        let before = self.0.write().unwrap_or_else(PoisonError::into_inner).replace(settled);
        // Not under the lock: there may be many.
        drop(before);
    }

    /// The assets; `None` until they are first known.
    #[must_use]
    pub fn now(&self) -> Option<Arc<Settled>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What the server gives to the pages.
pub struct Parts {
    /// The devices.
    pub devices: Arc<Projection>,
    /// The assets.
    pub assets: Assets,
    /// The state.
    pub database: Database,
    /// Under which secrets are kept.
    pub key: Key,
    /// Reads the clock.
    pub clock: fn() -> Time,
    /// Fills with chance; whether there was any.
    pub chance: fn(&mut [u8]) -> bool,
    /// Who carries out what is decided.
    pub house: Arc<dyn House>,
    /// The hash of the token with which the first account is made.
    pub invitation: [u8; 32],
    /// By which name browsers reach the pages; none: by an address, where there are no keys and no other house.
    pub host: Option<Host>,
    /// Who vouches for people, if anybody does; it leads back to the host.
    pub provider: Option<Provider>,
}

/// All that a page can ask; its clones are the same.
#[derive(Clone)]
pub struct Site(Arc<Inner>);

struct Inner {
    parts: Parts,
    rights: Rights,
    types: Types,
    limits: Limits,
    log_ins: std::sync::Mutex<limit::LogIns>,
    codes: std::sync::Mutex<limit::Buckets<Id>>,
    sends: std::sync::Mutex<limit::Buckets<IpAddr>>,
    hashing: tokio::sync::Semaphore,
    keys: std::sync::Mutex<HashSet<[u8; 32]>>,
    changing: tokio::sync::Mutex<()>,
    waiting: Waiting,
    lately: Lately,
    stands: tokio::sync::Mutex<Option<Reckoned>>,
    uploads: std::sync::Mutex<Uploads>,
    listeners: Arc<tokio::sync::Semaphore>,
    requests: Requests,
    reports: tokio::sync::Mutex<Reports>,
}

/// A turn under a key; another may have it when this ends.
pub(crate) struct Turn<'s> {
    keys: &'s std::sync::Mutex<HashSet<[u8; 32]>>,
    key: [u8; 32],
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// Where devices stand, and by which assets and tree.
struct Reckoned {
    settled: Arc<Settled>,
    areas: Vec<Area>,
    stands: Arc<Stands>,
}

/// A shipped table is broken.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// That of rights.
    #[error("the shipped rights: {0}")]
    Rights(#[from] wardlight_access::RightsError),
    /// That of types.
    #[error("the shipped types: {0}")]
    Types(#[from] wardlight_inventory::LoadError),
}

/// Passwords that may be hashed at one time: each takes 19 MiB.
const HASHING: usize = 4;
/// Pages that are told what changes at one time.
const LISTENERS: usize = 1_000;
/// Codes that an account may try at once inside, and microseconds until it may try another.
const CODES: u32 = 5;
const CODE_EVERY: i64 = 30_000_000;
/// Log-ins elsewhere that an address may begin at once, and microseconds until it may begin another.
const SENDS: u32 = 20;
const SEND_EVERY: i64 = 5_000_000;
/// How long a password waits to be hashed.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
/// Most names and addresses whose log-ins are counted at one time.
const COUNTED: usize = 10_000;

impl Site {
    /// A site of `parts`, with the shipped rights and words.
    ///
    /// # Errors
    /// A shipped table is broken, which a test rules out.
    pub fn new(parts: Parts) -> Result<Self, Broken> {
        let log_ins = std::sync::Mutex::new(limit::LogIns::new(COUNTED));
        let codes = std::sync::Mutex::new(limit::Buckets::new(CODES, CODE_EVERY, COUNTED));
        let sends = std::sync::Mutex::new(limit::Buckets::new(SENDS, SEND_EVERY, COUNTED));
        let hashing = tokio::sync::Semaphore::new(HASHING);
        let (rights, types, limits) = (Rights::shipped()?, Types::shipped()?, Limits::default());
        Ok(Self(Arc::new(Inner {
            parts,
            rights,
            types,
            limits,
            log_ins,
            codes,
            sends,
            hashing,
            keys: std::sync::Mutex::default(),
            changing: tokio::sync::Mutex::new(()),
            waiting: Waiting::default(),
            lately: Lately::default(),
            stands: tokio::sync::Mutex::new(None),
            uploads: std::sync::Mutex::default(),
            listeners: Arc::new(tokio::sync::Semaphore::new(LISTENERS)),
            requests: Requests::default(),
            reports: tokio::sync::Mutex::default(),
        })))
    }

    /// What was reported lately, as far as it was looked for.
    pub(crate) async fn reports(&self) -> tokio::sync::MutexGuard<'_, Reports> {
        self.0.reports.lock().await
    }

    pub(crate) fn requests(&self) -> &Requests {
        &self.0.requests
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    pub(crate) fn rights(&self) -> &Rights {
        &self.0.rights
    }

    /// A place among the pages that are told what changes; `None` while there are too many.
    pub(crate) fn listener(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        Arc::clone(&self.0.listeners).try_acquire_owned().ok()
    }

    /// Documents that were brought and not taken in yet.
    pub(crate) fn uploads(&self) -> std::sync::MutexGuard<'_, Uploads> {
        self.0.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where devices stand now. Errors: the state does not answer.
    pub(crate) async fn stands(&self) -> Result<Arc<Stands>, Wrong> {
        let Some(settled) = self.parts().assets.now() else { return Ok(Arc::default()) };
        let areas = self.parts().database.areas().await?;
        let mut held = self.0.stands.lock().await;
        if let Some(held) = held.as_ref().filter(|held| Arc::ptr_eq(&held.settled, &settled) && held.areas == areas) {
            return Ok(Arc::clone(&held.stands));
        }
        let (of, tree) = (Arc::clone(&settled), areas.clone());
        let stands = tokio::task::spawn_blocking(move || Stands::of(&of, &tree)).await;
        let stands = Arc::new(stands.map_err(|error| Wrong::Store(error.to_string()))?);
        *held = Some(Reckoned { settled, areas, stands: Arc::clone(&stands) });
        Ok(stands)
    }

    pub(crate) fn types(&self) -> &Types {
        &self.0.types
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn log_ins(&self) -> std::sync::MutexGuard<'_, limit::LogIns> {
        self.0.log_ins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn to hash a password; `None` when too many did for seconds: at the change of shifts many log in at once.
    pub(crate) async fn turn(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        tokio::time::timeout(PATIENCE, self.0.hashing.acquire()).await.ok()?.ok()
    }

    /// Errors: address `from` began too many log-ins elsewhere.
    pub(crate) fn try_send(&self, from: IpAddr) -> Result<(), limit::Wait> {
        let mut sends = self.0.sends.lock().unwrap_or_else(PoisonError::into_inner);
        sends.take(&from, self.now())
    }

    /// A turn to do what is asked under `key`; `None` while it is being done.
    pub(crate) fn take_key(&self, key: [u8; 32]) -> Option<Turn<'_>> {
        let is_free = self.0.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        is_free.then_some(Turn { keys: &self.0.keys, key })
    }

    /// Holds off all other changes of who may what: what one looked at stays so until it has written.
    pub(crate) async fn changing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.changing.lock().await
    }

    /// What the provider said of itself lately.
    pub(crate) fn lately(&self) -> &Lately {
        &self.0.lately
    }

    pub(crate) fn waiting(&self) -> &Waiting {
        &self.0.waiting
    }

    /// Errors: account `id` tried too many codes.
    pub(crate) fn try_code(&self, id: Id) -> Result<(), limit::Wait> {
        let mut codes = self.0.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.take(&id, self.now())
    }

    /// Has `command` carried out for `visitor`; gives the id by which it is taken back. Errors: it makes no sense, or the
    /// server cannot take it now.
    pub(crate) async fn decide(&self, visitor: &Visitor, command: Command) -> Result<Id, Wrong> {
        self.decide_as(&visitor.name, None, command).await
    }

    /// The same under this id, which is asked for again when nobody knows what came of it.
    pub(crate) async fn decide_once(&self, visitor: &Visitor, id: Option<Id>, command: Command) -> Result<Id, Wrong> {
        self.decide_as(&visitor.name, id, command).await
    }

    /// Writes down what the account `by` did, before anything comes of it. Errors: it cannot be written down now.
    pub(crate) async fn witness(&self, by: &str, deed: Deed) -> Result<(), Wrong> {
        self.decide_as(by, None, Command::Witness(deed)).await.map(drop)
    }

    /// The same of a deed to `object`, in a few words.
    pub(crate) async fn note(&self, by: &str, kind: DeedKind, object: Id, detail: &str) -> Result<(), Wrong> {
        self.witness(by, Deed { kind, object: Some(object), detail: detail.to_owned() }).await
    }

    async fn decide_as(&self, by: &str, id: Option<Id>, command: Command) -> Result<Id, Wrong> {
        let decision = Decision { by: by.to_owned(), at: self.now(), command };
        self.0.parts.house.decide(id, decision).await.map_err(Wrong::from)
    }

    pub(crate) fn now(&self) -> Time {
        (self.0.parts.clock)()
    }

    /// Random bytes. Errors: the system has none.
    pub(crate) fn chance<const N: usize>(&self) -> Result<[u8; N], Wrong> {
        let mut bytes = [0; N];
        let is_there = (self.0.parts.chance)(&mut bytes);
        is_there.then_some(bytes).ok_or_else(|| Wrong::Store("the system has no chance".to_owned()))
    }
}
