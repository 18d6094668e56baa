use super::super::tests_sample::sample;
use super::*;
use std::time::Instant;
use wardlight_store::segment::Draft;

/// Takes what it is given once it is `open`, and keeps it.
struct Fake {
    is_open: Arc<AtomicU64>,
    taken: Arc<Mutex<Vec<(u64, Id)>>>,
}

impl Carrier for Fake {
    fn carry(&mut self, event: &Event, sequence: u64) -> Result<(), Failure> {
        if self.is_open.load(Ordering::SeqCst) == 0 {
            return Err(Failure { what: "closed".to_owned(), asked: None });
        }
        self.taken.lock().expect("a lock").push((sequence, event.id));
        Ok(())
    }
}

struct Trial {
    folder: tempfile::TempDir,
    journal: Journal,
    is_open: Arc<AtomicU64>,
    taken: Arc<Mutex<Vec<(u64, Id)>>>,
    telling: Telling,
}

impl Trial {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::open(&folder.path().join("log"), Options::default()).expect("a log");
        let telling = Telling::default();
        telling.all().push(Standing { name: "siem".to_owned(), form: "webhook", ..Standing::default() });
        Self { folder, journal, is_open: Arc::default(), taken: Arc::default(), telling }
    }

    fn start(&self, kinds: &[Kind]) -> (Stop, JoinHandle<()>) {
        let stop = Stop::default();
        let carrier = Fake { is_open: Arc::clone(&self.is_open), taken: Arc::clone(&self.taken) };
        let mut outlet = Outlet {
            journal: self.journal.clone(),
            carrier: Box::new(carrier),
            kinds: kinds.to_vec(),
            progress: Progress::open(self.folder.path().join("webhook-siem.json"), &self.journal),
            place: 0,
            cursors: Arc::new(vec![AtomicU64::default()]),
            telling: self.telling.clone(),
            stop: stop.clone(),
        };
        (stop, thread::spawn(move || outlet.run()))
    }

    fn put(&self, numbers: std::ops::Range<u64>, age_s: i64, kind: Kind) {
        let draft = |number: u64| {
            let mut id = [0; 16];
            id[8..].copy_from_slice(&number.to_be_bytes());
            let event = Event { id: Id(id), at: now().plus(-age_s * 1_000_000), ..sample(kind) };
            Draft { id: segment::Id(id), kind: 0, version: 1, is_vital: true, body: event.stored() }
        };
        self.journal.submit(numbers.map(draft).collect()).expect("open").wait().expect("durable");
    }

    #[track_caller]
    fn wait(&self, what: impl Fn(&Standing) -> bool) -> Standing {
        let begun = Instant::now();
        loop {
            let now = self.telling.now().remove(0);
            if what(&now) {
                return now;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{now:?}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn numbers(&self) -> Vec<u64> {
        self.taken.lock().expect("a lock").iter().map(|(sequence, _)| *sequence).collect()
    }
}

fn end((stop, thread): (Stop, JoinHandle<()>)) {
    stop.now();
    thread.join().expect("it ends");
}

#[test]
fn what_cannot_be_told_is_told_later_in_order_and_across_a_start() {
    let trial = Trial::new();
    trial.put(1..3, 0, Kind::DeviceFound);
    let running = trial.start(&[]);
    trial.put(3..6, 0, Kind::DeviceFound);
    let standing = trial.wait(|now| !now.trouble.is_empty());
    assert_eq!((standing.waiting, standing.told, standing.trouble.as_str()), (3, 0, "closed"));
    end(running);
    let running = trial.start(&[]);
    trial.is_open.store(1, Ordering::SeqCst);
    let standing = trial.wait(|now| now.told == 3);
    assert_eq!((trial.numbers(), standing.waiting, standing.trouble.as_str()), (vec![3, 4, 5], 0, ""));
    end(running);
    let running = trial.start(&[]);
    trial.put(6..7, 0, Kind::DeviceFound);
    trial.wait(|now| now.told == 4);
    assert_eq!(trial.numbers(), [3, 4, 5, 6], "none twice");
    end(running);
}

#[test]
fn what_is_older_than_a_day_is_tried_once_and_given_up() {
    let trial = Trial::new();
    let running = trial.start(&[]);
    trial.put(1..4, 25 * 3600, Kind::DeviceFound);
    let standing = trial.wait(|now| now.given_up == 3);
    assert_eq!((standing.told, standing.waiting), (0, 0));
    end(running);
}

#[test]
fn only_what_was_asked_for_is_told() {
    let trial = Trial::new();
    trial.is_open.store(1, Ordering::SeqCst);
    let running = trial.start(&[Kind::StorageFull]);
    trial.put(1..3, 0, Kind::DeviceFound);
    trial.put(3..4, 0, Kind::StorageFull);
    let standing = trial.wait(|now| now.told == 1);
    assert_eq!((trial.numbers(), standing.given_up), (vec![3], 0));
    end(running);
}

#[test]
fn more_than_is_kept_is_given_up_from_the_oldest() {
    let trial = Trial::new();
    let running = trial.start(&[]);
    trial.put(1..MOST + 8, 0, Kind::DeviceFound);
    let standing = trial.wait(|now| now.given_up > 0);
    assert_eq!((standing.given_up, standing.waiting), (7, MOST));
    trial.is_open.store(1, Ordering::SeqCst);
    trial.wait(|now| now.told > 2);
    assert_eq!(trial.numbers().first(), Some(&8));
    end(running);
}
