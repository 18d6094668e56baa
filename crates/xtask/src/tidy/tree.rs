//! The checkout in memory: every file that is or could be committed, its Rust parsed, and the crates' manifests.

use super::source::Source;
use crate::shell;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The files of a checkout by path (with `/`), and what follows from them.
pub struct Tree {
    files: BTreeMap<String, Vec<u8>>,
    sources: OnceLock<Vec<Source>>,
    /// The workspace's crates as cargo sees them.
    pub packages: Vec<Package>,
}

/// A crate and what it depends on.
#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    /// Package name.
    pub name: String,
    /// Direct dependencies of every kind, target and feature.
    pub dependencies: Vec<Dependency>,
}

/// One direct dependency.
#[derive(Debug, Clone, Deserialize)]
pub struct Dependency {
    /// Package name, whatever it is renamed to.
    pub name: String,
    /// `None` for a normal one, else `dev` or `build`.
    pub kind: Option<String>,
}

impl Package {
    /// The crate's folder name: the package's without the project's name before it.
    pub fn short(&self) -> &str {
        short(&self.name)
    }
}

/// `name` without the project's name before it.
pub fn short(name: &str) -> &str {
    name.strip_prefix("wardlight-").unwrap_or(name)
}

impl Tree {
    /// Reads the checkout at `root`. Errors: when it cannot be read.
    pub fn read(root: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for path in paths(root)? {
            let full = root.join(&path);
            if full.is_file() {
                let bytes = std::fs::read(&full).with_context(|| format!("cannot read {path}"))?;
                files.insert(path, bytes);
            }
        }
        let mut metadata = Command::new(shell::cargo());
        metadata.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(root);
        #[derive(Deserialize)]
        struct Metadata {
            packages: Vec<Package>,
        }
        let metadata: Metadata = serde_json::from_slice(&shell::stdout(&mut metadata)?).context("cargo metadata")?;
        Ok(Self { files, sources: OnceLock::new(), packages: metadata.packages })
    }

    /// The Rust files under `crates/*/src` that are not for tests alone, in order of path.
    pub fn sources(&self) -> &[Source] {
        self.sources.get_or_init(|| {
            let is_source = |path: &&str| path.ends_with(".rs") && path.split('/').nth(2) == Some("src");
            let paths = self.under("crates/").filter(is_source);
            let mut sources: Vec<Source> =
                paths.map(|path| Source::parse(path, self.text(path).unwrap_or_default())).collect();
            let gated: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
            let is_gated = |path: &str| {
                let is_of = |module: &String| path == format!("{module}.rs") || path.starts_with(&format!("{module}/"));
                gated.iter().any(is_of)
            };
            sources.retain(|source| !is_gated(&source.path));
            sources
        })
    }

    /// Every path, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Every file's path and bytes, in order.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// Every file that is text, in order.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter_map(|(path, bytes)| Some((path, std::str::from_utf8(bytes).ok()?)))
    }

    /// The text of the file at `path`, when there is one and it is text.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// Whether there is a file or folder at `path`.
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.files.contains_key(path) || self.under(&folder).next().is_some()
    }

    /// The paths that begin with `prefix`, in order.
    pub fn under(&self, prefix: &str) -> impl Iterator<Item = &str> {
        self.paths().filter(move |path| path.starts_with(prefix))
    }

    /// Names of what lies directly in `folder`, each once, in order.
    pub fn children(&self, folder: &str) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.paths().filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/')?.split('/').next()).collect();
        names.dedup();
        names
    }

    /// The folders of the workspace's crates, in order.
    pub fn crates(&self) -> Vec<&str> {
        let folders = self.children("crates");
        folders.into_iter().filter(|name| self.files.contains_key(&format!("crates/{name}/Cargo.toml"))).collect()
    }
}

/// Paths of all files that are committed or could be: what git knows and does not ignore, else all but build output.
fn paths(root: &Path) -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    if let Ok(output) = git.output()
        && output.status.success()
    {
        let listed = String::from_utf8_lossy(&output.stdout);
        return Ok(listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect());
    }
    let mut found = Vec::new();
    walk(root, "", &mut found)?;
    Ok(found)
}

fn walk(root: &Path, folder: &str, found: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(root.join(folder)).with_context(|| format!("cannot list {folder:?}"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        match entry.file_type()? {
            kind if kind.is_dir() && !matches!(name.as_str(), "target" | ".git" | "artifacts") => {
                walk(root, &path, found)?
            }
            kind if kind.is_file() => found.push(path),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
impl Tree {
    /// A tree of `files` that stands nowhere; its packages are read from its manifests.
    #[track_caller]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let packages = files.iter().filter(|(path, _)| path.starts_with("crates/") && path.ends_with("/Cargo.toml"));
        let packages = packages.map(|(_, text)| package(text)).collect();
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        Self { files, sources: OnceLock::new(), packages }
    }
}

#[cfg(test)]
fn package(manifest: &str) -> Package {
    let manifest: toml::Table = toml::from_str(manifest).expect("manifest is TOML");
    let mut dependencies = Vec::new();
    for (section, kind) in
        [("dependencies", None), ("dev-dependencies", Some("dev")), ("build-dependencies", Some("build"))]
    {
        let names = manifest.get(section).and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
        dependencies.extend(names.map(|name| Dependency { name: name.clone(), kind: kind.map(str::to_owned) }));
    }
    let name = manifest["package"]["name"].as_str().expect("package has a name").to_owned();
    Package { name, dependencies }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_without_git_is_walked() {
        let folder = std::env::temp_dir().join(format!("wardlight-tree-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("a/target")).expect("temporary folder");
        std::fs::write(folder.join("a/b.md"), "").expect("file");
        std::fs::write(folder.join("a/target/c"), "").expect("file");
        let mut found = Vec::new();
        walk(&folder, "", &mut found).expect("walk");
        std::fs::remove_dir_all(&folder).expect("clean up");
        assert_eq!(found, ["a/b.md"]);
    }

    #[test]
    fn modules_that_only_tests_see_are_no_sources() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "mod one;\n#[cfg(test)]\nmod trial;"),
            ("crates/a/src/one.rs", ""),
            ("crates/a/src/trial.rs", ""),
            ("crates/a/src/trial/deep.rs", ""),
            ("crates/a/tests/whole.rs", ""),
        ]);
        let paths: Vec<_> = tree.sources().iter().map(|source| source.path.as_str()).collect();
        assert_eq!(paths, ["crates/a/src/lib.rs", "crates/a/src/one.rs"]);
        assert_eq!(tree.children("crates/a"), ["src", "tests"]);
    }
}
