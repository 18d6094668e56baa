//! What is no medical device: switch, router, printer, camera, Windows machines, a visitor's phone.

use super::{
    CAMERA, CONSOLE, ENGINE, PACS, PHONE, PRINTER, ROUTER, SCANNER, SERVER, SWITCH, UPDATES, USER, WORKSTATION,
};
use crate::network;
use crate::office::smb::Visit;
use crate::office::tls::{COMMON_NAME, COUNTRY, ORGANISATION};
use crate::office::upnp::{Described, announce};
use crate::office::{http, tls};
use crate::snmp::{self, system};
use crate::talk::Talk;
use crate::wire::{Capture, Station};

/// Switch and router announce themselves; the server asks the switch what it is.
pub(super) fn network(capture: &mut Capture) {
    let version =
        "Cisco IOS Software, Specimen Switch Software (SPEC-UNIVERSALK9-M), Version 15.2(7)E9, RELEASE SOFTWARE (fc4)";
    for _ in 0..2 {
        network::lldp(capture, SWITCH, "Gi1/0/12", version);
        network::cdp(capture, SWITCH, "GigabitEthernet1/0/12", "cisco SPEC-2960X-24", version);
        network::router_advertisement(capture, ROUTER);
        capture.wait(30_000);
    }
    describe(capture, SWITCH, version, "Ward 3, riser cupboard");
}

fn describe(capture: &mut Capture, device: Station, description: &str, location: &str) {
    let asked = [(system::DESCRIPTION, None), (system::NAME, None), (system::LOCATION, None)];
    let told = [
        (system::DESCRIPTION, Some(description)),
        (system::NAME, Some(device.name)),
        (system::LOCATION, Some(location)),
    ];
    Talk::datagrams((SERVER, 49_161), (device, 161))
        .say(snmp::message(1, "public", snmp::GET, &asked))
        .answer(snmp::message(1, "public", snmp::RESPONSE, &told))
        .play(capture);
}

/// The printer offers itself and is looked at.
pub(super) fn printer(capture: &mut Capture) {
    let texts =
        ["txtvers=1", "ty=Brother Specimen HL-9000", "usb_MFG=Brother", "usb_MDL=Specimen HL-9000", "note=Ward 3"];
    network::mdns(capture, PRINTER, ("_ipp._tcp", 631), &texts);
    describe(capture, PRINTER, "Brother NC-9999h, Firmware Ver.Q1.14, MID 84U-SPEC", "Ward 3");
    let page = "<html><head><title>Brother Specimen HL-9000</title></head><body>Ready</body></html>";
    Talk::stream((WORKSTATION, 50_700), (PRINTER, 80))
        .say(http::request(
            "GET /general/status.html",
            &["Host: 10.20.0.70", "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64)"],
            [],
        ))
        .answer(http::response("200 OK", &["Server: debut/1.30", "Content-Type: text/html"], page))
        .play(capture);
}

/// The camera announces itself and is described.
pub(super) fn camera(capture: &mut Capture) {
    let said = Described {
        uuid: "5d0c7a10-1f2e-4b7a-8c3d-00408cc40047",
        kind: "urn:axis-com:device:NetworkCamera:1",
        friendly: "AXIS Specimen P1 - 00408CC40047",
        maker: "AXIS",
        model: "AXIS Specimen P1",
        number: "Specimen P1",
        serial: "00408CC40047",
        server: "Linux/4.9, UPnP/1.0, Portable SDK for UPnP devices/1.6.18",
    };
    announce(capture, CAMERA, WORKSTATION, said);
}

/// The workstation finds its server, logs in, and talks to a web server.
pub(super) fn workstation(capture: &mut Capture) {
    network::llmnr(capture, CONSOLE, WORKSTATION);
    let visit = Visit {
        user: USER,
        domain: "WARD",
        station: WORKSTATION.name,
        server: "DC1",
        share: "software",
        file: "viewer\\setup.ini",
    };
    let talk = Talk::stream((WORKSTATION, 50_445), (SERVER, 445));
    let talk = visit
        .smb2(b"[viewer]\r\nlanguage=en\r\n")
        .into_iter()
        .fold(talk, |talk, (asked, told)| talk.say(asked).answer(told));
    talk.play(capture);
    let authority = [(COUNTRY, "DE"), (ORGANISATION, "Ward Example Hospital"), (COMMON_NAME, "Ward Example CA")];
    let subject = [(ORGANISATION, "Specimen PACS"), (COMMON_NAME, "pacs1.ward.example")];
    sealed(
        capture,
        (WORKSTATION, 50_443),
        PACS,
        "pacs1.ward.example",
        tls::certificate(&authority, &subject, &["pacs1.ward.example"]),
    );
    network::dns(capture, SCANNER, SERVER, UPDATES.name, UPDATES.ip);
    let subject = [(ORGANISATION, "Maker Example"), (COMMON_NAME, UPDATES.name)];
    sealed(capture, (SCANNER, 40_443), UPDATES, UPDATES.name, tls::certificate(&authority, &subject, &[UPDATES.name]));
}

fn sealed(
    capture: &mut Capture,
    client: (Station, u16),
    server: Station,
    name: &str,
    certificate: crate::bytes::Bytes,
) {
    Talk::stream(client, (server, 443))
        .say(tls::client_hello(name))
        .answer(tls::server_hello(certificate))
        .say(tls::client_finished())
        .answer(tls::finished())
        .say(tls::sealed(400))
        .answer(tls::sealed(1900))
        .play(capture);
}

/// The angiography console still speaks SMB 1.
pub(super) fn console(capture: &mut Capture) {
    network::netbios(capture, CONSOLE, CONSOLE.name, 0);
    let visit = Visit {
        user: "console",
        domain: "WARD",
        station: CONSOLE.name,
        server: "ENGINE1",
        share: "images",
        file: "queue.txt",
    };
    let talk = Talk::stream((CONSOLE, 49_445), (ENGINE, 445));
    visit.smb1("").into_iter().fold(talk, |talk, (asked, told)| talk.say(asked).answer(told)).play(capture);
}

/// A visitor's phone looks whether it is online.
pub(super) fn phone(capture: &mut Capture) {
    let server = Station { ip: [203, 0, 113, 9], ..UPDATES };
    network::dns(capture, PHONE, SERVER, "connectivitycheck.example.com", server.ip);
    Talk::stream((PHONE, 44_800), (server, 80))
        .say(http::request(
            "GET /generate_204",
            &["Host: connectivitycheck.example.com", "User-Agent: Dalvik/2.1.0 (Linux; U; Android 14; Specimen 8)"],
            [],
        ))
        .answer(http::response("204 No Content", &["Server: specimen"], []))
        .play(capture);
}
