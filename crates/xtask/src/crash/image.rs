//! What a disk holds: files and folders, put together from what was done to them.

use super::chance::Chance;
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The folder that everything lies in.
pub(super) const ROOT: usize = 0;

/// Something done to a file or folder, each told by a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    Write {
        file: usize,
        at: usize,
        bytes: Vec<u8>,
    },
    Length {
        file: usize,
        length: usize,
    },
    Grow {
        file: usize,
        length: usize,
    },
    /// From here on memory is the file: nobody sees what is written, or when.
    Map {
        file: usize,
    },
    Folder {
        folder: usize,
        name: String,
        made: usize,
    },
    Link {
        folder: usize,
        name: String,
        file: usize,
    },
    Unlink {
        folder: usize,
        name: String,
    },
    Rename {
        folder: usize,
        from: String,
        to: String,
    },
}

impl Deed {
    /// What must be synced for it to be certain.
    pub fn synced_with(&self) -> usize {
        match self {
            Self::Write { file, .. } | Self::Length { file, .. } | Self::Grow { file, .. } | Self::Map { file } => {
                *file
            }
            Self::Folder { folder, .. }
            | Self::Link { folder, .. }
            | Self::Unlink { folder, .. }
            | Self::Rename { folder, .. } => *folder,
        }
    }

    /// Whether it changes which names there are.
    pub fn is_name(&self) -> bool {
        !matches!(self, Self::Write { .. } | Self::Length { .. } | Self::Grow { .. } | Self::Map { .. })
    }
}

/// How what is not certain is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// Nothing of it is there.
    Dropped,
    /// All of it is there.
    Kept,
    /// All of it up to some moment is there.
    Begun,
    /// Each write is there or not, so that later ones may be there without earlier ones.
    Reordered,
    /// The same, and sectors of this length are there or not.
    Torn(usize),
}

impl Fate {
    /// One of them.
    pub fn any(chance: &mut Chance) -> Self {
        match chance.below(8) {
            0 => Self::Dropped,
            1 => Self::Kept,
            2 => Self::Begun,
            3 | 4 => Self::Reordered,
            5 | 6 => Self::Torn(512),
            _ => Self::Torn(4096),
        }
    }
}

/// Files and folders.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Image {
    content: HashMap<usize, Vec<u8>>,
    names: BTreeMap<(usize, String), usize>,
    folders: BTreeSet<usize>,
}

impl Image {
    /// What lies in the folder at `path`. Errors: it cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let mut image = Self::default();
        let mut open = vec![(ROOT, path.to_owned())];
        while let Some((folder, path)) = open.pop() {
            for entry in fs::read_dir(&path).with_context(|| path.display().to_string())? {
                let entry = entry?;
                let (name, made) = (entry.file_name().to_string_lossy().into_owned(), image.names.len() + 1);
                if entry.file_type()?.is_dir() {
                    image.apply(&Deed::Folder { folder, name, made });
                    open.push((made, entry.path()));
                } else if entry.file_type()?.is_file() {
                    // A socket is no file.
                    image.apply(&Deed::Link { folder, name, file: made });
                    image.apply(&Deed::Write { file: made, at: 0, bytes: fs::read(entry.path())? });
                }
            }
        }
        Ok(image)
    }

    /// A number that nothing has.
    pub fn next(&self) -> usize {
        self.names.values().max().map_or(1, |most| most + 1)
    }

    /// What lies at `path` below it.
    pub fn find(&self, path: &str) -> Option<usize> {
        path.split('/').filter(|name| !name.is_empty()).try_fold(ROOT, |folder, name| self.named(folder, name))
    }

    /// What is called `name` in `folder`.
    pub fn named(&self, folder: usize, name: &str) -> Option<usize> {
        self.names.get(&(folder, name.to_owned())).copied()
    }

    /// Bytes of `file`.
    pub fn length(&self, file: usize) -> usize {
        self.content.get(&file).map_or(0, Vec::len)
    }

    /// All of `deed` happens.
    pub fn apply(&mut self, deed: &Deed) {
        match deed {
            Deed::Write { file, at, bytes } => self.put(*file, *at, bytes),
            Deed::Length { file, length } => self.content.entry(*file).or_default().resize(*length, 0),
            Deed::Grow { file, length } => {
                let content = self.content.entry(*file).or_default();
                content.resize(content.len().max(*length), 0);
            }
            Deed::Map { .. } => {}
            Deed::Folder { folder, name, made } => {
                self.folders.insert(*made);
                self.names.insert((*folder, name.clone()), *made);
            }
            Deed::Link { folder, name, file } => drop(self.names.insert((*folder, name.clone()), *file)),
            Deed::Unlink { folder, name } => drop(self.names.remove(&(*folder, name.clone()))),
            Deed::Rename { folder, from, to } => {
                if let Some(file) = self.names.remove(&(*folder, from.clone())) {
                    self.names.insert((*folder, to.clone()), file);
                }
            }
        }
    }

    /// `deed` happens as `fate` and chance have it.
    pub fn perhaps(&mut self, deed: &Deed, fate: Fate, chance: &mut Chance) {
        match (fate, deed) {
            (Fate::Dropped, _) => {}
            (_, Deed::Map { file }) => self.scramble(*file, chance),
            (Fate::Torn(sector), Deed::Write { file, at, bytes }) if chance.often(70) => {
                let (mut at, mut rest) = (*at, bytes.as_slice());
                while !rest.is_empty() {
                    let (part, more) = rest.split_at(rest.len().min(sector - at % sector));
                    match chance.below(8) {
                        0..4 => self.put(*file, at, part),
                        // The length came to the disk, and the bytes did not.
                        4 => self.apply(&Deed::Grow { file: *file, length: at + part.len() }),
                        _ => {}
                    }
                    at += part.len();
                    rest = more;
                }
            }
            (Fate::Reordered | Fate::Torn(_), _) if chance.often(50) => {}
            _ => self.apply(deed),
        }
    }

    /// Lays it down in the empty folder at `path`. Errors: what the disk says.
    pub fn write(&self, path: &Path) -> Result<()> {
        for (path, file) in self.tree(path) {
            if self.folders.contains(&file) {
                fs::DirBuilder::new().mode(0o700).create(&path)?;
            } else {
                let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
                out.write_all(self.content.get(&file).map_or(&[], Vec::as_slice))?;
            }
        }
        Ok(())
    }

    /// Each path below `path` with what lies there, folders before what is in them.
    pub fn tree(&self, path: &Path) -> Vec<(PathBuf, usize)> {
        let mut found = Vec::new();
        let mut open = vec![(path.to_owned(), ROOT)];
        while let Some((path, folder)) = open.pop() {
            for ((_, name), file) in self.names.range((folder, String::new())..(folder + 1, String::new())) {
                found.push((path.join(name), *file));
                if self.folders.contains(file) {
                    open.push((path.join(name), *file));
                }
            }
        }
        found
    }

    /// The deeds that make the tree of this one that of `other`; new files get numbers from `next` on.
    pub fn towards(&self, other: &Self, mut next: usize) -> Vec<Deed> {
        let (here, there) = (Path::new(""), other.tree(Path::new("")));
        let (mut image, mut deeds) = (self.clone(), Vec::new());
        let mut act = |image: &mut Self, deed: Deed| {
            image.apply(&deed);
            deeds.push(deed);
        };
        for (path, _) in self.tree(here).into_iter().rev().filter(|(path, _)| other.find_path(path).is_none()) {
            let Some((folder, name)) = image.place(&path) else { continue };
            act(&mut image, Deed::Unlink { folder, name });
        }
        for (path, file) in there {
            let bytes = other.content.get(&file).cloned().unwrap_or_default();
            let is_folder = other.folders.contains(&file);
            let found = image.find_path(&path);
            if found.is_none() {
                let Some((folder, name)) = image.place(&path) else { continue };
                act(
                    &mut image,
                    match is_folder {
                        true => Deed::Folder { folder, name, made: next },
                        false => Deed::Link { folder, name, file: next },
                    },
                );
                next += 1;
            }
            let file = found.unwrap_or(next - 1);
            if !is_folder && image.content.get(&file).map_or(&[][..], Vec::as_slice) != bytes {
                act(&mut image, Deed::Length { file, length: bytes.len() });
                act(&mut image, Deed::Write { file, at: 0, bytes });
            }
        }
        deeds
    }

    /// The folder and name of `path`.
    fn place(&self, path: &Path) -> Option<(usize, String)> {
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some((self.find_path(path.parent()?)?, name))
    }

    fn find_path(&self, path: &Path) -> Option<usize> {
        self.find(&path.to_string_lossy())
    }

    fn put(&mut self, file: usize, at: usize, bytes: &[u8]) {
        let content = self.content.entry(file).or_default();
        let end = at + bytes.len();
        content.resize(content.len().max(end), 0);
        if let Some(room) = content.get_mut(at..end) {
            room.copy_from_slice(bytes);
        }
    }

    fn scramble(&mut self, file: usize, chance: &mut Chance) {
        let content = self.content.entry(file).or_default();
        content.chunks_mut(8).for_each(|part| {
            let any = chance.next().to_le_bytes();
            part.iter_mut().zip(any).for_each(|(byte, any)| *byte = any);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_as_it_was_written_and_told_from_another() {
        let [one, other] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        for (folder, text) in [(&one, "1"), (&other, "2")] {
            fs::create_dir(folder.path().join("a")).expect("made");
            fs::write(folder.path().join("a/b"), text).expect("written");
        }
        fs::write(one.path().join("gone"), "x").expect("written");
        fs::create_dir_all(other.path().join("c/d")).expect("made");
        fs::write(other.path().join("c/d/e"), "y").expect("written");
        let [mut from, to] = [&one, &other].map(|folder| Image::read(folder.path()).expect("read"));
        let deeds = from.towards(&to, from.next());
        assert_eq!(deeds.len(), 8, "{deeds:?}");
        deeds.iter().for_each(|deed| from.apply(deed));
        assert_eq!(from.towards(&to, 99), []);
        let copy = tempfile::tempdir().expect("a folder");
        from.write(copy.path()).expect("written");
        assert_eq!(Image::read(copy.path()).expect("read").towards(&to, 99), []);
        assert_eq!(fs::read(copy.path().join("c/d/e")).expect("there"), b"y");
    }
}
