//! The harness as a sensor: sends batches over the server's socket and notes what was acknowledged.
//!
//! The bytes are those of `crates/app/src/io/link.rs`.

use super::load::{self, Batch};
use anyhow::{Context as _, Result, bail};
use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};
use wardlight_model::Id;
use wardlight_model::journal::FORMAT;

/// Batches under way at one time.
const WINDOW: usize = 32;
/// Silence after which the server counts as stuck.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of an answer before its text.
pub(super) const ANSWER: usize = 32;

/// What is known of the batches: which are still to be sent, and where in the journal the others are.
#[derive(Debug, Default, Clone)]
pub(super) struct Sent {
    /// Numbers of those not acknowledged, in order.
    pub waiting: VecDeque<u64>,
    /// Numbers of those acknowledged, with their journal sequence.
    pub stored: BTreeMap<u64, u64>,
    /// The highest number ever given to a connection, and one.
    pub reached: u64,
}

impl Sent {
    /// Nothing sent yet of batches 0 to `count`.
    pub fn of(count: u64) -> Self {
        Self { waiting: (0..count).collect(), ..Self::default() }
    }

    /// Batch number `n` was acknowledged, as journal record `sequence`.
    pub fn acknowledge(&mut self, n: u64, sequence: u64) {
        self.waiting.retain(|waiting| *waiting != n);
        self.stored.insert(n, sequence);
    }
}

/// Sends what is waiting until all is acknowledged or the server ends; `heard` is told of each acknowledgement. `false`
/// when the server ended before. Errors: it answers what it must not, or nothing for a minute.
pub(super) fn send(
    socket: &Path,
    sent: &mut Sent,
    is_alive: impl Fn() -> bool,
    mut heard: impl FnMut(),
) -> Result<bool> {
    let Some(stream) = connect(socket, is_alive)? else { return Ok(false) };
    let mut under_way: VecDeque<(u64, Id)> = VecDeque::new();
    let mut next = 0;
    while next < sent.waiting.len() || !under_way.is_empty() {
        while under_way.len() < WINDOW
            && let Some(n) = sent.waiting.get(next).copied()
        {
            let batch = load::batch(n);
            sent.reached = sent.reached.max(n + 1);
            if (&stream).write_all(&message(&batch)).is_err() {
                // What it answered before it ended still counts.
                break;
            }
            under_way.push_back((n, batch.id));
            next += 1;
        }
        let Some((n, id)) = under_way.pop_front() else { return Ok(false) };
        match answer(&stream)? {
            None => return Ok(false),
            Some(Answer { id: other, .. }) if other != id => bail!("batch {n} was answered as {other}"),
            Some(Answer { code: 0, sequence, .. }) => {
                sent.waiting.pop_front();
                next -= 1;
                sent.stored.insert(n, sequence);
                heard();
            }
            // Only a server that ends may say so.
            Some(Answer { code: 2, text, .. }) if text.contains("stopping") || text.contains("closed") => {
                return Ok(false);
            }
            Some(Answer { code, text, .. }) => bail!("batch {n} was answered with {code}: {text}"),
        }
    }
    Ok(true)
}

/// The connection, tried until there is one; `None` when the server ended before.
fn connect(socket: &Path, is_alive: impl Fn() -> bool) -> Result<Option<UnixStream>> {
    let begun = Instant::now();
    loop {
        if let Ok(stream) = UnixStream::connect(socket) {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            return Ok(Some(stream));
        }
        if !is_alive() {
            return Ok(None);
        }
        if begun.elapsed() > PATIENCE {
            bail!("the server opens no socket at {}", socket.display());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The bytes of a batch on their way.
pub(super) fn message(batch: &Batch) -> Vec<u8> {
    let mut bytes = u32::try_from(batch.body.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
    bytes.extend(batch.kind.number().to_le_bytes());
    bytes.extend([FORMAT, 0]);
    bytes.extend(batch.id.0);
    bytes.extend(&batch.body);
    bytes
}

/// One answer of the server.
pub(super) struct Answer {
    /// The batch.
    pub id: Id,
    /// What became of it; 0 for stored.
    pub code: u8,
    /// Its journal sequence.
    pub sequence: u64,
    /// Why.
    pub text: String,
}

/// Reads an answer's first [`ANSWER`] bytes, and gives it with the length of its text.
pub(super) fn head(bytes: [u8; ANSWER]) -> (Answer, usize) {
    let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = bytes;
    let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, code, _, _, _, a, b, c, d, sequence @ ..] = bytes;
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX).min(1 << 16);
    (Answer { id: Id(id), code, sequence: u64::from_le_bytes(sequence), text: String::new() }, length)
}

/// The next answer; `None` when the server ended. Errors: it stays silent.
fn answer(mut stream: &UnixStream) -> Result<Option<Answer>> {
    let mut bytes = [0; ANSWER];
    match stream.read_exact(&mut bytes) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
            return Err(error).context("the server did not answer for a minute");
        }
        Err(_) => return Ok(None),
    }
    let (mut answer, length) = head(bytes);
    let mut text = vec![0; length];
    if stream.read_exact(&mut text).is_err() {
        return Ok(None);
    }
    answer.text = String::from_utf8_lossy(&text).into_owned();
    Ok(Some(answer))
}
