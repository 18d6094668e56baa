//! The keeper: follows the journal, lets the engine take in each record, commits what changed.
//!
//! State, manifest of the flow history and journal offset go into one transaction, so that a crash takes them together
//! and the journal is replayed from there. A decision is answered when its outcome is committed and in the ledger.
//! A database that is away and a disk that is full are waited for; a disk that fails ends the keeper.

mod look;

use super::events::Watch;
use super::fleet::{Fleet, Stored};
use super::flows::Flows;
use super::ledger::Ledger;
use super::listen::Waiting;
use super::places::Places;
use super::space::{self, Space};
use super::{Stop, now, recorded};
use crate::config::Config;
use crate::io::link::Fate;
use anyhow::Context as _;
use look::{Counting, Look};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use wardlight_engine::{Bounds, Effect, Entry, Held, Input, Site};
use wardlight_inventory::Knowledge;
use wardlight_inventory::resolve::{Rules, Tally};
use wardlight_model::change::Change;
use wardlight_model::journal::Decision;
use wardlight_model::{Id, Time};
use wardlight_store::database::{Database, StoreError};
use wardlight_store::history::{self, Batch, Hour, Limits};
use wardlight_store::journal::{Follower, Journal};
use wardlight_store::segment::{ReadError, Record};

/// Changes after which a commit is due at once.
const CHANGES: usize = 100_000;
/// How many times as long as settling took there is no other: most of the time is for what sensors bring.
const SHARE: u32 = 9;
/// The longest such rest: a new device is to be seen within a minute.
const REST: Duration = Duration::from_secs(30);
/// How soon it is noticed that a look at the devices is over.
const NOTICE: Duration = Duration::from_millis(20);
/// Pause before a database that is not available is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// What the server has done, for whoever asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Standing {
    /// The last durable journal record.
    pub journal: u64,
    /// The last one whose changes are committed.
    pub committed: u64,
    /// The last one whose flows stand in the flow history.
    pub history: u64,
    /// Devices known.
    pub devices: usize,
    /// How well the assets are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assets: Option<Assets>,
    /// Whether devices and assets follow from all that is committed.
    #[serde(skip)]
    pub is_settled: bool,
    /// Whether the disk is full: flows are given up, observations wait at their sensors.
    pub is_full: bool,
    /// Why the state waits; empty when it does not.
    pub waits: String,
    /// Flows that were given up since the start because the disk was full.
    pub shed_flows: u64,
    /// Facts that found no room in memory.
    pub dropped_facts: u64,
    /// Records that this version cannot read.
    pub unread: u64,
    /// Records of the journal that are damaged or gone.
    pub lost: u64,
    /// Entries of the ledger.
    pub ledger: u64,
    /// The sources that are read by themselves.
    pub sources: Vec<super::sources::Standing>,
    /// When this was written.
    pub at: String,
}

/// How many assets there are of each sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Assets {
    /// Met on the network.
    pub networked: usize,
    /// Of these, in a record that somebody stands for.
    pub confirmed: usize,
    /// Of those met, neither typed nor confirmed, or without an owner.
    pub unknown: usize,
    /// Of those met, without any owner.
    pub ownerless: usize,
    /// In the records, and never met.
    pub missing: usize,
}

impl From<Tally> for Assets {
    fn from(tally: Tally) -> Self {
        let Tally { networked, confirmed, unknown, ownerless, missing } = tally;
        Self { networked, confirmed, unknown, ownerless, missing }
    }
}

/// Told how things stand, and whether nothing is left to do.
pub type Tell<'a> = Box<dyn FnMut(&Standing, bool) + 'a>;

/// What the keeper works with.
pub struct Parts<'a> {
    /// The state.
    pub database: Database,
    /// What it follows.
    pub journal: Journal,
    /// Who waits for decisions.
    pub waiting: Waiting,
    /// Who lists the devices.
    pub fleet: Fleet,
    /// Who notices what others are told.
    pub events: Watch,
    /// Room on the disk.
    pub space: Space,
    /// When to end.
    pub stop: &'a Stop,
    /// Who wants to know how things stand.
    pub tell: Tell<'a>,
}

/// A transaction.
enum Step<'s> {
    /// What journal records up to this one changed, in the state and in the flow history.
    Commit(&'s [Change], &'s history::Change, u64),
    /// What follows from the state as it stands.
    Put(&'s [Change]),
    /// Files of the flow history.
    History(&'s history::Change),
}

/// Follows one journal.
pub struct Keeper<'a> {
    config: &'a Config,
    runtime: &'a Runtime,
    parts: Parts<'a>,
    follower: Follower,
    site: Site,
    knowledge: Arc<(Knowledge, Rules)>,
    settling: Option<Look>,
    ledger: Ledger,
    flows: Flows,
    /// Until the devices are settled first.
    stored: Stored,
    changes: Vec<Change>,
    decided: Vec<(u64, Id, Fate)>,
    committed: u64,
    recorded: Time,
    /// Submissions that the journal had refused when it was last looked at.
    refused: u64,
    standing: Standing,
}

impl<'a> Keeper<'a> {
    /// Takes up where the database is. Errors: database, history or ledger cannot be opened.
    pub fn open(config: &'a Config, runtime: &'a Runtime, parts: Parts<'a>) -> anyhow::Result<Self> {
        let places = Places::of(config);
        let database = &parts.database;
        let (id, committed, stored) = runtime.block_on(async {
            let (id, committed) = (database.site().await?, database.sequence().await?);
            Ok::<_, StoreError>((id, committed, Stored::read(database, &parts.fleet).await?))
        })?;
        let flows = runtime.block_on(Flows::open(&places.data, database, parts.journal.clone(), committed))?;
        let (ledger, refused) = Ledger::open(id, &places, config.journal.reserve_mib.saturating_mul(1 << 20))?;
        parts.waiting.carried_out(committed, refused);
        Ok(Self {
            config,
            runtime,
            follower: parts.journal.follow(committed + 1),
            site: Site::new(id, 0, Bounds { facts: 0, presences: 0 }, Held { sequence: committed, ..Held::default() }),
            knowledge: Arc::new((Knowledge::shipped()?, Rules::shipped()?)),
            settling: None,
            ledger,
            flows,
            stored,
            changes: Vec::new(),
            decided: Vec::new(),
            committed,
            recorded: Time::MIN,
            refused: 0,
            standing: Standing::default(),
            parts,
        })
    }

    /// Makes readers of the ledger's entries.
    pub fn entries(&self) -> wardlight_store::segment::Shelf {
        self.ledger.shelf()
    }

    /// Follows the journal until it shall end, then commits what is left; tells how things stand after every commit.
    /// Errors: the disk or the ledger says no, or the database does for good.
    pub fn run(&mut self) -> anyhow::Result<()> {
        self.load()?;
        // Nothing was committed yet: what is read here is what it began with.
        let past = self.runtime.block_on(self.parts.database.all_contacts())?;
        let mut counting = Some(Counting::Due(past));
        let outcome = self.follow(&mut counting);
        self.parts.stop.now();
        match counting {
            Some(Counting::Begun(thread)) => drop(thread.join()),
            Some(Counting::Due(past)) => {
                // A session ends inside the runtime that it belongs to.
                let _inside = self.runtime.enter();
                drop(past);
            }
            None => {}
        }
        outcome
    }

    /// Reads what the state holds. Errors: it cannot be read.
    fn load(&mut self) -> anyhow::Result<()> {
        let database = &self.parts.database;
        let (id, loaded) =
            self.runtime.block_on(async { Ok::<_, StoreError>((database.site().await?, database.load().await?)) })?;
        if loaded.unknown > 0 {
            eprintln!("wardlight: {} facts are of a later version and are left as they are", loaded.unknown);
        }
        let mut seed = [0; 8];
        getrandom::fill(&mut seed)?;
        let bounds = Bounds { facts: self.config.store.most_facts, presences: self.config.store.most_facts };
        let held = super::server::held(loaded, self.stored.ids());
        self.site = Site::new(id, u64::from_le_bytes(seed), bounds, held);
        Ok(())
    }

    fn follow(&mut self, past: &mut Option<Counting>) -> anyhow::Result<()> {
        let patience = Duration::from_millis(self.config.store.commit_ms);
        let tidying = Duration::from_secs(self.config.history.tidy_s);
        let (mut begun, mut rested, mut tidied) = (None::<Instant>, None::<Instant>, Instant::now());
        let mut pause = Duration::ZERO;
        while !self.parts.stop.is_wanted() {
            let wait = begun.map_or(patience, |begun| patience.saturating_sub(begun.elapsed()));
            let record = self.next(if self.settling.is_some() { wait.min(NOTICE) } else { wait })?;
            let is_idle = record.is_none();
            if let Some(record) = record {
                begun.get_or_insert_with(Instant::now);
                self.take(&record)?;
            }
            let is_due = !self.decided.is_empty() || self.changes.len() >= CHANGES || self.flows.rows() >= Batch::AIM;
            if begun.is_some_and(|begun| begun.elapsed() >= patience) || is_due {
                self.commit()?;
                begun = None;
            }
            if begun.is_none() {
                if let Some(took) = self.look_over()? {
                    // Nobody waits for the first devices because there were none before.
                    let has_any = self.site.devices().len() > 0;
                    (pause, rested) = (took.saturating_mul(SHARE).min(REST), has_any.then(Instant::now));
                    self.count(past)?;
                }
                let rest = if is_idle { pause } else { pause.max(Duration::from_secs(self.config.store.settle_s)) };
                if rested.is_none_or(|rested| rested.elapsed() >= rest) {
                    self.look()?;
                }
            }
            if tidied.elapsed() >= tidying {
                self.tidy()?;
                tidied = Instant::now();
            }
            if begun.is_none() {
                self.recover()?;
                let is_all = self.is_settled() && self.committed == self.parts.journal.status().durable;
                self.show(is_idle && is_all && !self.flows.is_behind());
            }
        }
        self.commit()?;
        self.ledger.sign().map(drop)
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
        self.recorded = recorded(record);
        for effect in self.site.step(Input::Record(entry)) {
            match effect {
                Effect::Change(change) => self.changes.push(change),
                Effect::Flows { sequence, sensor, flows } => {
                    let sensor = sensor.to_string();
                    let origin = history::Origin { sensor: &sensor, sequence, recorded: self.recorded };
                    self.flows.take(origin, &flows);
                }
                Effect::Decided { sequence, id, decision, outcome } => {
                    let why = outcome.err().map(|refusal| refusal.to_string());
                    self.note(sequence, &decision, why.as_deref())?;
                    self.parts.events.decided((sequence, id), &decision, why.is_some());
                    self.decided.push((sequence, id, why.map_or(Fate::Stored(sequence), Fate::Refused)));
                }
                Effect::Resolved(_) => {}
                Effect::Unread { sequence, reason } => {
                    self.standing.unread += 1;
                    eprintln!("wardlight: journal record {sequence} is left as it is: {reason}");
                }
            }
        }
        Ok(())
    }

    /// Writes a decision into the ledger, waiting for room.
    fn note(&mut self, sequence: u64, decision: &Decision, refused: Option<&str>) -> anyhow::Result<()> {
        loop {
            match self.ledger.decided(sequence, decision, refused.map_or(Ok(()), Err)) {
                Err(error) if space::is_full(&error) && !self.parts.stop.is_wanted() => {
                    if !self.parts.space.give() {
                        self.wait(format!("decisions wait: {error:#}"))?;
                    }
                }
                outcome => return outcome.inspect(|()| self.go_on()),
            }
        }
    }

    /// Commits everything up to the last record taken in, and answers the decisions among them.
    fn commit(&mut self) -> anyhow::Result<()> {
        let sequence = self.site.sequence();
        if sequence > self.committed {
            let flows = self.flows.write(sequence);
            let changes = std::mem::take(&mut self.changes);
            self.parts.events.commit(&changes);
            self.persist(&Step::Commit(&changes, &flows, sequence))?;
            self.parts.fleet.hear(&changes);
            self.flows.committed(&flows);
            self.committed = sequence;
        }
        while !self.decided.is_empty() && !self.ledger.sign()? {
            anyhow::ensure!(!self.parts.stop.is_wanted(), "there is no room for a checkpoint of the ledger");
            if !self.parts.space.give() {
                self.wait("decisions wait: there is no room for a checkpoint of the ledger".to_owned())?;
            }
        }
        self.go_on();
        let refused = self.decided.iter().filter_map(|(sequence, _, fate)| match fate {
            Fate::Refused(why) => Some((*sequence, why.clone())),
            _ => None,
        });
        self.parts.waiting.carried_out(self.committed, refused);
        for (_, id, fate) in self.decided.drain(..) {
            self.parts.waiting.answer(id, fate);
        }
        Ok(())
    }

    /// Makes a step durable, waiting for a database that is not there just now or has no room. Doing a step twice is
    /// doing it once.
    fn persist(&mut self, step: &Step<'_>) -> anyhow::Result<()> {
        let mut is_fresh = true;
        loop {
            let database = &self.parts.database;
            let outcome = self.runtime.block_on(async {
                match step {
                    Step::Commit(changes, flows, sequence) => {
                        database.commit_with(changes, flows, *sequence).await.map(drop)
                    }
                    Step::Put(changes) => database.put(changes).await,
                    Step::History(change) => database.put_history(change).await,
                }
            });
            match outcome {
                Err(error) if self.parts.stop.is_wanted() => return Err(error).context("cannot commit the state"),
                Err(StoreError::Full { .. }) if self.parts.space.give() || std::mem::take(&mut is_fresh) => {
                    // Only now that nobody else takes what it gives back; whether it could shows the next try.
                    let _ = self.runtime.block_on(self.parts.database.shrink());
                }
                Err(error) if error.is_retryable() => {
                    self.wait(format!("the state waits: {error}"))?;
                    is_fresh = true;
                }
                outcome => {
                    self.go_on();
                    return outcome.context("cannot commit the state");
                }
            }
        }
    }

    /// Waits a little, and says why. Errors: the journal stopped meanwhile.
    fn wait(&mut self, why: String) -> anyhow::Result<()> {
        if self.standing.waits != why {
            eprintln!("wardlight: {why}");
            self.standing.waits = why;
        }
        self.check()?;
        self.show(false);
        self.parts.stop.wait(PAUSE);
        Ok(())
    }

    fn go_on(&mut self) {
        if !self.standing.waits.is_empty() {
            eprintln!("wardlight: the state goes on");
            self.standing.waits.clear();
        }
    }

    /// Does what had to wait for room. Nothing may be taken in that is not committed. Errors: the journal stopped.
    fn recover(&mut self) -> anyhow::Result<()> {
        self.check()?;
        self.parts.space.regain(&mut self.ledger)?;
        if !self.parts.space.is_tight()
            && let Some(change) = self.flows.catch_up(self.committed)
        {
            self.persist(&Step::History(&change))?;
            self.flows.committed(&change);
        }
        Ok(())
    }

    /// Errors: the journal stopped, so that nothing is acknowledged any more.
    fn check(&self) -> anyhow::Result<()> {
        match self.parts.journal.status().broken {
            None => Ok(()),
            Some(cause) => anyhow::bail!("nothing is acknowledged any more: {cause}; {}", space::BROKEN),
        }
    }

    /// Deletes flows that are past their time, merges small files, releases journal segments, signs the ledger. While a
    /// copy is being made, only the last.
    fn tidy(&mut self) -> anyhow::Result<()> {
        self.parts.fleet.refresh();
        if let Some(_held) = Places::of(self.config).try_hold().context("cannot hold the data folder")? {
            self.clear()?;
        }
        self.ledger.sign().map(drop)
    }

    fn clear(&mut self) -> anyhow::Result<()> {
        let limits = Limits {
            age_s: limit(self.config.history.keep_days).map(|days| days.saturating_mul(86_400)),
            bytes: (self.config.history.keep_mib > 0).then(|| self.config.history.keep_mib.saturating_mul(1 << 20)),
        };
        let purged = self.flows.purge(limits, now(), self.recorded);
        let has_room = !self.parts.space.is_tight() && !self.flows.is_behind();
        let merged = has_room.then(|| self.flows.merge(Hour::of(self.recorded))).flatten();
        for change in [purged, merged].into_iter().flatten() {
            self.persist(&Step::History(&change))?;
            self.flows.committed(&change);
        }
        match self.runtime.block_on(self.parts.database.backed_up()) {
            Ok(0) => {}
            // What is behind is read from the journal.
            Ok(kept) => drop(self.parts.journal.release(self.committed.min(kept).min(self.flows.reached()))?),
            Err(error) if error.is_retryable() => {}
            Err(error) => return Err(error).context("cannot read the state"),
        }
        Ok(())
    }

    fn show(&mut self, is_done: bool) {
        let status = self.parts.journal.status();
        // Also when there was room again before anybody looked.
        let is_full = status.is_full || status.refused > std::mem::replace(&mut self.refused, status.refused);
        let was_full = std::mem::replace(&mut self.standing.is_full, is_full);
        self.standing.journal = status.durable;
        self.standing.committed = self.committed;
        self.standing.history = self.flows.reached();
        self.standing.devices = self.site.devices().len();
        self.standing.is_settled = self.is_settled();
        self.standing.shed_flows = self.parts.waiting.shed_flows();
        self.standing.dropped_facts = self.site.dropped();
        self.standing.ledger = self.ledger.size();
        self.standing.at = now().to_string();
        match (was_full, is_full) {
            (false, true) => eprintln!(
                "wardlight: the disk is full: flows are given up, observations wait at their sensors; free some space, \
                 or add disk: it goes on by itself"
            ),
            (true, false) => eprintln!(
                "wardlight: the disk has room again; {} flows were given up since the start",
                self.standing.shed_flows
            ),
            _ => {}
        }
        self.parts.events.look(&self.parts.waiting.sensors(), is_full, now());
        (self.parts.tell)(&self.standing, is_done);
    }
}

fn limit(days: u64) -> Option<i64> {
    (days > 0).then(|| i64::try_from(days).unwrap_or(i64::MAX))
}
