//! SIGKILL at a random moment while batches come in, again and again on one installation.

use super::bed::Bed;
use super::chance::Chance;
use super::wire::{self, Sent};
use anyhow::{Context as _, Result};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Kills before all is compared, and the next installation begins.
const ROUND: u64 = 25;
/// Batches that wait at any time.
const LOAD: u64 = 2_000;
/// Longest time between a start, or the first answer, and the kill.
const LONGEST_MS: u64 = 400;

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Killed {
    /// Kills.
    pub kills: u64,
    /// Those that fell before the server took anything.
    pub starting: u64,
    /// Batches acknowledged.
    pub acknowledged: u64,
}

/// Kills `program` `count` times. Errors: at the first round in which something is lost or done twice.
pub(super) fn run(program: &Path, count: u64, seed: u64) -> Result<Killed> {
    let mut killed = Killed::default();
    for round in 0..count.div_ceil(ROUND) {
        let kills = ROUND.min(count - round * ROUND);
        let acknowledged = one(program, kills, &mut Chance::new(seed, round), &mut killed)
            .with_context(|| format!("round {round} of {kills} kills with seed {seed}"))?;
        killed.acknowledged += acknowledged;
        println!("  {} kills, {} batches acknowledged, all there once", killed.kills, killed.acknowledged);
    }
    Ok(killed)
}

fn one(program: &Path, kills: u64, chance: &mut Chance, killed: &mut Killed) -> Result<u64> {
    let bed = Bed::new(program)?;
    let mut sent = Sent::default();
    let mut next = 0;
    for _ in 0..kills {
        while u64::try_from(sent.waiting.len()).unwrap_or(u64::MAX) < LOAD {
            sent.waiting.push_back(next);
            next += 1;
        }
        let before = sent.stored.len();
        kill(&bed, &mut sent, chance)?;
        killed.kills += 1;
        killed.starting += u64::from(sent.stored.len() == before);
    }
    // What never reached a server need not be sent.
    let reached = sent.reached;
    sent.waiting.retain(|n| *n < reached);
    bed.settle(&mut sent)?;
    Ok(u64::try_from(sent.stored.len()).unwrap_or(u64::MAX))
}

/// Starts the server, sends, and kills it: every third time at any moment of its start, else while it works.
fn kill(bed: &Bed, sent: &mut Sent, chance: &mut Chance) -> Result<()> {
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
        std::thread::sleep(delay);
        let ended = server.kill();
        is_over.store(true, Ordering::SeqCst);
        let outcome = sender.join().map_err(|_| anyhow::anyhow!("the sender broke off"))?;
        outcome?;
        let ended = ended?;
        anyhow::ensure!(!ended.success() && ended.code().is_none(), "the server ended by itself with {ended}");
        Ok(())
    })
}
