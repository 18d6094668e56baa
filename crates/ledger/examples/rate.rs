//! How many entries a second are verified, beside the rate at which the same bytes are only hashed.
//!
//! `cargo run --release -p wardlight-ledger --example rate [entries]`

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::cast_precision_loss, reason = "measures")]

use std::time::Instant;
use wardlight_ledger::{Detail, Hash, Kind, Log, Memory, Signer, Site, Surroundings, verify};
use wardlight_model::Time;

/// A checkpoint after so many entries.
const EVERY: u64 = 1_000;
/// A typical body: a decision with its reason.
const BODY: [u8; 200] = [b'x'; 200];

fn main() {
    let entries = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let signer = Signer::from_seed(&[1; 32]);
    let detail = Detail { actor: "user/4", subject: "device/17", body: &BODY, ..Detail::default() };
    let (mut log, first) = Log::create(Site([1; 16]), &signer, &detail, Time::from_seconds(0)).unwrap();
    let (mut stored, mut checkpoints) = (vec![first.stored], Vec::new());
    let begin = Instant::now();
    for n in 1..entries {
        let now = Time::from_micros(i64::try_from(n).unwrap());
        stored.push(log.append(Kind::Decision, &detail, now).unwrap().stored);
        if n % EVERY == 0 || n + 1 == entries {
            checkpoints.push(log.checkpoint(&signer, now).unwrap().to_string());
        }
    }
    let write = begin.elapsed().as_secs_f64();

    let begin = Instant::now();
    for bytes in &stored {
        std::hint::black_box(Hash::of(bytes));
    }
    let hash = begin.elapsed().as_secs_f64();

    let memory = Memory { pinned: vec![signer.public()], ..Memory::default() };
    let around = Surroundings { memory, ..Surroundings::default() };
    let begin = Instant::now();
    let verdict = verify(stored.iter().map(Ok::<_, String>), &checkpoints, around);
    let check = begin.elapsed().as_secs_f64();
    assert!(verdict.is_sound() && verdict.proven == entries, "{verdict}");

    let bytes: usize = stored.iter().map(Vec::len).sum();
    let rate = |seconds: f64| entries as f64 / seconds;
    println!("{entries} entries, {} bytes each, a checkpoint every {EVERY}", bytes as u64 / entries);
    println!("append {:>12.0} entries/s", rate(write));
    println!("verify {:>12.0} entries/s", rate(check));
    println!("SHA-256 alone {:>5.0} entries/s, {:.0} MB/s", rate(hash), bytes as f64 / hash / 1e6);
    println!("verify costs {:.1} times one SHA-256 over the stored bytes", check / hash);
}
