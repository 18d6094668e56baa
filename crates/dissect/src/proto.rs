//! The dissectors, one file (or folder) each, and the list that makes them known.
//!
//! To add one: write `proto/<name>.rs` and its cases in `golden/proto/<name>/`, then add its two lines here.

mod cdp;
mod lldp;
mod smb;
mod snmp;
mod ssh;

use crate::entry::Dissector;

/// Every dissector. Where two claim the same bytes, the port decides, then the order here.
pub static ENTRIES: &[&dyn Dissector] = &[&cdp::ENTRY, &lldp::ENTRY, &smb::ENTRY, &snmp::ENTRY, &ssh::ENTRY];

/// The entry called `name`.
#[must_use]
pub fn named(name: &str) -> Option<&'static dyn Dissector> {
    ENTRIES.iter().copied().find(|entry| entry.info().name == name)
}
