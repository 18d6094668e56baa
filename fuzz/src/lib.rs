//! What the fuzz targets share: how invented bytes become a conversation, and what must hold of all that is said.
//!
//! Input: the first byte picks the entry, the second the carrier among those the entry has, the third the size of the
//! pieces that stream messages are cut into. Then messages: one byte of flags (bit 0: from the responder; bit 1: as
//! many bytes as the message has were lost), two bytes of length, little-endian, and the bytes.

mod drive;
#[cfg(feature = "planted")]
mod planted;

pub use drive::{Conversation, Message, drive};

use std::sync::OnceLock;
use wardlight_dissect::codec::keyed::PrivacyKey;
use wardlight_dissect::entry::Dissector;
use wardlight_dissect::{Context, Sighting, Sink};
use wardlight_model::{Endpoint, FlowId, FlowKey, Port, Record, Scope, Side, Time, Transport, Value, Weird};

/// Names the one entry to try, when not all of them.
pub const ENTRY: &str = "WARDLIGHT_FUZZ_ENTRY";

/// The entries to try: all, or the one that [`ENTRY`] names.
pub fn entries() -> &'static [&'static dyn Dissector] {
    static CHOSEN: OnceLock<Vec<&'static dyn Dissector>> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let mut all = wardlight_dissect::proto::ENTRIES.to_vec();
        #[cfg(feature = "planted")]
        all.push(&planted::ENTRY);
        if let Ok(name) = std::env::var(ENTRY) {
            all.retain(|entry| entry.info().name == name);
            assert!(!all.is_empty(), "no entry is called {name}");
        }
        all
    })
}

/// The key of every run.
pub fn key() -> PrivacyKey {
    PrivacyKey::new(&[7; 32])
}

/// A message from `side` of a conversation between two hosts, the responder's at `port`.
pub fn context(side: Side, port: Port) -> Context {
    let end = |last| Endpoint { ip: Some([10, 0, 0, last].into()), ..Endpoint::default() };
    let key = FlowKey {
        scope: Scope(0),
        transport: Transport::TCP,
        initiator: ([10, 0, 0, 1].into(), 40_000),
        responder: ([10, 0, 0, 2].into(), port),
    };
    Context {
        time: Time::from_seconds(1_700_000_000),
        flow: Some((FlowId(1), key)),
        ends: [end(1), end(2)],
        ports: [40_000, port],
        side,
        to_group: false,
    }
}

/// Takes all that is said, and checks what must hold of it whatever the bytes.
pub struct Listener;

impl Sink for Listener {
    fn fact(&mut self, seen: &Sighting<'_>) {
        check(seen.value);
        assert!(!seen.value.is_empty(), "{} says nothing of {}", seen.protocol, seen.field.name());
        if let Some((_, name)) = &seen.key {
            check(name);
            assert!(!name.trim().is_empty(), "{} names a device with no name", seen.protocol);
        }
    }

    fn wants_records(&self) -> bool {
        true
    }

    fn record(&mut self, record: Record) {
        assert!(record.values.len() <= 64, "{} writes {} values", record.protocol, record.values.len());
        for (_, value) in &record.values {
            match value {
                Value::Text(text) => check(text),
                Value::List(texts) => texts.iter().for_each(|text| check(text)),
                Value::Number(_) | Value::Flag(_) | Value::Keyed(_) => {}
            }
        }
    }

    fn weird(&mut self, weird: Weird) {
        assert!(weird.name.contains('.'), "{} has no protocol before it", weird.name);
    }
}

fn check(text: &str) {
    assert!(text.len() <= 256 && !text.contains(char::is_control), "not tidied: {text:?}");
}
