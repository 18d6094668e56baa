//! Documents of other systems, read row by row into batches for the journal.
//!
//! In: a file. Out: batches as they fill, then what became of the rows. At most one batch is held.

use anyhow::Context as _;
use std::borrow::Cow;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;
use wardlight_dissect::codec::keyed::PrivacyKey;
use wardlight_ingest::mapping::Mapping;
use wardlight_ingest::source::{self, Gives, HEAD, Head, Source};
use wardlight_ingest::{Item, Options, Tally, Trouble, Veil};
use wardlight_model::journal::{BodyKind, Flows, Import, Observations, encode};
use wardlight_model::{AssetRecord, Fact, Flow, Id, Keyed, Presence, Scope, Time};

/// Items of one batch: some MiB at most.
const BATCH: usize = 2_000;
/// Most troubles that are kept; those beyond are counted.
const TROUBLES: usize = 10_000;

/// What is read, and as what.
pub struct Reading<'a> {
    /// The file.
    pub path: &'a Path,
    /// What it is called; the path's last part when it is not said.
    pub name: Option<&'a str>,
    /// What its operator calls where it comes from; the importer's name when it is not said.
    pub called: Option<&'a str>,
    /// The importer; the one that recognises the document when it is not said.
    pub importer: Option<&'a str>,
    /// Which column means what, as far as a person said so.
    pub mapping: Option<&'a Mapping>,
    /// Whether it is all that its source has.
    pub is_whole: bool,
    /// Routing domain of its addresses.
    pub scope: Scope,
    /// The run.
    pub run: Id,
    /// When it is read.
    pub now: Time,
}

/// What became of a document.
pub struct Report {
    /// The importer that read it.
    pub importer: &'static str,
    /// What became of its rows.
    pub tally: Tally,
    /// The rows that were not as they should be, in their order.
    pub troubles: Vec<Trouble>,
    /// Troubles beyond those.
    pub more: u64,
    /// Why it could not be read to its end.
    pub broken: Option<String>,
}

impl Report {
    /// What was wrong with rows, a line for each, at most `most` of them.
    pub fn lines(&self, most: usize) -> String {
        let mut text = String::new();
        for trouble in self.troubles.iter().take(most) {
            let what = if trouble.is_mended { "mended" } else { "set aside" };
            text += &format!("row {}: {what}: {}\n", trouble.row, trouble.what);
        }
        let hidden = u64::try_from(self.troubles.len().saturating_sub(most)).unwrap_or(u64::MAX);
        match hidden.saturating_add(self.more) {
            0 => text,
            more => text + &format!("… and {more} more\n"),
        }
    }
}

/// Hides names of people under the installation's key.
pub struct Cloth(PrivacyKey);

impl Cloth {
    /// Hides them under `secret`.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(PrivacyKey::new(secret))
    }
}

impl Veil for Cloth {
    fn person(&self, text: &str) -> Keyed {
        self.0.hash(text.as_bytes())
    }

    fn host<'n>(&self, name: &'n str) -> Cow<'n, str> {
        self.0.masked(name)
    }
}

impl Reading<'_> {
    /// Reads the document and gives each batch as kind and body. Errors: the file cannot be read, nobody knows what it is,
    /// or `give` says no.
    pub fn read(
        &self,
        secret: &[u8; 32],
        mut give: impl FnMut(BodyKind, Vec<u8>) -> anyhow::Result<()>,
    ) -> anyhow::Result<Report> {
        let open = || File::open(self.path).with_context(|| self.path.display().to_string());
        let name = self.name();
        let importer = self.importer()?;
        let veil = Cloth::new(secret);
        let options = self.options(&name, &veil);
        let mut batch = Batch::default();
        let (mut refused, is_over) = (None, Cell::new(false));
        let mut from = Until { from: BufReader::new(open()?), is_over: &is_over };
        let read = importer.read(&mut from, &options, &mut |item| {
            batch.take(item);
            if batch.len() >= BATCH && refused.is_none() {
                refused = batch.hand_on(self, importer, false, &mut give).err();
                is_over.set(refused.is_some());
            }
        });
        let (tally, mut broken) = match read {
            Ok(tally) => (tally, None),
            Err(error) => (Tally::default(), Some(error.to_string())),
        };
        if let Some(error) = refused {
            return Err(error);
        }
        if importer.info().gives == Gives::Records && batch.records == 0 && broken.is_none() {
            // Taken for whole it would say that all devices are gone.
            broken = Some("no row of it names a device".to_owned());
        }
        batch.hand_on(self, importer, self.is_whole && broken.is_none(), &mut give)?;
        let (troubles, more) = (std::mem::take(&mut batch.troubles), batch.more);
        Ok(Report { importer: importer.info().name, tally, troubles, more, broken })
    }

    /// What its columns are taken for; `None` when it is no table, or one that cannot be read.
    pub fn columns(&self) -> anyhow::Result<Option<Mapping>> {
        let (importer, name, veil) = (self.importer()?, self.name(), Cloth::new(&[0; 32]));
        let from = File::open(self.path).with_context(|| self.path.display().to_string())?;
        Ok(importer.mapping(&mut BufReader::new(from), &self.options(&name, &veil)).unwrap_or_default())
    }

    fn name(&self) -> Cow<'_, str> {
        let path = || self.path.file_name().unwrap_or_default().to_string_lossy();
        self.name.map_or_else(path, Cow::Borrowed)
    }

    fn options<'o>(&'o self, name: &'o str, veil: &'o Cloth) -> Options<'o> {
        let (scope, now, mapping) = (self.scope, self.now, self.mapping);
        Options { name, source: 0, scope, now, ahead_s: 0, mapping, veil }
    }

    /// Who reads the document. Errors: there is none, nobody knows what it is, or it cannot be opened.
    pub fn importer(&self) -> anyhow::Result<&'static dyn Source> {
        let known = || source::ENTRIES.iter().map(|entry| entry.info().name).collect::<Vec<_>>().join(", ");
        if let Some(wanted) = self.importer {
            return source::named(wanted)
                .with_context(|| format!("there is no importer `{wanted}`: name one of {}", known()));
        }
        let name = self.name();
        let from = File::open(self.path).with_context(|| self.path.display().to_string())?;
        let mut bytes = Vec::with_capacity(HEAD);
        from.take(HEAD as u64).read_to_end(&mut bytes).with_context(|| self.path.display().to_string())?;
        let found = source::recognise(&Head { bytes: &bytes, name: &name });
        found.map(|(importer, _)| importer).with_context(|| {
            format!(
                "{}: no importer knows what this is: say it with --importer, one of {}",
                self.path.display(),
                known()
            )
        })
    }
}

/// Reads until nobody takes any more what was read.
struct Until<'a, R> {
    from: R,
    is_over: &'a Cell<bool>,
}

impl<R: io::Read> io::Read for Until<'_, R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.is_over.get() { Err(io::Error::other("nobody takes it")) } else { self.from.read(to) }
    }
}

#[derive(Default)]
struct Batch {
    rows: Vec<AssetRecord>,
    facts: Vec<Fact>,
    presences: Vec<Presence>,
    flows: Vec<Flow>,
    /// Records in this batch and those before it.
    records: u64,
    /// Troubles in this batch and those before it, and how many there were beyond.
    troubles: Vec<Trouble>,
    more: u64,
}

impl Batch {
    fn len(&self) -> usize {
        self.rows.len() + self.facts.len() + self.presences.len() + self.flows.len()
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Record(record) => {
                self.records += 1;
                self.rows.push(record);
            }
            Item::Fact(fact) => self.facts.push(fact),
            Item::Presence(presence) => self.presences.push(presence),
            Item::Flow(flow) => self.flows.push(flow),
            Item::Trouble(trouble) if self.troubles.len() < TROUBLES => self.troubles.push(trouble),
            Item::Trouble(_) => self.more += 1,
        }
    }

    fn hand_on(
        &mut self,
        reading: &Reading<'_>,
        importer: &dyn Source,
        is_last: bool,
        give: &mut impl FnMut(BodyKind, Vec<u8>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let (records, more, troubles) = (self.records, self.more, std::mem::take(&mut self.troubles));
        let batch = std::mem::replace(self, Self { records, troubles, more, ..Self::default() });
        let called = reading.called.unwrap_or(importer.info().name);
        if !batch.rows.is_empty() || is_last {
            let rows = batch.rows.into();
            let (source, run, read) = (called.to_owned(), reading.run, reading.now);
            let (importer, scope) = (importer.info().name.to_owned(), reading.scope);
            let import = Import { source, run, rows, read, is_whole: is_last, importer, scope };
            give(BodyKind::Import, encode(&import))?;
        }
        if !batch.facts.is_empty() || !batch.presences.is_empty() {
            let (facts, presences) = (batch.facts.into(), batch.presences.into());
            let sources = vec![reading.name.map_or_else(|| reading.path.display().to_string(), str::to_owned)];
            let seen = Observations { sensor: reading.run, sources, facts, presences, ..Observations::default() };
            give(BodyKind::Observations, encode(&seen))?;
        }
        if !batch.flows.is_empty() {
            give(BodyKind::Flows, encode(&Flows { sensor: reading.run, flows: batch.flows.into() }))?;
        }
        Ok(())
    }
}
