//! What people are asked: pairs that are likely but not sure, that contradict each other, or that cannot be but look so.

use super::Bar;
use super::cluster::{Bars, Clusters, Edge};
use super::score::{Bench, Score};
use std::collections::{BTreeMap, BTreeSet};
use wardlight_model::Id;

/// Why a person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Why {
    /// Too little speaks for it.
    Unsure,
    /// Another answer is about as likely, and both cannot be.
    Tied,
    /// Much speaks for it, but something excludes it.
    Barred(Bar),
}

/// Two rows that may be one device.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Question {
    /// The one.
    pub a: Id,
    /// The other.
    pub b: Id,
    /// Why it is asked.
    pub why: Why,
    /// What speaks for and against.
    pub score: Score,
}

impl std::fmt::Display for Question {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} and {}, {:.0} %: ", self.a, self.b, self.score.probability * 100.0)?;
        let reasons: Vec<String> = self.score.reasons.iter().map(ToString::to_string).collect();
        out.write_str(&reasons.join("; "))
    }
}

/// The questions that `edges` leave open, likeliest first; each pair of groups is asked about once.
pub(super) fn questions(
    edges: &[Edge],
    barred: &[Edge],
    clusters: &Clusters,
    bars: &Bars<'_>,
    bench: &Bench<'_>,
) -> Vec<Question> {
    let tied: BTreeSet<(usize, usize)> = clusters.tied.iter().map(|edge| (edge.a, edge.b)).collect();
    let late: BTreeMap<(usize, usize), Bar> =
        clusters.barred.iter().map(|(edge, bar)| ((edge.a, edge.b), *bar)).collect();
    let barred: BTreeSet<(usize, usize)> = barred.iter().map(|edge| (edge.a, edge.b)).collect();
    let sources = sources(clusters, bench);
    let open = edges.iter().filter(|edge| clusters.cluster(edge.a) != clusters.cluster(edge.b));
    let mut open: Vec<(Edge, Why)> = open
        .filter_map(|edge| {
            let pair = (edge.a, edge.b);
            let why = if tied.contains(&pair) {
                Why::Tied
            } else if barred.contains(&pair) {
                Why::Barred(bars.between(edge.a, edge.b).filter(|bar| *bar != Bar::Decided)?)
            } else if let Some(bar) = late.get(&pair) {
                Why::Barred(*bar)
            } else {
                is_open(edge, clusters, bars, &sources).then_some(Why::Unsure)?
            };
            Some((*edge, why))
        })
        .collect();
    open.sort_unstable_by_key(|(edge, why)| (std::cmp::Reverse(edge.sum), edge.a, edge.b, *why));
    let mut asked: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    open.retain(|(edge, why)| {
        let (one, other) = (clusters.cluster(edge.a), clusters.cluster(edge.b));
        let count = |of: usize| counts.get(&of).copied().unwrap_or(0);
        let is_many = *why == Why::Unsure && count(one).max(count(other)) >= bench.rules.most_asked;
        if is_many || !asked.insert((one.min(other), one.max(other))) {
            return false;
        }
        [one, other].into_iter().for_each(|of| *counts.entry(of).or_default() += 1);
        true
    });
    let ids = |at: usize| bench.rows.get(at).map(|row| row.id).unwrap_or_default();
    let told = |(edge, why): &(Edge, Why)| Question {
        a: ids(edge.a),
        b: ids(edge.b),
        why: *why,
        score: bench.explain(edge.a, edge.b),
    };
    open.iter().map(told).collect()
}

/// The sources that each cluster has rows of.
fn sources(clusters: &Clusters, bench: &Bench<'_>) -> Vec<BTreeSet<usize>> {
    let of = |members: &Vec<usize>| members.iter().filter_map(|at| Some(bench.rows.get(*at)?.source)).collect();
    clusters.members.iter().map(of).collect()
}

/// Whether an unsure pair is worth a question: nothing excludes it, and not both have found a better partner already.
fn is_open(edge: &Edge, clusters: &Clusters, bars: &Bars<'_>, sources: &[BTreeSet<usize>]) -> bool {
    let (one, other) = (clusters.cluster(edge.a), clusters.cluster(edge.b));
    let members = |at: usize| clusters.members.get(at).map_or(&[][..], Vec::as_slice);
    let is_barred = members(one).iter().any(|p| members(other).iter().any(|q| bars.between(*p, *q).is_some()));
    let of = |at: usize| sources.get(at);
    let is_shared = of(one).zip(of(other)).is_some_and(|(one, other)| one.intersection(other).count() > 1);
    !is_barred && !is_shared
}
