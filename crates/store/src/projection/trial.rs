//! What a projection must do, tried against a scan that knows no codes, blocks or snapshots.

use super::*;
use proptest::prelude::*;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::IpAddr;
use wardlight_model::{Attribute, Claim, Device, Endpoint, Key, KeyKind, Label, Mac, Peer, Scope, Time};

fn id(n: u16) -> Id {
    let [a, b] = n.to_be_bytes();
    Id([9, 0, 0, 0, 0, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0, a, b])
}

fn known(n: u16) -> Known {
    let device = Device {
        id: format!("mac:{n}"),
        macs: Vec::new(),
        addresses: Vec::new(),
        keys: Vec::new(),
        via: None,
        claims: Vec::new(),
        labels: Vec::new(),
        peers: Vec::new(),
        first: Time::from_seconds(0),
        last: Time::from_seconds(0),
        origins: Vec::new(),
    };
    Known { id: id(n), device, features: Vec::new() }
}

fn claim(attribute: Attribute, value: &str, confidence: f64) -> Claim {
    Claim { attribute, value: value.to_owned(), confidence, rule: "self".to_owned(), evidence: Vec::new() }
}

fn projection(devices: &[Known]) -> Projection {
    let projection = Projection::default();
    let changes: Vec<Change> = devices.iter().map(|known| Change::Device(Box::new(known.clone()))).collect();
    projection.apply(&changes);
    projection
}

fn found(snapshot: &Snapshot, filter: &str) -> Vec<String> {
    let query = Query { filter: parse(filter).unwrap(), sort: Vec::new(), offset: 0, limit: usize::MAX };
    let page = snapshot.list(&query);
    assert_eq!(page.total, page.rows.len());
    assert_eq!(page.total, snapshot.count(&query.filter));
    page.rows.iter().map(|row| row.value(Column::Station).to_string()).collect()
}

fn pump() -> Known {
    let mut pump = known(1);
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    pump.device.macs = vec![Mac([0x02, 0, 0, 0, 0, 1])];
    pump.device.addresses = vec![ip("10.2.0.9"), ip("fe80::1")];
    pump.device.keys = vec![Key { kind: KeyKind::Serial, text: "baxter/77".into() }];
    pump.device.claims = vec![
        claim(Attribute::Type, "infusion pump", 0.9),
        claim(Attribute::Type, "ip camera", 0.2),
        claim(Attribute::Maker, "BAXTER", 0.8),
        claim(Attribute::Maker, "Baxter", 0.7),
    ];
    pump.device.labels = vec![Label { text: "legacy: smb1".into(), reason: "seen".into() }];
    let endpoint = Endpoint { scope: Scope(3), mac: None, ip: Some(ip("10.9.9.9")) };
    let peer = |service: &str| Peer { endpoint, service: service.into(), ip_bytes: 10, flows: 2 };
    pump.device.peers = vec![peer("dicom"), peer("-")];
    pump.device.last = Time::from_seconds(1_767_225_601);
    pump
}

#[test]
fn a_row_shows_the_best_claims_and_counts() {
    let row = projection(&[pump()]).snapshot().device(id(1)).unwrap();
    assert_eq!(row, Row::of(&pump()));
    for (column, shown) in [
        (Column::Type, "infusion pump"),
        (Column::TypeConfidence, "0.9"),
        (Column::TypeRule, "self"),
        (Column::Model, ""),
        (Column::ModelConfidence, ""),
        (Column::Mac, "02:00:00:00:00:01"),
        (Column::Address, "10.2.0.9; fe80::1"),
        (Column::Key, "serial:baxter/77"),
        (Column::Peer, "10.9.9.9"),
        (Column::Service, "dicom"),
        (Column::Scope, "3"),
        (Column::Claims, "4"),
        (Column::Conflicts, "1"),
        (Column::Peers, "2"),
        (Column::Flows, "4"),
        (Column::Bytes, "20"),
        (Column::LastSeen, "2026-01-01T00:00:01.000000Z"),
        (Column::IsRouter, "no"),
        (Column::IsLegacy, "yes"),
        (Column::IsRandomMac, "yes"),
        (Column::UnknownType, "no"),
        (Column::IsConflicting, "yes"),
    ] {
        assert_eq!(row.value(column).to_string(), shown, "{}", column.name());
    }
    let json = serde_json::to_value(&row).unwrap();
    assert_eq!(json["flows"].to_string(), "4");
    assert_eq!(json["address"], serde_json::json!(["10.2.0.9", "fe80::1"]));
    assert_eq!(json["model"], serde_json::Value::Null);
    assert_eq!(json.as_object().unwrap().len(), Column::ALL.len());
}

#[test]
fn every_kind_of_test_finds_its_devices() {
    let mut router = known(2);
    router.device.labels = vec![Label { text: "router".into(), reason: "it forwards".into() }];
    router.device.claims = vec![claim(Attribute::Name, "Straße ΣΊΣΥΦΟΣ", 1.0)];
    let projection = projection(&[router, pump()]);
    let snapshot = projection.snapshot();
    for (filter, one, two) in [
        ("", true, true),
        ("type:\"infusion pump\" maker:Baxter last_seen>2026-01-01 -label:router 10.2.0.0/16", true, false),
        ("type:\"INFUSION PUMP\"", true, false),
        ("type:pump", false, false),
        ("type~pump", true, false),
        ("type^infus", true, false),
        ("strasse", false, true),
        ("σίσυφος", false, true),
        ("baxter/77", true, false),
        ("02:00:00:00:00:01", true, false),
        ("10.2", true, false),
        ("address:10.0.0.0/8", true, false),
        ("address:\"FE80:0::1\"", true, false),
        ("-address:10.0.0.0/8", false, true),
        ("peer:10.9.9.9", true, false),
        ("10.9.9.9", false, false),
        ("is_router:yes OR conflicts>=1", true, true),
        ("model:*", false, false),
        ("-model:*", true, true),
        ("type_confidence>0.9", false, false),
        ("type_confidence>=0.9", true, false),
        ("-type_confidence<0.95", false, true),
        ("flows<=4 flows>3", true, false),
        ("unknown_type:yes", false, true),
        ("label:router,\"legacy: smb1\"", true, true),
    ] {
        let expected = [(one, "mac:1"), (two, "mac:2")].into_iter().filter_map(|(is, id)| is.then_some(id));
        assert_eq!(found(&snapshot, filter), expected.collect::<Vec<_>>(), "{filter}");
    }
}

#[test]
fn a_snapshot_stays_as_it_was_and_the_next_one_shows_the_change() {
    let projection = projection(&[known(1), known(2)]);
    let before = projection.snapshot();
    let mut changed = known(2);
    changed.device.claims = vec![claim(Attribute::Maker, "Acme", 1.0)];
    projection.apply(&[
        Change::Device(Box::new(known(3))),
        Change::DeviceGone(id(1)),
        Change::Device(Box::new(changed)),
        Change::DeviceGone(id(77)),
        Change::AreaGone(id(2)),
    ]);
    let after = projection.snapshot();
    assert_eq!((before.len(), after.len()), (2, 2));
    assert_eq!(found(&before, ""), ["mac:1", "mac:2"]);
    assert_eq!(found(&after, ""), ["mac:2", "mac:3"]);
    assert_eq!(found(&before, "acme"), Vec::<String>::new());
    assert_eq!(found(&after, "acme"), ["mac:2"]);
    assert_eq!(after.device(id(1)), None);
    projection.apply(&[Change::DeviceGone(id(2)), Change::DeviceGone(id(3))]);
    assert!(projection.snapshot().is_empty());
}

#[test]
fn the_last_change_of_one_device_counts() {
    let projection = Projection::default();
    let known_as = |maker: &str| {
        let mut device = known(1);
        device.device.claims = vec![claim(Attribute::Maker, maker, 1.0)];
        Change::Device(Box::new(device))
    };
    projection.apply(&[known_as("A"), Change::DeviceGone(id(1)), known_as("B"), known_as("C")]);
    assert_eq!(found(&projection.snapshot(), "maker:C"), ["mac:1"]);
    assert_eq!(projection.snapshot().facets(&Filter::All(Vec::new()), Column::Maker, 9).distinct, 1);
}

#[test]
fn traffic_comes_apart_from_the_device_and_stays_with_it() {
    let talks = pump().device.peers;
    let mut quiet = pump();
    quiet.device.peers = Vec::new();
    let projection = projection(&[quiet.clone(), known(2)]);
    assert_eq!(found(&projection.snapshot(), "flows>0"), [] as [&str; 0]);
    projection.apply_traffic([(id(1), talks), (id(7), Vec::new())]);
    assert_eq!(projection.snapshot().device(id(1)), Some(Row::of(&pump())));
    quiet.device.claims.clear();
    projection.apply(&[Change::Device(Box::new(quiet.clone()))]);
    assert_eq!(found(&projection.snapshot(), "flows:4 bytes:20 peers:2 peer:10.9.9.9 -type:*"), ["mac:1"]);
    assert_eq!(projection.snapshot().len(), 2, "a device that is not known is not made by its traffic");
    projection.apply(&[Change::DeviceGone(id(1)), Change::Device(Box::new(quiet))]);
    assert_eq!(found(&projection.snapshot(), "peer:10.9.9.9"), [] as [&str; 0]);
}

#[test]
fn a_reader_sees_all_of_a_call_or_nothing() {
    let projection = Projection::default();
    let devices: Vec<Known> = (0..200).map(known).collect();
    let all: Vec<Change> = devices.iter().map(|known| Change::Device(Box::new(known.clone()))).collect();
    let none: Vec<Change> = devices.iter().map(|known| Change::DeviceGone(known.id)).collect();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for _ in 0..30 {
                projection.apply(&all);
                projection.apply(&none);
            }
        });
        while !writer.is_finished() {
            let snapshot = projection.snapshot();
            assert!(matches!(snapshot.count(&Filter::All(Vec::new())), 0 | 200));
        }
    });
}

#[test]
fn pages_together_are_the_whole_list() {
    let devices: Vec<Known> = (0..1500)
        .map(|n| {
            let mut device = known(n);
            device.device.claims = vec![claim(Attribute::Type, ["a", "B", "c"][usize::from(n * 7 % 3)], 1.0)];
            device.device.last = Time::from_seconds(i64::from(n) * 31 % 11);
            device
        })
        .collect();
    let snapshot = projection(&devices).snapshot();
    let sort = [(Column::Type, true), (Column::LastSeen, false)];
    let sort: Vec<Sort> = sort.map(|(column, is_descending)| Sort { column, is_descending }).to_vec();
    let mut expected: Vec<Row> = devices.iter().map(Row::of).collect();
    expected.sort_by(|a, b| order(sort[0], a, b).then(order(sort[1], a, b)).then(a.id().cmp(b.id())));
    let list = |offset, limit| {
        let filter = Filter::All(Vec::new());
        snapshot.list(&Query { filter, sort: sort.clone(), offset, limit })
    };
    for (offset, limit) in [(0, usize::MAX), (0, 1), (0, 100), (40, 130), (700, 70), (1490, 100), (1500, 1), (9, 0)] {
        let rows: Vec<Row> = expected.iter().skip(offset).take(limit).cloned().collect();
        assert!(list(offset, limit) == Page { total: 1500, rows }, "{limit} from {offset}");
    }
}

/// Whether `row` meets `filter`, by looking at its values alone.
fn meets(filter: &Filter, row: &Row) -> bool {
    let folded = |column: Column| -> Vec<String> {
        match row.value(column) {
            Value::Text(text) => vec![fold::fold(text)],
            Value::List(texts) => texts.iter().map(|text| fold::fold(text)).collect(),
            _ => Vec::new(),
        }
    };
    match filter {
        Filter::All(parts) => parts.iter().all(|part| meets(part, row)),
        Filter::Any(parts) => parts.iter().any(|part| meets(part, row)),
        Filter::Not(part) => !meets(part, row),
        Filter::Is(column, values) => values.iter().any(|value| match (value, row.value(*column)) {
            (Literal::Number(a), Value::Number(b)) => a == b,
            (Literal::Time(a), Value::Time(b)) => a == b,
            (Literal::Flag(a), Value::Flag(b)) => a == b,
            (Literal::Text(text), _) => folded(*column).contains(&fold::fold(text)),
            _ => false,
        }),
        Filter::Contains(column, part) => folded(*column).iter().any(|text| text.contains(&fold::fold(part))),
        Filter::Starts(column, part) => folded(*column).iter().any(|text| text.starts_with(&fold::fold(part))),
        Filter::Within(column, net) => {
            column.is_address() && folded(*column).iter().any(|text| net.holds(text.parse().unwrap()))
        }
        Filter::Compare(column, bound, value) => {
            let order = match (row.value(*column), value) {
                (Value::Number(a), Literal::Number(b)) => a.partial_cmp(b),
                (Value::Time(a), Literal::Time(b)) => Some(a.cmp(b)),
                _ => None,
            };
            order.is_some_and(|order| match bound {
                Bound::Below => order.is_lt(),
                Bound::AtMost => order.is_le(),
                Bound::Above => order.is_gt(),
                Bound::AtLeast => order.is_ge(),
            })
        }
        Filter::Present(column) => *row.value(*column) != Value::Absent,
        Filter::Search(part) => Column::ALL
            .iter()
            .filter(|column| column.is_searched())
            .any(|column| folded(*column).iter().any(|text| text.contains(&fold::fold(part)))),
    }
}

fn order(sort: Sort, a: &Row, b: &Row) -> Ordering {
    let key = |row: &Row| match row.value(sort.column) {
        Value::List(texts) => Value::Text(texts[0].clone()),
        other => other.clone(),
    };
    let order = match (key(a), key(b)) {
        (Value::Absent, Value::Absent) => return Ordering::Equal,
        (Value::Absent, _) => return Ordering::Greater,
        (_, Value::Absent) => return Ordering::Less,
        (Value::Text(a), Value::Text(b)) if sort.column.is_address() => {
            a.parse::<IpAddr>().unwrap().cmp(&b.parse().unwrap())
        }
        (Value::Text(a), Value::Text(b)) => fold::fold(&a).cmp(&fold::fold(&b)).then(a.cmp(&b)),
        (Value::Number(a), Value::Number(b)) => a.total_cmp(&b),
        (Value::Time(a), Value::Time(b)) => a.cmp(&b),
        (Value::Flag(a), Value::Flag(b)) => a.cmp(&b),
        (a, b) => panic!("{a:?} and {b:?} in one column"),
    };
    if sort.is_descending { order.reverse() } else { order }
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "Baxter",
        "BAXTER",
        "baxter ag",
        "Straße",
        "strasse",
        "心電計",
        "a\"b\\",
        "x",
        "10.0",
        "-",
    ])
    .prop_map(str::to_owned)
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0..3_u8, 0..12_u8).prop_map(|(a, b)| IpAddr::from([10, 0, a, b])),
        (0..3_u16).prop_map(|a| IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, a])),
    ]
}

fn device(ids: u16) -> impl Strategy<Value = Known> {
    let some = |strategy| prop::collection::vec(strategy, 0..3);
    let claims = (prop::sample::select(Attribute::ALL.to_vec()), word(), 0..4_u8);
    let claims = claims.prop_map(|(attribute, value, sure)| claim(attribute, &value, f64::from(sure) / 4.0));
    let macs = (0..3_u8).prop_map(|n| Mac([2 * n, 0, 0, 0, 0, n]));
    let peers = (address(), word(), 0..3_u64);
    (
        (0..ids, prop::collection::vec(claims, 0..6), prop::collection::vec(macs, 0..3)),
        (prop::collection::vec(address(), 0..4), some(word().boxed()), prop::collection::vec(peers, 0..3)),
        (prop::option::of(word()), -3..3_i64, -3..3_i64),
    )
        .prop_map(|((n, claims, macs), (addresses, labels, peers), (via, first, last))| {
            let mut known = known(n);
            let device = &mut known.device;
            (device.claims, device.macs, device.addresses, device.via) = (claims, macs, addresses, via);
            device.labels = labels.into_iter().map(|text| Label { text, reason: String::new() }).collect();
            let peer = |(ip, service, flows)| Peer {
                endpoint: Endpoint { ip: Some(ip), ..Endpoint::default() },
                service,
                ip_bytes: flows * 100,
                flows,
            };
            device.peers = peers.into_iter().map(peer).collect();
            (device.first, device.last) = (Time::from_seconds(first), Time::from_seconds(last));
            known
        })
}

fn changes(ids: u16) -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        4 => device(ids).prop_map(|known| Change::Device(Box::new(known))),
        1 => (0..ids).prop_map(|n| Change::DeviceGone(id(n))),
    ];
    prop::collection::vec(change, 0..60)
}

fn column() -> impl Strategy<Value = Column> {
    prop::sample::select(Column::ALL.to_vec())
}

fn literal(column: Column) -> BoxedStrategy<Literal> {
    match column.kind() {
        Kind::Text | Kind::List if column.is_address() => {
            address().prop_map(|ip| Literal::Text(ip.to_string().into())).boxed()
        }
        Kind::Text | Kind::List => word().prop_map(|text| Literal::Text(text.into())).boxed(),
        Kind::Number => (0..8_u8).prop_map(|n| Literal::Number(f64::from(n) / 4.0)).boxed(),
        Kind::Time => (-3..3_i64).prop_map(|n| Literal::Time(Time::from_seconds(n))).boxed(),
        Kind::Flag => any::<bool>().prop_map(Literal::Flag).boxed(),
    }
}

fn filter() -> impl Strategy<Value = Filter> {
    let bound = prop::sample::select(vec![Bound::Below, Bound::AtMost, Bound::Above, Bound::AtLeast]);
    let ordered = column().prop_filter("ordered", |column| matches!(column.kind(), Kind::Number | Kind::Time));
    let texts = || column().prop_filter("texts", |column| matches!(column.kind(), Kind::Text | Kind::List));
    let net = (address(), 0..=32_u8).prop_map(|(ip, bits)| Net::read(&format!("{ip}/{bits}")).unwrap());
    let test = prop_oneof![
        4 => column().prop_flat_map(|column| (Just(column), prop::collection::vec(literal(column), 0..3)))
            .prop_map(|(column, values)| Filter::Is(column, values)),
        2 => (ordered, bound).prop_flat_map(|(column, bound)| (Just(column), Just(bound), literal(column)))
            .prop_map(|(column, bound, value)| Filter::Compare(column, bound, value)),
        1 => (texts(), word()).prop_map(|(column, text)| Filter::Contains(column, text)),
        1 => (texts(), word()).prop_map(|(column, text)| Filter::Starts(column, text)),
        1 => (prop::sample::select(vec![Column::Address, Column::Peer]), net)
            .prop_map(|(column, net)| Filter::Within(column, net)),
        1 => column().prop_map(Filter::Present),
        2 => word().prop_map(Filter::Search),
    ];
    test.prop_recursive(3, 12, 3, |part| {
        prop_oneof![
            prop::collection::vec(part.clone(), 0..3).prop_map(Filter::All),
            prop::collection::vec(part.clone(), 0..3).prop_map(Filter::Any),
            part.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
}

fn query() -> impl Strategy<Value = Query> {
    let sort = (column(), any::<bool>()).prop_map(|(column, is_descending)| Sort { column, is_descending });
    (filter(), prop::collection::vec(sort, 0..4), 0..20_usize, 0..20_usize)
        .prop_map(|(filter, sort, offset, limit)| Query { filter, sort, offset, limit })
}

/// What is left after all changes, by id. Who a device talked to stays when a change says nothing of it.
fn rows(changes: &[Change]) -> Vec<Row> {
    let mut devices: BTreeMap<Id, Known> = BTreeMap::new();
    for change in changes {
        match change {
            Change::Device(known) => {
                let mut known = (**known).clone();
                if let (true, Some(held)) = (known.device.peers.is_empty(), devices.get(&known.id)) {
                    known.device.peers.clone_from(&held.device.peers);
                }
                devices.insert(known.id, known);
            }
            Change::DeviceGone(id) => {
                devices.remove(id);
            }
            _ => {}
        }
    }
    devices.values().map(Row::of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_list_is_what_a_scan_gives(changes in changes(30), at in 0..60_usize, query in query()) {
        let projection = Projection::default();
        let (early, late) = changes.split_at(at.min(changes.len()));
        projection.apply(early);
        let before = projection.snapshot();
        projection.apply(late);
        for (snapshot, changes) in [(before, early), (projection.snapshot(), &changes)] {
            let mut expected = rows(changes);
            prop_assert_eq!(snapshot.len(), expected.len());
            expected.retain(|row| meets(&query.filter, row));
            let sorts = |a: &Row, b: &Row| query.sort.iter().map(|sort| order(*sort, a, b)).find(|order| order.is_ne());
            expected.sort_by(|a, b| sorts(a, b).unwrap_or(Ordering::Equal));
            let total = expected.len();
            let expected: Vec<Row> = expected.into_iter().skip(query.offset).take(query.limit).collect();
            prop_assert_eq!(snapshot.list(&query), Page { total, rows: expected });
        }
    }

    #[test]
    fn every_count_gives_its_devices(changes in changes(30), filter in filter(), column in column(), limit in 0..9_usize) {
        let projection = Projection::default();
        projection.apply(&changes);
        let snapshot = projection.snapshot();
        let all = snapshot.facets(&filter, column, usize::MAX);
        prop_assert_eq!(all.total, snapshot.count(&filter));
        prop_assert_eq!(all.distinct, all.values.len());
        for facet in &all.values {
            prop_assert_eq!(facet.count, snapshot.count(&all.devices(&filter, facet)), "{:?}", facet);
        }
        let none = Filter::All(vec![filter.clone(), Filter::Not(Box::new(Filter::Present(column)))]);
        prop_assert_eq!(all.absent, snapshot.count(&none));
        let any = all.values.iter().map(|facet| all.devices(&filter, facet)).collect();
        prop_assert_eq!(all.total - all.absent, snapshot.count(&Filter::Any(any)), "no value is left out");
        let few = snapshot.facets(&filter, column, limit);
        prop_assert_eq!(&few.values[..], &all.values[..limit.min(all.values.len())]);
    }

    #[test]
    fn a_filter_in_words_means_the_same(changes in changes(30), filter in filter()) {
        let projection = Projection::default();
        projection.apply(&changes);
        let text = filter.to_string();
        let again = parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        let all = |filter| Query { filter, sort: Vec::new(), offset: 0, limit: usize::MAX };
        let snapshot = projection.snapshot();
        prop_assert_eq!(snapshot.list(&all(filter)), snapshot.list(&all(again)), "{}", text);
    }

    #[test]
    fn any_text_is_a_filter_or_a_clear_error(text in "[a-z:<>=~^\"()\\-* ,./0-9ÄOR]{0,40}") {
        if let Err(error) = parse(&text) {
            prop_assert!(error.at <= text.chars().count() + 1, "{}", error);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn more_devices_than_one_block_holds(removed in prop::collection::vec(0..2500_u16, 0..50)) {
        let devices: Vec<Known> = (0..2500).map(known).collect();
        let projection = projection(&devices);
        projection.apply(&removed.iter().map(|n| Change::DeviceGone(id(*n))).collect::<Vec<_>>());
        projection.apply(&removed.iter().map(|n| Change::Device(Box::new(known(n + 2500)))).collect::<Vec<_>>());
        let snapshot = projection.snapshot();
        prop_assert_eq!(snapshot.len(), 2500);
        for n in &removed {
            prop_assert_eq!(snapshot.device(id(*n)), None);
            prop_assert_eq!(snapshot.device(id(n + 2500)), Some(Row::of(&known(n + 2500))));
        }
        let gone = |n: u16| removed.contains(&n);
        let present = (0..2500).find(|n| !gone(*n)).unwrap_or(2500);
        let page = snapshot.list(&Query { filter: Filter::All(Vec::new()), sort: Vec::new(), offset: 0, limit: 1 });
        let first = id(present).to_string();
        prop_assert_eq!(page.rows[0].id(), first.as_str());
    }
}

fn marked(id: u16, name: Option<&str>, last: i64) -> Known {
    let mut known = known(id);
    known.device.claims = name.map(|name| claim(Attribute::Name, name, 0.9)).into_iter().collect();
    known.device.last = Time::from_seconds(last);
    known
}

/// All ids of a list got in parts of `limit`, with `between` done after each part.
fn in_parts(projection: &Projection, sort: Sort, limit: usize, mut between: impl FnMut()) -> Vec<String> {
    let query = Query { filter: Filter::All(Vec::new()), sort: vec![sort], offset: 0, limit };
    let (mut ids, mut mark): (Vec<String>, Option<Mark>) = (Vec::new(), None);
    loop {
        let snapshot = projection.snapshot();
        let page = mark.as_ref().map_or_else(|| snapshot.list(&query), |mark| snapshot.list_behind(&query, mark));
        let Some(last) = page.rows.last() else { return ids };
        assert!(page.rows.len() <= limit && page.total == snapshot.len());
        mark = Mark::of(last, sort.column);
        ids.extend(page.rows.iter().map(|row| row.id().to_owned()));
        between();
    }
}

#[test]
fn a_list_goes_on_where_it_was_left_though_the_last_row_is_gone() {
    let all: Vec<Known> = (0..7).map(|n| marked(n, Some(&format!("bed-{n}")), 5)).collect();
    for is_descending in [false, true] {
        let projection = projection(&all);
        let mut gone = false;
        let last = id(if is_descending { 5 } else { 1 });
        let ids = in_parts(&projection, Sort { column: Column::Name, is_descending }, 2, || {
            if !gone {
                gone = true;
                projection.apply(&[
                    Change::DeviceGone(last),
                    Change::Device(Box::new(marked(90, Some(if is_descending { "z" } else { "a" }), 5))),
                ]);
            }
        });
        let mut wanted: Vec<String> = (0..7).map(|n| id(n).to_string()).collect();
        if is_descending {
            wanted.reverse();
        }
        assert_eq!(ids, wanted, "nothing twice, nothing left out, and what came before the mark is not listed");
    }
}

proptest! {
    #[test]
    fn parts_of_a_list_are_the_list(
        names in proptest::collection::vec((proptest::option::of("[aAbBß]{0,2}"), 0_i64..3), 0..40),
        limit in 1_usize..9,
        is_descending: bool,
        by in 0_usize..4,
    ) {
        let all: Vec<Known> = (0..).zip(&names).map(|(n, (name, last))| marked(n, name.as_deref(), *last)).collect();
        let projection = projection(&all);
        let column = [Column::Name, Column::LastSeen, Column::NameConfidence, Column::IsRouter][by];
        let sort = Sort { column, is_descending };
        let query = Query { filter: Filter::All(Vec::new()), sort: vec![sort], offset: 0, limit: usize::MAX };
        let whole: Vec<String> =
            projection.snapshot().list(&query).rows.iter().map(|row| row.id().to_owned()).collect();
        prop_assert_eq!(in_parts(&projection, sort, limit, || ()), whole);
    }
}
