//! Which rows are one device: the likeliest pairs first, never against a bar, and nothing guessed.
//!
//! Pairs are taken in the order of their score (equal ones by id), so that the order of the input counts for nothing. A
//! pair that would bring two rows together that cannot be one device is left out. When one of the pairs that stand in
//! its way is hardly better than it, none of them is sure: all go to a person, and the rest is joined again without.

use super::row::Row;
use super::rules::{Mark, Rules};
use super::slip::slip;
use super::table::Table;
use super::{Bar, Decision};
use crate::resolve::score::{are_same, models};
use std::collections::{BTreeMap, BTreeSet};
use wardlight_model::Id;

/// A pair and its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) sum: i32,
}

/// What a person's word weighs.
pub(super) const DECIDED: i32 = i32::MAX;
/// Most times that doubtful pairs are taken out and all is joined again; what is doubtful then is left out.
const MOST_ROUNDS: usize = 32;

/// Which rows are one device.
#[derive(Debug, Default)]
pub(super) struct Clusters {
    /// The cluster of each row.
    pub(super) of: Vec<usize>,
    /// The rows of each cluster; empty when it went into another.
    pub(super) members: Vec<Vec<usize>>,
    /// The pairs that joined each cluster.
    pub(super) edges: Vec<Vec<Edge>>,
    /// Pairs that are likely enough, but stand against better ones.
    pub(super) barred: Vec<(Edge, Bar)>,
    /// Pairs that exclude each other and are too close to choose.
    pub(super) tied: Vec<Edge>,
    /// Decisions that cannot stand: about rows that are not there, or against another decision.
    pub(super) unmet: Vec<Decision>,
}

/// What may not be one device.
pub(super) struct Bars<'a> {
    rows: &'a [Row],
    table: &'a Table,
    rules: &'a Rules,
    different: BTreeSet<(usize, usize)>,
}

impl<'a> Bars<'a> {
    pub(super) fn new(rows: &'a [Row], table: &'a Table, rules: &'a Rules, decisions: &[Decision]) -> Self {
        let different = decisions.iter().filter_map(|decision| match decision {
            Decision::Different(a, b) => Some(ordered(place(rows, *a)?, place(rows, *b)?)),
            Decision::Same(..) => None,
        });
        Self { rows, table, rules, different: different.collect() }
    }

    /// Why rows `a` and `b` cannot be one device.
    pub(super) fn between(&self, a: usize, b: usize) -> Option<Bar> {
        if self.different.contains(&ordered(a, b)) {
            return Some(Bar::Decided);
        }
        let (x, y) = (self.rows.get(a)?, self.rows.get(b)?);
        if x.via == Some(b) || y.via == Some(a) {
            return Some(Bar::Nested);
        }
        if self.is_over(x, y) || self.is_over(y, x) {
            return Some(Bar::Retired);
        }
        if are_same(&x.makers, &y.makers) == Some(true) && self.differ(Mark::Serial, a, b) {
            return Some(Bar::Serials);
        }
        if self.differ(Mark::Udi, a, b) {
            return Some(Bar::Serials);
        }
        let is_labelled_twice = x.source == y.source && !x.is_network() && self.differ(Mark::AssetTag, a, b);
        (is_labelled_twice && !self.is_entered_twice(a, b)).then_some(Bar::Tags)
    }

    /// Whether two rows of one source are the same device with two labels: they name one board, or one serial number of one
    /// maker and model.
    fn is_entered_twice(&self, a: usize, b: usize) -> bool {
        let shares = |mark: Mark| {
            let mut own = self.table.row(a).iter().filter(|id| self.table.row(b).contains(id));
            own.any(|id| self.table.token(*id).is_some_and(|token| token.mark == mark))
        };
        let Some((x, y)) = self.rows.get(a).zip(self.rows.get(b)) else { return false };
        shares(Mark::Mac) || shares(Mark::Udi) || models(x, y) == Some(true) && shares(Mark::Serial)
    }

    /// Whether `record` says that the device was gone when `other` saw it.
    fn is_over(&self, record: &Row, other: &Row) -> bool {
        other.is_network() && record.retired.is_some_and(|since| other.seen.1.since(since) > self.rules.grace)
    }

    /// Whether both have values of `mark`, and none of the one is, or may be a slip of, one of the other.
    fn differ(&self, mark: Mark, a: usize, b: usize) -> bool {
        let values = |at: usize| {
            let tokens = self.table.row(at).iter().filter_map(|id| self.table.token(*id));
            tokens.filter(move |token| token.mark == mark).map(|token| token.value.as_str()).collect::<Vec<_>>()
        };
        let (own, other) = (values(a), values(b));
        let may_be = |x: &str, y: &str| x == y || mark == Mark::Serial && slip(x, y).is_some();
        !own.is_empty() && !other.is_empty() && !own.iter().any(|x| other.iter().any(|y| may_be(x, y)))
    }
}

impl Clusters {
    /// Joins `rows` by `edges`, which reach the score of acceptance.
    pub(super) fn join(edges: &[Edge], bars: &Bars<'_>, decisions: &[Decision], rules: &Rules) -> Self {
        let mut edges: Vec<Edge> = edges.to_vec();
        edges.sort_unstable_by_key(|edge| (std::cmp::Reverse(edge.sum), edge.a, edge.b));
        let mut tied: Vec<Edge> = Vec::new();
        for round in 0.. {
            let mut clusters = Self::apart(bars.rows.len());
            clusters.decide(decisions, bars);
            let mut doubtful: BTreeSet<(usize, usize)> = BTreeSet::new();
            for edge in &edges {
                doubtful.extend(clusters.take(*edge, bars, rules.margin));
            }
            if doubtful.is_empty() || round == MOST_ROUNDS {
                clusters.tied = tied;
                return clusters;
            }
            let (out, kept) = edges.iter().partition(|edge| doubtful.contains(&(edge.a, edge.b)));
            edges = kept;
            tied.extend::<Vec<Edge>>(out);
        }
        Self::default()
    }

    fn apart(count: usize) -> Self {
        let members = (0..count).map(|at| vec![at]).collect();
        Self { of: (0..count).collect(), members, edges: vec![Vec::new(); count], ..Self::default() }
    }

    /// Follows what people said.
    fn decide(&mut self, decisions: &[Decision], bars: &Bars<'_>) {
        for decision in decisions {
            let (Decision::Same(a, b) | Decision::Different(a, b)) = *decision;
            let (Some(a), Some(b)) = (place(bars.rows, a), place(bars.rows, b)) else {
                self.unmet.push(*decision);
                continue;
            };
            if matches!(decision, Decision::Different(..)) {
                continue;
            }
            let (one, other) = (self.cluster(a), self.cluster(b));
            let is_against = self.across(one, other).any(|(p, q)| bars.different.contains(&ordered(p, q)));
            if one != other && is_against {
                self.unmet.push(*decision);
            } else if one != other {
                self.unite(Edge { a, b, sum: DECIDED }, one, other);
            }
        }
    }

    /// Takes one pair; gives the pairs that are doubtful by it.
    fn take(&mut self, edge: Edge, bars: &Bars<'_>, margin: i32) -> Vec<(usize, usize)> {
        let (one, other) = (self.cluster(edge.a), self.cluster(edge.b));
        if one == other {
            return Vec::new();
        }
        let barring: Vec<(usize, usize, Bar)> =
            self.across(one, other).filter_map(|(p, q)| Some((p, q, bars.between(p, q)?))).collect();
        let Some((_, _, bar)) = barring.first().copied() else {
            self.unite(edge, one, other);
            return Vec::new();
        };
        self.barred.push((edge, bar));
        let close = |step: &Edge| step.sum.saturating_sub(edge.sum) < margin;
        let ways = barring.iter().flat_map(|(p, q, _)| {
            let way = self.way(one, *p, edge.a).into_iter().chain(self.way(other, *q, edge.b));
            way.filter(close).collect::<Vec<_>>()
        });
        let mut doubtful: Vec<(usize, usize)> = ways.map(|step| (step.a, step.b)).collect();
        if !doubtful.is_empty() {
            doubtful.push((edge.a, edge.b));
        }
        doubtful
    }

    /// The pairs that lead from `from` to `to` in one cluster.
    fn way(&self, cluster: usize, from: usize, to: usize) -> Vec<Edge> {
        let edges = self.edges.get(cluster).map_or(&[][..], Vec::as_slice);
        let steps = paths(edges, to);
        let mut way = Vec::new();
        let mut at = from;
        while let Some(edge) = steps.get(&at).filter(|_| at != to) {
            way.push(*edge);
            at = if edge.a == at { edge.b } else { edge.a };
        }
        way
    }

    fn across(&self, one: usize, other: usize) -> impl Iterator<Item = (usize, usize)> {
        let rows = |at: usize| self.members.get(at).cloned().unwrap_or_default();
        let (own, others) = (rows(one), rows(other));
        own.into_iter().flat_map(move |p| others.clone().into_iter().map(move |q| (p, q)))
    }

    pub(super) fn cluster(&self, row: usize) -> usize {
        self.of.get(row).copied().unwrap_or(row)
    }

    fn unite(&mut self, edge: Edge, one: usize, other: usize) {
        let size = |at: usize| self.members.get(at).map_or(0, Vec::len);
        let (into, from) = if size(one) >= size(other) { (one, other) } else { (other, one) };
        let moved = self.members.get_mut(from).map(std::mem::take).unwrap_or_default();
        let edges = self.edges.get_mut(from).map(std::mem::take).unwrap_or_default();
        for row in &moved {
            if let Some(of) = self.of.get_mut(*row) {
                *of = into;
            }
        }
        if let (Some(members), Some(own)) = (self.members.get_mut(into), self.edges.get_mut(into)) {
            members.extend(moved);
            own.extend(edges);
            own.push(edge);
        }
    }
}

/// For each row of a tree its pair on the way to `root`.
pub(super) fn paths(edges: &[Edge], root: usize) -> BTreeMap<usize, Edge> {
    let mut of: BTreeMap<usize, Vec<Edge>> = BTreeMap::new();
    for edge in edges {
        of.entry(edge.a).or_default().push(*edge);
        of.entry(edge.b).or_default().push(*edge);
    }
    let mut steps: BTreeMap<usize, Edge> = BTreeMap::new();
    let mut open = vec![root];
    while let Some(at) = open.pop() {
        for edge in of.get(&at).into_iter().flatten() {
            let next = if edge.a == at { edge.b } else { edge.a };
            if next != root && !steps.contains_key(&next) {
                steps.insert(next, *edge);
                open.push(next);
            }
        }
    }
    steps
}

fn ordered(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

/// The row called `id`; rows are in the order of ids.
fn place(rows: &[Row], id: Id) -> Option<usize> {
    rows.binary_search_by_key(&id, |row| row.id).ok()
}
