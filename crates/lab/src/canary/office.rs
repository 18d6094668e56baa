//! SNMP, SMB and names with canaries.

use super::words::{CANARIES as C, SMB_CAGE, SNMP_CAGE};
use crate::network::{self, Request};
use crate::office::smb::Visit;
use crate::office::tls::{self, COMMON_NAME, ORGANISATION};
use crate::snmp::{self, GET, RESPONSE, SET, TRAP, system};
use crate::talk::Talk;
use crate::wire::{Capture, Station};

const DESK: Station = Station::new([0x98, 0xe7, 0x43, 0x0c, 0x00, 0x09], 139, "CAGEDESK").windows();
const SERVER: Station = Station::new([0x00, 0x0c, 0x29, 0x0c, 0x00, 0x0a], 140, SMB_CAGE).windows();
const SWITCH: Station = Station::new([0x08, 0x4f, 0xa9, 0x0c, 0x00, 0x0b], 141, SNMP_CAGE);
const PHONE: Station = Station::new([0xda, 0xa1, 0x19, 0x0c, 0x00, 0x0c], 142, "Philomenatraudes-iPhone");
const COMPUTER: Station = Station::new([0x98, 0xe7, 0x43, 0x0c, 0x00, 0x0d], 143, "Birkenzeisig-PC").windows();
const LOUNGE: Station = Station { name: "Birkenzeisig Lounge", ..COMPUTER };
const TABLET: Station = Station { name: "Philomenatraudes iPad", ..PHONE };

pub(super) fn talks() -> Vec<Talk> {
    [management(), files(), certificates()].concat()
}

fn management() -> Vec<Talk> {
    let asked = [(system::DESCRIPTION, None), (system::CONTACT, None), (system::NAME, None)];
    let told = [
        (system::DESCRIPTION, Some("Cage Switch 4")),
        (system::CONTACT, Some(C.contact)),
        (system::NAME, Some(SNMP_CAGE)),
    ];
    let set = [(system::CONTACT, Some(C.contact))];
    let talk = || Talk::datagrams((DESK, 0), (SWITCH, 161));
    let trap = || Talk::datagrams((SWITCH, 0), (DESK, 162));
    let mut talks = Vec::new();
    for version in [0, 1] {
        talks.push(
            talk()
                .say(snmp::message(version, C.community, GET, &asked))
                .answer(snmp::message(version, C.community, RESPONSE, &told))
                .say(snmp::message(version, C.writing, SET, &set))
                .answer(snmp::message(version, C.writing, RESPONSE, &set)),
        );
    }
    talks.push(talk().say(snmp::message3(C.usm, GET, &asked)).answer(snmp::message3(C.usm, RESPONSE, &told)));
    talks.push(trap().say(snmp::message(1, C.community, TRAP, &set)));
    talks.push(trap().say(snmp::trap1(C.community, SWITCH.ip, C.contact)));
    talks
}

fn files() -> Vec<Talk> {
    let visit = Visit {
        user: C.windows,
        domain: "CAGEDOMAIN",
        station: DESK.name,
        server: SMB_CAGE,
        share: C.share,
        file: C.file,
    };
    let talk = || Talk::stream((DESK, 0), (SERVER, 445));
    let own = Visit { domain: COMPUTER.name, station: COMPUTER.name, ..visit };
    let fold = |talk: Talk, (asked, told): (crate::bytes::Bytes, crate::bytes::Bytes)| talk.say(asked).answer(told);
    vec![
        visit.smb2(C.content.as_bytes()).into_iter().fold(talk(), fold),
        visit.smb1(C.cleartext).into_iter().fold(talk(), fold),
        own.smb2(C.content.as_bytes()).into_iter().fold(Talk::stream((COMPUTER, 0), (SERVER, 445)), fold),
        own.smb1(C.cleartext).into_iter().fold(Talk::stream((COMPUTER, 0), (SERVER, 445)), fold),
    ]
}

/// A member of staff logs in with a certificate.
fn certificates() -> Vec<Talk> {
    let authority = [(ORGANISATION, "Cage Hospital"), (COMMON_NAME, "Cage CA")];
    let served = tls::certificate(&authority, &[(COMMON_NAME, "cage.ward.example")], &["cage.ward.example"]);
    let own = tls::certificate(&authority, &[(ORGANISATION, "Cage Hospital"), (COMMON_NAME, C.operator)], &[C.mail]);
    let talk = Talk::stream((DESK, 0), (SERVER, 443)).say(tls::client_hello("cage.ward.example"));
    vec![talk.answer(tls::server_hello(served)).say(tls::client_certificate(own)).answer(tls::finished())]
}

/// Names that people's own devices give themselves, and who is logged in where.
pub(super) fn announcements(capture: &mut Capture) {
    let full = [&[81, u8::try_from(PHONE.name.len() + 3).unwrap_or_default(), 0, 0, 0], PHONE.name.as_bytes()].concat();
    let asked = Request { vendor: "", wants: &[1, 121, 3, 6, 15, 108, 114, 119], more: &full };
    network::dhcp(capture, PHONE, SERVER, asked);
    network::mdns(capture, PHONE, ("_companion-link._tcp", 49_153), &["rpBA=00:00:00:00:00:00"]);
    network::mdns(capture, TABLET, ("_airplay._tcp", 7000), &["model=iPad13,4"]);
    network::llmnr(capture, DESK, PHONE);
    network::dhcp(capture, COMPUTER, SERVER, Request { vendor: "MSFT 5.0", wants: &[1, 3, 6, 15], more: &[] });
    network::mdns(capture, LOUNGE, ("_http._tcp", 80), &["path=/"]);
    network::llmnr(capture, DESK, COMPUTER);
    network::lldp(capture, COMPUTER, "1", "computer");
    network::cdp(capture, COMPUTER, "1", "computer", "1.0");
    network::netbios(capture, COMPUTER, COMPUTER.name, 0x00);
    network::netbios(capture, DESK, C.netbios, 0x03);
    network::netbios(capture, DESK, DESK.name, 0x00);
}
