//! The writer: appends entries and signs how the ledger stands.
//!
//! In: what happened, `now`, keys and random salts. Out: bytes to store, in the order given, and checkpoints. It keeps the
//! right edge of the tree, never the entries. Store the bytes, then sign: a checkpoint must not promise what a crash can
//! still take.

use crate::cbor::{DecodeError, Reader, Writer};
use crate::checkpoint::Checkpoint;
use crate::entry::{Detail, Entry, Header, Kind, LARGEST, write};
use crate::hash::Hash;
use crate::key::{KeyBody, Place, PublicKey, Signer};
use crate::proof::Head;
use crate::retention::Tombstone;
use crate::site::Site;
use crate::tree::Frontier;
use wardlight_model::Time;

/// Where a ledger's writer stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    site: Site,
    tree: Frontier,
    /// The leaf hash of the newest entry.
    newest: Hash,
    /// The key in force.
    key: PublicKey,
}

/// A new entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Its place.
    pub index: u64,
    /// Its leaf hash, by which others can name it.
    pub leaf: Hash,
    /// Its stored form.
    pub stored: Vec<u8>,
}

/// Why an entry or a checkpoint cannot be written, or a writer not taken up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Larger than an entry may be.
    #[error("the entry has {0} bytes, an entry holds {LARGEST}: put it into an attachment")]
    TooLarge(usize),
    /// Keys and tombstones have their own way in.
    #[error("an entry of kind {0:?} is not appended as it is: keys by `rotate`, tombstones by `purge`")]
    Kind(Kind),
    /// The signer is not the key in force.
    #[error("this key is not the one in force")]
    Signer,
    /// Bytes that are no entry.
    #[error("the entry {0}")]
    Unreadable(#[from] DecodeError),
    /// A stored entry that does not continue this ledger.
    #[error("entry {0} does not continue the ledger: verify it before writing on")]
    Torn(u64),
    /// A kept state that does not belong to the checkpoint kept with it.
    #[error("the kept state does not belong to its checkpoint: replay the ledger from its beginning")]
    State,
}

impl Log {
    /// Begins a ledger with its first key. `detail` says who did it; its body is written here.
    pub fn create(site: Site, first: &Signer, detail: &Detail, now: Time) -> Result<(Self, Appended), LogError> {
        let key = first.public();
        let mut log = Self { site, tree: Frontier::default(), newest: Hash::NONE, key };
        let entry = log.take_key(key, first, detail, now)?;
        Ok((log, entry))
    }

    /// Takes a stored ledger up again from its first entry; the others go through [`Log::follow`]. Errors: one that does
    /// not begin the ledger of `site`.
    pub fn reopen(site: Site, first: &[u8]) -> Result<Self, LogError> {
        let entry = Entry::read(first)?;
        let detail = entry.detail()?.filter(|_| entry.header.kind == Kind::Key).ok_or(LogError::Torn(0))?;
        let key = KeyBody::read(detail.body)?.key;
        let mut log = Self { site, tree: Frontier::default(), newest: Hash::NONE, key };
        log.follow(first)?;
        Ok(log)
    }

    /// Appends an entry. Errors: one that is too large, or of kind *key* or *purge*.
    pub fn append(&mut self, kind: Kind, detail: &Detail, now: Time) -> Result<Appended, LogError> {
        match kind {
            Kind::Key | Kind::Purge => Err(LogError::Kind(kind)),
            kind => self.write(kind, detail, now),
        }
    }

    /// Puts the key `next` in force, signed by the key in force so far. `detail` says who did it; its body is written here.
    pub fn rotate(&mut self, old: &Signer, next: PublicKey, detail: &Detail, now: Time) -> Result<Appended, LogError> {
        if old.public() != self.key {
            return Err(LogError::Signer);
        }
        self.take_key(next, old, detail, now)
    }

    /// Appends the tombstone. Store and checkpoint it, and only then replace the entries by [`Entry::purged`].
    pub fn purge(&mut self, tombstone: &Tombstone, detail: &Detail, now: Time) -> Result<Appended, LogError> {
        let body = tombstone.encode();
        self.write(Kind::Purge, &Detail { body: &body, ..detail.clone() }, now)
    }

    /// Takes in an entry that is already stored, after a start. Errors: one that does not continue this ledger.
    pub fn follow(&mut self, stored: &[u8]) -> Result<(), LogError> {
        let entry = Entry::read(stored)?;
        let header = entry.header;
        let is_next = header.site == self.site && header.index == self.size() && header.previous == self.newest;
        if !is_next || entry.leaf() != entry.seal {
            return Err(LogError::Torn(self.size()));
        }
        if header.kind == Kind::Key {
            let detail = entry.detail()?.filter(|_| entry.is_whole()).ok_or(LogError::Torn(header.index))?;
            let body = KeyBody::read(detail.body)?;
            if !body.is_signed_by(self.key, self.place()) {
                return Err(LogError::Torn(header.index));
            }
            self.key = body.key;
        }
        self.tree.push(entry.seal);
        self.newest = entry.seal;
        Ok(())
    }

    /// Signs how the ledger stands. Errors: a key that is not in force.
    pub fn checkpoint(&self, signer: &Signer, now: Time) -> Result<Checkpoint, LogError> {
        if signer.public() != self.key {
            return Err(LogError::Signer);
        }
        Ok(Checkpoint::sign(self.site, self.head(), now, signer))
    }

    /// How many entries there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Size and root.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { size: self.size(), root: self.tree.root() }
    }

    /// The key in force.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// Where the writer stands, to be kept beside the checkpoint of the same size: at most 3 KiB.
    #[must_use]
    pub fn state(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.map(5).uint(0).bytes(&self.site.0).uint(1).uint(self.size()).uint(2).bytes(&self.newest.0);
        writer.uint(3).bytes(&self.key.to_bytes()).uint(4).array(self.tree.peaks().len());
        for peak in self.tree.peaks() {
            writer.bytes(&peak.0);
        }
        writer.finish()
    }

    /// Takes a writer up again from its kept state. Entries stored since then go through [`Log::follow`]. Errors: a state
    /// that the checkpoint does not vouch for.
    pub fn resume(state: &[u8], checkpoint: &Checkpoint) -> Result<Self, LogError> {
        let log = Self::read(state)?;
        let is_vouched =
            checkpoint.site == log.site && checkpoint.head == log.head() && checkpoint.is_signed_by(log.key);
        if is_vouched { Ok(log) } else { Err(LogError::State) }
    }

    fn read(state: &[u8]) -> Result<Self, LogError> {
        let (mut site, mut size, mut newest, mut key, mut peaks) = (None, None, None, None, Vec::new());
        let mut reader = Reader::new(state);
        reader.map(|at, value| {
            match at {
                0 => site = Some(Site(value.exactly()?)),
                1 => size = Some(value.uint()?),
                2 => newest = Some(Hash(value.exactly()?)),
                3 => key = PublicKey::from_bytes(&value.exactly()?),
                4 => {
                    for _ in 0..value.array()? {
                        peaks.push(Hash(value.exactly()?));
                    }
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        reader.end()?;
        let tree = size.and_then(|size| Frontier::restore(size, peaks));
        match (site, tree, newest, key) {
            (Some(site), Some(tree), Some(newest), Some(key)) => Ok(Self { site, tree, newest, key }),
            _ => Err(LogError::State),
        }
    }

    fn take_key(&mut self, key: PublicKey, by: &Signer, detail: &Detail, now: Time) -> Result<Appended, LogError> {
        let body = KeyBody::sign(self.place(), key, by).encode();
        let entry = self.write(Kind::Key, &Detail { body: &body, ..detail.clone() }, now)?;
        self.key = key;
        Ok(entry)
    }

    fn place(&self) -> Place {
        Place { site: self.site, index: self.size(), previous: self.newest }
    }

    fn write(&mut self, kind: Kind, detail: &Detail, now: Time) -> Result<Appended, LogError> {
        let detail = detail.encode();
        let header = Header {
            site: self.site,
            index: self.size(),
            time: now,
            kind,
            previous: self.newest,
            detail: Hash::detail(&detail),
        };
        let (stored, leaf) = write(&header, &detail);
        if stored.len() > LARGEST {
            return Err(LogError::TooLarge(stored.len()));
        }
        self.tree.push(leaf);
        self.newest = leaf;
        Ok(Appended { index: header.index, leaf, stored })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SITE: Site = Site([4; 16]);

    fn signer(n: u8) -> Signer {
        Signer::from_seed(&[n; 32])
    }

    fn who() -> Detail<'static> {
        Detail { actor: "system", ..Detail::default() }
    }

    fn begun(entries: u64) -> (Log, Vec<Appended>) {
        let (mut log, first) = Log::create(SITE, &signer(1), &who(), Time::from_seconds(0)).unwrap();
        let more = (1..entries)
            .map(|n| log.append(Kind::Action, &who(), Time::from_seconds(i64::try_from(n).unwrap())).unwrap());
        let all = std::iter::once(first).chain(more).collect();
        (log, all)
    }

    #[test]
    fn each_entry_names_the_one_before() {
        let (log, entries) = begun(5);
        assert_eq!(log.size(), 5);
        for pair in entries.windows(2) {
            assert_eq!(Entry::read(&pair[1].stored).unwrap().header.previous, pair[0].leaf);
        }
    }

    #[test]
    fn a_writer_is_taken_up_again_where_it_stood() {
        let (log, _) = begun(5);
        let checkpoint = log.checkpoint(&signer(1), Time::from_seconds(9)).unwrap();
        let mut resumed = Log::resume(&log.state(), &checkpoint).unwrap();
        assert_eq!(resumed, log);
        let (later, entries) = begun(8);
        for entry in &entries[5..] {
            resumed.follow(&entry.stored).unwrap();
        }
        assert_eq!(resumed, later);
        assert_eq!(Log::resume(&later.state(), &checkpoint), Err(LogError::State));
        assert_eq!(resumed.follow(&entries[5].stored), Err(LogError::Torn(8)));
    }

    #[test]
    fn only_the_key_in_force_signs() {
        let (mut log, _) = begun(2);
        let now = Time::from_seconds(3);
        assert_eq!(log.rotate(&signer(2), signer(2).public(), &who(), now), Err(LogError::Signer));
        let mut other = log.clone();
        let rotation = log.rotate(&signer(1), signer(2).public(), &who(), now).unwrap();
        assert_eq!(log.checkpoint(&signer(1), now), Err(LogError::Signer));
        assert!(log.checkpoint(&signer(2), now).unwrap().is_signed_by(signer(2).public()));
        other.follow(&rotation.stored).unwrap();
        assert_eq!(other, log);
    }

    #[test]
    fn keys_tombstones_and_floods_are_not_appended() {
        let (mut log, _) = begun(1);
        let before = log.clone();
        let now = Time::from_seconds(3);
        assert_eq!(log.append(Kind::Key, &who(), now), Err(LogError::Kind(Kind::Key)));
        assert_eq!(log.append(Kind::Purge, &who(), now), Err(LogError::Kind(Kind::Purge)));
        let flood = vec![0; LARGEST];
        let flood = Detail { body: &flood, ..who() };
        assert!(matches!(log.append(Kind::Read, &flood, now), Err(LogError::TooLarge(_))));
        assert_eq!(log, before);
    }

    proptest! {
        #[test]
        fn any_bytes_are_fine(bytes: Vec<u8>) {
            let (mut log, _) = begun(1);
            prop_assert!(log.follow(&bytes).is_err());
            prop_assert!(Log::read(&bytes).is_err());
        }
    }
}
