//! An abort at each of successive calls that reach the disk or a sensor: `strace` sends SIGKILL at that very call.
//!
//! A recorded run gives the calls in their order. A call is told by its thread's count of that call on that file, which
//! another run of the same batches reaches too, or nearly always: a run that does not is counted apart.

use super::bed::{Bed, Setting};
use super::chance::Chance;
use super::crew;
use super::image::Image;
use super::record::Recorder;
use super::replay::Recording;
use super::trace::{CALLS, Call};
use super::wire::{self, Sent};
use anyhow::{Context as _, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Batches of each run.
const BATCHES: u64 = 80;
/// Points after which progress is told.
const STRIDE: u64 = 100;
/// Of the calls of one thread by one name, so many are aborted at with a database elsewhere.
const DEEP: u64 = 60;

/// One call: its name, the file from the root folder, and its number among those of one thread.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Point {
    name: String,
    /// Any file, when its name is another in each run.
    file: Option<String>,
    number: u64,
}

/// What came of it.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Aborted {
    /// Calls at which the server was killed.
    pub points: u64,
    /// Runs in which the call did not come.
    pub missed: u64,
}

/// Kills the server at `count` successive calls of a run; when that has fewer, at others of it again, since no two runs
/// are quite the same. Begins behind the `passed` first, when a sweep was broken off there. Errors: at the first after
/// which something is lost or there twice.
pub(super) fn run(setting: &Setting, recorder: &Recorder, count: u64, passed: u64) -> Result<Aborted> {
    let bed = Bed::new(setting)?;
    let run = recorder.serve(&bed, "points", &mut Sent::of(BATCHES), None)?;
    let points = successive(&run.calls, &bed.root().display().to_string());
    ensure!(!points.is_empty(), "the recorded run made no call");
    println!("  a run makes {} calls", points.len());
    // Fewer than there are: spread over the whole run.
    let step = if passed > 0 { 1 } else { (points.len() as u64 / count.max(1)).max(1) };
    let all = Mutex::new(Aborted::default());
    crew::each(3 * count + 20, |number| {
        let point = points.get(usize::try_from(passed + number * step)? % points.len()).context("no such point")?;
        let is_reached = one(setting, point).with_context(|| {
            let Point { name, file, number } = point;
            let file = file.as_deref().unwrap_or("any file");
            format!("killed at {name} number {number} of one thread on {file}, see {}", run.path.display())
        })?;
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        all.points += u64::from(is_reached);
        all.missed += u64::from(!is_reached);
        if is_reached && all.points.is_multiple_of(STRIDE) {
            println!("  {} points, {} runs did not come to theirs", all.points, all.missed);
        }
        Ok(all.points < count)
    })?;
    let all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    ensure!(all.points >= count, "only {} of {count} runs came to their point", all.points);
    Ok(all)
}

/// The calls of a run below `root`, in order.
fn successive(calls: &[Call], root: &str) -> Vec<Point> {
    let known: BTreeSet<&str> = CALLS.split(',').collect();
    let mut counts: BTreeMap<(&str, &str, Option<String>), u64> = BTreeMap::new();
    let mut points = Vec::new();
    for call in calls.iter().filter(|call| known.contains(call.name.as_str())) {
        let mut number = |file: Option<&str>| {
            let count = counts.entry((&call.thread, &call.name, file.map(str::to_owned))).or_default();
            *count += 1;
            *count
        };
        let (any, path) = (number(None), call.target());
        let Some(file) = path.strip_prefix(root) else { continue };
        let is_scratch = file.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
        let (file, number) = if is_scratch { (None, any) } else { (Some(file.to_owned()), number(Some(file))) };
        points.push(Point { name: call.name.clone(), file, number });
    }
    points
}

/// Whether the server was killed at `point`. Errors: something is lost or there twice.
fn one(setting: &Setting, point: &Point) -> Result<bool> {
    let bed = Bed::new(setting)?;
    let path = point.file.as_ref().map(|file| format!("{}{file}", bed.root().display()));
    let inject = format!("inject={}:signal=SIGKILL:when={}", point.name, point.number);
    let (out, trace) = (bed.path().join("trace").display().to_string(), format!("trace={}", point.name));
    let words = ["-D", "-f", "-qq", "-s", "0", "-o", &out, "-e", &trace, "-e", &inject];
    let words = words.into_iter().chain(path.iter().flat_map(|path| ["-P", path]));
    let server = bed.start(&words.map(str::to_owned).collect::<Vec<_>>())?;
    let mut sent = Sent::of(BATCHES);
    wire::send(&bed.socket(), &mut sent, || server.is_alive(), || {})?;
    let is_killed = server.stop()?.is_none();
    bed.settle(&mut sent)?;
    Ok(is_killed)
}

/// Kills the server at `count` calls, and takes what it had not synced; its database is elsewhere and keeps all. `setting`
/// gives each installation its own. Errors: at the first after which something is lost or there twice.
pub(super) fn elsewhere(
    setting: impl Fn() -> Result<Setting> + Sync,
    recorder: &Recorder,
    count: u64,
    seed: u64,
) -> Result<Aborted> {
    let names = ["fsync", "fdatasync", "pwrite64", "write", "openat", "renameat2,rename", "sendto"];
    let all = Mutex::new(Aborted::default());
    crew::each(3 * count + 20, |number| {
        let mut chance = Chance::new(seed, number);
        let name = names.get(usize::try_from(chance.below(names.len() as u64))?).context("a name")?;
        let call = format!("{name}:when={}", 1 + chance.below(DEEP));
        let (before, mut sent) = (Bed::new(&setting()?)?, Sent::of(BATCHES));
        let run = recorder.serve(&before, &format!("elsewhere-{number}"), &mut sent, Some(&call))?;
        let mut recording = Recording::on(Image::default());
        recording.add(&run.calls, run.lines, &before.root().display().to_string())?;
        recording.reconcile(&before.root())?;
        let (fate, image) = recording.image(recording.lines, &chance, |_| true);
        let after = Bed::new(before.setting())?;
        image.write(&after.root())?;
        after
            .settle(&mut sent)
            .with_context(|| format!("killed at {call}, then {fate:?}, number {number}, seed {seed}"))?;
        std::fs::remove_file(run.path)?;
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        all.points += u64::from(run.is_killed);
        all.missed += u64::from(!run.is_killed);
        Ok(all.points < count)
    })?;
    let all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    ensure!(all.points >= count, "only {} of {count} runs came to their point", all.points);
    Ok(all)
}
