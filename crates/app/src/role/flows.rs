//! The flow history of one site: every flow of the journal in files, each file listed together with the state.
//!
//! In: flows in the order of the journal. Out: what changes in the manifest, to be committed by the keeper. When files
//! cannot be written, the state goes on without them: nothing that was acknowledged is given up, its flows are read from
//! the journal again once there is room. How far the history came is kept with the manifest.

use super::recorded;
use anyhow::Context as _;
use std::path::Path;
use std::time::{Duration, Instant};
use wardlight_model::journal::{self, BodyKind};
use wardlight_model::{Flow, Time};
use wardlight_store::database::Database;
use wardlight_store::history::{self, Batch, Change, Check, History, Hour, Limits, Manifest, mergeable, plan_purge};
use wardlight_store::journal::Journal;
use wardlight_store::segment::{ReadError, Record};

/// Time between two tries to write what could not be written.
const PAUSE: Duration = Duration::from_secs(1);
/// Rows of one step of writing behind: the keeper goes on between two.
const STEP: usize = 100_000;

/// The history, and what is on its way there.
pub struct Flows {
    history: History,
    manifest: Manifest,
    journal: Journal,
    batch: Batch,
    site: String,
    /// All flows up to this journal record stand in the history.
    reached: u64,
    /// When to write what is behind: it is read from the journal then, and not kept in memory.
    behind: Option<Instant>,
}

impl Flows {
    /// Takes up the history below `folder`, as `database` lists it, when the state has come to journal record
    /// `committed`. Errors: what the disk or the database says.
    pub async fn open(folder: &Path, database: &Database, journal: Journal, committed: u64) -> anyhow::Result<Self> {
        let (site, manifest) = (database.site().await?.to_string(), database.manifest().await?);
        let reached = database.history_reached().await?.unwrap_or(committed).min(committed);
        let history = History::new(folder);
        let found = history.adopt(&manifest, reached + 1, Check::Length).context("cannot take up the flow history")?;
        for segment in found.missing.iter().chain(&found.differing) {
            eprintln!("wardlight: {}: this file of the flow history is missing or damaged; restore it", segment.path());
        }
        let behind = (reached < committed).then(Instant::now);
        Ok(Self { batch: Batch::new(&site), history, manifest, journal, site, reached, behind })
    }

    /// Takes flows in, unless they are read from the journal later anyway.
    pub fn take(&mut self, origin: history::Origin<'_>, flows: &[Flow]) {
        if self.behind.is_none() {
            flows.iter().for_each(|flow| self.batch.push(origin, flow));
        }
    }

    /// Rows that wait to be written.
    pub fn rows(&self) -> usize {
        self.batch.rows()
    }

    /// The journal record up to which the history holds every flow.
    pub const fn reached(&self) -> u64 {
        self.reached
    }

    /// Whether some flows could not be written yet.
    pub const fn is_behind(&self) -> bool {
        self.behind.is_some()
    }

    /// Writes what was taken in, up to journal record `sequence`. What it gives must be committed together with that.
    pub fn write(&mut self, sequence: u64) -> Change {
        if self.behind.is_none() {
            return self.flush(sequence);
        }
        Change { reached: Some(self.reached), ..Change::default() }
    }

    /// Writes some of what is behind, when it is time to try again. The state must be at journal record `committed`, and
    /// nothing beyond it taken in. What this gives must be committed.
    pub fn catch_up(&mut self, committed: u64) -> Option<Change> {
        self.behind.filter(|due| *due <= Instant::now())?;
        let (before, last) = (self.reached, self.read_again(committed));
        let change = self.flush(last);
        if self.reached == before {
            self.behind = Some(Instant::now() + PAUSE);
            return None;
        }
        self.behind = (self.reached < committed).then(Instant::now);
        Some(change)
    }

    /// Takes `change` for done, and deletes the files that it leaves over.
    pub fn committed(&mut self, change: &Change) {
        self.manifest.apply(change);
        if let Err(error) = self.history.remove(change) {
            eprintln!("wardlight: {error}; the next start takes it away");
        }
    }

    /// What is past its time.
    pub fn purge(&self, limits: Limits, clock: Time, newest: Time) -> Option<Change> {
        let purge = plan_purge(&self.manifest, limits, clock, newest);
        (!purge.files.is_empty()).then(|| purge.change(clock))
    }

    /// Small files as one, of an hour before `open`.
    pub fn merge(&self, open: Hour) -> Option<Change> {
        let group = mergeable(&self.manifest, open).into_iter().next()?;
        let merged = self.history.compact(&group);
        merged.inspect_err(|error| eprintln!("wardlight: files of the flow history were not merged: {error}")).ok()
    }

    fn flush(&mut self, sequence: u64) -> Change {
        let batch = std::mem::replace(&mut self.batch, Batch::new(&self.site));
        let flushed = self.history.flush(&batch);
        let Some(first) = flushed.shed.first() else {
            self.reached = sequence;
            return Change { reached: Some(sequence), ..flushed.change };
        };
        if self.behind.is_none() {
            eprintln!(
                "wardlight: flows from journal record {} on wait in the journal: {}",
                self.reached + 1,
                first.error
            );
        }
        self.behind = Some(Instant::now() + PAUSE);
        // All of it or none, so that one number says what is there.
        let _ = self.history.remove(&Change { dropped: flushed.change.added, ..Change::default() });
        Change { reached: Some(self.reached), ..Change::default() }
    }

    /// Reads flows that were not written, as many as make a step; gives the last record read.
    fn read_again(&mut self, committed: u64) -> u64 {
        let mut last = self.reached;
        let mut follower = self.journal.follow(last + 1);
        while last < committed && self.batch.rows() < STEP {
            match follower.next(Duration::ZERO) {
                Ok(Some(record)) if record.sequence <= committed => {
                    last = record.sequence;
                    self.take_again(&record);
                }
                Ok(_) => return committed,
                // The keeper says what is damaged.
                Err(ReadError::Rot(_) | ReadError::Released { .. }) => {}
                Err(error) => {
                    eprintln!("wardlight: {error}");
                    return last;
                }
            }
        }
        last
    }

    fn take_again(&mut self, record: &Record) {
        let is_flows = BodyKind::numbered(record.kind) == Some(BodyKind::Flows) && record.version <= journal::FORMAT;
        let Some(body) = is_flows.then(|| journal::decode::<journal::Flows>(&record.body).ok()).flatten() else {
            return;
        };
        let sensor = body.sensor.to_string();
        let origin = history::Origin { sensor: &sensor, sequence: record.sequence, recorded: recorded(record) };
        body.flows.items.iter().for_each(|flow| self.batch.push(origin, flow));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::net::IpAddr;
    use wardlight_model::{ConnState, Direction, FlowId, FlowKey, Id, Scope, Transport};
    use wardlight_store::database::{PATIENCE, Settings};
    use wardlight_store::journal::Options;
    use wardlight_store::segment::{self, Draft};

    fn flow(n: u64) -> Flow {
        Flow {
            id: FlowId(n),
            key: FlowKey {
                scope: Scope(0),
                transport: Transport::TCP,
                initiator: (IpAddr::from([10, 0, 0, 1]), 40_000),
                responder: (IpAddr::from([10, 0, 0, 2]), 104),
            },
            macs: [None; 2],
            hop_limits: [None; 2],
            vlan: None,
            first: Time::default(),
            last: Time::default(),
            state: ConnState::SF,
            history: "Sh".into(),
            sent: [Direction::default(); 2],
            service: None,
        }
    }

    fn draft(n: u8) -> Draft {
        let body = journal::Flows { sensor: Id([9; 16]), flows: vec![flow(n.into()); usize::from(n)].into() };
        let kind = BodyKind::Flows.number();
        Draft { id: segment::Id([n; 16]), kind, version: 1, is_vital: false, body: journal::encode(&body) }
    }

    #[tokio::test]
    async fn flows_that_found_no_room_are_written_behind_also_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let url = format!("sqlite:{}", root.join("state.db").display());
        let settings = Settings { url, site: Id([1; 16]), now: Time::default(), patience: PATIENCE };
        let database = Database::open(&settings).await.expect("a state");
        let journal = Journal::open(&root.join("journal"), Options::default()).expect("a journal");
        journal.submit(vec![draft(1), draft(2)]).expect("open").wait().expect("durable");
        let open = || Flows::open(root, &database, journal.clone(), 2);
        // A folder where the file shall be.
        let blocked = root.join("flows/date=1970-01-01/hour=00/000000000001-000000000002.parquet.unfinished");
        fs::create_dir_all(&blocked).expect("a folder");

        let mut flows = Flows::open(root, &database, journal.clone(), 0).await.expect("opened");
        for sequence in [1, 2] {
            let origin = history::Origin { sensor: "s", sequence, recorded: Time::default() };
            flows.take(origin, &vec![flow(sequence); usize::try_from(sequence).expect("small")]);
        }
        let change = flows.write(2);
        assert_eq!((change.added.len(), change.reached, flows.is_behind()), (0, Some(0), true));
        assert_eq!(flows.catch_up(2), None, "not at once");
        let _ = database.commit_with(&[], &change, 2).await.expect("committed");

        let mut flows = open().await.expect("opened again");
        assert!(flows.is_behind() && flows.catch_up(2).is_none(), "there is still no room");
        assert!(flows.write(2).added.is_empty() && flows.rows() == 0, "what is behind is not held in memory");
        fs::remove_dir(&blocked).expect("gone");
        tokio::time::sleep(PAUSE).await;
        let change = flows.catch_up(2).expect("there is room");
        let rows: Vec<u64> = change.added.iter().map(|segment| segment.rows).collect();
        assert_eq!((rows, change.reached, flows.is_behind()), (vec![3], Some(2), false));
        database.put_history(&change).await.expect("kept");
        let flows = open().await.expect("opened again");
        assert!(!flows.is_behind() && flows.reached() == 2);
    }
}
