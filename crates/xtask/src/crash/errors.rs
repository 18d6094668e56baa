//! An error at each of many calls: `strace` answers a write or a sync with EIO or ENOSPC in place of the system.
//!
//! What a failed sync was to make durable is taken for lost, whatever a later one says. The server acknowledges nothing
//! that relies on it, says what is wrong and how to mend it, or goes on where nothing that was acknowledged is at stake.

use super::bed::{Bed, Server, Setting};
use super::chance::Chance;
use super::crew;
use super::image::Image;
use super::record::{Recorder, Run};
use super::replay::Recording;
use super::talk::{Became, Talk};
use super::trace::{self, Call};
use super::wire::Sent;
use anyhow::{Context as _, Result, bail, ensure};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Batches of each run.
const BATCHES: u64 = 60;
/// Of the calls of each thread by one name, one of so many fails.
const DEEP: u64 = 60;
/// Images of the disk for each run.
const IMAGES: u64 = 2;
/// Errors after which progress is told.
const STRIDE: u64 = 100;
/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// What fails, and how; twice what matters most.
const FAULTS: [(&str, &str); 14] = [
    ("fsync", "EIO"),
    ("fsync", "EIO"),
    ("fdatasync", "EIO"),
    ("fdatasync", "EIO"),
    ("fdatasync", "ENOSPC"),
    ("pwrite64", "EIO"),
    ("pwrite64", "ENOSPC"),
    ("pwrite64", "ENOSPC"),
    ("write", "EIO"),
    ("write", "ENOSPC"),
    ("ftruncate", "EIO"),
    ("fallocate", "ENOSPC"),
    ("rename,renameat2,link,linkat", "EIO"),
    ("mkdir", "ENOSPC"),
];

/// What came of it.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Failed {
    /// Runs in which calls on the server's files failed.
    errors: u64,
    /// Those of them in which the journal could not be made durable.
    journal: u64,
    /// Those in which the server ended, and said why.
    ended: u64,
    /// Runs in which no call of the server on its files came to fail.
    missed: u64,
}

impl fmt::Display for Failed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { errors, journal, ended, missed } = self;
        write!(
            out,
            "{errors} runs with errors, {journal} of them in the journal; {ended} servers ended and said what to do, the \
             others went on; {missed} runs without; nothing lost, nothing twice, also when what failed never came to be"
        )
    }
}

/// Lets calls fail in `count` runs. Errors: at the first after which something does not hold.
pub(super) fn run(setting: &Setting, recorder: &Recorder, count: u64, seed: u64) -> Result<Failed> {
    let all = Mutex::new(Failed::default());
    crew::each(4 * count + 20, |number| {
        let mut chance = Chance::new(seed, number);
        let (name, errno) = *FAULTS.get(usize::try_from(number)? % FAULTS.len()).context("a fault")?;
        let fault = Fault { name, errno, when: 1 + chance.below(DEEP) };
        let one = one(setting, recorder, &fault, (number, seed))
            .with_context(|| format!("{fault:?}, number {number}, seed {seed}"))?;
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        all.errors += one.errors;
        all.journal += one.journal;
        all.ended += one.ended;
        all.missed += one.missed;
        if one.errors > 0 && all.errors.is_multiple_of(STRIDE) {
            println!("  {all}");
        }
        Ok(all.errors < count)
    })?;
    let all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    ensure!(all.errors >= count, "only {} of {count} runs came to their error", all.errors);
    Ok(all)
}

/// One call of each thread.
#[derive(Debug, Clone, Copy)]
struct Fault {
    name: &'static str,
    errno: &'static str,
    when: u64,
}

fn one(setting: &Setting, recorder: &Recorder, fault: &Fault, (number, seed): (u64, u64)) -> Result<Failed> {
    let bed = Bed::new(setting)?;
    let path = recorder.folder.join(format!("error-{number}.trace"));
    let mut words = recorder.words(&path);
    let Fault { name, errno, when } = fault;
    words.extend(["-e".to_owned(), format!("inject={name}:error={errno}:when={when}")]);
    let server = bed.start(&words)?;
    let mut sent = Sent::of(BATCHES);
    let driven = drive(&bed, &server, &mut sent);
    let ended = server.stop()?;
    let root = bed.root().display().to_string();
    let is_hit = |call: &&Call| call.is_injected && name.split(',').any(|name| name == call.name);
    // Nothing can be said of a run in which a call on something else failed; its recorder may not even come to its end.
    let so_far = trace::read(&std::fs::read_to_string(&path)?);
    let mut hits = so_far.iter().filter(is_hit).peekable();
    if hits.peek().is_none() || !hits.all(|call| call.touches(&root)) {
        std::fs::remove_file(path)?;
        return Ok(Failed { missed: 1, ..Failed::default() });
    }
    let run = Run::read(&path)?;
    let hits: Vec<&Call> = run.calls.iter().filter(is_hit).collect();
    let is_started = driven?;
    explained(&bed, fault, ended, is_started)?;
    let is_journal = hits.iter().any(|call| call.target().contains("/journal/0"));
    if is_journal && name.contains("sync") {
        ensure!(ended != Some(0), "the server went on after its journal could not be made durable");
        ensure!(!is_started || bed.said().contains("nothing is acknowledged any more"), "it does not say so");
    }
    let without = without_failed(&run.calls);
    let mut recording = Recording::on(Image::default());
    recording.add(&without, run.lines, &root)?;
    for salt in 0..IMAGES {
        let (fate, image) = recording.image(recording.lines, &Chance::new(seed, number + salt), |_| true);
        let after = Bed::new(setting)?;
        image.write(&after.root())?;
        after
            .settle(&mut sent.clone())
            .with_context(|| format!("then the power went: {fate:?}, {}", path.display()))?;
    }
    bed.settle(&mut sent).with_context(|| path.display().to_string())?;
    std::fs::remove_file(path)?;
    Ok(Failed { errors: 1, journal: is_journal.into(), ended: u64::from(ended != Some(0)), missed: 0 })
}

/// Sends what waits, again and again, until all is answered for good or the server ends. Whether it ever listened.
fn drive(bed: &Bed, server: &Server, sent: &mut Sent) -> Result<bool> {
    let Some(mut talk) = Talk::open(&bed.socket(), server)? else { return Ok(false) };
    while !sent.waiting.is_empty() || talk.under_way().next().is_some() {
        let mut outcome = Ok(());
        while outcome.is_ok()
            && talk.has_room()
            && let Some(n) = sent.waiting.pop_front()
        {
            outcome = talk.send(n);
            if outcome.is_err() {
                sent.waiting.push_front(n);
            }
        }
        match talk.hear(PATIENCE) {
            Ok(Some((n, Became::Stored(sequence)))) => drop(sent.stored.insert(n, sequence)),
            Ok(Some((_, Became::Shed))) => {}
            Ok(Some((n, Became::Later))) => {
                sent.waiting.push_back(n);
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(None) => bail!("the server does not answer"),
            Err(error) => {
                std::thread::sleep(Duration::from_millis(200));
                ensure!(!server.is_alive(), "{error:#}");
                sent.waiting.extend(talk.under_way());
                break;
            }
        }
    }
    Ok(true)
}

/// Whether the server went on where it must, and said why and what to do where it ended.
fn explained(bed: &Bed, fault: &Fault, ended: Option<i32>, is_started: bool) -> Result<()> {
    if ended == Some(0) {
        return Ok(());
    }
    ensure!(ended.is_some(), "the server was killed");
    let is_short = fault.errno == "ENOSPC" && !fault.name.contains("sync");
    ensure!(!is_started || !is_short, "the server ended for want of space");
    let said = bed.said();
    let last = said.lines().last().unwrap_or_default();
    ensure!(
        ["the disk fails", "free some space"].iter().any(|advice| last.contains(advice)),
        "the server does not say what to do: {last}"
    );
    Ok(())
}

/// What `calls` did when a failed sync lets go what was written since the last good one of the file.
fn without_failed(calls: &[Call]) -> Vec<Call> {
    let mut fresh: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut lost = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        let target = call.target();
        match call.name.as_str() {
            "write" | "pwrite64" if call.result > 0 => fresh.entry(target).or_default().push(number),
            "fsync" | "fdatasync" if call.result == 0 => drop(fresh.remove(&target)),
            "fsync" | "fdatasync" => lost.extend(fresh.remove(&target).unwrap_or_default()),
            _ => {}
        }
    }
    calls.iter().enumerate().filter(|(number, _)| !lost.contains(number)).map(|(_, call)| call.clone()).collect()
}
