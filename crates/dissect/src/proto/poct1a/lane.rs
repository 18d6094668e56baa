//! One direction of a stream: where documents begin and end. Those that nobody reads are passed over as they come.

use super::message::Messages;
use crate::Output;
use crate::codec::lanes;
use crate::entry::Step;

/// Longest document that is read; longer ones are passed over.
const LONGEST: usize = 96 * 1024;
/// Longest prolog before a document's root.
const PROLOG: usize = 4096;
/// Most declarations and comments in it.
const PARTS: usize = 4;
/// Longest name of a message type.
const NAME: usize = 24;

/// What bytes begin with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Root<'a> {
    /// A document whose root element is called so and whose start tag stands at `at`.
    Named {
        /// The root element.
        name: &'a [u8],
        /// Where its start tag begins.
        at: usize,
    },
    /// More bytes are needed to tell.
    Cut,
    /// No document.
    None,
}

/// One direction.
#[derive(Default)]
pub(super) struct Lane {
    messages: Messages,
    /// Bytes from the front in which the document at hand does not end.
    scanned: usize,
    /// End tag of the document that is passed over.
    passing: Option<Vec<u8>>,
    /// Whether the next document is looked for.
    lost: bool,
}

impl lanes::Lane for Lane {
    fn read(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            match self.step(rest, out) {
                0 => break,
                length => taken += length,
            }
        }
        Step::Take(taken)
    }

    fn end(&mut self, bytes: &[u8], out: &mut Output<'_>) {
        if self.passing.is_none() && !self.lost && matches!(root(bytes), Root::Named { .. }) {
            out.weird("poct1a.xml");
        }
    }

    fn lose(&mut self) {
        (self.scanned, self.passing, self.lost) = (0, None, true);
    }
}

impl Lane {
    /// Reads or passes over what it can; says how many bytes are done with, 0 when more are needed.
    fn step(&mut self, bytes: &[u8], out: &mut Output<'_>) -> usize {
        if let Some(tag) = self.passing.take() {
            return self.pass(tag, bytes);
        }
        if self.lost {
            match next_document(bytes) {
                Some(0) => {}
                Some(at) => return at,
                None => return bytes.len(),
            }
        }
        match root(bytes) {
            Root::Named { name, at } => {
                self.lost = false;
                self.document(name, at, bytes, out)
            }
            Root::Cut if bytes.len() <= PROLOG => 0,
            cut => {
                if !std::mem::replace(&mut self.lost, true) {
                    out.weird("poct1a.document");
                }
                if cut == Root::Cut { bytes.len() } else { 1 }
            }
        }
    }

    fn document(&mut self, name: &[u8], at: usize, bytes: &[u8], out: &mut Output<'_>) -> usize {
        let begun = bytes.get(at..).unwrap_or_default();
        let Some(close) = begun.iter().take(PROLOG).position(|byte| *byte == b'>') else {
            self.lost = begun.len() >= PROLOG;
            return if self.lost { bytes.len() } else { 0 };
        };
        let tag = [b"</", name].concat();
        let is_empty = close.checked_sub(1).and_then(|last| begun.get(last)) == Some(&b'/');
        let end = if is_empty { Some(at + close + 1) } else { end_of(bytes, self.scanned.max(at), &tag) };
        let reads = Messages::reads(name);
        if end.is_none() && reads && bytes.len() <= LONGEST {
            self.scanned = bytes.len().saturating_sub(NAME + 4);
            return 0;
        }
        self.scanned = 0;
        match end {
            Some(end) if reads => self.messages.read(name, bytes.get(at..end).unwrap_or_default(), out),
            _ => self.messages.note(name, begun, out),
        }
        self.passing = if end.is_none() { Some(tag) } else { None };
        end.unwrap_or(at + close + 1)
    }

    /// Passes over a document up to the end of its end `tag`.
    fn pass(&mut self, tag: Vec<u8>, bytes: &[u8]) -> usize {
        if let Some(end) = end_of(bytes, 0, &tag) {
            return end;
        }
        let begun = bytes.windows(tag.len()).position(|window| window == tag);
        let length = begun.unwrap_or_else(|| bytes.len().saturating_sub(tag.len()));
        self.passing = Some(tag);
        length
    }
}

/// What `bytes` begin with, behind blanks and a prolog (XML 1.0 §2.8).
pub(super) fn root(bytes: &[u8]) -> Root<'_> {
    let mut at = 0;
    for _ in 0..=PARTS {
        let rest = bytes.get(at..).unwrap_or_default();
        let blank =
            rest.iter().take_while(|byte| byte.is_ascii_whitespace() || matches!(**byte, 0 | 0xef | 0xbb | 0xbf));
        let blank = blank.count();
        let rest = rest.get(blank..).unwrap_or_default();
        at += blank;
        let close: &[u8] = match rest {
            [] | [b'<'] | [b'<', b'!'] | [b'<', b'!', b'-'] => return Root::Cut,
            [b'<', b'?', ..] => b"?>",
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            [b'<', b'!', b'D', ..] => b">",
            [b'<', inner @ ..] => return named(inner, at),
            _ => return Root::None,
        };
        match rest.windows(close.len()).position(|window| window == close) {
            Some(end) => at += end + close.len(),
            None => return Root::Cut,
        }
    }
    Root::None
}

/// Whether `name` is a message type of the specification.
pub(super) fn is_known(name: &[u8]) -> bool {
    const TYPES: [&[u8; 3]; 13] =
        [b"HEL", b"DST", b"OBS", b"EVS", b"REQ", b"ACK", b"END", b"EOT", b"KPA", b"ESC", b"DTV", b"OPL", b"PTL"];
    matches!(name.split_first_chunk::<3>(), Some((kind, [b'.', b'R', b'0', b'0'..=b'9'])) if TYPES.contains(&kind))
}

fn named(inner: &[u8], at: usize) -> Root<'_> {
    let is_inside = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'.' | b'_' | b'-');
    let length = inner.iter().take(NAME + 1).take_while(is_inside).count();
    let name = inner.get(..length).unwrap_or_default();
    let is_type = matches!(name, [b'A'..=b'Z', b'A'..=b'Z', b'A'..=b'Z', b'.', _, ..]) && length <= NAME;
    match inner.get(length) {
        None if length <= NAME && could_be_type(name) => Root::Cut,
        Some(b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n') if is_type => Root::Named { name, at },
        _ => Root::None,
    }
}

fn could_be_type(name: &[u8]) -> bool {
    name.iter().take(4).enumerate().all(|(n, byte)| if n < 3 { byte.is_ascii_uppercase() } else { *byte == b'.' })
}

/// Where the next document of the specification may begin.
fn next_document(bytes: &[u8]) -> Option<usize> {
    let begins = |rest: &[u8]| match root(rest) {
        Root::Named { name, .. } => is_known(name),
        Root::Cut => true,
        Root::None => false,
    };
    let mut starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'<').map(|(at, _)| at);
    starts.find(|at| bytes.get(*at..).is_some_and(begins))
}

/// Where the document that ends with `tag` ends, looked for from `from` on.
fn end_of(bytes: &[u8], from: usize, tag: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let at = rest.windows(tag.len()).position(|window| window == tag)?;
    let behind = rest.get(at + tag.len()..)?;
    let close = behind.iter().position(|byte| *byte == b'>')?;
    Some(from + at + tag.len() + close + 1)
}
