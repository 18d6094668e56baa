//! Every check of the project in one command, on a machine that may have nothing but Rust.

use crate::alone::alone;
use crate::steps::{Outcome, Steps};
use crate::tools::{self, DENY, NEXTEST};
use crate::{browser, contract, crash, reference, shell, tidy};
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where test data that is not part of the project lies.
const CORPUS: &str = "WARDLIGHT_CORPUS";

/// Runs every check on the checkout at `root`; with `quick` only the most telling. Errors: at the first that fails.
pub fn run(root: &Path, quick: bool) -> Result<()> {
    let tools = target(root)?.join("tools");
    let mut steps = Steps::default();
    steps.run("format", || format(root))?;
    steps.run("tidy", || tidy::run(root, &[]).map(|()| Outcome::done()))?;
    steps.run("clippy", || clippy(root))?;
    if !quick {
        steps.run("packages", || Ok(packages()))?;
    }
    steps.run("corpus", corpus)?;
    let mut counted = String::new();
    steps.run("tests", || tests(root, &tools, &mut counted))?;
    if quick {
        steps.run("the rest", || {
            Ok(Outcome::Skipped(
                "--quick leaves out doctests, the contract of the API, the pages in a browser, documents, dependencies, pages".to_owned(),
            ))
        })?;
    } else {
        steps.run("doctests", || {
            shell::run(cargo(root).args(["test", "--workspace", "--doc", "--quiet"])).map(|()| Outcome::done())
        })?;
        steps.run("contract", || contract::run(root, &contract::Plan::usual()))?;
        steps.run("browser", || browser::run(root, &browser::Plan::default()))?;
        steps.run("crashes", || crashes(root))?;
        steps.run("fuzz targets", || fuzz_targets(root, &tools))?;
        steps.run("documents", || documents(root))?;
        steps.run("dependencies", || dependencies(root, &tools))?;
        steps.run("pages", || reference::run(root, true).map(|()| Outcome::done()))?;
    }
    steps.sum_up();
    println!("{counted}");
    Ok(())
}

fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(shell::cargo());
    cargo.current_dir(root);
    cargo
}

/// Where cargo builds.
pub fn target(root: &Path) -> Result<PathBuf> {
    let metadata = shell::stdout(cargo(root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata).context("cargo metadata")?;
    let target = metadata.get("target_directory").and_then(serde_json::Value::as_str);
    target.map(PathBuf::from).context("cargo names no target directory")
}

/// The program as the tests built it. Errors: it does not build.
pub fn program(root: &Path) -> Result<PathBuf> {
    let mut build = cargo(root);
    // Not the other programs: one of them is running, and would be gone from its place.
    shell::run(build.args(["build", "--quiet", "--workspace", "--bin", "wardlight"])).context("cannot build")?;
    Ok(target(root)?.join("debug/wardlight"))
}

fn format(root: &Path) -> Result<Outcome> {
    if let Err(missing) = tools::component("rustfmt", "fmt") {
        return Ok(Outcome::Skipped(missing));
    }
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml"] {
        let mut fmt = cargo(root);
        fmt.args(["fmt", "--all", "--check", "--manifest-path", manifest]);
        shell::run(&mut fmt).context("the same without `--check` mends it")?;
    }
    Ok(Outcome::done())
}

fn clippy(root: &Path) -> Result<Outcome> {
    if let Err(missing) = tools::component("clippy", "clippy") {
        return Ok(Outcome::Skipped(missing));
    }
    shell::run(cargo(root).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    Ok(Outcome::done())
}

fn packages() -> Outcome {
    match tools::packages() {
        left_out if left_out.is_empty() => Outcome::done(),
        left_out => Outcome::Skipped(left_out.join("; ")),
    }
}

fn corpus() -> Result<Outcome> {
    match std::env::var_os(CORPUS).map(PathBuf::from) {
        None => Ok(Outcome::Skipped(format!("tests on recorded networks; set {CORPUS} to a folder that holds them"))),
        Some(folder) if !folder.is_dir() => bail!("{CORPUS} names {}, which is no folder", folder.display()),
        Some(folder) => Ok(Outcome::Done(folder.display().to_string())),
    }
}

/// Runs the tests with nextest, else with cargo's own runner; `counted` gets the runner's last word.
fn tests(root: &Path, tools: &Path, counted: &mut String) -> Result<Outcome> {
    let (mut command, without) = match NEXTEST.ready(tools) {
        Ok(nextest) => {
            let mut command = Command::new(nextest);
            command.args(["nextest", "run", "--workspace", "--no-fail-fast"]).current_dir(root);
            (command, None)
        }
        Err(missing) => {
            println!("{missing}; running the tests with cargo's own runner");
            let mut command = cargo(root);
            command.args(["test", "--workspace", "--all-targets", "--no-fail-fast"]);
            (command, Some(missing))
        }
    };
    if tools::has_postgres() {
        command.env("WARDLIGHT_REQUIRE_POSTGRES", "1");
    }
    command.env("CARGO", shell::cargo());
    // Whatever they need is built first, with the network that a build may need.
    built(&command)?;
    let (mut command, shared) = match alone(&command) {
        Ok(command) => (command, None),
        Err(why) => (command, Some(why)),
    };
    let mut passed = Tally::default();
    let fine = shell::listen(&mut command, |line| passed.hear(line))?;
    *counted = passed.last_word();
    if !fine {
        bail!("`{}` failed: {counted}", shell::typed(&command));
    }
    let network = shared.unwrap_or_else(|| "in a network without a route".to_owned());
    let remarks: Vec<String> = [counted.clone(), network].into_iter().chain(without).collect();
    Ok(Outcome::Done(remarks.join("; ")))
}

/// Builds what `command` is about to run.
fn built(command: &Command) -> Result<()> {
    let mut build = Command::new(command.get_program());
    build
        .args(command.get_args().filter(|word| *word != "--no-fail-fast"))
        .arg("--no-run")
        .env("CARGO", shell::cargo());
    if let Some(folder) = command.get_current_dir() {
        build.current_dir(folder);
    }
    shell::run(&mut build)
}

/// What the test runner counted.
#[derive(Default)]
struct Tally {
    summary: Option<String>,
    passed: u64,
    failed: u64,
}

impl Tally {
    fn hear(&mut self, line: &str) {
        let line = line.trim();
        if line.starts_with("Summary [") {
            self.summary = Some(line.to_owned());
        } else if line.starts_with("test result:") {
            let before = |word: &str| {
                line.split(word).next().and_then(|text| text.split_whitespace().next_back()?.parse::<u64>().ok())
            };
            self.passed += before(" passed").unwrap_or(0);
            self.failed += before(" failed").unwrap_or(0);
        }
    }

    fn last_word(&self) -> String {
        self.summary.clone().unwrap_or_else(|| format!("{} passed, {} failed", self.passed, self.failed))
    }
}

/// A few crashes of each kind; `cargo xtask crash` tries many. One with a sync left out must be found.
fn crashes(root: &Path) -> Result<Outcome> {
    if !crash::has_strace() {
        crash::run(root, &crash::Plan::few().without_strace())?;
        let why = "aborts and loss of power: no strace; `apt-get install strace` as root brings it; 25 kills were done";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    crash::run(root, &crash::Plan::few())?;
    Ok(Outcome::Done("25 kills, 50 aborts, 50 losses of power; `cargo xtask crash` tries more".to_owned()))
}

/// Whether the fuzz targets still compile; `cargo xtask fuzz` runs them.
fn fuzz_targets(root: &Path, tools: &Path) -> Result<Outcome> {
    if let Err(missing) = tools::component("clippy", "clippy") {
        return Ok(Outcome::Skipped(missing));
    }
    let mut clippy = cargo(root);
    clippy.args([
        "clippy",
        "--all-targets",
        "--all-features",
        "--manifest-path",
        "fuzz/Cargo.toml",
        "--",
        "-D",
        "warnings",
    ]);
    // Nothing is linked here, so libFuzzer itself need not be compiled.
    clippy
        .env("CUSTOM_LIBFUZZER_PATH", tools.join("none.a"))
        .env("CARGO_TARGET_DIR", tools.with_file_name("fuzz").join("check"));
    shell::run(&mut clippy)?;
    Ok(Outcome::Done("they compile; `cargo xtask fuzz` runs them".to_owned()))
}

fn documents(root: &Path) -> Result<Outcome> {
    let mut doc = cargo(root);
    doc.args(["doc", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings");
    shell::run(&mut doc).map(|()| Outcome::done())
}

fn dependencies(root: &Path, tools: &Path) -> Result<Outcome> {
    let deny = match DENY.ready(tools) {
        Ok(deny) => deny,
        Err(missing) => return Ok(Outcome::Skipped(missing)),
    };
    let mut command = Command::new(deny);
    command.args(["deny", "check", "licenses", "bans", "sources"]).current_dir(root);
    shell::run(&mut command)?;
    Ok(Outcome::Done(
        "licences, bans, sources; advisories are not asked: their list is on no package registry".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_are_counted() {
        let mut tally = Tally::default();
        for line in [
            "test result: ok. 3 passed; 0 failed; 0 ignored",
            "x",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored",
        ] {
            tally.hear(line);
        }
        assert_eq!(tally.last_word(), "5 passed, 1 failed");
        tally.hear("     Summary [   0.5s] 7 tests run: 7 passed, 0 skipped");
        assert_eq!(tally.last_word(), "Summary [   0.5s] 7 tests run: 7 passed, 0 skipped");
    }
}
