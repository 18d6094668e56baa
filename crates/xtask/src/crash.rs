//! Is anything lost, or done twice, that was acknowledged? Kills the server under load, at each
//! call that reaches the disk, and by a loss of power, and looks.
//!
//! The harness plays a sensor: it sends batches with ids of its own, notes each acknowledgement, sends again what had
//! none, and in the end counts what the installation holds. What is acknowledged must be there, and nothing twice.

mod bed;
mod chance;
mod disk;
mod kills;
pub(crate) mod load;
mod points;
mod power;
mod state;
mod trace;
mod wire;

use crate::{shell, test};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What to try.
#[derive(clap::Args, Debug, Clone)]
pub struct Plan {
    /// SIGKILLs at random moments under load.
    #[arg(long, default_value_t = 500)]
    pub kills: u64,
    /// Aborts at successive calls that reach the disk.
    #[arg(long, default_value_t = 1000)]
    pub points: u64,
    /// Images of a disk after a loss of power.
    #[arg(long, default_value_t = 1000)]
    pub images: u64,
    /// Takes syncs of paths that hold this for ones that never were, and fails unless an image shows it.
    #[arg(long, value_name = "PART")]
    pub without: Option<String>,
    /// Where chance begins; the same seed tries the same again, as far as the system's own timing lets it.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Carries `plan` out on the checkout at `root`. Errors: something was lost or done twice; with how to try it again.
pub fn run(root: &Path, plan: &Plan) -> Result<()> {
    let program = build(root)?;
    let begun = Instant::now();
    if plan.kills > 0 {
        println!("kills:");
        let killed = kills::run(&program, plan.kills, plan.seed)?;
        println!(
            "{} kills, {} of them before the server took anything; {} batches acknowledged; nothing lost, nothing twice; {} s",
            killed.kills,
            killed.starting,
            killed.acknowledged,
            begun.elapsed().as_secs()
        );
    }
    if plan.points + plan.images > 0 {
        anyhow::ensure!(
            has_strace(),
            "this needs strace: `apt-get install strace` as root brings it; or ask for kills alone"
        );
    }
    let folder = test::target(root)?.join("crash");
    if plan.points > 0 {
        println!("points:");
        let aborted = points::run(&program, &folder, plan.points)?;
        println!(
            "{} points, {} runs did not come to theirs; nothing lost, nothing twice; {} s",
            aborted.points,
            aborted.missed,
            begun.elapsed().as_secs()
        );
    }
    if plan.images > 0 {
        println!("power:");
        power::run(&program, &folder, plan.images, plan.seed, plan.without.as_deref())?;
        println!("{} s", begun.elapsed().as_secs());
    }
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
