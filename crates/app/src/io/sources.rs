//! Which captures a command line means, and in which order.

use super::read::{self, Go, InputError};
use std::collections::BTreeSet;
use std::fmt;
use std::fs::Metadata;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use wardlight_capture::{Stream, StreamError};
use wardlight_model::Time;

/// Deepest folder within a folder that is looked into.
const DEPTH: usize = 16;

/// One capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file, or standard input when it is `-`.
    File(PathBuf),
    /// A small hospital ward, written by the laboratory, to show something at once.
    Sample,
}

impl Source {
    /// The name it goes by in messages.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Sample => Path::new("sample ward"),
        }
    }

    /// Opens it. Errors: [`StreamError`].
    pub fn open(&self) -> Result<Stream, StreamError> {
        match self {
            Self::File(path) => Stream::open(path),
            Self::Sample => {
                let capture = wardlight_lab::ward_capture();
                let length = u64::try_from(capture.len()).ok();
                Stream::over(self.path(), Box::new(Cursor::new(capture)), length)
            }
        }
    }

    /// Whether there is such a file.
    pub fn is_there(&self) -> bool {
        matches!(self, Self::Sample) || self.path().as_os_str() == "-" || self.path().exists()
    }

    /// Whether it can be read only once.
    pub fn is_pipe(&self) -> bool {
        let is_stream = |path: &Path| std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir());
        matches!(self, Self::File(path) if path.as_os_str() == "-" || is_stream(path))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().display().fmt(out)
    }
}

/// The captures that a command line means.
#[derive(Default)]
pub struct Expanded {
    /// They, in the order in which to read them.
    pub sources: Vec<Source>,
    /// What lies in a named folder and was meant as a capture, but cannot be used.
    pub errors: Vec<InputError>,
}

/// The captures that `named` means: files as they are, folders as the captures in them in order of their first frame,
/// nothing as the sample. Links are followed, and a file that several lead to is read once. A file of a folder is passed
/// over without a word only when it is no capture and is not called like one.
pub fn expand(named: &[PathBuf]) -> Expanded {
    let mut all = Expanded::default();
    if named.is_empty() {
        all.sources.push(Source::Sample);
    }
    for path in named {
        if path.is_dir() {
            let mut folder = Folder::default();
            folder.enter(path, DEPTH);
            folder.captures.sort();
            if folder.captures.is_empty() && folder.errors.is_empty() {
                folder.errors.push(InputError::NoCaptures(path.clone()));
            }
            all.sources.extend(folder.captures.into_iter().map(|(_, path)| Source::File(path)));
            all.errors.extend(folder.errors);
        } else {
            all.sources.push(Source::File(path.clone()));
        }
    }
    all
}

/// Bytes of all `sources` together, for showing progress; `None` when one is a pipe.
pub fn total(sources: &[Source]) -> Option<u64> {
    let length = |source: &Source| match source {
        Source::File(path) => std::fs::metadata(path).ok().filter(Metadata::is_file).map(|meta| meta.len()),
        Source::Sample => Some(0),
    };
    sources.iter().map(length).sum()
}

/// What lies in a named folder and the folders in it.
#[derive(Default)]
struct Folder {
    /// Captures with the time of their first frame; none when they hold no frame.
    captures: Vec<(Option<Time>, PathBuf)>,
    errors: Vec<InputError>,
    /// Where everything met really lies: links may lead to it again, and in circles.
    met: BTreeSet<PathBuf>,
}

impl Folder {
    fn enter(&mut self, folder: &Path, depth: usize) {
        let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut paths: Vec<PathBuf> = match entries {
            Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
            Err(source) => return self.fail(folder, source),
        };
        paths.sort();
        for path in paths {
            match std::fs::canonicalize(&path).and_then(|real| Ok((std::fs::metadata(&real)?, real))) {
                Err(source) => self.fail(&path, source),
                Ok((meta, real)) => {
                    if self.met.insert(real) {
                        self.meet(path, &meta, depth);
                    }
                }
            }
        }
    }

    fn meet(&mut self, path: PathBuf, meta: &Metadata, depth: usize) {
        if meta.is_file() {
            self.take(path);
        } else if !meta.is_dir() {
            if is_called_capture(&path) {
                self.fail(&path, io::Error::other("it is no regular file"));
            }
        } else if depth == 0 {
            self.fail(&path, io::Error::other(format!("it lies more than {DEPTH} folders deep")));
        } else {
            self.enter(&path, depth - 1);
        }
    }

    fn take(&mut self, path: PathBuf) {
        match first_time(&path) {
            Ok(time) => self.captures.push((time, path)),
            Err(error) if error.is_of_no_capture() && !is_called_capture(&path) => {}
            Err(error) => self.errors.push(error),
        }
    }

    fn fail(&mut self, path: &Path, source: io::Error) {
        self.errors.push(InputError::Stream(StreamError::Open { path: path.to_owned(), source }));
    }
}

/// Whether a file is called as captures are: `.pcap`, `.pcapng`, `.cap`, `.trace`, `.dmp`, also numbered as tcpdump does
/// (`.pcap12`), also packed (`.pcap.gz`).
fn is_called_capture(path: &Path) -> bool {
    const ENDS: [&str; 5] = ["pcap", "pcapng", "cap", "trace", "dmp"];
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    ENDS.contains(&end.trim_end_matches(|c: char| c.is_ascii_digit()))
}

/// When the first frame of a capture was captured; `None` when it holds none. Errors: [`InputError`] before that frame.
fn first_time(path: &Path) -> Result<Option<Time>, InputError> {
    let mut first = None;
    read::frames(&Source::File(path.to_owned()), 0, |frame, _| {
        first = Some(frame.time);
        Go::Stop
    })?;
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_known_by_how_they_are_called() {
        for name in ["a.pcap", "A.PCAPNG", "a.cap", "a.pcap12", "a.pcap.gz", "a.b.pcapng.zst", "a.trace"] {
            assert!(is_called_capture(Path::new(name)), "{name}");
        }
        for name in ["notes.txt", "pcap", "labels.csv", "a.gz", "capture.md", "a.tar.gz", ".gitkeep"] {
            assert!(!is_called_capture(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn a_pipe_is_read_once_and_a_missing_file_is_none() {
        assert!(Source::File("-".into()).is_pipe() && Source::File("/dev/null".into()).is_pipe());
        assert!(!Source::File("/no/such/file.pcap".into()).is_pipe() && !Source::Sample.is_pipe());
    }
}
