//! What is written: never over other logs unasked, never half, and never at the cost of the tables.

use crate::{capture, complaints, folder, said, wardlight};
use std::path::Path;
use std::process::Command;

const STATION: [u8; 6] = [0, 0x1b, 0x21, 0, 0, 1];

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a text")
}

#[test]
fn logs_are_not_written_over_unasked() {
    let folder = folder(&[("logs/conn.log", b"precious\n")]);
    let output = wardlight(folder.path(), &["watch", "--zeek-logs", "logs"]);
    let told = complaints(&output);
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert!(told.contains("conn.log") && told.contains("--overwrite"), "{told}");
    assert_eq!(names(&folder.path().join("logs")), ["conn.log"]);
    assert_eq!(read(&folder.path().join("logs/conn.log")), "precious\n");
}

#[test]
fn new_logs_stand_alone_and_nothing_else_is_removed() {
    let files: [(&str, &[u8]); 4] =
        [("a.pcap", &capture(9, STATION)), ("logs/ssl.log", b"stale\n"), ("logs/own.log", b"mine\n"), ("logs/x", b"")];
    let folder = folder(&files);
    let output = wardlight(folder.path(), &["watch", "--zeek-logs", "logs", "--overwrite", "a.pcap"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaints(&output));
    // The capture holds no conversation: no log of it, and none of the earlier run beside it.
    assert_eq!(names(&folder.path().join("logs")), ["own.log", "x"]);
    let output = wardlight(folder.path(), &["watch", "--zeek-logs", "logs", "--overwrite"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaints(&output));
    let names = names(&folder.path().join("logs"));
    assert!(names.contains(&"conn.log".to_owned()) && !names.iter().any(|name| name.ends_with(".part")), "{names:?}");
}

#[test]
fn a_full_log_disk_costs_neither_the_tables_nor_the_earlier_logs() {
    let folder = folder(&[("logs/conn.log", b"precious\n")]);
    // A limit on the length of files, seen by the program as an error of writing: standard output is a pipe.
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" watch --zeek-logs logs --overwrite";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_wardlight")]).current_dir(folder.path());
    let output = command.output().expect("the program runs");
    let told = complaints(&output);
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert!(told.contains("cannot write logs into logs: "), "{told}");
    assert!(said(&output).contains("PROTOCOLS"), "no table: {}", said(&output));
    assert_eq!(names(&folder.path().join("logs")), ["conn.log"]);
    assert_eq!(read(&folder.path().join("logs/conn.log")), "precious\n");
}

#[test]
fn a_full_standard_output_is_an_error_of_writing() {
    let full = std::fs::File::options().write(true).open("/dev/full").expect("the full device");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardlight"));
    let output = command.arg("watch").stdout(full).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(4), "{}", complaints(&output));
}

/// The keyed hashes in the logs of a run over the laboratory's canaries, which name people.
fn hashes(folder: &Path, logs: &str, key: &[&str]) -> Vec<String> {
    let arguments = [&["watch", "--zeek-logs", logs, "canaries.pcap"], key].concat();
    let output = wardlight(folder, &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", complaints(&output));
    let mut hashes = Vec::new();
    for name in names(&folder.join(logs)) {
        let text = read(&folder.join(logs).join(name));
        let words = text
            .split('"')
            .filter_map(|word| word.strip_prefix('#'))
            .filter(|word| word.len() == 32 && word.bytes().all(|b| b.is_ascii_hexdigit()));
        hashes.extend(words.map(str::to_owned));
    }
    hashes.sort();
    hashes.dedup();
    hashes
}

#[test]
fn hashes_of_two_runs_agree_under_one_key_only() {
    let folder = folder(&[("canaries.pcap", &wardlight_lab::canary::canary_capture(1460))]);
    let of = |logs: &str, key: &[&str]| hashes(folder.path(), logs, key);
    let one = of("one", &["--privacy-key", "key"]);
    assert!(!one.is_empty());
    assert_eq!(of("two", &["--privacy-key", "key"]), one);
    assert_ne!(of("three", &[]), one);
    assert_ne!(of("four", &["--privacy-key", "other"]), one);
}

#[test]
fn a_bound_on_conversations_is_kept_and_what_gave_way_is_counted() {
    let folder = folder(&[]);
    let plenty = said(&wardlight(folder.path(), &["watch"]));
    let few = said(&wardlight(folder.path(), &["watch", "--most-flows", "2"]));
    assert!(plenty.contains("LOST  nothing") && !few.contains("LOST  nothing"), "{few}");
    assert_eq!(wardlight(folder.path(), &["watch", "--most-flows", "0"]).status.code(), Some(2));
}
