//! Documents of other systems: whatever the bytes, every source answers, and its rows add up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::borrow::Cow;
use wardlight_ingest::source::{ENTRIES, HEAD, Head, recognise};
use wardlight_ingest::{Item, Options, Veil};
use wardlight_model::{Keyed, Scope, Time};

struct Cloth;

impl Veil for Cloth {
    fn person(&self, _: &str) -> Keyed {
        Keyed([0; 16])
    }

    fn host<'n>(&self, name: &'n str) -> Cow<'n, str> {
        Cow::Borrowed(name)
    }
}

fuzz_target!(|input: &[u8]| {
    // The first byte picks the source, so that all of a run's inputs are tried on all of them.
    let Some((pick, bytes)) = input.split_first() else { return };
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let _surest = recognise(&Head { bytes: head, name: "conn.log" });
    let Some(entry) = ENTRIES.get(usize::from(*pick) % ENTRIES.len()) else { return };
    let now = Time::from_seconds(1_795_348_800);
    let options =
        Options { name: "conn.log", source: 0, scope: Scope(0), now, ahead_s: 0, mapping: None, veil: &Cloth };
    let mut aside = 0;
    let mut give = |item| aside += u64::from(matches!(item, Item::Trouble(trouble) if !trouble.is_mended));
    if let Ok(tally) = entry.read(&mut { bytes }, &options, &mut give) {
        assert!(tally.adds_up(), "{}: {tally:?}", entry.info().name);
        assert_eq!(aside, tally.set_aside, "{}: {tally:?}", entry.info().name);
    }
    let _columns = entry.mapping(&mut { bytes }, &options);
});
