//! What stands between a frame's header and its packet: MPLS labels, PPPoE, PPP.
//!
//! In comes what follows the EtherType, out goes what lies behind the shim. Stations and VLAN stay those of the frame,
//! except in an Ethernet pseudo-wire, which holds a frame of its own.
//!
//! Sources: RFC 3032 §2 and RFC 4928 (what follows a label stack), RFC 4385 §3 and RFC 4448 §4.6 (control word),
//! RFC 2516 §4 (PPPoE), RFC 1661 §2 and §6.5 (PPP, compressed protocol field), RFC 1662 §3.1 (address, control).

use super::{Inside, Layers, bare, ethernet, tagged};
use crate::codec::cursor::{Cursor, Short};
use crate::net;

/// EtherType of PPPoE sessions.
const PPPOE_SESSION: u16 = 0x8864;
/// EtherTypes of MPLS, to one and to many.
const MPLS: [u16; 2] = [0x8847, 0x8848];
/// Most labels read in one stack.
const LABELS: usize = 16;

/// What lies behind the shim that `ethertype` announces; `None` when it announces none.
pub(crate) fn behind(ethertype: u16, payload: &[u8]) -> Option<Result<Layers<'_>, Short>> {
    let cursor = Cursor::new(payload);
    match ethertype {
        PPPOE_SESSION => Some(pppoe(cursor)),
        ethertype if MPLS.contains(&ethertype) => Some(mpls(cursor)),
        _ => None,
    }
}

/// What stands behind a stack of labels: told by its first bits, since the labels' meaning is known to their routers alone.
pub(crate) fn mpls(mut cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    for _ in 0..LABELS {
        if cursor.u32()? & 0x100 != 0 {
            return behind_labels(cursor);
        }
    }
    Ok(bare(Inside::Nothing, cursor))
}

fn behind_labels(cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    let first = cursor.rest().first().ok_or(Short)? >> 4;
    // A station's address may begin like an IP packet: then what follows does not fit one.
    match first {
        4 if fits(net::ipv4(cursor.rest()), &cursor) => return Ok(bare(Inside::Ipv4, cursor)),
        6 if fits(net::ipv6(cursor.rest()), &cursor) => return Ok(bare(Inside::Ipv6, cursor)),
        // The channel of the routers themselves (RFC 4385 §5).
        1 => return Ok(bare(Inside::Nothing, cursor)),
        _ => {}
    }
    let mut behind_control = cursor;
    let has_control_word = first == 0 && behind_control.skip(4).is_ok() && is_frame(behind_control.rest());
    if has_control_word {
        return ethernet(behind_control);
    }
    if is_frame(cursor.rest()) {
        return ethernet(cursor);
    }
    Ok(bare(Inside::Nothing, cursor))
}

/// Whether a packet is as long as what holds it, but for the padding of the shortest frame.
fn fits(packet: Result<net::Packet<'_>, net::PacketError>, cursor: &Cursor<'_>) -> bool {
    let length = packet.ok().and_then(|packet| usize::try_from(packet.length).ok());
    length.is_some_and(|length| length + 46 >= cursor.left())
}

/// Whether bytes look like an Ethernet frame: a length that fits, or an EtherType in use.
fn is_frame(bytes: &[u8]) -> bool {
    const USED: [u16; 13] =
        [0x0800, 0x0806, 0x86dd, 0x8100, 0x88a8, 0x9100, 0x8847, 0x8848, 0x8863, 0x8864, 0x888e, 0x88cc, 0x8892];
    let mut cursor = Cursor::new(bytes);
    let ethertype = cursor.skip(12).and_then(|()| cursor.u16());
    ethertype
        .is_ok_and(|held| USED.contains(&held) || (3..0x0600).contains(&held) && usize::from(held) <= cursor.left())
}

/// A PPPoE session packet from its version on. What is no session data holds nothing.
pub(crate) fn pppoe(mut cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    let (version, code, _session) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    let length = usize::from(cursor.u16()?);
    if version != 0x11 || code != 0 {
        return Ok(bare(Inside::Nothing, cursor));
    }
    ppp(Cursor::new(cursor.take_at_most(length)))
}

/// A PPP packet, with or without address and control, its protocol in one byte or two.
pub(crate) fn ppp(mut cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    if cursor.rest().starts_with(&[0xff, 0x03]) {
        cursor.skip(2)?;
    }
    let first = u16::from(cursor.u8()?);
    let protocol = if first & 1 == 1 { first } else { first << 8 | u16::from(cursor.u8()?) };
    Ok(match protocol {
        0x0021 => bare(Inside::Ipv4, cursor),
        0x0057 => bare(Inside::Ipv6, cursor),
        // Bridged frames (RFC 3518 §4.2) and MPLS (RFC 3032 §4.3).
        0x0031 => {
            let flags = cursor.u16()?;
            if flags & 0xff == 1 { ethernet(cursor)? } else { bare(Inside::Nothing, cursor) }
        }
        0x0281 => mpls(cursor)?,
        other => bare(Inside::Ppp(other), cursor),
    })
}

/// What `ethertype` announces, without stations.
pub(crate) fn announced(ethertype: u16, cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    let (vlan, inside, payload) = tagged(ethertype, cursor)?;
    Ok(Layers { vlan, ..bare(inside, Cursor::new(payload)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    const IP: &str = "4500 0016 0001 0000 4011 0000 0a000001 0a000002 aabb";
    const FRAME: &str = "0a0000000002 0a0000000001 0800 45";

    #[track_caller]
    fn check(ethertype: u16, payload: &str, inside: Inside, begins: usize) {
        let payload = bytes(payload);
        let got = behind(ethertype, &payload).expect("a shim").expect("whole");
        assert_eq!((got.inside, got.payload), (inside, &payload[begins..]));
    }

    #[test]
    fn labels_are_passed_and_what_follows_is_told_by_its_bits() {
        check(0x8847, &format!("00010140 {IP}"), Inside::Ipv4, 4);
        check(0x8847, &format!("00010040 00020040 00030140 {IP} 000000000000"), Inside::Ipv4, 12);
        check(0x8848, &format!("00010140 6000 0000 0002 11 40 {} aabb", "00".repeat(32)), Inside::Ipv6, 4);
        check(0x8847, &format!("00010140 00000000 {FRAME}"), Inside::Ipv4, 22);
        check(0x8847, &format!("00010140 {FRAME}"), Inside::Ipv4, 18);
        check(0x8847, "00010140 4a0000000002 0a0000000001 0806 01", Inside::Ethertype(0x0806), 18);
        check(0x8847, "00010140 10000021 4500", Inside::Nothing, 4);
    }

    #[test]
    fn a_stack_without_end_is_given_up() {
        assert!(matches!(behind(0x8847, &[0; 400]), Some(Ok(Layers { inside: Inside::Nothing, .. }))));
        assert_eq!(behind(0x8847, &[0; 10]), Some(Err(Short)));
    }

    #[test]
    fn sessions_hold_what_ppp_says_and_end_where_their_length_says() {
        let payload = bytes("11 00 0001 0003 0021 45 ffff");
        let got = behind(0x8864, &payload).expect("a shim").expect("whole");
        assert_eq!((got.inside, got.payload), (Inside::Ipv4, &[0x45][..]));
        check(0x8864, "11 00 0001 0002 57 60", Inside::Ipv6, 7);
        check(0x8864, "11 00 0001 0005 ff03 c023 01", Inside::Ppp(0xc023), 10);
        check(0x8864, "11 a7 0001 0000", Inside::Nothing, 6);
    }

    #[test]
    fn other_ethertypes_are_no_shims() {
        assert_eq!(behind(0x0806, &[0; 40]), None);
    }
}
