//! Whether what conversations are said to speak is what two other readers say: tshark and nDPI, over a folder of captures.
//!
//! In: captures, `golden/agreement/words.toml` (which names mean the same) and `golden/agreement/explained.toml` (where we
//! differ, and why). Out: the share of conversations on which we agree with each, and every class of disagreement. A
//! conversation of which the other names no protocol is no part of the comparison.

mod classes;
mod ours;
mod theirs;
mod words;

use crate::test;
use anyhow::{Context as _, Result, ensure};
use classes::Classes;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use words::Words;

/// Least share of conversations on which we agree with each.
const GOAL: f64 = 0.95;

/// What to compare.
#[derive(clap::Args, Debug, Clone)]
pub struct Plan {
    /// Folder of captures; `proto_corpus` below `$WARDLIGHT_CORPUS` when none is given.
    pub folder: Option<PathBuf>,
    /// The program; built when none is named.
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// Shows every conversation of each class of disagreement, explained or not.
    #[arg(long)]
    pub all: bool,
}

/// Both ends of a conversation, the lower first, by TCP or not.
type Ends = (bool, (IpAddr, u16), (IpAddr, u16));
/// What conversations are said to speak.
type Said = BTreeMap<Ends, BTreeSet<String>>;

/// Who is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Other {
    Tshark,
    Ndpi,
}

impl Other {
    const ALL: [Self; 2] = [Self::Tshark, Self::Ndpi];

    const fn name(self) -> &'static str {
        match self {
            Self::Tshark => "tshark",
            Self::Ndpi => "ndpi",
        }
    }
}

fn ends(is_tcp: bool, one: (IpAddr, u16), other: (IpAddr, u16)) -> Ends {
    (is_tcp, one.min(other), one.max(other))
}

/// Carries `plan` out. Errors: a class of disagreement is not explained, or too few agree.
pub fn run(root: &Path, plan: &Plan) -> Result<()> {
    let program = plan.program.clone().map_or_else(|| test::program(root), Ok)?;
    let folder = match &plan.folder {
        Some(folder) => folder.clone(),
        None => {
            let corpus = std::env::var_os("WARDLIGHT_CORPUS").context("WARDLIGHT_CORPUS names no folder")?;
            Path::new(&corpus).join("proto_corpus")
        }
    };
    let words = Words::read(&root.join("golden/agreement/words.toml"))?;
    let files = captures(&folder)?;
    ensure!(!files.is_empty(), "{} holds no capture", folder.display());
    let (queue, classes) = (Mutex::new(files.iter()), Mutex::new(Classes::default()));
    let work = || -> Result<()> {
        let scratch = tempfile::Builder::new().prefix("wl-agree-").tempdir()?;
        loop {
            let Some(file) = queue.lock().ok().and_then(|mut files| files.next()) else { return Ok(()) };
            let ours = ours::said(&program, file, scratch.path())?;
            let name = file.strip_prefix(&folder).unwrap_or(file).display().to_string();
            for other in Other::ALL {
                let theirs = theirs::said(other, file, scratch.path())?;
                let mut classes = classes.lock().ok().context("another worker failed")?;
                classes.compare(other, &ours, &theirs, &words, &name);
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().ok().context("a worker panicked")?)
    })?;
    let classes = classes.into_inner().ok().context("a worker panicked")?;
    classes.judge(&root.join("golden/agreement/explained.toml"), plan.all)
}

/// All captures below `folder`, in order.
fn captures(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if ["pcap", "pcapng", "cap", "trace", "dmp"].contains(&kind) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
