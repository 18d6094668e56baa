//! Rows of a range of time, filtered, one after the other.
//!
//! Files are passed over by what the manifest says of them, row groups by their statistics and bloom filters, pages by
//! their bounds, rows by the few columns that the filter needs. At most one decoded batch is held.

use super::read::Columns;
use super::row::Row;
use super::schema::{self, column};
use super::{History, HistoryError, Manifest, Place, Segment};
use arrow::array::{AsArray as _, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, ParquetRecordBatchReader, RowFilter, RowSelection};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;
use std::collections::VecDeque;
use std::fs::File;
use std::net::IpAddr;
use std::ops::Range;
use wardlight_model::{Scope, Time};

/// Rows decoded at once.
const STEP_ROWS: usize = 4096;

/// What rows are asked for. The default asks for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Flows that ended at or after this moment.
    pub from: Time,
    /// Flows that began before this moment.
    pub until: Time,
    /// Flows of this routing domain.
    pub scope: Option<Scope>,
    /// Flows that begin or end at this address.
    pub address: Option<IpAddr>,
    /// Flows of this application protocol.
    pub service: Option<String>,
    /// At most so many rows.
    pub limit: usize,
    /// Whether files of the newest hour come first. Within a file, rows are ordered by scope, initiator, responder
    /// and time.
    pub newest_first: bool,
    /// Only files that stand before this place; see [`Scan::rest`].
    pub before: Option<Place>,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            from: Time::MIN,
            until: Time::from_micros(i64::MAX),
            scope: None,
            address: None,
            service: None,
            limit: usize::MAX,
            newest_first: false,
            before: None,
        }
    }
}

impl Query {
    /// Whether `row` is asked for.
    #[must_use]
    pub fn takes(&self, row: &Row) -> bool {
        self.spans(row.first, row.last)
            && self.scope.is_none_or(|scope| row.key.scope == scope)
            && self.address.is_none_or(|address| row.concerns(address))
            && self.service.as_ref().is_none_or(|name| row.service.as_ref().is_some_and(|(other, _)| other == name))
    }

    fn spans(&self, first: Time, last: Time) -> bool {
        // The last moment there is belongs to every range without an end.
        (first < self.until || self.until.micros() == i64::MAX) && last >= self.from
    }

    fn holds_all_of(&self, segment: &Segment) -> bool {
        self.from <= segment.first
            && (segment.last < self.until || self.until.micros() == i64::MAX)
            && self.scope.is_none()
            && self.address.is_none()
            && self.service.is_none()
    }
}

/// Rows as they are read. Stops after the first error.
pub struct Scan<'a> {
    history: &'a History,
    query: Query,
    left: usize,
    waiting: VecDeque<Segment>,
    open: Option<Open>,
    /// The file that was opened last.
    last: Option<Place>,
    /// Whether files are left that could have been read.
    is_cut: bool,
    goes_on: Option<Box<dyn FnMut() -> bool + 'a>>,
}

/// The file that is being read.
struct Open {
    path: String,
    batches: ParquetRecordBatchReader,
    batch: RecordBatch,
    next: usize,
}

impl History {
    /// The rows that `query` asks for, of the files that `manifest` lists.
    #[must_use]
    pub fn scan(&self, manifest: &Manifest, query: Query) -> Scan<'_> {
        let is_fit = |segment: &&Segment| {
            query.spans(segment.first, segment.last) && query.before.is_none_or(|before| segment.place() < before)
        };
        let mut waiting: VecDeque<Segment> = manifest.live().filter(is_fit).cloned().collect();
        if query.newest_first {
            waiting.make_contiguous().reverse();
        }
        Scan { history: self, left: query.limit, query, waiting, open: None, last: None, is_cut: false, goes_on: None }
    }

    pub(super) fn rows(&self, segment: Segment) -> Scan<'_> {
        let query = Query::default();
        let waiting = VecDeque::from([segment]);
        Scan { history: self, left: query.limit, query, waiting, open: None, last: None, is_cut: false, goes_on: None }
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<Row, HistoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let row = self.advance().transpose();
        match &row {
            Some(Ok(_)) => self.left -= 1,
            Some(Err(_)) | None => self.left = 0,
        }
        row
    }
}

impl<'a> Scan<'a> {
    /// Ends behind a file once `goes_on` says no; one file is always read.
    #[must_use]
    pub fn as_long_as(mut self, goes_on: impl FnMut() -> bool + 'a) -> Self {
        self.goes_on = Some(Box::new(goes_on));
        self
    }

    /// Once no row is left: the place before which files were not read, for [`Query::before`] of the newest first;
    /// `None` when all were, or so many rows as were asked for are told.
    #[must_use]
    pub fn rest(&self) -> Option<Place> {
        self.last.filter(|_| self.is_cut)
    }

    fn advance(&mut self) -> Result<Option<Row>, HistoryError> {
        loop {
            let Some(open) = &mut self.open else {
                if self.waiting.is_empty() {
                    return Ok(None);
                }
                self.is_cut = self.last.is_some() && self.goes_on.as_mut().is_some_and(|goes_on| !goes_on());
                let Some(segment) = self.waiting.pop_front().filter(|_| !self.is_cut) else { return Ok(None) };
                self.last = Some(segment.place());
                self.open = Some(Open::new(self.history, &self.query, &segment)?);
                continue;
            };
            if open.next < open.batch.num_rows() {
                open.next += 1;
                return Columns::new(&open.path, &open.batch).row(open.next - 1).map(Some);
            }
            match open.batches.next() {
                Some(batch) => {
                    open.batch = batch
                        .map_err(|error| HistoryError::Parquet { path: open.path.clone(), source: error.into() })?;
                    open.next = 0;
                }
                None => self.open = None,
            }
        }
    }
}

impl Open {
    fn new(history: &History, query: &Query, segment: &Segment) -> Result<Self, HistoryError> {
        let path = segment.path();
        if segment.schema > schema::VERSION {
            return Err(HistoryError::Version { path, version: segment.schema, newest: schema::VERSION });
        }
        let file = File::open(history.root.join(&path)).map_err(|source| HistoryError::Disk {
            doing: "open",
            path: path.clone(),
            source,
        })?;
        let batches = batches(file, query, segment).map_err(HistoryError::parquet(&path))?;
        Ok(Self { path, batches, batch: RecordBatch::new_empty(schema::arrow()), next: 0 })
    }
}

fn batches(
    file: File,
    query: &Query,
    segment: &Segment,
) -> Result<ParquetRecordBatchReader, parquet::errors::ParquetError> {
    let indexes = PageIndexPolicy::from(query.address.is_some());
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true).with_page_index_policy(indexes);
    let mut builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?.with_batch_size(STEP_ROWS);
    if !query.holds_all_of(segment) {
        let (mut groups, mut ranges, mut rows) = (Vec::new(), Vec::new(), 0);
        for (group, facts) in builder.metadata().row_groups().iter().enumerate() {
            let places = places(&builder, group, facts, query)?;
            if !places.is_empty() {
                groups.push(group);
                ranges.extend(places.into_iter().map(|place| place.start + rows..place.end + rows));
                rows += count(facts);
            }
        }
        let selection = RowSelection::from_consecutive_ranges(ranges.into_iter(), rows);
        let needed = [column::TS, column::DURATION, column::SCOPE, column::ORIG_H, column::RESP_H, column::SERVICE];
        let mask = ProjectionMask::leaves(builder.parquet_schema(), needed);
        let wanted = Wanted::new(query);
        let filter = RowFilter::new(vec![Box::new(ArrowPredicateFn::new(mask, move |batch| wanted.of(&batch)))]);
        builder = builder.with_row_groups(groups).with_row_selection(selection).with_row_filter(filter);
    }
    builder.build()
}

/// Whether the statistics leave room for a row that is asked for.
fn may_hold(group: &RowGroupMetaData, query: &Query) -> bool {
    let text = |place: usize, value: &str| {
        let statistics = group.columns().get(place).and_then(|chunk| chunk.statistics());
        let bounds = statistics.and_then(|found| Some((found.min_bytes_opt()?, found.max_bytes_opt()?)));
        bounds.is_none_or(|(low, high)| low <= value.as_bytes() && value.as_bytes() <= high)
    };
    let number = |place: usize| match group.columns().get(place).and_then(|chunk| chunk.statistics()) {
        Some(Statistics::Int64(found)) => found.min_opt().copied().zip(found.max_opt().copied()),
        _ => None,
    };
    let address = query.address.map(|address| address.to_string());
    address.is_none_or(|address| text(column::ORIG_H, &address) || text(column::RESP_H, &address))
        && query.service.as_ref().is_none_or(|service| text(column::SERVICE, service))
        && query.scope.is_none_or(|scope| {
            number(column::SCOPE).is_none_or(|(low, high)| (low..=high).contains(&i64::from(scope.0)))
        })
        && number(column::TS).is_none_or(|(low, _)| query.spans(Time::from_micros(low), Time::from_micros(i64::MAX)))
}

/// Where rows that are asked for may be in the group, as ranges that follow one another: nowhere by its statistics, in
/// pages with such initiators, and everywhere when the responders' bloom filter leaves room.
fn places(
    builder: &ParquetRecordBatchReaderBuilder<File>,
    group: usize,
    facts: &RowGroupMetaData,
    query: &Query,
) -> Result<Vec<Range<usize>>, parquet::errors::ParquetError> {
    if !may_hold(facts, query) {
        return Ok(Vec::new());
    }
    let all = || std::iter::once(0..count(facts)).collect();
    let Some(address) = query.address.map(|address| address.to_string()) else { return Ok(all()) };
    let bloom = builder.get_row_group_column_bloom_filter(group, column::RESP_H)?;
    if bloom.is_none_or(|bloom| bloom.check(address.as_str())) {
        return Ok(all());
    }
    Ok(pages(builder.metadata(), group, &address).unwrap_or_else(all))
}

/// The pages of the group with initiators about `address`, as ranges of rows; `None` when the file does not say.
fn pages(metadata: &ParquetMetaData, group: usize, address: &str) -> Option<Vec<Range<usize>>> {
    let ColumnIndexMetaData::BYTE_ARRAY(bounds) = metadata.column_index()?.get(group)?.get(column::ORIG_H)? else {
        return None;
    };
    let pages = metadata.offset_index()?.get(group)?.get(column::ORIG_H)?.page_locations();
    let firsts: Option<Vec<usize>> = pages.iter().map(|page| usize::try_from(page.first_row_index).ok()).collect();
    let firsts = firsts?;
    let ends = firsts.iter().skip(1).copied().chain([count(metadata.row_groups().get(group)?)]);
    let bounds = bounds.min_values_iter().zip(bounds.max_values_iter());
    let fits = |(low, high): (Option<&[u8]>, Option<&[u8]>)| {
        low.is_some_and(|low| low <= address.as_bytes()) && high.is_some_and(|high| address.as_bytes() <= high)
    };
    let pages = firsts.iter().copied().zip(ends).zip(bounds).filter(|(_, bounds)| fits(*bounds));
    Some(pages.map(|((first, end), _)| first..end).collect())
}

fn count(group: &RowGroupMetaData) -> usize {
    usize::try_from(group.num_rows()).unwrap_or(0)
}

/// The query, as text where the columns are.
struct Wanted {
    query: Query,
    address: Option<String>,
}

impl Wanted {
    fn new(query: &Query) -> Self {
        Self { query: query.clone(), address: query.address.map(|address| address.to_string()) }
    }

    /// Which rows of the six columns ts, duration, scope, initiator, responder, service are asked for.
    fn of(&self, batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
        let wrong = || ArrowError::SchemaError("the columns that filters need are of other types".to_owned());
        let [ts, duration, scope, from, to, service] = batch.columns() else { return Err(wrong()) };
        let ts = ts.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(wrong)?;
        let duration = duration.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?;
        let scope = scope.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?;
        let texts = |array| Option::<&StringArray>::ok_or_else(arrow::array::AsArray::as_string_opt(array), wrong);
        let (from, to, service) = (texts(from)?, texts(to)?, texts(service)?);
        let times = ts.iter().flatten().zip(duration.iter().flatten());
        let rows = times.zip(scope.iter().flatten()).zip(from.iter().zip(to).zip(service));
        let is_wanted = rows.map(|(((ts, duration), scope), ((from, to), service))| {
            let first = Time::from_micros(ts);
            self.query.spans(first, first.plus(duration))
                && self.query.scope.is_none_or(|wanted| i64::from(wanted.0) == scope)
                && self.address.as_deref().is_none_or(|wanted| from == Some(wanted) || to == Some(wanted))
                && self.query.service.as_deref().is_none_or(|wanted| service == Some(wanted))
        });
        Ok(is_wanted.map(Some).collect())
    }
}
