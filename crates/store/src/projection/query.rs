//! Lists, rows and counts of one snapshot.

use super::block::{Block, Cells, Mask, NOTHING, SLOTS, each_slot};
use super::dictionary::Dictionary;
use super::filter::{Filter, Literal};
use super::plan::{Plan, both};
use super::{Column, Kind, Row, Snapshot, Value, scalar};
use std::cmp::Ordering;
use std::sync::Arc;

/// One column to sort by. Devices of which it says nothing come last, either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// Texts sort without case, addresses as numbers, lists by their first text.
    pub column: Column,
    /// Whether the highest comes first.
    pub is_descending: bool,
}

/// Which devices to list, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Which devices.
    pub filter: Filter,
    /// In which order: by the first, then by the next; devices that are alike in all of them by their id.
    pub sort: Vec<Sort>,
    /// How many to pass over.
    pub offset: usize,
    /// How many to list at most.
    pub limit: usize,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Page {
    /// How many devices meet the filter.
    pub total: usize,
    /// Those of them that were asked for, in order.
    pub rows: Vec<Row>,
}

/// How often each value of a column occurs.
#[derive(Debug, Clone, PartialEq)]
pub struct Facets {
    /// The column.
    pub column: Column,
    /// How many devices meet the filter.
    pub total: usize,
    /// Of how many of them the column says nothing.
    pub absent: usize,
    /// How many values there are, listed or not.
    pub distinct: usize,
    /// The most frequent values, the most frequent first, then in the column's order.
    pub values: Vec<Facet>,
}

/// One value of a column, with the devices that have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Facet {
    /// The value; texts that differ only in case are one, written in the first of their writings.
    pub value: Literal,
    /// How many devices have it.
    pub count: usize,
}

impl Facets {
    /// The filter that gives just the devices that `facet` counts, under `filter`, the one it was counted under.
    #[must_use]
    pub fn devices(&self, filter: &Filter, facet: &Facet) -> Filter {
        Filter::All(vec![filter.clone(), Filter::Is(self.column, vec![facet.value.clone()])])
    }
}

/// A device that was found, with what it is sorted by.
#[derive(Clone, Copy)]
struct Found {
    first: u64,
    id: u64,
    block: u32,
    slot: u32,
}

impl Snapshot {
    /// The devices that `query` asks for.
    #[must_use]
    pub fn list(&self, query: &Query) -> Page {
        let mut found = self.found(query);
        let total = found.len();
        let begin = query.offset.min(total);
        let end = query.offset.saturating_add(query.limit).min(total);
        let order = |a: &Found, b: &Found| self.order(query, a, b);
        if begin == end {
            return Page { total, rows: Vec::new() };
        }
        if begin > 0 {
            found.select_nth_unstable_by(begin, order);
        }
        let rest = found.get_mut(begin..).unwrap_or_default();
        if end < total {
            rest.select_nth_unstable_by(end - begin, order);
        }
        let page = rest.get_mut(..end - begin).unwrap_or_default();
        page.sort_unstable_by(order);
        Page { total, rows: page.iter().filter_map(|found| self.row(found)).collect() }
    }

    /// How many devices meet `filter`.
    #[must_use]
    pub fn count(&self, filter: &Filter) -> usize {
        let mut total = 0;
        self.each_match(filter, |_, mask| total += mask.iter().map(|word| place(word.count_ones())).sum::<usize>());
        total
    }

    /// How often each value of `column` occurs among the devices that meet `filter`, at most `limit` values.
    #[must_use]
    pub fn facets(&self, filter: &Filter, column: Column, limit: usize) -> Facets {
        let mut facets = Facets { column, total: self.count(filter), absent: 0, distinct: 0, values: Vec::new() };
        let mut counts = match self.texts(column) {
            Some(texts) => self.count_texts(filter, &mut facets, texts),
            None => self.count_scalars(filter, &mut facets),
        };
        facets.distinct = counts.len();
        let order = |a: &(usize, usize, Literal), b: &(usize, usize, Literal)| b.0.cmp(&a.0).then(a.1.cmp(&b.1));
        if limit < counts.len() {
            counts.select_nth_unstable_by(limit, order);
            counts.truncate(limit);
        }
        counts.sort_unstable_by(order);
        facets.values = counts.into_iter().map(|(count, _, value)| Facet { value, count }).collect();
        facets
    }

    /// Count, place in the column's order, and value of each text.
    fn count_texts(&self, filter: &Filter, facets: &mut Facets, texts: &Dictionary) -> Vec<(usize, usize, Literal)> {
        let (groups, writings) = groups(texts);
        let mut counts = vec![0_usize; writings.len()];
        let mut own: Vec<u32> = Vec::new();
        self.each_cells(filter, facets.column, |cells, slot| {
            own.clear();
            own.extend(cells.codes(slot).iter().filter_map(|code| groups.get(place(*code))));
            facets.absent += usize::from(own.is_empty());
            if own.len() > 1 {
                own.sort_unstable();
                own.dedup();
            }
            own.iter().for_each(|group| counts.iter_mut().skip(place(*group)).take(1).for_each(|count| *count += 1));
        });
        let counted = counts.into_iter().zip(writings).enumerate().filter(|(_, (count, _))| *count > 0);
        counted.map(|(group, (count, text))| (count, group, Literal::Text(text))).collect()
    }

    /// The same of each number, time or flag.
    fn count_scalars(&self, filter: &Filter, facets: &mut Facets) -> Vec<(usize, usize, Literal)> {
        let mut scalars = Vec::new();
        self.each_cells(filter, facets.column, |cells, slot| scalars.push(cells.scalar(slot)));
        scalars.sort_unstable();
        let runs = scalars.chunk_by(|a, b| a == b).enumerate();
        let kind = facets.column.kind();
        let counted = runs.filter_map(|(n, run)| {
            let value = match scalar::to_value(kind, *run.first()?) {
                Value::Number(number) => Literal::Number(number),
                Value::Time(time) => Literal::Time(time),
                Value::Flag(flag) => Literal::Flag(flag),
                Value::Absent | Value::Text(_) | Value::List(_) => return None,
            };
            Some((run.len(), n, value))
        });
        let counted: Vec<_> = counted.collect();
        facets.absent = scalars.partition_point(|scalar| *scalar == NOTHING);
        counted
    }

    fn found(&self, query: &Query) -> Vec<Found> {
        let mut found = Vec::new();
        self.each_match(&query.filter, |n, mask| {
            let Some(block) = self.blocks.get(n) else { return };
            let key = query.sort.first().map(|sort| (*sort, self.texts(sort.column), block.cells(sort.column)));
            let ids = (self.texts(Column::Id), block.cells(Column::Id));
            each_slot(mask, |slot| {
                let first = key.map_or(0, |(sort, texts, cells)| sort_key(texts, cells, slot, sort.is_descending));
                let id = sort_key(ids.0, ids.1, slot, false);
                let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                found.push(Found { first, id, block: number(n), slot: number(slot) });
            });
        });
        found
    }

    fn order(&self, query: &Query, a: &Found, b: &Found) -> Ordering {
        let key = |found: &Found, sort: &Sort| {
            let cells = self.blocks.get(place(found.block)).and_then(|block| block.cells(sort.column));
            sort_key(self.texts(sort.column), cells, place(found.slot), sort.is_descending)
        };
        let later = || query.sort.iter().skip(1).map(|sort| key(a, sort).cmp(&key(b, sort)));
        a.first
            .cmp(&b.first)
            .then_with(|| later().find(|order| order.is_ne()).unwrap_or(Ordering::Equal))
            .then(a.id.cmp(&b.id))
    }

    fn row(&self, found: &Found) -> Option<Row> {
        let block = self.blocks.get(place(found.block))?;
        let value = |column: &Column| self.value(block, *column, place(found.slot));
        Some(Row::from_values(Column::ALL.iter().map(value).collect()))
    }

    fn value(&self, block: &Block, column: Column, slot: usize) -> Value {
        let (Some(cells), texts) = (block.cells(column), self.texts(column)) else { return Value::Absent };
        let text = |code: &u32| texts.and_then(|texts| texts.entry(*code)).map(|entry| Arc::clone(&entry.text));
        match column.kind() {
            Kind::Text => cells.codes(slot).first().and_then(text).map_or(Value::Absent, Value::Text),
            Kind::List if cells.codes(slot).is_empty() => Value::Absent,
            Kind::List => Value::List(cells.codes(slot).iter().filter_map(text).collect()),
            kind @ (Kind::Number | Kind::Time | Kind::Flag) => scalar::to_value(kind, cells.scalar(slot)),
        }
    }

    /// Calls `each` with every block's number and the slots in it that meet `filter`.
    fn each_match(&self, filter: &Filter, mut each: impl FnMut(usize, &Mask)) {
        let plan = Plan::new(filter, self);
        for (n, block) in self.blocks.iter().enumerate() {
            each(n, &both(block.live, plan.slots(block)));
        }
    }

    fn each_cells(&self, filter: &Filter, column: Column, mut each: impl FnMut(&Cells, usize)) {
        self.each_match(filter, |n, mask| {
            if let Some(cells) = self.blocks.get(n).and_then(|block| block.cells(column)) {
                each_slot(mask, |slot| each(cells, slot));
            }
        });
    }
}

/// What a device is sorted by, lowest first; nothing is the highest.
fn sort_key(texts: Option<&Dictionary>, cells: Option<&Cells>, slot: usize, is_descending: bool) -> u64 {
    let key = match (texts, cells) {
        (Some(texts), Some(cells)) => cells.codes(slot).first().and_then(|code| texts.rank(*code)).map(u64::from),
        (None, Some(cells)) => Some(cells.scalar(slot)).filter(|scalar| *scalar != NOTHING).map(|scalar| {
            // `NOTHING` is the lowest, so that one is left for it above the highest.
            (scalar.cast_unsigned() ^ 1 << 63) - 1
        }),
        _ => None,
    };
    key.map_or(u64::MAX, |key| if is_descending { u64::MAX - 1 - key } else { key })
}

/// Each code's group of texts that a filter cannot tell apart, and each group's first writing, in order.
fn groups(texts: &Dictionary) -> (Vec<u32>, Vec<Arc<str>>) {
    let mut groups = vec![u32::MAX; texts.len()];
    let mut writings: Vec<Arc<str>> = Vec::new();
    let mut last = None;
    for code in texts.order() {
        let Some(entry) = texts.entry(*code) else { continue };
        if last.is_none_or(|last| !entry.is_same(last)) {
            writings.push(Arc::clone(&entry.text));
        }
        last = Some(entry);
        let group = u32::try_from(writings.len() - 1).unwrap_or(u32::MAX);
        groups.iter_mut().skip(place(*code)).take(1).for_each(|own| *own = group);
    }
    (groups, writings)
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

const _: () = assert!(SLOTS <= u32::MAX as usize, "a slot is numbered in 32 bits");
