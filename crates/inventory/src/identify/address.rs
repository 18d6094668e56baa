//! What an address says by itself: private or public, made from a hardware address, virtual.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use wardlight_model::Mac;

/// Whether one host can have `ip` as its own and send from it.
pub(super) fn is_host(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, ..] = ip.octets();
            first != 0 && first != 127 && first < 224
        }
        IpAddr::V6(ip) => !ip.is_multicast() && !ip.is_unspecified() && !ip.is_loopback(),
    }
}

/// Whether `ip` belongs to no registry: private use (RFC 1918), shared (RFC 6598), link-local, unique local (RFC 4193).
pub(crate) fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local() || is_shared(ip),
        IpAddr::V6(ip) => matches!(ip.segments()[0] & 0xfe00, 0xfc00) || is_link_local_v6(ip),
    }
}

/// Whether `ip` means something on its own link only.
pub(crate) fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => is_link_local_v6(ip),
    }
}

fn is_link_local_v6(ip: Ipv6Addr) -> bool {
    let [first, ..] = ip.segments();
    first & 0xffc0 == 0xfe80
}

fn is_shared(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    first == 100 && second & 0xc0 == 64
}

/// The network that `ip` most likely lies in: /24 or /64. Only for telling neighbours apart, never shown.
pub(super) fn network(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip) >> 8),
        IpAddr::V6(ip) => u128::from(ip) >> 64,
    }
}

/// The hardware address inside an IPv6 interface identifier (RFC 4291 appendix A).
pub(super) fn mac_of_v6(ip: IpAddr) -> Option<Mac> {
    let IpAddr::V6(ip) = ip else { return None };
    let [.., a, b, c, 0xff, 0xfe, d, e, f] = ip.octets() else { return None };
    Some(Mac([a ^ 2, b, c, d, e, f])).filter(|mac| mac.is_station())
}

/// The hardware address inside an EUI-64 in hexadecimal (`ff:fe` or `ff:ff` in the middle, IEEE guidelines for EUI).
pub(crate) fn mac_of_eui64(text: &str) -> Option<Mac> {
    let number = u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16)?;
    let [a, b, c, 0xff, 0xfe | 0xff, d, e, f] = number.to_be_bytes() else { return None };
    Some(Mac([a, b, c, d, e, f])).filter(|mac| mac.is_station())
}

/// The hardware address inside a DUID in hexadecimal: DUID-LLT and DUID-LL on Ethernet (RFC 8415 §11.2, §11.4).
pub(super) fn mac_of_duid(text: &str) -> Option<Mac> {
    let rest =
        text.strip_prefix("00010001").and_then(|rest| rest.get(8..)).or_else(|| text.strip_prefix("00030001"))?;
    rest.parse().ok().filter(|mac: &Mac| mac.is_station())
}

/// Which protocol a virtual router's hardware address belongs to.
pub(super) fn virtual_router(mac: Mac) -> Option<&'static str> {
    match mac.0 {
        [0x00, 0x00, 0x5e, 0x00, 0x01 | 0x02, _] => Some("VRRP or CARP (RFC 9568 §7.3)"),
        [0x00, 0x00, 0x0c, 0x07, 0xac, _] => Some("HSRP (RFC 2281 §4)"),
        [0x00, 0x00, 0x0c, 0x9f, 0xf0..=0xff, _] => Some("HSRP version 2"),
        [0x00, 0x05, 0x73, 0xa0, 0x00..=0x0f, _] => Some("HSRP for IPv6"),
        [0x00, 0x07, 0xb4, 0x00..=0x03, _, _] => Some("GLBP"),
        _ => None,
    }
}

/// How many routers a packet with TTL or hop limit `ttl` has passed, assuming the usual initial values 64, 128 and
/// 255; `None` when that cannot be told: low values are often chosen on purpose, 60 is an initial value of old systems.
pub(super) fn hops(ttl: u8) -> Option<u8> {
    let initial = [64u8, 128, 255].into_iter().find(|initial| ttl <= *initial)?;
    let passed = initial - ttl;
    (ttl > 32 && ttl != 60 && passed <= 24).then_some(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_are_sorted_by_their_reach() {
        for text in ["10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.1.1", "fd00::1", "fe80::1"] {
            assert!(is_private(ip(text)) && is_host(ip(text)), "{text}");
        }
        for text in ["8.8.8.8", "2001:db8::1", "172.32.0.1", "100.128.0.1"] {
            assert!(!is_private(ip(text)) && is_host(ip(text)), "{text}");
        }
        for text in ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"] {
            assert!(!is_host(ip(text)), "{text}");
        }
    }

    #[test]
    fn hardware_addresses_are_found_inside_others() {
        let mac: Mac = "00:1b:21:3c:4d:5e".parse().unwrap();
        assert_eq!(mac_of_v6(ip("fe80::21b:21ff:fe3c:4d5e")), Some(mac));
        assert_eq!(mac_of_v6(ip("fe80::1")), None);
        assert_eq!(mac_of_eui64("001b21fffe3c4d5e"), Some(mac));
        assert_eq!(mac_of_eui64("001b21ffff3c4d5e"), Some(mac));
        assert_eq!(mac_of_eui64("001b2100003c4d5e"), None);
        assert_eq!(mac_of_duid("00030001001b213c4d5e"), Some(mac));
        assert_eq!(mac_of_duid("0001000112345678001b213c4d5e"), Some(mac));
        assert_eq!(mac_of_duid("00020000ab11001b213c4d5e"), None);
        assert_eq!(mac_of_duid("00030001"), None);
    }

    #[test]
    fn hops_are_counted_from_the_usual_initial_values() {
        let cases = [(64, Some(0)), (63, Some(1)), (127, Some(1)), (255, Some(0)), (250, Some(5))];
        for (ttl, passed) in cases.into_iter().chain([(60, None), (32, None), (4, None), (0, None), (200, None)]) {
            assert_eq!(hops(ttl), passed, "{ttl}");
        }
    }
}
