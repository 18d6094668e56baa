//! Network addresses as messages carry them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether `ip` can be the address of one host: not unspecified, loopback, multicast, broadcast or reserved.
#[must_use]
pub const fn is_host(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !(ip.octets()[0] == 0 || ip.is_loopback() || ip.octets()[0] >= 224),
        IpAddr::V6(ip) => !(ip.is_unspecified() || ip.is_loopback() || ip.is_multicast()),
    }
}

/// The address of one host that `raw` is: four bytes or sixteen. `None` for other lengths, and for addresses that are
/// no host's ([`is_host`]).
#[must_use]
pub fn host(raw: &[u8]) -> Option<IpAddr> {
    let ip = v4(raw).map(IpAddr::V4).or_else(|| v6(raw).map(IpAddr::V6));
    ip.filter(|ip| is_host(*ip))
}

/// The IPv4 address that `raw` consists of.
#[must_use]
pub fn v4(raw: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(raw).ok().map(Ipv4Addr::from)
}

/// The IPv6 address that `raw` consists of.
#[must_use]
pub fn v6(raw: &[u8]) -> Option<Ipv6Addr> {
    <[u8; 16]>::try_from(raw).ok().map(Ipv6Addr::from)
}

/// The IPv4 addresses that follow each other in `raw`, with their bytes; what is left over at the end is passed over.
pub fn v4_list(raw: &[u8]) -> impl Iterator<Item = (Ipv4Addr, &[u8])> {
    raw.as_chunks::<4>().0.iter().map(|four| (Ipv4Addr::from(*four), &four[..]))
}

/// The IPv6 addresses that follow each other in `raw`; what is left over at the end is passed over.
pub fn v6_list(raw: &[u8]) -> impl Iterator<Item = Ipv6Addr> {
    raw.as_chunks::<16>().0.iter().map(|sixteen| Ipv6Addr::from(*sixteen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_placeholders_are_no_hosts() {
        for ip in ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.251", "255.255.255.255", "::", "::1", "ff02::1"] {
            assert!(!is_host(ip.parse().expect("an address")), "{ip}");
        }
        for ip in ["10.0.0.5", "169.254.1.2", "192.0.2.255", "fe80::1", "2001:db8::5"] {
            assert!(is_host(ip.parse().expect("an address")), "{ip}");
        }
    }

    #[test]
    fn only_addresses_of_hosts_are_given() {
        assert_eq!(host(&[10, 0, 0, 7]), Some(IpAddr::from([10, 0, 0, 7])));
        assert_eq!(host(&[0xfd; 16]), Some(IpAddr::from([0xfd; 16])));
        for nobody in [&[0, 0, 0, 0][..], &[127, 0, 0, 1], &[224, 0, 0, 1], &[255; 4], &[255; 16], &[10, 0, 0]] {
            assert_eq!(host(nobody), None, "{nobody:?}");
        }
    }

    #[test]
    fn addresses_are_read_whole_or_not_at_all() {
        assert_eq!(v4(&[10, 0, 0]), None);
        assert_eq!(v4_list(&[10, 0, 0, 1, 10, 0, 0, 2, 9]).count(), 2);
        assert_eq!(v6(&[0; 15]), None);
        assert_eq!(v6_list(&[0; 33]).count(), 2);
    }
}
