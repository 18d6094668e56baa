//! A map that holds only so many keys: the one with the earliest time goes first.

use std::collections::{BTreeMap, BTreeSet};
use wardlight_model::Time;

pub struct Bounded<K, V> {
    most: usize,
    held: BTreeMap<K, (Time, V)>,
    order: BTreeSet<(Time, K)>,
}

impl<K: Ord + Clone, V: Copy> Bounded<K, V> {
    /// Holds at most `most` keys, and at least one.
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), held: BTreeMap::new(), order: BTreeSet::new() }
    }

    /// The time and value of `key`.
    pub fn at(&self, key: &K) -> Option<(Time, V)> {
        self.held.get(key).copied()
    }

    /// Puts `key` in place of what it had.
    pub fn put(&mut self, key: K, at: Time, value: V) {
        self.drop(&key);
        while self.held.len() >= self.most {
            let Some((_, earliest)) = self.order.pop_first() else { break };
            self.held.remove(&earliest);
        }
        self.order.insert((at, key.clone()));
        self.held.insert(key, (at, value));
    }

    /// Forgets `key`.
    pub fn drop(&mut self, key: &K) {
        if let Some((at, _)) = self.held.remove(key) {
            self.order.remove(&(at, key.clone()));
        }
    }

    /// Sets the time of `key` to `latest` if it lies beyond: the clock was put back, and what it says now counts.
    pub fn not_beyond(&mut self, key: &K, latest: Time) {
        if let Some((_, value)) = self.at(key).filter(|(at, _)| *at > latest) {
            self.put(key.clone(), latest, value);
        }
    }

    /// How many keys there are.
    pub fn held(&self) -> usize {
        self.held.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_earliest_goes_first() {
        let mut map = Bounded::new(2);
        map.put('a', Time::from_seconds(3), 1);
        map.put('b', Time::from_seconds(1), 2);
        map.put('a', Time::from_seconds(4), 3);
        map.put('c', Time::from_seconds(2), 4);
        assert_eq!((map.at(&'a'), map.at(&'b')), (Some((Time::from_seconds(4), 3)), None));
        assert_eq!(map.at(&'c'), Some((Time::from_seconds(2), 4)));
    }

    proptest! {
        #[test]
        fn both_orders_hold_the_same(steps in proptest::collection::vec((any::<bool>(), 0_u8..20, 0_i64..50), 0..200)) {
            let mut map = Bounded::new(7);
            for (puts, key, at) in steps {
                if puts { map.put(key, Time::from_seconds(at), ()) } else { map.drop(&key) }
                prop_assert!(map.held() <= 7);
                let ordered: BTreeSet<u8> = map.order.iter().map(|(_, key)| *key).collect();
                prop_assert!(map.held.keys().eq(ordered.iter()) && map.order.len() == map.held.len());
            }
        }
    }
}
