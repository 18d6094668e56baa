//! Spreadsheets as Office Open XML packages (ECMA-376 part 1 §18), one sheet, row by row.
//!
//! Of several sheets the largest visible one is read. Cells hold what their program last saw: of a formula its value, of
//! a number in a date's format the date. Merged cells stand for all that they span.

mod book;
mod cells;
mod merges;

use super::zip::Archive;
use super::{Table, TableRow};
use crate::ReadError;
use book::Book;
use cells::Cells;
use merges::Merges;
use std::io::Read;

/// Gives the rows of the package in `from` to `reader`. Errors: when it is none, is too large, or is damaged before its
/// rows.
pub fn with<T>(from: impl Read, reader: impl FnOnce(&mut dyn Table) -> Result<T, ReadError>) -> Result<T, ReadError> {
    let archive = Archive::open(from)?;
    let book = Book::read(&archive)?;
    let missing = || ReadError::Other { wanted: "a spreadsheet", why: "the sheet that its list names is not in it" };
    let merges = Merges::read(archive.part(&book.sheet).ok_or_else(missing)?)?;
    let cells = Cells::new(archive.part(&book.sheet).ok_or_else(missing)?, &book);
    reader(&mut Sheet { cells, merges })
}

struct Sheet<'a, R: Read> {
    cells: Cells<'a, R>,
    merges: Merges,
}

impl<R: Read> Table for Sheet<'_, R> {
    fn next_row(&mut self) -> Result<Option<TableRow>, ReadError> {
        while let Some(mut row) = self.cells.next_row()? {
            self.merges.fill(&mut row);
            if row.broken.is_some() || !row.is_blank() {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

/// Column, from 0, and row, from 1, of a reference such as `AB12`.
fn place(reference: &str) -> Option<(usize, u64)> {
    let digits = reference.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = (reference.get(..digits)?, reference.get(digits..)?);
    let letter = |c: char| c.to_digit(36).filter(|digit| *digit >= 10).map(|digit| digit as usize - 9);
    let column = letters.chars().try_fold(0_usize, |sum, c| sum.checked_mul(26)?.checked_add(letter(c)?))?;
    Some((column.checked_sub(1)?, row.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::zip::tests::archive;
    use super::*;

    const BOOK: &str = r#"<workbook xmlns:r="x"><sheets><sheet name="Cover" sheetId="1" r:id="rId1"/><sheet name="List" sheetId="2" r:id="rId2"/>
        <sheet name="Old" sheetId="3" state="hidden" r:id="rId3"/></sheets></workbook>"#;
    const LINKS: &str = r#"<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/>
        <Relationship Id="rId3" Target="worksheets/sheet3.xml"/></Relationships>"#;
    const TEXTS: &str = r#"<sst><si><t>Asset Tag</t></si><si><r><t>Install </t></r><r><t xml:space="preserve">Date</t></r><rPh sb="0" eb="1"><t>x</t></rPh></si></sst>"#;
    const STYLES: &str = r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[$-409]d\-mmm\-yy;@"/><numFmt numFmtId="165" formatCode="0.00&quot;day&quot;"/></numFmts>
        <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>"#;

    fn rows(sheet: &str) -> Vec<TableRow> {
        let sheet = format!("<worksheet><sheetData>{sheet}</worksheet>");
        let parts = [
            ("xl/workbook.xml", BOOK.as_bytes()),
            ("xl/_rels/workbook.xml.rels", LINKS.as_bytes()),
            ("xl/sharedStrings.xml", TEXTS.as_bytes()),
            ("xl/styles.xml", STYLES.as_bytes()),
            ("xl/worksheets/sheet1.xml", b"<worksheet/>"),
            ("xl/worksheets/sheet2.xml", sheet.as_bytes()),
            ("xl/worksheets/sheet3.xml", &[b' '; 4000]),
        ];
        let bytes = archive(&parts, |size| u32::try_from(size).unwrap());
        with(bytes.as_slice(), |table| {
            let mut rows = Vec::new();
            while let Some(row) = table.next_row()? {
                rows.push(row);
            }
            Ok(rows)
        })
        .unwrap()
    }

    #[test]
    fn cells_of_every_kind_are_read() {
        let read = rows(
            r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row>
            <row r="3"><c r="A3" t="inlineStr"><is><t>A&amp;1</t></is></c><c r="B3" t="b"><v>1</v></c><c r="C3" s="1"><v>46348</v></c>
            <c r="D3" s="2"><v>46348.25</v></c><c r="E3" s="3"><v>46348</v></c><c r="F3"><v>1.23456789012E11</v></c><c r="G3" t="str"><v>x</v></c></row></sheetData>"#,
        );
        assert_eq!((read[0].number, read[1].number), (1, 3));
        assert_eq!(read[0].cells, ["Asset Tag", "", "Install Date"]);
        assert_eq!(read[1].cells, ["A&1", "yes", "2026-11-22", "2026-11-22", "46348", "123456789012", "x"]);
        assert!(read[1].notes.is_empty());
    }

    #[test]
    fn formulas_and_errors_are_noted() {
        let read = rows(
            r##"<row><c t="str"><f>A1&amp;B1</f><v>x</v></c><c t="e"><v>#N/A</v></c><c><f>1+1</f></c></row></sheetData>"##,
        );
        assert_eq!(read[0].cells, ["x", "", ""]);
        let noted =
            ["a formula: its last value is taken", "a cell that holds an error: left out", "a formula without a value"];
        assert_eq!(read[0].notes, noted);
    }

    #[test]
    fn merged_cells_stand_for_what_they_span() {
        let read = rows(
            r#"<row r="1"><c r="A1" t="str"><v>ICU</v></c><c r="B1"><v>1</v></c></row><row r="2"><c r="B2"><v>2</v></c></row>
            <row r="3"><c r="B3"><v>3</v></c></row></sheetData><mergeCells count="1"><mergeCell ref="A1:A2"/></mergeCells>"#,
        );
        let first: Vec<_> = read.iter().map(|row| row.cells[0].as_str()).collect();
        assert_eq!(first, ["ICU", "ICU", ""]);
        assert_eq!(read[1].notes, ["a merged cell stands for several rows"]);
    }

    #[test]
    fn a_cell_at_the_far_end_costs_nothing() {
        let read = rows(
            r#"<row r="1"><c r="XFD1"><v>1</v></c><c r="A1"><v>2</v></c></row><row r="1048576"><c r="A1048576"><v>3</v></c></row></sheetData>"#,
        );
        assert_eq!((read[0].cells.len(), read[1].number), (1, 1_048_576));
        assert_eq!(read[0].notes.len(), 1);
    }

    #[test]
    fn places_are_read() {
        assert_eq!(place("A1"), Some((0, 1)));
        assert_eq!(place("XFD1048576"), Some((16_383, 1_048_576)));
        assert_eq!([place("1"), place("A"), place("Ä1"), place("")], [None; 4]);
    }
}
