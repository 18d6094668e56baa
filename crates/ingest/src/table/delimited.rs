//! Delimited text, as RFC 4180 says and as programs write it: comma, semicolon, tab or bar; quotes; line breaks in quotes.
//!
//! A quote that is never closed costs one line, not the rest of the file: the lines behind it are read again.

use super::{CELLS, Table, TableRow};
use crate::ReadError;
use crate::lines::{FOREIGN, Line, Lines};
use std::collections::VecDeque;
use std::io::Read;

/// Most lines that one quoted cell may span; fewer with each quote that is never closed, so that a text full of them is
/// not read hundreds of times.
const SPAN: usize = 256;
/// Most bytes of a row that spans lines.
const QUOTED: usize = 128 * 1024;
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

pub struct Delimited<R> {
    lines: Lines<R>,
    /// Lines to be read again.
    again: VecDeque<Line>,
    /// Most lines of the next row.
    span: usize,
    delimiter: char,
    is_told: bool,
}

impl<R: Read> Delimited<R> {
    /// Looks at the begin of `from` for its delimiter. Errors: when it cannot be read.
    pub fn new(from: R) -> Result<Self, ReadError> {
        let lines = Lines::new(from)?;
        let peek = lines.peek();
        // Spreadsheet programs write and read this line.
        let told = peek.lines().next().and_then(|line| line.strip_prefix("sep=")).and_then(|rest| rest.chars().next());
        let told = told.filter(|told| !told.is_alphanumeric() && *told != '"');
        let delimiter = told.unwrap_or_else(|| sniffed(&peek));
        Ok(Self { lines, again: VecDeque::new(), span: SPAN, delimiter, is_told: told.is_some() })
    }

    fn line(&mut self) -> Result<Option<Line>, ReadError> {
        match self.again.pop_front() {
            Some(line) => Ok(Some(line)),
            None => Ok(self.lines.next()?),
        }
    }

    fn row(&mut self, first: Line) -> Result<TableRow, ReadError> {
        let mut row = TableRow { number: first.number, ..TableRow::default() };
        let mut splitter = Splitter::new(self.delimiter);
        let mut is_whole = splitter.line(&first.text);
        let mut span = vec![first];
        while !is_whole && span.len() < self.span && splitter.length <= QUOTED {
            let Some(next) = self.line()? else { break };
            is_whole = splitter.line(&next.text);
            span.push(next);
        }
        is_whole &= span.len() == 1 || !splitter.is_torn;
        let is_cut = span.iter().any(|line| line.is_cut);
        if !is_whole || is_cut {
            let why = if is_cut { "longer than a line may be" } else { "opens a quote that is never closed" };
            row.broken = Some(why.to_owned());
            self.span = if is_whole { self.span } else { self.span.saturating_sub(1).max(2) };
            // Those behind the first are read again as rows of their own.
            span.drain(1..).rev().for_each(|line| self.again.push_front(line));
            return Ok(row);
        }
        if span.iter().any(|line| line.is_foreign) {
            row.note_once(FOREIGN.to_owned());
        }
        splitter.cells().into_iter().for_each(|cell| row.push(cell));
        Ok(row)
    }
}

impl<R: Read> Table for Delimited<R> {
    fn next_row(&mut self) -> Result<Option<TableRow>, ReadError> {
        loop {
            let Some(line) = self.line()? else { return Ok(None) };
            if line.number == 1 && self.is_told {
                continue;
            }
            let row = self.row(line)?;
            if row.broken.is_some() || !row.is_blank() {
                return Ok(Some(row));
            }
        }
    }
}

/// The delimiter that parts most of the first lines into the same number of cells, and into most.
fn sniffed(text: &str) -> char {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(30).collect();
    let score = |delimiter: char| {
        let widths: Vec<usize> = lines.iter().map(|line| width(line, delimiter)).collect();
        let agreeing = |width: usize| widths.iter().filter(|other| **other == width).count();
        widths.iter().filter(|width| **width > 1).map(|width| (agreeing(*width), *width)).max().unwrap_or_default()
    };
    let best = DELIMITERS.into_iter().map(|delimiter| (score(delimiter), delimiter));
    best.rev().max_by_key(|(score, _)| *score).filter(|(score, _)| score.0 > 0).map_or(',', |(_, delimiter)| delimiter)
}

fn width(line: &str, delimiter: char) -> usize {
    let mut splitter = Splitter::new(delimiter);
    splitter.line(line);
    splitter.cells().len()
}

/// Cuts a row's text into cells, line by line. A quote within a cell that does not begin with one is text.
struct Splitter {
    delimiter: char,
    cells: Vec<String>,
    cell: String,
    is_quoted: bool,
    is_begin: bool,
    /// Whether text followed a closing quote: over several lines, that was the opening one of another cell.
    is_torn: bool,
    length: usize,
}

impl Splitter {
    const fn new(delimiter: char) -> Self {
        Self {
            delimiter,
            cells: Vec::new(),
            cell: String::new(),
            is_quoted: false,
            is_begin: true,
            is_torn: false,
            length: 0,
        }
    }

    /// Takes a line; says whether the row ends with it.
    fn line(&mut self, text: &str) -> bool {
        if self.is_quoted {
            self.cell.push('\n');
        }
        self.length += text.len();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if self.is_quoted {
                match c {
                    '"' if chars.next_if_eq(&'"').is_some() => self.cell.push('"'),
                    '"' => {
                        self.is_quoted = false;
                        self.is_torn |= chars.peek().is_some_and(|c| *c != self.delimiter && !c.is_whitespace());
                    }
                    c => self.cell.push(c),
                }
            } else {
                self.bare(c);
            }
        }
        !self.is_quoted
    }

    fn bare(&mut self, c: char) {
        if c == '"' && self.is_begin {
            (self.is_quoted, self.is_begin) = (true, false);
            self.cell.clear();
        } else if c == self.delimiter {
            self.is_begin = true;
            let cell = std::mem::take(&mut self.cell);
            // One more than is kept, so that it is seen that there were more.
            if self.cells.len() <= CELLS {
                self.cells.push(cell);
            }
        } else {
            self.is_begin &= c.is_whitespace();
            self.cell.push(c);
        }
    }

    fn cells(mut self) -> Vec<String> {
        self.cells.push(self.cell);
        self.cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &[u8]) -> Vec<TableRow> {
        let mut table = Delimited::new(text).unwrap();
        std::iter::from_fn(|| table.next_row().unwrap()).collect()
    }

    #[track_caller]
    fn check(text: &str, wanted: &[(u64, &[&str])]) {
        let read = rows(text.as_bytes());
        let read: Vec<_> =
            read.iter().map(|row| (row.number, row.cells.iter().map(String::as_str).collect::<Vec<_>>())).collect();
        let wanted: Vec<_> = wanted.iter().map(|(number, cells)| (*number, cells.to_vec())).collect();
        assert_eq!(read, wanted);
    }

    #[test]
    fn delimiters_are_found_by_their_regularity() {
        check("a;b\n1,5;2\n", &[(1, &["a", "b"]), (2, &["1,5", "2"])]);
        check("a\tb\n1\t2\n", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check("a|b|c\n1|2, 3|4\n", &[(1, &["a", "b", "c"]), (2, &["1", "2, 3", "4"])]);
        check("sep=;\na;b,c\n", &[(2, &["a", "b,c"])]);
        check("one\ntwo\n", &[(1, &["one"]), (2, &["two"])]);
    }

    #[test]
    fn quotes_hold_delimiters_breaks_and_quotes() {
        check("a,\"b\nc, \"\"d\"\"\"\ne,f\n", &[(1, &["a", "b\nc, \"d\""]), (3, &["e", "f"])]);
        check("6\" pipe, \"x\"y\n", &[(1, &["6\" pipe", "xy"])]);
    }

    #[test]
    fn a_quote_never_closed_costs_one_line() {
        let torn = rows(b"a,b\n\"1,2\n3,=A(\"x\")\n5,6\n");
        assert_eq!((torn.len(), torn[1].broken.is_some(), torn[2].cells[0].as_str()), (4, true, "3"));
        let read = rows(b"a,b\n\"1,2\n3,4\n5,6\n");
        assert_eq!(read.len(), 4);
        assert_eq!(read[1].broken.as_deref(), Some("opens a quote that is never closed"));
        assert_eq!((read[3].number, read[3].cells.as_slice()), (4, ["5".to_owned(), "6".to_owned()].as_slice()));
    }

    #[test]
    fn a_foreign_line_is_noted() {
        let mut text = "gerät,ort\n".repeat(3000).into_bytes();
        text.extend(b"Ger\xe4t,1\n");
        let last = rows(&text).pop().unwrap();
        assert_eq!((last.cells[0].as_str(), last.notes.as_slice()), ("Gerät", [FOREIGN.to_owned()].as_slice()));
    }

    proptest! {
        #[test]
        fn what_is_well_formed_is_read_as_the_csv_crate_reads_it(
            table in prop::collection::vec(prop::collection::vec("[a-c ,;\"\n]{0,6}x", 3..4), 1..6)
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            table.iter().for_each(|row| writer.write_record(row).unwrap());
            let text = writer.into_inner().unwrap();
            let mut ours = Delimited { lines: Lines::new(text.as_slice()).unwrap(), again: VecDeque::new(), span: SPAN, delimiter: ',', is_told: false };
            let ours: Vec<_> = std::iter::from_fn(|| ours.next_row().unwrap()).map(|row| row.cells).collect();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_slice());
            let theirs: Vec<Vec<String>> = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn any_bytes_are_fine(bytes in prop::collection::vec(prop_oneof![Just(b'"'), Just(b'\n'), Just(b','), any::<u8>()], 0..200)) {
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
            prop_assert!(rows(&bytes).len() <= lines + 1);
        }
    }
}
