//! The power goes between any two steps; then the next start. Nothing that the manifest lists is lost, nothing is
//! there twice, and the replay writes the same bytes.

use super::sample::{Place, batch, expected, flows};
use super::{Adoption, Change, Check, Hour, Manifest, mergeable};
use std::collections::BTreeMap;
use std::path::Path;
use wardlight_model::Time;

/// Every file below `folder` with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => {
                    found.insert(entry.path().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap());
                }
            }
        }
    }
    found.into_iter().map(|(path, bytes)| (path.split("/flows/").nth(1).unwrap().to_owned(), bytes)).collect()
}

fn late() -> Hour {
    Hour::of(Time::from_micros(i64::MAX))
}

/// What lies in the folder is what the manifest lists, byte by byte.
fn assert_agrees(place: &Place, step: usize) {
    let adoption = place.history.adopt(&place.manifest, u64::MAX, Check::Hash).unwrap();
    assert_eq!(adoption, Adoption::default(), "step {step}");
    let listed: Vec<String> = place.manifest.live().map(super::Segment::path).collect();
    let there: Vec<String> = files(place.folder.path()).into_keys().map(|path| format!("flows/{path}")).collect();
    assert_eq!(there, listed, "step {step}");
}

/// Flows 0..3000 span two hours.
#[test]
fn a_flush_that_a_crash_cuts_is_undone_and_written_again_alike() {
    let whole = {
        let mut place = Place::new();
        place.flush(1, &flows(0..100));
        place.flush(101, &flows(100..3000));
        files(place.folder.path())
    };
    for step in 0.. {
        let mut place = Place::new();
        place.flush(1, &flows(0..100));
        place.history.disk.fuse.set(Some(step));
        let flushed = place.history.flush(&batch(101, &flows(100..3000)));
        let is_through = flushed.shed.is_empty();
        // The caller dies before its commit, whether or not all was written.
        drop(flushed);
        place.history.disk.fuse.set(None);
        let adoption = place.history.adopt(&place.manifest, 101, Check::Hash).unwrap();
        assert!(adoption.missing.is_empty() && adoption.differing.is_empty() && adoption.unexplained.is_empty());
        assert_eq!(place.rows(), expected(1, &flows(0..100)), "step {step}");
        assert_agrees(&place, step);
        place.flush(101, &flows(100..3000));
        assert_eq!(place.rows(), expected(1, &flows(0..3000)), "step {step}");
        assert_eq!(files(place.folder.path()), whole, "step {step}");
        if is_through {
            assert!(step > 10, "only {step} steps were tried");
            return;
        }
    }
}

/// A program that is killed leaves names in memory that no disk has; the next one finds them there.
#[test]
fn a_folder_that_a_killed_program_made_is_made_durable_by_the_next() {
    for step in 0..20 {
        let mut place = Place::new();
        place.history.disk.fuse.set(Some(step));
        drop(place.history.flush(&batch(1, &flows(0..10))));
        place.history = super::History::new(place.folder.path());
        let change = place.flush(1, &flows(0..10));
        let hour = place.folder.path().join(change.added[0].path()).parent().unwrap().to_owned();
        let synced = place.history.disk.synced.borrow();
        let missing = hour.ancestors().take(4).find(|folder| !synced.contains(*folder));
        assert_eq!(missing, None, "step {step}: {}", place.folder.path().display());
    }
}

#[test]
fn a_compaction_that_a_crash_cuts_loses_no_row_and_doubles_none() {
    let prepared = || {
        let mut place = Place::new();
        for n in 0..4 {
            place.flush(1 + n * 50, &flows(n * 50..n * 50 + 50));
        }
        place
    };
    for step in 0.. {
        let mut place = prepared();
        place.history.disk.fuse.set(Some(step));
        let groups = mergeable(&place.manifest, late());
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [4]);
        let compacted = place.history.compact(&groups[0]);
        let mut is_through = false;
        if let Ok(change) = compacted {
            place.manifest.apply(&change);
            is_through = place.history.remove(&change).is_ok();
        }
        place.history.disk.fuse.set(None);
        let adoption = place.history.adopt(&place.manifest, 201, Check::Hash).unwrap();
        assert!(adoption.missing.is_empty() && adoption.differing.is_empty() && adoption.unexplained.is_empty());
        assert_eq!(place.rows(), expected(1, &flows(0..200)), "step {step}");
        assert_agrees(&place, step);
        if is_through {
            assert!(step > 8, "only {step} steps were tried");
            assert_eq!(place.manifest.live().count(), 1);
            return;
        }
    }
}

#[test]
fn a_compaction_that_was_written_and_not_committed_is_undone() {
    let mut place = Place::new();
    place.flush(1, &flows(0..50));
    place.flush(51, &flows(50..100));
    let group: Vec<_> = place.manifest.live().cloned().collect();
    let _ = place.history.compact(&group).unwrap();
    let adoption = place.history.adopt(&place.manifest, 101, Check::Length).unwrap();
    assert_eq!(adoption.removed.len(), 1);
    assert_agrees(&place, 0);
    assert_eq!(place.rows(), expected(1, &flows(0..100)));
}

#[test]
fn a_purge_that_a_crash_cuts_is_carried_through() {
    let mut place = Place::new();
    place.flush(1, &flows(0..50));
    place.flush(51, &flows(50..100));
    let limits = super::Limits { age_s: None, bytes: Some(place.manifest.bytes() - 1) };
    let purge = super::plan_purge(&place.manifest, limits, Time::default(), Time::default());
    place.manifest.apply(&purge.change(Time::default()));
    let adoption = place.history.adopt(&place.manifest, 101, Check::Hash).unwrap();
    assert_eq!(adoption.removed.len(), 1);
    assert_agrees(&place, 0);
    assert_eq!(place.rows(), expected(51, &flows(50..100)));
}

#[test]
fn what_is_missing_or_differs_is_said() {
    let mut place = Place::new();
    let [a, b, c] = [(1, 0..50), (51, 50..100), (101, 100..150)].map(|(sequence, numbers)| {
        let change = place.flush(sequence, &flows(numbers));
        place.folder.path().join(change.added[0].path())
    });
    std::fs::remove_file(&a).unwrap();
    std::fs::OpenOptions::new().append(true).open(&b).unwrap().set_len(100).unwrap();
    let mut bytes = std::fs::read(&c).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(&c, bytes).unwrap();
    let found = |check| {
        let adoption = place.history.adopt(&place.manifest, 151, check).unwrap();
        let first = |segments: Vec<super::Segment>| segments.iter().map(|s| s.first_sequence).collect::<Vec<_>>();
        (first(adoption.missing), first(adoption.differing))
    };
    assert_eq!(found(Check::Length), (vec![1], vec![51]));
    assert_eq!(found(Check::Hash), (vec![1], vec![51, 101]));
}

#[test]
fn a_lost_manifest_does_not_take_the_history_along() {
    let mut place = Place::new();
    place.flush(1, &flows(0..50));
    place.flush(51, &flows(50..100));
    // The journal still holds 51 and later.
    let adoption = place.history.adopt(&Manifest::default(), 51, Check::Length).unwrap();
    assert_eq!((adoption.removed.len(), adoption.unexplained.len()), (1, 1));
    // A manifest of before a compaction, whose files are gone since.
    let mut place = Place::new();
    place.flush(1, &flows(0..50));
    place.flush(51, &flows(50..100));
    let older = place.manifest.clone();
    let change = place.history.compact(&older.live().cloned().collect::<Vec<_>>()).unwrap();
    place.history.remove(&change).unwrap();
    let adoption = place.history.adopt(&older, 101, Check::Length).unwrap();
    assert_eq!((adoption.missing.len(), adoption.unexplained.len(), adoption.removed.len()), (2, 1, 0));
}

#[test]
fn a_stranger_in_the_folder_is_left_alone() {
    let place = Place::new();
    let stranger = place.folder.path().join("flows/date=2026-01-31/notes.txt");
    std::fs::create_dir_all(stranger.parent().unwrap()).unwrap();
    std::fs::write(&stranger, "mine").unwrap();
    let adoption = place.history.adopt(&Manifest::default(), 1, Check::Length).unwrap();
    assert_eq!(adoption.unexplained, ["flows/date=2026-01-31/notes.txt"]);
    assert!(stranger.exists());
}

#[test]
fn a_change_applied_twice_is_applied_once() {
    let mut place = Place::new();
    place.flush(1, &flows(0..50));
    place.flush(51, &flows(50..100));
    let change: Change = place.history.compact(&place.manifest.live().cloned().collect::<Vec<_>>()).unwrap();
    place.manifest.apply(&change);
    let once = place.manifest.clone();
    place.manifest.apply(&change);
    assert_eq!(place.manifest, once);
}
