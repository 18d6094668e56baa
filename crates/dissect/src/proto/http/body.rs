//! How the body of one message is passed over or brought together.
//!
//! What nobody reads is skipped. What is wanted stays held behind its head, chunk headers cut out, until it is whole or
//! long enough to be read cut short.

use super::head::Length;
use crate::entry::Step;

/// What a body is held for, and so how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Nothing: it is passed over.
    Nothing,
    /// Some entry reads its media type.
    Offer,
    /// The title of an HTML page.
    Title,
    /// The names of form fields.
    Form,
}

impl Use {
    /// Most bytes held. With the head and one more segment they fit the window of the entry.
    const fn longest(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Offer => 152 * 1024,
            Self::Title => 8 * 1024,
            Self::Form => 4 * 1024,
        }
    }
}

/// A body on its way.
#[derive(Debug, Clone, Copy)]
pub struct Body {
    framing: Framing,
    purpose: Use,
    /// Bytes of the head that stand before what is held; 0 when nothing is.
    head: usize,
    /// Bytes of body held in one piece behind it.
    whole: usize,
    /// Bytes of body seen or passed over, chunk headers not counted.
    pub counted: u64,
    chunks: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// So many bytes are still to come behind those in one piece.
    Length(u64),
    /// The same of a chunk.
    Chunk(u64),
    /// The first chunk header comes next.
    FirstHeader,
    /// The end of a chunk and the next chunk header come next.
    Header,
    /// The last chunk header is past; trailer fields or the empty line come next.
    Trailer,
    UntilClose,
}

/// What to do next with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// This, and then ask again.
    Step(Step),
    /// This, and then the next message begins.
    Last(Step),
    /// Read what is held: so many bytes behind the head. Then go on with [`Body::pass_over`].
    Read(usize),
    /// Its framing is broken.
    Broken,
}

impl Body {
    /// A body delimited by `length`, wanted for `purpose`, behind a head of `head` bytes. `None` when there is none.
    #[must_use]
    pub const fn new(length: Length, purpose: Use, head: usize) -> Option<Self> {
        let framing = match length {
            Length::Known(0) => return None,
            Length::Known(length) => Framing::Length(length),
            Length::Chunked => Framing::FirstHeader,
            Length::Unsaid | Length::Bad => Framing::UntilClose,
        };
        let head = if matches!(purpose, Use::Nothing) { 0 } else { head };
        Some(Self { framing, purpose, head, whole: 0, counted: 0, chunks: 0 })
    }

    /// What it is held for.
    #[must_use]
    pub const fn purpose(&self) -> Use {
        self.purpose
    }

    /// Bytes of body held in one piece behind the head.
    #[must_use]
    pub const fn whole(&self) -> usize {
        self.whole
    }

    /// Length of the head held before it.
    #[must_use]
    pub const fn head(&self) -> usize {
        self.head
    }

    /// What to do, given all bytes held.
    pub fn next(&mut self, bytes: &[u8]) -> Next {
        if self.purpose == Use::Nothing { self.skip(bytes) } else { self.gather(bytes) }
    }

    /// Gives up what is held: the step that takes head and body up to here. What is still to come is passed over.
    pub const fn pass_over(&mut self) -> Next {
        let step = Step::Take(self.head + self.whole);
        (self.purpose, self.head, self.whole) = (Use::Nothing, 0, 0);
        if matches!(self.framing, Framing::Length(0)) { Next::Last(step) } else { Next::Step(step) }
    }

    /// `lost` bytes will never come, and the `held` bytes before them are gone. Whether the framing survives that.
    pub fn lose(&mut self, held: usize, lost: u64) -> bool {
        let gone = (held.saturating_sub(self.head + self.whole) as u64).saturating_add(lost);
        let (Framing::Length(left) | Framing::Chunk(left)) = &mut self.framing else { return false };
        let survives = gone <= *left;
        *left = left.saturating_sub(gone);
        self.counted = self.counted.saturating_add(gone);
        self.pass_over();
        survives
    }

    fn skip(&mut self, bytes: &[u8]) -> Next {
        match self.framing {
            Framing::Length(left) => {
                self.counted = self.counted.saturating_add(left);
                Next::Last(Step::Skip(left))
            }
            Framing::Chunk(left) => {
                self.framing = Framing::Header;
                self.counted = self.counted.saturating_add(left);
                Next::Step(Step::Skip(left))
            }
            Framing::FirstHeader | Framing::Header => match self.chunk_header(bytes) {
                Header::Partial => Next::Step(Step::Take(0)),
                Header::Broken => Next::Broken,
                Header::Size(length, size) => {
                    self.framing = if size == 0 { Framing::Trailer } else { Framing::Chunk(size) };
                    Next::Step(Step::Take(length))
                }
            },
            Framing::Trailer => trailer(bytes),
            Framing::UntilClose => Next::Last(Step::Done),
        }
    }

    fn gather(&mut self, bytes: &[u8]) -> Next {
        if let Framing::Chunk(left) = self.framing
            && self.take_in(left, bytes)
        {
            self.framing = Framing::Header;
        }
        match self.framing {
            Framing::Length(left) => {
                if self.take_in(left, bytes) || self.is_long() {
                    Next::Read(self.whole)
                } else {
                    WAIT
                }
            }
            Framing::UntilClose => {
                self.take_in(u64::MAX, bytes);
                if self.is_long() { Next::Read(self.whole) } else { WAIT }
            }
            Framing::FirstHeader | Framing::Header if !self.is_long() && !self.is_in_crumbs() => {
                match self.chunk_header(bytes.get(self.head + self.whole..).unwrap_or_default()) {
                    Header::Partial => WAIT,
                    Header::Broken => Next::Broken,
                    Header::Size(_, 0) => Next::Read(self.whole),
                    Header::Size(length, size) => {
                        self.framing = Framing::Chunk(size);
                        self.chunks = self.chunks.saturating_add(1);
                        Next::Step(Step::Cut { at: self.head + self.whole, length })
                    }
                }
            }
            Framing::Chunk(_) if !self.is_long() => WAIT,
            Framing::Chunk(_) | Framing::FirstHeader | Framing::Header | Framing::Trailer => Next::Read(self.whole),
        }
    }

    /// Counts what has come of the `left` bytes behind those in one piece. Whether that is all of them.
    fn take_in(&mut self, left: u64, bytes: &[u8]) -> bool {
        let behind = bytes.len().saturating_sub(self.head + self.whole);
        let here = usize::try_from(left).map_or(behind, |left| left.min(behind));
        let left = left - here as u64;
        self.whole += here;
        self.counted += here as u64;
        if let Framing::Length(rest) | Framing::Chunk(rest) = &mut self.framing {
            *rest = left;
        }
        left == 0
    }

    const fn is_long(&self) -> bool {
        self.whole >= self.purpose.longest()
    }

    /// Whether it comes in crumbs: each would cost a move of all that is held.
    fn is_in_crumbs(&self) -> bool {
        self.chunks > 256 && self.whole / 16 < usize::try_from(self.chunks).unwrap_or(usize::MAX)
    }

    /// The chunk header that comes next, with the end of the chunk before it.
    fn chunk_header(&self, bytes: &[u8]) -> Header {
        let before = match (self.framing, bytes) {
            (Framing::FirstHeader, _) => 0,
            (_, [b'\r', b'\n', ..]) => 2,
            (_, [b'\n', ..]) => 1,
            (_, [] | [b'\r']) => return Header::Partial,
            _ => return Header::Broken,
        };
        match httparse::parse_chunk_size(bytes.get(before..).unwrap_or_default()) {
            Ok(httparse::Status::Complete((length, size))) => Header::Size(before + length, size),
            Ok(httparse::Status::Partial) if bytes.len() < 1024 => Header::Partial,
            Ok(httparse::Status::Partial) | Err(_) => Header::Broken,
        }
    }
}

const WAIT: Next = Next::Step(Step::Take(0));

enum Header {
    /// Length of the header, and of the chunk behind it.
    Size(usize, u64),
    Partial,
    Broken,
}

/// One trailer field is passed over, or the empty line that ends the body.
fn trailer(bytes: &[u8]) -> Next {
    match bytes {
        [b'\r', b'\n', ..] => Next::Last(Step::Take(2)),
        [b'\n', ..] => Next::Last(Step::Take(1)),
        _ => match bytes.iter().take(4096).position(|byte| *byte == b'\n') {
            Some(end) => Next::Step(Step::Take(end + 1)),
            None if bytes.len() < 4096 => WAIT,
            None => Next::Broken,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `bytes` as a stream in pieces of `piece`; gives what was read and whether the end was found.
    fn run(mut body: Body, bytes: &[u8], piece: usize) -> (Vec<Vec<u8>>, bool) {
        let (mut held, mut skip, mut read) = (Vec::new(), 0, Vec::new());
        for part in bytes.chunks(piece) {
            held.extend_from_slice(part);
            loop {
                let here = held.len().min(usize::try_from(skip).unwrap_or(usize::MAX));
                held.drain(..here);
                skip -= here as u64;
                if held.is_empty() {
                    break;
                }
                let mut next = body.next(&held);
                if let Next::Read(length) = next {
                    read.push(held[body.head()..][..length].to_vec());
                    next = body.pass_over();
                }
                let (Next::Step(step) | Next::Last(step)) = next else { return (read, false) };
                match step {
                    Step::Take(n) => drop(held.drain(..n)),
                    Step::Skip(n) => skip = n,
                    Step::Cut { at, length } => drop(held.drain(at..at + length)),
                    other => panic!("{other:?}"),
                }
                match next {
                    Next::Last(_) => return (read, true),
                    Next::Step(Step::Take(0)) => break,
                    _ => {}
                }
            }
        }
        (read, false)
    }

    #[test]
    fn chunks_become_one_piece_however_they_arrive() {
        let bytes = b"HEAD5;x=y\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nTrailer: 1\r\n\r\n";
        for piece in 1..bytes.len() {
            let body = Body::new(Length::Chunked, Use::Offer, 4).expect("has a body");
            assert_eq!(run(body, bytes, piece), (vec![b"hello world".to_vec()], true), "{piece}");
            let body = Body::new(Length::Chunked, Use::Nothing, 4).expect("has a body");
            assert_eq!(run(body, &bytes[4..], piece), (vec![], true), "{piece}");
        }
    }

    #[test]
    fn long_bodies_are_read_cut_short() {
        let bytes = [b'x'; 20_000];
        let body = Body::new(Length::Known(19_000), Use::Form, 1000).expect("has a body");
        let (read, is_over) = run(body, &bytes, 1460);
        assert!(is_over && read.len() == 1 && read[0].len() >= 4096, "{}", read.len());
        let body = Body::new(Length::Known(5), Use::Form, 2).expect("has a body");
        assert_eq!(run(body, b"H:a=b&c", 3), (vec![b"a=b&c".to_vec()], true));
    }

    #[test]
    fn broken_chunks_are_told() {
        let body = Body::new(Length::Chunked, Use::Offer, 1).expect("has a body");
        assert_eq!(run(body, b"H5\r\nhelloX5\r\n", 100), (vec![], false));
    }

    #[test]
    fn crumbs_are_not_gathered_for_ever() {
        let bytes = [b"H".to_vec(), b"1\r\na\r\n".repeat(2000), b"0\r\n\r\n".to_vec()].concat();
        let body = Body::new(Length::Chunked, Use::Offer, 1).expect("has a body");
        let (read, is_over) = run(body, &bytes, 1460);
        assert!(is_over && read.len() == 1 && read[0].len() < 300);
    }

    #[test]
    fn a_loss_inside_a_body_leaves_its_framing() {
        let mut body = Body::new(Length::Known(100), Use::Offer, 10).expect("has a body");
        assert_eq!(body.next(&[0; 40]), Next::Step(Step::Take(0)));
        assert!(body.lose(40, 50));
        assert_eq!(body.next(&[0; 40]), Next::Last(Step::Skip(20)));
        assert!(!body.lose(0, 21));
    }
}
