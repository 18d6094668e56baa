//! Lists of devices.

use super::asked::{Asked, Senseless};
use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::site::Site;
use serde_json::{Map, Value as Json};
use wardlight_access::Action;
use wardlight_store::projection::{Column, Row};

/// Columns that are shown when none is asked for.
const USUAL: [Column; 6] =
    [Column::Name, Column::Type, Column::OperatingSystem, Column::TypeConfidence, Column::Service, Column::LastSeen];

impl From<Senseless> for Wrong {
    fn from(why: Senseless) -> Self {
        Self::Senseless(why.0)
    }
}

/// What is asked. Errors: it makes no sense, or asks with whom devices talk, which this visitor may not see everywhere.
pub fn read<'a>(
    site: &Site,
    visitor: &Visitor,
    pairs: impl IntoIterator<Item = &'a (String, String)>,
) -> Result<Asked, Wrong> {
    let asked = Asked::read(pairs.into_iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    if !visitor.may_everywhere(site, Action::SeeTraffic) && asked.asks_for_traffic()? {
        visitor.check(site, Action::SeeTraffic, None)?;
    }
    Ok(asked)
}

/// Errors: the visitor's rights reach some areas only. Where a device stands is not yet a column: lists are for those whose
/// right reaches the whole site, and the others ask for one device.
pub fn whole_site(site: &Site, visitor: &Visitor, action: Action) -> Result<(), Wrong> {
    visitor.check(site, action, None)
}

/// The columns that are shown: those asked for, else the usual ones.
#[must_use]
pub fn shown_columns(asked: &Asked, sees_traffic: bool) -> Vec<Column> {
    if !asked.columns.is_empty() {
        return asked.columns.clone();
    }
    USUAL.into_iter().filter(|column| sees_traffic || !column.is_traffic()).collect()
}

/// A device as an object with the columns' names.
#[must_use]
pub fn object(row: &Row, columns: &[Column]) -> Map<String, Json> {
    let value = |column: Column| serde_json::to_value(row.value(column)).unwrap_or(Json::Null);
    columns.iter().map(|column| (column.name().to_owned(), value(*column))).collect()
}
