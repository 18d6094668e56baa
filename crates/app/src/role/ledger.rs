//! The ledger on disk: entries in segments, checkpoints beside them, the signing key elsewhere.
//!
//! An entry is durable before anybody is told of it; a checkpoint is signed only over durable entries.

use super::places::{CHECKPOINTS, Places, secret};
use super::space::is_no_room;
use super::{new_id, now};
use crate::io::file::write_durably;
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use wardlight_ledger::{Checkpoint, Detail, Entry, Kind, Log, Signer, Site};
use wardlight_model::journal::{Command, Decision};
use wardlight_model::{Deed, DeedKind, Id};
use wardlight_store::segment::{self, Draft};

/// The outcome of a decision that was carried out.
const DONE: &str = "done";
/// Entries after which a checkpoint is due at once.
const STRIDE: u64 = 256;
/// What a file takes on a disk at a time: enough for a checkpoint.
const BLOCK: u64 = 4096;

/// The writer.
pub struct Ledger {
    log: Log,
    segments: segment::Log,
    signer: Signer,
    places: Places,
    /// The last journal record that has its entry.
    told: u64,
    signed: u64,
}

impl Ledger {
    /// Opens the ledger of `site`, or begins it with the key in the key folder; sets `reserve_bytes` aside for it. Errors: what the disk says, a ledger
    /// that does not continue, or a key that is not the one in force. Gives also which journal records were refused, and
    /// why.
    pub fn open(site: Id, places: &Places, reserve_bytes: u64) -> anyhow::Result<(Self, BTreeMap<u64, String>)> {
        let options = segment::Options { segment_bytes: 16 << 20, reserve_bytes };
        let segments = segment::Log::open(&places.ledger(), options).context("cannot open the ledger")?;
        let signer = Signer::from_seed(&secret(&places.ledger_key())?);
        let mut stored = segments.reader(segments.first());
        let first = stored.next().transpose().context("cannot read the ledger")?;
        let Some(first) = first else {
            return Ok((Self::begin(Site(site.0), segments, signer, places)?, BTreeMap::new()));
        };
        let (mut log, mut told, mut refused) = (Log::reopen(Site(site.0), &first.body)?, 0, BTreeMap::new());
        for record in stored {
            let record = record.context("cannot read the ledger")?;
            log.follow(&record.body).context("the ledger does not continue; run `wardlight ledger verify`")?;
            if let Some((sequence, why)) = told_by(&record.body) {
                told = told.max(sequence);
                refused.extend(why.map(|why| (sequence, why)));
            }
        }
        if log.key() != signer.public() {
            anyhow::bail!(
                "{}: this is not the key in force of the ledger; restore the right one",
                places.ledger_key().display()
            );
        }
        let mut ledger = Self { log, segments, signer, places: places.clone(), told, signed: 0 };
        ledger.signed = ledger.vouched_for()?;
        ledger.sign()?;
        Ok((ledger, refused))
    }

    /// How many entries the newest checkpoint on disk vouches for. What a loss of power left of one that was being
    /// written is taken away: it would spoil the next.
    fn vouched_for(&self) -> anyhow::Result<u64> {
        let path = self.places.checkpoints();
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            bytes => bytes.with_context(|| path.display().to_string())?,
        };
        // A program that was killed may have written it, and not come to this.
        fs::File::open(&path)?.sync_all()?;
        let whole: Vec<Checkpoint> =
            Checkpoint::parse_all(&String::from_utf8_lossy(&bytes)).into_iter().flatten().collect();
        let text: String = whole.iter().map(|checkpoint| format!("{checkpoint}\n")).collect();
        if text.as_bytes() != bytes {
            write_durably(&path, text.as_bytes())
                .with_context(|| format!("cannot mend the checkpoints in {}", path.display()))?;
        }
        let key = self.signer.public();
        let sizes =
            whole.iter().filter(|checkpoint| checkpoint.is_signed_by(key)).map(|checkpoint| checkpoint.head.size);
        Ok(sizes.filter(|size| *size <= self.log.size()).max().unwrap_or_default())
    }

    fn begin(site: Site, segments: segment::Log, signer: Signer, places: &Places) -> anyhow::Result<Self> {
        let detail = Detail { salt: new_id()?.0, actor: "wardlight", subject: "ledger", ..Detail::default() };
        let (log, first) = Log::create(site, &signer, &detail, now())?;
        let mut ledger = Self { log, segments, signer, places: places.clone(), told: 0, signed: 0 };
        ledger.store(first.stored)?;
        ledger.sign()?;
        Ok(ledger)
    }

    /// Makes readers of its entries.
    pub fn shelf(&self) -> segment::Shelf {
        self.segments.shelf()
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.log.size()
    }

    /// Writes down what was decided in journal record `sequence`, and what came of it, unless that was done before a
    /// restart. Durable when this returns. Errors: what the disk says; then it is not, and must not be acknowledged. When
    /// there is no room, the same call again does it.
    pub fn decided(&mut self, sequence: u64, decision: &Decision, outcome: Result<(), &str>) -> anyhow::Result<()> {
        if sequence <= self.told {
            return Ok(());
        }
        let body = serde_json::json!({
            "journal": sequence,
            "at": decision.at.to_string(),
            "command": decision.command.name(),
            "detail": decision.command,
            "outcome": match outcome { Ok(()) => DONE, Err(why) => why },
        });
        let body = serde_json::to_vec(&body)?;
        let subject = format!("journal:{sequence}");
        let mut salt = [0; 16];
        getrandom::fill(&mut salt)?;
        let detail = Detail { salt, actor: &decision.by, subject: &subject, body: &body, ..Detail::default() };
        let mut log = self.log.clone();
        let entry = log.append(kind(&decision.command), &detail, now())?;
        self.store(entry.stored)?;
        self.log = log;
        self.told = sequence;
        if self.log.size() - self.signed >= STRIDE {
            self.sign()?;
        }
        Ok(())
    }

    /// Signs how the ledger stands, if that changed since the last time. Whether it is signed now: not when there is no
    /// room, even of what is set aside. Errors: what the disk says.
    pub fn sign(&mut self) -> anyhow::Result<bool> {
        if self.signed == self.log.size() {
            return Ok(true);
        }
        let checkpoint = self.log.checkpoint(&self.signer, now())?.to_string() + "\n";
        loop {
            match self.put_checkpoint(&checkpoint) {
                Ok(()) => break,
                Err(error) if is_no_room(&error) => {
                    if !self.segments.give_way(BLOCK).context("cannot write the ledger")? {
                        return Ok(false);
                    }
                }
                error => {
                    let path = self.places.checkpoints();
                    error.with_context(|| format!("cannot write the checkpoint to {}", path.display()))?;
                }
            }
        }
        self.signed = self.log.size();
        Ok(true)
    }

    /// Writes a checkpoint behind the others, or leaves them as they were.
    fn put_checkpoint(&self, text: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(self.places.checkpoints())?;
        let before = file.metadata()?.len();
        file.write_all(text.as_bytes()).inspect_err(|_| drop(file.set_len(before)))?;
        file.sync_all()?;
        // The first one made the file.
        fs::File::open(self.places.ledger())?.sync_all()
    }

    /// Whether some of what is set aside for the ledger is in use.
    pub fn is_full(&self) -> bool {
        self.segments.is_full()
    }

    /// Takes back what is set aside for the ledger. Whether it is whole. Errors: what the disk says.
    pub fn regain(&mut self) -> anyhow::Result<bool> {
        self.segments.regain().context("cannot write the ledger")
    }

    fn store(&mut self, body: Vec<u8>) -> anyhow::Result<()> {
        let draft = Draft { id: segment::Id(new_id()?.0), kind: 1, version: 1, is_vital: true, body };
        self.segments.append(&[draft]).context("cannot write the ledger")?;
        self.segments.sync().context("cannot write the ledger").map(drop)
    }
}

/// The checkpoints kept beside the ledger in `folder`, smallest first; lines that are none are passed over. Errors: the
/// file cannot be read.
pub fn checkpoints(folder: &Path) -> anyhow::Result<Vec<Checkpoint>> {
    let path = folder.join(CHECKPOINTS);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        text => text.with_context(|| path.display().to_string())?,
    };
    Ok(Checkpoint::parse_all(&text).into_iter().flatten().collect())
}

fn kind(command: &Command) -> Kind {
    match command {
        Command::Witness(Deed { kind: DeedKind::SensitiveRead | DeedKind::Exported, .. }) => Kind::Read,
        Command::Witness(_) => Kind::Action,
        _ => Kind::Decision,
    }
}

/// The journal record that an entry tells of, and why that was refused, if it was.
fn told_by(stored: &[u8]) -> Option<(u64, Option<String>)> {
    let entry = Entry::read(stored).ok()?;
    let detail = entry.detail().ok()??;
    let sequence = detail.subject.strip_prefix("journal:")?.parse().ok()?;
    let body: serde_json::Value = serde_json::from_slice(detail.body).unwrap_or_default();
    let outcome = body.get("outcome").and_then(serde_json::Value::as_str);
    Some((sequence, outcome.filter(|outcome| *outcome != DONE).map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Files};
    use wardlight_model::{Scope, Time};

    fn decision() -> Decision {
        let domain = wardlight_model::Domain { scope: Scope(1), site: Id([2; 16]), name: "ward".into() };
        Decision { by: "mayer".into(), at: Time::default(), command: Command::PutDomain(domain) }
    }

    /// What may be left of a checkpoint when power went: nothing, not even the file; a part; a part and a hole.
    #[test]
    fn entries_are_vouched_for_again_after_a_checkpoint_was_lost_or_torn() {
        for left in [None, Some((0, &b""[..])), Some((70, b"")), Some((70, b"\0\0\xe2"))] {
            let folder = tempfile::tempdir().expect("a folder");
            let (data, keys) = (folder.path().join("data"), folder.path().join("keys"));
            let places = Places::of(&Config { files: Files { data, keys }, ..Config::default() });
            places.make().expect("folders");
            let (mut ledger, _) = Ledger::open(Id([1; 16]), &places, 0).expect("begun");
            ledger.decided(1, &decision(), Err("no such site")).expect("written");
            ledger.sign().expect("signed");
            drop(ledger);
            let whole = fs::read(places.checkpoints()).expect("there");
            fs::remove_file(places.checkpoints()).expect("taken away");
            if let Some((cut, hole)) = left {
                let torn = [&whole[..whole.len() - cut], hole].concat();
                fs::write(places.checkpoints(), torn).expect("written");
            }
            let (ledger, refused) = Ledger::open(Id([1; 16]), &places, 0).expect("opened again");
            assert_eq!(refused, [(1, "no such site".to_owned())].into());
            let text = fs::read_to_string(places.checkpoints()).expect("text");
            let newest = Checkpoint::parse_all(&text).pop().expect("one").expect("whole");
            assert_eq!((newest.head.size, ledger.size()), (2, 2), "{left:?}");
            assert!(Checkpoint::parse_all(&text).iter().all(Result::is_ok), "{text}");
        }
    }
}
