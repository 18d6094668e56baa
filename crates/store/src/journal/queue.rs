//! What waits to be written, bounded, and what followers and watchers see of the writer.

use super::{JournalError, Options, Receipt, Status};
use crate::segment::{Draft, Log, Shelf};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes that a draft takes beside its body, about.
const DRAFT: usize = 64;

/// Called once with what became of a submission.
pub(super) type Answer = Box<dyn FnOnce(Result<Receipt, JournalError>) + Send>;

/// Drafts of one writer.
pub(super) struct Submission {
    pub drafts: Vec<Draft>,
    pub answer: Answer,
    bytes: usize,
}

/// What the writer is asked for.
pub(super) enum Order {
    Submit(Submission),
    Release(u64, SyncSender<Result<usize, JournalError>>),
}

pub(super) struct Queue {
    state: Mutex<State>,
    /// Something to do for the writer.
    work: Condvar,
    /// Room for more.
    room: Condvar,
    /// More is durable, or never will be.
    moved: Condvar,
    options: Options,
    is_held_back: AtomicBool,
    /// Where followers read.
    pub shelf: Shelf,
}

struct State {
    orders: VecDeque<Order>,
    bytes: usize,
    is_closed: bool,
    /// The writer does nothing any more.
    is_over: bool,
    status: Status,
}

impl Submission {
    pub fn new(drafts: Vec<Draft>, answer: Answer) -> Self {
        let bytes = drafts.iter().map(|draft| draft.body.len() + DRAFT).sum();
        Self { drafts, answer, bytes }
    }
}

impl Queue {
    pub fn new(log: &Log, options: Options) -> Self {
        let status = Status { durable: log.durable(), first: log.first(), is_full: log.is_full(), ..Status::default() };
        let state = State { orders: VecDeque::new(), bytes: 0, is_closed: false, is_over: false, status };
        Self {
            state: Mutex::new(state),
            work: Condvar::new(),
            room: Condvar::new(),
            moved: Condvar::new(),
            options,
            is_held_back: AtomicBool::new(false),
            shelf: log.shelf(),
        }
    }

    /// Puts `submission` behind all others, when there is room. Errors: closed or broken.
    pub fn put(&self, submission: Submission) -> Result<(), JournalError> {
        let is_waiting = |state: &mut State| state.refusal().is_none() && !self.has_room(state, submission.bytes);
        let state = self.room.wait_while(self.state(), is_waiting);
        self.push(state.unwrap_or_else(PoisonError::into_inner), submission).map_err(|(error, _)| error)
    }

    /// The same, but never waits.
    pub fn try_put(&self, submission: Submission) -> Result<(), (JournalError, Submission)> {
        let state = self.state();
        if state.refusal().is_none() && !self.has_room(&state, submission.bytes) {
            return Err((JournalError::Busy, submission));
        }
        self.push(state, submission)
    }

    /// Puts an order that takes no room. Errors: closed or broken.
    pub fn order(&self, order: Order) -> Result<(), JournalError> {
        let mut state = self.state();
        state.refusal().map_or(Ok(()), Err)?;
        state.orders.push_back(order);
        self.work.notify_one();
        Ok(())
    }

    /// Waits for orders and takes a group of them. `None` when it is closed and nothing is left.
    pub fn take(&self) -> Option<Vec<Order>> {
        let idle = |state: &mut State| state.orders.is_empty() && !state.is_closed;
        let mut state = self.work.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
        let mut group = Vec::new();
        let mut bytes = 0;
        while let Some(order) = state.orders.pop_front() {
            if let Order::Submit(submission) = &order {
                bytes += submission.bytes;
            }
            group.push(order);
            if bytes >= self.options.group_bytes {
                break;
            }
        }
        state.bytes = state.bytes.saturating_sub(bytes);
        self.room.notify_all();
        (!group.is_empty()).then_some(group)
    }

    /// Lets `change` what is shown of the writer, and wakes who waits for it.
    pub fn show(&self, change: impl FnOnce(&mut Status)) {
        let mut state = self.state();
        change(&mut state.status);
        if state.status.broken.is_some() {
            self.room.notify_all();
        }
        self.moved.notify_all();
    }

    pub fn status(&self) -> Status {
        let status = self.state().status.clone();
        Status { is_full: status.is_full || self.is_held_back(), ..status }
    }

    /// Lets the writer take vital records only, or all again.
    pub fn hold_back(&self, is_wanted: bool) {
        self.is_held_back.store(is_wanted, Ordering::SeqCst);
    }

    /// Whether it shall take vital records only.
    pub fn is_held_back(&self) -> bool {
        self.is_held_back.load(Ordering::SeqCst)
    }

    /// Waits until more than up to `seen` is durable, or never will be, or `timeout` passed.
    pub fn wait_beyond(&self, seen: u64, timeout: Duration) {
        let is_waiting = |state: &mut State| state.status.durable <= seen && !state.is_over;
        drop(self.moved.wait_timeout_while(self.state(), timeout, is_waiting));
    }

    /// Whether the writer has ended.
    pub fn is_over(&self) -> bool {
        self.state().is_over
    }

    /// Takes nothing more.
    pub fn close(&self) {
        self.state().is_closed = true;
        self.work.notify_all();
        self.room.notify_all();
    }

    /// The writer has ended: refuses what is left.
    pub fn end(&self) {
        let left = {
            let mut state = self.state();
            state.is_closed = true;
            state.is_over = true;
            std::mem::take(&mut state.orders)
        };
        self.room.notify_all();
        self.moved.notify_all();
        // What is dropped unanswered tells its ticket so; an answer is always called.
        for order in left {
            if let Order::Submit(submission) = order {
                (submission.answer)(Err(JournalError::Closed));
            }
        }
    }

    fn push(&self, mut state: MutexGuard<'_, State>, submission: Submission) -> Result<(), (JournalError, Submission)> {
        if let Some(error) = state.refusal() {
            return Err((error, submission));
        }
        state.bytes += submission.bytes;
        state.orders.push_back(Order::Submit(submission));
        self.work.notify_one();
        Ok(())
    }

    fn has_room(&self, state: &State, bytes: usize) -> bool {
        state.orders.is_empty() || state.bytes + bytes <= self.options.queue_bytes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Why nothing is taken.
    fn refusal(&self) -> Option<JournalError> {
        let broken = self.status.broken.clone().map(|cause| JournalError::Broken { cause });
        broken.or(self.is_closed.then_some(JournalError::Closed))
    }
}
