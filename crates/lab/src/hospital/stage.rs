//! One thing that one device does at one moment: who it is then, whom it speaks to, and over which lane.

use super::calendar::{Moment, is_drill};
use super::chance::{Chance, wide};
use super::device::{Device, Stay};
use super::frame::{End, Lane};
use super::model::{Link, Model};
use super::people::Patient;
use super::place::{Area, SCOPES};
use super::talk::{Talk, group};
use super::{Hospital, Volume};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// A device that does something.
pub(crate) struct Stage<'h> {
    pub(crate) hospital: &'h Hospital,
    pub(crate) index: usize,
    pub(crate) device: &'h Device,
    pub(crate) model: &'h Model,
    pub(crate) stay: &'h Stay,
    /// Microseconds since 1970.
    pub(crate) at: u64,
    pub(crate) chance: Chance,
    pub(crate) volume: Volume,
    pub(crate) bulk: &'h Bulk,
}

/// Payloads that are the same for many: pixels of images, by rows and columns.
pub(crate) type Bulk = BTreeMap<u16, Arc<[u8]>>;

/// Addresses of documentation (RFC 5737) stand for the Internet.
const OUTSIDE: [[u8; 3]; 2] = [[198, 51, 100], [203, 0, 113]];

impl<'h> Stage<'h> {
    /// Seconds since 1970.
    pub(crate) const fn seconds(&self) -> u64 {
        self.at / 1_000_000
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::at(self.seconds())
    }

    pub(crate) fn area(&self) -> Option<&'h Area> {
        self.hospital.area(self.stay.spot.area)
    }

    /// `text` of the model with this device's words.
    pub(crate) fn fill(&self, text: &str) -> String {
        self.device.fill(self.model, text)
    }

    /// The device that does something for this scope. Nothing in a drill, when that is a clinical system.
    pub(crate) fn role(&self, role: &str) -> Option<usize> {
        let stands_still = matches!(role, "engine" | "pacs" | "laboratory" | "orders") && is_drill(self.seconds());
        if stands_still { None } else { self.hospital.role(self.device.scope, role) }
    }

    /// A desktop or other Windows client of the same scope, which looks at others' pages.
    pub(crate) fn reader(&self) -> Option<usize> {
        self.hospital.role(self.device.scope, "monitoring").or_else(|| self.role("directory"))
    }

    /// A port of a client: high, and different each time.
    pub(crate) fn port(&self, key: u64) -> u16 {
        let low: u64 = if self.model.windows { 49_152 } else { 32_768 };
        u16::try_from(low + self.chance.of(key).of(0x9047).below(65_000 - low)).unwrap_or(60_000)
    }

    /// This device as a client of `server`.
    pub(crate) fn to(&self, server: usize, port: u16) -> Option<Lane> {
        self.hospital.lane((self.index, self.port(1)), (server, port), self.seconds())
    }

    /// `client` speaks to this device.
    pub(crate) fn from(&self, client: usize, port: u16) -> Option<Lane> {
        self.hospital.lane((client, self.port(2)), (self.index, port), self.seconds())
    }

    /// This device speaks to a server of the Internet with this name.
    pub(crate) fn outside(&self, name: &str, port: u16) -> Option<Lane> {
        let client = self.hospital.end(self.index, self.port(3), self.seconds())?;
        let router = self.router()?;
        let server = End { mac: router.mac, ip: IpAddr::V4(outside(name)), port, ttl: 52 };
        Some(self.lane(client, server))
    }

    /// This device speaks to a group, or to everyone in its network.
    pub(crate) fn group(&self, ip: IpAddr, ports: (u16, u16)) -> Option<Lane> {
        let mut client = self.hospital.end(self.index, ports.0, self.seconds())?;
        if ip.is_ipv6() {
            client.ip = IpAddr::V6(Device::link_local(client.mac));
            client.ttl = 255;
        }
        Some(self.lane(client, group(ip, ports.1)))
    }

    /// A lane in this device's own network.
    pub(crate) fn lane(&self, client: End, server: End) -> Lane {
        let index = self.device.behind.unwrap_or(self.index);
        let vlan = self.hospital.vlan(index, self.seconds());
        Lane { client, server, scope: self.device.scope, vlan }
    }

    /// The router of this device's network, at that network's first address.
    pub(crate) fn router(&self) -> Option<End> {
        self.hospital.router(self.device.behind.unwrap_or(self.index), self.seconds())
    }

    /// A TCP conversation over `lane`, a little later for each `key`.
    pub(crate) fn stream(&self, lane: Lane, key: u64, service: &'static str) -> Talk {
        self.seen(Talk::stream(lane, self.at + key * 40_000, self.chance.of(key), service))
    }

    /// The same over UDP.
    pub(crate) fn datagrams(&self, lane: Lane, key: u64, service: &'static str) -> Talk {
        self.seen(Talk::datagrams(lane, self.at + key * 40_000, self.chance.of(key), service))
    }

    /// Frames that are no conversation.
    pub(crate) fn frames(&self, lane: Lane, key: u64) -> Talk {
        Talk::frames(lane, self.at + key * 40_000, self.chance.of(key))
    }

    /// Now and then a mirror shows a conversation twice.
    fn seen(&self, mut talk: Talk) -> Talk {
        if self.chance.of(0xd0).happens(self.hospital.noise.network.mirrored) {
            talk.again = Some(self.hospital.beyond(&talk.lane, self.seconds()));
        }
        talk
    }

    /// Who lies in the bed at which this device stands, or whom it is about.
    pub(crate) fn patient(&self) -> Option<&'h Patient> {
        let patients = &self.hospital.patients;
        let spot = self.stay.spot;
        if spot.bed == 0 {
            return self.chance.of(0xbed).pick(patients);
        }
        let bed =
            self.hospital.chance.of(0xbed5).of(u64::from(spot.area)).of(u64::from(spot.room)).of(u64::from(spot.bed));
        bed.of(self.seconds() / (4 * super::DAY)).pick(patients)
    }

    /// Somebody of the staff.
    pub(crate) fn clinician(&self, key: u64) -> &'h str {
        self.chance.of(key).of(0xd0c).pick(&self.hospital.staff).map_or("", String::as_str)
    }

    pub(crate) fn is_wireless(&self) -> bool {
        self.model.link == Link::Wireless
    }
}

impl Hospital {
    pub(crate) fn area(&self, place: u32) -> Option<&Area> {
        self.areas.get(usize::try_from(place).ok()?)
    }

    pub(crate) fn role(&self, scope: u16, role: &str) -> Option<usize> {
        self.roles.iter().find(|((of, name), _)| *of == scope && name == role).map(|(_, device)| *device)
    }

    /// The host name of a device.
    pub(crate) fn host(&self, index: usize) -> &str {
        self.devices.get(index).map_or("", |device| device.host.as_str())
    }

    fn vlan(&self, index: usize, seconds: u64) -> u16 {
        let Some(device) = self.devices.get(index) else { return 0 };
        let is_tagged = SCOPES.get(usize::from(device.scope)).is_some_and(|scope| scope.is_tagged);
        let area = device.stay(seconds).and_then(|stay| self.area(stay.spot.area));
        area.filter(|_| is_tagged).map_or(0, |area| area.vlan)
    }

    /// The device as an end of a conversation: with the address of what speaks for it, when it is nested.
    pub(crate) fn end(&self, index: usize, port: u16, seconds: u64) -> Option<End> {
        let device = self.devices.get(index)?;
        if let Some(speaker) = device.behind {
            let end = self.end(speaker, port, seconds)?;
            let own = self.models.get(device.model)?.ttl;
            return Some(if device.is_translated { End { ttl: own - 1, ..end } } else { end });
        }
        let stay = device.stay(seconds)?;
        let ttl = self.models.get(device.model)?.ttl;
        Some(End { mac: stay.mac, ip: IpAddr::V4(stay.ip), port, ttl })
    }

    fn router(&self, index: usize, seconds: u64) -> Option<End> {
        let device = self.devices.get(index)?;
        let area = self.area(device.stay(seconds)?.spot.area)?;
        let router = self.end(self.role(device.scope, "router")?, 0, seconds)?;
        Some(End { ip: IpAddr::V4(area.host(1)), ..router })
    }

    /// The lane between two devices, as seen in the client's network.
    pub(crate) fn lane(&self, client: (usize, u16), server: (usize, u16), seconds: u64) -> Option<Lane> {
        let from = self.end(client.0, client.1, seconds)?;
        let to = self.end(server.0, server.1, seconds)?;
        let speaks = |index: usize| self.devices.get(index).and_then(|device| device.behind).unwrap_or(index);
        let (near, far) = (speaks(client.0), speaks(server.0));
        if near == far {
            return None;
        }
        let server = if network(from.ip) == network(to.ip) {
            to
        } else {
            End { mac: self.router(near, seconds)?.mac, ttl: to.ttl - 1, ..to }
        };
        let scope = self.devices.get(near)?.scope;
        Some(Lane { client: from, server, scope, vlan: self.vlan(near, seconds) })
    }

    /// How a mirror of the server's network shows the same; the same again when that network is the client's.
    fn beyond(&self, lane: &Lane, seconds: u64) -> Lane {
        let mut servers = self.roles.iter().filter(|((scope, _), _)| *scope == lane.scope).map(|(_, device)| *device);
        let found = servers.find(|index| self.end(*index, 0, seconds).is_some_and(|end| end.ip == lane.server.ip));
        let Some((index, stay)) = found.and_then(|index| Some((index, self.devices.get(index)?.stay(seconds)?))) else {
            return *lane;
        };
        if network(lane.client.ip) == network(lane.server.ip) {
            return *lane;
        }
        let Some(router) = self.router(index, seconds) else { return *lane };
        let client = End { mac: router.mac, ttl: lane.client.ttl - 1, ..lane.client };
        let server = End { mac: stay.mac, ttl: lane.server.ttl + 1, ..lane.server };
        Lane { client, server, scope: lane.scope, vlan: self.vlan(index, seconds) }
    }
}

/// The first three numbers of an address: all networks have 24 bits.
const fn network(ip: IpAddr) -> [u8; 3] {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            [a, b, c]
        }
        IpAddr::V6(_) => [0; 3],
    }
}

/// The address that a name of the Internet has.
pub(crate) fn outside(name: &str) -> Ipv4Addr {
    let own = name.bytes().fold(Chance::new(0x0a7), |chance, letter| chance.of(u64::from(letter)));
    let [a, b, c] = own.of(1).pick(&OUTSIDE).copied().unwrap_or([198, 51, 100]);
    let host = u8::try_from(own.of(2).below(250) + 2).unwrap_or(2);
    Ipv4Addr::new(a, b, c, host)
}

/// Pixels as P-DATA-TF units of context 1 (PS3.8 §9.3.5), the last fragment marked: what stands behind the element's
/// header of an image with so many rows and columns of two bytes.
pub(crate) fn pixels(rows: u16) -> Arc<[u8]> {
    const FRAGMENT: usize = 16_000;
    let count = usize::from(rows) * usize::from(rows) * 2;
    let pixel = |n: usize| u8::try_from(wide(n).wrapping_mul(wide(n)) / 97 % 251).unwrap_or_default();
    let body: Vec<u8> = (0..count).map(pixel).collect();
    let last = count.div_ceil(FRAGMENT).saturating_sub(1);
    let mut all = Vec::with_capacity(count + count / 1_000 + 16);
    for (n, fragment) in body.chunks(FRAGMENT).enumerate() {
        let length = u32::try_from(fragment.len()).unwrap_or_default() + 2;
        all.extend_from_slice(&[4, 0]);
        all.extend_from_slice(&(length + 4).to_be_bytes());
        all.extend_from_slice(&length.to_be_bytes());
        all.extend_from_slice(&[1, if n == last { 2 } else { 0 }]);
        all.extend_from_slice(fragment);
    }
    all.into()
}
