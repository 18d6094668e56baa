//! What brings two rows together, and how firmly: one golden case for each identifier.

use crate::house::House;
use wardlight_inventory::resolve::SourceKind::{self, Cmms, Directory, Ipam, Nac, Procurement};

/// One device with `device`, one row of a source of `kind` with `record`.
fn pair(device: &str, kind: SourceKind, record: &str) -> House {
    House::default().device("d", device).source("src", kind).record("r", record)
}

#[track_caller]
fn joined(device: &str, kind: SourceKind, record: &str) {
    let house = pair(device, kind, record);
    assert_eq!(house.groups(), ["net:d+src:r"], "{:#?}", house.resolve().questions);
}

#[track_caller]
fn asked(device: &str, kind: SourceKind, record: &str) {
    let house = pair(device, kind, record);
    assert_eq!(house.groups(), ["net:d", "src:r"]);
    assert_eq!(house.questions(), ["net:d?src:r Unsure"]);
}

#[track_caller]
fn apart(device: &str, kind: SourceKind, record: &str) {
    let house = pair(device, kind, record);
    assert_eq!(house.groups(), ["net:d", "src:r"]);
    assert_eq!(house.questions(), Vec::<String>::new());
}

#[test]
fn serial_numbers_however_they_are_typed() {
    joined("maker=Philips serial=DE4521077", Cmms, "maker=Philips_Medical_Systems serial=de-4521-077");
    joined("serial=0010045877", Cmms, "serial=SN_10045877");
    joined("maker=Philips@0.6 serial=DE4521077", Cmms, "serial=DE4521077");
}

#[test]
fn serial_numbers_repeat_among_makers() {
    apart("maker=Philips serial=10045", Cmms, "maker=Dräger serial=10045");
    apart("maker=Philips model=MX800 serial=1004587", Cmms, "maker=Dräger model=Evita serial=1004587");
    asked("serial=10045", Cmms, "serial=10045");
    joined("maker=Philips model=MX800 serial=10045", Cmms, "maker=Philips model=IntelliVue_MX800 serial=10045");
}

#[test]
fn slips_in_serial_numbers_need_more() {
    let typed = |right, wrong| {
        (format!("maker=Philips model=MX800 serial={right}"), format!("maker=Philips model=MX800 serial={wrong}"))
    };
    let (device, record) = typed("DE4521077", "DE4521O77");
    joined(&device, Cmms, &record);
    let (device, record) = typed("DE4521077", "DE452107");
    asked(&device, Cmms, &record);
    let (device, record) = typed("DE4521077", "DE4512077");
    asked(&device, Cmms, &record);
    let (device, record) = typed("DE4521077", "DE4521078");
    asked(&device, Cmms, &record);
    apart("maker=Philips serial=DE4521077", Cmms, "maker=Philips serial=DE4521O77");
    apart("maker=Philips model=MX800 serial=DE4521077", Cmms, "maker=Philips model=MX800 serial=DE4599977");
    joined(
        "maker=Philips model=MX800 serial=DE4521077 mac=00:09:fb:00:00:01",
        Cmms,
        "maker=Philips model=MX800 serial=DE4521078 mac=00:09:fb:00:00:01",
    );
}

#[test]
fn a_slip_says_nothing_where_a_source_knows_both() {
    let house = House::default()
        .device("d1", "maker=Philips model=MX800 serial=DE4521077")
        .source("cmms", Cmms)
        .record("1", "maker=Philips model=MX800 serial=DE4521077")
        .record("2", "maker=Philips model=MX800 serial=DE4521O77");
    assert_eq!(house.groups(), ["cmms:1+net:d1", "cmms:2"]);
}

#[test]
fn placeholders_are_no_identifiers() {
    for serial in ["N/A", "0000000", "UNKNOWN", "12345", "1.23457E+11", "see_notes"] {
        apart(&format!("maker=Philips serial={serial}"), Cmms, &format!("maker=Philips serial={serial}"));
    }
    apart("dicom.ae_title=STORESCU", Cmms, "ae_title=STORESCU");
    apart("dhcp.hostname=localhost", Directory, "hostname=localhost");
    apart("mac=00:00:00:00:00:00", Nac, "mac=00:00:00:00:00:00");
}

#[test]
fn a_udi_is_read_in_any_form() {
    joined("self.udi=(01)00312345678906(21)AB77", Cmms, "udi=010031234567890621AB77");
    joined("self.udi=(01)00312345678906(21)AB77", Cmms, "udi_di=00312345678906 serial=AB77");
    apart("self.udi=(01)00312345678906", Cmms, "udi_di=00312345678906");
}

#[test]
fn hardware_addresses() {
    joined("mac=00:09:fb:00:00:01", Nac, "mac=00:09:fb:00:00:01");
    joined("mac=00:09:fb:00:00:01 mac=00:09:fb:00:07:01", Cmms, "mac=00:09:fb:00:07:01");
    asked("mac=02:09:fb:00:00:01 maker=Philips", Nac, "mac=02:09:fb:00:00:01 maker=Philips");
    apart("mac=00:09:fb:00:00:01", Nac, "mac=00:09:fb:00:00:02");
    asked("mac=00:09:fb:00:00:01 maker=Philips model=MX800", Cmms, "mac=00:09:fb:00:00:02 maker=Philips model=MX800");
}

#[test]
fn asset_tags_within_one_hospital() {
    joined("self.asset_tag=B-104587", Cmms, "asset_tag=B104587");
    asked("self.asset_tag=4587", Cmms, "asset_tag=4587");
    joined("self.asset_tag=B-104587 site=North", Cmms, "asset_tag=B104587 site=North");
    apart("self.asset_tag=B-104587 site=North", Cmms, "asset_tag=B104587 site=South");
}

#[test]
fn host_names_without_their_domain() {
    joined("dhcp.hostname=rad-ws-17", Directory, "hostname=rad-ws-17.clinic.example");
    asked("dns.name=rad-ws-17.north.example", Directory, "hostname=rad-ws-17.south.test");
    joined("netbios.name=RAD-WS-17", Directory, "hostname=rad-ws-17");
}

#[test]
fn a_tag_or_serial_number_inside_a_host_name() {
    joined("dhcp.hostname=icu-b104587 maker=Philips model=MX800", Cmms, "asset_tag=B104587 maker=Philips model=MX800");
    joined(
        "dhcp.hostname=MX800-DE4521077 maker=Philips type=patient_monitor",
        Cmms,
        "serial=DE4521077 maker=Philips type=Monitor,_Physiologic",
    );
}

#[test]
fn ae_titles() {
    joined(
        "dicom.ae_title=CT_ROOM_4 maker=Siemens_Healthineers model=Somatom",
        Cmms,
        "ae_title=CT_ROOM_4 maker=Siemens_Healthcare model=Somatom_Force",
    );
    asked("dicom.ae_title=CT4NORTH", Cmms, "ae_title=CT4NORTH");
}

#[test]
fn certificates() {
    joined("bind.certificate=00ffa1", Cmms, "certificate=00FFA1");
}

#[test]
fn an_address_counts_with_its_scope_and_time_only() {
    let device = "ip=10.0.0.5 maker=Philips model=MX800 type=patient_monitor";
    let row = "ip=10.0.0.5 maker=Philips model=MX800 type=patient_monitor";
    let house = |scope: Option<u32>, words: &str| {
        let house = House::default().device("d", device).source("ipam", Ipam);
        let house = match scope {
            Some(scope) => house.in_scope(scope),
            None => house,
        };
        house.record("r", words).questions()
    };
    assert_eq!(house(Some(0), row), ["ipam:r?net:d Unsure"]);
    assert!(house(Some(3), row).is_empty());
    assert!(house(None, row).is_empty());
    assert!(house(Some(0), &format!("{row} as_of=400")).is_empty());
}

#[test]
fn procurement_and_maintenance_meet_without_the_network() {
    let house = House::default()
        .source("buy", Procurement)
        .record("po1", "serial=DE4521077 maker=Philips order=4500012")
        .source("cmms", Cmms)
        .record("1", "serial=DE4521077 maker=Philips asset_tag=B104587");
    assert_eq!(house.groups(), ["buy:po1+cmms:1"]);
}

#[test]
fn a_value_that_many_have_is_void_and_told() {
    let house = (0..12).fold(House::default().source("cmms", Cmms), |house, n| {
        house.record(&n.to_string(), "hostname=biomed-pc7 maker=Dell")
    });
    let house = house.device("d", "dhcp.hostname=biomed-pc7 maker=Dell");
    let resolution = house.resolve();
    assert_eq!(resolution.assets.len(), 13);
    assert_eq!((resolution.crowds.len(), resolution.crowds[0].rows), (1, 13));
}

#[test]
fn a_link_reads_as_a_sentence() {
    let house = pair("maker=Philips serial=DE4521077", Cmms, "maker=Philips serial=DE4521077");
    let resolution = house.resolve();
    let link = resolution.assets[0].members.iter().find_map(|member| member.link.clone()).unwrap();
    let wardlight_inventory::resolve::By::Score(score) = link.by else { panic!("{link:?}") };
    let reasons: Vec<String> = score.reasons.iter().map(ToString::to_string).collect();
    assert_eq!(reasons, ["same serial number DE4521077 (+11.0)", "same maker philips (+1.5)"]);
    assert!(score.probability > 0.99 && score.sum == 5_500);
}
