//! The goals hold on a small hospital, too, but for what the whole case alone can reach.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

#[test]
fn a_small_hospital_is_known_as_well_as_a_large_one() {
    let plan = Plan { seed: 1, size: "small".to_owned(), hours: 4, orders: 2, show: 3 };
    let mut out = String::new();
    let goals = compare(&plan, &mut out).unwrap();
    assert_eq!(goals.missed_but(OPEN), Vec::<&str>::new(), "{out}\n{}", goals.table());
}

/// Goals that are not reached; docs/accuracy.md says what stands in the way. One that is reached must be taken
/// off. This one is reached where servers with short names are fewer: in the whole case.
const OPEN: &[&str] = &["pairs of one device put together, of those that share a value"];

#[test]
fn two_routing_domains_with_the_same_addresses_stay_apart() {
    let (knowledge, rules) = shipped().unwrap();
    let hospital = Hospital::plan(1, size("small").unwrap());
    let exports = hospital.records(Headings::Nuvolo);
    let window = sight::window(1);
    let roll = Roll::of(hospital.truth(&exports), window);
    let sight = Sight::of(&hospital, window).unwrap();
    let met = sight.met(&knowledge, &roll);
    let of: BTreeMap<Id, Scope> = met.iter().map(|met| (met.id, met.found.scope)).collect();
    let mut held: BTreeMap<IpAddr, BTreeSet<(Scope, Id)>> = BTreeMap::new();
    for met in &met {
        let device = &met.found.device;
        // Link-local addresses are made from hardware addresses, which are no one domain's.
        let own = device.addresses.iter().filter(|ip| ip.is_ipv4());
        for ip in own {
            held.entry(*ip).or_default().insert((met.found.scope, met.id));
        }
        assert!(device.peers.iter().all(|peer| peer.endpoint.scope == met.found.scope), "{}", device.id);
    }
    let shared =
        held.values().filter(|holders| holders.iter().map(|(scope, _)| scope).collect::<BTreeSet<_>>().len() > 1);
    assert!(shared.count() > 10, "both domains have hosts of 10.0.0.0/24 and others");
    let books = exports::read(&exports, &roll, window.1).unwrap();
    let case = Case { met, books: &books, roll: &roll, owners: owner_rules(), now: window.1 };
    for asset in case.resolve(&books, &rules, &knowledge).assets {
        let scopes: BTreeSet<Scope> = asset.members.iter().filter_map(|member| of.get(&member.id).copied()).collect();
        assert!(scopes.len() < 2, "{asset:?}");
    }
}

#[test]
fn the_ports_that_switches_name_are_where_devices_were() {
    let (knowledge, _) = shipped().unwrap();
    let hospital = Hospital::plan(1, size("small").unwrap());
    let exports = hospital.records(Headings::Nuvolo);
    let window = sight::window(4);
    let roll = Roll::of(hospital.truth(&exports), window);
    let sight = Sight::of(&hospital, window).unwrap();
    let (mut placed, mut right) = (0, 0);
    for met in sight.met(&knowledge, &roll).iter().filter(|met| met.is.len() == 1) {
        let truth = &roll.truth[&met.is[0]];
        let ports: BTreeSet<String> = truth
            .stays
            .iter()
            .filter_map(|stay| Some((roll.truth.get(&stay.at?)?, stay.port)))
            .flat_map(|(switch, port)| switch.macs.iter().map(move |mac| format!("{mac} 1/{port}")))
            .collect();
        assert!(met.stays.is_sorted(), "oldest first");
        for stay in &met.stays {
            placed += 1;
            let value = |at: usize| stay.place[at].1.as_str();
            right += usize::from(ports.contains(&format!("{} {}", value(0), value(1))));
        }
    }
    assert!(placed > 40, "only {placed} places were named");
    assert_eq!(right, placed);
}
