use super::*;
use std::collections::{BTreeMap, BTreeSet};

fn small() -> Hospital {
    Hospital::plan(7, Size::devices(400))
}

#[test]
fn a_hospital_has_as_many_devices_as_it_should() {
    for devices in [50, 200, 2_000, 22_000] {
        let hospital = Hospital::plan(1, Size::devices(devices));
        assert_eq!(hospital.len(), devices as usize);
        let lost = hospital.devices.iter().filter(|device| device.stays.is_empty()).count();
        assert!(lost * 100 <= hospital.len(), "{lost} of {devices} were never there");
    }
}

#[test]
fn nobody_bears_an_address_that_another_bears_at_the_same_time() {
    let hospital = Hospital::plan(3, Size::devices(3_000));
    let mut borne: BTreeMap<(u16, std::net::Ipv4Addr), Vec<(u64, u64)>> = BTreeMap::new();
    for device in &hospital.devices {
        for stay in device.stays.iter().filter(|stay| !stay.ip.is_unspecified()) {
            borne.entry((device.scope, stay.ip)).or_default().push((stay.from, stay.until));
        }
    }
    for (address, mut times) in borne {
        times.sort_unstable();
        assert!(times.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{address:?}: {times:?}");
    }
}

#[test]
fn two_scopes_have_the_same_network() {
    let hospital = small();
    let networks = |scope| -> BTreeSet<[u8; 3]> {
        hospital.areas.iter().filter(|area| area.scope == scope).map(|area| area.network).collect()
    };
    let both: Vec<[u8; 3]> = networks(0).intersection(&networks(1)).copied().collect();
    assert!(both.contains(&[10, 0, 0]), "{both:?}");
    let used = |scope: u16| -> BTreeSet<std::net::Ipv4Addr> {
        let devices = hospital.devices.iter().filter(|device| device.scope == scope);
        devices.flat_map(|device| &device.stays).map(|stay| stay.ip).collect()
    };
    assert!(used(0).intersection(&used(1)).count() > 10);
}

#[test]
fn boards_and_serial_numbers_are_one_device_s_own() {
    let hospital = Hospital::plan(5, Size::devices(5_000));
    let boards: BTreeSet<[u8; 6]> = hospital.devices.iter().map(|device| device.first_mac).collect();
    assert_eq!(boards.len(), hospital.len());
    let mut borne: BTreeMap<[u8; 6], usize> = BTreeMap::new();
    for (index, device) in hospital.devices.iter().enumerate().filter(|(_, device)| device.behind.is_none()) {
        for stay in &device.stays {
            assert_eq!(*borne.entry(stay.mac).or_insert(index), index, "{}", device::mac_text(stay.mac));
        }
    }
    let serials: BTreeSet<(usize, &str)> =
        hospital.devices.iter().map(|device| (device.model, device.serial.as_str())).collect();
    assert_eq!(serials.len(), hospital.len());
    let bare: BTreeSet<&str> = hospital.devices.iter().map(|device| device.serial.as_str()).collect();
    assert!(bare.len() < hospital.len(), "some makers number alike");
}

const HOUR: i64 = 3_600_000_000;

fn later(micros: i64) -> Time {
    Hospital::begin().plus(micros)
}

/// Eight to nine in the morning.
fn morning(hospital: &Hospital) -> Vec<Frame> {
    hospital.capture(later(8 * HOUR), later(9 * HOUR), Volume::Lean).collect()
}

#[test]
fn the_same_seed_says_the_same_and_another_seed_something_else() {
    let frames = morning(&Hospital::plan(1, Size::devices(50)));
    assert_eq!(frames, morning(&Hospital::plan(1, Size::devices(50))));
    assert_ne!(frames, morning(&Hospital::plan(2, Size::devices(50))));
    let bytes: usize = frames.iter().map(|frame| frame.bytes.len()).sum();
    assert!(frames.len() > 2_000 && bytes < 8_000_000, "{} frames, {bytes} bytes", frames.len());
}

#[test]
fn frames_come_in_order_of_time_and_within_it() {
    let frames = morning(&small());
    assert!(frames.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert!(frames.iter().all(|frame| later(8 * HOUR) <= frame.at && frame.at < later(9 * HOUR)));
    assert_eq!(frames.iter().map(|frame| frame.scope).collect::<BTreeSet<_>>(), BTreeSet::from([0, 1]));
}

#[test]
fn a_capture_in_parts_is_the_capture() {
    let hospital = small();
    let part = |from: i64, until: i64| hospital.capture(later(8 * HOUR + from), later(8 * HOUR + until), Volume::Lean);
    let whole: Vec<Frame> = part(0, 90_000_000).collect();
    let cuts = [0, 1_234_567, 10_000_000, 33_333_333, 90_000_000];
    let parts: Vec<Frame> = cuts.windows(2).flat_map(|cut| part(cut[0], cut[1])).collect();
    assert!(whole.len() > 500);
    assert_eq!(parts, whole);
    let one: Vec<Frame> = part(0, 90_000_000).only(1).collect();
    assert_eq!(one, whole.into_iter().filter(|frame| frame.scope == 1).collect::<Vec<_>>());
}

#[test]
fn every_patient_and_nurse_is_named_in_the_capture() {
    let hospital = Hospital::plan(4, Size::devices(50));
    let frames = morning(&hospital);
    let said: Vec<u8> = frames.iter().flat_map(|frame| frame.bytes.iter().copied()).collect();
    let text = String::from_utf8_lossy(&said);
    let missing: Vec<&str> =
        hospital.patients().iter().flat_map(Patient::canaries).filter(|c| !text.contains(c)).collect();
    assert_eq!(missing, Vec::<&str>::new());
    let staff = hospital.staff.iter().filter(|name| text.contains(name.as_str())).count();
    assert!(staff * 10 >= hospital.staff.len() * 9, "{staff} of {}", hospital.staff.len());
}

#[test]
fn every_protocol_is_spoken() {
    let hospital = Hospital::plan(4, Size::devices(2_000));
    let mut playing = hospital.capture(later(9 * HOUR), later(9 * HOUR + 1_200_000_000), Volume::Lean).with_spoken();
    let frames = playing.by_ref().count();
    let spoken = playing.take_spoken();
    let services: BTreeSet<&str> = spoken.iter().map(|spoken| spoken.service).collect();
    for service in [
        "astm", "bacnet", "dhcp", "dicom", "dns", "hl7", "http", "modbus", "ntp", "poct", "rtp", "sip", "smb", "snmp",
        "ssdp", "ssl", "syslog", "wsd",
    ] {
        assert!(services.contains(service), "{service} in {services:?}");
    }
    assert!(frames > spoken.len());
}

#[test]
fn what_was_spoken_is_what_was_seen() {
    let hospital = Hospital::plan(9, Size::devices(300));
    let mut playing = hospital.capture(later(10 * HOUR), later(11 * HOUR), Volume::Lean).with_spoken();
    let mut seen: BTreeMap<(u16, [Vec<u8>; 2]), u64> = BTreeMap::new();
    let key = |scope: u16, mut ends: [Vec<u8>; 2]| {
        ends.sort_unstable();
        (scope, ends)
    };
    for frame in playing.by_ref() {
        let at = if frame.bytes[12..14] == [0x81, 0x00] { 18 } else { 14 };
        if frame.bytes[at - 2..at] == [0x08, 0x00] && frame.bytes[at + 9] == 6 {
            let end = |ip: usize, port: usize| {
                [&frame.bytes[at + ip..at + ip + 4], &frame.bytes[at + port..at + port + 2]].concat()
            };
            *seen.entry(key(frame.scope, [end(12, 20), end(16, 22)])).or_default() += 1;
        }
    }
    let mut checked = 0;
    for spoken in playing.take_spoken().iter().filter(|spoken| spoken.is_stream) {
        let end = |(ip, port): (std::net::IpAddr, u16)| match ip {
            std::net::IpAddr::V4(ip) => [ip.octets().as_slice(), &port.to_be_bytes()].concat(),
            std::net::IpAddr::V6(_) => Vec::new(),
        };
        let packets = spoken.sent[0].packets + spoken.sent[1].packets;
        let counted = seen[&key(spoken.scope, [end(spoken.client), end(spoken.server)])];
        assert!(counted == packets || counted == packets * 2, "{spoken:?}: {counted}");
        checked += 1;
    }
    assert!(checked > 300, "{checked}");
}

#[test]
fn nights_and_weekends_are_quiet() {
    let hospital = Hospital::plan(2, Size::devices(300));
    let images = |hour: i64| {
        let mut playing = hospital.capture(later(hour * HOUR), later((hour + 2) * HOUR), Volume::Lean).with_spoken();
        playing.by_ref().for_each(drop);
        playing.take_spoken().iter().filter(|spoken| spoken.service == "dicom").count()
    };
    let (day, night, sunday) = (images(9), images(24 + 2), images(6 * 24 + 9));
    assert!(day > 2 * night && day > sunday, "{day} by day, {night} by night, {sunday} on Sunday");
}

#[test]
fn clinical_systems_stand_still_in_a_drill() {
    let hospital = Hospital::plan(2, Size::devices(300));
    let messages = |hour: i64| {
        let mut playing = hospital.capture(later(hour * HOUR), later((hour + 1) * HOUR), Volume::Lean).with_spoken();
        playing.by_ref().for_each(drop);
        playing.take_spoken().iter().filter(|spoken| matches!(spoken.server.1, 2_575 | 6_661 | 11_112)).count()
    };
    // Tuesday, 10 March 2026.
    assert!(messages(8 * 24 + 1) > 100);
    assert_eq!([messages(8 * 24 + 2), messages(8 * 24 + 3)], [0, 0]);
}

/// What tshark calls malformed or sees with a wrong sum in one scope's capture; `None` without tshark.
fn complaints(hospital: &Hospital, scope: u16) -> Option<String> {
    let mut file = pcap_header();
    hospital.capture(later(8 * HOUR), later(9 * HOUR), Volume::Lean).only(scope).records(&mut file, usize::MAX);
    let folder = tempfile::tempdir().expect("a folder for the capture");
    let path = folder.path().join("capture.pcap");
    #[expect(clippy::disallowed_methods, reason = "tshark reads files")]
    std::fs::write(&path, file).expect("the capture is written");
    #[expect(clippy::disallowed_methods, reason = "tshark is asked as an outsider")]
    let mut command = std::process::Command::new("tshark");
    let sums = ["ip.check_checksum", "tcp.check_checksum", "udp.check_checksum"].map(|name| format!("{name}:TRUE"));
    sums.iter().for_each(|sum| {
        command.args(["-o", sum]);
    });
    let ports = [
        "tcp.port==11112,dicom",
        "tcp.port==2575,hl7",
        "tcp.port==6661,hl7",
        "tcp.port==6662,hl7",
        "udp.port==6970,rtp",
    ];
    ports.iter().for_each(|port| {
        command.args(["-d", port]);
    });
    let wrong = "_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 \
                 || icmpv6.checksum.status == 0 || tcp.analysis.lost_segment || _ws.expert.severity == error";
    command.arg("-r").arg(&path).args(["-Y", wrong]);
    let Ok(output) = command.output() else {
        eprintln!("skipped: tshark is not installed");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn an_outsider_finds_every_frame_well_formed() {
    let hospital = Hospital::plan(11, Size::devices(250));
    for scope in [0, 1] {
        if let Some(said) = complaints(&hospital, scope) {
            let lines: Vec<&str> = said.lines().take(20).collect();
            assert_eq!(lines, Vec::<&str>::new(), "of {} complaints", said.lines().count());
        }
    }
}

mod records;
