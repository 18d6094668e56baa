//! The manifest of the flow history: which Parquet files count, and what is left of those that were taken away.

use super::engine::{Row, Session};
use super::row::{self, Cells, Misfit, clean};
use super::schema::{CONSUMER, CONTACT, FLOW_SEGMENT};
use super::{Database, StoreError, statement};
use crate::history::{self, Digest, Hour, Manifest, Tombstone};
use sea_query::{Expr, ExprTrait as _, Query, Value};
use std::collections::BTreeSet;
use wardlight_model::Time;

/// The name under which it is kept how far the flow history has come in the journal.
const REACHED: &str = "flows";

/// One Parquet file of the flow history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Where it lies, from the data folder; tells files apart.
    pub path: String,
    /// The hour that its flows ended in, since 1970.
    pub hour: i64,
    /// Lowest and highest journal sequence of its rows.
    pub sequences: [u64; 2],
    /// Rows in it.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// Begin of the flow that began first.
    pub first: Time,
    /// End of the flow that ended last.
    pub last: Time,
    /// When the newest of its rows was taken into the journal.
    pub recorded: Time,
    /// SHA-256 of the whole file.
    pub sha256: [u8; 32],
    /// Version of its columns.
    pub schema: u16,
    /// Set when the file was taken away: this entry is its tombstone.
    pub removed: Option<Removal>,
}

/// When and why a file was taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// When.
    pub at: Time,
    /// Why.
    pub reason: String,
}

impl Database {
    /// The manifest, by path; tombstones are in it.
    pub async fn segments(&self) -> Result<Vec<Segment>, StoreError> {
        if self.format < FLOW_SEGMENT.since {
            return Ok(Vec::new());
        }
        statement::all(&mut self.engine.read().await?, &FLOW_SEGMENT, Cells::segment).await
    }

    /// Writes the entries `put`, whether new, changed or tombstones, and takes out those of the paths `dropped`
    /// without a trace, in one transaction.
    pub async fn put_segments(&self, put: &[Segment], dropped: &[&str]) -> Result<(), StoreError> {
        let mut session = self.engine.write().await?;
        put_entries(&mut session, put, dropped).await?;
        session.commit().await
    }
}

impl Database {
    /// Writes down what `change` does to the flow history, in one transaction. The contacts of an hour go with the last
    /// of its flows. Doing it twice is doing it once.
    pub async fn put_history(&self, change: &history::Change) -> Result<(), StoreError> {
        let mut session = self.engine.write().await?;
        write(&mut session, change).await?;
        for hour in change.purged.iter().map(|tomb| hours(tomb.segment.hour)).collect::<BTreeSet<i64>>() {
            let mut left = Query::select();
            left.expr(Expr::val(1)).from(FLOW_SEGMENT.name);
            left.and_where(Expr::col("hour").eq(hour)).and_where(Expr::col("removed").is_null());
            let mut contacts = statement::delete(&CONTACT);
            contacts.and_where(Expr::col("hour").eq(hour)).and_where(Expr::not_exists(left));
            session.execute(&contacts).await?;
        }
        session.commit().await
    }

    /// The journal record up to which every flow stands in the flow history; `None` when nobody ever said, and so all
    /// that the state follows from.
    pub async fn history_reached(&self) -> Result<Option<u64>, StoreError> {
        let offsets = self.offsets().await?;
        Ok(offsets.into_iter().find_map(|(name, reached)| (name == REACHED).then_some(reached)))
    }

    /// Which files the flow history consists of. Errors: also an entry that names no reason it was taken away for.
    pub async fn manifest(&self) -> Result<Manifest, StoreError> {
        let (mut live, mut purged) = (Vec::new(), Vec::new());
        for entry in self.segments().await? {
            let segment = history::Segment {
                hour: Hour::of(Time::from_seconds(entry.hour.saturating_mul(3600))),
                first_sequence: entry.sequences[0],
                last_sequence: entry.sequences[1],
                rows: entry.rows,
                bytes: entry.bytes,
                first: entry.first,
                last: entry.last,
                recorded: entry.recorded,
                sha256: Digest(entry.sha256),
                schema: entry.schema,
            };
            match entry.removed {
                None => live.push(segment),
                Some(removal) => {
                    let damaged = |_| StoreError::Damaged {
                        place: self.engine.place.clone(),
                        what: format!("a row of {} cannot be read", FLOW_SEGMENT.name),
                    };
                    let why = serde_json::from_str(&removal.reason).map_err(damaged)?;
                    purged.push(Tombstone { segment, at: removal.at, why });
                }
            }
        }
        Ok(Manifest::new(live, purged))
    }
}

/// Writes down what `change` does.
pub(super) async fn write(session: &mut Session, change: &history::Change) -> Result<(), StoreError> {
    let (put, dropped) = entries(change);
    let dropped: Vec<&str> = dropped.iter().map(String::as_str).collect();
    put_entries(session, &put, &dropped).await?;
    let reached = change.reached.map(|reached| vec![row::text(REACHED), row::count(reached)]);
    statement::write(session, &CONSUMER, reached).await
}

/// What `change` does to the entries: those to write, and the paths of those to take out.
fn entries(change: &history::Change) -> (Vec<Segment>, Vec<String>) {
    let live = change.added.iter().map(|segment| entry(segment, None));
    let purged = change.purged.iter().map(|tomb| {
        let reason = serde_json::to_string(&tomb.why).unwrap_or_default();
        entry(&tomb.segment, Some(Removal { at: tomb.at, reason }))
    });
    (live.chain(purged).collect(), change.dropped.iter().map(history::Segment::path).collect())
}

fn entry(segment: &history::Segment, removed: Option<Removal>) -> Segment {
    Segment {
        path: segment.path(),
        hour: hours(segment.hour),
        sequences: [segment.first_sequence, segment.last_sequence],
        rows: segment.rows,
        bytes: segment.bytes,
        first: segment.first,
        last: segment.last,
        recorded: segment.recorded,
        sha256: segment.sha256.0,
        schema: segment.schema,
        removed,
    }
}

/// Hours since 1970.
fn hours(hour: Hour) -> i64 {
    hour.begin().micros().div_euclid(3_600_000_000)
}

/// Writes the entries `put` and takes out those of the paths `dropped`.
async fn put_entries(session: &mut Session, put: &[Segment], dropped: &[&str]) -> Result<(), StoreError> {
    let gone: Vec<Value> = dropped.iter().map(|path| row::text(path)).collect();
    statement::remove(session, &FLOW_SEGMENT, gone).await?;
    let rows: std::collections::BTreeMap<&str, Row> =
        put.iter().map(|segment| (segment.path.as_str(), segment.row())).collect();
    let rows: Vec<Row> = rows.into_values().collect();
    statement::write(session, &FLOW_SEGMENT, rows).await
}

impl Segment {
    fn row(&self) -> Row {
        let removed = self.removed.as_ref();
        vec![
            row::text(&self.path),
            row::int(self.hour),
            row::count(self.sequences[0]),
            row::count(self.sequences[1]),
            row::count(self.rows),
            row::count(self.bytes),
            row::int(self.first.micros()),
            row::int(self.last.micros()),
            row::int(self.recorded.micros()),
            row::blob(&self.sha256),
            row::int(self.schema.into()),
            Value::BigInt(removed.map(|removal| removal.at.micros())),
            Value::String(removed.map(|removal| clean(&removal.reason).into_owned())),
        ]
    }
}

impl Cells {
    fn segment(mut self) -> Result<Segment, Misfit> {
        Ok(Segment {
            path: self.text()?,
            hour: self.int()?,
            sequences: [self.int()?, self.int()?],
            rows: self.int()?,
            bytes: self.int()?,
            first: self.time()?,
            last: self.time()?,
            recorded: self.time()?,
            sha256: self.bytes()?,
            schema: self.int()?,
            removed: match (self.maybe_int()?, self.maybe_text()?) {
                (None, None) => None,
                (Some(at), Some(reason)) => Some(Removal { at: Time::from_micros(at), reason }),
                _ => return Err(Misfit),
            },
        })
    }
}
