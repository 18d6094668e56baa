//! Tables to records: finds the header, maps the columns, puts each value into its form, and accounts for every row.

mod header;
mod owner;
mod row;

use crate::item::{Reason, Rows};
use crate::mapping::{By, Column, Mapping, Meaning, USED};
use crate::table::{Table, TableRow};
use crate::value::{self, DateOrder};
use crate::{Item, Options, ReadError, Tally};
use std::collections::{HashMap, VecDeque};
use wardlight_model::Form;

/// Rows looked at before the first is read: for the header, the columns' meaning and the order of dates.
const SAMPLE: usize = 300;
/// Most keys remembered to find one that comes twice.
const KEYS: usize = 1 << 20;

/// What is known of a table once its begin has been seen.
pub(crate) struct Plan {
    /// Its headers, one a column.
    pub headers: Vec<String>,
    /// What they mean.
    pub mapping: Mapping,
    /// Row of its header.
    row: u64,
    /// Rows above the header.
    titles: Vec<TableRow>,
    /// Rows below it, to be read again.
    sample: VecDeque<TableRow>,
    orders: Vec<Order>,
    /// What it calls departments and places, as far as its first rows tell.
    places: owner::Places,
}

/// Why a row is not for a source, by the table's headers and the row's cells.
pub(crate) type Refuse = fn(&[String], &[String]) -> Option<Reason>;

/// What a source knows of its tables beside what everybody knows.
#[derive(Clone, Copy, Default)]
pub(crate) struct Own<'a> {
    /// What headers mean to it.
    pub mapping: Option<&'a Mapping>,
    /// Refuses rows that are not for it.
    pub refuses: Option<Refuse>,
}

/// Which of a date's numbers stands first in a column, and whether a value told so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    order: DateOrder,
    is_told: bool,
}

/// How many of `headers` are known, to a user, to a source or to everybody.
pub(crate) fn known(headers: &[String], options: &Options<'_>, own: Own<'_>) -> usize {
    Mapping::recognised(headers, both(options.mapping, own.mapping).as_ref())
}

/// Reads every row of `table` as a record. `own` is what this source alone knows.
pub(crate) fn read(
    table: &mut dyn Table,
    options: &Options<'_>,
    own: Own<'_>,
    give: &mut dyn FnMut(Item),
) -> Result<Tally, ReadError> {
    let mut rows = Rows::new(give);
    for sheet in table.skipped() {
        let (number, name, why) = (sheet.number, value::plain(&sheet.name), sheet.why);
        rows.remark(0, format!("sheet {number} `{}` is not read: {why}", options.veil.host(&name)));
    }
    let mut plan = plan(table, options.mapping, own.mapping)?;
    for title in std::mem::take(&mut plan.titles) {
        let why = title.broken.unwrap_or_else(|| "stands above the header".to_owned());
        rows.set_aside(title.number, why);
    }
    if plan.row == 0 {
        return Ok(rows.tally());
    }
    rows.row(plan.row, |_| Ok(()));
    remarks(&plan, &mut rows);
    let mut seen = Seen::default();
    while let Some(row) = next(&mut plan.sample, table)? {
        let number = row.number;
        let refused = own.refuses.and_then(|refuses| refuses(&plan.headers, &row.cells));
        match refused {
            Some(why) => rows.set_aside(number, why),
            None => rows.row(number, |out| row::read(row, &plan, options, &mut seen, out)),
        }
    }
    Ok(rows.tally())
}

/// What the columns of `table` mean, from its first rows; shown to a user before anything is imported.
pub(crate) fn plan(table: &mut dyn Table, user: Option<&Mapping>, own: Option<&Mapping>) -> Result<Plan, ReadError> {
    let mut head = Vec::new();
    while head.len() < SAMPLE
        && let Some(row) = table.next_row()?
    {
        head.push(row);
    }
    let both = both(user, own);
    let Some(found) = header::find(&head, both.as_ref()) else {
        let mapping = Mapping::default();
        let titles = if head.is_empty() { Vec::new() } else { head };
        let (places, sample) = (owner::Places::default(), VecDeque::new());
        return Ok(Plan { headers: Vec::new(), mapping, row: 0, titles, sample, orders: Vec::new(), places });
    };
    let mut titles = head;
    let sample: VecDeque<TableRow> = titles.split_off(found.at + 1).into();
    let row = titles.pop().map_or(0, |row| row.number);
    let cells: Vec<Vec<String>> =
        sample.iter().filter(|row| row.broken.is_none()).map(|row| row.cells.clone()).collect();
    let mapping = Mapping::of(&found.headers, &cells, both.as_ref());
    let orders = orders(&mapping, &cells);
    let places = owner::Places::of(&mapping.columns, cells.iter().map(Vec::as_slice));
    Ok(Plan { headers: found.headers, mapping, row, titles, sample, orders, places })
}

/// The user's columns, then the source's own.
fn both(user: Option<&Mapping>, own: Option<&Mapping>) -> Option<Mapping> {
    let columns: Vec<Column> = user.into_iter().chain(own).flat_map(|mapping| mapping.columns.clone()).collect();
    (!columns.is_empty()).then_some(Mapping { system: None, columns })
}

fn next(sample: &mut VecDeque<TableRow>, table: &mut dyn Table) -> Result<Option<TableRow>, ReadError> {
    match sample.pop_front() {
        Some(row) => Ok(Some(row)),
        None => table.next_row(),
    }
}

/// How each column writes its dates. A column in which no value tells follows one in which a value does; else the day
/// stands first, unless it is money in dollars that the table counts in.
fn orders(mapping: &Mapping, rows: &[Vec<String>]) -> Vec<Order> {
    let is_date = |column: &Column| matches!(column.is, Some(Meaning::Field(field)) if field.form() == Form::Date);
    let values = |at: usize| rows.iter().filter_map(move |row| row.get(at)).map(|cell| cell.trim());
    let told: Vec<Option<DateOrder>> = mapping
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| if is_date(column) { value::order(values(at)) } else { None })
        .collect();
    let is_american = || rows.iter().flatten().any(|cell| cell.trim_start().starts_with('$') || cell.contains("USD"));
    let other = told.iter().flatten().next().copied();
    let usual = || if is_american() { DateOrder::MonthFirst } else { DateOrder::DayFirst };
    let rest = other.unwrap_or_else(usual);
    told.into_iter().map(|own| Order { order: own.unwrap_or(rest), is_told: own.or(other).is_some() }).collect()
}

/// Tells which columns were not used, and which were taken by their values.
fn remarks(plan: &Plan, rows: &mut Rows<'_>) {
    for column in &plan.mapping.columns {
        let header = value::plain(&column.header);
        let what = match column.is {
            None => format!("column `{header}` is not known: left out"),
            Some(is) if column.confidence < USED => {
                format!("column `{header}` could be {} ({} %): left out until confirmed", is.name(), column.confidence)
            }
            Some(is) if column.by == By::Values => {
                format!("column `{header}` is taken for {} by its values ({} %)", is.name(), column.confidence)
            }
            Some(_) => continue,
        };
        rows.remark(plan.row, what);
    }
}

/// Keys that came before, by their hash.
#[derive(Default)]
struct Seen(HashMap<u64, u64>);

impl Seen {
    /// The row in which `key` came before, when it did; remembers that it comes in `row`.
    fn before(&mut self, key: &str, row: u64) -> Option<u64> {
        if self.0.len() >= KEYS && !self.0.contains_key(&fingerprint(key)) {
            return None;
        }
        self.0.insert(fingerprint(key), row)
    }
}

/// FNV-1a with a stir at the end: no secret, but spread.
fn fingerprint(key: &str) -> u64 {
    let hash = key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash ^ hash >> 29
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;
    use crate::trial::{self, records, troubles};
    use proptest::prelude::*;

    fn run(text: &str) -> (Vec<Item>, Tally) {
        trial::items(|options, give| {
            let mut bytes = text.as_bytes();
            table::with(&mut bytes, &|_| 0, |table| read(table, options, Own::default(), give))
        })
    }

    #[test]
    fn titles_totals_and_headers_again_are_set_aside() {
        let (items, tally) = run(
            "Equipment list\nAsset Tag,Serial Number,Model\nA1,S1,X\nAsset Tag,Serial Number,Model\nA2,S2,X\nTotal,2,\n",
        );
        assert_eq!(records(&items).len(), 2);
        let told: Vec<_> =
            troubles(&items).into_iter().filter(|(_, _, mended)| !mended).map(|(row, what, _)| (row, what)).collect();
        assert_eq!(
            told,
            [
                (1, "stands above the header".to_owned()),
                (4, "is the header again".to_owned()),
                (6, "is a total, not a device".to_owned())
            ]
        );
        assert_eq!(tally, Tally { rows: 6, accepted: 3, mended: 0, set_aside: 3, silent: 1 });
    }

    #[test]
    fn rows_that_do_not_fit_are_mended_or_set_aside() {
        let (items, _) = run("Asset Tag,Serial Number,Model,Cost\nA1,S1\nA2,S2,X,1,234\nA3,S3,X,5\n");
        assert_eq!(records(&items).len(), 2);
        let told = troubles(&items);
        assert_eq!(
            told,
            [
                (2, "has 2 of 4 cells".to_owned(), true),
                (3, "has 5 cells, the header 4: is there a separator within a cell?".to_owned(), false),
            ]
        );
    }

    #[test]
    fn values_that_are_none_are_left_out_and_never_shown() {
        let (items, _) = run(
            "Asset Tag,MAC Address,Install Date,Owner\nA1,Jane Doe,31.02.2026,X\nA2,00:1a:2b:3c:4d:5e,03/04/2025,X\nA3,00:1a:2b:3c:4d:5f,,\n",
        );
        let told = troubles(&items);
        assert_eq!(
            told,
            [
                (2, "column `MAC Address`: no hardware address".to_owned(), true),
                (2, "column `Install Date`: no date".to_owned(), true),
                (
                    3,
                    "column `Install Date`: read with the day first, which no value of the column tells".to_owned(),
                    true
                ),
            ]
        );
        assert!(!format!("{items:?}").contains("Jane"));
    }

    #[test]
    fn a_key_that_comes_again_is_told() {
        let (items, _) = run("Asset Tag,Serial Number\nA1,S1\nA2,S2\na-1,S3\n");
        assert_eq!(troubles(&items), [(4, "its key came before, in row 2".to_owned(), true)]);
        assert_eq!(records(&items).iter().map(|record| record.key.as_str()).collect::<Vec<_>>(), ["A1", "A2", "A1"]);
    }

    #[test]
    fn people_leave_as_hashes() {
        let (items, _) = run("Asset Tag,Technician,Caller\nA1,Jane Doe,John Roe\n");
        let shown = format!("{items:?}");
        assert!(!shown.contains("Jane") && !shown.contains("Roe"));
        assert!(records(&items)[0].says(wardlight_model::AssetField::Technician).unwrap().starts_with('#'));
    }

    #[test]
    fn headers_on_two_lines_are_joined() {
        let (items, _) = run(",Location,Location,\nAsset Tag,Building,Floor,Serial Number\nA1,B,2,S1\n");
        assert_eq!(records(&items)[0].says(wardlight_model::AssetField::Building), Some("B"));
    }

    #[test]
    fn a_table_without_a_header_is_set_aside_whole() {
        let (items, tally) = run("just\nsome\nwords\n");
        assert_eq!((records(&items).len(), tally.set_aside), (0, 3));
        assert_eq!(run("").1, Tally::default());
    }

    proptest! {
        #[test]
        fn rows_add_up(text in "([A-c,;\"\n1-3./:]|Asset Tag|Serial|\n){0,60}") {
            let (items, tally) = run(&text);
            prop_assert!(tally.adds_up());
            let aside = troubles(&items).iter().filter(|(_, _, mended)| !mended).count();
            prop_assert_eq!(aside as u64, tally.set_aside);
            prop_assert_eq!(records(&items).len() as u64, tally.accepted + tally.mended - tally.silent);
        }
    }
}
