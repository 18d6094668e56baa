//! The devices in memory, for lists, search, filters and counts.
//!
//! In: changes of state, in order; all devices once at start, then what each commit changed. Out: [`Snapshot`]s, each
//! the state after some call of [`Projection::apply`], that lists, filters, sorts and counts over every [`Column`].
//! Never: a file, a clock, a half-applied call, an order that depends on anything but the devices.
//!
//! Devices lie in blocks of 256, column by column, texts as codes of a dictionary for each column. Blocks and
//! dictionaries are shared with all snapshots and copied when they change, so a reader takes one reference and then
//! needs no lock, however long it reads, and a writer waits for no reader. The price is that a call of `apply` copies
//! every block it touches: apply many changes at a time.

mod block;
mod column;
mod dictionary;
mod filter;
mod fold;
mod mark;
mod memo;
mod parse;
mod plan;
mod query;
mod row;
mod scalar;
#[cfg(test)]
mod trial;

pub use column::{Column, Kind};
pub use filter::{Bound, Filter, Literal, Net};
pub use mark::Mark;
pub use parse::{Fault, ParseFilterError, parse};
pub use query::{Facet, Facets, Page, Query, Sort};
pub use row::{Row, Value};

use block::{Block, Cell, SLOTS};
use dictionary::{ABSENT, Dictionary, Lexicon};
use memo::Memo;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use wardlight_model::change::{Change, Known};
use wardlight_model::{Id, Peer};

/// The devices as they are now: one writer at a time, any number of readers.
#[derive(Debug)]
pub struct Projection {
    writer: Mutex<Writer>,
    current: RwLock<Arc<Snapshot>>,
}

/// The devices as they were after one call of [`Projection::apply`].
#[derive(Debug, Default)]
pub struct Snapshot {
    blocks: Vec<Arc<Block>>,
    /// One for each column; empty for those without texts.
    texts: Vec<Dictionary>,
    devices: usize,
    memo: Memo,
}

impl Default for Projection {
    fn default() -> Self {
        Self { writer: Mutex::new(Writer::new()), current: RwLock::default() }
    }
}

impl Projection {
    /// Takes in what became new, different or gone, in this order; readers see all of it or nothing. Changes of other
    /// things than devices change nothing.
    pub fn apply<'a>(&self, changes: impl IntoIterator<Item = &'a Change>) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            match change {
                Change::Device(known) => writer.put(known),
                Change::DeviceGone(id) => writer.remove(*id),
                _ => {}
            }
        }
        self.publish(&mut writer);
    }

    fn publish(&self, writer: &mut Writer) {
        let snapshot = Arc::new(writer.publish());
        let old = std::mem::replace(&mut *self.current.write().unwrap_or_else(PoisonError::into_inner), snapshot);
        // Blocks that only the old one held are freed here, with no reader waiting.
        drop(old);
    }

    /// Takes in with whom devices exchanged packets; unknown devices are passed over, and readers see all of it or
    /// nothing. A device that changes later without saying so itself keeps it.
    pub fn apply_traffic(&self, traffic: impl IntoIterator<Item = (Id, Vec<Peer>)>) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        traffic.into_iter().for_each(|(id, peers)| writer.put_traffic(id, &peers));
        self.publish(&mut writer);
    }

    /// The devices after the last call of [`Self::apply`] or [`Self::apply_traffic`].
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Snapshot {
    /// Number of devices.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.devices
    }

    /// Whether there is no device.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.devices == 0
    }

    /// The device with this id.
    #[must_use]
    pub fn device(&self, id: Id) -> Option<Row> {
        let filter = Filter::Is(Column::Id, vec![Literal::Text(id.to_string().into())]);
        self.list(&Query { filter, sort: Vec::new(), offset: 0, limit: 1 }).rows.pop()
    }

    /// The texts of `column`; none when it holds numbers, times or flags.
    fn texts(&self, column: Column) -> Option<&Dictionary> {
        self.texts.get(column as usize).filter(|_| matches!(column.kind(), Kind::Text | Kind::List))
    }
}

#[derive(Debug)]
struct Writer {
    /// Which slot, counted through all blocks, holds each device.
    slots: HashMap<Id, usize>,
    free: Vec<usize>,
    blocks: Vec<Arc<Block>>,
    /// One for each column.
    texts: Vec<Lexicon>,
}

impl Writer {
    fn new() -> Self {
        let texts = Column::ALL.iter().map(|column| Lexicon::new(column.is_address())).collect();
        Self { slots: HashMap::new(), free: Vec::new(), blocks: Vec::new(), texts }
    }

    fn put(&mut self, known: &Known) {
        let row = Row::of(known);
        let held = self.slots.get(&known.id).copied();
        let stays = |column: Column| held.is_some() && known.device.peers.is_empty() && column.is_traffic();
        let slot = held.or_else(|| self.free.pop()).unwrap_or(self.slots.len());
        self.slots.insert(known.id, slot);
        if self.blocks.len() <= slot / SLOTS {
            self.blocks.push(Arc::default());
        }
        self.write(slot, |column| (!stays(column)).then(|| row.value(column).clone()));
    }

    fn put_traffic(&mut self, id: Id, peers: &[Peer]) {
        if let Some(slot) = self.slots.get(&id).copied() {
            self.write(slot, |column| column.is_traffic().then(|| row::traffic(column, peers)));
        }
    }

    /// Writes what each column says in `slot`; none leaves it as it is.
    fn write(&mut self, slot: usize, value: impl Fn(Column) -> Option<Value>) {
        let Some(block) = self.blocks.get_mut(slot / SLOTS) else { return };
        let block = Arc::make_mut(block);
        let mut row = Vec::with_capacity(Column::ALL.len());
        for (column, texts) in Column::ALL.iter().zip(&mut self.texts) {
            // The new is taken before the old is given back: what stays the same keeps its code.
            let cell = value(*column).map(|value| cell(*column, &value, texts));
            if cell.is_some() {
                let codes = block.cells(*column).map(|cells| cells.codes(slot % SLOTS));
                codes.unwrap_or_default().iter().for_each(|code| texts.give_back(*code));
            }
            row.push(cell);
        }
        block.put(slot % SLOTS, &row);
    }

    fn remove(&mut self, id: Id) {
        let Some(slot) = self.slots.remove(&id) else { return };
        self.give_back(slot);
        if let Some(block) = self.blocks.get_mut(slot / SLOTS) {
            Arc::make_mut(block).clear(slot % SLOTS);
        }
        self.free.push(slot);
    }

    /// Gives back the codes that `slot` holds.
    fn give_back(&mut self, slot: usize) {
        let Some(block) = self.blocks.get(slot / SLOTS) else { return };
        for (column, texts) in Column::ALL.iter().zip(&mut self.texts) {
            let codes = block.cells(*column).map(|cells| cells.codes(slot % SLOTS));
            codes.unwrap_or_default().iter().for_each(|code| texts.give_back(*code));
        }
    }

    fn publish(&mut self) -> Snapshot {
        let texts = self.texts.iter_mut().map(Lexicon::publish).collect();
        Snapshot { blocks: self.blocks.clone(), texts, devices: self.slots.len(), memo: Memo::default() }
    }
}

/// What `column` holds for `value`; its texts are taken from `texts`.
fn cell(column: Column, value: &Value, texts: &mut Lexicon) -> Cell {
    match (column.kind(), value) {
        (Kind::Text, Value::Text(text)) => Cell::Text(texts.take(text)),
        (Kind::Text, _) => Cell::Text(ABSENT),
        (Kind::List, Value::List(list)) => Cell::List(list.iter().map(|text| texts.take(text)).collect()),
        (Kind::List, _) => Cell::List(Vec::new()),
        (Kind::Number | Kind::Time | Kind::Flag, value) => Cell::Scalar(scalar::of_value(value)),
    }
}
