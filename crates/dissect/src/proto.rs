//! The dissectors, one file (or folder) each, and the list that makes them known.
//!
//! To add one: write `proto/<name>.rs` and its cases in `golden/proto/<name>/`, then add its two lines here.

mod amqp;
mod arp;
mod astm;
mod bacnet;
mod ble;
mod browser;
mod cdp;
mod cip_io;
mod coap;
mod dcerpc;
mod devp2p;
mod dhcp;
mod dhcpv6;
mod dicom;
mod dicomweb;
mod dnp3;
mod dns;
mod dropbox;
mod dtls;
mod eapol;
mod enip;
mod fhir;
mod fox;
mod ftp;
mod ftp_data;
mod gprs_ns;
mod gquic;
mod gtp;
mod hart_ip;
mod hl7;
mod hsrp;
mod http;
mod http2;
mod iec104;
mod igmp;
mod imap;
mod intellivue;
mod ipp;
mod jetdirect;
mod kerberos;
mod knx;
mod ldap;
mod lldp;
mod llmnr;
mod lontalk;
mod lpd;
mod mdns;
mod modbus;
mod mqtt;
mod mssql;
mod mysql;
mod nbns;
mod nd;
mod netflow;
mod nntp;
mod ntp;
mod opcua;
mod openvpn;
mod ospf;
mod phd;
mod poct1a;
mod pop3;
mod postgres;
mod pppoe;
mod profinet_dcp;
mod quic;
mod radius;
mod rdp;
mod rdpudp;
mod rip;
mod rsh;
mod rtp;
mod rtsp;
mod s7comm;
mod sbus;
mod sdc;
mod sip;
mod smb;
mod smpp;
mod smtp;
mod snmp;
mod socks;
mod ssdp;
mod ssh;
mod stp;
mod stun;
mod sunrpc;
mod syslog;
mod telnet;
mod tftp;
mod tls;
mod tns;
mod upnp;
mod vnc;
mod vrrp;
mod wctp;
mod websocket;
mod winrm;
mod wlan;
mod wsd;
mod xmpp;

use crate::entry::Dissector;

/// Every dissector. Where two claim the same bytes, the port decides, then the order here.
pub static ENTRIES: &[&dyn Dissector] = &[
    &arp::ENTRY,
    &nd::ENTRY,
    &lldp::ENTRY,
    &cdp::ENTRY,
    &stp::ENTRY,
    &eapol::ENTRY,
    &pppoe::ENTRY,
    &profinet_dcp::ENTRY,
    &wlan::ENTRY,
    &ble::ENTRY,
    &igmp::ENTRY,
    &vrrp::ENTRY,
    &ospf::ENTRY,
    &dhcp::ENTRY,
    &dhcpv6::ENTRY,
    &nbns::ENTRY,
    &mdns::ENTRY,
    &llmnr::ENTRY,
    &ssdp::ENTRY,
    &wsd::ENTRY,
    &dns::ENTRY,
    &hsrp::ENTRY,
    &snmp::ENTRY,
    &bacnet::ENTRY,
    &dicom::ENTRY,
    &hl7::ENTRY,
    &astm::ENTRY,
    &poct1a::ENTRY,
    &sip::ENTRY,
    &modbus::ENTRY,
    &s7comm::ENTRY,
    &enip::ENTRY,
    &knx::ENTRY,
    &dnp3::ENTRY,
    &opcua::ENTRY,
    &fox::ENTRY,
    &lontalk::ENTRY,
    &intellivue::ENTRY,
    &phd::ENTRY,
    &http::ENTRY,
    &tls::ENTRY,
    &smb::ENTRY,
    &ssh::ENTRY,
    &ftp::ENTRY,
    &smtp::ENTRY,
    &pop3::ENTRY,
    &imap::ENTRY,
    &telnet::ENTRY,
    &mqtt::ENTRY,
    &amqp::ENTRY,
    &rtsp::ENTRY,
    &rdp::ENTRY,
    &vnc::ENTRY,
    &kerberos::ENTRY,
    &ldap::ENTRY,
    &radius::ENTRY,
    &ntp::ENTRY,
    &syslog::ENTRY,
    &tftp::ENTRY,
    &coap::ENTRY,
    &sbus::ENTRY,
    &hart_ip::ENTRY,
    &iec104::ENTRY,
    &cip_io::ENTRY,
    &netflow::ENTRY,
    &gtp::ENTRY,
    &gprs_ns::ENTRY,
    &rip::ENTRY,
    &stun::ENTRY,
    &dtls::ENTRY,
    &rdpudp::ENTRY,
    &openvpn::ENTRY,
    &gquic::ENTRY,
    &devp2p::ENTRY,
    &dropbox::ENTRY,
    &socks::ENTRY,
    &smpp::ENTRY,
    &xmpp::ENTRY,
    &nntp::ENTRY,
    &rsh::ENTRY,
    &ftp_data::ENTRY,
    &upnp::ENTRY,
    &sdc::ENTRY,
    &dicomweb::ENTRY,
    &fhir::ENTRY,
    &http2::ENTRY,
    &quic::ENTRY,
    &mssql::ENTRY,
    &postgres::ENTRY,
    &mysql::ENTRY,
    &tns::ENTRY,
    &dcerpc::ENTRY,
    &sunrpc::ENTRY,
    &browser::ENTRY,
    &jetdirect::ENTRY,
    &lpd::ENTRY,
    &ipp::ENTRY,
    &winrm::ENTRY,
    &websocket::ENTRY,
    &rtp::ENTRY,
    &wctp::ENTRY,
];

/// The entry called `name`.
#[must_use]
pub fn named(name: &str) -> Option<&'static dyn Dissector> {
    ENTRIES.iter().copied().find(|entry| entry.info().name == name)
}

/// Whether any entry reads bodies of media type `kind` (no parameters).
#[must_use]
pub fn reads_body(kind: &str) -> bool {
    crate::carried::by_body(kind).next().is_some()
}
