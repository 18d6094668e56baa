//! Nothing of a patient, an order, a visit or a log-in leaves the program: not in what it writes, not in the memory
//! that a core dump holds. The laboratory's canaries are sent through it and looked for in every form.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

mod demo;
mod kept;
mod outside;
mod pages;
#[path = "../keep/tls.rs"]
mod tls;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use wardlight_dissect::entry::Carrier;
use wardlight_dissect::proto::ENTRIES;
use wardlight_lab::canary::{CAGES, SHORT_NAMES, Scanner, air_captures, canary_capture};

/// Names that the canary captures have beside the canaries, so that it is known what a core dump must hold.
const TITLE: &str = CAGES[0];

fn wardlight(folder: &Path, words: &[&dyn AsRef<OsStr>]) -> Output {
    run(Command::new(env!("CARGO_BIN_EXE_wardlight")).args(words.iter().map(|word| word.as_ref())).current_dir(folder))
}

#[track_caller]
fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("the program runs")
}

/// The canaries in segments of `split` bytes, packed by `packer` when it is installed.
fn capture(folder: &Path, split: usize, packer: &str) -> Option<PathBuf> {
    let path = folder.join(format!("canaries-{split}.pcap"));
    std::fs::write(&path, canary_capture(split)).expect("written");
    if packer.is_empty() {
        return Some(path);
    }
    let packed = folder.join(format!("canaries-{split}.packed"));
    match Command::new(packer).arg("-c").arg(&path).output() {
        Ok(run) if run.status.success() => {
            std::fs::write(&packed, run.stdout).expect("written");
            std::fs::remove_file(path).expect("removed");
            Some(packed)
        }
        _ => {
            eprintln!("SKIPPED: {packer} is not installed");
            None
        }
    }
}

#[track_caller]
fn expect_silence(scanner: &Scanner, what: &str, output: &Output) {
    scanner.expect_none(&format!("{what}, standard output"), &output.stdout);
    scanner.expect_none(&format!("{what}, standard error"), &output.stderr);
}

/// The bytes that rows of hexadecimal show.
fn undumped(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let rows = text.lines().filter_map(|line| line.strip_prefix("      ")).filter_map(|line| line.split_once("  "));
    rows.flat_map(|(_, row)| {
        row.split(' ').take(16).map(|pair| u8::from_str_radix(pair, 16).unwrap_or(0)).collect::<Vec<_>>()
    })
    .collect()
}

/// Everything the program can write about a capture holds no canary, but all device names beside them.
fn nothing_is_written(split: usize, packer: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(capture) = capture(folder.path(), split, packer) else { return };
    let scanner = Scanner::for_canaries();
    let logs = folder.path().join("logs");
    let watched = wardlight(folder.path(), &[&"watch", &"--zeek-logs", &logs, &capture]);
    assert!(watched.status.success(), "{}", String::from_utf8_lossy(&watched.stderr));
    expect_silence(&scanner, "watch", &watched);
    let json = wardlight(folder.path(), &[&"watch", &"--json", &capture]);
    expect_silence(&scanner, "watch --json", &json);
    let picture: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let devices = picture["devices"].as_array().expect("devices");
    assert!(devices.len() > 8, "only {} devices", devices.len());
    let mut said = watched.stdout;
    for device in devices {
        let id = device["id"].as_str().expect("an id");
        let explained = wardlight(folder.path(), &[&"explain", &capture, &id]);
        assert!(explained.status.success(), "{id}: {}", String::from_utf8_lossy(&explained.stderr));
        expect_silence(&scanner, &format!("explain {id}"), &explained);
        scanner.expect_none(&format!("bytes shown by explain {id}"), &undumped(&explained.stdout));
        said.extend(explained.stdout);
    }
    for file in std::fs::read_dir(&logs).expect("logs") {
        let path = file.expect("a log").path();
        let log = std::fs::read(&path).expect("a log");
        scanner.expect_none(&path.display().to_string(), &log);
        said.extend(log);
    }
    expect_all_to_be_read(&logs);
    let said = String::from_utf8_lossy(&said);
    let missing: Vec<&str> = CAGES.into_iter().filter(|cage| !said.contains(cage)).collect();
    assert!(missing.is_empty(), "{missing:?} stand in the capture but were not read");
    let short: Vec<&str> = SHORT_NAMES.into_iter().filter(|name| said.contains(name)).collect();
    assert!(short.is_empty(), "{short:?} are said");
}

/// The name of an entry in logs, where TLS has that of old.
fn logged(name: &str) -> &str {
    if name == "tls" { "ssl" } else { name }
}

/// Silence proves nothing of a dissector that never heard a canary: each that reads conversations has read one, and
/// each that writes records has written one, but those of what is on the air, which has captures of its own.
#[track_caller]
fn expect_all_to_be_read(logs: &Path) {
    let log = std::fs::read_to_string(logs.join("conn.log")).expect("conversations");
    let rows = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let read: BTreeSet<String> = rows.filter_map(|row| Some(row.get("service")?.as_str()?.to_owned())).collect();
    let talks = |carrier: &Carrier| matches!(carrier, Carrier::Tcp | Carrier::Udp);
    let all = || ENTRIES.iter().map(|entry| entry.info());
    let unread: Vec<&str> = all()
        .filter(|info| info.carriers.iter().any(talks) && !read.contains(logged(info.name)))
        .map(|info| info.name)
        .collect();
    assert!(unread.is_empty(), "no canary was spoken in {unread:?}, or it was not known as such");
    let is_on_air = |carrier: &Carrier| matches!(carrier, Carrier::Link(_));
    let unwritten: Vec<&str> = all()
        .filter(|info| !info.record.is_empty() && !info.carriers.iter().any(is_on_air))
        .map(|info| info.name)
        .filter(|name| !logs.join(format!("{}.log", logged(name))).exists())
        .collect();
    assert!(unwritten.is_empty(), "no record was written of {unwritten:?}");
}

/// What is on the air has links, and captures, of its own.
#[test]
fn what_is_on_the_air_says_no_canary() {
    let scanner = Scanner::for_canaries();
    let mut written = BTreeSet::new();
    for (name, bytes) in air_captures() {
        assert!(!scanner.find(&bytes).is_empty(), "no canary is in a capture of {name}");
        let folder = tempfile::tempdir().expect("a folder");
        let (capture, logs) = (folder.path().join("air.pcap"), folder.path().join("logs"));
        std::fs::write(&capture, bytes).expect("written");
        let watched = wardlight(folder.path(), &[&"watch", &"--zeek-logs", &logs, &capture]);
        assert!(watched.status.success(), "{}", String::from_utf8_lossy(&watched.stderr));
        expect_silence(&scanner, &format!("watch {name}"), &watched);
        expect_silence(
            &scanner,
            &format!("watch --json {name}"),
            &wardlight(folder.path(), &[&"watch", &"--json", &capture]),
        );
        let log = std::fs::read(logs.join(format!("{name}.log"))).expect("a log");
        scanner.expect_none(&format!("{name}.log"), &log);
        written.insert(name);
    }
    let is_on_air = |carrier: &Carrier| matches!(carrier, Carrier::Link(_));
    let all = ENTRIES.iter().map(|entry| entry.info()).filter(|info| info.carriers.iter().any(is_on_air));
    assert!(all.clone().count() > 0 && all.into_iter().all(|info| written.contains(info.name)), "{written:?}");
}

#[test]
fn whole_segments_say_no_canary() {
    nothing_is_written(1460, "");
}

#[test]
fn small_segments_say_no_canary() {
    nothing_is_written(61, "gzip");
}

#[test]
fn tiny_segments_say_no_canary() {
    nothing_is_written(9, "zstd");
}

/// Whether the system writes the core of a program into the program's folder, and does not forbid it for good.
fn cores_are_written_here() -> bool {
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap_or_default();
    let is_forbidden = limit.split_whitespace().nth(1) == Some("0");
    let here = !pattern.is_empty() && !pattern.starts_with(['|', '/']) && !is_forbidden;
    if !here {
        eprintln!("SKIPPED: no cores here: core_pattern is {pattern:?}, the limits are {limit:?}");
    }
    here
}

fn core_in(folder: &Path) -> Option<PathBuf> {
    let mut files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
    files.find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("core")))
}

/// Runs the program until `point` of its run, where it dumps its memory, which holds no canary.
fn no_core_holds_a_canary(point: &str, split: usize, packer: &str, words: &[&str]) {
    if !cfg!(debug_assertions) {
        eprintln!("SKIPPED: this build cannot dump its memory at {point}; it is looked into from outside alone");
        return;
    }
    if !cores_are_written_here() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let Some(capture) = capture(folder.path(), split, packer) else { return };
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardlight"));
    command.args(words).arg(&capture).env("WARDLIGHT_TEST_CORE", point).current_dir(folder.path());
    if words.first() == Some(&"explain") {
        command.arg("10.20.0.131");
    }
    let output = run(&mut command);
    let told = String::from_utf8_lossy(&output.stderr);
    let core = core_in(folder.path()).unwrap_or_else(|| panic!("no core at {point}: {}: {told}", output.status));
    let memory = std::fs::read(core).expect("the core");
    // What is freed is wiped, so that at the end only what was asked of the program is still there to be found.
    let control = if point == "done" { "WARDLIGHT_TEST_CORE" } else { TITLE };
    assert!(!Scanner::new([("control", control)]).find(&memory).is_empty(), "nothing is found in the core");
    Scanner::for_canaries().expect_none(&format!("core of {words:?} at {point}, split {split}"), &memory);
}

#[test]
fn a_core_amid_a_packet_holds_no_canary() {
    no_core_holds_a_canary("midway", 61, "", &["watch"]);
}

#[test]
fn a_core_amid_conversations_holds_no_canary() {
    no_core_holds_a_canary("read", 1460, "", &["watch", "--zeek-logs", "logs"]);
}

#[test]
fn a_core_amid_tiny_segments_holds_no_canary() {
    no_core_holds_a_canary("read", 9, "gzip", &["watch"]);
}

#[test]
fn a_core_behind_the_last_conversation_holds_no_canary() {
    no_core_holds_a_canary("finished", 61, "zstd", &["watch", "--zeek-logs", "logs"]);
}

#[test]
fn a_core_at_the_end_holds_no_canary() {
    no_core_holds_a_canary("done", 61, "gzip", &["watch", "--json", "--zeek-logs", "logs"]);
}

#[test]
fn a_core_after_explaining_holds_no_canary() {
    no_core_holds_a_canary("done", 61, "", &["explain"]);
}

#[test]
fn a_crash_leaves_no_core() {
    if !cores_are_written_here() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let limitless = format!("ulimit -S -c \"$(ulimit -H -c)\"; exec {} watch -", env!("CARGO_BIN_EXE_wardlight"));
    let mut command = Command::new("sh");
    command.args(["-c", &limitless]).current_dir(folder.path()).stdin(Stdio::piped());
    let mut program = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program runs");
    let input = program.stdin.as_mut().expect("its input");
    // More than a pipe holds, so that the program is at work when it is ended.
    input.write_all(&canary_capture(61)).expect("sent");
    let ended = Command::new("sh").args(["-c", &format!("kill -ABRT {}", program.id())]).status().expect("a shell");
    assert!(ended.success());
    let status = program.wait().expect("it ends");
    assert!(!status.success() && core_in(folder.path()).is_none(), "{status}");
}
