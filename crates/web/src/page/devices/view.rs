//! The list of devices as the page shows it.
//!
//! In: a snapshot of the devices and what was asked. Out: what the template writes, every number with the address of just
//! the rows that it counts.

use super::asked::{ABSENT, Asked, ROWS, Senseless};
use crate::part::sure::Sure;
use crate::part::words::{counted, moment, named, percent};
use wardlight_store::projection::{Column, Filter, Kind, Literal, Row, Snapshot, Value};

/// Columns that are shown when none is asked for.
const USUAL: [Column; 6] =
    [Column::Name, Column::Type, Column::OperatingSystem, Column::TypeConfidence, Column::Service, Column::LastSeen];
/// Columns whose values are always offered.
const FACETS: [Column; 4] = [Column::Type, Column::Maker, Column::OperatingSystem, Column::Label];
/// The columns that are shown: those asked for, else the usual ones.
#[must_use]
pub fn shown_columns(asked: &Asked, sees_traffic: bool) -> Vec<Column> {
    if !asked.columns.is_empty() {
        return asked.columns.clone();
    }
    USUAL.into_iter().filter(|column| sees_traffic || !column.is_traffic()).collect()
}

/// Values of one column offered.
const VALUES: usize = 8;
/// Values of one cell shown; the rest is counted.
const SHOWN: usize = 2;

/// One value that can be chosen.
#[derive(Debug)]
pub struct Choice {
    /// As the address has it.
    pub value: String,
    /// As the page has it.
    pub title: String,
    /// Whether it says that nothing is known.
    pub is_absent: bool,
    /// How many devices have it.
    pub count: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// One column whose values can be chosen.
#[derive(Debug)]
pub struct Facet {
    /// The column, as the address has it.
    pub name: &'static str,
    /// The column, as the page has it.
    pub title: String,
    /// Its most frequent values.
    pub choices: Vec<Choice>,
    /// How many values are not offered; empty for none.
    pub more: String,
}

/// A part of the filter that can be taken away.
#[derive(Debug)]
pub struct Chip {
    /// What it is about.
    pub title: String,
    /// What it asks for.
    pub value: String,
    /// The address of the list without it.
    pub without: String,
}

/// One column's head.
#[derive(Debug)]
pub struct Head {
    /// The column, as the page has it.
    pub title: String,
    /// The address of the list sorted by it.
    pub sort: String,
    /// `ascending`, `descending`, or nothing.
    pub order: &'static str,
    /// Whether its values stand at the right.
    pub is_number: bool,
}

/// What stands in one place of the table.
#[derive(Debug)]
pub enum Cell {
    /// The device: what it is called, and where it is reached.
    Device(String, String),
    /// A text, and a second line.
    Text(String, String),
    /// A figure.
    Figure(String),
    /// How sure something is: in words, and the width of a bar of 34.
    Sure(String, String),
    /// Nobody said.
    Absent,
}

/// One device.
#[derive(Debug)]
pub struct Line {
    /// Its id.
    pub id: String,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// The list.
#[derive(Debug)]
pub struct List {
    /// What is asked.
    pub asked: Asked,
    /// Devices that there are.
    pub known: usize,
    /// Devices that are asked for.
    pub total: usize,
    /// The same in words.
    pub count: String,
    /// What the page says first.
    pub verdict: String,
    /// Parts of the filter.
    pub chips: Vec<Chip>,
    /// Values that can be chosen.
    pub facets: Vec<Facet>,
    /// The columns.
    pub heads: Vec<Head>,
    /// Columns that can be shown: name, title, whether it is.
    pub columns: Vec<(&'static str, String, bool)>,
    /// The devices.
    pub lines: Vec<Line>,
    /// Which rows these are.
    pub range: String,
    /// The addresses of the rows before and behind; empty for none.
    pub before: String,
    /// See `before`.
    pub behind: String,
    /// The address of these rows in another form, but for the form's name.
    pub export: String,
}

impl List {
    /// The list. Errors: what was asked makes no sense.
    pub fn of(devices: &Snapshot, asked: Asked, sees_traffic: bool) -> Result<Self, Senseless> {
        let page = devices.list(&asked.query(ROWS)?);
        let columns = shown_columns(&asked, sees_traffic);
        let bound = |filter: Option<Filter>| Filter::All(asked.bound.iter().cloned().chain(filter).collect());
        let known = asked.bound.as_ref().map_or(devices.len(), |_| devices.count(&bound(None)));
        let sure = devices.count(&bound(Some(Sure::High.filter())));
        let address = |from: usize| format!("/devices?{}", Asked { from, ..asked.clone() }.address());
        let last = asked.from + page.rows.len();
        Ok(Self {
            known,
            total: page.total,
            count: counted(page.total),
            verdict: verdict(known, sure),
            chips: chips(&asked),
            facets: facets(devices, &asked)?,
            heads: columns.iter().map(|column| head(&asked, *column)).collect(),
            columns: Column::ALL
                .iter()
                .filter(|column| sees_traffic || !column.is_traffic())
                .map(|column| (column.name(), title(*column), columns.contains(column)))
                .collect(),
            lines: page.rows.iter().map(|row| line(row, &columns)).collect(),
            range: match page.rows.len() {
                0 => "none".to_owned(),
                _ => format!("{} to {} of {}", counted(asked.from + 1), counted(last), counted(page.total)),
            },
            before: if asked.from > 0 { address(asked.from.saturating_sub(ROWS)) } else { String::new() },
            behind: if last < page.total { address(last) } else { String::new() },
            export: asked.anew().address(),
            asked,
        })
    }
}

fn verdict(known: usize, sure: usize) -> String {
    match known {
        0 => "No device is known yet. Let a sensor report, or take in a list of devices.".to_owned(),
        _ => format!(
            "{} devices found by watching · {} of them known for what they are, {} not yet",
            counted(known),
            counted(sure),
            counted(known - sure)
        ),
    }
}

fn chips(asked: &Asked) -> Vec<Chip> {
    let chip = |title: String, value: String, without: Asked| Chip {
        title,
        value,
        without: format!("/devices?{}", without.address()),
    };
    let search = (!asked.search.is_empty()).then(|| {
        let without = Asked { search: String::new(), ..asked.anew() };
        chip("Search".to_owned(), asked.search.clone(), without)
    });
    let picks = asked.picks.iter().map(|(column, value)| {
        let shown = if value == ABSENT { "not known".to_owned() } else { value.clone() };
        chip(title(*column), shown, asked.without(*column, value))
    });
    let sure = asked.sure.iter().map(|sure| {
        let mut without = asked.anew();
        without.sure.retain(|other| other != sure);
        chip("Sure".to_owned(), sure.title().to_owned(), without)
    });
    search.into_iter().chain(picks).chain(sure).collect()
}

/// What a column is called on pages.
#[must_use]
pub fn title(column: Column) -> String {
    let words = match column {
        Column::Type => "what it is",
        Column::TypeConfidence => "sure",
        Column::OperatingSystem => "system",
        Column::Mac => "hardware address",
        Column::Name => "device",
        other => other.name(),
    };
    let words = words.replace('_', " ");
    let mut signs = words.chars();
    signs.next().map(|first| first.to_uppercase().collect::<String>() + signs.as_str()).unwrap_or_default()
}

fn facets(devices: &Snapshot, asked: &Asked) -> Result<Vec<Facet>, Senseless> {
    let mut columns = FACETS.to_vec();
    let wanted = asked.facets.iter().chain(asked.picks.iter().map(|(column, _)| column));
    columns.extend(wanted.filter(|column| !FACETS.contains(column)));
    columns.sort_by_key(|column| FACETS.iter().position(|usual| usual == column).unwrap_or(FACETS.len()));
    columns.dedup();
    let mut all = vec![sureness(devices, asked)?];
    for column in columns {
        all.push(facet(devices, asked, column)?);
    }
    Ok(all)
}

fn sureness(devices: &Snapshot, asked: &Asked) -> Result<Facet, Senseless> {
    let under = asked.filter(Some(Column::TypeConfidence))?;
    let choices = Sure::ALL.map(|sure| Choice {
        value: sure.name().to_owned(),
        title: sure.title().to_owned(),
        is_absent: false,
        count: counted(devices.count(&Filter::All(vec![under.clone(), sure.filter()]))),
        is_chosen: asked.sure.contains(&sure),
    });
    Ok(Facet { name: "sure", title: "How sure".to_owned(), choices: choices.into(), more: String::new() })
}

fn facet(devices: &Snapshot, asked: &Asked, column: Column) -> Result<Facet, Senseless> {
    let counts = devices.facets(&asked.filter(Some(column))?, column, VALUES);
    let mut choices: Vec<Choice> = counts
        .values
        .iter()
        .map(|facet| {
            let value = text(&facet.value);
            Choice {
                is_chosen: asked.has(column, &value),
                title: value.clone(),
                is_absent: false,
                count: counted(facet.count),
                value,
            }
        })
        .collect();
    if counts.absent > 0 || asked.has(column, ABSENT) {
        choices.push(Choice {
            value: ABSENT.to_owned(),
            title: "not known".to_owned(),
            is_absent: true,
            count: counted(counts.absent),
            is_chosen: asked.has(column, ABSENT),
        });
    }
    let hidden = counts.distinct.saturating_sub(counts.values.len());
    // What is chosen and not among the most frequent stays chosen when the form is sent.
    let missing = asked.picks.iter().filter(|(of, value)| {
        *of == column && !choices.iter().any(|choice| choice.value.to_lowercase() == value.to_lowercase())
    });
    let missing: Vec<Choice> = missing
        .map(|(_, value)| Choice {
            value: value.clone(),
            title: value.clone(),
            is_absent: false,
            count: String::new(),
            is_chosen: true,
        })
        .collect();
    choices.extend(missing);
    let more = if hidden > 0 { format!("{} more", counted(hidden)) } else { String::new() };
    Ok(Facet { name: column.name(), title: title(column), choices, more })
}

fn head(asked: &Asked, column: Column) -> Head {
    let (by, is_descending) = asked.sort.unwrap_or((Column::Name, false));
    Head {
        title: title(column),
        sort: format!("/devices?{}", asked.sorted_by(column).address()),
        order: match (by == column, is_descending) {
            (false, _) => "",
            (true, false) => "ascending",
            (true, true) => "descending",
        },
        is_number: column.kind() == Kind::Number,
    }
}

fn line(row: &Row, columns: &[Column]) -> Line {
    Line { id: row.id().to_owned(), cells: columns.iter().map(|column| cell(row, *column)).collect() }
}

fn cell(row: &Row, column: Column) -> Cell {
    let first = |column| shown(row.value(column));
    let second = |column| first(column).unwrap_or_default();
    match column {
        Column::Name => Cell::Device(
            first(Column::Name).or_else(|| first(Column::Station)).unwrap_or_else(|| row.id().to_owned()),
            first(Column::Address).or_else(|| first(Column::Mac)).unwrap_or_default(),
        ),
        Column::Type => {
            let product = [second(Column::Maker), second(Column::Model)].join(" ");
            match first(Column::Type) {
                Some(kind) => Cell::Text(kind, product.trim().to_owned()),
                None => Cell::Absent,
            }
        }
        _ => match row.value(column) {
            Value::Absent => Cell::Absent,
            Value::Number(sure) if column.name().ends_with("_confidence") => {
                Cell::Sure(percent(*sure), format!("{:.1}", sure * 34.0))
            }
            Value::Number(number) => Cell::Figure(number.to_string()),
            value => shown(value).map_or(Cell::Absent, |text| Cell::Text(text, String::new())),
        },
    }
}

/// `value` in a cell; `None` for nothing.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Absent => None,
        Value::Text(text) => Some(named(text)),
        Value::Number(number) => Some(number.to_string()),
        Value::Time(time) => Some(moment(*time)),
        Value::Flag(flag) => Some(if *flag { "yes" } else { "no" }.to_owned()),
        Value::List(texts) if texts.is_empty() => None,
        Value::List(texts) => {
            let some = texts.iter().take(SHOWN).map(|text| &**text).collect::<Vec<_>>().join(", ");
            let rest = texts.len().saturating_sub(SHOWN);
            Some(if rest > 0 { format!("{some} and {rest} more") } else { some })
        }
    }
}

fn text(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) => text.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::Time(time) => time.to_string(),
        Literal::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
    }
}
