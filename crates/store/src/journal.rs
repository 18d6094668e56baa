//! The point of durability: records of many writers, made durable together, and read by many in one order.
//!
//! In: drafts from any thread. Out: their sequences once they are durable, and to followers every durable record in
//! order. A thread of its own owns the [`Log`]; whoever waits at the same time shares one sync. Never: a record is
//! acknowledged, or shown to a follower, before it is durable; more than a bounded number of bytes waits in memory; a
//! record sent twice is written twice while it is among the last [`Options::remembered`].
//!
//! How far a follower came is kept by whoever owns the follower, together with what it made of the records.

mod follow;
mod known;
mod queue;
#[cfg(test)]
mod trial;
mod writer;

pub use follow::Follower;

use crate::segment::{self, Draft, Id, Log, LogError, Rot};
use known::Known;
use queue::{Order, Queue, Submission};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use writer::Writer;

/// How a journal works.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How its folder is written.
    pub log: segment::Options,
    /// Bytes that may wait to be written; a single larger submission is taken when nothing else waits.
    pub queue_bytes: usize,
    /// Bytes after which a group is made durable even when more wait.
    pub group_bytes: usize,
    /// How many of the last records are known when they are sent again.
    pub remembered: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { log: segment::Options::default(), queue_bytes: 32 << 20, group_bytes: 1 << 20, remembered: 8192 }
    }
}

/// What was submitted is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The sequence of each record, in the order submitted. Of one that was known, the sequence it has had.
    pub sequences: Vec<u64>,
}

/// Why a submission was not acknowledged. But after [`JournalError::Broken`], nothing of it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// No space; vital submissions may still find some.
    #[error("the journal has no space for {needed} bytes: free some, or add disk")]
    Full {
        /// Bytes on disk.
        needed: u64,
    },
    /// A body is too large.
    #[error("a body of {length} bytes is over the limit of {}: send it in parts", segment::BODY)]
    TooLarge {
        /// Its bytes.
        length: usize,
    },
    /// An id came again with another content.
    #[error("id {id} was already given to another record, number {sequence}: give each record an id of its own")]
    IdReused {
        /// The id.
        id: Id,
        /// The record that has it.
        sequence: u64,
    },
    /// As much waits as may wait. Only [`Journal::try_submit`] says so.
    #[error("the journal is busy: wait and send again")]
    Busy,
    /// The disk said no. Whether the records are there shows when the journal is opened again.
    #[error("the journal stopped: {cause}")]
    Broken {
        /// What the disk said.
        cause: String,
    },
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
}

/// How a journal is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The last durable sequence, 0 when there is none.
    pub durable: u64,
    /// The first sequence that is kept.
    pub first: u64,
    /// Whether only vital records are taken, because the disk is full or by [`Journal::hold_back`].
    pub is_full: bool,
    /// Submissions refused since the journal was opened because the disk was full.
    pub refused: u64,
    /// Records that came again and were not written again since then.
    pub repeated: u64,
    /// Why nothing is taken any more.
    pub broken: Option<String>,
}

/// A journal; its clones are the same one. Closes with the last clone, or by [`Journal::close`].
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Arc<Queue>,
    rots: Vec<Rot>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// A submission on its way.
#[derive(Debug)]
pub struct Ticket(mpsc::Receiver<Result<Receipt, JournalError>>);

impl Journal {
    /// Opens the journal in `folder`. Errors: what the log says, see [`Log::open`], or no thread.
    pub fn open(folder: &Path, options: Options) -> Result<Self, LogError> {
        let log = Log::open(folder, options.log)?;
        let fail = |source| LogError::Disk { doing: "start the writer of", path: folder.to_owned(), source };
        Self::start(log, options, fail)
    }

    fn start(log: Log, options: Options, fail: impl Fn(std::io::Error) -> LogError) -> Result<Self, LogError> {
        let known = Known::of(&log, options.remembered).map_err(|error| fail(std::io::Error::other(error)))?;
        let rots = log.rot().to_vec();
        let queue = Arc::new(Queue::new(&log, options));
        let writer = Writer::new(log, known, Arc::clone(&queue));
        let thread = thread::Builder::new().name("journal".to_owned()).spawn(move || writer.run()).map_err(fail)?;
        Ok(Self { inner: Arc::new(Inner { queue, rots, thread: Mutex::new(Some(thread)) }) })
    }

    /// Submits `drafts`, written all or none; waits for room in the queue. Errors: the journal is closed or broken; what
    /// becomes of the drafts the ticket says.
    pub fn submit(&self, drafts: Vec<Draft>) -> Result<Ticket, JournalError> {
        let (submission, ticket) = ticketed(drafts);
        self.inner.queue.put(submission).map(|()| ticket)
    }

    /// The same, but gives the drafts back instead of waiting for room.
    pub fn try_submit(&self, drafts: Vec<Draft>) -> Result<Ticket, (JournalError, Vec<Draft>)> {
        let (submission, ticket) = ticketed(drafts);
        match self.inner.queue.try_put(submission) {
            Ok(()) => Ok(ticket),
            Err((error, submission)) => Err((error, submission.drafts)),
        }
    }

    /// The same as [`Journal::submit`], and calls `answer` from the journal's thread, which waits for it: it should do
    /// no more than pass the answer on, to a task that sleeps or to a channel. Not called when this gives an error.
    pub fn submit_then(
        &self,
        drafts: Vec<Draft>,
        answer: impl FnOnce(Result<Receipt, JournalError>) + Send + 'static,
    ) -> Result<(), JournalError> {
        self.inner.queue.put(Submission::new(drafts, Box::new(answer)))
    }

    /// Every durable record from sequence `from` on, in order, also those still to come.
    pub fn follow(&self, from: u64) -> Follower {
        Follower::new(Arc::clone(&self.inner.queue), from)
    }

    /// Deletes segments whose records are all below `up_to`, which every follower and the last backup must be past.
    /// Gives how many. Errors: what the disk says.
    pub fn release(&self, up_to: u64) -> Result<usize, JournalError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.inner.queue.order(Order::Release(up_to, sender))?;
        receiver.recv().unwrap_or(Err(JournalError::Closed))
    }

    /// Takes vital records only from now on, as when the disk is full, or all again: what follows the journal may be
    /// the first that finds no space.
    pub fn hold_back(&self, is_wanted: bool) {
        self.inner.queue.hold_back(is_wanted);
    }

    /// How it is.
    pub fn status(&self) -> Status {
        self.inner.queue.status()
    }

    /// Damage found in the last segment when the journal was opened. Followers report that of the others.
    pub fn rot(&self) -> &[Rot] {
        &self.inner.rots
    }

    /// Takes nothing more, writes what waits, and ends the thread.
    pub fn close(&self) {
        self.inner.close();
    }
}

impl Inner {
    fn close(&self) {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The last clone may go inside an answer, on the very thread.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

impl Ticket {
    /// Waits until the records are durable or refused. Errors: why they are not acknowledged.
    pub fn wait(self) -> Result<Receipt, JournalError> {
        self.0.recv().unwrap_or(Err(JournalError::Closed))
    }

    /// Waits at most `timeout`; gives the ticket back when there is no answer by then.
    pub fn wait_for(self, timeout: Duration) -> Result<Result<Receipt, JournalError>, Self> {
        match self.0.recv_timeout(timeout) {
            Ok(answer) => Ok(answer),
            Err(RecvTimeoutError::Timeout) => Err(self),
            Err(RecvTimeoutError::Disconnected) => Ok(Err(JournalError::Closed)),
        }
    }
}

impl From<LogError> for JournalError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Full { needed, .. } => Self::Full { needed },
            LogError::TooLarge { length } => Self::TooLarge { length },
            LogError::Broken { cause } => Self::Broken { cause },
            error => Self::Broken { cause: error.to_string() },
        }
    }
}

fn ticketed(drafts: Vec<Draft>) -> (Submission, Ticket) {
    let (sender, receiver) = mpsc::sync_channel(1);
    // Nobody may be waiting any more.
    let answer = move |answer| drop(sender.send(answer));
    (Submission::new(drafts, Box::new(answer)), Ticket(receiver))
}
