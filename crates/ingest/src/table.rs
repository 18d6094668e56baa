//! Tables: rows of cells out of delimited text and out of spreadsheets.

mod delimited;
mod export;
mod sheet;
mod zip;

pub use export::{cell, row};

use crate::ReadError;
use delimited::Delimited;
use std::io::Read;

/// Most cells of a row; those beyond are lost, with a note.
pub(crate) const CELLS: usize = 1024;
/// Longest cell, in bytes; what is beyond is lost, with a note.
pub(crate) const CELL: usize = 32 * 1024;

/// One row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TableRow {
    /// Line of a text or row of a sheet at which it begins, from 1.
    pub number: u64,
    /// Its cells as text.
    pub cells: Vec<String>,
    /// What had to be mended to read it.
    pub notes: Vec<String>,
    /// Why it cannot be read.
    pub broken: Option<String>,
}

/// Rows, one after the other.
pub(crate) trait Table {
    /// The next row; rows without any text are left out.
    fn next_row(&mut self) -> Result<Option<TableRow>, ReadError>;

    /// Other tables of the document that are not read.
    fn skipped(&self) -> &[Skipped] {
        &[]
    }
}

/// A table of a document of several that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// Its place among them, from 1.
    pub number: usize,
    /// Its name, which may be a person's.
    pub name: String,
    /// Why.
    pub why: &'static str,
}

/// Gives the table in `from` to `reader`: a spreadsheet's when it begins like a ZIP archive, else delimited text. Of
/// several sheets it is the one with the heading of which most is `known`.
pub(crate) fn with<T>(
    from: &mut dyn Read,
    known: &dyn Fn(&[String]) -> usize,
    reader: impl FnOnce(&mut dyn Table) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let mut head = Vec::new();
    (&mut *from).take(4).read_to_end(&mut head)?;
    let is_archive = head == *b"PK\x03\x04";
    let whole = std::io::Cursor::new(head).chain(from);
    if is_archive { sheet::with(whole, known, reader) } else { reader(&mut Delimited::new(whole)?) }
}

impl TableRow {
    /// Adds a cell, within the bounds.
    pub fn push(&mut self, mut cell: String) {
        if self.cells.len() >= CELLS {
            self.note_once(format!("more than {CELLS} cells: the others are left out"));
            return;
        }
        if cell.len() > CELL {
            let end = (0..=CELL).rev().find(|end| cell.is_char_boundary(*end)).unwrap_or_default();
            cell.truncate(end);
            self.note_once(format!("a cell of more than {CELL} bytes: cut"));
        }
        self.cells.push(cell);
    }

    /// Whether no cell has any text.
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }

    pub fn note_once(&mut self, note: String) {
        if self.notes.len() < 8 && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}
