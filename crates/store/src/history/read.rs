//! Rows out of the columns of a file.

use super::HistoryError;
use super::row::Row;
use super::schema::{self, column};
use arrow::array::{Array as _, AsArray as _, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use std::net::IpAddr;
use wardlight_model::{Direction, FlowId, FlowKey, Known, Mac, Port, Scope, Time};

/// Columns that were decoded, each of the type that it must have.
pub(super) struct Columns<'a> {
    path: &'a str,
    batch: &'a RecordBatch,
}

impl<'a> Columns<'a> {
    pub fn new(path: &'a str, batch: &'a RecordBatch) -> Self {
        Self { path, batch }
    }

    /// The row at `row`.
    pub fn row(&self, row: usize) -> Result<Row, HistoryError> {
        let scope = self.number(column::SCOPE, "scope", row)?;
        let first = self.moment(row)?;
        Ok(Row {
            site: self.must_text(column::SITE, "site", row)?.to_owned(),
            sensor: self.must_text(column::SENSOR, "sensor", row)?.to_owned(),
            sequence: self.number(column::SEQUENCE, "journal_seq", row)?,
            id: FlowId(self.number(column::UID, "uid", row)?),
            key: FlowKey {
                scope: Scope(scope),
                transport: self.parsed(column::PROTO, "proto", row, schema::transport)?,
                initiator: self.end((column::ORIG_H, "id_orig_h"), (column::ORIG_P, "id_orig_p"), row)?,
                responder: self.end((column::RESP_H, "id_resp_h"), (column::RESP_P, "id_resp_p"), row)?,
            },
            macs: [self.mac(column::MACS, "orig_l2_addr", row)?, self.mac(column::MACS + 1, "resp_l2_addr", row)?],
            hop_limits: [
                self.maybe_int(column::HOP_LIMITS, "orig_ttl", row)?,
                self.maybe_int(column::HOP_LIMITS + 1, "resp_ttl", row)?,
            ],
            vlan: self.maybe_int(column::VLAN, "vlan", row)?,
            first,
            last: first.plus(self.number(column::DURATION, "duration_us", row)?),
            state: self.parsed(column::STATE, "conn_state", row, schema::state)?,
            history: self.must_text(column::HISTORY, "history", row)?.to_owned(),
            sent: [self.sent(column::SENT, row)?, self.sent(column::SENT + 4, row)?],
            service: self.service(row)?,
        })
    }

    fn service(&self, row: usize) -> Result<Option<(String, Known)>, HistoryError> {
        let Some(name) = self.text(column::SERVICE, "service", row)? else { return Ok(None) };
        let known = self.parsed(column::SERVICE_KNOWN, "service_known_by", row, schema::known)?;
        Ok(Some((name.to_owned(), known)))
    }

    fn sent(&self, from: usize, row: usize) -> Result<Direction, HistoryError> {
        Ok(Direction {
            packets: self.number(from, "packets", row)?,
            ip_bytes: self.number(from + 1, "ip_bytes", row)?,
            bytes: self.number(from + 2, "bytes", row)?,
            missed: self.number(from + 3, "missed_bytes", row)?,
        })
    }

    fn end(
        &self,
        address: (usize, &'static str),
        port: (usize, &'static str),
        row: usize,
    ) -> Result<(IpAddr, Port), HistoryError> {
        let address = self.parsed(address.0, address.1, row, |text| text.parse().ok())?;
        let port = self.maybe_int(port.0, port.1, row)?.ok_or_else(|| self.wrong(port.1, row))?;
        Ok((address, port))
    }

    fn mac(&self, place: usize, name: &'static str, row: usize) -> Result<Option<Mac>, HistoryError> {
        self.text(place, name, row)?.map(|text| text.parse().map_err(|_| self.wrong(name, row))).transpose()
    }

    fn moment(&self, row: usize) -> Result<Time, HistoryError> {
        let times = self.batch.columns().get(column::TS);
        let times = times.and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>());
        let times = times.filter(|times| row < times.len()).ok_or_else(|| self.wrong("ts", row))?;
        Ok(Time::from_micros(times.value(row)))
    }

    fn number<T: TryFrom<i64>>(&self, place: usize, name: &'static str, row: usize) -> Result<T, HistoryError> {
        let numbers: Option<&Int64Array> =
            self.batch.columns().get(place).and_then(|array| array.as_primitive_opt::<Int64Type>());
        let number = numbers.filter(|numbers| row < numbers.len()).map(|numbers| numbers.value(row));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| self.wrong(name, row))
    }

    fn maybe_int<T: TryFrom<i32>>(
        &self,
        place: usize,
        name: &'static str,
        row: usize,
    ) -> Result<Option<T>, HistoryError> {
        let numbers: Option<&Int32Array> =
            self.batch.columns().get(place).and_then(|array| array.as_primitive_opt::<Int32Type>());
        let numbers = numbers.filter(|numbers| row < numbers.len()).ok_or_else(|| self.wrong(name, row))?;
        let number = numbers.is_valid(row).then(|| numbers.value(row));
        number.map(|number| T::try_from(number).map_err(|_| self.wrong(name, row))).transpose()
    }

    fn parsed<T>(
        &self,
        place: usize,
        name: &'static str,
        row: usize,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, HistoryError> {
        parse(self.must_text(place, name, row)?).ok_or_else(|| self.wrong(name, row))
    }

    fn must_text(&self, place: usize, name: &'static str, row: usize) -> Result<&'a str, HistoryError> {
        self.text(place, name, row)?.ok_or_else(|| self.wrong(name, row))
    }

    fn text(&self, place: usize, name: &'static str, row: usize) -> Result<Option<&'a str>, HistoryError> {
        let texts: Option<&StringArray> = self.batch.columns().get(place).and_then(|array| array.as_string_opt());
        let texts = texts.filter(|texts| row < texts.len()).ok_or_else(|| self.wrong(name, row))?;
        Ok(texts.is_valid(row).then(|| texts.value(row)))
    }

    fn wrong(&self, column: &'static str, row: usize) -> HistoryError {
        HistoryError::Columns { path: self.path.to_owned(), version: schema::VERSION, column, row }
    }
}
