//! One conversation between two endpoints, counted both ways.

use crate::{Endpoint, Mac, Port, Scope, Time};
use std::net::IpAddr;

/// Which end of a conversation: the one that began it, or the one that answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Sent the first packet, or the SYN.
    Initiator,
    /// The other end.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Transport(pub u8);

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct FlowKey {
    /// Routing domain of both addresses.
    pub scope: Scope,
    /// IP protocol.
    pub transport: Transport,
    /// Initiator's address and port.
    pub initiator: (IpAddr, Port),
    /// Responder's address and port.
    pub responder: (IpAddr, Port),
}

/// Names one conversation within a run of a sensor; the same input gives the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct FlowId(pub u64);

/// State of a conversation when it was reported, with Zeek's names (`conn_state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum ConnState {
    /// Attempt seen, no answer.
    S0,
    /// Established, not ended.
    S1,
    /// Established, ended by both with FIN.
    SF,
    /// Attempt refused with RST.
    #[serde(rename = "REJ")]
    Rej,
    /// Established, initiator's FIN seen without an answer.
    S2,
    /// Established, responder's FIN seen without an answer.
    S3,
    /// Established, initiator sent RST.
    #[serde(rename = "RSTO")]
    RstO,
    /// Responder sent RST.
    #[serde(rename = "RSTR")]
    RstR,
    /// Initiator sent SYN then RST; no SYN-ACK seen.
    #[serde(rename = "RSTOS0")]
    RstOS0,
    /// Responder sent SYN-ACK then RST; no SYN seen.
    #[serde(rename = "RSTRH")]
    RstRH,
    /// Initiator sent SYN then FIN; no SYN-ACK seen.
    #[serde(rename = "SH")]
    SH,
    /// Responder sent SYN-ACK then FIN; no SYN seen.
    #[serde(rename = "SHR")]
    ShR,
    /// Midstream traffic: no SYN seen, not ended.
    #[serde(rename = "OTH")]
    Oth,
}

/// How a conversation's service was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// From the port number alone: a guess.
    Port,
    /// From what was said, on an unusual port.
    Content,
    /// From what was said, on the protocol's own port.
    PortAndContent,
}

/// The application protocol of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Service {
    /// The dissector's name, such as `dicom`.
    pub name: &'static str,
    /// How it was known.
    pub known: Known,
}

/// What went one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Direction {
    /// IP packets.
    pub packets: u64,
    /// Bytes of IP packets as their headers state them, headers included.
    pub ip_bytes: u64,
    /// Transport payload bytes; for TCP by sequence numbers, so retransmissions count once.
    pub bytes: u64,
    /// Payload bytes that TCP sequence numbers prove but the sensor never got.
    pub missed: u64,
}

/// One conversation. Given out when it ends, falls silent, or the source ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Its id within the run.
    pub id: FlowId,
    /// Who talked to whom.
    pub key: FlowKey,
    /// Hardware address of the initiator's and the responder's frames, as first seen.
    pub macs: [Option<Mac>; 2],
    /// Time to live or hop limit of the first packet from the initiator and from the responder.
    pub hop_limits: [Option<u8>; 2],
    /// Outer VLAN (1..=4094), when tagged.
    pub vlan: Option<u16>,
    /// First packet.
    pub first: Time,
    /// Last packet.
    pub last: Time,
    /// Zeek's `conn_state`.
    pub state: ConnState,
    /// Zeek's `history`: each event once in order of appearance, capitals from the initiator.
    pub history: String,
    /// Counts from the initiator and from the responder.
    pub sent: [Direction; 2],
    /// Application protocol, when known.
    pub service: Option<Service>,
}

/// One station's packets from one network address, counted over the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Presence {
    /// Who: the hardware and network address that its packets bear.
    pub endpoint: Endpoint,
    /// First packet.
    pub first: Time,
    /// Last packet.
    pub last: Time,
    /// Number of packets.
    pub packets: u64,
    /// Highest TTL or hop limit of its packets; 0 when none had one.
    pub ttl: u8,
    /// Whether the endpoint sent the packets; otherwise they were only sent to it.
    pub sent: bool,
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
