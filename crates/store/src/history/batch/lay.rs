//! Rows laid out in columns.

use super::{Batch, Packed, Part};
use crate::history::schema;
use arrow::array::TimestampMicrosecondArray;
use arrow::array::{ArrayRef, DictionaryArray, Int32Array, Int64Array, PrimitiveArray, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use std::sync::Arc;
use wardlight_model::{Mac, Scope, Transport};

/// Rows laid out at once: so few that all their columns stay in the cache.
const STEP_ROWS: usize = 8192;

/// What codes stand for, as text, and how the addresses are ordered.
pub(in crate::history) struct Names {
    site: ArrayRef,
    sensors: ArrayRef,
    ends: ArrayRef,
    macs: ArrayRef,
    services: ArrayRef,
    histories: ArrayRef,
    transports: ArrayRef,
    known: ArrayRef,
    states: ArrayRef,
    scopes: Vec<i64>,
    /// For each code of an end its place in the order of (scope, text).
    ranks: Vec<u32>,
}

impl Names {
    /// The names of all codes in `batch`.
    pub fn new(batch: &Batch) -> Self {
        let ends: Vec<String> = batch.ends.values().iter().map(|(_, address)| address.to_string()).collect();
        let scopes = batch.ends.values().iter().map(|(scope, _)| *scope);
        let mut order: Vec<(Scope, &str, u32)> =
            scopes.zip(&ends).zip(0..).map(|((scope, text), code)| (scope, text.as_str(), code)).collect();
        order.sort_unstable();
        let mut ranks = vec![0; order.len()];
        for ((_, _, code), rank) in order.into_iter().zip(0..) {
            if let Some(place) = ranks.get_mut(code as usize) {
                *place = rank;
            }
        }
        Self {
            site: texts([&batch.site]),
            sensors: texts(batch.sensors.values()),
            ends: texts(&ends),
            macs: texts(batch.macs.values().iter().map(Mac::to_string)),
            services: texts(batch.services.values()),
            histories: texts(batch.histories.values()),
            transports: texts((0..=u8::MAX).map(|number| Transport(number).to_string())),
            known: texts(schema::known_names()),
            states: texts(schema::state_names()),
            scopes: batch.ends.values().iter().map(|(scope, _)| i64::from(scope.0)).collect(),
            ranks,
        }
    }

    /// The place of the end `code` in the order of (scope, text).
    pub fn rank(&self, code: u32) -> u32 {
        self.ranks.get(code as usize).copied().unwrap_or_default()
    }

    fn scope(&self, code: u32) -> i64 {
        self.scopes.get(code as usize).copied().unwrap_or_default()
    }

    /// The columns in the order of [`schema::arrow`].
    fn arrays(&self, rows: &[Packed]) -> Result<Vec<ArrayRef>, ArrowError> {
        let text = |names: &ArrayRef, code: &dyn Fn(&Packed) -> Option<u32>| named(rows.iter().map(code), names);
        let mut arrays = vec![
            text(&self.site, &|_| Some(0))?,
            text(&self.sensors, &|row| Some(row.sensor))?,
            long(rows, |row| row.sequence),
            Arc::new(
                TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.first)).with_timezone("UTC"),
            ),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.last.saturating_sub(row.first)))),
            long(rows, |row| row.id),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| self.scope(row.ends[0])))),
            text(&self.ends, &|row| Some(row.ends[0]))?,
            int(rows, |row| Some(row.ports[0])),
            text(&self.ends, &|row| Some(row.ends[1]))?,
            int(rows, |row| Some(row.ports[1])),
            text(&self.transports, &|row| Some(row.transport.into()))?,
            text(&self.services, &|row| row.service)?,
            text(&self.known, &|row| row.known.map(u32::from))?,
            text(&self.states, &|row| Some(row.state.into()))?,
            text(&self.histories, &|row| Some(row.history))?,
        ];
        arrays.extend((0..8).map(|place| long(rows, |row| row.sent.get(place).copied().unwrap_or_default())));
        arrays.push(int(rows, |row| row.vlan));
        arrays.push(text(&self.macs, &|row| row.macs[0])?);
        arrays.push(text(&self.macs, &|row| row.macs[1])?);
        arrays.push(int(rows, |row| row.hop_limits[0]));
        arrays.push(int(rows, |row| row.hop_limits[1]));
        Ok(arrays)
    }
}

impl Batch {
    /// The rows of `part` in columns, a few thousand at once.
    pub(in crate::history) fn laid<'a>(
        &'a self,
        part: &'a Part,
        names: &'a Names,
    ) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> + 'a {
        let schema = schema::arrow();
        part.order.chunks(STEP_ROWS).map(move |numbers| {
            let rows: Vec<Packed> = numbers.iter().map(|number| self.row(*number)).collect();
            RecordBatch::try_new(schema.clone(), names.arrays(&rows)?)
        })
    }
}

fn texts<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// Counts beyond what a signed column holds are shown as its greatest value.
fn long(rows: &[Packed], value: impl Fn(&Packed) -> u64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| i64::try_from(value(row)).unwrap_or(i64::MAX))))
}

fn int<T: Into<i32>>(rows: &[Packed], value: impl Fn(&Packed) -> Option<T>) -> ArrayRef {
    Arc::new(rows.iter().map(|row| value(row).map(Into::into)).collect::<Int32Array>())
}

fn named(codes: impl Iterator<Item = Option<u32>>, names: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let keys: PrimitiveArray<Int32Type> = codes.map(|code| code.and_then(|code| i32::try_from(code).ok())).collect();
    Ok(Arc::new(DictionaryArray::try_new(keys, names.clone())?))
}
