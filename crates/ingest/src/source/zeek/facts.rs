//! The other logs: what they say of one host each.

use super::fields::Entry;
use crate::item::Row;
use crate::said::Teller;
use std::net::IpAddr;
use wardlight_model::{Field, Mac};

/// Which host of a row a column speaks of.
#[derive(Clone, Copy)]
enum Of {
    Originator,
    Responder,
    Host,
}

/// Columns that are facts as they stand: log, column, host, field.
const PLAIN: &[(&str, &str, Of, Field)] = &[
    ("http", "user_agent", Of::Originator, Field::UserAgent),
    ("http", "host", Of::Originator, Field::HttpHost),
    ("ssl", "server_name", Of::Originator, Field::TlsServerName),
    ("ssl", "subject", Of::Responder, Field::CertificateSubject),
    ("ssl", "issuer", Of::Responder, Field::CertificateIssuer),
    ("ssl", "ja4", Of::Originator, Field::Ja4),
    ("known_certs", "subject", Of::Host, Field::CertificateSubject),
    ("known_certs", "issuer_subject", Of::Host, Field::CertificateIssuer),
    ("dns", "query", Of::Originator, Field::DnsQuery),
    ("ntlm", "hostname", Of::Originator, Field::NtlmComputer),
    ("ntlm", "server_nb_computer_name", Of::Responder, Field::NtlmComputer),
    ("ntlm", "server_dns_computer_name", Of::Responder, Field::NtlmDnsName),
    ("ntlm", "domainname", Of::Originator, Field::Domain),
    ("rdp", "client_name", Of::Originator, Field::NetbiosName),
    ("snmp", "display_string", Of::Responder, Field::SnmpDescription),
    ("snmp", "version", Of::Responder, Field::SnmpVersion),
    ("ssh", "hassh", Of::Originator, Field::Hassh),
    ("ssh", "hasshServer", Of::Responder, Field::HasshServer),
];

/// Logs that tell more than their columns as they stand, and those of conversations.
const OTHERS: &[&str] = &[
    "conn",
    "open_conn",
    "dhcp",
    "dns",
    "ssl",
    "open_ssl",
    "ssh",
    "software",
    "known_hosts",
    "known_devices",
    "known_services",
    "arp",
];

/// Whether anything is read of the log `path`.
pub fn is_known(path: &str) -> bool {
    OTHERS.contains(&path) || PLAIN.iter().any(|(log, ..)| *log == path.trim_start_matches("open_"))
}

/// Says what `entry` of the log `path` tells; nothing of a log that is not known.
pub fn read(path: &str, entry: &Entry, teller: &Teller<'_>, row: &mut Row) {
    for (_, column, of, field) in PLAIN.iter().filter(|(log, ..)| *log == path.trim_start_matches("open_")) {
        if let Some(value) =
            entry.text(column).filter(|value| !(*field == Field::DnsQuery && value.parse::<IpAddr>().is_ok()))
        {
            teller.fact(row, host(entry, *of), *field, value);
        }
    }
    match path {
        "dhcp" => dhcp(entry, teller, row),
        "dns" => dns(entry, teller, row),
        "ssl" | "open_ssl" => ssl(entry, teller, row),
        "ssh" => ssh(entry, teller, row),
        "software" => software(entry, teller, row),
        "known_hosts" => teller.presence(row, None, entry.ip("host")),
        "known_devices" => teller.presence(row, entry.mac("mac"), None),
        "known_services" => service(entry, teller, row),
        "arp" => arp(entry, teller, row),
        _ => {}
    }
}

fn host(entry: &Entry, of: Of) -> (Option<Mac>, Option<IpAddr>) {
    match of {
        Of::Originator => (entry.mac("orig_l2_addr"), entry.ip("id.orig_h")),
        Of::Responder => (entry.mac("resp_l2_addr"), entry.ip("id.resp_h")),
        Of::Host => (None, entry.ip("host")),
    }
}

fn dhcp(entry: &Entry, teller: &Teller<'_>, row: &mut Row) {
    let ip = entry.ip("assigned_addr").or_else(|| entry.ip("assigned_ip")).or_else(|| entry.ip("client_addr"));
    let client = (entry.mac("mac"), ip);
    if let (Some(_), Some(ip)) = client {
        teller.fact(row, client, Field::Address, &ip.to_string());
    }
    if let Some(name) = entry.text("host_name").or_else(|| entry.text("client_fqdn")) {
        teller.fact(row, client, Field::DhcpHostname, name);
    }
    if let Some(class) = entry.text("vendor_class").or_else(|| entry.text("client_software")) {
        teller.fact(row, client, Field::DhcpVendorClass, class);
    }
}

/// Names that answers give to addresses.
fn dns(entry: &Entry, teller: &Teller<'_>, row: &mut Row) {
    let is_address = matches!(entry.text("qtype_name"), Some("A" | "AAAA"));
    let Some(name) = entry.text("query").filter(|_| is_address) else { return };
    for ip in entry.all("answers").filter_map(|answer| answer.parse::<IpAddr>().ok()).take(64) {
        teller.fact(row, (None, Some(ip)), Field::DnsName, name);
    }
}

/// `TLSv12` as `1.2`.
fn ssl(entry: &Entry, teller: &Teller<'_>, row: &mut Row) {
    let version = match entry.text("version") {
        Some("SSLv2") => "ssl2",
        Some("SSLv3") => "ssl3",
        Some("TLSv10") => "1.0",
        Some("TLSv11") => "1.1",
        Some("TLSv12") => "1.2",
        Some("TLSv13") => "1.3",
        _ => return,
    };
    teller.fact(row, host(entry, Of::Responder), Field::TlsVersion, version);
}

fn ssh(entry: &Entry, teller: &Teller<'_>, row: &mut Row) {
    for (column, of) in [("client", Of::Originator), ("server", Of::Responder)] {
        let Some(banner) = entry.text(column) else { continue };
        let banner = banner.strip_prefix("SSH-2.0-").unwrap_or(banner);
        teller.fact(row, host(entry, of), Field::SshBanner, banner);
    }
}

fn software(entry: &Entry, teller: &Teller<'_>, row: &mut Row) {
    let Some(text) = entry.text("unparsed_version") else { return };
    let field = match entry.text("software_type").unwrap_or_default() {
        "HTTP::SERVER" | "HTTP::APPSERVER" => Field::HttpServer,
        kind if kind.starts_with("HTTP::BROWSER") => Field::UserAgent,
        "SSH::SERVER" | "SSH::CLIENT" => Field::SshBanner,
        "DHCP::CLIENT" => Field::DhcpVendorClass,
        _ => Field::Software,
    };
    teller.fact(row, host(entry, Of::Host), field, text.strip_prefix("SSH-2.0-").unwrap_or(text));
}

/// A service by its port, and by its name when Zeek knew it.
fn service(entry: &Entry, teller: &Teller<'_>, row: &mut Row) {
    let (port, transport) = (entry.number("port_num"), entry.text("port_proto"));
    if let (Some(port), Some(transport)) = (port, transport) {
        teller.fact(row, host(entry, Of::Host), Field::ServiceOffered, &format!("{transport}/{port}"));
    }
    for name in entry.all("service") {
        teller.fact(row, host(entry, Of::Host), Field::ServiceOffered, &name.to_lowercase());
    }
}

/// The log of the package `zeek-arp`: answers bind an address to a station.
fn arp(entry: &Entry, teller: &Teller<'_>, row: &mut Row) {
    let sender = (entry.mac("orig_hw"), entry.ip("orig_h"));
    if let (Some(_), Some(ip)) = sender {
        teller.fact(row, sender, Field::Address, &ip.to_string());
    }
}
