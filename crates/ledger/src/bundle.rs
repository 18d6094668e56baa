//! An offline excerpt: some entries, and all that is needed to know that they stand in the ledger.
//!
//! In to make one: stored entries, a checkpoint, the leaf hashes of the ledger once. Out: one file. Whoever has it needs
//! nothing else to verify it; with a pinned key or a remembered checkpoint, nobody to trust either.
//!
//! The entries of all keys up to the checkpoint must be among those chosen. Details may be withheld entry by entry.

use crate::cbor::{DecodeError, Reader, Writer};
use crate::checkpoint::Checkpoint;
use crate::entry::{Content, Entry};
use crate::hash::Hash;
use crate::note::NoteError;
use crate::proof::{Ask, extends, includes, prove};
use crate::verify::{Findings, Flaw, Keys, Remembered, Surroundings, Unknown, Verdict};

const VERSION: u64 = 1;

/// An entry and its proof of inclusion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// As stored, or with its details withheld.
    pub stored: Vec<u8>,
    /// The path from its leaf to the root.
    pub path: Vec<Hash>,
}

/// Some entries of a ledger, provable offline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// How the ledger stood.
    pub checkpoint: Checkpoint,
    /// The entries, by ascending index.
    pub entries: Vec<Excerpt>,
    /// Proofs that the ledgers of these sizes were its beginnings.
    pub beginnings: Vec<(u64, Vec<Hash>)>,
}

/// Why a bundle cannot be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Bytes that are no bundle.
    #[error("the bundle {0}")]
    Unreadable(#[from] DecodeError),
    /// Its checkpoint is none.
    #[error("its checkpoint {0}")]
    Checkpoint(#[from] NoteError),
    /// An entry or a beginning lies outside the checkpoint, or there are too few leaves.
    #[error("the checkpoint does not cover all that was chosen, or leaves are missing")]
    Uncovered,
}

impl Bundle {
    /// Chooses the entries `stored`, in any order, and proofs for the `beginnings` of these sizes. `leaves` are the leaf
    /// hashes of the ledger in order, at least up to the checkpoint; they are read once.
    pub fn of(
        checkpoint: Checkpoint,
        stored: Vec<Vec<u8>>,
        beginnings: &[u64],
        leaves: impl IntoIterator<Item = Hash>,
    ) -> Result<Self, BundleError> {
        let mut chosen: Vec<(u64, Vec<u8>)> = Vec::new();
        for stored in stored {
            let index = Entry::read(&stored)?.header.index;
            chosen.push((index, stored));
        }
        chosen.sort();
        chosen.dedup_by_key(|(index, _)| *index);
        let inclusions = chosen.iter().map(|(index, _)| Ask::Inclusion(*index));
        let asked: Vec<Ask> = inclusions.chain(beginnings.iter().map(|size| Ask::Consistency(*size))).collect();
        let mut paths = prove(checkpoint.head.size, &asked, leaves).ok_or(BundleError::Uncovered)?;
        let consistent = paths.split_off(chosen.len());
        let entries = chosen.into_iter().zip(paths).map(|((_, stored), path)| Excerpt { stored, path }).collect();
        Ok(Self { checkpoint, entries, beginnings: beginnings.iter().copied().zip(consistent).collect() })
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.map(4).uint(0).uint(VERSION).uint(1).text(&self.checkpoint.to_string());
        writer.uint(2).array(self.entries.len());
        for excerpt in &self.entries {
            writer.array(2).bytes(&excerpt.stored);
            hashes(&mut writer, &excerpt.path);
        }
        writer.uint(3).array(self.beginnings.len());
        for (size, path) in &self.beginnings {
            writer.array(2).uint(*size);
            hashes(&mut writer, path);
        }
        writer.finish()
    }

    /// Reads its bytes; verifies nothing. Errors: bytes that are no bundle.
    pub fn read(bytes: &[u8]) -> Result<Self, BundleError> {
        let (mut version, mut note) = (None, None);
        let (mut entries, mut beginnings) = (Vec::new(), Vec::new());
        let mut reader = Reader::new(bytes);
        reader.map(|key, value| {
            match key {
                0 => version = Some(value.uint()?),
                1 => note = Some(value.text()?),
                2 => {
                    for _ in 0..value.array()? {
                        pair(value)?;
                        entries.push(Excerpt { stored: value.bytes()?.to_vec(), path: path(value)? });
                    }
                }
                3 => {
                    for _ in 0..value.array()? {
                        pair(value)?;
                        beginnings.push((value.uint()?, path(value)?));
                    }
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        reader.end()?;
        match version {
            Some(VERSION) => {}
            Some(version) => return Err(DecodeError::Version(version).into()),
            None => return Err(DecodeError::Missing("its version").into()),
        }
        let checkpoint = Checkpoint::parse(note.ok_or(DecodeError::Missing("its checkpoint"))?)?;
        Ok(Self { checkpoint, entries, beginnings })
    }

    /// Verifies it against what is known from elsewhere. Rows of the database and the clock are not asked.
    #[must_use]
    pub fn verify(&self, around: Surroundings) -> Verdict {
        let head = self.checkpoint.head;
        let is_pinned = !around.memory.pinned.is_empty();
        let has_attachments = around.attachments.is_some();
        let mut check = Check {
            bundle: self,
            keys: Keys::new(around.memory.pinned),
            remembered: Remembered::new(around.memory.checkpoints, around.memory.witnesses),
            found: Findings::default(),
            withheld: 0,
            purged: 0,
        };
        if around.site.is_some_and(|site| site != self.checkpoint.site) {
            let says = format!("the checkpoint belongs to another site, {}", self.checkpoint.site);
            check.found.at(Flaw::Foreign, 0, head.size.saturating_sub(1), says);
        }
        check.entries(around.attachments);
        let is_signed = check.signature();
        check.recall();
        check.keys.end(head.size, &mut check.found);
        let gone = [
            (check.purged > 0).then_some(Unknown::Purged { entries: check.purged }),
            (check.withheld > 0).then_some(Unknown::Withheld { entries: check.withheld }),
            (!is_pinned).then_some(Unknown::Unpinned),
            (!has_attachments).then_some(Unknown::Attachments),
        ];
        let unknown = gone.into_iter().flatten().chain(check.remembered.end(head.size)).collect();
        let (faults, more) = check.found.finish();
        let proven = if is_signed { head.size } else { 0 };
        Verdict { entries: head.size, root: head.root, proven, faults, more, unknown, backward: None }
    }
}

struct Check<'a> {
    bundle: &'a Bundle,
    keys: Keys,
    remembered: Remembered,
    found: Findings,
    withheld: u64,
    purged: u64,
}

impl Check<'_> {
    fn entries(&mut self, mut attachments: Option<crate::verify::FindAttachment>) {
        let mut least = 0;
        for excerpt in &self.bundle.entries {
            match Entry::read(&excerpt.stored) {
                Ok(entry) if entry.header.index >= least => {
                    least = entry.header.index.saturating_add(1);
                    self.entry(&entry, &excerpt.path, &mut attachments);
                }
                Ok(entry) => {
                    let index = entry.header.index;
                    self.found.at(Flaw::Displaced, index, index, "stands in the excerpt a second time or out of order");
                }
                Err(error) => {
                    self.found.at(Flaw::Altered, least, least, format!("the next entry of the excerpt {error}"));
                }
            }
        }
    }

    fn entry(&mut self, entry: &Entry, path: &[Hash], attachments: &mut Option<crate::verify::FindAttachment>) {
        let (header, head) = (&entry.header, self.bundle.checkpoint.head);
        let index = header.index;
        if header.site != self.bundle.checkpoint.site {
            return self.found.at(Flaw::Foreign, index, index, format!("belongs to another site, {}", header.site));
        }
        if entry.leaf() != entry.seal || !includes(head.root, head.size, index, entry.leaf(), path) {
            return self.found.at(Flaw::Altered, index, index, "is not the one that the checkpoint covers");
        }
        match entry.content {
            Content::Withheld => self.withheld += 1,
            Content::Purged(_) => self.purged += 1,
            Content::Kept(_) if !entry.is_whole() => {
                return self.found.at(Flaw::Altered, index, index, "its details are not those that its header names");
            }
            Content::Kept(_) => {}
        }
        match entry.detail() {
            Ok(detail) => {
                self.keys.take(header, detail.as_ref(), &mut self.found);
                if let (Some(find), Some(detail)) = (attachments, &detail) {
                    self.found.attachments(index, detail, find);
                }
            }
            Err(error) => self.found.at(Flaw::Altered, index, index, format!("its details cannot be read: it {error}")),
        }
    }

    fn signature(&mut self) -> bool {
        let head = self.bundle.checkpoint.head;
        match self.keys.check(&self.bundle.checkpoint) {
            Ok(true) if head.size > 0 => {
                self.keys.vouch(head.size);
                true
            }
            Ok(_) => false,
            Err(wrong) => {
                let says = format!("the checkpoint over {} entries {wrong}", head.size);
                self.found.at(Flaw::Checkpoint, 0, head.size.saturating_sub(1), says);
                false
            }
        }
    }

    fn recall(&mut self) {
        let Bundle { checkpoint, beginnings, .. } = self.bundle;
        while let Some(remembered) = self.remembered.next(checkpoint.head.size) {
            if !self.remembered.is_ours(&remembered, Some(checkpoint.site)) {
                continue;
            }
            let is_known = self.keys.know(&remembered);
            let proof = beginnings.iter().find(|(size, _)| *size == remembered.head.size);
            let path = match proof {
                Some((_, path)) => path.as_slice(),
                None if remembered.head.size == checkpoint.head.size => &[],
                None => {
                    self.remembered.put_aside(&remembered);
                    continue;
                }
            };
            let is_same = extends(remembered.head, checkpoint.head, path);
            self.remembered.compared(&remembered, is_same, is_known, &mut self.found);
        }
    }
}

fn hashes(writer: &mut Writer, path: &[Hash]) {
    writer.array(path.len());
    for hash in path {
        writer.bytes(&hash.0);
    }
}

fn path(reader: &mut Reader) -> Result<Vec<Hash>, DecodeError> {
    let mut path = Vec::new();
    for _ in 0..reader.array()? {
        path.push(Hash(reader.exactly()?));
    }
    Ok(path)
}

fn pair(reader: &mut Reader) -> Result<(), DecodeError> {
    if reader.array()? == 2 { Ok(()) } else { Err(DecodeError::Wrong("a pair")) }
}
