//! One site's live working set: what its journal says so far.
//!
//! In: journal records in their order, and now and then the wish to settle. Out: changes of the stored state, flows for
//! the history, outcomes of decisions. What comes out follows from the records and their order alone: not from the
//! clock, not from how many records come at once, not from where a restart falls between them.

mod areas;
mod assets;
mod contact;
mod heard;
mod judgements;
mod labels;
mod owners;
mod records;
mod rules;
mod settling;

use foldhash::fast::FixedState;
use heard::Heard;
use records::Records;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wardlight_inventory::Knowledge;
use wardlight_inventory::resolve::{Resolution, Rules};
use wardlight_model::change::{Change, Row, Said, Source};
use wardlight_model::journal::{BodyKind, Command, Decision, FORMAT, Flows, Import, Judgement};
use wardlight_model::journal::{Observations, Oddity, OwnerRule, Unreadable, decode};
use wardlight_model::{Area, Domain, Fact, Flow, Id, KeptRule, Origin, Presence, Scope};

pub use areas::Refusal;
pub use settling::{Settled, Settling};
pub use wardlight_dissect::tally::Bounds;

/// One journal record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its place in the journal, from 1.
    pub sequence: u64,
    /// Its writer's id for it.
    pub id: Id,
    /// Format of the body.
    pub format: u8,
    /// Kind of the body: a [`BodyKind`]'s number.
    pub kind: u16,
    /// The body.
    pub body: &'a [u8],
}

/// What the engine is told.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// A journal record became durable.
    Record(Entry<'a>),
    /// Devices and assets shall follow from facts, records and decisions as they stand now. Costs as much as there are.
    Settle(&'a Knowledge, &'a Rules),
}

/// What the engine wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// A change of the stored state.
    Change(Change),
    /// Conversations for the history.
    Flows {
        /// The record that brought them.
        sequence: u64,
        /// The sensor that reported them.
        sensor: Id,
        /// They.
        flows: Vec<Flow>,
    },
    /// A person decided something.
    Decided {
        /// The record of it.
        sequence: u64,
        /// Its id: who asked waits for the outcome under it.
        id: Id,
        /// What was decided.
        decision: Decision,
        /// What came of it.
        outcome: Outcome,
    },
    /// The assets as of this settling.
    Resolved(Box<Resolution>),
    /// A record that this version cannot read: it stays in the journal for one that can.
    Unread {
        /// The record.
        sequence: u64,
        /// Why.
        reason: String,
    },
}

/// What came of a decision.
pub type Outcome = Result<(), Refusal>;

/// What a site's state holds when it is loaded again.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Facts, each with its origin.
    pub facts: Vec<Fact>,
    /// Presences, each with its origin.
    pub presences: Vec<Presence>,
    /// Breaches of specifications.
    pub oddities: Vec<Oddity>,
    /// Places.
    pub areas: Vec<Area>,
    /// Routing domains.
    pub domains: Vec<Domain>,
    /// Versions of the rows of other systems' records.
    pub rows: Vec<Row>,
    /// Where these come from.
    pub sources: Vec<Source>,
    /// What people judged, by the decision's id.
    pub judged: BTreeMap<Id, Judgement>,
    /// Who answers for which devices, by the decision's id.
    pub owners: BTreeMap<Id, OwnerRule>,
    /// What people say of devices, by the decision's id.
    pub labels: BTreeMap<Id, Said>,
    /// Rules of the house, by the decision's id.
    pub house_rules: BTreeMap<Id, KeptRule>,
    /// Ids of the devices that are stored: those that are none any more go at the next settling.
    pub devices: Vec<Id>,
    /// The last record that it follows from; 0 for none.
    pub sequence: u64,
}

/// The working set.
pub struct Site {
    id: Id,
    heard: Heard,
    oddities: BTreeMap<&'static str, Oddity>,
    areas: BTreeMap<Id, Area>,
    domains: BTreeMap<Scope, Domain>,
    records: Arc<Records>,
    judged: BTreeMap<Id, Judgement>,
    owners: BTreeMap<Id, OwnerRule>,
    labels: labels::Labels,
    house_rules: rules::HouseRules,
    /// The devices as of the last settling, each with a mark that changes when anything of it does: whole they would take
    /// as much memory again as their facts.
    devices: Arc<BTreeMap<Id, u64>>,
    marks: FixedState,
    /// Ids that were stored before the start.
    stored: BTreeSet<Id>,
    sequence: u64,
    settled: bool,
}

impl Site {
    /// The site `id` as `held` has it. `seed` keeps hash positions unpredictable. Its devices are known once it settles.
    #[must_use]
    pub fn new(id: Id, seed: u64, bounds: Bounds, held: Held) -> Self {
        let mut heard = Heard::bounded(seed, bounds);
        for fact in held.facts {
            heard.add_fact(fact);
        }
        for presence in &held.presences {
            heard.add_presence(presence);
        }
        Self {
            id,
            heard,
            oddities: held.oddities.into_iter().map(|odd| (odd.name, odd)).collect(),
            areas: held.areas.into_iter().map(|area| (area.id, area)).collect(),
            domains: held.domains.into_iter().map(|domain| (domain.scope, domain)).collect(),
            records: Arc::new(Records::held(held.rows, held.sources)),
            judged: held.judged,
            owners: held.owners,
            labels: labels::Labels::held(held.labels),
            house_rules: rules::HouseRules::held(held.house_rules),
            devices: Arc::default(),
            marks: FixedState::with_seed(seed),
            stored: held.devices.into_iter().collect(),
            sequence: held.sequence,
            settled: false,
        }
    }

    /// The last record taken in.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The ids of the devices as of the last settling, lowest first.
    pub fn devices(&self) -> impl ExactSizeIterator<Item = Id> {
        self.devices.keys().copied()
    }

    /// Whether something was learned since the last settling.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.settled
    }

    /// Facts that found no room.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.heard.dropped()
    }

    /// Takes in one thing. A record at or before [`Self::sequence`] was taken in already and changes nothing.
    pub fn step(&mut self, input: Input<'_>) -> Vec<Effect> {
        match input {
            Input::Record(entry) if entry.sequence <= self.sequence => Vec::new(),
            Input::Record(entry) => {
                self.sequence = entry.sequence;
                self.record(&entry).unwrap_or_else(|reason| vec![Effect::Unread { sequence: entry.sequence, reason }])
            }
            Input::Settle(knowledge, rules) => {
                let settled = self.unsettled().map(|all| all.settled(knowledge, rules));
                settled.map(|settled| self.settle(settled)).unwrap_or_default()
            }
        }
    }

    fn record(&mut self, entry: &Entry<'_>) -> Result<Vec<Effect>, String> {
        if entry.format > FORMAT {
            return Err(format!("its format is {}, this version knows {FORMAT}", entry.format));
        }
        let unreadable = |error: Unreadable| error.to_string();
        match BodyKind::numbered(entry.kind) {
            Some(BodyKind::Observations) => {
                decode(entry.body).map(|seen| self.observe(entry.sequence, seen)).map_err(unreadable)
            }
            Some(BodyKind::Flows) => decode(entry.body).map(|flows| count(entry.sequence, flows)).map_err(unreadable),
            Some(BodyKind::Decision) => decode(entry.body).map(|said| self.decide(entry, said)).map_err(unreadable),
            Some(BodyKind::Import) => {
                decode(entry.body).map(|import| self.import(entry.sequence, import)).map_err(unreadable)
            }
            None => Err(format!("its kind is {}, which this version does not know", entry.kind)),
        }
    }

    fn observe(&mut self, sequence: u64, seen: Observations) -> Vec<Effect> {
        self.settled = false;
        let mut effects = Vec::with_capacity(seen.facts.items.len() + seen.presences.items.len());
        let mut origins = (0..).map(|item| Origin { sequence, item });
        for (fact, origin) in seen.facts.items.into_iter().zip(&mut origins) {
            let fact = self.heard.add_fact(Fact { origin, ..fact }).cloned();
            effects.extend(fact.map(Change::Fact).map(Effect::Change));
        }
        for (presence, origin) in seen.presences.items.into_iter().zip(&mut origins) {
            let presence = self.heard.add_presence(&Presence { origin, ..presence });
            effects.extend(presence.map(Change::Presence).map(Effect::Change));
        }
        for odd in seen.oddities.items {
            let held = self.oddities.entry(odd.name).or_insert(Oddity { count: 0, ..odd.clone() });
            held.count = held.count.saturating_add(odd.count);
            effects.push(Effect::Change(Change::Oddity(held.clone())));
        }
        effects
    }

    fn import(&mut self, sequence: u64, import: Import) -> Vec<Effect> {
        self.settled = false;
        Arc::make_mut(&mut self.records).take(sequence, import).into_iter().map(Effect::Change).collect()
    }

    fn decide(&mut self, entry: &Entry<'_>, decision: Decision) -> Vec<Effect> {
        // What was only witnessed changes nothing.
        self.settled &= matches!(decision.command, Command::Witness(_));
        let outcome = self.carry_out(entry.id, &decision);
        let mut effects: Vec<Effect> = outcome.iter().flatten().cloned().map(Effect::Change).collect();
        let outcome = outcome.map(drop);
        effects.push(Effect::Decided { sequence: entry.sequence, id: entry.id, decision, outcome });
        effects
    }

    fn carry_out(&mut self, id: Id, decision: &Decision) -> Result<Vec<Change>, Refusal> {
        let command = &decision.command;
        if let Command::UndoImport(run) = command {
            return Arc::make_mut(&mut self.records).undo(*run);
        }
        let judged = judgements::apply(&mut self.judged, id, command)?;
        let owned = owners::apply(&mut self.owners, id, command)?;
        let placed = areas::apply(&mut self.areas, &mut self.domains, command)?;
        let labelled = self.labels.apply(id, decision)?;
        let ruled = self.house_rules.apply(id, decision)?;
        Ok(judged.into_iter().chain(owned).chain(placed).chain(labelled).chain(ruled).collect())
    }

    /// The rows of other systems' records as these have them now, with whether the source's last whole run had each.
    pub fn rows(&self) -> impl Iterator<Item = (&Row, bool)> {
        self.records.now()
    }

    /// Where these rows come from, by name.
    #[must_use]
    pub fn sources(&self) -> &BTreeMap<String, Source> {
        self.records.sources()
    }
}

/// What follows from conversations alone, without the working set.
fn count(sequence: u64, body: Flows) -> Vec<Effect> {
    let flows = body.flows.items;
    let mut effects: Vec<Effect> = contact::sums(&flows).into_iter().map(Change::Contact).map(Effect::Change).collect();
    effects.push(Effect::Flows { sequence, sensor: body.sensor, flows });
    effects
}

/// The smallest of the ids that follow from where the journal first speaks of the device's members: a merged device
/// keeps the smallest, and a replay mints the same ones. `each` is told of every one.
fn lasting_id(site: Id, origins: &[Origin], mut each: impl FnMut(Id)) -> Id {
    let minted = origins.iter().map(|origin| {
        let mut hash = Sha256::new();
        hash.update(site.0);
        hash.update(b"device");
        hash.update(origin.sequence.to_be_bytes());
        hash.update(origin.item.to_be_bytes());
        Id::of(hash.finalize().into())
    });
    minted.inspect(|id| each(*id)).min().unwrap_or_default()
}

#[cfg(test)]
mod tests;
