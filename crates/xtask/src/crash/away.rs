//! A PostgreSQL server that is restarted, or stays away for some seconds, while batches come in.
//!
//! The journal goes on acknowledging, decisions wait, the server says so and catches up by itself. In the end the state is
//! that of a server which took the same journal undisturbed.

use super::bed::{Bed, Server};
use super::load;
use super::postgres::Postgres;
use super::talk::{Became, Talk};
use super::wire::Sent;
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use wardlight_model::{Id, Time};
use wardlight_store::database::{Database, Settings};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long the database stays away after the server said that it waits for it.
const AWAY: Duration = Duration::from_secs(3);
/// Devices follow a moment after the facts.
const SETTLED: Duration = Duration::from_secs(2);
/// Batches between two disturbances, at least.
const BETWEEN: usize = 100;
/// Where the numbers of the second connection begin: no decisions are among them.
const OTHER: u64 = 1_000_000;

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Away {
    restarts: u64,
    absences: u64,
    meanwhile: usize,
    stored: usize,
}

impl fmt::Display for Away {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { restarts, absences, meanwhile, stored } = self;
        write!(
            out,
            "{restarts} restarts at once, {absences} absences of some seconds, {meanwhile} batches acknowledged \
             meanwhile; {stored} in all; nothing lost, nothing twice; the state is that of an undisturbed server"
        )
    }
}

/// Disturbs `postgres` twice in each of `rounds`. Errors: what did not hold.
pub(super) fn run(postgres: &Postgres, program: &Path, rounds: u64) -> Result<Away> {
    let bed = Bed::new(&postgres.setting(program)?)?;
    let server = bed.start(&[])?;
    let load = Load::default();
    let outcome = thread::scope(|scope| {
        let one = scope.spawn(|| load.send(&bed, &server, 0, |_| true));
        let two = scope.spawn(|| load.send(&bed, &server, OTHER, |n| !load::is_decision(n)));
        let disturbed = disturb(postgres, &bed, &server, &load, rounds);
        load.is_over.store(true, Ordering::SeqCst);
        let sent = [one, two].map(|sender| sender.join().map_err(|_| anyhow!("a sender broke off")));
        let away = disturbed?;
        sent.into_iter().try_for_each(|sent| sent?)?;
        Ok::<_, anyhow::Error>(away)
    });
    let mut away = outcome.with_context(|| format!("the servers said: {}", bed.said()))?;
    let mut sent = Sent { stored: load.stored().clone(), ..Sent::default() };
    away.stored = sent.stored.len();
    bed.committed(&server, &sent)?;
    thread::sleep(SETTLED);
    ensure!(server.stop()? == Some(0), "the server did not end in order: {}", bed.said());
    bed.settle(&mut sent)?;
    let undisturbed = replay(postgres, program, &bed, &sent)?;
    let [one, other] = [&bed, &undisturbed].map(|bed| dump(&bed.store()));
    let (one, other) = (one?, other?);
    let differing = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    ensure!(differing.is_none() && one.len() == other.len(), "the states differ: {differing:?}");
    Ok(away)
}

/// What is sent, and what was acknowledged.
#[derive(Default)]
struct Load {
    stored: Mutex<BTreeMap<u64, u64>>,
    is_over: AtomicBool,
}

impl Load {
    fn stored(&self) -> MutexGuard<'_, BTreeMap<u64, u64>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends batches from number `first` on until it is over, and hears what became of all. Errors: one was not taken.
    fn send(&self, bed: &Bed, server: &Server, first: u64, wanted: impl Fn(u64) -> bool) -> Result<()> {
        let mut talk = Talk::open(&bed.socket(), server)?.context("the server does not start")?;
        let mut numbers = (first..).filter(|n| wanted(*n));
        loop {
            while talk.has_room() && !self.is_over.load(Ordering::SeqCst) {
                talk.send(numbers.next().context("a number")?)?;
            }
            if talk.under_way().next().is_none() {
                return Ok(());
            }
            match talk.hear(PATIENCE)? {
                Some((n, Became::Stored(sequence))) => drop(self.stored().insert(n, sequence)),
                Some((n, _)) => bail!("batch {n} was not taken"),
                None => bail!("the server does not answer"),
            }
            // The database shall be the slower part, but not by hours.
            thread::sleep(Duration::from_millis(3));
        }
    }

    /// How many batches were acknowledged on the connection without decisions.
    fn others(&self) -> usize {
        self.stored().range(OTHER..).count()
    }
}

fn disturb(postgres: &Postgres, bed: &Bed, server: &Server, load: &Load, rounds: u64) -> Result<Away> {
    let mut away = Away::default();
    for _ in 0..rounds {
        some(server, load, "batches are acknowledged")?;
        postgres.end();
        postgres.begin();
        away.restarts += 1;
        some(server, load, "batches are acknowledged after a restart")?;
        caught_up(bed, server, load)?;

        postgres.end();
        until("the server says that the state waits", server, || waits(bed).contains("not available"))?;
        let (before, begun) = (load.others(), Instant::now());
        thread::sleep(AWAY);
        let meanwhile = load.others() - before;
        ensure!(meanwhile > 0, "the journal took nothing in {:?} without the database", begun.elapsed());
        postgres.begin();
        (away.absences, away.meanwhile) = (away.absences + 1, away.meanwhile + meanwhile);
        until("the state goes on", server, || waits(bed).is_empty())?;
        caught_up(bed, server, load)?;
    }
    Ok(away)
}

/// Waits for some more acknowledgements.
fn some(server: &Server, load: &Load, what: &str) -> Result<()> {
    let before = load.stored().len();
    until(what, server, || load.stored().len() > before + BETWEEN)
}

/// Waits until all that is acknowledged now is in the state.
fn caught_up(bed: &Bed, server: &Server, load: &Load) -> Result<()> {
    let last = load.stored().values().copied().max().unwrap_or_default();
    until("the state catches up", server, || {
        standing(bed).get("committed").and_then(Value::as_u64).unwrap_or_default() >= last
    })
}

fn until(what: &str, server: &Server, is_so: impl Fn() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !is_so() {
        ensure!(server.is_alive(), "the server ended before {what}");
        ensure!(begun.elapsed() < PATIENCE, "it takes too long until {what}");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn standing(bed: &Bed) -> Value {
    serde_json::from_slice(&fs::read(bed.root().join("data/standing.json")).unwrap_or_default()).unwrap_or_default()
}

fn waits(bed: &Bed) -> String {
    standing(bed).get("waits").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Another installation that took the journal of `bed`, with a database that was always there.
fn replay(postgres: &Postgres, program: &Path, bed: &Bed, sent: &Sent) -> Result<Bed> {
    let other = Bed::new(&postgres.setting(program)?)?;
    let (from, to) = (bed.root(), other.root());
    for folder in ["data", "data/journal", "keys"] {
        std::os::unix::fs::DirBuilderExt::mode(&mut fs::DirBuilder::new(), 0o700).create(to.join(folder))?;
    }
    fs::copy(from.join("data/site.id"), to.join("data/site.id"))?;
    for folder in ["data/journal", "keys"] {
        for file in fs::read_dir(from.join(folder))? {
            let name = file?.file_name();
            fs::copy(from.join(folder).join(&name), to.join(folder).join(&name))?;
        }
    }
    let server = other.start(&[])?;
    other.committed(&server, sent)?;
    thread::sleep(SETTLED);
    ensure!(server.stop()? == Some(0), "the server did not end in order: {}", other.said());
    Ok(other)
}

/// The state behind `store`, but for when it was made and which flows lie in which file.
fn dump(store: &str) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let settings = Settings { url: store.to_owned(), site: Id::default(), now: Time::default(), patience: PATIENCE };
    let database = runtime.block_on(Database::open(&settings))?;
    let dump = runtime.block_on(database.dump());
    runtime.block_on(database.close());
    let dump = dump?;
    let (_, dump) = dump.split_once("# area").context("the site comes first")?;
    Ok(dump.split_once("# flow_segment").context("files come last")?.0.to_owned())
}
