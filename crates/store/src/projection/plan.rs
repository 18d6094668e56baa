//! A filter made ready for one snapshot: texts become codes once, so that a device costs a few bit tests.

use super::block::{Block, Mask, NOTHING, WORDS};
use super::dictionary::{Codes, Dictionary};
use super::filter::{Bound, Filter, Literal};
use super::fold::fold;
use super::{Column, Snapshot, scalar};
use std::net::IpAddr;

/// What a device must meet, in a snapshot's codes.
pub(super) enum Plan {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Codes(Column, Codes),
    Between(Column, i64, i64),
    Present(Column),
}

impl Plan {
    /// What `filter` means in `snapshot`.
    pub(super) fn new(filter: &Filter, snapshot: &Snapshot) -> Self {
        let plans = |parts: &[Filter]| parts.iter().map(|part| Self::new(part, snapshot)).collect();
        match filter {
            Filter::All(parts) => Self::All(plans(parts)),
            Filter::Any(parts) => Self::Any(plans(parts)),
            Filter::Not(part) => Self::Not(Box::new(Self::new(part, snapshot))),
            Filter::Is(column, values) => Self::Any(values.iter().map(|value| is(*column, value, snapshot)).collect()),
            Filter::Contains(column, text) => contains(*column, &fold(text), snapshot),
            Filter::Starts(column, text) => {
                let start = fold(text);
                codes(*column, snapshot, |texts| texts.matching(&start, |text| text.starts_with(&start)))
            }
            Filter::Within(column, net) => {
                codes(*column, snapshot, |texts| texts.matching_address(|address| net.holds(address)))
            }
            Filter::Compare(column, bound, value) => compare(*column, *bound, value),
            Filter::Present(column) => Self::Present(*column),
            Filter::Search(text) => {
                let searched = Column::ALL.iter().filter(|column| column.is_searched());
                let part = fold(text);
                let plans = searched.map(|column| contains(*column, &part, snapshot));
                Self::Any(plans.filter(|plan| !matches!(plan, Self::Codes(_, codes) if codes.is_empty())).collect())
            }
        }
    }

    /// The slots of `block` that meet it; slots not in use may be among them.
    pub(super) fn slots(&self, block: &Block) -> Mask {
        match self {
            Self::All(parts) => {
                let both = |a: Mask, b: &Self| if a == [0; WORDS] { a } else { zip(a, b.slots(block), |a, b| a & b) };
                parts.iter().fold([u64::MAX; WORDS], both)
            }
            Self::Any(parts) => parts.iter().fold([0; WORDS], |a, b| zip(a, b.slots(block), |a, b| a | b)),
            Self::Not(part) => part.slots(block).map(|word| !word),
            Self::Codes(_, codes) if codes.is_empty() => [0; WORDS],
            Self::Codes(column, codes) => block.cells(*column).map_or([0; WORDS], |cells| cells.with_codes(codes)),
            Self::Between(column, low, high) => {
                block.cells(*column).map_or([0; WORDS], |cells| cells.between(*low, *high))
            }
            Self::Present(column) => block.cells(*column).map_or([0; WORDS], super::block::Cells::present),
        }
    }
}

/// The slots in `a` and in `b`.
pub(super) fn both(a: Mask, b: Mask) -> Mask {
    zip(a, b, |a, b| a & b)
}

fn zip(mut a: Mask, b: Mask, word: impl Fn(u64, u64) -> u64) -> Mask {
    a.iter_mut().zip(b).for_each(|(a, b)| *a = word(*a, b));
    a
}

/// The devices with a text that `matching` finds.
fn codes(column: Column, snapshot: &Snapshot, matching: impl Fn(&Dictionary) -> Codes) -> Plan {
    Plan::Codes(column, snapshot.texts(column).map(matching).unwrap_or_default())
}

fn contains(column: Column, part: &str, snapshot: &Snapshot) -> Plan {
    codes(column, snapshot, |texts| match part.as_bytes() {
        [byte] => texts.matching_byte(*byte),
        _ => texts.matching(part, |text| text.contains(part)),
    })
}

fn is(column: Column, value: &Literal, snapshot: &Snapshot) -> Plan {
    if let Literal::Text(text) = value {
        let address: Option<IpAddr> = if column.is_address() { text.parse().ok() } else { None };
        let wanted = fold(text);
        return match address {
            Some(address) => codes(column, snapshot, |texts| texts.matching_address(|other| other == address)),
            None if !column.is_address() => codes(column, snapshot, |texts| texts.written(&wanted)),
            None => codes(column, snapshot, |texts| texts.matching(&wanted, |text| *text == *wanted)),
        };
    }
    let exact = scalar::of_literal(column.kind(), value);
    exact.map_or(Plan::Any(Vec::new()), |exact| Plan::Between(column, exact, exact))
}

fn compare(column: Column, bound: Bound, value: &Literal) -> Plan {
    let is_ordered = matches!(value, Literal::Number(_) | Literal::Time(_));
    let Some(value) = scalar::of_literal(column.kind(), value).filter(|_| is_ordered) else {
        return Plan::Any(Vec::new());
    };
    let range = match bound {
        Bound::Below => value.checked_sub(1).map(|high| (NOTHING + 1, high)),
        Bound::AtMost => Some((NOTHING + 1, value)),
        Bound::Above => value.checked_add(1).map(|low| (low, i64::MAX)),
        Bound::AtLeast => Some((value, i64::MAX)),
    };
    range.map_or(Plan::Any(Vec::new()), |(low, high)| Plan::Between(column, low, high))
}
