//! Cells and rows of a CSV export (RFC 4180) that no spreadsheet program takes for a formula.

/// What a formula, or a command to another program, may begin with; full-width forms are taken for the same by some.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// `text` as a cell: behind an apostrophe when it begins as a formula would, quoted when it must be.
#[must_use]
pub fn cell(text: &str) -> String {
    let is_formula = text.trim_start_matches([' ', '\0']).starts_with(FORMULA) || text.starts_with(FORMULA);
    let guard = if is_formula { "'" } else { "" };
    if text.contains(['"', ',', ';', '\n', '\r', '\t']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}

/// `cells` as a row with its line end.
#[must_use]
pub fn row<'t>(cells: impl IntoIterator<Item = &'t str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(cell).collect();
    cells.join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_cell_begins_as_a_formula() {
        assert_eq!(
            row(["=1+1", "@SUM(A1)", "-5", "plain", "a,\"b\""]),
            "'=1+1,'@SUM(A1),'-5,plain,\"a,\"\"b\"\"\"\r\n"
        );
        assert_eq!(cell(" =1"), "' =1");
    }

    proptest! {
        #[test]
        fn exported_cells_are_read_back_harmless(cells in prop::collection::vec("[=+@a\\- \t\n\",;＝]{0,6}", 2..5)) {
            let text = row(cells.iter().map(String::as_str));
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(record.len(), cells.len());
            for (read, cell) in record.iter().zip(&cells) {
                prop_assert!(!read.starts_with(FORMULA));
                prop_assert_eq!(read.strip_prefix('\'').unwrap_or(read), cell);
            }
        }
    }
}
