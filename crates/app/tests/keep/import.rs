//! What other systems know, as an operator takes it in and takes it back.

use super::{House, assert_same};
use std::fs;
use std::time::{Duration, Instant};

const EXPORT: &str = "Asset Tag;Manufacturer;Model;Serial Number;MAC Address;Department\n\
    A-1;Example Medical;Pump 3;SN-0001;00-03-B1-90-00-3C;ICU\n\
    A-2;Example Medical;Pump 3;SN-0002;not a mac;ICU\n\
    A-3;Example Imaging;CT 9;SN-0003;A0:F2:17:64:00:1E;Radiology\n";

#[test]
fn an_export_is_taken_in_and_taken_back() {
    let house = House::new("sqlite:");
    let mut server = house.serve();
    let export = house.at("export.csv");
    fs::write(&export, EXPORT).expect("written");
    let export = export.display().to_string();
    let read = ["import", "read", &export, "--as", "biomed", "--importer", "cmms"];

    let trial = house.says(&[&read[..], &["--dry-run"]].concat());
    assert!(
        trial.contains("4 rows: 3 as they stood, 1 mended, 0 set aside; 1 of") && trial.contains("row 3"),
        "{trial}"
    );
    assert!(house.says(&["import", "list"]).contains("No other system was asked yet"));

    let first = house.says(&read);
    assert!(first.contains("Taken in as run "), "{first}");
    let listed = shown(&house, 1);
    assert!(listed.contains("biomed"), "{listed}");
    let before = house.state();
    assert!(before.contains("\"biomed\""), "{before}");

    fs::write(&export, EXPORT.replace("ICU", "NICU").replace("A-3;", "A-4;")).expect("written");
    let second = house.says(&read);
    let run = second.rsplit("undo ").next().and_then(|rest| rest.split('`').next()).expect("a run").to_owned();
    shown(&house, 2);
    assert_ne!(house.state(), before);
    house.says(&["import", "undo", &run]);
    assert_same(&house.state(), &before);
    let again = house.run(&["import", "undo", &run]);
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("no source has a run"));

    server.kill().expect("killed");
    server.wait().expect("gone");
    let output = house.run(&read);
    assert!(String::from_utf8_lossy(&output.stderr).contains("no server answers"));
}

/// The list of runs once there are `many`: what is journalled is shown a moment later.
fn shown(house: &House, many: usize) -> String {
    let begin = Instant::now();
    loop {
        let listed = house.says(&["import", "list"]);
        if listed.contains("SOURCE") && listed.lines().count() == many + 1 {
            return listed;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "{listed}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_document_that_nobody_knows_is_told_of() {
    let house = House::new("sqlite:");
    let path = house.at("picture.jpg");
    fs::write(&path, [0xff, 0xd8, 0xff, 0xe0, 0, 0x10, b'J', b'F', b'I', b'F', 0]).expect("written");
    let output = house.run(&["import", "read", &path.display().to_string(), "--dry-run"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("no importer knows what this is"), "{said}");
}
