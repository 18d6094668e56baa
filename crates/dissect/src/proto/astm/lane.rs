//! One direction of a stream: takes the frames (LIS01-A2 §6) away, so that records become contiguous.
//!
//! What is held is record text only: frame envelopes are cut out of it as they are understood. Text of a frame counts
//! once its checksum is right, or once the sender goes on to another frame all the same.

use super::probe;
use super::records::Records;
use crate::Output;
use crate::codec::lanes;
use crate::entry::{Probe, Step};

pub(super) const STX: u8 = 0x02;
pub(super) const ETX: u8 = 0x03;
pub(super) const EOT: u8 = 0x04;
pub(super) const ENQ: u8 = 0x05;
pub(super) const ACK: u8 = 0x06;
pub(super) const NAK: u8 = 0x15;
pub(super) const ETB: u8 = 0x17;

/// Longest record that is read; longer ones are counted only.
const LONGEST: usize = 4096;
/// Most text of one frame held for its checksum.
const PATIENCE: usize = 32_768;

/// One direction.
#[derive(Default)]
pub(super) struct Lane {
    records: Records,
    place: Place,
    /// Number of the frame at hand, as its character.
    number: Option<u8>,
    /// Sum of the frame at hand so far.
    sum: u8,
    /// Number of the frame before, and its checksum when that was right.
    last: Option<(u8, Option<u8>)>,
    /// Text held: all of it is record text.
    scanned: usize,
    /// How much of it counts.
    settled: usize,
    /// Bytes behind the text held that close its frame, and go once the text is read.
    envelope: usize,
    /// Whether the text held ends a record though no line end says so.
    ended: bool,
    /// Whether the rest of the record at hand is not read.
    dropping: bool,
}

/// Where the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    /// Between frames.
    #[default]
    Outside,
    /// Within a frame.
    Frame,
    /// Within records that have no frames.
    Bare,
}

impl lanes::Lane for Lane {
    /// Reads one record, or takes away one piece of a frame's envelope.
    fn read(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Step {
        loop {
            if let Some(taken) = self.record(bytes, out) {
                return Step::Take(taken);
            }
            if self.envelope > 0 {
                let envelope = std::mem::take(&mut self.envelope);
                return self.remove(envelope);
            }
            let rest = bytes.get(self.scanned..).unwrap_or_default();
            let step = match self.place {
                Place::Outside => self.outside(rest, out),
                Place::Frame => self.frame(rest, out),
                Place::Bare => self.bare(rest),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// The stream ends with `bytes`.
    fn end(&mut self, bytes: &[u8], out: &mut Output<'_>) {
        if self.place == Place::Frame {
            out.weird("astm.frame");
        } else {
            let text = bytes.get(..self.scanned).unwrap_or(bytes);
            text.split(|byte| is_line_end(*byte)).for_each(|line| self.line(line, out));
        }
        self.records.close(out);
    }

    /// Bytes were lost: what was read of the message is forgotten.
    fn lose(&mut self) {
        self.records.lose();
        *self = Self { records: std::mem::take(&mut self.records), dropping: true, ..Self::default() };
    }
}

impl Lane {
    /// Reads the first record of the text that counts; gives how many bytes are done with. `None` when there is none.
    fn record(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Option<usize> {
        let text = bytes.get(..self.settled).filter(|text| !text.is_empty())?;
        let at_end = self.ended && self.settled == self.scanned;
        if self.dropping && probe::header(text) == Probe::Yes {
            self.dropping = false;
        }
        let blank = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let taken = match text.iter().position(|byte| is_line_end(*byte)) {
            _ if blank > 0 && !self.dropping => blank,
            Some(end) => {
                self.line(text.get(..end).unwrap_or(text), out);
                end + 1
            }
            None if at_end => {
                self.ended = false;
                self.line(text, out);
                text.len()
            }
            None if self.dropping => text.len(),
            None if text.len() > LONGEST || (text.len() > 1 && !self.records.reads(text)) => {
                self.records.count(text.get(..2).unwrap_or(text), out);
                self.dropping = true;
                text.len()
            }
            None => return None,
        };
        self.settled -= taken;
        self.scanned -= taken;
        Some(taken)
    }

    fn line(&mut self, line: &[u8], out: &mut Output<'_>) {
        match std::mem::take(&mut self.dropping) {
            true => {}
            false if line.len() > LONGEST => self.records.count(line, out),
            false => self.records.read(line, out),
        }
    }

    /// Between frames: finds the next one, and takes away what stands before it.
    fn outside(&mut self, rest: &[u8], out: &mut Output<'_>) -> Option<Step> {
        match rest.first() {
            None => Some(Step::Take(0)),
            Some(&STX) => self.begin_frame(rest, out),
            Some(&(ENQ | EOT)) if self.finish_held() => None,
            Some(&ENQ) => {
                self.last = Some((b'0', None));
                Some(self.remove(1))
            }
            Some(&EOT) => {
                self.records.close(out);
                (self.last, self.dropping) = (None, false);
                Some(self.remove(1))
            }
            Some(b'H') => self.begin_bare(rest, out),
            Some(_) => {
                let next = rest.iter().position(|byte| matches!(*byte, STX | ENQ | EOT | b'H'));
                Some(self.remove(next.unwrap_or(rest.len())))
            }
        }
    }

    fn begin_bare(&mut self, rest: &[u8], out: &mut Output<'_>) -> Option<Step> {
        match probe::header(rest) {
            Probe::More => Some(Step::Take(0)),
            Probe::Yes if self.finish_held() => None,
            Probe::Yes => {
                out.weird("astm.framing");
                self.place = Place::Bare;
                (self.ended, self.dropping) = (false, false);
                None
            }
            Probe::Likely | Probe::No => Some(self.remove(1)),
        }
    }

    /// Within records that have no frames.
    fn bare(&mut self, rest: &[u8]) -> Option<Step> {
        let end = rest.iter().position(|byte| matches!(*byte, STX | ENQ | EOT));
        let text = end.unwrap_or(rest.len());
        self.scanned += text;
        self.settled = self.scanned;
        if end.is_some() {
            self.place = Place::Outside;
            self.finish_held();
            return None;
        }
        (text == 0).then_some(Step::Take(0))
    }

    /// At STX: decides about the frame before, and takes STX and the frame number away.
    fn begin_frame(&mut self, rest: &[u8], out: &mut Output<'_>) -> Option<Step> {
        let Some(number) = rest.get(1).copied() else { return Some(Step::Take(0)) };
        let is_number = matches!(number, b'0'..=b'7');
        let last = self.last.map(|(last, _)| last);
        let repeats = is_number && last == Some(number);
        if self.settled < self.scanned {
            return if repeats { Some(self.discard(0)) } else { self.finish_frame() };
        }
        if self.ended {
            (self.ended, self.dropping) = (false, false);
        }
        let in_turn = last.is_none_or(|last| number == b'0' + (last.wrapping_sub(b'0') + 1) % 8);
        if !is_number || !(repeats || in_turn) {
            out.weird("astm.frame_number");
        }
        self.place = Place::Frame;
        self.number = is_number.then_some(number);
        self.sum = if is_number { number } else { 0 };
        Some(self.remove(if is_number { 2 } else { 1 }))
    }

    /// Within a frame: sums its text up to its end, and takes the end and the checksum away.
    fn frame(&mut self, rest: &[u8], out: &mut Output<'_>) -> Option<Step> {
        let end = rest.iter().position(|byte| matches!(*byte, ETX | ETB | STX | ENQ | EOT));
        let (text, behind) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        self.sum = text.iter().fold(self.sum, |sum, byte| sum.wrapping_add(*byte));
        self.scanned += text.len();
        match *behind {
            [end @ (ETX | ETB), high, low, ..] => self.end_frame(end, checksum(high, low), out),
            [ETX | ETB] => Some(Step::Take(0)),
            [ETX | ETB, high] if high.is_ascii_hexdigit() => Some(Step::Take(0)),
            [end @ (ETX | ETB), _] => self.end_frame(end, None, out),
            [] if self.scanned - self.settled > PATIENCE => self.finish_frame(),
            [] => Some(Step::Take(0)),
            _ => {
                out.weird("astm.frame");
                self.last = self.number.map(|number| (number, None)).or(self.last);
                (self.place, self.ended) = (Place::Outside, true);
                None
            }
        }
    }

    fn end_frame(&mut self, end: u8, found: Option<u8>, out: &mut Output<'_>) -> Option<Step> {
        let sum = self.sum.wrapping_add(end);
        let envelope = if found.is_some() { 3 } else { 1 };
        self.place = Place::Outside;
        let right = found.filter(|found| *found == sum);
        let this = self.number.map(|number| (number, right));
        if right.is_some() && this.is_some() && this == self.last {
            return Some(self.discard(envelope));
        }
        match right {
            Some(_) => self.settled = self.scanned,
            None => out.weird("astm.checksum"),
        }
        self.last = this.or(self.last);
        self.ended = end == ETX;
        self.envelope = envelope;
        None
    }

    /// Takes the text that does not count away, and `envelope` bytes behind it.
    fn discard(&mut self, envelope: usize) -> Step {
        let length = self.scanned - self.settled + envelope;
        self.scanned = self.settled;
        self.remove(length)
    }

    /// Lets all the text that is held count.
    const fn finish_frame(&mut self) -> Option<Step> {
        self.settled = self.scanned;
        None
    }

    /// Lets what is held be a whole record. `false` when nothing is held.
    const fn finish_held(&mut self) -> bool {
        self.settled = self.scanned;
        self.ended = self.scanned > 0;
        self.ended
    }

    /// Takes `length` bytes behind the text held away.
    const fn remove(&self, length: usize) -> Step {
        match self.scanned {
            0 => Step::Take(length),
            at => Step::Cut { at, length },
        }
    }
}

/// The number that two hexadecimal digits write.
pub(super) fn checksum(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}
