//! Who talks to whom, reckoned from the sums of all conversations.

use crate::role::fleet::Fleet;
use crate::role::fleet::traffic::Party;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use wardlight_web::house::{Cell, MANY, Matrix, NO_DEVICE, OUTSIDE, Pair, Pairs, PairsWanted, UNKNOWN_KIND};

/// From which kind to which, by which service.
type Between = (Arc<str>, Arc<str>, &'static str);

/// By kind of device and service.
pub fn matrix(fleet: &Fleet) -> Matrix {
    let mut cells: HashMap<Between, [u64; 3]> = HashMap::new();
    let words = Words::default();
    fleet.traffic().each(|talk| {
        let [from, to] = [&talk.ends[0], &talk.ends[1]].map(|party| words.of(party));
        let [flows, bytes, pairs] = cells.entry((from, to, talk.service)).or_default();
        *flows = flows.saturating_add(talk.flows);
        *bytes = bytes.saturating_add(talk.ip_bytes);
        *pairs += 1;
    });
    let cell = |((from, to, service), counts): (_, [u64; 3])| {
        let [flows, ip_bytes, pairs] = counts;
        Cell { from, to, service, flows, ip_bytes, pairs }
    };
    let mut cells: Vec<Cell> = cells.into_iter().map(cell).collect();
    cells.sort_by(|a, b| (b.flows, &a.from, &a.to, a.service).cmp(&(a.flows, &b.from, &b.to, b.service)));
    Matrix { cells, is_whole: fleet.is_counted() }
}

/// The pairs that are `wanted`.
pub fn pairs(fleet: &Fleet, wanted: &PairsWanted) -> Pairs {
    let (mut rows, mut total, words) = (Vec::new(), 0, Words::default());
    let fits = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
    fleet.traffic().each(|talk| {
        let [from, to] = &talk.ends;
        let either = |kind: &str| *words.of(from) == *kind || *words.of(to) == *kind;
        if !fits(&wanted.service, talk.service)
            || !wanted.of.as_deref().is_none_or(either)
            || !fits(&wanted.from, &words.of(from))
            || !fits(&wanted.to, &words.of(to))
        {
            return;
        }
        total += 1;
        let ends = [(from.endpoint, from.device), (to.endpoint, to.device)];
        rows.push(Pair { ends, service: talk.service, flows: talk.flows, ip_bytes: talk.ip_bytes });
        // Never more than twice as many are held as are shown.
        if rows.len() >= wanted.most.saturating_mul(2).max(2) {
            keep(&mut rows, wanted.most);
        }
    });
    keep(&mut rows, wanted.most);
    Pairs { total, rows }
}

fn keep(rows: &mut Vec<Pair>, most: usize) {
    rows.sort_by_key(|pair| (Reverse(pair.ip_bytes), pair.ends[0].0, pair.ends[1].0, pair.service));
    rows.truncate(most);
}

/// The words for ends of which no kind is known, each made once.
struct Words {
    unknown: Arc<str>,
    none: Arc<str>,
    outside: Arc<str>,
    many: Arc<str>,
}

impl Default for Words {
    fn default() -> Self {
        Self { unknown: UNKNOWN_KIND.into(), none: NO_DEVICE.into(), outside: OUTSIDE.into(), many: MANY.into() }
    }
}

impl Words {
    fn of(&self, party: &Party<'_>) -> Arc<str> {
        let word = match (party.kind, party.device, party.endpoint.ip) {
            (Some(kind), ..) => kind,
            (None, Some(_), _) => &self.unknown,
            (None, None, Some(ip)) if is_many(ip) => &self.many,
            (None, None, Some(ip)) if is_outside(ip) => &self.outside,
            _ => &self.none,
        };
        Arc::clone(word)
    }
}

fn is_many(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_multicast() || ip.octets()[3] == 255,
        IpAddr::V6(ip) => ip.is_multicast(),
    }
}

/// Whether an address is none of a house's own (RFC 1918, 3927, 4193, 6598).
fn is_outside(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            !(ip.is_private() || ip.is_link_local() || ip.is_loopback() || ip.is_unspecified() || is_shared)
        }
        IpAddr::V6(ip) => {
            !(ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback() || ip.is_unspecified())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_house_are_told_from_those_outside_and_those_of_many() {
        let of = |text: &str| {
            let ip: IpAddr = text.parse().expect("an address");
            (is_outside(ip), is_many(ip))
        };
        for inside in ["10.1.2.3", "172.16.0.1", "192.168.0.9", "169.254.1.1", "100.64.0.1", "fd00::1", "fe80::1"] {
            assert_eq!(of(inside), (false, false), "{inside}");
        }
        for outside in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1"] {
            assert!(of(outside).0, "{outside}");
        }
        for many in ["239.0.0.1", "10.0.0.255", "ff02::fb"] {
            assert!(of(many).1, "{many}");
        }
    }
}
