//! One row to a record.

use super::{Order, Plan, Seen, owner};
use crate::item::{Reason, Row};
use crate::mapping::{Column, Meaning, USED, words};
use crate::table::TableRow;
use crate::value::{self, DateOrder, ReadDate};
use crate::{Item, Options};
use wardlight_model::{AssetField, AssetRecord, Form, Privacy, Time, bare};

/// Words by which a row that sums up others begins.
const TOTALS: &[&str] =
    &["total", "totals", "grand total", "subtotal", "sum", "count", "summe", "gesamt", "anzahl", "end of report"];
/// Most values of a cell that holds several.
const MANY: usize = 64;

/// Reads `row` as `plan` says. Errors: why it is set aside.
pub fn read(row: TableRow, plan: &Plan, options: &Options<'_>, seen: &mut Seen, out: &mut Row) -> Result<(), Reason> {
    check(&row, plan)?;
    let width = plan.headers.len();
    if row.cells.len() < width && row.cells.len() + trailing_blanks(plan) < width {
        out.note(format!("has {} of {width} cells", row.cells.len()));
    }
    row.notes.iter().for_each(|note| out.note(note));
    let mut record = AssetRecord { row: row.number, ..AssetRecord::default() };
    for ((column, order), cell) in plan.mapping.columns.iter().zip(&plan.orders).zip(&row.cells) {
        if value::is_blank(cell) || column.confidence < USED {
            continue;
        }
        match column.is {
            Some(Meaning::Field(field)) => {
                let hidden = owner::may_be_a_person(field, (cell, column), &row.cells, plan)
                    .then(|| options.veil.person(&value::plain(cell)).to_string());
                let cell = hidden.as_deref().unwrap_or(cell);
                say(&mut record, field, (cell, column, *order), options, out);
            }
            Some(Meaning::Key) => record.key = value::plain(cell),
            Some(Meaning::AsOf) => record.as_of = moment(cell, *order, options),
            Some(Meaning::Ignored) | None => {}
        }
    }
    if record.says.is_empty() {
        return Err("says nothing in any column that is known".into());
    }
    finish(&mut record, row.number);
    if let Some(before) = seen.before(&record.key, row.number) {
        out.note(format!("its key came before, in row {before}"));
    }
    out.give(Item::Record(record));
    Ok(())
}

/// Why `row` is no device's.
fn check(row: &TableRow, plan: &Plan) -> Result<(), Reason> {
    if let Some(broken) = &row.broken {
        return Err(broken.clone().into());
    }
    let width = plan.headers.len();
    let filled = row.cells.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |at| at + 1);
    if filled > width {
        return Err(format!("has {filled} cells, the header {width}: is there a separator within a cell?").into());
    }
    let same = row.cells.iter().zip(&plan.headers).filter(|(cell, header)| words(cell) == words(header)).count();
    if same > 0 && same * 2 > filled {
        return Err("is the header again".into());
    }
    let first = row.cells.iter().map(|cell| cell.trim()).find(|cell| !cell.is_empty()).unwrap_or_default();
    let first = first.trim_end_matches([':', '.']).to_lowercase();
    let begins = |word: &&str| {
        first == *word || first.starts_with(&format!("{word}:")) || first.starts_with(&format!("{word} of"))
    };
    let texts = row.cells.iter().filter(|cell| !cell.trim().is_empty()).count();
    if TOTALS.iter().any(begins) && (texts * 2 <= width || texts <= 2) {
        return Err("is a total, not a device".into());
    }
    Ok(())
}

/// How many headers at the end are empty: rows may well end before them.
fn trailing_blanks(plan: &Plan) -> usize {
    plan.headers.iter().rev().take_while(|header| header.is_empty()).count()
}

/// Adds what `cell` says of `field`.
fn say(
    record: &mut AssetRecord,
    field: AssetField,
    (cell, column, order): (&str, &Column, Order),
    options: &Options<'_>,
    out: &mut Row,
) {
    let whole = value::put(field.form(), cell, order.order);
    if field.is_many() && (whole.is_none() || matches!(field.form(), Form::Identifier | Form::Text)) {
        let parts = cell.split([',', ';', '|', '\n', ' ']).map(str::trim).filter(|part| !value::is_blank(part));
        let is_ae = field.form() == Form::Identifier && !cell.contains([',', ';', '|', '\n']);
        let read: Vec<Option<String>> = if is_ae {
            vec![whole]
        } else {
            parts.take(MANY).map(|part| value::put(field.form(), part, order.order)).collect()
        };
        if read.iter().any(Option::is_none) {
            out.note(format!("column `{}`: {}", value::plain(&column.header), wanted(field.form())));
        }
        read.into_iter().flatten().for_each(|value| add(record, field, value, options));
        return;
    }
    match whole.filter(|value| !value.is_empty()) {
        Some(value) => {
            if field.form() == Form::Date {
                note_order(cell, column, order, out);
            }
            add(record, field, value, options);
        }
        None => out.note(format!("column `{}`: {}", value::plain(&column.header), wanted(field.form()))),
    }
}

/// Says when a date could be two and no value of its column tells, or when it can only be the other way round.
fn note_order(cell: &str, column: &Column, order: Order, out: &mut Row) {
    if matches!(value::date(cell), Some(ReadDate::Either(..))) && !order.is_told {
        let first = if order.order == DateOrder::DayFirst { "day" } else { "month" };
        let header = value::plain(&column.header);
        out.note(format!("column `{header}`: read with the {first} first, which no value of the column tells"));
    }
}

fn add(record: &mut AssetRecord, field: AssetField, value: String, options: &Options<'_>) {
    let value = match (field.privacy(), field.form()) {
        (Privacy::Person, _) => options.veil.person(&value).to_string(),
        (_, Form::Host) => options.veil.host(&value).into_owned(),
        _ if field == AssetField::Name => options.veil.host(&value).into_owned(),
        _ if field == AssetField::DistinguishedName => options.distinguished(&value),
        _ => value,
    };
    if let Some(said) =
        record.says.iter_mut().find(|(said, held)| *said == field && owner::gives_way(field, held, &value))
    {
        said.1 = value;
        return;
    }
    let is_there = record.says.iter().any(|(said, other)| *said == field && (!field.is_many() || *other == value));
    if !is_there {
        record.says.push((field, value));
    }
}

/// Puts what the record says in the order of fields, and gives it a key when the row had none.
fn finish(record: &mut AssetRecord, number: u64) {
    record.says.sort_by_key(|(field, _)| *field);
    if record.key.is_empty() {
        let own = |field| record.says(field).map(bare).filter(|key: &String| !key.is_empty());
        let maker = || record.says(AssetField::Maker).map(bare).unwrap_or_default();
        let key = own(AssetField::AssetTag)
            .or_else(|| own(AssetField::Serial).map(|serial| format!("{}/{serial}", maker())))
            .or_else(|| record.says(AssetField::Mac).map(str::to_owned))
            .or_else(|| record.says(AssetField::DistinguishedName).map(str::to_owned))
            .or_else(|| record.says(AssetField::Hostname).map(str::to_owned))
            .or_else(|| record.says(AssetField::Name).map(str::to_owned));
        record.key = key.unwrap_or_else(|| format!("row {number}"));
    }
}

/// The moment in `cell`, by the day when no time of day can be read.
fn moment(cell: &str, order: Order, options: &Options<'_>) -> Option<Time> {
    if let Ok(moment) = cell.trim().parse::<jiff::Timestamp>() {
        return Some(Time::from_micros(moment.as_microsecond()));
    }
    let local = cell.trim().replace(' ', "T").parse::<jiff::civil::DateTime>().ok();
    let day = || match value::date(cell)? {
        ReadDate::Sure(date) => Some(date),
        ReadDate::Either(day_first, month_first) => {
            Some(if order.order == DateOrder::DayFirst { day_first } else { month_first })
        }
    };
    let local = local.or_else(|| Some(day()?.at(0, 0, 0, 0)))?;
    crate::said::moment(local, options.ahead_s)
}

const fn wanted(form: Form) -> &'static str {
    match form {
        Form::Text | Form::Identifier => "no text",
        Form::Mac => "no hardware address",
        Form::Ip => "no IP address",
        Form::Host => "no host name",
        Form::Date => "no date",
        Form::Money => "no amount",
        Form::Number => "no number",
        Form::YesNo => "neither yes nor no",
    }
}
