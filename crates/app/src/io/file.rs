//! Small files that are there whole or not at all.
//!
//! Each is written under a name that nobody has yet, for its owner alone, and gets its own name when it is on disk.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use tempfile::NamedTempFile;

/// Writes a file in place of the one that is there. Errors: what the disk says; then the old one is as it was.
pub fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_by(path, |file| file.write_all(bytes)).map(drop)
}

/// Writes a file in place of the one that is there, as `write` does it, and gives it, at its end. Errors: what the disk
/// says; then the old one is as it was.
pub fn write_by(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> io::Result<File> {
    let file = scratch(path, write)?.persist(path)?;
    sync_folder(path)?;
    Ok(file)
}

/// Writes a file where there is none. Errors: what the disk says, or `AlreadyExists`; then that one is as it was.
pub fn make_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    scratch(path, |file| file.write_all(bytes))?.persist_noclobber(path)?;
    sync_folder(path)
}

/// Removes what was left of writing the file at `path` by a program that was killed. Only for who alone writes it.
pub fn sweep(path: &Path) {
    let prefix = prefix(path);
    let entries = fs::read_dir(folder(path)).into_iter().flatten().filter_map(Result::ok);
    for entry in entries.filter(|entry| {
        let name = entry.file_name();
        name.as_encoded_bytes().starts_with(prefix.as_encoded_bytes())
    }) {
        let _ = fs::remove_file(entry.path());
    }
}

fn scratch(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> io::Result<NamedTempFile> {
    let file = tempfile::Builder::new().prefix(&prefix(path)).suffix(".new").tempfile_in(folder(path))?;
    let mut writer = BufWriter::new(file.as_file());
    write(&mut writer)?;
    writer.flush()?;
    drop(writer);
    file.as_file().sync_all()?;
    Ok(file)
}

/// How the names of all scratch files of `path` begin.
fn prefix(path: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    prefix
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_file_is_replaced_whole_and_its_neighbours_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, neighbour) = (folder.path().join("key.txt"), folder.path().join("key.new"));
        fs::write(&neighbour, "mine").expect("written");
        for text in ["one", "two"] {
            write_durably(&path, text.as_bytes()).expect("written");
            assert_eq!(fs::read_to_string(&path).expect("there"), text);
        }
        assert_eq!(fs::read_to_string(neighbour).expect("there"), "mine");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 2, "nothing is left over");
    }

    #[test]
    fn a_file_that_is_there_is_not_made_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        make_durably(&path, b"one").expect("made");
        assert_eq!(make_durably(&path, b"two").expect_err("there").kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).expect("there"), b"one");
    }

    #[test]
    fn only_scratch_files_of_that_name_are_swept() {
        let folder = tempfile::tempdir().expect("a folder");
        let names = [".standing.json.a1.new", "standing.json", ".standing.jsonb.new"];
        names.iter().for_each(|name| fs::write(folder.path().join(name), "x").expect("written"));
        sweep(&folder.path().join("standing.json"));
        let left = names.map(|name| folder.path().join(name).exists());
        assert_eq!(left, [false, true, true]);
    }
}
