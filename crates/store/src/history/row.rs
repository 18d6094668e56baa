//! One row of the history: a flow, and where it came in.

use std::net::IpAddr;
use wardlight_model::{ConnState, Direction, Flow, FlowId, FlowKey, Known, Mac, Time};

/// Where flows came in: what a journal record says of its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The sensor that saw them.
    pub sensor: &'a str,
    /// The journal record's sequence, beginning at 1.
    pub sequence: u64,
    /// When the record was taken into the journal, by the journal's clock.
    pub recorded: Time,
}

/// A flow as read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The site whose journal it came in by.
    pub site: String,
    /// The sensor that saw it.
    pub sensor: String,
    /// The journal record it came in by.
    pub sequence: u64,
    /// Its id within the run of the sensor.
    pub id: FlowId,
    /// Who talked to whom.
    pub key: FlowKey,
    /// Hardware address of the initiator's and the responder's frames.
    pub macs: [Option<Mac>; 2],
    /// Time to live or hop limit from the initiator and from the responder.
    pub hop_limits: [Option<u8>; 2],
    /// Outer VLAN.
    pub vlan: Option<u16>,
    /// First packet.
    pub first: Time,
    /// Last packet.
    pub last: Time,
    /// Zeek's `conn_state`.
    pub state: ConnState,
    /// Zeek's `history`.
    pub history: String,
    /// Counts from the initiator and from the responder.
    pub sent: [Direction; 2],
    /// Name of the application protocol and how it was known.
    pub service: Option<(String, Known)>,
}

impl Row {
    /// The row that `flow` of `site` becomes.
    #[must_use]
    pub fn new(site: &str, origin: Origin<'_>, flow: &Flow) -> Self {
        Self {
            site: site.to_owned(),
            sensor: origin.sensor.to_owned(),
            sequence: origin.sequence,
            id: flow.id,
            key: flow.key,
            macs: flow.macs,
            hop_limits: flow.hop_limits,
            vlan: flow.vlan,
            first: flow.first,
            last: flow.last,
            state: flow.state,
            history: flow.history.clone(),
            sent: flow.sent,
            service: flow.service.map(|service| (service.name.to_owned(), service.known)),
        }
    }

    /// Borrowed, as [`super::Batch`] takes it.
    pub(super) fn lend(&self) -> Lent<'_> {
        Lent {
            sensor: &self.sensor,
            sequence: self.sequence,
            id: self.id,
            key: &self.key,
            macs: self.macs,
            hop_limits: self.hop_limits,
            vlan: self.vlan,
            times: [self.first, self.last],
            state: self.state,
            history: &self.history,
            sent: &self.sent,
            service: self.service.as_ref().map(|(name, known)| (name.as_str(), *known)),
        }
    }

    /// Whether `address` is one of its ends.
    #[must_use]
    pub fn concerns(&self, address: IpAddr) -> bool {
        self.key.initiator.0 == address || self.key.responder.0 == address
    }
}

/// A row without a copy of anything.
pub(super) struct Lent<'a> {
    pub sensor: &'a str,
    pub sequence: u64,
    pub id: FlowId,
    pub key: &'a FlowKey,
    pub macs: [Option<Mac>; 2],
    pub hop_limits: [Option<u8>; 2],
    pub vlan: Option<u16>,
    pub times: [Time; 2],
    pub state: ConnState,
    pub history: &'a str,
    pub sent: &'a [Direction; 2],
    pub service: Option<(&'a str, Known)>,
}

impl<'a> Lent<'a> {
    pub fn new(origin: Origin<'a>, flow: &'a Flow) -> Self {
        Self {
            sensor: origin.sensor,
            sequence: origin.sequence,
            id: flow.id,
            key: &flow.key,
            macs: flow.macs,
            hop_limits: flow.hop_limits,
            vlan: flow.vlan,
            times: [flow.first, flow.last],
            state: flow.state,
            history: &flow.history,
            sent: &flow.sent,
            service: flow.service.map(|service| (service.name, service.known)),
        }
    }
}
