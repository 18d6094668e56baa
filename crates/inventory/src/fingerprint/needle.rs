//! Which patterns can match a text at all, from the literals that a match must contain.
//!
//! In: regular expressions. Out: for a text, the numbers of those that may match; all that do match are among them. One
//! pass over the text finds the literals of all patterns together, so that a further pattern costs nothing for texts
//! that have none of its literals. Patterns without a literal are tried together, as one set.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use regex::bytes::{RegexSet, RegexSetBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Most literals of which one must stand in a text that a pattern matches.
const MOST: usize = 256;
/// Most such sets for one pattern.
const SETS: usize = 8;
/// Memory that the patterns without a literal may take.
const COMPILED: usize = 32 << 20;

/// Literals of which one must stand in the text.
type Set = Vec<Box<[u8]>>;

/// The patterns of one field by what a text must contain.
#[derive(Debug, Default)]
pub(super) struct Needles {
    literals: Option<AhoCorasick>,
    /// For each literal the patterns that need it, each with the bit of the set it is one of.
    of: Vec<Vec<(usize, u8)>>,
    /// For each pattern the bits of all its sets; 0 when it has none.
    whole: Vec<u8>,
    /// The patterns that have no literal.
    bare: Option<RegexSet>,
    /// Which pattern each of those is.
    bare_of: Vec<usize>,
}

impl Needles {
    /// Reads `patterns`; one that is no regular expression is never a candidate.
    pub(super) fn new<'a>(patterns: impl Iterator<Item = &'a str>) -> Self {
        let mut literals: BTreeMap<Box<[u8]>, Vec<(usize, u8)>> = BTreeMap::new();
        let (mut whole, mut bare, mut bare_of) = (Vec::new(), Vec::new(), Vec::new());
        for (number, pattern) in patterns.enumerate() {
            let sets = parse(pattern).map(|hir| best(needed(&hir)));
            if sets.as_ref().is_some_and(Vec::is_empty) {
                bare.push(pattern);
                bare_of.push(number);
            }
            let mut all = 0;
            for (set, bit) in sets.into_iter().flatten().zip((0..SETS).map(|bit| 1 << bit)) {
                all |= bit;
                for literal in set {
                    literals.entry(literal.to_ascii_lowercase().into()).or_default().push((number, bit));
                }
            }
            whole.push(all);
        }
        let mut search = AhoCorasickBuilder::new();
        search.ascii_case_insensitive(true).match_kind(MatchKind::Standard);
        search.kind(Some(AhoCorasickKind::ContiguousNFA));
        let mut set = RegexSetBuilder::new(bare);
        set.case_insensitive(true).unicode(false).size_limit(COMPILED).dfa_size_limit(COMPILED);
        let built = search.build(literals.keys()).ok();
        Self { literals: built, of: literals.into_values().collect(), whole, bare: set.build().ok(), bare_of }
    }

    /// The patterns that `text` may match, in their order.
    pub(super) fn candidates(&self, text: &[u8]) -> Vec<usize> {
        let mut met = vec![0_u8; self.whole.len()];
        for hit in self.literals.iter().flat_map(|literals| literals.find_overlapping_iter(text)) {
            for (pattern, bit) in self.of.get(hit.pattern().as_usize()).into_iter().flatten() {
                met.get_mut(*pattern).into_iter().for_each(|met| *met |= bit);
            }
        }
        let spoken = met.iter().zip(&self.whole).enumerate();
        let spoken = spoken.filter(|(_, (met, whole))| **whole != 0 && met == whole).map(|(number, _)| number);
        let bare = self.bare.iter().flat_map(|bare| bare.matches(text));
        let mut found: Vec<usize> = spoken.chain(bare.filter_map(|hit| self.bare_of.get(hit).copied())).collect();
        found.sort_unstable();
        found
    }
}

/// A pattern as it is written: letters stand for either case, which the search for literals knows too.
fn parse(pattern: &str) -> Option<Hir> {
    let written = pattern.strip_prefix("(?i)").unwrap_or(pattern);
    ParserBuilder::new().unicode(false).utf8(false).build().parse(written).ok()
}

/// Sets of literals: of each, one stands in every text that `hir` matches.
fn needed(hir: &Hir) -> Vec<Set> {
    match hir.kind() {
        HirKind::Literal(literal) => vec![vec![literal.0.clone()]],
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Repetition(repeated) if repeated.min > 0 => needed(&repeated.sub),
        HirKind::Concat(parts) => parts.iter().flat_map(needed).collect(),
        HirKind::Alternation(parts) => {
            let sets = parts.iter().map(|part| best(needed(part)).into_iter().next()).collect::<Option<Vec<_>>>();
            let all: Set = sets.unwrap_or_default().into_iter().flatten().collect();
            if all.is_empty() || all.len() > MOST { Vec::new() } else { vec![all] }
        }
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) | HirKind::Repetition(_) => Vec::new(),
    }
}

/// The sets that say most, the best first; single signs only when there is nothing else.
fn best(mut sets: Vec<Set>) -> Vec<Set> {
    let shortest = |set: &Set| set.iter().map(|literal| literal.len()).min().unwrap_or_default();
    sets.sort_by_key(|set| (Reverse(shortest(set)), set.len()));
    let longer = sets.iter().take_while(|set| shortest(set) > 1).count();
    sets.truncate(longer.clamp(1, SETS));
    sets
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::bytes::RegexBuilder;

    fn literals(pattern: &str) -> Vec<Vec<String>> {
        let text = |literal: Box<[u8]>| String::from_utf8(literal.into_vec()).unwrap();
        best(needed(&parse(pattern).unwrap())).into_iter().map(|set| set.into_iter().map(text).collect()).collect()
    }

    #[test]
    fn what_a_match_must_contain() {
        let check = |pattern, wanted: &[&[&str]]| assert_eq!(literals(pattern), wanted, "{pattern}");
        check(r"^ACME-INFUSE/(?<model>\w+)-(?<v>[\d.]+)$", &[&["ACME-INFUSE/"]]);
        check(r"(?:^|[\^ ])(?<model>BC-?\d{1,4}|BS-\d+)(?:\W|$)", &[&["BC", "BS-"]]);
        check(r"(?i)^cisco (?:ios)?.* version \d", &[&[" version "], &["cisco "]]);
        check(r"x|(?:yes)?", &[]);
        check(r"^\d+$", &[]);
    }

    #[test]
    fn letters_stand_for_either_case() {
        let needles = Needles::new(["(?i)aBc", "Abc", r"(a+$", r"^\d"].into_iter());
        assert_eq!(needles.candidates(b"xABC"), [0, 1]);
        assert_eq!(needles.candidates(b"1"), [3]);
    }

    const PATTERNS: &[&str] = &[
        "ab",
        "a[bc]+d",
        "(?:ab|cd)*e",
        "^(?:a|bc)$",
        r"b{2,3}c?",
        "(?i:A)b",
        "[aA]b|cd",
        "(?:a|b|)c",
        "^$",
        "d(?-i:C)",
    ];

    proptest! {
        #[test]
        fn whatever_matches_is_a_candidate(text in "[abcdeABCDE]{0,8}") {
            let needles = Needles::new(PATTERNS.iter().copied());
            let found = needles.candidates(text.as_bytes());
            for (number, pattern) in PATTERNS.iter().enumerate() {
                let regex = RegexBuilder::new(pattern).case_insensitive(true).unicode(false).build().unwrap();
                prop_assert!(!regex.is_match(text.as_bytes()) || found.contains(&number), "{pattern} {text}");
            }
        }
    }
}
