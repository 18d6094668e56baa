//! Everything a disk may do to a log: loss of power at every step, rot of every byte, errors, no space.

#![expect(clippy::cast_possible_truncation, reason = "small numbers of tests")]

use super::sim::{Dice, Fault, SimDisk};
use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SMALL: Options = Options { segment_bytes: 8 << 10, reserve_bytes: 0 };
const SECTORS: [u64; 2] = [512, 4096];

fn draft(n: u64, length: usize) -> Draft {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&n.to_be_bytes());
    let body = (0..length).map(|at| (n as usize * 31 + at * 7) as u8).collect();
    Draft { id: Id(id), kind: (n % 500) as u16, version: (n % 9) as u8, is_vital: false, body }
}

fn vital(n: u64, length: usize) -> Draft {
    Draft { is_vital: true, ..draft(n, length) }
}

#[track_caller]
fn assert_is(record: &Record, draft: &Draft) {
    let Record { kind, version, id, body, .. } = record;
    assert_eq!((kind, version, id), (&draft.kind, &draft.version, &draft.id), "record {}", record.sequence);
    assert!(*body == draft.body, "body of record {}", record.sequence);
}

fn open(disk: &SimDisk, options: Options) -> Log {
    Log::open_on(disk.arc(), options).unwrap_or_else(|error| panic!("cannot open the log: {error}"))
}

/// What a writer knows it wrote.
#[derive(Default)]
struct Diary {
    /// The draft last written under each sequence.
    written: BTreeMap<u64, Draft>,
    /// All up to this was acknowledged.
    acked: u64,
    /// All below this may be gone.
    released: u64,
    made: u64,
}

impl Diary {
    fn batch(&mut self, dice: &mut Dice) -> Vec<Draft> {
        let length = |dice: &mut Dice| match dice.roll(10) {
            0 => 0,
            1 => 5000 + dice.roll(6000),
            _ => dice.roll(900),
        };
        let drafts = (0..1 + dice.roll(5)).map(|n| draft(self.made + n + 1, length(dice) as usize)).collect::<Vec<_>>();
        self.made += drafts.len() as u64;
        drafts
    }

    fn append(&mut self, log: &mut Log, drafts: Vec<Draft>) -> Result<(), LogError> {
        // It may be there even when the disk says no.
        let first = log.next();
        let attempt = log.append(&drafts);
        if !matches!(attempt, Err(LogError::Full { .. } | LogError::Broken { .. })) {
            self.written.extend((first..).zip(drafts));
        }
        attempt.map(|_| ())
    }

    fn sync(&mut self, log: &mut Log) -> Result<(), LogError> {
        self.acked = log.sync()?;
        Ok(())
    }

    /// One thing that a writer does.
    fn act(&mut self, log: &mut Log, dice: &mut Dice) -> Result<(), LogError> {
        match dice.roll(12) {
            0..6 => {
                let drafts = self.batch(dice);
                self.append(log, drafts)
            }
            6..11 => self.sync(log),
            _ => {
                let up_to = log.first() + dice.roll(1 + log.durable().saturating_sub(log.first()));
                self.released = self.released.max(up_to);
                log.release(up_to).map(|_| ())
            }
        }
    }

    /// All that was acknowledged is there, what else is there was written, and nothing is said to be damaged.
    #[track_caller]
    fn assert_kept(&self, log: &Log) {
        assert_eq!(log.rot(), []);
        assert!(log.durable() >= self.acked, "{} of {} acknowledged are left", log.durable(), self.acked);
        assert!(log.first() <= self.released.max(1), "{} is gone, released was {}", log.first(), self.released);
        let mut next = log.first();
        for record in log.reader(next) {
            let record = record.unwrap_or_else(|error| panic!("record {next}: {error}"));
            assert_eq!(record.sequence, next);
            assert_is(&record, &self.written[&next]);
            next += 1;
        }
        assert_eq!(next, log.durable() + 1);
    }
}

/// Works with a log on `disk` until `steps` are done or the disk says no.
fn work(disk: &SimDisk, diary: &mut Diary, dice: &mut Dice, steps: usize) -> Result<(), LogError> {
    let mut log = Log::open_on(disk.arc(), SMALL)?;
    (0..steps).try_for_each(|_| diary.act(&mut log, dice))
}

/// Opens what a loss of power left, checks it, works on, loses power again, and checks again.
fn survive(disk: &SimDisk, diary: &mut Diary, dice: &mut Dice, sector: u64) {
    let image = disk.crash(dice, sector);
    let log = open(&image, SMALL);
    diary.assert_kept(&log);
    diary.acked = log.durable();
    drop(log);
    work(&image, diary, dice, 12).expect("a good disk");
    diary.assert_kept(&open(&image.crash(dice, sector), SMALL));
}

#[test]
fn nothing_acknowledged_is_lost_with_the_power() {
    for seed in 0..1000 {
        let (mut dice, mut diary, disk) = (Dice(seed), Diary::default(), SimDisk::new());
        let steps = 1 + dice.roll(60) as usize;
        work(&disk, &mut diary, &mut dice, steps).expect("a good disk");
        survive(&disk, &mut diary, &mut dice, SECTORS[seed as usize % 2]);
    }
}

#[test]
fn nothing_acknowledged_is_lost_with_the_power_at_any_operation() {
    let run = |at: u64, seed: u64| {
        let (mut dice, mut diary, disk) = (Dice(seed), Diary::default(), SimDisk::new());
        disk.fail(at, Fault::Power);
        let outcome = work(&disk, &mut diary, &mut dice, 120);
        (disk, diary, dice, outcome.is_err())
    };
    let mut points = 0;
    for seed in 0..10 {
        let total = run(u64::MAX, seed).0.operations();
        for at in 1..=total {
            let (disk, mut diary, mut dice, has_failed) = run(at, seed);
            assert!(has_failed || at >= total - 1, "operation {at} of {total} failed unseen");
            survive(&disk, &mut diary, &mut dice, SECTORS[at as usize % 2]);
            points += 1;
        }
    }
    assert!(points >= 2500, "only {points} points");
}

/// What the first writer had not made durable, the second finds, and takes for granted at its peril.
#[test]
fn nothing_acknowledged_is_lost_with_the_power_after_a_kill_at_any_operation() {
    for seed in 0..6 {
        let mut at = 0;
        loop {
            at += 1;
            let (mut dice, mut diary, disk) = (Dice(seed), Diary::default(), SimDisk::new());
            disk.fail(at, Fault::Power);
            let is_through = work(&disk, &mut diary, &mut dice, 60).is_ok();
            disk.revive();
            let mut log = open(&disk, SMALL);
            diary.assert_kept(&log);
            diary.acked = log.durable();
            (0..dice.roll(4)).try_for_each(|_| diary.act(&mut log, &mut dice)).expect("a good disk");
            let crashed = disk.crash(&mut dice, SECTORS[at as usize % 2]);
            drop(log);
            diary.assert_kept(&open(&crashed, SMALL));
            if is_through {
                break;
            }
        }
        assert!(at > 80, "only {at} operations");
    }
}

#[test]
fn nothing_acknowledged_is_lost_with_the_power_while_mending() {
    for seed in 0..60 {
        let (mut dice, mut diary, disk) = (Dice(seed), Diary::default(), SimDisk::new());
        work(&disk, &mut diary, &mut dice, 40).expect("a good disk");
        let left = disk.crash(&mut dice, 512);
        let total = {
            let image = left.image();
            drop(open(&image, SMALL));
            image.operations()
        };
        for at in 1..=total {
            let image = left.image();
            image.fail(at, Fault::Power);
            assert!(Log::open_on(image.arc(), SMALL).is_err() || at >= total - 1);
            diary.assert_kept(&open(&image.crash(&mut dice, SECTORS[at as usize % 2]), SMALL));
        }
    }
}

#[test]
fn after_an_error_nothing_is_acknowledged_until_opened_again() {
    for seed in 0..10 {
        let mut at = 0;
        loop {
            at += 1;
            let (mut dice, mut diary, disk) = (Dice(seed), Diary::default(), SimDisk::new());
            disk.fail(at, Fault::Error);
            let mut log = match Log::open_on(disk.arc(), SMALL) {
                Ok(log) => log,
                Err(LogError::Disk { .. }) => continue,
                Err(error) => panic!("operation {at}: {error}"),
            };
            let outcome = (0..60).try_for_each(|_| diary.act(&mut log, &mut dice));
            if outcome.is_ok() && disk.operations() < at {
                break;
            }
            if let Err(error) = outcome {
                assert!(matches!(error, LogError::Disk { .. }), "operation {at}: {error}");
                let durable = log.durable();
                assert!(matches!(log.append(&[draft(1, 1)]), Err(LogError::Broken { .. })));
                assert!(matches!(log.sync(), Err(LogError::Broken { .. })));
                assert!(matches!(log.release(9), Err(LogError::Broken { .. })));
                assert_eq!(log.durable(), durable);
            }
            drop(log);
            let crashed = disk.crash(&mut dice, 512);
            diary.assert_kept(&open(&disk, SMALL));
            diary.assert_kept(&open(&crashed, SMALL));
        }
        assert!(at > 80, "only {at} operations");
    }
}

#[test]
fn a_sync_that_failed_is_not_believed_after_the_log_is_opened_again() {
    let disk = SimDisk::new();
    let mut log = open(&disk, SMALL);
    log.append(&[draft(1, 10)]).unwrap();
    log.sync().unwrap();
    log.append(&[draft(2, 10)]).unwrap();
    disk.fail(disk.operations() + 1, Fault::Error);
    assert!(matches!(log.sync(), Err(LogError::Disk { doing: "make durable", .. })));
    drop(log);
    assert_eq!(open(&disk, SMALL).durable(), 1, "the second record is in memory, and not on the disk");
}

/// A log of some segments and groups of which all is synced but a last batch, as the process left it.
fn settled(segment_bytes: u64) -> (SimDisk, Diary) {
    let (disk, mut diary) = (SimDisk::new(), Diary::default());
    let mut log = open(&disk, Options { segment_bytes, reserve_bytes: 0 });
    for group in 0..7_u64 {
        let drafts = (0..3).map(|n| draft(diary.made + n + 1, 10 + 13 * group as usize)).collect();
        diary.made += 3;
        diary.append(&mut log, drafts).unwrap();
        diary.sync(&mut log).unwrap();
    }
    diary.append(&mut log, vec![draft(22, 30), draft(23, 0)]).unwrap();
    drop(log);
    (disk.image(), diary)
}

/// Every acknowledged record is read as it was written or reported as damaged, and no other is given.
#[track_caller]
fn assert_accounted(image: &SimDisk, diary: &Diary, acked: u64, what: &str) -> bool {
    let log = match Log::open_on(image.arc(), SMALL) {
        Ok(log) => log,
        Err(LogError::Strange { .. }) => return true,
        Err(error) => panic!("{what}: {error}"),
    };
    let mut next = 1;
    let mut has_rot = !log.rot().is_empty();
    for item in log.reader(1) {
        match item {
            Ok(record) => {
                assert_eq!(record.sequence, next, "{what}");
                assert_is(&record, &diary.written[&next]);
                next += 1;
            }
            Err(ReadError::Rot(rot)) => {
                has_rot = true;
                assert!(rot.missing.is_empty() || rot.missing.start == next, "{what}: {rot}");
                next = next.max(rot.missing.end);
            }
            Err(ReadError::Released { from: 1, first }) => {
                has_rot = true;
                next = first;
            }
            Err(error) => panic!("{what}: {error}"),
        }
    }
    assert!(next > acked, "{what}: records from {next} to {acked} vanished in silence");
    has_rot
}

#[test]
fn no_flipped_byte_is_served_or_swallows_what_is_behind_it() {
    let (disk, diary) = settled(700);
    assert!(!assert_accounted(&disk.image(), &diary, diary.acked, "as it was"));
    assert!(disk.list().iter().filter(|name| name.ends_with(".seg")).count() >= 3);
    let mut found = 0;
    for name in disk.list() {
        let content = disk.content(&name);
        for at in 0..content.len() {
            for flip in [0x01, 0xff] {
                let mut image = disk.image();
                let mut changed = content.clone();
                changed[at] ^= flip;
                image.put(&name, changed);
                found += u64::from(assert_accounted(&image, &diary, diary.acked, &format!("{name} byte {at}")));
            }
        }
    }
    assert!(found > 2000, "only {found} flips were damage");
}

#[test]
fn rot_is_told_from_the_end_by_later_records_alone() {
    let (disk, diary) = settled(1 << 20);
    let (last, first) =
        disk.list().iter().filter_map(|name| Some((name.clone(), layout::first_of(name)?))).max().unwrap();
    let content = disk.content(&last);
    // All of the last segment but the last group is vouched for by the `synced` of records behind.
    let behind = diary.acked - 3;
    assert!(behind > first);
    for at in 0..content.len() {
        let mut image = disk.image();
        image.drop_file("synced");
        let mut changed = content.clone();
        changed[at] ^= 0x10;
        image.put(&last, changed);
        assert_accounted(&image, &diary, behind, &format!("byte {at}"));
    }
}

#[test]
fn a_file_cut_anywhere_loses_nothing_in_silence() {
    let (disk, diary) = settled(700);
    for name in disk.list() {
        let content = disk.content(&name);
        for length in 0..content.len() {
            for fill in [0, 100, 5000] {
                let mut image = disk.image();
                let mut cut = content[..length].to_vec();
                cut.resize(length + fill, 0);
                image.put(&name, cut);
                assert_accounted(&image, &diary, diary.acked, &format!("{name} cut at {length}, {fill} zeros"));
            }
        }
    }
}

#[test]
fn a_missing_file_is_reported() {
    let (disk, diary) = settled(700);
    for name in disk.list() {
        let mut image = disk.image();
        image.drop_file(&name);
        let is_seen = assert_accounted(&image, &diary, diary.acked, &name);
        assert_eq!(is_seen, name.ends_with(".seg"), "{name}");
    }
}

#[test]
fn an_unsynced_tail_vanishes_only_as_a_suffix() {
    let (disk, mut diary) = settled(700);
    diary.written.retain(|sequence, _| *sequence <= 23);
    let last = disk.list().into_iter().rfind(|name| name.ends_with(".seg")).unwrap();
    let content = disk.content(&last);
    let tail = content.len() - 2 * layout::HEADER - 30;
    for at in tail..content.len() {
        let mut image = disk.image();
        let mut changed = content.clone();
        changed[at] ^= 0x10;
        image.put(&last, changed);
        let log = open(&image, SMALL);
        assert_eq!(log.rot(), []);
        let kept = if at < tail + layout::HEADER + 30 { 21 } else { 22 };
        assert_eq!(log.durable(), kept, "byte {at}");
        diary.assert_kept(&log);
    }
}

#[test]
fn a_log_with_rot_at_its_end_goes_on_behind_it() {
    let (mut disk, diary) = settled(700);
    let last = disk.list().into_iter().rfind(|name| name.ends_with(".seg")).unwrap();
    disk.put(&last, disk.content(&last)[..layout::HEAD + 5].to_vec());
    for round in 0..3 {
        let mut log = open(&disk, SMALL);
        let sequences = log.append(&[draft(100 + round, 10)]).unwrap();
        assert_eq!(sequences.start, diary.acked + 1 + round, "a sequence that was acknowledged is never given again");
        log.sync().unwrap();
        let last: Vec<_> = log.reader(sequences.start).map(Result::unwrap).collect();
        assert_eq!(last.len(), 1);
        assert_is(&last[0], &draft(100 + round, 10));
    }
}

#[test]
fn bodies_that_look_like_records_are_none() {
    let disk = SimDisk::new();
    let mut log = open(&disk, SMALL);
    log.append(&[draft(1, 10)]).unwrap();
    log.sync().unwrap();
    let name = layout::name(1);
    // What another log, with its own salt, would hold: promises of things to come.
    let header =
        layout::Header { version: 0, kind: 0, length: 0, body_crc: 0, sequence: 900, synced: 800, id: Id([1; 16]) };
    let body = header.bytes(layout::Salt([9; 16])).repeat(20);
    log.append(&[Draft { body, ..draft(2, 0) }]).unwrap();
    let mut image = disk.image();
    let mut torn = image.content(&name);
    let begin = layout::HEAD + layout::HEADER + 10;
    torn[begin] ^= 1;
    image.put(&name, torn);
    let log = open(&image, SMALL);
    assert_eq!((log.durable(), log.rot()), (1, [].as_slice()));
}

#[test]
fn who_writes_vital_records_alone_lends_its_reserve_and_asks_for_it_again() {
    let options = Options { segment_bytes: 64 << 10, reserve_bytes: 32 << 10 };
    let disk = SimDisk::new();
    let mut log = open(&disk, options);
    log.append(&[vital(1, 400)]).unwrap();
    let used: u64 = disk.list().iter().map(|name| disk.content(name).len() as u64).sum();
    disk.limit(used);
    assert!(log.give_way(100).unwrap(), "there is some");
    let left = disk.content("reserve").len();
    assert!(left < 32 << 10 && left > 0 && log.is_full(), "{left}");
    log.append(&[vital(2, 400)]).unwrap();
    assert!(!log.regain().unwrap(), "the disk is as full as it was");
    disk.limit(used + 4096);
    assert!(log.regain().unwrap() && !log.is_full());
    assert_eq!(disk.content("reserve").len(), 32 << 10);
    while log.give_way(100).unwrap() {}
    assert_eq!(disk.content("reserve").len(), 0);
}

#[test]
fn a_full_disk_refuses_flows_keeps_decisions_and_recovers_alone() {
    let options = Options { segment_bytes: 16 << 10, reserve_bytes: 32 << 10 };
    for extra in 0..250_u64 {
        let (disk, mut diary) = (SimDisk::new(), Diary::default());
        let capacity = 60_000 + extra * 37;
        disk.limit(capacity);
        let mut log = open(&disk, options);
        let mut refused = 0;
        while refused < 5 {
            diary.made += 1;
            match diary.append(&mut log, vec![draft(diary.made, 400)]) {
                Err(LogError::Full { .. }) => refused += 1,
                done => done.unwrap(),
            }
        }
        diary.sync(&mut log).unwrap();
        assert!(log.is_full());
        for _ in 0..20 {
            diary.made += 1;
            let decision = vital(diary.made, 300);
            diary.append(&mut log, vec![decision]).unwrap_or_else(|error| panic!("capacity {capacity}: {error}"));
            diary.sync(&mut log).unwrap();
            assert!(matches!(log.append(&[draft(1, 400)]), Err(LogError::Full { .. })), "flows wait for the reserve");
        }
        drop(log);
        let log = open(&disk.crash(&mut Dice(extra), 512), options);
        diary.assert_kept(&log);
        drop(log);
        let mut log = open(&disk, options);
        assert!(log.is_full(), "it is still full when opened again");
        disk.limit(capacity + 50_000);
        diary.made += 1;
        let flow = draft(diary.made, 400);
        diary.append(&mut log, vec![flow]).expect("there is space again");
        diary.sync(&mut log).unwrap();
        assert!(!log.is_full());
        diary.assert_kept(&log);
    }
}

#[test]
fn a_smaller_record_may_still_fit() {
    let disk = SimDisk::new();
    let mut log = open(&disk, SMALL);
    let used: usize = disk.list().iter().map(|name| disk.content(name).len()).sum();
    disk.limit(used as u64 + 1000);
    assert!(matches!(log.append(&[draft(1, 2000)]), Err(LogError::Full { .. })));
    assert_eq!(log.append(&[draft(2, 500)]).unwrap(), 1..2);
    log.sync().unwrap();
    assert_is(&log.reader(1).next().unwrap().unwrap(), &draft(2, 500));
}

#[test]
fn a_reader_follows_the_writer_and_sees_only_what_is_durable() {
    let disk = SimDisk::new();
    let mut log = open(&disk, SMALL);
    let mut reader = log.reader(1);
    assert!(reader.next().is_none());
    for n in 1..200 {
        log.append(&[draft(n, 300)]).unwrap();
        assert!(reader.next().is_none(), "not durable yet");
        log.sync().unwrap();
        assert_is(&reader.next().unwrap().unwrap(), &draft(n, 300));
        assert!(reader.next().is_none());
    }
}

#[test]
fn what_was_cut_off_for_want_of_space_is_never_read() {
    let disk = SimDisk::new();
    let mut log = open(&disk, SMALL);
    log.append(&[draft(1, 100)]).unwrap();
    log.sync().unwrap();
    let mut reader = log.reader(1);
    log.append(&[draft(2, 100)]).unwrap();
    assert!(reader.next().is_some());
    let used: usize = disk.list().iter().map(|name| disk.content(name).len()).sum();
    disk.limit(used as u64 + 60);
    assert!(matches!(log.append(&[draft(3, 100)]), Err(LogError::Full { .. })));
    disk.limit(1 << 20);
    log.append(&[draft(4, 100)]).unwrap();
    log.sync().unwrap();
    let rest: Vec<_> = reader.map(|record| record.unwrap().id).collect();
    assert_eq!(rest, [draft(2, 0).id, draft(4, 0).id]);
}

#[test]
fn only_whole_segments_below_the_mark_are_released_and_never_the_last() {
    let disk = SimDisk::new();
    let mut log = open(&disk, SMALL);
    for n in 1..=100 {
        log.append(&[draft(n, 1000)]).unwrap();
    }
    log.sync().unwrap();
    let mut slow = log.reader(1);
    assert_eq!(log.release(1).unwrap(), 0);
    assert_eq!(log.release(15).unwrap(), 2);
    let first = log.first();
    assert!((9..=15).contains(&first), "{first}");
    assert!(matches!(slow.next(), Some(Err(ReadError::Released { from: 1, first: f })) if f == first));
    assert_eq!(slow.next().unwrap().unwrap().sequence, first);
    log.release(u64::MAX).unwrap();
    assert_eq!(disk.list().iter().filter(|name| name.ends_with(".seg")).count(), 1);
    assert_eq!(log.reader(100).next().unwrap().unwrap().sequence, 100);
    drop(log);
    assert_eq!(open(&disk, SMALL).durable(), 100);
}

#[test]
fn a_body_over_the_limit_is_refused_and_the_largest_is_read_back() {
    let disk = SimDisk::new();
    let mut log = open(&disk, SMALL);
    let too_large = Draft { body: vec![1; BODY + 1], ..draft(1, 0) };
    assert!(matches!(log.append(&[too_large]), Err(LogError::TooLarge { .. })));
    let largest = Draft { body: vec![2; BODY], ..draft(2, 0) };
    log.append(&[draft(1, 10), largest.clone(), draft(3, 10)]).unwrap();
    log.sync().unwrap();
    let read: Vec<_> = log.reader(1).map(Result::unwrap).collect();
    assert_is(&read[1], &largest);
    assert_eq!(read.len(), 3);
}

#[test]
fn a_second_writer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/journal");
    let first = Log::open(&path, SMALL).unwrap();
    let refused = Log::open(&path, SMALL).err().unwrap();
    assert!(matches!(refused, LogError::Locked { .. }), "{refused}");
    drop(first);
    Log::open(&path, SMALL).unwrap();
}

#[test]
fn a_file_of_another_log_is_refused() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for folder in &folders {
        let mut log = Log::open(folder.path(), SMALL).unwrap();
        log.append(&[draft(1, 10)]).unwrap();
        log.sync().unwrap();
    }
    let name = layout::name(1);
    std::fs::copy(folders[0].path().join(&name), folders[1].path().join(&name)).unwrap();
    assert!(matches!(Log::open(folders[1].path(), SMALL), Err(LogError::Strange { .. })));
}

#[test]
fn a_small_file_system_fills_and_recovers() {
    for size in (64..=512).step_by(2) {
        let folder = tempfile::tempdir().unwrap();
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}k"), "tmpfs"])
            .arg(folder.path())
            .output();
        if !mount.is_ok_and(|mount| mount.status.success()) {
            println!("skipped: no file system of a chosen size can be mounted here, that needs root");
            return;
        }
        let outcome = std::panic::catch_unwind(|| fill(&folder.path().join("log")));
        std::process::Command::new("umount").arg("-l").arg(folder.path()).status().unwrap();
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
}

/// Fills the file system of `path`, asks for vital records, makes space, and goes on.
fn fill(path: &std::path::Path) {
    let options = Options { segment_bytes: 16 << 10, reserve_bytes: 20 << 10 };
    std::fs::create_dir(path).unwrap();
    let ballast = path.with_file_name("ballast");
    std::fs::write(&ballast, vec![1; 12 << 10]).unwrap();
    let (mut log, mut diary) = (Log::open(path, options).unwrap(), Diary::default());
    while !log.is_full() {
        diary.made += 1;
        match diary.append(&mut log, vec![draft(diary.made, 700)]) {
            Err(LogError::Full { .. }) => {}
            done => done.unwrap(),
        }
    }
    diary.sync(&mut log).unwrap();
    for n in 1000..1008 {
        diary.append(&mut log, vec![vital(n, 500)]).expect("the reserve is for it");
        diary.sync(&mut log).unwrap();
    }
    diary.assert_kept(&log);
    drop(log);
    let mut log = Log::open(path, options).unwrap();
    diary.assert_kept(&log);
    std::fs::remove_file(ballast).unwrap();
    diary.append(&mut log, vec![draft(2000, 700)]).expect("there is space again");
    diary.sync(&mut log).unwrap();
    diary.assert_kept(&log);
}

#[derive(Debug, Clone)]
enum Act {
    Append(Vec<usize>),
    Sync,
    Reopen,
    Crash(u64),
    Release(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => prop::collection::vec(0..2000_usize, 0..6).prop_map(Act::Append),
        3 => Just(Act::Sync),
        1 => Just(Act::Reopen),
        1 => any::<u64>().prop_map(Act::Crash),
        1 => (0..60_u64).prop_map(Act::Release),
    ]
}

proptest! {
    #[test]
    fn a_log_is_a_list_that_only_loses_its_unsynced_end(acts in prop::collection::vec(act(), 1..60)) {
        let (mut disk, mut diary) = (SimDisk::new(), Diary::default());
        let mut log = open(&disk, SMALL);
        for act in acts {
            match act {
                Act::Append(lengths) => {
                    let drafts: Vec<_> = (diary.made + 1..).zip(lengths).map(|(n, length)| draft(n, length)).collect();
                    diary.made += drafts.len() as u64;
                    diary.append(&mut log, drafts).unwrap();
                }
                Act::Sync => diary.sync(&mut log).unwrap(),
                Act::Release(up_to) => {
                    diary.released = diary.released.max(up_to.min(diary.acked));
                    log.release(up_to.min(diary.acked)).unwrap();
                }
                Act::Reopen => {
                    let next = log.next();
                    drop(log);
                    log = open(&disk, SMALL);
                    prop_assert_eq!(log.durable() + 1, next, "only a loss of power takes what was not synced");
                    diary.acked = log.durable();
                }
                Act::Crash(seed) => {
                    drop(log);
                    disk = disk.crash(&mut Dice(seed), SECTORS[seed as usize % 2]);
                    log = open(&disk, SMALL);
                    diary.assert_kept(&log);
                    diary.acked = log.durable();
                }
            }
            prop_assert_eq!(log.durable() >= diary.acked, true);
        }
        diary.assert_kept(&log);
    }
}
