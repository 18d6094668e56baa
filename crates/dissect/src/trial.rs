//! Tries dissectors on hand-written conversations: for unit tests and for the golden cases.
//!
//! A conversation is text. First a head: `tcp 10.0.0.5:40000 > 10.0.0.9:104`, `udp …`, or `frame NAME FROM > TO` for
//! entries below UDP and TCP (NAME is the entry; FROM and TO are hardware or network addresses). Either end may be
//! followed by `@` and its hardware address: `udp 10.0.0.5:68@00:09:fb:00:00:01 > 255.255.255.255:67`. Then messages:
//! `> 0a0b "text\r\n"` from the initiator, `< …` from the responder; hexadecimal and quoted text (escapes `\r \n \t \0
//! \" \\ \xNN`) may be mixed, and a line that begins with a blank goes on with the message before it. `end` ends both
//! directions, `gap > 20` loses 20 bytes of the initiator, `expected NAME` says that another conversation announced this one
//! as one of that entry. Lines that begin with `#` are comments.

mod segments;

use crate::codec::keyed::PrivacyKey;
use crate::entry::{Carrier, Dissector};
use crate::flow::expected::Expected;
use crate::lent::Slab;
use crate::output::{Context, Output, Sighting, Sink, Span};
use crate::proto;
use crate::reader::{Reader, World};
use serde_json::{Value as Json, json};
use std::net::{IpAddr, SocketAddr};
use wardlight_model::{Endpoint, FlowId, FlowKey, Mac, Port, Record, Scope, Side, Time, Transport, Value, Weird};

/// What a trial heard: everything a dissector said.
#[derive(Debug, Default, PartialEq)]
pub struct Heard {
    /// `WHO FIELD = VALUE`, sorted, each once.
    pub facts: Vec<String>,
    /// Records as JSON objects, in order.
    pub records: Vec<Json>,
    /// Weirds by name, sorted, each once.
    pub weirds: Vec<String>,
    /// The application protocol found.
    pub service: Option<&'static str>,
    /// For each fact as above, the bytes of the message that say so.
    pub places: Vec<(String, u32, u32)>,
}

impl Sink for Heard {
    fn fact(&mut self, seen: &Sighting<'_>) {
        let host = match (seen.endpoint.ip, seen.endpoint.mac) {
            (Some(ip), None) => ip.to_string(),
            (None, Some(mac)) => mac.to_string(),
            (Some(ip), Some(mac)) => format!("{ip}@{mac}"),
            (None, None) => "-".to_owned(),
        };
        let key = seen.key.map(|(kind, text)| format!(">{kind:?}:{text}")).unwrap_or_default();
        let line = format!("{host}{key} {} = {}", seen.field.name(), seen.value);
        self.places.push((line.clone(), seen.place.offset, seen.place.length));
        self.facts.push(line);
    }

    fn wants_records(&self) -> bool {
        true
    }

    fn record(&mut self, record: Record) {
        let mut object = serde_json::Map::new();
        object.insert("protocol".to_owned(), json!(record.protocol));
        for (name, value) in record.values {
            let value = match value {
                Value::Text(text) => json!(text),
                Value::Number(number) => json!(number),
                Value::Flag(flag) => json!(flag),
                Value::List(items) => json!(items),
                Value::Keyed(keyed) => json!(keyed.to_string()),
            };
            assert!(object.insert(name.to_owned(), value).is_none(), "{name} stands twice in one record");
        }
        self.records.push(Json::Object(object));
    }

    fn weird(&mut self, weird: Weird) {
        self.weirds.push(weird.name.to_owned());
    }
}

impl Heard {
    fn settled(mut self) -> Self {
        for list in [&mut self.facts, &mut self.weirds] {
            list.sort();
            list.dedup();
        }
        self
    }

    /// As it stands in `expect.json`.
    pub fn to_json(&self) -> Json {
        json!({ "service": self.service, "facts": self.facts, "records": self.records, "weirds": self.weirds })
    }

    /// Whether the fact `WHO FIELD = VALUE` was said.
    #[track_caller]
    #[allow(dead_code, reason = "used by the entries' own tests")]
    pub fn says(&self, fact: &str) {
        assert!(self.facts.iter().any(|said| said == fact), "{fact:?} was not said, but {:#?}", self.facts);
    }
}

/// Listens to the conversation written in `script` as it stands.
#[track_caller]
pub fn hear(script: &str) -> Heard {
    Trial::parse(script).run(usize::MAX)
}

/// Listens to the conversation with every stream message cut into pieces of at most `piece` bytes.
#[track_caller]
pub fn hear_in_pieces(script: &str, piece: usize) -> Heard {
    Trial::parse(script).run(piece)
}

enum Event {
    Message(Side, Vec<u8>),
    Gap(Side, u64),
    End,
}

struct Trial {
    carrier: Option<Carrier>,
    entry: Option<&'static dyn Dissector>,
    ends: [(Endpoint, Port); 2],
    events: Vec<Event>,
    /// The protocol that another conversation announced.
    expected: Option<&'static str>,
}

impl Trial {
    #[track_caller]
    fn parse(script: &str) -> Self {
        let mut lines = script.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let head = lines.next().expect("a conversation begins with its head");
        let (what, ends) = head.split_once(' ').expect("head: `tcp A > B`");
        let (carrier, entry, ends) = match what {
            "tcp" => (Some(Carrier::Tcp), None, ends),
            "udp" => (Some(Carrier::Udp), None, ends),
            "frame" => {
                let (name, ends) = ends.split_once(' ').expect("head: `frame NAME A > B`");
                (None, Some(proto::named(name).unwrap_or_else(|| panic!("no entry {name}"))), ends)
            }
            other => panic!("unknown carrier {other:?} in {head:?}"),
        };
        let (from, to) = ends.split_once(" > ").expect("head: `… A > B`");
        let mut trial = Self { carrier, entry, ends: [end(from), end(to)], events: Vec::new(), expected: None };
        lines.for_each(|line| trial.line(line));
        trial
    }

    fn line(&mut self, line: &str) {
        let (mark, rest) = line.split_at(1);
        match mark {
            ">" => self.events.push(Event::Message(Side::Initiator, bytes(rest))),
            "<" => self.events.push(Event::Message(Side::Responder, bytes(rest))),
            " " => match self.events.last_mut() {
                Some(Event::Message(_, message)) => message.extend(bytes(rest)),
                _ => panic!("no message to go on with: {line:?}"),
            },
            _ if line.starts_with("expected ") => {
                self.expected = proto::named(line.get(9..).unwrap_or_default().trim()).map(|entry| entry.info().name)
            }
            _ if line.trim() == "end" => self.events.push(Event::End),
            _ => {
                let words: Vec<&str> = line.split_whitespace().collect();
                let side = if words[1] == ">" { Side::Initiator } else { Side::Responder };
                assert_eq!(words[0], "gap", "unknown line {line:?}");
                self.events.push(Event::Gap(side, words[2].parse().expect("gap length")));
            }
        }
    }

    fn run(&self, piece: usize) -> Heard {
        let mut heard = Heard::default();
        let mut slab = Slab::new(Box::new(vec![0; 4 << 20]));
        let key = PrivacyKey::new(&[7; 32]);
        let mut scratch = vec![0; 1 << 18];
        let mut expected = Expected::default();
        let mut reader = Reader::expecting(self.expected);
        let mut packet = 0;
        for event in &self.events {
            packet += 1;
            let (slab, scratch, expected) = (&mut slab, &mut scratch, &mut expected);
            let mut world = World { slab, key: &key, sink: &mut heard, scratch, expected };
            match event {
                Event::Message(side, message) => {
                    let context = self.context(*side, packet);
                    match (self.entry, self.carrier) {
                        (Some(entry), _) => read_frame(entry, &context, message, packet, &mut world),
                        (None, Some(Carrier::Udp)) => {
                            reader.datagram(&context, (message, &[span(packet, 0)]), &mut world)
                        }
                        _ => {
                            for (n, part) in message.chunks(piece.min(message.len().max(1))).enumerate() {
                                reader.stream(&context, part, span(packet, n * piece.min(message.len())), &mut world);
                            }
                        }
                    }
                }
                Event::Gap(side, lost) => reader.gap(*side, *lost, &mut world),
                Event::End => {
                    for side in [Side::Initiator, Side::Responder] {
                        reader.end(&self.context(side, packet), &mut world);
                    }
                }
            }
        }
        let service = reader.service().map(|service| service.name);
        let (slab, scratch, expected) = (&mut slab, &mut scratch, &mut expected);
        reader.close(&mut World { slab, key: &key, sink: &mut heard, scratch, expected });
        assert_eq!(slab.in_use(), 0, "lent memory was not given back");
        heard.service = service;
        heard.settled()
    }

    fn context(&self, side: Side, packet: u64) -> Context {
        let [(initiator, from), (responder, to)] = self.ends;
        let transport = if self.carrier == Some(Carrier::Tcp) { Transport::TCP } else { Transport::UDP };
        let flow = initiator.ip.zip(responder.ip).map(|(a, b)| {
            (FlowId(1), FlowKey { scope: Scope(0), transport, initiator: (a, from), responder: (b, to) })
        });
        let to = self.ends[side.other().index()].0;
        let to_group = to.ip.is_some_and(|ip| ip.is_multicast() || ip.to_string() == "255.255.255.255")
            || to.mac.is_some_and(Mac::is_group);
        let time = Time::from_seconds(1_700_000_000 + i64::try_from(packet).expect("few packets"));
        Context { time, flow, ends: [initiator, responder], ports: [self.ends[0].1, self.ends[1].1], side, to_group }
    }
}

fn read_frame(entry: &'static dyn Dissector, context: &Context, message: &[u8], packet: u64, world: &mut World<'_>) {
    let spans = [span(packet, 0)];
    let mut out = Output::new(context, (message, &spans), entry.info(), world.key, world.sink);
    entry.open().read(context.side, message, &mut out);
}

fn span(packet: u64, offset: usize) -> Span {
    Span { at: 0, source: 0, packet, offset: u32::try_from(offset).expect("short messages") }
}

#[track_caller]
fn end(text: &str) -> (Endpoint, Port) {
    let (address, mac) = match text.trim().split_once('@') {
        Some((address, mac)) => (address, Some(mac.parse().expect("hardware address behind @"))),
        None => (text.trim(), None),
    };
    // Addresses with dots come first: without them `97.0.115.163:161` would be six hexadecimal pairs.
    let (ip, port) = match (address.parse::<SocketAddr>(), address.parse::<IpAddr>(), address.parse::<Mac>()) {
        (Ok(socket), ..) => (socket.ip(), socket.port()),
        (_, Ok(ip), _) => (ip, 0),
        (.., Ok(mac)) => return (Endpoint { mac: Some(mac), ..Endpoint::default() }, 0),
        _ => panic!("{address:?} is no address"),
    };
    (Endpoint { mac, ip: Some(ip), ..Endpoint::default() }, port)
}

/// The bytes of one message line: hexadecimal and quoted text.
#[track_caller]
pub fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => quoted(&mut rest, &mut out),
            c if c.is_whitespace() => {}
            c => {
                let low = rest.next().and_then(|d| d.to_digit(16));
                let pair = c.to_digit(16).zip(low).unwrap_or_else(|| panic!("not hexadecimal: {text:?}"));
                out.push(u8::try_from(pair.0 * 16 + pair.1).expect("two digits"));
            }
        }
    }
    out
}

fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut Vec<u8>) {
    loop {
        match rest.next().expect("text is closed by a quote") {
            '"' => return,
            '\\' => match rest.next().expect("escape") {
                'r' => out.push(b'\r'),
                'n' => out.push(b'\n'),
                't' => out.push(b'\t'),
                '0' => out.push(0),
                'x' => {
                    let mut digit = || rest.next().and_then(|d| d.to_digit(16)).expect("\\xNN");
                    out.push(u8::try_from(digit() * 16 + digit()).expect("two digits"));
                }
                other => out.extend(other.to_string().bytes()),
            },
            c => out.extend(c.to_string().bytes()),
        }
    }
}

/// Runs every golden case of `golden/proto/`: the same facts, records and weirds as `expect.json`, however the stream
/// is cut. `UPDATE=1` rewrites the expectations.
#[test]
fn golden_cases_say_what_they_should() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/proto");
    let mut wrong = Vec::new();
    for case in cases(&root) {
        let script = std::fs::read_to_string(case.join("input.txt")).expect("case has input.txt");
        let heard = hear(&script);
        for piece in [1, 7, 100] {
            let again = hear_in_pieces(&script, piece);
            if again.to_json() != heard.to_json() {
                wrong.push(format!("{}: says something else in pieces of {piece}", case.display()));
            }
        }
        let expect = case.join("expect.json");
        if std::env::var_os("UPDATE").is_some() {
            let text = serde_json::to_string_pretty(&heard.to_json()).expect("JSON") + "\n";
            std::fs::write(&expect, text).expect("expect.json can be written");
        }
        let expected = std::fs::read(&expect).ok().and_then(|text| serde_json::from_slice::<Json>(&text).ok());
        if expected.as_ref() != Some(&heard.to_json()) {
            wrong.push(format!("{}: heard {:#}", case.display(), heard.to_json()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn cases(root: &std::path::Path) -> Vec<std::path::PathBuf> {
    let list = |folder: &std::path::Path| -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(folder).map(|all| all.filter_map(Result::ok).map(|entry| entry.path()));
        let mut folders: Vec<_> = entries.map(|all| all.filter(|path| path.is_dir()).collect()).unwrap_or_default();
        folders.sort();
        folders
    };
    list(root).iter().flat_map(|protocol| list(protocol)).collect()
}

/// Entries keep the rules of the list: unique names, own names in weirds, records with declared fields.
#[test]
fn entries_are_well_formed() {
    let mut names = std::collections::BTreeSet::new();
    for entry in proto::ENTRIES {
        let info = entry.info();
        assert!(names.insert(info.name), "{} stands twice", info.name);
        assert!(!info.carriers.is_empty() && !info.source.is_empty(), "{}", info.name);
        assert!(info.window <= crate::lent::LARGEST, "{} wants a window beyond the largest block", info.name);
        for (weird, meaning) in info.weirds {
            assert!(weird.starts_with(&format!("{}.", info.name)) && !meaning.is_empty(), "{weird}");
        }
    }
}
