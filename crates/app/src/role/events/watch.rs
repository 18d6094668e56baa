//! Notices events in what the keeper does.
//!
//! In: decisions, what is committed and settled, sensors, the disk. Out: events, durable in their log before the state has
//! what they follow from: after a crash they are noticed again, under the same ids, and the log has them already. Never: all
//! devices of a state that is new here; more than some of one kind at once, but one event with their number instead.

use super::kept::{File, Kept};
use super::{Event, Kind, id_of};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use wardlight_inventory::Types;
use wardlight_inventory::resolve::Resolution;
use wardlight_model::change::{Change, Known, Run, Source};
use wardlight_model::journal::{Command, Decision};
use wardlight_model::{Attribute, DeedKind, Id, Time};
use wardlight_store::journal::{Journal, JournalError};
use wardlight_store::projection::{Column, Snapshot, Value};
use wardlight_store::segment::{self, Draft};
use wardlight_web::house::{SILENT, Sensor};

/// Most events of one kind from one settling; beyond, one says how many.
const EACH: usize = 20;
/// As many refused log-ins to one account …
const REFUSALS: usize = 10;
/// … within so many microseconds are an event.
const WITHIN: i64 = 15 * 60 * 1_000_000;
/// Most accounts whose refusals are counted at one time.
const ACCOUNTS: usize = 1024;
/// A run of a source of which none was told yet is new when it is not older, in microseconds.
const RECENT: i64 = 24 * 3600 * 1_000_000;
/// Most events that wait for room in the log.
const WAITING: usize = 1000;

/// Whoever notices; one without a log notices nothing.
#[derive(Default)]
pub struct Watch(Option<Inner>);

struct Inner {
    journal: Journal,
    file: File,
    kept: Kept,
    types: Types,
    /// Whether nothing was settled yet since the start.
    is_first: bool,
    waiting: VecDeque<Event>,
    /// By source, a run that is not whole, and whether more of it came since the last settling.
    runs: BTreeMap<String, (Run, bool)>,
    refusals: BTreeMap<Id, VecDeque<Time>>,
    begun: Time,
    /// Whether the disk was full; before the first look it counts as not.
    is_full: bool,
}

impl Watch {
    /// Over a log of events, from what is kept in a file. Errors: the shipped list of types is broken.
    pub(super) fn over(journal: Journal, (file, kept): (File, Kept), begun: Time) -> anyhow::Result<Self> {
        Ok(Self(Some(Inner {
            journal,
            file,
            kept,
            types: Types::shipped()?,
            is_first: true,
            waiting: VecDeque::new(),
            runs: BTreeMap::new(),
            refusals: BTreeMap::new(),
            begun,
            is_full: false,
        })))
    }

    /// Decision `id`, journal record `sequence`, was carried out or refused.
    pub fn decided(&mut self, (sequence, id): (u64, Id), decision: &Decision, is_refused: bool) {
        if let Some(inner) = self.0.as_mut().filter(|inner| !is_refused && sequence > inner.kept.begun) {
            inner.decided(id, decision);
        }
    }

    /// `changes` are about to be committed: what was noticed until now is made durable.
    pub fn commit(&mut self, changes: &[Change]) {
        let Some(inner) = &mut self.0 else { return };
        for change in changes {
            if let Change::Source(source) = change {
                inner.source(source);
            }
        }
        inner.flush();
    }

    /// `changes` are about to be put, which follow from all up to journal record `sequence`; `before` is how the devices
    /// were until now.
    pub fn settle(&mut self, sequence: u64, changes: &[Change], before: &Snapshot, assets: Option<&Resolution>) {
        let Some(inner) = &mut self.0 else { return };
        let now = crate::role::now();
        inner.devices(changes, before, now);
        let pairs = assets.map(|assets| inner.pairs(assets, now));
        inner.ended_runs(now);
        inner.flush();
        inner.kept.look(sequence, pairs);
        inner.is_first = false;
    }

    /// What was settled last is in the state.
    pub fn settled(&mut self) {
        if let Some(inner) = &mut self.0 {
            inner.file.write(&inner.kept);
        }
    }

    /// This is how sensors and disk stand at `now`.
    pub fn look(&mut self, sensors: &[Sensor], is_full: bool, now: Time) {
        let Some(inner) = &mut self.0 else { return };
        let before = inner.kept.sensors.clone();
        inner.sensors(sensors, now);
        inner.disk(is_full, now);
        inner.flush();
        if inner.kept.sensors != before {
            inner.file.write(&inner.kept);
        }
    }
}

impl Inner {
    fn tell(&mut self, event: Event) {
        if self.waiting.len() >= WAITING {
            eprintln!("wardlight: an event is given up, its log takes nothing: {}", event.kind.name());
            return;
        }
        self.waiting.push_back(event);
    }

    /// One event for each, or one for all when there are many.
    fn tell_each(&mut self, kind: Kind, found: Vec<Event>, many: &str) {
        let Some(at) = found.first().map(|event| event.at).filter(|_| found.len() > EACH) else {
            return found.into_iter().for_each(|event| self.tell(event));
        };
        let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
        let id = id_of(kind, &[b"many", &self.kept.settled.to_be_bytes(), &count.to_be_bytes()]);
        self.tell(Event { id, at, kind, subject: None, count, words: format!("{count} {many}") });
    }

    fn decided(&mut self, id: Id, decision: &Decision) {
        let event = |kind, subject, words: &str| {
            let id = id_of(kind, &[&id.0]);
            Event { id, at: decision.at, kind, subject, count: 1, words: words.to_owned() }
        };
        match &decision.command {
            Command::UndoImport(run) => {
                self.tell(event(Kind::ImportUndone, Some(*run), "What a run of an importer brought was taken back."));
            }
            Command::Witness(deed) if deed.kind == DeedKind::GlassBroken => {
                self.tell(event(Kind::EmergencyUsed, deed.object, "The account for emergencies was used."));
            }
            Command::Witness(deed) if deed.kind == DeedKind::LogInRefused => {
                if let Some(account) = deed.object.filter(|account| self.is_refused_often(*account, decision.at)) {
                    let words = format!("{REFUSALS} log-ins to one account were refused within 15 minutes.");
                    let count = u64::try_from(REFUSALS).unwrap_or_default();
                    self.tell(Event { count, ..event(Kind::LogInsRefused, Some(account), &words) });
                }
            }
            _ => {}
        }
    }

    /// Counts a refused log-in; whether it is the last of many.
    fn is_refused_often(&mut self, account: Id, at: Time) -> bool {
        if self.refusals.len() >= ACCOUNTS && !self.refusals.contains_key(&account) {
            self.refusals.retain(|_, times| times.back().is_some_and(|last| at.since(*last) <= WITHIN));
            if self.refusals.len() >= ACCOUNTS {
                self.refusals.pop_first();
            }
        }
        let times = self.refusals.entry(account).or_default();
        times.retain(|time| at.since(*time) <= WITHIN);
        times.push_back(at);
        let is_often = times.len() >= REFUSALS;
        if is_often {
            self.refusals.remove(&account);
        }
        is_often
    }

    fn devices(&mut self, changes: &[Change], before: &Snapshot, now: Time) {
        let (mut found, mut retyped) = (Vec::new(), Vec::new());
        for change in changes {
            let Change::Device(known) = change else { continue };
            let kind = known.device.best(Attribute::Type).map(|claim| claim.value.as_str());
            match before.device(known.id) {
                None if self.is_news(known) => found.push(self.found(known.id, kind, now)),
                Some(row) if !self.is_first || self.kept.is_of_this_version() => {
                    if let Value::Text(old) = row.value(Column::Type)
                        && kind != Some(old)
                    {
                        retyped.push(self.retyped(known.id, [Some(old), kind], now));
                    }
                }
                _ => {}
            }
        }
        self.tell_each(Kind::DeviceFound, found, "devices were found at once.");
        self.tell_each(Kind::DeviceRetyped, retyped, "devices are taken for another type than before.");
    }

    /// Whether a device that nobody knew is new, and not only this state.
    fn is_news(&self, known: &Known) -> bool {
        let last = if self.is_first { self.kept.settled } else { self.kept.begun };
        known.device.origins.iter().all(|origin| origin.sequence > last)
    }

    fn found(&self, id: Id, kind: Option<&str>, at: Time) -> Event {
        let words = match kind {
            Some(kind) => format!("A device was found: {}.", self.called(kind)),
            None => "A device was found; nothing says yet what it is.".to_owned(),
        };
        let kind = Kind::DeviceFound;
        Event { id: id_of(kind, &[&id.0]), at, kind, subject: Some(id), count: 1, words }
    }

    fn retyped(&self, id: Id, types: [Option<&str>; 2], at: Time) -> Event {
        let [old, new] = types.map(|kind| kind.map_or("nothing known", |kind| self.called(kind)));
        let words = format!("A device changed its type: before {old}, now {new}.");
        let kind = Kind::DeviceRetyped;
        let hashed = types.map(Option::unwrap_or_default);
        let parts: [&[u8]; 4] = [&id.0, hashed[0].as_bytes(), hashed[1].as_bytes(), &self.kept.settled.to_be_bytes()];
        Event { id: id_of(kind, &parts), at, kind, subject: Some(id), count: 1, words }
    }

    /// A type of the shipped list by its name; what people wrote themselves may name anybody.
    fn called<'k>(&self, kind: &'k str) -> &'k str {
        if self.types.knows(kind) { kind } else { "a type of this house's own" }
    }

    /// Tells of pairs that wait for a person and did not before; gives all of them, shortened.
    fn pairs(&mut self, assets: &Resolution, at: Time) -> BTreeSet<u64> {
        let kind = Kind::MatchWaits;
        let (mut all, mut found) = (BTreeSet::new(), Vec::new());
        for question in &assets.questions {
            let id = id_of(kind, &[&question.a.0, &question.b.0, &self.kept.settled.to_be_bytes()]);
            let short = short(id_of(kind, &[&question.a.0, &question.b.0]));
            all.insert(short);
            if self.kept.pairs.as_ref().is_some_and(|pairs| !pairs.contains(&short)) {
                let words = "Whether two rows are one device waits for a person.".to_owned();
                found.push(Event { id, at, kind, subject: Some(question.a), count: 1, words });
            }
        }
        self.tell_each(kind, found, "pairs of rows wait for a person to say whether they are one device.");
        all
    }

    /// Tells of the last run of `source` when it is whole; of another once nothing more comes.
    fn source(&mut self, source: &Source) {
        let Some(run) = source.runs.last() else { return };
        let now = crate::role::now();
        // When a run was taken back, the last is one that was told of.
        let is_new = match self.kept.imports.get(&source.name) {
            Some(last) => run.read > *last,
            None => now.since(run.read) < RECENT,
        };
        if is_new && run.is_whole {
            self.runs.remove(&source.name);
            self.import(&source.name, *run, now);
        } else if is_new {
            self.runs.insert(source.name.clone(), (*run, true));
        }
    }

    /// Tells of runs of which nothing more came since the settling before.
    fn ended_runs(&mut self, at: Time) {
        let mut ended = Vec::new();
        self.runs.retain(|source, (run, has_more)| {
            let goes_on = std::mem::take(has_more);
            if !goes_on {
                ended.push((source.clone(), *run));
            }
            goes_on
        });
        ended.into_iter().for_each(|(source, run)| self.import(&source, run, at));
    }

    fn import(&mut self, source: &str, run: Run, at: Time) {
        self.kept.imports.insert(source.to_owned(), run.read);
        let kind = Kind::ImportRead;
        let words = format!("The records of another system were read: {} rows.", run.rows);
        self.tell(Event { id: id_of(kind, &[&run.id.0]), at, kind, subject: Some(run.id), count: run.rows, words });
    }

    fn sensors(&mut self, sensors: &[Sensor], now: Time) {
        let heard: BTreeMap<Id, Time> = sensors.iter().map(|sensor| (sensor.id, sensor.heard[1])).collect();
        for id in heard.keys() {
            self.kept.sensors.entry(*id).or_insert(false);
        }
        let mut turned = Vec::new();
        for (id, was_silent) in &mut self.kept.sensors {
            // One that was heard before the start only has a while to come back.
            let last = heard.get(id).copied();
            let is_silent = now.since(last.unwrap_or(self.begun)) > SILENT;
            if is_silent != *was_silent && (is_silent || last.is_some()) {
                *was_silent = is_silent;
                turned.push((*id, is_silent, last.unwrap_or(self.begun)));
            }
        }
        for (id, is_silent, last) in turned {
            let (kind, words) = if is_silent {
                (Kind::SensorSilent, "A sensor said nothing for 15 minutes.")
            } else {
                (Kind::SensorBack, "A sensor that was silent is heard again.")
            };
            let own = id_of(kind, &[&id.0, &last.micros().to_be_bytes()]);
            self.tell(Event { id: own, at: now, kind, subject: Some(id), count: 1, words: words.to_owned() });
        }
    }

    fn disk(&mut self, is_full: bool, at: Time) {
        if std::mem::replace(&mut self.is_full, is_full) == is_full {
            return;
        }
        let (kind, words) = if is_full {
            (Kind::StorageFull, "The server's disk is full: flows are given up, observations wait at their sensors.")
        } else {
            (Kind::StorageFree, "The server's disk has room again.")
        };
        let id = id_of(kind, &[&at.micros().to_be_bytes()]);
        self.tell(Event { id, at, kind, subject: None, count: 1, words: words.to_owned() });
    }

    /// Makes durable what waits, as far as there is room.
    fn flush(&mut self) {
        // All are on their way before the first is waited for: they share one sync.
        let all = std::mem::take(&mut self.waiting);
        let sent: Vec<_> = all
            .into_iter()
            .map(|event| {
                let (id, body) = (segment::Id(event.id.0), event.stored());
                let draft = Draft { id, kind: 0, version: 1, is_vital: true, body };
                (event, self.journal.submit(vec![draft]))
            })
            .collect();
        for (event, ticket) in sent {
            match ticket.and_then(|ticket| ticket.wait().map(drop)) {
                // Told before, with another time of noticing.
                Ok(()) | Err(JournalError::IdReused { .. }) => {}
                Err(JournalError::Full { .. }) => self.waiting.push_back(event),
                Err(error) => eprintln!("wardlight: an event is given up: {error}"),
            }
        }
    }
}

fn short(id: Id) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = id.0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests;
