//! The keeper: follows the journal, lets the engine take in each record, commits what changed.
//!
//! State, manifest of the flow history and journal offset go into one transaction, so that a crash takes them together
//! and the journal is replayed from there. A decision is answered when its outcome is committed and in the ledger.

use super::fleet::{Fleet, Stored};
use super::ledger::Ledger;
use super::listen::Waiting;
use super::places::Places;
use super::{Stop, now};
use crate::config::Config;
use crate::io::link::Fate;
use anyhow::Context as _;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use wardlight_engine::{Bounds, Effect, Entry, Held, Input, Site};
use wardlight_inventory::Knowledge;
use wardlight_model::change::Change;
use wardlight_model::{Flow, Id, Time};
use wardlight_store::database::{Database, StoreError};
use wardlight_store::history::{self, Batch, Check, History, Hour, Limits, Manifest, mergeable, plan_purge};
use wardlight_store::journal::{Follower, Journal};
use wardlight_store::segment::{ReadError, Record};

/// Changes after which a commit is due at once.
const CHANGES: usize = 100_000;
/// Time between two looks at what may be deleted or merged.
const TIDYING: Duration = Duration::from_secs(60);
/// How many times as long as settling took there is no other: most of the time is for what sensors bring.
const SHARE: u32 = 9;
/// Pause before a database that is not available is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// What the server has done, for whoever asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Standing {
    /// The last durable journal record.
    pub journal: u64,
    /// The last one whose changes are committed.
    pub committed: u64,
    /// Devices known.
    pub devices: usize,
    /// Rows of flows that were given up because the disk was full.
    pub shed_flows: u64,
    /// Facts that found no room in memory.
    pub dropped_facts: u64,
    /// Records that this version cannot read.
    pub unread: u64,
    /// Records of the journal that are damaged or gone.
    pub lost: u64,
    /// Entries of the ledger.
    pub ledger: u64,
    /// When this was written.
    pub at: String,
}

/// Follows one journal.
pub struct Keeper<'a> {
    config: &'a Config,
    runtime: &'a Runtime,
    database: Database,
    journal: Journal,
    follower: Follower,
    site: Site,
    knowledge: Knowledge,
    ledger: Ledger,
    waiting: Waiting,
    fleet: Fleet,
    /// Until the devices are settled first.
    stored: Stored,
    history: History,
    manifest: Manifest,
    flows: Batch,
    site_name: String,
    changes: Vec<Change>,
    decided: Vec<(u64, Id, Fate)>,
    committed: u64,
    recorded: Time,
    standing: Standing,
}

impl<'a> Keeper<'a> {
    /// Takes up where the database is. Errors: database, history or ledger cannot be opened.
    pub fn open(
        config: &'a Config,
        runtime: &'a Runtime,
        database: Database,
        journal: Journal,
        (waiting, fleet): (Waiting, Fleet),
    ) -> anyhow::Result<Self> {
        let places = Places::of(config);
        let (id, loaded, stored, manifest) = runtime.block_on(async {
            let loaded = database.load().await?;
            let (id, stored) = (database.site().await?, Stored::read(&database).await?);
            Ok::<_, StoreError>((id, loaded, stored, database.manifest().await?))
        })?;
        if loaded.unknown > 0 {
            eprintln!("wardlight: {} facts are of a later version and are left as they are", loaded.unknown);
        }
        let history = History::new(&places.data);
        let found =
            history.adopt(&manifest, loaded.sequence + 1, Check::Length).context("cannot take up the flow history")?;
        for segment in found.missing.iter().chain(&found.differing) {
            eprintln!("wardlight: {}: this file of the flow history is missing or damaged; restore it", segment.path());
        }
        let held = Held {
            facts: loaded.facts,
            presences: loaded.presences,
            oddities: loaded.oddities,
            areas: loaded.areas,
            domains: loaded.domains,
            devices: stored.ids(),
            sequence: loaded.sequence,
        };
        let mut seed = [0; 8];
        getrandom::fill(&mut seed)?;
        let bounds = Bounds { facts: config.store.most_facts, presences: config.store.most_facts };
        let (ledger, refused) = Ledger::open(id, &places)?;
        waiting.carried_out(loaded.sequence, refused);
        Ok(Self {
            config,
            runtime,
            follower: journal.follow(loaded.sequence + 1),
            site: Site::new(id, u64::from_le_bytes(seed), bounds, held),
            knowledge: Knowledge::shipped()?,
            ledger,
            waiting,
            fleet,
            stored,
            history,
            manifest,
            flows: Batch::new(&id.to_string()),
            site_name: id.to_string(),
            changes: Vec::new(),
            decided: Vec::new(),
            committed: loaded.sequence,
            recorded: Time::MIN,
            standing: Standing::default(),
            database,
            journal,
        })
    }

    /// Follows the journal until `stop`, then commits what is left. `each` is told how things stand after every commit,
    /// and with `true` when nothing is left to do. Errors: the disk or the ledger says no, or the database does for good.
    pub fn run(&mut self, stop: &Stop, mut each: impl FnMut(&Standing, bool)) -> anyhow::Result<()> {
        let patience = Duration::from_millis(self.config.store.commit_ms);
        self.settle(stop)?;
        let (mut begun, mut settled, mut tidied) = (None::<Instant>, None::<Instant>, Instant::now());
        let mut pause = Duration::ZERO;
        while !stop.is_wanted() {
            let wait = begun.map_or(patience, |begun| patience.saturating_sub(begun.elapsed()));
            let record = self.next(wait)?;
            let is_idle = record.is_none();
            if let Some(record) = record {
                begun.get_or_insert_with(Instant::now);
                self.take(&record)?;
            }
            let is_due = !self.decided.is_empty() || self.changes.len() >= CHANGES || self.flows.rows() >= Batch::AIM;
            if begun.is_some_and(|begun| begun.elapsed() >= patience) || is_due {
                self.commit(stop)?;
                begun = None;
            }
            let rest = if is_idle { pause } else { pause.max(Duration::from_secs(self.config.store.settle_s)) };
            let may_settle = settled.is_none_or(|settled| settled.elapsed() >= rest);
            if begun.is_none() && !self.site.is_settled() && may_settle {
                let beginning = Instant::now();
                self.settle(stop)?;
                pause = beginning.elapsed().saturating_mul(SHARE);
                settled = Some(Instant::now());
            }
            if tidied.elapsed() >= TIDYING {
                self.tidy(stop)?;
                tidied = Instant::now();
            }
            if begun.is_none() {
                let is_done = is_idle && self.site.is_settled() && self.committed == self.journal.status().durable;
                self.stand();
                each(&self.standing, is_done);
            }
        }
        self.commit(stop)?;
        self.ledger.sign()
    }

    /// The next record. Those that are damaged or gone are counted and told of, and the work goes on behind them: that
    /// the rest is kept is worth more. Errors: the disk cannot be read.
    fn next(&mut self, wait: Duration) -> anyhow::Result<Option<Record>> {
        loop {
            let from = self.follower.position();
            match self.follower.next(wait) {
                Ok(record) => return Ok(record),
                Err(error @ ReadError::Disk { .. }) => return Err(error).context("cannot read the journal"),
                Err(error) => {
                    self.standing.lost += self.follower.position().saturating_sub(from);
                    eprintln!("wardlight: the journal is damaged, restore a backup: {error}");
                }
            }
        }
    }

    fn take(&mut self, record: &Record) -> anyhow::Result<()> {
        let entry = Entry {
            sequence: record.sequence,
            id: Id(record.id.0),
            format: record.version,
            kind: record.kind,
            body: &record.body,
        };
        self.recorded = made_at(record);
        for effect in self.site.step(Input::Record(entry)) {
            match effect {
                Effect::Change(change) => self.changes.push(change),
                Effect::Flows { sequence, sensor, flows } => self.keep(sequence, sensor, &flows),
                Effect::Decided { sequence, id, decision, outcome } => {
                    let why = outcome.as_ref().err().map(ToString::to_string);
                    self.ledger.decided(sequence, &decision, why.as_deref().map_or(Ok(()), Err))?;
                    self.decided.push((sequence, id, why.map_or(Fate::Stored(sequence), Fate::Refused)));
                }
                Effect::Unread { sequence, reason } => {
                    self.standing.unread += 1;
                    eprintln!("wardlight: journal record {sequence} is left as it is: {reason}");
                }
            }
        }
        Ok(())
    }

    fn keep(&mut self, sequence: u64, sensor: Id, flows: &[Flow]) {
        let sensor = sensor.to_string();
        for flow in flows {
            self.flows.push(history::Origin { sensor: &sensor, sequence, recorded: self.recorded }, flow);
        }
    }

    /// Commits everything up to the last record taken in, and answers the decisions among them.
    fn commit(&mut self, stop: &Stop) -> anyhow::Result<()> {
        let sequence = self.site.sequence();
        if sequence > self.committed {
            let flows = std::mem::replace(&mut self.flows, Batch::new(&self.site_name));
            let flushed = self.history.flush(&flows);
            for shed in &flushed.shed {
                self.standing.shed_flows += shed.rows;
                eprintln!("wardlight: {} flows were given up: {}", shed.rows, shed.error);
            }
            let changes = std::mem::take(&mut self.changes);
            self.persist(stop, &changes, &flushed.change, Some(sequence))?;
            self.fleet.hear(&changes);
            self.manifest.apply(&flushed.change);
            self.committed = sequence;
        }
        if !self.decided.is_empty() {
            self.ledger.sign()?;
        }
        let refused = self.decided.iter().filter_map(|(sequence, _, fate)| match fate {
            Fate::Refused(why) => Some((*sequence, why.clone())),
            _ => None,
        });
        self.waiting.carried_out(self.committed, refused);
        for (_, id, fate) in self.decided.drain(..) {
            self.waiting.answer(id, fate);
        }
        Ok(())
    }

    fn settle(&mut self, stop: &Stop) -> anyhow::Result<()> {
        let effects = self.site.step(Input::Settle(&self.knowledge));
        let changes = effects.into_iter().filter_map(|effect| match effect {
            Effect::Change(change) => Some(change),
            _ => None,
        });
        let changes: Vec<Change> = changes.collect();
        self.fleet.apply(&changes);
        self.fleet.is_known();
        let changes = std::mem::take(&mut self.stored).without_known(changes);
        self.persist(stop, &changes, &history::Change::default(), None)
    }

    /// Makes changes durable, waiting for a database that is not there just now.
    fn persist(
        &self,
        stop: &Stop,
        changes: &[Change],
        flows: &history::Change,
        sequence: Option<u64>,
    ) -> anyhow::Result<()> {
        let mut said = false;
        loop {
            let outcome = self.runtime.block_on(async {
                match sequence {
                    Some(sequence) => self.database.commit_with(changes, flows, sequence).await.map(drop),
                    None => self.database.put(changes).await,
                }
            });
            match outcome {
                Err(error) if error.is_retryable() && !stop.is_wanted() => {
                    if !std::mem::replace(&mut said, true) {
                        eprintln!("wardlight: the journal goes on, the state waits: {error}");
                    }
                    stop.wait(PAUSE);
                }
                outcome => return outcome.context("cannot commit the state"),
            }
        }
    }

    /// Deletes flows that are past their time, merges small files, releases journal segments, signs the ledger.
    fn tidy(&mut self, stop: &Stop) -> anyhow::Result<()> {
        self.fleet.refresh();
        let limits = Limits {
            age_s: limit(self.config.history.keep_days).map(|days| days.saturating_mul(86_400)),
            bytes: (self.config.history.keep_mib > 0).then(|| self.config.history.keep_mib.saturating_mul(1 << 20)),
        };
        let purge = plan_purge(&self.manifest, limits, now(), self.recorded);
        if !purge.files.is_empty() {
            self.apply(stop, &purge.change(now()))?;
        }
        for group in mergeable(&self.manifest, Hour::of(self.recorded)).into_iter().take(1) {
            match self.history.compact(&group) {
                Ok(change) => self.apply(stop, &change)?,
                Err(error) => eprintln!("wardlight: files of the flow history were not merged: {error}"),
            }
        }
        let kept = self.runtime.block_on(self.database.backed_up())?;
        if kept > 0 {
            self.journal.release(self.committed.min(kept))?;
        }
        self.ledger.sign()
    }

    fn apply(&mut self, stop: &Stop, change: &history::Change) -> anyhow::Result<()> {
        let segments = self.runtime.block_on(self.database.put_history(change));
        if let Err(error) = segments {
            if error.is_retryable() && !stop.is_wanted() {
                return Ok(());
            }
            return Err(error).context("cannot commit the manifest of the flow history");
        }
        self.manifest.apply(change);
        self.history.remove(change).context("cannot delete what the flow history no longer holds")
    }

    fn stand(&mut self) {
        self.standing.journal = self.journal.status().durable;
        self.standing.committed = self.committed;
        self.standing.devices = self.site.devices().len();
        self.standing.dropped_facts = self.site.dropped();
        self.standing.ledger = self.ledger.size();
        self.standing.at = now().to_string();
    }
}

fn limit(days: u64) -> Option<i64> {
    (days > 0).then(|| i64::try_from(days).unwrap_or(i64::MAX))
}

/// When a record was made: its id carries the time (UUIDv7), so that a replay knows the same.
fn made_at(record: &Record) -> Time {
    let [a, b, c, d, e, f, ..] = record.id.0;
    let millis = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    Time::from_micros(millis.saturating_mul(1000))
}
