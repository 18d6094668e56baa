//! Network addresses that messages carry as plain bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address of one host that `raw` is: four bytes or sixteen. `None` for other lengths, and for addresses that no
/// host on a network has as its own (unspecified, loopback, multicast, broadcast).
#[must_use]
pub fn host(raw: &[u8]) -> Option<IpAddr> {
    let ip = match raw.len() {
        4 => IpAddr::V4(Ipv4Addr::from(*raw.first_chunk::<4>()?)),
        16 => IpAddr::V6(Ipv6Addr::from(*raw.first_chunk::<16>()?)),
        _ => return None,
    };
    let nobody = ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || ip == Ipv4Addr::BROADCAST;
    (!nobody).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_hosts_are_given() {
        assert_eq!(host(&[10, 0, 0, 7]), Some(IpAddr::from([10, 0, 0, 7])));
        assert_eq!(host(&[0xfd; 16]), Some(IpAddr::from([0xfd; 16])));
        for nobody in [&[0, 0, 0, 0][..], &[127, 0, 0, 1], &[224, 0, 0, 1], &[255; 4], &[255; 16], &[10, 0, 0]] {
            assert_eq!(host(nobody), None, "{nobody:?}");
        }
    }
}
