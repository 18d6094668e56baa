//! To which addresses a webhook may lead: never back into this machine, nor to what answers with secrets to whoever is near.
//!
//! In: an address, after names are resolved. Out: whether it may be asked. Every connection is made to an address that was
//! looked at, so that a name cannot lead elsewhere the second time.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where clouds tell a machine its own secrets, beside the link-local ones.
const METADATA: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// Whether an event may be sent to `ip`; to this very machine only when it `is_near`.
pub fn may_reach(ip: IpAddr, is_near: bool) -> bool {
    let ip = plain(ip);
    if is_near || ip.is_loopback() {
        return is_near && ip.is_loopback();
    }
    let is_barred = match ip {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_broadcast() || ip.octets().first() == Some(&0),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    !is_barred && !ip.is_unspecified() && !ip.is_multicast() && !METADATA.contains(&ip)
}

/// The IPv4 address that an IPv6 one stands for, if it does: mapped, compatible, translated (RFC 6052 §2.1) or by 6to4.
fn plain(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = ip else { return ip };
    let [a, b, c, d, e, f, g, h] = six.segments();
    let four = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        _ if six.is_loopback() || six.is_unspecified() => ip,
        (0, 0) if [c, d, e] == [0; 3] && (f == 0 || f == 0xffff) => four(g, h),
        (0x64, 0xff9b) => four(g, h),
        (0x2002, _) => four(b, c),
        _ => ip,
    }
}

/// Finds the addresses of names, and gives only those that may be asked.
pub struct Resolver {
    /// Whether that is this very machine.
    pub is_near: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let is_near = self.is_near;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| may_reach(address.ip(), is_near)).collect();
            if allowed.is_empty() {
                return Err(io::Error::other("the name leads to no address that events may be sent to").into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_machines_are_reached_unless_this_one_is_meant() {
        let of = |text: &str| text.parse::<IpAddr>().expect("an address");
        for good in ["10.1.2.3", "192.168.0.9", "172.16.0.1", "8.8.8.8", "fd12::1", "2001:db8::1", "64:ff9b::808:808"] {
            assert_eq!([may_reach(of(good), false), may_reach(of(good), true)], [true, false], "{good}");
        }
        for bad in [
            "169.254.169.254",
            "169.254.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "255.255.255.255",
            "239.1.1.1",
            "100.100.100.200",
            "192.0.0.192",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "::",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            assert_eq!([may_reach(of(bad), false), may_reach(of(bad), true)], [false, false], "{bad}");
        }
        for own in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "2002:7f00:1::"] {
            assert_eq!([may_reach(of(own), false), may_reach(of(own), true)], [false, true], "{own}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_here_leads_nowhere() {
        let name = || "localhost".parse::<Name>().expect("a name");
        assert!(Resolver { is_near: false }.resolve(name()).await.is_err());
        assert!(Resolver { is_near: true }.resolve(name()).await.expect("it is here").next().is_some());
    }
}
