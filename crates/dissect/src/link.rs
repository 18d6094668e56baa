//! Frames as the capture holds them: which stations, which VLAN, what is inside.
//!
//! Sources: IEEE 802.3-2018 clause 3, IEEE 802.1Q-2018 clause 9, IEEE 802.2 (LLC) and 802 §9 (SNAP), the LINKTYPE_
//! registry of the tcpdump group.

pub(crate) mod radio;
pub(crate) mod shim;

use crate::codec::cursor::{Cursor, Short};
use wardlight_model::Mac;

/// How the frames of a capture begin: a number of the LINKTYPE_ registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// BSD loopback, address family in the byte order of the capturing machine.
    pub const NULL: Self = Self(0);
    /// IEEE 802.3 Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// PPP, with or without its HDLC address.
    pub const PPP: Self = Self(9);
    /// PPP in frames like those of HDLC.
    pub const PPP_HDLC: Self = Self(50);
    /// PPPoE session, from its own header on.
    pub const PPP_ETHER: Self = Self(51);
    /// Raw IPv4 or IPv6.
    pub const RAW: Self = Self(101);
    /// HDLC as Cisco's routers frame it.
    pub const C_HDLC: Self = Self(104);
    /// IEEE 802.11.
    pub const WLAN: Self = Self(105);
    /// OpenBSD loopback, address family big-endian.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture v1.
    pub const LINUX_SLL: Self = Self(113);
    /// IEEE 802.11 behind a header of the Prism driver, or of AVS.
    pub const WLAN_PRISM: Self = Self(119);
    /// IEEE 802.11 behind radiotap.
    pub const WLAN_RADIOTAP: Self = Self(127);
    /// IEEE 802.11 behind a header of AVS.
    pub const WLAN_AVS: Self = Self(163);
    /// Bluetooth between host and controller, each packet behind its type.
    pub const BLUETOOTH_H4: Self = Self(187);
    /// Something behind a per-packet information header; IEEE 802.11 is read.
    pub const PPI: Self = Self(192);
    /// Bluetooth between host and controller, behind its direction.
    pub const BLUETOOTH_H4_PHDR: Self = Self(201);
    /// Bluetooth Low Energy link layer.
    pub const BLUETOOTH_LE: Self = Self(251);
    /// Bluetooth Low Energy link layer, behind what the radio says.
    pub const BLUETOOTH_LE_PHDR: Self = Self(256);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux cooked capture v2.
    pub const LINUX_SLL2: Self = Self(276);

    /// Whether frames of this type can be read.
    #[must_use]
    pub fn is_read(self) -> bool {
        let is_wired = matches!(self.0, 0 | 1 | 9 | 50 | 51 | 104 | 108 | 113 | 228 | 229 | 276);
        is_wired || self.is_raw() || self.is_radio()
    }

    /// Raw IP under any of the numbers it has had: 101, and 12 and 14 from BSD systems.
    fn is_raw(self) -> bool {
        matches!(self.0, 101 | 12 | 14)
    }

    fn is_radio(self) -> bool {
        matches!(self.0, 105 | 119 | 127 | 163 | 187 | 192 | 201 | 251 | 256)
    }
}

/// What a frame is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layers<'a> {
    /// Station that sent it; `None` where the link type has no such field.
    pub source: Option<Mac>,
    /// Station or group it was sent to; `None` where the link type has no such field.
    pub destination: Option<Mac>,
    /// Outer VLAN identifier (1..=4094), when tagged.
    pub vlan: Option<u16>,
    /// What is inside.
    pub inside: Inside,
    /// The bytes inside, padding included.
    pub payload: &'a [u8],
}

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// An IPv4 packet.
    Ipv4,
    /// An IPv6 packet.
    Ipv6,
    /// Something else with this EtherType.
    Ethertype(u16),
    /// LLC/SNAP of this organisation and protocol.
    Snap(u32, u16),
    /// LLC of this destination and source service access point.
    Llc(u8, u8),
    /// A PPP packet of this protocol number.
    Ppp(u16),
    /// A message of this very link type: IEEE 802.11 management, Bluetooth.
    Link(LinkType),
    /// Several frames one behind the other (A-MSDU, IEEE 802.11-2020 §9.3.2.2).
    Several,
    /// What the radio encrypted.
    Sealed,
    /// Nothing for anybody: acknowledgements, frames without a body, frames known to be broken.
    Nothing,
}

/// Most VLAN tags read in one frame; real networks stack two.
const TAGS: usize = 4;
/// Below this the field behind the addresses is a length (IEEE 802.3 clause 3.2.6).
const FIRST_ETHERTYPE: u16 = 0x0600;

/// Takes a frame of type `link` apart. Errors: [`Short`] when it ends within its headers. A link type that
/// [`LinkType::is_read`] denies gives [`Short`] too.
pub fn layers(link: LinkType, frame: &[u8]) -> Result<Layers<'_>, Short> {
    let mut cursor = Cursor::new(frame);
    match link {
        LinkType::ETHERNET => ethernet(cursor),
        LinkType::NULL => {
            let family = cursor.array::<4>()?;
            let family = u32::from_le_bytes(family).min(u32::from_be_bytes(family));
            Ok(bare(if family == 2 { Inside::Ipv4 } else { Inside::Ipv6 }, cursor))
        }
        LinkType::LOOP => {
            let family = cursor.u32()?;
            Ok(bare(if family == 2 { Inside::Ipv4 } else { Inside::Ipv6 }, cursor))
        }
        LinkType::IPV4 => Ok(bare(Inside::Ipv4, cursor)),
        LinkType::IPV6 => Ok(bare(Inside::Ipv6, cursor)),
        LinkType::LINUX_SLL => cooked(cursor),
        LinkType::LINUX_SLL2 => cooked2(cursor),
        LinkType::PPP | LinkType::PPP_HDLC => shim::ppp(cursor),
        LinkType::PPP_ETHER => shim::pppoe(cursor),
        LinkType::C_HDLC => {
            cursor.skip(2)?;
            shim::announced(cursor.u16()?, cursor)
        }
        link if link.is_radio() => radio::layers(link, cursor),
        link if link.is_raw() => {
            let version = frame.first().ok_or(Short)? >> 4;
            Ok(bare(if version == 6 { Inside::Ipv6 } else { Inside::Ipv4 }, cursor))
        }
        _ => Err(Short),
    }
}

/// What has neither stations nor VLANs.
pub(crate) const fn bare(inside: Inside, cursor: Cursor<'_>) -> Layers<'_> {
    Layers { source: None, destination: None, vlan: None, inside, payload: cursor.rest() }
}

/// An Ethernet frame.
pub(crate) fn ethernet(mut cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    let destination = Mac(cursor.array()?);
    let source = Mac(cursor.array()?);
    let ethertype = cursor.u16()?;
    let (vlan, inside, payload) = tagged(ethertype, cursor)?;
    Ok(Layers { source: Some(source), destination: Some(destination), vlan, inside, payload })
}

/// Linux cooked capture v1: packet type, ARPHRD type, address length, address, protocol.
fn cooked(mut cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    let _packet_type = cursor.u16()?;
    let _hardware = cursor.u16()?;
    let length = cursor.u16()?;
    let address = cursor.array::<8>()?;
    let protocol = cursor.u16()?;
    let (vlan, inside, payload) = tagged(protocol, cursor)?;
    let source = Mac::from_slice(&address).filter(|mac| length == 6 && mac.is_station());
    Ok(Layers { source, destination: None, vlan, inside, payload })
}

/// Linux cooked capture v2: protocol, reserved, interface index, ARPHRD type, packet type, address length, address.
fn cooked2(mut cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    let protocol = cursor.u16()?;
    cursor.skip(2 + 4 + 2 + 1)?;
    let length = cursor.u8()?;
    let address = cursor.array::<8>()?;
    let (vlan, inside, payload) = tagged(protocol, cursor)?;
    let source = Mac::from_slice(&address).filter(|mac| length == 6 && mac.is_station());
    Ok(Layers { source, destination: None, vlan, inside, payload })
}

/// What stands behind `ethertype`: VLAN tags (C-, S- and the old QinQ types), then an EtherType or LLC.
pub(crate) fn tagged(mut ethertype: u16, mut cursor: Cursor<'_>) -> Result<(Option<u16>, Inside, &[u8]), Short> {
    let mut vlan = None;
    for _ in 0..TAGS {
        if !matches!(ethertype, 0x8100 | 0x88a8 | 0x9100) {
            break;
        }
        let identifier = cursor.u16()? & 0x0fff;
        vlan = vlan.or((1..=4094).contains(&identifier).then_some(identifier));
        ethertype = cursor.u16()?;
    }
    let inside = match ethertype {
        0x0800 => Inside::Ipv4,
        0x86dd => Inside::Ipv6,
        length if length < FIRST_ETHERTYPE => return llc(vlan, length, cursor),
        other => Inside::Ethertype(other),
    };
    Ok((vlan, inside, cursor.rest()))
}

fn llc(vlan: Option<u16>, length: u16, mut cursor: Cursor<'_>) -> Result<(Option<u16>, Inside, &[u8]), Short> {
    // Cooked captures write small protocol numbers (1, 4) here instead of a length; a whole frame is then the rest.
    let mut cursor =
        if usize::from(length) >= 3 { Cursor::new(cursor.take_at_most(usize::from(length))) } else { cursor };
    let (to, from, _control) = (cursor.u8()?, cursor.u8()?, cursor.u8()?);
    let inside =
        if (to, from) == (0xaa, 0xaa) { Inside::Snap(cursor.u24()?, cursor.u16()?) } else { Inside::Llc(to, from) };
    Ok(match inside {
        Inside::Snap(0, 0x0800) => (vlan, Inside::Ipv4, cursor.rest()),
        Inside::Snap(0, 0x86dd) => (vlan, Inside::Ipv6, cursor.rest()),
        Inside::Snap(0, ethertype) => (vlan, Inside::Ethertype(ethertype), cursor.rest()),
        inside => (vlan, inside, cursor.rest()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    #[track_caller]
    fn check(link: LinkType, frame: &str, vlan: Option<u16>, inside: Inside, payload: &[u8]) {
        let frame = bytes(frame);
        let got = layers(link, &frame).expect("frame is whole");
        assert_eq!((got.vlan, got.inside, got.payload), (vlan, inside, payload));
    }

    const ADDRESSES: &str = "0a0000000002 0a0000000001";

    #[test]
    fn ethernet_with_and_without_tags() {
        check(LinkType::ETHERNET, &format!("{ADDRESSES} 0800 45"), None, Inside::Ipv4, &[0x45]);
        check(LinkType::ETHERNET, &format!("{ADDRESSES} 8100 6064 86dd 60"), Some(100), Inside::Ipv6, &[0x60]);
        check(
            LinkType::ETHERNET,
            &format!("{ADDRESSES} 88a8 000a 8100 0014 0806 01"),
            Some(10),
            Inside::Ethertype(0x0806),
            &[1],
        );
    }

    #[test]
    fn a_priority_tag_names_no_vlan() {
        check(LinkType::ETHERNET, &format!("{ADDRESSES} 8100 e000 0800 45"), None, Inside::Ipv4, &[0x45]);
    }

    #[test]
    fn llc_and_snap_end_where_the_length_says() {
        let cdp = format!("{ADDRESSES} 000a aaaa03 00000c 2000 0102 ffff");
        check(LinkType::ETHERNET, &cdp, None, Inside::Snap(0x0c, 0x2000), &[1, 2]);
        check(LinkType::ETHERNET, &format!("{ADDRESSES} 0003 424203 0000"), None, Inside::Llc(0x42, 0x42), &[]);
    }

    #[test]
    fn captures_without_stations_are_read() {
        check(LinkType::RAW, "60", None, Inside::Ipv6, &[0x60]);
        check(LinkType(12), "45", None, Inside::Ipv4, &[0x45]);
        check(LinkType::NULL, "02000000 45", None, Inside::Ipv4, &[0x45]);
        check(LinkType::NULL, "0000001e 60", None, Inside::Ipv6, &[0x60]);
        check(LinkType::LOOP, "00000018 60", None, Inside::Ipv6, &[0x60]);
    }

    #[test]
    fn cooked_captures_name_the_sender() {
        let v1 = bytes("0000 0001 0006 0009fb0000010000 0800 45");
        let v2 = bytes("0800 0000 00000002 0001 00 06 0009fb0000010000 45");
        for (link, frame) in [(LinkType::LINUX_SLL, v1), (LinkType::LINUX_SLL2, v2)] {
            let got = layers(link, &frame).expect("frame is whole");
            assert_eq!(got.source, Some(Mac([0, 9, 0xfb, 0, 0, 1])));
            assert_eq!((got.inside, got.payload), (Inside::Ipv4, &[0x45][..]));
        }
    }

    #[test]
    fn every_cut_is_short_never_a_panic() {
        let frame = bytes(&format!("{ADDRESSES} 88a8 000a 8100 0014 000a aaaa03 00000c 2000 0102"));
        for end in 0..frame.len() {
            let _ = layers(LinkType::ETHERNET, &frame[..end]);
        }
        assert_eq!(layers(LinkType(9999), &frame), Err(Short));
    }
}
