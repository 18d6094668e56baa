//! The devices that are shown, as a file: every row asked for, the columns shown, in the order shown.

use super::Pairs;
use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::load::asked::Asked;
use crate::load::devices::{object, read, shown_columns};
use crate::site::Site;
use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde_json::Value as Json;
use wardlight_access::Action;
use wardlight_model::{Deed, DeedKind};
use wardlight_store::projection::{Column, Row, Value};

/// The rows, once it is written down that they were taken away.
async fn rows(site: &Site, visitor: &Visitor, pairs: &Pairs) -> Result<(Vec<Column>, Vec<Row>), Wrong> {
    let asked: Asked = read(site, visitor, Action::ExportDevices, pairs).await?.anew();
    let shown = shown_columns(&asked, visitor.may_everywhere(site, Action::SeeTraffic));
    let columns = if asked.columns.is_empty() { with_second_lines(&shown) } else { shown };
    let rows = site.parts().devices.snapshot().list(&asked.query(usize::MAX)?).rows;
    // What was searched for is free text, such as a name: that something was is enough.
    let searched = if asked.search.is_empty() { "" } else { "of a search, " };
    let kept = Asked { search: String::new(), ..asked };
    let detail = format!("{} devices: {searched}{}", rows.len(), kept.address());
    site.witness(&visitor.name, Deed { kind: DeedKind::Exported, object: None, detail }).await?;
    Ok((columns, rows))
}

/// The columns, and those that stand as second lines in cells of them.
fn with_second_lines(shown: &[Column]) -> Vec<Column> {
    let second = |column: &Column| match column {
        Column::Name => vec![Column::Address, Column::Mac],
        Column::Type => vec![Column::Maker, Column::Model],
        _ => Vec::new(),
    };
    shown.iter().flat_map(|column| std::iter::once(*column).chain(second(column))).collect()
}

/// Comma-separated (RFC 4180); nothing begins as a spreadsheet's formula does.
pub async fn csv(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    pairs: Pairs,
) -> Result<Response, Wrong> {
    let (columns, rows) = rows(&site, &visitor, &pairs).await?;
    let mut text = columns.iter().map(|column| column.name()).collect::<Vec<_>>().join(",") + "\r\n";
    for row in &rows {
        let cells: Vec<String> = columns.iter().map(|column| quoted(&plain(row.value(*column)))).collect();
        text += &cells.join(",");
        text += "\r\n";
    }
    Ok(file("text/csv; charset=utf-8", "devices.csv", text))
}

/// An array of objects with the columns' names.
pub async fn json(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    pairs: Pairs,
) -> Result<Response, Wrong> {
    let (columns, rows) = rows(&site, &visitor, &pairs).await?;
    let all: Vec<Json> = rows.iter().map(|row| Json::Object(object(row, &columns))).collect();
    Ok(file("application/json", "devices.json", Json::Array(all).to_string()))
}

/// A workbook (ECMA-376) of one sheet.
pub async fn xlsx(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    pairs: Pairs,
) -> Result<Response, Wrong> {
    let (columns, rows) = rows(&site, &visitor, &pairs).await?;
    let written = tokio::task::spawn_blocking(move || workbook(&columns, &rows)).await;
    let written = written.map_err(|error| Wrong::Store(error.to_string()))?;
    let bytes = written.map_err(|error| Wrong::Store(error.to_string()))?;
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let disposition = "attachment; filename=\"devices.xlsx\"";
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], bytes).into_response())
}

/// Errors: more rows or columns than a sheet holds.
fn workbook(columns: &[Column], rows: &[Row]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("Devices")?;
    sheet.set_freeze_panes(1, 0)?;
    let head = Format::new().set_bold();
    for (at, column) in (0_u16..).zip(columns) {
        sheet.write_with_format(0, at, column.name(), &head)?;
    }
    for (line, row) in (1_u32..).zip(rows) {
        for (at, column) in (0_u16..).zip(columns) {
            match row.value(*column) {
                Value::Absent => {}
                Value::Number(number) => drop(sheet.write_number(line, at, *number)?),
                // As text, so that nothing is reckoned.
                value => drop(sheet.write_string(line, at, plain(value))?),
            }
        }
    }
    book.save_to_buffer()
}

fn file(kind: &'static str, name: &str, text: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], text).into_response()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Absent => String::new(),
        Value::Text(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::List(texts) => texts.iter().map(|text| &**text).collect::<Vec<_>>().join(" "),
    }
}

/// A cell: with an apostrophe before what a spreadsheet would reckon, and in quotes where it must be.
fn quoted(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let safe = if risky { format!("'{text}") } else { text.to_owned() };
    if safe.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_every_cell_is_one_cell() {
        for (text, wanted) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-5", "-5"),
            ("-5-3", "'-5-3"),
            ("a,b", "\"a,b\""),
            ("say \"a\"", "\"say \"\"a\"\"\""),
            ("plain", "plain"),
        ] {
            assert_eq!(quoted(text), wanted);
        }
    }
}
