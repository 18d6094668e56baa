//! Suricata's EVE log: flows, and what hosts say of themselves. Payloads, user names, mail and paths are passed over.

use super::{Gives, Head, Info, Source, Sureness};
use crate::item::{Reason, Row, Rows};
use crate::json::Object;
use crate::lines::{FOREIGN, Line, Lines};
use crate::said::Teller;
use crate::{Item, Options, ReadError, Tally};
use std::io::Read;
use std::net::IpAddr;
use wardlight_model::cbor::lasting;
use wardlight_model::{ConnState, Direction, Field, Flow, FlowId, FlowKey, Known, Mac, Service, Time, Transport};

pub(super) const ENTRY: Eve = Eve;

pub(super) struct Eve;

impl Source for Eve {
    fn info(&self) -> &'static Info {
        &Info {
            name: "eve",
            what: "Suricata's EVE log, JSON lines",
            source: "Suricata 8 user guide §19.1.2, EVE JSON Format; etc/schema.json",
            gives: Gives::Traffic,
        }
    }

    fn probe(&self, head: &Head<'_>) -> Sureness {
        let text = head.text();
        let first = text.lines().next().unwrap_or_default();
        let is_eve = first.starts_with('{') && first.contains("\"event_type\"") && first.contains("\"timestamp\"");
        if is_eve { Sureness::Sure } else { Sureness::No }
    }

    fn read(&self, from: &mut dyn Read, options: &Options<'_>, give: &mut dyn FnMut(Item)) -> Result<Tally, ReadError> {
        let mut lines = Lines::new(from)?;
        let mut rows = Rows::new(give);
        while let Some(line) = lines.next()? {
            if !line.text.trim().is_empty() {
                rows.row(line.number, |row| event(&line, options, row));
            }
        }
        Ok(rows.tally())
    }
}

/// Columns that are facts as they stand: kind of event, path, whether the source's, field.
const PLAIN: &[(&str, &str, bool, Field)] = &[
    ("http", "http.http_user_agent", true, Field::UserAgent),
    ("http", "http.hostname", true, Field::HttpHost),
    ("http", "http.server", false, Field::HttpServer),
    ("tls", "tls.sni", true, Field::TlsServerName),
    ("tls", "tls.subject", false, Field::CertificateSubject),
    ("tls", "tls.issuerdn", false, Field::CertificateIssuer),
    ("tls", "tls.ja4", true, Field::Ja4),
    ("ssh", "ssh.client.software_version", true, Field::SshBanner),
    ("ssh", "ssh.server.software_version", false, Field::SshBanner),
    ("ssh", "ssh.client.hassh.hash", true, Field::Hassh),
    ("ssh", "ssh.server.hassh.hash", false, Field::HasshServer),
    ("smb", "smb.ntlmssp.host", true, Field::NtlmComputer),
    ("smb", "smb.ntlmssp.domain", true, Field::Domain),
    ("smb", "smb.dialect", false, Field::SmbDialect),
    ("smb", "smb.request.native_os", true, Field::SmbNativeOs),
    ("smb", "smb.response.native_os", false, Field::SmbNativeOs),
    ("snmp", "snmp.version", false, Field::SnmpVersion),
];

/// Reads one line. Errors: why it is set aside.
fn event(line: &Line, options: &Options<'_>, row: &mut Row) -> Result<(), Reason> {
    if line.is_cut {
        return Err("longer than a line may be".into());
    }
    if line.is_foreign {
        row.note(FOREIGN);
    }
    let event = Object::read(line.text.as_bytes()).map_err(Reason::from)?;
    if event.doubled > 0 {
        row.note("a name comes more than once: its first value is taken");
    }
    let kind = event.text("event_type").ok_or("has no kind of event")?;
    let time = event.text("timestamp").as_deref().and_then(moment).ok_or("has no time")?;
    let teller = Teller { protocol: "eve", options, time };
    match kind.as_str() {
        "flow" | "netflow" => return flow(&event, &kind, &teller, row),
        "dhcp" => dhcp(&event, &teller, row),
        "dns" => dns(&event, &teller, row),
        "arp" => arp(&event, &teller, row),
        _ => {}
    }
    for (_, path, is_source, field) in PLAIN.iter().filter(|(of, ..)| *of == kind) {
        if let Some(value) = event.text(path) {
            let end = if *is_source { source(&event) } else { destination(&event) };
            teller.fact(row, end, *field, &value);
        }
    }
    if let Some(version) = event.text("tls.version").filter(|_| kind == "tls") {
        teller.fact(row, destination(&event), Field::TlsVersion, version.trim_start_matches("TLS ").trim());
    }
    Ok(())
}

/// `2026-11-22T12:00:00.123456+0000`: RFC 3339 but for the colon.
fn moment(text: &str) -> Option<Time> {
    let (whole, minutes) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let is_bare = whole.get(whole.len().checked_sub(3)?..).is_some_and(|sign| sign.starts_with(['+', '-']));
    let text = if is_bare { format!("{whole}:{minutes}") } else { text.to_owned() };
    text.parse::<jiff::Timestamp>().ok().map(|moment| Time::from_micros(moment.as_microsecond()))
}

fn mac(event: &Object, path: &str) -> Option<Mac> {
    event.text(path)?.parse().ok()
}

fn source(event: &Object) -> (Option<Mac>, Option<IpAddr>) {
    (mac(event, "ether.src_mac"), event.text("src_ip").and_then(|ip| ip.parse().ok()))
}

fn destination(event: &Object) -> (Option<Mac>, Option<IpAddr>) {
    (mac(event, "ether.dest_mac"), event.text("dest_ip").and_then(|ip| ip.parse().ok()))
}

/// A conversation. `flow` counts both ways, `netflow` one.
fn flow(event: &Object, kind: &str, teller: &Teller<'_>, row: &mut Row) -> Result<(), Reason> {
    let port = |path: &str| event.number(path).and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
    let (from, to) = (source(event), destination(event));
    let initiator = (from.1.ok_or("has no source address")?, port("src_port"));
    let responder = (to.1.ok_or("has no destination address")?, port("dest_port"));
    let number = |name: &str| event.number(&format!("{kind}.{name}")).unwrap_or_default();
    let time = |name: &str| event.text(&format!("{kind}.{name}")).as_deref().and_then(moment);
    let way = |packets: &str, bytes: &str| Direction {
        packets: number(packets),
        ip_bytes: number(bytes),
        ..Direction::default()
    };
    let sent = match kind {
        "flow" => [way("pkts_toserver", "bytes_toserver"), way("pkts_toclient", "bytes_toclient")],
        _ => [way("pkts", "bytes"), Direction::default()],
    };
    let service = event.text("app_proto").filter(|name| !matches!(name.as_str(), "failed" | "unknown"));
    let first = time("start").unwrap_or(teller.time);
    row.give(Item::Flow(Flow {
        id: FlowId(event.number("flow_id").unwrap_or(row.number)),
        key: FlowKey { scope: teller.options.scope, transport: transport(event), initiator, responder },
        macs: [from.0, to.0],
        hop_limits: [None; 2],
        vlan: event
            .at("vlan")
            .and_then(|vlan| vlan.get(0).unwrap_or(vlan).as_u64())
            .and_then(|vlan| u16::try_from(vlan).ok()),
        first,
        last: time("end").unwrap_or(teller.time).max(first),
        state: state(event),
        history: String::new(),
        sent,
        service: service.map(|name| Service { name: lasting(&name), known: Known::Content }),
    }));
    Ok(())
}

fn transport(event: &Object) -> Transport {
    match event.text("proto").unwrap_or_default().to_uppercase().as_str() {
        "TCP" => Transport::TCP,
        "UDP" => Transport::UDP,
        "ICMP" => Transport::ICMP,
        "IPV6-ICMP" | "ICMPV6" => Transport::ICMPV6,
        "SCTP" => Transport::SCTP,
        _ => Transport(event.number("proto").and_then(|number| u8::try_from(number).ok()).unwrap_or_default()),
    }
}

/// Zeek's name for what Suricata calls the state and the flags of both ways tell.
fn state(event: &Object) -> ConnState {
    let flag = |name: &str| event.at(&format!("tcp.{name}")).and_then(serde_json::Value::as_bool).unwrap_or_default();
    let is_answered = event.number("flow.pkts_toclient").unwrap_or_default() > 0;
    match event.text("flow.state").as_deref() {
        Some("closed") if flag("fin") => ConnState::SF,
        Some("new") if flag("syn") && flag("rst") && is_answered => ConnState::Rej,
        Some("new") if flag("syn") && !is_answered => ConnState::S0,
        Some("established") if flag("syn") => ConnState::S1,
        _ => ConnState::Oth,
    }
}

fn dhcp(event: &Object, teller: &Teller<'_>, row: &mut Row) {
    let ip = |path: &str| event.text(path).and_then(|ip| ip.parse::<IpAddr>().ok()).filter(|ip| !ip.is_unspecified());
    let is_ack = event.text("dhcp.dhcp_type").as_deref() == Some("ack");
    let assigned = ip("dhcp.assigned_ip").filter(|_| is_ack);
    let client = (mac(event, "dhcp.client_mac"), assigned);
    if let (Some(_), Some(ip)) = client {
        teller.fact(row, client, Field::Address, &ip.to_string());
    }
    for (path, field) in
        [("dhcp.hostname", Field::DhcpHostname), ("dhcp.vendor_class_identifier", Field::DhcpVendorClass)]
    {
        if let Some(value) = event.text(path) {
            teller.fact(row, client, field, &value);
        }
    }
}

/// Questions, and the names that answers give to addresses; version 2 and 3 of the log.
fn dns(event: &Object, teller: &Teller<'_>, row: &mut Row) {
    let is_question = matches!(event.text("dns.type").as_deref(), Some("query" | "request"));
    let asked = event
        .text("dns.rrname")
        .or_else(|| event.at("dns.queries")?.get(0)?.get("rrname")?.as_str().map(str::to_owned));
    if let Some(name) = asked.filter(|_| is_question) {
        teller.fact(row, source(event), Field::DnsQuery, &name);
        return;
    }
    let answers = event.at("dns.answers").and_then(serde_json::Value::as_array);
    for answer in answers.into_iter().flatten().take(64) {
        let text = |name: &str| answer.get(name).and_then(serde_json::Value::as_str);
        if let (Some("A" | "AAAA"), Some(name), Some(ip)) =
            (text("rrtype"), text("rrname"), text("rdata").and_then(|ip| ip.parse().ok()))
        {
            teller.fact(row, (None, Some(ip)), Field::DnsName, name);
        }
    }
}

fn arp(event: &Object, teller: &Teller<'_>, row: &mut Row) {
    let ip = event.text("arp.src_ip").and_then(|ip| ip.parse::<IpAddr>().ok());
    let sender = (mac(event, "arp.src_mac"), ip);
    if let (Some(_), Some(ip)) = sender {
        teller.fact(row, sender, Field::Address, &ip.to_string());
    }
}
