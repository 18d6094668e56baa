//! An hour of the made-up hospital, with its patients and its records: nothing of people is kept.

use super::kept::{Ward, files};
use super::outside::program;
use super::{expect_silence, run};
use crate::scan::Scanner;
use std::process::Command;
use wardlight_lab::hospital::{Headings, Hospital, Size};

const DEVICES: u32 = 150;

#[test]
fn an_hour_of_the_demonstration_keeps_nobodys_name() {
    let ward = Ward::empty();
    let folder = ward.at("").display().to_string();
    let devices = DEVICES.to_string();
    let words = ["demo", "--once", "--minutes", "60", "--devices", &devices, "--folder", &folder];
    let output = run(Command::new(program()).args(words));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let hospital = Hospital::plan(1, Size::devices(DEVICES));
    // A hundred people are enough; names shorter than that stand in words of others.
    let people = hospital.canaries().filter(|text| text.len() >= 10).map(|text| &*text.to_owned().leak());
    let scanner = Scanner::new(people.map(|text| ("a person", text)));
    expect_silence(&scanner, "demo", &output);
    let unpacked = ward.unpacked();
    scanner.expect_none("state and flow history", unpacked.as_bytes());
    let kept = files(&ward.at("data"));
    assert!(kept.len() > 6, "only {} files", kept.len());
    for (path, bytes) in &kept {
        scanner.expect_none(&path.display().to_string(), bytes);
    }
    let records = hospital.records(Headings::Nuvolo);
    let tags = records.cmms.rows.iter().filter(|row| unpacked.contains(&row.key)).count();
    assert!(tags * 2 > records.cmms.rows.len(), "what the records say of devices is kept");
}
