//! Frames in, batches for the journal out: what a sensor does, without its files and sockets.
//!
//! Repeated facts are counted, not repeated: a batch holds what was seen since the last one.

use std::mem;
use wardlight_dissect::tally::{Bounds, Listener, Tally};
use wardlight_dissect::{Counts, Frame, Sensor, Settings, Sink as _};
use wardlight_model::journal::{Flows, Observations, Oddity};
use wardlight_model::{Flow, Id, Place, Time, Weird};

/// Most facts of one batch, and most conversations: reached before the time is up, the batch is due at once.
const ITEMS: usize = 20_000;
/// Most different facts and addresses between two batches; beyond, they are counted as dropped.
const BOUNDS: Bounds = Bounds { facts: 1 << 18, presences: 1 << 18 };

/// Reads frames and gathers what they say.
pub struct Gather {
    sensor: Sensor,
    tally: Tally,
    flows: Gathered,
    seed: u64,
    dropped: u64,
    due_after: i64,
    begun: Option<Time>,
}

/// What was seen since the last batch; a part that saw nothing is absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// Facts, presences and breaches.
    pub observations: Option<Observations>,
    /// Conversations.
    pub flows: Option<Flows>,
}

#[derive(Default)]
struct Gathered(Vec<Flow>);

impl Listener for Gathered {
    fn flow(&mut self, flow: &Flow) {
        self.0.push(flow.clone());
    }
}

impl Gather {
    /// Has seen nothing. A batch is due after `due_after` microseconds of the frames' own clock.
    #[must_use]
    pub fn new(settings: Settings, due_after: i64) -> Self {
        let seed = settings.seed;
        Self {
            sensor: Sensor::new(settings),
            tally: Tally::bounded(seed, BOUNDS),
            flows: Gathered::default(),
            seed,
            dropped: 0,
            due_after,
            begun: None,
        }
    }

    /// Reads one frame. `true` when a batch is due.
    pub fn frame(&mut self, frame: &Frame<'_>) -> bool {
        self.sensor.frame(frame, &mut self.tally.with(&mut self.flows));
        let begun = *self.begun.get_or_insert(frame.time);
        frame.time.since(begun) >= self.due_after || self.flows.0.len() >= ITEMS || self.tally.facts().len() >= ITEMS
    }

    /// Takes in that `frames` frames were lost before anybody read them, until `time`; `packet` is the number of the last
    /// that was read.
    pub fn lost(&mut self, frames: u64, time: Time, packet: u64) {
        if frames > 0 {
            let place = Place { source: 0, packet, offset: 0, length: 0 };
            self.tally.note(Weird { name: "capture.lost", time, place, flow: None }, frames);
        }
    }

    /// Takes in a conversation that an earlier run had under way when it ended.
    pub fn resume(&mut self, flow: Flow) {
        self.tally.with(&mut self.flows).flow(flow);
    }

    /// Every conversation under way, as it would be reported now, in no order.
    pub fn under_way(&self) -> impl Iterator<Item = Flow> {
        self.sensor.under_way()
    }

    /// Nothing was heard up to `time`: what has been silent for too long by then ends.
    pub fn rest(&mut self, time: Time) {
        self.sensor.rest(time, &mut self.tally.with(&mut self.flows));
    }

    /// Ends every conversation under way: at the end of a source.
    pub fn finish(&mut self) {
        self.sensor.finish(&mut self.tally.with(&mut self.flows));
    }

    /// What was read and lost so far; and sightings for which a batch had no room.
    #[must_use]
    pub fn counts(&self) -> (Counts, u64) {
        (self.sensor.counts(), self.dropped)
    }

    /// What was seen since the last time, as said by sensor `id`, whose places count `sources`, in batches of a size that a
    /// journal takes.
    pub fn take(&mut self, id: Id, sources: &[String]) -> Vec<Batch> {
        let mut all = vec![self.batch(id, sources)];
        while !self.flows.0.is_empty() {
            all.push(self.batch(id, sources));
        }
        all
    }

    /// The same with as many conversations as one batch has; the rest is left for the next.
    fn batch(&mut self, id: Id, sources: &[String]) -> Batch {
        self.begun = None;
        let tally = self.tally.take(self.seed);
        self.dropped += tally.dropped();
        let rest = self.flows.0.split_off(self.flows.0.len().min(ITEMS));
        let flows = mem::replace(&mut self.flows.0, rest);
        let oddities = tally.weirds().iter().map(|(name, odd)| Oddity {
            name,
            count: odd.count,
            first: odd.first.time,
            place: odd.first.place,
        });
        let observations = Observations {
            sensor: id,
            sources: sources.to_vec(),
            oddities: oddities.collect::<Vec<_>>().into(),
            presences: tally.presences().into(),
            facts: tally.into_facts().into(),
        };
        let Observations { facts, presences, oddities, .. } = &observations;
        let is_empty = facts.items.is_empty() && presences.items.is_empty() && oddities.items.is_empty();
        Batch {
            observations: (!is_empty).then_some(observations),
            flows: (!flows.is_empty()).then(|| Flows { sensor: id, flows: flows.into() }),
        }
    }
}
