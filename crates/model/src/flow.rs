//! One conversation between two endpoints, counted both ways.

use crate::cbor::Name;
use crate::{Endpoint, Mac, Origin, Port, Scope, Time};
use std::net::IpAddr;

/// Which end of a conversation: the one that began it, or the one that answered.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Sent the first packet, or the SYN.
    #[n(0)]
    Initiator,
    /// The other end.
    #[n(1)]
    Responder,
}

impl Side {
    /// The other end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Initiator => Self::Responder,
            Self::Responder => Self::Initiator,
        }
    }

    /// 0 for the initiator, 1 for the responder: an index into pairs.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Initiator => 0,
            Self::Responder => 1,
        }
    }

    /// This end's of a pair that holds the initiator's and the responder's.
    #[must_use]
    pub fn of<T>(self, [initiator, responder]: [T; 2]) -> T {
        match self {
            Self::Initiator => initiator,
            Self::Responder => responder,
        }
    }
}

/// IP protocol number of a conversation (IANA), with names for those that have ports.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct Transport(#[n(0)] pub u8);

impl Transport {
    /// Internet Control Message Protocol, RFC 792.
    pub const ICMP: Self = Self(1);
    /// Transmission Control Protocol, RFC 9293.
    pub const TCP: Self = Self(6);
    /// User Datagram Protocol, RFC 768.
    pub const UDP: Self = Self(17);
    /// ICMP for IPv6, RFC 4443.
    pub const ICMPV6: Self = Self(58);
    /// Stream Control Transmission Protocol, RFC 9260.
    pub const SCTP: Self = Self(132);
}

impl std::fmt::Display for Transport {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, `sctp`, else `ip-<number>`.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::ICMP => out.write_str("icmp"),
            Self::TCP => out.write_str("tcp"),
            Self::UDP => out.write_str("udp"),
            Self::ICMPV6 => out.write_str("icmpv6"),
            Self::SCTP => out.write_str("sctp"),
            Self(number) => write!(out, "ip-{number}"),
        }
    }
}

/// What tells one conversation from another. Initiator and responder are in their places.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(map)]
pub struct FlowKey {
    /// Routing domain of both addresses.
    #[n(0)]
    pub scope: Scope,
    /// IP protocol.
    #[n(1)]
    pub transport: Transport,
    /// Initiator's address and port.
    #[cbor(n(2), with = "crate::cbor::end")]
    pub initiator: (IpAddr, Port),
    /// Responder's address and port.
    #[cbor(n(3), with = "crate::cbor::end")]
    pub responder: (IpAddr, Port),
}

/// Names one conversation within a run of a sensor; the same input gives the same id.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct FlowId(#[n(0)] pub u64);

/// State of a conversation when it was reported, with Zeek's names (`conn_state`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, minicbor::Encode, minicbor::Decode,
)]
#[cbor(index_only)]
pub enum ConnState {
    /// Attempt seen, no answer.
    #[n(0)]
    S0,
    /// Established, not ended.
    #[n(1)]
    S1,
    /// Established, ended by both with FIN.
    #[n(2)]
    SF,
    /// Attempt refused with RST.
    #[serde(rename = "REJ")]
    #[n(3)]
    Rej,
    /// Established, initiator's FIN seen without an answer.
    #[n(4)]
    S2,
    /// Established, responder's FIN seen without an answer.
    #[n(5)]
    S3,
    /// Established, initiator sent RST.
    #[serde(rename = "RSTO")]
    #[n(6)]
    RstO,
    /// Responder sent RST.
    #[serde(rename = "RSTR")]
    #[n(7)]
    RstR,
    /// Initiator sent SYN then RST; no SYN-ACK seen.
    #[serde(rename = "RSTOS0")]
    #[n(8)]
    RstOS0,
    /// Responder sent SYN-ACK then RST; no SYN seen.
    #[serde(rename = "RSTRH")]
    #[n(9)]
    RstRH,
    /// Initiator sent SYN then FIN; no SYN-ACK seen.
    #[serde(rename = "SH")]
    #[n(10)]
    SH,
    /// Responder sent SYN-ACK then FIN; no SYN seen.
    #[serde(rename = "SHR")]
    #[n(11)]
    ShR,
    /// Midstream traffic: no SYN seen, not ended.
    #[serde(rename = "OTH")]
    #[n(12)]
    Oth,
}

/// How a conversation's service was known.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// From the port number alone: a guess.
    #[n(0)]
    Port,
    /// From what was said, on an unusual port.
    #[n(1)]
    Content,
    /// From what was said, on the protocol's own port.
    #[n(2)]
    PortAndContent,
}

/// The application protocol of a conversation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, minicbor::Encode, minicbor::Decode,
)]
#[cbor(map)]
pub struct Service {
    /// The dissector's name, such as `dicom`.
    #[cbor(n(0), with = "crate::cbor::name")]
    pub name: Name,
    /// How it was known.
    #[n(1)]
    pub known: Known,
}

/// What went one way.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, minicbor::Encode, minicbor::Decode,
)]
#[cbor(map)]
pub struct Direction {
    /// IP packets.
    #[n(0)]
    pub packets: u64,
    /// Bytes of IP packets as their headers state them, headers included.
    #[n(1)]
    pub ip_bytes: u64,
    /// Transport payload bytes; for TCP by sequence numbers, so retransmissions count once.
    #[n(2)]
    pub bytes: u64,
    /// Payload bytes that TCP sequence numbers prove but the sensor never got.
    #[n(3)]
    pub missed: u64,
}

/// One conversation. Given out when it ends, falls silent, or the source ends.
#[derive(Debug, Clone, PartialEq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Flow {
    /// Its id within the run.
    #[n(0)]
    pub id: FlowId,
    /// Who talked to whom.
    #[n(1)]
    pub key: FlowKey,
    /// Hardware address of the initiator's and the responder's frames, as first seen.
    #[n(2)]
    pub macs: [Option<Mac>; 2],
    /// Time to live or hop limit of the first packet from the initiator and from the responder.
    #[n(3)]
    pub hop_limits: [Option<u8>; 2],
    /// Outer VLAN (1..=4094), when tagged.
    #[n(4)]
    pub vlan: Option<u16>,
    /// First packet.
    #[n(5)]
    pub first: Time,
    /// Last packet.
    #[n(6)]
    pub last: Time,
    /// Zeek's `conn_state`.
    #[n(7)]
    pub state: ConnState,
    /// Zeek's `history`: each event once in order of appearance, capitals from the initiator.
    #[n(8)]
    pub history: String,
    /// Counts from the initiator and from the responder.
    #[n(9)]
    pub sent: [Direction; 2],
    /// Application protocol, when known.
    #[n(10)]
    pub service: Option<Service>,
}

/// One station's packets from one network address, counted over the run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, minicbor::Encode, minicbor::Decode,
)]
#[cbor(map)]
pub struct Presence {
    /// Who: the hardware and network address that its packets bear.
    #[n(0)]
    pub endpoint: Endpoint,
    /// First packet.
    #[n(1)]
    pub first: Time,
    /// Last packet.
    #[n(2)]
    pub last: Time,
    /// Number of packets.
    #[n(3)]
    pub packets: u64,
    /// Highest TTL or hop limit of its packets; 0 when none had one.
    #[n(4)]
    pub ttl: u8,
    /// Whether the endpoint sent the packets; otherwise they were only sent to it.
    #[n(5)]
    pub sent: bool,
    /// The journal's record that said it first.
    #[cbor(skip)]
    #[serde(skip)]
    pub origin: Origin,
}

impl Flow {
    /// The end of the conversation on `side`.
    #[must_use]
    pub fn endpoint(&self, side: Side) -> Endpoint {
        let (ip, mac) = match side {
            Side::Initiator => (self.key.initiator.0, self.macs[0]),
            Side::Responder => (self.key.responder.0, self.macs[1]),
        };
        Endpoint { scope: self.key.scope, mac, ip: Some(ip) }
    }
}
