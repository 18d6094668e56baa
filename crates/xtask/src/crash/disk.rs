//! What a recorded run did to its folders, and what a disk may hold of it after the power went.
//!
//! Certain is only what a sync promised: content, when the file was synced after it was written; a name, when its folder
//! was. All else may be there or not, in any order, in part by sectors. This is stricter than any one file system.

use super::chance::Chance;
use super::trace::Call;
use super::wire;
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use wardlight_model::Id;

/// The folder that the recorded run worked in.
const ROOT: usize = 0;

/// Something done to a file or folder, each told by a number.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Deed {
    Write { file: usize, at: usize, bytes: Vec<u8> },
    Length { file: usize, length: usize },
    Grow { file: usize, length: usize },
    Link { folder: usize, name: String, file: usize },
    Unlink { folder: usize, name: String },
    Rename { folder: usize, from: String, to: String, file: usize },
}

impl Deed {
    /// What must be synced for it to be certain.
    fn synced_with(&self) -> usize {
        match self {
            Self::Write { file, .. } | Self::Length { file, .. } | Self::Grow { file, .. } => *file,
            Self::Link { folder, .. } | Self::Unlink { folder, .. } | Self::Rename { folder, .. } => *folder,
        }
    }

    fn is_name(&self) -> bool {
        matches!(self, Self::Link { .. } | Self::Unlink { .. } | Self::Rename { .. })
    }
}

/// A time from one line of the trace to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    begin: usize,
    end: usize,
}

/// A sync that counts.
#[derive(Debug, Clone)]
struct Sync {
    file: usize,
    path: String,
    span: Span,
}

/// What a run did.
#[derive(Debug, Default)]
pub(super) struct Recording {
    deeds: Vec<(Deed, Span)>,
    syncs: Vec<Sync>,
    /// Batches that the run acknowledged, each with the line and its journal sequence.
    pub answers: Vec<(usize, Id, u64)>,
    folders: Vec<usize>,
    files: usize,
    /// Lines of the trace.
    pub lines: usize,
}

/// How what is not certain is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing of it is there.
    Dropped,
    /// All of it is there.
    Kept,
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
            2 | 3 => Self::Reordered,
            4 | 5 => Self::Torn(512),
            _ => Self::Torn(4096),
        }
    }
}

impl Recording {
    /// What `calls` did below `root`. Errors: a call that this reader does not understand.
    pub fn of(calls: &[Call], root: &str, lines: usize) -> Result<Self> {
        let mut recording = Self { lines, folders: vec![ROOT], files: 1, ..Self::default() };
        let mut names = BTreeMap::from([(root.to_owned(), ROOT)]);
        let mut lengths: HashMap<usize, usize> = HashMap::new();
        for call in calls.iter().filter(|call| call.result >= 0 || call.end == usize::MAX) {
            if call.target().starts_with("socket:") {
                recording.answered(call);
            } else if call.target().starts_with(root) {
                recording.take(call, &mut names, &mut lengths)?;
            }
        }
        Ok(recording)
    }

    fn take(
        &mut self,
        call: &Call,
        names: &mut BTreeMap<String, usize>,
        lengths: &mut HashMap<usize, usize>,
    ) -> Result<()> {
        let path = call.target();
        let span = Span { begin: call.begin, end: call.end };
        let known = names.get(&path).copied();
        match (call.name.as_str(), known) {
            ("openat", None) if call.arguments.iter().any(|flags| flags.contains("O_CREAT")) => {
                self.create(names, &path, span)?;
            }
            ("openat", Some(file)) if call.arguments.iter().any(|flags| flags.contains("O_TRUNC")) => {
                lengths.insert(file, 0);
                self.deeds.push((Deed::Length { file, length: 0 }, span));
            }
            ("mkdir", None) => {
                let folder = self.create(names, &path, span)?;
                self.folders.push(folder);
            }
            ("write" | "pwrite64", Some(file)) => {
                let length = lengths.entry(file).or_default();
                let at = if call.name == "write" { *length } else { usize::try_from(call.number(3))? };
                let mut bytes = call.bytes(1);
                bytes.truncate(usize::try_from(call.result).unwrap_or(usize::MAX));
                *length = (*length).max(at + bytes.len());
                self.deeds.push((Deed::Write { file, at, bytes }, span));
            }
            ("ftruncate", Some(file)) => {
                let length = usize::try_from(call.number(1))?;
                lengths.insert(file, length);
                self.deeds.push((Deed::Length { file, length }, span));
            }
            ("fallocate", Some(file)) => {
                let length = usize::try_from(call.number(2) + call.number(3))?;
                self.deeds.push((Deed::Grow { file, length }, span));
            }
            ("fsync" | "fdatasync", Some(file)) => self.syncs.push(Sync { file, path, span }),
            ("rename", Some(file)) => {
                let to = call.path(1);
                let (folder, from) = place(names, &path)?;
                let (_, name) = place(names, &to)?;
                names.remove(&path);
                names.insert(to, file);
                self.deeds.push((Deed::Rename { folder, from, to: name, file }, span));
            }
            ("unlink", Some(_)) => {
                let (folder, name) = place(names, &path)?;
                names.remove(&path);
                self.deeds.push((Deed::Unlink { folder, name }, span));
            }
            // A socket is no file, and reading changes nothing.
            ("unlink" | "openat", _) => {}
            (name, _) => anyhow::bail!("the trace has a call that is not understood: {name} of {path}"),
        }
        Ok(())
    }

    fn create(&mut self, names: &mut BTreeMap<String, usize>, path: &str, span: Span) -> Result<usize> {
        let file = self.files;
        self.files += 1;
        let (folder, name) = place(names, path)?;
        names.insert(path.to_owned(), file);
        self.deeds.push((Deed::Link { folder, name, file }, span));
        Ok(file)
    }

    fn answered(&mut self, call: &Call) {
        let bytes = call.bytes(1);
        let mut rest = bytes.as_slice();
        while let Some((answer, more)) = rest.split_first_chunk::<{ wire::ANSWER }>() {
            let (answer, text) = wire::head(*answer);
            if answer.code == 0 {
                self.answers.push((call.begin, answer.id, answer.sequence));
            }
            rest = more.get(text..).unwrap_or_default();
        }
    }

    /// Puts into the empty `folder` what a disk may hold when power went at `point`. Syncs of paths that hold `without`
    /// are taken for ones that never were. Errors: what the disk says.
    pub fn restore(&self, folder: &Path, point: usize, chance: &mut Chance, without: Option<&str>) -> Result<Fate> {
        let fate = Fate::any(chance);
        let in_order = chance.often(50);
        let mut certain: HashMap<usize, usize> = HashMap::new();
        let counts = |sync: &&Sync| sync.span.end <= point && without.is_none_or(|class| !sync.path.contains(class));
        for sync in self.syncs.iter().filter(counts) {
            let until = certain.entry(sync.file).or_default();
            *until = (*until).max(sync.span.begin);
        }
        let mut image = Image::default();
        let mut ended: HashMap<usize, bool> = HashMap::new();
        for (deed, span) in self.deeds.iter().filter(|(_, span)| span.begin < point) {
            let key = deed.synced_with();
            let is_certain = certain.get(&key).is_some_and(|until| span.end <= *until);
            if is_certain {
                image.apply(deed);
            } else if deed.is_name() && in_order {
                // A journalling file system loses names from the end only.
                let is_over = ended.entry(key).or_insert(false);
                *is_over |= fate != Fate::Kept && (fate == Fate::Dropped || chance.often(30));
                if !*is_over {
                    image.apply(deed);
                }
            } else {
                image.perhaps(deed, fate, chance);
            }
        }
        image.write(folder, ROOT, &self.folders)?;
        Ok(fate)
    }
}

fn place(names: &BTreeMap<String, usize>, path: &str) -> Result<(usize, String)> {
    let (folder, name) = path.rsplit_once('/').context("a path without a folder")?;
    let folder = names.get(folder).with_context(|| format!("{path} lies in a folder that nobody made"))?;
    Ok((*folder, name.to_owned()))
}

/// Files and folders as they are put together.
#[derive(Default)]
struct Image {
    content: HashMap<usize, Vec<u8>>,
    names: BTreeMap<(usize, String), usize>,
}

impl Image {
    fn apply(&mut self, deed: &Deed) {
        match deed {
            Deed::Write { file, at, bytes } => self.put(*file, *at, bytes),
            Deed::Length { file, length } => self.content.entry(*file).or_default().resize(*length, 0),
            Deed::Grow { file, length } => {
                let content = self.content.entry(*file).or_default();
                content.resize(content.len().max(*length), 0);
            }
            Deed::Link { folder, name, file } => drop(self.names.insert((*folder, name.clone()), *file)),
            Deed::Unlink { folder, name } => drop(self.names.remove(&(*folder, name.clone()))),
            Deed::Rename { folder, from, to, file } => {
                self.names.remove(&(*folder, from.clone()));
                self.names.insert((*folder, to.clone()), *file);
            }
        }
    }

    fn perhaps(&mut self, deed: &Deed, fate: Fate, chance: &mut Chance) {
        match (fate, deed) {
            (Fate::Dropped, _) => {}
            (Fate::Torn(sector), Deed::Write { file, at, bytes }) if chance.often(70) => {
                let (mut at, mut rest) = (*at, bytes.as_slice());
                while !rest.is_empty() {
                    let (part, more) = rest.split_at(rest.len().min(sector - at % sector));
                    if chance.often(50) {
                        self.put(*file, at, part);
                    }
                    at += part.len();
                    rest = more;
                }
            }
            (Fate::Reordered | Fate::Torn(_), _) if chance.often(50) => {}
            _ => self.apply(deed),
        }
    }

    fn put(&mut self, file: usize, at: usize, bytes: &[u8]) {
        let content = self.content.entry(file).or_default();
        let end = at + bytes.len();
        content.resize(content.len().max(end), 0);
        if let Some(room) = content.get_mut(at..end) {
            room.copy_from_slice(bytes);
        }
    }

    fn write(&self, path: &Path, folder: usize, folders: &[usize]) -> Result<()> {
        for ((_, name), file) in self.names.iter().filter(|((above, _), _)| *above == folder) {
            let path = path.join(name);
            if folders.contains(file) {
                fs::DirBuilder::new().mode(0o700).create(&path)?;
                self.write(&path, *file, folders)?;
            } else {
                use std::io::Write as _;
                let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
                out.write_all(self.content.get(file).map_or(&[], Vec::as_slice))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace;
    use super::*;

    fn recording() -> Recording {
        let hex = |text: &str| text.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
        let (folder, file) = (hex("/r"), hex("/r/a"));
        let text = format!(
            "1 openat(AT_FDCWD<{folder}>, \"{file}\", O_RDWR|O_CREAT, 0600) = 5<{file}>\n\
             1 pwrite64(5<{file}>, \"{}\", 3, 0) = 3\n1 fsync(5<{file}>) = 0\n1 fsync(6<{folder}>) = 0\n\
             1 pwrite64(5<{file}>, \"{}\", 3, 3) = 3\n",
            hex("one"),
            hex("two")
        );
        Recording::of(&trace::read(&text), "/r", 5).expect("understood")
    }

    fn contents(point: usize, without: Option<&str>) -> std::collections::BTreeSet<Option<Vec<u8>>> {
        let images = (0..200).map(|n| {
            let folder = tempfile::tempdir().expect("a folder");
            recording().restore(folder.path(), point, &mut Chance::new(1, n), without).expect("written");
            fs::read(folder.path().join("a")).ok()
        });
        images.collect()
    }

    #[test]
    fn what_was_synced_is_there_and_the_rest_may_be() {
        let some = |text: &[u8]| Some(text.to_vec());
        assert_eq!(contents(5, None), [some(b"one"), some(b"onetwo")].into());
        assert_eq!(contents(2, None), [None, some(b"one")].into(), "its name was not synced yet");
        assert!(contents(5, Some("/r/a")).contains(&some(b"")), "without the sync");
        assert!(contents(5, Some("/r")).contains(&None), "without any sync");
    }
}
