//! What the working set promises.

use super::*;
use proptest::prelude::*;
use std::net::IpAddr;
use wardlight_model::journal::{Command, Import, Labelled, OwnerRole, OwnerRule, encode};
use wardlight_model::{AssetField, AssetRecord, Attribute, Deed, DeedKind, Device, Feature, HouseRule};
use wardlight_model::{
    ConnState, Direction, Endpoint, Field, FlowId, FlowKey, Level, Mac, Place, Service, Subject, Time, Transport,
};

const SITE: Id = Id([9; 16]);
const BOUNDS: Bounds = Bounds { facts: 10_000, presences: 10_000 };

fn fact(last: u8, field: Field, value: &str, second: i64) -> Fact {
    let endpoint = Endpoint {
        mac: Some(Mac([0, 9, 0xfb, 0, 0, last])),
        ip: Some(IpAddr::from([10, 0, 0, last])),
        ..Endpoint::default()
    };
    Fact {
        subject: Subject::Host(endpoint),
        field,
        value: value.to_owned(),
        protocol: "test",
        first: Time::from_seconds(second),
        last: Time::from_seconds(second),
        count: 1,
        place: Place::default(),
        origin: Origin::default(),
    }
}

fn presence(last: u8, second: i64) -> Presence {
    let Subject::Host(endpoint) = fact(last, Field::Address, "", 0).subject else { unreachable!() };
    let time = Time::from_seconds(second);
    Presence { endpoint, first: time, last: time, packets: 2, ttl: 64, sent: true, origin: Origin::default() }
}

fn flow(second: i64, responder: u8) -> Flow {
    let end = |last, port| (IpAddr::from([10, 0, 0, last]), port);
    Flow {
        id: FlowId(1),
        key: FlowKey {
            scope: Scope(0),
            transport: Transport::TCP,
            initiator: end(1, 4000),
            responder: end(responder, 104),
        },
        macs: [None; 2],
        hop_limits: [None; 2],
        vlan: None,
        first: Time::from_seconds(second),
        last: Time::from_seconds(second),
        state: ConnState::SF,
        history: "Dd".into(),
        sent: [Direction { packets: 3, ip_bytes: 300, ..Direction::default() }; 2],
        service: Some(Service { name: "dicom", known: wardlight_model::Known::Port }),
    }
}

fn area(n: u8, parent: Option<u8>, level: Level) -> Area {
    let zone = (level == Level::Site).then(|| "Europe/Berlin".to_owned());
    Area { id: Id([n; 16]), parent: parent.map(|n| Id([n; 16])), level, name: format!("place {n}"), zone }
}

fn decision(command: Command) -> Body {
    Body::Decision(Decision { by: "mayer".into(), at: Time::default(), command })
}

#[derive(Debug, Clone)]
enum Body {
    Seen(Observations),
    Flows(Flows),
    Decision(Decision),
    Import(Import),
}

fn seen(facts: Vec<Fact>, presences: Vec<Presence>) -> Body {
    Body::Seen(Observations { facts: facts.into(), presences: presences.into(), ..Observations::default() })
}

fn tell(site: &mut Site, sequence: u64, body: &Body) -> Vec<Effect> {
    let (kind, bytes) = match body {
        Body::Seen(seen) => (BodyKind::Observations, encode(seen)),
        Body::Flows(flows) => (BodyKind::Flows, encode(flows)),
        Body::Decision(decision) => (BodyKind::Decision, encode(decision)),
        Body::Import(import) => (BodyKind::Import, encode(import)),
    };
    site.step(Input::Record(Entry {
        sequence,
        id: Id::at(sequence, [0; 10]),
        format: FORMAT,
        kind: kind.number(),
        body: &bytes,
    }))
}

/// The id of a device of which the journal speaks first at `origin`.
fn minted(origin: Origin) -> Id {
    lasting_id(SITE, &[origin], |_| ())
}

/// What two ends exchanged by which service in which hour.
type Ends = ([Endpoint; 2], &'static str, i64);

/// The state that effects make, as a store would keep it: rows by key, contacts added up.
#[derive(Debug, Default, PartialEq)]
struct Kept {
    facts: BTreeMap<Origin, Fact>,
    presences: BTreeMap<Origin, Presence>,
    contacts: BTreeMap<Ends, (u64, [u64; 2])>,
    devices: BTreeMap<Id, Device>,
    areas: BTreeMap<Id, Area>,
    rows: BTreeMap<Origin, Row>,
    sources: BTreeMap<String, Source>,
    judged: BTreeMap<Id, Judgement>,
    owners: BTreeMap<Id, OwnerRule>,
    labels: BTreeMap<Id, Said>,
    house_rules: BTreeMap<Id, KeptRule>,
    features: BTreeMap<Id, Vec<Feature>>,
    resolution: Option<Box<Resolution>>,
}

impl Kept {
    fn keep(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Resolved(resolution) = effect {
                self.resolution = Some(resolution);
                continue;
            }
            let Effect::Change(change) = effect else { continue };
            match change {
                Change::Fact(fact) => drop(self.facts.insert(fact.origin, fact)),
                Change::Presence(presence) => drop(self.presences.insert(presence.origin, presence)),
                Change::Contact(contact) => {
                    let sum = self.contacts.entry((contact.ends, contact.service, contact.hour)).or_default();
                    sum.0 += contact.flows;
                    sum.1.iter_mut().zip(contact.ip_bytes).for_each(|(sum, more)| *sum += more);
                }
                Change::Device(known) => {
                    self.features.insert(known.id, known.features);
                    self.devices.insert(known.id, known.device);
                }
                Change::DeviceGone(id) => drop((self.devices.remove(&id), self.features.remove(&id))),
                Change::Area(area) => drop(self.areas.insert(area.id, area)),
                Change::AreaGone(id) => drop(self.areas.remove(&id)),
                Change::Row(row) => drop(self.rows.insert(row.origin, row)),
                Change::RowGone(origin) => drop(self.rows.remove(&origin)),
                Change::Source(source) => drop(self.sources.insert(source.name.clone(), source)),
                Change::Judged(id, judgement) => drop(self.judged.insert(id, judgement)),
                Change::JudgedGone(id) => drop(self.judged.remove(&id)),
                Change::Owner(id, rule) => drop(self.owners.insert(id, rule)),
                Change::OwnerGone(id) => drop(self.owners.remove(&id)),
                Change::Labelled(id, said) => drop(self.labels.insert(id, said)),
                Change::LabelledGone(id) => drop(self.labels.remove(&id)),
                Change::Ruled(id, kept) => drop(self.house_rules.insert(id, kept)),
                Change::RuledGone(id) => drop(self.house_rules.remove(&id)),
                Change::Oddity(_) | Change::Domain(_) => {}
            }
        }
    }

    fn held(&self, sequence: u64) -> Held {
        Held {
            facts: self.facts.values().cloned().collect(),
            presences: self.presences.values().copied().collect(),
            areas: self.areas.values().cloned().collect(),
            devices: self.devices.keys().copied().collect(),
            rows: self.rows.values().cloned().collect(),
            sources: self.sources.values().cloned().collect(),
            judged: self.judged.clone(),
            owners: self.owners.clone(),
            labels: self.labels.clone(),
            house_rules: self.house_rules.clone(),
            sequence,
            ..Held::default()
        }
    }
}

fn bodies() -> impl Strategy<Value = Vec<Body>> {
    let fields = [Field::DhcpHostname, Field::Manufacturer, Field::Serial, Field::Address, Field::Uuid];
    let values = ["10.0.0.3", "pump-1", "Draeger", "SN-123456", "6f1c3a52-9d8b-4c11-8a77-000102030405"];
    let fact = (0..6u8, 0..fields.len(), 0..values.len(), 0..900i64)
        .prop_map(move |(last, field, value, second)| fact(last, fields[field], values[value], second));
    let presence = (0..6u8, 0..900i64).prop_map(|(last, second)| presence(last, second));
    let observed =
        (prop::collection::vec(fact, 0..5), prop::collection::vec(presence, 0..3)).prop_map(|(f, p)| seen(f, p));
    let flows = prop::collection::vec((0..9000i64, 0..4u8).prop_map(|(second, to)| flow(second, to)), 0..4)
        .prop_map(|flows| Body::Flows(Flows { sensor: Id::default(), flows: flows.into() }));
    let area = (1..5u8, prop::option::of(1..5u8), 0..5usize)
        .prop_map(|(n, parent, level)| decision(Command::PutArea(area(n, parent, Level::ALL[level]))));
    let removal = (1..5u8).prop_map(|n| decision(Command::RemoveArea(Id([n; 16]))));
    let judged = (1..4u8, 1..4u8, any::<bool>()).prop_map(|(one, other, is_same)| {
        decision(Command::Judge(Judgement { one: Id([one; 16]), other: Id([other; 16]), is_same }))
    });
    let taken_back = (1..25u64).prop_map(|at| decision(Command::Unjudge(Id::at(at, [0; 10]))));
    let owner = (0..2u8).prop_map(|n| {
        let rule = OwnerRule {
            role: OwnerRole::Technical,
            owner: format!("owner {n}"),
            r#type: None,
            department: None,
            scope: None,
            source: None,
        };
        decision(Command::PutOwner(rule))
    });
    let disowned = (1..25u64).prop_map(|at| decision(Command::RemoveOwner(Id::at(at, [0; 10]))));
    let labelled = (1..25u64, 0..5u32, 0..3u8).prop_map(|(sequence, item, n)| {
        let device = minted(Origin { sequence, item });
        decision(Command::Label(Labelled { device, attribute: Attribute::Type, value: format!("pump {n}") }))
    });
    let unlabelled = (1..25u64).prop_map(|at| decision(Command::Unlabel(Id::at(at, [0; 10]))));
    let undone = (0..5u8).prop_map(|run| decision(Command::UndoImport(Id([run; 16]))));
    let decided = prop_oneof![area, removal, judged, taken_back, owner, disowned, labelled, unlabelled, undone];
    prop::collection::vec(
        prop_oneof![4 => observed, 2 => flows, 2 => imports().prop_map(Body::Import), 3 => decided],
        0..25,
    )
}

/// A run of one of two sources, with some of four rows that say one of three things.
fn imports() -> impl Strategy<Value = Import> {
    let row = (0..4u8, 0..3u8).prop_map(|(key, serial)| AssetRecord {
        key: format!("row {key}"),
        says: vec![(AssetField::Serial, format!("SN-{serial}"))],
        ..AssetRecord::default()
    });
    (0..5u8, prop::collection::vec(row, 0..5), any::<bool>()).prop_map(|(run, rows, is_whole)| Import {
        source: format!("source {}", run % 2),
        run: Id([run; 16]),
        rows: rows.into(),
        read: Time::from_seconds(i64::from(run)),
        is_whole,
        importer: "cmms".to_owned(),
        scope: Scope(0),
    })
}

/// What the sources say now, wherever the journal has it from.
fn said(site: &Site) -> Vec<(String, AssetRecord, bool)> {
    site.rows().map(|(row, is_there)| (row.source.clone(), row.record.clone(), is_there)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// The same journal gives the same state: in one go, settled at any moments while more is taken in, restarted from
    /// what was kept at any.
    #[test]
    fn replay_gives_the_same_state(bodies in bodies(), settles in prop::collection::vec(any::<bool>(), 25), restarts in prop::collection::vec(any::<bool>(), 25)) {
        let knowledge = Knowledge::shipped().expect("the shipped knowledge loads");
        let rules = Rules::shipped().expect("the shipped rules load");
        let mut straight = (Site::new(SITE, 1, BOUNDS, Held::default()), Kept::default());
        let mut broken = (Site::new(SITE, 2, BOUNDS, Held::default()), Kept::default());
        let mut look = None;
        for ((sequence, body), (settle, restart)) in (1..).zip(&bodies).zip(settles.into_iter().zip(restarts)) {
            straight.1.keep(tell(&mut straight.0, sequence, body));
            broken.1.keep(tell(&mut broken.0, sequence, body));
            broken.1.keep(tell(&mut broken.0, sequence, body));
            if let Some(settled) = look.take() {
                broken.1.keep(broken.0.settle(settled));
            }
            if settle {
                look = broken.0.unsettled().map(|all| all.settled(&knowledge, &rules));
            }
            if restart {
                look = None;
                broken.0 = Site::new(SITE, 3, BOUNDS, broken.1.held(sequence));
            }
        }
        if let Some(settled) = look {
            broken.1.keep(broken.0.settle(settled));
        }
        for (site, kept) in [&mut straight, &mut broken] {
            kept.keep(site.step(Input::Settle(&knowledge, &rules)));
        }
        prop_assert_eq!(straight.1, broken.1);
    }
}

#[test]
fn what_comes_in_during_a_look_is_found_by_the_next() {
    let knowledge = Knowledge::shipped().expect("the shipped knowledge loads");
    let rules = Rules::shipped().expect("the shipped rules load");
    let mut site = Site::new(SITE, 1, BOUNDS, Held::default());
    tell(&mut site, 1, &seen(vec![fact(1, Field::Model, "Evita", 5)], vec![presence(1, 5)]));
    let look = site.unsettled().expect("there is something new");
    assert!(site.is_settled() && site.unsettled().is_none(), "nothing is looked at twice");
    tell(&mut site, 2, &seen(vec![fact(1, Field::Model, "Evita", 900)], vec![presence(2, 6)]));
    assert!(!site.is_settled());
    let settled = look.settled(&knowledge, &rules);
    assert_eq!(settled.sequence, 1);
    let last = |effects: Vec<Effect>| -> Vec<Time> {
        let devices = effects.into_iter().filter_map(|effect| match effect {
            Effect::Change(Change::Device(known)) => Some(known.device.last),
            _ => None,
        });
        devices.collect()
    };
    assert_eq!(last(site.settle(settled)), [Time::from_seconds(5)], "as it was when the look began");
    let mut later = last(site.step(Input::Settle(&knowledge, &rules)));
    later.sort_unstable();
    assert_eq!(later, [Time::from_seconds(6), Time::from_seconds(900)]);
}

#[test]
fn a_device_keeps_its_id_when_more_becomes_known_and_the_smallest_when_two_become_one() {
    let knowledge = Knowledge::shipped().expect("the shipped knowledge loads");
    let rules = Rules::shipped().expect("the shipped rules load");
    let mut site = Site::new(SITE, 1, BOUNDS, Held::default());
    tell(&mut site, 1, &seen(vec![], vec![presence(1, 5), presence(2, 500)]));
    site.step(Input::Settle(&knowledge, &rules));
    let ids: Vec<Id> = site.devices().collect();
    assert_eq!(ids.len(), 2);
    let serial = |last, second| {
        vec![fact(last, Field::Manufacturer, "Draeger", second), fact(last, Field::Serial, "ASHK-0042", second)]
    };
    tell(&mut site, 2, &seen(serial(1, 6), vec![]));
    assert!(
        site.step(Input::Settle(&knowledge, &rules))
            .iter()
            .all(|effect| !matches!(effect, Effect::Change(Change::DeviceGone(_))))
    );
    tell(&mut site, 3, &seen(serial(2, 501), vec![]));
    let effects = site.step(Input::Settle(&knowledge, &rules));
    assert_eq!(site.devices().collect::<Vec<_>>(), [ids[0]]);
    assert!(effects.contains(&Effect::Change(Change::DeviceGone(ids[1]))), "{effects:?}");
}

proptest! {
    /// A run that is taken back is as if it had never been.
    #[test]
    fn an_import_is_undone_exactly(runs in prop::collection::vec(imports(), 1..8), undone in any::<prop::sample::Index>()) {
        let runs: Vec<Import> = (0..).zip(runs).map(|(n, run)| Import { run: Id([n; 16]), ..run }).collect();
        let undone = undone.get(&runs).run;
        let [mut all, mut without] = [(); 2].map(|()| Site::new(SITE, 1, BOUNDS, Held::default()));
        for (sequence, run) in (1..).zip(&runs) {
            tell(&mut all, sequence, &Body::Import(run.clone()));
            if run.run != undone {
                tell(&mut without, sequence, &Body::Import(run.clone()));
            }
        }
        tell(&mut all, 99, &decision(Command::UndoImport(undone)));
        prop_assert_eq!(said(&all), said(&without));
        let refused = tell(&mut all, 100, &decision(Command::UndoImport(undone))).pop();
        let is_refused =
            matches!(&refused, Some(Effect::Decided { outcome: Err(Refusal::NoSuchRun(run)), .. }) if *run == undone);
        prop_assert!(is_refused, "{:?}", refused);
    }
}

#[test]
fn a_row_that_a_whole_run_no_longer_has_is_missing_and_comes_back() {
    let mut site = Site::new(SITE, 1, BOUNDS, Held::default());
    let run = |n: u8, keys: &[&str], is_whole| {
        let rows: Vec<AssetRecord> =
            keys.iter().map(|key| AssetRecord { key: (*key).to_owned(), ..AssetRecord::default() }).collect();
        Body::Import(Import {
            source: "cmms".into(),
            run: Id([n; 16]),
            rows: rows.into(),
            is_whole,
            ..Import::default()
        })
    };
    let there = |site: &Site| said(site).into_iter().map(|(_, _, is_there)| is_there).collect::<Vec<_>>();
    tell(&mut site, 1, &run(1, &["a", "b"], true));
    assert_eq!(there(&site), [true, true]);
    tell(&mut site, 2, &run(2, &["a"], false));
    assert_eq!(there(&site), [true, true], "a part says nothing of what it does not name");
    tell(&mut site, 3, &run(3, &["a"], true));
    assert_eq!(there(&site), [true, false]);
    tell(&mut site, 4, &run(4, &["b"], false));
    assert_eq!(there(&site), [true, true]);
    assert_eq!(site.sources()["cmms"].runs.iter().map(|run| run.rows).collect::<Vec<_>>(), [2, 1, 1, 1]);
}

#[test]
fn what_cannot_be_read_is_said_and_stays_behind() {
    let mut site = Site::new(SITE, 1, BOUNDS, Held::default());
    let entry = |sequence, format, kind, body| Input::Record(Entry { sequence, id: Id::default(), format, kind, body });
    for (sequence, format, kind, body) in
        [(1, FORMAT + 1, 1, &[0xa0u8][..]), (2, FORMAT, 99, &[]), (3, FORMAT, 1, &[0xff])]
    {
        let effects = site.step(entry(sequence, format, kind, body));
        assert!(matches!(&effects[..], [Effect::Unread { sequence: said, .. }] if *said == sequence), "{effects:?}");
    }
    assert_eq!(site.sequence(), 3);
}

#[test]
fn places_stand_in_wider_ones_only() {
    let mut site = Site::new(SITE, 1, BOUNDS, Held::default());
    let mut sequence = 0;
    let mut put = |command: Command| {
        sequence += 1;
        let effects = tell(&mut site, sequence, &decision(command));
        match effects.into_iter().last() {
            Some(Effect::Decided { outcome, .. }) => outcome,
            other => panic!("a decision has an outcome, not {other:?}"),
        }
    };
    let no_zone = Area { zone: None, ..area(1, None, Level::Site) };
    assert_eq!(put(Command::PutArea(no_zone)), Err(Refusal::NoZone));
    assert_eq!(put(Command::PutArea(area(1, None, Level::Site))), Ok(()));
    assert_eq!(put(Command::PutArea(area(2, Some(1), Level::Floor))), Ok(()));
    assert_eq!(put(Command::PutArea(area(3, Some(2), Level::Room))), Ok(()));
    assert_eq!(
        put(Command::PutArea(area(4, Some(3), Level::Floor))),
        Err(Refusal::WrongLevel { inner: Level::Floor, outer: Some(Level::Room) })
    );
    assert_eq!(
        put(Command::PutArea(area(4, None, Level::Room))),
        Err(Refusal::WrongLevel { inner: Level::Room, outer: None })
    );
    assert_eq!(put(Command::PutArea(area(4, Some(7), Level::Room))), Err(Refusal::NoParent(Id([7; 16]))));
    assert_eq!(
        put(Command::PutArea(area(2, Some(1), Level::Room))),
        Err(Refusal::WrongLevel { inner: Level::Room, outer: Some(Level::Room) })
    );
    let domain = |site| Domain { scope: Scope(1), site: Id([site; 16]), name: "OR".into() };
    assert_eq!(put(Command::PutDomain(domain(2))), Err(Refusal::NoSite(Id([2; 16]))));
    assert_eq!(put(Command::PutDomain(domain(1))), Ok(()));
    assert_eq!(put(Command::RemoveArea(Id([2; 16]))), Err(Refusal::InUse { count: 1 }));
    assert_eq!(put(Command::RemoveArea(Id([3; 16]))), Ok(()));
    assert_eq!(put(Command::RemoveArea(Id([2; 16]))), Ok(()));
    assert_eq!(put(Command::RemoveArea(Id([1; 16]))), Err(Refusal::InUse { count: 1 }));
}

/// The assets as they stand, and nothing else of what settling gives.
fn settled(site: &mut Site) -> Resolution {
    let knowledge = Knowledge::shipped().expect("the shipped knowledge loads");
    let rules = Rules::shipped().expect("the shipped rules load");
    let resolved = site.step(Input::Settle(&knowledge, &rules)).into_iter().find_map(|effect| match effect {
        Effect::Resolved(resolution) => Some(*resolution),
        _ => None,
    });
    resolved.expect("something was learned")
}

fn listed(run: u8, rows: &[(&str, &[(AssetField, &str)])]) -> Body {
    let row = |(key, says): &(&str, &[(AssetField, &str)])| AssetRecord {
        key: (*key).to_owned(),
        says: says.iter().map(|(field, value)| (*field, (*value).to_owned())).collect(),
        ..AssetRecord::default()
    };
    let rows: Vec<AssetRecord> = rows.iter().map(row).collect();
    Body::Import(Import {
        source: "maintenance".to_owned(),
        run: Id([run; 16]),
        rows: rows.into(),
        read: Time::from_seconds(1000),
        is_whole: true,
        importer: "cmms".to_owned(),
        scope: Scope(0),
    })
}

#[test]
fn a_record_and_a_device_become_one_asset_with_an_owner_and_two_again_when_somebody_says_so() {
    let mut site = Site::new(SITE, 1, BOUNDS, Held::default());
    let said = vec![fact(1, Field::Manufacturer, "Draeger", 5), fact(1, Field::Serial, "ASHK-0042", 5)];
    tell(&mut site, 1, &seen(said, vec![presence(1, 5)]));
    let before = settled(&mut site);
    assert_eq!((before.assets.len(), before.tally().unknown, before.tally().ownerless), (1, 1, 1));

    let row: &[(AssetField, &str)] = &[
        (AssetField::Maker, "Dräger"),
        (AssetField::Serial, "ashk 0042"),
        (AssetField::Mac, "00:09:fb:00:00:01"),
        (AssetField::Department, "ICU"),
    ];
    tell(&mut site, 2, &listed(1, &[("T-1", row)]));
    let rule = OwnerRule {
        role: OwnerRole::Technical,
        owner: "Clinical engineering".to_owned(),
        r#type: None,
        department: Some("icu".to_owned()),
        scope: None,
        source: None,
    };
    tell(&mut site, 3, &decision(Command::PutOwner(rule)));
    let joined = settled(&mut site);
    let [asset] = &joined.assets[..] else { panic!("{joined:?}") };
    assert_eq!((asset.members.len(), asset.is_confirmed, asset.is_known()), (2, true, true));
    assert_eq!(asset.owners.technical.as_deref(), Some("Clinical engineering"));

    let (one, other) = (asset.members[0].id, asset.members[1].id);
    tell(&mut site, 4, &decision(Command::Judge(Judgement { one, other, is_same: false })));
    assert_eq!(settled(&mut site).assets.len(), 2);
    tell(&mut site, 5, &decision(Command::Unjudge(Id::at(4, [0; 10]))));
    assert_eq!(settled(&mut site), joined, "as if it had never been");

    tell(&mut site, 6, &listed(2, &[]));
    assert!(!settled(&mut site).assets[0].is_confirmed, "the source has no such row any more");
    let empty = decision(Command::PutOwner(OwnerRule {
        role: OwnerRole::Clinical,
        owner: " ".to_owned(),
        r#type: None,
        department: None,
        scope: None,
        source: None,
    }));
    assert!(matches!(&tell(&mut site, 7, &empty)[..], [Effect::Decided { outcome: Err(_), .. }]));
}

#[test]
fn what_a_person_says_of_a_device_counts_first_until_it_is_taken_back_even_when_the_device_is_found_to_be_another() {
    let (knowledge, rules) = (Knowledge::shipped().expect("loads"), Rules::shipped().expect("loads"));
    let mut site = Site::new(SITE, 1, BOUNDS, Held::default());
    let serial = |last| vec![fact(last, Field::Manufacturer, "Draeger", 5), fact(last, Field::Serial, "ASHK-0042", 5)];
    tell(&mut site, 1, &seen(serial(1), vec![presence(1, 5), presence(2, 500)]));
    let mut kept = Kept::default();
    kept.keep(site.step(Input::Settle(&knowledge, &rules)));
    let before = kept.devices.clone();
    let of = |last: u8, kept: &Kept| {
        let ip = IpAddr::from([10, 0, 0, last]);
        *kept.devices.iter().find(|(_, device)| device.addresses.contains(&ip)).expect("there").0
    };
    let label = |attribute, value: &str, device| {
        decision(Command::Label(Labelled { device, attribute, value: value.to_owned() }))
    };
    let second = of(2, &kept);
    tell(&mut site, 2, &label(Attribute::Type, "printer", second));
    tell(&mut site, 3, &label(Attribute::Maker, "Hamilton", second));
    tell(&mut site, 4, &label(Attribute::Type, " ventilator ", second));
    kept.keep(site.step(Input::Settle(&knowledge, &rules)));
    let kind = |kept: &Kept, id: Id| kept.devices[&id].best(Attribute::Type).map(|claim| claim.value.clone());
    assert_eq!(kind(&kept, second).as_deref(), Some("ventilator"), "the last word counts");
    let asset = kept.resolution.as_ref().and_then(|all| all.assets.iter().find(|asset| asset.id == second));
    let asset_kind = asset.and_then(|asset| asset.kind.clone()).expect("known");
    assert_eq!((asset_kind.name.as_str(), asset_kind.source.as_str()), ("ventilator", "mayer"));

    // Both turn out to be one, whose network says another maker.
    tell(&mut site, 5, &seen(serial(2), vec![]));
    kept.keep(site.step(Input::Settle(&knowledge, &rules)));
    let one = of(1, &kept);
    assert_eq!((kept.devices.len(), kind(&kept, one).as_deref()), (1, Some("ventilator")));
    let maker = kept.devices[&one].best(Attribute::Maker).expect("known");
    assert_eq!((maker.value.as_str(), maker.person()), ("Hamilton", Some("mayer")));

    for (sequence, told) in [(6, 3), (7, 4)] {
        tell(&mut site, sequence, &decision(Command::Unlabel(Id::at(told, [0; 10]))));
    }
    kept.keep(site.step(Input::Settle(&knowledge, &rules)));
    assert_eq!(kind(&kept, one), before[&of(1, &kept)].best(Attribute::Type).map(|claim| claim.value.clone()));
    for wrong in ["", "two\nlines", &"long ".repeat(50)] {
        let refused = tell(&mut site, 8, &label(Attribute::Type, wrong, one)).pop();
        assert!(matches!(refused, Some(Effect::Decided { outcome: Err(_), .. })), "{wrong}: {refused:?}");
        site = Site::new(SITE, 1, BOUNDS, kept.held(7));
    }
}

#[test]
fn a_rule_of_the_house_names_whatever_shows_the_same_until_it_is_taken_back() {
    let (knowledge, rules) = (Knowledge::shipped().expect("loads"), Rules::shipped().expect("loads"));
    let mut site = Site::new(SITE, 1, BOUNDS, Held::default());
    let page = |last, server| fact(last, Field::HttpServer, server, 5);
    let facts = vec![page(1, "Wardengine 4"), page(2, "Wardengine 4"), page(3, "Wardengine 5")];
    let mut kept = Kept::default();
    kept.keep(tell(&mut site, 1, &seen(facts, vec![presence(1, 5), presence(2, 5), presence(3, 5)])));
    let settle = |site: &mut Site, kept: &mut Kept| kept.keep(site.step(Input::Settle(&knowledge, &rules)));
    settle(&mut site, &mut kept);
    let of = |last: u8, kept: &Kept| {
        let ip = IpAddr::from([10, 0, 0, last]);
        *kept.devices.iter().find(|(_, device)| device.addresses.contains(&ip)).expect("there").0
    };
    let [one, two, three] = [1, 2, 3].map(|last| of(last, &kept));
    let kind = |kept: &Kept, id: Id| kept.devices[&id].best(Attribute::Type).cloned();
    let server = |feature: &&Feature| feature.field == Field::HttpServer;
    let shows: Vec<Feature> = kept.features[&one].iter().filter(server).cloned().collect();
    assert_eq!(shows.len(), 1, "{:?}", kept.features[&one]);
    let put = |shows: &[Feature], value: &str| {
        let rule =
            HouseRule { shows: shows.to_vec(), attribute: Attribute::Type, value: value.to_owned(), learned_from: one };
        decision(Command::PutRule(rule))
    };
    tell(&mut site, 2, &put(&shows, "printer"));
    let effects = tell(&mut site, 3, &put(&shows, "ventilator"));
    assert!(matches!(&effects[..], [Effect::Change(Change::RuledGone(_)), Effect::Change(Change::Ruled(..)), _]));
    kept.keep(effects);
    settle(&mut site, &mut kept);
    let named = kind(&kept, two).expect("named");
    assert_eq!((named.value.as_str(), named.confidence), ("ventilator", 0.9));
    assert!(named.rule.contains("by mayer") && named.evidence[0].value == "Wardengine 4", "{named:?}");
    assert_ne!(kind(&kept, three).map(|claim| claim.value).as_deref(), Some("ventilator"));

    // It is kept through a restart, and taken back by its decision.
    let mut again = Site::new(SITE, 1, BOUNDS, kept.held(3));
    settle(&mut again, &mut kept);
    assert_eq!(kind(&kept, one).map(|claim| claim.value).as_deref(), Some("ventilator"));
    tell(&mut again, 4, &decision(Command::RemoveRule(Id::at(3, [0; 10]))));
    settle(&mut again, &mut kept);
    assert_ne!(kind(&kept, one).map(|claim| claim.value).as_deref(), Some("ventilator"));
    for wrong in [put(&[], "pump"), put(&shows, " "), put(&shows, "two\nlines"), decision(Command::RemoveRule(one))] {
        let refused = tell(&mut again, 5, &wrong).pop();
        assert!(matches!(refused, Some(Effect::Decided { outcome: Err(_), .. })), "{refused:?}");
        again = Site::new(SITE, 1, BOUNDS, kept.held(4));
    }
}

#[test]
fn what_was_only_witnessed_changes_nothing_and_is_told_of() {
    let (knowledge, rules) = (Knowledge::shipped().expect("loads"), Rules::shipped().expect("loads"));
    let mut site = Site::new(SITE, 1, BOUNDS, Held::default());
    site.step(Input::Settle(&knowledge, &rules));
    let deed = Deed { kind: DeedKind::LoggedIn, object: None, detail: String::new() };
    let effects = tell(&mut site, 1, &decision(Command::Witness(deed)));
    assert!(matches!(&effects[..], [Effect::Decided { outcome: Ok(()), .. }]), "{effects:?}");
    assert!(site.is_settled());
}
