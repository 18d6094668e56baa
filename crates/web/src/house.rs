//! What the server does for the pages: decisions carried out, and what only it knows.
//!
//! The server gives it; pages never see how. A decision is answered when its outcome is in journal, state and ledger.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use wardlight_ingest::mapping::Mapping;
use wardlight_ingest::{Tally, Trouble};
pub use wardlight_inventory::{Cluster, Outcome};
use wardlight_model::journal::Decision;
use wardlight_model::{Attribute, Endpoint, Feature, Id, Peer, Scope, Time};

use wardlight_store::history;

/// An answer that may take a while.
pub type Soon<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Why a decision was not carried out, or a document not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It makes no sense; what, and how to mend it.
    Senseless(String),
    /// The server cannot take it now, for this reason.
    Later(String),
}

/// The server.
pub trait House: Send + Sync {
    /// Carries `decision` out, and gives the id by which it is taken back: `id` when one is given. Decided again under the
    /// same id, the outcome is that of the first time.
    fn decide(&self, id: Option<Id>, decision: Decision) -> Soon<Result<Id, Refused>>;
    /// With whom `device` talks, most bytes first.
    fn peers(&self, device: Id) -> Vec<Peer>;
    /// Who talks to whom, by kind of device.
    fn matrix(&self) -> Soon<Arc<Matrix>>;
    /// Devices of which nobody knows what they are, by what they show: the largest clusters first.
    fn unknown(&self) -> Soon<Arc<Vec<Cluster>>>;
    /// What a rule would do that says the value of the attribute for whatever shows all of this.
    fn outcome(&self, shows: Vec<Feature>, attribute: Attribute, value: String) -> Soon<Outcome>;
    /// What a device shows that devices like it show as well.
    fn features(&self, device: Id) -> Vec<Feature>;
    /// The pairs behind one cell of the matrix.
    fn pairs(&self, wanted: PairsWanted) -> Soon<Pairs>;
    /// Conversations of the flow history, the newest hour first: as many as are found in a short while, in a longer one when
    /// it is asked for more.
    fn flows(&self, query: history::Query) -> Soon<Result<Conversations, Refused>>;
    /// At most `most` entries of the ledger before entry `before`, newest first; the newest without it.
    fn entries(&self, before: Option<u64>, most: usize) -> Soon<Result<Vec<Noted>, Refused>>;
    /// Whether the ledger is as it was written, and the verdict in words.
    fn proof(&self) -> Soon<Result<(bool, String), Refused>>;
    /// How the server stands.
    fn standing(&self) -> Standing;
    /// Reads a document of another system; takes in what it says unless it is a trial.
    fn read(&self, document: Document) -> Soon<Result<Report, Refused>>;
}

/// Conversations that were found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conversations {
    /// They, the newest hour first.
    pub rows: Vec<history::Row>,
    /// Files before this place were not looked through yet.
    pub before: Option<history::Place>,
}

/// Who talks to whom, by kind of device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matrix {
    /// The cells, most conversations first.
    pub cells: Vec<Cell>,
    /// Whether the conversations of the past are counted.
    pub is_whole: bool,
}

/// What devices of one kind began with devices of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The kind that began; see [`Pair`] for those without one.
    pub from: Arc<str>,
    /// The kind that answered.
    pub to: Arc<str>,
    /// The service spoken, `-` when unknown.
    pub service: &'static str,
    /// Conversations.
    pub flows: u64,
    /// Bytes of IP packets both ways.
    pub ip_bytes: u64,
    /// Pairs of ends.
    pub pairs: u64,
}

/// Kind of an end of which nothing says what it is.
pub const UNKNOWN_KIND: &str = "not identified";
/// Kind of a private address that no device is known for.
pub const NO_DEVICE: &str = "no device known";
/// Kind of an address outside of the house.
pub const OUTSIDE: &str = "outside";
/// Kind of an address of many at once, such as multicast.
pub const MANY: &str = "many at once";

/// Which pairs to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PairsWanted {
    /// Of this kind either end; any without it.
    pub of: Option<String>,
    /// Of this kind the one that began.
    pub from: Option<String>,
    /// Of this kind the one that answered.
    pub to: Option<String>,
    /// By this service.
    pub service: Option<String>,
}

/// Most pairs that are listed; more are counted.
pub const MOST_PAIRS: usize = 200;

/// Pairs, most bytes first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pairs {
    /// How many there are.
    pub total: usize,
    /// Some of them.
    pub rows: Vec<Pair>,
}

/// Two ends and what the first began with the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Who began, and who answered, each with the device that it is.
    pub ends: [(Endpoint, Option<Id>); 2],
    /// The service spoken, `-` when unknown.
    pub service: &'static str,
    /// Conversations.
    pub flows: u64,
    /// Bytes of IP packets both ways.
    pub ip_bytes: u64,
}

/// An entry of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Noted {
    /// Its place, from 0.
    pub index: u64,
    /// When.
    pub time: Time,
    /// Of what kind.
    pub kind: &'static str,
    /// Who; empty when the details were purged.
    pub by: String,
    /// About what.
    pub subject: String,
    /// The details.
    pub body: serde_json::Value,
    /// The hash of the entry in the chain, as hexadecimal digits.
    pub hash: String,
}

/// How the server stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Standing {
    /// The last durable journal record, and the last whose changes are committed.
    pub journal: [u64; 2],
    /// Whether the disk is full.
    pub is_full: bool,
    /// Why the state waits; empty when it does not.
    pub waits: String,
    /// What was lost, each with why: name and count.
    pub losses: Vec<(&'static str, u64)>,
    /// Entries of the ledger.
    pub ledger: u64,
    /// The sensors heard since the start.
    pub sensors: Vec<Sensor>,
    /// The sources that are read by themselves.
    pub sources: Vec<Source>,
    /// What a sensor of this very process could not read.
    pub errors: Vec<String>,
    /// Who is told of events.
    pub outlets: Vec<Outlet>,
}

/// Somebody who is told of events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outlet {
    /// What its operator calls it.
    pub name: String,
    /// `webhook` or `syslog`.
    pub form: &'static str,
    /// Events that wait.
    pub waiting: u64,
    /// Events told.
    pub told: u64,
    /// Events given up.
    pub given_up: u64,
    /// What is wrong; empty when nothing is.
    pub trouble: String,
}

/// A sensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sensor {
    /// Its id.
    pub id: Id,
    /// When it was first and last heard since the start.
    pub heard: [Time; 2],
    /// Batches of it.
    pub batches: u64,
    /// Conversations of it.
    pub flows: u64,
    /// Conversations of it that were given up because the disk was full.
    pub shed: u64,
}

/// A sensor that said nothing for so long is silent, in microseconds.
pub const SILENT: i64 = 15 * 60 * 1_000_000;

impl Sensor {
    /// Whether nothing was heard of it for long.
    #[must_use]
    pub const fn is_silent(&self, now: Time) -> bool {
        now.since(self.heard[1]) > SILENT
    }
}

/// A source that is read by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// What its operator calls it.
    pub name: String,
    /// Where it is.
    pub place: String,
    /// `well`, `waiting`, `stale`, `failing`.
    pub state: &'static str,
    /// The last good run.
    pub read: String,
    /// Rows: read, mended, set aside.
    pub rows: [u64; 3],
    /// What is wrong, and how to mend it.
    pub trouble: String,
}

/// A document of another system.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The file's name.
    pub name: String,
    /// What is in it.
    pub bytes: Arc<[u8]>,
    /// What its source is called here; the importer's name when it is empty.
    pub called: String,
    /// The importer; the one that recognises it when it is empty.
    pub importer: String,
    /// What columns mean, as far as somebody said so.
    pub mapping: Option<Mapping>,
    /// Whether it is all that its source has.
    pub is_whole: bool,
    /// The routing domain of its addresses.
    pub scope: Scope,
    /// Whether nothing is taken in.
    pub is_trial: bool,
}

/// What became of a document.
#[derive(Debug, Clone)]
pub struct Report {
    /// The run, by which it is taken back.
    pub run: Id,
    /// The importer that read it.
    pub importer: &'static str,
    /// What became of its rows.
    pub tally: Tally,
    /// The rows that were not as they should be.
    pub troubles: Vec<Trouble>,
    /// Troubles beyond those.
    pub more: u64,
    /// Why it could not be read to its end.
    pub broken: Option<String>,
    /// What its columns were taken for; none when it is no table.
    pub mapping: Option<Mapping>,
}
