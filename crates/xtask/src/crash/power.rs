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
/// Images of each run that a kill or an earlier loss of power came before.
const OF_EACH: u64 = 6;

/// The scenes of `count` images of a server at work, and half as many again of the others together: after a kill, in a
/// recovery, with backups, in a restore; each with how many images to try. Errors: a run that cannot be recorded, or does
/// what the model of a disk does not know.
pub(super) fn scenes(program: &Path, recorder: &Recorder, count: u64, seed: u64) -> Result<Vec<(Scene, u64)>> {
    let served = Scene::served(recorder, program)?;
    let share = count.div_ceil(8);
    let runs = (share / OF_EACH).max(1);
    let others: Mutex<Vec<(Scene, u64)>> = Mutex::default();
    let add = |scene: Scene, images: u64| {
        others.lock().unwrap_or_else(PoisonError::into_inner).push((scene, images));
    };
    crew::each(2 * runs + 1, |number| {
        let mut chance = Chance::new(seed, u64::MAX - number);
        let images = share / runs + u64::from(number / 2 < share % runs);
        match number.checked_sub(1) {
            None => {
                let made = Scene::backed_up(recorder, program)?;
                add(Scene::restored(recorder, &made)?, share);
                add(made.0, share);
            }
            Some(number) if number % 2 == 0 => {
                let kind = Chance::new(seed, 0).below(served.kills.len() as u64) + number / 2;
                add(Scene::killed(recorder, &served, kind, &mut chance)?, images);
            }
            Some(number) => add(Scene::recovered(recorder, &served, number, &mut chance)?, images),
        }
        Ok(true)
    })?;
    let mut others = others.into_inner().unwrap_or_else(PoisonError::into_inner);
    others.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    Ok(std::iter::once((served, count)).chain(others).collect())
}

/// Starts the program on as many images of each of `scenes` as it says. Gives how many there were. Errors: an
/// acknowledged batch that is lost or there twice, or another promise that is not kept.
pub(super) fn run(scenes: &[(Scene, u64)], seed: u64) -> Result<u64> {
    let mut tried = 0;
    for (number, (scene, count)) in scenes.iter().enumerate() {
        let fates: Mutex<BTreeMap<Fate, u64>> = Mutex::default();
        println!("  {}: {} syncs, {} lines", scene.name, scene.recording.syncs.len(), scene.recording.lines);
        crew::each(*count, |image| {
            let mut chance = Chance::new(seed, (number as u64) << 32 | image);
            let point = usize::try_from(chance.below(scene.recording.lines as u64 + 1))?;
            let fate = scene.try_at(point, &chance, |_| true);
            let fate = fate.with_context(|| format!("image {image} of scene {number} with seed {seed}"))?;
            let mut fates = fates.lock().unwrap_or_else(PoisonError::into_inner);
            *fates.entry(fate).or_default() += 1;
            let done: u64 = fates.values().sum();
            if done.is_multiple_of(STRIDE) || done == *count {
                println!("    {done} images, {fates:?}");
            }
            Ok(true)
        })?;
        tried += count;
    }
    Ok(tried)
}
