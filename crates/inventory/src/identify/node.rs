//! What the input speaks of, before anything is joined: stations, hosts known by address, nested devices; each with
//! its facts, times and addresses.

use super::address::is_host;
use super::holder::{Holders, Station};
use super::router::Routers;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::collections::BTreeSet;
use std::net::IpAddr;
use wardlight_model::{Endpoint, Fact, Field, Key, KeyKind, Origin, Presence, Scope, Subject, Time};

/// One thing spoken of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Node {
    /// A hardware address.
    Station(Station),
    /// A network address that no station is known to hold.
    Host(Scope, IpAddr),
    /// A device that another speaks for. Names that are unique only at the speaker carry its node.
    Nested(Key, Option<(Scope, Option<Box<Node>>)>),
}

/// What belongs to one node.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    pub(super) facts: Vec<&'a Fact>,
    pub(super) addresses: BTreeSet<IpAddr>,
    pub(super) first: Time,
    pub(super) last: Time,
    /// Whether it was seen to send.
    pub(super) sent: bool,
    /// Who speaks for it, when it is nested.
    pub(super) via: BTreeSet<Node>,
    /// Where the journal first speaks of it.
    pub(super) origin: Option<Origin>,
}

impl Part<'_> {
    const EMPTY: Self = Self {
        facts: Vec::new(),
        addresses: BTreeSet::new(),
        first: Time::from_micros(i64::MAX),
        last: Time::MIN,
        sent: false,
        via: BTreeSet::new(),
        origin: None,
    };

    fn during(&mut self, first: Time, last: Time, origin: Origin) {
        self.first = self.first.min(first);
        self.last = self.last.max(last);
        self.origin = Some(self.origin.map_or(origin, |known| known.min(origin)));
    }
}

/// Tells which node an endpoint is.
#[derive(Debug)]
pub(super) struct Placer {
    pub(super) routers: Routers,
    stated: Holders,
    holders: Holders,
    ttls: HashMap<(Station, IpAddr), u8, FixedState>,
}

impl Placer {
    /// From all facts and all that was sent, each in one agreed order.
    pub(super) fn new(facts: &[&Fact], presence: &[&Presence]) -> Self {
        let stated = Holders::stated(facts);
        let routers = Routers::find(facts, presence, &stated);
        let mut placer = Self { routers, holders: stated.clone(), stated, ttls: HashMap::default() };
        for seen in presence {
            let (Some(station), Some(ip)) = (station(&seen.endpoint), seen.endpoint.ip) else { continue };
            let ttl = placer.ttls.entry((station, ip)).or_default();
            *ttl = seen.ttl.max(*ttl);
        }
        for seen in presence {
            let (Some(station), Some(ip)) = (station(&seen.endpoint), seen.endpoint.ip) else { continue };
            if !placer.forwards(&station, ip) {
                placer.holders.add(seen.endpoint.scope, ip, station, (seen.first, seen.last));
            }
        }
        placer
    }

    /// The node that `endpoint` was at `time`; `None` when it names nobody.
    pub(super) fn node(&self, endpoint: &Endpoint, time: Time) -> Option<Node> {
        let ip = endpoint.ip.filter(|ip| is_host(*ip));
        match (station(endpoint), ip) {
            (Some(station), Some(ip)) if self.forwards(&station, ip) => {
                let other = self.holders.holder(endpoint.scope, ip, time).filter(|holder| *holder != station);
                Some(other.map_or(Node::Host(endpoint.scope, ip), Node::Station))
            }
            (Some(station), _) => Some(Node::Station(station)),
            (None, Some(ip)) => {
                let holder = self.holders.holder(endpoint.scope, ip, time);
                Some(holder.map_or(Node::Host(endpoint.scope, ip), Node::Station))
            }
            (None, None) => None,
        }
    }

    fn forwards(&self, station: &Station, ip: IpAddr) -> bool {
        let ttl = self.ttls.get(&(*station, ip)).copied().unwrap_or_default();
        is_host(ip) && self.routers.forwards(station, ip, ttl, &self.stated)
    }
}

fn station(endpoint: &Endpoint) -> Option<Station> {
    Station::of(endpoint.scope, endpoint.mac?)
}

/// Sorts presence and facts to their nodes, which are in order.
pub(super) fn parts<'a>(facts: &[&'a Fact], presence: &[&Presence], placer: &Placer) -> Vec<(Node, Part<'a>)> {
    let mut parts: HashMap<Node, Part<'_>, FixedState> = HashMap::default();
    for seen in presence {
        if let Some(node) = placer.node(&seen.endpoint, seen.first) {
            let part = parts.entry(node).or_insert(Part::EMPTY);
            part.during(seen.first, seen.last, seen.origin);
            part.sent = true;
            part.addresses.extend(seen.endpoint.ip.filter(|ip| is_host(*ip)));
        }
    }
    for fact in facts {
        let speaker = placer.node(fact.subject.endpoint(), fact.first);
        let (node, via) = match &fact.subject {
            Subject::Host(_) => (speaker, None),
            Subject::Nested { via, key } => (nested(key, via.scope, speaker.as_ref()), speaker),
        };
        let Some(node) = node else { continue };
        let is_station = matches!(node, Node::Station(_) | Node::Host(..));
        let part = parts.entry(node).or_insert(Part::EMPTY);
        part.during(fact.first, fact.last, fact.origin);
        part.via.extend(via);
        part.facts.push(fact);
        if is_station {
            let stated = (fact.field == Field::Address).then(|| fact.value.parse().ok()).flatten();
            let own = fact.subject.endpoint().ip.filter(|_| fact.field != Field::Address);
            part.addresses.extend(stated.into_iter().chain(own).filter(|ip: &IpAddr| is_host(*ip)));
        }
    }
    let mut parts: Vec<_> = parts.into_iter().collect();
    parts.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    parts
}

/// Keys that are unique everywhere stand alone; titles and BACnet's numbers are unique in their network, names of
/// instruments and units at their speaker.
fn nested(key: &Key, scope: Scope, speaker: Option<&Node>) -> Option<Node> {
    let text = match key.kind {
        KeyKind::Eui64 | KeyKind::Uuid | KeyKind::Duid | KeyKind::DhcpClientId => key.text.to_ascii_lowercase(),
        KeyKind::Serial | KeyKind::AeTitle | KeyKind::Instrument => key.text.clone(),
        KeyKind::BacnetDevice | KeyKind::ModbusUnit => key.text.clone(),
    };
    let place = match key.kind {
        KeyKind::AeTitle | KeyKind::BacnetDevice => Some((scope, None)),
        KeyKind::Instrument | KeyKind::ModbusUnit => Some((scope, speaker.cloned().map(Box::new))),
        _ => None,
    };
    (!text.is_empty()).then_some(Node::Nested(Key { kind: key.kind, text }, place))
}
