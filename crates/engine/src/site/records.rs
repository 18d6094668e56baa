//! What other systems' records say, row by row, and how each row was before.
//!
//! A run of an importer that says the same again is noted beside the row; one that says otherwise begins a new version of
//! it. So a run can be taken back as if it had never been, as long as it is among the last of its source.

use super::Refusal;
use std::collections::BTreeMap;
use wardlight_model::change::{Change, Row, Run, Source};
use wardlight_model::journal::Import;
use wardlight_model::{AssetRecord, Id, Origin};

/// Runs of a source that can be taken back.
const RUNS: usize = 64;

/// The rows of all sources.
#[derive(Debug, Default, Clone)]
pub(super) struct Records {
    /// Versions of each row, by source and key, earliest first.
    rows: BTreeMap<(String, String), Vec<Row>>,
    sources: BTreeMap<String, Source>,
}

impl Records {
    /// As they were stored.
    pub(super) fn held(mut rows: Vec<Row>, sources: Vec<Source>) -> Self {
        rows.sort_by_key(|row| row.origin);
        let mut records = Self::default();
        for row in rows {
            let key = (row.source.clone(), row.record.key.clone());
            records.rows.entry(key).or_default().push(row);
        }
        records.sources = sources.into_iter().map(|source| (source.name.clone(), source)).collect();
        records
    }

    /// Each row as its source has it now, with whether the source's last whole run still had it.
    pub(super) fn now(&self) -> impl Iterator<Item = (&Row, bool)> {
        self.rows.values().filter_map(|versions| versions.last()).map(|row| {
            let source = self.sources.get(&row.source);
            let whole = source.and_then(|source| source.runs.iter().rposition(|run| run.is_whole));
            let since = whole.zip(source).and_then(|(at, source)| source.runs.get(at..)).unwrap_or_default();
            (row, since.is_empty() || since.iter().any(|run| row.runs.contains(&run.id)))
        })
    }

    /// The sources, by name.
    pub(super) const fn sources(&self) -> &BTreeMap<String, Source> {
        &self.sources
    }

    /// Takes in rows of one run, which stand in journal record `sequence`.
    pub(super) fn take(&mut self, sequence: u64, import: Import) -> Vec<Change> {
        let mut changes = vec![Change::Source(self.note(&import).clone())];
        for (record, item) in import.rows.items.into_iter().zip(0..) {
            let versions = self.rows.entry((import.source.clone(), record.key.clone())).or_default();
            let row = said(
                versions,
                Row {
                    origin: Origin { sequence, item },
                    source: import.source.clone(),
                    runs: vec![import.run],
                    record,
                },
            );
            changes.push(Change::Row(row));
        }
        changes
    }

    fn note(&mut self, import: &Import) -> &Source {
        let source = self.sources.entry(import.source.clone()).or_default();
        source.name.clone_from(&import.source);
        source.importer.clone_from(&import.importer);
        source.scope = import.scope;
        let rows = u64::try_from(import.rows.items.len()).unwrap_or(u64::MAX);
        match source.runs.iter_mut().find(|run| run.id == import.run) {
            Some(run) => {
                run.rows = run.rows.saturating_add(rows);
                run.is_whole |= import.is_whole;
            }
            None => source.runs.push(Run { id: import.run, read: import.read, rows, is_whole: import.is_whole }),
        }
        let excess = source.runs.len().saturating_sub(RUNS);
        source.runs.drain(..excess);
        source
    }

    /// Takes run `id` back. Errors: it is none of the last runs of any source.
    pub(super) fn undo(&mut self, id: Id) -> Result<Vec<Change>, Refusal> {
        let source = self.sources.values_mut().find(|source| source.runs.iter().any(|run| run.id == id));
        let source = source.ok_or(Refusal::NoSuchRun(id))?;
        source.runs.retain(|run| run.id != id);
        let mut changes = vec![Change::Source(source.clone())];
        for versions in self.rows.values_mut() {
            versions.retain_mut(|row| {
                let before = row.runs.len();
                row.runs.retain(|run| *run != id);
                if row.runs.len() == before {
                    return true;
                }
                let is_left = !row.runs.is_empty();
                changes.push(if is_left { Change::Row(row.clone()) } else { Change::RowGone(row.origin) });
                is_left
            });
            join(versions, &mut changes);
        }
        self.rows.retain(|_, versions| !versions.is_empty());
        Ok(changes)
    }
}

/// Notes that a run says `new`: beside the last version when that says the same, else as a new one.
fn said(versions: &mut Vec<Row>, new: Row) -> Row {
    let Some(last) = versions.last_mut().filter(|last| says_same(&last.record, &new.record)) else {
        versions.push(new.clone());
        return new;
    };
    for run in new.runs {
        if !last.runs.contains(&run) {
            last.runs.push(run);
        }
    }
    let excess = last.runs.len().saturating_sub(RUNS);
    last.runs.drain(..excess);
    last.clone()
}

/// Makes one of neighbours that say the same, now that nothing stands between them.
fn join(versions: &mut Vec<Row>, changes: &mut Vec<Change>) {
    versions.dedup_by(|later, earlier| {
        let is_same = says_same(&later.record, &earlier.record);
        if is_same {
            earlier.runs.append(&mut later.runs);
            changes.extend([Change::RowGone(later.origin), Change::Row(earlier.clone())]);
        }
        is_same
    });
}

/// Whether two rows say the same, wherever they stand in their documents.
fn says_same(one: &AssetRecord, other: &AssetRecord) -> bool {
    one.says == other.says && one.as_of == other.as_of
}
