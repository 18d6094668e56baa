//! Wiping of what reading payload leaves on the stack.
//!
//! Calls spill registers and keep short arrays on the stack. Nothing clears them when they return, and later values
//! with gaps between their fields carry such bytes on into longer-lived memory. So the stack below is overwritten as
//! soon as payload was read.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes of stack that reading one message is thought to use at most, beyond rare depths.
const DEPTH: usize = 8 << 10;

/// Overwrites the stack that calls of the caller have used.
#[inline(never)]
pub fn stack() {
    let mut room = [0u8; DEPTH];
    black_box(&mut room);
}

/// An IPv4 address whose unused bytes are zero.
///
/// An address of either family has room for sixteen bytes. The compiler leaves twelve of them as registers happen to
/// be, and these hold payload that was just copied. Addresses are kept long, so they begin here.
pub(crate) fn ipv4(ip: Ipv4Addr) -> IpAddr {
    let mut address = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    black_box(&mut address);
    address = IpAddr::V4(ip);
    *black_box(&mut address)
}

/// `ip` without payload in its unused bytes.
pub(crate) fn address(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => ipv4(ip),
        IpAddr::V6(_) => ip,
    }
}
