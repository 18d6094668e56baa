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
