//! What a sensor and a server say to each other over a local socket.
//!
//! The sensor sends batches, each with an id that it made once; the server answers each, in order, when it is durable.
//! People's decisions come the same way, and are answered when they are carried out and in the ledger.
//! Numbers are little-endian. A batch: length of the body (4 bytes), kind (2), format (1), zero (1), id (16), body. An
//! answer: id (16), what became of it (1), zero (3), length of a text (4), sequence in the journal (8), the text.

use anyhow::Context as _;
use std::io::{self, Read, Write};
use wardlight_model::Id;
use wardlight_store::segment::BODY;

/// One batch on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id: the same when it is sent again.
    pub id: Id,
    /// Kind of the body.
    pub kind: u16,
    /// Format of the body.
    pub format: u8,
    /// The body.
    pub body: Vec<u8>,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is in the journal, at this sequence, on disk.
    Stored(u64),
    /// The server's disk is full, and these are raw flows: they were counted and given up.
    Shed,
    /// The server cannot take it now, for this reason: send it again later.
    Later(String),
    /// It is in the journal, and was not carried out, for this reason.
    Refused(String),
}

/// Longest text of an answer.
const TEXT: usize = 4096;

impl Message {
    /// Sends it.
    pub fn send(&self, to: &mut impl Write) -> io::Result<()> {
        let length = u32::try_from(self.body.len()).map_err(|_| io::Error::other("a batch is too large to be sent"))?;
        to.write_all(&length.to_le_bytes())?;
        to.write_all(&self.kind.to_le_bytes())?;
        to.write_all(&[self.format, 0])?;
        to.write_all(&self.id.0)?;
        to.write_all(&self.body)
    }

    /// Receives one; `None` when the sensor ended between two. Errors: it ended within one, or sends what is none.
    pub fn receive(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut head = [0; 24];
        if !fill(from, &mut head)? {
            return Ok(None);
        }
        let [l0, l1, l2, l3, k0, k1, format, zero, id @ ..] = head;
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        if length > BODY || zero != 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no batch of a sensor"));
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body)?;
        Ok(Some(Self { id: Id(id), kind: u16::from_le_bytes([k0, k1]), format, body }))
    }
}

/// Sends `message` and waits until it is on the server's disk. Errors: the server ended, or does not take it.
pub fn deliver(message: &Message, over: &mut (impl Read + Write)) -> anyhow::Result<()> {
    message.send(over)?;
    let answer = Fate::receive(over)?.context("the server ended before it answered: read it again")?;
    match answer.1 {
        Fate::Stored(_) => Ok(()),
        Fate::Shed => anyhow::bail!("the server's disk is full: make room and read it again"),
        Fate::Later(why) | Fate::Refused(why) => anyhow::bail!("the server does not take it: {why}"),
    }
}

impl Fate {
    /// Answers the batch `id`.
    pub fn send(&self, id: Id, to: &mut impl Write) -> io::Result<()> {
        let (code, sequence, text) = match self {
            Self::Stored(sequence) => (0, *sequence, ""),
            Self::Shed => (1, 0, ""),
            Self::Later(why) => (2, 0, why.as_str()),
            Self::Refused(why) => (3, 0, why.as_str()),
        };
        let text = text.get(..TEXT).unwrap_or(text).as_bytes();
        let length = u32::try_from(text.len()).map_err(io::Error::other)?;
        let mut answer = Vec::with_capacity(32 + text.len());
        answer.extend(id.0);
        answer.extend([code, 0, 0, 0]);
        answer.extend(length.to_le_bytes());
        answer.extend(sequence.to_le_bytes());
        answer.extend(text);
        to.write_all(&answer)
    }

    /// Receives an answer; `None` when the server ended between two.
    pub fn receive(from: &mut impl Read) -> io::Result<Option<(Id, Self)>> {
        let mut id = [0; 16];
        if !fill(from, &mut id)? {
            return Ok(None);
        }
        let mut head = [0; 16];
        from.read_exact(&mut head)?;
        let [code, _, _, _, a, b, c, d, sequence @ ..] = head;
        let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let strange = || io::Error::new(io::ErrorKind::InvalidData, "this is no answer of a server");
        if length > 4 * TEXT {
            return Err(strange());
        }
        let mut text = vec![0; length];
        from.read_exact(&mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let fate = match code {
            0 => Self::Stored(u64::from_le_bytes(sequence)),
            1 => Self::Shed,
            2 => Self::Later(text),
            3 => Self::Refused(text),
            _ => return Err(strange()),
        };
        Ok(Some((Id(id), fate)))
    }
}

/// Fills `room`; `false` when there was nothing at all to fill it with.
fn fill(from: &mut impl Read, room: &mut [u8]) -> io::Result<bool> {
    let mut filled = 0;
    while let Some(rest) = room.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_and_answers_arrive_as_they_were_sent() {
        let message = Message { id: Id([7; 16]), kind: 2, format: 1, body: vec![1, 2, 3] };
        let mut wire = Vec::new();
        message.send(&mut wire).expect("memory takes it");
        let mut from = &wire[..];
        assert_eq!(Message::receive(&mut from).expect("whole"), Some(message));
        assert_eq!(Message::receive(&mut from).expect("ended"), None);
        for end in 1..wire.len() {
            assert!(Message::receive(&mut &wire[..end]).is_err(), "cut at {end}");
        }
        for fate in [Fate::Stored(u64::MAX), Fate::Shed, Fate::Later("full".into()), Fate::Refused("no".into())] {
            let mut wire = Vec::new();
            fate.send(Id([3; 16]), &mut wire).expect("memory takes it");
            assert_eq!(Fate::receive(&mut &wire[..]).expect("whole"), Some((Id([3; 16]), fate)));
        }
    }

    #[test]
    fn what_is_no_batch_is_refused_before_memory_is_given_to_it() {
        assert!(Message::receive(&mut &[0xff; 64][..]).is_err());
        assert!(Fate::receive(&mut &[9; 32][..]).is_err());
    }
}
