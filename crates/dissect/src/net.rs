//! IPv4 and IPv6 headers: who sends to whom, what is inside, whether it is a fragment.
//!
//! Sources: RFC 791, RFC 8200 §4 (extension headers), RFC 4302 §2 (AH length).

pub(crate) mod fragment;
pub(crate) mod segment;
pub(crate) mod tunnel;

use crate::codec::cursor::{Cursor, Short};
use crate::wipe;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One IP packet, or one fragment of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Sender.
    pub source: IpAddr,
    /// Host or group it is for.
    pub destination: IpAddr,
    /// IP protocol number of the payload.
    pub protocol: u8,
    /// Time to live or hop limit as received.
    pub ttl: u8,
    /// Length the headers state, headers included, in bytes.
    pub length: u32,
    /// Payload as far as captured, padding of the frame cut off.
    pub payload: &'a [u8],
    /// Payload bytes that the headers state but the capture does not hold.
    pub missing: u32,
    /// Set when this is one fragment of a packet.
    pub fragment: Option<Fragment>,
}

/// Place of a fragment in its packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// What all fragments of a packet share, with addresses and protocol.
    pub id: u32,
    /// First payload byte within the packet.
    pub offset: u32,
    /// Whether others follow.
    pub more: bool,
}

/// Why bytes are no IP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// It ends within its headers.
    #[error("packet ends within its headers")]
    Short,
    /// The headers contradict themselves.
    #[error("packet headers contradict themselves")]
    Malformed,
}

impl From<Short> for PacketError {
    fn from(_: Short) -> Self {
        Self::Short
    }
}

/// Most extension headers followed; RFC 8200 §4.1 knows six, each at most once but one.
const EXTENSIONS: usize = 10;

/// Reads an IPv4 packet. Errors: [`PacketError`].
pub fn ipv4(bytes: &[u8]) -> Result<Packet<'_>, PacketError> {
    let mut cursor = Cursor::new(bytes);
    let first = cursor.u8()?;
    let header = usize::from(first & 0x0f) * 4;
    if first >> 4 != 4 || header < 20 {
        return Err(PacketError::Malformed);
    }
    let _service = cursor.u8()?;
    let length = u32::from(cursor.u16()?);
    let id = u32::from(cursor.u16()?);
    let place = cursor.u16()?;
    let (ttl, protocol, _checksum) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    let source = Ipv4Addr::from(cursor.u32()?);
    let destination = Ipv4Addr::from(cursor.u32()?);
    cursor.skip(header - 20)?;
    // Segmentation offload on the capturing host leaves the length 0: then the frame says it.
    let length = if length == 0 { u32::try_from(bytes.len()).unwrap_or(u32::MAX) } else { length };
    let stated =
        usize::try_from(length).ok().and_then(|length| length.checked_sub(header)).ok_or(PacketError::Malformed)?;
    let (offset, more) = (u32::from(place & 0x1fff) * 8, place & 0x2000 != 0);
    let payload = cursor.take_at_most(stated);
    Ok(Packet {
        source: wipe::ipv4(source),
        destination: wipe::ipv4(destination),
        protocol,
        ttl,
        length,
        payload,
        missing: u32::try_from(stated - payload.len()).unwrap_or(u32::MAX),
        fragment: (more || offset > 0).then_some(Fragment { id, offset, more }),
    })
}

/// Reads an IPv6 packet with its extension headers. Errors: [`PacketError`].
pub fn ipv6(bytes: &[u8]) -> Result<Packet<'_>, PacketError> {
    let mut cursor = Cursor::new(bytes);
    if cursor.u32()? >> 28 != 6 {
        return Err(PacketError::Malformed);
    }
    let stated = u32::from(cursor.u16()?);
    let (next, ttl) = (cursor.u8()?, cursor.u8()?);
    let source = Ipv6Addr::from(cursor.array::<16>()?);
    let destination = Ipv6Addr::from(cursor.array::<16>()?);
    let stated = if stated == 0 { u32::try_from(cursor.left()).unwrap_or(u32::MAX) } else { stated };
    let wanted = usize::try_from(stated).unwrap_or(usize::MAX);
    let captured = cursor.take_at_most(wanted);
    let (protocol, fragment, payload) = extensions(next, Cursor::new(captured))?;
    Ok(Packet {
        source: IpAddr::V6(source),
        destination: IpAddr::V6(destination),
        protocol,
        ttl,
        length: stated.saturating_add(40),
        payload,
        missing: u32::try_from(wanted - captured.len()).unwrap_or(u32::MAX),
        fragment,
    })
}

/// Follows the chain of extension headers from `next` to the payload. Behind a fragment that is not the first stands
/// no header but the middle of the payload.
fn extensions(mut next: u8, mut cursor: Cursor<'_>) -> Result<(u8, Option<Fragment>, &[u8]), PacketError> {
    let mut fragment = None;
    for _ in 0..EXTENSIONS {
        match next {
            0 | 43 | 60 | 135 | 139 | 140 => {
                next = cursor.u8()?;
                let length = usize::from(cursor.u8()?) * 8 + 6;
                cursor.skip(length)?;
            }
            51 => {
                next = cursor.u8()?;
                let length = usize::from(cursor.u8()?) * 4 + 6;
                cursor.skip(length)?;
            }
            44 => {
                next = cursor.u8()?;
                let _reserved = cursor.u8()?;
                let place = cursor.u16()?;
                let (id, offset, more) = (cursor.u32()?, u32::from(place & 0xfff8), place & 1 != 0);
                fragment = (more || offset > 0).then_some(Fragment { id, offset, more });
                if offset > 0 {
                    break;
                }
            }
            _ => break,
        }
    }
    Ok((next, fragment, cursor.rest()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    #[test]
    fn padding_is_cut_off_and_missing_bytes_are_counted() {
        let padded = bytes("4500 0016 0001 0000 40 11 0000 0a000001 0a000002 aabb 0000000000");
        let packet = ipv4(&padded).expect("packet is whole");
        assert_eq!((packet.payload, packet.missing, packet.length), (&[0xaa, 0xbb][..], 0, 22));
        let cut = ipv4(&padded[..21]).expect("header is whole");
        assert_eq!((cut.payload, cut.missing), (&[0xaa][..], 1));
    }

    #[test]
    fn fragments_know_their_place() {
        let middle = bytes("4500 001c 0abc 2002 40 11 0000 0a000001 0a000002 0102030405060708");
        assert_eq!(ipv4(&middle).expect("whole").fragment, Some(Fragment { id: 0xabc, offset: 16, more: true }));
        let six = bytes(
            "60000000 0010 2c 40 fe800000000000000000000000000001 fe800000000000000000000000000002 \
             11 00 0001 00000abc 0102030405060708",
        );
        let packet = ipv6(&six).expect("whole");
        assert_eq!((packet.protocol, packet.fragment), (17, Some(Fragment { id: 0xabc, offset: 0, more: true })));
    }

    #[test]
    fn extension_headers_are_followed() {
        let six = bytes(
            "60000000 0011 00 ff fe800000000000000000000000000001 ff020000000000000000000000000016 \
             3c 00 050200000100 3a 00 010400000000 8f",
        );
        let packet = ipv6(&six).expect("whole");
        assert_eq!((packet.protocol, packet.payload, packet.ttl), (58, &[0x8f][..], 255));
    }

    #[test]
    fn headers_that_contradict_themselves_are_refused() {
        assert_eq!(ipv4(&bytes("44")), Err(PacketError::Malformed));
        assert_eq!(ipv4(&bytes("4500 0010 0001 0000 40 11 0000 0a000001 0a000002")), Err(PacketError::Malformed));
        assert_eq!(ipv6(&[0x45; 40]), Err(PacketError::Malformed));
        assert_eq!(ipv6(&[0x60; 20]), Err(PacketError::Short));
    }
}
