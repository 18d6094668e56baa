//! What the authors of suricata-verify expect of their captures, value by value (`test.yaml` beside each).
//!
//! Compared is what our records hold as well. People, secrets, files and paths are not among it: they leave as hashes or not
//! at all.

use crate::{corpus, log};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Event and field there, log and field here, and how what is expected is written here.
type Same = (&'static str, &'static str, &'static str, &'static str, fn(&str) -> String);

const SAME: &[Same] = &[
    ("dhcp", "dhcp.id", "dhcp", "trans_id", plain),
    ("dhcp", "dhcp.hostname", "dhcp", "host_name", plain),
    ("dhcp", "dhcp.vendor_class_identifier", "dhcp", "vendor_class", plain),
    ("dhcp", "dhcp.assigned_ip", "dhcp", "assigned_addr", address),
    ("dhcp", "dhcp.client_ip", "dhcp", "client_addr", address),
    ("dhcp", "dhcp.next_server_ip", "dhcp", "next_server", address),
    ("dhcp", "dhcp.relay_ip", "dhcp", "relay_addr", address),
    ("dhcp", "dhcp.client_mac", "dhcp", "mac", plain),
    ("dhcp", "dhcp.lease_time", "dhcp", "lease_time", plain),
    ("dhcp", "dhcp.routers[0]", "dhcp", "routers", plain),
    ("dhcp", "dhcp.dns_servers[0]", "dhcp", "name_servers", plain),
    ("dhcp", "dhcp.dhcp_type", "dhcp", "msg_types", str::to_uppercase),
    ("dns", "dns.rrtype", "dns", "qtype_name", plain),
    ("krb5", "krb5.msg_type", "kerberos", "message", kerberos),
    ("krb5", "krb5.failed_request", "kerberos", "request_type", kerberos),
    ("ldap", "ldap.request.extended_request.name", "ldap", "opcode", starttls),
    ("mqtt", "mqtt.connect.protocol_string", "mqtt", "proto_name", plain),
    ("mqtt", "mqtt.connect.protocol_version", "mqtt", "proto_version", mqtt),
    ("mqtt", "mqtt.connect.flags.password", "mqtt", "has_password", plain),
    ("mqtt", "mqtt.connect.flags.will", "mqtt", "has_will", plain),
    ("mqtt", "mqtt.connack.return_code", "mqtt", "connect_status", plain),
    ("quic", "quic.ja4", "quic", "ja4", plain),
    ("quic", "quic.extensions[1].values[0]", "quic", "server_name", plain),
    ("quic", "quic.extensions[2].values[0]", "quic", "client_protocol", plain),
    ("quic", "quic.extensions[7].values[0]", "quic", "server_name", plain),
    ("rfb", "rfb.authentication.security_result", "vnc", "auth", |text| (text == "OK").to_string()),
    ("rfb", "rfb.screen_shared", "vnc", "share_flag", plain),
    ("rfb", "rfb.framebuffer.width", "vnc", "width", plain),
    ("rfb", "rfb.framebuffer.height", "vnc", "height", plain),
    ("sip", "sip.method", "sip", "method", plain),
    ("sip", "sip.code", "sip", "status", plain),
    ("smb", "smb.dialect", "smb", "dialect", dialect),
    ("snmp", "snmp.version", "snmp", "version", |text| if text == "2" { "2c".to_owned() } else { text.to_owned() }),
    ("snmp", "snmp.pdu_type", "snmp", "pdu", |text| text.replace('_', "-")),
    ("tls", "tls.version", "ssl", "version", tls),
    ("tls", "tls.subject", "ssl", "subject", plain),
    ("tls", "tls.issuerdn", "ssl", "issuer", plain),
    ("tls", "tls.ja4", "ssl", "ja4", plain),
    ("tls", "tls.server_handshake.version", "ssl", "version", tls),
    ("tls", "tls.server_handshake.cipher", "ssl", "cipher", |text| format!("{:04x}", text.parse::<u16>().unwrap_or(0))),
];

fn plain(text: &str) -> String {
    text.to_owned()
}

/// Nothing is said of an address that is none.
fn address(text: &str) -> String {
    if text == "0.0.0.0" { String::new() } else { text.to_owned() }
}

/// Names of RFC 4120 §7.5.7.
fn kerberos(text: &str) -> String {
    match text {
        "KRB_ERROR" => "error".to_owned(),
        _ => text.trim_start_matches("KRB_").split('_').next().unwrap_or_default().to_owned(),
    }
}

fn starttls(oid: &str) -> String {
    if oid == "1.3.6.1.4.1.1466.20037" { "starttls".to_owned() } else { String::new() }
}

/// Protocol levels of MQTT (MQTT 3.1.1 and 5.0 §3.1.2.2).
fn mqtt(level: &str) -> String {
    match level {
        "3" => "3.1",
        "4" => "3.1.1",
        other => other,
    }
    .to_owned()
}

/// Dialects as \[MS-SMB2\] §2.2.4 names them.
fn dialect(text: &str) -> String {
    match text {
        "2.02" => "2.0.2",
        "2.10" => "2.1",
        "3.00" => "3.0",
        "3.02" => "3.0.2",
        "3.11" => "3.1.1",
        other => other,
    }
    .to_owned()
}

fn tls(text: &str) -> String {
    text.replace(' ', "v").replace('.', "")
}

/// The events that `text`, a `test.yaml`, expects at least once: each with its fields.
fn events(text: &str) -> Vec<BTreeMap<String, String>> {
    let unquoted = |value: &str| value.trim().trim_matches(['"', '\'']).trim_end_matches("\\u0000").to_owned();
    let mut all: Vec<(bool, BTreeMap<String, String>)> = Vec::new();
    for line in text.lines().map(|line| line.trim().trim_start_matches("- ")) {
        let Some((key, value)) = line.split_once(':') else { continue };
        match key {
            "filter" => all.push((true, BTreeMap::new())),
            "count" => all.last_mut().into_iter().for_each(|last| last.0 = value.trim() != "0"),
            // Of events that rules raise, the captures say nothing.
            _ => all.last_mut().into_iter().for_each(|last| drop(last.1.insert(key.to_owned(), unquoted(value)))),
        }
    }
    all.into_iter().filter(|(is_expected, _)| *is_expected).map(|(_, fields)| fields).collect()
}

fn captures(folder: &Path) -> Vec<PathBuf> {
    let tests = std::fs::read_dir(folder).expect("suricata-verify").map(|test| test.expect("a test").path());
    let files =
        tests.flat_map(|test| std::fs::read_dir(test).expect("a test").map(|file| file.expect("a file").path()));
    let mut captures: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|ending| ending == "pcap" || ending == "pcapng")).collect();
    captures.sort();
    captures
}

/// What `lines` hold in `field`, lists taken apart.
fn said(lines: &[Value], field: &str) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let values = lines.iter().map(|line| &line[field]).filter(|value| !value.is_null());
    values
        .flat_map(|value| value.as_array().map_or_else(|| vec![text(value)], |all| all.iter().map(text).collect()))
        .collect()
}

#[test]
fn values_that_suricata_verify_expects_are_said() {
    let Some(corpus) = corpus() else { return };
    let (mut compared, mut wrong) = (BTreeMap::<&str, usize>::new(), Vec::new());
    for capture in captures(&corpus.join("proto_corpus/suricata_verify")) {
        let expected = std::fs::read_to_string(capture.with_file_name("test.yaml")).unwrap_or_default();
        let (mut seen, mut logs) = (BTreeSet::new(), BTreeMap::new());
        for event in events(&expected) {
            for (kind, field, name, own, written) in SAME {
                let is_of_it = event.get("event_type").is_some_and(|event| event == kind);
                let wanted = event.get(*field).filter(|_| is_of_it).map(|value| written(value));
                let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) else { continue };
                if !seen.insert((*field, wanted.clone())) {
                    continue;
                }
                *compared.entry(kind).or_default() += 1;
                let said = said(logs.entry(name).or_insert_with(|| log(&capture, name)), own);
                if !said.contains(&wanted) {
                    wrong.push(format!("{}: {field} {wanted}, but {own} is {said:?}", capture.display()));
                }
            }
        }
    }
    println!("{compared:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared.len() >= 11 && compared.values().sum::<usize>() >= 80, "only {compared:?} were compared");
}
