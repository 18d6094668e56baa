//! Promises: order counts for nothing, what is undone leaves no trace, more agreement never lowers a score.
//! `WARDLIGHT_ORDERS=1000` tries more orders.

use crate::hospital::{Chance, Plan, hospital, shuffled};
use crate::house::{House, SITE};
use proptest::prelude::*;
use wardlight_inventory::resolve::{By, Decision, SourceKind, record_id};

/// A small hospital of few values, so that everything happens: about 300 rows.
fn crowded(seed: u64) -> House {
    let mut house = hospital(Plan { seed, networked: 95, cmms: 70, slips: 0.3 }).house;
    let mut chance = Chance(seed);
    // Contradictions: addresses and names that wandered to other rows.
    for _ in 0..40 {
        let book = chance.below(4) as usize;
        let (from, to) = (chance.below(60) as usize, chance.below(60) as usize);
        let records = &mut house.books[book].records;
        if from < records.len() && to < records.len() {
            let says = records[from].says.clone();
            records[to].says.extend(says.into_iter().take(2));
            records[to].says.sort();
        }
    }
    house
}

#[test]
#[allow(clippy::disallowed_methods, reason = "how long a test may take is no input of a stage")]
fn three_hundred_rows_in_any_order_give_the_same_bytes() {
    let orders = std::env::var("WARDLIGHT_ORDERS").ok().and_then(|text| text.parse().ok()).unwrap_or(25);
    let house = crowded(5);
    let rows = house.met.len() + house.books.iter().map(|book| book.records.len()).sum::<usize>();
    assert!((280..340).contains(&rows), "{rows}");
    let wanted = format!("{:?}", house.resolve());
    let mut chance = Chance(1);
    for order in 0..orders {
        let other = format!("{:?}", shuffled(&house, &mut chance).resolve());
        assert!(other == wanted, "order {order} gives something else");
    }
}

#[test]
fn a_decision_that_is_taken_back_leaves_no_trace() {
    let house = crowded(6);
    let before = format!("{:?}", house.resolve());
    let ids: Vec<_> = house.names.keys().copied().collect();
    let mut chance = Chance(2);
    for _ in 0..8 {
        let mut changed = house.clone();
        for _ in 0..3 {
            let (a, b) = (ids[chance.below(ids.len() as u64) as usize], ids[chance.below(ids.len() as u64) as usize]);
            changed.decisions.push(if chance.is(0.5) { Decision::Same(a, b) } else { Decision::Different(a, b) });
        }
        assert!(format!("{:?}", changed.resolve()) != before);
        changed.decisions.clear();
        assert!(format!("{:?}", changed.resolve()) == before);
    }
}

#[test]
fn bars_hold_in_every_asset_and_every_row_stands_once() {
    for seed in 7..12 {
        let house = crowded(seed);
        let resolution = house.resolve();
        let mut seen = std::collections::BTreeSet::new();
        for asset in &resolution.assets {
            assert!(asset.members.iter().all(|member| seen.insert(member.id)));
            assert_eq!(asset.members.iter().map(|member| member.id).min(), Some(asset.id));
            let linked = asset.members.iter().filter(|member| member.link.is_some()).count();
            assert_eq!(linked + 1, asset.members.len());
        }
        assert_eq!(seen.len(), house.names.len());
    }
}

fn words() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0..AGREEING.len(), 0..6)
}

/// What a device and a record can agree in: the device's word and the record's.
const AGREEING: &[(&str, &str)] = &[
    ("maker=Philips", "maker=Philips"),
    ("model=MX800", "model=MX800"),
    ("serial=DE4521077", "serial=DE4521077"),
    ("mac=00:09:fb:00:00:0a", "mac=00:09:fb:00:00:0a"),
    ("mac=00:09:fb:00:00:0b", "mac=00:09:fb:00:00:0b"),
    ("dhcp.hostname=icu-mon-77", "hostname=icu-mon-77"),
    ("self.asset_tag=B104501", "asset_tag=B104501"),
    ("dicom.ae_title=MON_ICU_7", "ae_title=MON_ICU_7"),
    ("bind.certificate=00ffa1", "certificate=00ffa1"),
    ("type=patient_monitor", "type=Monitor,_Physiologic"),
    ("department=ICU", "department=ICU"),
    ("room=12", "room=12"),
    ("self.udi=(01)00312345678906(21)DE4521077", "udi=(01)00312345678906(21)DE4521077"),
];

/// The score of a device and a record with these words, joined by a person so that it is always explained.
fn score(of: &[usize], base: (&str, &str)) -> Option<i32> {
    let join = |side: fn(&(&'static str, &'static str)) -> &'static str| {
        of.iter().map(|at| side(&AGREEING[*at])).collect::<Vec<_>>().join(" ")
    };
    let house = House::default()
        .device("d", &format!("{} {}", base.0, join(|pair| pair.0)))
        .source("cmms", SourceKind::Cmms)
        .record("1", &format!("{} {}", base.1, join(|pair| pair.1)));
    let resolution = house.resolve();
    let link = resolution.assets[0].members.iter().find_map(|member| member.link.clone());
    match link.map(|link| link.by) {
        Some(By::Score(score)) => Some(score.sum),
        _ => resolution.questions.first().map(|question| question.score.sum),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn more_agreement_never_lowers_the_score(mut of in words(), more in 0..AGREEING.len(), differs in any::<bool>()) {
        of.sort_unstable();
        of.dedup();
        let differing = ("mac=00:09:fb:77:77:01 ip=10.0.0.1", "mac=00:09:fb:88:88:01");
        let base = if differs { differing } else { ("firmware=1", "firmware=1") };
        let before = score(&of, base);
        let mut with = of.clone();
        with.push(more);
        with.sort_unstable();
        with.dedup();
        let after = score(&with, base);
        prop_assert!(before <= after, "{:?} {:?}", before, after);
    }

    #[test]
    fn any_text_in_any_field_is_fine(values in proptest::collection::vec(("\\PC{0,24}", 0..wardlight_model::AssetField::ALL.len()), 0..12)) {
        let mut house = House::default().device("d", "maker=Philips serial=DE4521077").source("cmms", SourceKind::Cmms).record("1", "");
        let says = &mut house.books[0].records[0].says;
        says.extend(values.into_iter().map(|(value, at)| (wardlight_model::AssetField::ALL[at], value)));
        let resolution = house.resolve();
        prop_assert_eq!(resolution.assets.iter().map(|asset| asset.members.len()).sum::<usize>(), 2);
        prop_assert!(resolution.assets.iter().any(|asset| asset.members.iter().any(|member| member.id == record_id(SITE, "cmms", "1"))));
    }
}
