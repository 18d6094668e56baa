//! The hospital's exports through the importers, each row with the device that it is really about.

use super::roll::Roll;
use anyhow::{Context as _, Result, ensure};
use std::borrow::Cow;
use std::collections::BTreeMap;
use wardlight_dissect::codec::keyed::PrivacyKey;
use wardlight_ingest::source::{Head, recognise};
use wardlight_ingest::{Item, Options, Tally, Veil};
use wardlight_inventory::resolve::{Source, SourceKind, record_id};
use wardlight_lab::hospital::{Records, Table};
use wardlight_model::{AssetRecord, Id, Keyed, Scope, Time};

/// One system's export.
#[derive(Clone)]
pub struct Book {
    /// What the system is called.
    pub name: &'static str,
    /// What kind of system it is.
    pub kind: SourceKind,
    /// Its rows.
    pub records: Vec<AssetRecord>,
    /// The true group of each row, by the row's id.
    pub truth: BTreeMap<Id, Id>,
    /// What became of its rows.
    pub tally: Tally,
    /// Rows of the document.
    pub rows: usize,
}

impl Book {
    /// As resolution takes it.
    pub fn source(&self, read: Time) -> Source<'_> {
        Source { name: self.name, kind: self.kind, scope: None, site: None, read, records: &self.records }
    }

    /// The id of one of its rows.
    pub fn id(&self, record: &AssetRecord) -> Id {
        record_id(super::SITE, self.name, &record.key)
    }
}

/// Hides names of people under a key of this run.
struct Cloth(PrivacyKey);

impl Veil for Cloth {
    fn person(&self, text: &str) -> Keyed {
        self.0.hash(text.as_bytes())
    }

    fn host<'n>(&self, name: &'n str) -> Cow<'n, str> {
        self.0.masked(name)
    }
}

/// Reads every export. Errors: one is not recognised, cannot be read, or has a row that the truth knows nothing of.
pub fn read(exports: &Records, roll: &Roll, now: Time) -> Result<Vec<Book>> {
    let tables = [
        ("maintenance", SourceKind::Cmms, "maintenance.csv", &exports.cmms),
        ("purchasing", SourceKind::Procurement, "purchasing.csv", &exports.procurement),
        ("directory", SourceKind::Directory, "directory.ldif", &exports.directory),
    ];
    tables.into_iter().map(|(name, kind, file, table)| book(name, kind, file, (table, roll, now))).collect()
}

fn book(name: &'static str, kind: SourceKind, file: &str, (table, roll, now): (&Table, &Roll, Time)) -> Result<Book> {
    let (records, tally) = records(file, &table.text, now).with_context(|| file.to_owned())?;
    ensure!(tally.adds_up(), "{file}: rows are lost: {tally:?}");
    let about: BTreeMap<u64, Option<usize>> = table.rows.iter().map(|row| (row.line, row.about)).collect();
    let mut book = Book { name, kind, records, truth: BTreeMap::new(), tally, rows: table.rows.len() };
    for record in &book.records {
        let about = about.get(&record.row).with_context(|| format!("{file}: there is no row {}", record.row))?;
        let truth = about.map_or_else(|| roll.gone(name, record.row), super::group);
        book.truth.insert(book.id(record), truth);
    }
    Ok(book)
}

fn records(file: &str, text: &str, now: Time) -> Result<(Vec<AssetRecord>, Tally)> {
    let head = Head { bytes: text.as_bytes().get(..text.len().min(16 << 10)).unwrap_or_default(), name: file };
    let (importer, _) = recognise(&head).context("no importer knows what it is")?;
    let veil = Cloth(PrivacyKey::new(&[7; 32]));
    let options = Options { name: file, source: 0, scope: Scope(0), now, ahead_s: 0, mapping: None, veil: &veil };
    let mut records = Vec::new();
    let mut give = |item| {
        if let Item::Record(record) = item {
            records.push(record);
        }
    };
    let tally = importer.read(&mut text.as_bytes(), &options, &mut give)?;
    Ok((records, tally))
}
