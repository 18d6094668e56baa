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

/// Images of one scene that are looked at for one site until enough differ.
const LOOKED: u64 = 300;

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

/// What becomes of `scenes` without the syncs of `site`, when up to `tries` images of each are tried.
fn left_out(site: &Site, scenes: &[&Scene], tries: u64, seed: u64) -> Result<Verdict> {
    let (found, tried) = (Mutex::new(None), Mutex::new(vec![0; scenes.len()]));
    let count = |scene: usize, more: u64| {
        let mut tried = tried.lock().unwrap_or_else(PoisonError::into_inner);
        let own = tried.get_mut(scene).map_or(tries, |own| {
            *own += more;
            *own
        });
        (own, tried.iter().sum::<u64>())
    };
    crew::each(LOOKED * scenes.len() as u64, |number| {
        let which = usize::try_from(number)? % scenes.len();
        let Some(scene) = scenes.get(which).filter(|_| count(which, 0).0 < tries) else { return Ok(true) };
        let mut chance = Chance::new(seed, number);
        let Some(point) = behind(site, scene, &mut chance) else { return Ok(true) };
        let counted = |sync: &Sync| Site::of(sync) != *site;
        if scene.recording.image(point, &chance, counted) == scene.recording.image(point, &chance, |_| true) {
            return Ok(true);
        }
        let (_, tried) = count(which, 1);
        if let Err(error) = scene.try_at(point, &chance, counted) {
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.get_or_insert((tried, brief(&error)));
            return Ok(false);
        }
        Ok(true)
    })?;
    let tried: u64 = tried.into_inner().unwrap_or_else(PoisonError::into_inner).iter().sum();
    Ok(match found.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((after, why)) => Verdict::Missed(after, why),
        None if tried == 0 => Verdict::Double,
        None => Verdict::Unmissed(tried),
    })
}

/// A line of `scene` behind a sync of `site`, most often soon.
fn behind(site: &Site, scene: &Scene, chance: &mut Chance) -> Option<usize> {
    let syncs: Vec<&Sync> = scene.recording.syncs.iter().filter(|sync| Site::of(sync) == *site).collect();
    let which = usize::try_from(chance.below(syncs.len() as u64)).ok()?;
    let (begin, end) = scene.recording.window(syncs.get(which)?);
    let end = if chance.often(30) { scene.recording.lines } else { end };
    let most = end.saturating_sub(begin) as u64 >> chance.below(8);
    Some(begin + 1 + usize::try_from(chance.below(most.max(1))).ok()?)
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
