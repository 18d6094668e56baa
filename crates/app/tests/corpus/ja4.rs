//! JA4 of clients: those that are published with the captures.

use crate::{corpus, wardlight};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// All that the logs of `capture` hold.
fn said(capture: &Path) -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("temporary folder");
    wardlight(&["watch", "--zeek-logs", folder.path().to_str().expect("plain path")], &[capture]);
    let logs = fs::read_dir(folder.path()).expect("logs").map(|log| log.expect("a log").path());
    let text: Vec<String> = logs.map(|log| fs::read_to_string(log).expect("a log")).collect();
    let rows = text.iter().flat_map(|log| log.lines()).map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    rows.filter_map(|row| row.get("ja4")?.as_str().map(str::to_owned)).collect()
}

/// Words behind `mark`, up to what no fingerprint holds.
fn published(text: &str, mark: &str) -> BTreeSet<String> {
    let behind = text.split(mark).skip(1);
    let is_own = |c: char| c.is_ascii_alphanumeric() || c == '_';
    behind.map(|rest| rest.chars().take_while(|c| is_own(*c)).collect()).collect()
}

#[test]
fn those_of_the_definition_are_said() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("proto_corpus/ja4_pcaps");
    let snapshots = folder.join("rust/ja4/src/snapshots");
    let mut compared = 0;
    for snapshot in fs::read_dir(&snapshots).expect("snapshots").map(|one| one.expect("a file").path()) {
        let name = snapshot.file_stem().and_then(|stem| stem.to_str()?.split_once('@')).expect("a capture's name").1;
        let capture = folder.join("pcap").join(name);
        // What a proxy leads to is another's: it is not said of the proxy.
        if !capture.exists() || name.starts_with("socks") {
            continue;
        }
        let text = fs::read_to_string(&snapshot).expect("a snapshot");
        let expected = published(&text, " ja4: ");
        assert_eq!(said(&capture), expected, "{}", capture.display());
        compared += expected.len();
    }
    assert!(compared >= 5, "only {compared} were compared");
}

/// nDPI departs from the definition: it says of every client that it names its server, ends ALPN by its second letter, and
/// hashes no extensions. What stands there is left out.
fn without_departures(ja4: &str) -> String {
    let kept: String = ja4.char_indices().filter(|(at, _)| ![3, 8, 9].contains(at)).map(|(_, c)| c).collect();
    kept.replace("e3b0c44298fc", "000000000000")
}

#[test]
fn those_that_ndpi_publishes_are_said() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("proto_corpus/ndpi");
    let mut compared = 0;
    for result in fs::read_dir(folder.join("result")).expect("results").map(|one| one.expect("a file").path()) {
        let text = String::from_utf8_lossy(&fs::read(&result).expect("a result")).into_owned();
        let expected: BTreeSet<String> = published(&text, "JA4: ").iter().map(|ja4| without_departures(ja4)).collect();
        let capture = folder.join("pcap").join(result.file_stem().expect("a name"));
        if expected.is_empty() || !capture.exists() {
            continue;
        }
        let said: BTreeSet<String> = said(&capture).iter().map(|ja4| without_departures(ja4)).collect();
        let missing: Vec<_> = expected.difference(&said).collect();
        assert!(missing.is_empty(), "{} lacks {missing:?}, but has {said:?}", capture.display());
        compared += expected.len();
    }
    assert!(compared >= 20, "only {compared} were compared");
}
