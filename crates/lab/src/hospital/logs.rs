//! What others' logs say of the same conversations that the capture shows: Zeek's conn.log and dhcp.log, a DHCP
//! server's log, NetFlow version 9.
//!
//! Sources: Zeek documentation (base/protocols/conn, base/protocols/dhcp, ASCII writer), the messages of ISC dhcpd
//! (dhcpd.8 and its log), RFC 3954. Made from what was spoken, never from reading the capture.

use super::calendar::Moment;
use super::chance::wide;
use super::device::mac_text;
use super::play::{Leased, Spoken};
use super::{Hospital, Volume};
use crate::bytes::{Bytes, length};
use std::fmt::Write as _;
use std::net::IpAddr;
use wardlight_model::Time;

/// The logs of one scope over some time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logs {
    /// Zeek's conn.log.
    pub conn: String,
    /// Zeek's dhcp.log.
    pub dhcp: String,
    /// The lines of an ISC DHCP server.
    pub isc: String,
    /// NetFlow datagrams, each with the moment it was sent.
    pub netflow: Vec<(Time, Vec<u8>)>,
}

const CONN: &str = "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\t\
    conn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents";
const CONN_TYPES: &str = "time\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\t\
    string\tcount\tcount\tcount\tcount\tset[string]";
const DHCP: &str = "ts\tuids\tclient_addr\tserver_addr\tmac\thost_name\tclient_fqdn\tdomain\trequested_addr\tassigned_addr\t\
    lease_time\tclient_message\tserver_message\tmsg_types\tduration";
const DHCP_TYPES: &str = "time\tset[string]\taddr\taddr\tstring\tstring\tstring\tstring\taddr\taddr\tinterval\tstring\tstring\t\
    vector[string]\tinterval";

impl Hospital {
    /// The logs of `scope` between two moments: conversations that began and ended then.
    #[must_use]
    pub fn logs(&self, from: Time, until: Time, scope: u16) -> Logs {
        let mut playing = self.capture(from, until, Volume::Lean).only(scope).with_spoken();
        let mut frame = Vec::new();
        while playing.frame(&mut frame).is_some() {
            frame.clear();
        }
        let mut logs =
            Logs { conn: head("conn", CONN, CONN_TYPES), dhcp: head("dhcp", DHCP, DHCP_TYPES), ..Logs::default() };
        for leased in playing.take_leased() {
            self.lease(&mut logs, &leased);
        }
        let spoken = playing.take_spoken();
        for (n, spoken) in (0u64..).zip(&spoken) {
            logs.conn.push_str(&connection(spoken, n));
        }
        logs.netflow = flows(&spoken);
        logs
    }

    fn lease(&self, logs: &mut Logs, leased: &Leased) {
        let seconds = u64::try_from(leased.at.micros()).unwrap_or_default() / 1_000_000;
        let found = self.devices.get(leased.device).and_then(|device| Some((device, device.stay(seconds)?)));
        let Some((device, stay)) = found else { return };
        let Some(server) = self.role(device.scope, "directory").and_then(|server| self.end(server, 67, seconds)) else {
            return;
        };
        let (mac, host, ip) = (mac_text(stay.mac), device.host.as_str(), stay.ip);
        let relay = self.area(stay.spot.area).map_or_else(String::new, |area| area.host(1).to_string());
        let head = format!("{} dhcp1 dhcpd[812]: ", Moment::at(seconds).syslog());
        let named = if host.is_empty() { mac.clone() } else { format!("{mac} ({host})") };
        let mut say = |line: String| {
            logs.isc.push_str(&head);
            logs.isc.push_str(&line);
            logs.isc.push('\n');
        };
        let via = if leased.is_renewal { "eth0".to_owned() } else { relay };
        if !leased.is_renewal {
            say(format!("DHCPDISCOVER from {mac} via {via}"));
            say(format!("DHCPOFFER on {ip} to {named} via {via}"));
        }
        let by = if leased.is_renewal { String::new() } else { format!(" ({})", server.ip) };
        say(format!("DHCPREQUEST for {ip}{by} from {named} via {via}"));
        say(format!("DHCPACK on {ip} to {named} via {via}"));
        let kinds = if leased.is_renewal { "REQUEST,ACK" } else { "DISCOVER,OFFER,REQUEST,ACK" };
        let client = if leased.is_renewal { ip.to_string() } else { "-".to_owned() };
        let host = if host.is_empty() { "-" } else { host };
        let _ = writeln!(
            logs.dhcp,
            "{}\tC{:016x}\t{client}\t{}\t{mac}\t{host}\t-\thospital.example\t{ip}\t{ip}\t28800.000000\t-\t-\t{kinds}\t0.012000",
            stamp(leased.at),
            leased.at.micros(),
            server.ip
        );
    }
}

/// The head of a log as Zeek's ASCII writer has it.
fn head(path: &str, fields: &str, types: &str) -> String {
    format!(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{path}\n\
         #open\t2026-03-02-00-00-00\n#fields\t{fields}\n#types\t{types}\n"
    )
}

fn stamp(time: Time) -> String {
    format!("{}.{:06}", time.micros() / 1_000_000, time.micros() % 1_000_000)
}

fn connection(spoken: &Spoken, n: u64) -> String {
    let [orig, resp] = spoken.sent;
    let proto = if spoken.is_stream { "tcp" } else { "udp" };
    let known = ["dhcp", "dns", "http", "modbus", "ntp", "sip", "smb", "snmp", "ssl", "syslog"];
    let service = if known.contains(&spoken.service) { spoken.service } else { "-" };
    let duration = spoken.last.since(spoken.first);
    let (state, history) = match (spoken.is_stream, resp.packets > 0) {
        (true, _) => ("SF", "ShADadFf"),
        (false, true) => ("SF", "Dd"),
        (false, false) => ("S0", "D"),
    };
    format!(
        "{}\tC{n:08x}{:08x}\t{}\t{}\t{}\t{}\t{proto}\t{service}\t{}.{:06}\t{}\t{}\t{state}\tT\tT\t0\t{history}\t{}\t{}\t{}\t{}\t-\n",
        stamp(spoken.first),
        spoken.first.micros() % 0x7fff_ffff,
        spoken.client.0,
        spoken.client.1,
        spoken.server.0,
        spoken.server.1,
        duration / 1_000_000,
        duration % 1_000_000,
        orig.payload,
        resp.payload,
        orig.packets,
        orig.bytes,
        resp.packets,
        resp.bytes
    )
}

/// Fields of a flow record and their lengths (RFC 3954 §8): addresses, ports, protocol, packets, bytes, first, last.
const TEMPLATE: [(u16, u16); 9] = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 4), (1, 4), (22, 4), (21, 4)];
/// Conversations of one datagram, two records each.
const EACH: usize = 12;

/// The datagrams of an exporter that was started at the first conversation; the template comes with each.
fn flows(spoken: &[Spoken]) -> Vec<(Time, Vec<u8>)> {
    let is_four = |spoken: &&Spoken| spoken.client.0.is_ipv4() && spoken.server.0.is_ipv4();
    let four: Vec<&Spoken> = spoken.iter().filter(is_four).collect();
    let Some(booted) = four.iter().map(|spoken| spoken.first).min() else { return Vec::new() };
    let template =
        TEMPLATE.iter().fold(Bytes::default().u16(256).u16(9), |all, (kind, size)| all.u16(*kind).u16(*size));
    let mut sequence = 0u32;
    let datagrams = four.chunks(EACH).filter_map(|chunk| {
        let sent = chunk.iter().map(|spoken| spoken.last).max()?.plus(1_000_000);
        let records: Vec<u8> = chunk.iter().flat_map(|spoken| both(spoken, booted)).collect();
        let padding = records.len().next_multiple_of(4) - records.len();
        let set = Bytes::default().raw(&records).zeros(padding);
        let count = 1 + u16::try_from(chunk.len() * 2).unwrap_or_default();
        let head = Bytes::default().u16(9).u16(count).u32(millis(sent, booted));
        let head = head.u32(u32::try_from(sent.micros() / 1_000_000).unwrap_or_default()).u32(sequence).u32(7);
        sequence += 1;
        let sets =
            head.u16(0).u16(length::<u16>(&template.0) + 4).raw(&template).u16(256).u16(length::<u16>(&set.0) + 4);
        Some((sent, sets.raw(set).0))
    });
    datagrams.collect()
}

fn millis(time: Time, booted: Time) -> u32 {
    u32::try_from(time.since(booted) / 1_000).unwrap_or_default()
}

/// The two records of a conversation, each one way; one only when nobody answered.
fn both(spoken: &Spoken, booted: Time) -> Vec<u8> {
    let [orig, resp] = spoken.sent;
    let one = |from: (IpAddr, u16), to: (IpAddr, u16), sent: super::Sent| {
        let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let ip = |ip: IpAddr| match ip {
            IpAddr::V4(ip) => ip.octets(),
            IpAddr::V6(_) => [0; 4],
        };
        let ends = Bytes::default().raw(ip(from.0)).raw(ip(to.0)).u16(from.1).u16(to.1);
        let what = ends.u8(if spoken.is_stream { 6 } else { 17 }).u32(count(sent.packets)).u32(count(sent.bytes));
        what.u32(millis(spoken.first, booted)).u32(millis(spoken.last, booted)).0
    };
    [one(spoken.client, spoken.server, orig), one(spoken.server, spoken.client, resp)].concat()
}

/// How many rows a Zeek log has.
#[must_use]
pub fn rows(log: &str) -> u64 {
    wide(log.lines().filter(|line| !line.starts_with('#')).count())
}
