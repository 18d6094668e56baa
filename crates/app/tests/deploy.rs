//! The systemd unit: systemd understands it, and finds little in it that an attacker could use.
#![allow(clippy::expect_used, reason = "a test that panics fails, which is right")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The most that `systemd-analyze security` may find, in tenths of ten: below two is little.
const MOST: &str = "--threshold=20";

#[test]
fn systemd_understands_the_unit_and_finds_it_narrow() {
    let unit = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/wardlight.service"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wardlight.service");
    let here = unit.expect("the unit").replace("/usr/local/bin/wardlight", env!("CARGO_BIN_EXE_wardlight"));
    fs::write(&path, here).expect("written");
    let analyze = |arguments: &[&str]| Command::new("systemd-analyze").args(arguments).arg(&path).output();
    let Ok(verified) = analyze(&["verify", "--man=no"]) else {
        eprintln!("SKIPPED: there is no systemd-analyze here to look at the unit");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(!said.contains("wardlight.service:"), "{said}");
    let security = analyze(&["security", "--offline=true", MOST]).expect("it ran before");
    assert!(security.status.success(), "{}", String::from_utf8_lossy(&security.stdout));
}

/// The calls in `group`, as systemd has it, with those of groups in it.
fn calls(group: &str) -> BTreeSet<String> {
    if !group.starts_with('@') {
        return BTreeSet::from([group.to_owned()]);
    }
    let told = Command::new("systemd-analyze").args(["syscall-filter", "--no-pager", group]).output().expect("it ran");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    told.lines()
        .skip(1)
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .flat_map(calls)
        .collect()
}

/// systemd.exec(5), SystemCallFilter=: the first line says whether calls are allowed or denied, later ones add or take away.
#[test]
fn the_sensor_may_give_up_its_capabilities_and_narrow_itself() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no systemd-analyze here to say what its groups of calls are");
        return;
    }
    let unit = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/wardlight.service"));
    let mut allowed = BTreeSet::new();
    for line in unit.expect("the unit").lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        match line.strip_prefix('~') {
            Some(denied) => {
                let denied: BTreeSet<String> = denied.split(' ').flat_map(calls).collect();
                allowed.retain(|call| !denied.contains(call));
            }
            None => allowed.extend(line.split(' ').flat_map(calls)),
        }
    }
    for needed in ["capset", "prctl", "seccomp", "execve", "openat", "fsync"] {
        assert!(allowed.contains(needed), "{needed} is denied");
    }
    assert!(!allowed.contains("mount") && !allowed.contains("ptrace"), "what nobody needs is denied");
}
