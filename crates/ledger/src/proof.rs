//! Proofs that an entry is in the log, and that an old log is the beginning of a new one.
//!
//! In to make them: the leaf hashes in order, once. Out: paths of hashes. In to check them: a path and roots; no log.
//!
//! Source: RFC 9162 §2.1.3 (inclusion) and §2.1.4 (consistency).

use crate::hash::Hash;
use crate::tree::{Frontier, fold};
use std::collections::BTreeMap;

/// What a proof is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// That the entry of this index is in the log.
    Inclusion(u64),
    /// That the log of this size is the beginning of the present one.
    Consistency(u64),
}

/// Makes proofs for the log of the first `size` leaves, one path for each that is asked, in the same order. Reads the
/// leaves once and keeps only what the paths need. `None` when there are fewer leaves than `size`, or when an index or
/// an old size lies outside.
#[must_use]
pub fn prove(size: u64, asked: &[Ask], leaves: impl IntoIterator<Item = Hash>) -> Option<Vec<Vec<Hash>>> {
    let plans: Vec<Vec<Range>> = asked.iter().map(|ask| plan(*ask, size)).collect::<Option<_>>()?;
    let mut wanted: BTreeMap<Range, Option<Hash>> =
        plans.iter().flatten().flat_map(|range| range.full_subtrees()).map(|subtree| (subtree, None)).collect();
    let mut frontier = Frontier::default();
    for leaf in leaves.into_iter().take(usize::try_from(size).ok()?) {
        frontier.push_telling(leaf, |first, leaves, root| {
            if let Some(place) = wanted.get_mut(&Range { first, leaves }) {
                *place = Some(root);
            }
        });
    }
    let root = |range: &Range| {
        let peaks: Option<Vec<Hash>> =
            range.full_subtrees().iter().map(|subtree| wanted.get(subtree).copied().flatten()).collect();
        fold(peaks?.into_iter())
    };
    plans.iter().map(|plan| plan.iter().map(root).collect()).collect()
}

/// Whether `path` proves that `leaf` has this index in the log of `size` leaves with `root`.
#[must_use]
pub fn includes(root: Hash, size: u64, index: u64, leaf: Hash, path: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = leaf;
    for step in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = Hash::node(step, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = Hash::node(&hash, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

/// A log's head: how many leaves, and the root over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of leaves.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

/// Whether `path` proves that the log with head `old` is the beginning of the one with head `new`.
#[must_use]
pub fn extends(old: Head, new: Head, path: &[Hash]) -> bool {
    if old.size == 0 || old.size > new.size {
        return false;
    }
    if old.size == new.size {
        return path.is_empty() && old.root == new.root;
    }
    // An old log of a full power of two is a node of the new one, so its root is not repeated in the path.
    let (seed, steps) = match path.split_first() {
        _ if old.size.is_power_of_two() => (old.root, path),
        Some((seed, steps)) => (*seed, steps),
        None => return false,
    };
    let (mut at, mut last) = (old.size - 1, new.size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut old_root, mut new_root) = (seed, seed);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_root = Hash::node(step, &old_root);
            new_root = Hash::node(step, &new_root);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_root = Hash::node(&new_root, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old_root == old.root && new_root == new.root
}

/// Neighbouring leaves whose common root a path needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Range {
    first: u64,
    leaves: u64,
}

impl Range {
    /// Splits before the largest power of two smaller than the number of leaves, of which there are at least two.
    fn split(self) -> (Self, Self) {
        let left = 1_u64 << (self.leaves - 1).ilog2();
        (
            Self { first: self.first, leaves: left },
            Self { first: self.first.saturating_add(left), leaves: self.leaves - left },
        )
    }

    fn full_subtrees(self) -> Vec<Self> {
        let mut rest = self;
        let mut found = Vec::new();
        while rest.leaves > 0 {
            let leaves = 1_u64 << rest.leaves.ilog2();
            found.push(Self { first: rest.first, leaves });
            rest = Self { first: rest.first.saturating_add(leaves), leaves: rest.leaves - leaves };
        }
        found
    }
}

/// The ranges whose roots make the path, in the path's order.
fn plan(ask: Ask, size: u64) -> Option<Vec<Range>> {
    let (mut end, is_consistency) = match ask {
        Ask::Inclusion(index) if index < size => (index + 1, false),
        Ask::Consistency(old) if 0 < old && old <= size => (old, true),
        _ => return None,
    };
    let mut range = Range { first: 0, leaves: size };
    let mut plan = Vec::new();
    let mut is_whole = is_consistency;
    // Down the tree, towards the asked leaf or the end of the old log.
    while range.leaves > 1 && !(is_consistency && end == range.leaves) {
        let (left, right) = range.split();
        if end <= left.leaves {
            plan.push(right);
            range = left;
        } else {
            plan.push(left);
            range = right;
            end -= left.leaves;
            is_whole = false;
        }
    }
    if is_consistency && !is_whole {
        plan.push(range);
    }
    plan.reverse();
    Some(plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;
    use sha2::Sha256;

    fn leaves(n: u64) -> Vec<Hash> {
        (0..n).map(|n| Hash::leaf(&n.to_be_bytes())).collect()
    }

    fn head(size: u64) -> Head {
        let mut frontier = Frontier::default();
        leaves(size).into_iter().for_each(|leaf| frontier.push(leaf));
        Head { size, root: frontier.root() }
    }

    fn theirs(size: u64) -> MemoryBackedTree<Sha256, Vec<u8>> {
        let mut tree = MemoryBackedTree::new();
        (0..size).for_each(|n: u64| tree.push(n.to_be_bytes().to_vec()));
        tree
    }

    fn bytes(path: &[Hash]) -> Vec<u8> {
        path.iter().flat_map(|hash| hash.0).collect()
    }

    #[test]
    fn every_inclusion_up_to_40_is_proven_as_the_other_implementation_does() {
        for size in 1..=40 {
            let (tree, head) = (theirs(size), head(size));
            for index in 0..size {
                let path = &prove(size, &[Ask::Inclusion(index)], leaves(size)).unwrap()[0];
                assert_eq!(bytes(path), tree.prove_inclusion(usize::try_from(index).unwrap()).as_bytes());
                assert!(includes(head.root, size, index, leaves(size)[usize::try_from(index).unwrap()], path));
            }
        }
    }

    #[test]
    fn every_consistency_up_to_40_is_proven_as_the_other_implementation_does() {
        for size in 1..=40 {
            let (tree, new) = (theirs(size), head(size));
            for old in 1..=size {
                let path = &prove(size, &[Ask::Consistency(old)], leaves(size)).unwrap()[0];
                assert_eq!(
                    bytes(path),
                    tree.prove_consistency(usize::try_from(size - old).unwrap()).as_bytes(),
                    "{old} of {size}"
                );
                assert!(extends(head(old), new, path), "{old} of {size}");
            }
        }
    }

    #[test]
    fn what_lies_outside_is_not_proven() {
        assert_eq!(prove(3, &[Ask::Inclusion(3)], leaves(3)), None);
        assert_eq!(prove(3, &[Ask::Consistency(4)], leaves(3)), None);
        assert_eq!(prove(3, &[Ask::Consistency(0)], leaves(3)), None);
        assert_eq!(prove(3, &[Ask::Inclusion(0)], leaves(2)), None);
    }

    proptest! {
        #[test]
        fn no_other_leaf_index_root_or_path_is_proven(size in 2_u64..200, at: u64, other: u64, flip: u8, cut: bool) {
            let (at, other) = (at % size, other % size);
            let root = head(size).root;
            let leaf = Hash::leaf(&at.to_be_bytes());
            let path = prove(size, &[Ask::Inclusion(at)], leaves(size)).unwrap().remove(0);
            prop_assert!(includes(root, size, at, leaf, &path));
            prop_assert!(!includes(root, size, at, Hash::leaf(b"x"), &path));
            prop_assert!(!includes(Hash::NONE, size, at, leaf, &path));
            prop_assert!(other == at || !includes(root, size, other, leaf, &path));
            let mut bad = path.clone();
            let n = usize::from(flip) % bad.len();
            if cut { bad.pop(); } else { bad[n].0[usize::from(flip) % 32] ^= 1; }
            prop_assert!(!includes(root, size, at, leaf, &bad));
            bad = path;
            bad.push(Hash::NONE);
            prop_assert!(!includes(root, size, at, leaf, &bad));
        }

        #[test]
        fn no_other_beginning_is_proven(size in 2_u64..200, old: u64, flip: u8) {
            let old = 1 + old % (size - 1);
            let path = prove(size, &[Ask::Consistency(old)], leaves(size)).unwrap().remove(0);
            let (before, after) = (head(old), head(size));
            prop_assert!(extends(before, after, &path));
            let (other_before, other_after) = (Head { root: Hash::NONE, ..before }, Head { root: Hash::NONE, ..after });
            prop_assert!(!extends(other_before, after, &path));
            prop_assert!(!extends(before, other_after, &path));
            prop_assert!(!extends(after, before, &path));
            let mut bad = path;
            let n = usize::from(flip) % bad.len();
            bad[n].0[usize::from(flip) % 32] ^= 1;
            prop_assert!(!extends(before, after, &bad));
        }

        #[test]
        fn any_path_is_fine(hashes: Vec<[u8; 32]>, size: u64, index: u64, old: u64) {
            let path: Vec<Hash> = hashes.into_iter().map(Hash).collect();
            prop_assert!(!includes(Hash::NONE, size, index, Hash::NONE, &path));
            let is_same = old == size && path.is_empty();
            let head = |size| Head { size, root: Hash::NONE };
            prop_assert!(is_same || !extends(head(old), head(size), &path));
        }
    }
}
