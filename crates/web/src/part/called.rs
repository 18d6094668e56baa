//! What people call devices and fields.

use super::words::named;
use wardlight_model::AssetField;
use wardlight_store::projection::{Column, Row, Value};

/// The device in `row`: its name, what it is, or its strongest key.
#[must_use]
pub fn device(row: &Row) -> String {
    match (row.value(Column::Name), row.value(Column::Type), row.value(Column::Station)) {
        (Value::Text(name), ..) => named(name),
        (_, Value::Text(kind), _) => kind.to_string(),
        (.., Value::Text(station)) => station.to_string(),
        _ => row.id().to_owned(),
    }
}

/// A field of an asset: `asset tag`.
#[must_use]
pub fn field(field: AssetField) -> String {
    field.name().rsplit('.').next().unwrap_or_default().replace('_', " ")
}
