//! The thread that owns the log: takes a group, writes it, makes it durable, answers.

use super::known::Known;
use super::queue::{Answer, Order, Queue, Submission};
use super::{JournalError, Receipt};
use crate::segment::{Draft, Id, Log};
use std::collections::HashMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

pub(super) struct Writer {
    log: Log,
    known: Known,
    queue: Arc<Queue>,
    refused: u64,
    repeated: u64,
}

/// A submission that waits for the sync.
struct Written {
    sequences: Vec<u64>,
    answer: Answer,
}

impl Writer {
    pub fn new(log: Log, known: Known, queue: Arc<Queue>) -> Self {
        Self { log, known, queue, refused: 0, repeated: 0 }
    }

    /// Works until the queue is closed and empty.
    pub fn run(mut self) {
        let _end = End(Arc::clone(&self.queue));
        while let Some(group) = self.queue.take() {
            self.write(group);
        }
    }

    fn write(&mut self, group: Vec<Order>) {
        let mut written = Vec::new();
        let mut refused = Vec::new();
        let mut releases = Vec::new();
        for order in group {
            match order {
                Order::Release(up_to, answer) => releases.push((up_to, answer)),
                Order::Submit(Submission { drafts, answer, .. }) => match self.append(drafts) {
                    Ok(sequences) => written.push(Written { sequences, answer }),
                    Err(error) => refused.push((error, answer)),
                },
            }
        }
        let synced = self.log.sync().map_err(JournalError::from);
        let released: Vec<_> = releases.into_iter().map(|(up_to, answer)| (self.release(up_to), answer)).collect();
        let errors = refused
            .iter()
            .map(|(error, _)| error)
            .chain(released.iter().filter_map(|(outcome, _)| outcome.as_ref().err()));
        self.show(synced.as_ref().err().into_iter().chain(errors));
        for Written { sequences, answer } in written {
            say(answer, synced.clone().map(|_| Receipt { sequences }));
        }
        for (error, answer) in refused {
            say(answer, Err(error));
        }
        for (outcome, answer) in released {
            tell(&answer, outcome);
        }
    }

    /// Appends what is new of `drafts` and gives the sequences of all.
    fn append(&mut self, drafts: Vec<Draft>) -> Result<Vec<u64>, JournalError> {
        let count = drafts.len();
        let next = self.log.next();
        let mut fresh: Vec<Draft> = Vec::with_capacity(count);
        let mut places = Vec::with_capacity(count);
        let mut own: HashMap<Id, usize> = HashMap::with_capacity(count);
        for draft in drafts {
            let twin = own.get(&draft.id).and_then(|n| fresh.get(*n).zip(Some(next + *n as u64)));
            let known = match twin {
                Some((first, sequence)) if first.kind != draft.kind || first.body != draft.body => {
                    return Err(JournalError::IdReused { id: draft.id, sequence });
                }
                Some((_, sequence)) => Some(sequence),
                None => self.known.find(&draft)?,
            };
            places.push(known.unwrap_or(next + fresh.len() as u64));
            if known.is_none() {
                own.insert(draft.id, fresh.len());
                fresh.push(draft);
            }
        }
        let sequences = self.write_new(&fresh).inspect_err(|error| {
            self.refused += u64::from(matches!(error, JournalError::Full { .. }));
        })?;
        self.repeated += (count - fresh.len()) as u64;
        fresh.iter().zip(sequences).for_each(|(draft, sequence)| self.known.remember(draft, sequence));
        Ok(places)
    }

    fn write_new(&mut self, fresh: &[Draft]) -> Result<Range<u64>, JournalError> {
        if self.queue.is_held_back() && fresh.iter().any(|draft| !draft.is_vital) {
            return Err(JournalError::Full { needed: fresh.iter().map(|draft| draft.body.len() as u64).sum() });
        }
        self.log.append(fresh).map_err(JournalError::from)
    }

    fn release(&mut self, up_to: u64) -> Result<usize, JournalError> {
        self.log.release(up_to).map_err(JournalError::from)
    }

    fn show<'a>(&self, mut errors: impl Iterator<Item = &'a JournalError>) {
        let cause = errors.find_map(|error| match error {
            JournalError::Broken { cause } => Some(cause.clone()),
            _ => None,
        });
        self.queue.show(|status| {
            status.durable = self.log.durable();
            status.first = self.log.first();
            status.is_full = self.log.is_full();
            status.refused = self.refused;
            status.repeated = self.repeated;
            status.broken = status.broken.take().or(cause);
        });
    }
}

/// Says that the writer has ended, however it did.
struct End(Arc<Queue>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Answers; an answer that panics is its caller's loss alone.
fn say(answer: Answer, outcome: Result<Receipt, JournalError>) {
    let _ = catch_unwind(AssertUnwindSafe(|| answer(outcome)));
}

fn tell(answer: &SyncSender<Result<usize, JournalError>>, outcome: Result<usize, JournalError>) {
    // Nobody may be waiting any more.
    let _ = answer.send(outcome);
}
