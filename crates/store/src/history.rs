//! Flow history: every flow that a site's journal brought, as Parquet files that any engine can query.
//!
//! In: flows with the journal sequence they came in by. Out: files `flows/date=…/hour=…/<first>-<last>.parquet` below
//! the data folder, and [`Segment`]s that say what is in them; rows again, for a range and a filter; hourly sums.
//! Columns: `docs/reference/flow-history.md`. Format: Apache Parquet 2.
//!
//! Which files count, only the caller's [`Manifest`] says. It is committed together with the journal offset, so a crash
//! takes rows and offset together: [`History::adopt`] removes what was written and not committed, and the replay writes
//! the same bytes again. Nothing here looks at a clock or draws a random number.
//!
//! One folder belongs to one journal. Sequences order the history; the times of flows and of the journal's clock never
//! do, so a clock that jumps, stands or runs backward loses nothing.

mod adopt;
mod batch;
mod compact;
#[cfg(test)]
mod crash;
mod disk;
mod encode;
mod manifest;
mod read;
mod retention;
mod rollup;
mod row;
#[cfg(test)]
mod sample;
mod scan;
mod schema;

pub use adopt::{Adoption, Check};
pub use batch::Batch;
pub use compact::mergeable;
pub use manifest::{Change, Digest, Hour, Manifest, ParseDigestError, Place, Segment, Tombstone, Why};
pub use retention::{Doomed, Limits, Purge, plan_purge};
pub use rollup::{Rollup, Sum, SumKey};
pub use row::{Origin, Row};
pub use scan::{Query, Scan};

use batch::{Names, Part};
use disk::Disk;
use std::io;
use std::path::{Path, PathBuf};

/// What a file says to a caller whose history cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The disk is full, or a quota is reached.
    #[error("no room for {path}; free some, or lower the limits of the flow history: {source}")]
    Full {
        /// The file that found no room.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {doing} {path}: {source}")]
    Disk {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// Rows cannot be encoded, or a file's bytes are no Parquet.
    #[error("{path} is no readable Parquet file; restore it from a backup: {source}")]
    Parquet {
        /// The file.
        path: String,
        /// What the decoder says.
        source: parquet::errors::ParquetError,
    },
    /// A file has other columns, or values that no flow has.
    #[error("{path} does not hold flows as version {version} writes them: {column}, row {row}")]
    Columns {
        /// The file.
        path: String,
        /// The version of the columns that was expected.
        version: u16,
        /// The column that is missing, of another type, or holds a wrong value.
        column: &'static str,
        /// The row in the file's batch, from 0.
        row: usize,
    },
    /// A newer program wrote the file.
    #[error("{path} is of version {version}; this program reads versions up to {newest}: update it")]
    Version {
        /// The file.
        path: String,
        /// Its version.
        version: u16,
        /// The newest version that can be read.
        newest: u16,
    },
}

impl HistoryError {
    fn parquet(path: impl Into<String>) -> impl FnOnce(parquet::errors::ParquetError) -> Self {
        let path = path.into();
        |source| Self::Parquet { path, source }
    }
}

/// What became of a [`Batch`].
#[derive(Debug, Default)]
#[must_use = "files that no manifest lists are lost"]
pub struct Flushed {
    /// The files that were written, for the manifest.
    pub change: Change,
    /// The hours whose rows were not written, and why.
    pub shed: Vec<Shed>,
}

impl Flushed {
    /// Number of rows that were not written.
    #[must_use]
    pub fn shed_rows(&self) -> u64 {
        self.shed.iter().map(|shed| shed.rows).sum()
    }
}

/// Rows of one hour that were given up.
#[derive(Debug)]
pub struct Shed {
    /// The hour in which they ended.
    pub hour: Hour,
    /// How many.
    pub rows: u64,
    /// Why they were not written.
    pub error: HistoryError,
}

/// The history below one data folder.
#[derive(Debug)]
pub struct History {
    root: PathBuf,
    disk: Disk,
}

impl History {
    /// The history below `root`, which need not exist yet.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), disk: Disk::default() }
    }

    /// Writes the rows of `batch`, one file for each hour in which a flow ended, each durable when this returns. Call
    /// it between journal records. An hour that cannot be written is shed, leaves no file, and does not keep the
    /// others back.
    pub fn flush(&self, batch: &Batch) -> Flushed {
        let mut flushed = Flushed::default();
        let names = Names::new(batch);
        for (hour, rows) in batch.hours() {
            let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            match self.write(batch, &names, &batch.part(hour, rows, &names)) {
                Ok(segment) => flushed.change.added.push(segment),
                Err(error) => flushed.shed.push(Shed { hour, rows: count, error }),
            }
        }
        flushed
    }

    /// Takes away the files that a committed `change` left over. Those already gone are no error.
    pub fn remove(&self, change: &Change) -> Result<(), HistoryError> {
        change.leftovers().try_for_each(|segment| self.disk.remove(&self.root, &segment.path()))
    }

    fn write(&self, batch: &Batch, names: &Names, part: &Part) -> Result<Segment, HistoryError> {
        let (first_sequence, last_sequence) = part.sequences;
        let path = manifest::path(part.hour, first_sequence, last_sequence);
        let bytes = encode::parquet(batch, part, names).map_err(HistoryError::parquet(&path))?;
        self.disk.write(&self.root, &path, &bytes)?;
        Ok(Segment {
            hour: part.hour,
            first_sequence,
            last_sequence,
            rows: u64::try_from(part.order.len()).unwrap_or(u64::MAX),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            first: part.times.0,
            last: part.times.1,
            recorded: part.recorded,
            sha256: encode::sha256(&bytes),
            schema: schema::VERSION,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::sample::{BEGIN, Place, SITE, any_flow, batch, expected, flow, flows, origin};
    use super::*;
    use proptest::prelude::*;
    use wardlight_model::{Flow, Time};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn what_is_written_is_read(flows in proptest::collection::vec(any_flow(), 1..60)) {
            let mut place = Place::new();
            let change = place.flush(7, &flows);
            prop_assert_eq!(place.rows(), expected(7, &flows));
            for segment in &change.added {
                let rows: Vec<Row> = place.history.rows(segment.clone()).map(Result::unwrap).collect();
                prop_assert_eq!(segment.rows, rows.len() as u64);
                prop_assert!(rows.iter().all(|row| Hour::of(row.last) == segment.hour));
                prop_assert_eq!(Some(segment.first), rows.iter().map(|row| row.first).min());
                prop_assert_eq!(Some(segment.last), rows.iter().map(|row| row.last).max());
                prop_assert_eq!(Some(segment.first_sequence), rows.iter().map(|row| row.sequence).min());
                prop_assert_eq!(Some(segment.last_sequence), rows.iter().map(|row| row.sequence).max());
            }
        }

        #[test]
        fn a_query_gives_what_a_look_at_every_row_gives(
            flows in proptest::collection::vec(any_flow(), 1..40),
            chosen in any::<prop::sample::Index>(),
            parts in any::<[bool; 5]>(),
        ) {
            let mut place = Place::new();
            let (a, b) = flows.split_at(flows.len() / 2);
            place.flush(1, a);
            place.flush(1 + a.len() as u64, b);
            let one = chosen.get(&flows);
            let query = Query {
                from: if parts[0] { one.last } else { Time::MIN },
                until: if parts[1] { one.last } else { Time::from_micros(i64::MAX) },
                scope: parts[2].then_some(one.key.scope),
                address: parts[3].then_some(one.key.responder.0),
                service: one.service.map(|service| service.name.to_owned()).filter(|_| parts[4]),
                ..Query::default()
            };
            let mut found: Vec<Row> = place.history.scan(&place.manifest, query.clone()).map(Result::unwrap).collect();
            found.sort_by_key(|row| row.sequence);
            let wanted: Vec<Row> = expected(1, &flows).into_iter().filter(|row| query.takes(row)).collect();
            prop_assert_eq!(found, wanted);
        }

        #[test]
        fn sums_of_parts_merge_into_the_sum_of_the_whole(
            flows in proptest::collection::vec(any_flow(), 1..40),
            cut in any::<prop::sample::Index>(),
        ) {
            let sum = |flows: &[Flow]| {
                let mut sums = Rollup::default();
                flows.iter().for_each(|flow| sums.add(flow));
                sums
            };
            let (a, b) = flows.split_at(cut.index(flows.len()));
            let (mut ab, mut ba) = (sum(a), sum(b));
            ab.merge(&sum(b));
            ba.merge(&sum(a));
            let whole = sum(&flows);
            prop_assert_eq!(ab.sorted(), whole.sorted());
            prop_assert_eq!(ba.sorted(), whole.sorted());
            let mut read = Rollup::default();
            expected(1, &flows).iter().for_each(|row| read.add_row(row));
            prop_assert_eq!(read.sorted(), whole.sorted());
        }
    }

    #[test]
    fn the_same_journal_gives_the_same_bytes() {
        let [a, b] = [(), ()].map(|()| {
            let mut place = Place::new();
            place.flush(1, &flows(0..5000)).added
        });
        assert_eq!(a, b);
        assert_eq!(a[0].path(), "flows/date=2023-11-14/hour=22/000000000001-000000002800.parquet");
        assert_eq!(a.len(), 2);
    }

    #[test]
    fn a_flow_lies_in_the_hour_in_which_it_ended() {
        let mut place = Place::new();
        let mut long = flow(1);
        long.first = Time::from_seconds(BEGIN - 90_000);
        let change = place.flush(1, &[long]);
        assert_eq!(change.added[0].hour.to_string(), "date=2023-11-14/hour=22");
        let yesterday = Query { until: Time::from_seconds(BEGIN - 80_000), ..Query::default() };
        assert_eq!(place.history.scan(&place.manifest, yesterday).count(), 1, "it was there yesterday, too");
    }

    #[test]
    fn rows_are_sorted_for_pruning() {
        let mut place = Place::new();
        let change = place.flush(1, &flows(0..2000));
        let key =
            |row: Row| (row.key.scope, row.key.initiator.0.to_string(), row.key.responder.0.to_string(), row.first);
        let rows: Vec<_> = place.history.rows(change.added[0].clone()).map(|row| key(row.unwrap())).collect();
        assert!(rows.is_sorted());
    }

    #[test]
    fn merged_files_hold_the_same_rows_in_less_room() {
        let mut place = Place::new();
        for n in 0..20 {
            place.flush(1 + n * 100, &flows(n * 100..n * 100 + 100));
        }
        let before = place.manifest.bytes();
        let newest = place.manifest.live().map(|segment| segment.recorded).max();
        for group in mergeable(&place.manifest, Hour::of(Time::from_seconds(BEGIN + 7200))) {
            let change = place.history.compact(&group).unwrap();
            place.manifest.apply(&change);
            place.history.remove(&change).unwrap();
        }
        assert_eq!(place.manifest.live().count(), 1);
        assert_eq!(place.manifest.live().map(|segment| segment.recorded).max(), newest);
        assert!(place.manifest.bytes() * 3 < before);
        assert_eq!(place.rows(), expected(1, &flows(0..2000)));
    }

    #[test]
    fn an_open_hour_is_not_merged() {
        let mut place = Place::new();
        place.flush(1, &flows(0..10));
        place.flush(11, &flows(10..20));
        assert!(mergeable(&place.manifest, Hour::of(Time::from_seconds(BEGIN))).is_empty());
    }

    #[test]
    fn a_limit_ends_a_scan_and_the_newest_hour_can_come_first() {
        let mut place = Place::new();
        place.flush(1, &flows(0..4000));
        let query = Query { limit: 3, newest_first: true, ..Query::default() };
        let hours: Vec<Hour> =
            place.history.scan(&place.manifest, query).map(|row| Hour::of(row.unwrap().last)).collect();
        assert_eq!(hours, [Hour::of(Time::from_seconds(BEGIN + 3600)); 3]);
    }

    #[test]
    fn a_file_that_is_gone_or_broken_ends_a_scan_with_its_name() {
        let mut place = Place::new();
        let change = place.flush(1, &flows(0..10));
        let path = change.added[0].path();
        std::fs::write(place.folder.path().join(&path), b"PAR1 no more").unwrap();
        let rows: Vec<_> = place.history.scan(&place.manifest, Query::default()).collect();
        assert!(matches!(&rows[..], [Err(HistoryError::Parquet { path: named, .. })] if *named == path), "{rows:?}");
        std::fs::remove_file(place.folder.path().join(&path)).unwrap();
        let rows: Vec<_> = place.history.scan(&place.manifest, Query::default()).collect();
        assert!(matches!(&rows[..], [Err(HistoryError::Disk { path: named, .. })] if *named == path), "{rows:?}");
    }

    #[test]
    fn a_file_of_a_newer_version_is_not_guessed_at() {
        let mut place = Place::new();
        let mut segment = place.flush(1, &flows(0..10)).added.remove(0);
        segment.schema += 1;
        let rows: Vec<_> = place.history.rows(segment).collect();
        assert!(matches!(&rows[..], [Err(HistoryError::Version { version: 2, newest: 1, .. })]), "{rows:?}");
    }

    #[test]
    fn a_hundred_thousand_addresses_are_found_by_statistics_and_bloom_filter() {
        let mut batch = Batch::new(SITE);
        for n in 0..300_000_u64 {
            let mut flow = flow(n % 3000);
            let [.., a, b, c] = n.to_be_bytes();
            flow.key.initiator.0 = std::net::Ipv4Addr::new(10, a, b, c).into();
            flow.key.responder.0 = std::net::Ipv4Addr::new(172, 16, a, b).into();
            batch.push(origin(n + 1), &flow);
        }
        let mut place = Place::new();
        place.manifest.apply(&place.history.flush(&batch).change);
        let known = [("10.1.2.3", 1), ("10.0.0.0", 1), ("10.4.147.223", 1), ("172.16.2.7", 256), ("172.17.0.1", 0)];
        for (address, rows) in known {
            let query = Query { address: address.parse().ok(), ..Query::default() };
            assert_eq!(place.history.scan(&place.manifest, query).count(), rows, "{address}");
        }
    }

    #[test]
    fn a_search_that_ended_early_goes_on_where_it_ended() {
        let mut place = Place::new();
        for n in 0..20 {
            place.flush(1 + n * 100, &flows(n * 100..n * 100 + 100));
        }
        let newest = Query { newest_first: true, ..Query::default() };
        let mut all: Vec<Row> = Vec::new();
        let (mut before, mut steps) = (None, 0);
        loop {
            let mut files = 0;
            let two = || {
                files += 1;
                files < 2
            };
            let mut scan = place.history.scan(&place.manifest, Query { before, ..newest.clone() }).as_long_as(two);
            all.extend(scan.by_ref().map(Result::unwrap));
            steps += 1;
            before = scan.rest();
            if before.is_none() {
                break;
            }
        }
        assert_eq!((steps, all.len()), (place.manifest.live().count().div_ceil(2), 2000));
        let whole: Vec<Row> = place.history.scan(&place.manifest, newest).map(Result::unwrap).collect();
        assert_eq!(all, whole, "each row once, in the same order");
    }

    #[test]
    fn an_empty_batch_writes_nothing() {
        let place = Place::new();
        let flushed = place.history.flush(&batch(1, &[]));
        assert!(flushed.change.added.is_empty() && flushed.shed.is_empty());
    }
}
