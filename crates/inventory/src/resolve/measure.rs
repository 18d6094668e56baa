//! How good a resolution is against a known truth.
//!
//! Pairwise precision and recall count pairs of rows that were put together; B-cubed (Bagga and Baldwin 1998) asks each
//! row how much of its group belongs to it, so that large groups do not count more than small ones.

use std::collections::BTreeMap;
use wardlight_model::Id;

/// Figures of merit.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Quality {
    /// Rows that both know.
    pub rows: usize,
    /// Pairs that are together in truth.
    pub true_pairs: u64,
    /// Pairs that were put together.
    pub found_pairs: u64,
    /// Pairs that are together in both.
    pub common_pairs: u64,
    /// Share of the pairs put together that are so in truth; 1 when there is none.
    pub precision: f64,
    /// Share of the pairs that are so in truth that were put together; 1 when there is none.
    pub recall: f64,
    /// B-cubed precision.
    pub b_cubed_precision: f64,
    /// B-cubed recall.
    pub b_cubed_recall: f64,
    /// B-cubed F1.
    pub b_cubed_f1: f64,
}

/// Compares `found` with `truth`; both say for each row the group that it is in. Rows that only one knows do not count.
#[must_use]
pub fn measure(found: &BTreeMap<Id, Id>, truth: &BTreeMap<Id, Id>) -> Quality {
    let both: Vec<(Id, Id)> = truth.iter().filter_map(|(row, group)| Some((*found.get(row)?, *group))).collect();
    let mut cells: BTreeMap<(Id, Id), u64> = BTreeMap::new();
    let (mut of_found, mut of_truth) = (BTreeMap::<Id, u64>::new(), BTreeMap::<Id, u64>::new());
    for (one, other) in &both {
        *cells.entry((*one, *other)).or_default() += 1;
        *of_found.entry(*one).or_default() += 1;
        *of_truth.entry(*other).or_default() += 1;
    }
    let pairs = |counts: &mut dyn Iterator<Item = u64>| counts.map(|n| n * (n - 1) / 2).sum::<u64>();
    let common_pairs = pairs(&mut cells.values().copied());
    let found_pairs = pairs(&mut of_found.values().copied());
    let true_pairs = pairs(&mut of_truth.values().copied());
    let rows = count(both.len());
    let cubed = |of: &dyn Fn(&(Id, Id)) -> u64| {
        let sum: f64 = cells.iter().map(|(cell, n)| float(*n) * float(*n) / float(of(cell).max(1))).sum();
        if rows > 0 { sum / float(rows) } else { 1.0 }
    };
    let b_cubed_precision = cubed(&|cell| of_found.get(&cell.0).copied().unwrap_or(1));
    let b_cubed_recall = cubed(&|cell| of_truth.get(&cell.1).copied().unwrap_or(1));
    Quality {
        rows: both.len(),
        true_pairs,
        found_pairs,
        common_pairs,
        precision: share(common_pairs, found_pairs),
        recall: share(common_pairs, true_pairs),
        b_cubed_precision,
        b_cubed_recall,
        b_cubed_f1: 2.0 * b_cubed_precision * b_cubed_recall / (b_cubed_precision + b_cubed_recall),
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { float(part) / float(whole) }
}

#[allow(clippy::cast_precision_loss, reason = "counts of rows and pairs stay far below 2^53")]
const fn float(count: u64) -> f64 {
    count as f64
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(text: &str) -> BTreeMap<Id, Id> {
        let id = |n: u8| Id([n; 16]);
        let rows = text.split(' ').enumerate().flat_map(|(group, rows)| rows.bytes().map(move |row| (row, group)));
        rows.map(|(row, group)| (id(row), id(u8::try_from(group).unwrap()))).collect()
    }

    #[test]
    fn the_textbook_example_of_b_cubed() {
        // Bagga and Baldwin 1998, figure 1 and second response: truth 12345 67 89ABC; response joins 67 with 89ABC.
        let quality = measure(&groups("12345 6789ABC"), &groups("12345 67 89ABC"));
        assert!((quality.b_cubed_precision - 0.762).abs() < 0.001, "{quality:?}");
        assert!((quality.b_cubed_recall - 1.0).abs() < 1e-9);
        assert_eq!((quality.true_pairs, quality.found_pairs, quality.common_pairs), (21, 31, 21));
        assert!((quality.precision - 21.0 / 31.0).abs() < 1e-9 && (quality.recall - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_truth_itself_is_perfect_and_rows_of_one_side_do_not_count() {
        let truth = groups("12 3 45");
        let quality = measure(&groups("21 3 54 67"), &truth);
        assert_eq!((quality.rows, quality.precision, quality.recall, quality.b_cubed_f1), (5, 1.0, 1.0, 1.0));
        let apart = measure(&groups("1 2 3 4 5"), &truth);
        assert_eq!((apart.precision, apart.recall, apart.found_pairs), (1.0, 0.0, 0));
    }
}
