//! The cells of some devices, column by column.

use super::dictionary::{ABSENT, Codes};
use super::{Column, Kind};

/// Devices in one block: what is copied when one of them changes.
pub(super) const SLOTS: usize = 256;
pub(super) const WORDS: usize = SLOTS / 64;
/// The scalar of no number and no time.
pub(super) const NOTHING: i64 = i64::MIN;

/// Which slots of a block are meant.
pub(super) type Mask = [u64; WORDS];

/// What a column holds of one device.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    /// The code of a text, or [`ABSENT`].
    Text(u32),
    /// A number, time or flag, or [`NOTHING`].
    Scalar(i64),
    /// The codes of texts.
    List(Vec<u32>),
}

/// What a column holds of all devices of a block.
#[derive(Debug, Clone)]
pub(super) enum Cells {
    Text(Vec<u32>),
    Scalar(Vec<i64>),
    /// For each slot where its codes end; they begin where those of the slot before end.
    List(Vec<u32>, Vec<u32>),
}

/// Some devices.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The slots in use.
    pub(super) live: Mask,
    cells: Vec<Cells>,
}

impl Default for Block {
    fn default() -> Self {
        let cells = Column::ALL.iter().map(|column| match column.kind() {
            Kind::Text => Cells::Text(vec![ABSENT; SLOTS]),
            Kind::Number | Kind::Time | Kind::Flag => Cells::Scalar(vec![NOTHING; SLOTS]),
            Kind::List => Cells::List(vec![0; SLOTS], Vec::new()),
        });
        Self { live: [0; WORDS], cells: cells.collect() }
    }
}

impl Block {
    /// Writes the device in `slot`: of each column a cell, or none to leave it as it is.
    pub(super) fn put(&mut self, slot: usize, row: &[Option<Cell>]) {
        self.set_live(slot, true);
        for (cells, cell) in self.cells.iter_mut().zip(row) {
            cell.iter().for_each(|cell| cells.put(slot, cell));
        }
    }

    /// Takes the device in `slot` out.
    pub(super) fn clear(&mut self, slot: usize) {
        self.set_live(slot, false);
        for cells in &mut self.cells {
            let nothing = match cells {
                Cells::Text(_) => Cell::Text(ABSENT),
                Cells::Scalar(_) => Cell::Scalar(NOTHING),
                Cells::List(..) => Cell::List(Vec::new()),
            };
            cells.put(slot, &nothing);
        }
    }

    /// The cells of `column`.
    pub(super) fn cells(&self, column: Column) -> Option<&Cells> {
        self.cells.get(column as usize)
    }

    fn set_live(&mut self, slot: usize, is_live: bool) {
        if let Some(word) = self.live.get_mut(slot / 64) {
            *word = *word & !(1 << (slot % 64)) | u64::from(is_live) << (slot % 64);
        }
    }
}

impl Cells {
    /// The codes of the texts in `slot`.
    pub(super) fn codes(&self, slot: usize) -> &[u32] {
        let codes = match self {
            Self::Text(codes) => codes.get(slot..=slot).filter(|code| *code != [ABSENT]),
            Self::List(ends, codes) => codes.get(range(ends, slot)),
            Self::Scalar(_) => None,
        };
        codes.unwrap_or_default()
    }

    /// The number, time or flag in `slot`, or [`NOTHING`].
    pub(super) fn scalar(&self, slot: usize) -> i64 {
        match self {
            Self::Scalar(scalars) => scalars.get(slot).copied().unwrap_or(NOTHING),
            Self::Text(_) | Self::List(..) => NOTHING,
        }
    }

    /// The slots with one of `wanted`.
    pub(super) fn with_codes(&self, wanted: &Codes) -> Mask {
        match self {
            Self::Text(codes) => mask(codes.iter().map(|code| wanted.has(*code))),
            Self::List(ends, codes) => {
                let mut begin = 0;
                mask(ends.iter().map(|end| {
                    let texts = codes.get(begin..place(*end)).unwrap_or_default();
                    begin = place(*end);
                    texts.iter().any(|code| wanted.has(*code))
                }))
            }
            Self::Scalar(_) => [0; WORDS],
        }
    }

    /// The slots with a number, time or flag from `low` to `high`, both included.
    pub(super) fn between(&self, low: i64, high: i64) -> Mask {
        match self {
            Self::Scalar(scalars) => mask(scalars.iter().map(|scalar| (low..=high).contains(scalar))),
            Self::Text(_) | Self::List(..) => [0; WORDS],
        }
    }

    /// The slots with anything at all.
    pub(super) fn present(&self) -> Mask {
        match self {
            Self::Text(codes) => mask(codes.iter().map(|code| *code != ABSENT)),
            Self::Scalar(scalars) => mask(scalars.iter().map(|scalar| *scalar != NOTHING)),
            Self::List(ends, _) => {
                let mut begin = 0;
                mask(ends.iter().map(|end| std::mem::replace(&mut begin, *end) != *end))
            }
        }
    }

    fn put(&mut self, slot: usize, cell: &Cell) {
        match (self, cell) {
            (Self::Text(codes), Cell::Text(code)) => codes.iter_mut().skip(slot).take(1).for_each(|old| *old = *code),
            (Self::Scalar(scalars), Cell::Scalar(scalar)) => {
                scalars.iter_mut().skip(slot).take(1).for_each(|old| *old = *scalar);
            }
            (Self::List(ends, codes), Cell::List(new)) => {
                let old = range(ends, slot);
                let grown = new.len().saturating_sub(old.len());
                let shrunk = old.len().saturating_sub(new.len());
                codes.splice(old, new.iter().copied());
                let shift = |end: u32| u32::try_from(place(end) + grown - shrunk).unwrap_or(end);
                ends.iter_mut().skip(slot).for_each(|end| *end = shift(*end));
            }
            _ => {}
        }
    }
}

/// Calls `each` with every slot of `mask`, lowest first.
pub(super) fn each_slot(mask: &Mask, mut each: impl FnMut(usize)) {
    for (first, word) in (0..).step_by(64).zip(mask) {
        let mut left = *word;
        while left != 0 {
            each(first + place(left.trailing_zeros()));
            left &= left - 1;
        }
    }
}

fn mask(tests: impl Iterator<Item = bool>) -> Mask {
    let mut mask = [0; WORDS];
    let mut tests = tests.fuse();
    for word in &mut mask {
        *word = (0..64).zip(tests.by_ref()).fold(0, |word, (bit, test)| word | u64::from(test) << bit);
    }
    mask
}

fn range(ends: &[u32], slot: usize) -> std::ops::Range<usize> {
    let end = |slot: usize| ends.get(slot).copied().map_or(0, place);
    slot.checked_sub(1).map_or(0, end)..end(slot)
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
