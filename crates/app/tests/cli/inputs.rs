//! Captures, folders and links: what is good is used, what is bad is said and counts.

use crate::{blocks, capture, complaints, folder, said, wardlight};
use std::os::unix::fs::symlink;

const GOOD: [u8; 6] = [0, 0x1b, 0x21, 0, 0, 1];
const OTHER: [u8; 6] = [0, 0x1b, 0x21, 0, 0, 2];

#[test]
fn a_folder_says_which_of_its_captures_are_bad() {
    let good = capture(9, GOOD);
    let folder = folder(&[
        ("good.pcap", &good),
        ("empty.pcap", b""),
        ("text.pcapng", b"no capture at all"),
        ("cut.bin", &good[..good.len() - 1]),
        ("header.dat", &good[..20]),
        ("damaged.pcap.gz", b"\x1f\x8b\x08\x00garbage"),
        ("notes.txt", b"passed over"),
        ("labels.csv", b""),
    ]);
    symlink("nowhere.pcap", folder.path().join("dangling.pcap")).expect("a link");
    let output = wardlight(folder.path(), &["watch", "."]);
    let told = complaints(&output);
    assert_eq!(output.status.code(), Some(3), "{told}");
    for name in ["empty.pcap", "text.pcapng", "cut.bin", "header.dat", "damaged.pcap.gz", "dangling.pcap"] {
        assert!(told.contains(name), "{name} is not reported: {told}");
    }
    assert_eq!(told.lines().count(), 6, "{told}");
    assert!(said(&output).contains("1 device\n"), "{}", said(&output));
}

#[test]
fn what_is_no_capture_and_not_called_so_is_passed_over() {
    let folder = folder(&[("good.pcap", &capture(9, GOOD)), ("notes.txt", b"text"), ("sub/.gitkeep", b"")]);
    let output = wardlight(folder.path(), &["watch", "."]);
    assert_eq!((output.status.code(), complaints(&output)), (Some(0), String::new()));
}

#[test]
fn a_folder_without_captures_is_an_error() {
    let folder = folder(&[("notes.txt", b"text")]);
    let output = wardlight(folder.path(), &["watch", "."]);
    assert_eq!(output.status.code(), Some(3));
    assert!(complaints(&output).contains("no captures in the folder"), "{}", complaints(&output));
}

#[test]
fn links_are_followed_once_and_not_in_circles() {
    let folder = folder(&[("all/one.pcap", &capture(9, GOOD)), ("other/two.pcap", &capture(8, OTHER))]);
    let link = |to: &str, name: &str| symlink(to, folder.path().join(name)).expect("a link");
    link("one.pcap", "all/latest.pcap");
    link("../other/two.pcap", "all/two.pcap");
    link("..", "all/circle");
    let output = wardlight(folder.path(), &["watch", "all"]);
    assert_eq!((output.status.code(), complaints(&output)), (Some(0), String::new()));
    assert!(said(&output).contains("2 devices\n") && said(&output).contains("READ  2 frames"), "{}", said(&output));
}

/// Every proper beginning of a capture that ends within a piece, each as a file of its own, in one run.
fn every_cut_is_said(file: &[u8], ends: &[usize]) {
    let cuts: Vec<usize> = (1..file.len()).filter(|end| !ends.contains(end)).collect();
    let names: Vec<String> = cuts.iter().map(|end| format!("cut-{end}.bin")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().zip(&cuts).map(|(name, end)| (&**name, &file[..*end])).collect();
    let folder = folder(&files);
    let arguments: Vec<&str> = ["watch"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let output = wardlight(folder.path(), &arguments);
    let told = complaints(&output);
    let missing: Vec<&String> = names.iter().filter(|name| !told.contains(&format!("{name}: byte"))).collect();
    assert!(missing.is_empty() && told.contains("cut short"), "{missing:?} were cut, but nothing was said");
    for name in [names.first(), names.last()].into_iter().flatten() {
        assert_eq!(wardlight(folder.path(), &["watch", name]).status.code(), Some(3), "{name}");
    }
}

#[test]
fn a_pcap_file_cut_anywhere_within_a_frame_is_an_error() {
    every_cut_is_said(&capture(9, GOOD), &[24]);
}

#[test]
fn a_pcapng_file_cut_anywhere_within_a_block_is_an_error() {
    every_cut_is_said(&blocks(GOOD), &[28, 60, 80, 172]);
}
