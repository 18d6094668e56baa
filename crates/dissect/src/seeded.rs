//! Hashing of what others choose, by numbers that they cannot foretell.
//!
//! A seed that only begins the hash would leave the numbers it is multiplied by as the library has them: whoever sends a
//! word that equals one of them wipes out all that was hashed before it, and could make every conversation collide.

use foldhash::SharedSeed;
use foldhash::fast::SeedableRandomState;
use std::sync::OnceLock;

/// Makes hashes.
pub(crate) type Seeded = SeedableRandomState;

/// Hashes by `seed`; by which numbers they are multiplied, the first seed of the program says.
pub(crate) fn by(seed: u64) -> Seeded {
    static NUMBERS: OnceLock<SharedSeed> = OnceLock::new();
    Seeded::with_seed(seed, NUMBERS.get_or_init(|| SharedSeed::from_u64(seed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_word_of_the_library_wipes_out_what_came_before() {
        // A number by which every hash of the library is multiplied when nobody gives another.
        const KNOWN: u64 = 0xc0ac_29b7_c97c_50dd;
        fn different(hasher: &impl std::hash::BuildHasher) -> usize {
            (0_u64..100).map(|n| hasher.hash_one((n, KNOWN))).collect::<BTreeSet<_>>().len()
        }
        assert_eq!(different(&foldhash::fast::FixedState::with_seed(7)), 1, "else this test shows nothing");
        assert_eq!(different(&by(7)), 100);
    }
}
