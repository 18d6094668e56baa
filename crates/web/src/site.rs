//! What pages read: devices, assets, the state, and how time and chance come in.

use crate::answer::Wrong;
use crate::part::keys::{Asked, Enrolling};
use crate::part::pending::Pending;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use wardlight_access::seal::Key;
use wardlight_access::session::Limits;
use wardlight_access::{Rights, limit};
use wardlight_inventory::resolve::{Asset, Resolution};
use wardlight_model::{Id, Time};
use wardlight_store::database::Database;
use wardlight_store::projection::Projection;

/// Why the name by which browsers reach the pages cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Keys belong to names.
    #[error("{0:?} is an address: give a name, such as wardlight.example.org, or leave it empty")]
    Address(String),
    /// It is no name.
    #[error("{0:?} is no name and port, such as wardlight.example.org:8443")]
    Name(String),
}

impl Host {
    /// The host that `text` names, with the port that it names or `port`.
    ///
    /// # Errors
    /// [`HostError`] when it is an address or no name.
    pub fn read(text: &str, port: u16) -> Result<Self, HostError> {
        let no_name = || HostError::Name(text.to_owned());
        if text.parse::<IpAddr>().is_ok() || text.starts_with('[') {
            return Err(HostError::Address(text.to_owned()));
        }
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, port.parse().map_err(|_| no_name())?),
            None => (text, port),
        };
        let is_label = |label: &str| {
            let is_fit = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            (1..=63).contains(&label.len()) && is_fit && !label.starts_with('-') && !label.ends_with('-')
        };
        if name.parse::<IpAddr>().is_ok() {
            return Err(HostError::Address(text.to_owned()));
        }
        if name.len() > 253 || !name.split('.').all(is_label) {
            return Err(no_name());
        }
        let name = name.to_ascii_lowercase();
        let origin = if port == 443 { format!("https://{name}") } else { format!("https://{name}:{port}") };
        Ok(Self { name, origin })
    }
}

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
    /// By which name browsers reach the pages; none: by an address, where there are no keys and no other house.
    pub host: Option<Host>,
}

/// The name by which browsers reach the pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The name alone, such as `wardlight.example.org`.
    pub name: String,
    /// What every address of ours begins with, such as `https://wardlight.example.org:8443`.
    pub origin: String,
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
    changing: tokio::sync::Mutex<()>,
    waiting: Waiting,
}

/// What was begun and waits for its second half, each for a few minutes and once.
pub(crate) struct Waiting {
    /// Log-ins whose password was right.
    pub(crate) log_ins: Pending<HalfIn>,
    /// Keys that are being made known.
    pub(crate) keys: Pending<Enrolling>,
    /// Keys that are asked for again inside.
    pub(crate) again: Pending<Asked>,
}

/// Somebody whose password was right, and of whom more is asked.
pub(crate) struct HalfIn {
    pub(crate) account: Id,
    pub(crate) to: String,
    pub(crate) asked: Option<Asked>,
    pub(crate) tries: u32,
}

/// Passwords that may be hashed at one time: each takes 19 MiB.
const HASHING: usize = 4;
/// Codes that an account may try at once inside, and microseconds until it may try another.
const CODES: u32 = 5;
const CODE_EVERY: i64 = 30_000_000;
/// Most of each kind that wait at one time, and for how long at most, in microseconds.
const WAITING: (usize, i64) = (1_000, 300_000_000);
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
        let changing = tokio::sync::Mutex::new(());
        let (most, lasts) = WAITING;
        let waiting = Waiting {
            log_ins: Pending::new(most, lasts),
            keys: Pending::new(most, lasts),
            again: Pending::new(most, lasts),
        };
        Ok(Self(Arc::new(Inner { parts, rights, limits, log_ins, codes, hashing, changing, waiting })))
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

    /// Holds off all other changes of who may what: what one looked at stays so until it has written.
    pub(crate) async fn changing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.changing.lock().await
    }

    pub(crate) fn waiting(&self) -> &Waiting {
        &self.0.waiting
    }

    /// Errors: account `id` tried too many codes.
    pub(crate) fn try_code(&self, id: Id) -> Result<(), limit::Wait> {
        let mut codes = self.0.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.take(&id, self.now())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_and_never_an_address() {
        let origin = |text, port| Host::read(text, port).map(|host| host.origin);
        assert_eq!(origin("Ward.Example.org", 443), Ok("https://ward.example.org".to_owned()));
        assert_eq!(origin("ward", 8443), Ok("https://ward:8443".to_owned()));
        assert_eq!(origin("ward.example:443", 8443), Ok("https://ward.example".to_owned()));
        for text in ["10.0.0.1", "10.0.0.1:8443", "::1", "[::1]:8443"] {
            assert!(matches!(origin(text, 1), Err(HostError::Address(_))), "{text}");
        }
        for text in ["https://ward", "ward/", "a..b", "-a", "a b", "ward:x", "ward:99999"] {
            assert!(matches!(origin(text, 1), Err(HostError::Name(_))), "{text}");
        }
    }
}
