//! The same in other orders: of frames' facts and presences, of sources, of rows, of rules.

use super::goal::share;
use super::sight::{Met, Sight};
use super::{Case, resolve_all, shipped};
use sha2::{Digest as _, Sha256};
use wardlight_inventory::resolve::Resolution;
use wardlight_inventory::{Seen, identify_with_facts};

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ z >> 31) % u64::try_from(bound.max(1)).unwrap_or(1)).unwrap_or_default()
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            let other = self.below(at + 1);
            list.swap(at, other);
        }
    }
}

/// The share of `orders` other orders in which both stages give what they gave before.
pub fn agree(orders: u64, case: &Case<'_>, sight: &Sight, resolution: &Resolution) -> f64 {
    let wanted = (devices(&case.met), digest(resolution));
    let same = (1..=orders).filter(|order| once(*order, case, sight).as_ref() == Some(&wanted)).count();
    share(same, usize::try_from(orders).unwrap_or(usize::MAX))
}

type Digest = [u8; 32];

fn once(order: u64, case: &Case<'_>, sight: &Sight) -> Option<(Digest, Digest)> {
    let (knowledge, rules) = shipped().ok()?;
    let mut chance = Chance(order);
    let (facts, presences) = sight.parts();
    let (mut facts, mut presences) = (facts.iter().collect::<Vec<_>>(), presences.to_vec());
    chance.shuffle(&mut facts);
    chance.shuffle(&mut presences);
    let seen = Seen { facts: &facts, presence: &presences, contacts: &sight.contacts };
    let found = identify_with_facts(&seen, &knowledge);
    let mut met: Vec<Met<'_>> = found.into_iter().map(|found| Met::of(found, case.roll)).collect();
    let identified = devices(&met);
    let (mut books, mut owners) = (case.books.to_vec(), case.owners.clone());
    chance.shuffle(&mut met);
    chance.shuffle(&mut books);
    chance.shuffle(&mut owners);
    for book in &mut books {
        chance.shuffle(&mut book.records);
    }
    Some((identified, digest(&resolve_all(&met, &books, &owners, case.now, (&rules, &knowledge)))))
}

fn devices(met: &[Met<'_>]) -> Digest {
    hash(|sink| met.iter().try_for_each(|met| std::fmt::write(sink, format_args!("{:?}", met.found.device))))
}

/// A hash of every byte that came out.
fn digest(resolution: &Resolution) -> Digest {
    hash(|sink| std::fmt::write(sink, format_args!("{resolution:?}")))
}

fn hash(write: impl FnOnce(&mut Sink) -> std::fmt::Result) -> Digest {
    let mut sink = Sink(Sha256::new());
    let _ = write(&mut sink);
    sink.0.finalize().into()
}

struct Sink(Sha256);

impl std::fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.update(text);
        Ok(())
    }
}
