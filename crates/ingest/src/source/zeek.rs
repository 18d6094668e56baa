//! Zeek logs, as tab-separated text with its header lines or as JSON lines: flows, and what hosts say of themselves.
//!
//! A log that is not known is passed over row by row, and so is everything in it that could name a person: user names,
//! cookies, mail addresses.

mod facts;
mod fields;
mod flows;

use super::{Gives, Head, Info, Source, Sureness};
use crate::item::{Reason, Row, Rows};
use crate::lines::{FOREIGN, Line, Lines};
use crate::said::Teller;
use crate::{Item, Options, ReadError, Tally};
use fields::Columns;
use std::io::Read;

pub(super) const ENTRY: Zeek = Zeek;

pub(super) struct Zeek;

impl Source for Zeek {
    fn info(&self) -> &'static Info {
        &Info {
            name: "zeek",
            what: "Zeek logs, TSV or JSON",
            source: "Zeek 7 manual, Log Formats and Inspection, and the records in base/protocols/*/main.zeek",
            gives: Gives::Traffic,
        }
    }

    fn probe(&self, head: &Head<'_>) -> Sureness {
        let text = head.text();
        let first = text.lines().next().unwrap_or_default();
        if first.starts_with("#separator ") || text.contains("\n#fields\t") {
            return Sureness::Sure;
        }
        let says = |name: &str| first.contains(&format!("\"{name}\":"));
        if first.starts_with('{') && says("ts") && (says("id.orig_h") || says("_path") || says("uid") || says("host")) {
            return Sureness::Sure;
        }
        Sureness::No
    }

    fn read(&self, from: &mut dyn Read, options: &Options<'_>, give: &mut dyn FnMut(Item)) -> Result<Tally, ReadError> {
        let mut lines = Lines::new(from)?;
        let mut rows = Rows::new(give);
        let mut columns = Columns::new(options.name);
        while let Some(line) = lines.next()? {
            if line.text.trim().is_empty() || columns.header(&line.text) {
                continue;
            }
            rows.row(line.number, |row| read(&line, &columns, options, row));
        }
        Ok(rows.tally())
    }
}

/// Reads one line. Errors: why it is set aside.
fn read(line: &Line, columns: &Columns, options: &Options<'_>, row: &mut Row) -> Result<(), Reason> {
    if line.is_cut {
        return Err("longer than a line may be".into());
    }
    if line.is_foreign {
        row.note(FOREIGN);
    }
    let entry = columns.entry(&line.text, row)?;
    if !facts::is_known(entry.path()) {
        return Ok(());
    }
    let Some(time) = entry.time("ts") else { return Err("has no time".into()) };
    let teller = Teller { protocol: "zeek", options, time };
    match entry.path() {
        "conn" | "open_conn" => flows::read(&entry, &teller, row),
        path => {
            facts::read(path, &entry, &teller, row);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::{items, troubles};

    const HEADER: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\n";

    #[test]
    fn half_a_row_is_set_aside() {
        let text = format!("{HEADER}1.5\tC1\t10.0.0.1\t5\t10.0.0.2\t104\ttcp\n1.5\tC2\t10.0.0.1\n#close\t2026\n");
        let (given, tally) = items(|options, give| ENTRY.read(&mut text.as_bytes(), options, give));
        assert_eq!(tally, Tally { rows: 2, accepted: 1, set_aside: 1, ..Tally::default() });
        assert_eq!(troubles(&given), [(8, "has 3 of 7 fields".to_owned(), false)]);
    }
}
