//! PDUs and PDVs: takes the framing out of both directions, and hands on what stands between (PS3.8 §9.3, annex E).
//!
//! At the front of what a direction holds stands the part of a message that is already free of framing; behind it the
//! bytes as they came. A command set is gathered whole; a data set only while its equipment is looked for.

use super::association::Association;
use super::dimse::{self, Command, Operations};
use super::equipment::{PREFIX, Purpose, Syntax, Walk, Walked};
use crate::Output;
use crate::codec::cursor::{Cursor, Short};
use crate::entry::{Parser, Step};
use wardlight_model::Side;

/// Reads one conversation.
#[derive(Default)]
pub(super) struct Stream {
    lanes: [Lane; 2],
    talk: Talk,
}

/// What both directions share.
#[derive(Default)]
struct Talk {
    association: Association,
    operations: Operations,
    /// Equipment of a creator is known: later data sets are not read.
    is_learned: bool,
}

/// One direction.
#[derive(Default)]
struct Lane {
    place: Place,
    /// Bytes at the front that are free of framing.
    held: usize,
    /// Bytes behind them that were seen but not used yet.
    waiting: usize,
    /// The data set that is read, when one is.
    walk: Option<Box<Walk>>,
}

/// Where the next byte behind those held stands.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Place {
    /// At a PDU.
    #[default]
    Pdu,
    /// At a PDV, with so many bytes left of the PDU.
    Pdv(u64),
    /// In a PDV.
    Fragment(Fragment),
    /// Somewhere: bytes were lost.
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Fragment {
    /// Bytes left of the PDU behind this PDV.
    behind: u64,
    left: u64,
    context: u8,
    is_command: bool,
    is_last: bool,
    /// Whether some of its message was lost.
    is_broken: bool,
}

impl Fragment {
    /// The rest of a PDU of which it is not known what it holds.
    const fn lost(left: u64) -> Self {
        Self { behind: 0, left, context: 0, is_command: false, is_last: false, is_broken: true }
    }
}

const HEADER: usize = 6;
const TRANSFER: u8 = 4;
/// Most bytes of a command set.
const LONGEST_COMMAND: u64 = 16 * 1024;
/// Most bytes of an association PDU that are held; longer ones are passed over.
const LONGEST_ASSOCIATION: u64 = 120 * 1024;

impl Parser for Stream {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let lane = side.of(self.lanes.each_mut());
        let step = loop {
            if let Some(step) = lane.go(bytes, &mut self.talk, out) {
                break step;
            }
        };
        lane.waiting = if step == Step::Take(0) { bytes.len().saturating_sub(lane.held) } else { 0 };
        if step == Step::Finished {
            self.talk.end(out);
        }
        step
    }

    fn end(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        let lane = side.of(self.lanes.each_mut());
        lane.end_walk(bytes, &mut self.talk, out);
        self.talk.end(out);
    }

    fn gap(&mut self, side: Side, lost: u64) -> bool {
        let lane = side.of(self.lanes.each_mut());
        lane.lose(lost);
        true
    }
}

impl Lane {
    /// One turn: a step, or `None` to go on at the new place.
    fn go(&mut self, bytes: &[u8], talk: &mut Talk, out: &mut Output<'_>) -> Option<Step> {
        let rest = bytes.get(self.held..).unwrap_or_default();
        let turn = match self.place {
            Place::Pdu => self.pdu(bytes, talk, out),
            Place::Pdv(left) => self.pdv(rest, left, out),
            Place::Fragment(fragment) if fragment.is_command => Ok(self.command(bytes, fragment, talk, out)),
            Place::Fragment(fragment) => Ok(self.data_set(bytes, fragment, talk, out)),
            Place::Lost => self.seek(bytes),
        };
        turn.unwrap_or(Some(Step::Take(0)))
    }

    /// Removes the next `n` bytes behind those held.
    fn remove(&self, n: usize) -> Option<Step> {
        Some(if self.held == 0 { Step::Take(n) } else { Step::Cut { at: self.held, length: n } })
    }

    /// At a PDU. Errors: [`Short`] when more bytes are needed.
    fn pdu(&mut self, bytes: &[u8], talk: &mut Talk, out: &mut Output<'_>) -> Result<Option<Step>, Short> {
        let mut cursor = Cursor::new(bytes.get(self.held..).unwrap_or_default());
        let kind = cursor.u8()?;
        cursor.skip(1)?;
        let length = u64::from(cursor.u32()?);
        if kind == TRANSFER {
            return Ok(self.transfer(length, &mut cursor, out));
        }
        if self.held > 0 {
            // A message that another PDU cuts off will not be completed.
            self.end_walk(bytes, talk, out);
            return Ok(Some(Step::Take(std::mem::take(&mut self.held))));
        }
        if matches!(kind, 1 | 2) && length > LONGEST_ASSOCIATION {
            out.weird("dicom.pdu_length");
            return Ok(Some(Step::Skip(HEADER as u64 + length)));
        }
        match kind {
            1 | 2 => {}
            3 | 5..=7 if length == 4 => {}
            3 | 5..=7 => {
                out.weird("dicom.pdu_length");
                return Ok(Some(Step::Done));
            }
            _ => {
                out.weird("dicom.pdu_type");
                return Ok(Some(Step::Done));
            }
        }
        let body = cursor.take(usize::try_from(length).map_err(|_| Short)?)?;
        if talk.control(kind, body, out) {
            return Ok(Some(Step::Finished));
        }
        Ok(Some(Step::Take(HEADER + body.len())))
    }

    /// A P-DATA-TF of `length` bytes, whose header has been read. One that holds nothing but an unwanted piece of a
    /// data set is passed over whole.
    fn transfer(&mut self, length: u64, cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Option<Step> {
        if length < HEADER as u64 {
            out.weird("dicom.pdu_length");
            return Some(Step::Done);
        }
        if self.held == 0
            && self.walk.is_none()
            && let (Ok(value), Ok([_, control])) = (cursor.u32(), cursor.array())
            && control & 1 == 0
            && u64::from(value) + 4 == length
        {
            return Some(Step::Skip(HEADER as u64 + length));
        }
        self.place = Place::Pdv(length);
        self.remove(HEADER)
    }

    /// At a PDV. Errors: [`Short`] when more bytes are needed.
    fn pdv(&mut self, rest: &[u8], left: u64, out: &mut Output<'_>) -> Result<Option<Step>, Short> {
        let mut cursor = Cursor::new(rest);
        let length = u64::from(cursor.u32()?);
        let (context, control) = (cursor.u8()?, cursor.u8()?);
        if length < 2 || length + 4 > left {
            out.weird("dicom.pdv_length");
            return Ok(Some(Step::Done));
        }
        self.place = Place::Fragment(Fragment {
            behind: left - 4 - length,
            left: length - 2,
            context,
            is_command: control & 1 != 0,
            is_last: control & 2 != 0,
            is_broken: false,
        });
        Ok(self.remove(HEADER))
    }

    /// Counts what is there of `fragment` as held.
    fn absorb(&mut self, bytes: &[u8], fragment: &mut Fragment) {
        let here = bytes.len().saturating_sub(self.held) as u64;
        let taken = here.min(fragment.left);
        fragment.left -= taken;
        self.held += usize::try_from(taken).unwrap_or(usize::MAX);
        self.place = Place::Fragment(*fragment);
    }

    /// The place behind a fragment.
    const fn leave(&mut self, fragment: Fragment) {
        self.place = if fragment.behind == 0 { Place::Pdu } else { Place::Pdv(fragment.behind) };
    }

    /// In a command set.
    fn command(&mut self, bytes: &[u8], mut fragment: Fragment, talk: &mut Talk, out: &mut Output<'_>) -> Option<Step> {
        if self.walk.is_some() {
            // The data set before it never ended.
            self.walk = None;
            return (self.held > 0).then(|| Step::Take(std::mem::take(&mut self.held)));
        }
        if fragment.is_broken || self.held as u64 + fragment.left > LONGEST_COMMAND {
            if !fragment.is_broken {
                out.weird("dicom.command");
            }
            return self.pass_over(fragment);
        }
        self.absorb(bytes, &mut fragment);
        if fragment.left > 0 {
            return Some(Step::Take(0));
        }
        self.leave(fragment);
        if !fragment.is_last {
            return None;
        }
        let set = bytes.get(..self.held).unwrap_or_default();
        match Command::parse(set) {
            Ok(command) => self.walk = talk.command(fragment.context, &command, out),
            Err(Short) => out.weird("dicom.command"),
        }
        (self.held > 0).then(|| Step::Take(std::mem::take(&mut self.held)))
    }

    /// In a data set.
    fn data_set(
        &mut self,
        bytes: &[u8],
        mut fragment: Fragment,
        talk: &mut Talk,
        out: &mut Output<'_>,
    ) -> Option<Step> {
        let Some(mut walk) = self.walk.take() else { return self.pass_over(fragment) };
        self.absorb(bytes, &mut fragment);
        let set = bytes.get(..self.held).unwrap_or_default();
        match walk.go(set) {
            Walked::Drop(at) => {
                let length = usize::try_from(walk.bulk).unwrap_or(usize::MAX).min(self.held.saturating_sub(at));
                walk.bulk -= length as u64;
                self.held -= length;
                self.walk = Some(walk);
                return Some(if at == 0 { Step::Take(length) } else { Step::Cut { at, length } });
            }
            Walked::More if fragment.left > 0 && self.held < PREFIX => {
                self.walk = Some(walk);
                return Some(Step::Take(0));
            }
            Walked::More if !fragment.is_last && self.held < PREFIX => {
                self.walk = Some(walk);
                self.leave(fragment);
                return None;
            }
            Walked::Broken => out.weird("dicom.element"),
            Walked::More | Walked::Over => {}
        }
        talk.learn(&walk, set, out);
        if self.held > 0 { Some(Step::Take(std::mem::take(&mut self.held))) } else { None }
    }

    /// Passes over what is left of a fragment, and over what was held of its message.
    fn pass_over(&mut self, fragment: Fragment) -> Option<Step> {
        if self.held > 0 {
            self.place = Place::Fragment(Fragment { is_broken: true, ..fragment });
            return Some(Step::Take(std::mem::take(&mut self.held)));
        }
        self.leave(fragment);
        (fragment.left > 0).then_some(Step::Skip(fragment.left))
    }

    /// Says what an unfinished data set told; `bytes` is what was never taken.
    fn end_walk(&mut self, bytes: &[u8], talk: &mut Talk, out: &mut Output<'_>) {
        if let Some(walk) = self.walk.take() {
            talk.learn(&walk, bytes.get(..self.held).unwrap_or_default(), out);
        }
    }

    /// Goes on behind `lost` bytes: by the lengths known, or else at the next PDU that can be told.
    fn lose(&mut self, lost: u64) {
        let passed = lost + self.waiting as u64;
        (self.held, self.waiting, self.walk) = (0, 0, None);
        let rest_of_pdu = match self.place {
            Place::Fragment(fragment) if passed <= fragment.left => {
                self.place = Place::Fragment(Fragment { left: fragment.left - passed, is_broken: true, ..fragment });
                return;
            }
            Place::Fragment(fragment) => fragment.left + fragment.behind,
            Place::Pdv(left) => left,
            Place::Pdu | Place::Lost => 0,
        };
        self.place = match rest_of_pdu.checked_sub(passed) {
            Some(left) if rest_of_pdu > 0 => Place::Fragment(Fragment::lost(left)),
            _ => Place::Lost,
        };
    }

    /// Looks for a PDU after a loss. Errors: [`Short`] when more bytes are needed.
    fn seek(&mut self, bytes: &[u8]) -> Result<Option<Step>, Short> {
        let found =
            bytes.windows(12).position(|window| is_transfer(window) || window.first_chunk().is_some_and(is_end));
        let at = match found {
            Some(at) => at,
            None if bytes.last_chunk().is_some_and(is_end) => bytes.len() - 10,
            None => {
                let past = bytes.len().saturating_sub(11);
                return if past > 0 { Ok(Some(Step::Take(past))) } else { Err(Short) };
            }
        };
        self.place = Place::Pdu;
        Ok((at > 0).then_some(Step::Take(at)))
    }
}

/// Whether 12 bytes are the headers of a P-DATA-TF with one PDV.
fn is_transfer(window: &[u8]) -> bool {
    let mut cursor = Cursor::new(window);
    let (Ok([TRANSFER, 0]), Ok(pdu), Ok(pdv), Ok([context, 0..=3])) =
        (cursor.array(), cursor.u32(), cursor.u32(), cursor.array())
    else {
        return false;
    };
    pdv >= 2 && pdv.checked_add(4) == Some(pdu) && context % 2 == 1
}

/// Whether 10 bytes are a release or an abort.
fn is_end(window: &[u8; 10]) -> bool {
    matches!(window, [5 | 6, 0, 0, 0, 0, 4, 0, 0, 0, 0] | [7, 0, 0, 0, 0, 4, 0, 0, 0 | 2, 0..=6])
}

impl Talk {
    /// Takes a PDU that carries no data. `true` when the conversation is over.
    fn control(&mut self, kind: u8, body: &[u8], out: &mut Output<'_>) -> bool {
        let side = out.context().side;
        match (kind, body) {
            (1, body) => {
                self.end(out);
                *self = Self { association: Association::ask(side, body, out), ..Self::default() };
                false
            }
            (2, body) => {
                self.association.accept(side, body, out);
                false
            }
            (3, [_, result, source, reason]) => {
                self.association.reject([*result, *source, *reason], out);
                true
            }
            (7, [_, _, source, reason]) => {
                abort(*source, *reason, &self.association, out);
                true
            }
            (kind, _) => kind == 6,
        }
    }

    /// Takes a command set; gives the walk over its data set when that is to be read.
    fn command(&mut self, context: u8, command: &Command<'_>, out: &mut Output<'_>) -> Option<Box<Walk>> {
        if self.association.forbids(context) {
            out.weird("dicom.context");
        }
        self.operations.take(context, command, &mut self.association, out);
        let purpose = self.purpose(command, out.context().side)?;
        let context = self.association.context_mut(context).filter(|context| !context.is_read)?;
        context.is_read = true;
        match context.syntax() {
            Syntax::Plain(encoding) => Some(Box::new(Walk::new(purpose, encoding))),
            Syntax::Deflated => {
                out.weird("dicom.deflated");
                None
            }
            Syntax::Unknown => {
                out.weird("dicom.syntax");
                None
            }
        }
    }

    /// What the data set behind `command` of `side` would be read for.
    fn purpose(&self, command: &Command<'_>, side: Side) -> Option<Purpose> {
        match command.field {
            _ if !command.has_data || self.is_learned => None,
            dimse::STORE => {
                let creator = self.association.only_stores(side) && command.originator.is_empty();
                Some(Purpose::Object { creator })
            }
            dimse::CREATE if command.service().is_some_and(|service| service.name == "mpps") => Some(Purpose::Step),
            _ => None,
        }
    }

    fn learn(&mut self, walk: &Walk, set: &[u8], out: &mut Output<'_>) {
        self.is_learned |= walk.say(set, self.association.calling(), out);
    }

    fn end(&mut self, out: &mut Output<'_>) {
        self.operations.end(&self.association, out);
        self.association.end(out);
    }
}

/// PS3.8 table 9-26.
fn abort(source: u8, reason: u8, association: &Association, out: &mut Output<'_>) {
    out.record(|row| {
        row.text("operation", "abort");
        association.titles(row);
        row.text("source", if source == 0 { "service-user" } else { "service-provider" });
        if source != 0 {
            let reason = match reason {
                0 => "not-specified",
                1 => "unrecognized-pdu",
                2 => "unexpected-pdu",
                4 => "unrecognized-pdu-parameter",
                5 => "unexpected-pdu-parameter",
                6 => "invalid-pdu-parameter-value",
                _ => "reserved",
            };
            row.text("reason", reason);
        }
    });
}
