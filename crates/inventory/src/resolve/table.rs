//! Which value tells how much: every identifying value once, with the rows that have it.

use super::row::Row;
use super::rules::{Mark, Rules};
use super::{Crowd, slip};
use std::collections::BTreeSet;
use wardlight_model::Mac;

/// One value of one mark.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) mark: Mark,
    pub(super) value: String,
    /// The rows that have it, in order.
    pub(super) rows: Vec<u32>,
    /// What agreement in it weighs; 0 when too many have it.
    pub(super) weight: i32,
    /// The source that all its rows are of, when it is one.
    pub(super) only: Option<usize>,
}

/// All values, in the order of marks and values.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) tokens: Vec<Token>,
    /// The tokens of each row, in order.
    pub(super) of: Vec<Vec<u32>>,
    /// Asset tags and serial numbers that stand inside each row's host names.
    pub(super) named: Vec<Vec<u32>>,
}

impl Table {
    pub(super) fn new(rows: &mut [Row], rules: &Rules) -> Self {
        let mut entries: Vec<(Mark, String, u32)> = Vec::new();
        for (at, row) in (0..).zip(rows.iter_mut()) {
            entries.extend(std::mem::take(&mut row.marks).into_iter().map(|(mark, value)| (mark, value, at)));
        }
        entries.sort_unstable();
        let mut table = Self { of: vec![Vec::new(); rows.len()], ..Self::default() };
        for (mark, value, row) in entries {
            match table.tokens.last_mut().filter(|last| last.mark == mark && last.value == value) {
                Some(last) => last.rows.push(row),
                None => table.tokens.push(Token { mark, value, rows: vec![row], weight: 0, only: None }),
            }
        }
        for (id, token) in (0..).zip(&mut table.tokens) {
            let sources = sources(&token.rows, rows);
            token.only = sources.first().filter(|first| sources.last() == Some(first)).copied();
            let crowd = if token.mark == Mark::Serial { crowd_of_maker(&token.rows, rows) } else { crowd(&sources) };
            token.weight = weight(token, crowd, rules);
            for row in &token.rows {
                if let Some(of) = table.of.get_mut(index(*row)) {
                    of.push(id);
                }
            }
        }
        table.named = table.of.iter().map(|of| table.inside(of)).collect();
        table
    }

    pub(super) fn token(&self, id: u32) -> Option<&Token> {
        self.tokens.get(index(id))
    }

    /// The tokens of row `at`.
    pub(super) fn row(&self, at: usize) -> &[u32] {
        self.of.get(at).map_or(&[], Vec::as_slice)
    }

    pub(super) fn find(&self, mark: Mark, value: &str) -> Option<u32> {
        let found = self.tokens.binary_search_by(|token| (token.mark, token.value.as_str()).cmp(&(mark, value)));
        found.ok().and_then(|at| u32::try_from(at).ok())
    }

    /// The asset tags and serial numbers of others that stand inside the host names among `of`.
    fn inside(&self, of: &[u32]) -> Vec<u32> {
        let names = of.iter().filter_map(|id| self.token(*id)).filter(|token| token.mark == Mark::Hostname);
        let mut found: BTreeSet<u32> = BTreeSet::new();
        for token in names {
            let upper = token.value.to_uppercase();
            let parts = upper.split(|c: char| !c.is_alphanumeric());
            let digits = upper.split(|c: char| !c.is_ascii_digit());
            for part in parts.chain(digits).chain([&*upper]) {
                let part = wardlight_model::bare(part);
                if part.len() >= 5 && part.contains(|c: char| c.is_ascii_digit()) {
                    found.extend([Mark::AssetTag, Mark::Serial].iter().filter_map(|mark| self.find(*mark, &part)));
                }
            }
        }
        found.into_iter().collect()
    }

    /// The values that too many rows have to say anything.
    pub(super) fn crowds(&self, rules: &Rules) -> Vec<Crowd> {
        let crowded = |token: &&Token| token.weight == 0 && leads(token.mark) || token.rows.len() > rules.most_pairs;
        let told = self.tokens.iter().filter(|token| leads(token.mark)).filter(crowded);
        told.map(|token| Crowd { mark: token.mark, value: token.value.clone(), rows: token.rows.len() }).collect()
    }

    /// Pairs of rows that share something, each once, the lower first.
    pub(super) fn pairs(&self, rows: &[Row], rules: &Rules) -> Vec<(u32, u32)> {
        let mut pairs = Vec::new();
        let telling = |token: &&Token| leads(token.mark) && token.weight > 0 && token.rows.len() <= rules.most_pairs;
        for token in self.tokens.iter().filter(telling) {
            each_pair(&token.rows, &mut pairs);
        }
        for (at, named) in (0..).zip(&self.named) {
            let tokens = named.iter().filter_map(|id| self.token(*id)).filter(telling);
            pairs.extend(tokens.flat_map(|token| &token.rows).filter(|row| **row != at).map(|row| (at, *row)));
        }
        self.neighbours(&mut pairs);
        self.slips(rows, &mut pairs);
        places(rows, &mut pairs);
        for pair in &mut pairs {
            *pair = (pair.0.min(pair.1), pair.0.max(pair.1));
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// Hardware addresses next to each other, each known to one source only.
    fn neighbours(&self, pairs: &mut Vec<(u32, u32)>) {
        for token in self.tokens.iter().filter(|token| token.mark == Mark::Mac) {
            let next = next(&token.value).and_then(|next| self.token(self.find(Mark::Mac, &next)?));
            if let Some(next) = next.filter(|next| are_strangers(token, next)) {
                pairs.extend(token.rows.iter().flat_map(|one| next.rows.iter().map(|other| (*one, *other))));
            }
        }
    }

    /// Serial numbers one slip apart of one maker, each known to one source only.
    fn slips(&self, rows: &[Row], pairs: &mut Vec<(u32, u32)>) {
        /// More serial numbers that are near each other are a delivery's consecutive ones.
        const MOST: usize = 12;
        let mut near: Vec<(&str, String, &Token)> = Vec::new();
        let orphans = self.tokens.iter().filter(|token| token.mark == Mark::Serial && token.only.is_some());
        for token in orphans.filter(|token| token.weight > 0) {
            let row = token.rows.first().and_then(|row| rows.get(index(*row)));
            if let Some(maker) = row.and_then(|row| row.makers.first()) {
                near.extend(slip::neighbourhood(&token.value).into_iter().map(|key| (maker.as_str(), key, token)));
            }
        }
        near.sort_by(|a, b| (a.0, &a.1, &a.2.value).cmp(&(b.0, &b.1, &b.2.value)));
        for group in near.chunk_by(|a, b| (a.0, &a.1) == (b.0, &b.1)).filter(|group| group.len() <= MOST) {
            for (at, (_, _, one)) in group.iter().enumerate() {
                for (_, _, other) in group.iter().skip(at + 1).filter(|(_, _, other)| are_strangers(one, other)) {
                    pairs.extend(one.rows.iter().flat_map(|a| other.rows.iter().map(|b| (*a, *b))));
                }
            }
        }
    }
}

/// Whether two values are each known to one source, and not the same one: where a source knows both, they are two.
pub(super) fn are_strangers(one: &Token, other: &Token) -> bool {
    one.only.is_some() && other.only.is_some() && one.only != other.only
}

/// Whether rows that share a value of `mark` are worth comparing.
const fn leads(mark: Mark) -> bool {
    !matches!(mark, Mark::UdiDi)
}

pub(super) fn index(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

fn each_pair(rows: &[u32], pairs: &mut Vec<(u32, u32)>) {
    for (at, one) in rows.iter().enumerate() {
        pairs.extend(rows.iter().skip(at + 1).map(|other| (*one, *other)));
    }
}

/// The hardware address behind `mac` when both can be cards of one device.
fn next(mac: &str) -> Option<String> {
    let Mac([a, b, c, d, e, f]) = mac.parse().ok()?;
    let [_, d, e, f] = u32::from_be_bytes([0, d, e, f]).checked_add(1)?.to_be_bytes();
    Some(Mac([a, b, c, d, e, f]).to_string())
}

/// The sources of `rows`, in order.
fn sources(of: &[u32], rows: &[Row]) -> Vec<usize> {
    let mut sources: Vec<usize> = of.iter().filter_map(|row| Some(rows.get(index(*row))?.source)).collect();
    sources.sort_unstable();
    sources
}

/// The most rows that one source has.
fn crowd(sources: &[usize]) -> usize {
    sources.chunk_by(|a, b| a == b).map(<[usize]>::len).max().unwrap_or(0)
}

/// The most rows that one source has of one maker: numbers repeat among makers, and the maker is compared as well.
fn crowd_of_maker(of: &[u32], rows: &[Row]) -> usize {
    let rows = of.iter().filter_map(|row| rows.get(index(*row)));
    let mut by: Vec<(usize, &str)> =
        rows.map(|row| (row.source, row.makers.first().map_or("", String::as_str))).collect();
    by.sort_unstable();
    by.chunk_by(|a, b| a == b).map(<[_]>::len).max().unwrap_or(0)
}

fn weight(token: &Token, crowd: usize, rules: &Rules) -> i32 {
    let weight = rules.weight(token.mark);
    if crowd > weight.most {
        return 0;
    }
    let letters = i32::try_from(token.value.chars().count()).unwrap_or(i32::MAX);
    let most = if weight.letter > 0 { weight.letter.saturating_mul(letters).min(weight.agrees) } else { weight.agrees };
    #[allow(clippy::cast_precision_loss, reason = "bounded by the number of rows")]
    let lost = super::rules::thousandths(rules.crowd * (crowd.max(1) as f64).log2());
    (most - if token.mark == Mark::UdiDi { 0 } else { lost }).max(0)
}

/// Rows of one maker and model in one room: few enough to ask a person.
fn places(rows: &[Row], pairs: &mut Vec<(u32, u32)>) {
    const MOST: usize = 4;
    let mut placed: Vec<([&str; 4], u32)> = Vec::new();
    for (at, row) in (0..).zip(rows) {
        if let (Some(room), Some(maker), Some(model)) = (&row.room, row.makers.first(), row.models.first()) {
            placed.push(([room, maker, model, row.department.as_deref().unwrap_or_default()], at));
        }
    }
    placed.sort_unstable();
    for group in placed.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() <= MOST) {
        let rows: Vec<u32> = group.iter().map(|(_, row)| *row).collect();
        each_pair(&rows, pairs);
    }
}
