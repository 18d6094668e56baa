//! One record, whichever version it came in, as a flow.

use crate::item::{Reason, Row};
use crate::{Item, Options};
use std::net::IpAddr;
use wardlight_model::{ConnState, Direction, Flow, FlowId, FlowKey, Mac, Time, Transport};

/// What a record says.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When the datagram says that it was sent.
    pub exported: Time,
    pub addresses: [Option<IpAddr>; 2],
    pub ports: [u16; 2],
    pub protocol: u8,
    /// From source to destination, and back where a record says both.
    pub sent: [Direction; 2],
    pub macs: [Option<Mac>; 2],
    pub vlan: Option<u16>,
    pub first: Option<Time>,
    pub last: Option<Time>,
    /// ICMP type and code.
    pub icmp: Option<u16>,
    /// All TCP flags that each end sent, together; nothing where they are not told, or not of every packet.
    pub flags: [Option<u8>; 2],
}

/// TCP flags, RFC 9293 §3.1.
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

impl Seen {
    pub fn at(exported: Time) -> Self {
        Self {
            exported,
            addresses: [None; 2],
            ports: [0; 2],
            protocol: 0,
            sent: [Direction::default(); 2],
            macs: [None; 2],
            vlan: None,
            first: None,
            last: None,
            icmp: None,
            flags: [None; 2],
        }
    }

    /// Says the flow. A record without addresses says nothing of a conversation. Errors: when only one end is there.
    pub fn tell(&self, id: FlowId, options: &Options<'_>, row: &mut Row) -> Result<(), Reason> {
        let [source, destination] = match self.addresses {
            [None, None] => return Ok(()),
            [Some(source), Some(destination)] => [source, destination],
            _ => return Err("has the address of one end only".into()),
        };
        let icmp = self.icmp.map_or([0; 2], |both| both.to_be_bytes().map(u16::from));
        let ports = if matches!(self.protocol, 1 | 58) && self.ports[0] == 0 { icmp } else { self.ports };
        let (first, last) = (self.first.or(self.last), self.last.or(self.first));
        let (first, last) = (first.unwrap_or(self.exported), last.unwrap_or(self.exported));
        let key = FlowKey {
            scope: options.scope,
            transport: Transport(self.protocol),
            initiator: (source, ports[0]),
            responder: (destination, ports[1]),
        };
        row.give(Item::Flow(Flow {
            id,
            key,
            macs: self.macs.map(|mac| mac.filter(|mac| mac.is_station())),
            hop_limits: [None; 2],
            vlan: self.vlan.filter(|vlan| (1..=4094).contains(vlan)),
            first: first.min(last),
            last: first.max(last),
            state: self.state(),
            history: String::new(),
            sent: self.sent,
            service: None,
        }));
        Ok(())
    }

    /// How far the conversation came, by the flags together: their order is not told, so that a SYN with an ACK is either
    /// end's. Of one way, the end that sent it counts as the one that began.
    fn state(&self) -> ConnState {
        let has = |flags: u8, wanted: u8| flags & wanted == wanted;
        match (self.flags, Transport(self.protocol)) {
            ([Some(own), None], Transport::TCP) => match own {
                own if !has(own, SYN) => ConnState::Oth,
                own if !has(own, ACK) && has(own, RST) => ConnState::RstOS0,
                own if !has(own, ACK) && has(own, FIN) => ConnState::SH,
                own if !has(own, ACK) => ConnState::S0,
                // One packet that answers does not say that the answer arrived.
                _ if self.sent[0].packets < 2 => ConnState::Oth,
                own if has(own, RST) => ConnState::RstO,
                own if has(own, FIN) => ConnState::S2,
                _ => ConnState::S1,
            },
            ([Some(own), Some(other)], Transport::TCP) if has(own, SYN) => match other {
                0 => ConnState::S0,
                other if !has(other, SYN) && has(other, RST) => ConnState::Rej,
                other if !has(other, SYN) => ConnState::Oth,
                _ if has(own, RST) => ConnState::RstO,
                other if has(other, RST) => ConnState::RstR,
                other => match (has(own, FIN), has(other, FIN)) {
                    (true, true) => ConnState::SF,
                    (true, false) => ConnState::S2,
                    (false, true) => ConnState::S3,
                    (false, false) => ConnState::S1,
                },
            },
            _ => ConnState::Oth,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(own: u8, other: Option<u8>, packets: u64) -> ConnState {
        let mut seen = Seen::at(Time::default());
        (seen.protocol, seen.flags, seen.sent[0].packets) = (6, [Some(own), other], packets);
        seen.state()
    }

    #[test]
    fn flags_of_one_way_say_how_far_it_came() {
        let one = |flags| state(flags, None, 5);
        assert_eq!([one(SYN), one(SYN | RST), one(SYN | FIN)], [ConnState::S0, ConnState::RstOS0, ConnState::SH]);
        let both = SYN | ACK;
        assert_eq!([one(both), one(both | FIN), one(both | RST)], [ConnState::S1, ConnState::S2, ConnState::RstO]);
        assert_eq!([one(ACK), one(ACK | FIN), state(both, None, 1)], [ConnState::Oth; 3]);
    }

    #[test]
    fn flags_of_both_ways_say_more() {
        let both = SYN | ACK;
        let of = |own, other| state(own, Some(other), 5);
        assert_eq!([of(both | FIN, both | FIN), of(both, both | FIN)], [ConnState::SF, ConnState::S3]);
        assert_eq!(
            [of(SYN, RST | ACK), of(both, both | RST), of(SYN, 0)],
            [ConnState::Rej, ConnState::RstR, ConnState::S0]
        );
    }

    #[test]
    fn what_is_not_tcp_or_tells_no_flags_has_no_state() {
        let seen = Seen { protocol: 17, flags: [Some(SYN), None], ..Seen::at(Time::default()) };
        assert_eq!([seen.state(), Seen { protocol: 6, flags: [None; 2], ..seen }.state()], [ConnState::Oth; 2]);
    }
}
