//! The dissectors, one file (or folder) each, and the list that makes them known.
//!
//! To add one: write `proto/<name>.rs` and its cases in `golden/proto/<name>/`, then add its two lines here.

mod sdc;
mod ssdp;
mod upnp;
mod wsd;

use crate::entry::Dissector;

/// Every dissector. Where two claim the same bytes, the port decides, then the order here.
pub static ENTRIES: &[&dyn Dissector] = &[&sdc::ENTRY, &ssdp::ENTRY, &upnp::ENTRY, &wsd::ENTRY];

/// The entry called `name`.
#[must_use]
pub fn named(name: &str) -> Option<&'static dyn Dissector> {
    ENTRIES.iter().copied().find(|entry| entry.info().name == name)
}
