//! What tests of whole documents share.
#![allow(dead_code, reason = "each test program uses a part")]

use serde_json::{Map, Value, json};
use std::borrow::Cow;
use wardlight_ingest::{Item, Options, ReadError, Tally, Veil, source};
use wardlight_model::{Keyed, Scope, Subject, Time};

/// Hides every person behind a hash without a key, and host names that hold `canary`.
pub struct Cloth;

impl Veil for Cloth {
    fn person(&self, text: &str) -> Keyed {
        let hash =
            text.bytes().fold(7_u128, |hash, byte| hash.wrapping_mul(0x0100_0000_01b3).wrapping_add(byte.into()));
        Keyed(hash.to_be_bytes())
    }

    fn host<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if name.to_lowercase().contains("canary") {
            Cow::Owned(self.person(name).to_string())
        } else {
            Cow::Borrowed(name)
        }
    }
}

/// Options for a document called `name`, read on 2026-11-22 at noon.
pub fn options(name: &str) -> Options<'_> {
    let now = Time::from_seconds(1_795_348_800);
    Options { name, source: 0, scope: Scope(0), now, ahead_s: 0, mapping: None, veil: &Cloth }
}

/// What the source called `source` gives of `bytes`.
pub fn read(source: &str, name: &str, bytes: &[u8]) -> (Vec<Item>, Result<Tally, ReadError>) {
    let entry = source::named(source).unwrap_or_else(|| panic!("no source is called {source}"));
    let mut items = Vec::new();
    let tally = entry.read(&mut { bytes }, &options(name), &mut |item| items.push(item));
    (items, tally)
}

pub fn is_set_aside(item: &Item) -> bool {
    matches!(item, Item::Trouble(trouble) if !trouble.is_mended)
}

/// What was given, as JSON that people can check.
pub fn shown(items: &[Item], tally: Tally) -> Value {
    let items: Vec<Value> = items.iter().map(shown_item).collect();
    let Tally { rows, accepted, mended, set_aside, silent } = tally;
    json!({ "items": items, "tally": {
        "rows": rows, "accepted": accepted, "mended": mended, "set_aside": set_aside, "silent": silent } })
}

fn shown_item(item: &Item) -> Value {
    match item {
        Item::Record(record) => {
            let mut says = Map::new();
            for (field, value) in &record.says {
                match says.get_mut(field.name()) {
                    Some(Value::Array(more)) => more.push(json!(value)),
                    Some(one) => *one = json!([one, value]),
                    None => drop(says.insert(field.name().to_owned(), json!(value))),
                }
            }
            json!({ "record": record.key, "row": record.row, "as_of": record.as_of.map(|time| time.to_string()), "says": says })
        }
        Item::Fact(fact) => {
            let Subject::Host(host) = &fact.subject else { panic!("no source knows of nested devices") };
            json!({ "fact": fact.field.name(), "value": fact.value, "row": fact.place.packet,
                "mac": host.mac, "ip": host.ip, "time": fact.first.to_string() })
        }
        Item::Flow(flow) => json!({ "flow": format!("{} {}:{} > {}:{}", flow.key.transport, flow.key.initiator.0,
                flow.key.initiator.1, flow.key.responder.0, flow.key.responder.1),
            "packets": flow.sent.map(|way| way.packets), "ip_bytes": flow.sent.map(|way| way.ip_bytes),
            "bytes": flow.sent.map(|way| way.bytes), "state": flow.state, "history": flow.history,
            "first": flow.first.to_string(), "last": flow.last.to_string(), "macs": flow.macs, "vlan": flow.vlan,
            "service": flow.service.map(|service| service.name) }),
        Item::Presence(presence) => json!({ "presence": presence.endpoint.ip, "mac": presence.endpoint.mac,
            "first": presence.first.to_string() }),
        Item::Trouble(trouble) => {
            json!({ "trouble": trouble.what, "row": trouble.row, "mended": trouble.is_mended })
        }
    }
}

/// `bytes` damaged in ten ways, the same each time.
pub fn damaged(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut chance = Chance(bytes.len() as u64 + 1);
    let at = |chance: &mut Chance| chance.below(bytes.len());
    let swapped = |from: &[u8], to: &[u8]| {
        let mut out = Vec::new();
        let mut rest = bytes;
        while let Some(found) = rest.windows(from.len()).position(|window| window == from) {
            out.extend_from_slice(&rest[..found]);
            out.extend_from_slice(to);
            rest = &rest[found + from.len()..];
        }
        out.extend_from_slice(rest);
        out
    };
    let flipped = |times: usize, chance: &mut Chance| {
        let mut out = bytes.to_vec();
        for _ in 0..times {
            let place = chance.below(out.len());
            if let Some(byte) = out.get_mut(place) {
                *byte ^= 1 << chance.below(8);
            }
        }
        out
    };
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(String::from_utf8_lossy(bytes).encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    vec![
        ("cut short early", bytes[..at(&mut chance) / 2].to_vec()),
        ("cut short late", bytes[..bytes.len() - at(&mut chance) / 4].to_vec()),
        ("one bit flipped", flipped(1, &mut chance)),
        ("many bits flipped", flipped(bytes.len() / 50 + 2, &mut chance)),
        ("in UTF-16", utf16),
        ("in no encoding", swapped(b"e", &[0xff, 0xe9])),
        ("with semicolons", swapped(b",", b";")),
        ("every line twice", lines.iter().flat_map(|line| [*line, *line]).flatten().copied().collect()),
        ("a line lost in two", lines.iter().step_by(2).copied().flatten().copied().collect()),
        ("an open quote", {
            let mut out = bytes.to_vec();
            out.insert(at(&mut chance), b'"');
            out
        }),
    ]
}

/// A small generator of chance that is the same each time.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}
