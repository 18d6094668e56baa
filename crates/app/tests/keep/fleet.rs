//! `wardlight devices`: the same answer from the running server and from the data folder.

use super::House;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn list(house: &House, arguments: &[&str]) -> serde_json::Value {
    let text = house.says(&[&["devices", "--json"], arguments].concat());
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_server_tells_of_the_devices_what_the_folder_tells_when_there_is_none() {
    let house = House::new("sqlite:");
    house.says(&["run", "--once", &house.ward()]);
    let questions: [&[&str]; 5] = [
        &["--sort", "-last_seen"],
        &["type:\"infusion pump\"", "--columns", "name,maker,id"],
        &["10.20.0.0/16 -label~router", "NOT", "label:printer", "--sort", "maker,-address", "--limit", "3"],
        &["no device says this"],
        &["flows>0", "--sort", "-bytes", "--columns", "address,peers,flows,bytes,service,peer"],
    ];
    let stored: Vec<_> = questions.iter().map(|question| list(&house, question)).collect();
    let mut server = house.serve();
    let begin = Instant::now();
    while !list(&house, questions[4])["note"].is_null() {
        assert!(begin.elapsed() < Duration::from_secs(60), "the conversations of the past are never counted");
        std::thread::sleep(Duration::from_millis(10));
    }
    for (question, stored) in questions.iter().zip(&stored) {
        assert_eq!(list(&house, question), *stored, "{question:?}");
    }
    server.kill().expect("killed");
    server.wait().expect("gone");
    let known = stored[0]["known"].as_u64().expect("a count");
    assert!(
        known >= 15
            && stored[0]["total"] == known
            && stored[0]["devices"].as_array().map(Vec::len) == usize::try_from(known).ok()
    );
    assert!(stored[1]["total"].as_u64().is_some_and(|pumps| pumps > 0 && pumps < known), "{}", stored[1]);
    assert_eq!(stored[2]["devices"].as_array().map(Vec::len), Some(3));
    assert_eq!(stored[3]["total"], 0);
    let talk = &stored[4]["devices"][0];
    assert!(talk["flows"].as_u64() > Some(0) && talk["bytes"].as_u64() > Some(1000), "{talk}");
    assert!(talk["service"].as_array().is_some_and(|all| !all.is_empty()), "{talk}");
    let seen: Vec<&str> =
        stored[0]["devices"].as_array().expect("rows").iter().flat_map(|row| row["last_seen"].as_str()).collect();
    assert!(seen.is_sorted_by(|a, b| a >= b) && seen.len() > 10, "{seen:?}");
}

#[test]
fn what_a_sensor_brings_is_told_without_a_restart() {
    let house = House::new("sqlite:");
    let mut server = house.serve();
    let empty = house.says(&["devices"]);
    assert!(empty.starts_with("No device is known yet.") && empty.contains("wardlight run FILE"), "{empty}");
    let ward = house.ward();
    let mut sensor = house.command(&["run", "--role", "sensor", "--once", &ward]);
    let read = sensor.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the sensor starts");
    assert!(read.success());
    let begin = Instant::now();
    while list(&house, &[])["known"].as_u64() < Some(15) {
        assert!(begin.elapsed() < Duration::from_secs(60), "the devices do not come");
        std::thread::sleep(Duration::from_millis(50));
    }
    let table = house.says(&["devices", "infusion pump", "--columns", "type,maker"]);
    let (head, rest) = table.split_once('\n').expect("lines");
    assert_eq!(head.split_whitespace().collect::<Vec<_>>(), ["type", "maker"]);
    assert!(rest.contains("infusion pump") && rest.trim_end().ends_with(" devices"), "{table}");
    server.kill().expect("killed");
    server.wait().expect("gone");
}

#[test]
fn a_question_that_makes_no_sense_is_answered_with_where_and_how() {
    let house = House::new("sqlite:");
    house.says(&["run", "--once", &house.ward()]);
    let refused = || {
        for (arguments, said) in [
            (
                &["a makr:x"][..],
                &["at character 3", "there is no column `makr`, perhaps `maker`", "\n  a makr:x\n    ^\n"][..],
            ),
            (&["flows>many"], &["`many` is no value of `flows`, which takes numbers"]),
            (&["--sort", "adress"], &["there is no column `adress`, perhaps `address`; `wardlight devices --fields`"]),
            (&["--columns", "name,zzzzzz"], &["there is no column `zzzzzz`; `wardlight devices --fields`"]),
        ] {
            let output = house.run(&[&["devices"], arguments].concat());
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
            assert!(said.iter().all(|said| error.contains(said)) && output.stdout.is_empty(), "{arguments:?}: {error}");
        }
    };
    let mut server = house.serve();
    refused();
    server.kill().expect("killed");
    server.wait().expect("gone");
    refused();
    let none = house.says(&["devices", "maker:nobody"]);
    assert!(none.contains("None of the ") && none.contains("is like `maker:nobody`"), "{none}");
    assert!(house.says(&["devices", "--fields"]).contains("last_seen"));
}

#[test]
fn a_folder_in_which_nothing_is_kept_is_not_made_into_one() {
    let house = House::new("sqlite:");
    let output = house.run(&["devices"]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{error}");
    assert!(error.contains("nothing is kept yet in") && error.contains("wardlight run FILE"), "{error}");
    assert!(!house.at("data").exists() && fs::read_dir(house.folder.path()).expect("a folder").count() == 1);
}
