//! What happens to devices while the hospital is watched: they come, leave, move, roam, and get new addresses.
//!
//! Addresses are given as a DHCP server gives them: what was let go of longest ago comes first, and nobody bears an
//! address that another one bears in the same scope.

use super::census::Census;
use super::chance::{Chance, narrow, wide};
use super::device::Stay;
use super::model::{Link, Model};
use super::noise::Noise;
use super::place::{Area, Spot};
use super::{DAY, START};
use std::collections::VecDeque;
use std::net::Ipv4Addr;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Leave,
    Arrive,
    Readdress,
    Move,
    Roam,
}

/// Host numbers of a network that its server gives out; below are routers and servers.
const HOSTS: std::ops::RangeInclusive<u8> = 10..=250;
/// Never.
const FOREVER: u64 = u64::MAX;

/// Lives every device's life over `days` days, written into its stays.
pub(crate) fn live(chance: Chance, days: u64, census: &mut Census, models: &[Model], noise: &Noise) {
    let mut events: Vec<(u64, usize, Change)> = Vec::new();
    for (index, device) in census.devices.iter().enumerate() {
        if let Some(model) = models.get(device.model) {
            let fate = Fate { chance: chance.of(0x11fe).of(wide(index)), days, model, noise };
            events.extend(fate.events().into_iter().map(|(at, change)| (at, index, change)));
        }
    }
    events.sort_unstable();
    let pools = census.areas.iter().map(|_| Pool { fresh: *HOSTS.start(), free: VecDeque::new() }).collect();
    let mut living = Living { chance: chance.of(0x1177), census, models, noise, pools };
    for (at, device, change) in events {
        living.change(at, device, change);
    }
}

/// What is in store for one device.
struct Fate<'a> {
    chance: Chance,
    days: u64,
    model: &'a Model,
    noise: &'a Noise,
}

impl Fate<'_> {
    fn events(&self) -> Vec<(u64, Change)> {
        let rates = &self.noise.network;
        if self.model.personal {
            return self.visits();
        }
        let is_fixed = !self.model.role.is_empty();
        let own = |key: u64| self.chance.of(key);
        let within = |key: u64| START + self.chance.of(key).below(self.days * DAY);
        let begins = if !is_fixed && own(1).happens(rates.arrives) { within(2) } else { START };
        let ends = if !is_fixed && own(3).happens(rates.leaves) { within(4).max(begins + DAY) } else { FOREVER };
        let mut events = vec![(begins, Change::Arrive)];
        if !is_fixed && self.model.link != Link::Nested {
            let is_radio = self.model.link == Link::Wireless;
            let readdress = match (self.model.dhcp.is_some(), is_radio) {
                (false, _) => 0.0,
                (true, false) => rates.new_address_wired_per_day,
                (true, true) => rates.new_address_wireless_per_day,
            };
            let moves = if self.model.portable { rates.move_portable_per_day } else { rates.move_fixed_per_day };
            let roams = if is_radio { rates.roam_per_day } else { 0.0 };
            for (key, change, rate) in
                [(5, Change::Readdress, readdress), (6, Change::Move, moves), (7, Change::Roam, roams)]
            {
                events.extend(self.scattered(key, rate).map(|at| (at, change)));
            }
        }
        events.retain(|(at, _)| *at >= begins && *at < ends);
        if ends != FOREVER {
            events.push((ends, Change::Leave));
        }
        events
    }

    /// Moments at `rate` a day, at most four a day.
    fn scattered(&self, key: u64, rate: f64) -> impl Iterator<Item = u64> {
        let own = self.chance.of(key);
        (0..self.days * 4)
            .filter(move |quarter| own.of(*quarter).happens(rate / 4.0))
            .map(move |quarter| START + quarter * DAY / 4 + own.of(quarter).of(1).below(DAY / 4))
    }

    /// Somebody's own device comes for some hours on some days.
    fn visits(&self) -> Vec<(u64, Change)> {
        let mut events = Vec::new();
        for day in 0..self.days {
            let own = self.chance.of(8).of(day);
            if own.happens(self.noise.network.visitor_present) {
                let from = START + day * DAY + 7 * 3_600 + own.of(1).below(9 * 3_600);
                let until = from + 2 * 3_600 + own.of(2).below(6 * 3_600);
                events.extend([(from, Change::Arrive), (until, Change::Leave)]);
            }
        }
        events
    }
}

/// The addresses of one area's network.
struct Pool {
    fresh: u8,
    free: VecDeque<u8>,
}

impl Pool {
    /// The next address that nobody has; `None` when all are given.
    fn take(&mut self) -> Option<u8> {
        if HOSTS.contains(&self.fresh) {
            self.fresh += 1;
            return Some(self.fresh - 1);
        }
        self.free.pop_front()
    }
}

struct Living<'a> {
    chance: Chance,
    census: &'a mut Census,
    models: &'a [Model],
    noise: &'a Noise,
    pools: Vec<Pool>,
}

impl Living<'_> {
    fn change(&mut self, at: u64, index: usize, change: Change) {
        let own = self.chance.of(wide(index)).of(at);
        let Some(last) = self.census.devices.get(index).map(|device| device.stays.last().copied()) else { return };
        match (change, last.filter(|stay| stay.until == FOREVER)) {
            (Change::Arrive, None) => {
                let spot = last.map(|stay| stay.spot).or(self.census.spots.get(index).copied()).unwrap_or_default();
                let mac = self.mac(own, index, last);
                self.stay(index, at, (spot, mac, None), own);
            }
            (Change::Leave, Some(stay)) => {
                self.close(index, at);
                self.release(&stay);
            }
            (Change::Readdress, Some(stay)) => {
                self.close(index, at);
                self.stay(index, at, (stay.spot, stay.mac, None), own);
                self.release(&stay);
            }
            (Change::Move, Some(stay)) => {
                let Some(spot) = self.elsewhere(own, index, stay.spot) else { return };
                self.close(index, at);
                let kept = (spot.area == stay.spot.area).then_some(stay.ip);
                self.stay(index, at, (spot, stay.mac, kept), own);
                if kept.is_none() {
                    self.release(&stay);
                }
            }
            (Change::Roam, Some(stay)) => {
                self.close(index, at);
                self.stay(index, at, (stay.spot, stay.mac, Some(stay.ip)), own);
            }
            _ => {}
        }
    }

    fn close(&mut self, index: usize, at: u64) {
        if let Some(stay) = self.census.devices.get_mut(index).and_then(|device| device.stays.last_mut()) {
            stay.until = at;
        }
    }

    fn release(&mut self, stay: &Stay) {
        let area = usize::try_from(stay.spot.area).unwrap_or(usize::MAX);
        let [.., host] = stay.ip.octets();
        if let Some(pool) = self.pools.get_mut(area).filter(|_| HOSTS.contains(&host)) {
            pool.free.push_back(host);
        }
    }

    /// Another place that suits it: another room, or another area of a kind where such devices stand.
    fn elsewhere(&self, own: Chance, index: usize, spot: Spot) -> Option<Spot> {
        let device = self.census.devices.get(index)?;
        let area = self.area(spot.area)?;
        if device.is_translated || own.of(1).happens(0.4) {
            return Some(area.spot(own.of(2), spot.area));
        }
        let model = self.models.get(device.model)?;
        let suits = |(_, area): &(usize, &Area)| area.scope == device.scope && model.areas.contains(&area.kind);
        let suiting: Vec<(usize, &Area)> = self.census.areas.iter().enumerate().filter(suits).collect();
        let (place, area) = own.of(3).pick(&suiting)?;
        let place = u32::try_from(*place).ok()?;
        Some(area.spot(own.of(4), place))
    }

    fn area(&self, place: u32) -> Option<&Area> {
        self.census.areas.get(usize::try_from(place).ok()?)
    }

    /// The address of the board in use: the first, a replaced one, or a random one of this visit.
    fn mac(&self, own: Chance, index: usize, last: Option<Stay>) -> [u8; 6] {
        let Some(device) = self.census.devices.get(index) else { return [0; 6] };
        let rates = &self.noise.network;
        let [_, b, c, d, e, f, ..] = own.of(5).bits().to_be_bytes();
        if device.is_random {
            let kept = last.filter(|_| !own.of(6).happens(rates.randomised_again));
            // Locally administered, one host (IEEE 802-2014 §8.4).
            return kept.map_or([b & 0xf0 | 0x0a, c, d, e, f, b], |stay| stay.mac);
        }
        let replaced = self.chance.of(0xb0a5).of(wide(index)).happens(rates.board_replaced);
        let model = self.models.get(device.model);
        if replaced && model.is_some_and(|model| model.role.is_empty() && !model.personal) {
            // Boards are numbered in steps of an odd number; half a step further there is nobody near.
            let [x, y, z, d, e, f] = device.first_mac;
            let [_, d, e, f] = u32::from_be_bytes([0, d, e, f]).wrapping_add(0x9abd).to_be_bytes();
            return [x, y, z, d, e, f];
        }
        device.first_mac
    }

    /// A new stay, with `ip` or with the next address of its network.
    fn stay(&mut self, index: usize, at: u64, (spot, mac, ip): (Spot, [u8; 6], Option<Ipv4Addr>), own: Chance) {
        let Some((link, role, is_nested)) = self.census.devices.get(index).and_then(|device| {
            let model = self.models.get(device.model)?;
            Some((model.link, model.role.as_str(), model.link == Link::Nested))
        }) else {
            return;
        };
        let area = usize::try_from(spot.area).unwrap_or(usize::MAX);
        let given = ip.or_else(|| {
            let area = self.census.areas.get(area)?;
            match role {
                _ if is_nested => Some(Ipv4Addr::UNSPECIFIED),
                "router" => Some(area.host(1)),
                _ => Some(area.host(self.pools.get_mut(usize::try_from(spot.area).ok()?)?.take()?)),
            }
        });
        let Some(ip) = given else { return };
        let reaching = self.census.access.get(&(spot.area, link == Link::Wireless));
        let at_device = reaching.and_then(|all| own.of(9).pick(all)).copied().filter(|_| !is_nested);
        let port = if link == Link::Wired && at_device.is_some() { self.port(index, at_device, spot) } else { 0 };
        if let Some(device) = self.census.devices.get_mut(index) {
            device.stays.push(Stay { from: at, until: FOREVER, mac, ip, spot, at: at_device, port });
        }
    }

    /// A port of the switch: the same room has the same sockets.
    fn port(&self, index: usize, switch: Option<usize>, spot: Spot) -> u16 {
        let own =
            self.chance.of(0x9047).of(wide(switch.unwrap_or_default())).of(u64::from(spot.room)).of(wide(index) / 2);
        1 + narrow::<u16>(own.below(24)) * 2 + narrow::<u16>(wide(index) % 2)
    }
}
