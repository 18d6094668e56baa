//! Flow exports: NetFlow v5 and v9, IPFIX, sFlow v5.
//!
//! A [`Collector`] takes datagrams as they arrive, from whomever; the source takes a file of datagrams back to back
//! (RFC 5655 for IPFIX). A record is one conversation as one exporter saw it, mostly one way. Counts of sampled packets
//! are multiplied by the sampling interval, when the exporter tells it.

mod fields;
mod pieces;
mod record;
mod sequence;
mod sflow;
mod template;
mod v5;

use super::{Gives, Head, Info, Source, Sureness};
use crate::bytes::{Cursor, Short};
use crate::item::Rows;
use crate::{Item, Options, ReadError, Tally};
use sequence::Sequences;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr};
use template::Templates;
use wardlight_model::{FlowId, Time};

pub(super) const ENTRY: Netflow = Netflow;

pub(super) struct Netflow;

impl Source for Netflow {
    fn info(&self) -> &'static Info {
        &Info {
            name: "netflow",
            what: "NetFlow v5 and v9, IPFIX, sFlow v5: datagrams back to back",
            source: "Cisco NetFlow Export Datagram Format v5; RFC 3954; RFC 7011, 7012, 5103, 5655; sFlow version 5 (sflow.org)",
            gives: Gives::Traffic,
        }
    }

    fn probe(&self, head: &Head<'_>) -> Sureness {
        match pieces::kind(head.bytes) {
            None => Sureness::No,
            Some(_) if head.bytes.len() >= 20 => Sureness::Likely,
            Some(_) => Sureness::Maybe,
        }
    }

    fn read(&self, from: &mut dyn Read, options: &Options<'_>, give: &mut dyn FnMut(Item)) -> Result<Tally, ReadError> {
        let mut rows = Rows::new(give);
        let mut collector = Collector::default();
        let mut pieces = pieces::Pieces::new(from);
        while let Some(datagram) = pieces.next()? {
            let sender = Sender { exporter: IpAddr::V4(Ipv4Addr::UNSPECIFIED), time: options.now };
            collector.read(&datagram, sender, options, &mut rows);
        }
        Ok(rows.tally())
    }
}

/// Who sent a datagram, and when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender {
    /// Address that it came from; templates hold for it alone.
    pub exporter: IpAddr,
    /// When it came; counts where the datagram does not say.
    pub time: Time,
}

/// Takes datagrams of any exporters in any order, and keeps their templates within bounds.
#[derive(Debug, Default)]
pub struct Collector {
    templates: Templates,
    sequences: Sequences,
    datagrams: u64,
    flows: u64,
}

/// What a collector was sent, and what never came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Received {
    /// Datagrams.
    pub datagrams: u64,
    /// Exporters, each domain or engine of one by itself.
    pub exporters: u64,
    /// Flows that never came, by the sequence numbers of NetFlow v5 and IPFIX.
    pub lost_flows: u64,
    /// Datagrams that never came, by the sequence numbers of NetFlow v9 and sFlow.
    pub lost_datagrams: u64,
}

impl Collector {
    /// Reads one datagram and gives what it says. A record whose template has not come yet is set aside.
    pub fn datagram(
        &mut self,
        datagram: &[u8],
        sender: Sender,
        options: &Options<'_>,
        give: &mut dyn FnMut(Item),
    ) -> Tally {
        let mut rows = Rows::new(give);
        self.read(datagram, sender, options, &mut rows);
        rows.tally()
    }

    /// What came so far, and what did not.
    #[must_use]
    pub fn received(&self) -> Received {
        let (exporters, lost_flows, lost_datagrams) = self.sequences.counts();
        Received { datagrams: self.datagrams, exporters, lost_flows, lost_datagrams }
    }

    fn read(&mut self, datagram: &[u8], sender: Sender, options: &Options<'_>, rows: &mut Rows<'_>) {
        self.datagrams += 1;
        let mut context = Context {
            number: self.datagrams,
            sender,
            options,
            templates: &mut self.templates,
            sequences: &mut self.sequences,
            flows: &mut self.flows,
            records: Some(0),
        };
        let cursor = Cursor(datagram);
        let read = match pieces::kind(datagram) {
            Some(pieces::Kind::V5) => v5::read(cursor, &mut context, rows),
            Some(pieces::Kind::V9) => template::v9(cursor, &mut context, rows),
            Some(pieces::Kind::Ipfix) => template::ipfix(cursor, &mut context, rows),
            Some(pieces::Kind::Sflow) => sflow::read(cursor, &mut context, rows),
            None => {
                rows.set_aside(self.datagrams, "begins as no flow export does");
                return;
            }
        };
        if read == Err(Short) {
            rows.set_aside(self.datagrams, "ends before what it states");
        }
    }
}

/// What holds while one datagram is read.
struct Context<'a> {
    number: u64,
    sender: Sender,
    options: &'a Options<'a>,
    templates: &'a mut Templates,
    sequences: &'a mut Sequences,
    flows: &'a mut u64,
    /// Records in this datagram so far; nothing when they cannot be counted.
    records: Option<u32>,
}

impl Context<'_> {
    /// A name for the next flow.
    fn flow(&mut self) -> FlowId {
        *self.flows += 1;
        FlowId(*self.flows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::options;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_datagrams_are_accounted_for(datagrams in prop::collection::vec(
            (prop::sample::select(vec![[0, 5], [0, 9], [0, 10], [0, 0]]), prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(4), any::<u8>()], 0..120)), 1..6)) {
            let mut collector = Collector::default();
            for (head, rest) in datagrams {
                let mut aside = 0;
                let sender = Sender { exporter: IpAddr::V4(Ipv4Addr::LOCALHOST), time: Time::default() };
                let mut give = |item| aside += u64::from(matches!(item, Item::Trouble(trouble) if !trouble.is_mended));
                let tally = collector.datagram(&[head.as_slice(), &rest].concat(), sender, &options("x"), &mut give);
                prop_assert!(tally.adds_up());
                prop_assert_eq!(aside, tally.set_aside);
            }
        }
    }
}
