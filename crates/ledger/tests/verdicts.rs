//! What a verdict says where nothing is wrong, where little is known, and where entries cannot be had.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use wardlight_ledger::{
    Checkpoint, Detail, Entry, Flaw, Head, Kind, Log, Memory, Retention, Signer, Site, Surroundings, Tombstone,
    Unknown, Verdict, verify,
};
use wardlight_model::Time;

const YEAR: i64 = 366 * 86_400;

fn signer() -> Signer {
    Signer::from_seed(&[1; 32])
}

fn begun(site: Site, entries: i64) -> (Log, Vec<Vec<u8>>) {
    let by = Detail::default();
    let (mut log, genesis) = Log::create(site, &signer(), &by, Time::from_seconds(0)).unwrap();
    let more = (1..entries).map(|n| log.append(Kind::Read, &by, Time::from_seconds(n)).unwrap().stored);
    let entries = std::iter::once(genesis.stored).chain(more).collect();
    (log, entries)
}

fn checked(entries: &[Vec<u8>], checkpoints: &[Checkpoint], memory: Memory) -> Verdict {
    let notes: Vec<String> = checkpoints.iter().map(ToString::to_string).collect();
    verify(entries.iter().map(Ok::<_, String>), notes, Surroundings { memory, ..Surroundings::default() })
}

#[test]
fn what_no_checkpoint_covers_is_told() {
    let (mut log, mut entries) = begun(Site([1; 16]), 5);
    let checkpoint = log.checkpoint(&signer(), Time::from_seconds(9)).unwrap();
    entries.push(log.append(Kind::Read, &Detail::default(), Time::from_seconds(9)).unwrap().stored);
    let verdict = checked(&entries, &[checkpoint], Memory::default());
    assert!(verdict.is_sound(), "{verdict}");
    assert_eq!((verdict.entries, verdict.proven), (6, 5));
    assert!(verdict.unknown.contains(&Unknown::Unsigned { first: 5 }));
    assert_eq!(verdict.root, log.head().root);
}

#[test]
fn how_far_the_memory_reaches_is_told() {
    let (mut log, mut entries) = begun(Site([1; 16]), 5);
    let remembered = log.checkpoint(&signer(), Time::from_seconds(9)).unwrap();
    entries.push(log.append(Kind::Read, &Detail::default(), Time::from_seconds(9)).unwrap().stored);
    let newest = log.checkpoint(&signer(), Time::from_seconds(9)).unwrap();
    let memory = Memory { checkpoints: vec![remembered], ..Memory::default() };
    let verdict = checked(&entries, &[newest], memory);
    assert!(verdict.unknown.contains(&Unknown::Behind { size: 5 }), "{verdict}");
}

#[test]
fn another_sites_memory_is_put_aside() {
    let (log, entries) = begun(Site([1; 16]), 5);
    let (other, _) = begun(Site([2; 16]), 7);
    let sign = |log: &Log| log.checkpoint(&signer(), Time::from_seconds(9)).unwrap();
    let memory = Memory { checkpoints: vec![sign(&other)], ..Memory::default() };
    let verdict = checked(&entries, &[sign(&log)], memory);
    assert!(verdict.is_sound(), "{verdict}");
    assert!(verdict.unknown.contains(&Unknown::Remembered { size: 7 }));
    assert!(verdict.unknown.contains(&Unknown::Behind { size: 0 }));
}

#[test]
fn a_checkpoint_over_nothing_is_no_memory() {
    let (log, entries) = begun(Site([1; 16]), 5);
    let nothing = Head { size: 0, root: wardlight_ledger::Frontier::default().root() };
    let empty = Checkpoint::sign(Site([1; 16]), nothing, Time::from_seconds(0), &signer());
    let memory = Memory { checkpoints: vec![empty.clone()], ..Memory::default() };
    let kept = log.checkpoint(&signer(), Time::from_seconds(9)).unwrap();
    assert!(checked(&entries, std::slice::from_ref(&kept), memory).unknown.contains(&Unknown::Remembered { size: 0 }));
    assert_eq!(checked(&entries, &[empty, kept], Memory::default()).faults[0].flaw, Flaw::Checkpoint);
}

#[test]
fn entries_that_cannot_be_had_are_told_where_they_are() {
    let (log, entries) = begun(Site([1; 16]), 5);
    let kept = log.checkpoint(&signer(), Time::from_seconds(9)).unwrap().to_string();
    let read =
        entries.iter().enumerate().map(|(n, stored)| if n == 3 { Err("block 7 is damaged") } else { Ok(stored) });
    let verdict = verify(read, [kept], Surroundings::default());
    assert_eq!(verdict.first_bad(), Some(3));
    assert!(
        verdict.to_string().contains("Entry 3: cannot be read: it cannot be had: block 7 is damaged."),
        "{verdict}"
    );
    assert!(verdict.unknown.contains(&Unknown::Uncompared { first: 3 }));
}

#[test]
fn a_purge_that_is_announced_and_not_done_is_told() {
    let (mut log, mut entries) = begun(Site([1; 16]), 5);
    let later = Time::from_seconds(7 * YEAR);
    let headers: Vec<_> = entries[1..4].iter().map(|stored| Entry::read(stored).unwrap().header).collect();
    let stone = Tombstone::of(&headers, &Retention::default(), "six years", later).unwrap();
    entries.push(log.purge(&stone, &Detail::default(), later).unwrap().stored);
    let kept = [log.checkpoint(&signer(), later).unwrap()];
    let verdict = checked(&entries, &kept, Memory::default());
    assert!(verdict.is_sound(), "{verdict}");
    assert!(verdict.unknown.contains(&Unknown::PurgePending { tombstone: 5 }));

    // Done in part, as a crash leaves it, and then in full.
    for index in [2, 1, 3] {
        entries[index] = Entry::read(&entries[index]).unwrap().purged(5);
        let verdict = checked(&entries, &kept, Memory::default());
        assert!(verdict.is_sound(), "{verdict}");
    }
    assert!(checked(&entries, &kept, Memory::default()).unknown.contains(&Unknown::Purged { entries: 3 }));
    entries[4] = Entry::read(&entries[4]).unwrap().purged(5);
    assert_eq!(checked(&entries, &kept, Memory::default()).first_bad(), Some(4));
}

#[test]
fn many_faults_are_counted_and_the_first_are_told() {
    let (log, mut entries) = begun(Site([1; 16]), 200);
    let kept = [log.checkpoint(&signer(), Time::from_seconds(300)).unwrap()];
    entries.iter_mut().skip(50).for_each(|stored| *stored.last_mut().unwrap() ^= 1);
    let verdict = checked(&entries, &kept, Memory::default());
    assert_eq!((verdict.first_bad(), verdict.faults.len()), (Some(50), 64));
    assert!(verdict.more > 80, "{}", verdict.more);
}

#[test]
fn a_checkpoint_out_of_order_is_a_fault() {
    let (mut log, mut entries) = begun(Site([1; 16]), 5);
    let early = log.checkpoint(&signer(), Time::from_seconds(9)).unwrap();
    entries.push(log.append(Kind::Read, &Detail::default(), Time::from_seconds(9)).unwrap().stored);
    let late = log.checkpoint(&signer(), Time::from_seconds(9)).unwrap();
    assert_eq!(checked(&entries, &[late, early], Memory::default()).faults[0].flaw, Flaw::Checkpoint);
}
