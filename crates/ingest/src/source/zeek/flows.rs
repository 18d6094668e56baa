//! `conn.log` and `open_conn.log`: one conversation a row.

use super::fields::Entry;
use crate::Item;
use crate::item::{Reason, Row};
use crate::said::Teller;
use wardlight_model::cbor::lasting;
use wardlight_model::{ConnState, Direction, Flow, FlowId, FlowKey, Known, Service, Time, Transport};

/// Says the conversation of `entry`. Errors: what it lacks.
pub fn read(entry: &Entry, teller: &Teller<'_>, row: &mut Row) -> Result<(), Reason> {
    let end = |host: &str, port: &str| {
        let port = entry.number(port).and_then(|port| u16::try_from(port).ok());
        Some((entry.ip(host)?, port?))
    };
    let initiator = end("id.orig_h", "id.orig_p").ok_or("has no address and port of the originator")?;
    let responder = end("id.resp_h", "id.resp_p").ok_or("has no address and port of the responder")?;
    let transport = match entry.text("proto").unwrap_or_default() {
        "tcp" => Transport::TCP,
        "udp" => Transport::UDP,
        "icmp" if initiator.0.is_ipv6() => Transport::ICMPV6,
        "icmp" => Transport::ICMP,
        "sctp" => Transport::SCTP,
        _ => Transport(entry.number("ip_proto").and_then(|number| u8::try_from(number).ok()).unwrap_or_default()),
    };
    let way = |name: &str| Direction {
        packets: entry.number(&format!("{name}_pkts")).unwrap_or_default(),
        ip_bytes: entry.number(&format!("{name}_ip_bytes")).unwrap_or_default(),
        bytes: entry.number(&format!("{name}_bytes")).unwrap_or_default(),
        missed: 0,
    };
    let first = teller.time;
    let last = first.plus(entry.micros("duration").unwrap_or_default().max(0));
    let key = FlowKey { scope: teller.options.scope, transport, initiator, responder };
    let service = entry.all("service").next().map(|name| Service { name: lasting(name), known: Known::Content });
    row.give(Item::Flow(Flow {
        id: FlowId(row.number),
        key,
        macs: [entry.mac("orig_l2_addr"), entry.mac("resp_l2_addr")],
        hop_limits: [None; 2],
        vlan: entry.number("vlan").and_then(|vlan| u16::try_from(vlan).ok()).filter(|vlan| (1..=4094).contains(vlan)),
        first,
        last: last.max(Time::MIN),
        state: state(entry.text("conn_state").unwrap_or_default()),
        history: entry.text("history").unwrap_or_default().chars().take(32).collect(),
        sent: [way("orig"), way("resp")],
        service,
    }));
    Ok(())
}

fn state(name: &str) -> ConnState {
    match name {
        "S0" => ConnState::S0,
        "S1" => ConnState::S1,
        "SF" => ConnState::SF,
        "REJ" => ConnState::Rej,
        "S2" => ConnState::S2,
        "S3" => ConnState::S3,
        "RSTO" => ConnState::RstO,
        "RSTR" => ConnState::RstR,
        "RSTOS0" => ConnState::RstOS0,
        "RSTRH" => ConnState::RstRH,
        "SH" => ConnState::SH,
        "SHR" => ConnState::ShR,
        _ => ConnState::Oth,
    }
}
