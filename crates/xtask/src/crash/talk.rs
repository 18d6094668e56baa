//! One connection to a server that may answer late: what it answered is kept apart from what it did not yet.

use super::bed::Server;
use super::load;
use super::wire::{self, ANSWER, Answer};
use anyhow::{Context as _, Result, bail, ensure};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Batches under way at one time.
const WINDOW: usize = 16;
/// How long the server may take to open its socket.
const PATIENCE: Duration = Duration::from_secs(60);

/// The connection.
pub(super) struct Talk {
    stream: UnixStream,
    under_way: VecDeque<u64>,
    inbox: Vec<u8>,
}

/// What became of a batch.
pub(super) enum Became {
    /// It has this sequence in the journal.
    Stored(u64),
    /// Flows, given up.
    Shed,
    /// To be sent again.
    Later,
}

impl Talk {
    /// Connects to `server` at `socket`; `None` when it ended instead. Errors: it does neither.
    pub fn open(socket: &Path, server: &Server) -> Result<Option<Self>> {
        let begun = Instant::now();
        loop {
            if let Ok(stream) = UnixStream::connect(socket) {
                stream.set_write_timeout(Some(PATIENCE))?;
                return Ok(Some(Self { stream, under_way: VecDeque::new(), inbox: Vec::new() }));
            }
            if !server.is_alive() {
                return Ok(None);
            }
            ensure!(begun.elapsed() < PATIENCE, "the server opens no socket at {}", socket.display());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether another batch may be sent before an answer is heard.
    pub fn has_room(&self) -> bool {
        self.under_way.len() < WINDOW
    }

    /// The batches that are not answered, in order.
    pub fn under_way(&self) -> impl Iterator<Item = u64> {
        self.under_way.iter().copied()
    }

    /// Sends batch `n`. Errors: the server ended.
    pub fn send(&mut self, n: u64) -> Result<()> {
        self.stream.write_all(&wire::message(&load::batch(n))).context("the server ended")?;
        self.under_way.push_back(n);
        Ok(())
    }

    /// What became of the next batch under way; `None` when the server does not say within `patience`. Errors: it ended,
    /// or answers what it must not.
    pub fn hear(&mut self, patience: Duration) -> Result<Option<(u64, Became)>> {
        let until = Instant::now() + patience;
        let answer = loop {
            if let Some(answer) = self.take() {
                break answer;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.stream.set_read_timeout(Some(left))?;
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes) {
                Ok(0) => bail!("the server ended"),
                Ok(read) => self.inbox.extend(bytes.get(..read).unwrap_or_default()),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(error) => return Err(error).context("the server ended"),
            }
        };
        let n = self.under_way.pop_front().context("an answer to nothing")?;
        let batch = load::batch(n);
        ensure!(batch.id == answer.id, "batch {n} was answered as {}", answer.id);
        let became = match answer.code {
            0 => Became::Stored(answer.sequence),
            1 if load::rows(n) > 0 => Became::Shed,
            2 => Became::Later,
            code => bail!("batch {n}, a {:?}, was answered with {code}: {}", batch.kind, answer.text),
        };
        Ok(Some((n, became)))
    }

    /// The next answer, when all of it is here.
    fn take(&mut self) -> Option<Answer> {
        let (mut answer, length) = wire::head(*self.inbox.first_chunk::<ANSWER>()?);
        let text = self.inbox.get(ANSWER..ANSWER + length)?;
        answer.text = String::from_utf8_lossy(text).into_owned();
        self.inbox.drain(..ANSWER + length);
        Some(answer)
    }
}
