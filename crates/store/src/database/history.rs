//! The manifest of the flow history: which Parquet files count, and what is left of those that were taken away.

use super::engine::Row;
use super::row::{self, Cells, Misfit, clean};
use super::schema::FLOW_SEGMENT;
use super::{Database, StoreError, statement};
use sea_query::Value;
use wardlight_model::Time;

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
        statement::all(&mut self.engine.read().await?, &FLOW_SEGMENT, Cells::segment).await
    }

    /// Writes the entries `put`, whether new, changed or tombstones, and takes out those of the paths `dropped`
    /// without a trace, in one transaction.
    pub async fn put_segments(&self, put: &[Segment], dropped: &[&str]) -> Result<(), StoreError> {
        let mut session = self.engine.write().await?;
        statement::remove(&mut session, &FLOW_SEGMENT, dropped.iter().map(|path| row::text(path))).await?;
        let rows: std::collections::BTreeMap<&str, Row> =
            put.iter().map(|segment| (segment.path.as_str(), segment.row())).collect();
        statement::write(&mut session, &FLOW_SEGMENT, rows.into_values()).await?;
        session.commit().await
    }
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
