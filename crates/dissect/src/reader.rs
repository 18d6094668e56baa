//! One conversation's application layer: finds out which dissector reads it, then feeds that one.
//!
//! Bytes come in order, one side at a time. What a parser cannot use yet is held in lent memory, up to its entry's
//! window; the rest is never copied.

use crate::carried;
use crate::codec::keyed::PrivacyKey;
use crate::entry::{Carrier, Dissector, Hello, Parser, Probe, Step};
use crate::flow::expected::Expected;
use crate::lent::{Loan, Slab};
use crate::output::{Context, Output, Sink, Span};
use crate::proto;
use crate::wipe;
use wardlight_model::{Known, Port, Service, Side};

/// What a reader needs from outside while it reads.
pub struct World<'a> {
    /// Lent memory.
    pub slab: &'a mut Slab,
    /// The site's key for values that may name a person.
    pub key: &'a PrivacyKey,
    /// Where facts go.
    pub sink: &'a mut dyn Sink,
    /// Lent memory that compressed bodies are unpacked into.
    pub scratch: &'a mut [u8],
    /// Where announced conversations are noted.
    pub expected: &'a mut Expected,
}

/// Most payload bytes of one side looked at before a stream counts as unknown.
const PROBE_WINDOW: usize = 4096;
/// Most payload bytes of one packet.
const PACKET: usize = 65_535;
/// Most datagrams looked at before a datagram conversation counts as unknown.
const PROBE_DATAGRAMS: u8 = 6;
/// Most protocols that follow each other in one conversation.
const TURNS: u8 = 3;
/// Most parts whose origin is remembered while they are held.
const SPANS: usize = 64;

/// The application layer of one conversation.
#[derive(Default)]
pub struct Reader {
    phase: Phase,
    lanes: [Lane; 2],
    /// The protocol that was announced for the conversation.
    expected: Option<&'static str>,
    probed: u8,
    /// What it began as, once another protocol follows in it.
    first: Option<Service>,
    /// How many followed.
    turns: u8,
    /// Bytes that did not fit a window or lent memory, so were only counted.
    pub cut: u64,
}

#[derive(Default)]
enum Phase {
    #[default]
    Unknown,
    Reading(&'static dyn Dissector, Box<dyn Parser>, Service),
    Over(Option<Service>),
}

#[derive(Default)]
struct Lane {
    held: Option<Loan>,
    spans: Vec<Span>,
    skip: u64,
    done: bool,
}

impl Reader {
    /// For a conversation that another one announced as one of `protocol`, when any did.
    #[must_use]
    pub fn expecting(protocol: Option<&'static str>) -> Self {
        Self { expected: protocol, ..Self::default() }
    }

    /// The application protocol, when known by content; the first where another follows.
    #[must_use]
    pub fn service(&self) -> Option<Service> {
        self.first.or(match &self.phase {
            Phase::Unknown => None,
            Phase::Reading(_, _, service) => Some(*service),
            Phase::Over(service) => *service,
        })
    }

    /// Whether nothing more will be learned from `side`: its payload need only be counted.
    #[must_use]
    pub fn is_deaf(&self, side: Side) -> bool {
        matches!(self.phase, Phase::Over(_)) || self.lane(side).done
    }

    /// Takes the next bytes of a stream, which stand at `span` in their frame.
    pub fn stream(&mut self, context: &Context, bytes: &[u8], span: Span, world: &mut World<'_>) {
        let side = context.side;
        if bytes.is_empty() || self.is_deaf(side) {
            return;
        }
        let Some((bytes, span)) = self.lane_mut(side).pass_over(bytes, span) else { return };
        if self.lane(side).held.is_some() {
            if !self.hold(side, bytes, span, world) {
                return;
            }
            self.read_held(context, world);
        } else {
            self.read_direct(context, bytes, span, world);
        }
    }

    /// Takes one whole datagram, whose parts stand at `spans` in their frames.
    pub fn datagram(&mut self, context: &Context, (bytes, spans): (&[u8], &[Span]), world: &mut World<'_>) {
        if bytes.is_empty() || self.is_deaf(context.side) {
            return;
        }
        if matches!(self.phase, Phase::Unknown) {
            let (found, _) =
                identify(Carrier::Udp, &Hello { side: context.side, bytes, ports: context.ports }, self.expected);
            match found {
                Some((entry, service)) => self.phase = Phase::Reading(entry, entry.open(), service),
                None => {
                    self.probed += 1;
                    if self.probed >= PROBE_DATAGRAMS {
                        self.phase = Phase::Over(None);
                    }
                    return;
                }
            }
        }
        let (side, span) = (context.side, spans.first().copied().unwrap_or_default());
        let is_behind = self.lane(side).held.is_some();
        if is_behind && !self.hold(side, bytes, span, world) {
            return;
        }
        let step = if is_behind { self.parse_joined(context, world) } else { self.parse(context, bytes, spans, world) };
        match step {
            Step::Join if is_behind => {}
            Step::Join => {
                self.hold(side, bytes, span, world);
            }
            Step::Anew(_) if !is_behind => {
                self.begin_anew();
                self.datagram(context, (bytes, spans), world);
            }
            step => {
                self.release(side, world);
                self.settle(side, step, world);
            }
        }
    }

    /// Reads the datagrams that are held as one message.
    fn parse_joined(&mut self, context: &Context, world: &mut World<'_>) -> Step {
        let lane = self.lane_mut(context.side);
        let Some(loan) = lane.held.take() else { return Step::Done };
        let spans = std::mem::take(&mut lane.spans);
        let step = self.parse_lent(context, &loan, &spans, world);
        let lane = self.lane_mut(context.side);
        (lane.held, lane.spans) = (Some(loan), spans);
        step
    }

    /// `lost` bytes of `side` will never come. What is held before them is dropped.
    pub fn gap(&mut self, side: Side, lost: u64, world: &mut World<'_>) {
        self.release(side, world);
        let skipped = self.lane(side).skip.min(lost);
        self.lane_mut(side).skip -= skipped;
        if skipped == lost || self.is_deaf(side) {
            return;
        }
        let goes_on = match &mut self.phase {
            Phase::Reading(_, parser, _) => parser.gap(side, lost - skipped),
            Phase::Unknown | Phase::Over(_) => false,
        };
        if !goes_on {
            self.lane_mut(side).done = true;
        }
    }

    /// `context.side` will send no more.
    pub fn end(&mut self, context: &Context, world: &mut World<'_>) {
        let side = context.side;
        if !self.is_deaf(side) {
            let [initiator, responder] = &self.lanes;
            let lane = if side == Side::Initiator { initiator } else { responder };
            if let Phase::Reading(entry, parser, _) = &mut self.phase {
                let bytes = lane.held.as_ref().map_or(&[][..], |loan| world.slab.bytes(loan));
                let out = Output::new(context, (bytes, &lane.spans), entry.info(), world.key, world.sink);
                let mut out = out.unpacking_in(world.scratch).announcing_in(world.expected);
                parser.end(side, bytes, &mut out);
                wipe::stack();
            }
        }
        self.release(side, world);
        self.lane_mut(side).done = true;
    }

    /// Gives back everything held. Must be called before a reader is dropped.
    pub fn close(&mut self, world: &mut World<'_>) {
        self.release(Side::Initiator, world);
        self.release(Side::Responder, world);
        self.phase = Phase::Over(self.service());
    }

    fn lane(&self, side: Side) -> &Lane {
        let [initiator, responder] = &self.lanes;
        if side == Side::Initiator { initiator } else { responder }
    }

    fn lane_mut(&mut self, side: Side) -> &mut Lane {
        let [initiator, responder] = &mut self.lanes;
        if side == Side::Initiator { initiator } else { responder }
    }

    fn release(&mut self, side: Side, world: &mut World<'_>) {
        let lane = self.lane_mut(side);
        lane.spans = Vec::new();
        if let Some(loan) = lane.held.take() {
            world.slab.release(loan);
        }
    }

    /// Most bytes of a message that are held, beside those of one packet.
    fn window(&self) -> usize {
        match &self.phase {
            Phase::Reading(entry, _, _) => entry.info().window,
            Phase::Unknown | Phase::Over(_) => PROBE_WINDOW,
        }
    }

    /// Adds bytes to those held. `false` when they do not fit, and `side` is deaf from here on.
    fn hold(&mut self, side: Side, bytes: &[u8], span: Span, world: &mut World<'_>) -> bool {
        let window = self.window();
        let lane = self.lane_mut(side);
        let at = lane.held.as_ref().map_or(0, Loan::len);
        // What one packet brings is added whole to what fits: how a stream is cut must not decide what is read of it.
        let fits = at <= window && at + bytes.len() <= window + PACKET;
        let held = fits
            && match &mut lane.held {
                Some(loan) => world.slab.append(loan, bytes),
                empty => {
                    *empty = world.slab.lend(bytes);
                    empty.is_some()
                }
            };
        if held {
            if lane.spans.len() < SPANS {
                lane.spans.push(Span { at, ..span });
            }
        } else {
            self.cut += bytes.len() as u64;
            self.release(side, world);
            self.lane_mut(side).done = true;
        }
        held
    }

    /// Reads bytes straight from their frame; what is left over is held.
    fn read_direct(&mut self, context: &Context, bytes: &[u8], span: Span, world: &mut World<'_>) {
        let side = context.side;
        let mut taken = 0;
        loop {
            let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) else { return };
            let ahead =
                Span { at: 0, offset: span.offset.saturating_add(u32::try_from(taken).unwrap_or(u32::MAX)), ..span };
            if !self.identify_stream(context, rest) {
                if !self.is_deaf(side) {
                    self.hold(side, rest, ahead, world);
                }
                return;
            }
            match self.parse(context, rest, &[ahead], world) {
                Step::Take(0) | Step::Join => {
                    self.hold(side, rest, ahead, world);
                    return;
                }
                Step::Take(n) => taken += n.min(rest.len()),
                Step::Skip(n) => {
                    let here = usize::try_from(n).unwrap_or(usize::MAX).min(rest.len());
                    taken += here;
                    self.lane_mut(side).skip = n - here as u64;
                }
                Step::Anew(n) => {
                    taken += n.min(rest.len());
                    self.begin_anew();
                }
                step @ Step::Cut { .. } => {
                    if self.hold(side, rest, ahead, world) && self.settle(side, step, world) {
                        self.read_held(context, world);
                    }
                    return;
                }
                step => {
                    self.settle(side, step, world);
                    return;
                }
            }
        }
    }

    /// Reads what is held until the parser wants more.
    fn read_held(&mut self, context: &Context, world: &mut World<'_>) {
        let side = context.side;
        while let Some(loan) = self.lane_mut(side).held.take() {
            let spans = std::mem::take(&mut self.lane_mut(side).spans);
            let bytes = world.slab.bytes(&loan);
            let known = !bytes.is_empty() && self.identify_stream(context, bytes);
            let step = if known { self.parse_lent(context, &loan, &spans, world) } else { Step::Take(0) };
            let empty = loan.is_empty();
            let lane = self.lane_mut(side);
            (lane.held, lane.spans) = (Some(loan), spans);
            if self.is_deaf(side) || empty {
                self.release(side, world);
            }
            if !known || !self.settle(side, step, world) {
                return;
            }
        }
    }

    /// Applies a step to what is held. `true` when the parser should be called again.
    fn settle(&mut self, side: Side, step: Step, world: &mut World<'_>) -> bool {
        match step {
            Step::Join => false,
            Step::Take(n) => self.drop_held(side, 0, n, world),
            Step::Skip(n) => {
                let held = self.lane(side).held.as_ref().map_or(0, Loan::len);
                let here = usize::try_from(n).unwrap_or(usize::MAX).min(held);
                self.lane_mut(side).skip = n - here as u64;
                self.drop_held(side, 0, here, world)
            }
            Step::Cut { at, length } => self.drop_held(side, at, length, world),
            Step::Anew(n) => {
                self.begin_anew();
                self.drop_held(side, 0, n, world)
            }
            Step::Done => {
                self.release(side, world);
                self.lane_mut(side).done = true;
                false
            }
            Step::Finished | Step::Refuse => {
                self.release(Side::Initiator, world);
                self.release(Side::Responder, world);
                self.phase = Phase::Over(self.service().filter(|_| step == Step::Finished));
                false
            }
        }
    }

    /// Another protocol follows in the same conversation.
    fn begin_anew(&mut self) {
        self.first = self.service();
        self.turns += 1;
        self.expected = None;
        let is_over = self.turns > TURNS;
        self.phase = if is_over { Phase::Over(None) } else { Phase::Unknown };
        self.lanes.iter_mut().for_each(|lane| lane.done = is_over);
    }

    /// Takes bytes out of what is held. `true` when that changed something and something is left to read.
    fn drop_held(&mut self, side: Side, at: usize, length: usize, world: &mut World<'_>) -> bool {
        let lane = self.lane_mut(side);
        let Some(loan) = &mut lane.held else { return false };
        if length == 0 || at >= loan.len() {
            return false;
        }
        world.slab.cut(loan, at, length);
        let left = !loan.is_empty();
        lane.cut_spans(at, length);
        if !left {
            self.release(side, world);
        }
        left
    }

    /// Whether a dissector reads the stream, looking for one when none does yet.
    fn identify_stream(&mut self, context: &Context, bytes: &[u8]) -> bool {
        match &self.phase {
            Phase::Reading(..) => return true,
            Phase::Over(_) => return false,
            Phase::Unknown => {}
        }
        let (found, more) =
            identify(Carrier::Tcp, &Hello { side: context.side, bytes, ports: context.ports }, self.expected);
        if let Some((entry, service)) = found {
            self.phase = Phase::Reading(entry, entry.open(), service);
            return true;
        }
        if !more || bytes.len() >= PROBE_WINDOW {
            self.lane_mut(context.side).done = true;
            if self.lanes.iter().all(|lane| lane.done) {
                self.phase = Phase::Over(None);
            }
        }
        false
    }

    fn parse(&mut self, context: &Context, bytes: &[u8], spans: &[Span], world: &mut World<'_>) -> Step {
        let Phase::Reading(entry, parser, _) = &mut self.phase else { return Step::Done };
        let out = Output::new(context, (bytes, spans), entry.info(), world.key, world.sink);
        let mut out = out.unpacking_in(world.scratch).announcing_in(world.expected);
        let step = parser.read(context.side, bytes, &mut out);
        wipe::stack();
        step
    }

    fn parse_lent(&mut self, context: &Context, loan: &Loan, spans: &[Span], world: &mut World<'_>) -> Step {
        let Phase::Reading(entry, parser, _) = &mut self.phase else { return Step::Done };
        let bytes = world.slab.bytes(loan);
        let out = Output::new(context, (bytes, spans), entry.info(), world.key, world.sink);
        let mut out = out.unpacking_in(world.scratch).announcing_in(world.expected);
        let step = parser.read(context.side, bytes, &mut out);
        wipe::stack();
        step
    }
}

impl Lane {
    /// What of `bytes` is left behind the part to be skipped.
    fn pass_over<'b>(&mut self, bytes: &'b [u8], span: Span) -> Option<(&'b [u8], Span)> {
        let here = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        self.skip -= here as u64;
        let offset = span.offset.saturating_add(u32::try_from(here).unwrap_or(u32::MAX));
        bytes.get(here..).filter(|rest| !rest.is_empty()).map(|rest| (rest, Span { offset, ..span }))
    }

    /// Keeps the origins of parts true after `length` bytes at `at` went.
    fn cut_spans(&mut self, at: usize, length: usize) {
        let mut moved: Vec<Span> = Vec::with_capacity(self.spans.len() + 1);
        for span in &self.spans {
            let mut span = *span;
            if span.at >= at + length {
                span.at -= length;
            } else if span.at >= at {
                let gone = u32::try_from(at + length - span.at).unwrap_or(u32::MAX);
                span = Span { at, offset: span.offset.saturating_add(gone), ..span };
            } else {
                moved.push(span);
                let gone = u32::try_from(at + length - span.at).unwrap_or(u32::MAX);
                span = Span { at, offset: span.offset.saturating_add(gone), ..span };
            }
            if moved.last().is_some_and(|last| last.at == span.at) {
                moved.pop();
            }
            moved.push(span);
        }
        moved.truncate(SPANS);
        self.spans = moved;
    }
}

/// The entry that reads a conversation beginning so; and whether more bytes could still tell.
fn identify(
    carrier: Carrier,
    hello: &Hello<'_>,
    expected: Option<&'static str>,
) -> (Option<(&'static dyn Dissector, Service)>, bool) {
    let announced = expected.and_then(|name| announced(carrier, hello, name));
    let found = if announced.is_some() { (announced, false) } else { carried::by(carrier).probe(hello) };
    wipe::stack();
    found
}

/// The entry called `name`, when a conversation that was announced as its begins as one.
fn announced(carrier: Carrier, hello: &Hello<'_>, name: &str) -> Option<(&'static dyn Dissector, Service)> {
    let entry = proto::named(name).filter(|entry| entry.info().carriers.contains(&carrier))?;
    let service = Service { name: entry.info().name, known: Known::Content };
    matches!(entry.probe(hello), Probe::Yes | Probe::Likely).then_some((entry, service))
}

/// The service that a port alone suggests: the first entry of `carrier` that calls one of `ports` its own.
#[must_use]
pub fn service_by_port(carrier: Carrier, ports: [Port; 2]) -> Option<Service> {
    carried::by(carrier).service_by_port(ports)
}
