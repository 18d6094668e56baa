//! Batches over the server's socket, as fast as they are acknowledged. The bytes are those of
//! `crates/app/src/io/link.rs`.

use anyhow::{Context as _, Result, bail};
use std::collections::VecDeque;
use std::io::{BufWriter, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wardlight_model::Id;
use wardlight_model::journal::{BodyKind, FORMAT};

/// Batches under way at one time.
const WINDOW: usize = 32;
/// Silence after which the server counts as stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was sent and acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub batches: u64,
    /// Facts, presences or conversations.
    pub items: u64,
    pub bytes: u64,
    /// The journal's record that holds the last of them.
    pub sequence: u64,
}

/// Sends at most `most` of `bodies`, each with its kind and number of items. Errors: one is not taken.
pub(crate) fn send(
    socket: &Path,
    bodies: impl Iterator<Item = (BodyKind, Vec<u8>, usize)>,
    most: usize,
) -> Result<Sent> {
    let stream = connect(socket)?;
    let mut to = BufWriter::with_capacity(1 << 20, &stream);
    let mut sent = Sent::default();
    let mut under_way: VecDeque<Id> = VecDeque::new();
    let begin = SystemTime::now().duration_since(UNIX_EPOCH).context("a clock before 1970")?;
    let millis = u64::try_from(begin.as_millis()).unwrap_or(u64::MAX);
    for (kind, body, items) in bodies.take(most) {
        if under_way.len() >= WINDOW {
            to.flush()?;
            acknowledged(&stream, under_way.pop_front(), &mut sent)?;
        }
        let [a, b, c, d, e, f, g, h] = sent.batches.to_be_bytes();
        let id = Id::at(millis, [kind.number().to_be_bytes()[1], 0xbe, a, b, c, d, e, f, g, h]);
        to.write_all(&head(id, kind.number(), body.len()))?;
        to.write_all(&body)?;
        under_way.push_back(id);
        sent.batches += 1;
        sent.items += items as u64;
        sent.bytes += body.len() as u64;
    }
    to.flush()?;
    while !under_way.is_empty() {
        acknowledged(&stream, under_way.pop_front(), &mut sent)?;
    }
    Ok(sent)
}

/// A connection to the server that listens at `socket`.
pub(super) fn connect(socket: &Path) -> Result<UnixStream> {
    let stream = UnixStream::connect(socket).with_context(|| format!("no server at {}", socket.display()))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// What stands before a body.
pub(super) fn head(id: Id, kind: u16, length: usize) -> [u8; 24] {
    let mut head = [0; 24];
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    let bytes = length.into_iter().chain(kind.to_le_bytes()).chain([FORMAT, 0]).chain(id.0);
    head.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    head
}

/// An answer: whose, what became of it, its sequence, its text.
pub(super) fn answer(mut stream: &UnixStream) -> Result<(Id, u8, u64, Vec<u8>)> {
    let mut head = [0; 32];
    stream.read_exact(&mut head).context("the server does not answer")?;
    let (id, rest) = head.split_first_chunk::<16>().context("32 bytes")?;
    let [code, _, _, _, a, b, c, d, sequence @ ..] = rest else { bail!("32 bytes") };
    let mut text = vec![0; usize::try_from(u32::from_le_bytes([*a, *b, *c, *d]))?.min(64 << 20)];
    stream.read_exact(&mut text)?;
    Ok((Id(*id), *code, u64::from_le_bytes(sequence.try_into()?), text))
}

fn acknowledged(stream: &UnixStream, wanted: Option<Id>, sent: &mut Sent) -> Result<()> {
    let (id, code, sequence, text) = answer(stream)?;
    if Some(id) != wanted || code != 0 {
        bail!("a batch was answered with {code}: {}", String::from_utf8_lossy(&text));
    }
    sent.sequence = sent.sequence.max(sequence);
    Ok(())
}
