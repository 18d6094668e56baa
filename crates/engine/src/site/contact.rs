//! Conversations, summed up by ends, service and hour.

use std::collections::BTreeMap;
use wardlight_model::change::Contact;
use wardlight_model::{Endpoint, Flow, Side};

const HOUR: i64 = 3_600_000_000;

/// One sum for each pair of ends, service and hour, in that order.
pub(super) fn sums(flows: &[Flow]) -> Vec<Contact> {
    let mut sums: BTreeMap<([Endpoint; 2], &'static str, i64), Contact> = BTreeMap::new();
    for flow in flows {
        let ends = [flow.endpoint(Side::Initiator), flow.endpoint(Side::Responder)];
        let service = flow.service.map_or("-", |service| service.name);
        let hour = flow.last.micros().div_euclid(HOUR);
        let empty = Contact {
            ends,
            service,
            hour,
            flows: 0,
            packets: [0; 2],
            ip_bytes: [0; 2],
            first: flow.first,
            last: flow.last,
        };
        let sum = sums.entry((ends, service, hour)).or_insert(empty);
        sum.flows += 1;
        for (at, way) in flow.sent.iter().enumerate() {
            sum.packets.get_mut(at).into_iter().for_each(|sum| *sum = sum.saturating_add(way.packets));
            sum.ip_bytes.get_mut(at).into_iter().for_each(|sum| *sum = sum.saturating_add(way.ip_bytes));
        }
        sum.first = sum.first.min(flow.first);
        sum.last = sum.last.max(flow.last);
    }
    sums.into_values().collect()
}
