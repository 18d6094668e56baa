//! Excerpts that prove entries offline, and what cannot be done to them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use proptest::prelude::*;
use wardlight_ledger::{
    Attachment, Bundle, Checkpoint, Detail, Entry, Flaw, Hash, Kind, Log, Memory, Signer, Site, Surroundings, Unknown,
};
use wardlight_model::Time;

const SITE: Site = Site([5; 16]);

struct Ledger {
    entries: Vec<Vec<u8>>,
    checkpoints: Vec<Checkpoint>,
}

fn signer(n: u8) -> Signer {
    Signer::from_seed(&[n; 32])
}

/// 40 entries, a change of key at 20, a checkpoint after every one.
fn ledger() -> Ledger {
    let by = Detail { actor: "system", ..Detail::default() };
    let (mut log, genesis) = Log::create(SITE, &signer(1), &by, Time::from_seconds(0)).unwrap();
    let (mut entries, mut checkpoints) = (vec![genesis.stored], Vec::new());
    for n in 1..40 {
        let now = Time::from_seconds(n);
        let file = Attachment { name: "plan.pdf", length: 3, hash: Hash::of(b"pdf") };
        let detail = Detail { subject: "device/7", attachments: vec![file], ..by.clone() };
        let appended = match n {
            20 => log.rotate(&signer(1), signer(2).public(), &by, now),
            _ => log.append(Kind::Evidence, &detail, now),
        };
        entries.push(appended.unwrap().stored);
        checkpoints.push(log.checkpoint(&signer(if n < 20 { 1 } else { 2 }), now).unwrap());
    }
    Ledger { entries, checkpoints }
}

impl Ledger {
    fn leaves(&self) -> Vec<Hash> {
        self.entries.iter().map(|stored| Entry::read(stored).unwrap().seal).collect()
    }

    /// Both keys, entry 7, and entry 30 without its details; provable from the sizes 10 and 25.
    fn bundle(&self) -> Bundle {
        let withheld = Entry::read(&self.entries[30]).unwrap().withheld();
        let chosen = vec![self.entries[7].clone(), self.entries[0].clone(), self.entries[20].clone(), withheld];
        Bundle::of(self.checkpoints[38].clone(), chosen, &[10, 25], self.leaves()).unwrap()
    }
}

fn pinned(seed: u8) -> Memory {
    Memory { pinned: vec![signer(seed).public()], ..Memory::default() }
}

fn with(memory: Memory) -> Surroundings<'static> {
    Surroundings { memory, ..Surroundings::default() }
}

#[test]
fn a_bundle_needs_nothing_else() {
    let bundle = Bundle::read(&ledger().bundle().encode()).unwrap();
    assert_eq!(bundle, ledger().bundle());
    for key in [1, 2] {
        let verdict = bundle.verify(with(pinned(key)));
        assert!(verdict.is_sound(), "{verdict}");
        assert_eq!((verdict.entries, verdict.proven), (40, 40));
        assert!(verdict.unknown.contains(&Unknown::Withheld { entries: 1 }));
    }
    assert_eq!(bundle.verify(with(pinned(3))).faults[0].flaw, Flaw::Key);
}

#[test]
fn a_bundle_is_held_against_what_is_remembered() {
    let ledger = ledger();
    let remember = |sizes: &[usize]| Memory {
        checkpoints: sizes.iter().map(|size| ledger.checkpoints[size - 2].clone()).collect(),
        ..Memory::default()
    };
    let verdict = ledger.bundle().verify(with(remember(&[10, 25, 40])));
    assert!(verdict.is_sound(), "{verdict}");
    assert!(!verdict.unknown.iter().any(|unknown| matches!(unknown, Unknown::Remembered { .. })), "{verdict}");
    let verdict = ledger.bundle().verify(with(remember(&[11])));
    assert!(verdict.unknown.contains(&Unknown::Remembered { size: 11 }), "{verdict}");

    let forged = wardlight_ledger::Head { size: 25, root: Hash::of(b"another") };
    let other = Checkpoint::sign(SITE, forged, Time::from_seconds(1), &signer(2));
    let memory = Memory { checkpoints: vec![other], ..remember(&[10]) };
    let verdict = ledger.bundle().verify(with(memory));
    assert_eq!(verdict.faults[0].flaw, Flaw::Memory, "{verdict}");
}

#[test]
fn attachments_of_a_bundle_are_looked_at() {
    let bundle = ledger().bundle();
    let mut find = |_: &Attachment| Some(Hash::of(b"other"));
    let verdict = bundle.verify(Surroundings { attachments: Some(&mut find), ..Surroundings::default() });
    assert_eq!(verdict.faults.iter().map(|fault| (fault.flaw, fault.first)).collect::<Vec<_>>(), [(Flaw::Outside, 7)]);
}

#[test]
fn a_bundle_without_a_key_proves_nothing() {
    let mut bundle = ledger().bundle();
    bundle.entries.remove(0);
    assert_eq!(bundle.verify(with(Memory::default())).faults[0].flaw, Flaw::Key);
    let mut bundle = ledger().bundle();
    let rotation =
        bundle.entries.iter().position(|entry| Entry::read(&entry.stored).unwrap().header.index == 20).unwrap();
    bundle.entries.remove(rotation);
    assert_eq!(bundle.verify(with(Memory::default())).faults[0].flaw, Flaw::Checkpoint);
}

#[test]
fn another_site_is_told() {
    let around = Surroundings { site: Some(Site([6; 16])), ..Surroundings::default() };
    assert_eq!(ledger().bundle().verify(around).faults[0].flaw, Flaw::Foreign);
}

#[test]
fn every_changed_byte_of_a_bundle_shows() {
    let whole = ledger().bundle();
    let bytes = whole.encode();
    let memory = || Memory { checkpoints: [8, 23].map(|n| ledger().checkpoints[n].clone()).into(), ..pinned(1) };
    assert!(whole.verify(with(memory())).is_sound());
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        if let Ok(bundle) = Bundle::read(&changed) {
            let verdict = bundle.verify(with(memory()));
            // A proof under another size proves nothing, and the remembered checkpoint is told as not compared.
            let is_uncompared = verdict.unknown.iter().any(|unknown| matches!(unknown, Unknown::Remembered { .. }));
            assert!(!verdict.is_sound() || is_uncompared, "byte {at}: {verdict}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_fine(bytes: Vec<u8>) {
        prop_assert!(Bundle::read(&bytes).is_err());
    }
}
