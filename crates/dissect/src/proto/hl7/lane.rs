//! One direction of a stream: finds messages and their segments, framed or not, and passes over what is not read.

use super::message::{Message, Segment};
use crate::Output;
use crate::codec::lanes;
use crate::entry::Step;

const BLOCK: u8 = 0x0b;
const END: u8 = 0x1c;
/// Longest segment that is read; longer ones are passed over.
const LONGEST: usize = 8192;

/// One direction.
#[derive(Default)]
pub(super) struct Lane {
    message: Message,
    /// Whether a message has begun and not ended.
    open: bool,
    /// Whether a block has begun and not ended.
    block: bool,
    /// Whether the block is a batch, so may hold several messages.
    batch: bool,
    /// Whether the rest of a segment is passed over.
    passing: bool,
    /// Bytes of the segment held in which it does not end.
    scanned: usize,
}

/// Where a segment ends in the bytes at hand.
enum Bound {
    /// Before this byte.
    At(usize),
    /// Behind them; the bytes up to here need not be looked at again.
    Beyond(usize),
}

/// Reads the messages of a body that is there as a whole, or cut short: a last segment that does not end is only counted.
pub(super) fn read_body(bytes: &[u8], out: &mut Output<'_>) {
    let (mut message, mut is_open) = (Message::default(), false);
    for line in bytes.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
        let name = line.get(..4).unwrap_or(line);
        let Some((b'\r' | b'\n', whole)) = line.split_last() else {
            if is_open {
                message.segment(Segment::Other, name, out);
            }
            break;
        };
        match message.segment_of(name) {
            _ if whole.is_empty() => {}
            Segment::Header => {
                if std::mem::replace(&mut is_open, true) {
                    message.close(out);
                }
                message.begin(whole, out);
            }
            segment if is_open && whole.len() <= LONGEST => message.segment(segment, whole, out),
            _ => {}
        }
    }
    if is_open {
        message.close(out);
    }
}

impl lanes::Lane for Lane {
    /// Reads or passes over what it can.
    fn read(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            match self.step(rest, out) {
                Step::Take(length @ 1..) => taken += length,
                // Asked for again once what stands before it is gone.
                step if taken == 0 => return step,
                _ => break,
            }
        }
        Step::Take(taken)
    }

    /// The stream ends with `bytes`.
    fn end(&mut self, bytes: &[u8], out: &mut Output<'_>) {
        if self.block && (self.open || !bytes.is_empty()) {
            out.weird("hl7.truncated");
        } else if !self.passing && bytes.len() <= LONGEST {
            let end = bytes.iter().rposition(|byte| !matches!(*byte, b'\r' | b'\n' | BLOCK)).map_or(0, |last| last + 1);
            let line = bytes.get(..end).unwrap_or(bytes);
            match self.message.segment_of(line) {
                Segment::Header => self.begin_message(line, out),
                segment if self.open && !line.is_empty() => self.message.segment(segment, line, out),
                _ => {}
            }
        }
        self.close(out);
    }

    /// Bytes were lost: what was read of the message is forgotten, and the next one waited for.
    fn lose(&mut self) {
        (self.open, self.block, self.batch) = (false, false, false);
        self.scanned = 0;
        self.message.forget_partial();
        self.passing = true;
    }
}

impl Lane {
    /// Reads or passes over one segment or one framing byte.
    fn step(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if self.passing {
            match self.bound(bytes, 0) {
                Bound::At(0) => self.passing = false,
                Bound::At(end) => {
                    self.passing = false;
                    return Step::Take(end);
                }
                Bound::Beyond(seen) => return Step::Take(seen),
            }
        }
        match bytes.first() {
            None => Step::Take(0),
            Some(&BLOCK) => {
                self.begin_block(out);
                Step::Take(1)
            }
            Some(&END) => {
                self.end_block(out);
                Step::Take(1)
            }
            Some(b'\r' | b'\n' | b' ' | b'\t' | 0 | 0xef | 0xbb | 0xbf) => Step::Take(1),
            Some(_) => self.line(bytes, out),
        }
    }

    fn begin_block(&mut self, out: &mut Output<'_>) {
        if self.open || self.block {
            out.weird("hl7.framing");
        }
        self.close(out);
        (self.block, self.batch) = (true, false);
    }

    fn end_block(&mut self, out: &mut Output<'_>) {
        self.close(out);
        (self.block, self.batch) = (false, false);
    }

    fn close(&mut self, out: &mut Output<'_>) {
        if std::mem::take(&mut self.open) {
            self.message.close(out);
        }
    }

    fn begin_message(&mut self, line: &[u8], out: &mut Output<'_>) {
        if !self.batch && (self.open || !self.block) {
            out.weird("hl7.framing");
        }
        self.close(out);
        self.open = true;
        self.message.begin(line, out);
    }

    /// What to do with a segment that begins with `bytes`.
    fn line(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let name = bytes.get(..4).unwrap_or(bytes);
        let is_short = name.len() < 4 && !name.iter().any(|byte| matches!(*byte, b'\r' | b'\n' | BLOCK | END));
        if is_short {
            return Step::Take(0);
        }
        let segment = self.message.segment_of(name);
        match segment {
            Segment::Header => self.whole(segment, bytes, out),
            Segment::Batch => {
                self.close(out);
                self.batch = true;
                self.pass()
            }
            Segment::Observation | Segment::Participation | Segment::Acknowledgement if self.open => {
                self.whole(segment, bytes, out)
            }
            _ => {
                if self.open {
                    self.message.segment(segment, name, out);
                }
                self.pass()
            }
        }
    }

    /// Reads a segment once it is complete.
    fn whole(&mut self, segment: Segment, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match self.bound(bytes, self.scanned) {
            Bound::At(end) => {
                self.scanned = 0;
                let line = bytes.get(..end).unwrap_or(bytes);
                let length = match segment {
                    Segment::Observation if end > LONGEST => self.message.length_besides_value(line),
                    _ => end,
                };
                match segment {
                    _ if length > LONGEST => {
                        out.weird("hl7.long");
                        self.message.forget_partial();
                    }
                    Segment::Header => self.begin_message(line, out),
                    segment => self.message.segment(segment, line, out),
                }
                Step::Take(end)
            }
            Bound::Beyond(seen) => self.partial(segment, bytes, seen, out),
        }
    }

    /// Waits for the rest of a segment, without the observation value if that is nobody's business.
    fn partial(&mut self, segment: Segment, bytes: &[u8], seen: usize, out: &mut Output<'_>) -> Step {
        let line = bytes.get(..seen).unwrap_or(bytes);
        if segment == Segment::Observation
            && let Some((at, length)) = self.message.private_value(line)
        {
            self.scanned = at;
            return Step::Cut { at, length };
        }
        if seen > LONGEST {
            out.weird("hl7.long");
            self.scanned = 0;
            self.message.forget_partial();
            return self.pass();
        }
        self.scanned = seen;
        Step::Take(0)
    }

    /// Passes over the rest of the segment, of which at least one byte is here.
    const fn pass(&mut self) -> Step {
        self.passing = true;
        Step::Take(1)
    }

    /// Where the segment that begins `bytes` ends; nothing up to `from` ends it.
    ///
    /// A line feed ends it only before another segment or the end of the block: it also stands within reports.
    fn bound(&self, bytes: &[u8], from: usize) -> Bound {
        let mut at = from;
        while let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| is_bound(*byte))) {
            at += found;
            let behind = bytes.get(at + 1..).unwrap_or_default();
            let ends = match bytes.get(at) {
                Some(b'\n') => self.line_feed_ends(behind),
                Some(&BLOCK) => begins_block(behind),
                _ => Some(true),
            };
            match ends {
                Some(true) => return Bound::At(at),
                Some(false) => at += 1,
                None => return Bound::Beyond(at),
            }
        }
        Bound::Beyond(bytes.len())
    }

    /// Whether a line feed before `behind` ends a segment; `None` when more bytes are needed to tell.
    fn line_feed_ends(&self, behind: &[u8]) -> Option<bool> {
        match behind {
            [] => None,
            [b'\r' | END | BLOCK, ..] => Some(true),
            [a, b, c, d, ..] => Some(self.message.segment_of(&[*a, *b, *c, *d]) != Segment::None),
            short => (!short.iter().all(u8::is_ascii_alphanumeric)).then_some(false),
        }
    }
}

const fn is_bound(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | BLOCK | END)
}

/// Whether a start byte before `behind` begins a block; `None` when more bytes are needed to tell.
fn begins_block(behind: &[u8]) -> Option<bool> {
    let Some((name, _)) = behind.split_first_chunk::<3>() else {
        return (!b"MSH".starts_with(behind) && !b"FHS".starts_with(behind) && !b"BHS".starts_with(behind))
            .then_some(false);
    };
    Some(matches!(name, b"MSH" | b"FHS" | b"BHS"))
}
