//! Is anything lost, or done twice, that was acknowledged? Kills the server under load, and looks.
//!
//! The harness plays a sensor: it sends batches with ids of its own, notes each acknowledgement, sends again what had
//! none, and in the end counts what the installation holds. What is acknowledged must be there, and nothing twice.

mod bed;
mod chance;
mod kills;
mod load;
mod state;
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
    Ok(())
}

/// The program, built as the tests have it.
fn build(root: &Path) -> Result<PathBuf> {
    let mut cargo = Command::new(shell::cargo());
    shell::run(cargo.args(["build", "--quiet", "-p", "wardlight-app"]).current_dir(root)).context("cannot build")?;
    Ok(test::target(root)?.join("debug/wardlight"))
}
