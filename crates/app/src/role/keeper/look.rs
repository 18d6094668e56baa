//! Looks at all devices: which there are, and what they are, by all that is known.
//!
//! A look takes as long as there are devices, so it has a thread of its own: what comes in meanwhile is taken in, and
//! decisions are answered.

use super::{Keeper, Step};
use std::mem;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use wardlight_engine::{Effect, Settled};
use wardlight_store::database::Contacts;

/// How much a look yields to those who answer people: a step of `nice`.
const YIELDING: i32 = 5;

/// How far the conversations of the past are counted.
pub(super) enum Counting {
    Due(Contacts),
    Begun(JoinHandle<()>),
}

/// A look at all devices under way, on a thread of its own.
pub(super) struct Look {
    begun: Instant,
    thread: JoinHandle<Settled>,
}

impl Keeper<'_> {
    /// Whether devices and assets follow from all that was taken in.
    pub(super) const fn is_settled(&self) -> bool {
        self.settling.is_none() && self.site.is_settled()
    }

    /// Begins a look at all devices, unless one is under way or nothing was learned since the last. Errors: no thread.
    pub(super) fn look(&mut self) -> anyhow::Result<()> {
        if self.settling.is_some() {
            return Ok(());
        }
        if let Some(all) = self.site.unsettled() {
            let knowledge = Arc::clone(&self.knowledge);
            let work = move || {
                // Where it may not, it is as important as the rest.
                let _ = rustix::process::setpriority_process(None, YIELDING);
                all.settled(&knowledge.0, &knowledge.1)
            };
            let thread = thread::Builder::new().name("devices".to_owned()).spawn(work)?;
            self.settling = Some(Look { begun: Instant::now(), thread });
        }
        Ok(())
    }

    /// Takes in what a look found that is over, and says how long it took. Errors: it failed, or the database does.
    pub(super) fn look_over(&mut self) -> anyhow::Result<Option<Duration>> {
        let Some(look) = self.settling.take_if(|look| look.thread.is_finished()) else { return Ok(None) };
        let settled = look.thread.join().map_err(|_| anyhow::anyhow!("the look at the devices failed"))?;
        self.settle(settled)?;
        Ok(Some(look.begun.elapsed()))
    }

    fn settle(&mut self, settled: Settled) -> anyhow::Result<()> {
        let sequence = settled.sequence;
        let (mut changes, mut assets) = (Vec::new(), None);
        for effect in self.site.settle(settled) {
            match effect {
                Effect::Change(change) => changes.push(change),
                Effect::Resolved(resolution) => assets = Some(resolution),
                _ => {}
            }
        }
        let before = self.parts.fleet.devices().snapshot();
        self.parts.events.settle(sequence, &changes, &before, assets.as_deref());
        drop(before);
        if let Some(resolution) = assets {
            self.standing.assets = Some(resolution.tally().into());
            self.parts.fleet.resolved(*resolution);
        }
        self.parts.fleet.apply(&changes);
        self.parts.fleet.is_known();
        let changes = mem::take(&mut self.stored).without_known(changes);
        self.persist(&Step::Put(&changes))?;
        self.parts.events.settled();
        Ok(())
    }

    /// Begins to count the conversations of the past, once the devices are known. Errors: no thread.
    pub(super) fn count(&self, past: &mut Option<Counting>) -> anyhow::Result<()> {
        *past = match past.take() {
            Some(Counting::Due(contacts)) => {
                let runtime = self.runtime.handle().clone();
                Some(Counting::Begun(self.parts.fleet.count(contacts, runtime, self.parts.stop)?))
            }
            other => other,
        };
        Ok(())
    }
}
