//! Lists, rows and counts of one snapshot.

use super::block::{Block, Cells, Mask, NOTHING, SLOTS, each_slot};
use super::dictionary::Dictionary;
use super::filter::{Filter, Literal};
use super::plan::{Plan, both};
use super::{Column, Kind, Mark, Row, Snapshot, Value, scalar};
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

/// A device that was found, with what it is first sorted by.
#[derive(Clone, Copy)]
struct Found {
    first: u64,
    block: u32,
    slot: u32,
}

impl Snapshot {
    /// The devices that `query` asks for.
    #[must_use]
    pub fn list(&self, query: &Query) -> Page {
        self.list_where(query, |_| true)
    }

    /// The same of those devices alone that come behind `mark` in the order of the first column and the id.
    #[must_use]
    pub fn list_behind(&self, query: &Query, mark: &Mark) -> Page {
        let sort = query.sort.first().copied().unwrap_or(Sort { column: Column::Id, is_descending: false });
        let (first, id) = mark.bounds(self, sort);
        self.list_where(query, |found| match first.side(found.first) {
            Ordering::Equal => id.side(self.key(found, Column::Id, false)) == Ordering::Greater,
            side => side == Ordering::Greater,
        })
    }

    fn list_where(&self, query: &Query, is_listed: impl Fn(&Found) -> bool) -> Page {
        let order = |a: &Found, b: &Found| self.order(query, a, b);
        let (total, mut found) = self.first(query, order, is_listed);
        let count = found.len();
        let begin = query.offset.min(count);
        let end = query.offset.saturating_add(query.limit).min(count);
        if begin == end {
            return Page { total, rows: Vec::new() };
        }
        if begin > 0 {
            found.select_nth_unstable_by(begin, order);
        }
        let rest = found.get_mut(begin..).unwrap_or_default();
        if end - begin < rest.len() {
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
        self.each_match(filter, |_, mask| total += size(mask));
        total
    }

    /// How often each value of `column` occurs among the devices that meet `filter`, at most `limit` values.
    #[must_use]
    pub fn facets(&self, filter: &Filter, column: Column, limit: usize) -> Facets {
        self.memo.facets.get((filter.clone(), column, limit), |_| {
            let mut facets = Facets { column, total: 0, absent: 0, distinct: 0, values: Vec::new() };
            facets.values = match self.texts(column) {
                Some(texts) => self.count_texts(filter, &mut facets, texts, limit),
                None => self.count_scalars(filter, &mut facets, limit),
            };
            facets
        })
    }

    fn count_texts(&self, filter: &Filter, facets: &mut Facets, texts: &Dictionary, limit: usize) -> Vec<Facet> {
        let (groups, writings) = groups(texts);
        let mut counts = vec![0_usize; writings.len()];
        let mut own: Vec<u32> = Vec::new();
        self.each_cells(filter, facets.column, |cells, slot| {
            own.clear();
            own.extend(cells.codes(slot).iter().filter_map(|code| groups.get(place(*code))));
            facets.total += 1;
            facets.absent += usize::from(own.is_empty());
            if own.len() > 1 {
                own.sort_unstable();
                own.dedup();
            }
            own.iter().for_each(|group| counts.iter_mut().skip(place(*group)).take(1).for_each(|count| *count += 1));
        });
        let counted = counts.into_iter().zip(writings).filter(|(count, _)| *count > 0).collect();
        let facet = |(count, code): (usize, u32)| {
            let value = Literal::Text(Arc::clone(texts.entry(code)?.text));
            Some(Facet { value, count })
        };
        most(counted, facets, limit).into_iter().filter_map(facet).collect()
    }

    fn count_scalars(&self, filter: &Filter, facets: &mut Facets, limit: usize) -> Vec<Facet> {
        let mut scalars = Vec::new();
        self.each_cells(filter, facets.column, |cells, slot| scalars.push(cells.scalar(slot)));
        scalars.sort_unstable();
        facets.total = scalars.len();
        facets.absent = scalars.partition_point(|scalar| *scalar == NOTHING);
        let runs = scalars.chunk_by(|a, b| a == b).filter_map(|run| Some((run.len(), *run.first()?)));
        let counted = runs.filter(|(_, scalar)| *scalar != NOTHING).collect();
        let kind = facets.column.kind();
        let facet = |(count, scalar)| {
            let value = match scalar::to_value(kind, scalar) {
                Value::Number(number) => Literal::Number(number),
                Value::Time(time) => Literal::Time(time),
                Value::Flag(flag) => Literal::Flag(flag),
                Value::Absent | Value::Text(_) | Value::List(_) => return None,
            };
            Some(Facet { value, count })
        };
        most(counted, facets, limit).into_iter().filter_map(facet).collect()
    }

    /// How many devices `query` finds; and those that come first, enough for the page, in no order.
    fn first(
        &self,
        query: &Query,
        order: impl Fn(&Found, &Found) -> Ordering + Copy,
        is_listed: impl Fn(&Found) -> bool,
    ) -> (usize, Vec<Found>) {
        let room = query.offset.saturating_add(query.limit);
        let sort = query.sort.first().copied().unwrap_or(Sort { column: Column::Id, is_descending: false });
        let texts = self.texts(sort.column);
        let (mut total, mut found, mut last): (_, Vec<Found>, Option<Found>) = (0, Vec::new(), None);
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.each_match(&query.filter, |n, mask| {
            let cells = self.blocks.get(n).and_then(|block| block.cells(sort.column));
            total += size(mask);
            if room == 0 {
                return;
            }
            each_slot(mask, |slot| {
                let first = sort_key(texts, cells, slot, sort.is_descending);
                let own = Found { first, block: number(n), slot: number(slot) };
                if !is_listed(&own) || last.is_some_and(|last| order(&own, &last) == Ordering::Greater) {
                    return;
                }
                found.push(own);
                if found.len() >= room.saturating_mul(2).max(SLOTS) && room < found.len() {
                    last = Some(*found.select_nth_unstable_by(room - 1, order).1);
                    found.truncate(room);
                }
            });
        });
        (total, found)
    }

    fn order(&self, query: &Query, a: &Found, b: &Found) -> Ordering {
        let by = |column, is_descending| self.key(a, column, is_descending).cmp(&self.key(b, column, is_descending));
        let later = || query.sort.iter().skip(1).map(|sort| by(sort.column, sort.is_descending));
        a.first.cmp(&b.first).then_with(|| later().find(|order| order.is_ne()).unwrap_or_else(|| by(Column::Id, false)))
    }

    fn key(&self, found: &Found, column: Column, is_descending: bool) -> u64 {
        let cells = self.blocks.get(place(found.block)).and_then(|block| block.cells(column));
        sort_key(self.texts(column), cells, place(found.slot), is_descending)
    }

    fn row(&self, found: &Found) -> Option<Row> {
        let block = self.blocks.get(place(found.block))?;
        let value = |column: &Column| self.value(block, *column, place(found.slot));
        Some(Row::from_values(Column::ALL.iter().map(value).collect()))
    }

    fn value(&self, block: &Block, column: Column, slot: usize) -> Value {
        let (Some(cells), texts) = (block.cells(column), self.texts(column)) else { return Value::Absent };
        let text = |code: &u32| texts.and_then(|texts| texts.entry(*code)).map(|entry| Arc::clone(entry.text));
        match column.kind() {
            Kind::Text => cells.codes(slot).first().and_then(text).map_or(Value::Absent, Value::Text),
            Kind::List if cells.codes(slot).is_empty() => Value::Absent,
            Kind::List => Value::List(cells.codes(slot).iter().filter_map(text).collect()),
            kind @ (Kind::Number | Kind::Time | Kind::Flag) => scalar::to_value(kind, cells.scalar(slot)),
        }
    }

    /// Calls `each` with every block's number and the slots in it that meet `filter`.
    fn each_match(&self, filter: &Filter, mut each: impl FnMut(usize, &Mask)) {
        self.selection(filter).iter().enumerate().for_each(|(n, mask)| each(n, mask));
    }

    /// The slots of every block that meet `filter`. Parts that must all be met are found one by one: other filters of the
    /// same page share most of them.
    fn selection(&self, filter: &Filter) -> Arc<[Mask]> {
        self.memo.selections.get(filter.clone(), |filter| match filter {
            Filter::All(parts) if !parts.is_empty() => {
                let selections: Vec<_> = parts.iter().map(|part| self.selection(part)).collect();
                let of = |n: usize| selections.iter().filter_map(|all| all.get(n).copied()).reduce(both);
                (0..self.blocks.len()).filter_map(of).collect()
            }
            _ => {
                let plan = Plan::new(filter, self);
                self.blocks.iter().map(|block| both(block.live, plan.slots(block))).collect()
            }
        })
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
        (None, Some(cells)) => Some(cells.scalar(slot)).filter(|scalar| *scalar != NOTHING).map(scalar_key),
        _ => None,
    };
    key.map_or(u64::MAX, |key| turned(key, is_descending))
}

/// What a known value is sorted by.
pub(super) const fn turned(key: u64, is_descending: bool) -> u64 {
    if is_descending { u64::MAX - 1 - key } else { key }
}

/// A scalar as what it is sorted by; `NOTHING` is the lowest, so that one is left for it above the highest.
pub(super) const fn scalar_key(scalar: i64) -> u64 {
    (scalar.cast_unsigned() ^ 1 << 63) - 1
}

/// The `limit` most frequent of all values, which come in the column's order; says in `facets` how many there are.
fn most<T: Copy>(counted: Vec<(usize, T)>, facets: &mut Facets, limit: usize) -> Vec<(usize, T)> {
    facets.distinct = counted.len();
    let mut placed: Vec<(usize, (usize, T))> = counted.into_iter().enumerate().collect();
    let order = |a: &(usize, (usize, T)), b: &(usize, (usize, T))| b.1.0.cmp(&a.1.0).then(a.0.cmp(&b.0));
    if limit < placed.len() {
        placed.select_nth_unstable_by(limit, order);
        placed.truncate(limit);
    }
    placed.sort_unstable_by(order);
    placed.into_iter().map(|(_, value)| value).collect()
}

/// Each code's group of texts that a filter cannot tell apart, and the first code of each group, in order.
fn groups(texts: &Dictionary) -> (Vec<u32>, Vec<u32>) {
    let mut groups = vec![u32::MAX; texts.len()];
    let mut writings: Vec<u32> = Vec::new();
    for code in texts.order() {
        if writings.last().is_none_or(|last| !texts.are_same(*last, *code)) {
            writings.push(*code);
        }
        let group = u32::try_from(writings.len() - 1).unwrap_or(u32::MAX);
        groups.iter_mut().skip(place(*code)).take(1).for_each(|own| *own = group);
    }
    (groups, writings)
}

/// How many slots `mask` means.
fn size(mask: &Mask) -> usize {
    mask.iter().map(|word| place(word.count_ones())).sum()
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

const _: () = assert!(SLOTS <= u32::MAX as usize, "a slot is numbered in 32 bits");
