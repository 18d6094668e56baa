//! Ledgers from strangers: bundles, entries, checkpoints and keys of any bytes are read or refused, and every verdict can
//! be said.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wardlight_ledger::{Bundle, Checkpoint, Entry, Memory, PublicKey, Surroundings, verify};

fuzz_target!(|input: &[u8]| {
    if let Ok(bundle) = Bundle::read(input) {
        assert_eq!(Bundle::read(&bundle.encode()).expect("our own bytes"), bundle);
        drop(bundle.verify(Surroundings::default()).to_string());
    }
    if let Ok(entry) = Entry::read(input) {
        let (whole, withheld) = (entry.is_whole(), entry.withheld());
        let _ = (whole, entry.detail());
        let again = Entry::read(&withheld).expect("our own bytes");
        assert_eq!(again.leaf(), entry.leaf(), "what is withheld does not change the tree");
    }
    let text = String::from_utf8_lossy(input);
    drop(PublicKey::parse(&text));
    let checkpoints: Vec<Checkpoint> = Checkpoint::parse_all(&text).into_iter().flatten().collect();
    for checkpoint in &checkpoints {
        assert_eq!(&Checkpoint::parse(&checkpoint.to_string()).expect("our own text"), checkpoint);
    }
    let said: Vec<String> = checkpoints.iter().map(ToString::to_string).collect();
    let memory = Memory { checkpoints, ..Memory::default() };
    drop(
        verify(pieces(input).map(Ok::<_, &str>), said, Surroundings { memory, ..Surroundings::default() }).to_string(),
    );
});

/// Parts of `input`, each behind its length in two bytes.
fn pieces(mut input: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = input.split_first_chunk()?;
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (piece, rest) = rest.split_at(length);
        input = rest;
        Some(piece)
    })
}
