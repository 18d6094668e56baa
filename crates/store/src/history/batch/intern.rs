//! Values that come again and again, each kept once.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::borrow::Borrow;
use std::hash::Hash;

/// Gives each distinct value a number, in order of first appearance. The hash is seeded by chance (addresses come
/// from the wire); the numbers do not depend on it.
#[derive(Debug)]
pub(super) struct Interner<T> {
    codes: HashMap<T, u32, RandomState>,
    values: Vec<T>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { codes: HashMap::with_hasher(RandomState::default()), values: Vec::new() }
    }
}

impl<T: Hash + Eq + Clone> Interner<T> {
    /// The number of `value`.
    pub fn code<Q: Hash + Eq + ToOwned<Owned = T> + ?Sized>(&mut self, value: &Q) -> u32
    where
        T: Borrow<Q>,
    {
        if let Some(code) = self.codes.get(value) {
            return *code;
        }
        let code = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.values.push(value.to_owned());
        self.codes.insert(value.to_owned(), code);
        code
    }

    /// Forgets all values and keeps the memory.
    pub fn clear(&mut self) {
        self.codes.clear();
        self.values.clear();
    }

    /// All values, in order of their numbers.
    pub fn values(&self) -> &[T] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_first_appearance() {
        let mut names = Interner::<String>::default();
        let codes = ["dns", "tls", "dns", "hl7", "tls"].map(|name| names.code(name));
        assert_eq!(codes, [0, 1, 0, 2, 1]);
        assert_eq!(names.values(), ["dns", "tls", "hl7"]);
    }
}
