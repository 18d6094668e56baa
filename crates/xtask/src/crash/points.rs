//! An abort at each of successive calls that reach the disk or a sensor: `strace` sends SIGKILL at that very call.
//!
//! A recorded run gives the calls in their order. A call is told by its thread's count of that call on that file, which
//! another run of the same batches reaches too, or nearly always: a run that does not is counted apart.

use super::bed::Bed;
use super::power;
use super::trace::{CALLS, Call};
use super::wire::{self, Sent};
use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeMap;
use std::path::Path;

/// Batches of each run.
const BATCHES: u64 = 80;
/// Points after which progress is told.
const STRIDE: u64 = 50;

/// One call: its name, the file from the root folder, and its number among those of one thread.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Point {
    name: String,
    file: String,
    number: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Aborted {
    /// Calls at which the server was killed.
    pub points: u64,
    /// Runs in which the call did not come.
    pub missed: u64,
}

/// Kills `program` at `count` successive calls of a run; when that has fewer, at others of it again, since no two runs
/// are quite the same. Errors: at the first after which something is lost or there twice.
pub(super) fn run(program: &Path, folder: &Path, count: u64) -> Result<Aborted> {
    std::fs::create_dir_all(folder)?;
    let run = power::record(program, BATCHES, &folder.join("points.trace"))?;
    let points = successive(&run.calls, &run.root);
    ensure!(!points.is_empty(), "the recorded run made no call");
    println!("  a run makes {} calls", points.len());
    let mut aborted = Aborted::default();
    // Fewer than there are: spread over the whole run.
    let step = (points.len() as u64 / count.max(1)).max(1);
    for point in points.iter().cycle().step_by(usize::try_from(step)?) {
        if aborted.points >= count || aborted.missed > 2 * count + 20 {
            break;
        }
        let reached = one(program, point).with_context(|| {
            let Point { name, file, number } = point;
            format!("killed at {name} number {number} of one thread on {file}, see {}", run.path.display())
        })?;
        aborted.points += u64::from(reached);
        aborted.missed += u64::from(!reached);
        if reached && aborted.points.is_multiple_of(STRIDE) {
            println!("  {} points, {} runs did not come to theirs", aborted.points, aborted.missed);
        }
    }
    ensure!(aborted.points >= count, "only {} of {count} runs came to their point", aborted.points);
    Ok(aborted)
}

/// The calls of a run below `root`, in order.
fn successive(calls: &[Call], root: &str) -> Vec<Point> {
    let mut counts: BTreeMap<(&str, &str, String), u64> = BTreeMap::new();
    let mut points = Vec::new();
    for call in calls {
        let path = call.target();
        let Some(file) = path.strip_prefix(root).map(str::to_owned) else { continue };
        let number = counts.entry((&call.thread, &call.name, path)).or_default();
        *number += 1;
        points.push(Point { name: call.name.clone(), file, number: *number });
    }
    points
}

/// Whether the server was killed at `point`. Errors: something is lost or there twice.
fn one(program: &Path, point: &Point) -> Result<bool> {
    let bed = Bed::new(program)?;
    let path = format!("{}{}", bed.root().display(), point.file);
    let inject = format!("inject={}:signal=SIGKILL:when={}", point.name, point.number);
    let (out, trace) = (bed.path().join("trace").display().to_string(), format!("trace={CALLS}"));
    let words = ["-D", "-f", "-qq", "-s", "0", "-o", &out, "-e", &trace, "-P", &path, "-e", &inject];
    let server = bed.start(&words.map(str::to_owned))?;
    let mut sent = Sent::of(BATCHES);
    wire::send(&bed.socket(), &mut sent, || server.is_alive(), || {})?;
    let ended = server.stop()?;
    let is_killed = std::os::unix::process::ExitStatusExt::signal(&ended) == Some(9);
    bed.settle(&mut sent)?;
    Ok(is_killed)
}
