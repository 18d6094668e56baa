//! From facts to devices.
//!
//! 1. Routers are found, so that their hardware address does not swallow the hosts behind them.
//! 2. Every fact and every sending endpoint is placed at a node: a station, a host known by address only (at the
//!    station that held the address then, if one did), or a nested device.
//! 3. Nodes are joined by keys that stay with a device.
//! 4. Each group becomes a device with claims, labels and peers, unless nothing shows that it is one of ours.

mod address;
mod claim;
mod holder;
mod join;
mod label;
mod node;
mod plain;
mod router;

pub(crate) use address::{is_link_local, is_private, mac_of_eui64};
pub(crate) use join::is_own_name;

use crate::contacts::Exchange;
use crate::{Contacts, Knowledge};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use join::{Component, Graph};
use node::{Node, Part, Placer};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use wardlight_model::{Device, Endpoint, Fact, Field, Key, KeyKind, Label, Mac, Peer, Presence, Scope, Subject, Time};

/// Most peers kept for one device.
pub const MOST_PEERS: usize = 256;

/// What was seen on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'s, 'a> {
    /// What the wire said, in any order.
    pub facts: &'s [&'a Fact],
    /// Which endpoints there were, in any order.
    pub presence: &'a [Presence],
    /// Who talked to whom.
    pub contacts: &'a Contacts,
}

/// One device with what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Identified<'a> {
    /// The routing domain that its addresses belong to.
    pub scope: Scope,
    /// What was found.
    pub device: Device,
    /// Every fact about it.
    pub facts: Vec<&'a Fact>,
}

/// The devices, by id. The order of what was seen, and seeing the same fact twice, change nothing.
#[must_use]
pub fn identify(seen: &Seen<'_, '_>, knowledge: &Knowledge) -> Vec<Device> {
    identify_with_facts(seen, knowledge).into_iter().map(|found| found.device).collect()
}

/// The same, each with its routing domain and the facts that it rests on.
#[must_use]
pub fn identify_with_facts<'a>(seen: &Seen<'_, 'a>, knowledge: &Knowledge) -> Vec<Identified<'a>> {
    let mut facts: Vec<&Fact> = seen.facts.to_vec();
    facts.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
    facts.dedup();
    let mut presence: Vec<&Presence> = seen.presence.iter().filter(|seen| seen.sent).collect();
    presence.sort_unstable_by_key(|seen| (seen.endpoint, seen.first, seen.last, seen.ttl, seen.packets));
    presence.dedup();
    let placer = Placer::new(&facts, &presence);
    let components = Graph::join(node::parts(&facts, &presence, &placer), &knowledge.makers).components();
    let components: Vec<_> = components.into_iter().filter(|(nodes, _)| nodes.iter().any(is_ours)).collect();
    let ids = ids(&components);
    let owners: Owners = components
        .iter()
        .enumerate()
        .flat_map(|(at, (nodes, _))| nodes.iter().map(move |(node, _)| (node.clone(), at)))
        .collect();
    let peers = peers(seen.contacts, &placer, &owners, components.len());
    let mut devices: Vec<_> = components
        .into_iter()
        .zip(peers)
        .enumerate()
        .map(|(at, (component, peers))| {
            let via = via(&component, at, &owners).and_then(|via| ids.get(via).cloned());
            let id = ids.get(at).cloned().unwrap_or_default();
            let mut found = identified(component, &placer, knowledge);
            (found.device.id, found.device.via) = (id, via);
            found.device.peers = peers;
            found
        })
        .collect();
    label::neighbours(&mut devices, knowledge);
    devices.sort_by(|a, b| a.device.id.cmp(&b.device.id));
    devices
}

/// A full order of facts, so that the order they come in does not matter.
fn order(fact: &Fact) -> (&Subject, Field, &str, &str, (Time, Time, u64, wardlight_model::Place)) {
    (&fact.subject, fact.field, &fact.value, fact.protocol, (fact.first, fact.last, fact.count, fact.place))
}

/// Whether a node is a device of the network: a station, a named device, a private address that sends or is
/// described, or a public one that says what it is.
fn is_ours((node, part): &(Node, Part<'_>)) -> bool {
    match node {
        Node::Station(_) | Node::Nested(..) => true,
        Node::Host(_, ip) if address::is_private(*ip) => {
            let described = |fact: &&Fact| !matches!(fact.field, Field::DnsName | Field::Address);
            part.sent || part.facts.iter().any(described)
        }
        Node::Host(..) => part.facts.iter().any(|fact| identifies(fact.field)),
    }
}

/// Whether a field tells one device from all others, or what it is in medicine; servers of the internet have neither.
const fn identifies(field: Field) -> bool {
    matches!(
        field,
        Field::Serial
            | Field::Manufacturer
            | Field::Model
            | Field::ModelNumber
            | Field::Udi
            | Field::Eui64
            | Field::Duid
            | Field::AeTitle
            | Field::ImplementationUid
            | Field::DicomRole
            | Field::Modality
            | Field::StationName
            | Field::Hl7Application
            | Field::AstmSender
            | Field::AstmInstrument
            | Field::PoctDevice
            | Field::PoctMessage
            | Field::LaboratoryTest
            | Field::MdcType
            | Field::SdcLocation
            | Field::BedLabel
            | Field::MedicalRole
            | Field::BacnetDevice
    )
}

/// The devices' names in the run, each by its strongest key. A key that several have (a copied one) names none.
fn ids(components: &[Component<'_>]) -> Vec<String> {
    let mut counts: BTreeMap<&Key, usize> = BTreeMap::new();
    for key in components.iter().flat_map(|(_, keys)| keys) {
        *counts.entry(key).or_default() += 1;
    }
    components.iter().map(|component| id(component, |key| counts.get(key) == Some(&1))).collect()
}

/// A registered hardware address; else a key of its own; else whatever it was seen under.
fn id((nodes, keys): &Component<'_>, is_own: impl Fn(&Key) -> bool) -> String {
    const STRONGEST_FIRST: [KeyKind; 5] =
        [KeyKind::Eui64, KeyKind::Serial, KeyKind::Uuid, KeyKind::Duid, KeyKind::DhcpClientId];
    let stations =
        || nodes.iter().filter_map(|(node, _)| if let Node::Station(station) = node { Some(*station) } else { None });
    if let Some(station) = stations().filter(|station| station.scope.is_none()).min() {
        return format!("mac:{}", station.mac);
    }
    let mut own = STRONGEST_FIRST.iter().filter_map(|kind| keys.iter().find(|key| key.kind == *kind && is_own(key)));
    if let Some(key) = own.next() {
        return key_id(key);
    }
    if let Some(station) = stations().min() {
        return format!("mac:{}{}", station.mac, scope_suffix(station.scope.unwrap_or_default()));
    }
    let host =
        nodes.iter().find_map(|(node, _)| if let Node::Host(scope, ip) = node { Some((*scope, *ip)) } else { None });
    match host {
        Some((scope, ip)) => format!("ip:{ip}{}", scope_suffix(scope)),
        None => nodes.first().map(|(node, _)| nested_id(node)).unwrap_or_default(),
    }
}

fn key_id(key: &Key) -> String {
    let name = match key.kind {
        KeyKind::Eui64 => "eui64",
        KeyKind::Uuid => "uuid",
        KeyKind::Serial => "serial",
        KeyKind::AeTitle => "ae",
        KeyKind::Instrument => "instrument",
        KeyKind::Duid => "duid",
        KeyKind::DhcpClientId => "client",
        KeyKind::BacnetDevice => "bacnet",
        KeyKind::ModbusUnit => "unit",
    };
    format!("{name}:{}", key.text)
}

fn nested_id(node: &Node) -> String {
    let Node::Nested(key, place) = node else { return String::new() };
    let at = match place {
        Some((scope, Some(speaker))) => match &**speaker {
            Node::Station(station) => format!("@{}{}", station.mac, scope_suffix(*scope)),
            Node::Host(_, ip) => format!("@{ip}{}", scope_suffix(*scope)),
            Node::Nested(..) => String::new(),
        },
        Some((scope, None)) => scope_suffix(*scope),
        None => String::new(),
    };
    format!("{}{at}", key_id(key))
}

fn scope_suffix(scope: Scope) -> String {
    if scope == Scope::default() { String::new() } else { format!("%{}", scope.0) }
}

/// The device that speaks for this one: only when it was never met itself.
fn via((nodes, _): &Component<'_>, at: usize, owners: &Owners) -> Option<usize> {
    if nodes.iter().any(|(node, _)| !matches!(node, Node::Nested(..))) {
        return None;
    }
    let speakers = nodes.iter().flat_map(|(_, part)| &part.via).filter_map(|via| owners.get(via));
    speakers.copied().filter(|via| *via != at).min()
}

fn identified<'a>((nodes, keys): Component<'a>, placer: &Placer, knowledge: &Knowledge) -> Identified<'a> {
    let mut stations = BTreeMap::new();
    let mut addresses = BTreeSet::new();
    let mut scope = None;
    let (mut facts, mut origins) = (Vec::new(), Vec::new());
    let (mut first, mut last) = (Time::from_micros(i64::MAX), Time::MIN);
    for (node, part) in nodes {
        match node {
            Node::Station(station) => drop(stations.insert(station, part.first)),
            Node::Host(of, ip) => {
                addresses.insert(ip);
                scope = scope.or(Some(of));
            }
            Node::Nested(..) => {}
        }
        first = first.min(part.first);
        last = last.max(part.last);
        addresses.extend(part.addresses);
        facts.extend(part.facts);
        origins.extend(part.origin);
    }
    facts.sort_by(|a, b| order(a).cmp(&order(b)));
    let scope = scope.or_else(|| facts.first().map(|fact| fact.subject.endpoint().scope)).unwrap_or_default();
    let mut macs: BTreeMap<Mac, Time> = BTreeMap::new();
    for (station, seen) in &stations {
        macs.entry(station.mac).and_modify(|first| *first = (*first).min(*seen)).or_insert(*seen);
    }
    let inside = addresses.iter().filter_map(|ip| address::mac_of_v6(*ip)).filter(|_| macs.is_empty());
    let inside = inside.chain(keyed(&keys)).map(|mac| (mac, first));
    let shown_macs: Vec<(Mac, Time)> = macs.iter().map(|(mac, seen)| (*mac, *seen)).chain(inside).collect();
    let claims = claim::claims(&facts, &shown_macs, knowledge);
    let stations: Vec<_> = stations.into_keys().collect();
    let router = stations.iter().find_map(|station| placer.routers.reason(station));
    let labels = label::own(&stations, &facts, &claims, router.map(|reason| &*reason.text));
    let mut device = Device {
        id: String::new(),
        macs: macs.into_keys().collect(),
        addresses: addresses.into_iter().collect::<Vec<IpAddr>>(),
        keys: keys.into_iter().collect(),
        via: None,
        claims,
        labels: labels.into_iter().collect::<Vec<Label>>(),
        peers: Vec::new(),
        first,
        last,
        origins,
    };
    device.labels.extend(label::unsupported(&device, knowledge));
    Identified { scope, device, facts }
}

/// Hardware addresses inside EUI-64 keys.
fn keyed(keys: &BTreeSet<Key>) -> impl Iterator<Item = Mac> {
    keys.iter().filter(|key| key.kind == KeyKind::Eui64).filter_map(|key| address::mac_of_eui64(&key.text))
}

/// Which component a node belongs to.
type Owners = HashMap<Node, usize, FixedState>;

/// Who each of `count` devices talked to, most bytes first.
fn peers(contacts: &Contacts, placer: &Placer, owners: &Owners, count: usize) -> Vec<Vec<Peer>> {
    let mut met: Vec<Vec<(Endpoint, &str, Exchange)>> = vec![Vec::new(); count];
    for (one, other, service, exchange) in contacts.iter() {
        for (own, peer) in [(one, other), (other, one)] {
            // The contact's time is not kept: the endpoint is placed by its hardware address, or as of the first holder.
            let device = placer.node(own, Time::MIN).and_then(|node| owners.get(&node));
            if let Some(met) = device.and_then(|device| met.get_mut(*device)) {
                met.push((*peer, service, exchange));
            }
        }
    }
    met.into_iter().map(summed).collect()
}

/// One device's exchanges, those with the same end by the same service as one.
fn summed(mut met: Vec<(Endpoint, &str, Exchange)>) -> Vec<Peer> {
    met.sort_unstable_by_key(|(endpoint, service, _)| (*endpoint, *service));
    let mut peers: Vec<Peer> = Vec::new();
    for (endpoint, service, exchange) in met {
        match peers.last_mut().filter(|last| last.endpoint == endpoint && last.service == service) {
            Some(last) => {
                last.ip_bytes = last.ip_bytes.saturating_add(exchange.ip_bytes);
                last.flows += exchange.flows;
            }
            None => {
                let Exchange { ip_bytes, flows } = exchange;
                peers.push(Peer { endpoint, service: service.to_owned(), ip_bytes, flows });
            }
        }
    }
    peers.sort_by(|a, b| {
        b.ip_bytes.cmp(&a.ip_bytes).then_with(|| (a.endpoint, &a.service).cmp(&(b.endpoint, &b.service)))
    });
    peers.truncate(MOST_PEERS);
    peers
}

#[cfg(test)]
mod tests;
