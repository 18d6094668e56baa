//! What every station says to be on a network: ARP, DHCP, DNS, and what switches say of themselves.

use crate::bytes::{Bytes, length};
use crate::wire::{Capture, Station, checksum};

/// How a station asks for its address.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    /// Vendor class (option 60), empty for none.
    pub(crate) vendor: &'a str,
    /// What it wants to know (option 55).
    pub(crate) wants: &'a [u8],
    /// Further options, as they stand.
    pub(crate) more: &'a [u8],
}

/// Everyone, as an Ethernet address.
pub(crate) const EVERYONE: [u8; 6] = [0xff; 6];

/// The group `ip` with the Ethernet address that stands for it (RFC 1112 §6.4).
pub(crate) const fn group(ip: [u8; 4]) -> Station {
    let [_, b, c, d] = ip;
    Station { mac: [0x01, 0x00, 0x5e, b & 0x7f, c, d], ip, name: "", hops: 1 }
}

/// A station says who has its address (RFC 5227 §2.3) and is asked for it by `asker` (RFC 826).
pub(crate) fn arp(capture: &mut Capture, station: Station, asker: Station) {
    let message = |kind: u16, from: Station, to: ([u8; 6], [u8; 4])| {
        let head = Bytes::default().u16(1).u16(0x0800).u8(6).u8(4).u16(kind);
        head.raw(from.mac).raw(from.ip).raw(to.0).raw(to.1)
    };
    capture.frame(station.mac, EVERYONE, 0x0806, message(1, station, ([0; 6], station.ip)));
    capture.frame(asker.mac, EVERYONE, 0x0806, message(1, asker, ([0; 6], station.ip)));
    capture.frame(station.mac, asker.mac, 0x0806, message(2, station, (asker.mac, asker.ip)));
}

/// A station gets its address by DHCP (RFC 2131 §3.1): request and acknowledgement.
pub(crate) fn dhcp(capture: &mut Capture, client: Station, server: Station, asked: Request<'_>) {
    let nobody = Station { ip: [0; 4], ..client };
    let everyone = Station { mac: EVERYONE, ip: [255; 4], ..server };
    let [.., a, b, c, d] = client.mac;
    let xid = u32::from_be_bytes([a, b, c, d]);
    let head = |kind: u8, yours: [u8; 4]| {
        let fixed = Bytes::default().u8(kind).u8(1).u8(6).u8(0).u32(xid).u16(0).u16(0x8000).raw([0; 4]).raw(yours);
        fixed.raw([0; 8]).raw(client.mac).raw([0; 10 + 192]).u32(0x6382_5363)
    };
    let request = head(1, [0; 4]).u8(53).short([3]).u8(61).short(Bytes::default().u8(1).raw(client.mac));
    let request = request.u8(50).short(client.ip).u8(54).short(server.ip).u8(12).short(client.name);
    let request = if asked.vendor.is_empty() { request } else { request.u8(60).short(asked.vendor) };
    capture.udp(nobody, everyone, (68, 67), request.u8(55).short(asked.wants).raw(asked.more).u8(255));
    let answer = head(2, client.ip).u8(53).short([5]).u8(54).short(server.ip).u8(51).short(86_400u32.to_be_bytes());
    let answer = answer.u8(1).short([255, 255, 255, 0]).u8(3).short(server.ip).u8(15).short("ward.example");
    capture.udp(server, everyone, (67, 68), answer.u8(255));
    arp(capture, client, server);
}

/// A DNS name in wire form (RFC 1035 §3.1).
pub(crate) fn dns_name(name: &str) -> Bytes {
    name.split('.').filter(|label| !label.is_empty()).fold(Bytes::default(), Bytes::short).u8(0)
}

/// A station asks for `name` and is told `address` (RFC 1035 §4).
pub(crate) fn dns(capture: &mut Capture, client: Station, server: Station, name: &str, address: [u8; 4]) {
    let question = dns_name(name).u16(1).u16(1);
    let port = 50_000 + u16::from(client.ip.last().copied().unwrap_or_default());
    let query = Bytes::default().u16(0x1234).u16(0x0100).u16(1).u16(0).u16(0).u16(0).raw(&question);
    capture.udp(client, server, (port, 53), query);
    let answer = Bytes::default().u16(0x1234).u16(0x8180).u16(1).u16(1).u16(0).u16(0).raw(&question);
    let record = answer.u16(0xc00c).u16(1).u16(1).u32(300).long(address);
    capture.udp(server, client, (53, port), record);
}

/// A device announces a service of its own by multicast DNS (RFC 6762, RFC 6763 §4, §6).
pub(crate) fn mdns(capture: &mut Capture, device: Station, service: (&str, u16), texts: &[&str]) {
    capture.udp(
        device,
        group([224, 0, 0, 251]),
        (5353, 5353),
        service_message((device.name, device.ip), service, texts),
    );
}

/// The message of such an announcement by the host `name`.
pub(crate) fn service_message((name, ip): (&str, [u8; 4]), (service, port): (&str, u16), texts: &[&str]) -> Bytes {
    let instance = Bytes::default().short(name).raw(dns_name(&format!("{service}.local")));
    let host = dns_name(&format!("{name}.local"));
    let pointer = dns_name(&format!("{service}.local")).u16(12).u16(1).u32(4500).long(&instance);
    let target = Bytes::default().u16(0).u16(0).u16(port).raw(&host);
    let place = instance.clone().u16(33).u16(0x8001).u32(120).long(target);
    let words = texts.iter().fold(Bytes::default(), |words, text| words.short(text));
    let text = instance.u16(16).u16(0x8001).u32(4500).long(words);
    let address = host.u16(1).u16(0x8001).u32(120).long(ip);
    let head = Bytes::default().u16(0).u16(0x8400).u16(0).u16(4).u16(0).u16(0);
    head.raw(pointer).raw(place).raw(text).raw(address)
}

/// A switch announces itself by LLDP (IEEE 802.1AB §8).
pub(crate) fn lldp(capture: &mut Capture, switch: Station, port: &str, description: &str) {
    let unit = lldp_unit(switch.mac, switch.name, port, (description, Abilities::SWITCH));
    capture.frame(switch.mac, LLDP_GROUP, 0x88cc, unit);
}

/// The nearest bridge, as an Ethernet address (IEEE 802.1AB §7.1).
pub(crate) const LLDP_GROUP: [u8; 6] = [0x01, 0x80, 0xc2, 0, 0, 0x0e];

/// What a station is able to do, in LLDP (IEEE 802.1AB §8.5.8.1) and in CDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Abilities {
    pub(crate) lldp: u16,
    pub(crate) cdp: u8,
}

impl Abilities {
    /// A switch that also routes.
    pub(crate) const SWITCH: Self = Self { lldp: 0x0014, cdp: 0x28 };
    pub(crate) const ACCESS_POINT: Self = Self { lldp: 0x000c, cdp: 0x02 };
    /// With a socket for a computer behind it.
    pub(crate) const PHONE: Self = Self { lldp: 0x0024, cdp: 0x90 };
    pub(crate) const STATION: Self = Self { lldp: 0x0080, cdp: 0x10 };
}

/// The unit with which the station called `name` announces itself at its port.
pub(crate) fn lldp_unit(mac: [u8; 6], name: &str, port: &str, (description, abilities): (&str, Abilities)) -> Bytes {
    let tlv = |kind: u16, value: Bytes| {
        let head = kind << 9 | length::<u16>(&value.0);
        Bytes::default().u16(head).raw(value)
    };
    let chassis = tlv(1, Bytes::default().u8(4).raw(mac));
    let port = tlv(2, Bytes::default().u8(5).raw(port));
    let name = tlv(5, Bytes::default().raw(name));
    let description = tlv(6, Bytes::default().raw(description));
    let abilities = tlv(7, Bytes::default().u16(abilities.lldp).u16(abilities.lldp));
    chassis.raw(port).raw(tlv(3, Bytes::default().u16(120))).raw(name).raw(description).raw(abilities).u16(0)
}

/// A switch announces itself by CDP, version 2 (the vendor's published format).
pub(crate) fn cdp(capture: &mut Capture, switch: Station, port: &str, platform: &str, version: &str) {
    let body = cdp_unit((switch.name, switch.ip), port, platform, (version, Abilities::SWITCH));
    capture.frame(switch.mac, CDP_GROUP, length(&body.0), body);
}

/// Neighbours that speak CDP, as an Ethernet address.
pub(crate) const CDP_GROUP: [u8; 6] = [0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc];

/// The unit with which the station called `name` announces itself, from its LLC header on.
pub(crate) fn cdp_unit(
    (name, ip): (&str, [u8; 4]),
    port: &str,
    platform: &str,
    (version, abilities): (&str, Abilities),
) -> Bytes {
    let tlv = |kind: u16, value: &[u8]| Bytes::default().u16(kind).u16(length::<u16>(value) + 4).raw(value);
    let address = Bytes::default().u32(1).u8(1).u8(1).u8(0xcc).long(ip);
    let tlvs = tlv(1, name.as_bytes()).raw(tlv(2, &address.0)).raw(tlv(3, port.as_bytes()));
    let tlvs =
        tlvs.raw(tlv(4, &[0, 0, 0, abilities.cdp])).raw(tlv(5, version.as_bytes())).raw(tlv(6, platform.as_bytes()));
    let padded = if tlvs.0.len().is_multiple_of(2) { tlvs } else { tlvs.raw([0]) };
    let sum = checksum(&[&[2, 180], &padded.0]);
    Bytes::default().raw([0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0x00]).u8(2).u8(180).u16(sum).raw(padded)
}

/// A router announces itself to IPv6 hosts (RFC 4861 §4.2), with a prefix of documentation (RFC 3849).
pub(crate) fn router_advertisement(capture: &mut Capture, router: Station) {
    capture.frame(router.mac, [0x33, 0x33, 0, 0, 0, 1], 0x86dd, advertisement(router.mac));
}

/// The packet of such an announcement by the router with this hardware address.
pub(crate) fn advertisement(mac: [u8; 6]) -> Bytes {
    let [a, b, c, d, e, f] = mac;
    let source = Bytes::default().u16(0xfe80).zeros(6).raw([a ^ 2, b, c, 0xff, 0xfe, d, e, f]);
    let group = Bytes::default().u16(0xff02).zeros(13).u8(1);
    let prefix = Bytes::default().u32(0x2001_0db8).u16(0x0020).zeros(10);
    let options = Bytes::default().u8(1).u8(1).raw(mac).u8(3).u8(4).u8(64).u8(0xc0);
    let options = options.u32(86_400).u32(14_400).u32(0).raw(prefix);
    let fixed = Bytes::default().u8(64).u8(0).u16(1800).u32(0).u32(0).raw(options);
    let total: u16 = length::<u16>(&fixed.0) + 4;
    let pseudo = Bytes::default().raw(&source).raw(&group).u32(u32::from(total)).u32(58);
    let sum = checksum(&[&pseudo.0, &[134, 0], &fixed.0]);
    let header = Bytes::default().u32(0x6000_0000).u16(total).u8(58).u8(255).raw(source).raw(group);
    header.u8(134).u8(0).u16(sum).raw(fixed)
}

/// A station asks its neighbours who is called `name` (RFC 4795 §2.1), and the one that is, answers.
pub(crate) fn llmnr(capture: &mut Capture, asker: Station, named: Station) {
    let question = dns_name(named.name).u16(1).u16(1);
    let head = |flags: u16, answers: u16| Bytes::default().u16(0x4c4c).u16(flags).u16(1).u16(answers).u16(0).u16(0);
    capture.udp(asker, group([224, 0, 0, 252]), (51_355, 5355), head(0, 0).raw(&question));
    let record = dns_name(named.name).u16(1).u16(1).u32(30).long(named.ip);
    capture.udp(named, asker, (5355, 51_355), head(0x8000, 1).raw(&question).raw(record));
}

/// A station registers the NetBIOS name `name` with this suffix (RFC 1002 §4.2.2).
pub(crate) fn netbios(capture: &mut Capture, station: Station, name: &str, suffix: u8) {
    let everyone = Station { mac: EVERYONE, ip: [10, 20, 0, 255], ..station };
    capture.udp(station, everyone, (137, 137), registration(name, suffix, station.ip));
}

/// The message of such a registration.
pub(crate) fn registration(name: &str, suffix: u8, ip: [u8; 4]) -> Bytes {
    let padded = Bytes::default().padded(&name.to_ascii_uppercase(), 15, b' ').u8(suffix);
    let letters: Vec<u8> = padded.0.iter().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)]).collect();
    let question = Bytes::default().short(letters).u8(0).u16(0x20).u16(1);
    let head = Bytes::default().u16(0x1e55).u16(0x2910).u16(1).u16(0).u16(0).u16(1);
    let record = Bytes::default().u16(0xc00c).u16(0x20).u16(1).u32(300_000).u16(6).u16(0).raw(ip);
    head.raw(question).raw(record)
}
