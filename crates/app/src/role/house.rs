//! What the server does for its pages: decisions and documents go the same way as those of the command line; what is read
//! comes from what the server holds anyway.

mod document;
mod talk;

use super::Stop;
use super::events::Telling;
use super::fleet::Fleet;
use super::keeper;
use super::ledger::checkpoints;
use super::listen::{self, Waiting};
use super::now;
use super::places::Places;
use super::sources;
use crate::io::link::Fate;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use talk::{Ready, Talks};
use wardlight_inventory::{Cluster, Outcome};
use wardlight_ledger::{Entry, Surroundings, verify};
use wardlight_model::journal::{Command, Decision};
use wardlight_model::{Attribute, Feature, Id, Peer};
use wardlight_store::database::Database;
use wardlight_store::history::{self, History};
use wardlight_store::journal::Journal;
use wardlight_store::segment::Shelf;
use wardlight_web::house::{
    self, Conversations, Document, Matrix, Noted, Pairs, PairsWanted, Refused, Report, Soon, Standing,
};

/// How long a page waits for the outcome of a decision: all devices may just be looked at anew, which takes a while.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one waits whose deed is only written down: it is in the journal, cannot be refused, and the ledger follows.
const WITNESSED: Duration = Duration::from_secs(2);
/// How long conversations are looked for when their page is opened: whoever opens it waits for it.
const GLANCE: Duration = Duration::from_millis(10);
/// How long when somebody asks for older ones.
const SEARCH: Duration = Duration::from_secs(2);
/// How often a list of files of the history is read, when one of them is gone.
const ATTEMPTS: u8 = 3;
/// How often it is looked whether who talks to whom is to be reckoned again.
const LOOK: Duration = Duration::from_millis(500);

/// The server, as its pages see it.
pub struct Server {
    /// Where decisions go.
    pub journal: Journal,
    /// Who is told what came of them.
    pub waiting: Waiting,
    /// Who talks to whom.
    pub fleet: Fleet,
    /// Which files the flow history has.
    pub database: Database,
    /// Where things lie.
    pub places: Places,
    /// The ledger's entries.
    pub entries: Shelf,
    /// How the server stands.
    pub standing: Arc<Mutex<keeper::Standing>>,
    /// Who talks to whom by kind, as reckoned last.
    pub talks: Arc<Ready>,
    /// How those stand who are told of events.
    pub telling: Telling,
}

impl house::House for Server {
    fn decide(&self, id: Option<Id>, decision: Decision) -> Soon<Result<Id, Refused>> {
        let (journal, waiting) = (self.journal.clone(), self.waiting.clone());
        let is_witnessed = matches!(decision.command, Command::Witness(_));
        apart(move || {
            let (id, outcome) = listen::decide(id, &decision, &journal, &waiting).map_err(|error| later(&error))?;
            match outcome.recv_timeout(if is_witnessed { WITNESSED } else { PATIENCE }) {
                Ok(Fate::Stored(_)) => Ok(id),
                Err(_) if is_witnessed && listen::is_durable(id, &decision, &journal, PATIENCE) => Ok(id),
                Ok(Fate::Refused(why)) => Err(Refused::Senseless(why)),
                Ok(Fate::Later(why)) => Err(Refused::Later(why)),
                Ok(Fate::Shed) => Err(later(&"the server's disk is full")),
                Err(_) => Err(later(&"the decision is written down, and waits to be carried out")),
            }
        })
    }

    fn peers(&self, device: Id) -> Vec<Peer> {
        self.fleet.traffic().peers(device)
    }

    fn matrix(&self) -> Soon<Arc<Matrix>> {
        let talks = self.talks();
        Box::pin(async move { Arc::clone(&talks.await.matrix) })
    }

    fn unknown(&self) -> Soon<Arc<Vec<Cluster>>> {
        let fleet = self.fleet.clone();
        let found = tokio::task::spawn_blocking(move || fleet.alike().clusters());
        Box::pin(async move { found.await.unwrap_or_default() })
    }

    fn outcome(&self, shows: Vec<Feature>, attribute: Attribute, value: String) -> Soon<Outcome> {
        let fleet = self.fleet.clone();
        let found = tokio::task::spawn_blocking(move || fleet.alike().outcome(&shows, attribute, &value));
        Box::pin(async move { found.await.unwrap_or_default() })
    }

    fn features(&self, device: Id) -> Vec<Feature> {
        self.fleet.alike().features(device)
    }

    fn pairs(&self, wanted: PairsWanted) -> Soon<Pairs> {
        let talks = self.talks();
        Box::pin(async move { talks.await.pairs(&wanted) })
    }

    fn flows(&self, query: history::Query) -> Soon<Result<Conversations, Refused>> {
        let (database, folder) = (self.database.clone(), self.places.data.clone());
        Box::pin(async move {
            let mut left = ATTEMPTS;
            loop {
                let manifest = database.manifest().await.map_err(|error| later(&error))?;
                let (folder, query) = (folder.clone(), query.clone());
                let found = apart(move || {
                    let (begun, patience) = (Instant::now(), if query.before.is_some() { SEARCH } else { GLANCE });
                    let history = History::new(&folder);
                    let mut scan = history.scan(&manifest, query).as_long_as(|| begun.elapsed() < patience);
                    let rows = scan.by_ref().collect::<Result<Vec<_>, _>>().map_err(|error| later(&error))?;
                    Ok(Conversations { before: scan.rest(), rows })
                });
                left -= 1;
                match found.await {
                    // Files of minutes may have become one of an hour since the list of them was read.
                    Err(_) if left > 0 => {}
                    found => return found,
                }
            }
        })
    }

    fn entries(&self, before: Option<u64>, most: usize) -> Soon<Result<Vec<Noted>, Refused>> {
        let (shelf, size) = (self.entries.clone(), self.now().ledger);
        apart(move || {
            let end = before.unwrap_or(u64::MAX).min(size);
            let begin = end.saturating_sub(u64::try_from(most).unwrap_or(u64::MAX));
            // Records are counted from 1, entries from 0.
            let wanted = shelf.reader(begin + 1).take(most);
            let mut all = Vec::new();
            for record in wanted {
                let record = record.map_err(|error| later(&error))?;
                all.extend(noted(&record.body).filter(|one| one.index < end));
            }
            all.reverse();
            Ok(all)
        })
    }

    fn proof(&self) -> Soon<Result<(bool, String), Refused>> {
        let (shelf, folder): (Shelf, PathBuf) = (self.entries.clone(), self.places.ledger());
        apart(move || {
            // Checkpoints first, so that none is ahead of the entries.
            let signed = checkpoints(&folder).map_err(|error| later(&error))?;
            let signed = signed.into_iter().map(|checkpoint| checkpoint.to_string());
            let entries =
                shelf.reader(1).map(|record| record.map(|record| record.body).map_err(|error| error.to_string()));
            let verdict = verify(entries, signed, Surroundings { now: Some(now()), ..Surroundings::default() });
            Ok((verdict.is_sound(), verdict.to_string()))
        })
    }

    fn standing(&self) -> Standing {
        let now = self.now();
        Standing {
            journal: [now.journal, now.committed],
            is_full: now.is_full,
            losses: vec![
                ("conversations given up because the disk was full", now.shed_flows),
                ("facts that found no room in memory", now.dropped_facts),
                ("journal records that this version cannot read", now.unread),
                ("journal records that are damaged or gone", now.lost),
            ],
            waits: now.waits,
            ledger: now.ledger,
            sensors: self.waiting.sensors(),
            sources: now.sources.iter().map(source).collect(),
            errors: Vec::new(),
            outlets: self.telling.now(),
        }
    }

    fn read(&self, document: Document) -> Soon<Result<Report, Refused>> {
        let places = self.places.clone();
        apart(move || document::read(&places, &document))
    }
}

impl Server {
    /// Who talks to whom; reckoned first when it never was.
    fn talks(&self) -> Soon<Arc<Talks>> {
        if let Some(talks) = self.talks.get() {
            return Box::pin(async move { talks });
        }
        let (fleet, ready) = (self.fleet.clone(), Arc::clone(&self.talks));
        let make = move || {
            let made = ready.make(&fleet);
            ready.get().unwrap_or(made)
        };
        let made = tokio::task::spawn_blocking(make);
        Box::pin(async move { made.await.unwrap_or_default() })
    }

    /// Reckons it again now and then, so that nobody waits for it.
    pub fn keep_ready(&self, stop: Stop) -> impl Future<Output = ()> + Send + 'static {
        let (fleet, ready) = (self.fleet.clone(), Arc::clone(&self.talks));
        async move {
            while !stop.is_wanted() {
                tokio::time::sleep(LOOK).await;
                if ready.is_due() {
                    let (fleet, ready) = (fleet.clone(), Arc::clone(&ready));
                    let make = move || {
                        ready.make(&fleet);
                        if ready.is_wanted() {
                            // Kept there until a device changes.
                            drop(fleet.alike().clusters());
                        }
                    };
                    let _ = tokio::task::spawn_blocking(make).await;
                }
            }
        }
    }

    fn now(&self) -> keeper::Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn later(why: &impl ToString) -> Refused {
    Refused::Later(why.to_string())
}

/// Does it on a thread that may wait.
fn apart<T: Send + 'static>(act: impl FnOnce() -> Result<T, Refused> + Send + 'static) -> Soon<Result<T, Refused>> {
    let done = tokio::task::spawn_blocking(act);
    Box::pin(async move { done.await.unwrap_or_else(|error| Err(later(&error))) })
}

fn noted(stored: &[u8]) -> Option<Noted> {
    let entry = Entry::read(stored).ok()?;
    let detail = entry.detail().ok().flatten();
    Some(Noted {
        index: entry.header.index,
        time: entry.header.time,
        kind: entry.header.kind.word().unwrap_or("of a later version"),
        by: detail.as_ref().map(|detail| detail.actor.to_owned()).unwrap_or_default(),
        subject: detail.as_ref().map(|detail| detail.subject.to_owned()).unwrap_or_default(),
        body: detail.and_then(|detail| serde_json::from_slice(detail.body).ok()).unwrap_or_default(),
        hash: entry.seal.to_string(),
    })
}

fn source(one: &sources::Standing) -> house::Source {
    let trouble = one.failure.as_ref().filter(|_| one.is_failing);
    house::Source {
        name: one.name.clone(),
        place: one.place.clone(),
        state: one.state(),
        read: one.read.clone().unwrap_or_default(),
        rows: [one.rows, one.mended, one.set_aside],
        trouble: trouble
            .map(|failure| format!("{}: {} {}", failure.place, failure.what, failure.mend))
            .unwrap_or_default(),
    }
}
