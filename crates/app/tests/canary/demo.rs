//! An hour of the made-up hospital, with its patients and its records: nothing of people is kept.

use super::kept::{Ward, files};
use super::outside::program;
use super::{expect_silence, run};
use std::process::Command;
use wardlight_lab::canary::Scanner;
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
    // Parts of numbers stand in moments by chance: numbers are looked for whole.
    let (numbers, names): (Vec<&str>, Vec<&str>) =
        hospital.canaries().partition(|text| text.bytes().filter(u8::is_ascii_digit).count() > 5);
    let numbers: Vec<&[u8]> =
        numbers.iter().map(|text| text.trim_start_matches(char::is_alphabetic).as_bytes()).collect();
    assert!(names.len() > 50 && numbers.len() > 50 && numbers.iter().all(|number| number.len() == 12));
    let scanner = Scanner::new(names.into_iter().map(|text| ("a person", &*text.to_owned().leak())));
    let expect_none = |what: &str, bytes: &[u8]| {
        scanner.expect_none(what, bytes);
        let digits = bytes.windows(12).filter(|window| window.iter().all(u8::is_ascii_digit));
        assert!(!digits.into_iter().any(|window| numbers.contains(&window)), "{what}: a number of a person");
    };
    expect_silence(&scanner, "demo", &output);
    let unpacked = ward.unpacked();
    expect_none("state and flow history", unpacked.as_bytes());
    let kept = files(&ward.at("data"));
    assert!(kept.len() > 6, "only {} files", kept.len());
    for (path, bytes) in &kept {
        expect_none(&path.display().to_string(), bytes);
    }
    let records = hospital.records(Headings::Nuvolo);
    let tags = records.cmms.rows.iter().filter(|row| unpacked.contains(&row.key)).count();
    assert!(tags * 2 > records.cmms.rows.len(), "what the records say of devices is kept");
}
