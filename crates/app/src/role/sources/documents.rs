//! Documents of one source: found, waited for until they stay as they are, read when they are not what was read before.
//!
//! Before a run's first batch leaves, the run stands on disk with what tells its document from others; a run that is broken
//! off is done again under the same ids, so that the journal takes nothing twice.

use super::kept::{MOST, Memory, Run, Seen, Stamp, UnderWay};
use super::trouble::Trouble;
use crate::config::Source;
use crate::io::file::write_durably;
use crate::io::import::{Reading, Report};
use crate::io::link::{Message, deliver};
use crate::role::places::{Places, secret};
use crate::role::{Stop, new_id, now};
use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use wardlight_ingest::mapping::Mapping;
use wardlight_model::journal::FORMAT;
use wardlight_model::{Id, Scope};

/// The program that reads; another may give other batches.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Looks at the documents of one source.
pub(super) struct Documents<'a> {
    source: &'a Source,
    places: &'a Places,
    stop: &'a Stop,
    memory: Memory,
    /// What the last look saw of those that are not read yet.
    before: BTreeMap<PathBuf, Stamp>,
}

/// A document that is due.
struct Due {
    path: PathBuf,
    name: String,
    stamp: Stamp,
    /// What tells its content, and how it is to be read, from others.
    print: String,
}

impl<'a> Documents<'a> {
    /// Begins with what is remembered. Errors: that cannot be read.
    pub fn open(source: &'a Source, places: &'a Places, stop: &'a Stop) -> Result<Self, Trouble> {
        let mut memory = Memory::open(places.source(&source.name))?;
        memory.kept.since.get_or_insert_with(now);
        Ok(Self { source, places, stop, memory, before: BTreeMap::new() })
    }

    /// What is remembered.
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Reads what is new and stayed as it was since the last look. `true` when nothing must be looked at again soon.
    pub fn look(&mut self) -> bool {
        let mut trouble = None;
        let found = self.found(&mut trouble);
        if trouble.is_none() {
            self.forget(&found);
        }
        let kept = &self.memory.kept;
        let is_new = |(path, stamp): &(PathBuf, Stamp)| {
            name(path).and_then(|name| kept.documents.get(name)).is_none_or(|seen| seen.stamp != *stamp)
        };
        let fresh: Vec<(PathBuf, Stamp)> = found.into_iter().filter(is_new).collect();
        let (mut due, moving): (Vec<_>, Vec<_>) =
            fresh.iter().cloned().partition(|(path, stamp)| self.before.get(path) == Some(stamp));
        self.before = fresh.into_iter().collect();
        // The later of two exports has the last word.
        due.sort_by(|(a, one), (b, other)| (one, a).cmp(&(other, b)));
        for (path, stamp) in due {
            if self.stop.is_wanted() {
                break;
            }
            match self.take(&path, stamp) {
                Ok(()) => {}
                Err(error) if error.is_lasting => trouble = trouble.or(Some(error)),
                Err(error) => {
                    // What comes after it must not be overtaken.
                    trouble = Some(error);
                    break;
                }
            }
        }
        let lasting = trouble.filter(|trouble| !trouble.is_lasting);
        self.memory.note(lasting, now());
        moving.is_empty()
    }

    /// The documents there are.
    fn found(&self, trouble: &mut Option<Trouble>) -> Vec<(PathBuf, Stamp)> {
        let path = &self.source.path;
        let listed = fs::metadata(path).and_then(|meta| match meta.is_dir() {
            true => fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>(),
            false => Ok(vec![path.clone()]),
        });
        let mut found = Vec::new();
        match listed {
            Err(error) => *trouble = Some(Trouble::open(path, &error)),
            Ok(paths) => paths.into_iter().filter(|one| one == path || !is_hidden(one)).for_each(|one| {
                match fs::metadata(&one) {
                    Ok(meta) if meta.is_file() && name(&one).is_none() => *trouble = Some(Trouble::unnamed(&one)),
                    Ok(meta) if meta.is_file() => found.push((one, stamp(&meta))),
                    Ok(_) if one == *path => *trouble = Some(Trouble::special(&one)),
                    Ok(_) => {}
                    // It went meanwhile, or leads nowhere.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => *trouble = Some(Trouble::open(&one, &error)),
                }
            }),
        }
        if found.len() > MOST {
            *trouble = Some(Trouble::crowd(path, found.len()));
            found.clear();
        }
        found
    }

    /// Takes a document in, unless its content is what was read before. Errors: why it is not.
    fn take(&mut self, path: &Path, stamp: Stamp) -> Result<(), Trouble> {
        let mapping = self.mapping()?;
        let print = self.print(path, mapping.as_ref().map(|(text, _)| text.as_str()))?;
        let name = name(path).unwrap_or_default().to_owned();
        let due = Due { path: path.to_owned(), name, stamp, print };
        if self.is_known(&due) {
            self.memory.kept.fresh = Some(now());
            let is_bad = self.memory.kept.documents.get(&due.name).is_some_and(|seen| seen.is_bad);
            return self.seen(due, is_bad);
        }
        self.read(due, mapping.as_ref().map(|(_, mapping)| mapping))
    }

    /// Whether it is what was read last, what this document was before, or a document that was only given another name.
    fn is_known(&self, due: &Due) -> bool {
        let kept = &self.memory.kept;
        let is_own = kept.documents.get(&due.name).is_some_and(|seen| seen.print == due.print);
        let is_renamed = |seen: &Seen| seen.print == due.print && seen.stamp == due.stamp && !seen.is_bad;
        let is_last = kept.run.as_ref().is_some_and(|run| run.print == due.print);
        is_own || is_last || kept.documents.values().any(is_renamed)
    }

    fn read(&mut self, due: Due, mapping: Option<&Mapping>) -> Result<(), Trouble> {
        let fail = |error: &anyhow::Error| Trouble::server(&due.path, error);
        let run = self.begin(&due)?;
        let reading = Reading {
            path: &due.path,
            name: None,
            called: Some(&self.source.name),
            importer: Some(self.source.kind.as_str()).filter(|kind| !kind.is_empty()),
            mapping,
            is_whole: !self.source.part,
            scope: Scope(self.source.scope),
            run: run.run,
            now: run.at,
        };
        if let Err(error) = reading.importer() {
            let trouble = Trouble::unknown(&due.path, &error);
            return self.end(due, Err(trouble));
        }
        let report = self.give(&reading).map_err(|error| fail(&error))?;
        let meta = fs::metadata(&due.path).map_err(|error| Trouble::open(&due.path, &error))?;
        if stamp(&meta) != due.stamp {
            self.memory.kept.under_way = None;
            return Err(Trouble::changed(&due.path));
        }
        let told = format!("{}, run {}\n{}", due.path.display(), run.run, report.lines(usize::MAX));
        // For people's eyes: the counts stand elsewhere.
        let _ = write_durably(&self.places.report(&self.source.name), told.as_bytes());
        let outcome = match report.broken {
            Some(why) => Err(Trouble::unread(&due.path, &why)),
            None => Ok(Run {
                id: run.run,
                at: now(),
                document: due.name.clone(),
                rows: report.tally.rows.saturating_sub(report.tally.silent),
                mended: report.tally.mended,
                set_aside: report.tally.set_aside,
                print: due.print.clone(),
            }),
        };
        self.end(due, outcome)
    }

    /// The run that reads `due`: the one that was broken off, if it was the same document. Errors: it cannot be noted.
    fn begin(&mut self, due: &Due) -> Result<UnderWay, Trouble> {
        let earlier = self.memory.kept.under_way.clone();
        if let Some(run) = earlier.filter(|run| run.print == due.print && run.version == VERSION) {
            return Ok(run);
        }
        let run = new_id().map_err(|error| Trouble::server(&due.path, &error))?;
        let run = UnderWay { run, at: now(), print: due.print.clone(), version: VERSION.to_owned() };
        self.memory.kept.under_way = Some(run.clone());
        self.memory.keep().map(|()| run)
    }

    /// Reads and hands on, each batch under an id that follows from its run.
    fn give(&self, reading: &Reading<'_>) -> anyhow::Result<Report> {
        let socket = self.places.socket();
        let mut stream = UnixStream::connect(&socket).with_context(|| socket.display().to_string())?;
        let mut number = 0_u64;
        reading.read(&secret(&self.places.names_key())?, |kind, body| {
            anyhow::ensure!(!self.stop.is_wanted(), "the server is stopping");
            number += 1;
            let message = Message { id: batch_id(reading, number), kind: kind.number(), format: FORMAT, body };
            deliver(&message, &mut stream)
        })
    }

    /// Notes what became of `due`. Errors: what it became, or that it cannot be noted.
    fn end(&mut self, due: Due, outcome: Result<Run, Trouble>) -> Result<(), Trouble> {
        let kept = &mut self.memory.kept;
        kept.under_way = None;
        let outcome = match outcome {
            Ok(run) => {
                kept.fresh = Some(run.at);
                kept.run = Some(run);
                Ok(())
            }
            Err(trouble) => {
                kept.failure = Some(trouble.clone().at(now()));
                Err(trouble)
            }
        };
        self.seen(due, outcome.is_err())?;
        outcome
    }

    fn seen(&mut self, due: Due, is_bad: bool) -> Result<(), Trouble> {
        self.before.remove(&due.path);
        let documents = &mut self.memory.kept.documents;
        documents.insert(due.name, Seen { stamp: due.stamp, print: due.print, is_bad });
        // Those that are gone are remembered as long as there is room: they may come again under another name.
        while documents.len() > MOST {
            let is_there = |name: &str| self.source.path.join(name).exists();
            let gone = documents.iter().filter(|(name, _)| !is_there(name)).min_by_key(|(_, seen)| seen.stamp);
            let Some(name) = gone.map(|(name, _)| name.clone()) else { break };
            documents.remove(&name);
        }
        self.memory.keep()
    }

    /// What could not be read and was taken away troubles nobody any more.
    fn forget(&mut self, found: &[(PathBuf, Stamp)]) {
        let is_there = |wanted: &String| found.iter().any(|(path, _)| name(path) == Some(wanted));
        let documents = &mut self.memory.kept.documents;
        let before = documents.len();
        documents.retain(|name, seen| !seen.is_bad || is_there(name));
        if documents.len() < before {
            // Not noted, it is forgotten at the next start.
            let _ = self.memory.keep();
        }
    }

    /// The mapping that the source names, with its text. Errors: it cannot be read.
    fn mapping(&self) -> Result<Option<(String, Mapping)>, Trouble> {
        let path = &self.source.mapping;
        if path.as_os_str().is_empty() {
            return Ok(None);
        }
        let text = fs::read_to_string(path).map_err(|error| Trouble::mapping(path, &error.into()))?;
        let mapping = Mapping::from_toml(&text).map_err(|error| Trouble::mapping(path, &error.into()))?;
        Ok(Some((text, mapping)))
    }

    /// SHA-256 over the document and how it is to be read, shortened. Errors: it cannot be read.
    fn print(&self, path: &Path, mapping: Option<&str>) -> Result<String, Trouble> {
        let Source { kind, part, scope, .. } = self.source;
        let mut hash = Sha256::new();
        hash.update(format!("{kind}\n{part}\n{scope}\n{}\n", mapping.unwrap_or_default().len()));
        hash.update(mapping.unwrap_or_default());
        let fail = |error: io::Error| Trouble::open(path, &error);
        let mut from = fs::File::open(path).map_err(fail)?;
        let mut block = vec![0; 1 << 20];
        loop {
            match from.read(&mut block).map_err(fail)? {
                0 => break,
                read => hash.update(block.get(..read).unwrap_or_default()),
            }
        }
        Ok(hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }
}

/// The id of a run's batch `number`: the same when the run is done again.
fn batch_id(reading: &Reading<'_>, number: u64) -> Id {
    let hash = Sha256::new().chain_update(reading.run.0).chain_update(number.to_be_bytes()).finalize();
    let chance = hash.first_chunk().copied().unwrap_or_default();
    Id::at(u64::try_from(reading.now.micros() / 1000).unwrap_or_default(), chance)
}

fn name(path: &Path) -> Option<&str> {
    path.file_name().and_then(|name| name.to_str())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn stamp(meta: &fs::Metadata) -> Stamp {
    let since = meta.modified().ok().and_then(|changed| changed.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Stamp { changed: i64::try_from(since.as_micros()).unwrap_or(i64::MAX), size: meta.len() }
}
