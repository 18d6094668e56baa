//! What every station says to be on a network: ARP, DHCP, DNS, and what switches say of themselves.

use crate::bytes::{Bytes, length};
use crate::wire::{Capture, Station};

/// Everyone, as an Ethernet address.
pub(crate) const EVERYONE: [u8; 6] = [0xff; 6];

/// The group `ip` with the Ethernet address that stands for it (RFC 1112 §6.4).
pub(crate) const fn group(ip: [u8; 4]) -> Station {
    let [_, b, c, d] = ip;
    Station { mac: [0x01, 0x00, 0x5e, b & 0x7f, c, d], ip, name: "" }
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
pub(crate) fn dhcp(capture: &mut Capture, client: Station, server: Station, vendor: &str, wants: &[u8]) {
    let nobody = Station { mac: client.mac, ip: [0; 4], name: "" };
    let everyone = Station { mac: EVERYONE, ip: [255; 4], name: "" };
    let xid = u32::from_be_bytes([client.mac[2], client.mac[3], client.mac[4], client.mac[5]]);
    let head = |kind: u8, yours: [u8; 4]| {
        let fixed = Bytes::default().u8(kind).u8(1).u8(6).u8(0).u32(xid).u16(0).u16(0x8000).raw([0; 4]).raw(yours);
        fixed.raw([0; 8]).raw(client.mac).raw([0; 10 + 192]).u32(0x6382_5363)
    };
    let request = head(1, [0; 4]).u8(53).short([3]).u8(61).short(Bytes::default().u8(1).raw(client.mac));
    let request = request.u8(50).short(client.ip).u8(54).short(server.ip).u8(12).short(client.name);
    let request = if vendor.is_empty() { request } else { request.u8(60).short(vendor) };
    capture.udp(nobody, everyone, (68, 67), request.u8(55).short(wants).u8(255));
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
    let port = 50_000 + u16::from(client.ip[3]);
    let query = Bytes::default().u16(0x1234).u16(0x0100).u16(1).u16(0).u16(0).u16(0).raw(&question);
    capture.udp(client, server, (port, 53), query);
    let answer = Bytes::default().u16(0x1234).u16(0x8180).u16(1).u16(1).u16(0).u16(0).raw(&question);
    let record = answer.u16(0xc00c).u16(1).u16(1).u32(300).long(address);
    capture.udp(server, client, (53, port), record);
}

/// A device announces a service of its own by multicast DNS (RFC 6762, RFC 6763 §4, §6).
pub(crate) fn mdns(capture: &mut Capture, device: Station, service: &str, texts: &[&str]) {
    let instance = Bytes::default().short(device.name).raw(dns_name(&format!("{service}.local")));
    let host = dns_name(&format!("{}.local", device.name));
    let pointer = dns_name(&format!("{service}.local")).u16(12).u16(1).u32(4500).long(&instance);
    let target = Bytes::default().u16(0).u16(0).u16(631).raw(&host);
    let place = instance.clone().u16(33).u16(0x8001).u32(120).long(target);
    let words = texts.iter().fold(Bytes::default(), |words, text| words.short(text));
    let text = instance.u16(16).u16(0x8001).u32(4500).long(words);
    let address = host.u16(1).u16(0x8001).u32(120).long(device.ip);
    let head = Bytes::default().u16(0).u16(0x8400).u16(0).u16(4).u16(0).u16(0);
    capture.udp(device, group([224, 0, 0, 251]), (5353, 5353), head.raw(pointer).raw(place).raw(text).raw(address));
}

/// A switch announces itself by LLDP (IEEE 802.1AB §8).
pub(crate) fn lldp(capture: &mut Capture, switch: Station, port: &str, description: &str) {
    let tlv = |kind: u16, value: Bytes| {
        let head = kind << 9 | length::<u16>(&value.0);
        Bytes::default().u16(head).raw(value)
    };
    let chassis = tlv(1, Bytes::default().u8(4).raw(switch.mac));
    let port = tlv(2, Bytes::default().u8(5).raw(port));
    let name = tlv(5, Bytes::default().raw(switch.name));
    let description = tlv(6, Bytes::default().raw(description));
    let abilities = tlv(7, Bytes::default().u16(0x0014).u16(0x0014));
    let frame = chassis.raw(port).raw(tlv(3, Bytes::default().u16(120))).raw(name).raw(description).raw(abilities);
    capture.frame(switch.mac, [0x01, 0x80, 0xc2, 0, 0, 0x0e], 0x88cc, frame.u16(0));
}

/// A manager asks a device for `sysDescr` and `sysName` by SNMPv2c (RFC 3416 §3) and is answered.
pub(crate) fn snmp(capture: &mut Capture, manager: Station, device: Station, description: &str) {
    let object = |last: u8| tlv(6, Bytes::default().raw([0x2b, 6, 1, 2, 1, 1, last, 0]));
    let bind = |last: u8, value: Bytes| tlv(0x30, object(last).raw(value));
    let message = |kind: u8, binds: Bytes| {
        let numbers = integer(77).raw(integer(0)).raw(integer(0));
        let body = integer(1).raw(tlv(4, Bytes::default().raw("public"))).raw(tlv(kind, numbers.raw(tlv(0x30, binds))));
        tlv(0x30, body)
    };
    let null = || Bytes::default().u8(5).u8(0);
    let port = 40_161;
    capture.udp(manager, device, (port, 161), message(0xa0, bind(1, null()).raw(bind(5, null()))));
    let text = |text: &str| tlv(4, Bytes::default().raw(text));
    let said = bind(1, text(description)).raw(bind(5, text(device.name)));
    capture.udp(device, manager, (161, port), message(0xa2, said));
}

/// A BER element (X.690 §8.1), short or two-byte length.
fn tlv(kind: u8, value: Bytes) -> Bytes {
    let head = Bytes::default().u8(kind);
    match u8::try_from(value.0.len()) {
        Ok(short) if short < 0x80 => head.u8(short).raw(value),
        _ => head.u8(0x82).long(value),
    }
}

fn integer(number: u8) -> Bytes {
    tlv(2, Bytes::default().u8(number))
}
