//! Keys: 32 random bytes in a file that only its owner may read.
//!
//! In: the file's path. Out: the key; a new one, written to the file, when there is none yet. Under one key the same
//! name gives the same hash in every run; without a file each run has a key of its own, which is forgotten with it.

use crate::io::file::make_durably;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Bytes of a key.
const LENGTH: usize = 32;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("cannot use the key {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than its owner may use it.
    #[error("the key {} has mode {mode:04o}, but is for its owner alone: `chmod 600` it", path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is no key.
    #[error("the key {} must be a file of {LENGTH} random bytes; remove it to have one made", .0.display())]
    Length(PathBuf),
}

/// The key in the file at `path`, and whether it was made just now because there was no such file. Errors:
/// [`KeyError`].
pub fn read_or_make(path: &Path) -> Result<([u8; LENGTH], bool), KeyError> {
    let fail = |source| KeyError::File { path: path.to_owned(), source };
    match File::open(path) {
        Ok(file) => read(path, file).map(|key| (key, false)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match make(path) {
            // Another program made it meanwhile: that is the key.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                read(path, File::open(path).map_err(fail)?).map(|key| (key, false))
            }
            made => made.map(|key| (key, true)).map_err(fail),
        },
        Err(error) => Err(fail(error)),
    }
}

fn read(path: &Path, file: File) -> Result<[u8; LENGTH], KeyError> {
    let fail = |source| KeyError::File { path: path.to_owned(), source };
    let meta = file.metadata().map_err(fail)?;
    let mode = meta.permissions().mode() & 0o7777;
    if !meta.is_file() {
        return Err(KeyError::Length(path.to_owned()));
    }
    if mode & 0o077 != 0 {
        return Err(KeyError::Mode { path: path.to_owned(), mode });
    }
    let mut bytes = Vec::with_capacity(LENGTH + 1);
    file.take(LENGTH as u64 + 1).read_to_end(&mut bytes).map_err(fail)?;
    bytes.try_into().map_err(|_| KeyError::Length(path.to_owned()))
}

fn make(path: &Path) -> io::Result<[u8; LENGTH]> {
    let mut key = [0; LENGTH];
    getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
    make_durably(path, &key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        let (made, is_new) = read_or_make(&path).expect("made");
        assert!(is_new && made != [0; LENGTH]);
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o7777, 0o600);
        assert_eq!(read_or_make(&path).expect("read"), (made, false));
    }

    #[test]
    fn programs_that_make_it_at_the_same_time_have_the_same_key() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("key");
            let makers: Vec<_> =
                (0..4).map(|_| path.clone()).map(|path| std::thread::spawn(move || read_or_make(&path))).collect();
            let keys = makers.into_iter().map(|maker| maker.join().expect("ends").expect("a key"));
            let keys: Vec<([u8; LENGTH], bool)> = keys.collect();
            assert!(keys.iter().all(|(key, _)| *key == keys[0].0), "{keys:?}");
            assert_eq!(keys.iter().filter(|(_, is_new)| *is_new).count(), 1, "{keys:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let written = |name: &str, bytes: &[u8], mode: u32| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("allowed");
            read_or_make(&path)
        };
        assert!(matches!(written("short", &[1; 31], 0o600), Err(KeyError::Length(_))));
        assert!(matches!(written("long", &[1; 33], 0o600), Err(KeyError::Length(_))));
        assert!(matches!(written("open", &[1; 32], 0o640), Err(KeyError::Mode { mode: 0o640, .. })));
        assert!(matches!(written("good", &[1; 32], 0o400), Ok((_, false))));
        assert!(matches!(read_or_make(folder.path()), Err(KeyError::Length(_))));
        assert!(matches!(read_or_make(&folder.path().join("no/such/key")), Err(KeyError::File { .. })));
    }
}
