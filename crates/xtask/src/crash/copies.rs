//! Backups as they lie on a disk: what has a name must be whole, and the journal must go on where the newest one ends.

use super::bed::Bed;
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// A backup that verifies.
pub(super) struct Copy {
    /// Its folder.
    pub folder: PathBuf,
    /// The last journal record that its state shows.
    pub sequence: u64,
}

/// The newest backup of `bed`, whose journal begins at `first`. Errors: one of those `promised` by name is not there, one
/// that has a name does not verify, or the journal lacks what is behind the newest.
pub(super) fn check(bed: &Bed, first: u64, promised: &[&str]) -> Result<Option<Copy>> {
    let folder = bed.root().join("backup");
    let mut newest: Option<Copy> = None;
    for name in named(&folder) {
        let path = folder.join(&name);
        let output = bed.run(&["backup", "verify", &path.display().to_string()])?;
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "the backup {name} has its name and is not whole: {}", why.trim());
        let sequence = sequence(&path)?;
        if newest.as_ref().is_none_or(|newest| newest.sequence <= sequence) {
            newest = Some(Copy { folder: path, sequence });
        }
    }
    for name in promised {
        ensure!(folder.join(name).is_dir(), "the backup {name} was made and is not there");
    }
    let covered = newest.as_ref().map_or(0, |newest| newest.sequence);
    ensure!(first <= covered + 1, "the journal begins at {first}, and the newest backup ends at {covered}");
    Ok(newest)
}

/// The names of the backups in `folder`: those that do not begin with a dot are finished.
fn named(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}

fn sequence(folder: &Path) -> Result<u64> {
    let contents: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("backup.json"))?)?;
    contents.get("sequence").and_then(serde_json::Value::as_u64).context("backup.json says no sequence")
}

/// Copies all that is below `from` to `to`, which is made.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
