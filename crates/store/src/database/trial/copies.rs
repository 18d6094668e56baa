//! Backups and dumps.

use super::super::{Commit, Database, StoreError, migration};
use super::sample::{
    self, area, asset_row, contact, device, domain, fact, id, judgement, oddity, owner, presence, source,
};
use super::{Bench, settings, sqlite_at};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wardlight_model::change::Change;
use wardlight_model::{Origin, Time};

/// Something in every table that commits write.
pub(super) fn everything() -> Vec<Change> {
    let mut changes: Vec<_> = (1..30).map(|n| Change::Fact(fact(n, "ß \u{1f600}"))).collect();
    changes.extend([
        Change::Presence(presence(1, 4)),
        Change::Oddity(oddity("hl7.short", 2)),
        Change::Contact(contact(5, 1)),
        Change::Device(Box::new(device(1, "MX-1"))),
        Change::Area(area(1, None, "Ost")),
        Change::Area(area(2, Some(id(1)), "Intensiv")),
        Change::Domain(domain(4, "core")),
        Change::Row(asset_row(Origin { sequence: 8, item: 1 }, "SN-1")),
        Change::Source(source("cmms", 1, Time::from_seconds(3))),
        Change::Judged(id(5), judgement(true)),
        Change::Owner(id(6), owner("Biomed")),
    ]);
    changes
}

/// Every step writes one fact and one more flow: a backup at sequence n has n facts and n flows, or it is torn.
pub(super) async fn a_backup_is_at_one_sequence_while_others_write(bench: &Bench) {
    let database = bench.open().await;
    let _ = database.commit(&[Change::Fact(fact(1, "x")), Change::Contact(contact(1, 1))], 1).await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (database, done) = (database.clone(), done.clone());
        async move {
            let mut sequence = 1;
            while !done.load(Ordering::Relaxed) {
                sequence += 1;
                let changes = [Change::Fact(fact(sequence, "x")), Change::Contact(contact(1, 1))];
                let _ = database.commit(&changes, sequence).await.unwrap();
            }
            sequence
        }
    });
    let mut at = Vec::new();
    for n in 0..5 {
        let path = bench.path(&format!("backup_{n}.db"));
        let sequence = database.backup_to(&path).await.unwrap();
        let kept = sqlite_at(&path).await;
        let loaded = kept.load().await.unwrap();
        let flows = kept.contacts(&contacts()).await.unwrap().first().map(|contact| contact.flows);
        assert_eq!((loaded.sequence, loaded.facts.len(), flows), (sequence, to_usize(sequence), Some(sequence)));
        at.push(sequence);
    }
    done.store(true, Ordering::Relaxed);
    let last = writer.await.unwrap();
    assert!(at.is_sorted() && at.first() < at.last() && at.last() <= Some(&last), "{at:?} of {last}");
}

/// Out of either engine, into either engine, with the same text.
pub(super) async fn a_backup_is_restored_into_either_engine(bench: &Bench) {
    let (database, path) = (bench.open().await, bench.path("backup.db"));
    let _ = database.commit(&everything(), 9).await.unwrap();
    database.put_offset("history", 4).await.unwrap();
    assert_eq!(database.backup_to(&path).await.unwrap(), 9);
    assert_eq!(std::fs::read_dir(bench.folder.path()).unwrap().filter(|entry| is_beside(entry, "backup")).count(), 1);
    let dump = database.dump().await.unwrap();
    assert!(dump.contains("MX-1") && dump.contains("Intensiv") && dump.contains("history"));
    let other = Bench::sqlite();
    for bench in [bench, &other] {
        let restored = bench.open().await;
        assert_eq!(restored.restore_from(&path).await.unwrap(), 9);
        assert_eq!(restored.dump().await.unwrap(), dump);
        assert_eq!(restored.commit(&everything(), 9).await.unwrap(), Commit::MadeBefore);
        assert_eq!(restored.commit(&everything(), 10).await.unwrap(), Commit::Made);
    }
}

pub(super) async fn a_backup_does_not_overwrite(bench: &Bench) {
    let (database, path) = (bench.open().await, bench.path("backup.db"));
    std::fs::write(&path, "precious").unwrap();
    let error = database.backup_to(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error:?}");
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    let nowhere = bench.path("none/backup.db");
    assert!(matches!(database.backup_to(&nowhere).await.unwrap_err(), StoreError::File { .. }));
    // What a broken-off backup left is no backup, and in nobody's way.
    std::fs::write(bench.path("second.db.part"), "half").unwrap();
    assert_eq!(database.backup_to(&bench.path("second.db")).await.unwrap(), 0);
}

pub(super) async fn only_an_empty_database_is_restored_into(bench: &Bench) {
    let (from, path) = (bench.open().await, bench.path("backup.db"));
    let _ = from.commit(&everything(), 9).await.unwrap();
    from.backup_to(&path).await.unwrap();
    let into = bench.open().await;
    into.put_offset("history", 4).await.unwrap();
    let before = into.dump().await.unwrap();
    let error = into.restore_from(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::NotEmpty { .. }), "{error:?}");
    assert_eq!(into.dump().await.unwrap(), before);
    let text = bench.path("text.db");
    std::fs::write(&text, "this is no database, and long enough to be read as the header of one: ".repeat(9)).unwrap();
    let error = bench.open().await.restore_from(&text).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    let error = bench.open().await.restore_from(&bench.path("none.db")).await.unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error:?}");
}

pub(super) async fn a_backup_of_an_earlier_version_is_brought_up(bench: &Bench) {
    let path = bench.path("old.db");
    migration::trial::make_at(&settings(format!("sqlite:{}", path.display())), 1).await;
    let bytes = std::fs::read(&path).unwrap();
    let database = bench.open().await;
    let empty = database.dump().await.unwrap();
    assert_eq!(database.restore_from(&path).await.unwrap(), 0);
    assert_eq!(database.dump().await.unwrap(), empty);
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the backup itself is not touched");
    assert_eq!(database.commit(&everything(), 1).await.unwrap(), Commit::Made);
}

fn contacts() -> super::super::ContactFilter {
    super::super::ContactFilter { ip: None, mac: None, hours: 0..10, limit: 9 }
}

fn is_beside(entry: &std::io::Result<std::fs::DirEntry>, name: &str) -> bool {
    entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(name)
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

#[tokio::test]
async fn a_dump_is_text_that_shows_every_kind_of_value() {
    let bench = Bench::sqlite();
    let database: Database = bench.open().await;
    let _ = database.commit(&[Change::Area(sample::area(1, None, "O\t\"st"))], 3).await.unwrap();
    let dump = database.dump().await.unwrap();
    let lines: Vec<_> = dump.lines().take(4).collect();
    let site = format!("x{}\t{}\t3\t1700000000000000", "07".repeat(16), migration::format());
    let area = "x0102030405068708890a0b0c0d0e0f01\t-\t\"site\"\t\"O\\t\\\"st\"\t\"Europe/Berlin\"";
    assert_eq!(
        lines,
        ["# site\tid\tformat\tjournal_sequence\tcreated", &site, "# area\tid\tparent\tlevel\tname\tzone", area]
    );
}
