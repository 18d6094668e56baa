//! Many writers, followers, repeats, a full disk, errors, and the sample of each released version.

#![expect(clippy::cast_possible_truncation, reason = "small numbers of tests")]

use super::*;
use crate::segment::{ReadError, Record};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(20);

fn small() -> Options {
    let log = segment::Options { segment_bytes: 64 << 10, reserve_bytes: 0 };
    Options { log, ..Options::default() }
}

fn open(folder: &Path) -> Journal {
    Journal::open(folder, small()).unwrap_or_else(|error| panic!("cannot open the journal: {error}"))
}

fn draft(n: u64, body: &[u8]) -> Draft {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&n.to_be_bytes());
    Draft { id: Id(id), kind: 7, version: 1, is_vital: false, body: body.to_vec() }
}

/// A journal on a disk in memory, and that disk.
fn simulated(options: Options) -> (Journal, segment::SimDisk) {
    let (log, disk) = segment::simulated(options.log);
    let fail = |source| LogError::Disk { doing: "start on", path: PathBuf::new(), source };
    (Journal::start(log, options, fail).unwrap(), disk)
}

fn drafts(numbers: std::ops::Range<u64>) -> Vec<Draft> {
    numbers.map(|n| draft(n, &n.to_le_bytes())).collect()
}

fn sequences(journal: &Journal, drafts: Vec<Draft>) -> Vec<u64> {
    journal.submit(drafts).unwrap().wait().unwrap().sequences
}

#[test]
fn many_writers_get_each_record_once_in_one_order() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let mut follower = journal.follow(1);
    let writers: Vec<_> = (0..8_u64)
        .map(|writer| {
            let journal = journal.clone();
            thread::spawn(move || {
                let batches = (0..50).map(|batch| writer * 1000 + batch * 4);
                batches.flat_map(|first| sequences(&journal, drafts(first..first + 4))).collect::<Vec<_>>()
            })
        })
        .collect();
    let told: Vec<Vec<u64>> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
    for own in &told {
        assert!(own.is_sorted(), "what one writer sends in order stays in order");
    }
    assert_eq!(told.concat().into_iter().collect::<BTreeSet<_>>(), (1..=1600).collect());
    for sequence in 1..=1600 {
        let record = follower.next(LONG).unwrap().expect("acknowledged, so durable");
        assert_eq!(record.sequence, sequence);
        let writer = (record.id.0[14] as u64 * 256 + record.id.0[15] as u64) / 1000;
        assert!(told[writer as usize].contains(&sequence));
    }
    assert_eq!(follower.next(SHORT).unwrap(), None);
}

#[test]
fn writers_that_wait_together_share_a_sync() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let (sender, receiver) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    // Holds the writer until all others have queued up behind.
    let hold = move |answer| {
        wait.recv().unwrap();
        sender.send(answer).unwrap();
    };
    journal.submit_then(drafts(0..1), hold).unwrap();
    while journal.status().durable < 1 {
        thread::sleep(Duration::from_millis(1));
    }
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let tickets: Vec<_> = (1..100)
        .map(|n| {
            let (journal_, seen) = (journal.clone(), Arc::clone(&seen));
            let (done, ticket) = mpsc::channel();
            let note = move |answer: Result<Receipt, JournalError>| {
                seen.lock().unwrap().insert(journal_.status().durable);
                done.send(answer).unwrap();
            };
            journal.submit_then(drafts(n..n + 1), note).unwrap();
            ticket
        })
        .collect();
    go.send(()).unwrap();
    tickets.into_iter().for_each(|ticket| assert!(ticket.recv().unwrap().is_ok()));
    assert!(receiver.recv().unwrap().is_ok());
    assert_eq!(*seen.lock().unwrap(), BTreeSet::from([100]), "all were durable when the first was told");
}

#[test]
fn a_record_sent_again_is_acknowledged_and_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    assert_eq!(sequences(&journal, drafts(1..4)), [1, 2, 3]);
    assert_eq!(sequences(&journal, drafts(2..6)), [2, 3, 4, 5]);
    let twice = [drafts(9..10), drafts(9..10)].concat();
    assert_eq!(sequences(&journal, twice), [6, 6]);
    assert_eq!(journal.status().repeated, 3);
    drop(journal);
    let journal = open(folder.path());
    assert_eq!(sequences(&journal, drafts(3..7)), [3, 4, 5, 7], "also after it was opened again");
    assert_eq!(journal.status().durable, 7);
}

#[test]
fn only_the_last_records_are_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { remembered: 3, ..small() };
    let journal = Journal::open(folder.path(), options).unwrap();
    sequences(&journal, drafts(1..6));
    assert_eq!(sequences(&journal, drafts(3..4)), [3]);
    assert_eq!(sequences(&journal, drafts(2..3)), [6], "too long ago: written again");
    drop(journal);
    let journal = Journal::open(folder.path(), options).unwrap();
    assert_eq!(sequences(&journal, drafts(4..6)), [4, 5]);
    assert_eq!(sequences(&journal, drafts(3..4)), [7]);
}

#[test]
fn an_id_with_another_content_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    sequences(&journal, vec![draft(1, b"one")]);
    let refused = journal.submit(vec![draft(2, b"two"), draft(1, b"uno")]).unwrap().wait();
    assert_eq!(refused, Err(JournalError::IdReused { id: draft(1, b"").id, sequence: 1 }));
    assert!(matches!(
        journal.submit(vec![draft(3, b"a"), draft(3, b"b")]).unwrap().wait(),
        Err(JournalError::IdReused { .. })
    ));
    assert_eq!(sequences(&journal, vec![draft(2, b"two")]), [2], "nothing of what was refused was written");
}

#[test]
fn a_full_queue_says_so_and_gives_the_drafts_back() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), Options { queue_bytes: 1000, ..small() }).unwrap();
    let (go, wait) = mpsc::channel::<()>();
    journal.submit_then(drafts(0..1), move |_| wait.recv().unwrap()).unwrap();
    while journal.status().durable < 1 {
        thread::sleep(Duration::from_millis(1));
    }
    let large = || vec![draft(1, &[1; 5000])];
    let ticket = journal.try_submit(large()).expect("a large one is taken when nothing waits");
    let (error, back) = journal.try_submit(drafts(2..3)).unwrap_err();
    assert_eq!((error, back), (JournalError::Busy, drafts(2..3)));
    let ticket = ticket.wait_for(SHORT).expect_err("the writer is held");
    let waiter = {
        let journal = journal.clone();
        thread::spawn(move || sequences(&journal, drafts(2..3)))
    };
    thread::sleep(SHORT);
    assert!(!waiter.is_finished(), "submit waits for room");
    go.send(()).unwrap();
    assert_eq!(ticket.wait().unwrap().sequences, [2]);
    assert_eq!(waiter.join().unwrap(), [3]);
}

#[test]
fn a_follower_begins_where_it_is_told_and_waits() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    sequences(&journal, drafts(1..11));
    let mut follower = journal.follow(8);
    let read = |follower: &mut Follower| follower.next(LONG).unwrap().map(|record| record.sequence);
    assert_eq!([read(&mut follower), read(&mut follower), read(&mut follower)], [Some(8), Some(9), Some(10)]);
    let writer = {
        let journal = journal.clone();
        thread::spawn(move || {
            thread::sleep(SHORT);
            sequences(&journal, drafts(11..12))
        })
    };
    assert_eq!(read(&mut follower), Some(11));
    writer.join().unwrap();
    journal.close();
    assert!(follower.is_over());
    assert_eq!(follower.next(LONG).unwrap(), None, "without waiting");
    assert_eq!(journal.submit(drafts(12..13)).unwrap_err(), JournalError::Closed);
}

#[test]
fn what_waits_is_written_before_it_closes() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let tickets: Vec<_> = (0..200).map(|n| journal.submit(drafts(n..n + 1)).unwrap()).collect();
    drop(journal);
    let told: Vec<_> = tickets.into_iter().flat_map(|ticket| ticket.wait().unwrap().sequences).collect();
    assert_eq!(told, (1..=200).collect::<Vec<_>>());
    assert_eq!(open(folder.path()).status().durable, 200);
}

#[test]
fn released_records_are_gone_and_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    for n in 0..20 {
        sequences(&journal, vec![draft(n, &[1; 10_000])]);
    }
    assert_eq!(journal.release(15), Ok(2));
    let first = journal.status().first;
    assert_eq!(first, 13);
    let mut follower = journal.follow(1);
    assert!(matches!(follower.next(SHORT), Err(ReadError::Released { from: 1, first: 13 })));
    assert_eq!(follower.next(SHORT).unwrap().unwrap().sequence, 13);
}

#[test]
fn an_answer_that_panics_harms_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    journal.submit_then(drafts(1..2), |_| std::panic::resume_unwind(Box::new("over"))).unwrap();
    assert_eq!(sequences(&journal, drafts(2..3)), [2]);
}

#[test]
fn the_last_clone_may_go_inside_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let (sender, receiver) = mpsc::channel();
    let own = journal.clone();
    let answer = move |answer| {
        thread::sleep(SHORT);
        drop(own);
        sender.send(answer).unwrap();
    };
    journal.submit_then(drafts(1..2), answer).unwrap();
    drop(journal);
    assert!(receiver.recv_timeout(LONG).expect("no deadlock").is_ok());
}

#[test]
fn a_failing_disk_stops_acknowledging_and_says_why() {
    for (operations, (journal, disk)) in (1..12).map(|n| (n, simulated(small()))) {
        sequences(&journal, drafts(1..3));
        disk.fail(disk.operations() + operations, segment::Fault::Error);
        let mut acked = 2;
        let refused = loop {
            match journal.submit(drafts(acked + 1..acked + 2)).and_then(Ticket::wait) {
                Ok(receipt) => acked = receipt.sequences[0],
                Err(error) => break error,
            }
        };
        assert!(matches!(&refused, JournalError::Broken { cause } if cause.contains("os error 5")), "{refused}");
        assert_eq!(journal.submit(drafts(90..91)).unwrap_err(), refused);
        assert!(matches!(journal.release(2), Err(JournalError::Broken { .. })));
        let status = journal.status();
        assert!(status.broken.is_some());
        assert_eq!(status.durable, acked);
        let mut follower = journal.follow(1);
        for sequence in 1..=acked {
            assert_eq!(follower.next(SHORT).unwrap().unwrap().sequence, sequence, "what is durable is still read");
        }
        assert_eq!(follower.next(SHORT).unwrap(), None);
    }
}

#[test]
fn a_full_disk_sheds_flows_keeps_decisions_and_shows_it() {
    let options = Options { log: segment::Options { segment_bytes: 16 << 10, reserve_bytes: 32 << 10 }, ..small() };
    let (journal, disk) = simulated(options);
    disk.limit(100_000);
    let mut n = 0;
    let refused = loop {
        n += 1;
        if let Err(error) = journal.submit(vec![draft(n, &[1; 500])]).unwrap().wait() {
            break error;
        }
    };
    assert_eq!(refused, JournalError::Full { needed: 552 });
    let decision = |n| Draft { is_vital: true, ..draft(n, &[2; 500]) };
    let mixed: Vec<_> = (0..10)
        .map(|at| {
            journal.submit(vec![if at % 2 == 0 { draft(1000 + at, &[1; 500]) } else { decision(1000 + at) }]).unwrap()
        })
        .collect();
    for (at, ticket) in mixed.into_iter().enumerate() {
        assert_eq!(ticket.wait().is_ok(), at % 2 == 1, "only decisions");
    }
    let status = journal.status();
    assert!(status.is_full && status.broken.is_none());
    assert_eq!(status.refused, 6);
    disk.limit(200_000);
    assert_eq!(sequences(&journal, vec![draft(n, &[1; 500])]), [n + 5], "what was refused may be sent again");
    assert!(!journal.status().is_full);
}

#[test]
fn a_journal_that_is_held_back_takes_decisions_and_what_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    assert_eq!(sequences(&journal, drafts(1..3)), [1, 2]);
    journal.hold_back(true);
    assert!(journal.status().is_full);
    let refused = journal.submit(drafts(2..4)).unwrap().wait();
    assert!(matches!(refused, Err(JournalError::Full { .. })), "all of it or none: {refused:?}");
    assert_eq!(sequences(&journal, drafts(1..3)), [1, 2], "what it has is acknowledged again");
    assert_eq!(sequences(&journal, vec![Draft { is_vital: true, ..draft(9, b"yes") }]), [3]);
    assert_eq!(journal.status().refused, 1);
    journal.hold_back(false);
    assert!(!journal.status().is_full);
    assert_eq!(sequences(&journal, drafts(2..4)), [2, 4]);
}

/// The folder of sample files that `version` left.
fn sample(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/journal").join(version)
}

/// CRC-32C bit by bit, after RFC 3720 appendix B.4: reflected polynomial 0x82f63b78.
fn crc(parts: &[&[u8]]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in parts.concat() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
        }
    }
    (!crc).to_le_bytes()
}

/// The sample of version 1, byte for byte after the tables in `segment`.
fn version_1() -> Vec<u8> {
    let salt = *b"salt of a sample";
    let mut file = Vec::new();
    file.extend(b"WLSEGM01");
    file.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    file.extend(salt);
    file.extend([0; 12]);
    file.extend(crc(&[&file]));
    for (sequence, body) in BODIES.iter().enumerate() {
        let mut header = b"WLR1".to_vec();
        header.extend([sequence as u8 + 1, 0]);
        header.extend([sequence as u8, 0x80]);
        header.extend([body.len() as u8, 0, 0, 0]);
        header.extend(crc(&[body]));
        header.extend([sequence as u8 + 1, 0, 0, 0, 0, 0, 0, 0]);
        header.extend([if sequence < 2 { 0 } else { 2 }, 0, 0, 0, 0, 0, 0, 0]);
        header.extend([0x01, 0x99, 0x5d, 0x5c, 0x6c, 0x00, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, sequence as u8]);
        header.extend(crc(&[&salt, &header]));
        file.extend(header);
        file.extend(*body);
    }
    file
}

const BODIES: [&[u8]; 4] = [b"first", b"", b"\xa1\x01\x02", b"the last one, of a kind nobody knows"];

#[test]
fn the_check_value_of_the_standard_is_met() {
    assert_eq!(crc(&[b"123456789"]), 0xe306_9283_u32.to_le_bytes());
}

#[test]
fn the_sample_of_version_1_is_read() {
    let name = "00000000000000000001.seg";
    let path = sample("v1").join(name);
    if std::env::var_os("UPDATE").is_some() && !path.exists() {
        std::fs::write(&path, version_1()).unwrap();
    }
    let content = std::fs::read(&path).unwrap();
    assert!(content == version_1(), "the sample of a released version never changes");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), content).unwrap();
    let journal = open(folder.path());
    assert_eq!(journal.rot(), []);
    let mut follower = journal.follow(1);
    for (n, body) in BODIES.iter().enumerate() {
        let n = n as u8;
        let id = Id([0x01, 0x99, 0x5d, 0x5c, 0x6c, 0x00, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, n]);
        let expected =
            Record { sequence: u64::from(n) + 1, kind: 0x8000 + u16::from(n), version: n + 1, id, body: body.to_vec() };
        assert_eq!(follower.next(SHORT).unwrap(), Some(expected));
    }
    assert_eq!(sequences(&journal, drafts(1..2)), [5]);
}

#[test]
fn nothing_is_acknowledged_twice_or_never_when_writers_race_a_close() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let acked = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..4_u64)
        .map(|writer| {
            let (journal, acked) = (journal.clone(), Arc::clone(&acked));
            thread::spawn(move || {
                let own = (0..).map(|n| journal.submit(drafts(writer * 100_000 + n..writer * 100_000 + n + 1)));
                for ticket in own.map_while(Result::ok) {
                    acked.fetch_add(usize::from(ticket.wait().is_ok()), Ordering::SeqCst);
                }
            })
        })
        .collect();
    thread::sleep(Duration::from_millis(60));
    journal.close();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    drop(journal);
    assert_eq!(open(folder.path()).status().durable, acked.load(Ordering::SeqCst) as u64);
}
