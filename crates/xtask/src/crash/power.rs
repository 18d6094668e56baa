//! Loss of power: one run is recorded, call by call, and the program is started on what a disk may hold of it.

use super::bed::Bed;
use super::chance::Chance;
use super::disk::Recording;
use super::load;
use super::trace::{self, CALLS, Call};
use super::wire::{self, Sent};
use anyhow::{Context as _, Result, ensure};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use wardlight_model::Id;

/// Batches of the recorded run.
const BATCHES: u64 = 120;
/// Images after which progress is told.
const STRIDE: u64 = 50;

/// A recorded run.
pub(super) struct Run {
    /// Where its text lies.
    pub path: PathBuf,
    /// Its calls.
    pub calls: Vec<Call>,
    /// The folder that it worked in.
    pub root: String,
    /// Lines of its text.
    pub lines: usize,
}

/// Records a run of `program` that takes `batches`, and keeps its trace at `path`. Errors: the run fails.
pub(super) fn record(program: &Path, batches: u64, path: &Path) -> Result<Run> {
    let bed = Bed::new(program)?;
    let out = path.display().to_string();
    let trace = format!("trace={CALLS}");
    let words = ["-D", "-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", "100000000", "-o", &out, "-e", &trace];
    let words = [&words[..], &["-e", "signal=none"]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let server = bed.start(&words)?;
    let mut sent = Sent::of(batches);
    let is_all = wire::send(&bed.socket(), &mut sent, || server.is_alive(), || {})?;
    let ended = server.stop()?;
    ensure!(is_all && ended.success(), "the run to be recorded ended with {ended}: {}", bed.said());
    // The tracer is not our child: it writes its last line when the server is gone.
    std::thread::sleep(std::time::Duration::from_millis(300));
    Run::read(path)
}

impl Run {
    /// The run whose trace lies at `path`.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let calls = trace::read(&text);
        let data = calls.iter().find(|call| call.name == "mkdir").context("the trace has no folder")?.path(0);
        let root = data.strip_suffix("/data").context("the first folder is not the data folder")?.to_owned();
        Ok(Self { path: path.to_owned(), root, lines: text.lines().count(), calls })
    }
}

/// Starts `program` on `count` images of a run that is recorded now below `folder`. With `without`, syncs of such paths
/// are taken for none, and an image must show it. Errors: an acknowledged batch that is lost or there twice.
pub(super) fn run(program: &Path, folder: &Path, count: u64, seed: u64, without: Option<&str>) -> Result<()> {
    fs::create_dir_all(folder)?;
    let run = record(program, BATCHES, &folder.join("power.trace"))?;
    let recording = Recording::of(&run.calls, &run.root, run.lines)?;
    println!("  recorded {} calls, {} batches acknowledged", run.calls.len(), recording.answers.len());
    ensure!(recording.answers.len() as u64 == BATCHES, "the trace does not show every answer");
    let numbers = (0..BATCHES).map(|n| (load::batch(n).id, n)).collect();
    let trial = Trial { program, recording, numbers, without };
    let mut fates: HashMap<String, u64> = HashMap::new();
    for image in 0..count {
        let mut chance = Chance::new(seed, image);
        let point = usize::try_from(chance.below(trial.recording.lines as u64 + 1))?;
        let outcome = trial.one(point, &mut chance);
        match (outcome, without) {
            (Err(error), Some(class)) => {
                println!("  image {image} at call {point}: without the syncs of {class}: {}", short(&error));
                return Ok(());
            }
            (Err(error), None) => {
                let repeat =
                    format!("image {image} of seed {seed}, power lost at line {point} of {}", run.path.display());
                return Err(error.context(repeat));
            }
            (Ok(fate), _) => *fates.entry(fate).or_default() += 1,
        }
        if (image + 1) % STRIDE == 0 {
            println!("  {} images, {fates:?}", image + 1);
        }
    }
    ensure!(without.is_none(), "no image of {count} showed that syncs were missing: these images prove nothing");
    Ok(())
}

/// What each image is made from.
struct Trial<'a> {
    program: &'a Path,
    recording: Recording,
    numbers: HashMap<Id, u64>,
    without: Option<&'a str>,
}

impl Trial<'_> {
    /// Starts the program on what a disk may hold when power went at `point`; says how it was treated. Errors: something
    /// is lost or there twice.
    fn one(&self, point: usize, chance: &mut Chance) -> Result<String> {
        let bed = Bed::new(self.program)?;
        let fate = self.recording.restore(&bed.root(), point, chance, self.without)?;
        let mut sent = Sent::of(BATCHES);
        for (line, id, sequence) in self.recording.answers.iter().filter(|(line, ..)| *line < point) {
            let n = self.numbers.get(id).with_context(|| format!("line {line} answers what was not sent"))?;
            sent.stored.insert(*n, *sequence);
        }
        let Sent { waiting, stored, .. } = &mut sent;
        waiting.retain(|n| !stored.contains_key(n));
        let acknowledged = stored.len();
        bed.settle(&mut sent).with_context(|| format!("{fate:?}, {acknowledged} batches were acknowledged"))?;
        Ok(format!("{fate:?}"))
    }
}

/// What went wrong, in a line or two.
fn short(error: &anyhow::Error) -> String {
    let text: String = format!("{error:#}").replace('\n', " ");
    text.chars().take(400).collect()
}
