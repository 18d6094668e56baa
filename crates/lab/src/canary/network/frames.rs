//! Announcements below conversations, with canaries: log-ins at ports, secrets of routers, names of neighbours.
//!
//! In: a capture. Out: the frames in it.

use super::{C, OWNED, ROUTER};
use crate::bytes::{Bytes, length};
use crate::network::{CDP_GROUP, EVERYONE, LLDP_GROUP, dns_name};
use crate::wire::{Capture, Station, checksum};

/// Ports of bridges, as an Ethernet address (IEEE 802.1X-2020 §11.1.1).
const PORTS: [u8; 6] = [0x01, 0x80, 0xc2, 0, 0, 3];
const BRIDGES: [u8; 6] = [0x01, 0x80, 0xc2, 0, 0, 0];
const PLANT: [u8; 6] = [0x01, 0x0e, 0xcf, 0, 0, 0];

/// Writes all of them.
pub(in super::super) fn announcements(capture: &mut Capture) {
    log_in(capture);
    way_out(capture);
    neighbours(capture);
    bridges(capture);
    plant(capture);
    routers(capture);
    router_of_hosts(capture);
}

/// 802.1X: who asks, a notice, an answer with its name, a password (RFC 3748 §5.1, §5.2, §5.4, §5.6).
fn log_in(capture: &mut Capture) {
    let mut send = |from: [u8; 6], code: u8, method: u8, content: Bytes| {
        let packet = Bytes::default().raw([code, 7]).u16(length::<u16>(&content.0) + 5).u8(method).raw(content);
        capture.frame(from, PORTS, 0x888e, Bytes::default().raw([1, 0]).long(packet));
    };
    let (host, switch) = (OWNED.mac, ROUTER.mac);
    send(switch, 1, 1, Bytes::default().raw(format!("Hello {}\0networkid={}", C.operator, C.employer)));
    send(host, 2, 1, Bytes::default().raw(format!("{}\0nas={}", C.login, C.town)));
    send(host, 2, 1, Bytes::default().raw(C.mail));
    send(host, 2, 1, Bytes::default().raw(format!("host/{}-PC.ward.example", C.computer_owner)));
    send(switch, 1, 2, Bytes::default().raw(C.remark));
    send(host, 2, 4, Bytes::default().short([0x5a; 16]).raw(C.login));
    send(host, 2, 6, Bytes::default().raw(C.password));
    capture.frame(host, PORTS, 0x888e, [1, 1, 0, 0]);
}

/// PPPoE: a concentrator called after its owner, and a log-in within a session (RFC 2516 appendix A, RFC 1334 §2.2).
fn way_out(capture: &mut Capture) {
    let tag = |kind: u16, text: &str| Bytes::default().u16(kind).long(text);
    let message = |code: u8, session: u16, tags: Bytes| Bytes::default().raw([0x11, code]).u16(session).long(tags);
    let wanted = tag(0x0101, C.employer).raw(tag(0x0103, C.login));
    capture.frame(OWNED.mac, EVERYONE, 0x8863, message(0x09, 0, wanted));
    let offered = tag(0x0102, &format!("{} Router", C.computer_owner)).raw(tag(0x0203, C.remark));
    capture.frame(ROUTER.mac, OWNED.mac, 0x8863, message(0x07, 0, offered));
    let names = Bytes::default().short(C.mail).short(C.password);
    let asked = Bytes::default().raw([0xc0, 0x23, 1, 1]).u16(length::<u16>(&names.0) + 4).raw(names);
    capture.frame(OWNED.mac, ROUTER.mac, 0x8864, message(0, 7, asked));
}

/// LLDP and CDP: besides the name of a computer where it stands, and for whom (IEEE 802.1AB §8.5, ANSI/TIA-1057
/// §10.2).
fn neighbours(capture: &mut Capture) {
    let tlv = |kind: u16, value: Bytes| Bytes::default().u16(kind << 9 | length::<u16>(&value.0)).raw(value);
    let med = |kind: u8, value: Bytes| tlv(127, Bytes::default().raw([0, 0x12, 0xbb, kind]).raw(value));
    let home = Bytes::default().raw([2, 0x44, 0x45]).u8(23).short(C.kin).u8(6).short(C.street);
    let own = format!("{}-PC", C.computer_owner);
    for kind in [1, 7] {
        let unit = tlv(1, Bytes::default().u8(7).raw(&own))
            .raw(tlv(2, Bytes::default().u8(kind).raw(format!("Room of {}", C.phone_owner))))
            .raw(tlv(3, Bytes::default().u16(120)))
            .raw(tlv(4, Bytes::default().raw(format!("Office of {}", C.attending))))
            .raw(tlv(5, Bytes::default().raw(&own)))
            .raw(med(3, Bytes::default().u8(2).short(home.clone())))
            .raw(med(12, Bytes::default().raw(C.remark)));
        capture.frame(OWNED.mac, LLDP_GROUP, 0x88cc, unit.u16(0));
    }
    let told = |kind: u16, text: &str| Bytes::default().u16(kind).u16(length::<u16>(text.as_bytes()) + 4).raw(text);
    let unit = Bytes::default().raw([0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0, 2, 180, 0, 0]).raw(told(1, &own));
    let unit = unit.raw(told(3, "Port 1")).raw(told(6, "Cage Computer")).raw(told(9, C.employer));
    let unit = unit.raw(told(0x14, &format!("{}s iPad", C.phone_owner)));
    let unit = unit.raw(told(0x17, &format!("\u{1}Room of {}", C.attending))).raw(told(0x7f01, C.remark));
    capture.frame(OWNED.mac, CDP_GROUP, length(&unit.0), unit);
}

/// A tree of many, whose region is called after who planned it (IEEE 802.1Q §14.4); and a wish for a group.
fn bridges(capture: &mut Capture) {
    let bridge = || Bytes::default().u16(0x8000).raw(ROUTER.mac);
    let unit = Bytes::default().raw([0x42, 0x42, 3, 0, 0, 3, 2, 0x7c]).raw(bridge()).u32(0).raw(bridge()).u16(0x8001);
    let region = Bytes::default().u8(0).padded(C.operator, 32, 0).u16(0).zeros(16).u32(0).raw(bridge()).u8(20);
    let unit = unit.raw([0, 0, 20, 0, 2, 0, 15, 0, 0]).long(region);
    capture.frame(ROUTER.mac, BRIDGES, length(&unit.0), unit);
    let report = Bytes::default().raw([0x16, 0]);
    let sum = checksum(&[&report.0, &[239, 1, 2, 3]]);
    packet(capture, ROUTER, ([239, 1, 2, 3], 2), &report.u16(sum).raw([239, 1, 2, 3]));
}

/// PROFINET: a station called after its owner answers, and is asked to be called so (IEC 61158-6-10 §4.3).
fn plant(capture: &mut Capture) {
    let own = format!("{}-pc", C.computer_owner.to_lowercase());
    let block = |option: u16, value: Bytes| {
        let odd = value.0.len() % 2;
        Bytes::default().u16(option).long(Bytes::default().u16(0).raw(value)).zeros(odd)
    };
    let message = |begin: [u8; 4], blocks: Bytes| Bytes::default().raw(begin).u32(7).u16(0).long(blocks);
    let named = || block(0x0202, Bytes::default().raw(&own));
    let told =
        named().raw(block(0x0206, Bytes::default().raw(C.operator))).raw(block(0x0204, Bytes::default().u16(0x0100)));
    capture.frame(OWNED.mac, PLANT, 0x8892, message([0xfe, 0xff, 5, 1], told));
    capture.frame(ROUTER.mac, OWNED.mac, 0x8892, message([0xfe, 0xfd, 4, 0], named()));
}

/// A packet without fragments to a group.
fn packet(capture: &mut Capture, from: Station, (to, protocol): ([u8; 4], u8), payload: &Bytes) {
    let total = length::<u16>(&payload.0) + 20;
    let head = Bytes::default().u16(0x4500).u16(total).u32(0).u8(1).u8(protocol);
    let sum = checksum(&[&head.0, &from.ip, &to]);
    let [_, b, c, d] = to;
    let group = [0x01, 0x00, 0x5e, b & 0x7f, c, d];
    capture.frame(from.mac, group, 0x0800, head.u16(sum).raw(from.ip).raw(to).raw(payload));
}

/// VRRP 2 and OSPF 2 with secrets of eight letters (RFC 2338 §5.3.10, RFC 2328 annex D).
fn routers(capture: &mut Capture) {
    let head = Bytes::default().raw([0x21, 7, 100, 1, 1, 1]);
    let sum = checksum(&[&head.0, &[10, 20, 0, 1], C.password.as_bytes().get(..8).unwrap_or_default()]);
    let told = head.u16(sum).raw([10, 20, 0, 1]).padded(C.password, 8, 0);
    packet(capture, ROUTER, ([224, 0, 0, 18], 112), &told);
    let body = Bytes::default().raw([255, 255, 255, 0]).u16(10).raw([2, 1]).u32(40).raw(ROUTER.ip).u32(0);
    let head = Bytes::default().raw([2, 1]).u16(44).raw(ROUTER.ip).u32(0);
    let sum = checksum(&[&head.0, &[0, 1], &body.0]);
    let told = head.u16(sum).u16(1).padded(C.cleartext, 8, 0).raw(body);
    packet(capture, ROUTER, ([224, 0, 0, 5], 89), &told);
}

/// A router of a home tells its hosts a domain called after a computer, and where to log in (RFC 8106 §5.2, RFC 8910).
fn router_of_hosts(capture: &mut Capture) {
    let option = |kind: u8, body: Bytes| {
        let padding = (body.0.len() + 2).wrapping_neg() % 8;
        let units = u8::try_from((body.0.len() + 2 + padding) / 8).unwrap_or_default();
        Bytes::default().raw([kind, units]).raw(body).zeros(padding)
    };
    let [a, b, c, d, e, f] = ROUTER.mac;
    let from = Bytes::default().u16(0xfe80).zeros(6).raw([a ^ 2, b, c, 0xff, 0xfe, d, e, f]);
    let to = Bytes::default().u16(0xff02).zeros(13).u8(1);
    let domain = dns_name(&format!("{}-PC.home", C.computer_owner));
    let page = format!("https://cage.ward.example/{}?patient={}", C.login, C.record);
    let options = option(1, Bytes::default().raw(ROUTER.mac))
        .raw(option(31, Bytes::default().u16(0).u32(600).raw(domain)))
        .raw(option(37, Bytes::default().raw(page)));
    let fixed = Bytes::default().raw([64, 0]).u16(1800).zeros(8).raw(options);
    let total = length::<u16>(&fixed.0) + 4;
    let pseudo = Bytes::default().raw(&from).raw(&to).u32(u32::from(total)).u32(58);
    let sum = checksum(&[&pseudo.0, &[134, 0], &fixed.0]);
    let head = Bytes::default().u32(0x6000_0000).u16(total).raw([58, 255]).raw(from).raw(to);
    capture.frame(ROUTER.mac, [0x33, 0x33, 0, 0, 0, 1], 0x86dd, head.raw([134, 0]).u16(sum).raw(fixed));
}
