//! The dissectors, one file (or folder) each, and the list that makes them known.
//!
//! To add one: write `proto/<name>.rs` and its cases in `golden/proto/<name>/`, then add its two lines here.

mod arp;
mod astm;
mod bacnet;
mod cdp;
mod dhcp;
mod dhcpv6;
mod dicom;
mod dicomweb;
mod dns;
mod fhir;
mod hl7;
mod http;
mod lldp;
mod llmnr;
mod mdns;
mod modbus;
mod nbns;
mod nd;
mod poct1a;
mod sdc;
mod sip;
mod smb;
mod snmp;
mod ssdp;
mod ssh;
mod tls;
mod upnp;
mod wsd;

use crate::entry::{Carrier, Dissector};

/// Every dissector. Where two claim the same bytes, the port decides, then the order here.
pub static ENTRIES: &[&dyn Dissector] = &[
    &arp::ENTRY,
    &nd::ENTRY,
    &lldp::ENTRY,
    &cdp::ENTRY,
    &dhcp::ENTRY,
    &dhcpv6::ENTRY,
    &nbns::ENTRY,
    &mdns::ENTRY,
    &llmnr::ENTRY,
    &ssdp::ENTRY,
    &wsd::ENTRY,
    &dns::ENTRY,
    &snmp::ENTRY,
    &bacnet::ENTRY,
    &dicom::ENTRY,
    &hl7::ENTRY,
    &astm::ENTRY,
    &poct1a::ENTRY,
    &sip::ENTRY,
    &modbus::ENTRY,
    &http::ENTRY,
    &tls::ENTRY,
    &smb::ENTRY,
    &ssh::ENTRY,
    &upnp::ENTRY,
    &sdc::ENTRY,
    &dicomweb::ENTRY,
    &fhir::ENTRY,
];

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
