//! Sequence numbers of exporters: how much never came.
//!
//! NetFlow v5 and IPFIX count flows (Cisco NetFlow Export Datagram Format v5; RFC 7011 §3.1), NetFlow v9 and sFlow count
//! datagrams (RFC 3954 §5.1; sFlow version 5 §5).

use std::collections::BTreeMap;
use std::net::IpAddr;

/// Most streams that are followed; of those beyond nothing is known to be lost.
const STREAMS: usize = 16_384;
/// Farthest that a number may be ahead; farther, the exporter was started anew.
const AHEAD: u32 = 1 << 20;
/// Farthest that a number may be behind; farther, the exporter was started anew.
const BEHIND: u32 = 1 << 12;

/// What one exporter counts: its address, the kind of export, the domain or engine.
pub type Stream = (IpAddr, Unit, u64);

/// What an exporter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    Flow,
    Datagram,
}

/// What is expected of each stream, and what did not come.
#[derive(Debug, Default)]
pub struct Sequences {
    /// The next number; nothing when a datagram could not be counted through.
    next: BTreeMap<Stream, Option<u32>>,
    flows: u64,
    datagrams: u64,
}

impl Sequences {
    /// A datagram came with `number`, holding so many units, where that is known.
    pub fn came(&mut self, stream: Stream, number: u32, units: Option<u32>) {
        let known = self.next.get(&stream).copied();
        if known.is_none() && self.next.len() >= STREAMS {
            return;
        }
        let lost = match stream.1 {
            Unit::Flow => &mut self.flows,
            Unit::Datagram => &mut self.datagrams,
        };
        if let Some(Some(next)) = known {
            let (ahead, behind) = (number.wrapping_sub(next), next.wrapping_sub(number));
            if (1..=BEHIND).contains(&behind) {
                // It comes late, and was counted as lost.
                *lost = lost.saturating_sub(units.unwrap_or_default().into());
                return;
            }
            if ahead <= AHEAD {
                *lost = lost.saturating_add(ahead.into());
            }
        }
        self.next.insert(stream, units.map(|units| number.wrapping_add(units)));
    }

    /// Streams that are followed; flows and datagrams that did not come.
    pub fn counts(&self) -> (u64, u64, u64) {
        (u64::try_from(self.next.len()).unwrap_or(u64::MAX), self.flows, self.datagrams)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn lost(numbers: &[(u32, Option<u32>)]) -> u64 {
        let mut sequences = Sequences::default();
        for (number, units) in numbers {
            sequences.came((IpAddr::V4(Ipv4Addr::LOCALHOST), Unit::Flow, 0), *number, *units);
        }
        sequences.counts().1
    }

    #[test]
    fn gaps_are_counted_and_restarts_are_none() {
        assert_eq!(lost(&[(10, Some(5)), (15, Some(1)), (16, Some(3))]), 0);
        assert_eq!(lost(&[(10, Some(5)), (18, Some(1)), (21, Some(1))]), 5);
        assert_eq!(lost(&[(u32::MAX, Some(2)), (1, Some(1)), (4, Some(1))]), 2);
        assert_eq!(lost(&[(10, Some(5)), (18, Some(1)), (15, Some(3)), (19, Some(1))]), 0, "it came late");
        assert_eq!(lost(&[(2_000_000, Some(5)), (0, Some(5)), (5, Some(5))]), 0, "started anew");
        assert_eq!(lost(&[(10, None), (90, Some(1)), (92, Some(1))]), 1, "after one that could not be counted");
    }
}
