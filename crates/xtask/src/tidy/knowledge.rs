//! Knowledge in `data/` says where it comes from and under which licence, and comes from nowhere it may not.

use super::tree::Tree;
use super::{Breach, Check};
use toml::{Table, Value};

pub(super) const CHECK: Check =
    Check { name: "knowledge", keeps: "every entry in data/ has a source and a licence that the project may use", run };

/// Licences that entries may have (SPDX), and bare facts, which have none.
const LICENCES: &[&str] = &[
    "Apache-2.0",
    "MIT",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "0BSD",
    "Unlicense",
    "Zlib",
    "CC0-1.0",
    "CC-BY-4.0",
    "CC-BY-3.0",
    "US-Government-Work",
    "facts",
];

/// Collections under licences that would bind the project, and recordings that are only for judging it.
const REFUSED: &[&str] = &[
    "satori",
    "p0f",
    "fingerbank",
    "nmap",
    "nmap-service-probes",
    "wireshark",
    "tshark",
    "manuf file",
    "ettercap",
    "prads",
    "ja4+",
    "ja4s",
    "ja4h",
    "ja4l",
    "ja4x",
    "ja4t",
    "ja4ssh",
    "corpus",
    "pcap",
    "test capture",
    "iot_sentinel",
    "iot sentinel",
    "unsw",
    "ciciomt",
    "iot-23",
    "tapirx",
    "gpl",
    "lgpl",
    "agpl",
    "odbl",
    "npsl",
];

fn run(tree: &Tree) -> Vec<Breach> {
    let files = tree.texts().filter(|(path, _)| path.starts_with("data/") && path.ends_with(".toml"));
    files.flat_map(|(path, text)| file(path, text)).collect()
}

fn file(path: &str, text: &str) -> Vec<Breach> {
    let table: Table = match toml::from_str(text) {
        Ok(table) => table,
        Err(error) => return vec![Breach::new("toml", path, error.to_string())],
    };
    let mut found = Vec::new();
    for (kind, value) in &table {
        let entries = || value.as_array().into_iter().flatten().filter_map(Value::as_table);
        for rule in ["source", "licence"] {
            let said = |entry: &Table| {
                let text = entry.get(rule).or_else(|| table.get(rule)).and_then(Value::as_str).unwrap_or_default();
                text.trim().to_owned()
            };
            let silent = entries().filter(|entry| said(entry).is_empty()).count();
            if silent > 0 {
                let what =
                    format!("{silent} of its `{kind}` have no {rule}; one for all may stand at the head of the file");
                found.push(Breach::new(rule, path, what));
            }
            for (n, text) in entries().map(said).enumerate().filter(|(_, text)| !text.is_empty()) {
                let wrong = if rule == "source" { wrong_source(&text) } else { wrong_licence(&text) };
                found.extend(wrong.map(|what| Breach::new(rule, format!("{path}::{kind}[{n}]"), what)));
            }
        }
    }
    found
}

fn wrong_source(source: &str) -> Option<String> {
    refused(source).map(|word| format!("comes from {word}, which the project may not use: {source}"))
}

fn wrong_licence(licence: &str) -> Option<String> {
    (!LICENCES.contains(&licence)).then(|| format!("{licence} is not among {}", LICENCES.join(", ")))
}

/// The first refused word that stands in `source` as a word of its own.
fn refused(source: &str) -> Option<&'static str> {
    let source = source.to_ascii_lowercase();
    let is_part = |c: char| c.is_alphanumeric() || c == '+';
    let stands = |word: &&&str| {
        source.match_indices(**word).any(|(at, _)| {
            let before = source.get(..at).and_then(|text| text.chars().next_back());
            let behind = source.get(at + word.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(is_part) && !behind.is_some_and(is_part)
        })
    };
    let named = REFUSED.iter().find(stands).copied();
    named.or_else(|| (source.contains("foxio") && !source.contains("ja4")).then_some("foxio"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_finds;

    #[track_caller]
    fn check(text: &str, wanted: &[&str]) {
        assert_finds(&CHECK, &[("data/fingerprints/dhcp.toml", text)], wanted);
    }

    #[track_caller]
    fn check_source(source: &str, wanted: &[&str]) {
        check(
            &format!(
                "[[fingerprint]]\nsource = \"{source}\"\nlicence = \"facts\"\n[[fingerprint.example]]\ntext = \"x\""
            ),
            wanted,
        );
    }

    #[test]
    fn entries_say_source_and_licence() {
        check_source("vendor manual IM-204 rev C, p. 31", &[]);
        check("licence = \"facts\"\n[[a]]\nsource = \"RFC 2132\"\n", &[]);
        check(
            "[[a]]\nsource = \" \"\n",
            &["licence data/fingerprints/dhcp.toml", "source data/fingerprints/dhcp.toml"],
        );
        check("[[a]]\nsource = \"x\"\nlicence = \"GPL-2.0\"\n", &["licence data/fingerprints/dhcp.toml::a[0]"]);
        check("[[a]\n", &["toml data/fingerprints/dhcp.toml"]);
    }

    #[test]
    fn sources_that_would_bind_the_project_are_refused() {
        let at = &["source data/fingerprints/dhcp.toml::fingerprint[0]"];
        for source in [
            "Satori dhcp.xml",
            "nmap-service-probes",
            "seen in the corpus",
            "JA4+ suite",
            "JA4S list",
            "FoxIO database",
            "p0f 3.09",
            "GPL list",
        ] {
            check_source(source, at);
        }
        for source in ["JA4 (FoxIO, BSD-3-Clause)", "RFC 8415 §21.6", "rapid7 recog, snmp_sysdescr.xml"] {
            check_source(source, &[]);
        }
    }
}
