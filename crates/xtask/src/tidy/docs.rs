//! Documents stay true: short enough to be read, and every link leads somewhere.

use super::tree::Tree;
use super::{Breach, Check};

pub(super) const CHECK: Check =
    Check { name: "docs", keeps: "the house documents exist, stay short, and their links lead somewhere", run };

/// Most lines of ARCHITECTURE.md.
const ARCHITECTURE: usize = 200;
/// Documents that the project has.
const DOCUMENTS: &[&str] =
    &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE"];
/// What a newcomer types first; README says so.
const COMMANDS: &[&str] = &["cargo run --release -- watch", "cargo xtask test"];

fn run(tree: &Tree) -> Vec<Breach> {
    let missing = DOCUMENTS.iter().filter(|path| !tree.has(path));
    let mut found: Vec<Breach> = missing.map(|path| Breach::new("document", *path, "is missing")).collect();
    let lines = tree.text("ARCHITECTURE.md").unwrap_or_default().lines().count();
    found.extend(Breach::over("architecture", "ARCHITECTURE.md", lines, ARCHITECTURE, "lines"));
    let readme = tree.text("README.md").unwrap_or_default();
    for command in COMMANDS.iter().filter(|command| tree.has("README.md") && !readme.contains(**command)) {
        found.push(Breach::new("readme", "README.md", format!("does not say `{command}`")));
    }
    for krate in tree.crates() {
        let roots = ["lib.rs", "main.rs"].map(|file| format!("crates/{krate}/src/{file}"));
        let documented = roots.iter().filter_map(|path| tree.text(path)).all(|text| text.starts_with("//! "));
        if !documented {
            found.push(Breach::new(
                "module-docs",
                krate,
                "does not begin with what comes in and what goes out (`//! …`)",
            ));
        }
    }
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with(".md")) {
        let dead = links(text).into_iter().filter(|link| !leads_somewhere(tree, path, link));
        found.extend(dead.map(|link| Breach::new("link", path, format!("links to {link}, which is not there"))));
    }
    found.extend(decisions(tree));
    found
}

/// Targets of the inline links in Markdown, outside code.
fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        in_block ^= line.trim_start().starts_with("```");
        // Every other piece between back-quotes is code.
        for piece in line.split('`').step_by(2).filter(|_| !in_block) {
            found.extend(piece.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link));
        }
    }
    found
}

fn leads_somewhere(tree: &Tree, from: &str, link: &str) -> bool {
    let target = link.split('#').next().unwrap_or_default();
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.is_empty() || tree.has(&parts.join("/"))
}

/// Decisions are numbered from 001 without gaps, each once, and begin with their number.
fn decisions(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    let files = tree.children("docs/adr");
    for (n, file) in files.iter().filter(|file| **file != "README.md").enumerate() {
        let number = format!("{:03}", n + 1);
        let path = format!("docs/adr/{file}");
        let heading = tree.text(&path).unwrap_or_default().starts_with(&format!("# {number}. "));
        if !file.starts_with(&format!("{number}-")) || !file.ends_with(".md") || !heading {
            found.push(Breach::new(
                "adr",
                path,
                format!("should be {number}-<title>.md and begin with `# {number}. `"),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_finds;

    const README: &str = "cargo run --release -- watch x\ncargo xtask test\n[map](ARCHITECTURE.md)";

    /// A tree with all documents, `path` replaced by `text` (gone when `None`).
    #[track_caller]
    fn check(path: &str, text: Option<&str>, wanted: &[&str]) {
        let mut files: Vec<(&str, &str)> =
            DOCUMENTS.iter().map(|path| (*path, if *path == "README.md" { README } else { "x" })).collect();
        files.retain(|(own, _)| *own != path);
        files.extend(text.map(|text| (path, text)));
        assert_finds(&CHECK, &files, wanted);
    }

    #[test]
    fn documents_exist_and_stay_short() {
        check("other.md", None, &[]);
        check("SECURITY.md", None, &["document SECURITY.md"]);
        check("ARCHITECTURE.md", Some(&"x\n".repeat(200)), &[]);
        check("ARCHITECTURE.md", Some(&"x\n".repeat(201)), &["architecture ARCHITECTURE.md"]);
        check("README.md", Some("cargo xtask test"), &["readme README.md"]);
    }

    #[test]
    fn dead_links_are_found() {
        check("docs/a.md", Some("[up](../README.md#start) [out](https://example.org/x) [here](#top) [folder](.)"), &[]);
        check("docs/a.md", Some("[a](b.md) [c](../docs/a.md)"), &["link docs/a.md"]);
        check("docs/a.md", Some("```\n[a](b.md)\n```\n`[c](d.md)` shows how"), &[]);
    }

    #[test]
    fn a_crate_says_what_it_is() {
        let manifest = ("crates/risk/Cargo.toml", "[package]\nname = \"wardlight-risk\"");
        let documents = DOCUMENTS.iter().map(|path| (*path, README));
        let with = |text| {
            documents
                .clone()
                .chain([manifest, ("crates/risk/src/lib.rs", text), ("ARCHITECTURE.md", "x")])
                .collect::<Vec<_>>()
        };
        assert_finds(&CHECK, &with("//! Weighs devices.\n"), &[]);
        assert_finds(&CHECK, &with("mod a;"), &["module-docs risk"]);
    }

    #[test]
    fn decisions_are_numbered_without_gaps() {
        check("docs/adr/001-own-readers.md", Some("# 001. Own readers\n"), &[]);
        check("docs/adr/002-own-readers.md", Some("# 002. Own readers\n"), &["adr docs/adr/002-own-readers.md"]);
        check("docs/adr/001-own-readers.md", Some("# Own readers\n"), &["adr docs/adr/001-own-readers.md"]);
    }
}
