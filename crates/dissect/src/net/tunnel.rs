//! Packets within packets: what tunnels and mirrors of switches carry.
//!
//! In comes the payload of an IP packet or UDP datagram, out goes what lies in it, as of any frame: nothing of the outer
//! stations and VLAN holds for it. Ports alone make no tunnel: its header must be as specified. Identifiers of virtual
//! networks (VNI, GRE key, TEID, session) are passed over: like VLANs they part segments, not routing domains, so what
//! comes out is in the scope of the sensor. What is encrypted or compressed stays closed.
//!
//! Sources: RFC 2003 and 4213 (IP in IP), RFC 2784 and 2890 (GRE), RFC 2637 §4.1 (GRE with PPP), RFC 3378 (EtherIP),
//! RFC 4023 (MPLS in IP), draft-foschiano-erspan-03 (types I to III), RFC 7348 (VXLAN), RFC 8926 (GENEVE), 3GPP TS 29.281
//! §5 (GTP-U), RFC 4380 §5.1.1 (Teredo).

use crate::codec::cursor::{Cursor, Short};
use crate::link::{Inside, Layers, bare, ethernet, radio, shim};
use wardlight_model::{Known, Port, Service};

/// The port of servers and relays of Teredo (RFC 4380 §2.7).
pub(crate) const TEREDO: Port = 3544;

/// What a tunnel carries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tunnel<'a> {
    /// What the tunnel is called, for the conversation that carries it.
    pub(crate) service: Service,
    /// What lies in it; [`Short`] when that ends within its headers.
    pub(crate) layers: Result<Layers<'a>, Short>,
}

impl<'a> Tunnel<'a> {
    const fn new(name: &'static str, known: Known, layers: Result<Layers<'a>, Short>) -> Self {
        Self { service: Service { name, known }, layers }
    }
}

/// The tunnel that an IP packet of `protocol` is; `None` when it is none.
pub(crate) fn in_ip(protocol: u8, payload: &[u8]) -> Option<Tunnel<'_>> {
    let cursor = Cursor::new(payload);
    let (name, layers) = match protocol {
        4 => ("ipip", Ok(bare(Inside::Ipv4, cursor))),
        41 => ("ipip", Ok(bare(Inside::Ipv6, cursor))),
        47 => gre(cursor),
        97 => ("etherip", etherip(cursor)),
        137 => ("mpls", shim::mpls(cursor)),
        _ => return None,
    };
    Some(Tunnel::new(name, Known::Content, layers))
}

/// The tunnel that a datagram to `port` is; `None` when it is none.
pub(crate) fn in_udp(port: Port, payload: &[u8]) -> Option<Tunnel<'_>> {
    let cursor = Cursor::new(payload);
    let (name, layers) = match port {
        4789 | 8472 => ("vxlan", vxlan(cursor)?),
        6081 => ("geneve", geneve(cursor)?),
        2152 => ("gtpu", gtpu(cursor)?),
        _ => return None,
    };
    Some(Tunnel::new(name, Known::PortAndContent, layers))
}

/// What a datagram of Teredo carries, which a client sends to a server or relay, or gets from one: `None` when it is none.
pub(crate) fn teredo(payload: &[u8]) -> Option<Tunnel<'_>> {
    let mut cursor = Cursor::new(payload);
    // Authentication, then the client's origin, each when there is one (RFC 4380 §5.1.1).
    if payload.starts_with(&[0, 1]) {
        cursor.skip(2).ok()?;
        let (client, value) = (cursor.u8().ok()?, cursor.u8().ok()?);
        cursor.skip(usize::from(client) + usize::from(value) + 9).ok()?;
    }
    if cursor.rest().starts_with(&[0, 0]) {
        cursor.skip(8).ok()?;
    }
    let packet = cursor.rest();
    let (head, length) = (cursor.u32().ok()?, cursor.u16().ok()?);
    cursor.skip(2).ok()?;
    let ends: [[u8; 16]; 2] = [cursor.array().ok()?, cursor.array().ok()?];
    let is_teredo = |end: &[u8; 16]| matches!(end, [0x20, 1, 0, 0, ..] | [0xfe, 0x80, ..]);
    // Bubbles may have something behind them.
    let fits = head >> 28 == 6 && usize::from(length) <= cursor.left() && ends.iter().any(is_teredo);
    let layers = Ok(bare(Inside::Ipv6, Cursor::new(packet)));
    fits.then(|| Tunnel::new("teredo", Known::PortAndContent, layers))
}

fn gre(cursor: Cursor<'_>) -> (&'static str, Result<Layers<'_>, Short>) {
    let mut head = cursor;
    let is_mirror = head.skip(2).is_ok() && matches!(head.u16(), Ok(0x88be | 0x22eb));
    (if is_mirror { "erspan" } else { "gre" }, behind_gre(cursor))
}

fn behind_gre(mut cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    let (flags, protocol) = (cursor.u16()?, cursor.u16()?);
    let has = |flag: u16| if flags & flag == 0 { 0 } else { 4 };
    match flags & 7 {
        // A routing field was given up by RFC 2784.
        0 if has(0x4000) == 0 => cursor.skip(has(0x8000) + has(0x2000) + has(0x1000))?,
        1 if protocol == 0x880b => {
            cursor.skip(has(0x2000) + has(0x1000) + has(0x0080))?;
            // Without payload it only acknowledges.
            return if has(0x1000) == 0 { Ok(bare(Inside::Nothing, cursor)) } else { shim::ppp(cursor) };
        }
        _ => return Ok(bare(Inside::Nothing, cursor)),
    }
    match protocol {
        // Keepalives of some routers.
        0 => Ok(bare(Inside::Nothing, cursor)),
        0x6558 => ethernet(cursor),
        // Type I has neither sequence number nor header.
        0x88be if has(0x1000) == 0 => ethernet(cursor),
        0x88be => mirrored(cursor, 1),
        0x22eb => mirrored(cursor, 2),
        // Aruba's access points, to their controller.
        0x8200..=0x83ff | 0x9000 => radio::plain(cursor.rest()),
        0x880b => shim::ppp(cursor),
        ethertype => shim::announced(ethertype, cursor),
    }
}

/// A mirrored frame behind the header of ERSPAN type II (version 1) or III (version 2). Its VLAN stands there when the
/// frame has lost it.
fn mirrored(mut cursor: Cursor<'_>, version: u16) -> Result<Layers<'_>, Short> {
    let first = cursor.u16()?;
    if first >> 12 != version {
        return Ok(bare(Inside::Nothing, cursor));
    }
    cursor.skip(6)?;
    let mut holds_packet = false;
    if version == 2 {
        cursor.skip(2)?;
        let flags = cursor.u16()?;
        cursor.skip(if flags & 1 == 1 { 8 } else { 0 })?;
        holds_packet = flags >> 10 & 0x1f == 2;
    }
    let layers = if holds_packet { packet(cursor)? } else { ethernet(cursor)? };
    let vlan = Some(first & 0x0fff).filter(|vlan| (1..=4094).contains(vlan));
    Ok(Layers { vlan: layers.vlan.or(vlan), ..layers })
}

/// An IP packet of the version that it states.
fn packet(cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    let version = cursor.rest().first().ok_or(Short)? >> 4;
    Ok(bare(if version == 6 { Inside::Ipv6 } else { Inside::Ipv4 }, cursor))
}

fn etherip(mut cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    match cursor.u16()? {
        0x3000 => ethernet(cursor),
        _ => Ok(bare(Inside::Nothing, cursor)),
    }
}

/// Behind flags, of which only that of the identifier and those of group policy may be set.
fn vxlan(mut cursor: Cursor<'_>) -> Option<Result<Layers<'_>, Short>> {
    let [flags, policy, _, _, _, _, _, reserved] = cursor.array::<8>().ok()?;
    let fits = flags & 0x7f == 0x08 && (policy & !0x48 == 0) && reserved == 0;
    fits.then(|| ethernet(cursor))
}

fn geneve(mut cursor: Cursor<'_>) -> Option<Result<Layers<'_>, Short>> {
    let [first, flags] = cursor.array().ok()?;
    let protocol = cursor.u16().ok()?;
    let [_, _, _, reserved] = cursor.array().ok()?;
    let is_known = matches!(protocol, 0x6558 | 0x0800 | 0x86dd | 0x8847);
    if first >> 6 != 0 || flags & 0x3f != 0 || reserved != 0 || !is_known {
        return None;
    }
    let options = usize::from(first & 0x3f) * 4;
    if cursor.skip(options).is_err() {
        return Some(Err(Short));
    }
    Some(if protocol == 0x6558 { ethernet(cursor) } else { shim::announced(protocol, cursor) })
}

/// A G-PDU of version 1: the user's packet behind the tunnel's identifier and extensions.
fn gtpu(mut cursor: Cursor<'_>) -> Option<Result<Layers<'_>, Short>> {
    let [flags, kind] = cursor.array().ok()?;
    let length = usize::from(cursor.u16().ok()?);
    let _identifier = cursor.u32().ok()?;
    if flags & 0xf8 != 0x30 || kind != 255 || length > cursor.left() + 8 {
        return None;
    }
    Some(behind_extensions(flags, Cursor::new(cursor.take_at_most(length))))
}

fn behind_extensions(flags: u8, mut cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    if flags & 7 != 0 {
        cursor.skip(3)?;
        let mut next = cursor.u8()?;
        while flags & 4 != 0 && next != 0 {
            let length = usize::from(cursor.u8()?) * 4;
            cursor.skip(length.checked_sub(2).ok_or(Short)?)?;
            next = cursor.u8()?;
        }
    }
    packet(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    const FRAME: &str = "0a0000000002 0a0000000001 0800 45";
    const TAGGED: &str = "0a0000000002 0a0000000001 8100 0007 0800 45";

    /// The tunnel's name, the VLAN and what is inside, when it ends with a first byte of an IPv4 packet.
    #[track_caller]
    fn check(protocol: u8, payload: &str, name: &str, vlan: Option<u16>) {
        let payload = bytes(payload);
        let tunnel = in_ip(protocol, &payload).expect("a tunnel");
        let layers = tunnel.layers.expect("whole");
        assert_eq!((tunnel.service.name, layers.vlan), (name, vlan));
        assert_eq!((layers.inside, layers.payload), (Inside::Ipv4, &[0x45][..]));
    }

    #[track_caller]
    fn check_udp(port: Port, payload: &str, name: Option<&str>) {
        let payload = bytes(payload);
        let tunnel = in_udp(port, &payload);
        assert_eq!(tunnel.as_ref().map(|tunnel| tunnel.service.name), name, "{payload:02x?}");
        if let Some(tunnel) = tunnel {
            let layers = tunnel.layers.expect("whole");
            assert_eq!((layers.inside, layers.payload), (Inside::Ipv4, &[0x45][..]));
        }
    }

    #[test]
    fn generic_routing_encapsulation_with_any_of_its_fields() {
        check(47, "0000 0800 45", "gre", None);
        check(47, "b000 0800 00000000 00000001 00000002 45", "gre", None);
        check(47, &format!("2000 6558 00000001 {TAGGED}"), "gre", Some(7));
        check(47, &format!("0000 8240 0801 0000 {} 0000 aaaa03 000000 0800 45", "0a".repeat(18)), "gre", None);
        check(47, "3081 880b 0003 0001 00000001 00000002 0021 45", "gre", None);
    }

    #[test]
    fn mirrors_of_all_three_types() {
        check(47, &format!("0000 88be {FRAME}"), "erspan", None);
        check(47, &format!("1000 88be 00000001 1064 0001 00000000 {FRAME}"), "erspan", Some(100));
        check(47, &format!("1000 88be 00000001 1064 0001 00000000 {TAGGED}"), "erspan", Some(7));
        check(47, &format!("1000 22eb 00000001 2064 0001 00000000 0000 0000 {FRAME}"), "erspan", Some(100));
        check(
            47,
            &format!("1000 22eb 00000001 2064 0001 00000000 0000 0001 0000000000000000 {FRAME}"),
            "erspan",
            Some(100),
        );
        check(47, "1000 22eb 00000001 2000 0001 00000000 0000 0800 45", "erspan", None);
    }

    #[test]
    fn packets_straight_within_packets() {
        check(4, "45", "ipip", None);
        check(97, &format!("3000 {FRAME}"), "etherip", None);
        assert_eq!(in_ip(6, &[0x45]), None);
        let six = in_ip(41, &[0x60]).expect("a tunnel").layers.expect("whole");
        assert_eq!(six.inside, Inside::Ipv6);
    }

    #[test]
    fn overlays_are_told_by_their_header_not_by_their_port_alone() {
        check_udp(4789, &format!("08000000 00006400 {FRAME}"), Some("vxlan"));
        check_udp(8472, &format!("88000010 00006400 {FRAME}"), Some("vxlan"));
        check_udp(4789, &format!("00000000 00006400 {FRAME}"), None);
        check_udp(4789, &format!("08000000 00006401 {FRAME}"), None);
        check_udp(4790, &format!("08000000 00006400 {FRAME}"), None);
        check_udp(6081, &format!("0000 6558 00000100 {FRAME}"), Some("geneve"));
        check_udp(6081, "0240 0800 00000100 0001 80 01 00000000 45", Some("geneve"));
        check_udp(6081, "4000 0800 00000100 45", None);
        check_udp(2152, "30 ff 0001 00000001 45", Some("gtpu"));
        check_udp(2152, "34 ff 0009 00000001 0000 00 85 01 0000 00 45", Some("gtpu"));
        check_udp(2152, "30 01 0001 00000001 45", None);
    }

    #[test]
    fn teredo_is_told_by_the_packet_within() {
        let six = "60000000 0000 3b40 20010000000000000000000000000001 20010db8000000000000000000000001";
        for (front, fits) in
            [("", true), ("0001 0000 0102030405060708 00", true), ("0000 63bf f5fffffa", true), ("01", false)]
        {
            let payload = bytes(&format!("{front} {six} 31"));
            assert_eq!(teredo(&payload).is_some(), fits, "{front}");
            for end in 0..payload.len() - 1 {
                assert_eq!(teredo(&payload[..end]), None, "{front} cut to {end}");
            }
        }
        assert_eq!(teredo(&bytes(&six.replace("20010000", "20010db8"))), None);
    }

    #[test]
    fn every_cut_is_short_never_a_panic() {
        let whole = [
            format!("b000 22eb 00000000 00000001 00000001 2064 0001 00000000 0000 0001 0000000000000000 {TAGGED}"),
            "3081 880b 0003 0001 00000001 00000002 0021 45".to_owned(),
            format!("08000000 00006400 {TAGGED}"),
            format!("0240 6558 00000100 0001 80 01 00000000 {TAGGED}"),
            "34 ff 0009 00000001 0000 00 85 01 0000 00 45".to_owned(),
        ];
        for text in whole {
            let payload = bytes(&text);
            for end in 0..payload.len() {
                for protocol in [4, 41, 47, 97, 137] {
                    let _ = in_ip(protocol, &payload[..end]);
                }
                for port in [4789, 6081, 2152] {
                    let _ = in_udp(port, &payload[..end]);
                }
            }
        }
    }
}
