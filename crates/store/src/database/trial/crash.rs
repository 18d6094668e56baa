//! What is left when the power, the program or the server goes.

use super::super::{Commit, Database, Settings, StoreError};
use super::sample::{contact, fact};
use super::{Bench, sqlite_at};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wardlight_model::change::Change;

/// What sequence n brings: after it there are n facts and n flows.
fn step(sequence: u64) -> [Change; 2] {
    [Change::Fact(fact(sequence, "x")), Change::Contact(contact(1, 1))]
}

/// The state is that of one sequence, whole, even while others write; gives that sequence.
async fn whole(database: &Database) -> u64 {
    let dump = database.dump().await.unwrap();
    let rows = |table: &str| {
        let begin = format!("# {table}\t");
        let lines = dump.lines().skip_while(move |line| !line.starts_with(&begin)).skip(1);
        lines.take_while(|line| !line.starts_with("# ")).collect::<Vec<_>>()
    };
    let cell = |line: &str, n: usize| line.split('\t').nth(n).unwrap().parse::<u64>().unwrap();
    let sequence = cell(rows("site")[0], 2);
    let flows = rows("contact").first().map_or(0, |line| cell(line, 8));
    assert_eq!((u64::try_from(rows("fact").len()).unwrap(), flows), (sequence, sequence));
    sequence
}

/// The files of SQLite as a crash leaves them at any moment between two writes to them, and with the log cut anywhere.
#[tokio::test]
async fn sqlite_is_whole_after_a_crash_at_any_moment() {
    let bench = Bench::sqlite();
    let (path, log) = (bench.path("state.db"), bench.path("state.db-wal"));
    let database = sqlite_at(&path).await;
    let mut before = 0;
    for sequence in 1..=30 {
        let _ = database.commit(&step(sequence), sequence).await.unwrap();
        let (file, wal) = (std::fs::read(&path).unwrap(), std::fs::read(&log).unwrap());
        for (n, end) in [wal.len(), wal.len() - 1, wal.len() - 5_000, wal.len() / 2, 0].into_iter().enumerate() {
            let crashed = bench.path(&format!("crashed_{sequence}_{n}.db"));
            std::fs::write(&crashed, &file).unwrap();
            std::fs::write(crashed.with_extension("db-wal"), &wal[..end]).unwrap();
            let restarted = sqlite_at(&crashed).await;
            let found = whole(&restarted).await;
            assert!(found <= sequence && (n > 0 || found == sequence), "cut at {end}: {found} of {sequence}");
            // The engine goes on from where the state is, and comes to the same.
            for sequence in 1..=sequence {
                let done = restarted.commit(&step(sequence), sequence).await.unwrap();
                assert_eq!(done, if sequence > found { Commit::Made } else { Commit::MadeBefore });
            }
            if n == 0 || sequence % 10 == 0 {
                assert_eq!(restarted.digest().await.unwrap(), database.digest().await.unwrap());
            }
            before = before.max(found);
            restarted.close().await;
        }
    }
    assert_eq!(before, 30);
}

#[tokio::test]
async fn a_locked_sqlite_is_not_available_and_then_is() {
    let bench = Bench::sqlite();
    let path = bench.path("state.db");
    let one = sqlite_at(&path).await;
    let settings = super::settings(format!("sqlite:{}", path.display()));
    let two = Database::open(&Settings { patience: Duration::from_millis(50), ..settings }).await.unwrap();
    let held = one.engine.write().await.unwrap();
    let error = two.commit(&step(1), 1).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    drop(held);
    assert_eq!(two.commit(&step(1), 1).await.unwrap(), Commit::Made);
}

/// SQLite rolls back by itself when it finds no space; the next call must not stumble over that.
#[tokio::test]
async fn sqlite_on_a_full_disk_has_space_again() {
    let bench = Bench::sqlite();
    if !has_own_mounts("database::trial::crash::sqlite_on_a_full_disk_has_space_again") {
        return;
    }
    let disk = bench.path("disk");
    std::fs::create_dir(&disk).unwrap();
    mount(&["-t", "tmpfs", "-o", "size=400k", "none"], &disk);
    let database = sqlite_at(&disk.join("state.db")).await;
    let _ = database.commit(&step(1), 1).await.unwrap();
    let large: Vec<_> = (2..2_000).map(|n| Change::Fact(fact(n, &"x".repeat(500)))).collect();
    for _ in 0..3 {
        let error = database.commit(&large, 2).await.unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }) && error.is_retryable(), "{error:?}");
        assert_eq!(whole(&database).await, 1);
    }
    mount(&["-o", "remount,size=40m"], &disk);
    assert_eq!(database.commit(&large, 2).await.unwrap(), Commit::Made);
}

/// Whether this may mount; runs the test called `name` again where it may when it may not, and says so when that is
/// nowhere.
fn has_own_mounts(name: &str) -> bool {
    const OWN: &str = "WARDLIGHT_OWN_MOUNTS";
    if std::env::var_os(OWN).is_some() {
        return true;
    }
    let unshare = |words: &[&str]| {
        let mut command = std::process::Command::new("unshare");
        command.arg("-rm").args(words).env(OWN, "1");
        command
    };
    if !unshare(&["true"]).status().is_ok_and(|ended| ended.success()) {
        eprintln!("SKIPPED: this system lets nobody mount in a namespace of his own: `unshare -rm true` fails");
        return false;
    }
    let program = std::env::current_exe().unwrap().display().to_string();
    assert!(unshare(&[&program, "--exact", name, "--nocapture"]).status().unwrap().success());
    false
}

fn mount(words: &[&str], place: &std::path::Path) {
    assert!(std::process::Command::new("mount").args(words).arg(place).status().unwrap().success(), "{words:?}");
}

/// A server that restarts and one that is killed, again and again, under a writer that tries again what it is told to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_may_go_and_come_back() {
    let Some(bench) = Bench::postgres() else { return };
    let server = bench.server.as_ref().unwrap();
    let wanted = bench.settings();
    let database = Database::open(&wanted).await.unwrap();
    let (reached, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let stop = Arc::new(AtomicU64::new(u64::MAX));
    let writer = tokio::spawn({
        let (database, reached, refused, stop) = (database.clone(), reached.clone(), refused.clone(), stop.clone());
        async move {
            let mut sequence = 1;
            while sequence <= stop.load(Ordering::Relaxed) {
                match database.commit(&step(sequence), sequence).await {
                    Ok(_) => {
                        reached.store(sequence, Ordering::Relaxed);
                        sequence += 1;
                    }
                    Err(error) if error.is_retryable() => drop(refused.fetch_add(1, Ordering::Relaxed)),
                    Err(error) => panic!("a server that is away is no other error: {error:?}"),
                }
            }
        }
    });
    for round in 0..6 {
        let begin = reached.load(Ordering::Relaxed);
        while reached.load(Ordering::Relaxed) < begin + 20 {
            assert!(!writer.is_finished(), "the writer gave up");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let acknowledged = reached.load(Ordering::Relaxed);
        tokio::task::block_in_place(|| match round % 3 {
            0 => server.restart(),
            1 => server.crash(),
            _ => {
                server.end();
                server.begin();
            }
        });
        let reader = Database::open(&wanted).await.unwrap();
        assert!(whole(&reader).await >= acknowledged, "what was acknowledged is there");
        reader.close().await;
    }
    stop.store(reached.load(Ordering::Relaxed) + 10, Ordering::Relaxed);
    writer.await.unwrap();
    assert!(whole(&database).await >= reached.load(Ordering::Relaxed));
    assert!(refused.load(Ordering::Relaxed) > 0, "the writer noticed");
}

/// A server that takes what it is sent and never answers does not hold up its caller for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_may_hang_and_go_on() {
    let Some(bench) = Bench::postgres() else { return };
    let server = bench.server.as_ref().unwrap();
    let wanted = Settings { patience: Duration::from_secs(2), ..bench.settings() };
    let database = Database::open(&wanted).await.unwrap();
    let _ = database.commit(&step(1), 1).await.unwrap();
    server.signal_all("-STOP");
    for _ in 0..8 {
        let error = database.commit(&step(2), 2).await.unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
    }
    server.signal_all("-CONT");
    while let Err(error) = database.commit(&step(2), 2).await {
        assert!(error.is_retryable(), "{error:?}");
    }
    assert_eq!(whole(&database).await, 2);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_not_available() {
    let nowhere = tempfile::tempdir().unwrap();
    let socket = nowhere.path().display().to_string().replace('/', "%2F");
    let error = Database::open(&super::settings(format!("postgres://a:secret@{socket}/b"))).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
}
