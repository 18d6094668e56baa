//! Chance without state: every question has a key, and the same seed and key always give the same answer.
//!
//! So any moment of a hospital's life can be asked for without the moments before it. The mixing function is the
//! finalizer of splitmix64 (Steele, Lea, Flood 2014).

/// A point in the tree of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The root for `seed`.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x5eed_0f1a_b0ca_b1e5))
    }

    /// The answer to the question `key` below this one.
    pub(crate) const fn of(self, key: u64) -> Self {
        Self(mix(self.0 ^ key.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// Its 64 bits.
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// A number below `most`; 0 when `most` is 0.
    pub(crate) fn below(self, most: u64) -> u64 {
        u64::try_from((u128::from(self.0) * u128::from(most)) >> 64).unwrap_or_default()
    }

    /// A number from 0 up to but not 1.
    pub(crate) fn share(self) -> f64 {
        f64::from(narrow::<u32>(self.0 >> 32)) / 4_294_967_296.0
    }

    /// Whether something that happens at this rate (0 to 1) happens.
    pub(crate) fn happens(self, rate: f64) -> bool {
        self.share() < rate
    }

    /// One of `all`; `None` of nothing.
    pub(crate) fn pick<T>(self, all: &[T]) -> Option<&T> {
        all.get(narrow::<usize>(self.below(wide(all.len()))))
    }
}

const fn mix(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// `number` in a smaller type; 0 when it does not fit. For numbers that were bounded before.
pub(crate) fn narrow<N: TryFrom<u64> + Default>(number: u64) -> N {
    N::try_from(number).unwrap_or_default()
}

/// A count as a number of 64 bits.
pub(crate) fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_kept_and_answers_repeat() {
        let root = Chance::new(7);
        let hits = (0..100_000).filter(|key| root.of(*key).happens(0.03)).count();
        assert!((2_800..3_200).contains(&hits), "{hits}");
        assert_eq!(root.of(3), Chance::new(7).of(3));
        assert_ne!(root.of(3), Chance::new(8).of(3));
    }

    #[test]
    fn a_bound_is_kept() {
        let root = Chance::new(1);
        let mut seen = [0u32; 6];
        (0..6_000).for_each(|key| seen[narrow::<usize>(root.of(key).below(6))] += 1);
        assert!(seen.iter().all(|count| (800..1_200).contains(count)), "{seen:?}");
        assert_eq!(root.below(0), 0);
        assert_eq!(root.pick::<u8>(&[]), None);
    }
}
