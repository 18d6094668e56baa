//! The list of sources: each reads one kind of document.
//!
//! To add one: a file beside the others with its `ENTRY`, a `mod` line and a line in [`ENTRIES`], and cases in
//! `golden/source/<name>/`.

mod cmms;
mod dhcp;
mod directory;
mod eve;
mod netbox;
mod netflow;
mod nmap;
mod procurement;
mod zeek;

pub use netflow::{Collector, Received, Sender};

use crate::mapping::Mapping;
use crate::{Item, Options, ReadError, Tally};
use std::io::Read;

/// Every source.
pub static ENTRIES: &[&dyn Source] = &[
    &cmms::ENTRY,
    &dhcp::ENTRY,
    &directory::ENTRY,
    &eve::ENTRY,
    &netbox::ENTRY,
    &netflow::ENTRY,
    &nmap::ENTRY,
    &procurement::ENTRY,
    &zeek::ENTRY,
];

/// How much of a document's begin [`recognise`] wants.
pub const HEAD: usize = 16 * 1024;

/// Reads one kind of document.
pub trait Source: Sync {
    /// What it is.
    fn info(&self) -> &'static Info;

    /// How sure it is that it can read the document that begins so.
    fn probe(&self, head: &Head<'_>) -> Sureness;

    /// Reads the document to its end and gives what it says. Errors: when it cannot be read any further; what it said
    /// until then has been given.
    fn read(&self, from: &mut dyn Read, options: &Options<'_>, give: &mut dyn FnMut(Item)) -> Result<Tally, ReadError>;

    /// What its columns would be taken for; nothing when it is no table. Errors: when it cannot be read.
    fn mapping(&self, _from: &mut dyn Read, _options: &Options<'_>) -> Result<Option<Mapping>, ReadError> {
        Ok(None)
    }
}

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// Its name in commands and settings.
    pub name: &'static str,
    /// What it reads, in words.
    pub what: &'static str,
    /// By which specification.
    pub source: &'static str,
    /// What it gives.
    pub gives: Gives,
}

/// What a source gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// Records: what another system has written down of devices.
    Records,
    /// Facts, flows and presences: what was seen on a network.
    Traffic,
}

/// The begin of a document.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// Its first bytes, at best [`HEAD`] of them.
    pub bytes: &'a [u8],
    /// Its name without folders.
    pub name: &'a str,
}

/// How sure a source is of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sureness {
    /// It is something else.
    No,
    /// It could be read, but so it could by others.
    Maybe,
    /// It looks much like it.
    Likely,
    /// It says so itself.
    Sure,
}

/// The source called `name`.
#[must_use]
pub fn named(name: &str) -> Option<&'static dyn Source> {
    ENTRIES.iter().copied().find(|entry| entry.info().name == name)
}

/// The source that is surest of the document that begins so; of those equally sure the first in the list.
#[must_use]
pub fn recognise(head: &Head<'_>) -> Option<(&'static dyn Source, Sureness)> {
    let sure = ENTRIES.iter().copied().map(|entry| (entry, entry.probe(head)));
    sure.rev().max_by_key(|(_, sureness)| *sureness).filter(|(_, sureness)| *sureness > Sureness::No)
}

impl Head<'_> {
    /// Its text, whatever encoding it is in.
    pub(crate) fn text(&self) -> String {
        crate::decode::Decoded::new(self.bytes).map(|decoded| decoded.peek()).unwrap_or_default()
    }

    /// Whether its name ends so, without case.
    pub(crate) fn ends(&self, end: &str) -> bool {
        let from = self.name.len().checked_sub(end.len());
        from.and_then(|from| self.name.get(from..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    }

    /// The headers of the table that it begins, with what they would be taken for.
    pub(crate) fn columns(&self) -> Option<Mapping> {
        let mut bytes = self.bytes;
        if bytes.starts_with(b"PK\x03\x04")
            || bytes.contains(&0) && crate::decode::encoding(bytes).0 == crate::decode::Encoding::Utf8
        {
            return None;
        }
        let plan = crate::table::with(&mut bytes, &|_| 0, |table| crate::records::plan(table, None, None)).ok()?;
        (!plan.headers.is_empty()).then_some(plan.mapping)
    }

    /// Whether it begins like a spreadsheet.
    pub(crate) fn is_sheet(&self) -> bool {
        self.bytes.starts_with(b"PK\x03\x04") && self.ends(".xlsx")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<&str> = ENTRIES.iter().map(|entry| entry.info().name).collect();
        assert_eq!(names.len(), ENTRIES.len());
        assert!(ENTRIES.iter().all(|entry| named(entry.info().name).is_some()));
        assert!(named("nothing").is_none());
    }
}
