//! Text for people: tables that fit the screen, output that may be piped.

use std::io::{self, IsTerminal as _, Write as _};

/// Widest a column gets when output is a terminal.
const WIDEST: usize = 40;

/// Writes `text` to standard output. A reader that closed its end is no error. Errors: what the system says.
pub fn out(text: &str) -> io::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// Lets `write` write to standard output. A reader that closed its end is no error. Errors: what `write` gives.
pub fn stream(write: impl FnOnce(&mut dyn io::Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut to = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let outcome = write(&mut to).and_then(|()| Ok(to.flush()?));
    let is_closed = |error: &anyhow::Error| {
        let kind = error.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        kind.or(error.downcast_ref::<io::Error>().map(io::Error::kind)) == Some(io::ErrorKind::BrokenPipe)
    };
    outcome.or_else(|error| if is_closed(&error) { Ok(()) } else { Err(error) })
}

/// A table with one blank column between columns: each as wide as its widest cell. The last column is not padded. On
/// a terminal other cells are cut at 40 characters.
pub fn table<const N: usize>(head: &[&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let widest = if io::stdout().is_terminal() { WIDEST } else { usize::MAX };
    let head = head.map(str::to_owned);
    let rows: Vec<[String; N]> = std::iter::once(head).chain(rows).map(|row| fit(row, widest)).collect();
    let mut widths = [0; N];
    for row in &rows {
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = (*width).max(cell.chars().count()));
    }
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn fit<const N: usize>(mut row: [String; N], widest: usize) -> [String; N] {
    for cell in row.iter_mut().take(N.saturating_sub(1)) {
        if cell.chars().count() > widest {
            *cell = cell.chars().take(widest - 1).chain(['…']).collect();
        }
    }
    row
}

/// A number of bytes in the unit that suits it, such as `1.4 MB`.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut value = number as f64;
    for unit in UNITS {
        if value < 1000.0 {
            return if unit == "B" { format!("{number} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1} EB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [
            ["a".to_owned(), "long cell".to_owned(), "z".to_owned()],
            ["bb".to_owned(), String::new(), "y".to_owned()],
        ];
        assert_eq!(
            table(&["ONE", "TWO", "THREE"], rows),
            "ONE  TWO        THREE\na    long cell  z\nbb              y\n"
        );
    }

    #[test]
    fn byte_counts_read_easily() {
        assert_eq!([bytes(0), bytes(999), bytes(1_400_000), bytes(u64::MAX)], ["0 B", "999 B", "1.4 MB", "18.4 EB"]);
    }
}
