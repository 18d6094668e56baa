//! The texts of one column: each is kept once, and rows hold its code.
//!
//! A [`Dictionary`] is what a snapshot sees and never changes; a [`Lexicon`] is what the writer keeps beside it. Codes
//! that no row holds any more are given to new texts; older snapshots keep their own copy of the chunk.

use super::fold::{fold, letter, letters, pairs};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

/// The code of no text.
pub(super) const ABSENT: u32 = u32::MAX;
/// Texts in one chunk: what is copied when one of them is new.
const CHUNK: usize = 1024;

/// One text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    /// As it was said.
    pub(super) text: &'a Arc<str>,
    /// Without case.
    pub(super) folded: &'a str,
    /// As a number, in columns of addresses.
    pub(super) address: Option<IpAddr>,
}

impl Entry<'_> {
    /// Whether a filter cannot tell it from `other`.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.folded == other.folded && self.address == other.address
    }

    fn order(&self, other: &Self) -> Ordering {
        let rest = || self.folded.cmp(other.folded).then_with(|| self.text.cmp(other.text));
        self.address.cmp(&other.address).then_with(rest)
    }
}

/// Some texts. Those without case lie one behind the other, so that a search reads memory in its order.
#[derive(Debug, Clone, Default)]
struct Chunk {
    texts: Vec<Arc<str>>,
    addresses: Vec<Option<IpAddr>>,
    folded: String,
    /// Where each text ends in `folded`.
    ends: Vec<usize>,
    /// Which pairs of bytes each text holds: rules most texts out before they are looked at.
    pairs: Vec<u64>,
    /// Which bytes each text holds: a search for one letter looks at nothing else.
    letters: Vec<u64>,
}

impl Chunk {
    fn entry(&self, place: usize) -> Option<Entry<'_>> {
        let folded = self.folded.get(self.range(place))?;
        Some(Entry { text: self.texts.get(place)?, folded, address: *self.addresses.get(place)? })
    }

    /// Writes the text at `place`: over an old one, or behind the last.
    fn put(&mut self, place: usize, text: &Arc<str>, address: Option<IpAddr>) {
        let folded = fold(text);
        if place >= self.texts.len() {
            self.texts.push(Arc::clone(text));
            self.addresses.push(address);
            self.pairs.push(pairs(&folded));
            self.letters.push(letters(&folded));
            self.folded.push_str(&folded);
            self.ends.push(self.folded.len());
            return;
        }
        let old = self.range(place);
        let length = old.len();
        self.folded.replace_range(old, &folded);
        self.ends.iter_mut().skip(place).for_each(|end| *end = *end + folded.len() - length);
        self.texts.iter_mut().skip(place).take(1).for_each(|old| *old = Arc::clone(text));
        self.addresses.iter_mut().skip(place).take(1).for_each(|old| *old = address);
        self.pairs.iter_mut().skip(place).take(1).for_each(|old| *old = pairs(&folded));
        self.letters.iter_mut().skip(place).take(1).for_each(|old| *old = letters(&folded));
    }

    fn range(&self, place: usize) -> Range<usize> {
        let end = |place: usize| self.ends.get(place).copied().unwrap_or(0);
        place.checked_sub(1).map_or(0, end)..end(place)
    }
}

/// The texts of one column, with their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Dictionary {
    chunks: Vec<Arc<Chunk>>,
    /// Codes in the order of their texts.
    order: Arc<Vec<u32>>,
    /// Each code's place in that order.
    ranks: Arc<Vec<u32>>,
}

impl Dictionary {
    /// The text of `code`.
    pub(super) fn entry(&self, code: u32) -> Option<Entry<'_>> {
        let code = usize::try_from(code).ok()?;
        self.chunks.get(code / CHUNK)?.entry(code % CHUNK)
    }

    /// Whether the texts of `a` and `b` are such that a filter cannot tell them apart.
    pub(super) fn are_same(&self, a: u32, b: u32) -> bool {
        let held = |code: u32| {
            let code = usize::try_from(code).ok()?;
            self.chunks.get(code / CHUNK)?.pairs.get(code % CHUNK)
        };
        held(a) == held(b) && self.entry(a).zip(self.entry(b)).is_some_and(|(a, b)| a.is_same(&b))
    }

    /// The place of `code` among all texts.
    pub(super) fn rank(&self, code: u32) -> Option<u32> {
        self.ranks.get(usize::try_from(code).ok()?).copied()
    }

    /// The place of `text` among all texts: its own, or that of the first behind it.
    pub(super) fn place(&self, text: &Arc<str>, is_address: bool) -> Result<u32, u32> {
        let folded = fold(text);
        let address = if is_address { text.parse().ok() } else { None };
        let wanted = Entry { text, folded: &folded, address };
        let order = |code: &u32| self.entry(*code).map_or(Ordering::Greater, |entry| entry.order(&wanted));
        let rank = |place: usize| u32::try_from(place).unwrap_or(ABSENT);
        self.order.binary_search_by(order).map(rank).map_err(rank)
    }

    /// Codes in the order of their texts.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// One more than the highest code.
    pub(super) fn len(&self) -> usize {
        self.ranks.len()
    }

    /// The codes of the texts that, without case, have all pairs of bytes that `needle` has, and pass `test`.
    pub(super) fn matching(&self, needle: &str, test: impl Fn(&str) -> bool) -> Codes {
        let wanted = pairs(needle);
        let mut codes = Codes::default();
        for (first, chunk) in (0..).step_by(CHUNK).zip(&self.chunks) {
            let mut begin = 0;
            for (place, (end, held)) in chunk.ends.iter().zip(&chunk.pairs).enumerate() {
                if wanted & !held == 0 && chunk.folded.get(begin..*end).is_some_and(&test) {
                    codes.insert(first + place);
                }
                begin = *end;
            }
        }
        codes
    }

    /// The codes of the texts that, without case, have `byte` in them.
    pub(super) fn matching_byte(&self, byte: u8) -> Codes {
        let (bit, is_own) = letter(byte);
        let mut codes = Codes::default();
        for (first, chunk) in (0..).step_by(CHUNK).zip(&self.chunks) {
            for (place, held) in chunk.letters.iter().enumerate() {
                let has = || chunk.folded.get(chunk.range(place)).is_some_and(|text| text.as_bytes().contains(&byte));
                if held & bit != 0 && (is_own || has()) {
                    codes.insert(first + place);
                }
            }
        }
        codes
    }

    /// The codes of the texts that are `folded` without case, in a column that has no addresses.
    pub(super) fn written(&self, folded: &str) -> Codes {
        let text = |code: &u32| self.entry(*code).map_or("", |entry| entry.folded);
        let begin = self.order.partition_point(|code| text(code) < folded);
        let mut codes = Codes::default();
        let all = self.order.iter().skip(begin).take_while(|code| text(code) == folded);
        all.filter_map(|code| usize::try_from(*code).ok()).for_each(|code| codes.insert(code));
        codes
    }

    /// The codes of the addresses that pass `test`.
    pub(super) fn matching_address(&self, test: impl Fn(IpAddr) -> bool) -> Codes {
        let mut codes = Codes::default();
        for (first, chunk) in (0..).step_by(CHUNK).zip(&self.chunks) {
            for (place, address) in chunk.addresses.iter().enumerate() {
                if address.is_some_and(&test) {
                    codes.insert(first + place);
                }
            }
        }
        codes
    }
}

/// Some codes of one dictionary.
#[derive(Debug, Clone, Default)]
pub(super) struct Codes {
    words: Vec<u64>,
}

impl Codes {
    pub(super) const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    pub(super) fn has(&self, code: u32) -> bool {
        usize::try_from(code / 64)
            .is_ok_and(|word| self.words.get(word).is_some_and(|word| word >> (code % 64) & 1 == 1))
    }

    fn insert(&mut self, code: usize) {
        let word = code / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << (code % 64);
        }
    }
}

/// A dictionary as its writer keeps it.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    published: Dictionary,
    codes: HashMap<Arc<str>, u32>,
    /// How often rows hold each code.
    uses: Vec<u32>,
    free: Vec<u32>,
    /// Codes whose text is new since the last publication.
    fresh: Vec<u32>,
    has_gone: bool,
    is_address: bool,
}

impl Lexicon {
    pub(super) fn new(is_address: bool) -> Self {
        Self { is_address, ..Self::default() }
    }

    /// The code of `text`, held once more.
    pub(super) fn take(&mut self, text: &Arc<str>) -> u32 {
        let code = self.codes.get(text).copied().unwrap_or_else(|| self.add(text));
        if let Some(uses) = self.uses_of(code) {
            *uses = uses.saturating_add(1);
        }
        code
    }

    /// Takes note that one row holds `code` no more.
    pub(super) fn give_back(&mut self, code: u32) {
        let Some(uses) = self.uses_of(code) else { return };
        *uses = uses.saturating_sub(1);
        if *uses == 0
            && let Some(entry) = self.published.entry(code)
        {
            self.codes.remove(entry.text);
            self.free.push(code);
            self.has_gone = true;
        }
    }

    /// The dictionary as it is now, with all texts in order.
    pub(super) fn publish(&mut self) -> Dictionary {
        if self.has_gone || !self.fresh.is_empty() {
            self.reorder();
        }
        self.published.clone()
    }

    fn add(&mut self, text: &Arc<str>) -> u32 {
        let code = self.free.pop().unwrap_or_else(|| {
            self.uses.push(0);
            u32::try_from(self.uses.len() - 1).unwrap_or(ABSENT)
        });
        let address = if self.is_address { text.parse().ok() } else { None };
        let place = usize::try_from(code).unwrap_or(usize::MAX);
        let chunks = &mut self.published.chunks;
        if chunks.len() <= place / CHUNK {
            chunks.push(Arc::default());
        }
        if let Some(chunk) = chunks.get_mut(place / CHUNK) {
            Arc::make_mut(chunk).put(place % CHUNK, text, address);
        }
        self.codes.insert(Arc::clone(text), code);
        self.fresh.push(code);
        code
    }

    fn uses_of(&mut self, code: u32) -> Option<&mut u32> {
        usize::try_from(code).ok().and_then(|code| self.uses.get_mut(code))
    }

    /// Puts the new texts among the old ones: few comparisons when few are new, and one pass over the codes.
    fn reorder(&mut self) {
        let mut moved: Vec<bool> = self.uses.iter().map(|uses| *uses == 0).collect();
        let is_used =
            |code: &u32| usize::try_from(*code).is_ok_and(|code| self.uses.get(code).is_some_and(|uses| *uses > 0));
        let mut fresh: Vec<u32> = self.fresh.drain(..).filter(is_used).collect();
        for code in &fresh {
            if let Some(moved) = usize::try_from(*code).ok().and_then(|code| moved.get_mut(code)) {
                *moved = true;
            }
        }
        let stays = |code: &u32| usize::try_from(*code).is_ok_and(|code| moved.get(code) == Some(&false));
        let old: Vec<u32> = self.published.order.iter().copied().filter(stays).collect();
        let texts = &self.published;
        let order = |a: &u32, b: &u32| match (texts.entry(*a), texts.entry(*b)) {
            (Some(a), Some(b)) => a.order(&b),
            _ => a.cmp(b),
        };
        fresh.sort_unstable_by(order);
        fresh.dedup();
        let mut merged = Vec::with_capacity(old.len() + fresh.len());
        let mut rest = old.as_slice();
        for code in &fresh {
            let before = rest.partition_point(|other| order(other, code) == Ordering::Less);
            let (first, after) = rest.split_at(before);
            merged.extend_from_slice(first);
            merged.push(*code);
            rest = after;
        }
        merged.extend_from_slice(rest);
        self.published.ranks = Arc::new(ranks(&merged, self.uses.len()));
        self.published.order = Arc::new(merged);
        self.has_gone = false;
    }
}

fn ranks(order: &[u32], codes: usize) -> Vec<u32> {
    let mut ranks = vec![ABSENT; codes];
    for (rank, code) in (0..).zip(order) {
        if let Some(place) = usize::try_from(*code).ok().and_then(|code| ranks.get_mut(code)) {
            *place = rank;
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(dictionary: &Dictionary) -> Vec<String> {
        dictionary.order().iter().map(|code| dictionary.entry(*code).unwrap().text.to_string()).collect()
    }

    #[test]
    fn texts_are_in_order_whenever_they_came() {
        let mut lexicon = Lexicon::new(false);
        let codes: Vec<u32> = ["b", "D", "a", "c"].map(|text| lexicon.take(&text.into())).to_vec();
        let before = lexicon.publish();
        assert_eq!(texts(&before), ["a", "b", "c", "D"]);
        lexicon.give_back(codes[0]);
        assert_eq!(lexicon.take(&"e".into()), codes[0], "a code that nothing holds is used again");
        assert_eq!(texts(&lexicon.publish()), ["a", "c", "D", "e"]);
        assert_eq!(texts(&before), ["a", "b", "c", "D"], "an older snapshot stays as it was");
        assert_eq!(before.rank(codes[1]), Some(3));
    }

    #[test]
    fn addresses_are_in_the_order_of_their_numbers() {
        let mut lexicon = Lexicon::new(true);
        for text in ["10.0.0.10", "fe80::1", "10.0.0.9", "9.0.0.0"] {
            lexicon.take(&text.into());
        }
        assert_eq!(texts(&lexicon.publish()), ["9.0.0.0", "10.0.0.9", "10.0.0.10", "fe80::1"]);
    }
}
