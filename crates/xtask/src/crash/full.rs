//! A disk that gets full, at many sizes: from one on which nothing can even begin to one that just holds all.
//!
//! Raw flows give way first, what was acknowledged stays, decisions are taken while there is room set aside, the server
//! says so, lives, also when it is started again, and goes on by itself once the disk has room.

use super::bed::{Bed, Server, Setting};
use super::chance::Chance;
use super::talk::{Became, Talk};
use super::wire::Sent;
use super::{crew, load};
use crate::shell;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Set where this may mount.
const OWN_MOUNTS: &str = "WARDLIGHT_OWN_MOUNTS";
/// Batches sent to each disk before it gets room, and after.
const LOAD: u64 = 1_000;
const MORE: u64 = 40;
/// The largest disk that may get full, and what each becomes, in KiB: the last is that from the beginning. How much is
/// written depends on how many commits the machine's speed makes of the same load.
const LARGEST: u64 = 32 << 10;
const ROOMY: u64 = 256 << 10;
/// Silence after which a server is asked whether it waits for room.
const SILENCE: Duration = Duration::from_millis(1500);
/// How long a server may take to show that it has no room, or that it has again.
const PATIENCE: Duration = Duration::from_secs(30);
/// Decisions that fit into what is set aside, at least.
const DECISIONS: usize = 20;

/// What came of all disks.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Filled {
    sizes: u64,
    unstarted: u64,
    full: u64,
    stalled: u64,
    shed: u64,
    decided: u64,
    restarts: u64,
    stored: u64,
}

impl fmt::Display for Filled {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sizes, unstarted, full, stalled, shed, decided, restarts, stored } = self;
        write!(
            out,
            "{sizes} sizes: on {unstarted} the server said why it cannot start, {full} got full, {stalled} of them also \
             what is set aside; {stored} batches acknowledged, {shed} flows given up, {decided} decisions taken since, \
             {restarts} restarts without room; nothing lost, nothing twice"
        )
    }
}

/// Whether this may mount.
pub(super) fn has_own_mounts() -> bool {
    std::env::var_os(OWN_MOUNTS).is_some()
}

/// Runs the sweep where it may mount, or says that this is nowhere. Errors: those of the sweep.
pub(super) fn run(count: u64, seed: u64) -> Result<()> {
    let Some(way) = ["-m", "-rm"].into_iter().find(|way| may_mount(way)) else {
        println!("SKIPPED: full disks: this system lets nobody mount in a namespace of his own (`unshare -rm`)");
        return Ok(());
    };
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut inside = Command::new("unshare");
    inside.arg(way).arg(program).args(["crash", "--full", &count.to_string(), "--seed", &seed.to_string()]);
    shell::run(inside.env(OWN_MOUNTS, "1"))
}

fn may_mount(way: &str) -> bool {
    shell::succeeds(Command::new("unshare").args([way, "mount", "-t", "tmpfs", "none", "/tmp"]))
}

/// Fills disks of `count` sizes. Errors: at the first on which something does not hold.
pub(super) fn sweep(program: &Path, count: u64, seed: u64) -> Result<Filled> {
    // Its own, so that it stays the same while others build.
    let folder = tempfile::tempdir()?;
    let own = folder.path().join("wardlight");
    std::fs::copy(program, &own).context("cannot copy the program")?;
    let all = Mutex::new(Filled::default());
    crew::each(count, |number| {
        let mut chance = Chance::new(seed, number);
        // Most at the small end, where one thing after the other finds its place.
        let part = (number * 1000 + chance.below(1000)) / count.max(1);
        let kib = if number + 1 == count { ROOMY } else { 4 + LARGEST * part * part / 1_000_000 };
        let one = one(&own, kib, number % 3 == 0)
            .with_context(|| format!("a disk of {kib} KiB, number {number} of {count}, seed {seed}"))?;
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        all.add(one);
        if all.sizes.is_multiple_of(50) {
            println!("  {all}");
        }
        Ok(true)
    })?;
    let all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    let fitted = all.sizes - all.unstarted - all.full;
    ensure!(count < 10 || all.unstarted * all.full * fitted > 0, "the sizes do not reach from nothing to all: {all}");
    Ok(all)
}

impl Filled {
    fn add(&mut self, one: Self) {
        let Self { sizes, unstarted, full, stalled, shed, decided, restarts, stored } = one;
        for (sum, more) in [
            (&mut self.sizes, sizes),
            (&mut self.unstarted, unstarted),
            (&mut self.full, full),
            (&mut self.stalled, stalled),
            (&mut self.shed, shed),
            (&mut self.decided, decided),
            (&mut self.restarts, restarts),
            (&mut self.stored, stored),
        ] {
            *sum += more;
        }
    }
}

/// Fills one disk of `kib`, starts the server again on it if that `restarts`, makes room, and compares.
fn one(program: &Path, kib: u64, restarts: bool) -> Result<Filled> {
    let bed = Bed::new(&Setting::of(program))?;
    let disk = Disk::mount(&bed.root(), kib)?;
    let outcome = Trial::new(&bed, &disk, restarts).run().with_context(|| format!("the servers said: {}", bed.said()));
    drop(disk);
    outcome
}

/// One disk and what was sent to it.
struct Trial<'a> {
    bed: &'a Bed,
    disk: &'a Disk,
    restarts: bool,
    sent: Sent,
    /// Batches to be sent again.
    again: VecDeque<u64>,
    /// Flows that this server said it gave up.
    shed: u64,
    filled: Filled,
}

impl<'a> Trial<'a> {
    fn new(bed: &'a Bed, disk: &'a Disk, restarts: bool) -> Self {
        let filled = Filled { sizes: 1, ..Filled::default() };
        Self { bed, disk, restarts, sent: Sent::default(), again: VecDeque::new(), shed: 0, filled }
    }

    fn run(mut self) -> Result<Filled> {
        let mut server = self.bed.start(&[])?;
        let Some(mut talk) = Talk::open(&self.bed.socket(), &server)? else {
            self.explained(&server)?;
            self.filled.unstarted = 1;
            self.disk.resize(ROOMY)?;
            self.sent = Sent::of(MORE);
            return self.end();
        };
        let is_set_aside = ["journal", "ledger", "state.reserve"].iter().all(|part| {
            let length =
                std::fs::metadata(self.bed.root().join("data").join(part).join("reserve")).map(|meta| meta.len());
            length.is_ok_and(|length| length == 1 << 20)
        });
        let is_full = self.fill(&mut talk)?;
        if is_full {
            let is_behind = |standing: &Value| number(standing, "history") < number(standing, "committed");
            // At the brink there may be room again at once.
            self.shown(|standing| {
                let is_short = flag(standing, "is_full") || !waits(standing).is_empty() || is_behind(standing);
                is_short || number(standing, "shed_flows") > 0 || self.bed.said().contains("room again")
            })?;
            ensure!(self.bed.said().contains("the disk is full"), "the server does not say that it has no room");
            // Little room may be set aside on a disk that was full from the beginning.
            ensure!(
                !is_set_aside || self.filled.stalled == 0 || self.filled.decided >= DECISIONS as u64,
                "only {} decisions were taken since flows were given up",
                self.filled.decided
            );
        }
        if is_full && self.restarts {
            self.again.extend(talk.under_way());
            server.kill()?;
            (self.shed, self.filled.restarts) = (0, 1);
            server = self.bed.start(&[])?;
            talk = match Talk::open(&self.bed.socket(), &server)? {
                Some(talk) => talk,
                None => {
                    ensure!(!is_set_aside, "the server does not start again although room was set aside");
                    self.explained(&server)?;
                    self.disk.resize(ROOMY)?;
                    server = self.bed.start(&[])?;
                    Talk::open(&self.bed.socket(), &server)?.context("the server does not start with room")?
                }
            };
        }
        self.disk.resize(ROOMY)?;
        self.go_on(&mut talk)?;
        let last = self.sent.stored.values().copied().max().unwrap_or_default();
        let standing = self.shown(|standing| {
            let is_there = |name: &str| number(standing, name) >= last;
            !flag(standing, "is_full") && waits(standing).is_empty() && is_there("committed") && is_there("history")
        })?;
        let told = number(&standing, "shed_flows");
        ensure!(told == self.shed, "{} flows were given up, the server shows {told}", self.shed);
        ensure!(server.stop()? == Some(0), "the server did not end in order");
        self.end()
    }

    /// Compares what is there with what was acknowledged.
    fn end(mut self) -> Result<Filled> {
        self.bed.settle(&mut self.sent)?;
        self.filled.stored = self.sent.stored.len() as u64;
        Ok(self.filled)
    }

    /// Whether a server that did not start said why, and what to do.
    fn explained(&self, server: &Server) -> Result<()> {
        let ended = server.stop()?;
        ensure!(ended.is_some_and(|code| code != 0), "the server ended with {ended:?}");
        let said = self.bed.said();
        let last = said.lines().last().unwrap_or_default();
        ensure!(last.contains("free some space"), "the server does not say what to do: {last}");
        Ok(())
    }

    /// Sends until all was tried, or the server waits for room. Whether the disk got full.
    fn fill(&mut self, talk: &mut Talk) -> Result<bool> {
        let mut next = 0;
        let (mut is_full, mut silent) = (false, Duration::ZERO);
        loop {
            while talk.has_room() && next < LOAD {
                talk.send(next)?;
                next += 1;
            }
            if talk.under_way().next().is_none() {
                break;
            }
            match talk.hear(SILENCE)? {
                None if waits(&self.standing()).is_empty() => {
                    silent += SILENCE;
                    ensure!(silent < PATIENCE, "the server does not answer, and does not say that it waits");
                }
                None => {
                    self.filled.stalled = 1;
                    is_full = true;
                    break;
                }
                Some((n, became)) => {
                    silent = Duration::ZERO;
                    let is_decided = matches!(became, Became::Stored(_)) && load::is_decision(n);
                    self.filled.decided += u64::from(is_full && is_decided);
                    is_full |= self.heard(n, &became);
                }
            }
        }
        self.again.extend(next..LOAD);
        self.filled.full = u64::from(is_full);
        Ok(is_full)
    }

    /// Notes what became of batch `n`. Whether there was no room for it.
    fn heard(&mut self, n: u64, became: &Became) -> bool {
        match became {
            Became::Stored(sequence) => {
                self.sent.stored.insert(n, *sequence);
            }
            Became::Shed => {
                self.shed += load::rows(n);
                self.filled.shed += load::rows(n);
            }
            Became::Later => self.again.push_back(n),
        }
        !matches!(became, Became::Stored(_))
    }

    /// Sends what is left and more, until all of it is acknowledged. Flows that were given up before stay so.
    fn go_on(&mut self, talk: &mut Talk) -> Result<()> {
        self.again.extend(LOAD..LOAD + MORE);
        let begun = Instant::now();
        while !self.again.is_empty() || talk.under_way().next().is_some() {
            while talk.has_room()
                && let Some(n) = self.again.pop_front()
            {
                talk.send(n)?;
            }
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let Some((n, became)) = talk.hear(left)? else { bail!("the server does not go on by itself") };
            if self.heard(n, &became) {
                ensure!(begun.elapsed() < PATIENCE, "the server still has no room");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(())
    }

    fn standing(&self) -> Value {
        let text = std::fs::read(self.bed.root().join("data/standing.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// How the server stands, once that `is_so`. Errors: it does not become so.
    fn shown(&self, is_so: impl Fn(&Value) -> bool) -> Result<Value> {
        let begun = Instant::now();
        loop {
            let standing = self.standing();
            if is_so(&standing) {
                return Ok(standing);
            }
            ensure!(begun.elapsed() < PATIENCE, "the server does not show how it stands: {standing}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn flag(standing: &Value, name: &str) -> bool {
    standing.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn waits(standing: &Value) -> &str {
    standing.get("waits").and_then(Value::as_str).unwrap_or_default()
}

fn number(standing: &Value, name: &str) -> u64 {
    standing.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// A disk of a given size.
struct Disk(PathBuf);

impl Disk {
    fn mount(place: &Path, kib: u64) -> Result<Self> {
        let size = format!("mode=0700,size={kib}k");
        shell::run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(place))?;
        Ok(Self(place.to_owned()))
    }

    fn resize(&self, kib: u64) -> Result<()> {
        shell::run(Command::new("mount").args(["-o", &format!("remount,size={kib}k")]).arg(&self.0))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = shell::run(Command::new("umount").arg("-l").arg(&self.0));
    }
}
