//! Loss of power: runs are recorded, call by call, and the program is started on what a disk may hold of them.

use super::chance::Chance;
use super::crew;
use super::image::Fate;
use super::record::Recorder;
use super::scene::Scene;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Images after which progress is told.
const STRIDE: u64 = 100;
/// Images of each run that a kill or an earlier loss of power came before, about.
const OF_EACH: u64 = 6;

/// How many runs are recorded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runs {
    /// Those that a kill came before; one of each kind of sync at most.
    pub killed: u64,
    /// Those that a loss of power came before.
    pub recovered: u64,
}

impl Runs {
    /// As many as `images` images are worth.
    pub fn of(images: u64) -> Self {
        let runs = (share(images) / OF_EACH).max(1);
        Self { killed: runs, recovered: runs }
    }
}

/// Images of each kind of scene beside that of a server at work, which has `count`.
const fn share(count: u64) -> u64 {
    count.div_ceil(8)
}

/// Records a server at work, others after a kill and in recovery, backups and a restore. Errors: a run that cannot be
/// recorded, or does what the model of a disk does not know.
pub(super) fn scenes(program: &Path, recorder: &Recorder, runs: Runs, seed: u64) -> Result<Vec<Scene>> {
    let served = Scene::served(recorder, program)?;
    let kinds = served.kills.len() as u64;
    let killed = runs.killed.min(kinds);
    let others: Mutex<Vec<Scene>> = Mutex::default();
    let add = |scene: Scene| others.lock().unwrap_or_else(PoisonError::into_inner).push(scene);
    crew::each(1 + killed + runs.recovered, |number| {
        let mut chance = Chance::new(seed, u64::MAX - number);
        match number.checked_sub(1) {
            None => {
                let made = Scene::backed_up(recorder, program)?;
                add(Scene::restored(recorder, &made)?);
                add(made.0);
            }
            Some(number) if number < killed => {
                let kind = Chance::new(seed, 0).below(kinds) + number;
                add(Scene::killed(recorder, &served, kind, &mut chance)?);
            }
            Some(number) => add(Scene::recovered(recorder, &served, number - killed, &mut chance)?),
        }
        Ok(true)
    })?;
    let mut others = others.into_inner().unwrap_or_else(PoisonError::into_inner);
    others.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(std::iter::once(served).chain(others).collect())
}

/// Starts the program on `count` images of the first of `scenes`, and on an eighth as many of those after kills, in
/// recovery, with backups and in a restore each. Gives how many there were. Errors: an acknowledged batch that is lost or
/// there twice, or another promise that is not kept.
pub(super) fn run(scenes: &[Scene], count: u64, seed: u64) -> Result<u64> {
    let mut tried = 0;
    for (number, scene) in scenes.iter().enumerate() {
        let alike = scenes.iter().filter(|other| other.kind == scene.kind).count() as u64;
        let count = if number == 0 { count } else { share(count).div_ceil(alike) };
        let fates: Mutex<BTreeMap<Fate, u64>> = Mutex::default();
        println!("  {}: {} syncs, {} lines", scene.name, scene.recording.syncs.len(), scene.recording.lines);
        crew::each(count, |image| {
            let mut chance = Chance::new(seed, (number as u64) << 32 | image);
            let point = usize::try_from(chance.below(scene.recording.lines as u64 + 1))?;
            let fate = scene.try_at(point, &chance, |_| true);
            let fate = fate.with_context(|| format!("image {image} of scene {number} with seed {seed}"))?;
            let mut fates = fates.lock().unwrap_or_else(PoisonError::into_inner);
            *fates.entry(fate).or_default() += 1;
            let done: u64 = fates.values().sum();
            if done.is_multiple_of(STRIDE) || done == count {
                println!("    {done} images, {fates:?}");
            }
            Ok(true)
        })?;
        tried += count;
    }
    Ok(tried)
}
