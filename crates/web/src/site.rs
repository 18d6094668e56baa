//! What pages read: devices, assets, the state, and how time and chance come in.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use wardlight_access::seal::Key;
use wardlight_access::session::Limits;
use wardlight_access::{Rights, limit};
use wardlight_inventory::resolve::{Asset, Resolution};
use wardlight_model::{Id, Time};
use wardlight_store::database::Database;
use wardlight_store::projection::Projection;

/// The assets as of the last settling, and which of them each member is.
#[derive(Debug)]
pub struct Settled {
    /// The assets.
    pub resolution: Arc<Resolution>,
    places: HashMap<Id, usize>,
}

impl Settled {
    /// The asset that the device or record `id` is.
    #[must_use]
    pub fn asset(&self, id: Id) -> Option<&Asset> {
        self.resolution.assets.get(*self.places.get(&id)?)
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
        let settled = Arc::new(Settled { resolution, places });
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
    /// The hash of the token with which the first account is made.
    pub invitation: [u8; 32],
}

/// All that a page can ask; its clones are the same.
#[derive(Clone)]
pub struct Site(Arc<Inner>);

struct Inner {
    parts: Parts,
    rights: Rights,
    limits: Limits,
    log_ins: std::sync::Mutex<limit::LogIns>,
    codes: std::sync::Mutex<limit::Buckets<Id>>,
    hashing: tokio::sync::Semaphore,
}

/// Passwords that may be hashed at one time: each takes 19 MiB.
const HASHING: usize = 4;
/// Codes that an account may try at once inside, and microseconds until it may try another.
const CODES: u32 = 5;
const CODE_EVERY: i64 = 30_000_000;
/// Most names and addresses whose log-ins are counted at one time.
const COUNTED: usize = 10_000;

impl Site {
    /// A site of `parts`, with the shipped rights.
    ///
    /// # Errors
    /// The shipped table is broken, which a test rules out.
    pub fn new(parts: Parts) -> Result<Self, wardlight_access::RightsError> {
        let log_ins = std::sync::Mutex::new(limit::LogIns::new(COUNTED));
        let codes = std::sync::Mutex::new(limit::Buckets::new(CODES, CODE_EVERY, COUNTED));
        let hashing = tokio::sync::Semaphore::new(HASHING);
        let (rights, limits) = (Rights::shipped()?, Limits::default());
        Ok(Self(Arc::new(Inner { parts, rights, limits, log_ins, codes, hashing })))
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    pub(crate) fn rights(&self) -> &Rights {
        &self.0.rights
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn log_ins(&self) -> std::sync::MutexGuard<'_, limit::LogIns> {
        self.0.log_ins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn to hash a password; `None` while too many do.
    pub(crate) fn turn(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        self.0.hashing.try_acquire().ok()
    }

    /// Errors: account `id` tried too many codes.
    pub(crate) fn try_code(&self, id: Id) -> Result<(), limit::Wait> {
        let mut codes = self.0.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.take(&id, self.now())
    }

    pub(crate) fn now(&self) -> Time {
        (self.0.parts.clock)()
    }

    /// Random bytes; `None` when the system has none.
    pub(crate) fn chance<const N: usize>(&self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        (self.0.parts.chance)(&mut bytes).then_some(bytes)
    }
}
