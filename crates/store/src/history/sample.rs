//! Flows for tests: any flow that a column can hold, and histories in temporary folders.

use super::{Batch, Change, History, Manifest, Origin, Query, Row};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};
use tempfile::TempDir;
use wardlight_model::{ConnState, Direction, Flow, FlowId, FlowKey, Known, Mac, Scope, Service, Time, Transport};

pub(super) const SITE: &str = "main";
/// 2023-11-14 22:13:20 UTC.
pub(super) const BEGIN: i64 = 1_700_000_000;

/// A history in a folder of its own.
pub(super) struct Place {
    pub folder: TempDir,
    pub history: History,
    pub manifest: Manifest,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let history = History::new(folder.path());
        Self { folder, history, manifest: Manifest::default() }
    }

    /// Flushes one journal record a flow, beginning at `sequence`, and commits.
    pub fn flush(&mut self, sequence: u64, flows: &[Flow]) -> Change {
        let flushed = self.history.flush(&batch(sequence, flows));
        assert!(flushed.shed.is_empty(), "{:?}", flushed.shed);
        self.manifest.apply(&flushed.change);
        flushed.change
    }

    /// All rows in the order of their sequence.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.history.scan(&self.manifest, Query::default()).map(Result::unwrap).collect();
        rows.sort_by_key(|row| row.sequence);
        rows
    }
}

pub(super) fn origin(sequence: u64) -> Origin<'static> {
    Origin { sensor: "core-1", sequence, recorded: Time::from_seconds(BEGIN) }
}

pub(super) fn batch(sequence: u64, flows: &[Flow]) -> Batch {
    let mut batch = Batch::new(SITE);
    (sequence..).zip(flows).for_each(|(sequence, flow)| batch.push(origin(sequence), flow));
    batch
}

pub(super) fn expected(sequence: u64, flows: &[Flow]) -> Vec<Row> {
    (sequence..).zip(flows).map(|(sequence, flow)| Row::new(SITE, origin(sequence), flow)).collect()
}

/// The `n`th of a row of flows, one a second, between 200 clients and 10 servers.
pub(super) fn flow(n: u64) -> Flow {
    let [.., low] = n.to_be_bytes();
    let second = Time::from_seconds(BEGIN + i64::try_from(n).unwrap());
    Flow {
        id: FlowId(n),
        key: FlowKey {
            scope: Scope(u32::from(low % 2)),
            transport: Transport::TCP,
            initiator: (Ipv4Addr::new(10, 0, 0, low % 200).into(), 40_000),
            responder: (Ipv4Addr::new(10, 0, 1, low % 10).into(), 104),
        },
        macs: [Some(Mac([0, 1, 2, 3, 4, low])), None],
        hop_limits: [Some(64), None],
        vlan: None,
        first: second,
        last: second.plus(500_000),
        state: ConnState::SF,
        history: "ShADadFf".to_owned(),
        sent: [Direction { packets: n, ip_bytes: 2 * n, bytes: n, missed: 0 }, Direction::default()],
        service: (!n.is_multiple_of(3)).then_some(Service { name: "dicom", known: Known::PortAndContent }),
    }
}

pub(super) fn flows(numbers: std::ops::Range<u64>) -> Vec<Flow> {
    numbers.map(flow).collect()
}

/// Any flow. Counts stay below what a signed column holds; both times within 290,000 years.
pub(super) fn any_flow() -> impl Strategy<Value = Flow> {
    let states = [ConnState::S0, ConnState::Rej, ConnState::RstOS0, ConnState::RstRH, ConnState::SH, ConnState::Oth];
    let count = 0..=u64::MAX >> 1;
    let sent = (count.clone(), count.clone(), count.clone(), count.clone());
    let ends = any::<(u32, u8, IpAddr, u16, IpAddr, u16)>();
    let when = (any::<i32>(), 0..1_000_000_i64, 0..i64::MAX >> 2);
    let seen = any::<([Option<[u8; 6]>; 2], [Option<u8>; 2], Option<u16>)>();
    let service = proptest::option::of((0..3_usize, 0..3_usize));
    let names = (0..states.len(), "[A-Za-z^]{0,12}");
    (count, ends, when, seen, [sent.clone(), sent], service, names).prop_map(
        move |(id, ends, (second, micro, lasting), (macs, hop_limits, vlan), sent, service, (state, history))| {
            let first = Time::from_seconds(second.into()).plus(micro);
            let (scope, transport, from, from_port, to, to_port) = ends;
            Flow {
                id: FlowId(id),
                key: FlowKey {
                    scope: Scope(scope),
                    transport: Transport(transport),
                    initiator: (from, from_port),
                    responder: (to, to_port),
                },
                macs: macs.map(|mac| mac.map(Mac)),
                hop_limits,
                vlan,
                first,
                last: first.plus(lasting),
                state: states[state],
                history,
                sent: sent.map(|(packets, ip_bytes, bytes, missed)| Direction { packets, ip_bytes, bytes, missed }),
                service: service.map(|(name, known)| Service {
                    name: ["dns", "dicom", "hl7"][name],
                    known: [Known::Port, Known::Content, Known::PortAndContent][known],
                }),
            }
        },
    )
}
