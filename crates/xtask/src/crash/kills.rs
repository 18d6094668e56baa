//! SIGKILL at a random moment while batches come in and backups are made, again and again on one installation.

use super::bed::{Bed, Setting};
use super::chance::Chance;
use super::wire::{self, Sent};
use super::{copies, crew, state};
use anyhow::{Context as _, Result};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Kills before all is compared, and the next installation begins.
const ROUND: u64 = 25;
/// Batches that wait at any time.
const LOAD: u64 = 2_000;
/// Longest time between a start, or the first answer, and the kill.
const LONGEST_MS: u64 = 400;
/// Of a hundred kills, so many that also hit a backup.
const BACKUPS: u64 = 15;

/// What came of it.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Killed {
    /// Kills.
    pub kills: u64,
    /// Those that fell before the server took anything.
    pub starting: u64,
    /// Those that hit a backup too.
    pub backups: u64,
    /// Batches acknowledged.
    pub acknowledged: u64,
}

/// Kills the server `count` times; `setting` gives each installation its own. Errors: at the first round in which
/// something is lost or done twice.
pub(super) fn run(setting: impl Fn() -> Result<Setting> + Sync, count: u64, seed: u64) -> Result<Killed> {
    let all = Mutex::new(Killed::default());
    crew::each(count.div_ceil(ROUND), |round| {
        let kills = ROUND.min(count - round * ROUND);
        let killed = one(&setting()?, kills, &mut Chance::new(seed, round))
            .with_context(|| format!("round {round} of {kills} kills with seed {seed}"))?;
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        all.kills += killed.kills;
        all.starting += killed.starting;
        all.backups += killed.backups;
        all.acknowledged += killed.acknowledged;
        println!("  {} kills, {} batches acknowledged, all there once", all.kills, all.acknowledged);
        Ok(true)
    })?;
    Ok(all.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn one(setting: &Setting, kills: u64, chance: &mut Chance) -> Result<Killed> {
    let bed = Bed::new(setting)?;
    let (mut killed, mut sent, mut next) = (Killed { kills, ..Killed::default() }, Sent::default(), 0);
    for _ in 0..kills {
        while u64::try_from(sent.waiting.len()).unwrap_or(u64::MAX) < LOAD {
            sent.waiting.push_back(next);
            next += 1;
        }
        let before = sent.stored.len();
        let with_backup = chance.often(BACKUPS);
        kill(&bed, &mut sent, chance, with_backup)?;
        killed.starting += u64::from(sent.stored.len() == before);
        killed.backups += u64::from(with_backup);
    }
    // What never reached a server need not be sent.
    let reached = sent.reached;
    sent.waiting.retain(|n| *n < reached);
    let first = state::promised(&bed, &sent, None)?;
    copies::check(&bed, first, &[])?;
    bed.settle(&mut sent)?;
    killed.acknowledged = u64::try_from(sent.stored.len()).unwrap_or(u64::MAX);
    Ok(killed)
}

/// Starts the server, sends, and kills it: every third time at any moment of its start, else while it works.
fn kill(bed: &Bed, sent: &mut Sent, chance: &mut Chance, with_backup: bool) -> Result<()> {
    let (at_work, delay) = (!chance.often(33), Duration::from_micros(chance.below(LONGEST_MS * 1000)));
    let (answers, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let server = bed.start(&[])?;
    let socket = bed.socket();
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let is_alive = || !is_over.load(Ordering::SeqCst);
            let outcome = wire::send(&socket, sent, is_alive, || {
                answers.fetch_add(1, Ordering::SeqCst);
            });
            is_over.store(true, Ordering::SeqCst);
            outcome
        });
        let begun = Instant::now();
        while at_work && answers.load(Ordering::SeqCst) == 0 && !is_over.load(Ordering::SeqCst) && server.is_alive() {
            std::thread::sleep(Duration::from_millis(1));
            if begun.elapsed() > Duration::from_secs(60) {
                break;
            }
        }
        let backup =
            with_backup.then(|| bed.command(&[], &["backup", "make"])?.spawn().context("no backup")).transpose();
        std::thread::sleep(delay);
        let ended = server.kill();
        if let Some(mut backup) = backup? {
            backup.kill()?;
            backup.wait()?;
        }
        is_over.store(true, Ordering::SeqCst);
        let outcome = sender.join().map_err(|_| anyhow::anyhow!("the sender broke off"))?;
        outcome?;
        let ended = ended?;
        anyhow::ensure!(ended.is_none(), "the server ended by itself with {ended:?}");
        Ok(())
    })
}
