//! The cells of a sheet, row by row.

use super::book::Book;
use super::place;
use crate::ReadError;
use crate::table::{CELLS, TableRow};
use crate::value::spreadsheet_date;
use crate::xml::{Said, Tag, Xml};
use std::io::Read;

/// A sheet while it is read.
pub struct Cells<'a, R: Read> {
    xml: Xml<R>,
    book: &'a Book,
    row: u64,
    is_done: bool,
}

/// A cell as it stands in the sheet.
#[derive(Default)]
struct Raw {
    value: Option<String>,
    is_formula: bool,
}

impl<'a, R: Read> Cells<'a, R> {
    pub fn new(from: R, book: &'a Book) -> Self {
        Self { xml: Xml::new(from), book, row: 0, is_done: false }
    }

    /// The next row, blank ones as well. Errors: when the sheet is damaged.
    pub fn next_row(&mut self) -> Result<Option<TableRow>, ReadError> {
        while !self.is_done {
            match self.xml.next()? {
                Some(Said::Begin(tag)) if tag.name == "row" => {
                    self.row = tag.get("r").and_then(|row| row.parse().ok()).unwrap_or(self.row + 1);
                    return self.row().map(Some);
                }
                Some(Said::End(name)) if name == "sheetData" => self.is_done = true,
                None => self.is_done = true,
                Some(_) => {}
            }
        }
        Ok(None)
    }

    fn row(&mut self) -> Result<TableRow, ReadError> {
        let mut row = TableRow { number: self.row, ..TableRow::default() };
        loop {
            match self.xml.next()? {
                Some(Said::Begin(tag)) if tag.name == "c" => {
                    let raw = self.raw()?;
                    self.cell(&tag, raw, &mut row);
                }
                Some(Said::End(name)) if name == "row" => return Ok(row),
                None => return Ok(row),
                Some(_) => {}
            }
        }
    }

    fn raw(&mut self) -> Result<Raw, ReadError> {
        let mut raw = Raw::default();
        loop {
            match self.xml.next()? {
                Some(Said::Begin(tag)) => match tag.name.as_str() {
                    "v" | "is" => raw.value = Some(self.xml.text("rPh")?),
                    "f" => {
                        self.xml.text("")?;
                        raw.is_formula = true;
                    }
                    _ => drop(self.xml.text("")?),
                },
                Some(Said::End(_)) | None => return Ok(raw),
                Some(Said::Text(_)) => {}
            }
        }
    }

    /// Puts a cell where it belongs; what lies beyond the last column that is read is noted.
    fn cell(&self, tag: &Tag, raw: Raw, row: &mut TableRow) {
        let at = tag.get("r").and_then(place).map_or(row.cells.len(), |(column, _)| column);
        if at >= CELLS {
            row.note_once(format!("cells beyond the {CELLS}th: left out"));
            return;
        }
        if raw.is_formula {
            let note =
                if raw.value.is_some() { "a formula: its last value is taken" } else { "a formula without a value" };
            row.note_once(note.to_owned());
        }
        let kind = tag.get("t").unwrap_or("n");
        let style = tag.get("s").and_then(|style| style.parse().ok()).unwrap_or(usize::MAX);
        let is_date = self.book.dates.get(style).copied().unwrap_or_default();
        let text = match (kind, raw.value.unwrap_or_default()) {
            ("s", index) => self.shared(&index, row),
            ("b", value) => if value.trim() == "1" { "yes" } else { "no" }.to_owned(),
            ("e", _) => {
                row.note_once("a cell that holds an error: left out".to_owned());
                String::new()
            }
            ("n", value) => number(value.trim(), is_date, self.book.is_1904),
            (_, value) => value,
        };
        while row.cells.len() <= at {
            row.cells.push(String::new());
        }
        if let Some(cell) = row.cells.get_mut(at) {
            let mut bounded = TableRow::default();
            bounded.push(text);
            bounded.notes.into_iter().for_each(|note| row.notes.push(note));
            *cell = bounded.cells.pop().unwrap_or_default();
        }
    }

    fn shared(&self, index: &str, row: &mut TableRow) -> String {
        let text = index.trim().parse().ok().and_then(|index: usize| self.book.texts.get(index));
        if text.is_none() {
            row.note_once("a cell whose text is not in the list of texts: left out".to_owned());
        }
        text.map(|text| text.to_string()).unwrap_or_default()
    }
}

/// A number as people would type it; the day when it has a date's format.
fn number(text: &str, is_date: bool, is_1904: bool) -> String {
    let Ok(number) = text.parse::<f64>() else { return text.to_owned() };
    if is_date && let Some(date) = spreadsheet_date(number, is_1904) {
        return date.to_string();
    }
    if number.fract() == 0.0 && number.abs() < 1e15 { format!("{number:.0}") } else { text.to_owned() }
}
