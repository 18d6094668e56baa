//! The server's door: a local socket by which batches, decisions and questions come in.
//!
//! Whoever may open the socket's folder may send: it is for its owner alone. Answers go out in the order of what came in.
//! Who decided, and when, is what the kernel and the clock say here, never what the message says.

use super::fleet::Fleet;
use super::{Stop, now};
use crate::io::link::{Fate, Message};
use crate::io::{account, ask};
use std::collections::BTreeMap;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use wardlight_model::Id;
use wardlight_model::journal::{BodyKind, Decision, FORMAT, Flows, decode, encode, sensor_of};
use wardlight_store::journal::{Journal, JournalError};
use wardlight_store::segment;
use wardlight_web::house::Sensor;

/// Batches of one sensor that may be on their way to the disk at one time.
const WINDOW: usize = 64;

/// Sensors that are remembered.
const SENSORS: usize = 1024;

/// Refusals that are told again when their decision is sent again.
const REFUSALS: usize = 8192;

/// Decisions whose outcome somebody waits for, and the outcomes of those that may be sent again.
#[derive(Clone, Default)]
pub struct Waiting(Arc<Mutex<Outcomes>>);

#[derive(Default)]
struct Outcomes {
    waiting: BTreeMap<Id, SyncSender<Fate>>,
    /// The last journal record that is carried out.
    committed: u64,
    /// By journal sequence, why the last of those before that were not.
    refused: BTreeMap<u64, String>,
    /// Flows given up because the disk was full.
    shed: u64,
    /// Who reported since the start.
    sensors: BTreeMap<Id, Sensor>,
}

impl Waiting {
    fn put(&self, id: Id) -> Receiver<Fate> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.outcomes().waiting.insert(id, sender);
        receiver
    }

    /// Tells whoever waits for the outcome of decision `id`.
    pub fn answer(&self, id: Id, fate: Fate) {
        if let Some(sender) = self.outcomes().waiting.remove(&id) {
            let _ = sender.try_send(fate);
        }
    }

    /// All up to journal record `sequence` is carried out, but what was `refused`. Say so before the answers to those
    /// decisions: one that is sent again between the two would else wait for ever.
    pub fn carried_out(&self, sequence: u64, refused: impl IntoIterator<Item = (u64, String)>) {
        let mut outcomes = self.outcomes();
        outcomes.committed = sequence;
        outcomes.refused.extend(refused);
        while outcomes.refused.len() > REFUSALS {
            outcomes.refused.pop_first();
        }
    }

    /// Flows that were given up since the start because the disk was full.
    pub fn shed_flows(&self) -> u64 {
        self.outcomes().shed
    }

    /// Who reported since the start.
    pub fn sensors(&self) -> Vec<Sensor> {
        self.outcomes().sensors.values().cloned().collect()
    }

    /// Counts a batch of `sensor` with so many conversations.
    fn hear(&self, id: Id, flows: u64, shed: u64) {
        let (mut outcomes, at) = (self.outcomes(), now());
        if outcomes.sensors.len() >= SENSORS && !outcomes.sensors.contains_key(&id) {
            let oldest = outcomes.sensors.values().min_by_key(|sensor| sensor.heard[1]).map(|sensor| sensor.id);
            oldest.map(|id| outcomes.sensors.remove(&id));
        }
        let new = Sensor { id, heard: [at; 2], batches: 0, flows: 0, shed: 0 };
        let sensor = outcomes.sensors.entry(id).or_insert(new);
        sensor.heard[1] = at;
        sensor.batches += 1;
        sensor.flows = sensor.flows.saturating_add(flows);
        sensor.shed = sensor.shed.saturating_add(shed);
    }

    /// What came of journal record `sequence`, when that is known already.
    fn outcome(&self, sequence: u64) -> Option<Fate> {
        let outcomes = self.outcomes();
        let refusal = outcomes.refused.get(&sequence).cloned();
        (sequence <= outcomes.committed).then(|| refusal.map_or(Fate::Stored(sequence), Fate::Refused))
    }

    fn outcomes(&self) -> MutexGuard<'_, Outcomes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes of one message, once it is known.
enum Answer {
    Journal(mpsc::Receiver<Fate>),
    Outcome(Receiver<Fate>),
    /// A question's, in JSON.
    Told(Vec<u8>),
}

impl Answer {
    fn known(fate: Fate) -> Self {
        let (sender, receiver) = mpsc::sync_channel(1);
        // There is room for one.
        let _ = sender.try_send(fate);
        Self::Outcome(receiver)
    }
}

/// Opens the socket at `path` and serves it from threads of its own until `stop`. Errors: the socket cannot be opened.
pub fn open(
    path: &Path,
    journal: &Journal,
    waiting: &Waiting,
    fleet: &Fleet,
    stop: &Stop,
) -> io::Result<thread::JoinHandle<()>> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    let (journal, waiting, fleet, stop) = (journal.clone(), waiting.clone(), fleet.clone(), stop.clone());
    thread::Builder::new().name("listen".to_owned()).spawn(move || {
        while !stop.is_wanted() {
            match listener.accept() {
                Ok((stream, _)) => {
                    let (journal, waiting, fleet) = (journal.clone(), waiting.clone(), fleet.clone());
                    let spawned = thread::Builder::new()
                        .name("connection".to_owned())
                        .spawn(move || drop(serve(&stream, &journal, &waiting, &fleet)));
                    if let Err(error) = spawned {
                        eprintln!("wardlight: a sensor was turned away: {error}");
                    }
                }
                Err(_) => stop.wait(Duration::from_millis(20)),
            }
        }
    })
}

/// Serves one connection until the other end goes.
fn serve(stream: &UnixStream, journal: &Journal, waiting: &Waiting, fleet: &Fleet) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    let by = account::peer(stream)?;
    let mut from = BufReader::with_capacity(1 << 16, stream.try_clone()?);
    let to = stream.try_clone()?;
    let (sender, receiver) = mpsc::sync_channel::<(Id, Answer)>(WINDOW);
    let writer = thread::Builder::new().name("answers".to_owned()).spawn(move || answer(to, &receiver))?;
    while let Some(message) = Message::receive(&mut from)? {
        let id = message.id;
        let answer = match signed(message, &by) {
            Ok(message) if message.kind == ask::ASK => Answer::Told(fleet.answer(&message.body)),
            Ok(message) if message.kind == ask::ASK_ASSETS => Answer::Told(fleet.answer_assets(&message.body)),
            Ok(message) => take(message, journal, waiting),
            Err(why) => Answer::known(Fate::Refused(why)),
        };
        if sender.send((id, answer)).is_err() {
            break;
        }
    }
    drop(sender);
    let _ = writer.join();
    Ok(())
}

/// `message`; as a decision, with who made it and when. Errors: it is no decision that this version knows.
fn signed(message: Message, by: &str) -> Result<Message, String> {
    if BodyKind::numbered(message.kind) != Some(BodyKind::Decision) {
        return Ok(message);
    }
    let decision: Decision =
        decode(&message.body).map_err(|error| format!("the server does not know this decision: {error}"))?;
    Ok(Message { body: encode(&Decision { by: by.to_owned(), at: now(), ..decision }), ..message })
}

fn answer(to: UnixStream, answers: &Receiver<(Id, Answer)>) {
    let mut to = BufWriter::new(to);
    while let Ok((id, answer)) = answers.recv() {
        let sent = match answer {
            Answer::Told(told) => ask::send(id, &told, &mut to),
            Answer::Journal(fate) | Answer::Outcome(fate) => {
                let fate = fate.recv().unwrap_or_else(|_| Fate::Later("the server is stopping".to_owned()));
                fate.send(id, &mut to)
            }
        };
        if sent.and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}

/// Submits a decision of a page, signed already, under `id` or a new one; gives that, and by which its outcome is told.
/// Errors: the system has no chance.
pub fn decide(
    id: Option<Id>,
    decision: &Decision,
    journal: &Journal,
    waiting: &Waiting,
) -> anyhow::Result<(Id, Receiver<Fate>)> {
    let id = id.map_or_else(super::new_id, Ok)?;
    let message = Message { id, kind: BodyKind::Decision.number(), format: FORMAT, body: encode(decision) };
    match take(message, journal, waiting) {
        Answer::Journal(outcome) | Answer::Outcome(outcome) => Ok((id, outcome)),
        Answer::Told(_) => anyhow::bail!("a decision is no question"),
    }
}

/// Whether the journal has `decision` under `id`, after at most `patience`: it is given it again, which changes nothing.
pub fn is_durable(id: Id, decision: &Decision, journal: &Journal, patience: Duration) -> bool {
    let kind = BodyKind::Decision;
    let (id, body, is_vital) = (segment::Id(id.0), encode(decision), kind.is_vital());
    let draft = segment::Draft { id, kind: kind.number(), version: FORMAT, is_vital, body };
    let again = journal.submit(vec![draft]).map(|ticket| ticket.wait_for(patience));
    matches!(again, Ok(Ok(Ok(_))))
}

/// Submits a message to the journal. A decision is answered by who carries it out, unless it does not get that far.
fn take(message: Message, journal: &Journal, waiting: &Waiting) -> Answer {
    let Message { id, kind, format, body } = message;
    let known = BodyKind::numbered(kind);
    let is_decision = known == Some(BodyKind::Decision);
    let outcome = is_decision.then(|| waiting.put(id));
    let (sender, receiver) = mpsc::sync_channel(1);
    let is_vital = known.is_some_and(BodyKind::is_vital);
    let flows = (known == Some(BodyKind::Flows)).then(|| Flows::count(&body).unwrap_or_default());
    let sensor = matches!(known, Some(BodyKind::Observations | BodyKind::Flows)).then(|| sensor_of(&body)).flatten();
    let again = is_decision.then(|| (journal.clone(), body.clone()));
    let draft = segment::Draft { id: segment::Id(id.0), kind, version: format, is_vital, body };
    let (later, waits) = (sender.clone(), waiting.clone());
    let submitted = journal.submit_then(vec![draft], move |receipt| {
        let fate = match receipt {
            Ok(receipt) => {
                sensor.into_iter().for_each(|sensor| waits.hear(sensor, flows.unwrap_or_default(), 0));
                Fate::Stored(receipt.sequences.first().copied().unwrap_or_default())
            }
            // The wire says flows again and again; what was decided or learned is not given up.
            Err(JournalError::Full { .. }) if flows.is_some() => {
                waits.outcomes().shed += flows.unwrap_or_default();
                sensor.into_iter().for_each(|sensor| waits.hear(sensor, 0, flows.unwrap_or_default()));
                Fate::Shed
            }
            // Sent again, it is the same but for when it came.
            Err(JournalError::IdReused { sequence, .. })
                if again.is_some_and(|(journal, body)| is_decided(&journal, sequence, &body)) =>
            {
                Fate::Stored(sequence)
            }
            Err(error) => Fate::Later(error.to_string()),
        };
        match fate {
            // Who carries it out answers; of one that was sent again, that may be done.
            Fate::Stored(sequence) if is_decision => {
                waits.outcome(sequence).into_iter().for_each(|fate| waits.answer(id, fate));
            }
            fate if is_decision => waits.answer(id, fate),
            fate => drop(sender.try_send(fate)),
        }
    });
    if let Err(error) = submitted {
        let fate = Fate::Later(error.to_string());
        waiting.answer(id, fate.clone());
        let _ = later.try_send(fate);
    }
    outcome.map_or(Answer::Journal(receiver), Answer::Outcome)
}

/// Whether journal record `sequence` says that the same account decided the same as `body`, at whatever time.
fn is_decided(journal: &Journal, sequence: u64, body: &[u8]) -> bool {
    let Ok(Some(record)) = journal.follow(sequence).next(Duration::ZERO) else { return false };
    let (Ok(one), Ok(other)) = (decode::<Decision>(&record.body), decode::<Decision>(body)) else { return false };
    record.sequence == sequence && (one.by, one.command) == (other.by, other.command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(n: u8, journal: &Journal, waiting: &Waiting) -> Receiver<Fate> {
        let message = Message { id: Id([n; 16]), kind: BodyKind::Decision.number(), format: 1, body: vec![n] };
        match take(message, journal, waiting) {
            Answer::Outcome(receiver) | Answer::Journal(receiver) => receiver,
            Answer::Told(_) => panic!("nobody asked"),
        }
    }

    #[test]
    fn who_decided_is_not_for_the_message_to_say() {
        let command = wardlight_model::journal::Command::RemoveArea(Id([4; 16]));
        let decision = Decision { by: "somebody else".into(), at: wardlight_model::Time::MIN, command };
        let message = |body| Message { id: Id([1; 16]), kind: BodyKind::Decision.number(), format: 1, body };
        let signed_one = signed(message(encode(&decision)), "mayer (uid 7)").expect("a decision");
        let read: Decision = decode(&signed_one.body).expect("a decision");
        assert_eq!((read.by.as_str(), read.command == decision.command), ("mayer (uid 7)", true));
        assert!(now().since(read.at) < 60_000_000, "{}", read.at);
        assert!(signed(message(vec![1, 2, 3]), "mayer").expect_err("none").contains("does not know"));
        let flows = Message { kind: BodyKind::Flows.number(), ..message(vec![1, 2, 3]) };
        assert_eq!(signed(flows.clone(), "mayer"), Ok(flows));
    }

    #[test]
    fn a_decision_sent_again_after_it_was_carried_out_is_answered_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::open(folder.path(), wardlight_store::journal::Options::default()).expect("a journal");
        let waiting = Waiting::default();
        let soon = Duration::from_secs(10);
        let first = [1, 2].map(|n| send(n, &journal, &waiting));
        while journal.status().durable < 2 {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(first.iter().all(|one| one.try_recv().is_err()), "nobody carried them out");
        waiting.carried_out(2, [(2, "no".to_owned())]);
        waiting.answer(Id([1; 16]), Fate::Stored(1));
        assert_eq!(first[0].recv_timeout(soon), Ok(Fate::Stored(1)));
        let again = [1, 2].map(|n| send(n, &journal, &waiting).recv_timeout(soon));
        assert_eq!(again, [Ok(Fate::Stored(1)), Ok(Fate::Refused("no".to_owned()))]);
    }

    #[test]
    fn a_decision_that_comes_at_another_time_is_the_same_and_another_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::open(folder.path(), wardlight_store::journal::Options::default()).expect("a journal");
        let waiting = Waiting::default();
        let send = |at: i64, area: u8| {
            let command = wardlight_model::journal::Command::RemoveArea(Id([area; 16]));
            let body = encode(&Decision { by: "mayer".into(), at: wardlight_model::Time::from_seconds(at), command });
            let message = Message { id: Id([1; 16]), kind: BodyKind::Decision.number(), format: 1, body };
            let (Answer::Outcome(receiver) | Answer::Journal(receiver)) = take(message, &journal, &waiting) else {
                panic!("a batch is not a question")
            };
            receiver
        };
        let soon = Duration::from_secs(10);
        waiting.carried_out(1, []);
        assert_eq!(send(1, 4).recv_timeout(soon), Ok(Fate::Stored(1)));
        assert_eq!(send(2, 4).recv_timeout(soon), Ok(Fate::Stored(1)));
        assert!(matches!(send(3, 5).recv_timeout(soon), Ok(Fate::Later(why)) if why.contains("already given")));
    }

    #[test]
    fn a_decision_asked_for_again_after_a_crash_is_the_one_of_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let command = wardlight_model::journal::Command::RemoveArea(Id([4; 16]));
        let decision =
            |at| Decision { by: "mayer".into(), at: wardlight_model::Time::from_seconds(at), command: command.clone() };
        let id = Some(Id([9; 16]));
        let open = || Journal::open(folder.path(), wardlight_store::journal::Options::default()).expect("a journal");
        let journal = open();
        let (_, outcome) = decide(id, &decision(1), &journal, &Waiting::default()).expect("submitted");
        journal.close();
        drop((journal, outcome));
        let (journal, waiting) = (open(), Waiting::default());
        waiting.carried_out(1, []);
        let (again, outcome) = decide(id, &decision(2), &journal, &waiting).expect("submitted");
        assert_eq!(outcome.recv_timeout(Duration::from_secs(10)), Ok(Fate::Stored(1)));
        assert_eq!((Some(again), journal.status().durable), (id, 1), "it is there once");
    }
}
