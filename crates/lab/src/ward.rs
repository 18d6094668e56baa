//! A small made-up ward on one morning: what each of its devices says while a sensor listens.
//!
//! Hardware addresses begin with the prefixes that the makers named have in the registry of the IEEE. Models, serial
//! numbers and people are made up.

mod bedside;
mod building;
mod imaging;

use crate::network::{self, Request};
use crate::wire::{Capture, SMOOTH, Station};

const FAMILY: &str = "Lindqvistson";
const GIVEN: &str = "Annemarieke";
const MRN: &str = "PAT-550173921";
const BIRTH: &str = "19480317";
const VISIT: &str = "VISIT-88210477";
const STREET: &str = "Marktgasse 12";
const ACCESSION: &str = "ACC-70214438";
const PHYSICIAN: &str = "Rosenqvarnberg";
const OPERATOR: &str = "Hjelmstedtsen";
const USER: &str = "radtech.marklund";

/// What the capture holds of its made-up patient and of the people who care for it. None of this may ever come out.
pub const PATIENT: [&str; 10] = [FAMILY, GIVEN, MRN, BIRTH, VISIT, STREET, ACCESSION, PHYSICIAN, OPERATOR, USER];

const ROUTER: Station = Station::new([0xf4, 0xbd, 0x9e, 0x10, 0x20, 0x01], 1, "rt-ward");
const SWITCH: Station = Station::new([0x08, 0x4f, 0xa9, 0x20, 0x20, 0x02], 2, "sw-ward3.ward.example");
const SERVER: Station = Station::new([0x00, 0x0c, 0x29, 0x3a, 0x10, 0x0a], 10, "dc1").windows();
const PACS: Station = Station::new([0x00, 0x25, 0x90, 0x51, 0x07, 0x14], 20, "pacs1");
const ENGINE: Station = Station::new([0x00, 0x50, 0x56, 0x21, 0x0b, 0x15], 21, "engine1");
const SCANNER: Station = Station::new([0xa0, 0xf2, 0x17, 0x64, 0x00, 0x1e], 30, "ct1");
const MONITOR: Station = Station::new([0x00, 0x09, 0xfb, 0x07, 0x00, 0x28], 40, "bed7-monitor");
const VENTILATOR: Station = Station::new([0x00, 0x30, 0xe6, 0x55, 0x00, 0x29], 41, "vent-bed7");
const ANALYSER: Station = Station::new([0x00, 0x06, 0x6b, 0x77, 0x00, 0x32], 50, "haem2");
const PUMPS: Station = Station::new([0x00, 0x03, 0xb1, 0x90, 0x00, 0x3c], 60, "pump-gateway");
const PRINTER: Station = Station::new([0x3c, 0x2a, 0xf4, 0x71, 0x00, 0x46], 70, "BRN3C2AF4710046");
const CAMERA: Station = Station::new([0x00, 0x40, 0x8c, 0xc4, 0x00, 0x47], 71, "axis-00408cc40047");
const WORKSTATION: Station = Station::new([0x98, 0xe7, 0x43, 0x80, 0x00, 0x50], 80, "RADWS-2").windows();
const CONSOLE: Station = Station::new([0x9c, 0x7b, 0xef, 0x81, 0x00, 0x51], 81, "ANGIO-CONSOLE").windows();
const PHONE: Station = Station::new([0xda, 0xa1, 0x19, 0x5c, 0x4e, 0x5a], 90, "");
const LABORATORY: Station = Station::behind(ROUTER, [10, 99, 0, 20], "lis1");
const UPDATES: Station = Station::behind(ROUTER, [198, 51, 100, 7], "updates.maker.example");

/// The ward as a pcap file.
#[must_use]
pub fn ward_capture() -> Vec<u8> {
    let mut capture = Capture::begin(1_715_674_500, SMOOTH);
    arrive(&mut capture);
    building::network(&mut capture);
    imaging::scan(&mut capture);
    bedside::monitor(&mut capture);
    bedside::ventilator(&mut capture);
    bedside::pumps(&mut capture);
    bedside::analyser(&mut capture);
    building::printer(&mut capture);
    building::camera(&mut capture);
    imaging::query(&mut capture);
    building::workstation(&mut capture);
    building::console(&mut capture);
    building::phone(&mut capture);
    capture.into_bytes()
}

/// Stations get their addresses or say that they have one.
fn arrive(capture: &mut Capture) {
    let windows =
        Request { vendor: "MSFT 5.0", wants: &[1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252], more: &[] };
    let plain = Request { vendor: "", wants: &[1, 28, 2, 3, 15, 6, 12], more: &[] };
    for fixed in [SERVER, PACS, ENGINE, SCANNER, ANALYSER, PUMPS] {
        network::arp(capture, fixed, ROUTER);
    }
    network::dhcp(capture, WORKSTATION, SERVER, windows);
    network::dhcp(
        capture,
        CONSOLE,
        SERVER,
        Request { wants: &[1, 15, 3, 6, 44, 46, 47, 31, 33, 121, 249, 43], ..windows },
    );
    network::dhcp(capture, MONITOR, SERVER, plain);
    network::dhcp(capture, VENTILATOR, SERVER, plain);
    network::dhcp(
        capture,
        PRINTER,
        SERVER,
        Request { vendor: "Brother Industries, Ltd.", wants: &[1, 3, 6, 15, 44, 47], more: &[] },
    );
    network::dhcp(capture, CAMERA, SERVER, Request { vendor: "AXIS,Network Camera,SPECIMEN-1,9.99.1", ..plain });
    network::dhcp(
        capture,
        PHONE,
        SERVER,
        Request { vendor: "android-dhcp-14", wants: &[1, 3, 6, 15, 26, 28, 51, 58, 59, 43], more: &[] },
    );
    for (client, name, server) in [(SCANNER, "pacs1.ward.example", PACS), (MONITOR, "engine1.ward.example", ENGINE)] {
        network::dns(capture, client, SERVER, name, server.ip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ward_is_small_and_always_the_same() {
        let capture = ward_capture();
        assert_eq!(capture, ward_capture());
        let (mut at, mut frames) = (24, 0);
        while at < capture.len() {
            let length: [u8; 4] = capture[at + 8..at + 12].try_into().expect("a frame header");
            at += 16 + u32::from_be_bytes(length) as usize;
            frames += 1;
        }
        assert_eq!(at, capture.len(), "the last frame is whole");
        assert!(frames < 1500 && capture.len() < 300_000, "{frames} frames, {} bytes", capture.len());
    }

    #[test]
    fn the_patient_is_in_it() {
        let capture = ward_capture();
        let wide = |text: &str| crate::bytes::utf16(text);
        for text in PATIENT {
            let found = |bytes: &[u8]| capture.windows(bytes.len()).any(|window| window == bytes);
            assert!(found(text.as_bytes()) || found(&wide(text)), "{text}");
        }
    }
}
