//! A made-up hospital of any size, in bulk: what sensors report of its devices, and who talks to whom.
//!
//! In: a seed, and how many devices. Out: batches as sensors send them, one after the other, none of them held. The same
//! seed gives the same batches. Makers stand under their own prefixes of the IEEE's registry; models, numbers and names
//! are made up. There are no patients here.

mod kinds;
mod talk;

use kinds::{KINDS, Kind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use wardlight_model::journal::{Flows, Observations};
use wardlight_model::{Endpoint, Fact, Field, Id, Mac, Origin, Place, Presence, Scope, Subject, Time};

/// Facts and presences of one batch, at least; what is said of one device stays together.
const ITEMS: usize = 5000;
/// Conversations of one batch.
const FLOWS: u32 = 5000;
/// 2025-10-09 09:00:00 UTC: when the first conversations end.
const BEGIN: i64 = 1_760_000_400;
/// Devices of one network.
const NETWORK: u64 = 200;

/// The hospital.
#[derive(Debug, Clone, Copy)]
pub struct Hospital {
    seed: u64,
    devices: u64,
}

impl Hospital {
    /// One with so many devices.
    #[must_use]
    pub const fn new(seed: u64, devices: u32) -> Self {
        Self { seed, devices: devices as u64 }
    }

    /// What is observed of every device in the `round`th minute: in the first one everything for the first time, in
    /// later ones the same once more.
    pub fn observations(self, round: u32) -> impl Iterator<Item = Observations> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let mut seen =
                Observations { sensor: sensor(next), sources: vec!["span".into()], ..Observations::default() };
            while next < self.devices && seen.facts.items.len() + seen.presences.items.len() < ITEMS {
                self.device(next).say(round, &mut seen);
                next += 1;
            }
            (!seen.facts.items.is_empty()).then_some(seen)
        })
    }

    /// The maintenance system's export: a heading, and one line for every device.
    pub fn register(self) -> impl Iterator<Item = String> {
        let heading =
            "Asset tag,Serial number,Manufacturer,Model,MAC address,IP address,Department,Location".to_owned();
        std::iter::once(heading).chain((0..self.devices).map(move |n| {
            let (device, ward) = (self.device(n), n / NETWORK);
            let (mac, ip) = (device.mac(), address(n));
            format!("BME{n:06},,,,{mac},{ip},Ward {ward},{}", n % NETWORK)
        }))
    }

    /// `count` conversations within `hours` hours, in the order in which they end.
    pub fn flows(self, count: u64, hours: u32) -> impl Iterator<Item = Flows> {
        let step = i64::from(hours) * 3_600_000_000 / i64::try_from(count.max(1)).unwrap_or(i64::MAX);
        (0..count).step_by(FLOWS as usize).map(move |first| {
            let all = first..count.min(first + u64::from(FLOWS));
            let end =
                |n: u64| Time::from_seconds(BEGIN).plus(step.saturating_mul(i64::try_from(n).unwrap_or(i64::MAX)));
            let flows: Vec<_> = all.map(|n| talk::flow(self, n, end(n))).collect();
            Flows { sensor: sensor(first), flows: flows.into() }
        })
    }

    fn device(self, n: u64) -> Device {
        let chance = random(self.seed ^ n.wrapping_mul(0x9e37));
        let total: u64 = KINDS.iter().map(|kind| kind.share).sum();
        let mut part = chance % total;
        let kind = KINDS.iter().find(|kind| match part.checked_sub(kind.share) {
            Some(rest) => {
                part = rest;
                false
            }
            None => true,
        });
        Device { n, chance, kind: kind.unwrap_or(&KINDS[0]) }
    }
}

/// One device.
#[derive(Clone, Copy)]
struct Device {
    n: u64,
    chance: u64,
    kind: &'static Kind,
}

impl Device {
    fn mac(self) -> Mac {
        let [.., d, e, f] = self.n.to_be_bytes();
        let [a, b, c] = self.kind.prefix;
        Mac([a, b, c, d, e, f])
    }

    fn end(self) -> Endpoint {
        Endpoint { scope: Scope(0), mac: Some(self.mac()), ip: Some(address(self.n)) }
    }

    fn say(self, round: u32, seen: &mut Observations) {
        let minute = Time::from_seconds(BEGIN + i64::from(round) * 60);
        let first = minute.plus(i64::try_from(self.chance % 30_000_000).unwrap_or_default());
        let facts = self.kind.says.iter().flat_map(|group| group.iter()).enumerate();
        for (at, (field, protocol, text)) in facts {
            seen.facts.items.push(self.fact(*field, protocol, &self.text(text), first, at));
        }
        seen.facts.items.push(self.fact(Field::Address, "arp", &address(self.n).to_string(), first, 40));
        let heard = |endpoint| Presence {
            endpoint,
            first,
            last: first.plus(25_000_000),
            packets: 1 + self.chance % 400,
            ttl: if self.kind.is_windows { 128 } else { 64 },
            sent: true,
            origin: Origin::default(),
        };
        seen.presences.items.push(heard(self.end()));
        if self.chance.is_multiple_of(3) {
            let [.., a, b, c] = self.n.to_be_bytes();
            let ip = Ipv6Addr::new(0xfe80, 0, 0, 0, 0x0200, 0x00ff, 0xfe00 | u16::from(a), u16::from_be_bytes([b, c]));
            seen.presences.items.push(heard(Endpoint { ip: Some(ip.into()), ..self.end() }));
        }
    }

    fn fact(self, field: Field, protocol: &'static str, value: &str, first: Time, at: usize) -> Fact {
        let at = u32::try_from(at).unwrap_or_default();
        Fact {
            subject: Subject::Host(self.end()),
            field,
            value: value.to_owned(),
            protocol,
            first: first.plus(i64::from(at) * 1000),
            last: first.plus(i64::from(at) * 1000 + 20_000_000),
            count: 1 + (self.chance >> (at % 32)) % 7,
            place: Place { source: 0, packet: self.chance % 1_000_000 + u64::from(at), offset: 42 + at, length: 12 },
            origin: Origin::default(),
        }
    }

    /// `text` with `#` for a digit of this device, `@` for its number, `%` for a digit that many share.
    fn text(self, text: &str) -> String {
        let mut own = random(self.chance);
        let mut shared = self.chance % 12;
        let mut out = String::with_capacity(text.len() + 8);
        for c in text.chars() {
            match c {
                '#' => {
                    out.push(digit(own));
                    own /= 10;
                }
                '%' => {
                    out.push(digit(shared));
                    shared = shared / 10 + 3;
                }
                '@' => out.push_str(&self.n.to_string()),
                other => out.push(other),
            }
        }
        out
    }
}

fn digit(number: u64) -> char {
    u32::try_from(number % 10).ok().and_then(|digit| char::from_digit(digit, 10)).unwrap_or('0')
}

/// The address of device number `n`: two hundred in each network.
fn address(n: u64) -> IpAddr {
    let [.., high, low] = (n / NETWORK).to_be_bytes();
    let host = u8::try_from(n % NETWORK + 20).unwrap_or(u8::MAX);
    Ipv4Addr::new(10, 64 + high, low, host).into()
}

/// The sensor that hears what is numbered `n`.
fn sensor(n: u64) -> Id {
    let [.., last] = (n / 25_000).to_be_bytes();
    Id::at(1_760_000_000_000, [0x5e, last % 4, 0, 0, 0, 0, 0, 0, 0, 1])
}

/// The `n`th number of a fixed sequence (splitmix64).
fn random(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_same_seed_gives_the_same_hospital_and_another_another() {
        let all = |seed| -> Vec<Observations> { Hospital::new(seed, 2000).observations(0).collect() };
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
        let talk = |seed| -> Vec<Flows> { Hospital::new(seed, 500).flows(12_000, 1).collect() };
        assert_eq!(talk(1), talk(1));
        assert_eq!(talk(1).iter().map(|batch| batch.flows.items.len()).sum::<usize>(), 12_000);
    }

    #[test]
    fn devices_are_as_many_as_asked_for_and_of_every_kind() {
        let (mut macs, mut ips, mut facts) = (BTreeSet::new(), BTreeSet::new(), 0);
        for batch in Hospital::new(7, 3000).observations(0) {
            facts += batch.facts.items.len();
            macs.extend(batch.presences.items.iter().map(|seen| seen.endpoint.mac));
            ips.extend(batch.facts.items.iter().map(|fact| fact.subject.endpoint().ip));
        }
        assert_eq!((macs.len(), ips.len()), (3000, 3000));
        assert!((9..20).contains(&(facts / 3000)), "{facts} facts");
        let prefixes: BTreeSet<[u8; 3]> = macs.iter().flatten().map(|mac| [mac.0[0], mac.0[1], mac.0[2]]).collect();
        let wanted: BTreeSet<[u8; 3]> = KINDS.iter().map(|kind| kind.prefix).collect();
        assert_eq!(prefixes, wanted);
    }

    #[test]
    fn the_export_lists_every_device_once_by_its_address() {
        let lines: Vec<String> = Hospital::new(7, 300).register().collect();
        let macs: BTreeSet<&str> = lines.iter().skip(1).filter_map(|line| line.split(',').nth(4)).collect();
        let seen: BTreeSet<String> = Hospital::new(7, 300)
            .observations(0)
            .flat_map(|batch| batch.presences.items)
            .filter_map(|seen| seen.endpoint.mac.map(|mac| mac.to_string()))
            .collect();
        assert_eq!(macs, seen.iter().map(String::as_str).collect());
    }

    #[test]
    fn later_rounds_say_the_same_again() {
        let said = |round| -> Vec<(Field, String)> {
            let batches = Hospital::new(3, 300).observations(round);
            batches.flat_map(|batch| batch.facts.items).map(|fact| (fact.field, fact.value)).collect()
        };
        assert_eq!(said(0), said(9));
    }

    #[test]
    fn conversations_end_one_after_the_other_within_their_hours() {
        let flows: Vec<_> = Hospital::new(3, 900).flows(20_000, 2).flat_map(|batch| batch.flows.items).collect();
        assert!(flows.is_sorted_by_key(|flow| flow.last));
        let hours: BTreeSet<i64> = flows.iter().map(|flow| flow.last.micros() / 3_600_000_000).collect();
        assert_eq!(hours.len(), 2);
        assert!(flows.iter().all(|flow| flow.first <= flow.last && flow.key.initiator.0 != flow.key.responder.0));
    }
}
