//! Lists of devices.

use super::asked::{Asked, Senseless};
use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::site::Site;
use crate::stand;
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

/// What is asked, of the devices to which this visitor may do `action`. Errors: it makes no sense, or asks with whom devices
/// talk, which this visitor may not see everywhere.
pub async fn read(site: &Site, visitor: &Visitor, action: Action, pairs: &[(String, String)]) -> Result<Asked, Wrong> {
    let asked = Asked::read(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    if !visitor.may_everywhere(site, Action::SeeTraffic) && asked.asks_for_traffic()? {
        visitor.check(site, Action::SeeTraffic, None)?;
    }
    Ok(Asked { bound: stand::within(site, visitor, action).await?, ..asked })
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
