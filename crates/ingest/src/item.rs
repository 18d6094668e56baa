//! What comes out of a document, and the count of its rows that must add up.

use wardlight_model::{AssetRecord, Fact, Flow, Presence};

/// Most items that one row may give; a row beyond it is set aside.
const ITEMS: usize = 4096;
/// Most notes that one row may bear; the last one says that there were more.
const NOTES: usize = 16;

/// One thing that a document says, or what was wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// What a row says of a device.
    Record(AssetRecord),
    /// One thing that was seen on a network.
    Fact(Fact),
    /// One conversation.
    Flow(Flow),
    /// That somebody was there.
    Presence(Presence),
    /// What was wrong with a row.
    Trouble(Trouble),
}

/// A row that was not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Where, from 1: line of a text, row of a sheet, place in a list, number of a datagram; 0 for the whole document.
    pub row: u64,
    /// What is wrong, with the column's name where there is one; never a value.
    pub what: String,
    /// Whether the row was taken all the same; otherwise it was set aside.
    pub is_mended: bool,
}

/// What became of a document's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Rows in the document; blank lines and a format's own comment lines are none.
    pub rows: u64,
    /// Rows read whole and as they stood.
    pub accepted: u64,
    /// Rows read with a note.
    pub mended: u64,
    /// Rows not read, with the reason.
    pub set_aside: u64,
    /// Rows among the accepted and mended that say nothing of any device.
    pub silent: u64,
}

impl Tally {
    /// Whether every row is accounted for.
    #[must_use]
    pub const fn adds_up(&self) -> bool {
        self.rows == self.accepted + self.mended + self.set_aside && self.silent <= self.accepted + self.mended
    }
}

/// Why a document cannot be read any further. What it said until then has been given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The bytes stopped coming.
    #[error("its bytes cannot be read: {0}")]
    Bytes(#[from] std::io::Error),
    /// It is another kind of document.
    #[error("it is not {wanted}: {why}")]
    Other {
        /// What it should be.
        wanted: &'static str,
        /// What speaks against it.
        why: &'static str,
    },
    /// It is larger than will be read into memory.
    #[error("its {what} would take {bytes} bytes, at most {limit} are read")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// What it states or holds.
        bytes: u64,
        /// The bound.
        limit: u64,
    },
    /// It is damaged so that what follows cannot be told apart.
    #[error("it is damaged at {at} {row}: {what}")]
    Damaged {
        /// What `row` counts: `line`, `row`, `byte`.
        at: &'static str,
        /// Where.
        row: u64,
        /// What is wrong there.
        what: String,
    },
}

/// Counts rows and hands on what they say; the only way by which a source gives anything.
pub(crate) struct Rows<'a> {
    give: &'a mut dyn FnMut(Item),
    tally: Tally,
}

/// What one row says, until it is known whether the row can be taken.
pub(crate) struct Row {
    /// Its number.
    pub number: u64,
    items: Vec<Item>,
    notes: Vec<String>,
    is_over: bool,
}

/// Why a row is set aside.
pub(crate) type Reason = std::borrow::Cow<'static, str>;

impl<'a> Rows<'a> {
    pub fn new(give: &'a mut dyn FnMut(Item)) -> Self {
        Self { give, tally: Tally::default() }
    }

    /// Takes row `number` as `read` reads it.
    pub fn row(&mut self, number: u64, read: impl FnOnce(&mut Row) -> Result<(), Reason>) {
        let mut row = Row { number, items: Vec::new(), notes: Vec::new(), is_over: false };
        match read(&mut row) {
            Err(reason) => self.set_aside(number, reason),
            Ok(()) if row.is_over => self.set_aside(number, format!("says more than {ITEMS} things")),
            Ok(()) => self.take(row),
        }
    }

    /// Sets row `number` aside.
    pub fn set_aside(&mut self, number: u64, reason: impl Into<String>) {
        self.tally.rows += 1;
        self.tally.set_aside += 1;
        (self.give)(Item::Trouble(Trouble { row: number, what: reason.into(), is_mended: false }));
    }

    /// Says something of the document that is no row's.
    pub fn remark(&mut self, number: u64, what: impl Into<String>) {
        (self.give)(Item::Trouble(Trouble { row: number, what: what.into(), is_mended: true }));
    }

    /// What became of all rows.
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    fn take(&mut self, row: Row) {
        self.tally.rows += 1;
        self.tally.silent += u64::from(row.items.is_empty());
        let count = if row.notes.is_empty() { &mut self.tally.accepted } else { &mut self.tally.mended };
        *count += 1;
        for what in row.notes {
            (self.give)(Item::Trouble(Trouble { row: row.number, what, is_mended: true }));
        }
        row.items.into_iter().for_each(&mut self.give);
    }
}

impl Row {
    /// Says `item`.
    pub fn give(&mut self, item: Item) {
        if self.items.len() < ITEMS { self.items.push(item) } else { self.is_over = true }
    }

    /// Says that something was mended.
    pub fn note(&mut self, what: impl Into<String>) {
        match self.notes.len() {
            held if held + 1 < NOTES => self.notes.push(what.into()),
            held if held < NOTES => self.notes.push("and more".to_owned()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_row_set_aside_had_said_is_not_given() {
        let mut given = Vec::new();
        let mut give = |item| given.push(item);
        let mut rows = Rows::new(&mut give);
        rows.row(1, |row| {
            row.give(Item::Record(AssetRecord::default()));
            Err("half a row".into())
        });
        rows.row(2, |row| {
            row.give(Item::Record(AssetRecord::default()));
            row.note("no date");
            Ok(())
        });
        rows.row(3, |_| Ok(()));
        let tally = rows.tally();
        assert_eq!(tally, Tally { rows: 3, accepted: 1, mended: 1, set_aside: 1, silent: 1 });
        assert!(tally.adds_up());
        let trouble = |row, what: &str, is_mended| Item::Trouble(Trouble { row, what: what.to_owned(), is_mended });
        let record = Item::Record(AssetRecord::default());
        assert_eq!(given, [trouble(1, "half a row", false), trouble(2, "no date", true), record]);
    }

    #[test]
    fn a_row_cannot_flood() {
        let mut troubles = 0;
        let mut give = |_| troubles += 1;
        let mut rows = Rows::new(&mut give);
        rows.row(1, |row| {
            (0..1000).for_each(|_| row.note("no date"));
            Ok(())
        });
        rows.row(2, |row| {
            (0..=ITEMS).for_each(|_| row.give(Item::Record(AssetRecord::default())));
            Ok(())
        });
        assert_eq!(rows.tally().set_aside, 1);
        assert_eq!(troubles, NOTES + 1);
    }
}
