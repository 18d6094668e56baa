//! Changes to try the database with: fixed ones, and any.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::net::IpAddr;
use wardlight_model::change::{Change, Contact, Known, Row, Run, Said, Source};
use wardlight_model::journal::{Judgement, Labelled, Oddity, OwnerRole, OwnerRule};
use wardlight_model::{
    Area, Attribute, Claim, Device, Domain, Endpoint, Evidence, Fact, Feature, Field, HouseRule, Id, KeptRule, Key,
    KeyKind, Label, Level, Mac, Origin, Peer, Place, Presence, Scope, Subject, Time,
};
use wardlight_model::{AssetField, AssetRecord};

pub(super) fn end(last: u8) -> Endpoint {
    Endpoint { scope: Scope(2), mac: Some(Mac([0, 9, 0xfb, 0, 0, last])), ip: Some(IpAddr::from([10, 0, 0, last])) }
}

pub(super) fn id(last: u8) -> Id {
    Id([1, 2, 3, 4, 5, 6, 0x87, 8, 0x89, 10, 11, 12, 13, 14, 15, last])
}

pub(super) fn fact(sequence: u64, value: &str) -> Fact {
    Fact {
        subject: Subject::Host(end(7)),
        field: Field::Serial,
        value: value.to_owned(),
        protocol: "hl7",
        first: Time::from_seconds(5),
        last: Time::from_seconds(9),
        count: 3,
        place: Place { source: 1, packet: 77, offset: 54, length: 12 },
        origin: Origin { sequence, item: 1 },
    }
}

pub(super) fn presence(sequence: u64, packets: u64) -> Presence {
    Presence {
        endpoint: Endpoint { mac: None, ..end(7) },
        first: Time::from_seconds(-5),
        last: Time::from_seconds(9),
        packets,
        ttl: 128,
        sent: true,
        origin: Origin { sequence, item: 0 },
    }
}

pub(super) fn oddity(name: &'static str, count: u64) -> Oddity {
    Oddity { name, count, first: Time::from_seconds(1), place: Place::default() }
}

pub(super) fn contact(hour: i64, flows: u64) -> Contact {
    Contact {
        ends: [end(1), end(2)],
        service: "dicom",
        hour,
        flows,
        packets: [1, 2],
        ip_bytes: [30, 40],
        first: Time::from_seconds(hour * 3600 + 10),
        last: Time::from_seconds(hour * 3600 + 20),
    }
}

pub(super) fn device(last: u8, model: &str) -> Known {
    let claim = |attribute, value: &str, confidence| Claim {
        attribute,
        value: value.to_owned(),
        confidence,
        rule: "self".into(),
        evidence: vec![Evidence {
            field: Field::Model,
            value: value.to_owned(),
            protocol: "hl7",
            place: Place::default(),
            time: Time::from_seconds(5),
        }],
    };
    let device = Device {
        id: format!("mac:{}", Mac([0, 9, 0xfb, 0, 0, last])),
        macs: vec![Mac([0, 9, 0xfb, 0, 0, last])],
        addresses: vec![IpAddr::from([10, 0, 0, last]), IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, last.into()])],
        keys: vec![Key { kind: KeyKind::Serial, text: format!("acme/{last}") }],
        via: None,
        claims: vec![
            claim(Attribute::Model, "a guess", 0.25),
            claim(Attribute::Model, model, 0.8),
            claim(Attribute::Maker, "Zimmermann & Söhne", 1.0),
        ],
        labels: vec![Label { text: "router".into(), reason: "it said so".into() }],
        peers: vec![Peer { endpoint: end(9), service: "dicom".into(), ip_bytes: 5, flows: 1 }],
        first: Time::from_seconds(1),
        last: Time::from_seconds(2),
        origins: Vec::new(),
    };
    Known { id: id(last), device, features: Vec::new() }
}

pub(super) fn area(last: u8, parent: Option<Id>, name: &str) -> Area {
    let (level, zone) = match parent {
        None => (Level::Site, Some("Europe/Berlin".to_owned())),
        Some(_) => (Level::CareArea, None),
    };
    Area { id: id(last), parent, level, name: name.to_owned(), zone }
}

pub(super) fn domain(scope: u32, name: &str) -> Domain {
    Domain { scope: Scope(scope), site: id(1), name: name.to_owned() }
}

pub(super) fn asset_row(origin: Origin, serial: &str) -> Row {
    let says = vec![(AssetField::Serial, serial.to_owned()), (AssetField::Room, "3.14".to_owned())];
    let record = AssetRecord { key: format!("k{serial}"), row: 2, says, as_of: Some(Time::from_seconds(7)) };
    Row { origin, source: "cmms".into(), runs: vec![id(1), id(2)], record }
}

pub(super) fn source(name: &str, rows: u64, read: Time) -> Source {
    let runs = vec![Run { id: id(1), read, rows, is_whole: true }];
    Source { name: name.to_owned(), runs, importer: "netbox".to_owned(), scope: Scope(2) }
}

pub(super) fn owner(name: &str) -> OwnerRule {
    let (r#type, scope, source) = (Some("infusion pump".to_owned()), Some(Scope(7)), Some(name.to_owned()));
    OwnerRule { role: OwnerRole::Technical, owner: name.to_owned(), r#type, department: None, scope, source }
}

pub(super) fn said(value: &str) -> Said {
    let label = Labelled { device: id(3), attribute: Attribute::Type, value: value.to_owned() };
    Said { label, by: "mayer".to_owned(), at: Time::from_seconds(9) }
}

pub(super) fn kept(value: &str) -> KeptRule {
    let shows = vec![Feature { field: Field::HttpServer, value: "lighttpd".to_owned() }];
    let rule = HouseRule { shows, attribute: Attribute::Type, value: value.to_owned(), learned_from: id(3) };
    KeptRule { rule, by: "mayer".to_owned(), at: Time::from_seconds(9) }
}

pub(super) fn judgement(is_same: bool) -> Judgement {
    Judgement { one: id(1), other: id(2), is_same }
}

/// Changes of every kind, of few rows, so that many meet.
pub(super) fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(change(), 0..60).prop_map(lasting)
}

/// What the engine promises: of one origin, what a fact says and whom a presence is about stay as they are for ever.
fn lasting(mut changes: Vec<Change>) -> Vec<Change> {
    let (mut facts, mut presences) = (BTreeMap::<Origin, Fact>::new(), BTreeMap::<Origin, Endpoint>::new());
    for change in &mut changes {
        match change {
            Change::Fact(fact) => {
                let first = facts.entry(fact.origin).or_insert_with(|| fact.clone());
                fact.subject = first.subject.clone();
                (fact.field, fact.value, fact.protocol) = (first.field, first.value.clone(), first.protocol);
            }
            Change::Presence(seen) => seen.endpoint = *presences.entry(seen.origin).or_insert(seen.endpoint),
            _ => {}
        }
    }
    changes
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => any_fact().prop_map(Change::Fact),
        2 => any_presence().prop_map(Change::Presence),
        1 => (name(), number(), time(), place())
            .prop_map(|(name, count, first, place)| Change::Oddity(Oddity { name, count, first, place })),
        4 => any_contact().prop_map(Change::Contact),
        2 => any_device().prop_map(|device| Change::Device(Box::new(device))),
        1 => (0..4_u8).prop_map(|last| Change::DeviceGone(id(last))),
        1 => (0..4_u8, prop::option::of(0..4_u8), text())
            .prop_map(|(last, parent, name)| Change::Area(area(last, parent.map(id), &name))),
        1 => (0..4_u8).prop_map(|last| Change::AreaGone(id(last))),
        1 => (prop_oneof![Just(0), Just(u32::MAX)], text()).prop_map(|(scope, name)| Change::Domain(domain(scope, &name))),
        2 => (origin(), text()).prop_map(|(origin, serial)| Change::Row(asset_row(origin, &serial))),
        1 => origin().prop_map(Change::RowGone),
        1 => (name(), number(), time()).prop_map(|(name, rows, read)| Change::Source(source(name, rows, read))),
        1 => (0..4_u8, any::<bool>()).prop_map(|(last, is_same)| Change::Judged(id(last), judgement(is_same))),
        1 => (0..4_u8).prop_map(|last| Change::JudgedGone(id(last))),
        1 => (0..4_u8, text()).prop_map(|(last, name)| Change::Owner(id(last), owner(&name))),
        1 => (0..4_u8).prop_map(|last| Change::OwnerGone(id(last))),
        1 => (0..4_u8, "[a-z]{1,3}").prop_map(|(last, value)| Change::Labelled(id(last), said(&value))),
        1 => (0..4_u8).prop_map(|last| Change::LabelledGone(id(last))),
        1 => (0..4_u8, "[a-z]{1,3}").prop_map(|(last, value)| Change::Ruled(id(last), kept(&value))),
        1 => (0..4_u8).prop_map(|last| Change::RuledGone(id(last))),
    ]
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let key = prop_oneof![Just(KeyKind::Eui64), Just(KeyKind::AeTitle), Just(KeyKind::DhcpClientId)];
    let subject = (endpoint(), prop::option::of((key, text()))).prop_map(|(via, key)| match key {
        None => Subject::Host(via),
        Some((kind, text)) => Subject::Nested { via, key: Key { kind, text } },
    });
    let field = prop::sample::select(Field::ALL);
    (subject, field, text(), name(), [time(), time()], number(), place(), origin()).prop_map(
        |(subject, field, value, protocol, [first, last], count, place, origin)| Fact {
            subject,
            field,
            value,
            protocol,
            first,
            last,
            count,
            place,
            origin,
        },
    )
}

fn any_presence() -> impl Strategy<Value = Presence> {
    (endpoint(), [time(), time()], number(), any::<u8>(), any::<bool>(), origin()).prop_map(
        |(endpoint, [first, last], packets, ttl, sent, origin)| Presence {
            endpoint,
            first,
            last,
            packets,
            ttl,
            sent,
            origin,
        },
    )
}

fn any_contact() -> impl Strategy<Value = Contact> {
    let pair = || [number(), number()];
    ([endpoint(), endpoint()], name(), -1..2_i64, number(), pair(), pair(), [time(), time()]).prop_map(
        |(ends, service, hour, flows, packets, ip_bytes, [first, last])| Contact {
            ends,
            service,
            hour,
            flows,
            packets,
            ip_bytes,
            first,
            last,
        },
    )
}

fn any_device() -> impl Strategy<Value = Known> {
    let claim = (prop::sample::select(Attribute::ALL.to_vec()), text(), any::<f64>()).prop_map(
        |(attribute, value, confidence)| Claim { attribute, value, confidence, rule: "r".into(), evidence: Vec::new() },
    );
    (0..4_u8, text(), prop::collection::vec(claim, 0..4)).prop_map(|(last, model, claims)| {
        let mut known = device(last, &model);
        known.device.claims.extend(claims);
        known
    })
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    let ip = prop_oneof![Just(IpAddr::from([10, 0, 0, 1])), Just(IpAddr::from([0, 0, 0, 0, 0, 0xffff, 0x0a00, 1]))];
    (0..2_u32, prop::option::of(Just(Mac([0xff; 6]))), prop::option::of(ip)).prop_map(|(scope, mac, ip)| Endpoint {
        scope: Scope(scope),
        mac,
        ip,
    })
}

fn origin() -> impl Strategy<Value = Origin> {
    (0..3_u64, 0..3_u32).prop_map(|(sequence, item)| Origin { sequence, item })
}

fn place() -> impl Strategy<Value = Place> {
    (any::<u32>(), number(), any::<u32>(), any::<u32>()).prop_map(|(source, packet, offset, length)| Place {
        source,
        packet,
        offset,
        length,
    })
}

fn time() -> impl Strategy<Value = Time> {
    any::<i64>().prop_map(Time::from_micros)
}

/// Small ones, and ones whose sums overflow.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..9_u64, Just(i64::MAX.unsigned_abs()), Just(i64::MAX.unsigned_abs() / 2)]
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["-", "dicom", "DICOM", "hl7", "z\u{e9}", "z~"])
}

/// What sorts, folds or quotes otherwise in another engine or collation.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z'\"\\\\%_ ]{0,6}", "\\PC{0,6}", Just("ß\u{1f600}\u{202e}\t\n\r".to_owned())]
}
