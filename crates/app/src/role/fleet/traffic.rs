//! Who talked to whom, summed up over all hours: what lists say of a device's conversations.
//!
//! In: contacts, each once; which devices have which addresses. Out: of each device its peers. An address in two routing
//! domains, or of two devices, counts for the one whose hardware address was seen with it; else for the only device that
//! has it, in the sensor's own domain.

use foldhash::fast::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use wardlight_model::change::{Contact, Known};
use wardlight_model::{Attribute, Endpoint, Id, Mac, Peer, Scope};

/// The sums.
#[derive(Default)]
pub struct Traffic {
    ends: HashMap<End, u32, RandomState>,
    by_end: Vec<Spoken>,
    pairs: HashMap<(u32, u32, &'static str), u32, RandomState>,
    sums: Vec<Sum>,
    by_ip: HashMap<IpAddr, Vec<u32>, RandomState>,
    devices: BTreeMap<Id, Held>,
    holders: HashMap<IpAddr, Vec<Id>, RandomState>,
    stations: HashMap<Mac, Id, RandomState>,
    stale: BTreeSet<Id>,
}

/// One end of conversations: an address in its routing domain, or hardware that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum End {
    Host(Scope, IpAddr),
    Station(Mac),
}

/// What one end took part in.
struct Spoken {
    end: End,
    /// The hardware address seen with it first.
    mac: Option<Mac>,
    /// Numbers of sums.
    sums: Vec<u32>,
}

/// What two ends exchanged by one service, both ways.
struct Sum {
    ends: [u32; 2],
    service: &'static str,
    /// Conversations begun by each.
    begun: [u64; 2],
    ip_bytes: u64,
}

/// The addresses of a device, and what it is.
struct Held {
    addresses: Vec<IpAddr>,
    macs: Vec<Mac>,
    kind: Option<Arc<str>>,
}

/// What one end began with another by one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Talk {
    /// Who began, and who answered: places among [`Traffic::parties`].
    pub ends: [u32; 2],
    /// The service spoken, `-` when unknown.
    pub service: &'static str,
    /// Conversations.
    pub flows: u64,
    /// Bytes of IP packets both ways, also of what the other began.
    pub ip_bytes: u64,
}

/// One end.
#[derive(Debug, Clone)]
pub struct Party {
    /// Where it is reached.
    pub endpoint: Endpoint,
    /// The device that it is.
    pub device: Option<Id>,
    /// What that is.
    pub kind: Option<Arc<str>>,
}

impl Traffic {
    /// Adds what two ends exchanged in one hour.
    pub fn add(&mut self, contact: &Contact) {
        let [Some(a), Some(b)] = contact.ends.map(|end| self.end(end)) else { return };
        let key = (a.min(b), a.max(b), contact.service);
        let next = number(self.sums.len());
        let at = *self.pairs.entry(key).or_insert(next);
        if at == next {
            self.sums.push(Sum { ends: [a, b], service: contact.service, begun: [0; 2], ip_bytes: 0 });
            for end in BTreeSet::from([a, b]) {
                self.by_end.get_mut(end as usize).into_iter().for_each(|spoken| spoken.sums.push(at));
            }
        }
        if let Some(sum) = self.sums.get_mut(at as usize) {
            let bytes = contact.ip_bytes.iter().fold(0_u64, |sum, bytes| sum.saturating_add(*bytes));
            let [first, second] = &mut sum.begun;
            let begun = if sum.ends == [a, b] { first } else { second };
            *begun = begun.saturating_add(contact.flows);
            sum.ip_bytes = sum.ip_bytes.saturating_add(bytes);
        }
        for end in [a, b] {
            self.stale.extend(self.by_end.get(end as usize).and_then(|spoken| self.owner(spoken)));
        }
    }

    /// Takes in which addresses a device has.
    pub fn put(&mut self, known: &Known) {
        let (addresses, macs) = (&known.device.addresses, &known.device.macs);
        let kind = known.device.best(Attribute::Type).map(|claim| Arc::from(claim.value.as_str()));
        if let Some(held) = self.devices.get_mut(&known.id)
            && held.addresses == *addresses
            && held.macs == *macs
        {
            held.kind = kind;
            return;
        }
        self.remove(known.id);
        let held = Held { addresses: addresses.clone(), macs: macs.clone(), kind };
        held.addresses.iter().for_each(|ip| self.holders.entry(*ip).or_default().push(known.id));
        self.stations.extend(held.macs.iter().map(|mac| (*mac, known.id)));
        self.devices.insert(known.id, held);
        self.stale.insert(known.id);
    }

    /// Takes in that a device is no more.
    pub fn remove(&mut self, id: Id) {
        let Some(held) = self.devices.remove(&id) else { return };
        for ip in held.addresses {
            if let Some(holders) = self.holders.get_mut(&ip) {
                holders.retain(|holder| *holder != id);
            }
        }
        for mac in held.macs {
            if self.stations.get(&mac) == Some(&id) {
                self.stations.remove(&mac);
            }
        }
        self.stale.remove(&id);
    }

    /// The devices whose conversations are others than when this was asked last, with their peers, most bytes first.
    pub fn take_stale(&mut self) -> Vec<(Id, Vec<Peer>)> {
        let stale = std::mem::take(&mut self.stale);
        stale.into_iter().map(|id| (id, self.peers(id))).collect()
    }

    /// All ends, and what each is.
    pub fn parties(&self) -> Vec<Party> {
        let party = |spoken: &Spoken| {
            let device = self.owner(spoken);
            let kind = device.and_then(|id| self.devices.get(&id)?.kind.clone());
            Party { endpoint: spoken.end.endpoint(), device, kind }
        };
        self.by_end.iter().map(party).collect()
    }

    /// Tells what anybody began with anybody, `most` sums from number `from`; gives the number after them, none at the end.
    pub fn talks(&self, from: usize, most: usize, told: &mut impl FnMut(Talk)) -> Option<usize> {
        let end = from.saturating_add(most).min(self.sums.len());
        for sum in self.sums.get(from..end)? {
            let [a, b] = sum.ends;
            for (ends, flows) in [([a, b], sum.begun[0]), ([b, a], sum.begun[1])] {
                if flows > 0 {
                    told(Talk { ends, service: sum.service, flows, ip_bytes: sum.ip_bytes });
                }
            }
        }
        (end < self.sums.len()).then_some(end)
    }

    /// With whom `id` talks, most bytes first.
    pub fn peers(&self, id: Id) -> Vec<Peer> {
        let Some(held) = self.devices.get(&id) else { return Vec::new() };
        let hosts = held.addresses.iter().filter_map(|ip| self.by_ip.get(ip)).flatten().copied();
        let stations = held.macs.iter().filter_map(|mac| self.ends.get(&End::Station(*mac)).copied());
        let own: Vec<(u32, &Spoken)> = hosts
            .chain(stations)
            .filter_map(|end| Some((end, self.by_end.get(end as usize)?)))
            .filter(|(_, spoken)| self.owner(spoken) == Some(id))
            .collect();
        let mut peers = Vec::new();
        for (end, spoken) in own {
            for sum in spoken.sums.iter().filter_map(|at| self.sums.get(*at as usize)) {
                let [a, b] = sum.ends;
                let other = self.by_end.get(if a == end { b } else { a } as usize);
                peers.extend(other.map(|other| Peer {
                    endpoint: other.end.endpoint(),
                    service: sum.service.to_owned(),
                    ip_bytes: sum.ip_bytes,
                    flows: sum.begun[0].saturating_add(sum.begun[1]),
                }));
            }
        }
        peers.sort_by(|a, b| (b.ip_bytes, a.endpoint, &a.service).cmp(&(a.ip_bytes, b.endpoint, &b.service)));
        peers
    }

    /// The device that an end belongs to.
    fn owner(&self, spoken: &Spoken) -> Option<Id> {
        let (scope, ip) = match spoken.end {
            End::Station(mac) => return self.stations.get(&mac).copied(),
            End::Host(scope, ip) => (scope, ip),
        };
        let holders = self.holders.get(&ip)?;
        let is_only = self.by_ip.get(&ip).is_none_or(|ends| ends.len() <= 1);
        match holders.as_slice() {
            [one] if is_only => Some(*one),
            many => {
                let mac = spoken.mac?;
                let has = |id: &&Id| self.devices.get(id).is_some_and(|held| held.macs.contains(&mac));
                let only = || many.first().copied().filter(|_| scope == Scope(0) && many.len() == 1);
                many.iter().find(has).copied().or_else(only)
            }
        }
    }

    fn end(&mut self, endpoint: Endpoint) -> Option<u32> {
        let end = match (endpoint.ip, endpoint.mac) {
            (Some(ip), _) => End::Host(endpoint.scope, ip),
            (None, Some(mac)) => End::Station(mac),
            (None, None) => return None,
        };
        let next = number(self.by_end.len());
        let at = *self.ends.entry(end).or_insert(next);
        if at == next {
            self.by_end.push(Spoken { end, mac: endpoint.mac, sums: Vec::new() });
            if let End::Host(_, ip) = end {
                self.by_ip.entry(ip).or_default().push(at);
            }
        }
        Some(at)
    }
}

impl End {
    const fn endpoint(self) -> Endpoint {
        match self {
            Self::Host(scope, ip) => Endpoint { scope, mac: None, ip: Some(ip) },
            Self::Station(mac) => Endpoint { scope: Scope(0), mac: Some(mac), ip: None },
        }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardlight_model::{Device, Time};

    fn device(n: u8, ips: &[&str]) -> Known {
        let device = Device {
            id: format!("mac:{n}"),
            macs: vec![Mac([0, 9, 0xfb, 0, 0, n])],
            addresses: ips.iter().map(|ip| ip.parse().expect("an address")).collect(),
            keys: Vec::new(),
            via: None,
            claims: Vec::new(),
            labels: Vec::new(),
            peers: Vec::new(),
            first: Time::default(),
            last: Time::default(),
            origins: Vec::new(),
        };
        Known { id: Id([n; 16]), device, features: Vec::new() }
    }

    fn end(scope: u32, mac: u8, ip: &str) -> Endpoint {
        Endpoint { scope: Scope(scope), mac: Some(Mac([0, 9, 0xfb, 0, 0, mac])), ip: ip.parse().ok() }
    }

    fn contact(ends: [Endpoint; 2], service: &'static str, hour: i64) -> Contact {
        let (first, last) = (Time::default(), Time::default());
        Contact { ends, service, hour, flows: 2, packets: [1; 2], ip_bytes: [30, 10], first, last }
    }

    /// Services, bytes and flows of each stale device.
    /// Peer, flows, bytes.
    type Line = (String, u64, u64);

    fn told(traffic: &mut Traffic) -> Vec<(u8, Vec<Line>)> {
        let told = traffic.take_stale().into_iter();
        let peer = |peer: Peer| {
            let ip = peer.endpoint.ip.map(|ip| ip.to_string()).unwrap_or_default();
            (format!("{} {ip}", peer.service), peer.ip_bytes, peer.flows)
        };
        told.map(|(id, peers)| (id.0[0], peers.into_iter().map(peer).collect())).collect()
    }

    #[test]
    fn hours_and_directions_add_up_for_both_ends() {
        let mut traffic = Traffic::default();
        traffic.put(&device(1, &["10.0.0.1"]));
        traffic.put(&device(2, &["10.0.0.2"]));
        let (a, b) = (end(0, 1, "10.0.0.1"), end(0, 2, "10.0.0.2"));
        traffic.add(&contact([a, b], "hl7", 5));
        traffic.add(&contact([b, a], "hl7", 6));
        traffic.add(&contact([a, end(0, 9, "8.8.8.8")], "dns", 6));
        let hl7 = |ip: &str| (format!("hl7 {ip}"), 80, 4);
        let dns = ("dns 8.8.8.8".to_owned(), 40, 2);
        assert_eq!(told(&mut traffic), [(1, vec![hl7("10.0.0.2"), dns]), (2, vec![hl7("10.0.0.1")])]);
        assert_eq!(told(&mut traffic), [], "nothing new");
        traffic.add(&contact([a, end(0, 9, "8.8.8.8")], "dns", 7));
        assert_eq!(told(&mut traffic).len(), 1);
    }

    #[test]
    fn who_began_is_told_apart_and_of_which_kind_each_is() {
        let mut traffic = Traffic::default();
        let mut pump = device(1, &["10.0.0.1"]);
        traffic.put(&pump);
        pump.device.claims = vec![wardlight_model::Claim::of_person(Attribute::Type, "infusion pump", "mayer")];
        traffic.put(&pump);
        let (a, b) = (end(0, 1, "10.0.0.1"), end(0, 2, "10.0.0.2"));
        traffic.add(&contact([a, b], "hl7", 5));
        traffic.add(&contact([b, a], "hl7", 6));
        traffic.add(&contact([a, b], "hl7", 7));
        let mut told = Vec::new();
        let parties = traffic.parties();
        let kind = |at: u32| parties[at as usize].kind.as_deref().map(str::to_owned);
        let mut next = Some(0);
        while let Some(from) = next {
            next = traffic.talks(from, 1, &mut |talk| told.push((kind(talk.ends[0]), talk.flows, talk.ip_bytes)));
        }
        assert_eq!(told, [(Some("infusion pump".to_owned()), 4, 120), (None, 2, 120)]);
    }

    #[test]
    fn an_address_in_two_domains_counts_for_whose_hardware_was_seen_with_it() {
        let mut traffic = Traffic::default();
        traffic.put(&device(1, &["10.0.0.1"]));
        traffic.put(&device(2, &["10.0.0.1"]));
        traffic.add(&contact([end(0, 1, "10.0.0.1"), end(0, 9, "10.0.0.9")], "hl7", 5));
        traffic.add(&contact([end(4, 2, "10.0.0.1"), end(4, 9, "10.0.0.8")], "dicom", 5));
        let told = told(&mut traffic);
        assert_eq!(told[0], (1, vec![("hl7 10.0.0.9".to_owned(), 40, 2)]));
        assert_eq!(told[1], (2, vec![("dicom 10.0.0.8".to_owned(), 40, 2)]));
    }

    #[test]
    fn a_device_that_is_found_later_has_what_was_counted_before() {
        let mut traffic = Traffic::default();
        traffic.add(&contact([end(0, 1, "10.0.0.1"), end(0, 2, "10.0.0.2")], "hl7", 5));
        assert_eq!(told(&mut traffic), []);
        traffic.put(&device(1, &["10.0.0.1"]));
        assert_eq!(told(&mut traffic), [(1, vec![("hl7 10.0.0.2".to_owned(), 40, 2)])]);
        traffic.remove(Id([1; 16]));
        traffic.add(&contact([end(0, 1, "10.0.0.1"), end(0, 2, "10.0.0.2")], "hl7", 6));
        assert_eq!(told(&mut traffic), []);
    }
}
