//! Chance that comes out the same again from the same seed: splitmix64.

/// A source of it.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    /// Number `part` of those that begin at `seed`.
    pub fn new(seed: u64, part: u64) -> Self {
        let mut chance = Self(seed ^ part.wrapping_mul(0xd1b5_4a32_d192_ed03));
        chance.next();
        chance
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// True `percent` times of a hundred.
    pub fn often(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
