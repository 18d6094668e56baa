//! One look at all that a site knows: which devices and assets follow from it.
//!
//! It holds what it looks at, shared with the site or copied from it, so that it can be done elsewhere while the site
//! takes in more. It costs as much as there is.

use super::{Change, Effect, Site, assets, labels, lasting_id};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher as _;
use std::sync::Arc;
use wardlight_inventory::resolve::{Resolution, Rules};
use wardlight_inventory::{Contacts, Identified, Knowledge, Seen, features, identify_with_facts};
use wardlight_model::change::Known;
use wardlight_model::journal::{Judgement, OwnerRule};
use wardlight_model::{Area, Device, Domain, Fact, Feature, Id, Presence, Scope};

/// What a site knows at one moment.
pub struct Settling {
    pub(super) id: Id,
    facts: Vec<Arc<Fact>>,
    presences: Vec<Presence>,
    pub(super) areas: BTreeMap<Id, Area>,
    pub(super) domains: BTreeMap<Scope, Domain>,
    pub(super) records: Arc<super::records::Records>,
    pub(super) judged: BTreeMap<Id, Judgement>,
    pub(super) owners: BTreeMap<Id, OwnerRule>,
    labels: labels::Labels,
    house_rules: super::rules::HouseRules,
    before: Arc<BTreeMap<Id, u64>>,
    stored: BTreeSet<Id>,
    marks: foldhash::fast::FixedState,
    sequence: u64,
}

/// What follows from it.
#[derive(Debug)]
pub struct Settled {
    /// The last record that it follows from.
    pub sequence: u64,
    /// Devices that came, changed and went.
    changes: Vec<Change>,
    resolution: Resolution,
    devices: BTreeMap<Id, u64>,
}

impl Site {
    /// What there is to look at; `None` when nothing was learned since the last time.
    pub fn unsettled(&mut self) -> Option<Settling> {
        (!std::mem::replace(&mut self.settled, true)).then(|| Settling {
            id: self.id,
            facts: self.heard.facts(),
            presences: self.heard.presences(),
            areas: self.areas.clone(),
            domains: self.domains.clone(),
            records: Arc::clone(&self.records),
            judged: self.judged.clone(),
            owners: self.owners.clone(),
            labels: self.labels.clone(),
            house_rules: self.house_rules.clone(),
            before: Arc::clone(&self.devices),
            stored: std::mem::take(&mut self.stored),
            marks: self.marks.clone(),
            sequence: self.sequence,
        })
    }

    /// Takes in what the last look found.
    pub fn settle(&mut self, settled: Settled) -> Vec<Effect> {
        self.devices = Arc::new(settled.devices);
        let mut effects: Vec<Effect> = settled.changes.into_iter().map(Effect::Change).collect();
        effects.push(Effect::Resolved(Box::new(settled.resolution)));
        effects
    }
}

impl Settling {
    /// Looks at everything.
    #[must_use]
    pub fn settled(mut self, knowledge: &Knowledge, rules: &Rules) -> Settled {
        let stored = std::mem::take(&mut self.stored);
        let facts: Vec<&Fact> = self.facts.iter().map(|fact| &**fact).collect();
        let seen = Seen { facts: &facts, presence: &self.presences, contacts: &Contacts::default() };
        let found = identify_with_facts(&seen, knowledge).into_iter();
        let said = self.labels.by_device();
        let mut shown: BTreeMap<Id, Vec<Feature>> = BTreeMap::new();
        let found: Vec<(Id, Identified<'_>)> = found
            .map(|mut one| {
                let mut own = Vec::new();
                let id = lasting_id(self.id, &one.device.origins, |id| own.extend(said.get(&id).into_iter().flatten()));
                let features = features(&one.facts, &one.device.macs);
                self.house_rules.put(&mut one, &features);
                labels::put(&mut one.device, &own);
                shown.insert(id, features);
                (id, one)
            })
            .collect();
        let resolution = assets::resolved(&self, &found, knowledge, rules);
        let found: BTreeMap<Id, Device> = found.into_iter().map(|(id, one)| (id, one.device)).collect();
        let known: BTreeSet<Id> = self.before.keys().copied().chain(stored).collect();
        let gone = known.into_iter().filter(|id| !found.contains_key(id));
        let mut changes: Vec<Change> = gone.map(Change::DeviceGone).collect();
        let mut devices = BTreeMap::new();
        for (id, device) in found {
            let features = shown.remove(&id).unwrap_or_default();
            let mark = self.marks.hash_one((&device, &features));
            devices.insert(id, mark);
            if self.before.get(&id) != Some(&mark) {
                changes.push(Change::Device(Box::new(Known { id, device, features })));
            }
        }
        Settled { sequence: self.sequence, changes, resolution, devices }
    }
}
