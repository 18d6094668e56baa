//! What a sensor holds on to when there is too much of something: a capture for each limit, read by `wardlight watch`.
//!
//! Memory is the largest resident set that the system saw; what found no room is what the program itself says.

use crate::{shell, test};
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use wardlight_lab::flood::Flood;

/// What to measure.
#[derive(clap::Args, Debug, Clone)]
pub struct Plan {
    /// The program; built in release mode when none is named.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Part of the usual size, in percent.
    #[arg(long, default_value_t = 100)]
    size: u32,
    /// The only flood to measure, by its name in the table.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Most memory of any, in MiB.
    #[arg(long, default_value_t = 4096)]
    most: u64,
}

/// How many of each: half as many again as the limit holds, or more.
const fn usual(flood: Flood) -> u32 {
    match flood {
        Flood::Flows | Flood::HalfOpen | Flood::Stations | Flood::Facts | Flood::Holes | Flood::Messages => 1_500_000,
        Flood::Fragments => 200_000,
        Flood::Names => 100_000,
        Flood::Nesting => 50_000,
        Flood::Bombs => 500,
    }
}

/// Carries `plan` out. Errors: the program fails, or takes more memory than it may.
pub fn run(root: &Path, plan: &Plan) -> Result<()> {
    let program = plan.program.clone().map_or_else(|| build(root), Ok)?;
    let scratch = tempfile::Builder::new().prefix("wl-floods-").tempdir()?;
    let capture = scratch.path().join("flood.pcap");
    println!("{:<32} {:>10} {:>8} {:>8}  what found no room, or was not read", "of", "how many", "MB", "MiB");
    let mut large = Vec::new();
    let wanted = |flood: &Flood| plan.only.as_deref().is_none_or(|only| only == flood.name());
    for flood in Flood::ALL.into_iter().filter(wanted) {
        let count = (u64::from(usual(flood)) * u64::from(plan.size) / 100).max(1);
        let count = u32::try_from(count).context("too many")?;
        let mut out = BufWriter::new(fs::File::create(&capture)?);
        flood.write(count, &mut out)?;
        out.flush()?;
        let megabytes = fs::metadata(&capture)?.len() / 1_000_000;
        let (peak, said) = watch(&program, &capture)?;
        println!("{:<32} {count:>10} {megabytes:>8} {peak:>8}  {said}", flood.name());
        large.extend((peak > plan.most).then_some(flood.name()));
    }
    ensure!(large.is_empty(), "more than {} MiB for {}", plan.most, large.join(", "));
    Ok(())
}

fn build(root: &Path) -> Result<PathBuf> {
    let mut cargo = Command::new(shell::cargo());
    shell::run(cargo.args(["build", "--quiet", "--release", "-p", "wardlight-app"]).current_dir(root))?;
    Ok(test::target(root)?.join("release/wardlight"))
}

/// Most memory while `capture` is read, in MiB, and what the program says that it left out.
fn watch(program: &Path, capture: &Path) -> Result<(u64, String)> {
    let told = capture.with_extension("json");
    let mut child = Command::new(program)
        .arg("watch")
        .arg(capture)
        .arg("--json")
        .stdout(fs::File::create(&told)?)
        .stderr(Stdio::null())
        .spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        peak = line.trim().trim_end_matches(" kB").parse().unwrap_or(0).max(peak);
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    ensure!(ended.success(), "{} ended with {ended}", program.display());
    let text = fs::read_to_string(&told)?;
    let rest = text.lines().next_back().unwrap_or_default();
    let rest: serde_json::Value = serde_json::from_str(&format!("{{{rest}")).context("what it says at the end")?;
    let count =
        |value: &serde_json::Value, name: &str| value.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
    let mut said: Vec<String> = Vec::new();
    for loss in rest.get("losses").and_then(serde_json::Value::as_array).into_iter().flatten() {
        let what = loss.get("what").and_then(serde_json::Value::as_str).unwrap_or_default();
        said.extend((count(loss, "count") > 0).then(|| format!("{} {what}", count(loss, "count"))));
    }
    for odd in rest.get("weirds").and_then(serde_json::Value::as_array).into_iter().flatten() {
        let name = odd.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
        said.push(format!("{} {name}", count(odd, "count")));
    }
    let beyond = count(&rest, "beyond_bounds");
    said.extend((beyond > 0).then(|| format!("{beyond} facts and addresses beyond the bounds")));
    Ok((peak / 1024, if said.is_empty() { "nothing".to_owned() } else { said.join("; ") }))
}
