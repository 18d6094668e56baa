//! Which stations forward packets for others, so that what comes from their hardware address need not be theirs.
//!
//! In: presence, address bindings, router facts. Out: for each such station the reason. A station that only has several
//! addresses of its own (announced by ARP, neighbour discovery or DHCP) is no router.

use super::address::{hops, is_host, is_link_local, is_private, network, virtual_router};
use super::holder::{Holders, Station};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use wardlight_model::{Fact, Field, Presence, Subject};

/// Unannounced private addresses that one station may send for at once before it counts as forwarding.
const MANY: usize = 4;
/// The same for networks of public addresses.
const NETWORKS: usize = 3;

/// The stations that forward, each with its reason.
#[derive(Debug, Default)]
pub(super) struct Routers {
    reasons: BTreeMap<Station, Reason>,
}

/// Why a station counts as a router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reason {
    /// In one sentence.
    pub(super) text: String,
    /// Whether it was said on the wire, not concluded from what is sent.
    pub(super) stated: bool,
    /// Whether its own packets can be told from forwarded ones by their hop count.
    hops: bool,
}

impl Routers {
    /// Finds them.
    pub(super) fn find(facts: &[&Fact], presence: &[&Presence], stated: &Holders) -> Self {
        let mut routers = Self::default();
        for (station, text) in facts.iter().filter_map(|fact| router_fact(fact, stated)) {
            routers.add(station, Reason { text, stated: true, hops: true });
        }
        for (station, traffic) in traffic(presence, stated) {
            if let Some(protocol) = virtual_router(station.mac) {
                let text = format!("its hardware address is a virtual router's: {protocol}");
                routers.add(station, Reason { text, stated: true, hops: true });
            } else if let Some(reason) = judge(&traffic) {
                routers.add(station, reason);
            }
        }
        routers
    }

    /// Why `station` counts as a router, if it does.
    pub(super) fn reason(&self, station: &Station) -> Option<&Reason> {
        self.reasons.get(station)
    }

    /// Whether packets that `station` sends from `seen`'s address may be another host's.
    pub(super) fn forwards(&self, station: &Station, ip: IpAddr, ttl: u8, stated: &Holders) -> bool {
        let Some(reason) = self.reasons.get(station) else { return false };
        if is_link_local(ip) {
            return false;
        }
        let passed = hops(ttl);
        match stated.states(station, ip) {
            // A router that answers ARP for others (proxy ARP, RFC 1027) is told by the hops its packets have passed.
            true => passed.is_some_and(|passed| passed > 0),
            false => !(reason.hops && passed == Some(0) && is_private(ip)),
        }
    }

    /// The first reason given stays; stated ones come first, and their order is the facts' own.
    fn add(&mut self, station: Station, reason: Reason) {
        self.reasons.entry(station).or_insert(reason);
    }
}

/// The station that a router fact is about: itself, or the one that holds the address.
fn router_fact(fact: &Fact, stated: &Holders) -> Option<(Station, String)> {
    let Subject::Host(endpoint) = &fact.subject else { return None };
    if fact.field != Field::Router {
        return None;
    }
    let station = match endpoint.mac {
        Some(mac) => Station::of(endpoint.scope, mac),
        None => stated.holder(endpoint.scope, endpoint.ip?, fact.first),
    }?;
    Some((station, format!("it was named as a router ({})", fact.value)))
}

/// What one station sends from addresses that nothing says are its own, and whether it has one of its own.
#[derive(Debug, Default)]
struct Traffic<'a> {
    foreign: Vec<&'a Presence>,
    has_own_v4: bool,
}

fn traffic<'a>(presence: &[&'a Presence], stated: &Holders) -> BTreeMap<Station, Traffic<'a>> {
    let mut stations: BTreeMap<Station, Traffic<'_>> = BTreeMap::new();
    for seen in presence {
        let (Some(station), Some(ip)) =
            (seen.endpoint.mac.and_then(|mac| Station::of(seen.endpoint.scope, mac)), seen.endpoint.ip)
        else {
            continue;
        };
        let traffic = stations.entry(station).or_default();
        if stated.states(&station, ip) {
            traffic.has_own_v4 |= ip.is_ipv4() && is_private(ip);
        } else if is_host(ip) && !is_link_local(ip) {
            traffic.foreign.push(seen);
        }
    }
    stations
}

fn judge(traffic: &Traffic<'_>) -> Option<Reason> {
    let by = |text: String, hops| Some(Reason { text, stated: false, hops });
    let ips = || traffic.foreign.iter().filter_map(|seen| seen.endpoint.ip.map(|ip| (ip, hops(seen.ttl))));
    let public: BTreeSet<_> = ips().filter(|(ip, _)| !is_private(*ip)).map(|(ip, _)| network(ip)).collect();
    if public.len() >= NETWORKS {
        return by(format!("it sends packets from {} public networks", public.len()), true);
    }
    if traffic.has_own_v4 && ips().any(|(ip, _)| ip.is_ipv4() && !is_private(ip)) {
        return by("it has a private address and sends packets from public ones".to_owned(), true);
    }
    if let Some((ip, Some(passed))) = ips().find(|(_, passed)| passed.is_some_and(|passed| (1..=3).contains(&passed))) {
        return by(format!("its packets from {ip} have passed {passed} router(s)"), true);
    }
    let passed = ips().filter(|(_, passed)| passed.is_some_and(|passed| passed > 0)).count();
    if passed >= 2 {
        return by(format!("its packets from {passed} addresses have passed routers"), true);
    }
    let most = most_at_once(&traffic.foreign);
    (most >= MANY).then(|| Reason {
        text: format!("it sends packets from {most} addresses at once that it never announced"),
        stated: false,
        hops: false,
    })
}

/// The most IPv4 addresses that were in use at one time.
fn most_at_once(seen: &[&Presence]) -> usize {
    let v4 = || seen.iter().filter(|seen| seen.endpoint.ip.is_some_and(|ip| ip.is_ipv4()));
    let mut edges: Vec<_> = v4().flat_map(|seen| [(seen.first, 0u8), (seen.last, 1)]).collect();
    edges.sort_unstable();
    let (mut now, mut most) = (0usize, 0);
    for (_, end) in edges {
        if end == 0 {
            now += 1;
            most = most.max(now);
        } else {
            now = now.saturating_sub(1);
        }
    }
    most
}
