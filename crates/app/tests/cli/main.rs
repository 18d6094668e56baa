//! The program as people and scripts meet it: arguments, exit codes, what it says when something is wrong.

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod explaining;
mod inputs;
mod outputs;
mod screen;

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs the program in `folder`.
#[track_caller]
fn wardlight(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardlight"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().expect("the program runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complaints(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Files of a new folder, each with its bytes.
#[track_caller]
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("written");
    }
    folder
}

/// A pcap file of one frame each, captured at second `at`, from the station `mac`.
fn capture(at: u32, mac: [u8; 6]) -> Vec<u8> {
    let frame = [&[0xff; 6][..], &mac, &[0x88, 0xb5], &[0; 46]].concat();
    let length = u32::try_from(frame.len()).expect("short").to_le_bytes();
    let head = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0];
    [&head[..], &at.to_le_bytes(), &[0; 4], &length, &length, &frame].concat()
}

/// The same as pcapng, with blocks that are passed over before and behind the frame.
fn blocks(mac: [u8; 6]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let length = u32::try_from(body.len() + 12).expect("short").to_le_bytes();
        [&kind.to_le_bytes(), &length, body, &length].concat()
    };
    let section = block(0x0a0d_0d0a, &[&[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0][..], &[0xff; 8]].concat());
    let frame = [&[0xff; 6][..], &mac, &[0x88, 0xb5], &[0; 46]].concat();
    let packet = block(6, &[&[0; 12][..], &[60, 0, 0, 0, 60, 0, 0, 0], &frame].concat());
    let names = block(4, &[0; 20]);
    [section, names.clone(), block(1, &[1, 0, 0, 0, 0, 0, 0, 0]), packet, names].concat()
}
