//! Where the header of a table stands: titles may stand above it, and it may span two rows.

use crate::mapping::{Mapping, words};
use crate::table::TableRow;

/// Rows among which the header is looked for.
const AMONG: usize = 40;

/// A header.
pub struct Header {
    /// Its last row's place among those looked at, from 0.
    pub at: usize,
    /// Its texts, each once.
    pub headers: Vec<String>,
}

/// The header among `rows`: the row with most known headers, at least two of them or one and nothing else; else, when the
/// user says no more, the first row of texts that is as wide as those below.
pub fn find(rows: &[TableRow], user: Option<&Mapping>) -> Option<Header> {
    let among = || rows.iter().enumerate().take(AMONG).filter(|(_, row)| row.broken.is_none());
    let known = |row: &TableRow| Mapping::recognised(&row.cells, user);
    let best = among().map(|(at, row)| (known(row), at)).rev().max_by_key(|(known, _)| *known);
    let at = match best {
        Some((known, at)) if known >= 2 => Some(at),
        Some((1, at)) if rows.get(at).is_some_and(|row| texts(row) == 1 || texts(row) == row.cells.len()) => Some(at),
        _ => None,
    };
    let at = at.or_else(|| unknown(rows))?;
    let mut own = rows.get(at)?.cells.clone();
    let above = at.checked_sub(1).and_then(|above| rows.get(above)).filter(|above| is_upper(above, &own));
    if let Some(above) = above {
        own.resize(own.len().max(above.cells.len()), String::new());
    }
    Some(Header { at, headers: joined(&own, above.map(|row| row.cells.as_slice())) })
}

/// The first row of at least three texts and no number, if rows of the same width follow it.
fn unknown(rows: &[TableRow]) -> Option<usize> {
    let is_header = |row: &TableRow| {
        let is_word = |cell: &String| cell.chars().any(char::is_alphabetic) && cell.len() <= 64;
        row.broken.is_none() && row.cells.len() >= 3 && row.cells.iter().all(is_word)
    };
    let at = rows.iter().take(AMONG).position(is_header)?;
    let width = rows.get(at)?.cells.len();
    let below = rows.get(at + 1..)?;
    (!below.is_empty() && below.iter().filter(|row| row.cells.len() == width).count() * 2 > below.len()).then_some(at)
}

fn texts(row: &TableRow) -> usize {
    row.cells.iter().filter(|cell| !cell.trim().is_empty()).count()
}

/// Whether `above` is the upper part of a header: it has a text over each gap of `own`, or groups columns.
fn is_upper(above: &TableRow, own: &[String]) -> bool {
    let has = |cells: &[String], at: usize| cells.get(at).is_some_and(|cell| !cell.trim().is_empty());
    let gaps: Vec<usize> = (0..own.len()).filter(|at| !has(own, *at)).collect();
    above.broken.is_none() && texts(above) >= 2 && gaps.iter().all(|at| has(&above.cells, *at))
}

/// A header's texts: an empty one is what stands above it, and one that comes again is told by what stands above.
fn joined(own: &[String], above: Option<&[String]>) -> Vec<String> {
    let mut group = String::new();
    let mut headers: Vec<String> = Vec::new();
    for (at, text) in own.iter().enumerate() {
        let over = above.and_then(|above| above.get(at)).map(|text| text.trim()).unwrap_or_default();
        if !over.is_empty() {
            group = over.to_owned();
        }
        let text = if text.trim().is_empty() { over } else { text.trim() };
        let is_taken = |name: &str, headers: &[String]| headers.iter().any(|other| words(other) == words(name));
        let mut name = text.to_owned();
        if is_taken(&name, &headers) && !group.is_empty() && group != name {
            name = format!("{group} {name}");
        }
        let mut count = 2;
        while is_taken(&name, &headers) && !name.is_empty() && count < 1000 {
            name = format!("{text} {count}");
            count += 1;
        }
        headers.push(name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rows: &[&[&str]]) -> Option<(usize, Vec<String>)> {
        let cells = |row: &[&str]| row.iter().map(|cell| (*cell).to_owned()).collect();
        let rows: Vec<TableRow> =
            rows.iter().map(|row| TableRow { cells: cells(row), ..TableRow::default() }).collect();
        find(&rows, None).map(|header| (header.at, header.headers))
    }

    #[test]
    fn the_row_with_most_known_headers_is_the_header() {
        let rows: &[&[&str]] = &[&["Serial of report: 5"], &["Asset Tag", "Serial", "Zone"], &["A1", "S1", "Z"]];
        assert_eq!(found(rows).unwrap().0, 1);
    }

    #[test]
    fn merged_cells_lend_their_text() {
        let rows: &[&[&str]] = &[
            &["Asset Tag", "Device", "", "Place", ""],
            &["", "Name", "Serial", "Name", "Room"],
            &["1", "2", "3", "4", "5"],
        ];
        assert_eq!(found(rows).unwrap().1, ["Asset Tag", "Name", "Serial", "Place Name", "Room"]);
    }

    #[test]
    fn a_header_that_comes_twice_is_numbered() {
        assert_eq!(found(&[&["MAC", "MAC", "Asset"], &["1", "2", "3"]]).unwrap().1, ["MAC", "MAC 2", "Asset"]);
    }

    #[test]
    fn unknown_headers_are_taken_when_rows_follow() {
        assert_eq!(found(&[&["Farbe", "Form", "Klang"], &["1", "2", "3"]]).unwrap().0, 0);
        assert_eq!(found(&[&["Farbe"], &["1"]]), None);
    }
}
