//! Spreadsheets as Office Open XML packages (ECMA-376 part 1 §18), one sheet, row by row.
//!
//! Of several sheets the one is read in whose heading most is known; one to be seen goes before a hidden one, and when
//! nothing is known of any, the largest is read. Cells hold what their program last saw: of a formula its value, of
//! a number in a date's format the date. Merged cells stand for all that they span.

mod book;
mod cells;
mod merges;

use super::zip::Archive;
use super::{Skipped, Table, TableRow};
use crate::ReadError;
use book::{Book, Listed};
use cells::Cells;
use merges::Merges;
use std::io::Read;

/// Rows of a sheet among which its heading is looked for, and sheets in which it is.
const AMONG: usize = 40;
const SHEETS: usize = 64;
/// Fewest known headers of a heading.
const HEADING: usize = 2;

/// Gives the rows of the sheet that is `known` best in the package `from` to `reader`. Errors: when it is none, is too large, or is damaged before its
/// rows.
pub fn with<T>(
    from: impl Read,
    known: &dyn Fn(&[String]) -> usize,
    reader: impl FnOnce(&mut dyn Table) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let archive = Archive::open(from)?;
    let book = Book::read(&archive)?;
    let missing = || ReadError::Other { wanted: "a spreadsheet", why: "the sheet that its list names is not in it" };
    let (sheet, skipped) = chosen(&archive, &book, known).ok_or_else(missing)?;
    let merges = Merges::read(archive.part(&sheet.part).ok_or_else(missing)?)?;
    let cells = Cells::new(archive.part(&sheet.part).ok_or_else(missing)?, &book);
    reader(&mut Sheet { cells, merges, skipped })
}

/// The sheet to read, and why not the others.
fn chosen<'b>(
    archive: &Archive,
    book: &'b Book,
    known: &dyn Fn(&[String]) -> usize,
) -> Option<(&'b Listed, Vec<Skipped>)> {
    let is_asked = |at: usize| book.sheets.len() > 1 && at < SHEETS;
    let score = |(at, sheet)| (if is_asked(at) { heading(archive, book, sheet, known) } else { 0 }, sheet);
    let scored: Vec<(usize, &Listed)> = book.sheets.iter().enumerate().map(score).collect();
    let rank = |(score, sheet): &&(usize, &Listed)| (!sheet.is_hidden && *score > 0, *score);
    // Of equals the first, which is the largest to be seen.
    let best = scored.iter().rev().max_by_key(rank)?.1;
    let why = |score: usize, sheet: &Listed| match (sheet.is_hidden, score) {
        (true, _) => "it is hidden",
        (_, 0) => "no heading in it is known",
        _ => "more is known of another sheet's heading",
    };
    let others = scored.iter().filter(|(_, sheet)| sheet.part != best.part);
    let skipped = |(score, sheet): &(usize, &Listed)| Skipped {
        number: sheet.number,
        name: sheet.name.clone(),
        why: why(*score, sheet),
    };
    Some((best, others.map(skipped).collect()))
}

/// How many headers of the sheet's heading are known; none of a sheet that cannot be read.
fn heading(archive: &Archive, book: &Book, sheet: &Listed, known: &dyn Fn(&[String]) -> usize) -> usize {
    let Some(part) = archive.part(&sheet.part) else { return 0 };
    let mut cells = Cells::new(part, book);
    let rows = std::iter::from_fn(|| cells.next_row().ok().flatten()).take(AMONG);
    rows.map(|row| known(&row.cells)).max().filter(|known| *known >= HEADING).unwrap_or_default()
}

struct Sheet<'a, R: Read> {
    cells: Cells<'a, R>,
    merges: Merges,
    /// The other sheets, and why they are not read.
    skipped: Vec<Skipped>,
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

    fn skipped(&self) -> &[Skipped] {
        &self.skipped
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
        with(bytes.as_slice(), &|_| 0, |table| {
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

    /// What is read of a book with these sheets, and which are not.
    fn read(sheets: &[(&str, &str)]) -> (String, Vec<(String, &'static str)>) {
        let bodies: Vec<String> =
            sheets.iter().map(|(_, rows)| format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")).collect();
        let mut parts = vec![("xl/workbook.xml", BOOK.as_bytes()), ("xl/_rels/workbook.xml.rels", LINKS.as_bytes())];
        parts.extend(sheets.iter().zip(&bodies).map(|((name, _), body)| (*name, body.as_bytes())));
        let bytes = archive(&parts, |size| u32::try_from(size).unwrap());
        let known =
            |cells: &[String]| cells.iter().filter(|cell| ["Tag", "Serial", "Model"].contains(&cell.as_str())).count();
        with(bytes.as_slice(), &known, |table| {
            let first = table.next_row()?.map(|row| row.cells.join("|")).unwrap_or_default();
            Ok((first, table.skipped().iter().map(|sheet| (sheet.name.clone(), sheet.why)).collect()))
        })
        .unwrap()
    }

    #[test]
    fn the_sheet_with_a_known_heading_is_read_however_small_it_is() {
        let [cover, list, old] = [1, 2, 3].map(|n| format!("xl/worksheets/sheet{n}.xml"));
        let [cover, list, old] = [&*cover, &*list, &*old];
        let row = |cells: &[&str]| {
            let cells: String = cells.iter().map(|cell| format!("<c t=\"str\"><v>{cell}</v></c>")).collect();
            format!("<row>{cells}</row>")
        };
        let prose = row(&["Report of the month", "x"]).repeat(50);
        let (two, three) = (row(&["Tag", "Serial"]), row(&["Tag", "Serial", "Model"]));
        let skipped = |pairs: &[(&str, &'static str)]| {
            pairs.iter().map(|(name, why)| ((*name).to_owned(), *why)).collect::<Vec<_>>()
        };
        let (none, hidden) = ("no heading in it is known", "it is hidden");
        let found = read(&[(cover, &prose), (list, &two), (old, &three)]);
        assert_eq!(found, ("Tag|Serial".to_owned(), skipped(&[("Cover", none), ("Old", hidden)])));
        let found = read(&[(cover, &three), (list, &two.repeat(9)), (old, "")]);
        let less = "more is known of another sheet's heading";
        assert_eq!(found, ("Tag|Serial|Model".to_owned(), skipped(&[("List", less), ("Old", hidden)])));
        let found = read(&[(cover, &prose), (list, ""), (old, &two)]);
        assert_eq!(found, ("Tag|Serial".to_owned(), skipped(&[("Cover", none), ("List", none)])));
        let found = read(&[(cover, ""), (list, &prose), (old, "")]);
        assert_eq!(found.0, "Report of the month|x");
    }
}
