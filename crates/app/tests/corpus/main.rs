//! The program on the captures of the corpus, with other tools and the published messages as judges.
//!
//! Reads the corpus where `WARDLIGHT_CORPUS` says; says that it was skipped where it is not set.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::string_slice, reason = "a test may fail")]

mod calls;
mod expected;
mod ja4;
mod medical;
mod net;
mod peers;
mod plant;
mod services;
mod sweep;
mod telephony;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The folder of the corpus, or `None` when there is none here.
fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("WARDLIGHT_CORPUS").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: WARDLIGHT_CORPUS is not set");
    }
    folder
}

/// Runs the program. Panics when it ends by a signal or a panic of its own.
#[track_caller]
fn wardlight(arguments: &[&str], captures: &[&Path]) -> Output {
    let program = env!("CARGO_BIN_EXE_wardlight");
    let script = "ulimit -v 1048576; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, program]).args(arguments).args(captures);
    let output = command.output().expect("the program starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{captures:?}: {:?} {errors}", output.status);
    output
}

/// Reads `capture` with `--zeek-logs` and gives the lines of the log called `name`.
#[track_caller]
fn log(capture: &Path, name: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().to_str().expect("plain path");
    wardlight(&["watch", "--zeek-logs", path], &[capture]);
    let text = std::fs::read_to_string(folder.path().join(format!("{name}.log"))).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("a log line is JSON")).collect()
}

/// What tshark says of `capture`: for each frame that `filter` lets through, each of `fields` with its occurrences.
/// `None` when tshark is not installed.
fn tshark(capture: &Path, extra: &[&str], filter: &str, fields: &[&str]) -> Option<Vec<Vec<Vec<String>>>> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(capture).args(extra).args(["-Y", filter, "-T", "fields"]);
    command.args(["-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=\u{1}"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let Ok(output) = command.output() else {
        assert!(std::env::var_os("CI").is_none(), "tshark is missing");
        eprintln!("skipped: tshark is not installed");
        return None;
    };
    let cells = |cell: &str| cell.split('\u{1}').map(|text| text.trim().to_owned()).collect();
    let text = String::from_utf8(output.stdout).expect("tshark writes UTF-8");
    Some(text.lines().map(|line| line.split('\t').map(cells).collect()).collect())
}
