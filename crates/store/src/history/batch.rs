//! Flows in columns, waiting to be written.
//!
//! In: flows, in order of the journal. Out: for each hour the rows that ended in it, sorted, as one Arrow batch. A row
//! costs no allocation but for names and addresses not yet seen in the batch.

mod intern;

use super::manifest::Hour;
use super::row::{Lent, Origin};
use super::schema;
use arrow::array::TimestampMicrosecondArray;
use arrow::array::{ArrayRef, DictionaryArray, Int32Array, Int64Array, PrimitiveArray, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use intern::Interner;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use wardlight_model::{Flow, Mac, Scope, Time};

/// Rows that are not yet on disk.
#[derive(Debug, Default)]
pub struct Batch {
    site: String,
    recorded: Time,
    sensors: Interner<String>,
    ends: Interner<(Scope, IpAddr)>,
    macs: Interner<Mac>,
    services: Interner<String>,
    histories: Interner<String>,
    columns: Columns,
}

/// One entry a row in each. Codes are places in an [`Interner`].
#[derive(Debug, Default)]
struct Columns {
    sensor: Vec<u32>,
    sequence: Vec<u64>,
    first: Vec<i64>,
    last: Vec<i64>,
    id: Vec<u64>,
    ends: [Vec<u32>; 2],
    ports: [Vec<u16>; 2],
    transport: Vec<u8>,
    service: Vec<Option<u32>>,
    known: Vec<Option<u8>>,
    state: Vec<u8>,
    history: Vec<u32>,
    sent: [Vec<u64>; 8],
    vlan: Vec<Option<u16>>,
    macs: [Vec<Option<u32>>; 2],
    hop_limits: [Vec<Option<u8>>; 2],
}

impl Columns {
    fn clear(&mut self) {
        let Self { sensor, sequence, first, last, id, ends, ports, transport, service, known, .. } = self;
        sensor.clear();
        sequence.clear();
        first.clear();
        last.clear();
        id.clear();
        ends.iter_mut().for_each(Vec::clear);
        ports.iter_mut().for_each(Vec::clear);
        transport.clear();
        service.clear();
        known.clear();
        let Self { state, history, sent, vlan, macs, hop_limits, .. } = self;
        state.clear();
        history.clear();
        sent.iter_mut().for_each(Vec::clear);
        vlan.clear();
        macs.iter_mut().for_each(Vec::clear);
        hop_limits.iter_mut().for_each(Vec::clear);
    }
}

/// The rows of one hour, and what a manifest says of them.
pub(super) struct Part {
    pub hour: Hour,
    pub rows: RecordBatch,
    pub sequences: (u64, u64),
    pub times: (Time, Time),
    pub recorded: Time,
}

impl Batch {
    /// Rows that make a file worth its overhead; a caller does well to flush at the journal record that reaches it.
    pub const AIM: usize = 1 << 20;

    /// An empty one for the flows of `site`.
    #[must_use]
    pub fn new(site: &str) -> Self {
        Self { site: site.to_owned(), ..Self::default() }
    }

    /// Takes one flow. Flows come in order of the journal.
    pub fn push(&mut self, origin: Origin<'_>, flow: &Flow) {
        self.push_lent(&Lent::new(origin, flow));
        self.note_recorded(origin.recorded);
    }

    /// Forgets all rows and keeps the memory for the next.
    pub fn clear(&mut self) {
        self.columns.clear();
        self.ends.clear();
        self.macs.clear();
        self.sensors.clear();
        self.services.clear();
        self.histories.clear();
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.sequence.len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// Sets when the newest of its rows was taken into the journal.
    pub(super) fn note_recorded(&mut self, recorded: Time) {
        self.recorded = recorded;
    }

    pub(super) fn push_lent(&mut self, row: &Lent<'_>) {
        let Columns { sent, ends, ports, macs, hop_limits, .. } = &mut self.columns;
        for (column, value) in sent.iter_mut().zip(counts(row)) {
            column.push(value);
        }
        let [from, to] = [row.key.initiator, row.key.responder];
        for (((ends, ports), (macs, hop_limits)), ((address, port), (mac, hop_limit))) in ends
            .iter_mut()
            .zip(ports)
            .zip(macs.iter_mut().zip(hop_limits))
            .zip([from, to].into_iter().zip(row.macs.into_iter().zip(row.hop_limits)))
        {
            ends.push(self.ends.code(&(row.key.scope, address)));
            ports.push(port);
            macs.push(mac.map(|mac| self.macs.code(&mac)));
            hop_limits.push(hop_limit);
        }
        let columns = &mut self.columns;
        columns.sensor.push(self.sensors.code(row.sensor));
        columns.sequence.push(row.sequence);
        columns.first.push(row.times[0].micros());
        columns.last.push(row.times[1].micros());
        columns.id.push(row.id.0);
        columns.transport.push(row.key.transport.0);
        columns.service.push(row.service.map(|(name, _)| self.services.code(name)));
        columns.known.push(row.service.map(|(_, known)| schema::known_code(known)));
        columns.state.push(schema::state_code(row.state));
        columns.history.push(self.histories.code(row.history));
        columns.vlan.push(row.vlan);
    }

    /// The rows of each hour.
    pub(super) fn hours(&self) -> BTreeMap<Hour, Vec<u32>> {
        let mut hours = BTreeMap::<Hour, Vec<u32>>::new();
        for (last, row) in self.columns.last.iter().zip(0..) {
            hours.entry(Hour::of(Time::from_micros(*last))).or_default().push(row);
        }
        hours
    }

    /// Some rows of one hour, sorted by scope, initiator, responder, time.
    pub(super) fn part(&self, hour: Hour, rows: Vec<u32>, names: &Names) -> Result<Part, ArrowError> {
        let rows = self.sorted(rows, &names.ranks);
        let columns = &self.columns;
        let span = |values: &[u64]| bounds(pick(values, &rows)).unwrap_or_default();
        let first = bounds(pick(&columns.first, &rows)).unwrap_or_default().0;
        let last = bounds(pick(&columns.last, &rows)).unwrap_or_default().1;
        Ok(Part {
            hour,
            sequences: span(&columns.sequence),
            times: (Time::from_micros(first), Time::from_micros(last)),
            recorded: self.recorded,
            rows: RecordBatch::try_new(schema::arrow(), self.arrays(&rows, names)?)?,
        })
    }

    fn sorted(&self, rows: Vec<u32>, ranks: &[u32]) -> Vec<u32> {
        let columns = &self.columns;
        let rank = |code: u32| u64::from(at(ranks, code));
        let key = |row: u32| {
            let ends = columns.ends.each_ref().map(|ends| rank(at(ends, row)));
            (ends[0] << 32 | ends[1], at(&columns.first, row), row)
        };
        let mut keys: Vec<(u64, i64, u32)> = rows.into_iter().map(key).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, _, row)| row).collect()
    }

    /// The columns in the order of [`schema::arrow`].
    fn arrays(&self, rows: &[u32], names: &Names) -> Result<Vec<ArrayRef>, ArrowError> {
        let columns = &self.columns;
        let scopes: Vec<i64> = self.ends.values().iter().map(|(scope, _)| i64::from(scope.0)).collect();
        let text = |codes: &[u32], names: &ArrayRef| named(pick(codes, rows).map(Some), names);
        let maybe = |codes: &[Option<u32>], names: &ArrayRef| named(pick(codes, rows), names);
        let [from, to] = &columns.ends;
        let [from_port, to_port] = &columns.ports;
        let mut arrays = vec![
            named(rows.iter().map(|_| Some(0)), &names.site)?,
            text(&columns.sensor, &names.sensors)?,
            long(pick(&columns.sequence, rows)),
            Arc::new(TimestampMicrosecondArray::from_iter_values(pick(&columns.first, rows)).with_timezone("UTC")),
            Arc::new(Int64Array::from_iter_values(
                pick(&columns.first, rows)
                    .zip(pick(&columns.last, rows))
                    .map(|(first, last)| last.saturating_sub(first)),
            )),
            long(pick(&columns.id, rows)),
            Arc::new(Int64Array::from_iter_values(pick(from, rows).map(|end| at(&scopes, end)))),
            text(from, &names.ends)?,
            Arc::new(Int32Array::from_iter_values(pick(from_port, rows).map(i32::from))),
            text(to, &names.ends)?,
            Arc::new(Int32Array::from_iter_values(pick(to_port, rows).map(i32::from))),
            named(pick(&columns.transport, rows).map(|number| Some(number.into())), &names.transports)?,
            maybe(&columns.service, &names.services)?,
            named(pick(&columns.known, rows).map(|code| code.map(u32::from)), &names.known)?,
            named(pick(&columns.state, rows).map(|code| Some(code.into())), &names.states)?,
            text(&columns.history, &names.histories)?,
        ];
        arrays.extend(columns.sent.iter().map(|column| long(pick(column, rows))));
        arrays.push(int(pick(&columns.vlan, rows)));
        for codes in &columns.macs {
            arrays.push(maybe(codes, &names.macs)?);
        }
        arrays.extend(columns.hop_limits.iter().map(|column| int(pick(column, rows))));
        Ok(arrays)
    }
}

/// What codes stand for, as text, and how the addresses are ordered.
pub(super) struct Names {
    site: ArrayRef,
    sensors: ArrayRef,
    ends: ArrayRef,
    macs: ArrayRef,
    services: ArrayRef,
    histories: ArrayRef,
    transports: ArrayRef,
    known: ArrayRef,
    states: ArrayRef,
    /// For each code of an end its place in the order of (scope, text).
    ranks: Vec<u32>,
}

impl Names {
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
            transports: texts((0..=255).map(|number| wardlight_model::Transport(number).to_string())),
            known: texts(schema::known_names()),
            states: texts(schema::state_names()),
            ranks,
        }
    }
}

fn counts(row: &Lent<'_>) -> [u64; 8] {
    let [a, b] = row.sent;
    [a.packets, a.ip_bytes, a.bytes, a.missed, b.packets, b.ip_bytes, b.bytes, b.missed]
}

fn at<T: Copy + Default>(values: &[T], place: u32) -> T {
    values.get(place as usize).copied().unwrap_or_default()
}

fn pick<T: Copy + Default>(values: &[T], rows: &[u32]) -> impl Iterator<Item = T> {
    rows.iter().map(|row| at(values, *row))
}

fn bounds<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<(T, T)> {
    values.fold(None, |found, value| {
        Some(found.map_or((value, value), |(low, high): (T, T)| (low.min(value), high.max(value))))
    })
}

fn texts<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// Counts beyond what a signed column holds are shown as its greatest value.
fn long(values: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values.map(|value| i64::try_from(value).unwrap_or(i64::MAX))))
}

fn int<T: Into<i32>>(values: impl Iterator<Item = Option<T>>) -> ArrayRef {
    Arc::new(values.map(|value| value.map(Into::into)).collect::<Int32Array>())
}

fn named(codes: impl Iterator<Item = Option<u32>>, names: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let keys: PrimitiveArray<Int32Type> = codes.map(|code| code.and_then(|code| i32::try_from(code).ok())).collect();
    Ok(Arc::new(DictionaryArray::try_new(keys, names.clone())?))
}
