//! The systemd unit: systemd understands it, and finds little in it that an attacker could use.
#![allow(clippy::expect_used, reason = "a test that panics fails, which is right")]

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
