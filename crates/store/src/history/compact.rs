//! The many small files of an hour into one.
//!
//! The same rows, sorted again, in a file whose name spans the sequences of all. It is written beside them; they go
//! when the caller has committed the [`Change`]. A crash leaves the one or the others listed, never both.

use super::batch::Names;
use super::{Batch, Change, History, HistoryError, Hour, Manifest, Segment};

/// Most rows of a compacted file: what is held in memory, about 200 bytes each.
const MOST_ROWS: u64 = 1 << 21;

/// Groups of files worth merging: neighbours by sequence in an hour before `open`, together no more than two million
/// rows. Give as `open` the hour of the newest flows.
#[must_use]
pub fn mergeable(manifest: &Manifest, open: Hour) -> Vec<Vec<Segment>> {
    let mut groups: Vec<Vec<Segment>> = Vec::new();
    for segment in manifest.live().filter(|segment| segment.hour < open) {
        match groups.last_mut() {
            Some(group) if fits(group, segment) => group.push(segment.clone()),
            _ => groups.push(vec![segment.clone()]),
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

fn fits(group: &[Segment], segment: &Segment) -> bool {
    let rows: u64 = group.iter().map(|other| other.rows).sum();
    group.iter().all(|other| other.hour == segment.hour) && rows.saturating_add(segment.rows) <= MOST_ROWS
}

impl History {
    /// Writes the rows of `group`, as [`mergeable`] gives it, as one file.
    pub fn compact(&self, group: &[Segment]) -> Result<Change, HistoryError> {
        let Some(newest) = group.iter().max_by_key(|segment| segment.last_sequence) else {
            return Ok(Change::default());
        };
        let mut batch: Option<Batch> = None;
        for segment in group {
            for row in self.rows(segment.clone()) {
                let row = row?;
                batch.get_or_insert_with(|| Batch::new(&row.site)).push_lent(&row.lend());
            }
        }
        let mut batch = batch.unwrap_or_default();
        batch.note_recorded(newest.recorded);
        let names = Names::new(&batch);
        let mut change = Change::default();
        for (hour, rows) in batch.hours() {
            change.added.push(self.write(&batch, &names, &batch.part(hour, rows, &names))?);
        }
        change.dropped = group.to_vec();
        Ok(change)
    }
}
