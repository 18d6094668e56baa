//! Every capture there is: no crash, and less than 1 GiB of address space each.

use crate::{corpus, wardlight};
use std::path::{Path, PathBuf};

/// Captures read by one run of the program; the bound then holds for each of them all the more.
const TOGETHER: usize = 40;

#[test]
fn every_capture_is_read_without_a_crash_within_a_gibibyte() {
    let Some(corpus) = corpus() else { return };
    let mut captures = Vec::new();
    collect(&corpus, &mut captures);
    captures.sort();
    assert!(captures.len() > 400, "only {} captures below {}", captures.len(), corpus.display());
    for some in captures.chunks(TOGETHER) {
        let paths: Vec<&Path> = some.iter().map(PathBuf::as_path).collect();
        let output = wardlight(&["watch", "--json"], &paths);
        let picture: serde_json::Value = serde_json::from_slice(&output.stdout).expect("the picture is JSON");
        assert!(picture["frames"].as_u64() > Some(0), "{paths:?}");
    }
    println!("{} captures read", captures.len());
}

fn collect(folder: &Path, captures: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("corpus folder").filter_map(Result::ok) {
        let path = entry.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() {
            collect(&path, captures);
        } else if [".pcap", ".pcapng", ".cap", ".trace", ".pcap.gz", ".pcapng.gz"].iter().any(|end| name.ends_with(end))
        {
            captures.push(path);
        }
    }
}
