//! Which station held a network address when: bindings by ARP, neighbour discovery and DHCP, and use.

use super::address::is_host;
use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use std::net::IpAddr;
use wardlight_model::{Fact, Field, Mac, Scope, Subject, Time};

/// Most stations remembered for one address; more is an attack, not a network.
const MOST: usize = 64;

/// A hardware address as far as it is unique: registered ones everywhere, made-up and virtual ones within their scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Station {
    pub(super) mac: Mac,
    pub(super) scope: Option<Scope>,
}

impl Station {
    /// The station with `mac` in `scope`; `None` for group addresses and zero.
    pub(super) fn of(scope: Scope, mac: Mac) -> Option<Self> {
        let shared = mac.is_local() || super::address::virtual_router(mac).is_some();
        mac.is_station().then_some(Self { mac, scope: shared.then_some(scope) })
    }
}

/// A time during which a station held an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Tenure {
    first: Time,
    last: Time,
    station: Station,
}

/// Who held which address when.
#[derive(Debug, Clone, Default)]
pub(super) struct Holders {
    by_ip: HashMap<(Scope, IpAddr), Vec<Tenure>, FixedState>,
    stated: HashSet<(Station, IpAddr), FixedState>,
}

impl Holders {
    /// From what was said: address facts about stations. `facts` in one agreed order.
    pub(super) fn stated(facts: &[&Fact]) -> Self {
        let mut holders = Self::default();
        for fact in facts.iter().filter(|fact| fact.field == Field::Address) {
            let Subject::Host(endpoint) = &fact.subject else { continue };
            let (Some(mac), Ok(ip)) = (endpoint.mac, fact.value.parse()) else { continue };
            if let Some(station) = Station::of(endpoint.scope, mac) {
                holders.add(endpoint.scope, ip, station, (fact.first, fact.last));
                holders.stated.insert((station, ip));
            }
        }
        holders
    }

    /// Adds that `station` held `ip` during `times`.
    pub(super) fn add(&mut self, scope: Scope, ip: IpAddr, station: Station, times: (Time, Time)) {
        if is_host(ip) {
            let tenures = self.by_ip.entry((scope, ip)).or_default();
            if let Some(tenure) = tenures.iter_mut().find(|tenure| tenure.station == station) {
                tenure.first = tenure.first.min(times.0);
                tenure.last = tenure.last.max(times.1);
            } else if tenures.len() < MOST {
                tenures.push(Tenure { first: times.0, last: times.1, station });
            }
        }
    }

    /// Whether it was said that `station` has `ip`.
    pub(super) fn states(&self, station: &Station, ip: IpAddr) -> bool {
        self.stated.contains(&(*station, ip))
    }

    /// Who held `ip` at `time`: of those whose tenure it falls in, the latest to begin; else the nearest in time.
    pub(super) fn holder(&self, scope: Scope, ip: IpAddr, time: Time) -> Option<Station> {
        let away = |tenure: &Tenure| tenure.first.since(time).max(time.since(tenure.last)).max(0);
        let tenures = self.by_ip.get(&(scope, ip))?.iter();
        let near = tenures.min_by_key(|tenure| (away(tenure), std::cmp::Reverse(tenure.first), tenure.station));
        near.map(|tenure| tenure.station)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_changes_with_time() {
        let ip: IpAddr = "10.0.0.5".parse().unwrap();
        let station = |last| Station::of(Scope(0), Mac([0, 0, 0, 0, 0, last])).unwrap();
        let at = Time::from_seconds;
        let mut holders = Holders::default();
        holders.add(Scope(0), ip, station(1), (at(10), at(20)));
        holders.add(Scope(0), ip, station(2), (at(30), at(40)));
        holders.add(Scope(0), ip, station(1), (at(100), at(110)));
        for (time, expected) in [(0, 1), (15, 1), (35, 2), (29, 1), (105, 1), (500, 1)] {
            assert_eq!(holders.holder(Scope(0), ip, at(time)), Some(station(expected)), "{time}");
        }
        assert_eq!(holders.holder(Scope(1), ip, at(15)), None);
    }

    #[test]
    fn made_up_addresses_are_unique_within_their_scope_only() {
        let (given, made_up) = (Mac([0, 1, 2, 3, 4, 5]), Mac([2, 1, 2, 3, 4, 5]));
        assert_eq!(Station::of(Scope(1), given), Station::of(Scope(2), given));
        assert_ne!(Station::of(Scope(1), made_up), Station::of(Scope(2), made_up));
        assert_eq!(Station::of(Scope(1), Mac::BROADCAST), None);
    }
}
