//! Which captures a command line means, and in which order.

use super::read::{self, Go, InputError};
use std::fmt;
use std::io::Cursor;
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

    /// Whether it can be read only once.
    pub fn is_pipe(&self) -> bool {
        matches!(self, Self::File(path) if path.as_os_str() == "-" || !path.is_file())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().display().fmt(out)
    }
}

/// The captures that `named` means: files as they are, folders as the captures in them in order of their first frame,
/// nothing as the sample. A file of a folder that is no capture is passed over. Errors: a folder cannot be opened.
pub fn expand(named: &[PathBuf]) -> Result<Vec<Source>, InputError> {
    if named.is_empty() {
        return Ok(vec![Source::Sample]);
    }
    let mut all = Vec::new();
    for path in named {
        if path.is_dir() {
            let mut found = Vec::new();
            collect(path, DEPTH, &mut found)?;
            let mut timed: Vec<(Time, PathBuf)> =
                found.into_iter().filter_map(|path| Some((first_time(&path)?, path))).collect();
            timed.sort();
            all.extend(timed.into_iter().map(|(_, path)| Source::File(path)));
        } else {
            all.push(Source::File(path.clone()));
        }
    }
    Ok(all)
}

/// Bytes of all `sources` together, for showing progress; `None` when one is a pipe.
pub fn total(sources: &[Source]) -> Option<u64> {
    let length = |source: &Source| match source {
        Source::File(path) => std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len()),
        Source::Sample => Some(0),
    };
    sources.iter().map(length).sum()
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), InputError> {
    let fail = |source| InputError::Stream(StreamError::Open { path: folder.to_owned(), source });
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let kind = entry.file_type().map_err(fail)?;
        if kind.is_dir() && depth > 0 {
            collect(&entry.path(), depth - 1, found)?;
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// When the first frame of a capture was captured; `None` when it is no capture or holds none.
fn first_time(path: &Path) -> Option<Time> {
    let mut first = None;
    let _ = read::frames(&Source::File(path.to_owned()), 0, |frame, _| {
        first = Some(frame.time);
        Go::Stop
    });
    first
}
