//! The last records by id, so that one that is sent again is acknowledged and not written again.

use super::JournalError;
use crate::segment::{Draft, Id, Log, ReadError};
use std::collections::{HashMap, VecDeque};

/// The last records, a bounded number of them.
pub(super) struct Known {
    limit: usize,
    order: VecDeque<Id>,
    by_id: HashMap<Id, Seen>,
}

/// A record that was written.
#[derive(Clone, Copy)]
struct Seen {
    sequence: u64,
    content: u32,
}

impl Known {
    /// The last `limit` records of `log`. Damaged ones are left out. Errors: the disk cannot be read.
    pub fn of(log: &Log, limit: usize) -> Result<Self, ReadError> {
        let mut known = Self { limit, order: VecDeque::new(), by_id: HashMap::new() };
        let from = log.next().saturating_sub(u64::try_from(limit).unwrap_or(u64::MAX)).max(log.first());
        for record in log.reader(from) {
            match record {
                Ok(record) => known.put(record.id, record.sequence, content(record.kind, &record.body)),
                Err(ReadError::Rot(_) | ReadError::Released { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(known)
    }

    /// The sequence of `draft`, when it was written before. Errors: another record has its id.
    pub fn find(&self, draft: &Draft) -> Result<Option<u64>, JournalError> {
        match self.by_id.get(&draft.id) {
            None => Ok(None),
            Some(seen) if seen.content == content(draft.kind, &draft.body) => Ok(Some(seen.sequence)),
            Some(seen) => Err(JournalError::IdReused { id: draft.id, sequence: seen.sequence }),
        }
    }

    /// Remembers that `draft` was written as `sequence`.
    pub fn remember(&mut self, draft: &Draft, sequence: u64) {
        self.put(draft.id, sequence, content(draft.kind, &draft.body));
    }

    fn put(&mut self, id: Id, sequence: u64, content: u32) {
        if self.by_id.insert(id, Seen { sequence, content }).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
    }
}

fn content(kind: u16, body: &[u8]) -> u32 {
    crc32c::crc32c_append(u32::from(kind), body)
}
