//! Text for people: tables that fit the screen, output that may be piped.

use std::io::{self, IsTerminal as _, Write as _};

/// Widest a column gets when output is a terminal.
const WIDEST: usize = 40;
/// Characters in a row of a terminal that does not say how many it has.
const UNKNOWN: usize = 80;
/// Blanks between columns.
const GAP: usize = 2;

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

/// One column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    head: &'static str,
    /// Of columns that do not all fit, the one with the highest rank is left out first.
    rank: u8,
    /// Characters that it is not shrunk below.
    least: usize,
}

/// A column called `head`, shrunk to `least` characters at most, and left out before those with a lower `rank`.
pub const fn column(head: &'static str, rank: u8, least: usize) -> Column {
    Column { head, rank, least }
}

/// A table with two blanks between columns: each as wide as its widest cell. The last column is not padded. On a
/// terminal no cell is wider than 40 characters and no row wider than the screen: wide columns shrink, and when that is
/// not enough, columns are left out by their rank, which a last line says.
pub fn table<R: AsRef<[String]>>(columns: &[Column], rows: impl IntoIterator<Item = R>) -> String {
    within(screen(), columns, rows)
}

/// Characters in a row of the screen; `None` when output is no terminal.
fn screen() -> Option<usize> {
    let out = io::stdout();
    let set = || std::env::var("COLUMNS").ok()?.parse().ok();
    let told = || rustix::termios::tcgetwinsize(&out).ok().map(|size| usize::from(size.ws_col));
    let known = |width: &usize| *width > 0;
    out.is_terminal().then(|| set().filter(known).or_else(told).filter(known).unwrap_or(UNKNOWN))
}

fn within<R: AsRef<[String]>>(screen: Option<usize>, columns: &[Column], rows: impl IntoIterator<Item = R>) -> String {
    let head: Vec<String> = columns.iter().map(|column| column.head.to_owned()).collect();
    let rows: Vec<R> = rows.into_iter().collect();
    let rows: Vec<&[String]> = std::iter::once(head.as_slice()).chain(rows.iter().map(AsRef::as_ref)).collect();
    let mut natural = vec![0; columns.len()];
    for row in &rows {
        natural.iter_mut().zip(*row).for_each(|(width, cell)| *width = (*width).max(cell.chars().count()));
    }
    let all = || natural.iter().copied().map(Some).collect();
    let widths: Vec<Option<usize>> = screen.map_or_else(all, |room| fit(columns, &natural, room));
    let mut text: String = rows.iter().map(|row| line(row, &widths)).collect();
    let left_out = columns.iter().zip(&widths).filter(|(_, width)| width.is_none()).map(|(column, _)| column.head);
    let left_out: Vec<&str> = left_out.filter(|head| !head.is_empty()).collect();
    if !left_out.is_empty() {
        let said = format!("too narrow for {}", left_out.join(", "));
        text += &(cut(&said, screen.unwrap_or(usize::MAX)) + "\n");
    }
    text
}

/// How wide each column is shown in `room` characters; `None` for those left out.
fn fit(columns: &[Column], natural: &[usize], room: usize) -> Vec<Option<usize>> {
    let mut order: Vec<u8> = columns.iter().map(|column| column.rank).collect();
    order.sort_unstable();
    for last in order.into_iter().rev() {
        let shown = |(natural, column): (&usize, &Column)| (column.rank <= last).then_some(*natural.min(&WIDEST));
        let mut widths: Vec<Option<usize>> = natural.iter().zip(columns).map(shown).collect();
        while total(&widths) > room {
            let kept =
                widths.iter_mut().zip(columns).filter_map(|(width, column)| Some((width.as_mut()?, column.least)));
            match kept.filter(|(width, least)| **width > *least).max_by_key(|(width, _)| **width) {
                Some((width, _)) => *width -= 1,
                None => break,
            }
        }
        if total(&widths) <= room {
            return widths;
        }
    }
    let first = columns.iter().map(|column| column.rank).min();
    columns.iter().map(|column| (Some(column.rank) == first).then_some(room)).collect()
}

fn total(widths: &[Option<usize>]) -> usize {
    widths.iter().flatten().map(|width| width + GAP).sum::<usize>().saturating_sub(GAP)
}

fn line(row: &[String], widths: &[Option<usize>]) -> String {
    let cells = row.iter().zip(widths).filter_map(|(cell, width)| Some((cut(cell, (*width)?), (*width)?)));
    let cells: Vec<String> = cells.map(|(cell, width)| format!("{cell:width$}")).collect();
    cells.join("  ").trim_end().to_owned() + "\n"
}

/// `cell` in `width` characters. A mark at its end, such as `? 33 %`, stays: without it the rest would claim too much.
fn cut(cell: &str, width: usize) -> String {
    let length = cell.chars().count();
    if length <= width {
        return cell.to_owned();
    }
    let mark = cell.rfind("? ").and_then(|at| cell.get(at..)).filter(|mark| mark.ends_with(" %")).unwrap_or_default();
    match width.checked_sub(mark.chars().count() + 1) {
        Some(room) => cell.chars().take(room).chain(['…']).chain(mark.chars()).collect(),
        None => "?".repeat(width.min(1)),
    }
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
        let columns = [column("ONE", 0, 1), column("TWO", 1, 1), column("THREE", 2, 1)];
        assert_eq!(within(None, &columns, rows), "ONE  TWO        THREE\na    long cell  z\nbb              y\n");
    }

    fn shown(room: usize) -> String {
        let columns = [column("ONE", 2, 3), column("TWO", 1, 4), column("THREE", 0, 5)];
        within(Some(room), &columns, [["first".to_owned(), "the second".to_owned(), "a third".to_owned()]])
    }

    #[test]
    fn wide_columns_shrink_before_any_is_left_out() {
        assert_eq!(shown(26), "ONE    TWO         THREE\nfirst  the second  a third\n");
        assert_eq!(shown(22), "ONE    TWO      THREE\nfirst  the se…  a thi…\n");
        assert_eq!(shown(16), "ONE  TWO   THREE\nfi…  the…  a th…\n");
    }

    #[test]
    fn the_least_important_columns_go_first_and_that_is_said() {
        assert_eq!(shown(15), "TWO      THREE\nthe se…  a thi…\ntoo narrow for…\n");
        assert_eq!(shown(7), "THREE\na third\ntoo na…\n");
        assert_eq!(shown(3), "TH…\na …\nto…\n");
    }

    #[test]
    fn a_mark_is_never_cut_off() {
        assert_eq!(cut("medical device? 60 %", 14), "medical…? 60 %");
        assert_eq!(cut("medical device? 60 %", 7), "…? 60 %");
        assert_eq!(cut("medical device? 60 %", 5), "?");
        assert_eq!(cut("medical device", 8), "medical…");
    }

    #[test]
    fn no_row_is_wider_than_the_screen() {
        for room in 1..60 {
            assert!(shown(room).lines().all(|line| line.chars().count() <= room), "{room}: {}", shown(room));
        }
    }

    #[test]
    fn byte_counts_read_easily() {
        assert_eq!([bytes(0), bytes(999), bytes(1_400_000), bytes(u64::MAX)], ["0 B", "999 B", "1.4 MB", "18.4 EB"]);
    }
}
