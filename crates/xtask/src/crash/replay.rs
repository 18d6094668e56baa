//! What a recorded run did to its folders, and what a disk may hold of it after the power went.
//!
//! Certain is only what a sync promised: content, when the file was synced after it was written; a name, when its folder
//! was. All else may be there or not, in any order, in part by sectors. This is stricter than any one file system.
//! A call that the model does not know is an error, and so is a folder that is not in the end what the model says.

use super::chance::Chance;
use super::image::{Deed, Fate, Image};
use super::trace::{Call, HIDDEN};
use super::wire;
use anyhow::{Context as _, Result, bail, ensure};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use wardlight_model::Id;

/// A time from one line of the trace to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    begin: usize,
    end: usize,
}

/// A sync that counts.
#[derive(Debug, Clone)]
pub(super) struct Sync {
    file: usize,
    /// What was synced, from the root folder.
    pub path: String,
    /// The function that asked for it; empty when that is not known.
    pub function: String,
    span: Span,
}

/// What runs did.
#[derive(Debug, Default)]
pub(super) struct Recording {
    base: Image,
    live: Image,
    deeds: Vec<(Deed, Span)>,
    /// The syncs, in their order.
    pub syncs: Vec<Sync>,
    /// Batches that were acknowledged, each with the line and its journal sequence.
    pub answers: Vec<(usize, Id, u64)>,
    /// Lines of text that were printed to a file called `told` outside the root folder, each with its line of the trace.
    pub told: Vec<(usize, String)>,
    /// Folders that were made, from the root folder, each with its line of the trace.
    pub made: Vec<(usize, String)>,
    mapped: BTreeSet<usize>,
    modes: HashMap<usize, u64>,
    /// The line at which each name that was taken away was gone.
    going: HashMap<String, usize>,
    next: usize,
    /// Lines of the traces so far.
    pub lines: usize,
}

impl Recording {
    /// Nothing done yet to what is in `base`, all of which is certain.
    pub fn on(base: Image) -> Self {
        Self { next: base.next(), live: base.clone(), base, ..Self::default() }
    }

    /// Adds what `calls`, of a trace of so many `lines`, did below `root`. Errors: a call that the model does not know.
    pub fn add(&mut self, calls: &[Call], lines: usize, root: &str) -> Result<()> {
        let before = self.lines;
        self.lines += lines;
        for call in calls {
            ensure!(!call.name.starts_with("io_"), "{} writes what no call shows", call.name);
            let span = Span { begin: before + call.begin, end: before.saturating_add(call.end) };
            let target = call.target();
            if call.name == "sendto" && target.starts_with("socket:") {
                // Also one that was under way in the end: whoever sends it has what it says on disk.
                self.answered(call, span);
            } else if call.result >= 0 && call.name == "write" && target.ends_with("/told") {
                self.told.push((span.begin, String::from_utf8_lossy(&call.bytes(1)).trim().to_owned()));
            } else if call.result >= 0 && call.touches(root) {
                self.take(call, span, root).with_context(|| {
                    let arguments: Vec<String> = call.arguments.iter().map(|text| start(text)).collect();
                    format!("the model of a disk does not know {}({})", call.name, arguments.join(", "))
                })?;
            }
        }
        Ok(())
    }

    /// Compares the model with the folder at `path`. Errors: they differ, so that something was done that no call
    /// showed.
    pub fn agrees(&self, path: &Path) -> Result<()> {
        let real = Image::read(path)?;
        let differing = self.live.towards(&real, self.next).into_iter().filter(|deed| !self.is_unseen(deed));
        let differing: Vec<String> = differing.map(|deed| start(&format!("{deed:?}"))).collect();
        ensure!(differing.is_empty(), "the model of a disk is not the disk: {}", differing.join("; "));
        Ok(())
    }

    /// Takes over from the folder at `path` what calls did that a kill cut off, as uncertain as they were. Errors: the
    /// folder cannot be read.
    pub fn reconcile(&mut self, path: &Path) -> Result<()> {
        let real = Image::read(path)?;
        let span = Span { begin: self.lines, end: self.lines };
        for deed in self.live.towards(&real, self.next) {
            if !self.is_unseen(&deed) {
                self.act(deed, span);
            }
        }
        self.next = self.next.max(self.live.next());
        self.lines += 1;
        Ok(())
    }

    /// Whether `deed` is about a file that memory is.
    fn is_unseen(&self, deed: &Deed) -> bool {
        !deed.is_name() && self.mapped.contains(&deed.synced_with())
    }

    fn act(&mut self, deed: Deed, span: Span) {
        self.live.apply(&deed);
        self.deeds.push((deed, span));
    }

    fn take(&mut self, call: &Call, span: Span, root: &str) -> Result<()> {
        let target = call.target();
        if target.ends_with("(deleted)") {
            // Nobody finds it any more.
            return Ok(());
        }
        let path = below(root, &target).context("it comes from outside the root folder")?;
        match (call.name.as_str(), self.live.find(path)) {
            // Another thread was taking its name away, and came second.
            ("openat" | "fsync" | "fdatasync", None) if !call.has(2, "O_CREAT") && self.is_going(path, span) => {}
            ("openat", known) => self.open(call, known, path, span)?,
            ("mkdir" | "mkdirat", None) => {
                let (folder, name) = self.place(path)?;
                self.made.push((span.begin, path.to_owned()));
                let made = self.number();
                self.act(Deed::Folder { folder, name, made }, span);
            }
            ("rename" | "renameat" | "renameat2" | "link" | "linkat", Some(file)) => {
                self.name(call, file, path, root, span)?;
            }
            // What the model does not hold is a socket.
            ("unlink", None) => {}
            ("unlink" | "unlinkat" | "rmdir", Some(_)) => {
                let (folder, name) = self.place(path)?;
                self.going.insert(path.to_owned(), span.end);
                self.act(Deed::Unlink { folder, name }, span);
            }
            ("fsync" | "fdatasync", Some(file)) => {
                self.syncs.push(Sync { file, path: path.to_owned(), function: call.function.clone(), span });
            }
            ("chmod" | "fchmod", Some(file)) => {
                let mode = call.number(1) & 0o7777;
                ensure!(
                    self.modes.get(&file).is_none_or(|was| *was == mode),
                    "it changes the mode that {path} was made with"
                );
            }
            // Whose a file is lies outside the model.
            ("fchown", Some(_)) => {}
            (_, Some(file)) => self.content(call, file, span)?,
            (_, None) => bail!("it is about what the model does not hold"),
        }
        Ok(())
    }

    /// Whether a call that takes the name `path` away was under way when that of `span` began.
    fn is_going(&self, path: &str, span: Span) -> bool {
        self.going.get(path).is_some_and(|end| span.begin <= *end)
    }

    fn open(&mut self, call: &Call, known: Option<usize>, path: &str, span: Span) -> Result<()> {
        ensure!(!call.has(2, "O_TMPFILE") && !call.has(2, "__O_TMPFILE"), "a file without a name");
        match known {
            None => {
                ensure!(call.has(2, "O_CREAT"), "it opens what the model does not hold");
                let (folder, name) = self.place(path)?;
                let file = self.number();
                self.modes.insert(file, call.number(3) & 0o7777);
                self.act(Deed::Link { folder, name, file }, span);
            }
            Some(file) if call.has(2, "O_TRUNC") && self.live.length(file) > 0 => {
                self.act(Deed::Length { file, length: 0 }, span);
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// A new name for `file`, beside the old or in place of it.
    fn name(&mut self, call: &Call, file: usize, path: &str, root: &str, span: Span) -> Result<()> {
        let is_at = call.name.contains("at");
        let to = if is_at { call.path_in(3) } else { call.path(1) };
        let to = below(root, &to).context("it leads outside the root folder")?;
        let ((folder, from), (other, to)) = (self.place(path)?, self.place(to)?);
        let flags = call.arguments.get(4).map_or("0", String::as_str);
        if call.name.starts_with("link") {
            ensure!(flags == "0", "flags {flags}");
            self.act(Deed::Link { folder: other, name: to, file }, span);
        } else {
            ensure!(flags == "0" || flags == "RENAME_NOREPLACE", "flags {flags}");
            ensure!(folder == other, "it moves from one folder to another");
            self.act(Deed::Rename { folder, from, to }, span);
        }
        Ok(())
    }

    fn content(&mut self, call: &Call, file: usize, span: Span) -> Result<()> {
        let deed = match call.name.as_str() {
            "write" | "pwrite64" => {
                let at = if call.name == "write" { self.live.length(file) } else { usize::try_from(call.number(3))? };
                let mut bytes = call.bytes(1);
                bytes.truncate(usize::try_from(call.result).unwrap_or(usize::MAX));
                Deed::Write { file, at, bytes }
            }
            "ftruncate" => Deed::Length { file, length: usize::try_from(call.number(1))? },
            "fallocate" => {
                ensure!(call.arguments.get(1).is_some_and(|mode| mode == "0"), "mode {:?}", call.arguments.get(1));
                Deed::Grow { file, length: usize::try_from(call.number(2) + call.number(3))? }
            }
            "mmap" if !call.has(3, "MAP_SHARED") || !call.has(2, "PROT_WRITE") => return Ok(()),
            "mmap" => {
                self.mapped.insert(file);
                Deed::Map { file }
            }
            name if HIDDEN.contains(name) => bail!("it does not show what it writes"),
            _ => bail!("no such call"),
        };
        self.act(deed, span);
        Ok(())
    }

    fn number(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    fn place(&self, path: &str) -> Result<(usize, String)> {
        let (folder, name) = path.rsplit_once('/').context("a path without a folder")?;
        let folder = self.live.find(folder).with_context(|| format!("{path} lies in a folder that nobody made"))?;
        Ok((folder, name.to_owned()))
    }

    fn answered(&mut self, call: &Call, span: Span) {
        let bytes = call.bytes(1);
        let mut rest = bytes.as_slice();
        while let Some((answer, more)) = rest.split_first_chunk::<{ wire::ANSWER }>() {
            let (answer, text) = wire::head(*answer);
            if answer.code == 0 {
                self.answers.push((span.begin, answer.id, answer.sequence));
            }
            rest = more.get(text..).unwrap_or_default();
        }
    }

    /// What a disk may hold when power went at line `point`. A sync that is not `counted` is taken for one that never
    /// was; everything else is then as it is otherwise with the same `chance`.
    pub fn image(&self, point: usize, chance: &Chance, counted: impl Fn(&Sync) -> bool) -> (Fate, Image) {
        let mut chance = chance.clone();
        let (fate, in_order, salt) = (Fate::any(&mut chance), chance.often(50), chance.next());
        let moment = usize::try_from(chance.below(point as u64 + 1)).unwrap_or_default();
        let mut certain: HashMap<usize, usize> = HashMap::new();
        for sync in self.syncs.iter().filter(|sync| sync.span.end < point && counted(sync)) {
            let until = certain.entry(sync.file).or_default();
            *until = (*until).max(sync.span.begin);
        }
        let mut image = self.base.clone();
        let mut ended: BTreeSet<usize> = BTreeSet::new();
        for (number, (deed, span)) in self.deeds.iter().enumerate().filter(|(_, (_, span))| span.begin < point) {
            let key = deed.synced_with();
            let mut dice = Chance::new(salt, number as u64);
            let fate = match fate {
                Fate::Begun if span.begin < moment => Fate::Kept,
                Fate::Begun => Fate::Dropped,
                fate => fate,
            };
            if certain.get(&key).is_some_and(|until| span.end <= *until) {
                image.apply(deed);
            } else if deed.is_name() && in_order {
                // A journalling file system loses names from the end only.
                if fate == Fate::Dropped || fate != Fate::Kept && dice.often(30) {
                    ended.insert(key);
                }
                if !ended.contains(&key) {
                    image.apply(deed);
                }
            } else {
                image.perhaps(deed, fate, &mut dice);
            }
        }
        (fate, image)
    }

    /// The line at which `sync` ended, and that at which the next one of the same file did, or the last.
    pub fn window(&self, sync: &Sync) -> (usize, usize) {
        let later = self.syncs.iter().filter(|other| other.file == sync.file && other.span.begin > sync.span.end);
        let next = later.map(|other| other.span.end).min().unwrap_or(self.lines);
        (sync.span.end, next.min(self.lines))
    }
}

/// As much of `text` as an error shows.
fn start(text: &str) -> String {
    text.chars().take(200).collect()
}

/// `path` from the folder `root`, when it lies there.
fn below<'a>(root: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::super::trace;
    use super::*;

    fn hex(text: &str) -> String {
        text.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
    }

    fn recorded(text: &str) -> Result<Recording> {
        let text = text.replace("$R", &hex("/r")).replace("$A", &hex("/r/a")).replace("$B", &hex("/r/b"));
        let mut recording = Recording { next: 1, ..Recording::default() };
        recording.add(&trace::read(&text), text.lines().count(), "/r").map(|()| recording)
    }

    fn recording() -> Recording {
        let text = format!(
            "1 openat(AT_FDCWD<$R>, \"$A\", O_RDWR|O_CREAT, 0600) = 5<$A>\n\
             1 pwrite64(5<$A>, \"{}\", 3, 0) = 3\n1 fsync(5<$A>) = 0\n1 fsync(6<$R>) = 0\n\
             1 pwrite64(5<$A>, \"{}\", 3, 3) = 3\n",
            hex("one"),
            hex("two")
        );
        recorded(&text).expect("understood")
    }

    fn contents(point: usize, without: Option<&str>) -> BTreeSet<Option<Vec<u8>>> {
        let images = (0..300).map(|n| {
            let folder = tempfile::tempdir().expect("a folder");
            let counted = |sync: &Sync| without.is_none_or(|path| sync.path != path);
            let (_, image) = recording().image(point, &Chance::new(1, n), counted);
            image.write(folder.path()).expect("written");
            std::fs::read(folder.path().join("a")).ok()
        });
        images.collect()
    }

    #[test]
    fn what_was_synced_is_there_and_the_rest_may_be() {
        let some = |text: &[u8]| Some(text.to_vec());
        assert_eq!(contents(5, None), [some(b"one"), some(b"onetwo"), some(b"one\0\0\0")].into());
        assert_eq!(
            contents(2, None),
            [None, some(b""), some(b"one"), some(b"\0\0\0")].into(),
            "its name was not synced"
        );
        assert!(contents(5, Some("/a")).contains(&some(b"")), "without the sync of the file");
        assert!(contents(5, Some("")).contains(&None), "without that of the folder");
    }

    #[test]
    fn every_way_to_a_name_is_known() {
        let made = "1 openat(AT_FDCWD<$R>, \"$A\", O_RDWR|O_CREAT, 0600) = 5<$A>\n";
        for call in [
            "rename(\"$A\", \"$B\")",
            "renameat(AT_FDCWD<$R>, \"$A\", AT_FDCWD<$R>, \"$B\")",
            "renameat2(AT_FDCWD<$R>, \"$A\", AT_FDCWD<$R>, \"$B\", RENAME_NOREPLACE)",
            "link(\"$A\", \"$B\")",
            "linkat(AT_FDCWD<$R>, \"$A\", AT_FDCWD<$R>, \"$B\", 0)",
        ] {
            let recording = recorded(&format!("{made}1 {call} = 0\n")).expect(call);
            let names = |name| recording.live.find(name).is_some();
            assert_eq!((names("/a"), names("/b")), (call.starts_with("link"), true), "{call}");
        }
    }

    #[test]
    fn what_the_model_does_not_know_is_an_error() {
        let made = "1 openat(AT_FDCWD<$R>, \"$A\", O_RDWR|O_CREAT, 0600) = 5<$A>\n";
        for call in [
            "openat(AT_FDCWD<$R>, \"$R\", O_RDWR|O_TMPFILE, 0600) = 5<$R>",
            "openat(AT_FDCWD<$R>, \"$B\", O_RDWR) = 5<$B>",
            "writev(5<$A>, [{iov_base=\"\\x00\", iov_len=1}], 1) = 1",
            "pwritev(5<$A>, [{iov_base=\"\\x00\", iov_len=1}], 1, 0) = 1",
            "copy_file_range(5<$A>, NULL, 6<$B>, NULL, 10, 0) = 10",
            "sendfile(5<$A>, 6<\\x2f>, NULL, 10) = 10",
            "fallocate(5<$A>, FALLOC_FL_PUNCH_HOLE, 0, 10) = 0",
            "renameat2(AT_FDCWD<$R>, \"$A\", AT_FDCWD<$R>, \"$B\", RENAME_EXCHANGE) = 0",
            "rename(\"\\x2f\\x78\", \"$A\") = 0",
            "rename(\"$A\", \"\\x2f\\x78\") = 0",
            "symlink(\"$A\", \"$B\") = 0",
            "truncate(\"$A\", 1) = 0",
            "fchmod(5<$A>, 0644) = 0",
            "setxattr(\"$A\", \"\\x78\", \"\\x78\", 1, 0) = 0",
            "io_uring_setup(8, 0x7ffe) = 4",
            "ioctl(5<$A>, FICLONE, 6<$B>) = 0",
        ] {
            assert!(recorded(&format!("{made}1 {call}\n")).is_err(), "{call}");
        }
        for call in [
            "fchmod(5<$A>, 0600) = 0",
            "mmap(NULL, 4, PROT_READ, MAP_SHARED, 5<$A>, 0) = 0x7f",
            "truncate(\"$A\", 1) = -1",
        ] {
            recorded(&format!("{made}1 {call}\n")).expect(call);
        }
    }

    #[test]
    fn a_name_may_go_while_another_thread_opens_it() {
        let made = "1 openat(AT_FDCWD<$R>, \"$A\", O_RDWR|O_CREAT, 0600) = 5<$A>\n";
        let opened = "2 openat(AT_FDCWD<$R>, \"$A\", O_RDONLY|O_CLOEXEC) = 6<$A>\n2 fsync(6<$A>) = 0\n";
        let (begun, ended) = ("1 unlink(\"$A\" <unfinished ...>\n", "1 <... unlink resumed>) = 0\n");
        let recording = recorded(&[made, begun, opened, ended].concat()).expect("they meet");
        assert!(recording.live.find("/a").is_none() && recording.syncs.is_empty());
        assert!(recorded(&[made, begun, ended, opened].concat()).is_err(), "it is gone before");
    }

    #[test]
    fn what_no_call_showed_is_found_out() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a"), "onetwo").expect("written");
        recording().agrees(folder.path()).expect("the same");
        std::fs::write(folder.path().join("a"), "onetwO").expect("written");
        assert!(recording().agrees(folder.path()).is_err());
        let mut mended = recording();
        mended.reconcile(folder.path()).expect("read");
        mended.agrees(folder.path()).expect("the same again");
        std::fs::remove_file(folder.path().join("a")).expect("removed");
        assert!(mended.agrees(folder.path()).is_err());
    }

    #[test]
    fn nobody_knows_when_what_is_mapped_reaches_the_disk() {
        let text = "1 openat(AT_FDCWD<$R>, \"$A\", O_RDWR|O_CREAT, 0600) = 5<$A>\n1 fsync(6<$R>) = 0\n\
            1 ftruncate(5<$A>, 8) = 0\n1 fsync(5<$A>) = 0\n\
            1 mmap(NULL, 8, PROT_READ|PROT_WRITE, MAP_SHARED, 5<$A>, 0) = 0x7f\n";
        let recording = recorded(text).expect("understood");
        let images = (0..20).map(|n| {
            let folder = tempfile::tempdir().expect("a folder");
            recording.image(5, &Chance::new(1, n), |_| true).1.write(folder.path()).expect("written");
            std::fs::read(folder.path().join("a")).expect("there")
        });
        assert!(images.collect::<BTreeSet<_>>().len() > 5);
    }
}
