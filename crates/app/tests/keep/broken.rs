//! Copies and restores that were broken off: what is not whole never passes for it.

use super::{House, assert_same, super_copy};
use std::fs;
use std::process::Command;

fn copied(house: &House) -> String {
    let ward = house.ward();
    house.says(&["run", "--once", &ward]);
    house.says(&["backup", "make"]).trim().to_owned()
}

#[test]
fn a_restore_that_was_broken_off_is_no_installation_until_it_is_done_again() {
    let (house, other) = (House::new("sqlite:"), House::new("sqlite:"));
    let copy = copied(&house);
    super_copy(&house.at("keys"), &other.at("keys"));
    other.says(&["backup", "restore", &copy]);
    // As if it had not come to the end: its mark is there, and half of what it brings.
    fs::write(other.at("data/restoring"), &copy).expect("written");
    fs::remove_file(other.at("data/state.db")).expect("removed");
    for arguments in [&["run", "--once"][..], &["backup", "make"], &["area", "list"]] {
        let output = other.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("wardlight backup restore"), "{arguments:?}: {said}");
    }
    other.says(&["backup", "restore", &copy]);
    other.says(&["run", "--once"]);
    assert_same(&other.state(), &house.state());
    other.says(&["ledger", "verify"]);
}

#[test]
fn a_restore_takes_no_state_away_that_was_there() {
    let (house, other) = (House::new("sqlite:"), House::new("sqlite:"));
    let copy = copied(&house);
    fs::create_dir_all(other.at("data")).expect("made");
    fs::write(other.at("data/state.db"), "mine").expect("written");
    for _ in 0..2 {
        assert!(!other.run(&["backup", "restore", &copy]).status.success());
    }
    assert_eq!(fs::read(other.at("data/state.db")).expect("there"), b"mine");
}

#[test]
fn a_copy_that_was_broken_off_is_taken_away_and_counts_for_nothing() {
    let house = House::new("sqlite:");
    let copy = copied(&house);
    let part = house.at("backup/.2030-01-01T00-00-00Z.part");
    let moved = Command::new("cp").args(["-r", &copy]).arg(&part).status().expect("cp runs");
    assert!(moved.success());
    fs::remove_dir_all(&copy).expect("removed");
    let doctor = String::from_utf8_lossy(&house.run(&["doctor"]).stdout).into_owned();
    assert!(doctor.contains("there is none in"), "{doctor}");
    house.says(&["backup", "make"]);
    assert!(!part.exists(), "it takes the room of the next");
}

#[test]
fn nothing_is_merged_or_deleted_while_a_copy_is_made() {
    let house = House::new("sqlite:");
    let copy = copied(&house);
    let held = fs::File::open(house.at("data")).expect("a folder");
    held.lock().expect("held");
    let mut make = house.command(&["backup", "make"]);
    let mut make = make.stdout(std::process::Stdio::null()).spawn().expect("the program starts");
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(make.try_wait().expect("looked").is_none(), "a copy waits for who holds the data");
    drop(held);
    assert!(make.wait().expect("gone").success());
    assert_eq!(fs::read_dir(house.at("backup")).expect("there").count(), 2, "beside {copy}");
}
