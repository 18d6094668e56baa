//! What a message is wrapped in: BACnet Virtual Link Control, then the network layer's header.
//!
//! In: one datagram. Out: who really sent it, and the application's or network layer's message.
//!
//! Source: ANSI/ASHRAE 135-2020 annex J.2 (BVLC), clause 6.2 (NPDU).

use crate::codec::address;
use crate::codec::cursor::{Cursor, Short};
use std::net::IpAddr;

/// BVLC functions that matter here.
/// Answers with the table of the BBMDs of an internetwork, and of the foreign devices of one.
pub(super) const BROADCAST_TABLE: u8 = 3;
pub(super) const FOREIGN_TABLE: u8 = 7;
pub(super) const FORWARDED: u8 = 4;
pub(super) const REGISTER: u8 = 5;
pub(super) const DISTRIBUTE: u8 = 9;
const UNICAST: u8 = 10;
const BROADCAST: u8 = 11;
const LAST: u8 = 12;

/// A datagram without its BVLC header.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    pub(super) function: u8,
    /// The host that a BBMD forwards for.
    pub(super) origin: Option<IpAddr>,
    /// The network layer's message, or the function's own parameters.
    pub(super) body: &'a [u8],
    /// Whether the length in the header is that of the datagram.
    pub(super) fits: bool,
}

impl Envelope<'_> {
    /// Whether the body is a message of the network layer.
    pub(super) const fn has_npdu(&self) -> bool {
        matches!(self.function, FORWARDED | DISTRIBUTE | UNICAST | BROADCAST)
    }
}

/// Reads the BVLC header. A datagram that is shorter than its header says is read as far as it goes: it may have been
/// captured only in part. Errors: [`Short`] when it is none.
pub(super) fn envelope(bytes: &[u8]) -> Result<Envelope<'_>, Short> {
    let mut cursor = Cursor::new(bytes);
    let (kind, function, length) = (cursor.u8()?, cursor.u8()?, usize::from(cursor.u16()?));
    let body = length.checked_sub(4).ok_or(Short)?;
    if kind != 0x81 || function > LAST {
        return Err(Short);
    }
    let fits = cursor.left() == body;
    let mut cursor = Cursor::new(cursor.take_at_most(body));
    let origin = if function == FORWARDED {
        let ip = cursor.take(4)?;
        let _port = cursor.u16()?;
        address::host(ip)
    } else {
        None
    };
    Ok(Envelope { function, origin, body: cursor.rest(), fits })
}

/// A device behind a router: its network, and its address there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source<'a> {
    pub(super) network: u16,
    pub(super) address: &'a [u8],
}

/// A message of the network layer.
#[derive(Debug)]
pub(super) struct Npdu<'a> {
    pub(super) destination: Option<u16>,
    pub(super) source: Option<Source<'a>>,
    /// Type of a message of the network layer itself; `None` when it carries one of the application.
    pub(super) network_message: Option<u8>,
    pub(super) body: &'a [u8],
}

/// Reads the network layer's header. Errors: [`Short`] when it is none.
pub(super) fn npdu(bytes: &[u8]) -> Result<Npdu<'_>, Short> {
    let mut cursor = Cursor::new(bytes);
    let (version, control) = (cursor.u8()?, cursor.u8()?);
    // Bits 6 and 4 are reserved and zero.
    if version != 1 || control & 0x50 != 0 {
        return Err(Short);
    }
    let destination = if control & 0x20 != 0 {
        let network = cursor.u16()?;
        let length = cursor.u8()?;
        cursor.skip(usize::from(length))?;
        Some(network)
    } else {
        None
    };
    let source = if control & 8 != 0 { Some(source(&mut cursor)?) } else { None };
    if destination.is_some() {
        let _hops = cursor.u8()?;
    }
    let network_message = if control & 0x80 != 0 { Some(cursor.u8()?) } else { None };
    Ok(Npdu { destination, source, network_message, body: cursor.rest() })
}

fn source<'a>(cursor: &mut Cursor<'a>) -> Result<Source<'a>, Short> {
    let network = cursor.u16()?;
    let length = cursor.u8()?;
    let address = cursor.take(usize::from(length))?;
    // A source is always one device, on one network (clause 6.2.2).
    if address.is_empty() || matches!(network, 0 | 0xffff) { Err(Short) } else { Ok(Source { network, address }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    #[test]
    fn what_is_forwarded_says_whose_it_is() {
        let raw = bytes("8104 0012 0a00000c bac0 0120 ffff 00 ff 1008");
        let envelope = envelope(&raw).expect("BVLC");
        assert_eq!(envelope.origin, Some(IpAddr::from([10, 0, 0, 12])));
        let npdu = npdu(envelope.body).expect("NPDU");
        assert_eq!((npdu.destination, npdu.source, npdu.body), (Some(0xffff), None, &[0x10, 8][..]));
    }

    #[test]
    fn a_source_stands_between_destination_and_hops() {
        let raw = bytes("0128 ffff 00 07d1 01 05 fe 1008");
        let source = npdu(&raw).expect("NPDU").source;
        assert_eq!(source, Some(Source { network: 2001, address: &[5] }));
        assert!(npdu(&bytes("0108 07d1 00 1008")).is_err());
    }
}
