//! The server's door: a local socket by which batches and decisions come in.
//!
//! Whoever may open the socket's folder may send: it is for its owner alone. Answers go out in the order of what came in.

use super::Stop;
use crate::io::link::{Fate, Message};
use std::collections::BTreeMap;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use wardlight_model::Id;
use wardlight_model::journal::BodyKind;
use wardlight_store::journal::{Journal, JournalError};
use wardlight_store::segment;

/// Batches of one sensor that may be on their way to the disk at one time.
const WINDOW: usize = 64;

/// Decisions whose outcome somebody waits for.
#[derive(Clone, Default)]
pub struct Waiting(Arc<Mutex<BTreeMap<Id, SyncSender<Fate>>>>);

impl Waiting {
    fn put(&self, id: Id) -> Receiver<Fate> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        receiver
    }

    /// Tells whoever waits for the outcome of decision `id`.
    pub fn answer(&self, id: Id, fate: Fate) {
        if let Some(sender) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id) {
            let _ = sender.try_send(fate);
        }
    }
}

/// What becomes of one message, once it is known.
enum Answer {
    Journal(mpsc::Receiver<Fate>),
    Outcome(Receiver<Fate>),
}

/// Opens the socket at `path` and serves it from threads of its own until `stop`. Errors: the socket cannot be opened.
pub fn open(path: &Path, journal: &Journal, waiting: &Waiting, stop: &Stop) -> io::Result<thread::JoinHandle<()>> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    let (journal, waiting, stop) = (journal.clone(), waiting.clone(), stop.clone());
    thread::Builder::new().name("listen".to_owned()).spawn(move || {
        while !stop.is_wanted() {
            match listener.accept() {
                Ok((stream, _)) => {
                    let (journal, waiting) = (journal.clone(), waiting.clone());
                    let spawned = thread::Builder::new()
                        .name("connection".to_owned())
                        .spawn(move || drop(serve(&stream, &journal, &waiting)));
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
fn serve(stream: &UnixStream, journal: &Journal, waiting: &Waiting) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    let mut from = BufReader::with_capacity(1 << 16, stream.try_clone()?);
    let to = stream.try_clone()?;
    let (sender, receiver) = mpsc::sync_channel::<(Id, Answer)>(WINDOW);
    let writer = thread::Builder::new().name("answers".to_owned()).spawn(move || answer(to, &receiver))?;
    while let Some(message) = Message::receive(&mut from)? {
        let id = message.id;
        if sender.send((id, take(message, journal, waiting))).is_err() {
            break;
        }
    }
    drop(sender);
    let _ = writer.join();
    Ok(())
}

fn answer(to: UnixStream, answers: &Receiver<(Id, Answer)>) {
    let mut to = BufWriter::new(to);
    while let Ok((id, answer)) = answers.recv() {
        let (Answer::Journal(fate) | Answer::Outcome(fate)) = answer;
        let fate = fate.recv().unwrap_or_else(|_| Fate::Later("the server is stopping".to_owned()));
        if fate.send(id, &mut to).and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}

/// Submits a message to the journal. A decision is answered by who carries it out, unless it does not get that far.
fn take(message: Message, journal: &Journal, waiting: &Waiting) -> Answer {
    let Message { id, kind, format, body } = message;
    let known = BodyKind::numbered(kind);
    let is_decision = known == Some(BodyKind::Decision);
    let outcome = is_decision.then(|| waiting.put(id));
    let (sender, receiver) = mpsc::sync_channel(1);
    let is_vital = known.is_some_and(BodyKind::is_vital);
    let draft = segment::Draft { id: segment::Id(id.0), kind, version: format, is_vital, body };
    let (later, waits) = (sender.clone(), waiting.clone());
    let submitted = journal.submit_then(vec![draft], move |receipt| {
        let fate = match receipt {
            Ok(receipt) => Fate::Stored(receipt.sequences.first().copied().unwrap_or_default()),
            // The wire says flows again and again; what was decided or learned is not given up.
            Err(JournalError::Full { .. }) if known == Some(BodyKind::Flows) => Fate::Shed,
            Err(error) => Fate::Later(error.to_string()),
        };
        if is_decision && !matches!(fate, Fate::Stored(_)) {
            waits.answer(id, fate);
        } else {
            let _ = sender.try_send(fate);
        }
    });
    if let Err(error) = submitted {
        let fate = Fate::Later(error.to_string());
        waiting.answer(id, fate.clone());
        let _ = later.try_send(fate);
    }
    outcome.map_or(Answer::Journal(receiver), Answer::Outcome)
}
