//! The narrow exit of every dissector: facts, records, weirds.
//!
//! What is said here is all that outlives the payload. There is no way to hand on a patient identifier or a secret;
//! values that may name a person leave as keyed hashes.

mod naming;

use crate::carried;
use crate::codec::keyed::PrivacyKey;
use crate::codec::uri::Shape;
use crate::codec::{inflate, text};
use crate::entry::{Dissector, Info};
use crate::flow::expected::Expected;
use crate::wipe;
use naming::{Naming, masked, naming};
use std::borrow::Cow;
use std::net::IpAddr;
use wardlight_model::{
    Endpoint, Field, Flow, FlowId, FlowKey, KeyKind, Keyed, Kind, Mac, Place, Port, Privacy, Record, Side, Time,
    Transport, Value, Weird,
};

/// Where facts, records and weirds go.
pub trait Sink {
    /// A fact was seen, perhaps again.
    fn fact(&mut self, sighting: &Sighting<'_>);
    /// Whether records are wanted at all; they cost nothing otherwise.
    fn wants_records(&self) -> bool;
    /// A transaction was seen.
    fn record(&mut self, record: Record);
    /// A breach of a specification was seen.
    fn weird(&mut self, weird: Weird);
    /// A conversation ended, fell silent, or was given up.
    fn flow(&mut self, flow: Flow) {
        let _ = flow;
    }
    /// A station sent a frame that belongs to no conversation.
    fn station(&mut self, station: Endpoint, time: Time) {
        let _ = (station, time);
    }
}

/// One sighting of a fact, borrowed from the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sighting<'a> {
    /// The station that is described, or that speaks for `key`.
    pub endpoint: Endpoint,
    /// The nested device that is described, when it is not the station itself.
    pub key: Option<(KeyKind, &'a str)>,
    /// What is said.
    pub field: Field,
    /// The value, tidied.
    pub value: &'a str,
    /// The dissector that read it.
    pub protocol: &'static str,
    /// When.
    pub time: Time,
    /// Where the bytes stand.
    pub place: Place,
}

/// What a fact is about, as a dissector says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About<'a> {
    /// Who sent the message.
    Sender,
    /// Who it was sent to. Said of nobody when that is a group.
    Receiver,
    /// The station with this hardware address, in the sender's scope.
    Station(Mac),
    /// The host with this network address, in the sender's scope.
    Host(IpAddr),
    /// The station that has both.
    Holder(Mac, IpAddr),
    /// A device the sender speaks for, by a name that stays with it. Said of nobody when the name is empty.
    Named(KeyKind, &'a str),
}

/// The message being read: who sent it to whom, when, in what.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// When the packet that completed it was seen.
    pub time: Time,
    /// The conversation; `None` below IP.
    pub flow: Option<(FlowId, FlowKey)>,
    /// Initiator and responder, with the hardware addresses of this packet.
    pub ends: [Endpoint; 2],
    /// Their ports; 0 where there are none.
    pub ports: [Port; 2],
    /// Which of them sent this message.
    pub side: Side,
    /// Whether it was sent to a group or to everyone.
    pub to_group: bool,
}

/// Where one part of a message came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte of the part within the message.
    pub at: usize,
    /// The run's source it came in.
    pub source: u32,
    /// Packet within the source, from 1.
    pub packet: u64,
    /// Where the part stands in that frame.
    pub offset: u32,
}

impl Span {
    /// Where what follows `length` bytes later in the same part stands.
    pub(crate) fn behind(self, length: usize) -> Self {
        Self { offset: self.offset.saturating_add(u32::try_from(length).unwrap_or(u32::MAX)), ..self }
    }

    /// The same in a message that begins `ahead` bytes later.
    pub(crate) const fn moved(self, ahead: usize) -> Self {
        Self { at: self.at.saturating_sub(ahead), ..self }
    }
}

/// What is known of a body, or of one half of an HTTP exchange, before a byte of it is read. What does not apply is
/// empty. Made from a media type alone where no HTTP carried it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Part<'a> {
    /// Media type as stated, with its parameters.
    pub media: &'a str,
    /// Method of the request.
    pub method: &'static str,
    /// Target of the request, as far as it can be known without values.
    pub target: Shape,
    /// Media types that the request accepts, as stated; empty in responses.
    pub accept: &'a str,
    /// Status of the response; 0 in requests.
    pub status: u16,
    /// `SOAPAction` of the request, as stated; empty in responses.
    pub action: &'a [u8],
    /// Whether the bytes are a message head ([`Carrier::Exchange`](crate::entry::Carrier::Exchange)) and not a body.
    pub is_head: bool,
}

impl<'a> From<&'a str> for Part<'a> {
    fn from(media: &'a str) -> Self {
        Self { media, ..Self::default() }
    }
}

impl Part<'_> {
    /// The media type without parameters.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.media.split(';').next().unwrap_or_default().trim()
    }
}

/// What a parser speaks through while it reads one message.
pub struct Output<'a> {
    context: &'a Context,
    message: &'a [u8],
    spans: &'a [Span],
    info: &'static Info,
    key: &'a PrivacyKey,
    sink: &'a mut dyn Sink,
    part: Part<'a>,
    scratch: &'a mut [u8],
    expected: Option<&'a mut Expected>,
    depth: u8,
}

impl<'a> Output<'a> {
    /// For `message`, which came in `spans` (in order; the first at 0) and is read by the entry that `info` describes.
    pub fn new(
        context: &'a Context,
        (message, spans): (&'a [u8], &'a [Span]),
        info: &'static Info,
        key: &'a PrivacyKey,
        sink: &'a mut dyn Sink,
    ) -> Self {
        let (part, scratch, expected) = (Part::default(), &mut [][..], None);
        Self { context, message, spans, info, key, sink, part, scratch, expected, depth: 0 }
    }

    /// With lent memory that compressed bodies are unpacked into.
    #[must_use]
    pub fn unpacking_in(self, scratch: &'a mut [u8]) -> Self {
        Self { scratch, ..self }
    }

    /// With a place where announced conversations are noted.
    #[must_use]
    pub const fn announcing_in(self, expected: &'a mut Expected) -> Self {
        Self { expected: Some(expected), ..self }
    }

    /// Who sent the message to whom, when, in what.
    #[must_use]
    pub const fn context(&self) -> &Context {
        self.context
    }

    /// What is known of the body or half exchange that is read, when it is one.
    #[must_use]
    pub const fn part(&self) -> &Part<'a> {
        &self.part
    }

    /// Whether anybody wants records: what would only go into one need not be kept otherwise.
    #[must_use]
    pub fn wants_records(&self) -> bool {
        self.sink.wants_records()
    }

    /// Says that `field` of `about` is the text of `raw` (UTF-8, else Latin-1; tidied). `raw` must lie in the message.
    /// Says nothing when no text is left.
    pub fn text(&mut self, about: About<'_>, field: Field, raw: &[u8]) {
        self.fact(about, field, &text::clean(raw), raw);
    }

    /// Says that `field` of `about` is `value`, as the bytes `raw` of the message show. Says nothing when `value` is
    /// empty. A host name that carries a person's name is said as its product and a keyed hash.
    pub fn fact(&mut self, about: About<'_>, field: Field, value: &str, raw: &[u8]) {
        let value = &*text::tidy(value);
        if value.is_empty() {
            return;
        }
        let value = match naming(field, about) {
            Some(naming) => masked(self.key, value, naming),
            None => Cow::Borrowed(value),
        };
        // A hash is longer than what it stands for.
        self.say(about, field, &text::tidy(&value), raw);
    }

    fn say(&mut self, about: About<'_>, field: Field, value: &str, raw: &[u8]) {
        let Some((endpoint, key)) = self.resolve(about) else { return };
        let key = key.map(|(kind, name)| (kind, text::tidy(name)));
        if key.as_ref().is_some_and(|(_, name)| name.is_empty()) {
            return;
        }
        let key = key.as_ref().map(|(kind, name)| (*kind, &**name));
        let (protocol, time, place) = (self.info.name, self.context.time, self.place(raw));
        self.sink.fact(&Sighting { endpoint, key, field, value, protocol, time, place });
    }

    /// The keyed hash that stands for `raw`, a value of privacy class [`Privacy::Person`].
    #[must_use]
    pub fn keyed(&self, raw: &[u8]) -> Keyed {
        self.key.hash(raw)
    }

    /// `name` of a host with what carries a person's name in it put as its product and a keyed hash. For names that a
    /// device only asks for; the fields of a device's own names do so by themselves.
    #[must_use]
    pub fn masked<'b>(&self, name: &'b str) -> Cow<'b, str> {
        masked(self.key, name, Naming::Asked)
    }

    /// The same for a name that the device has itself, within a longer text.
    #[must_use]
    pub(crate) fn masked_own<'b>(&self, name: &'b str) -> Cow<'b, str> {
        masked(self.key, name, Naming::Own)
    }

    /// The name of a host that is asked for, with what may be a person's in it put as a keyed hash, to be kept until a
    /// record is written.
    pub(crate) fn masked_asked<'b>(&self, name: &'b str) -> Cow<'b, str> {
        masked(self.key, name, Naming::Asked)
    }

    /// Announces that the receiver will soon speak to the sender's `port`, in the protocol of the entry called `protocol`:
    /// what its probe calls likely is enough then, on any port.
    pub fn expect(&mut self, transport: Transport, port: Port, protocol: &'static str) {
        debug_assert!(crate::proto::named(protocol).is_some(), "{protocol} is no entry");
        let (Some(expected), Some((_, key)), false) = (&mut self.expected, self.context.flow, self.context.to_group)
        else {
            return;
        };
        let ends = [key.initiator, key.responder];
        let (sender, receiver) = (self.context.side.of(ends), self.context.side.other().of(ends));
        let key = FlowKey { transport, initiator: receiver, responder: (sender.0, port), ..key };
        expected.announce(&key, protocol, self.context.time);
    }

    /// Writes one record, when anybody wants records: `fill` puts in its values.
    pub fn record(&mut self, fill: impl FnOnce(&mut Row<'_>)) {
        if !self.sink.wants_records() {
            return;
        }
        let mut row = Row { info: self.info, key: self.key, values: Vec::new() };
        fill(&mut row);
        let record = Record {
            protocol: self.info.name,
            time: self.context.time,
            flow: self.context.flow,
            side: self.context.side,
            values: row.values,
        };
        self.sink.record(record);
    }

    /// Names a breach of the specification; `name` stands in the entry's [`Info::weirds`].
    pub fn weird(&mut self, name: &'static str) {
        debug_assert!(self.info.weirds.iter().any(|(known, _)| *known == name), "{name} is not in Info::weirds");
        let place = self.place(self.message);
        let flow = self.context.flow.map(|(_, key)| key);
        self.sink.weird(Weird { name, time: self.context.time, place, flow });
    }

    /// Offers a body to the entries that read its media type. `bytes` must lie in the message; they may be cut short.
    pub fn body<'p>(&mut self, part: impl Into<Part<'p>>, bytes: &[u8]) {
        let part = part.into();
        self.offer(part, bytes, carried::by_body(part.kind()));
    }

    /// Offers one half of an HTTP exchange to the entries that read such; `head` must lie in the message.
    pub fn exchange(&mut self, part: Part<'_>, head: &[u8]) {
        let part = Part { is_head: true, ..part };
        self.offer(part, head, carried::by_exchange());
    }

    fn offer(&mut self, part: Part<'_>, bytes: &[u8], entries: impl Iterator<Item = &'static dyn Dissector>) {
        if self.depth >= 4 || bytes.is_empty() {
            return;
        }
        for entry in entries {
            let (info, scratch, depth) = (entry.info(), &mut *self.scratch, self.depth + 1);
            let expected = self.expected.as_deref_mut();
            let mut inner = Output { info, part, sink: &mut *self.sink, scratch, expected, depth, ..*self };
            entry.open().read(self.context.side, bytes, &mut inner);
        }
    }

    /// Has `write` put bytes into the front of `room` bytes of lent memory and these read, as many as it says. The room
    /// is wiped afterwards. `false` when it wrote none.
    pub(crate) fn write(
        &mut self,
        room: usize,
        write: impl FnOnce(&mut [u8]) -> usize,
        read: impl FnOnce(&mut Self, &[u8]),
    ) -> bool {
        let scratch = std::mem::take(&mut self.scratch);
        let mut length = 0;
        if let Some(room) = scratch.get_mut(..room) {
            length = write(room);
            if let Some(plain) = room.get(..length).filter(|plain| !plain.is_empty()) {
                read(self, plain);
            }
            room.fill(0);
        }
        self.scratch = scratch;
        length > 0
    }

    /// Unpacks `packed` as `coding` (an HTTP content coding) says and has the plain bytes read, as far as they fit lent
    /// memory; which is wiped afterwards. `false` when the coding is not known, or nothing could be unpacked.
    pub fn unpack(&mut self, coding: &str, packed: &[u8], read: impl FnOnce(&mut Self, &[u8])) -> bool {
        let scratch = std::mem::take(&mut self.scratch);
        let length = inflate::into(coding, packed, scratch);
        if let Some(plain) = scratch.get_mut(..length) {
            read(self, plain);
            plain.fill(0);
        }
        self.scratch = scratch;
        length > 0
    }

    /// Where `raw`, a part of the message, stands in its frame. A `raw` from elsewhere stands for the whole message.
    #[must_use]
    pub fn place(&self, raw: &[u8]) -> Place {
        let begin = raw.as_ptr().addr().checked_sub(self.message.as_ptr().addr());
        let at = begin.filter(|at| at.saturating_add(raw.len()) <= self.message.len());
        let (at, length) = at.map_or((0, self.message.len()), |at| (at, raw.len()));
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let span = self.spans.iter().rev().find(|span| span.at <= at).copied().unwrap_or_default();
        let ahead = u32::try_from(at - span.at.min(at)).unwrap_or(u32::MAX);
        Place { source: span.source, packet: span.packet, offset: span.offset.saturating_add(ahead), length }
    }

    fn resolve<'b>(&self, about: About<'b>) -> Option<(Endpoint, Option<(KeyKind, &'b str)>)> {
        let [initiator, responder] = self.context.ends;
        let (sender, receiver) = match self.context.side {
            Side::Initiator => (initiator, responder),
            Side::Responder => (responder, initiator),
        };
        let scope = sender.scope;
        Some(match about {
            About::Sender => (sender, None),
            About::Receiver if self.context.to_group => return None,
            About::Receiver => (receiver, None),
            About::Station(mac) if !mac.is_station() => return None,
            About::Station(mac) => (Endpoint { scope, mac: Some(mac), ip: None }, None),
            About::Host(ip) => (Endpoint { scope, mac: None, ip: Some(wipe::address(ip)) }, None),
            About::Holder(mac, _) if !mac.is_station() => return None,
            About::Holder(mac, ip) => (Endpoint { scope, mac: Some(mac), ip: Some(wipe::address(ip)) }, None),
            About::Named(kind, text) => (sender, Some((kind, text))),
        })
    }
}

/// The values of one record while it is filled. Names must stand in the entry's [`Info::record`] with the same type.
pub struct Row<'a> {
    info: &'static Info,
    key: &'a PrivacyKey,
    values: Vec<(&'static str, Value)>,
}

impl Row<'_> {
    /// Text of `raw` (UTF-8, else Latin-1; tidied); left out when empty. Never a name that people give: see
    /// [`Row::host`].
    pub fn text(&mut self, name: &'static str, raw: impl AsRef<[u8]>) {
        let text = text::clean(raw.as_ref());
        if !text.is_empty() {
            self.put(name, Value::Text(text.into_owned()));
        }
    }

    /// Text of `raw`, the own name of a host or service: what may be a person's name in it is put as a keyed hash behind
    /// the words that name none. Left out when empty.
    pub fn host(&mut self, name: &'static str, raw: impl AsRef<[u8]>) {
        let text = masked(self.key, &text::clean(raw.as_ref()), Naming::Own).into_owned();
        self.text(name, text);
    }

    /// Text of `raw`, a name that a device asks for, or a domain: hidden only where it tells whose computer it is, or
    /// has no dot and is no word for devices. Left out when empty.
    pub(crate) fn asked(&mut self, name: &'static str, raw: impl AsRef<[u8]>) {
        let text = masked(self.key, &text::clean(raw.as_ref()), Naming::Asked).into_owned();
        self.text(name, text);
    }

    /// Names of hosts or services, the first 64, each as [`Row::host`] writes it; left out when there are none.
    pub fn hosts<T: AsRef<[u8]>>(&mut self, name: &'static str, items: impl IntoIterator<Item = T>) {
        let key = self.key;
        let hidden = |item: T| masked(key, &text::clean(item.as_ref()), Naming::Own).into_owned();
        self.list(name, items.into_iter().map(hidden));
    }

    /// Names that others have, the first 64, each as [`Row::asked`] writes it; left out when there are none.
    pub(crate) fn asked_all<T: AsRef<[u8]>>(&mut self, name: &'static str, items: impl IntoIterator<Item = T>) {
        let key = self.key;
        let hidden = |item: T| masked(key, &text::clean(item.as_ref()), Naming::Asked).into_owned();
        self.list(name, items.into_iter().map(hidden));
    }

    /// A number from 0 up.
    pub fn number(&mut self, name: &'static str, number: impl Into<u64>) {
        self.put(name, Value::Number(number.into()));
    }

    /// Yes or no.
    pub fn flag(&mut self, name: &'static str, flag: bool) {
        self.put(name, Value::Flag(flag));
    }

    /// Texts, the first 64; left out when there are none.
    pub fn list<T: AsRef<[u8]>>(&mut self, name: &'static str, items: impl IntoIterator<Item = T>) {
        let items: Vec<String> =
            items.into_iter().take(64).map(|item| text::clean(item.as_ref()).into_owned()).collect();
        if !items.is_empty() {
            self.put(name, Value::List(items));
        }
    }

    /// The keyed hash of `raw`, a value that may name a person; left out when empty.
    pub fn person(&mut self, name: &'static str, raw: &[u8]) {
        if !raw.is_empty() {
            self.put(name, Value::Keyed(self.key.hash(raw)));
        }
    }

    /// The keyed hash that stands for `raw`.
    #[must_use]
    pub fn hash(&self, raw: &[u8]) -> Keyed {
        self.key.hash(raw)
    }

    /// A keyed hash that [`Output::keyed`] gave, of a value that may name a person.
    pub fn keyed(&mut self, name: &'static str, keyed: Keyed) {
        self.put(name, Value::Keyed(keyed));
    }

    fn put(&mut self, name: &'static str, value: Value) {
        debug_assert!(self.fits(name, &value), "{name} does not stand so in Info::record of {}", self.info.name);
        self.values.push((name, value));
    }

    fn fits(&self, name: &str, value: &Value) -> bool {
        let kind = match value {
            Value::Text(_) => Kind::Text,
            Value::Number(_) => Kind::Number,
            Value::Flag(_) => Kind::Flag,
            Value::List(_) => Kind::List,
            Value::Keyed(_) => Kind::Keyed,
        };
        let keyed_for_people =
            |field: &wardlight_model::FieldInfo| (field.privacy == Privacy::Person) == (kind == Kind::Keyed);
        self.info.record.iter().any(|field| field.name == name && field.kind == kind && keyed_for_people(field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Names(Vec<String>, Vec<String>);

    impl Sink for Names {
        fn fact(&mut self, seen: &Sighting<'_>) {
            self.0.extend(seen.key.map(|(_, name)| name.to_owned()));
            self.1.push(seen.value.to_owned());
        }

        fn wants_records(&self) -> bool {
            false
        }

        fn record(&mut self, _: Record) {}

        fn weird(&mut self, _: Weird) {}
    }

    /// What comes out when `field` of each of `abouts` is said to be `value`.
    fn said(abouts: &[About<'_>], field: Field, value: &str) -> Names {
        let end = Endpoint::default();
        let context = Context {
            time: Time::default(),
            flow: None,
            ends: [end, end],
            ports: [0; 2],
            side: Side::Initiator,
            to_group: false,
        };
        let (key, mut names) = (PrivacyKey::new(&[7; 32]), Names::default());
        let info = crate::proto::ENTRIES[0].info();
        let mut out = Output::new(&context, (b"X", &[]), info, &key, &mut names);
        abouts.iter().for_each(|about| out.fact(*about, field, value, b"X"));
        names
    }

    #[test]
    fn a_name_that_a_device_is_known_by_is_tidied_and_never_empty() {
        let long = format!("Acme/{}", "7".repeat(500));
        let abouts = ["", " \u{0}", "Acme/\u{7}12 ", &long].map(|name| About::Named(KeyKind::Serial, name));
        let names = said(&abouts, Field::Model, "X");
        assert_eq!(names.0, ["Acme/12", &format!("Acme/{}", "7".repeat(text::LONGEST - 5))]);
    }

    #[test]
    fn a_value_stays_bounded_when_a_hash_takes_a_name_out() {
        let names = said(&[About::Sender], Field::FriendlyName, &format!("Annas iPhone {}", "é".repeat(120)));
        assert!(names.1.iter().all(|value| value.len() <= text::LONGEST && !value.contains("Anna")), "{:?}", names.1);
    }
}
