//! Frames through the stages at once: `dissect` reads them, its facts are tallied, `inventory` makes devices of them.

use std::collections::BTreeMap;
use wardlight_dissect::tally::{Listener, Odd, Spoken, Tally};
use wardlight_dissect::{Counts, Frame, Sensor, Settings};
use wardlight_inventory::{Contacts, Knowledge, Seen, identify};
use wardlight_model::{Device, Fact, Flow, Record, Transport};

/// Watches a network through its frames.
pub struct Watch {
    sensor: Sensor,
    tally: Tally,
    contacts: Contacts,
}

/// What a watch has come to.
pub struct Picture<'a> {
    /// The devices, by id.
    pub devices: Vec<Device>,
    /// Every fact, in the order of first sight.
    pub facts: &'a [Fact],
    /// Application protocols by transport and name; `-` is the unknown.
    pub services: BTreeMap<(Transport, &'static str), Spoken>,
    /// Breaches of specifications, by name.
    pub weirds: &'a BTreeMap<&'static str, Odd>,
    /// What was read and lost.
    pub counts: Counts,
    /// Sightings and conversations not kept because a bound was reached.
    pub dropped: u64,
}

impl Watch {
    /// A watch that has seen nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let tally = Tally::new(settings.seed);
        Self { sensor: Sensor::new(settings), tally, contacts: Contacts::default() }
    }

    /// Reads one frame; flows and records that it completes go to `listener`.
    pub fn frame(&mut self, frame: &Frame<'_>, listener: &mut dyn Listener) {
        let mut listener = Hearing { contacts: &mut self.contacts, listener };
        self.sensor.frame(frame, &mut self.tally.with(&mut listener));
    }

    /// Ends every conversation still under way.
    pub fn finish(&mut self, listener: &mut dyn Listener) {
        let mut listener = Hearing { contacts: &mut self.contacts, listener };
        self.sensor.finish(&mut self.tally.with(&mut listener));
    }

    /// How many facts are known so far.
    #[must_use]
    pub fn facts(&self) -> usize {
        self.tally.facts().len()
    }

    /// What has been seen, as devices by the rules of `knowledge`.
    #[must_use]
    pub fn picture(&self, knowledge: &Knowledge) -> Picture<'_> {
        let presence = self.tally.presences();
        let facts: Vec<&Fact> = self.tally.facts().iter().collect();
        let seen = Seen { facts: &facts, presence: &presence, contacts: &self.contacts };
        Picture {
            devices: identify(&seen, knowledge),
            facts: self.tally.facts(),
            services: self.tally.services(),
            weirds: self.tally.weirds(),
            counts: self.sensor.counts(),
            dropped: self.tally.dropped() + self.contacts.left_out(),
        }
    }
}

/// Adds conversations to the contacts on their way to the outer listener.
struct Hearing<'a> {
    contacts: &'a mut Contacts,
    listener: &'a mut dyn Listener,
}

impl Listener for Hearing<'_> {
    fn flow(&mut self, flow: &Flow) {
        self.contacts.hear(flow);
        self.listener.flow(flow);
    }

    fn wants_records(&self) -> bool {
        self.listener.wants_records()
    }

    fn record(&mut self, record: &Record) {
        self.listener.record(record);
    }
}
