//! How good resolution is where the truth is known.

use crate::hospital::{Hospital, Plan, hospital};
use std::collections::BTreeMap;
use wardlight_inventory::resolve::{Quality, Resolution, measure};
use wardlight_model::Id;

fn groups(resolution: &Resolution) -> BTreeMap<Id, Id> {
    let of = |asset: &wardlight_inventory::resolve::Asset| {
        let id = asset.id;
        asset.members.iter().map(|member| (member.id, id)).collect::<Vec<_>>()
    };
    resolution.assets.iter().flat_map(of).collect()
}

fn qualities(made: &Hospital) -> (Resolution, Quality, Quality) {
    let resolution = made.house.resolve();
    let found = groups(&resolution);
    let (all, knowable) = (measure(&found, &made.truth), measure(&found, &made.knowable));
    (resolution, all, knowable)
}

#[test]
fn an_invented_hospital_is_resolved() {
    for seed in 1..=3 {
        let made = hospital(Plan { seed, networked: 1_100, cmms: 750, slips: 0.04 });
        let (resolution, all, knowable) = qualities(&made);
        println!("seed {seed}: all {all:?}\n knowable {knowable:?}\n questions {}", resolution.questions.len());
        assert!(all.precision >= 0.995, "{all:?}");
        assert!(knowable.recall >= 0.98, "{knowable:?}");
    }
}

#[test]
fn debug_missed() {
    let made = hospital(Plan { seed: 1, networked: 1_100, cmms: 750, slips: 0.04 });
    let resolution = made.house.resolve();
    let found = groups(&resolution);
    let mut parts: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
    for (row, part) in &made.knowable {
        parts.entry(*part).or_default().push(*row);
    }
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for rows in parts.values() {
        let split: std::collections::BTreeSet<_> = rows.iter().map(|row| found[row]).collect();
        if split.len() > 1 {
            let names: Vec<_> =
                rows.iter().map(|row| format!("{}@{:.4}", made.house.names[row], found[row].to_string())).collect();
            let questions: Vec<String> = resolution
                .questions
                .iter()
                .filter(|q| rows.contains(&q.a) || rows.contains(&q.b))
                .map(|q| format!("{:?} {q}", q.why))
                .collect();
            println!("{names:?}\n   {}", questions.join("\n   "));
            *kinds
                .entry(questions.first().map_or("no question".into(), |q| q.split(' ').next().unwrap().to_owned()))
                .or_default() += 1;
        }
    }
    println!("{kinds:?}");
}
