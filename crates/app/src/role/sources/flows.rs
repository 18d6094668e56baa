//! Flow exports received over UDP: NetFlow v5 and v9, IPFIX, sFlow, from any exporters.
//!
//! In: datagrams at the address that the operator names. Out: flows, the way that sensors' flows go. Nothing is ever sent:
//! the socket is read and never written to. Memory is bounded: what the server does not take in time is counted and given
//! up, and what is in memory at a crash, at most some seconds, is lost.

use super::Work;
use super::kept::{Heard, Memory, Moment};
use super::trouble::Trouble;
use crate::io::import::Cloth;
use crate::io::link::{Fate, Message};
use crate::role::places::secret;
use crate::role::{Stop, new_id, now};
use anyhow::Context as _;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};
use wardlight_ingest::source::{Collector, Sender};
use wardlight_ingest::{Item, Options};
use wardlight_model::journal::{BodyKind, FORMAT, Flows, encode};
use wardlight_model::{Flow, Id, Scope};

/// Flows of one batch, and longest time that one waits for its batch to leave.
const BATCH: usize = 2_000;
const FLUSH: Duration = Duration::from_secs(2);
/// Batches that may wait for the server, and flows that may wait behind them.
const WAITING: usize = 16;
const BEHIND: usize = 50_000;
/// Room that the system is asked to hold datagrams in, in bytes.
const BUFFER: usize = 8 << 20;
/// Largest datagram.
const DATAGRAM: usize = 65_535;
/// Kinds of reasons that are counted apart.
const REASONS: usize = 32;
/// Time between two notes on disk of what was received, and between two tries to reach the server.
const NOTE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(200);
/// Silence of the server after which the connection counts as dead.
const PATIENCE: Duration = Duration::from_secs(30);

/// Receives at `address` until everything shall end. Errors: why it cannot.
pub(super) fn listen(address: SocketAddr, work: &Work) -> Result<(), Trouble> {
    let mut memory = Memory::open(work.places.source(&work.source.name))?;
    let fail = |error: &anyhow::Error| Trouble::server(&work.places.names_key(), error);
    let secret = work.places.names_key();
    let cloth = Cloth::new(&self::secret(&secret).map_err(|error| fail(&error.into()))?);
    let id = match memory.kept.listener {
        Some(id) => id,
        None => *memory.kept.listener.insert(new_id().map_err(|error| fail(&error))?),
    };
    let begin = now();
    memory.kept.since.get_or_insert(begin);
    memory.kept.heard = Some(Heard { since: Moment(begin), ..Heard::default() });
    let socket = open(address).map_err(|error| Trouble::bind(address, &error))?;
    memory.note(None, begin);
    memory.keep()?;
    let (sender, receiver) = sync_channel(WAITING);
    let given_up = Arc::new(AtomicU64::new(0));
    let deliverer =
        Deliverer { socket: work.places.socket(), id, stop: work.stop.clone(), given_up: Arc::clone(&given_up) };
    let thread = thread::Builder::new().name("flows".to_owned()).spawn(move || deliverer.run(&receiver));
    let thread = thread.map_err(|error| fail(&error.into()))?;
    let options = Options {
        name: &work.source.name,
        source: 0,
        scope: Scope(work.source.scope),
        now: begin,
        ahead_s: 0,
        mapping: None,
        veil: &cloth,
    };
    Ear { work, memory, socket, collector: Collector::default(), pending: Vec::new(), sender, given_up }.run(&options);
    let _ = thread.join();
    Ok(())
}

/// A socket that is only read. Errors: what the system says.
fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    // What the system grants is enough for less traffic.
    let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&socket, BUFFER);
    socket.set_read_timeout(Some(PAUSE))?;
    Ok(socket)
}

/// Receives, and fills batches.
struct Ear<'a> {
    work: &'a Work,
    memory: Memory,
    socket: UdpSocket,
    collector: Collector,
    pending: Vec<Flow>,
    sender: SyncSender<Vec<Flow>>,
    given_up: Arc<AtomicU64>,
}

impl Ear<'_> {
    fn run(mut self, options: &Options<'_>) {
        let mut datagram = vec![0; DATAGRAM];
        let (mut flushed, mut noted) = (Instant::now(), Instant::now());
        self.show();
        while !self.work.stop.is_wanted() {
            match self.socket.recv_from(&mut datagram) {
                Ok((length, from)) => self.take(datagram.get(..length).unwrap_or_default(), from, options),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                // Of a datagram that was refused elsewhere; the socket goes on.
                Err(_) => self.work.stop.wait(PAUSE),
            }
            if self.pending.len() >= BATCH || flushed.elapsed() >= FLUSH {
                self.hand_on();
                flushed = Instant::now();
                self.show();
            }
            if noted.elapsed() >= NOTE {
                self.note();
                noted = Instant::now();
            }
        }
        self.hand_on();
        self.note();
    }

    fn take(&mut self, datagram: &[u8], from: SocketAddr, options: &Options<'_>) {
        let time = now();
        let sender = Sender { exporter: from.ip().to_canonical(), time };
        let heard = self.memory.kept.heard.get_or_insert_default();
        let before = self.pending.len();
        let pending = &mut self.pending;
        self.collector.datagram(datagram, sender, &Options { now: time, ..*options }, &mut |item| match item {
            Item::Flow(flow) => pending.push(flow),
            Item::Trouble(trouble) if !trouble.is_mended => count(heard, &trouble.what),
            _ => {}
        });
        let flows = self.pending.len() - before;
        heard.flows = heard.flows.saturating_add(u64::try_from(flows).unwrap_or(u64::MAX));
        if flows > 0 {
            heard.last = Some(Moment(time));
        }
    }

    /// Hands the pending flows on when there is room, and gives up those beyond what may wait.
    fn hand_on(&mut self) {
        while !self.pending.is_empty() {
            let batch: Vec<Flow> = self.pending.drain(..BATCH.min(self.pending.len())).collect();
            match self.sender.try_send(batch) {
                Ok(()) => {}
                Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) => {
                    self.pending.splice(..0, batch);
                    break;
                }
            }
        }
        if let Some(excess) = self.pending.len().checked_sub(BEHIND) {
            self.pending.drain(..excess);
            self.given_up.fetch_add(u64::try_from(excess).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// Puts what was counted where others see it.
    fn show(&mut self) {
        let received = self.collector.received();
        let heard = self.memory.kept.heard.get_or_insert_default();
        heard.datagrams = received.datagrams;
        heard.exporters = received.exporters;
        heard.lost_flows = received.lost_flows;
        heard.lost_datagrams = received.lost_datagrams;
        heard.given_up = self.given_up.load(Ordering::Relaxed);
        self.work.show(&self.memory.kept);
    }

    fn note(&mut self) {
        self.show();
        // Counts alone: a full disk must not end the receiving.
        let _ = self.memory.keep();
    }
}

/// Counts why something was set aside; reasons that differ in a number are one.
fn count(heard: &mut Heard, what: &str) {
    let mut reason = String::new();
    for c in what.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }) {
        if c != '#' || !reason.ends_with('#') {
            reason.push(c);
        }
    }
    let is_room = heard.set_aside.len() < REASONS || heard.set_aside.contains_key(&reason);
    *heard.set_aside.entry(if is_room { reason } else { "other reasons".to_owned() }).or_default() += 1;
}

/// Delivers batches to the server, each until it is on disk or given up.
struct Deliverer {
    socket: PathBuf,
    id: Id,
    stop: Stop,
    given_up: Arc<AtomicU64>,
}

impl Deliverer {
    fn run(&self, batches: &Receiver<Vec<Flow>>) {
        let mut stream = None;
        // Ends when the receiving has ended and nothing is left.
        while let Ok(flows) = batches.recv() {
            let count = u64::try_from(flows.len()).unwrap_or(u64::MAX);
            if !self.deliver(flows, &mut stream) {
                self.given_up.fetch_add(count, Ordering::Relaxed);
            }
        }
    }

    /// Whether the server has `flows` on disk.
    fn deliver(&self, flows: Vec<Flow>, stream: &mut Option<UnixStream>) -> bool {
        let Ok(id) = new_id() else { return false };
        let body = encode(&Flows { sensor: self.id, flows: flows.into() });
        let message = Message { id, kind: BodyKind::Flows.number(), format: FORMAT, body };
        loop {
            match self.once(&message, stream) {
                Ok(Fate::Stored(_)) => return true,
                Ok(Fate::Shed) => return false,
                Ok(Fate::Later(_) | Fate::Refused(_)) => {}
                Err(_) => *stream = None,
            }
            if self.stop.is_wanted() {
                return false;
            }
            self.stop.wait(PAUSE);
        }
    }

    fn once(&self, message: &Message, stream: &mut Option<UnixStream>) -> anyhow::Result<Fate> {
        let stream = match stream {
            Some(stream) => stream,
            None => {
                let fresh = UnixStream::connect(&self.socket)?;
                fresh.set_read_timeout(Some(PATIENCE))?;
                stream.insert(fresh)
            }
        };
        message.send(stream)?;
        Ok(Fate::receive(stream)?.context("the server ended")?.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_differ_in_a_number_are_one_and_there_are_only_so_many() {
        let mut heard = Heard::default();
        for template in 256..300 {
            count(&mut heard, &format!("records by template {template}, which has not come"));
        }
        assert_eq!(heard.set_aside["records by template #, which has not come"], 44);
        (0..100).for_each(|n| count(&mut heard, &"x".repeat(n)));
        assert!(heard.set_aside.len() <= REASONS + 1 && heard.set_aside["other reasons"] > 0);
        assert_eq!(heard.set_aside.values().sum::<u64>(), 144);
    }
}
