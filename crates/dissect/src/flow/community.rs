//! Community ID: the same name for the same conversation in every tool that knows it.
//!
//! Source: Community ID specification version 1 (corelight/community-id-spec), seed 0. Output only.

use sha1::{Digest, Sha1};
use std::net::IpAddr;
use wardlight_model::{FlowKey, Transport};

/// The Community ID of the conversation `key`, such as `1:wCb3OG7yAFWelaUydu0D+125CLM=`.
#[must_use]
pub fn community_id(key: &FlowKey) -> String {
    let one_way = is_one_way(key);
    let (mut from, mut to) = (key.initiator, key.responder);
    if !one_way && (to.0, to.1) < (from.0, from.1) {
        std::mem::swap(&mut from, &mut to);
    }
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    for ip in [from.0, to.0] {
        match ip {
            IpAddr::V4(ip) => hash.update(ip.octets()),
            IpAddr::V6(ip) => hash.update(ip.octets()),
        }
    }
    hash.update([key.transport.0, 0]);
    if has_ports(key.transport) {
        hash.update(from.1.to_be_bytes());
        hash.update(to.1.to_be_bytes());
    }
    format!("1:{}", base64(&hash.finalize()))
}

const fn has_ports(transport: Transport) -> bool {
    matches!(transport, Transport::ICMP | Transport::TCP | Transport::UDP | Transport::ICMPV6 | Transport::SCTP)
}

/// ICMP messages without a counterpart keep their direction: their "ports" are type and code.
fn is_one_way(key: &FlowKey) -> bool {
    let counterpart = match key.transport {
        Transport::ICMP => icmp_counterpart(key.initiator.1),
        Transport::ICMPV6 => icmpv6_counterpart(key.initiator.1),
        _ => return false,
    };
    counterpart.is_none()
}

/// The ICMP type that answers `kind`, or that it answers.
#[must_use]
pub fn icmp_counterpart(kind: u16) -> Option<u16> {
    Some(match kind {
        0 => 8,
        8 => 0,
        9 => 10,
        10 => 9,
        13 => 14,
        14 => 13,
        15 => 16,
        16 => 15,
        17 => 18,
        18 => 17,
        _ => return None,
    })
}

/// The ICMPv6 type that answers `kind`, or that it answers.
#[must_use]
pub fn icmpv6_counterpart(kind: u16) -> Option<u16> {
    Some(match kind {
        128 => 129,
        129 => 128,
        130 => 131,
        131 => 130,
        133 => 134,
        134 => 133,
        135 => 136,
        136 => 135,
        139 => 140,
        140 => 139,
        144 => 145,
        145 => 144,
        _ => return None,
    })
}

/// Base64 with padding, RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * place) & 63).ok().and_then(|at| DIGITS.get(at));
            text.push(if place > chunk.len() { '=' } else { digit.copied().map_or('=', char::from) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardlight_model::Scope;

    #[track_caller]
    fn check(transport: Transport, from: (&str, u16), to: (&str, u16), expected: &str) {
        let end = |(ip, port): (&str, u16)| (ip.parse().expect("address"), port);
        let key = FlowKey { scope: Scope(0), transport, initiator: end(from), responder: end(to) };
        assert_eq!(community_id(&key), expected);
    }

    // Expected values: the baseline files of the specification's own repository.
    #[test]
    fn values_are_those_of_the_specification() {
        check(Transport::TCP, ("128.232.110.120", 34855), ("66.35.250.204", 80), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        check(Transport::TCP, ("66.35.250.204", 80), ("128.232.110.120", 34855), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        check(Transport::UDP, ("192.168.1.52", 54585), ("8.8.8.8", 53), "1:d/FP5EW3wiY1vCndhwleRRKHowQ=");
        check(Transport::ICMP, ("192.168.0.89", 8), ("192.168.0.1", 0), "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=");
        check(
            Transport::ICMPV6,
            ("fe80::200:86ff:fe05:80da", 135),
            ("fe80::260:97ff:fe07:69ea", 136),
            "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=",
        );
    }
}
