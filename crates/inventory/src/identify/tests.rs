//! Scenarios: one a clause of what identification promises.

use super::*;
use crate::Oui;
use proptest::prelude::*;
use wardlight_model::{Attribute, Claim, Origin, Place};

const OUI: &str =
    "001B21\tIntel Corporate\n0009FB\tPhilips Patient Monitoring\n0030E6\tDraeger Medical\n00000C\tCisco\n";

/// What was seen, written down by the tests.
#[derive(Debug, Clone, Default)]
struct Wire {
    facts: Vec<Fact>,
    presence: Vec<Presence>,
}

impl Wire {
    /// `who` (`mac`, `ip` or `mac ip`) sends from second `first` to `last` with hop limit `ttl`.
    fn sends(mut self, who: &str, (first, last): (i64, i64), ttl: u8) -> Self {
        let (first, last) = (Time::from_seconds(first), Time::from_seconds(last));
        self.presence.push(Presence {
            endpoint: endpoint(who),
            first,
            last,
            packets: 5,
            ttl,
            sent: true,
            origin: Origin::default(),
        });
        self
    }

    /// At second `at`, `field` of `who` is said to be `value`.
    fn says(self, who: &str, field: Field, value: &str, at: i64) -> Self {
        self.fact(Subject::Host(endpoint(who)), field, value, at)
    }

    /// At second `at`, `via` says `field` of the device called `key`.
    fn nested(self, via: &str, (kind, key): (KeyKind, &str), field: Field, value: &str) -> Self {
        let key = Key { kind, text: key.to_owned() };
        self.fact(Subject::Nested { via: endpoint(via), key }, field, value, 1)
    }

    fn fact(mut self, subject: Subject, field: Field, value: &str, at: i64) -> Self {
        let (time, value) = (Time::from_seconds(at), value.to_owned());
        let place = Place { packet: u64::try_from(self.facts.len()).unwrap() + 1, ..Place::default() };
        self.facts.push(Fact {
            subject,
            field,
            value,
            protocol: "test",
            first: time,
            last: time,
            count: 1,
            place,
            origin: Origin::default(),
        });
        self
    }

    fn devices(&self) -> Vec<Device> {
        self.devices_with(&knowledge())
    }

    fn devices_with(&self, knowledge: &Knowledge) -> Vec<Device> {
        let contacts = Contacts::default();
        let facts: Vec<&Fact> = self.facts.iter().collect();
        identify(&Seen { facts: &facts, presence: &self.presence, contacts: &contacts }, knowledge)
    }

    fn ids(&self) -> Vec<String> {
        self.devices().into_iter().map(|device| device.id).collect()
    }
}

fn knowledge() -> Knowledge {
    Knowledge { oui: Oui::load(OUI), ..Knowledge::default() }
}

fn endpoint(text: &str) -> Endpoint {
    let mac = text.split(' ').find_map(|part| part.parse().ok());
    let ip = text.split(' ').find_map(|part| part.parse().ok());
    Endpoint { scope: Scope(0), mac, ip }
}

fn has_label(device: &Device, text: &str) -> bool {
    device.labels.iter().any(|label| label.text == text)
}

fn best(device: &Device, attribute: Attribute) -> Option<&Claim> {
    device.best(attribute)
}

const A: &str = "00:1b:21:00:00:0a";
const B: &str = "00:1b:21:00:00:0b";
const R: &str = "00:1b:21:00:00:01";

#[test]
fn an_adjacent_device_is_known_by_its_hardware_address() {
    let wire = Wire::default()
        .sends(&format!("{A} 10.0.0.5"), (0, 9), 64)
        .sends(&format!("{A} fe80::21b:21ff:fe00:a"), (0, 9), 255)
        .sends(&format!("{A} 2001:db8::1234:5678:9abc:def0"), (0, 9), 64)
        .sends(&format!("{A} 2001:db8::aaaa:5678:9abc:1111"), (9, 20), 64);
    let devices = wire.devices();
    assert_eq!(wire.ids(), [format!("mac:{A}")]);
    assert_eq!(devices[0].addresses.len(), 4);
    assert_eq!(best(&devices[0], Attribute::Maker).unwrap().value, "Intel Corporate");
}

#[test]
fn a_router_does_not_swallow_the_hosts_behind_it() {
    let wire = Wire::default()
        .says(&format!("{R} 10.0.0.1"), Field::Address, "10.0.0.1", 0)
        .sends(&format!("{R} 10.0.0.1"), (0, 9), 64)
        .sends(&format!("{R} 10.1.0.7"), (1, 9), 63)
        .sends(&format!("{R} 10.1.0.8"), (1, 9), 127)
        .sends(&format!("{R} 8.8.8.8"), (1, 9), 118)
        .says(&format!("{R} 10.1.0.7"), Field::Model, "MX800", 2);
    let devices = wire.devices();
    assert_eq!(wire.ids(), ["ip:10.1.0.7".to_owned(), "ip:10.1.0.8".to_owned(), format!("mac:{R}")]);
    assert_eq!(best(&devices[0], Attribute::Model).unwrap().value, "MX800");
    assert!(has_label(&devices[2], "router") && best(&devices[2], Attribute::Model).is_none());
    assert_eq!(devices[2].addresses, ["10.0.0.1".parse::<IpAddr>().unwrap()]);
}

#[test]
fn a_router_that_answers_arp_for_others_is_seen_through() {
    let wire = Wire::default()
        .says(R, Field::Router, "ra", 0)
        .says(&format!("{R} 10.1.0.7"), Field::Address, "10.1.0.7", 0)
        .sends(&format!("{R} 10.1.0.7"), (1, 9), 63);
    assert_eq!(wire.ids(), ["ip:10.1.0.7".to_owned(), format!("mac:{R}")]);
}

#[test]
fn a_server_with_many_announced_addresses_is_no_router() {
    let wire = (1..=9).fold(Wire::default(), |wire, n| {
        let who = format!("{A} 10.0.0.{n}");
        wire.says(&who, Field::Address, &format!("10.0.0.{n}"), 0).sends(&who, (0, 9), 64)
    });
    let devices = wire.devices();
    assert_eq!(devices.len(), 1);
    assert!(!has_label(&devices[0], "router"));
}

#[test]
fn a_virtual_router_address_is_remarked_and_not_joined_to_a_host() {
    let wire =
        Wire::default().sends("00:00:5e:00:01:07 10.0.0.2", (0, 9), 255).sends(&format!("{R} 10.0.0.2"), (0, 9), 64);
    let devices = wire.devices();
    assert_eq!(wire.ids(), ["mac:00:00:5e:00:01:07".to_owned(), format!("mac:{R}")]);
    assert!(has_label(&devices[0], "virtual router") && has_label(&devices[0], "router"));
}

#[test]
fn servers_of_the_internet_are_no_devices() {
    let wire = Wire::default()
        .sends("93.184.216.34", (0, 9), 55)
        .says("93.184.216.34", Field::HttpServer, "nginx", 1)
        .says("93.184.216.34", Field::CertificateHash, "00ff", 1)
        .sends("224.0.0.251", (0, 9), 1);
    assert_eq!(wire.ids(), Vec::<String>::new());
    let medical = wire.says("93.184.216.34", Field::AeTitle, "TELERAD", 2);
    assert_eq!(medical.ids(), ["ip:93.184.216.34"]);
}

#[test]
fn an_address_that_changes_hands_makes_no_new_device() {
    let (a, b) = (format!("{A} 10.0.0.5"), format!("{B} 10.0.0.5"));
    let wire = Wire::default()
        .says(&a, Field::Address, "10.0.0.5", 10)
        .sends(&a, (10, 20), 64)
        .says(&b, Field::Address, "10.0.0.5", 100)
        .sends(&b, (100, 120), 64)
        .says("10.0.0.5", Field::DnsName, "pump1.example", 15)
        .says("10.0.0.5", Field::DnsName, "cart7.example", 110);
    let devices = wire.devices();
    assert_eq!(wire.ids(), [format!("mac:{A}"), format!("mac:{B}")]);
    assert_eq!(best(&devices[0], Attribute::Name).unwrap().value, "pump1.example");
    assert_eq!(best(&devices[1], Attribute::Name).unwrap().value, "cart7.example");
}

#[test]
fn two_network_cards_of_one_device_are_one() {
    for (field, one, other) in [
        (Field::Duid, "000100012a2b2c2d001b2100000a/00000001", "000100012a2b2c2d001b2100000a/00000002"),
        (Field::Uuid, "2f402f80-da50-11e1-9b23-001788247600", "2f402f80-da50-11e1-9b23-001788247600"),
        (Field::DhcpClientId, "00706163732d61726368697665", "00706163732d61726368697665"),
    ] {
        let wire = Wire::default().says(A, field, one, 1).says(B, field, other, 2).sends(A, (0, 9), 64);
        assert_eq!(wire.ids(), [format!("mac:{A}")], "{field:?}");
    }
    let serial =
        |wire: Wire, who| wire.says(who, Field::Manufacturer, "Acme Inc.", 1).says(who, Field::Serial, "SN-10045", 1);
    assert_eq!(serial(serial(Wire::default(), A), B).ids(), [format!("mac:{A}")]);
}

#[test]
fn a_key_that_many_have_joins_nobody() {
    let wire = (0..12).fold(Wire::default(), |wire, n| {
        wire.says(&format!("00:1b:21:00:01:{n:02x}"), Field::DhcpClientId, "0064656661756c74", 1)
    });
    assert_eq!(wire.ids().len(), 12);
    let named = |wire: Wire, who, name| {
        wire.says(who, Field::Uuid, "11111111-2222-3333-4444-555555555555", 1).says(who, Field::DhcpHostname, name, 1)
    };
    assert_eq!(named(named(Wire::default(), A, "cam-1"), B, "cam-2").ids().len(), 2);
}

#[test]
fn made_up_addresses_with_one_host_name_are_one_device_when_never_there_together() {
    let phone = |wire: Wire, mac: &str, first: i64| {
        wire.says(mac, Field::DhcpHostname, "iPhone #00ff", first).sends(mac, (first, first + 10), 64)
    };
    let (x, y) = ("02:00:00:00:00:01", "06:00:00:00:00:02");
    let apart = phone(phone(Wire::default(), x, 0), y, 100);
    let devices = apart.devices();
    assert_eq!(devices.len(), 1);
    assert_eq!(devices[0].macs.len(), 2);
    assert!(has_label(&devices[0], "made-up hardware address"));
    assert!(best(&devices[0], Attribute::Maker).is_none());
    assert_eq!(phone(phone(Wire::default(), x, 0), y, 5).ids().len(), 2, "there together");
    let cards = phone(phone(Wire::default(), A, 0), B, 100);
    assert_eq!(cards.ids().len(), 2, "given addresses are not joined by name");
}

#[test]
fn a_relayed_client_is_known_by_its_own_hardware_address() {
    let wire = Wire::default()
        .sends(&format!("{R} 10.0.0.1"), (0, 9), 64)
        .says(&format!("{A} 10.9.0.3"), Field::Address, "10.9.0.3", 5)
        .says(A, Field::DhcpHostname, "pump-17", 5)
        .says(&format!("{R} 10.0.0.1"), Field::Router, "dhcp-relay", 5)
        .sends(&format!("{R} 10.9.0.3"), (6, 9), 63)
        .says(&format!("{R} 10.9.0.3"), Field::Model, "P3", 7);
    let devices = wire.devices();
    assert_eq!(wire.ids(), [format!("mac:{R}"), format!("mac:{A}")]);
    assert_eq!(best(&devices[1], Attribute::Model).unwrap().value, "P3");
    assert_eq!(devices[1].addresses, ["10.9.0.3".parse::<IpAddr>().unwrap()]);
}

#[test]
fn a_device_comes_with_its_scope_and_the_facts_that_it_rests_on() {
    let mut wire =
        Wire::default().says(&format!("{A} 10.0.0.5"), Field::Model, "P3", 1).says(B, Field::Serial, "SN-1", 2);
    wire.facts.iter_mut().for_each(|fact| {
        let Subject::Host(endpoint) = &mut fact.subject else { panic!("{fact:?}") };
        endpoint.scope = Scope(3);
    });
    let contacts = Contacts::default();
    let facts: Vec<&Fact> = wire.facts.iter().collect();
    let seen = Seen { facts: &facts, presence: &[], contacts: &contacts };
    let found = identify_with_facts(&seen, &knowledge());
    let told: Vec<_> =
        found.iter().map(|one| (one.scope, one.facts.iter().map(|fact| &*fact.value).collect())).collect();
    assert_eq!(told, [(Scope(3), vec!["P3"]), (Scope(3), vec!["SN-1"])]);
}

#[test]
fn devices_behind_a_gateway_are_told_apart() {
    let gateway = format!("{A} 10.0.0.5");
    let wire = Wire::default()
        .sends(&gateway, (0, 9), 64)
        .nested(&gateway, (KeyKind::Eui64, "0009FBFFFE000001"), Field::Model, "MP5")
        .nested(&gateway, (KeyKind::Eui64, "0009fbfffe000002"), Field::Model, "MX800")
        .nested(&gateway, (KeyKind::Serial, "Acme/SN-10045"), Field::Model, "P3");
    let devices = wire.devices();
    assert_eq!(
        wire.ids(),
        ["eui64:0009fbfffe000001", "eui64:0009fbfffe000002", &format!("mac:{A}"), "serial:acme/SN-10045"]
    );
    assert!(devices.iter().filter(|device| device.via == Some(format!("mac:{A}"))).count() == 3);
    assert_eq!(best(&devices[0], Attribute::Maker).unwrap().value, "Philips Patient Monitoring");
    assert!(best(&devices[2], Attribute::Model).is_none());
}

#[test]
fn a_device_named_by_a_gateway_and_met_itself_is_one() {
    let own = "00:09:fb:00:00:01";
    let wire = Wire::default()
        .sends(&format!("{A} 10.0.0.5"), (0, 9), 64)
        .sends(&format!("{own} 10.0.0.6"), (0, 9), 64)
        .nested(A, (KeyKind::Eui64, "0009fbfffe000001"), Field::Model, "MP5")
        .says(A, Field::AeTitle, "PACS", 1)
        .nested(own, (KeyKind::AeTitle, "PACS"), Field::AeTitle, "PACS");
    let devices = wire.devices();
    assert_eq!(wire.ids(), [format!("mac:{own}"), format!("mac:{A}")]);
    assert_eq!(best(&devices[0], Attribute::Model).unwrap().value, "MP5");
    assert!(devices.iter().all(|device| device.via.is_none()));
}

#[test]
fn instruments_of_one_name_at_two_gateways_are_two() {
    let wire = Wire::default().nested(A, (KeyKind::Instrument, "XN-1000"), Field::AstmInstrument, "XN-1000").nested(
        B,
        (KeyKind::Instrument, "XN-1000"),
        Field::AstmInstrument,
        "XN-1000",
    );
    assert_eq!(wire.devices().iter().filter(|device| device.id.starts_with("instrument:")).count(), 2);
}

#[test]
fn a_meter_behind_a_router_speaks_of_itself_and_a_dock_for_others() {
    const EUI: &str = "0009fbfffe000007";
    let meter = Wire::default().sends("10.0.0.5", (0, 9), 63).says("10.0.0.5", Field::PoctDevice, EUI, 1).nested(
        "10.0.0.5",
        (KeyKind::Eui64, EUI),
        Field::Model,
        "Meter 2",
    );
    assert_eq!(meter.ids(), [format!("eui64:{EUI}")]);
    let dock = meter.says("10.0.0.5", Field::PoctDevice, "ACM/S-2", 2).nested(
        "10.0.0.5",
        (KeyKind::Serial, "ACM/S-2"),
        Field::Model,
        "Clot 2",
    );
    assert_eq!(dock.devices().iter().filter(|device| device.via.is_some()).count(), 2, "{:?}", dock.ids());
}

#[test]
fn what_an_analyser_reports_says_its_kind_and_what_a_system_passes_on_says_it_less_surely() {
    let knowledge = Knowledge::shipped().unwrap();
    let kind = |wire: &Wire, at: usize| {
        let devices = wire.devices_with(&knowledge);
        let best = best(&devices[at], Attribute::Type).map(|claim| (claim.value.clone(), claim.confidence >= 0.9));
        best.map(|(kind, sure)| format!("{kind} {sure}")).unwrap_or_default()
    };
    let tests = |wire: Wire, protocol, tests: &[&str]| {
        let mut wire = tests.iter().fold(wire, |wire, test| wire.says("10.0.0.7", Field::LaboratoryTest, test, 1));
        wire.facts.iter_mut().for_each(|fact| fact.protocol = protocol);
        wire.sends("10.0.0.7", (0, 9), 63)
    };
    let counter = tests(Wire::default(), "astm", &["WBC", "777-3"]);
    assert_eq!(kind(&counter, 0), "haematology analyser true");
    assert_eq!(kind(&tests(Wire::default(), "hl7", &["WBC", "777-3"]), 0), "haematology analyser false");
    assert_eq!(kind(&tests(Wire::default(), "astm", &["WBC", "PLT", "TSH", "FT4"]), 0), "");
    let hello = || Wire::default().says("10.0.0.7", Field::PoctMessage, "HEL.R01", 1);
    assert_eq!(kind(&tests(hello(), "poct1a", &["2339-0"]), 0), "glucose meter true");
    assert_eq!(kind(&tests(hello(), "poct1a", &[]), 0), "point-of-care analyser true");
}

#[test]
fn firmware_is_what_a_device_calls_so_beside_its_application() {
    let wire = Wire::default().says(A, Field::Software, "9.0.7.3120", 1);
    assert_eq!(best(&wire.devices()[0], Attribute::Firmware).unwrap().value, "9.0.7.3120");
    let both = wire.says(A, Field::Firmware, "9.0.7", 1);
    let claim = best(&both.devices()[0], Attribute::Firmware).unwrap().clone();
    assert!(claim.value == "9.0.7" && claim.confidence > 0.9, "{claim:?}");
}

#[test]
fn a_bacnet_device_is_one_however_many_routers_show_it() {
    let key = (KeyKind::BacnetDevice, "777");
    let wire = Wire::default().nested(A, key, Field::BacnetVendor, "5").nested(B, key, Field::Model, "NAE55").nested(
        B,
        (KeyKind::BacnetDevice, "778"),
        Field::Model,
        "FEC26",
    );
    let nested = |wire: &Wire| wire.devices().iter().filter(|device| device.id.starts_with("bacnet:")).count();
    assert_eq!(nested(&wire), 2, "777 behind both routers, and 778");
    let met = wire.says("10.0.0.7", Field::BacnetDevice, "777", 1);
    assert_eq!(nested(&met), 1, "777 is the host that calls itself so");
}

#[test]
fn one_modbus_unit_is_its_server_and_two_are_behind_a_gateway() {
    let one = Wire::default().sends(A, (0, 9), 64).nested(A, (KeyKind::ModbusUnit, "1"), Field::Model, "EM-4200");
    assert_eq!(one.ids(), [format!("mac:{A}")]);
    assert_eq!(best(&one.devices()[0], Attribute::Model).unwrap().value, "EM-4200");
    let two = one.nested(A, (KeyKind::ModbusUnit, "2"), Field::Model, "VFD-11");
    assert_eq!(two.ids(), [format!("mac:{A}"), format!("unit:1@{A}"), format!("unit:2@{A}")]);
    assert!(two.devices()[1..].iter().all(|device| device.via == Some(format!("mac:{A}"))));
}

#[test]
fn a_host_without_hardware_address_is_known_by_what_stays_with_it() {
    let wire = Wire::default()
        .sends("10.0.0.7", (0, 9), 64)
        .says("10.0.0.7", Field::Duid, "00020000ab1101020304/00000001", 1)
        .sends("10.0.0.8", (20, 30), 64)
        .says("10.0.0.8", Field::Duid, "00020000ab1101020304/00000001", 21);
    assert_eq!(wire.ids(), ["duid:00020000ab1101020304"]);
    let certificate =
        |wire: Wire, ip, at| wire.says(ip, Field::CertificateHash, "00ff", at).sends(ip, (at, at + 5), 64);
    let moved = certificate(certificate(Wire::default(), "10.0.0.7", 0), "10.0.0.8", 100);
    assert_eq!(moved.ids(), ["ip:10.0.0.7"]);
    let shared = certificate(moved, "10.0.0.9", 200);
    assert_eq!(shared.ids().len(), 3);
}

#[test]
fn a_host_behind_a_router_is_known_by_the_hardware_address_in_its_own() {
    let wire = Wire::default()
        .sends("fd00::21b:21ff:fe00:a", (0, 9), 63)
        .sends("fd01::21b:21ff:fe00:a", (50, 60), 63)
        .says("fd00::21b:21ff:fe00:a", Field::Model, "P3", 1);
    assert_eq!(wire.ids(), ["eui64:001b21fffe00000a"]);
    assert_eq!(best(&wire.devices()[0], Attribute::Maker).unwrap().value, "Intel Corporate");
    let met = wire.sends(A, (0, 9), 64);
    assert_eq!(met.ids(), [format!("mac:{A}")]);
}

#[test]
fn who_speaks_for_many_makers_is_none_of_their_devices() {
    let shipped = Knowledge::shipped().unwrap();
    let one = Wire::default().says(A, Field::Hl7Application, "GENEXPERT", 1);
    let one = one.says(A, Field::Hl7Application, "Cepheid", 2).devices_with(&shipped);
    assert_eq!(one[0].best(Attribute::Type).unwrap().value, "molecular analyser");
    let wire =
        Wire::default().says(A, Field::Hl7Application, "GENEXPERT", 1).says(A, Field::Hl7Application, "SYSMEX", 2);
    let devices = wire.devices_with(&shipped);
    assert!(devices[0].claims.iter().all(|claim| claim.attribute == Attribute::Name || claim.confidence < 0.9));
}

#[test]
fn scopes_are_kept_apart() {
    let mut wire = Wire::default().sends("10.0.0.7", (0, 9), 64).sends("02:00:00:00:00:01", (0, 9), 64);
    let other: Vec<_> = wire
        .presence
        .iter()
        .map(|seen| Presence { endpoint: Endpoint { scope: Scope(3), ..seen.endpoint }, ..*seen })
        .collect();
    wire.presence.extend(other);
    assert_eq!(wire.ids(), ["ip:10.0.0.7", "ip:10.0.0.7%3", "mac:02:00:00:00:00:01", "mac:02:00:00:00:00:01%3"]);
}

#[test]
fn legacy_is_remarked_with_evidence() {
    let wire = Wire::default()
        .says(A, Field::SmbDialect, "NT LM 0.12", 1)
        .says(A, Field::TlsVersion, "1.0", 1)
        .says(A, Field::TlsVersion, "1.2", 1)
        .says(A, Field::Legacy, "cleartext-hl7", 1);
    let device = &wire.devices()[0];
    let labels: Vec<_> = device.labels.iter().map(|label| label.text.as_str()).collect();
    assert_eq!(labels, ["legacy: cleartext-hl7", "legacy: smb1", "legacy: tls1.0"]);
    assert!(device.labels.iter().all(|label| label.reason.contains("packet")));
}

#[test]
fn what_shipped_data_says_of_a_ward() {
    let shipped = Knowledge::shipped().unwrap();
    let now = 1_700_000_000;
    let wire = Wire::default()
        .says("00:09:fb:00:00:01 10.0.0.5", Field::MdcType, "1:69965", now)
        .says("00:14:22:00:00:02 10.0.0.6", Field::NtlmVersion, "6.1.7601", now)
        .says("00:14:22:00:00:02 10.0.0.6", Field::DhcpHostname, "DESKTOP-7QK2L1M", now)
        .says("00:14:22:00:00:03 10.0.1.6", Field::DhcpHostname, "elsewhere", now);
    let devices = wire.devices_with(&shipped);
    assert_eq!(best(&devices[0], Attribute::Type).unwrap().value, "patient monitor");
    assert_eq!(best(&devices[0], Attribute::Maker).unwrap().value, "Philips");
    assert_eq!(best(&devices[1], Attribute::Maker).unwrap().value, "Dell");
    assert!(has_label(&devices[1], "shares segment with medical"));
    assert!(has_label(&devices[1], "legacy: unsupported operating system"));
    assert!(!has_label(&devices[0], "shares segment with medical"));
    assert!(!has_label(&devices[2], "shares segment with medical"));
}

#[test]
fn a_hardware_address_alone_makes_no_sure_type() {
    let knowledge = Knowledge::shipped().unwrap();
    let kind = |wire: Wire| wire.devices_with(&knowledge)[0].best(Attribute::Type).map(|claim| claim.confidence);
    // Lexmark's products are printers at 93 %, says the list of makers.
    let printer = "00:04:00:00:00:01 10.0.0.5";
    let alone = kind(Wire::default().sends(printer, (0, 9), 64)).unwrap();
    assert!((0.5..0.9).contains(&alone), "{alone}");
    let wire = Wire::default().sends(printer, (0, 9), 64).says(printer, Field::ServiceOffered, "_ipp._tcp", 1);
    assert!(kind(wire).unwrap() >= 0.9);
    let zero = Wire::default().sends("00:00:00:00:00:01 10.0.0.5", (0, 9), 64).devices_with(&knowledge);
    assert!(zero[0].claims.is_empty(), "{:?}", zero[0].claims);
}

#[test]
fn what_the_registry_says_rests_on_the_first_sighting_of_the_address() {
    let evidence = |wire: Wire| wire.devices()[0].best(Attribute::Maker).unwrap().evidence.clone();
    let who = format!("{A} 10.0.0.5");
    let said = evidence(Wire::default().sends(&who, (3, 9), 64).says(&who, Field::DnsQuery, "a.example", 4));
    assert_eq!((said[0].field, &*said[0].value, said[0].place.packet), (Field::HardwareAddress, A, 1));
    let silent = evidence(Wire::default().sends(&who, (3, 9), 64));
    assert_eq!((&*silent[0].value, silent[0].place.packet, silent[0].time), (A, 0, Time::from_seconds(3)));
}

#[test]
fn rival_values_share_the_confidence() {
    let wire = Wire::default().says(A, Field::Model, "P3", 1).says(A, Field::Model, "Q4", 2);
    let device = &wire.devices()[0];
    let models: Vec<_> = device.claims.iter().filter(|claim| claim.attribute == Attribute::Model).collect();
    assert_eq!(models.len(), 2);
    assert!(models.iter().all(|claim| claim.confidence < 0.5), "{models:?}");
    let alone = Wire::default().says(A, Field::Model, "P3", 1).devices();
    assert!((best(&alone[0], Attribute::Model).unwrap().confidence - 0.95).abs() < 1e-9);
    let refined = Wire::default().says(A, Field::Model, "P3", 1).says(A, Field::Model, "P3 rev2", 2).devices();
    assert!(best(&refined[0], Attribute::Model).unwrap().confidence > 0.9);
}

fn who() -> impl Strategy<Value = String> {
    let mac = prop_oneof!["00:1b:21:00:00:0[a-c]", "02:00:00:00:00:0[1-2]", "00:00:5e:00:01:01", Just(String::new())];
    let ip = prop_oneof!["10[.]0[.]0[.][1-6]", "8[.]8[.]8[.][1-3]", "fe80::21b:21ff:fe00:[ab]", Just(String::new())];
    (mac, ip).prop_map(|(mac, ip)| format!("{mac} {ip}"))
}

fn said() -> impl Strategy<Value = (Field, String)> {
    prop_oneof![
        (Just(Field::Address), "10[.]0[.]0[.][1-6]"),
        (Just(Field::DhcpHostname), "(host-[1-3]|iPhone #0[1-2])"),
        (Just(Field::Duid), "00020000ab110[1-3]"),
        (Just(Field::CertificateHash), "[ab]"),
        (Just(Field::Router), "ra"),
        (Just(Field::Model), "[PQ][1-2]"),
        (Just(Field::AeTitle), "[XY]"),
        (Just(Field::Eui64), "001b21fffe00000[a-d]"),
    ]
}

fn wire() -> impl Strategy<Value = Wire> {
    let fact = (who(), said(), 0..50i64, proptest::option::of("(X|001b21fffe00000[a-d])"));
    let sends = (who(), 0..40i64, 0..10i64, prop_oneof![Just(64u8), Just(63), Just(0)]);
    (proptest::collection::vec(fact, 0..14), proptest::collection::vec(sends, 0..8)).prop_map(|(facts, presence)| {
        let wire = facts.into_iter().fold(Wire::default(), |wire, (who, (field, value), at, key)| match key {
            Some(key) if key == "X" => wire.nested(&who, (KeyKind::AeTitle, &key), field, &value),
            Some(key) => wire.nested(&who, (KeyKind::Eui64, &key), field, &value),
            None => wire.says(&who, field, &value, at),
        });
        presence.into_iter().fold(wire, |wire, (who, first, long, ttl)| wire.sends(&who, (first, first + long), ttl))
    })
}

proptest! {
    #[test]
    fn the_order_of_the_input_changes_nothing(wire in wire(), seed in any::<u64>()) {
        let mut other = wire.clone();
        let spread = |n: usize| (n as u64 + 1).wrapping_mul(seed | 1).rotate_left(17);
        let mut keyed: Vec<_> = other.facts.drain(..).enumerate().collect();
        keyed.sort_by_key(|(n, _)| spread(*n));
        other.facts = keyed.into_iter().map(|(_, fact)| fact).collect();
        other.presence.reverse();
        prop_assert_eq!(wire.devices(), other.devices());
    }

    #[test]
    fn seeing_the_same_twice_changes_nothing(wire in wire()) {
        let mut twice = wire.clone();
        twice.facts.extend(wire.facts.clone());
        twice.presence.extend(wire.presence.clone());
        prop_assert_eq!(wire.devices(), twice.devices());
    }

    #[test]
    fn every_station_and_id_stands_once(wire in wire()) {
        let devices = wire.devices();
        let ids: BTreeSet<_> = devices.iter().map(|device| device.id.clone()).collect();
        prop_assert_eq!(ids.len(), devices.len());
        let macs: Vec<_> = devices.iter().flat_map(|device| device.macs.clone()).collect();
        prop_assert_eq!(macs.iter().collect::<BTreeSet<_>>().len(), macs.len());
    }
}
