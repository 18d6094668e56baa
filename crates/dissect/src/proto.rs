//! The dissectors, one file (or folder) each, and the list that makes them known.
//!
//! To add one: write `proto/<name>.rs` and its cases in `golden/proto/<name>/`, then add its two lines here.

mod dicom;
mod arp;
mod dhcp;
mod dhcpv6;
mod dns;
mod llmnr;
mod mdns;
mod nbns;
mod nd;
mod astm;
mod hl7;
mod cdp;
mod lldp;
mod smb;
mod snmp;
mod ssh;

use crate::entry::Dissector;

/// Every dissector. Where two claim the same bytes, the port decides, then the order here.
pub static ENTRIES: &[&dyn Dissector] = &[&dicom::ENTRY];
pub static ENTRIES: &[&dyn Dissector] =
    &[&arp::ENTRY, &dhcp::ENTRY, &dhcpv6::ENTRY, &nbns::ENTRY, &mdns::ENTRY, &dns::ENTRY, &llmnr::ENTRY, &nd::ENTRY];
mod dicomweb;
mod fhir;
mod http;
mod tls;

use crate::entry::{Carrier, Dissector};

/// Every dissector. Where two claim the same bytes, the port decides, then the order here.
pub static ENTRIES: &[&dyn Dissector] = &[&dicomweb::ENTRY, &fhir::ENTRY, &http::ENTRY, &tls::ENTRY];
pub static ENTRIES: &[&dyn Dissector] = &[&hl7::ENTRY, &astm::ENTRY];
pub static ENTRIES: &[&dyn Dissector] = &[&cdp::ENTRY, &lldp::ENTRY, &smb::ENTRY, &snmp::ENTRY, &ssh::ENTRY];

/// The entry called `name`.
#[must_use]
pub fn named(name: &str) -> Option<&'static dyn Dissector> {
    ENTRIES.iter().copied().find(|entry| entry.info().name == name)
}

/// Whether any entry reads bodies of media type `kind` (no parameters).
#[must_use]
pub fn reads_body(kind: &str) -> bool {
    let reads = |carrier: &Carrier| matches!(carrier, Carrier::Body(known) if kind.eq_ignore_ascii_case(known));
    ENTRIES.iter().any(|entry| entry.info().carriers.iter().any(reads))
}
