//! Where a list was left off: by what the last row said, not by how many rows there were, so that what came or went
//! meanwhile shifts nothing.

use super::block::NOTHING;
use super::filter::Literal;
use super::query::{Sort, scalar_key, turned};
use super::{Column, Row, Snapshot, Value, scalar};
use std::cmp::Ordering;
use std::sync::Arc;
use wardlight_model::Id;

/// The last row of a part of a list that is sorted by one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// What the column said; of a list the first text; nothing when it said nothing.
    pub first: Option<Literal>,
    /// The device.
    pub id: Id,
}

/// A place among sorted things: one of them, or a gap between two.
pub(super) struct Bound {
    key: u64,
    /// Whether nothing stands here: what has the key comes behind.
    is_gap: bool,
}

impl Bound {
    pub(super) fn side(&self, key: u64) -> Ordering {
        match key.cmp(&self.key) {
            Ordering::Equal if self.is_gap => Ordering::Greater,
            order => order,
        }
    }
}

impl Mark {
    /// The mark of `row` in a list that is sorted by `column`; none when it is no device's.
    #[must_use]
    pub fn of(row: &Row, column: Column) -> Option<Self> {
        let first = match row.value(column) {
            Value::Absent => None,
            Value::Text(text) => Some(Literal::Text(Arc::clone(text))),
            Value::List(texts) => texts.first().cloned().map(Literal::Text),
            Value::Number(number) => Some(Literal::Number(*number)),
            Value::Time(time) => Some(Literal::Time(*time)),
            Value::Flag(flag) => Some(Literal::Flag(*flag)),
        };
        Some(Self { first, id: row.id().parse().ok()? })
    }

    /// Where it lies in `snapshot`, by the column and by the id.
    pub(super) fn bounds(&self, snapshot: &Snapshot, sort: Sort) -> (Bound, Bound) {
        let id: Arc<str> = self.id.to_string().into();
        let first = match &self.first {
            Some(Literal::Text(text)) => text_bound(snapshot, sort, text),
            Some(literal) => {
                let known = scalar::of_literal(sort.column.kind(), literal).unwrap_or(NOTHING + 1);
                Bound { key: turned(scalar_key(known), sort.is_descending), is_gap: false }
            }
            None => Bound { key: u64::MAX, is_gap: false },
        };
        (first, text_bound(snapshot, Sort { column: Column::Id, is_descending: false }, &id))
    }
}

fn text_bound(snapshot: &Snapshot, sort: Sort, text: &Arc<str>) -> Bound {
    let Some(texts) = snapshot.texts(sort.column) else { return Bound { key: 0, is_gap: true } };
    match texts.place(text, sort.column.is_address()) {
        Ok(rank) => Bound { key: turned(u64::from(rank), sort.is_descending), is_gap: false },
        // Behind the gap lie, the other way round, the texts before it.
        Err(rank) if sort.is_descending => Bound { key: u64::MAX - u64::from(rank), is_gap: true },
        Err(rank) => Bound { key: u64::from(rank), is_gap: true },
    }
}
