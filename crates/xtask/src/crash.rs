//! Is anything lost, or done twice, that was acknowledged? Kills the server under load, at each
//! call that reaches the disk, and by a loss of power, and looks.
//!
//! The harness plays a sensor: it sends batches with ids of its own, notes each acknowledgement, sends again what had
//! none, and in the end counts what the installation holds. What is acknowledged must be there, and nothing twice.

mod away;
mod bed;
mod chance;
mod copies;
mod crew;
mod errors;
mod full;
mod image;
mod kills;
pub(crate) mod load;
mod points;
mod postgres;
mod power;
mod record;
mod replay;
mod scene;
mod state;
mod syncs;
mod talk;
mod trace;
mod wire;

use crate::{shell, test};
use anyhow::{Context as _, Result};
use bed::Setting;
use postgres::Postgres;
use power::Runs;
use record::Recorder;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Runs from which syncs are left out: after a kill at a sync of each kind, and in recovery.
const VARIED: Runs = Runs { killed: u64::MAX, recovered: 4 };

/// What to try.
#[derive(clap::Args, Debug, Clone)]
pub struct Plan {
    /// SIGKILLs at random moments under load.
    #[arg(long, default_value_t = 500)]
    pub kills: u64,
    /// Aborts at successive calls that reach the disk.
    #[arg(long, default_value_t = 1000)]
    pub points: u64,
    /// Passes over so many of these calls: to go on with a sweep that was broken off.
    #[arg(long, default_value_t = 0)]
    pub passed: u64,
    /// Images of a disk after a loss of power at work; half as many again after kills, in recovery, backup and restore.
    #[arg(long, default_value_t = 1000)]
    pub images: u64,
    /// Disks of so many sizes that get full.
    #[arg(long, default_value_t = 200)]
    pub full: u64,
    /// Runs in which calls fail.
    #[arg(long, default_value_t = 500)]
    pub errors: u64,
    /// Times that PostgreSQL is restarted, and as many that it stays away.
    #[arg(long, default_value_t = 10)]
    pub away: u64,
    /// Kills with PostgreSQL, and as many aborts with a loss of power.
    #[arg(long, default_value_t = 100)]
    pub postgres: u64,
    /// Images of each run tried for each sync that is left out until one shows it; 0 leaves none out.
    #[arg(long, default_value_t = 6)]
    pub syncs: u64,
    /// Leaves out only syncs of paths that hold this.
    #[arg(long, value_name = "PART", default_value = "")]
    pub without: String,
    /// Tells syncs by what they sync alone, not also by the function that asks for them: ten times as fast to record.
    #[arg(long)]
    pub plain: bool,
    /// Where chance begins; the same seed tries the same again, as far as the system's own timing lets it.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Plan {
    /// The share of every test run.
    pub fn few() -> Self {
        let without = "journal/0".to_owned();
        Self {
            kills: 25,
            points: 50,
            passed: 0,
            images: 50,
            full: 10,
            errors: 12,
            away: 1,
            postgres: 4,
            syncs: 6,
            without,
            plain: true,
            seed: 1,
        }
    }

    /// The share of a test run where calls cannot be recorded or cut off.
    pub fn without_strace(self) -> Self {
        Self { points: 0, images: 0, errors: 0, syncs: 0, ..self }
    }
}

/// Carries `plan` out on the checkout at `root`. Errors: something was lost or done twice; with how to try it again.
pub fn run(root: &Path, plan: &Plan) -> Result<()> {
    let built = build(root)?;
    if full::has_own_mounts() {
        return timed("full disks", || full::sweep(&built, plan.full, plan.seed).map(|done| done.to_string()));
    }
    let has_strace = has_strace();
    anyhow::ensure!(
        has_strace || plan.points + plan.images + plan.errors + plan.syncs == 0,
        "this needs strace: `apt-get install strace` as root brings it; or ask for kills alone"
    );
    // Of each run its own: another may be under way.
    let folder = test::target(root)?.join("crash").join(std::process::id().to_string());
    std::fs::create_dir_all(&folder)?;
    // Somebody may build another while this goes on.
    let program = folder.join("wardlight");
    std::fs::copy(&built, &program).with_context(|| built.display().to_string())?;
    let recorder = Recorder { folder: folder.clone(), with_stacks: false };
    if plan.kills > 0 {
        timed("kills", || kill(|| Ok(Setting { tidy_s: 1, ..Setting::of(&program) }), plan.kills, plan.seed))?;
    }
    if plan.points > 0 {
        let tried = || points::run(&Setting::of(&program), &recorder, plan.points, plan.passed);
        timed("points", || tried().map(|done| told(&done)))?;
    }
    let mut recorded = None;
    if plan.images > 0 {
        timed("power", || {
            let scenes = power::scenes(&program, &recorder, Runs::of(plan.images), plan.seed)?;
            let many = power::run(&scenes, plan.images, plan.seed)?;
            recorded = Some(scenes);
            Ok(format!("{many} images; nothing lost, nothing twice"))
        })?;
    }
    if plan.errors > 0 {
        timed("errors", || {
            errors::run(&Setting::of(&program), &recorder, plan.errors, plan.seed).map(|done| done.to_string())
        })?;
    }
    if plan.full > 0 {
        full::run(plan.full, plan.seed)?;
    }
    if plan.away > 0
        && let Some(postgres) = Postgres::start()
    {
        timed("PostgreSQL away", || away::run(&postgres, &program, plan.away).map(|done| done.to_string()))?;
    }
    if plan.postgres > 0 {
        elsewhere(&program, &recorder, plan, has_strace)?;
    }
    if plan.syncs > 0 {
        timed("syncs", || {
            let recorder = Recorder { with_stacks: !plan.plain, ..recorder };
            let recorded = recorded.take().filter(|_| plan.plain).map(Ok);
            let scenes = recorded.unwrap_or_else(|| power::scenes(&program, &recorder, VARIED, plan.seed))?;
            syncs::run(root, &scenes, &plan.without, plan.syncs, plan.seed)
        })?;
    }
    // The traces are for whoever looks for a fault.
    Ok(std::fs::remove_dir_all(folder)?)
}

/// The same with the state in a PostgreSQL server, which loses nothing when this machine's power goes.
fn elsewhere(program: &Path, recorder: &Recorder, plan: &Plan, has_strace: bool) -> Result<()> {
    let Some(postgres) = Postgres::start() else { return Ok(()) };
    let setting = || postgres.setting(program);
    timed("kills with PostgreSQL", || kill(setting, plan.postgres, plan.seed))?;
    if has_strace {
        timed("points with PostgreSQL, then power", || {
            points::elsewhere(setting, recorder, plan.postgres, plan.seed).map(|done| told(&done))
        })?;
    }
    Ok(())
}

fn kill(setting: impl Fn() -> Result<Setting> + Sync, count: u64, seed: u64) -> Result<String> {
    let kills::Killed { kills, starting, backups, acknowledged } = kills::run(setting, count, seed)?;
    Ok(format!(
        "{kills} kills, {starting} of them before the server took anything, {backups} with a backup; {acknowledged} \
         batches acknowledged; nothing lost, nothing twice"
    ))
}

fn told(points::Aborted { points, missed }: &points::Aborted) -> String {
    format!("{points} points, {missed} runs did not come to theirs; nothing lost, nothing twice")
}

/// Says what is tried, what came of it, and how long it took.
fn timed(what: &str, tried: impl FnOnce() -> Result<String>) -> Result<()> {
    let begun = Instant::now();
    println!("{what}:");
    let outcome = tried().with_context(|| what.to_owned())?;
    println!("{outcome}; {} s", begun.elapsed().as_secs());
    Ok(())
}

/// The program, built as the tests have it.
fn build(root: &Path) -> Result<PathBuf> {
    let mut cargo = Command::new(shell::cargo());
    shell::run(cargo.args(["build", "--quiet", "-p", "wardlight-app"]).current_dir(root)).context("cannot build")?;
    Ok(test::target(root)?.join("debug/wardlight"))
}

/// Whether calls can be recorded and cut off here.
pub fn has_strace() -> bool {
    shell::succeeds(Command::new("strace").arg("-V"))
}
