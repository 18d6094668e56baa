//! One lease, whoever wrote it down.

use crate::Options;
use crate::item::Row;
use crate::said::Teller;
use std::net::IpAddr;
use wardlight_model::{Field, Mac, Time};

/// One lease.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lease {
    pub ip: Option<IpAddr>,
    pub mac: Option<Mac>,
    pub hostname: Option<String>,
    pub vendor_class: Option<String>,
    /// Client identifier, hexadecimal.
    pub client_id: Option<String>,
    /// DUID, hexadecimal.
    pub duid: Option<String>,
    /// When the server said so.
    pub time: Option<Time>,
    /// Whether the address is held; it is not when the lease ended, was refused or given back.
    pub is_held: bool,
}

impl Lease {
    /// Says what the lease tells.
    pub fn tell(&self, options: &Options<'_>, row: &mut Row) {
        let Some(time) = self.time else {
            row.note("has no time: read as of now");
            return Self { time: Some(options.now), ..self.clone() }.tell(options, row);
        };
        let teller = Teller { protocol: "dhcp", options, time };
        let ip = self.ip.filter(|_| self.is_held);
        let host = (self.mac, ip);
        if let Some(ip) = ip.filter(|_| self.mac.is_some() || self.duid.is_some()) {
            teller.fact(row, host, Field::Address, &ip.to_string());
        }
        let fields = [
            (Field::DhcpHostname, &self.hostname),
            (Field::DhcpVendorClass, &self.vendor_class),
            (Field::DhcpClientId, &self.client_id),
            (Field::Duid, &self.duid),
        ];
        for (field, value) in fields {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty() && *value != "*" && *value != "-") {
                teller.fact(row, host, field, value);
            }
        }
    }
}

/// Hexadecimal digits of `text`, marks between them left out; nothing when it has others.
pub fn hex(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-' | ' ')).collect();
    let is_hex = !digits.is_empty() && digits.len() <= 256 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| digits.to_lowercase())
}

/// A time such as `2026/11/22 10:00:00` in UTC.
pub fn utc(date: &str, time: &str) -> Option<Time> {
    let date = date.replace('/', "-");
    let local = format!("{date}T{time}").parse().ok()?;
    crate::said::moment(local, 0)
}
