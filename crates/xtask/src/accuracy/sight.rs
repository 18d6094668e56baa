//! What the sensors see: frames through the dissectors, facts through identification; and whether every device of the
//! network came out, once.

use super::goal::{Goals, float, percent, share};
use super::roll::Roll;
use super::{Case, SITE, group, scope};
use anyhow::{Context as _, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Instant;
use wardlight_dissect::codec::keyed::PrivacyKey;
use wardlight_dissect::link::LinkType;
use wardlight_dissect::tally::{Listener, Tally};
use wardlight_dissect::{Frame, Sensor, Settings};
use wardlight_inventory::resolve::{Networked, Stay, record_id, stays};
use wardlight_inventory::{Contacts, Identified, Knowledge, Seen, identify_with_facts};
use wardlight_lab::hospital::{Hospital, SCOPES, Volume};
use wardlight_model::{Fact, Flow, Id, Presence, Time};

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;
/// Bytes of capture over which the lab's speed is measured.
const MEASURED: usize = 2 << 30;

/// From when until when the network is watched.
pub fn window(hours: u32) -> (Time, Time) {
    let from = Hospital::begin().plus(8 * HOUR);
    (from, from.plus(i64::from(hours) * HOUR))
}

/// Gbit/s of capture that the lab makes on one core, images in their size.
pub fn speed(hospital: &Hospital) -> f64 {
    let (from, _) = window(1);
    let mut playing = hospital.capture(from, from.plus(24 * HOUR), Volume::Full);
    let (mut block, mut bytes) = (Vec::new(), 0);
    let begun = Instant::now();
    while bytes < MEASURED && playing.records(&mut block, 1 << 20) {
        bytes += block.len();
        block.clear();
    }
    float(bytes) * 8.0 / 1e9 / begun.elapsed().as_secs_f64()
}

/// What was seen.
pub struct Sight {
    /// Facts and presences.
    pub tally: Tally,
    /// Who talked to whom.
    pub contacts: Contacts,
    /// Frames.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    presences: Vec<Presence>,
}

struct Hearing(Contacts);

impl Listener for Hearing {
    fn flow(&mut self, flow: &Flow) {
        self.0.hear(flow);
    }
}

impl Sight {
    /// Watches both routing domains of `hospital`, each with a sensor of its own. Errors: something was not kept.
    pub fn of(hospital: &Hospital, (from, until): (Time, Time)) -> Result<Self> {
        let mut sensors: Vec<Sensor> = (0..SCOPES.len()).map(sensor).collect();
        let mut tally = Tally::new(7);
        let mut hearing = Hearing(Contacts::default());
        let (mut frames, mut bytes) = (0, 0);
        let mut frame = Vec::new();
        let mut playing = hospital.capture(from, until, Volume::Lean);
        while let Some((time, place)) = playing.frame(&mut frame) {
            frames += 1;
            let wire_length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
            bytes += u64::from(wire_length);
            let source = u32::from(place);
            let seen = Frame { time, source, packet: frames, link: LinkType::ETHERNET, bytes: &frame, wire_length };
            let sensor = sensors.get_mut(usize::from(place)).context("a scope without a sensor")?;
            sensor.frame(&seen, &mut tally.with(&mut hearing));
            frame.clear();
        }
        sensors.iter_mut().for_each(|sensor| sensor.finish(&mut tally.with(&mut hearing)));
        ensure!(tally.dropped() == 0, "{} sightings found no room", tally.dropped());
        let presences = tally.presences();
        Ok(Self { tally, contacts: hearing.0, frames, bytes, presences })
    }

    /// The devices, each with the true ones that it is.
    pub fn met(&self, knowledge: &Knowledge, roll: &Roll) -> Vec<Met<'_>> {
        let facts: Vec<&Fact> = self.tally.facts().iter().collect();
        let seen = Seen { facts: &facts, presence: &self.presences, contacts: &self.contacts };
        identify_with_facts(&seen, knowledge).into_iter().map(|found| Met::of(found, roll)).collect()
    }

    /// Facts and presences, for those who want them in another order.
    pub fn parts(&self) -> (&[Fact], &[Presence]) {
        (self.tally.facts(), &self.presences)
    }
}

fn sensor(place: usize) -> Sensor {
    let memory = |bytes: usize| Box::new(vec![0_u8; bytes]);
    Sensor::new(Settings {
        scope: scope(place),
        flows: 1_000_000,
        seed: 7,
        key: PrivacyKey::new(&[7; 32]),
        messages: memory(64 << 20),
        waiting: memory(64 << 20),
        pieces: memory(16 << 20),
        scratch: memory(512 << 10),
    })
}

/// One device of the network.
pub struct Met<'a> {
    /// Its id.
    pub id: Id,
    /// What was found.
    pub found: Identified<'a>,
    /// Which devices it really is, surest first; none when the hospital has no such device.
    pub is: Vec<usize>,
    site: &'static str,
    /// Where switches say that it was and is.
    pub stays: Vec<Stay>,
}

impl<'a> Met<'a> {
    /// `found` with what it really is.
    pub fn of(found: Identified<'a>, roll: &Roll) -> Self {
        let is = roll.behind(&found);
        let place = usize::try_from(found.scope.0).unwrap_or(usize::MAX);
        let site = SCOPES.get(place).map_or("", |scope| scope.site);
        let id = record_id(SITE, "network", &format!("{} {}", found.scope.0, found.device.id));
        let stays = stays(&found.facts);
        Self { id, found, is, site, stays }
    }

    /// As resolution takes it.
    pub fn networked(&self) -> Networked<'_> {
        let Identified { scope, device, facts } = &self.found;
        Networked { id: self.id, scope: *scope, site: Some(self.site), device, facts, stays: &self.stays }
    }

    /// The group it belongs to in truth; one of its own when the hospital has no such device.
    pub fn truth(&self) -> Id {
        self.is.first().map_or(self.id, |number| group(*number))
    }
}

/// Compares the devices found with those that were there.
pub fn judge(out: &mut String, case: &Case<'_>, goals: &mut Goals, show: usize) {
    let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
    for number in case.met.iter().flat_map(|met| &met.is) {
        *rows.entry(*number).or_default() += 1;
    }
    let is_translated = |number: &usize| case.roll.truth.get(number).is_some_and(|truth| truth.translated);
    let hidden = case.roll.present.iter().filter(|number| is_translated(number)).count();
    let seen: BTreeSet<usize> = case.roll.present.iter().filter(|number| !is_translated(number)).copied().collect();
    let found = seen.iter().filter(|number| rows.contains_key(number)).count();
    let split = rows.values().filter(|count| **count > 1).count();
    let merged = case.met.iter().filter(|met| met.is.iter().filter(|number| !is_translated(number)).count() > 1);
    let (merged, invented) = (merged.count(), case.met.iter().filter(|met| met.is.is_empty()).count());
    let _ = writeln!(
        out,
        "network: {} devices were there, {} came out ({}); {} behind address translation, {} of them told apart\n  \
         {} devices found: {split} true ones as more than one, {merged} are more than one, {invented} are none",
        seen.len(),
        found,
        percent(found, seen.len()),
        hidden,
        rows.keys().filter(|number| is_translated(number)).count(),
        case.met.len(),
    );
    for (name, list) in [("split", splits(case, &rows)), ("missed", missed(case, &seen, &rows))] {
        let _ = writeln!(out, "  {name}, by type: {}", list.join(", "));
    }
    for met in case.met.iter().filter(|met| met.is.is_empty()).take(show) {
        let facts: Vec<String> =
            met.found.facts.iter().take(12).map(|fact| format!("{}={}", fact.field.name(), fact.value)).collect();
        let _ = writeln!(out, "  none of the hospital's: {}: {}", met.found.device.id, facts.join("; "));
    }
    let is_split =
        |met: &&Met<'_>| met.is.first().is_some_and(|number| rows.get(number).is_some_and(|count| *count > 1));
    for met in case.met.iter().filter(is_split).take(2 * show) {
        let facts: Vec<String> =
            met.found.facts.iter().map(|fact| format!("{}={}", fact.field.name(), fact.value)).collect();
        let keys: Vec<&str> = met.found.device.keys.iter().map(|key| key.text.as_str()).collect();
        let _ = writeln!(out, "  split {:?}: {} {keys:?}: {}", met.is, met.found.device.id, facts.join("; "));
    }
    goals.at_least("devices of the network that were found, of all", share(found, seen.len()), 0.99);
    goals.at_most("devices found as more or less than one, of all", share(split + merged + invented, found), 0.01);
}

fn splits(case: &Case<'_>, rows: &BTreeMap<usize, usize>) -> Vec<String> {
    by_type(case, rows.iter().filter(|(_, count)| **count > 1).map(|(number, _)| *number))
}

fn missed(case: &Case<'_>, seen: &BTreeSet<usize>, rows: &BTreeMap<usize, usize>) -> Vec<String> {
    by_type(case, seen.iter().filter(|number| !rows.contains_key(number)).copied())
}

/// How many of each type, most first.
fn by_type(case: &Case<'_>, numbers: impl Iterator<Item = usize>) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for truth in numbers.filter_map(|number| case.roll.truth.get(&number)) {
        *counts.entry(&truth.kind).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), *kind));
    counts.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect()
}
