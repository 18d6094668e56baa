//! One device, and where it was when.

use super::place::Spot;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A real device of the hospital, whether anything sees it or not.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    /// Which model.
    pub(crate) model: usize,
    pub(crate) serial: String,
    pub(crate) firmware: String,
    pub(crate) host: String,
    /// Application entity title; empty without one.
    pub(crate) ae: String,
    /// The running number among those of its model, from 1.
    pub(crate) number: u64,
    /// The address on the board that it was bought with; the network may show another.
    pub(crate) first_mac: [u8; 6],
    /// Whether its hardware address is random, and never in anybody's records.
    pub(crate) is_random: bool,
    pub(crate) speaks_v6: bool,
    /// The device that speaks for it.
    pub(crate) behind: Option<usize>,
    /// Whether that one translates addresses, rather than speaking itself.
    pub(crate) is_translated: bool,
    pub(crate) scope: u16,
    /// In order of time, not overlapping.
    pub(crate) stays: Vec<Stay>,
}

/// A time in which a device has one address at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stay {
    /// Seconds since 1970-01-01.
    pub(crate) from: u64,
    pub(crate) until: u64,
    pub(crate) mac: [u8; 6],
    /// Unspecified for nested devices.
    pub(crate) ip: Ipv4Addr,
    pub(crate) spot: Spot,
    /// The switch or access point (a device), and the port of the switch; 0 at an access point.
    pub(crate) at: Option<usize>,
    pub(crate) port: u16,
}

impl Device {
    /// Where it is at this second; `None` when it is not here.
    pub(crate) fn stay(&self, seconds: u64) -> Option<&Stay> {
        let after = self.stays.partition_point(|stay| stay.from <= seconds);
        self.stays.get(after.checked_sub(1)?).filter(|stay| seconds < stay.until)
    }

    /// Its link-local IPv6 address (RFC 4291 §2.5.6, appendix A).
    pub(crate) fn link_local(mac: [u8; 6]) -> Ipv6Addr {
        let [a, b, c, d, e, f] = mac;
        let words = [u16::from_be_bytes([a ^ 2, b]), u16::from_be_bytes([c, 0xff]), u16::from_be_bytes([0xfe, d])];
        let [first, second, third] = words;
        Ipv6Addr::new(0xfe80, 0, 0, 0, first, second, third, u16::from_be_bytes([e, f]))
    }
}

/// A hardware address in the usual form.
pub(crate) fn mac_text(mac: [u8; 6]) -> String {
    let [a, b, c, d, e, f] = mac;
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}
