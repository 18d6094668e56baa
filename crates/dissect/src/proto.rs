//! The dissectors, one file (or folder) each, and the list that makes them known.
//!
//! To add one: write `proto/<name>.rs` and its cases in `golden/proto/<name>/`, then add its two lines here.

mod arp;
mod dhcp;
mod dhcpv6;
mod dns;
mod llmnr;
mod mdns;
mod nbns;
mod nd;

use crate::entry::Dissector;

/// Every dissector. Where two claim the same bytes, the port decides, then the order here: what is a special form of
/// another (NetBIOS names and multicast DNS of DNS) stands before it.
pub static ENTRIES: &[&dyn Dissector] =
    &[&arp::ENTRY, &dhcp::ENTRY, &dhcpv6::ENTRY, &nbns::ENTRY, &mdns::ENTRY, &dns::ENTRY, &llmnr::ENTRY, &nd::ENTRY];

/// The entry called `name`.
#[must_use]
pub fn named(name: &str) -> Option<&'static dyn Dissector> {
    ENTRIES.iter().copied().find(|entry| entry.info().name == name)
}
