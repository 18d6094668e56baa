//! The Merkle tree, as much of it as a writer needs: one hash for each full subtree, at most 64 of them.
//!
//! Source: RFC 9162 §2.1.1 (definition of the root) and §2.1.2.

use crate::hash::Hash;

/// The right edge of the tree: what is needed to append and to know the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the full subtrees from left to right: one for each bit set in `size`, the largest first.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier that [`Frontier::peaks`] came from. `None` when a tree of that size has another number of peaks.
    #[must_use]
    pub fn restore(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (usize::try_from(size.count_ones()) == Ok(peaks.len())).then_some(Self { size, peaks })
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the full subtrees from left to right.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.push_telling(leaf, |_, _, _| ());
    }

    /// Appends a leaf and tells each full subtree that it completes: first leaf, number of leaves, root.
    pub(crate) fn push_telling(&mut self, leaf: Hash, mut tell: impl FnMut(u64, u64, Hash)) {
        let mut root = leaf;
        let mut leaves = 1_u64;
        tell(self.size, 1, root);
        while self.size & leaves != 0 {
            let Some(left) = self.peaks.pop() else { break };
            root = Hash::node(&left, &root);
            leaves <<= 1;
            tell((self.size + 1).saturating_sub(leaves), leaves, root);
        }
        self.peaks.push(root);
        self.size += 1;
    }

    /// The root over all leaves; of an empty tree the hash of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold(self.peaks.iter().copied()).unwrap_or_else(|| Hash::of(&[]))
    }
}

/// The root over neighbouring full subtrees, from left to right, each smaller than the one before.
pub(crate) fn fold(peaks: impl DoubleEndedIterator<Item = Hash>) -> Option<Hash> {
    peaks.rev().reduce(|right, left| Hash::node(&left, &right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use sha2::Sha256;

    /// Leaves and roots of the reference implementation of Certificate Transparency (RFC 6962), for sizes 1 to 8.
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let mut frontier = Frontier::default();
        assert_eq!(frontier.root().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (leaf, root) in LEAVES.iter().zip(ROOTS) {
            frontier.push(Hash::leaf(leaf));
            assert_eq!(frontier.root().to_string(), root);
        }
    }

    #[test]
    fn roots_are_those_of_another_implementation() {
        let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        let mut ours = Frontier::default();
        for n in 0_u32..300 {
            theirs.push(n.to_be_bytes().to_vec());
            ours.push(Hash::leaf(&n.to_be_bytes()));
            assert_eq!(ours.root().0.as_slice(), theirs.root().as_bytes().as_slice(), "size {n}");
        }
    }

    #[test]
    fn a_frontier_can_be_kept_and_restored() {
        let mut kept = Frontier::default();
        (0_u8..21).for_each(|n| kept.push(Hash::leaf(&[n])));
        let mut restored = Frontier::restore(kept.size(), kept.peaks().to_vec()).unwrap();
        kept.push(Hash::leaf(b"next"));
        restored.push(Hash::leaf(b"next"));
        assert_eq!(kept.root(), restored.root());
        assert_eq!(Frontier::restore(5, vec![Hash::NONE]), None);
    }
}
