//! The host of a URL, and percent-encoding.
//!
//! Source: RFC 3986 §2.1, §3.2.

use crate::codec::text;
use std::net::{IpAddr, Ipv6Addr};

/// Scheme and authority of `url` alone, such as `http://10.0.0.1:80`, without user name and password. `None` when it
/// has no authority.
#[must_use]
pub fn origin(url: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = url.windows(3).position(|window| window == b"://")?;
    let (scheme, rest) = (url.get(..at)?, url.get(at + 3..)?);
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    let host = authority.rsplit(|byte| *byte == b'@').next()?;
    (!host.is_empty()).then_some((scheme, host))
}

/// The network address that `url` names as its host.
#[must_use]
pub fn host_address(url: &[u8]) -> Option<IpAddr> {
    let host = std::str::from_utf8(origin(url)?.1).ok()?;
    match host.strip_prefix('[') {
        Some(v6) => {
            let v6 = v6.split(']').next()?.split('%').next()?;
            v6.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
        }
        None => host.split(':').next()?.parse().ok(),
    }
}

/// The host that a device's addresses `urls` name, when none of them is `sender`, who announced them: a relay speaks
/// for it. Addresses that only mean something to their owner, and those of another IP version, say nothing.
#[must_use]
pub fn elsewhere<'a>(urls: impl Iterator<Item = &'a [u8]>, sender: IpAddr) -> Option<IpAddr> {
    if !is_reachable(sender) {
        return None;
    }
    let mut other = None;
    for address in urls.filter_map(host_address) {
        if address == sender {
            return None;
        }
        if is_reachable(address) && address.is_ipv4() == sender.is_ipv4() {
            other = other.or(Some(address));
        }
    }
    other
}

fn is_reachable(address: IpAddr) -> bool {
    let is_local = match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !(is_local || address.is_loopback() || address.is_unspecified() || address.is_multicast())
}

/// The text that `raw` percent-encodes, fit to keep; `+` is a blank.
#[must_use]
pub fn decode(raw: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(raw.len().min(text::LONGEST));
    let mut rest = raw;
    while let ([byte, behind @ ..], true) = (rest, bytes.len() < text::LONGEST) {
        let coded = (*byte == b'%').then(|| behind.split_at_checked(2)).flatten();
        let coded = coded.and_then(|(digits, behind)| Some((hex_byte(digits)?, behind)));
        let (decoded, behind) = coded.unwrap_or((if *byte == b'+' { b' ' } else { *byte }, behind));
        bytes.push(decoded);
        rest = behind;
    }
    text::clean(&bytes).into_owned()
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_url_is_found() {
        let host = |url: &str| host_address(url.as_bytes()).map(|ip| ip.to_string());
        assert_eq!(host("http://10.0.0.1:80/x"), Some("10.0.0.1".to_owned()));
        assert_eq!(host("https://anna:secret@10.0.0.1/"), Some("10.0.0.1".to_owned()));
        assert_eq!(host("http://[fe80::1%25eth0]:5357/"), Some("fe80::1".to_owned()));
        assert_eq!(host("http://printer.local/"), None);
        assert_eq!(host("10.0.0.1"), None);
        assert_eq!(origin(b"http://anna:secret@h:1/p"), Some((&b"http"[..], &b"h:1"[..])));
    }

    #[test]
    fn a_relay_is_told_from_the_device() {
        let other = |urls: &str, sender: &str| {
            let sender = sender.parse().expect("address");
            elsewhere(urls.split(' ').map(str::as_bytes), sender).map(|ip| ip.to_string())
        };
        assert_eq!(other("http://10.0.0.1/ http://10.0.0.2/", "10.0.0.2"), None);
        assert_eq!(other("http://10.0.0.1/", "10.0.0.2"), Some("10.0.0.1".to_owned()));
        assert_eq!(other("http://127.0.0.1/ http://169.254.1.1/ http://pump/", "10.0.0.2"), None);
        assert_eq!(other("http://[2001:db8::1]/", "10.0.0.2"), None);
        assert_eq!(other("http://[2001:db8::1]/", "fe80::2"), None);
    }

    #[test]
    fn percent_encoding_is_undone() {
        assert_eq!(decode(b"Haus%20A+%C3%A4%2"), "Haus A ä%2");
        assert_eq!(decode(&b"%41".repeat(400)).len(), text::LONGEST);
    }
}
