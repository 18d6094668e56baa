//! What networks say of their hosts with canaries: names, addresses, routes, time, and who talks to whom.
//!
//! In: the canaries. Out: conversations in which computers are called after their owners, and routers know secrets.

mod air;
mod frames;
mod names;
mod neighbours;

use super::words::CANARIES as C;
use crate::bytes::{Bytes, length};
use crate::talk::Talk;
use crate::wire::Station;

pub use air::air_captures;
pub(super) use frames::announcements;

const OWNED: Station = Station::new([0x98, 0xe7, 0x43, 0x0c, 0x00, 0x20], 160, "Birkenzeisig-PC").windows();
const SERVER: Station = Station::new([0x00, 0x50, 0x56, 0x0c, 0x00, 0x21], 161, "cage-names");
const ROUTER: Station = Station::new([0x00, 0x1b, 0x21, 0x0c, 0x00, 0x22], 162, "cage-router");
const PEER: Station = Station::new([0x00, 0x1b, 0x21, 0x0c, 0x00, 0x23], 163, "cage-peer");

pub(super) fn talks() -> Vec<Talk> {
    [names::talks(), neighbours::talks(), vec![time(), exports(), routes()], standby()].concat()
}

/// Datagrams between two hosts, to `port`.
fn over(client: Station, server: Station, port: u16) -> Talk {
    Talk::datagrams((client, 0), (server, port))
}

/// NTP: the time, then variables that people set, and a setting with a secret (RFC 9327 §2).
fn time() -> Talk {
    let asked = Bytes::default().raw([0x23, 0, 6, 0xe9]).zeros(36).raw([0xe5, 0xa0, 0, 0, 0x12, 0x34, 0x56, 0x78]);
    let told = Bytes::default().raw([0x24, 1, 6, 0xe9]).zeros(8).raw("GPS\0").zeros(24);
    let told = told.raw([0xe5, 0xa0, 0, 0, 0x12, 0x34, 0x56, 0x78]);
    let control = |operation: u8, text: &str| {
        let head = Bytes::default().u8(0x16).u8(operation).u16(1).u16(0x0618).u16(0).u16(0);
        head.long(text)
    };
    let variables = format!(
        "version=\"ntpd 4.2.6p5@1.2349-o built by {0}\",processor=\"x86_64\",system=\"Linux/3.2\",contact=\"{1}\",owner=\"{0}\"",
        C.operator, C.contact
    );
    over(OWNED, SERVER, 123)
        .say(asked)
        .answer(told)
        .say(control(2, &format!("contact,owner,{}", C.login)))
        .answer(control(0x82, &variables))
        .say(control(8, &format!("crypto pw {} # {}", C.password, C.remark)))
        .answer(control(0xc8, &format!("{} may not", C.login)))
}

/// NetFlow 9 and IPFIX: users, networks and addresses of pages in what is exported (RFC 3954 §5, RFC 7011 §3.3).
fn exports() -> Talk {
    let set = |id: u16, body: Bytes| Bytes::default().u16(id).u16(length::<u16>(&body.0) + 4).raw(body);
    // Names of user, network and page, each of variable length.
    let fields = Bytes::default().u16(371).u16(0xffff).u16(147).u16(0xffff).u16(461).u16(0xffff);
    let template = Bytes::default().u16(256).u16(3).raw(fields);
    let page = format!("http://cage.ward.example/{}?patient={}", C.share, C.record);
    let data = || Bytes::default().short(C.login).short(format!("WLAN of {}", C.computer_owner)).short(&page);
    let head = |version: u16, count: u16| Bytes::default().u16(version).u16(count);
    let old = head(9, 2).u32(1000).u32(0x6500_0000).u32(7).u32(1).raw(set(0, template.clone())).raw(set(256, data()));
    let sets = set(2, template).raw(set(256, data()));
    let new = head(10, length::<u16>(&sets.0) + 16).u32(0x6500_0000).u32(1).u32(99).raw(sets);
    over(ROUTER, SERVER, 2055).say(old).say(new)
}

/// RIP 2 with a password in clear (RFC 2453 §4.1).
fn routes() -> Talk {
    let password = Bytes::default().u16(0xffff).u16(2).padded(C.family, 16, 0);
    let route = Bytes::default().u16(2).u16(0).raw([10, 1, 0, 0]).raw([255, 255, 0, 0]).u32(0).u32(1);
    let message = |command: u8| Bytes::default().raw([command, 2, 0, 0]).raw(&password).raw(&route);
    over(ROUTER, PEER, 520).say(message(2)).answer(message(2))
}

/// HSRP in both versions, with secrets of eight letters (RFC 2281 §5).
fn standby() -> Vec<Talk> {
    let old = Bytes::default().raw([0, 0, 16, 3, 10, 120, 1, 0]).padded(C.cleartext, 8, 0).raw([10, 20, 0, 1]);
    let state = Bytes::default().raw([2, 0, 6, 4, 0, 5]).raw(ROUTER.mac).u32(100).u32(3000).u32(10_000);
    let state = state.raw([10, 20, 0, 1]).zeros(12);
    let new = Bytes::default().u8(1).short(state).u8(3).short(Bytes::default().padded(C.password, 8, 0));
    vec![over(ROUTER, PEER, 1985).say(old), over(ROUTER, PEER, 2029).say(new)]
}
