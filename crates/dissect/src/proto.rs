//! The dissectors, one file (or folder) each, and the list that makes them known.
//!
//! To add one: write `proto/<name>.rs` and its cases in `golden/proto/<name>/`, then add its two lines here.

mod astm;
mod hl7;

use crate::entry::Dissector;

/// Every dissector. Where two claim the same bytes, the port decides, then the order here.
pub static ENTRIES: &[&dyn Dissector] = &[&hl7::ENTRY, &astm::ENTRY];

/// The entry called `name`.
#[must_use]
pub fn named(name: &str) -> Option<&'static dyn Dissector> {
    ENTRIES.iter().copied().find(|entry| entry.info().name == name)
}
