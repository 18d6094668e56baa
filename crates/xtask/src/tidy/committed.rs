//! What may lie in the repository: text, small, and no secrets; recordings only as golden cases.

use super::tree::Tree;
use super::{Breach, Check};

pub(super) const CHECK: Check =
    Check { name: "committed", keeps: "files are small, text where they can be, and hold no secret or recording", run };

/// Most bytes of a file.
const BYTES: usize = 512 * 1024;
/// Pictures of the pages: where they lie, most bytes of one, most of all.
const PICTURES: (&str, usize, usize) = ("docs/screens/", 150 * 1024, 2 * 1024 * 1024);
/// Recordings of a network, which may hold somebody's data.
const RECORDINGS: &[&str] = &["pcap", "pcapng", "cap", "dmp", "dcm", "hl7"];
/// Where recordings and other bytes may lie, all made by the project itself.
const MADE: &[&str] = &["golden/", "fuzz/corpus/"];
/// Kinds of files that are not text by nature.
const BINARY: &[&str] = &["png", "webp", "ico", "woff2", "zst"];

fn run(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    let (folder, each, all) = PICTURES;
    let pictures = || tree.files().filter(|(path, _)| path.starts_with(folder));
    found.extend(pictures().filter_map(|(path, bytes)| Breach::over("picture", path, bytes.len(), each, "bytes")));
    found.extend(Breach::over("pictures", folder, pictures().map(|(_, bytes)| bytes.len()).sum(), all, "bytes"));
    for (path, bytes) in tree.files() {
        let kind = path.rsplit_once('.').map(|(_, kind)| kind.to_ascii_lowercase()).unwrap_or_default();
        let is_made = MADE.iter().any(|folder| path.starts_with(folder));
        found.extend(Breach::over("size", path, bytes.len(), BYTES, "bytes"));
        if RECORDINGS.contains(&kind.as_str()) && !is_made {
            found.push(Breach::new("recording", path, "is a recording outside golden/"));
        } else if std::str::from_utf8(bytes).is_err() && !is_made && !BINARY.contains(&kind.as_str()) {
            found.push(Breach::new("binary", path, "is no text"));
        }
        found.extend(
            secret(&String::from_utf8_lossy(bytes)).map(|what| Breach::new("secret", path, format!("holds {what}"))),
        );
    }
    found
}

/// What sort of secret `text` holds.
fn secret(text: &str) -> Option<&'static str> {
    let has_key = text.lines().any(|line| line.starts_with("-----BEGIN ") && line.ends_with("PRIVATE KEY-----"));
    let is_cloud_key = |word: &str| {
        word.len() == 20
            && word.starts_with("AKIA")
            && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    let has_cloud_key = text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_cloud_key);
    let has_token = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|word| word.starts_with("ghp_") && word.len() >= 40);
    [(has_key, "a private key"), (has_cloud_key, "a cloud access key"), (has_token, "an access token")]
        .into_iter()
        .find(|(has, _)| *has)
        .map(|(_, what)| what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_finds;

    #[test]
    fn large_files_and_recordings_are_found() {
        assert_finds(&CHECK, &[("a.md", &"x".repeat(BYTES))], &[]);
        assert_finds(&CHECK, &[("a.md", &"x".repeat(BYTES + 1))], &["size a.md"]);
        assert_finds(&CHECK, &[("tests/a.PCAP", "x")], &["recording tests/a.PCAP"]);
        assert_finds(&CHECK, &[("golden/proto/dns/a/input.pcap", "x")], &[]);
    }

    #[test]
    fn pictures_of_pages_are_small_each_and_together() {
        let (one, most) = ("x".repeat(PICTURES.1), "x".repeat(PICTURES.1 + 1));
        assert_finds(&CHECK, &[("docs/screens/a.webp", &one)], &[]);
        assert_finds(&CHECK, &[("docs/screens/a.webp", &most)], &["picture docs/screens/a.webp"]);
        let names: Vec<String> = (0..14).map(|n| format!("docs/screens/{n}.webp")).collect();
        let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), one.as_str())).collect();
        assert_finds(&CHECK, &all, &["pictures docs/screens/"]);
    }

    #[test]
    fn secrets_are_found() {
        let key = format!("-----BEGIN {}PRIVATE KEY-----\nabc", "EC ");
        assert_finds(&CHECK, &[("a.pem", &key)], &["secret a.pem"]);
        assert_finds(&CHECK, &[("a.md", &format!("id = \"AKIA{}\"", "A1".repeat(8)))], &["secret a.md"]);
        assert_finds(&CHECK, &[("a.md", &format!("ghp_{}", "a".repeat(36)))], &["secret a.md"]);
        assert_finds(&CHECK, &[("a.md", "-----BEGIN CERTIFICATE-----")], &[]);
    }
}
