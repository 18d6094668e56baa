//! Transport headers: ports, and what TCP says beside them.
//!
//! Sources: RFC 9293 §3.1, RFC 768, RFC 792, RFC 4443.

use crate::codec::cursor::{Cursor, Short};
use crate::flow::community::{icmp_counterpart, icmpv6_counterpart};
use crate::flow::history::Flags;
use wardlight_model::{Port, Transport};

/// A transport header, and what stands behind it.
pub(crate) struct Segment<'a> {
    /// Ports of sender and receiver; type and counterpart for ICMP.
    pub(crate) ports: (Port, Port),
    /// What stands behind the header.
    pub(crate) payload: &'a [u8],
    /// The rest of the header, for TCP.
    pub(crate) tcp: Option<TcpHeader>,
}

/// What TCP says beside ports.
#[derive(Clone, Copy)]
pub(crate) struct TcpHeader {
    /// Number of the first byte.
    pub(crate) seq: u32,
    /// Number of the byte awaited.
    pub(crate) ack: u32,
    /// Its flags.
    pub(crate) flags: Flags,
}

/// Reads the transport header of a packet. Errors: [`Short`].
pub(crate) fn segment(transport: Transport, bytes: &[u8]) -> Result<Segment<'_>, Short> {
    let mut cursor = Cursor::new(bytes);
    match transport {
        Transport::TCP => {
            let ports = (cursor.u16()?, cursor.u16()?);
            let (seq, ack) = (cursor.u32()?, cursor.u32()?);
            let words = usize::from(cursor.u8()? >> 4);
            let flags = Flags(cursor.u8()?);
            cursor.skip(6)?;
            cursor.skip((words * 4).checked_sub(20).ok_or(Short)?)?;
            Ok(Segment { ports, payload: cursor.rest(), tcp: Some(TcpHeader { seq, ack, flags }) })
        }
        Transport::UDP => {
            let ports = (cursor.u16()?, cursor.u16()?);
            let length = usize::from(cursor.u16()?);
            let _checksum = cursor.u16()?;
            // A length of 0 stands for a datagram too long for the field (RFC 2675), or was left to the network card.
            let length = if length < 8 { cursor.left() } else { length - 8 };
            Ok(Segment { ports, payload: cursor.take_at_most(length), tcp: None })
        }
        Transport::ICMP | Transport::ICMPV6 => {
            let (kind, code) = (u16::from(cursor.u8()?), u16::from(cursor.u8()?));
            let answer = if transport == Transport::ICMP { icmp_counterpart(kind) } else { icmpv6_counterpart(kind) };
            Ok(Segment { ports: (kind, answer.unwrap_or(code)), payload: cursor.rest(), tcp: None })
        }
        _ => Ok(Segment { ports: (0, 0), payload: bytes, tcp: None }),
    }
}
