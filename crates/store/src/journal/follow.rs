//! Reads a journal as it grows.

use super::queue::Queue;
use crate::segment::{ReadError, Reader, Record};
use std::sync::Arc;
use std::time::Duration;

/// Gives durable records in order, and waits for more.
pub struct Follower {
    queue: Arc<Queue>,
    reader: Reader,
}

impl Follower {
    pub(super) fn new(queue: Arc<Queue>, from: u64) -> Self {
        let reader = queue.shelf.reader(from);
        Self { queue, reader }
    }

    /// The next record; waits at most `timeout` for one to become durable, not at all once the journal is closed.
    /// `None` when there is none by then. Errors: damaged or released records, which the next call goes on behind, and
    /// what the disk says, which it tries again.
    pub fn next(&mut self, timeout: Duration) -> Result<Option<Record>, ReadError> {
        if let Some(record) = self.reader.next() {
            return record.map(Some);
        }
        self.queue.wait_beyond(self.reader.position() - 1, timeout);
        self.reader.next().transpose()
    }

    /// The sequence that is looked for next.
    pub fn position(&self) -> u64 {
        self.reader.position()
    }

    /// Whether the journal is closed and all of it was given.
    pub fn is_over(&self) -> bool {
        self.queue.is_over() && self.queue.status().durable < self.reader.position()
    }
}
