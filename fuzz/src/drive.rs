//! Drives one parser as a reader would, but trusts it with nothing.

use crate::{Listener, context, entries, key};
use wardlight_dissect::codec::keyed::PrivacyKey;
use wardlight_dissect::entry::{Carrier, Dissector, Hello, Parser, Step};
use wardlight_dissect::{Output, Span};
use wardlight_model::{Port, Side};

/// An entry and what is said to it.
pub struct Conversation<'a> {
    /// The entry.
    pub entry: &'static dyn Dissector,
    /// What carries it.
    pub carrier: Carrier,
    /// Most bytes of a stream given at once.
    pub piece: usize,
    /// The messages.
    pub messages: Vec<Message<'a>>,
}

/// Some bytes from one end.
pub struct Message<'a> {
    /// Which end.
    pub side: Side,
    /// Whether the bytes never arrived.
    pub is_lost: bool,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl<'a> Conversation<'a> {
    /// The conversation that `input` means; `None` when it is too short, or there is no entry.
    pub fn of(input: &'a [u8]) -> Option<Self> {
        let (&[pick, carrier, piece], mut rest) = input.split_first_chunk::<3>()?;
        let entry = *entries().get(usize::from(pick) % entries().len().max(1))?;
        let carriers = entry.info().carriers;
        let carrier = *carriers.get(usize::from(carrier) % carriers.len())?;
        let piece = [usize::MAX, 1, 2, 7, 64, 300, 1460, 9000][usize::from(piece) % 8];
        let mut messages = Vec::new();
        while let Some((&[flags, low, high], behind)) = rest.split_first_chunk::<3>() {
            let length = usize::from(u16::from_le_bytes([low, high])).min(behind.len());
            let (bytes, behind) = behind.split_at(length);
            let side = if flags & 1 == 1 { Side::Responder } else { Side::Initiator };
            messages.push(Message { side, is_lost: flags & 2 == 2, bytes });
            rest = behind;
        }
        Some(Self { entry, carrier, piece, messages })
    }

    /// The port that the responder is at: the entry's own, when it has one.
    pub fn port(&self) -> Port {
        self.entry.info().ports.first().copied().unwrap_or(50_000)
    }
}

/// Says `conversation` to its entry's parser. Panics when the parser does, or breaks a promise.
pub fn drive(conversation: &Conversation<'_>) {
    let mut listener = Drive {
        conversation,
        key: key(),
        parser: conversation.entry.open(),
        lanes: Default::default(),
        over: false,
        scratch: vec![0; 1 << 16],
    };
    for message in &conversation.messages {
        listener.message(message);
    }
    listener.end();
}

struct Drive<'a> {
    conversation: &'a Conversation<'a>,
    key: PrivacyKey,
    parser: Box<dyn Parser>,
    lanes: [Lane; 2],
    over: bool,
    scratch: Vec<u8>,
}

#[derive(Default)]
struct Lane {
    held: Vec<u8>,
    skip: u64,
    done: bool,
}

impl Drive<'_> {
    fn message(&mut self, message: &Message<'_>) {
        let Conversation { entry, carrier, piece, .. } = self.conversation;
        let ports = [40_000, self.conversation.port()];
        entry.probe(&Hello { side: message.side, bytes: message.bytes, ports });
        let side = message.side;
        match carrier {
            Carrier::Tcp if message.is_lost => self.gap(side, message.bytes.len() as u64),
            Carrier::Tcp => message
                .bytes
                .chunks((*piece).clamp(1, message.bytes.len().max(1)))
                .for_each(|part| self.stream(side, part)),
            Carrier::Udp if !self.over => {
                let step = self.read(side, message.bytes);
                self.over = matches!(step, Step::Finished | Step::Refuse | Step::Anew(_));
            }
            Carrier::Udp => {}
            _ => {
                self.parser = entry.open();
                self.read(side, message.bytes);
            }
        }
    }

    fn stream(&mut self, side: Side, bytes: &[u8]) {
        if self.over || self.lanes[side.index()].done {
            return;
        }
        let lane = &mut self.lanes[side.index()];
        let passed = usize::try_from(lane.skip).unwrap_or(usize::MAX).min(bytes.len());
        lane.skip -= passed as u64;
        lane.held.extend(&bytes[passed..]);
        while !self.over && !self.lanes[side.index()].held.is_empty() {
            let held = std::mem::take(&mut self.lanes[side.index()].held);
            let step = self.read(side, &held);
            self.lanes[side.index()].held = held;
            if !self.settle(side, step) {
                break;
            }
        }
        let lane = &mut self.lanes[side.index()];
        lane.done |= lane.held.len() > self.conversation.entry.info().window;
    }

    /// Does what the parser wants. `true` when it is to be called again.
    fn settle(&mut self, side: Side, step: Step) -> bool {
        let lane = &mut self.lanes[side.index()];
        let length = lane.held.len();
        match step {
            Step::Take(0) | Step::Join => return false,
            Step::Take(n) => {
                assert!(n <= length, "took {n} of {length} bytes");
                lane.held.drain(..n);
            }
            Step::Skip(n) => {
                assert!(n > 0, "skips nothing, for ever");
                let here = usize::try_from(n).unwrap_or(usize::MAX).min(length);
                lane.skip = n - here as u64;
                lane.held.drain(..here);
            }
            Step::Cut { at, length: cut } => {
                assert!(
                    cut > 0 && at.checked_add(cut).is_some_and(|end| end <= length),
                    "cuts {cut} at {at} of {length} bytes"
                );
                lane.held.drain(at..at + cut);
            }
            Step::Done => lane.done = true,
            Step::Anew(n) => {
                assert!(n <= length, "took {n} of {length} bytes");
                self.over = true;
            }
            Step::Finished | Step::Refuse => self.over = true,
        }
        !self.over && !self.lanes[side.index()].done
    }

    fn gap(&mut self, side: Side, lost: u64) {
        let lane = &mut self.lanes[side.index()];
        if self.over || lane.done || lost == 0 {
            return;
        }
        lane.held.clear();
        let skipped = lane.skip.min(lost);
        lane.skip -= skipped;
        if skipped < lost && !self.parser.gap(side, lost - skipped) {
            self.lanes[side.index()].done = true;
        }
    }

    fn end(&mut self) {
        for side in [Side::Initiator, Side::Responder] {
            let lane = &mut self.lanes[side.index()];
            if self.conversation.carrier == Carrier::Tcp && !self.over && !lane.done {
                let held = std::mem::take(&mut lane.held);
                let context = context(side, self.conversation.port());
                let spans = [Span::default()];
                let info = self.conversation.entry.info();
                let mut listener = Listener;
                let out = Output::new(&context, (&held, &spans), info, &self.key, &mut listener);
                let mut out = out.unpacking_in(&mut self.scratch);
                self.parser.end(side, &held, &mut out);
            }
        }
    }

    fn read(&mut self, side: Side, bytes: &[u8]) -> Step {
        let context = context(side, self.conversation.port());
        let spans = [Span { packet: 1, ..Span::default() }];
        let mut listener = Listener;
        let info = self.conversation.entry.info();
        let out = Output::new(&context, (bytes, &spans), info, &self.key, &mut listener);
        let mut out = out.unpacking_in(&mut self.scratch);
        self.parser.read(side, bytes, &mut out)
    }
}
