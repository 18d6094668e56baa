//! Conversations that are still under way, on disk: so that a sensor that dies loses what they were in the last seconds, and
//! not what they were before.
//!
//! One file for each ring, whose parts are numbered as what the ring hands on is. It begins with a look at all
//! conversations under way and those that ended just before it; behind it stands which of them ended since. What the spool
//! has of it stands in [`Progress`], so that nothing is told twice: a part that the spool took is told already.

use super::progress::Progress;
use super::{Outbox, lock};
use crate::io::file::write_by;
use crate::io::run;
use crate::role::places::{Places, secret};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use wardlight_engine::{Batch, Gather};
use wardlight_model::journal::{Flows, decode, encode};
use wardlight_model::{Flow, Id, Scope};

/// Most conversations of one part.
const ITEMS: usize = 20_000;
/// Bytes before a part: what it is, its number, its length.
const HEAD: usize = 13;

/// What a part tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Conversations under way.
    Open = 1,
    /// Conversations that ended, handed on under the part's number.
    Ended = 2,
    /// The ids of such conversations.
    Ids = 3,
}

/// The file of one ring.
#[derive(Debug)]
pub(super) struct UnderWay {
    path: PathBuf,
    sensor: Id,
    /// Number of what was handed on last.
    number: u64,
    file: Option<File>,
}

impl UnderWay {
    /// For the ring called `ring`, of `sensor`. The file must have been told already. Errors: the folder cannot be made.
    pub(super) fn new(spool: &Path, ring: &str, sensor: Id, progress: &Progress) -> io::Result<Self> {
        fs::create_dir_all(folder(spool))?;
        let path = folder(spool).join(ring);
        Ok(Self { number: progress.handed_on(ring), path, sensor, file: None })
    }

    /// Looks at all that are under way, `open`, before `batches` are handed on. Errors: the disk's.
    pub(super) fn look(&mut self, open: impl Iterator<Item = Flow>, batches: &[Batch]) -> io::Result<u64> {
        let number = self.number + 1;
        let file = write_by(&self.path, |file| {
            let mut open = open.peekable();
            while open.peek().is_some() {
                let flows: Vec<Flow> = open.by_ref().take(ITEMS).collect();
                let body = encode(&Flows { sensor: self.sensor, flows: flows.into() });
                write(file, Kind::Open, number, &body)?;
            }
            let mut ended = batches.iter().filter_map(|batch| batch.flows.as_ref());
            ended.try_for_each(|flows| write(file, Kind::Ended, number, &encode(flows)))
        })?;
        (self.file, self.number) = (Some(file), number);
        Ok(number)
    }

    /// Notes that the conversations of `batches` ended, before these are handed on. Errors: the disk's.
    pub(super) fn end(&mut self, batches: &[Batch]) -> io::Result<u64> {
        let flows = batches.iter().filter_map(|batch| batch.flows.as_ref());
        let ids: Vec<u8> =
            flows.flat_map(|flows| &flows.flows.items).flat_map(|flow| flow.id.0.to_le_bytes()).collect();
        if ids.is_empty() {
            return Ok(self.number);
        }
        let number = self.number + 1;
        if let Some(file) = &mut self.file {
            let mut bytes = Vec::with_capacity(HEAD + ids.len());
            write(&mut bytes, Kind::Ids, number, &ids)?;
            let length = file.metadata()?.len();
            let written = file.write_all(&bytes).and_then(|()| file.sync_data());
            if written.is_err() {
                // A part of a part would hide those behind it.
                file.set_len(length)?;
                file.seek(SeekFrom::Start(length))?;
            }
            written?;
        }
        self.number = number;
        Ok(number)
    }

    /// Nothing is under way any more, and everything was handed on.
    pub(super) fn close(self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Hands on what the files of an earlier run tell of that was not handed on then; whether it came to its end before
/// everything should. Errors: the spool cannot be written, no memory.
pub(super) fn recover(outbox: &Outbox<'_>, spool: &Path) -> anyhow::Result<bool> {
    let entries = fs::read_dir(folder(spool)).into_iter().flatten().filter_map(Result::ok);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_digit()) {
            // What was being written when an earlier run was killed.
            let _ = fs::remove_file(&path);
            continue;
        }
        if !hand_on(outbox, &path, name)? {
            return Ok(false);
        }
        // Should it stay, it is known to be told.
        let _ = fs::remove_file(&path);
    }
    Ok(true)
}

/// Hands on what the file at `path`, of the ring `name`, tells of.
fn hand_on(outbox: &Outbox<'_>, path: &Path, name: &str) -> anyhow::Result<bool> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("wardlight: cannot read {}: {error}; the conversations it tells of are lost", path.display());
            return Ok(true);
        }
    };
    let told = lock(&outbox.progress).handed_on(name);
    let config = outbox.config;
    let key = secret(&Places::of(config).names_key())?;
    let settings = run::settings(Scope(config.sensor.scope), config.sensor.most_flows, &key)?;
    let (mut gather, mut count) = (Gather::new(settings, 0), 0_u64);
    let number = read(&bytes, told, |flow| {
        count += 1;
        gather.resume(flow);
    });
    drop(bytes);
    if count == 0 {
        return Ok(true);
    }
    eprintln!("wardlight: {count} conversations were under way when the sensor ended, and are told of now");
    let batches = gather.take(outbox.id, &[]);
    outbox.put(&batches, |progress| progress.hand_on(name, number.max(told) + 1))
}

/// Reads a file, as far as it is whole, and gives each conversation that was not handed on under a number up to `told`. Gives
/// the highest number of a part.
fn read(bytes: &[u8], told: u64, mut each: impl FnMut(Flow)) -> u64 {
    let parts: Vec<Part<'_>> = Parts(bytes).collect();
    let number = parts.iter().map(|part| part.number).max().unwrap_or_default();
    if told > number {
        // An earlier run told of it and died before it could remove the file.
        return number;
    }
    let is_told = |part: &&Part<'_>| part.kind != Kind::Open && part.number <= told;
    let ids = parts.iter().filter(is_told).filter(|part| part.kind == Kind::Ids);
    let ids = ids.flat_map(|part| part.body.as_chunks::<8>().0);
    let ended: HashSet<u64> = ids.map(|id| u64::from_le_bytes(*id)).collect();
    for part in parts.iter().filter(|part| part.kind != Kind::Ids && !is_told(part)) {
        let flows = decode::<Flows>(part.body).unwrap_or_default().flows.items;
        flows.into_iter().filter(|flow| !ended.contains(&flow.id.0)).for_each(&mut each);
    }
    number
}

/// A part of a file.
struct Part<'a> {
    kind: Kind,
    number: u64,
    body: &'a [u8],
}

/// The parts of a file up to the first that is not whole.
struct Parts<'a>(&'a [u8]);

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let (head, rest) = self.0.split_first_chunk::<HEAD>()?;
        let [kind, number @ .., a, b, c, d] = *head;
        let kind = [Kind::Open, Kind::Ended, Kind::Ids].into_iter().find(|known| *known as u8 == kind)?;
        let (body, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?)?;
        self.0 = rest;
        Some(Part { kind, number: u64::from_le_bytes(number), body })
    }
}

fn write(to: &mut impl Write, kind: Kind, number: u64, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    to.write_all(&[kind as u8])?;
    to.write_all(&number.to_le_bytes())?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(body)
}

fn folder(spool: &Path) -> PathBuf {
    spool.join("under-way")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardlight_model::{Direction, FlowId, FlowKey, Scope, Time, Transport};

    fn flow(id: u64) -> Flow {
        let end = |last| (std::net::IpAddr::from([10, 0, 0, last]), 104);
        Flow {
            id: FlowId(id),
            key: FlowKey { scope: Scope(0), transport: Transport::TCP, initiator: end(1), responder: end(2) },
            macs: [None; 2],
            hop_limits: [None; 2],
            vlan: None,
            first: Time::from_seconds(1),
            last: Time::from_seconds(2),
            state: wardlight_model::ConnState::S1,
            history: "ShA".to_owned(),
            sent: [Direction::default(); 2],
            service: None,
        }
    }

    fn batch(ids: &[u64]) -> Vec<Batch> {
        let flows: Vec<Flow> = ids.iter().map(|id| flow(*id)).collect();
        vec![Batch { observations: None, flows: Some(Flows { sensor: Id([1; 16]), flows: flows.into() }) }]
    }

    fn told(bytes: &[u8], told: u64) -> Vec<u64> {
        let mut ids = Vec::new();
        read(bytes, told, |flow| ids.push(flow.id.0));
        ids
    }

    #[test]
    fn what_the_spool_has_is_not_told_again_and_the_rest_is() {
        let spool = tempfile::tempdir().expect("a folder");
        let mut progress = Progress::default();
        progress.hand_on("0", 6);
        let mut ring = UnderWay::new(spool.path(), "0", Id([1; 16]), &progress).expect("a folder");
        assert_eq!(ring.look([1, 2, 3].map(flow).into_iter(), &batch(&[4])).expect("written"), 7);
        assert_eq!(ring.end(&batch(&[])).expect("written"), 7, "nothing ended");
        assert_eq!(ring.end(&batch(&[2])).expect("written"), 8);
        assert_eq!(ring.end(&batch(&[3, 9])).expect("written"), 9);
        let mut bytes = fs::read(folder(spool.path()).join("0")).expect("written");
        assert_eq!(told(&bytes, 6), [1, 2, 3, 4], "it died before the spool had any");
        assert_eq!(told(&bytes, 7), [1, 2, 3]);
        assert_eq!(told(&bytes, 8), [1, 3]);
        assert_eq!(told(&bytes, 9), [1]);
        assert_eq!(told(&bytes, 10), [0; 0], "it was told by a run that died before it could remove the file");
        bytes.truncate(bytes.len() - 3);
        assert_eq!(told(&bytes, 8), [1, 3], "the last part is not whole");
        assert_eq!(ring.look([5].map(flow).into_iter(), &[]).expect("written"), 10);
        assert_eq!(told(&fs::read(folder(spool.path()).join("0")).expect("written"), 10), [5]);
        // A look that fails leaves what was there, and its number for the next.
        let path = folder(spool.path()).join("0");
        fs::rename(folder(spool.path()), spool.path().join("away")).expect("renamed");
        assert!(ring.look([6].map(flow).into_iter(), &[]).is_err());
        fs::rename(spool.path().join("away"), folder(spool.path())).expect("renamed");
        assert_eq!(ring.end(&batch(&[])).expect("nothing to write"), 10);
        assert_eq!(told(&fs::read(&path).expect("there"), 10), [5]);
        ring.close();
        assert!(!path.exists());
    }
}
