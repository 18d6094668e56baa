//! Syncs that are taken for ones that never were: what shows that one is missing?
//!
//! In: recorded runs. Each call site of a sync, told by the function that asks and by what it syncs, is left out of all
//! of them in turn. An image that differs by that from the one with the sync is tried; one must fail, unless the site is
//! listed in `crates/xtask/syncs.toml` with the reason why nothing does.

use super::chance::Chance;
use super::crew;
use super::replay::Sync;
use super::scene::Scene;
use super::trace::kind;
use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Images looked at for one site until one differs.
const LOOKED: u64 = 4_000;

/// A place in the program that syncs: the function, when it is known, and what kind of thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Site {
    function: String,
    kind: String,
}

/// A site whose syncs nothing misses.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Spared {
    /// The function; any when it is empty.
    #[serde(default)]
    function: String,
    /// The kind of thing.
    kind: String,
    /// Why nothing misses it.
    reason: String,
}

/// The list.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    spared: Vec<Spared>,
}

/// What became of one site.
enum Verdict {
    /// An image failed: after so many tries, and how.
    Missed(u64, String),
    /// No image differs without it: other syncs promise the same.
    Double,
    /// So many images differ, and none failed.
    Unmissed(u64),
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missed(after, why) => write!(out, "missed in image {after}: {why}"),
            Self::Double => out.write_str("no image differs"),
            Self::Unmissed(tried) => write!(out, "{tried} images differ, and all is well"),
        }
    }
}

impl Site {
    fn of(sync: &Sync) -> Self {
        Self { function: short(&sync.function), kind: kind(&sync.path) }
    }
}

/// Leaves out the syncs of each site of `scenes` in turn, all or those whose path holds `part`, and tries up to `tries`
/// images of each. Errors: nothing misses one that is not listed below `root`.
pub(super) fn run(root: &Path, scenes: &[Scene], part: &str, tries: u64, seed: u64) -> Result<String> {
    let path = root.join("crates/xtask/syncs.toml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let list: List = toml::from_str(&text).with_context(|| path.display().to_string())?;
    let mut sites: BTreeMap<Site, Vec<&Scene>> = BTreeMap::new();
    for scene in scenes {
        for sync in scene.recording.syncs.iter().filter(|sync| sync.path.contains(part)) {
            let found = sites.entry(Site::of(sync)).or_default();
            if !found.last().is_some_and(|last| std::ptr::eq(*last, scene)) {
                found.push(scene);
            }
        }
    }
    ensure!(!sites.is_empty(), "no sync of what holds `{part}` was recorded");
    let (mut silent, mut missed) = (Vec::new(), 0);
    for (site, scenes) in &sites {
        let verdict = left_out(site, scenes, tries, seed)?;
        let named = format!("{} of {}", site.function, site.kind);
        match (&verdict, list.reason(site)) {
            (Verdict::Missed(..), _) => {
                missed += 1;
                println!("  {named}: {verdict}");
            }
            (_, Some(reason)) => println!("  {named}: {verdict}; as expected: {reason}"),
            (_, None) => {
                println!("  {named}: {verdict}");
                silent.push(named);
            }
        }
    }
    ensure!(silent.is_empty(), "no image showed that these syncs were missing: {}", silent.join("; "));
    Ok(format!("{} sites of syncs left out, {missed} of them missed, the others as expected", sites.len()))
}

/// What becomes of `scenes` without the syncs of `site`.
fn left_out(site: &Site, scenes: &[&Scene], tries: u64, seed: u64) -> Result<Verdict> {
    let (found, tried) = (Mutex::new(None), Mutex::new(0));
    crew::each(LOOKED, |number| {
        let Some(scene) = scenes.get(usize::try_from(number)? % scenes.len()) else { return Ok(false) };
        let mut chance = Chance::new(seed, number);
        let syncs: Vec<&Sync> = scene.recording.syncs.iter().filter(|sync| Site::of(sync) == *site).collect();
        let which = usize::try_from(chance.below(syncs.len() as u64))?;
        let Some(sync) = syncs.get(which) else { return Ok(false) };
        // Behind the sync that is missing, most often soon.
        let (begin, end) = scene.recording.window(sync);
        let end = if chance.often(30) { scene.recording.lines } else { end };
        let point = begin + usize::try_from(chance.below((end.saturating_sub(begin) as u64).max(1)))?;
        let counted = |sync: &Sync| Site::of(sync) != *site;
        if scene.recording.image(point, &chance, counted) == scene.recording.image(point, &chance, |_| true) {
            return Ok(true);
        }
        let outcome = scene.try_at(point, &chance, counted);
        let mut tried = tried.lock().unwrap_or_else(PoisonError::into_inner);
        *tried += 1;
        if let Err(error) = outcome {
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.get_or_insert((*tried, brief(&error)));
            return Ok(false);
        }
        Ok(*tried < tries)
    })?;
    let tried = tried.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(match found.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((after, why)) => Verdict::Missed(after, why),
        None if tried == 0 => Verdict::Double,
        None => Verdict::Unmissed(tried),
    })
}

impl List {
    fn reason(&self, site: &Site) -> Option<&str> {
        let is_it = |spared: &&Spared| {
            spared.kind == site.kind && (spared.function.is_empty() || spared.function == site.function)
        };
        self.spared.iter().find(is_it).map(|spared| spared.reason.as_str())
    }
}

/// A function without its crate's and its own generic ends.
fn short(function: &str) -> String {
    function.replace("::{{closure}}", "").replace("{closure#0}", "").trim_matches(['<', '>']).to_owned()
}

/// What went wrong, in a line or two.
fn brief(error: &anyhow::Error) -> String {
    let text: String = format!("{error:#}").replace('\n', " ");
    text.chars().take(300).collect()
}
