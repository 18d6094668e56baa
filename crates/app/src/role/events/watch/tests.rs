use super::*;
use std::sync::Arc;
use wardlight_inventory::resolve::{Question, Score, Why};
use wardlight_model::{Claim, Deed, Device, Origin};
use wardlight_store::journal::Options;
use wardlight_store::projection::Projection;

/// A watch over a log in a folder, and the devices before.
struct Trial {
    folder: tempfile::TempDir,
    devices: Projection,
}

impl Trial {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), devices: Projection::default() }
    }

    /// As after a start; the journal has `durable` records.
    fn start(&self, durable: u64) -> (Watch, Journal) {
        let journal = Journal::open(&self.folder.path().join("log"), Options::default()).expect("a log");
        let kept = File::open(&self.folder.path().join("noticed.json"), durable);
        (Watch::over(journal.clone(), kept, crate::role::now()).expect("a watch"), journal)
    }

    fn settle(&self, watch: &mut Watch, sequence: u64, changes: &[Change], assets: Option<&Resolution>) {
        watch.settle(sequence, changes, &self.devices.snapshot(), assets);
        self.devices.apply(changes);
        watch.settled();
    }
}

fn device(number: u8, sequence: u64, kind: Option<&str>) -> Change {
    let claim = |kind: &str| Claim {
        attribute: Attribute::Type,
        value: kind.to_owned(),
        confidence: 0.9,
        rule: "self".to_owned(),
        evidence: Vec::new(),
    };
    let device = Device {
        id: format!("mac:{number}"),
        macs: Vec::new(),
        addresses: Vec::new(),
        keys: Vec::new(),
        via: None,
        claims: kind.map(claim).into_iter().collect(),
        labels: Vec::new(),
        peers: Vec::new(),
        first: Time::default(),
        last: Time::default(),
        origins: vec![Origin { sequence, item: 0 }],
    };
    Change::Device(Box::new(Known { id: Id([number; 16]), device, features: Vec::new() }))
}

/// Kind, subject's first byte, count and words of all events in the log.
fn told(journal: &Journal) -> Vec<(Kind, Option<u8>, u64, String)> {
    let mut follower = journal.follow(1);
    let mut all = Vec::new();
    while let Ok(Some(record)) = follower.next(std::time::Duration::ZERO) {
        let event = Event::read(Id(record.id.0), &record.body).expect("an event");
        all.push((event.kind, event.subject.map(|id| id.0[0]), event.count, event.words));
    }
    all
}

fn kinds(journal: &Journal) -> Vec<(Kind, Option<u8>)> {
    told(journal).into_iter().map(|(kind, subject, ..)| (kind, subject)).collect()
}

#[test]
fn what_a_new_house_knew_is_not_told_and_what_comes_is_once() {
    let trial = Trial::new();
    let (mut watch, journal) = trial.start(5);
    trial.settle(&mut watch, 5, &[device(1, 3, None), device(2, 5, Some("infusion pump"))], None);
    assert_eq!(told(&journal), [], "all of it was there before anybody was to be told");
    trial.settle(&mut watch, 8, &[device(3, 7, Some("infusion pump")), device(4, 8, None), device(5, 4, None)], None);
    let found = |number, words: &str| (Kind::DeviceFound, Some(number), 1, words.to_owned());
    assert_eq!(
        told(&journal),
        [found(3, "A device was found: infusion pump."), found(4, "A device was found; nothing says yet what it is.")]
    );
}

#[test]
fn a_device_is_told_again_neither_after_a_crash_nor_after_a_start() {
    let trial = Trial::new();
    let (mut watch, journal) = trial.start(0);
    trial.settle(&mut watch, 0, &[], None);
    // Told, and then the server is gone before the state has it.
    watch.settle(3, &[device(1, 2, None)], &trial.devices.snapshot(), None);
    assert_eq!(kinds(&journal), [(Kind::DeviceFound, Some(1))]);
    drop((watch, journal));
    let (mut watch, journal) = trial.start(4);
    trial.settle(&mut watch, 4, &[device(1, 2, None), device(2, 4, None)], None);
    assert_eq!(kinds(&journal), [(Kind::DeviceFound, Some(1)), (Kind::DeviceFound, Some(2))]);
    drop((watch, journal));
    // The state was lost and is made again from the journal: no device is new.
    let lost = Trial { folder: trial.folder, devices: Projection::default() };
    let (mut watch, journal) = lost.start(4);
    lost.settle(&mut watch, 4, &[device(1, 2, None), device(2, 4, None)], None);
    assert_eq!(kinds(&journal).len(), 2);
}

#[test]
fn a_changed_type_is_told_unless_another_version_thinks_otherwise() {
    let trial = Trial::new();
    let (mut watch, journal) = trial.start(0);
    trial.settle(&mut watch, 1, &[device(1, 1, None)], None);
    trial.settle(&mut watch, 2, &[device(1, 1, Some("infusion pump"))], None);
    assert_eq!(kinds(&journal), [(Kind::DeviceFound, Some(1))], "what was unknown is no change");
    trial.settle(&mut watch, 3, &[device(1, 1, Some("Anna's pump"))], None);
    let words = "A device changed its type: before infusion pump, now a type of this house's own.".to_owned();
    assert_eq!(told(&journal).last(), Some(&(Kind::DeviceRetyped, Some(1), 1, words)));
    drop((watch, journal));
    let path = trial.folder.path().join("noticed.json");
    let text = std::fs::read_to_string(&path).expect("kept").replace(env!("CARGO_PKG_VERSION"), "0.0.9");
    std::fs::write(&path, text).expect("written");
    let (mut watch, journal) = trial.start(3);
    trial.settle(&mut watch, 3, &[device(1, 1, Some("patient monitor"))], None);
    assert_eq!(kinds(&journal).len(), 2, "the knowledge changed, not the device");
    trial.settle(&mut watch, 4, &[device(1, 1, Some("infusion pump"))], None);
    assert_eq!(kinds(&journal).len(), 3);
}

#[test]
fn many_at_once_are_one_event() {
    let trial = Trial::new();
    let (mut watch, journal) = trial.start(0);
    let many: Vec<Change> = (1..=21).map(|number| device(number, 1, None)).collect();
    trial.settle(&mut watch, 1, &many, None);
    assert_eq!(told(&journal), [(Kind::DeviceFound, None, 21, "21 devices were found at once.".to_owned())]);
}

#[test]
fn a_pair_that_waits_is_told_when_it_appears() {
    let trial = Trial::new();
    let (mut watch, journal) = trial.start(0);
    let question = |a, b| Question {
        a: Id([a; 16]),
        b: Id([b; 16]),
        why: Why::Unsure,
        score: Score { sum: 0, probability: 0.5, reasons: Vec::new() },
    };
    let assets = |questions| Resolution { questions, ..Resolution::default() };
    trial.settle(&mut watch, 1, &[], Some(&assets(vec![question(1, 2)])));
    assert_eq!(kinds(&journal), [], "it waited before");
    for (sequence, questions) in [
        (2, vec![question(1, 2), question(3, 4)]),
        (3, vec![question(3, 4)]),
        (4, vec![question(3, 4), question(1, 2)]),
    ] {
        trial.settle(&mut watch, sequence, &[], Some(&assets(questions)));
    }
    assert_eq!(kinds(&journal), [(Kind::MatchWaits, Some(3)), (Kind::MatchWaits, Some(1))]);
    drop((watch, journal));
    let (mut watch, journal) = trial.start(4);
    trial.settle(&mut watch, 4, &[], Some(&assets(vec![question(3, 4), question(5, 6)])));
    assert_eq!(kinds(&journal).last(), Some(&(Kind::MatchWaits, Some(5))), "it came while nobody looked");
}

fn source(runs: &[(u8, i64, bool)]) -> Change {
    let run = |(id, read, is_whole): &(u8, i64, bool)| {
        let read = crate::role::now().plus(read * 1_000_000 - 3_600_000_000);
        Run { id: Id([*id; 16]), read, rows: 12, is_whole: *is_whole }
    };
    let runs = runs.iter().map(run).collect();
    Change::Source(Source { name: "Dr Mayer's list".to_owned(), runs, ..Source::default() })
}

#[test]
fn an_import_is_told_once_and_without_what_its_source_is_called() {
    let trial = Trial::new();
    let (mut watch, journal) = trial.start(0);
    watch.commit(&[source(&[(1, 1, true)])]);
    let words = "The records of another system were read: 12 rows.".to_owned();
    assert_eq!(told(&journal), [(Kind::ImportRead, Some(1), 12, words)]);
    watch.commit(&[source(&[(1, 1, true), (2, 60, false)])]);
    trial.settle(&mut watch, 2, &[], None);
    assert_eq!(kinds(&journal).len(), 1, "more may come");
    trial.settle(&mut watch, 3, &[], None);
    assert_eq!(kinds(&journal).last(), Some(&(Kind::ImportRead, Some(2))));
    watch.commit(&[source(&[(1, 1, true)])]);
    trial.settle(&mut watch, 4, &[], None);
    assert_eq!(kinds(&journal).len(), 2, "the second was taken back, the first is not new");
}

fn deed(kind: DeedKind, account: u8, minutes: i64) -> Decision {
    let deed = Deed { kind, object: Some(Id([account; 16])), detail: "from 10.0.0.1".to_owned() };
    let at = Time::from_seconds(1_790_000_000 + minutes * 60);
    Decision { by: "anna.mayer".to_owned(), at, command: Command::Witness(deed) }
}

#[test]
fn decisions_are_told_when_they_matter_to_others_and_name_nobody() {
    let trial = Trial::new();
    let (mut watch, journal) = trial.start(10);
    let undo = Decision { command: Command::UndoImport(Id([9; 16])), ..deed(DeedKind::LoggedIn, 1, 0) };
    watch.decided((10, Id([1; 16])), &undo, false);
    watch.decided((11, Id([2; 16])), &undo, true);
    watch.decided((12, Id([3; 16])), &undo, false);
    watch.decided((13, Id([4; 16])), &deed(DeedKind::GlassBroken, 7, 0), false);
    watch.decided((14, Id([5; 16])), &deed(DeedKind::LoggedIn, 7, 0), false);
    watch.commit(&[]);
    assert_eq!(kinds(&journal), [(Kind::ImportUndone, Some(9)), (Kind::EmergencyUsed, Some(7))]);
    assert!(told(&journal).iter().all(|(.., words)| !words.contains("mayer") && !words.contains("10.0.0")));
    // The journal is gone through again after a crash.
    watch.decided((13, Id([4; 16])), &deed(DeedKind::GlassBroken, 7, 0), false);
    watch.commit(&[]);
    assert_eq!(kinds(&journal).len(), 2);
}

#[test]
fn ten_refused_log_ins_within_a_quarter_of_an_hour_are_an_event() {
    let trial = Trial::new();
    let (mut watch, journal) = trial.start(0);
    let mut number = 0;
    let mut refuse = |account, minutes| {
        number += 1;
        watch.decided(
            (number, Id([u8::try_from(number).expect("few"); 16])),
            &deed(DeedKind::LogInRefused, account, minutes),
            false,
        );
    };
    (0..20).for_each(|n| refuse(1, n * 2));
    (0..9).for_each(|_| refuse(2, 0));
    (0..20).for_each(|_| refuse(3, 1));
    watch.commit(&[]);
    assert_eq!(kinds(&journal), [(Kind::LogInsRefused, Some(3)), (Kind::LogInsRefused, Some(3))]);
}

#[test]
fn a_sensor_falls_silent_once_and_is_heard_again_also_after_a_start() {
    let trial = Trial::new();
    let (mut watch, journal) = trial.start(0);
    let begun = crate::role::now();
    let minute = |minutes: i64| begun.plus(minutes * 60_000_000);
    let sensor = |last| Sensor { id: Id([1; 16]), heard: [begun, minute(last)], batches: 1, flows: 0, shed: 0 };
    for (last, now) in [(0, 1), (0, 15), (0, 16), (0, 17), (18, 18), (18, 40)] {
        watch.look(&[sensor(last)], false, minute(now));
    }
    let (silent, back) = ((Kind::SensorSilent, Some(1)), (Kind::SensorBack, Some(1)));
    assert_eq!(kinds(&journal), [silent, back, silent]);
    drop((watch, journal));
    let (mut watch, journal) = trial.start(0);
    watch.look(&[], false, minute(60));
    assert_eq!(kinds(&journal).len(), 3, "it is known to be silent");
    watch.look(&[sensor(61)], false, minute(61));
    assert_eq!(kinds(&journal).last(), Some(&back));
    drop((watch, journal));
    let (mut watch, journal) = trial.start(0);
    watch.look(&[], false, minute(1));
    assert_eq!(kinds(&journal).len(), 4, "it has a while to come back");
    watch.look(&[], false, minute(20));
    assert_eq!(kinds(&journal).last(), Some(&silent));
}

#[test]
fn a_full_disk_is_told_of_and_so_is_room() {
    let trial = Trial::new();
    let (mut watch, journal) = trial.start(0);
    for (at, is_full) in [(1, false), (2, true), (3, true), (4, false)] {
        watch.look(&[], is_full, Time::from_seconds(at));
    }
    assert_eq!(kinds(&journal), [(Kind::StorageFull, None), (Kind::StorageFree, None)]);
}

#[test]
fn who_has_nobody_to_tell_notices_nothing() {
    let mut watch = Watch::default();
    let devices = Arc::new(Projection::default());
    watch.decided((1, Id([1; 16])), &deed(DeedKind::GlassBroken, 1, 0), false);
    watch.commit(&[source(&[(1, 1, true)])]);
    watch.settle(1, &[device(1, 1, None)], &devices.snapshot(), None);
    watch.look(&[], true, Time::default());
    assert!(watch.0.is_none());
}
