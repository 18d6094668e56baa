//! Resolves an invented hospital and says how long it took and how good it is:
//! `cargo run --release -p wardlight-inventory --example resolve -- [seed] [devices] [rows of the maintenance system] [orders]`.
//! With a number of orders it resolves the same again in as many, and says whether every byte is the same.

#![allow(clippy::disallowed_methods, reason = "it measures time; no stage runs it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "no stage runs it"
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, dead_code, reason = "shared with tests")]
#![allow(missing_docs, reason = "shared with tests")]

#[path = "../tests/resolve/hospital.rs"]
mod hospital;
#[path = "../tests/resolve/house.rs"]
mod house;

use hospital::{Chance, Plan, hospital, shuffled};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::time::Instant;
use wardlight_inventory::resolve::{By, OwnerRule, Role, measure};

fn main() {
    let args: Vec<u64> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let arg = |at: usize, other: u64| args.get(at).copied().unwrap_or(other);
    let (seed, networked, cmms) = (arg(0, 1), arg(1, 22_000) as usize, arg(2, 15_000) as usize);
    let mut made = hospital(Plan { seed, networked, cmms, slips: 0.04 });
    let rows: Vec<usize> = made.house.books.iter().map(|book| book.records.len()).collect();
    println!("{} devices; rows {rows:?}", made.house.met.len());
    let rule = |owner: &str, kind: Option<&str>| OwnerRule {
        role: Role::Technical,
        owner: owner.to_owned(),
        r#type: kind.map(str::to_owned),
        department: None,
        scope: None,
        source: None,
    };
    made.house.owners = vec![rule("IT", None), rule("Clinical engineering", Some("medical device"))];
    made.house.books.iter_mut().for_each(|book| book.records.shrink_to_fit());
    let _ = house::House::default().resolve();
    let begin = Instant::now();
    let resolution = made.house.resolve();
    println!("{:.2} s, {} pairs compared", begin.elapsed().as_secs_f64(), resolution.compared);
    let tied = resolution.questions.iter().filter(|question| question.why != wardlight_inventory::resolve::Why::Unsure);
    println!(
        "{} assets, {} questions, {} of them contradictions, {} crowds",
        resolution.assets.len(),
        resolution.questions.len(),
        tied.count(),
        resolution.crowds.len()
    );
    println!("{:?}", resolution.tally());
    let of = |asset: &wardlight_inventory::resolve::Asset| {
        asset.members.iter().map(|member| (member.id, asset.id)).collect::<Vec<_>>()
    };
    let found: BTreeMap<_, _> = resolution.assets.iter().flat_map(of).collect();
    println!("every pair: {:?}", measure(&found, &made.truth));
    println!("pairs that an identifier links: {:?}", measure(&found, &made.knowable));
    wrong(&made, &resolution);
    let mut chance = Chance(seed);
    for order in 0..arg(3, 0) {
        let is_same = digest(&shuffled(&made.house, &mut chance).resolve()) == digest(&resolution);
        println!("order {order}: {}", if is_same { "the same bytes" } else { "DIFFERENT" });
    }
}

/// A hash of everything that came out.
fn digest(resolution: &wardlight_inventory::resolve::Resolution) -> [u8; 32] {
    struct Sink(Sha256);
    impl std::fmt::Write for Sink {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.update(text);
            Ok(())
        }
    }
    let mut sink = Sink(Sha256::new());
    std::fmt::write(&mut sink, format_args!("{resolution:?}")).unwrap();
    sink.0.finalize().into()
}

/// Says by what the first wrong joins came to be.
fn wrong(made: &hospital::Hospital, resolution: &wardlight_inventory::resolve::Resolution) {
    let members = resolution.assets.iter().flat_map(|asset| &asset.members);
    let linked = members.filter_map(|member| Some((member.id, member.link.clone()?)));
    let wrong = linked.filter(|(id, link)| made.truth[id] != made.truth[&link.to]);
    for (id, link) in wrong.take(12) {
        let By::Score(score) = link.by else { continue };
        let reasons: Vec<String> = score.reasons.iter().map(ToString::to_string).collect();
        println!("wrong: {} with {}: {}", made.house.names[&id], made.house.names[&link.to], reasons.join("; "));
    }
}
