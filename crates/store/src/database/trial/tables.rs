//! The migrations: what they make, from where, and how often.

use super::super::schema::{Kind, tables_at};
use super::super::{Database, Settings, StoreError, migration};
use super::copies::everything;
use super::{Bench, cases, settings, sqlite_at};
use std::collections::BTreeSet;
use wardlight_model::change::Change;

pub(super) async fn each_step_may_run_twice(bench: &Bench) {
    let database = bench.open().await;
    let _ = database.commit(&everything(), 1).await.unwrap();
    let (dump, tables) = (database.dump().await.unwrap(), made(&database).await);
    for step in migration::trial::steps() {
        for _ in 0..2 {
            let mut session = database.engine.write().await.unwrap();
            session.script(step.sqlite, step.postgres).await.unwrap();
            session.commit().await.unwrap();
        }
    }
    assert_eq!(database.dump().await.unwrap(), dump);
    assert_eq!(made(&database).await, tables);
}

/// Base and steps give what the description says: no more, no less, no other.
pub(super) async fn all_steps_make_the_schema(bench: &Bench) {
    let database = bench.open().await;
    assert_eq!(made(&database).await, described(bench.server.is_some(), migration::format()));
}

pub(super) async fn every_earlier_format_is_brought_up(bench: &Bench) {
    let tables = described(bench.server.is_some(), migration::format());
    for format in 1..=migration::format() {
        let wanted = bench.settings();
        migration::trial::make_at(&wanted, format).await;
        let database = Database::open(&wanted).await.unwrap();
        assert_eq!(made(&database).await, tables, "from format {format}");
        assert_eq!(database.site().await.unwrap(), wanted.site);
        let _ = database.commit(&everything(), 1).await.unwrap();
        database.put_segments(&[], &["none"]).await.unwrap();
    }
}

/// A row that every format and both engines take.
const ODDITY: &str = "INSERT INTO oddity VALUES ('hl7.short', 2, 3, 0, 0, 0, 0)";

/// What a version before an upgrade left can be copied as it is, and the copy is what that version would have made.
pub(super) async fn an_earlier_format_is_copied_as_it_is(bench: &Bench) {
    for format in 1..migration::format() {
        let wanted = bench.settings();
        migration::trial::make_at(&wanted, format).await;
        let earlier = Database::open_earlier(&wanted).await.unwrap().unwrap();
        cases::run(&earlier, ODDITY).await;
        let is_postgres = bench.server.is_some();
        assert_eq!(made(&earlier).await, described(is_postgres, format), "the tables are left as they are");
        assert_eq!((earlier.format(), earlier.site().await.unwrap()), (format, wanted.site));
        assert!(earlier.manifest().await.unwrap().live().next().is_none());
        let path = bench.path(&format!("before_{format}.db"));
        earlier.backup_to(&path).await.unwrap();
        let copied = settings(format!("sqlite:{}", path.display()));
        let copied = Database::open_earlier(&copied).await.unwrap().unwrap();
        assert_eq!(made(&copied).await, described(false, format));
        assert_eq!(copied.dump().await.unwrap(), earlier.dump().await.unwrap());
        earlier.close().await;
        let opened = Database::open(&wanted).await.unwrap();
        assert_eq!(opened.load().await.unwrap().oddities.len(), 1);
        assert!(Database::open_earlier(&wanted).await.unwrap().is_none(), "it is of this version now");
        let restored = bench.open().await;
        restored.restore_from(&path).await.unwrap();
        assert_eq!(restored.dump().await.unwrap(), opened.dump().await.unwrap());
    }
    assert!(Database::open_earlier(&bench.settings()).await.unwrap().is_none(), "a new one is of no version");
}

pub(super) async fn a_later_format_is_refused(bench: &Bench) {
    let wanted = bench.settings();
    let database = Database::open(&wanted).await.unwrap();
    let path = bench.path("later.db");
    let backup = Database::open(&settings(format!("sqlite:{}", path.display()))).await.unwrap();
    for database in [&database, &backup] {
        cases::run(database, "UPDATE site SET format = format + 1").await;
    }
    backup.close().await;
    let before = database.dump().await.unwrap();
    let error = Database::open(&wanted).await.unwrap_err();
    let expected = (migration::format() + 1, migration::format());
    assert!(matches!(error, StoreError::Newer { found, known, .. } if (found, known) == expected), "{error:?}");
    assert_eq!(database.dump().await.unwrap(), before, "it was not touched");
    let error = bench.open().await.restore_from(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { .. }), "{error:?}");
}

pub(super) async fn opening_at_once_makes_one_database(bench: &Bench) {
    let wanted = bench.settings();
    let open = |last| {
        let settings = Settings { site: wardlight_model::Id([last; 16]), ..wanted.clone() };
        tokio::spawn(async move { Database::open(&settings).await.unwrap().site().await.unwrap() })
    };
    let (a, b, c) = (open(1), open(2), open(3));
    let (a, b, c) = (a.await.unwrap(), b.await.unwrap(), c.await.unwrap());
    assert!(a == b && b == c, "one site: {a} {b} {c}");
}

/// What the engine says it has: a line for each column and each index.
async fn made(database: &Database) -> BTreeSet<String> {
    let mut session = database.engine.read().await.unwrap();
    session.inventory().await.unwrap().into_iter().collect()
}

/// The same lines from the description of the tables of `format`.
fn described(is_postgres: bool, format: i64) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for table in tables_at(format) {
        for (n, column) in table.columns.iter().enumerate() {
            let kind = match (column.kind, is_postgres) {
                (Kind::Int, _) => "bigint",
                (Kind::Real, true) => "double precision",
                (Kind::Real, false) => "double",
                (Kind::Text, true) => "text C",
                (Kind::Text, false) => "text",
                (Kind::Blob, true) => "bytea",
                (Kind::Blob, false) => "blob",
            };
            let null = if column.may_miss { "null" } else { "not null" };
            lines.insert(format!("{}.{} {kind} {null} {}", table.name, column.name, n + 1));
        }
        let keys: Vec<_> = table.keys().collect();
        lines.insert(format!("{} unique ({})", table.name, keys.join(", ")));
        for index in table.indexes {
            lines.insert(format!("{} ({})", table.name, index.join(", ")));
        }
        for index in table.unique {
            lines.insert(format!("{} unique ({})", table.name, index.join(", ")));
        }
        if !is_postgres {
            lines.insert(format!("{} is {}", table.name, if table.is_short { "short" } else { "long" }));
        }
    }
    lines
}

/// The state as version 0.1 left it: opens, and holds what was put there.
#[tokio::test]
async fn the_state_of_every_released_version_is_read() {
    let bench = Bench::sqlite();
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/datadir/v0.1/state.db");
    if std::env::var_os("WARDLIGHT_FREEZE").is_some() {
        freeze(&bench, &golden).await;
    }
    let path = bench.path("state.db");
    std::fs::copy(&golden, &path).unwrap();
    let database = sqlite_at(&path).await;
    assert_eq!(made(&database).await, described(false, migration::format()));
    let loaded = database.load().await.unwrap();
    let mut facts = loaded.facts.into_iter().map(Change::Fact);
    assert!(everything().into_iter().all(|change| !matches!(change, Change::Fact(_)) || facts.next() == Some(change)));
    assert_eq!((loaded.sequence, loaded.areas.len(), loaded.domains.len(), loaded.unknown), (9, 2, 1, 0));
    assert_eq!((loaded.presences.len(), loaded.oddities.len()), (1, 1));
    assert_eq!(database.offset("history").await.unwrap(), 4);
    assert!(database.device(super::sample::id(1)).await.unwrap().unwrap().body.contains("MX-1"));
}

/// Writes the golden state of this version, once, before it is released; in small pages, which makes a small file.
async fn freeze(bench: &Bench, golden: &std::path::Path) {
    let path = bench.path("freeze.db");
    let small = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).page_size(1024).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(small).await.unwrap();
    sqlx::raw_sql("CREATE TABLE x (y); DROP TABLE x;").execute(&pool).await.unwrap();
    pool.close().await;
    let database = sqlite_at(&path).await;
    let _ = database.commit(&everything(), 9).await.unwrap();
    database.put_offset("history", 4).await.unwrap();
    database.close().await;
    std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
    std::fs::copy(path, golden).unwrap();
}
