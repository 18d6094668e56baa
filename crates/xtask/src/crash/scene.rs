//! What a loss of power is tried on: recorded runs, what each promised by which line, and what must hold afterwards.

use super::bed::{Bed, Setting};
use super::chance::Chance;
use super::copies;
use super::image::{Fate, Image};
use super::load;
use super::record::{Recorder, Run};
use super::replay::{Recording, Sync};
use super::state;
use super::trace::{Call, kind};
use super::wire::{self, Sent};
use anyhow::{Context as _, Result, bail, ensure};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::time::Duration;
use wardlight_model::Id;

/// Batches of a recorded run.
const BATCHES: u64 = 120;
/// Seconds between two looks at what may be deleted or merged, where that is part of the scene.
const TIDY_S: u64 = 1;
/// Runs that may miss the call that they are to be killed at.
const KILLS: usize = 8;
/// Of a hundred images with a backup, so many on which it is restored.
const RESTORED: u64 = 25;

/// What kind of run it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A server at work.
    Served,
    /// The same after a kill.
    Killed,
    /// The same after a loss of power.
    Recovered,
    /// The same while backups are made.
    BackedUp,
    /// The same after a restore.
    Restored,
}

/// One of them.
pub(super) struct Scene {
    /// What kind of run it is.
    pub kind: Kind,
    /// What happens in it.
    pub name: String,
    /// What was recorded.
    pub recording: Recording,
    setting: Setting,
    numbers: HashMap<Id, u64>,
    /// What was acknowledged before it began.
    before: Sent,
    site: Option<String>,
    /// The syncs of a server at work by their kind, each as `strace` names it.
    pub kills: BTreeMap<String, Vec<String>>,
}

impl Scene {
    /// A server takes batches, merges files of the history, and ends in order.
    pub fn served(recorder: &Recorder, program: &Path) -> Result<Self> {
        let bed = Bed::new(&Setting { tidy_s: TIDY_S, ..Setting::of(program) })?;
        let mut scene = Self::new(Kind::Served, "a server at work", &bed);
        let run = recorder.serve(&bed, "served", &mut Sent::of(BATCHES), None)?;
        scene.add(&run, &bed)?;
        scene.kills = kills(&run.calls, &bed.root().display().to_string());
        scene.recording.agrees(&bed.root()).context("after the recorded run")?;
        ensure!(scene.recording.answers.len() as u64 == BATCHES, "the trace does not show every answer");
        Ok(scene)
    }

    /// A server is killed at one of the syncs of kind `number` that `first` made, and another one goes on: what the first
    /// had not synced, memory still shows to the second.
    pub fn killed(recorder: &Recorder, first: &Self, number: u64, chance: &mut Chance) -> Result<Self> {
        for _ in 0..KILLS {
            let syncs = first.kills.values().nth(usize::try_from(number)? % first.kills.len().max(1));
            let syncs = syncs.context("the recorded run synced nothing")?;
            // The first of its kind most often makes a name durable that the next relies on.
            let which = if chance.often(50) { 0 } else { chance.below(syncs.len() as u64) };
            let kill = syncs.get(usize::try_from(which)?).context("no such sync")?;
            let bed = Bed::new(&first.setting)?;
            let mut scene = Self::new(Kind::Killed, &format!("killed at {kill} and started again"), &bed);
            let mut sent = Sent::of(BATCHES);
            let run = recorder.serve(&bed, &format!("killed-{number}"), &mut sent, Some(kill))?;
            // No two runs are quite the same: in this one the call may not have come.
            if !run.is_killed {
                continue;
            }
            scene.add(&run, &bed)?;
            scene.recording.reconcile(&bed.root())?;
            let run = recorder.serve(&bed, &format!("again-{number}"), &mut sent, None)?;
            scene.add(&run, &bed)?;
            scene.recording.agrees(&bed.root()).context("after the second run")?;
            return Ok(scene);
        }
        bail!("{KILLS} runs did not come to the call that they were to be killed at");
    }

    /// The power goes in `first`, and again while a server recovers from that.
    pub fn recovered(recorder: &Recorder, first: &Self, number: u64, chance: &mut Chance) -> Result<Self> {
        let bed = Bed::new(&first.setting)?;
        let point = usize::try_from(chance.below(first.recording.lines as u64 + 1))?;
        let (fate, image) = first.recording.image(point, chance, |_| true);
        image.write(&bed.root())?;
        let mut scene =
            Self::new(Kind::Recovered, &format!("power lost at line {point} ({fate:?}) and recovered"), &bed);
        scene.before = first.sent(point)?;
        scene.site.clone_from(&first.site);
        let mut sent = scene.before.clone();
        let run = recorder.serve(&bed, &format!("recovered-{number}"), &mut sent, None)?;
        scene.add(&run, &bed)?;
        if sent.stored.is_empty() {
            scene.site = None;
        }
        scene.recording.agrees(&bed.root()).context("after the recovery")?;
        Ok(scene)
    }

    /// Backups are made while a server works, and the journal is released behind them. Gives also where it happened.
    pub fn backed_up(recorder: &Recorder, program: &Path) -> Result<(Self, Bed)> {
        let bed = Bed::new(&Setting { tidy_s: TIDY_S, ..Setting::of(program) })?;
        let mut scene = Self::new(Kind::BackedUp, "backups", &bed);
        let mut stage = recorder.stage(&bed, "backups")?;
        let server = stage.serve()?;
        let mut sent = Sent::of(BATCHES / 2);
        let send = |sent: &mut Sent| -> Result<()> {
            let is_all = wire::send(&bed.socket(), sent, || server.is_alive(), || {})?;
            ensure!(is_all, "the server does not take all: {}", bed.said());
            Ok(())
        };
        send(&mut sent)?;
        stage.run("backup make")?;
        // Time for the journal to be released.
        std::thread::sleep(Duration::from_millis(1_300 * TIDY_S));
        sent.waiting = (BATCHES / 2..BATCHES).collect();
        std::thread::scope(|scope| {
            let sender = scope.spawn(|| send(&mut sent));
            stage.run("backup make")?;
            sender.join().map_err(|_| anyhow::anyhow!("the sender broke off"))?
        })?;
        stage.run("backup make")?;
        std::thread::sleep(Duration::from_millis(1_300 * TIDY_S));
        let ended = server.stop()?;
        ensure!(ended == Some(0), "the recorded server ended: {}", bed.said());
        let run = stage.close()?;
        scene.add(&run, &bed)?;
        scene.recording.agrees(&bed.root()).context("after the backups")?;
        ensure!(scene.recording.told.len() == 3, "the trace does not show three backups");
        Ok((scene, bed))
    }

    /// The newest backup that was made in `from` is restored into an empty folder, and a server goes on there.
    pub fn restored(recorder: &Recorder, (made, from): &(Self, Bed)) -> Result<Self> {
        let bed = Bed::new(&Setting::of(&from.setting().program))?;
        let (_, name) = made.promised(usize::MAX).into_iter().next_back().context("no backup was made")?;
        copies::copy(&from.root().join("backup").join(&name), &bed.root().join("backup").join(&name))?;
        copies::copy(&from.root().join("keys"), &bed.root().join("keys"))?;
        let mut scene = Self::new(Kind::Restored, "a restore", &bed);
        scene.before = made.sent(made.begun(&name).context("nobody saw when the backup began")?)?;
        let folder = bed.root().join("backup").join(&name).display().to_string();
        let run = recorder.run(&bed, "restored", &["backup", "restore", &folder])?;
        scene.add(&run, &bed)?;
        scene.recording.agrees(&bed.root()).context("after the restore")?;
        ensure!(scene.is_restored(usize::MAX), "the trace does not show the end of the restore");
        let run = recorder.serve(&bed, "restored-on", &mut scene.before.clone(), None)?;
        scene.add(&run, &bed)?;
        scene.recording.agrees(&bed.root()).context("after the restore and a run")?;
        Ok(scene)
    }

    fn new(kind: Kind, name: &str, bed: &Bed) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            recording: Recording::on(Image::read(&bed.root()).unwrap_or_default()),
            setting: bed.setting().clone(),
            numbers: (0..BATCHES).map(|n| (load::batch(n).id, n)).collect(),
            before: Sent::of(BATCHES),
            site: None,
            kills: BTreeMap::new(),
        }
    }

    fn add(&mut self, run: &Run, bed: &Bed) -> Result<()> {
        let root = bed.root().display().to_string();
        self.recording.add(&run.calls, run.lines, &root).with_context(|| run.path.display().to_string())?;
        self.site = fs::read_to_string(bed.root().join("data/site.id")).ok();
        Ok(())
    }

    /// What was acknowledged before line `point`.
    fn sent(&self, point: usize) -> Result<Sent> {
        let mut sent = self.before.clone();
        for (line, id, sequence) in self.recording.answers.iter().filter(|(line, ..)| *line < point) {
            let n = self.numbers.get(id).with_context(|| format!("line {line} answers what was not sent"))?;
            sent.acknowledge(*n, *sequence);
        }
        Ok(sent)
    }

    /// The backups that were said to be made before line `point`, each with the line that says so.
    fn promised(&self, point: usize) -> Vec<(usize, String)> {
        let told = self.recording.told.iter().filter(|(line, _)| *line < point);
        told.filter_map(|(line, text)| Some((*line, text.rsplit_once("/backup/")?.1.to_owned()))).collect()
    }

    /// The line at which the backup `name` was begun.
    fn begun(&self, name: &str) -> Option<usize> {
        let is_it = |path: &str| path.strip_prefix("/backup/").is_some_and(|part| part.contains(name));
        self.recording.made.iter().find(|(_, path)| is_it(path)).map(|(line, _)| *line)
    }

    /// Puts down what a disk may hold when power went at line `point`, and looks whether all holds that must; syncs that
    /// are not `counted` never were. Errors: what does not hold.
    pub fn try_at(&self, point: usize, chance: &Chance, counted: impl Fn(&Sync) -> bool) -> Result<Fate> {
        let (fate, image) = self.recording.image(point, chance, counted);
        let bed = Bed::new(&self.setting)?;
        image.write(&bed.root())?;
        let mut sent = self.sent(point)?;
        let many = sent.stored.len();
        let outcome = match self.kind == Kind::Restored && !self.is_restored(point) {
            true => self.check_restore(&bed, &mut sent, chance),
            false => self.check(&bed, point, &mut sent, chance),
        };
        outcome.with_context(|| {
            format!("{}, power lost at line {point}, {fate:?}, {many} batches were acknowledged", self.name)
        })?;
        Ok(fate)
    }

    fn check(&self, bed: &Bed, point: usize, sent: &mut Sent, chance: &Chance) -> Result<()> {
        let first = state::promised(bed, sent, self.site.as_deref())?;
        let promised = self.promised(point);
        let names: Vec<&str> = promised.iter().map(|(_, name)| name.as_str()).collect();
        let newest = copies::check(bed, first, &names)?;
        if let Some(copy) = newest.filter(|_| self.kind == Kind::BackedUp && chance.clone().often(RESTORED)) {
            self.check_copy(bed, &copy.folder).with_context(|| format!("restored from {}", copy.folder.display()))?;
        }
        bed.settle(sent)
    }

    /// Restores the backup in `folder` elsewhere: all is there that was acknowledged before it was begun.
    fn check_copy(&self, from: &Bed, folder: &Path) -> Result<()> {
        let bed = Bed::new(&self.setting)?;
        copies::copy(&from.root().join("keys"), &bed.root().join("keys"))?;
        let output = bed.run(&["backup", "restore", &folder.display().to_string()])?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let mut sent = self.sent(self.begun(&name).context("nobody saw when it began")?)?;
        bed.settle(&mut sent)
    }

    /// Whether the restore was said to be done before line `point`.
    fn is_restored(&self, point: usize) -> bool {
        self.recording.told.iter().any(|(line, text)| *line < point && text.contains("restored to"))
    }

    /// A restore that was cut off can be done again; and a server that starts on it nevertheless says so, has everything,
    /// or has nothing yet.
    fn check_restore(&self, bed: &Bed, sent: &mut Sent, chance: &Chance) -> Result<()> {
        if chance.clone().often(50) {
            let newest = copies::check(bed, 1, &[])?.context("the backup is gone")?;
            let output = bed.run(&["backup", "restore", &newest.folder.display().to_string()])?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return bed.settle(sent).with_context(|| format!("restored again: {} {}", output.status, said.trim()));
        }
        let begun = bed.run(&["run", "--role", "server", "--once"])?;
        let said = String::from_utf8_lossy(&begun.stderr).into_owned();
        if !begun.status.success() {
            ensure!(said.contains("restore"), "the server does not say what to do: {}", said.trim());
            return Ok(());
        }
        if state::is_new(bed)? { Ok(()) } else { bed.settle(sent) }
    }
}

/// The syncs among `calls` of what is below `root` by their kind. Each is told by its number among those of its thread.
fn kills(calls: &[Call], root: &str) -> BTreeMap<String, Vec<String>> {
    let mut numbers: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.name.ends_with("sync")) {
        let number = numbers.entry((&call.thread, &call.name)).or_default();
        *number += 1;
        if let Some(path) = call.target().strip_prefix(root) {
            found.entry(kind(path)).or_default().push(format!("{}:when={number}", call.name));
        }
    }
    found
}
