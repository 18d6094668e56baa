//! The matrix of kinds, and the map drawn from it.
//!
//! In: cells by kind and service. Out: a table of at most twelve kinds and the others together, and lines between boxes in
//! three columns, every count with the address of the pairs behind it.

use crate::house::{Cell, MANY, NO_DEVICE, OUTSIDE, UNKNOWN_KIND};
use crate::part::words::{counted, encoded};
use std::collections::{BTreeMap, HashMap};
use wardlight_inventory::Types;

/// Kinds of their own; the others are put together.
const KINDS: usize = 11;
/// What is put together.
const OTHERS: &str = "others";
/// Lines drawn; more are counted.
const LINES: usize = 24;

/// The table.
pub struct Grid {
    /// The kinds, in the order of columns.
    pub kinds: Vec<String>,
    /// One row a kind.
    pub rows: Vec<Line>,
    /// How many kinds are put together; empty for none.
    pub folded: String,
}

/// One kind, and what it began.
pub struct Line {
    /// The kind.
    pub kind: String,
    /// One for each kind.
    pub cells: Vec<Count>,
}

/// How many pairs.
pub struct Count {
    /// In words; empty for none.
    pub pairs: String,
    /// Who and with whom, for those who do not see where it stands.
    pub says: String,
    /// The pairs; empty where kinds are put together.
    pub rows: String,
}

impl Grid {
    /// The table of `cells`, all by `service` if that is not empty.
    pub fn of(cells: &[Cell], service: &str) -> Self {
        let (kinds, folded) = kinds(cells);
        let place: HashMap<&str, usize> = kinds.iter().enumerate().map(|(at, kind)| (kind.as_str(), at)).collect();
        let others = place.get(OTHERS).copied();
        let at = |kind: &str| place.get(kind).copied().or(others);
        let mut sums: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for cell in cells {
            if let (Some(from), Some(to)) = (at(&cell.from), at(&cell.to)) {
                *sums.entry((from, to)).or_default() += cell.pairs;
            }
        }
        let count = |from: usize, to: usize| {
            let (pairs, names) = (sums.get(&(from, to)).copied().unwrap_or_default(), [kinds.get(from), kinds.get(to)]);
            let [from, to] = names.map(|name| name.map(String::as_str).unwrap_or_default());
            let pairs = if pairs == 0 { String::new() } else { whole(pairs) };
            let is_one = !pairs.is_empty() && from != OTHERS && to != OTHERS;
            let rows = if is_one { address(from, to, service) } else { String::new() };
            Count { says: format!("{from} to {to}"), pairs, rows }
        };
        let line = |(from, kind): (usize, &String)| Line {
            kind: kind.clone(),
            cells: (0..kinds.len()).map(|to| count(from, to)).collect(),
        };
        let rows = kinds.iter().enumerate().map(line).collect();
        Self { rows, kinds, folded: if folded > 0 { counted(folded) } else { String::new() } }
    }
}

/// The kinds with most pairs, and how many are put together.
fn kinds(cells: &[Cell]) -> (Vec<String>, usize) {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for cell in cells {
        for kind in [&cell.from, &cell.to] {
            *sums.entry(kind).or_default() += cell.pairs;
        }
    }
    let mut order: Vec<(&str, u64)> = sums.into_iter().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let folded = if order.len() > KINDS + 1 { order.len() - KINDS } else { 0 };
    let mut kinds: Vec<String> = order.iter().take(order.len() - folded).map(|(kind, _)| (*kind).to_owned()).collect();
    kinds.sort();
    kinds.extend((folded > 0).then(|| OTHERS.to_owned()));
    (kinds, folded)
}

fn address(from: &str, to: &str, service: &str) -> String {
    let mut address = format!("/traffic/pairs?from={}&to={}", encoded(from), encoded(to));
    if !service.is_empty() {
        address += &format!("&service={}", encoded(service));
    }
    address
}

fn whole(number: u64) -> String {
    counted(usize::try_from(number).unwrap_or(usize::MAX))
}

/// The map: boxes in three columns, lines between them.
pub struct Drawn {
    /// Boxes.
    pub boxes: Vec<Boxed>,
    /// Lines.
    pub lines: Vec<Drawline>,
    /// Height of the drawing, whose width is 760.
    pub height: usize,
    /// What it shows, in words.
    pub says: String,
    /// How many lines are not drawn; empty for none.
    pub more: String,
}

/// One kind.
pub struct Boxed {
    /// The kind.
    pub kind: String,
    /// Left edge.
    pub x: usize,
    /// Upper edge.
    pub y: usize,
    /// Middle.
    pub middle: (usize, usize),
    /// The pairs of it.
    pub rows: String,
}

/// What one kind began with another, or the other with it.
pub struct Drawline {
    /// The path.
    pub path: String,
    /// How wide: 1 to 3.
    pub width: usize,
    /// Whether one end is not known for what it is, or outside.
    pub is_odd: bool,
}

/// Width of a box, and the left edges of the columns.
const WIDE: usize = 170;
const COLUMNS: [usize; 3] = [4, 295, 586];
/// Height of a row.
const ROW: usize = 44;

impl Drawn {
    /// The map of `cells`.
    pub fn of(cells: &[Cell], types: &Types, service: &str) -> Self {
        let (kinds, _) = kinds(cells);
        let kinds: Vec<String> = kinds.into_iter().filter(|kind| kind != OTHERS).collect();
        let mut depth = [0; 3];
        let mut boxes = Vec::new();
        for kind in kinds {
            let column = column(&kind, types);
            let (Some(x), Some(rows)) = (COLUMNS.get(column).copied(), depth.get_mut(column)) else { continue };
            let y = 28 + *rows * ROW;
            *rows += 1;
            let rows = format!("/traffic/pairs?of={}", encoded(&kind));
            boxes.push(Boxed { kind, x, y, middle: (x + WIDE / 2, y + 15), rows });
        }
        let mut sums: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        let at = |kind: &str| boxes.iter().position(|one| one.kind == kind);
        for cell in cells {
            if let (Some(a), Some(b)) = (at(&cell.from), at(&cell.to))
                && a != b
            {
                *sums.entry((a.min(b), a.max(b))).or_default() += cell.pairs;
            }
        }
        let mut order: Vec<((usize, usize), u64)> = sums.into_iter().collect();
        order.sort_by_key(|(ends, pairs)| (std::cmp::Reverse(*pairs), *ends));
        let most = order.first().map_or(1, |(_, pairs)| *pairs);
        let lines = order.iter().take(LINES).filter_map(|((a, b), pairs)| {
            let (a, b) = (boxes.get(*a)?, boxes.get(*b)?);
            let width = 1 + usize::from(pairs * 10 >= most) + usize::from(pairs * 3 >= most);
            let is_odd = [a, b].iter().any(|one| [OUTSIDE, UNKNOWN_KIND, NO_DEVICE].contains(&one.kind.as_str()));
            Some(Drawline { path: path(a, b), width, is_odd })
        });
        let lines: Vec<Drawline> = lines.collect();
        let says = order.first().and_then(|((a, b), pairs)| {
            let (a, b) = (boxes.get(*a)?, boxes.get(*b)?);
            let by = if service.is_empty() { String::new() } else { format!(" by {service}") };
            Some(format!("Most pairs{by} are between {} and {}: {}", a.kind, b.kind, whole(*pairs)))
        });
        let hidden = order.len().saturating_sub(lines.len());
        Self {
            height: 40 + depth.into_iter().max().unwrap_or_default() * ROW,
            says: says.unwrap_or_else(|| "Nobody was seen talking".to_owned()),
            more: if hidden > 0 { counted(hidden) } else { String::new() },
            boxes,
            lines,
        }
    }
}

/// Medical devices left, what else is in the house in the middle, the rest right.
fn column(kind: &str, types: &Types) -> usize {
    match kind {
        OUTSIDE | MANY | UNKNOWN_KIND | NO_DEVICE => 2,
        kind if types.is_medical(kind) => 0,
        _ => 1,
    }
}

/// From the side of one box to the side of the other that faces it; within a column, round its right side.
fn path(a: &Boxed, b: &Boxed) -> String {
    let (left, right) = if a.x <= b.x { (a, b) } else { (b, a) };
    let (from, to) = ((left.x + WIDE, left.middle.1), (right.x, right.middle.1));
    if left.x == right.x {
        let out = from.0 + 26;
        return format!("M{} {}C{out} {} {out} {} {} {}", from.0, from.1, from.1, to.1, from.0, to.1);
    }
    let half = usize::midpoint(from.0, to.0);
    format!("M{} {}C{half} {} {half} {} {} {}", from.0, from.1, from.1, to.1, to.0, to.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(from: &str, to: &str, pairs: u64) -> Cell {
        Cell { from: from.into(), to: to.into(), service: "hl7", flows: 9, ip_bytes: 9, pairs }
    }

    #[test]
    fn every_pair_stands_in_just_one_cell_and_what_is_put_together_leads_nowhere() {
        let cells: Vec<Cell> = (0..30)
            .map(|n| cell(&format!("kind {n:02}"), "server", 30 - n))
            .chain([cell("server", "outside", 2)])
            .collect();
        let grid = Grid::of(&cells, "hl7");
        assert_eq!((grid.kinds.len(), grid.folded.as_str()), (KINDS + 1, "21"));
        let shown: u64 =
            grid.rows.iter().flat_map(|line| &line.cells).filter_map(|one| one.pairs.parse::<u64>().ok()).sum();
        assert_eq!(shown, cells.iter().map(|cell| cell.pairs).sum::<u64>());
        let first = grid
            .rows
            .iter()
            .find(|line| line.kind == "kind 00")
            .and_then(|line| line.cells.iter().find(|one| !one.pairs.is_empty()).map(|one| one.rows.clone()));
        assert_eq!(first.as_deref(), Some("/traffic/pairs?from=kind%2000&to=server&service=hl7"));
        let others = grid.rows.iter().find(|line| line.kind == OTHERS).expect("there");
        assert!(others.cells.iter().all(|one| one.rows.is_empty()));
    }

    #[test]
    fn boxes_do_not_overlap_and_stand_in_their_column() {
        let types = Types::shipped().expect("loads");
        let cells =
            [cell("ventilator", "infusion pump", 5), cell("infusion pump", "outside", 3), cell("printer", "server", 1)];
        let drawn = Drawn::of(&cells, &types, "");
        let of = |kind: &str| drawn.boxes.iter().find(|one| one.kind == kind).map(|one| (one.x, one.y)).expect("drawn");
        assert_eq!((of("ventilator").0, of("printer").0, of("outside").0), (COLUMNS[0], COLUMNS[1], COLUMNS[2]));
        let places: std::collections::BTreeSet<_> = drawn.boxes.iter().map(|one| (one.x, one.y)).collect();
        assert_eq!(places.len(), drawn.boxes.len());
        assert_eq!(drawn.lines.iter().filter(|line| line.is_odd).count(), 1);
        assert!(drawn.boxes.iter().all(|one| one.y + 30 <= drawn.height));
        assert_eq!(drawn.says, "Most pairs are between infusion pump and ventilator: 5");
    }
}
