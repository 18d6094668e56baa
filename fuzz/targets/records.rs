//! Journal bodies: whatever a record holds, the engine takes it in or says that it cannot; what was read is written so that
//! it reads the same; and a second engine comes to the same changes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use wardlight_engine::{Bounds, Effect, Entry, Held, Input, Site};
use wardlight_inventory::Knowledge;
use wardlight_inventory::resolve::Rules;
use wardlight_model::Id;
use wardlight_model::journal::{Decision, Flows, Observations, decode, encode};

static KNOWLEDGE: LazyLock<Knowledge> = LazyLock::new(|| Knowledge::shipped().expect("checked by the tests"));
static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::shipped().expect("checked by the tests"));

fuzz_target!(|input: &[u8]| {
    let Some((kind, body)) = input.split_first() else { return };
    match kind % 4 {
        1 => same_again::<Observations>(body),
        2 => same_again::<Flows>(body),
        3 => same_again::<Decision>(body),
        _ => {}
    }
    assert_eq!(taken_in(u16::from(kind % 4), body), taken_in(u16::from(kind % 4), body));
});

fn same_again<T: for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()>>(body: &[u8]) {
    if let Ok(read) = decode::<T>(body) {
        // What a later version said is counted and not carried on.
        let written = encode(&read);
        assert_eq!(encode(&decode::<T>(&written).expect("our own bytes")), written);
    }
}

/// What a site does with two records of the same body, and what devices they make.
fn taken_in(kind: u16, body: &[u8]) -> Vec<Effect> {
    let bounds = Bounds { facts: 1_000, presences: 1_000 };
    let mut site = Site::new(Id([1; 16]), 7, bounds, Held::default());
    let mut effects = Vec::new();
    for sequence in 1..=2 {
        let entry = Entry { sequence, id: Id([2; 16]), format: 1, kind, body };
        effects.extend(site.step(Input::Record(entry)));
    }
    effects.extend(site.step(Input::Settle(&KNOWLEDGE, &RULES)));
    effects
}
