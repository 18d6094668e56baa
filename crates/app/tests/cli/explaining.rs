//! Why we say what we say: with evidence, with the bytes, or with a word on why not.

use crate::{capture, complaints, folder, said, wardlight};
use std::process::{Command, Stdio};

const STATION: [u8; 6] = [0, 0x09, 0xfb, 0, 0, 1];

/// The id of a device of the made-up ward whose maker is known.
fn some_device() -> String {
    let folder = folder(&[]);
    let picture: serde_json::Value =
        serde_json::from_slice(&wardlight(folder.path(), &["watch", "--json"]).stdout).expect("JSON");
    let devices = picture["devices"].as_array().expect("devices");
    let known = devices.iter().find(|device| device["claims"].as_array().is_some_and(|claims| !claims.is_empty()));
    known.and_then(|device| device["id"].as_str()).expect("a device").to_owned()
}

#[test]
fn a_device_of_the_made_up_ward_can_be_explained() {
    let folder = folder(&[("a.pcap", &capture(9, STATION))]);
    let output = wardlight(folder.path(), &["explain", &some_device()]);
    assert_eq!(output.status.code(), Some(0), "{}", complaints(&output));
    assert!(said(&output).contains("made-up ward") && said(&output).contains("because"), "{}", said(&output));
    let output = wardlight(folder.path(), &["explain", "a.pcap"]);
    assert!(!output.status.success() && complaints(&output).contains("a.pcap DEVICE"), "{}", complaints(&output));
}

#[test]
fn every_claim_about_the_ward_has_evidence() {
    let folder = folder(&[]);
    let picture: serde_json::Value =
        serde_json::from_slice(&wardlight(folder.path(), &["watch", "--json"]).stdout).expect("JSON");
    for device in picture["devices"].as_array().expect("devices") {
        for claim in device["claims"].as_array().expect("claims") {
            assert!(claim["evidence"].as_array().is_some_and(|all| !all.is_empty()), "{}: {claim}", device["id"]);
        }
    }
}

#[test]
fn what_the_registry_says_names_the_address() {
    let folder = folder(&[("a.pcap", &capture(9, STATION))]);
    let output = wardlight(folder.path(), &["explain", "a.pcap", "00:09:fb:00:00:01"]);
    let text = said(&output);
    assert!(text.contains("because bind.hardware_address = \"00:09:fb:00:00:01\""), "{text}");
}

#[test]
fn a_pipe_is_refused_not_explained_without_bytes() {
    let folder = folder(&[("a.pcap", &capture(9, STATION))]);
    let script = "cat a.pcap | \"$0\" explain /dev/stdin 00:09:fb:00:00:01";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_wardlight")]).current_dir(folder.path()).stdin(Stdio::null());
    let output = command.output().expect("a shell");
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(complaints(&output).contains("a pipe can be read only once"), "{}", complaints(&output));
}
