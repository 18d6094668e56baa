//! Feeds everything that reads bytes from outside with invented ones: builds the targets of `fuzz/` with coverage
//! counters, runs them, and says how many runs reached how many regions, from how many conversations, facts and records they began.
//!
//! Needs a C++ compiler for libFuzzer and nothing else: the counters are in the stable compiler.

mod seeds;

use crate::{shell, test};
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use wardlight_dissect::proto::ENTRIES;

/// What to run.
#[derive(clap::Args)]
pub struct Plan {
    /// Runs of each target; of the target `dissectors`, runs of each dissector.
    #[arg(long, default_value_t = 20_000)]
    runs: u64,
    /// The only target to run.
    #[arg(long)]
    target: Option<String>,
    /// The only dissector to run.
    #[arg(long)]
    entry: Option<String>,
    /// Also looks for reads beyond memory (slower).
    #[arg(long)]
    memory: bool,
    /// Instead tries a dissector with a mistake in it, and fails unless that is found.
    #[arg(long)]
    planted: bool,
}

/// The target that tries one dissector at a time.
const DISSECTORS: &str = "dissectors";
/// The others.
const OTHERS: &[&str] = &["conversation", "cursor", "frames", "ingest", "ledger", "pcapng", "records", "reassembly"];
/// Runs within which the planted mistake must be found.
const PLANTED_RUNS: u64 = 500_000;
/// Counters at every edge, and the operands of comparisons, as libFuzzer wants them.
const COUNTERS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    // Comparisons with constants stay calls, which libFuzzer listens to; else it never guesses a magic number.
    "-Cllvm-args=-max-loads-per-memcmp=0",
    "-Ccodegen-units=1",
];

/// What one target found.
#[derive(Debug, Default, PartialEq)]
struct Found {
    runs: u64,
    regions: u64,
    seconds: u64,
    panic: Option<String>,
}

/// Runs `plan` on the checkout at `root`. Errors: when something panics, hangs or grows without bound.
pub fn run(root: &Path, plan: &Plan) -> Result<()> {
    let bench = Bench::build(root, plan)?;
    if plan.planted {
        return bench.planted();
    }
    let wants = |target: &str| plan.target.as_deref().is_none_or(|only| only == target);
    if let Some(unknown) = plan.target.as_deref().filter(|only| *only != DISSECTORS && !OTHERS.contains(only)) {
        bail!("no target is called {unknown}; there are {DISSECTORS}, {}", OTHERS.join(", "));
    }
    let names: Vec<&str> = ENTRIES.iter().map(|entry| entry.info().name).collect();
    let chosen: Vec<&str> =
        names.iter().copied().filter(|name| plan.entry.as_deref().is_none_or(|only| only == *name)).collect();
    if let Some(unknown) = plan.entry.as_deref().filter(|_| chosen.is_empty()) {
        bail!("no dissector is called {unknown}; there are {}", names.join(", "));
    }
    println!(
        "{:<32} {:>9} {:>9} {:>5} {:>6} {:>6} {:>8}",
        "target", "runs", "regions", "s", "known", "facts", "records"
    );
    let mut broken = Vec::new();
    for name in chosen.iter().filter(|_| wants(DISSECTORS)) {
        // Begun where a dissector succeeds: nobody guesses a whole conversation.
        let [known, facts, records] = seeds::said(&root.join("golden/proto"), name)?;
        if known + facts + records == 0 {
            bail!("no golden case of {name} is known or says anything: there is nothing to begin from");
        }
        let found = bench.fuzz(DISSECTORS, Some(name), plan.runs)?;
        bench.report(
            &format!("{DISSECTORS} {name}"),
            &found,
            &format!(" {known:>6} {facts:>6} {records:>8}"),
            &mut broken,
        );
    }
    for target in OTHERS.iter().filter(|target| wants(target) && plan.entry.is_none()) {
        bench.report(target, &bench.fuzz(target, None, plan.runs)?, "", &mut broken);
    }
    if chosen.is_empty() && wants(DISSECTORS) {
        println!("There is no dissector yet.");
    }
    if !broken.is_empty() {
        bail!("{} failed; the inputs lie in {}", broken.join(", "), bench.folder.join("found").display());
    }
    Ok(())
}

/// Built targets and where they work.
struct Bench {
    root: PathBuf,
    folder: PathBuf,
    programs: PathBuf,
}

impl Bench {
    fn build(root: &Path, plan: &Plan) -> Result<Self> {
        let folder = test::target(root)?.join("fuzz");
        let rustc = shell::stdout(Command::new("rustc").arg("-vV"))?;
        let rustc = String::from_utf8_lossy(&rustc);
        let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
        let mut flags = COUNTERS.join(" ");
        let mut cargo = Command::new(shell::cargo());
        if plan.memory {
            // The sanitizer is part of the stable toolchain, but only this lets it be turned on.
            flags.push_str(" -Zsanitizer=address");
            cargo.env("RUSTC_BOOTSTRAP", "1");
        }
        let build = folder.join(if plan.memory { "memory" } else { "plain" });
        cargo.args(["build", "--quiet", "--release", "--bins", "--target", host]).current_dir(root.join("fuzz"));
        cargo.env("RUSTFLAGS", flags).env("CARGO_TARGET_DIR", &build).env_remove("CARGO_ENCODED_RUSTFLAGS");
        if plan.planted {
            cargo.args(["--features", "planted"]);
        }
        if !shell::succeeds(Command::new("c++").arg("--version")) {
            bail!("the fuzz targets need a C++ compiler: `apt-get install g++` as root brings it");
        }
        shell::run(&mut cargo)?;
        Ok(Self { root: root.to_path_buf(), folder, programs: build.join(host).join("release") })
    }

    /// Runs `target` on `entry` alone, when given.
    fn fuzz(&self, target: &str, entry: Option<&str>, runs: u64) -> Result<Found> {
        let name = entry.unwrap_or("all");
        let (work, found) = (self.folder.join("corpus").join(target).join(name), self.folder.join(found_in(entry)));
        let seeds = self.folder.join("seeds").join(entry.unwrap_or(target));
        for folder in [&work, &found, &seeds] {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        match target {
            "ledger" => seeds::ledger(&self.root.join("golden/ledger/v1"), &seeds)?,
            "ingest" => seeds::ingest(&self.root.join("golden/source"), &seeds)?,
            "records" => seeds::records(&seeds)?,
            _ => seeds::write(&self.root.join("golden/proto"), entry, &seeds)?,
        }
        let mut command = Command::new(self.programs.join(target));
        command.arg(format!("-runs={runs}")).arg(format!("-artifact_prefix={}/", found.display()));
        command.args(["-max_len=4096", "-timeout=10", "-rss_limit_mb=1024", "-verbosity=1", "-print_final_stats=1"]);
        command.arg(work).arg(seeds);
        let kept = self.root.join("fuzz/corpus").join(target);
        if kept.is_dir() {
            command.arg(kept);
        }
        if let Some(entry) = entry {
            command.env("WARDLIGHT_FUZZ_ENTRY", entry);
        }
        let output = command.output().with_context(|| format!("cannot start {target}"))?;
        Ok(read(&String::from_utf8_lossy(&output.stderr), output.status.success()))
    }

    fn report(&self, name: &str, found: &Found, said: &str, broken: &mut Vec<String>) {
        println!("{name:<32} {:>9} {:>9} {:>5}{said}", found.runs, found.regions, found.seconds);
        if let Some(panic) = &found.panic {
            println!("  ✗ {panic}");
            broken.push(name.to_owned());
        }
    }

    fn planted(&self) -> Result<()> {
        let found = self.fuzz(DISSECTORS, Some("planted"), PLANTED_RUNS)?;
        match found.panic {
            Some(panic) if panic.contains("planted.rs") => {
                println!("The planted mistake was found after {} runs: {panic}", found.runs);
                Ok(())
            }
            Some(panic) => bail!("something else was found than the planted mistake: {panic}"),
            None => bail!("the planted mistake was not found in {} runs", found.runs),
        }
    }
}

/// Where inputs that fail are put; those of the planted mistake apart.
fn found_in(entry: Option<&str>) -> &'static str {
    if entry == Some("planted") { "planted" } else { "found" }
}

/// What libFuzzer wrote, as figures.
fn read(text: &str, succeeded: bool) -> Found {
    let behind = |line: &str, word: &str| {
        line.split_once(word).and_then(|(_, rest)| rest.split_whitespace().next()?.parse::<u64>().ok())
    };
    let mut found = Found::default();
    for line in text.lines() {
        let runs = line.strip_prefix('#').and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        found.runs = behind(line, "stat::number_of_executed_units:").or(runs).unwrap_or(found.runs);
        found.regions = behind(line, "cov: ").unwrap_or(found.regions);
        found.seconds = behind(line, " runs in ").unwrap_or(found.seconds);
    }
    if !succeeded {
        let telling =
            |line: &&str| line.contains("panicked at") || line.contains("ERROR:") || line.contains("SUMMARY:");
        found.panic = Some(text.lines().find(telling).unwrap_or("failed without a word").trim().to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "#2\tINITED cov: 12 ft: 13 corp: 1/1b\n#4096\tpulse  cov: 40 ft: 51\n#20000\tDONE   cov: 44 ft: 60\n\
        Done 20000 runs in 3 second(s)\nstat::number_of_executed_units: 20001\n";

    #[test]
    fn figures_are_read() {
        assert_eq!(read(RUN, true), Found { runs: 20_001, regions: 44, seconds: 3, panic: None });
    }

    #[test]
    fn a_panic_is_told_with_its_place() {
        let text = "#77\tNEW cov: 5 ft: 5\nthread 'main' panicked at src/planted.rs:45:20:\nindex out of bounds\nSUMMARY: libFuzzer: deadly signal";
        let found = read(text, false);
        assert_eq!((found.runs, found.panic.as_deref()), (77, Some("thread 'main' panicked at src/planted.rs:45:20:")));
    }
}
