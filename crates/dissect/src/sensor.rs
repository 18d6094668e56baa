//! Frames in; flows, facts, records and weirds out.
//!
//! One sensor is one shard: nothing is shared, nothing waits. Time comes with the frames.

mod way;

use crate::clock::{Clock, Tick};
use crate::codec::cursor::Short;
use crate::codec::keyed::PrivacyKey;
use crate::counts::Counts;
use crate::entry::{Carrier, Dissector};
use crate::flow::expected::Expected;
use crate::flow::history::Flags;
use crate::flow::tcp::{Arrival, Next};
use crate::flow::{Conversation, Table};
use crate::lent::{Memory, Slab};
use crate::link::{self, Inside, Layers, LinkType, radio, shim};
use crate::net::fragment::{Arrived, Fragments};
use crate::net::segment::{Segment, segment};
use crate::net::tunnel::{self, Tunnel};
use crate::net::{self, Packet};
use crate::output::{Context, Output, Sink, Span};
use crate::proto::ENTRIES;
use crate::reader::{Reader, World};
use crate::wipe;
use std::net::IpAddr;
use wardlight_model::{Endpoint, Flow, FlowKey, Mac, Place, Scope, Side, Time, Transport, Weird};
use way::{Way, offset_in, parts, with_spans};

/// One frame of a capture.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// When it was captured.
    pub time: Time,
    /// The run's source it comes from, counted from 0.
    pub source: u32,
    /// Its number within the source, counted from 1.
    pub packet: u64,
    /// How it begins.
    pub link: LinkType,
    /// Its bytes, as far as captured.
    pub bytes: &'a [u8],
    /// Its length on the wire, in bytes.
    pub wire_length: u32,
}

/// What a sensor is given once.
pub struct Settings {
    /// The routing domain its addresses belong to.
    pub scope: Scope,
    /// Most conversations at one time.
    pub flows: usize,
    /// Random number that keeps hash positions unpredictable.
    pub seed: u64,
    /// The site's key for values that may name a person.
    pub key: PrivacyKey,
    /// Memory for incomplete messages.
    pub messages: Box<dyn Memory>,
    /// Memory for segments that wait for others.
    pub waiting: Box<dyn Memory>,
    /// Memory for fragments that wait for others.
    pub pieces: Box<dyn Memory>,
    /// Memory that compressed bodies are unpacked into; as long as the longest that is to be read.
    pub scratch: Box<dyn Memory>,
}

/// Reads frames.
pub struct Sensor {
    scope: Scope,
    key: PrivacyKey,
    table: Table,
    expected: Expected,
    messages: Slab,
    waiting: Slab,
    pieces: Slab,
    scratch: Box<dyn Memory>,
    fragments: Fragments,
    by_ip: Vec<(u8, &'static dyn Dissector)>,
    by_ethertype: Vec<(u16, &'static dyn Dissector)>,
    by_snap: Vec<((u32, u16), &'static dyn Dissector)>,
    by_llc: Vec<((u8, u8), &'static dyn Dissector)>,
    by_link: Vec<(LinkType, &'static dyn Dissector)>,
    clock: Clock,
    counts: Counts,
}

/// Most tunnels and shims within each other: a mirror of an overlay of a tunnel, shims between, and one to spare.
const DEPTH: u8 = 6;

impl Sensor {
    /// A sensor that has seen nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let (mut by_ip, mut by_ethertype, mut by_snap) = (Vec::new(), Vec::new(), Vec::new());
        let (mut by_llc, mut by_link) = (Vec::new(), Vec::new());
        for entry in ENTRIES.iter().copied() {
            for carrier in entry.info().carriers {
                match *carrier {
                    Carrier::Ip(protocol) => by_ip.push((protocol, entry)),
                    Carrier::Ethertype(ethertype) => by_ethertype.push((ethertype, entry)),
                    Carrier::Snap(organisation, protocol) => by_snap.push(((organisation, protocol), entry)),
                    Carrier::Llc(to, from) => by_llc.push(((to, from), entry)),
                    Carrier::Link(link) => by_link.push((LinkType(link), entry)),
                    Carrier::Tcp | Carrier::Udp | Carrier::Body(_) | Carrier::Exchange => {}
                }
            }
        }
        Self {
            scope: settings.scope,
            key: settings.key,
            table: Table::new(settings.flows, settings.seed),
            expected: Expected::default(),
            messages: Slab::new(settings.messages),
            waiting: Slab::new(settings.waiting),
            pieces: Slab::new(settings.pieces),
            scratch: settings.scratch,
            fragments: Fragments::default(),
            by_ip,
            by_ethertype,
            by_snap,
            by_llc,
            by_link,
            clock: Clock::default(),
            counts: Counts::default(),
        }
    }

    /// What was read and lost so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let (lost_fragments, clock_leaps) = (self.fragments.dropped, self.clock.leaps);
        Counts { flows: self.table.begun(), lost_fragments, clock_leaps, ..self.counts }
    }

    /// Reads one frame.
    pub fn frame(&mut self, frame: &Frame<'_>, sink: &mut dyn Sink) {
        self.counts.frames += 1;
        self.counts.bytes += u64::from(frame.wire_length);
        if (frame.bytes.len() as u64) < u64::from(frame.wire_length) {
            self.counts.cut_frames += 1;
        }
        self.pass_time(frame.time, sink);
        if !frame.link.is_read() {
            self.counts.unread_link += 1;
            return;
        }
        let Ok(layers) = link::layers(frame.link, frame.bytes) else {
            self.counts.short_frames += 1;
            return;
        };
        let span = Span { at: 0, source: frame.source, packet: frame.packet, offset: 0 };
        let Layers { source, destination, vlan, .. } = layers;
        let spans = [Span { offset: offset_in(layers.payload, frame.bytes), ..span }];
        let way = Way { time: frame.time, spans: &spans, source, destination, vlan, depth: 0, is_joined: false };
        self.inside(&layers, way, sink);
    }

    fn inside(&mut self, layers: &Layers<'_>, way: Way<'_>, sink: &mut dyn Sink) {
        match layers.inside {
            Inside::Ipv4 => self.ip(net::ipv4(layers.payload).ok(), layers.payload, way, sink),
            Inside::Ipv6 => self.ip(net::ipv6(layers.payload).ok(), layers.payload, way, sink),
            inside => self.below_ip(inside, layers.payload, way, sink),
        }
    }

    /// Goes on with what a tunnel, a shim or an aggregate holds: `way` leads to `bytes`, in which `layers` lies.
    fn deeper(&mut self, bytes: &[u8], layers: Result<Layers<'_>, Short>, way: Way<'_>, sink: &mut dyn Sink) {
        let Ok(layers) = layers else {
            self.counts.short_frames += 1;
            return;
        };
        if way.depth >= DEPTH {
            let Span { source, packet, offset, .. } = way.spans.first().copied().unwrap_or_default();
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            let place = Place { source, packet, offset, length };
            sink.weird(Weird { name: "tunnel.too_deep", time: way.time, place, flow: None });
            return;
        }
        let Layers { source, destination, vlan, .. } = layers;
        let way = Way { source, destination, vlan, depth: way.depth + 1, ..way };
        let ahead = usize::try_from(offset_in(layers.payload, bytes)).unwrap_or(usize::MAX);
        with_spans(way, ahead, |way| self.inside(&layers, way, sink));
    }

    /// Every conversation under way, as it would be reported now, in no order.
    pub fn under_way(&self) -> impl Iterator<Item = Flow> {
        self.table.iter().map(Conversation::report)
    }

    /// No frame came until `time`, which is not beyond the clock that frames are stamped by: conversations that have been
    /// silent for too long are reported.
    pub fn rest(&mut self, time: Time, sink: &mut dyn Sink) {
        self.pass_time(time, sink);
    }

    /// Reports every conversation still under way and forgets it.
    pub fn finish(&mut self, sink: &mut dyn Sink) {
        for conversation in self.table.drain() {
            self.report(conversation, sink);
        }
        self.fragments.close(&mut self.pieces);
    }

    /// Lent memory in use, in bytes: 0 after [`Self::finish`].
    #[must_use]
    pub const fn lent(&self) -> usize {
        self.messages.in_use() + self.waiting.in_use() + self.pieces.in_use()
    }

    fn pass_time(&mut self, time: Time, sink: &mut dyn Sink) {
        match self.clock.pass(time) {
            Tick::Stands => {}
            Tick::Back(now) => self.table.turn_back(now),
            Tick::On(now) => {
                for conversation in self.table.expire(now) {
                    self.report(conversation, sink);
                }
            }
        }
    }

    fn report(&mut self, mut conversation: Box<Conversation>, sink: &mut dyn Sink) {
        for side in [Side::Initiator, Side::Responder] {
            conversation.lane(side).close(&mut self.waiting);
            self.counts.cut_bytes += conversation.lane(side).discarded();
        }
        if let Some(mut reader) = conversation.reader.take() {
            let (slab, key, expected) = (&mut self.messages, &self.key, &mut self.expected);
            let mut world = World { slab, key, sink, scratch: (*self.scratch).as_mut(), expected };
            for side in [Side::Initiator, Side::Responder] {
                reader.end(&context(&conversation, side, conversation.last, false), &mut world);
            }
            reader.close(&mut world);
            conversation.service = conversation.service.or_else(|| reader.service());
            self.counts.cut_bytes += reader.cut;
        }
        let flow = conversation.report();
        self.counts.missed_bytes += flow.sent.iter().map(|direction| direction.missed).sum::<u64>();
        sink.flow(flow);
    }

    fn below_ip(&mut self, inside: Inside, payload: &[u8], way: Way<'_>, sink: &mut dyn Sink) {
        if let Inside::Ethertype(ethertype) = inside
            && let Some(layers) = shim::behind(ethertype, payload)
        {
            // A shim has no stations of its own: they are those of its frame.
            let layers = layers.map(|layers| match layers.source {
                None => Layers { source: way.source, destination: way.destination, vlan: way.vlan, ..layers },
                Some(_) => layers,
            });
            return self.deeper(payload, layers, way, sink);
        }
        if inside == Inside::Several {
            return radio::several(payload).for_each(|frame| self.deeper(payload, Ok(frame), way, sink));
        }
        let entry = self.entry_below_ip(inside);
        let sender = Endpoint { scope: self.scope, mac: way.source, ip: None };
        // Who only calls on the air may be passing by.
        let is_call = matches!(inside, Inside::Link(_));
        if !is_call && way.source.is_some_and(Mac::is_station) {
            sink.station(sender, way.time);
        }
        let Some(entry) = entry else {
            match inside {
                Inside::Sealed => self.counts.sealed_frames += 1,
                Inside::Nothing => {}
                _ => self.counts.other_frames += 1,
            }
            return;
        };
        let receiver = Endpoint { scope: self.scope, mac: way.destination, ip: None };
        let to_group = way.destination.is_some_and(Mac::is_group);
        let ends = [sender, receiver];
        let context = Context { time: way.time, flow: None, ends, ports: [0; 2], side: Side::Initiator, to_group };
        self.message(entry, &context, payload, way.spans, sink);
    }

    fn entry_below_ip(&self, inside: Inside) -> Option<&'static dyn Dissector> {
        fn of<K: PartialEq>(entries: &[(K, &'static dyn Dissector)], key: K) -> Option<&'static dyn Dissector> {
            entries.iter().find(|(known, _)| *known == key).map(|(_, entry)| *entry)
        }
        match inside {
            Inside::Ethertype(held) => of(&self.by_ethertype, held),
            Inside::Snap(organisation, protocol) => of(&self.by_snap, (organisation, protocol)),
            Inside::Llc(to, from) => of(&self.by_llc, (to, from)),
            Inside::Link(link) => of(&self.by_link, link),
            _ => None,
        }
    }

    fn message(
        &mut self,
        entry: &'static dyn Dissector,
        context: &Context,
        payload: &[u8],
        spans: &[Span],
        sink: &mut dyn Sink,
    ) {
        let mut out = Output::new(context, (payload, spans), entry.info(), &self.key, sink);
        entry.open().read(context.side, payload, &mut out);
        wipe::stack();
    }

    fn ip(&mut self, packet: Option<Packet<'_>>, bytes: &[u8], way: Way<'_>, sink: &mut dyn Sink) {
        let Some(packet) = packet else {
            self.counts.bad_packets += 1;
            return;
        };
        let ahead = usize::try_from(offset_in(packet.payload, bytes)).unwrap_or(usize::MAX);
        let Some(fragment) = packet.fragment else {
            return with_spans(way, ahead, |way| self.transport(&packet, way, sink));
        };
        // Within a packet that came in fragments itself the slab of pieces is set aside, see below.
        let Some(span) = way.spans.first().filter(|_| !way.is_joined) else {
            self.fragments.dropped += 1;
            return;
        };
        let arrived = Arrived { fragment, span: span.behind(ahead), time: way.time };
        if let Some(whole) = self.fragments.add(self.scope, &packet, arrived, &mut self.pieces) {
            // The slab of pieces is set aside, so that the packet can be read while the rest of the sensor works.
            let pieces = std::mem::replace(&mut self.pieces, Slab::new(Box::new([])));
            let payload = pieces.bytes(&whole.bytes);
            let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
            let packet = Packet { payload, missing: 0, fragment: None, length, ..packet };
            self.transport(&packet, Way { spans: &whole.spans, is_joined: true, ..way }, sink);
            self.pieces = pieces;
            self.pieces.release(whole.bytes);
        }
    }

    fn transport(&mut self, packet: &Packet<'_>, way: Way<'_>, sink: &mut dyn Sink) {
        let transport = Transport(packet.protocol);
        let Ok(segment) = segment(transport, packet.payload) else {
            self.counts.bad_segments += 1;
            return;
        };
        let (from, to) = segment.ports;
        let key = FlowKey {
            scope: self.scope,
            transport,
            initiator: (packet.source, from),
            responder: (packet.destination, to),
        };
        let place = self.conversation(key, &segment, way, sink);
        let ahead = usize::try_from(offset_in(segment.payload, packet.payload)).unwrap_or(usize::MAX);
        let Some(conversation) = self.table.at_mut(place) else { return };
        let side = if conversation.key.initiator == key.initiator { Side::Initiator } else { Side::Responder };
        count(conversation, packet, &segment, side, way);
        match transport {
            Transport::TCP => with_spans(way, ahead, |way| self.tcp(place, &segment, side, way, sink)),
            Transport::UDP => {
                let is_teredo = from == tunnel::TEREDO || to == tunnel::TEREDO;
                let teredo = || if is_teredo { tunnel::teredo(segment.payload) } else { None };
                if let Some(tunnel) = tunnel::in_udp(to, segment.payload).or_else(teredo) {
                    return with_spans(way, ahead, |way| self.tunnel(place, segment.payload, tunnel, way, sink));
                }
                with_spans(way, ahead, |way| self.udp(place, segment.payload, side, way, sink));
            }
            _ => {
                if let Some(tunnel) = tunnel::in_ip(packet.protocol, packet.payload) {
                    return self.tunnel(place, packet.payload, tunnel, way, sink);
                }
            }
        }
        let entry = self.by_ip.iter().find(|(protocol, _)| *protocol == packet.protocol).map(|(_, entry)| *entry);
        if let (Some(entry), Some(conversation)) = (entry, self.table.at(place)) {
            let context = of_packet(conversation, side, way);
            self.message(entry, &context, packet.payload, way.spans, sink);
        }
    }

    /// The conversation that carries a tunnel is counted as any; what the tunnel holds goes its own way.
    fn tunnel(&mut self, place: u32, payload: &[u8], tunnel: Tunnel<'_>, way: Way<'_>, sink: &mut dyn Sink) {
        if let Some(conversation) = self.table.at_mut(place) {
            conversation.service = conversation.service.or(Some(tunnel.service));
        }
        self.deeper(payload, tunnel.layers, way, sink);
    }

    /// The conversation a segment belongs to: the one under way, or a new one, turned so that the initiator is first.
    fn conversation(&mut self, key: FlowKey, segment: &Segment<'_>, way: Way<'_>, sink: &mut dyn Sink) -> u32 {
        let begins = segment.tcp.is_some_and(|tcp| tcp.flags.syn() && !tcp.flags.ack());
        if let Some(place) = self.table.find(&key) {
            let is_other = |held: &Conversation| begins && held.is_over() || held.is_far_from(way.time);
            let over = self.table.at(place).is_some_and(is_other);
            if !over {
                return place;
            }
            let ended = self.table.take(place);
            ended.into_iter().for_each(|ended| self.report(ended, sink));
        }
        if self.table.is_full() {
            for evicted in self.table.evict() {
                self.counts.evicted_flows += 1;
                self.report(evicted, sink);
            }
        }
        let turned = FlowKey { initiator: key.responder, responder: key.initiator, ..key };
        let key = if self.is_answer(&key, segment) { turned } else { key };
        let place = self.table.begin(key, way.time);
        if !self.expected.is_empty()
            && let Some(begun) = self.table.at_mut(place)
        {
            begun.expected = self.expected.take(&key, way.time);
        }
        place
    }

    /// Whether a conversation that is first seen here was begun by the other side.
    fn is_answer(&self, key: &FlowKey, segment: &Segment<'_>) -> bool {
        if let Some(tcp) = segment.tcp.filter(|tcp| tcp.flags.syn()) {
            return tcp.flags.ack();
        }
        if !matches!(key.transport, Transport::TCP | Transport::UDP) {
            return matches!(
                (key.transport, key.initiator.1),
                (Transport::ICMP, 0 | 14 | 16 | 18) | (Transport::ICMPV6, 129)
            );
        }
        let carrier = if key.transport == Transport::TCP { Carrier::Tcp } else { Carrier::Udp };
        let known = |port| crate::reader::service_by_port(carrier, [0, port]).is_some();
        known(key.initiator.1) && !known(key.responder.1) && !is_group(key.responder.0)
    }

    fn udp(&mut self, place: u32, payload: &[u8], side: Side, way: Way<'_>, sink: &mut dyn Sink) {
        let Some(conversation) = self.table.at_mut(place) else { return };
        let context = of_packet(conversation, side, way);
        let (slab, key, expected) = (&mut self.messages, &self.key, &mut self.expected);
        let mut world = World { slab, key, sink, scratch: (*self.scratch).as_mut(), expected };
        if let Some(reader) = reader_of(conversation, side) {
            reader.datagram(&context, (payload, way.spans), &mut world);
        }
        self.counts.cut_bytes += settle(conversation, &mut world);
    }

    fn tcp(&mut self, place: u32, segment: &Segment<'_>, side: Side, way: Way<'_>, sink: &mut dyn Sink) {
        let (Some(conversation), Some(tcp)) = (self.table.at_mut(place), segment.tcp) else { return };
        let context = of_packet(conversation, side, way);
        let (slab, key, expected) = (&mut self.messages, &self.key, &mut self.expected);
        let mut world = World { slab, key, sink, scratch: (*self.scratch).as_mut(), expected };
        if tcp.flags.syn() {
            conversation.lane(side).begin(tcp.seq);
        }
        if tcp.flags.ack() {
            conversation.lane(side.other()).acknowledge(tcp.ack);
            read_waiting(conversation, &context, side.other(), &mut self.waiting, &mut world);
        }
        for (part, span) in parts(segment.payload, way.spans) {
            let ahead = u32::try_from(span.at).unwrap_or(u32::MAX).wrapping_add(u32::from(tcp.flags.syn()));
            let seq = tcp.seq.wrapping_add(ahead);
            let deaf = conversation.reader.as_ref().map_or(conversation.was_read, |reader| reader.is_deaf(side));
            let arrival = conversation.lane(side).arrive(seq, part, span, deaf, &mut self.waiting);
            if let (Arrival::InOrder(from), false) = (arrival, deaf) {
                let fresh = part.get(from..).unwrap_or_default();
                if let Some(reader) = reader_of(conversation, side) {
                    reader.stream(&context, fresh, span.behind(from), &mut world);
                }
            }
            read_waiting(conversation, &context, side, &mut self.waiting, &mut world);
        }
        if tcp.flags.fin() {
            let length = u32::try_from(segment.payload.len()).unwrap_or(u32::MAX);
            conversation.lane(side).finish(tcp.seq.wrapping_add(length));
        }
        end_sides(conversation, &context, tcp.flags, &mut world);
        self.counts.cut_bytes += settle(conversation, &mut world);
        if conversation.is_over() {
            self.table.close_soon(place, way.time);
        }
    }
}

fn count(conversation: &mut Conversation, packet: &Packet<'_>, segment: &Segment<'_>, side: Side, way: Way<'_>) {
    conversation.last = conversation.last.max(way.time);
    conversation.vlan = conversation.vlan.or(way.vlan);
    let slots = (&mut conversation.macs, &mut conversation.hop_limits);
    if let (Some(mac), Some(ttl)) = (slots.0.get_mut(side.index()), slots.1.get_mut(side.index())) {
        *mac = mac.or(way.source);
        *ttl = ttl.or(Some(packet.ttl));
    }
    if let Some(mac) = slots.0.get_mut(side.other().index()) {
        *mac = mac.or(way.destination.filter(|mac| mac.is_station()));
    }
    let payload = !segment.payload.is_empty();
    match segment.tcp {
        Some(tcp) => conversation.history.segment(tcp.flags, payload, side),
        None => conversation.history.note(b'd', side),
    }
    let direction = conversation.direction(side);
    direction.packets += 1;
    direction.ip_bytes += u64::from(packet.length);
    direction.bytes += segment.payload.len() as u64;
}

/// The reader of a conversation while there is something to learn from `side`.
fn reader_of(conversation: &mut Conversation, side: Side) -> Option<&mut Reader> {
    if conversation.reader.is_none() && !conversation.was_read {
        conversation.reader = Some(Box::new(Reader::expecting(conversation.expected)));
    }
    conversation.reader.as_deref_mut().filter(|reader| !reader.is_deaf(side))
}

/// Reads what is in order now of the segments that waited.
fn read_waiting(
    conversation: &mut Conversation,
    context: &Context,
    side: Side,
    waiting: &mut Slab,
    world: &mut World<'_>,
) {
    let context = Context { side, ..*context };
    while let Some(next) = conversation.lane(side).next(waiting) {
        match next {
            Next::Bytes(loan, span) => {
                if let Some(reader) = reader_of(conversation, side) {
                    reader.stream(&context, waiting.bytes(&loan), span, world);
                }
                waiting.release(loan);
            }
            Next::Gap(lost) => {
                conversation.history.note(b'g', side);
                if let Some(reader) = reader_of(conversation, side) {
                    reader.gap(side, lost, world);
                }
            }
        }
    }
}

/// Tells the reader of each side that will send no more.
fn end_sides(conversation: &mut Conversation, context: &Context, flags: Flags, world: &mut World<'_>) {
    for side in [Side::Initiator, Side::Responder] {
        let over = flags.rst() || conversation.lane(side).is_finished();
        if let Some(reader) = conversation.reader.as_deref_mut().filter(|_| over)
            && !reader.is_deaf(side)
        {
            reader.end(&Context { side, ..*context }, world);
        }
    }
}

/// Keeps the service once known, and lets the reader go when nothing more will be learned. Gives the bytes it cut.
fn settle(conversation: &mut Conversation, world: &mut World<'_>) -> u64 {
    let Some(reader) = conversation.reader.as_deref_mut() else { return 0 };
    conversation.was_read = true;
    conversation.service = conversation.service.or_else(|| reader.service());
    if !(reader.is_deaf(Side::Initiator) && reader.is_deaf(Side::Responder)) {
        return 0;
    }
    reader.close(world);
    let cut = reader.cut;
    conversation.reader = None;
    cut
}

/// The context of a packet that `side` sent, with the hardware addresses of this very packet.
fn of_packet(conversation: &Conversation, side: Side, way: Way<'_>) -> Context {
    let mut context = context(conversation, side, way.time, way.destination.is_some_and(Mac::is_group));
    let (sender, receiver) = (way.source, way.destination.filter(|mac| mac.is_station()));
    let [initiator, responder] = &mut context.ends;
    (initiator.mac, responder.mac) = if side == Side::Initiator { (sender, receiver) } else { (receiver, sender) };
    context
}

fn context(conversation: &Conversation, side: Side, time: Time, to_group: bool) -> Context {
    let FlowKey { scope, initiator, responder, .. } = conversation.key;
    let [from, to] = conversation.macs;
    let receiver = if side == Side::Initiator { responder.0 } else { initiator.0 };
    Context {
        time,
        flow: Some((conversation.id, conversation.key)),
        ends: [
            Endpoint { scope, mac: from, ip: Some(initiator.0) },
            Endpoint { scope, mac: to, ip: Some(responder.0) },
        ],
        ports: [initiator.1, responder.1],
        side,
        to_group: to_group || is_group(receiver),
    }
}

fn is_group(ip: IpAddr) -> bool {
    ip.is_multicast() || matches!(ip, IpAddr::V4(ip) if ip.is_broadcast())
}
