//! Lease files with one lease a line: Kea's memfile (CSV) and dnsmasq's.

use super::lease::{Lease, hex};
use crate::item::{Reason, Row};
use std::collections::BTreeMap;
use std::net::IpAddr;
use wardlight_model::Time;

/// The columns of a Kea lease file, as its first line names them.
#[derive(Default)]
pub struct Columns {
    names: Vec<String>,
}

impl Columns {
    /// Takes `text` when it is the header.
    pub fn header(&mut self, text: &str) -> bool {
        let is_header = text.starts_with("address,hwaddr,") || text.starts_with("address,duid,");
        if is_header {
            self.names = text.split(',').map(|name| name.trim().to_owned()).collect();
        }
        is_header
    }

    /// The lease in `text`; nothing when there was no header. Errors: why it is set aside.
    pub fn lease(&self, text: &str, row: &mut Row) -> Result<Option<Lease>, Reason> {
        if self.names.is_empty() {
            return Ok(None);
        }
        let cells: Vec<&str> = text.split(',').collect();
        if cells.len() < 5 || cells.len() > self.names.len() {
            return Err(format!("has {} of {} cells", cells.len(), self.names.len()).into());
        }
        if cells.len() < self.names.len() {
            // Columns that later versions have added.
            row.note(format!("has {} of {} cells", cells.len(), self.names.len()));
        }
        let cells: BTreeMap<&str, &str> = self.names.iter().map(String::as_str).zip(cells).collect();
        let cell = |name: &str| cells.get(name).copied().filter(|cell| !cell.is_empty());
        let number = |name: &str| cell(name).and_then(|cell| cell.parse::<i64>().ok());
        let ip: IpAddr = cell("address").and_then(|ip| ip.parse().ok()).ok_or("names no address")?;
        let expire = number("expire").ok_or("has no end")?;
        let lifetime = number("valid_lifetime").unwrap_or_default();
        // Prefixes that are handed on to others are nobody's address.
        let is_address = number("lease_type").is_none_or(|kind| kind == 0);
        let is_held = number("state").is_none_or(|state| state == 0) && lifetime > 0 && is_address;
        Ok(Some(Lease {
            ip: Some(ip),
            mac: cell("hwaddr").and_then(|mac| mac.parse().ok()),
            hostname: cell("hostname").map(|name| name.trim_end_matches('.').replace("&#x2c", ",")),
            vendor_class: None,
            client_id: cell("client_id").and_then(hex),
            duid: cell("duid").and_then(hex),
            time: Some(Time::from_seconds(expire.saturating_sub(lifetime))),
            is_held,
        }))
    }
}

/// A lease of dnsmasq's: end, hardware address (or IAID), address, name, client identifier. Nothing when `text` is none.
pub fn dnsmasq(text: &str) -> Option<Result<Lease, Reason>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [end, station, ip, name, client] = *words.first_chunk::<5>().filter(|_| words.len() == 5)?;
    end.parse::<u64>().ok()?;
    let Ok(ip) = ip.parse::<IpAddr>() else { return Some(Err("names no address".into())) };
    let (client_id, duid) = if ip.is_ipv6() { (None, hex(client)) } else { (hex(client), None) };
    let mac = station.rsplit('-').next().and_then(|mac| mac.parse().ok());
    let hostname = Some(name.to_owned());
    // The line says when the lease ends, and not when it began: it holds now.
    Some(Ok(Lease { ip: Some(ip), mac, hostname, client_id, duid, is_held: true, ..Lease::default() }))
}
