//! The project speaks of itself alone: not of the place or the tools it was written with.

use super::tree::Tree;
use super::{Breach, Check};

pub(super) const CHECK: Check =
    Check { name: "words", keeps: "no file speaks of a workplace, its machines, or who wrote it with what", run };

/// Paths of the machines it was written on. Written in parts, so that this file does not break its own rule.
const PLACES: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/tm", "p/")];
/// Programs that write text.
const WRITERS: &[&str] = &[
    concat!("clau", "de"),
    concat!("anthro", "pic"),
    concat!("chat", "gpt"),
    concat!("open", "ai"),
    concat!("copi", "lot"),
    concat!("language", " model"),
    concat!("ai-", "generated"),
    concat!("co-auth", "ored-by"),
];

fn run(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| !path.ends_with("Cargo.lock")) {
        for (n, line) in text.lines().enumerate() {
            let place =
                PLACES.iter().find(|place| names_place(line, place)).map(|place| format!("the machine path {place}"));
            let lower = line.to_lowercase();
            let writer = WRITERS.iter().find(|word| stands(&lower, word)).map(|word| format!("the word {word}"));
            found.extend(
                [place, writer]
                    .into_iter()
                    .flatten()
                    .map(|what| Breach::new("word", path, format!("has {what} in line {}", n + 1))),
            );
        }
    }
    found
}

/// Whether `place` stands in `line` at the head of a path.
fn names_place(line: &str, place: &str) -> bool {
    let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '}' | '~');
    line.match_indices(place)
        .any(|(at, _)| !line.get(..at).and_then(|before| before.chars().next_back()).is_some_and(is_inside))
}

fn stands(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let behind = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !behind.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_finds;

    #[test]
    fn machine_paths_are_found() {
        for place in PLACES {
            assert_finds(&CHECK, &[("a.md", &format!("see `{place}main/a.rs`"))], &["word a.md"]);
        }
        assert_finds(&CHECK, &[("a.md", "crates/work/a http://example.org/home/x ./tmp/y")], &[]);
    }

    #[test]
    fn writers_are_found() {
        for word in WRITERS {
            assert_finds(&CHECK, &[("a.md", &format!("as {} said", word.to_uppercase()))], &["word a.md"]);
        }
        assert_finds(&CHECK, &[("a.md", "a cursor over bytes; the model of a language")], &[]);
    }
}
