//! What is never joined, what is asked instead, and what people may decide.

use crate::house::House;
use wardlight_inventory::resolve::SourceKind::{Cmms, Nac};

#[test]
fn twins_with_swapped_addresses_go_by_their_serial_numbers() {
    let monitor = "maker=Philips model=MX800";
    let house = House::default()
        .device("a", &format!("{monitor} serial=DE452100 mac=00:09:fb:00:00:0a"))
        .device("b", &format!("{monitor} serial=DE459999 mac=00:09:fb:00:00:0b"))
        .source("cmms", Cmms)
        .record("1", &format!("{monitor} serial=DE452100 mac=00:09:fb:00:00:0b"))
        .record("2", &format!("{monitor} serial=DE459999 mac=00:09:fb:00:00:0a"));
    assert_eq!(house.groups(), ["cmms:1+net:a", "cmms:2+net:b"]);
}

#[test]
fn swapped_twins_that_say_no_serial_number_are_not_guessed_twice() {
    let house = House::default()
        .device("a", "mac=00:09:fb:00:00:0a")
        .source("cmms", Cmms)
        .record("1", "maker=Philips serial=DE452100 mac=00:09:fb:00:00:0a asset_tag=B104501")
        .record("2", "maker=Philips serial=DE459999 mac=00:09:fb:00:00:0a asset_tag=B104502");
    assert_eq!(house.groups(), ["cmms:1", "cmms:2", "net:a"]);
    assert_eq!(house.questions(), ["cmms:1?net:a Tied", "cmms:2?net:a Tied"]);
}

#[test]
fn two_rows_that_claim_one_device_about_equally_are_both_asked() {
    let device = "maker=Philips mac=00:09:fb:00:00:0a mac=00:09:fb:00:00:0b model=MX800";
    let house = House::default()
        .device("a", device)
        .source("cmms", Cmms)
        .record("1", "maker=Philips model=MX800 serial=DE452100 mac=00:09:fb:00:00:0a asset_tag=B104501")
        .record("2", "maker=Philips model=MX800 serial=DE459999 mac=00:09:fb:00:00:0b asset_tag=B104502");
    assert_eq!(house.groups(), ["cmms:1", "cmms:2", "net:a"]);
    assert_eq!(house.questions(), ["cmms:1?net:a Tied", "cmms:2?net:a Tied"]);
    let settled = house.same("net:a", "cmms:2");
    assert_eq!(settled.groups(), ["cmms:1", "cmms:2+net:a"]);
}

#[test]
fn a_replaced_network_card_changes_nothing() {
    let house = House::default()
        .device("a", "maker=Philips model=MX800 serial=DE452100 mac=00:09:fb:00:00:0a")
        .source("cmms", Cmms)
        .record("1", "maker=Philips model=MX800 serial=DE452100 mac=00:09:fb:00:77:77");
    assert_eq!(house.groups(), ["cmms:1+net:a"]);
}

#[test]
fn a_card_that_moved_to_another_device_is_asked_not_joined() {
    let house = House::default()
        .device("a", "maker=Philips model=MX800 serial=DE452100 mac=00:09:fb:00:00:0a dhcp.hostname=icu-mon-7")
        .source("cmms", Cmms)
        .record("1", "maker=Philips model=MX800 serial=DE459999 mac=00:09:fb:00:00:0a hostname=icu-mon-7");
    assert_eq!(house.groups(), ["cmms:1", "net:a"]);
    assert_eq!(house.questions(), ["cmms:1?net:a Barred(Serials)"]);
}

#[test]
fn the_same_asset_tag_in_two_hospitals_is_two_devices() {
    let house = House::default()
        .source("north", Cmms)
        .at_site("North")
        .record("1", "maker=Philips asset_tag=B104587 model=MX800")
        .source("south", Cmms)
        .at_site("South")
        .record("1", "maker=Philips asset_tag=B104587 model=MX800");
    assert_eq!(house.groups(), ["north:1", "south:1"]);
}

#[test]
fn the_same_address_in_two_scopes_is_two_devices() {
    let house = House::default()
        .device("a", "ip=10.0.0.5 scope=1 maker=Philips model=MX800")
        .device("b", "ip=10.0.0.5 scope=2 maker=Philips model=MX800")
        .source("ipam", wardlight_inventory::resolve::SourceKind::Ipam)
        .in_scope(1)
        .record("1", "ip=10.0.0.5 maker=Philips model=MX800");
    assert_eq!(house.groups(), ["ipam:1", "net:a", "net:b"]);
    assert_eq!(house.questions(), ["ipam:1?net:a Unsure"]);
}

#[test]
fn pumps_behind_a_gateway_stay_apart_from_it_and_from_each_other() {
    let house = House::default()
        .device("gate", "mac=00:c0:b7:00:00:01 maker=Becton_Dickinson serial=GW778801")
        .device("p1", "via=gate maker=Becton_Dickinson serial=14500001")
        .device("p2", "via=gate maker=Becton_Dickinson serial=14509999")
        .source("cmms", Cmms)
        .record("g", "mac=00:c0:b7:00:00:01 maker=BD serial=GW778801")
        .record("1", "maker=BD serial=14500001 mac=00:c0:b7:00:00:01")
        .record("2", "maker=BD serial=14509999 mac=00:c0:b7:00:00:01");
    assert_eq!(house.groups(), ["cmms:1+net:p1", "cmms:2+net:p2", "cmms:g+net:gate"]);
    let silent = House::default()
        .device("gate", "mac=00:c0:b7:00:00:01")
        .device("p1", "via=gate serial=14500001 maker=Becton_Dickinson")
        .source("nac", Nac)
        .record("1", "serial=14500001 mac=00:c0:b7:00:00:01 maker=BD");
    let joined = silent.groups();
    assert!(!joined.iter().any(|group| group.contains("gate") && group.contains("p1")), "{joined:?}");
}

#[test]
fn a_row_typed_twice_is_one_device_whatever_its_labels() {
    let row = "maker=Philips model=MX800 serial=DE452100 type=Monitor,_Physiologic";
    let twice = |one: &str, other: &str| {
        let house = House::default().device("a", "maker=Philips model=MX800 serial=DE452100").source("cmms", Cmms);
        house.record("1", &format!("{row}{one}")).record("2", &format!("{row}{other}"))
    };
    assert_eq!(twice(" asset_tag=B104501", "").groups(), ["cmms:1+cmms:2+net:a"]);
    let labels = twice(" asset_tag=B104501", " asset_tag=B104502");
    assert_eq!(labels.groups(), ["cmms:1+cmms:2+net:a"]);
    let apart = labels.different("cmms:1", "cmms:2").groups();
    assert!(apart.iter().all(|group| !group.contains("cmms:1+cmms:2")), "{apart:?}");
}

#[test]
fn a_retired_record_is_not_a_living_device_but_somebody_should_look() {
    let house = House::default()
        .device("a", "maker=Philips model=MX800 serial=DE452100")
        .source("cmms", Cmms)
        .record("1", "maker=Philips model=MX800 serial=DE452100 state=Retired as_of=90");
    assert_eq!(house.groups(), ["cmms:1", "net:a"]);
    assert_eq!(house.questions(), ["cmms:1?net:a Barred(Retired)"]);
    let gone = House::default()
        .device("a", "maker=Philips model=MX800 serial=DE452100 seen=95")
        .source("cmms", Cmms)
        .record("1", "maker=Philips model=MX800 serial=DE452100 state=Retired as_of=90");
    assert_eq!(gone.groups(), ["cmms:1+net:a"]);
}

#[test]
fn a_loaned_device_that_came_back_under_a_new_label_is_one() {
    let house = House::default()
        .device("a", "maker=Philips model=MX800 serial=DE452100")
        .source("cmms", Cmms)
        .record(
            "1",
            "maker=Philips model=MX800 serial=DE452100 asset_tag=B104501 ownership=loan state=Returned as_of=400",
        )
        .record("2", "maker=Philips model=MX800 serial=DE452100 asset_tag=B107777 ownership=owned");
    assert_eq!(house.groups(), ["cmms:1", "cmms:2+net:a"]);
    assert_eq!(house.questions(), ["cmms:1?net:a Barred(Retired)"]);
}

#[test]
fn people_decide_and_may_take_it_back() {
    let house = House::default()
        .device("a", "maker=Philips serial=DE452100")
        .source("cmms", Cmms)
        .record("1", "maker=Philips serial=DE452100")
        .record("2", "maker=Dräger serial=ASD7788");
    let before = house.resolve();
    assert_eq!(house.groups(), ["cmms:1+net:a", "cmms:2"]);
    let split = house.clone().different("net:a", "cmms:1");
    assert_eq!(split.groups(), ["cmms:1", "cmms:2", "net:a"]);
    assert!(split.questions().is_empty(), "what was decided is not asked again");
    let merged = house.clone().same("cmms:2", "net:a");
    assert_eq!(merged.groups(), ["cmms:1+cmms:2+net:a"]);
    let mut undone = merged;
    undone.decisions.clear();
    assert_eq!(format!("{:?}", undone.resolve()), format!("{before:?}"));
}

#[test]
fn decisions_that_cannot_stand_are_told() {
    let house = House::default()
        .source("cmms", Cmms)
        .record("1", "serial=DE452100")
        .record("2", "serial=DE459999")
        .record("3", "serial=DE457777");
    let house = house.same("cmms:1", "cmms:2").same("cmms:2", "cmms:3").different("cmms:1", "cmms:3");
    let resolution = house.resolve();
    assert_eq!(resolution.unmet.len(), 1, "{:?}", resolution.unmet);
    assert_eq!(resolution.assets.len(), 2);
    let mut stranger = house;
    stranger.decisions = vec![wardlight_inventory::resolve::Decision::Same(crate::house::SITE, stranger.id("cmms:1"))];
    assert_eq!((stranger.resolve().unmet.len(), stranger.groups().len()), (1, 3));
}

#[test]
fn a_chain_never_brings_two_serial_numbers_together() {
    let house = House::default()
        .device("a", "maker=Philips serial=DE452100 mac=00:09:fb:00:00:0a")
        .device("b", "maker=Philips serial=DE459999 dhcp.hostname=icu-mon-77")
        .source("nac", Nac)
        .record("1", "mac=00:09:fb:00:00:0a hostname=icu-mon-77");
    let groups = house.groups();
    assert!(!groups.iter().any(|group| group.contains("net:a") && group.contains("net:b")), "{groups:?}");
}
