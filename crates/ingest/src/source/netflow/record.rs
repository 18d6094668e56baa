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
}

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
        }
    }

    /// Says the flow. A record without addresses says nothing of a conversation. Errors: when only one end is there.
    pub fn tell(&self, options: &Options<'_>, row: &mut Row) -> Result<(), Reason> {
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
            id: FlowId(row.number),
            key,
            macs: self.macs.map(|mac| mac.filter(|mac| mac.is_station())),
            hop_limits: [None; 2],
            vlan: self.vlan.filter(|vlan| (1..=4094).contains(vlan)),
            first: first.min(last),
            last: first.max(last),
            state: ConnState::Oth,
            history: String::new(),
            sent: self.sent,
            service: None,
        }));
        Ok(())
    }
}
