//! What is shown of an asset, what contradicts what, where it is, and who answers for it.

use crate::house::{House, time};
use wardlight_inventory::resolve::SourceKind::{Cmms, Nac, People, Procurement};
use wardlight_inventory::resolve::{Asset, Onboarding, OwnerRule, Role};
use wardlight_model::{AssetField, Id};

fn only(house: &House) -> Asset {
    let mut assets = house.resolve().assets;
    assert_eq!(assets.len(), 1, "{:?}", house.groups());
    assets.remove(0)
}

fn monitor(device: &str, record: &str) -> House {
    House::default()
        .device("d", &format!("maker=Philips serial=DE4521077 {device}"))
        .source("cmms", Cmms)
        .record("1", &format!("maker=Philips_Healthcare serial=DE4521077 {record}"))
}

#[test]
fn the_asset_keeps_the_smallest_id_of_its_members() {
    let house = monitor("", "");
    let asset = only(&house);
    assert_eq!(asset.id, house.id("net:d").min(house.id("cmms:1")));
    assert_eq!(asset.members[0].id, asset.id);
    assert_eq!(asset.members.iter().filter(|member| member.link.is_none()).count(), 1);
}

#[test]
fn every_answer_is_kept_and_the_best_is_shown() {
    let asset = only(&monitor("firmware=L.02", "firmware=K.10 as_of=700"));
    let firmware = asset.held(AssetField::Firmware).unwrap();
    assert_eq!(firmware.shown(), Some("L.02"));
    let said: Vec<_> = firmware.answers.iter().map(|answer| (&*answer.value, &*answer.source, answer.time)).collect();
    assert_eq!(said, [("L.02", "network", time(0)), ("K.10", "cmms", time(700))]);
    assert!(!firmware.is_disputed, "firmware changes");
}

#[test]
fn a_contradiction_is_work_but_another_spelling_is_none() {
    let asset = only(&monitor("model=IntelliVue_MX800", "model=MX800 type=Monitor,_Physiologic"));
    assert_eq!(asset.disputes().count(), 0, "{:?}", asset.disputes().collect::<Vec<_>>());
    let asset = only(&monitor("model=IntelliVue_MX800", "model=Evita_V500 mac=00:09:fb:00:00:01"));
    assert_eq!(asset.disputes().map(|held| held.field).collect::<Vec<_>>(), [AssetField::Model]);
}

#[test]
fn a_person_of_the_house_is_believed_first() {
    let house = monitor("model=MX700", "model=MX800").source("people", People).record("p", "model=MX850");
    let house = house.same("people:p", "net:d");
    assert_eq!(only(&house).shown(AssetField::Model), Some("MX850"));
}

#[test]
fn a_place_of_two_years_ago_gives_way_to_a_switch_port_of_today() {
    let asset = only(&monitor("department=ICU room=12", "department=Radiology room=3 floor=2 as_of=730"));
    assert_eq!((asset.shown(AssetField::Department), asset.shown(AssetField::Room)), (Some("ICU"), Some("12")));
    let rooms: Vec<_> = asset.whereabouts.iter().map(|one| (one.source.as_str(), one.stay.place.len())).collect();
    assert_eq!(rooms, [("cmms", 3), ("network", 2)]);
    assert_eq!(asset.stands, Some(1));
    assert!(asset.disputes().next().is_none(), "an old place is a move, not a dispute");
    let fresh = only(&monitor("department=ICU room=12", "department=Radiology room=3 as_of=3"));
    assert_eq!(fresh.disputes().count(), 2);
}

#[test]
fn places_of_two_sources_are_not_mixed() {
    let house = monitor("room=12 department=ICU", "building=West room=3 department=ICU as_of=300");
    let asset = only(&house);
    assert_eq!(asset.shown(AssetField::Room), Some("12"));
    let building = asset.held(AssetField::Building).unwrap();
    assert_eq!(building.answers.len(), 1, "the only answer is kept");
}

#[test]
fn the_kind_comes_from_whoever_knows_it() {
    let kind =
        |device: &str, record: &str| only(&monitor(device, record)).kind.map(|kind| (kind.name, kind.confidence));
    assert_eq!(kind("", "type=Monitor,_Physiologic"), Some(("patient monitor".into(), 0.95)));
    assert_eq!(kind("type=medical_device@0.6", "type=Monitor,_Physiologic"), Some(("patient monitor".into(), 0.95)));
    assert_eq!(kind("type=patient_monitor@0.97", "type=thing"), Some(("patient monitor".into(), 0.97)));
    assert_eq!(kind("", "type=thing"), None);
}

#[test]
fn known_means_typed_or_confirmed_and_owned() {
    let known = |house: &House| only(house).is_known();
    assert!(!known(&monitor("", "")), "nobody answers for it");
    assert!(known(&monitor("", "clinical=ICU")));
    let found = |words: &str| House::default().device("d", words);
    let owned = |house: House| {
        let mut house = house;
        house.owners.push(rule(Role::Technical, "IT", None, None));
        house
    };
    assert!(!known(&owned(found("type=ip_camera@0.89"))));
    assert!(known(&owned(found("type=ip_camera@0.9"))));
    assert!(!known(&found("type=ip_camera@0.9")));
    let seen_only = found("mac=00:09:fb:00:00:01").source("nac", Nac).record("1", "mac=00:09:fb:00:00:01");
    assert!(!known(&owned(seen_only)), "access control confirms nothing");
}

fn rule(role: Role, owner: &str, r#type: Option<&str>, department: Option<&str>) -> OwnerRule {
    let own = |text: Option<&str>| text.map(str::to_owned);
    OwnerRule {
        role,
        owner: owner.to_owned(),
        r#type: own(r#type),
        department: own(department),
        scope: None,
        source: None,
    }
}

#[test]
fn owners_are_named_by_sources_and_else_by_the_most_exact_rule() {
    let mut house = monitor("type=patient_monitor", "department=ICU clinical=Dr._Ward_Office");
    house.owners = vec![
        rule(Role::Technical, "IT", None, None),
        rule(Role::Technical, "Clinical engineering", Some("medical device"), None),
        rule(Role::Technical, "ICU engineering", Some("medical device"), Some("icu")),
        rule(Role::Clinical, "somebody else", None, None),
        rule(Role::Security, "Security office", Some("printer"), None),
    ];
    let owners = only(&house).owners;
    assert_eq!(owners.clinical.as_deref(), Some("Dr. Ward Office"));
    assert_eq!(owners.technical.as_deref(), Some("ICU engineering"));
    assert_eq!(owners.security, None);
}

#[test]
fn whoever_keeps_a_list_answers_for_what_is_on_it_and_for_nothing_else() {
    let of_list =
        || OwnerRule { source: Some("cmms".to_owned()), ..rule(Role::Technical, "Clinical engineering", None, None) };
    let mut listed = monitor("", "");
    listed.owners = vec![rule(Role::Technical, "IT", None, None), of_list()];
    assert_eq!(only(&listed).owners.technical.as_deref(), Some("Clinical engineering"));
    let mut found = House::default().device("d", "").source("cmms", Cmms);
    found.owners = vec![of_list()];
    assert!(only(&found).owners.is_none());
}

#[test]
fn a_known_wide_type_is_not_given_up_for_a_narrower_guess() {
    let mac = "mac=00:09:fb:00:00:01";
    let kind = |device: &str| {
        let house = House::default().device("d", &format!("{mac} {device}")).source("orders", Procurement);
        only(&house.record("1", &format!("{mac} type=Monitor,_Physiologic"))).kind.map(|kind| kind.name)
    };
    assert_eq!(kind("type=medical_device@0.95").as_deref(), Some("medical device"));
    assert_eq!(kind("type=medical_device@0.5").as_deref(), Some("patient monitor"));
}

#[test]
fn onboarding_goes_from_found_to_onboarded_only_with_each_owner() {
    let state = |house: &House| only(house).onboarding;
    assert_eq!(state(&House::default().device("d", "")), Onboarding::Found);
    let listed = |words: &str| House::default().source("cmms", Cmms).record("1", words);
    assert_eq!(state(&listed("serial=DE4521077")), Onboarding::Expected);
    assert_eq!(state(&listed("serial=DE4521077 state=Disposed")), Onboarding::Retired);
    let two = "type=thing clinical=ICU technical=BME";
    assert_eq!(state(&monitor("", two)), Onboarding::Matched);
    assert_eq!(state(&monitor("", &format!("{two} security=SOC"))), Onboarding::Matched, "its type is not understood");
    let whole = "type=Monitor,_Physiologic clinical=ICU technical=BME security=SOC";
    assert_eq!(state(&monitor("", whole)), Onboarding::Onboarded);
}

#[test]
fn assets_are_counted() {
    let house = monitor("", "clinical=ICU")
        .device("stranger", "mac=00:11:22:33:44:55")
        .record("2", "serial=XY778800 maker=Dräger")
        .source("buy", Procurement)
        .record("po", "serial=ZZ991100 state=Disposed");
    let tally = house.resolve().tally();
    assert_eq!((tally.networked, tally.confirmed, tally.unknown, tally.ownerless, tally.missing), (2, 1, 1, 1, 1));
}

#[test]
fn a_row_that_comes_again_takes_the_place_of_the_earlier() {
    let house = House::default()
        .source("cmms", Cmms)
        .record("1", "room=12 serial=DE4521077 as_of=10")
        .record("1", "room=14 serial=DE4521077 as_of=2");
    let resolution = house.resolve();
    assert_eq!(resolution.replaced, [house.id("cmms:1")]);
    assert_eq!(resolution.assets[0].shown(AssetField::Room), Some("14"));
}

#[test]
fn records_keep_their_ids() {
    use wardlight_inventory::resolve::record_id;
    let id = record_id(Id([7; 16]), "cmms", "4711");
    assert_eq!(id, record_id(Id([7; 16]), "cmms", "4711"));
    assert_ne!(id, record_id(Id([7; 16]), "cmms4", "711"));
    assert_ne!(id, record_id(Id([8; 16]), "cmms", "4711"));
    assert_eq!(id.to_string().as_bytes()[14], b'8');
}
