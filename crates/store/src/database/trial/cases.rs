//! What any engine must do with one database.

use super::super::{Commit, ContactFilter, Database, Removal, Segment, StoreError, engine, schema};
use super::sample::{
    self, area, asset_row, contact, device, domain, fact, id, judgement, kept, oddity, owner, presence, said, source,
};
use super::{Bench, settings};
use crate::history::{self, Digest, Hour, Tombstone, Why};
use proptest::test_runner::{Config, TestRunner};
use sea_query::{Expr, Query};
use std::collections::BTreeMap;
use wardlight_model::change::Change;
use wardlight_model::{Attribute, Endpoint, Id, Origin, Scope, Time};

const ALL_HOURS: ContactFilter = ContactFilter { ip: None, mac: None, hours: i64::MIN..i64::MAX, limit: 100_000 };

pub(super) async fn a_new_database_is_at_zero_and_keeps_its_site(bench: &Bench) {
    let wanted = bench.settings();
    let database = Database::open(&wanted).await.unwrap();
    assert_eq!((database.site().await.unwrap(), database.sequence().await.unwrap()), (wanted.site, 0));
    database.close().await;
    let other = super::Settings { site: Id([8; 16]), now: Time::from_seconds(1), ..wanted.clone() };
    let again = Database::open(&other).await.unwrap();
    assert_eq!(again.site().await.unwrap(), wanted.site);
    assert_eq!(again.load().await.unwrap(), super::super::Loaded::default());
}

pub(super) async fn what_was_committed_is_loaded(bench: &Bench) {
    let wanted = bench.settings();
    let database = Database::open(&wanted).await.unwrap();
    let changes = [
        Change::Fact(fact(2, "S-2")),
        Change::Fact(fact(1, "S-1")),
        Change::Presence(presence(1, 4)),
        Change::Oddity(oddity("hl7.short", 2)),
        Change::Area(area(2, Some(id(1)), "Intensiv")),
        Change::Area(area(1, None, "Ost")),
        Change::Domain(domain(u32::MAX, "core")),
        Change::Device(Box::new(device(1, "MX-1"))),
        Change::Row(asset_row(Origin { sequence: 2, item: 3 }, "S-2")),
        Change::Row(asset_row(Origin { sequence: 2, item: 4 }, "S-3")),
        Change::RowGone(Origin { sequence: 2, item: 4 }),
        Change::Source(source("cmms", 2, Time::from_seconds(5))),
        Change::Judged(id(8), judgement(true)),
        Change::Judged(id(9), judgement(false)),
        Change::JudgedGone(id(9)),
        Change::Owner(id(4), owner("Biomed")),
        Change::Owner(id(5), owner("IT")),
        Change::OwnerGone(id(5)),
        Change::Labelled(id(6), said("ventilator")),
        Change::Labelled(id(7), said("pump")),
        Change::LabelledGone(id(7)),
        Change::Ruled(id(6), kept("ventilator")),
        Change::Ruled(id(7), kept("pump")),
        Change::RuledGone(id(7)),
    ];
    assert_eq!(database.commit(&changes, 7).await.unwrap(), Commit::Made);
    database.close().await;
    let database = Database::open(&wanted).await.unwrap();
    let loaded = database.load().await.unwrap();
    assert_eq!(loaded.sequence, 7);
    assert_eq!(loaded.facts, [fact(1, "S-1"), fact(2, "S-2")]);
    assert_eq!(loaded.presences, [presence(1, 4)]);
    assert_eq!(loaded.oddities, [oddity("hl7.short", 2)]);
    assert_eq!(loaded.areas, [area(1, None, "Ost"), area(2, Some(id(1)), "Intensiv")]);
    assert_eq!(loaded.domains, [domain(u32::MAX, "core")]);
    assert_eq!(loaded.rows, [asset_row(Origin { sequence: 2, item: 3 }, "S-2")]);
    assert_eq!(loaded.sources, [source("cmms", 2, Time::from_seconds(5))]);
    assert_eq!(loaded.judged, [(id(8), judgement(true))]);
    assert_eq!(loaded.owners, [(id(4), owner("Biomed"))]);
    assert_eq!(database.owners().await.unwrap(), loaded.owners);
    assert_eq!(loaded.labels, [(id(6), said("ventilator"))]);
    assert_eq!(database.labels().await.unwrap(), loaded.labels);
    assert_eq!(loaded.house_rules, [(id(6), kept("ventilator"))]);
    assert_eq!(database.house_rules().await.unwrap(), loaded.house_rules);
    assert_eq!(database.judgements().await.unwrap(), loaded.judged);
    assert_eq!(loaded.unknown, 0);
    assert_eq!(database.areas().await.unwrap(), loaded.areas);
    assert_eq!(database.domains().await.unwrap(), loaded.domains);
    let body = database.device(id(1)).await.unwrap().unwrap().body;
    assert_eq!(body, serde_json::to_string(&device(1, "MX-1").device).unwrap());
    assert_eq!(database.device(id(2)).await.unwrap(), None);
}

pub(super) async fn a_sequence_counts_once(bench: &Bench) {
    let database = bench.open().await;
    let changes = [Change::Contact(contact(5, 1))];
    assert_eq!(database.commit(&changes, 3).await.unwrap(), Commit::Made);
    let before = database.digest().await.unwrap();
    for sequence in [0, 2, 3] {
        assert_eq!(database.commit(&changes, sequence).await.unwrap(), Commit::MadeBefore);
    }
    assert_eq!(database.digest().await.unwrap(), before);
    assert_eq!(database.commit(&[], 4).await.unwrap(), Commit::Made);
    assert_eq!(database.sequence().await.unwrap(), 4);
    assert_ne!(database.digest().await.unwrap(), before, "the sequence is part of the state");
}

pub(super) async fn the_last_change_of_a_row_counts(bench: &Bench) {
    let database = bench.open().await;
    let gone = |last| Change::DeviceGone(id(last));
    let there = |last, model| Change::Device(Box::new(device(last, model)));
    let changes = [
        Change::Fact(fact(1, "old")),
        Change::Fact(fact(1, "new")),
        there(1, "old"),
        gone(1),
        gone(2),
        there(2, "old"),
        there(2, "new"),
        Change::AreaGone(id(3)),
        Change::Area(area(3, None, "Ost")),
        Change::Area(area(4, None, "West")),
        Change::AreaGone(id(4)),
    ];
    let _ = database.commit(&changes, 1).await.unwrap();
    assert_eq!(database.load().await.unwrap().facts, [fact(1, "new")]);
    let devices = database.devices("", None, 9).await.unwrap();
    let bodies: Vec<_> = devices.iter().map(|device| device.body.contains("\"new\"")).collect();
    assert_eq!((devices.first().map(|device| device.id), bodies), (Some(id(2)), vec![true]));
    assert_eq!(database.areas().await.unwrap(), [area(3, None, "Ost")]);
}

pub(super) async fn contacts_add_up_and_never_overflow(bench: &Bench) {
    let database = bench.open().await;
    let mut later = contact(5, 2);
    later.last = later.last.plus(9);
    let mut earlier = contact(5, 4);
    earlier.first = earlier.first.plus(-9);
    let other = sample::contact(6, u64::MAX);
    let _ = database.commit(&[later, earlier, other].map(Change::Contact), 1).await.unwrap();
    let _ = database.commit(&[contact(5, 8), contact(6, 1)].map(Change::Contact), 2).await.unwrap();
    let found = database.contacts(&ALL_HOURS).await.unwrap();
    let mut sum = contact(5, 14);
    (sum.packets, sum.ip_bytes, sum.first, sum.last) = ([3, 6], [90, 120], earlier.first, later.last);
    let mut most = contact(6, i64::MAX.unsigned_abs());
    (most.packets, most.ip_bytes) = ([2, 4], [60, 80]);
    assert_eq!(found, [sum, most]);
}

pub(super) async fn what_is_gone_is_gone(bench: &Bench) {
    let database = bench.open().await;
    let empty = database.dump().await.unwrap();
    let there = [Change::Device(Box::new(device(1, "x"))), Change::Area(area(1, None, "Ost"))];
    let _ = database.commit(&there, 1).await.unwrap();
    let _ = database.commit(&[Change::DeviceGone(id(1)), Change::AreaGone(id(1))], 2).await.unwrap();
    assert_eq!(database.device(id(1)).await.unwrap(), None);
    let dump = database.dump().await.unwrap();
    assert!(dump.lines().skip(2).eq(empty.lines().skip(2)), "all but the site's row: {dump}");
}

pub(super) async fn any_text_and_number_can_be_kept(bench: &Bench) {
    let database = bench.open().await;
    let mut odd = fact(1, "'; DROP TABLE fact; -- \u{0} \\ ß\u{1f600}");
    (odd.first, odd.last, odd.count) = (Time::MIN, Time::from_micros(i64::MAX), u64::MAX);
    let mut wordy = device(1, &"long ".repeat(5_000));
    wordy.device.claims[1].confidence = f64::NAN;
    wordy.device.id = "k\u{0}".repeat(4_000);
    let changes = [Change::Fact(odd.clone()), Change::Device(Box::new(wordy))];
    let _ = database.commit(&changes, u64::MAX).await.unwrap();
    let loaded = database.load().await.unwrap();
    odd.value = odd.value.replace('\0', "\u{fffd}");
    odd.count = i64::MAX.unsigned_abs();
    assert_eq!((loaded.facts, loaded.sequence), (vec![odd], i64::MAX.unsigned_abs()));
    assert!(database.device(id(1)).await.unwrap().unwrap().body.len() > 25_000);
}

pub(super) async fn more_rows_than_a_statement_or_a_page_holds(bench: &Bench) {
    let database = bench.open().await;
    let facts: Vec<_> = (0..4_321_u64).map(|n| fact(n / 7, &n.to_string())).collect();
    let numbered = facts.into_iter().zip(0..).map(|(fact, n)| {
        let origin = Origin { item: n % 7, ..fact.origin };
        Change::Fact(wardlight_model::Fact { origin, ..fact })
    });
    let changes: Vec<_> = numbered.collect();
    let _ = database.commit(&changes, 1).await.unwrap();
    let loaded = database.load().await.unwrap().facts.into_iter().map(Change::Fact);
    assert!(loaded.eq(changes), "every fact comes back, in order of its origin");
    let devices: Vec<_> = (0..=255).map(|n| Change::Device(Box::new(device(n, "m")))).collect();
    let gone: Vec<_> = (0..=255).map(|n| Change::DeviceGone(id(n))).collect();
    let _ = database.commit(&devices, 2).await.unwrap();
    let (first, rest) = (database.devices("", None, 100).await.unwrap(), 1_000);
    let rest = database.devices("", first.last().map(|device| device.id), rest).await.unwrap();
    assert_eq!((first.len(), rest.len()), (100, 156));
    let _ = database.commit(&gone, 3).await.unwrap();
    assert!(database.devices("", None, 9).await.unwrap().is_empty());
}

/// The last statement of the commit fails: its table is not there.
pub(super) async fn a_failing_commit_changes_nothing(bench: &Bench) {
    let database = bench.open().await;
    let _ = database.commit(&[Change::Contact(contact(1, 1))], 1).await.unwrap();
    run(&database, "ALTER TABLE domain RENAME TO elsewhere").await;
    let changes = [Change::Contact(contact(1, 1)), Change::Domain(domain(1, "PATIENT-4711"))];
    let error = database.commit(&changes, 2).await.unwrap_err();
    assert!(!error.is_retryable() && matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("4711"), "{error:?}");
    run(&database, "ALTER TABLE elsewhere RENAME TO domain").await;
    assert_eq!(database.sequence().await.unwrap(), 1);
    assert_eq!(database.contacts(&ALL_HOURS).await.unwrap(), [contact(1, 1)]);
}

pub(super) async fn two_writers_do_not_lose_anything(bench: &Bench) {
    let wanted = bench.settings();
    let (one, two) = (Database::open(&wanted).await.unwrap(), Database::open(&wanted).await.unwrap());
    let write = |database: Database| async move {
        let mut made = 0;
        for sequence in 1..=40 {
            let done = database.commit(&[Change::Contact(contact(1, 1))], sequence).await.unwrap();
            made += u64::from(done == Commit::Made);
        }
        made
    };
    let (a, b) = (tokio::spawn(write(one.clone())), tokio::spawn(write(two)));
    assert_eq!(a.await.unwrap() + b.await.unwrap(), 40, "each sequence is made by one of them");
    assert_eq!(one.contacts(&ALL_HOURS).await.unwrap().first().map(|contact| contact.flows), Some(40));
}

pub(super) async fn contacts_are_found_by_either_end_and_hour(bench: &Bench) {
    let database = bench.open().await;
    let mut turned = contact(3, 1);
    turned.ends.reverse();
    let mut elsewhere = contact(4, 1);
    elsewhere.ends = elsewhere.ends.map(|end| Endpoint { scope: Scope(9), mac: None, ..end });
    let all = [contact(2, 1), turned, elsewhere];
    let _ = database.commit(&all.map(Change::Contact), 1).await.unwrap();
    let find = async |filter| database.contacts(&filter).await.unwrap();
    let one = sample::end(1);
    let by_ip = ContactFilter { ip: one.ip.map(|ip| (one.scope, ip)), ..ALL_HOURS };
    assert_eq!(find(by_ip.clone()).await, [contact(2, 1), turned]);
    assert_eq!(find(ContactFilter { hours: 3..4, ..by_ip.clone() }).await, [turned]);
    assert_eq!(find(ContactFilter { limit: 1, ..by_ip }).await, [contact(2, 1)]);
    assert_eq!(find(ContactFilter { mac: one.mac, ..ALL_HOURS }).await, [contact(2, 1), turned]);
    assert_eq!(find(ContactFilter { hours: 4..5, ..ALL_HOURS }).await, [elsewhere]);
}

pub(super) async fn devices_are_found_by_any_part_of_what_is_known(bench: &Bench) {
    let database = bench.open().await;
    let changes = [device(1, "Perfusor 50%"), device(2, "Perfusor 50x")].map(|device| Change::Device(Box::new(device)));
    let _ = database.commit(&changes, 1).await.unwrap();
    for (text, found) in [
        ("perfusor", vec![1, 2]),
        ("SÖHNE", vec![1, 2]),
        ("50%", vec![1]),
        ("10.0.0.2", vec![2]),
        ("00:09:FB:00:00:01", vec![1]),
        ("fe80::2", vec![2]),
        ("a guess", vec![]),
        ("_", vec![]),
        ("!", vec![]),
    ] {
        let devices = database.devices(text, None, 9).await.unwrap();
        let ids: Vec<Id> = devices.into_iter().map(|device| device.id).collect();
        assert_eq!(ids, found.into_iter().map(id).collect::<Vec<_>>(), "{text}");
    }
}

pub(super) async fn a_fact_of_a_later_version_is_left_out_and_counted(bench: &Bench) {
    let database = bench.open().await;
    let _ = database.commit(&[Change::Fact(fact(1, "a")), Change::Fact(fact(2, "b"))], 1).await.unwrap();
    run(&database, "UPDATE fact SET field = 'no.such' WHERE sequence = 1").await;
    let loaded = database.load().await.unwrap();
    assert_eq!((loaded.facts, loaded.unknown), (vec![fact(2, "b")], 1));
}

pub(super) async fn a_row_that_cannot_be_read_is_damage(bench: &Bench) {
    let database = bench.open().await;
    let _ = database.commit(&[Change::Area(area(1, None, "Ost")), Change::Fact(fact(1, "a"))], 1).await.unwrap();
    run(&database, "UPDATE area SET level = 'PATIENT-4711'").await;
    run(&database, "UPDATE fact SET \"count\" = -1").await;
    let errors = [database.areas().await.unwrap_err(), database.load().await.unwrap_err()];
    for error in errors {
        assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
        assert!(!format!("{error:?}").contains("4711"), "{error:?}");
    }
}

pub(super) async fn segments_are_put_dropped_and_buried(bench: &Bench) {
    let database = bench.open().await;
    let segment = |path: &str, rows| Segment {
        path: path.to_owned(),
        hour: 472_222,
        sequences: [1, 9],
        rows,
        bytes: 1_000,
        first: Time::from_seconds(1),
        last: Time::from_seconds(2),
        recorded: Time::from_seconds(3),
        sha256: [0xa7; 32],
        schema: 1,
        removed: None,
    };
    database.put_segments(&[segment("b", 1), segment("a", 2), segment("c", 3)], &[]).await.unwrap();
    let removed = Some(Removal { at: Time::from_seconds(9), reason: "older than 30 days".into() });
    let buried = Segment { removed, ..segment("c", 3) };
    database.put_segments(&[segment("d", 3), buried.clone()], &["a", "b", "no such"]).await.unwrap();
    assert_eq!(database.segments().await.unwrap(), [buried, segment("d", 3)]);
}

pub(super) async fn how_far_the_history_came_is_kept_with_its_files(bench: &Bench) {
    let database = bench.open().await;
    assert_eq!(database.history_reached().await.unwrap(), None);
    let reached = |reached| history::Change { reached, ..history::Change::default() };
    let _ = database.commit_with(&[], &reached(Some(0)), 3).await.unwrap();
    assert_eq!(database.history_reached().await.unwrap(), Some(0));
    let _ = database.commit_with(&[], &reached(Some(7)), 2).await.unwrap();
    assert_eq!(database.history_reached().await.unwrap(), Some(0), "what was committed before changes nothing");
    let _ = database.commit_with(&[], &reached(None), 4).await.unwrap();
    assert_eq!(database.history_reached().await.unwrap(), Some(0));
    database.put_history(&reached(Some(4))).await.unwrap();
    assert_eq!(database.history_reached().await.unwrap(), Some(4));
}

/// Two files in one hour, one in the next: what two ends did in an hour is forgotten with the last file of that hour.
pub(super) async fn contacts_go_with_the_last_flows_of_their_hour(bench: &Bench) {
    let database = bench.open().await;
    let file = |hour: i64, sequence| history::Segment {
        hour: Hour::of(Time::from_seconds(hour * 3600)),
        first_sequence: sequence,
        last_sequence: sequence,
        rows: 1,
        bytes: 1,
        first: Time::from_seconds(hour * 3600),
        last: Time::from_seconds(hour * 3600),
        recorded: Time::from_seconds(1),
        sha256: Digest([0; 32]),
        schema: 1,
    };
    let files = [file(5, 1), file(5, 2), file(6, 3)];
    let contacts = [Change::Contact(contact(5, 1)), Change::Contact(contact(6, 1))];
    let added = history::Change { added: files.to_vec(), ..history::Change::default() };
    let _ = database.commit_with(&contacts, &added, 3).await.unwrap();
    for (gone, left) in [(0, vec![5, 6]), (2, vec![5]), (1, vec![])] {
        let why = Why::Age { age_s: 2, limit_s: 1 };
        let tomb = Tombstone { segment: files[gone].clone(), at: Time::from_seconds(9), why };
        database.put_history(&history::Change { purged: vec![tomb], ..history::Change::default() }).await.unwrap();
        let filter = ContactFilter { ip: None, mac: None, hours: 0..10, limit: 9 };
        let hours: Vec<i64> = database.contacts(&filter).await.unwrap().iter().map(|contact| contact.hour).collect();
        assert_eq!(hours, left, "after {gone}");
    }
}

pub(super) async fn offsets_are_kept_by_name(bench: &Bench) {
    let database = bench.open().await;
    for (name, sequence) in [("history", 5), ("ledger", 3), ("history", 9)] {
        database.put_offset(name, sequence).await.unwrap();
    }
    assert_eq!((database.offset("history").await.unwrap(), database.offset("none").await.unwrap()), (9, 0));
    assert_eq!(database.offsets().await.unwrap(), [("history".to_owned(), 9), ("ledger".to_owned(), 3)]);
}

/// Any changes, cut into batches in any way, with restarts between: the same state as on SQLite in one go.
pub(super) async fn any_changes_in_any_batches_give_the_same_state(bench: &Bench) {
    let runtime = tokio::runtime::Handle::current();
    let cuts = proptest::collection::vec(1..20_usize, 1..8);
    // A new PostgreSQL database takes its time.
    let cases = if bench.server.is_some() { 12 } else { 48 };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let tried = tokio::task::block_in_place(|| {
        runner.run(&(sample::changes(), cuts), |(changes, cuts)| {
            runtime.block_on(same_state(bench, &changes, &cuts));
            Ok(())
        })
    });
    tried.unwrap();
}

async fn same_state(bench: &Bench, changes: &[Change], cuts: &[usize]) {
    let reference = Bench::sqlite();
    let whole = reference.open().await;
    let wanted = bench.settings();
    let mut parts = Database::open(&wanted).await.unwrap();
    let mut left = changes;
    let mut sequence = 0;
    for (cut, n) in cuts.iter().cycle().zip(0..) {
        if left.is_empty() {
            break;
        }
        let (batch, rest) = left.split_at((*cut).min(left.len()));
        (left, sequence) = (rest, sequence + 1);
        let _ = parts.commit(batch, sequence).await.unwrap();
        if n % 3 == 2 {
            parts.close().await;
            parts = Database::open(&wanted).await.unwrap();
        }
    }
    let _ = whole.commit(changes, sequence.max(1)).await.unwrap();
    let _ = parts.commit(&[], 1).await.unwrap();
    assert_eq!(parts.dump().await.unwrap(), whole.dump().await.unwrap());
    assert_eq!(parts.digest().await.unwrap(), whole.digest().await.unwrap());
    let facts: BTreeMap<Origin, _> = changes
        .iter()
        .filter_map(|change| if let Change::Fact(fact) = change { Some((fact.origin, fact.clone())) } else { None })
        .collect();
    assert!(parts.load().await.unwrap().facts.into_iter().eq(facts.into_values()));
    parts.close().await;
}

#[test]
fn every_attribute_has_its_two_columns() {
    let names: Vec<_> = schema::DEVICE.names().skip(2).take(14).collect();
    let wanted = Attribute::ALL.map(|attribute| [attribute.name().into(), format!("{}_confidence", attribute.name())]);
    assert_eq!(names, wanted.concat());
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_repeating_it() {
    for url in ["", "state.db", "sqlite:", "mysql://a:secret@b/c", "postgres://a:secret@b:port/c"] {
        let error = Database::open(&settings(url.to_owned())).await.unwrap_err();
        assert!(matches!(error, StoreError::Url), "{url}: {error:?}");
    }
    assert!(!format!("{:?}", settings("postgres://a:secret@b/c".into())).contains("secret"));
}

#[tokio::test]
async fn the_file_is_for_its_owner_alone_and_the_engine_is_sound() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::sqlite();
    let path = bench.path("state.db");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let database = super::sqlite_at(&path).await;
    let _ = database.commit(&[], 1).await.unwrap();
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let mode = std::fs::metadata(bench.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let mut session = database.engine.write().await.unwrap();
    let mut ask = async |what: &'static str, of: &'static str| {
        let select = Query::select().expr(Expr::cust(what)).from(of).to_owned();
        let column = schema::Column { name: "", kind: schema::Kind::Text, may_miss: false };
        session.rows(&select, &[column]).await.unwrap()
    };
    let text = |text: &str| vec![vec![sea_query::Value::String(Some(text.to_owned()))]];
    assert_eq!(ask("journal_mode", "pragma_journal_mode").await, text("wal"));
    assert_eq!(ask("CAST(synchronous AS text)", "pragma_synchronous").await, text("2"), "FULL");
    // Before, a write-ahead log that is begun anew while another process reads could be damaged.
    let version = ask("sqlite_version()", "site").await;
    let Some(sea_query::Value::String(Some(version))) = version.into_iter().flatten().next() else { panic!() };
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(parts.as_slice() >= &[3, 51, 3], "SQLite {version}");
}

/// Changes the database behind the back of the program.
pub(super) async fn run(database: &Database, sql: &'static str) {
    let mut session: engine::Session = database.engine.write().await.unwrap();
    session.script(sql, sql).await.unwrap();
    session.commit().await.unwrap();
}
