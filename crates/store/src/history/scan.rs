//! Rows of a range of time, filtered, one after the other.
//!
//! Files are passed over by what the manifest says of them; what of a file is read, `groups` says. At most one decoded
//! batch is held.

mod groups;

use super::read::Columns;
use super::row::Row;
use super::schema;
use super::{History, HistoryError, Manifest, Place, Segment};
use arrow::array::RecordBatch;
use groups::Groups;
use std::collections::VecDeque;
use std::fs::File;
use std::net::IpAddr;
use wardlight_model::{Scope, Time};

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
    groups: Groups,
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
            match open.groups.next(&self.query).map_err(HistoryError::parquet(&open.path))? {
                Some(batch) => (open.batch, open.next) = (batch, 0),
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
        let groups = Groups::new(file, query, segment).map_err(HistoryError::parquet(&path))?;
        Ok(Self { path, groups, batch: RecordBatch::new_empty(schema::arrow()), next: 0 })
    }
}
