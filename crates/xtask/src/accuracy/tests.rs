//! The goals hold on a small hospital, too.

use super::*;

fn small(seed: u64) -> (String, Goals) {
    let plan = Plan { seed, size: "small".to_owned(), hours: 1, orders: 2, show: 4 };
    let mut out = String::new();
    let goals = compare(&plan, &mut out).unwrap();
    (out, goals)
}

#[test]
fn a_small_hospital_is_known_as_well_as_a_large_one() {
    let (out, goals) = small(1);
    assert_eq!(goals.missed(), 0, "{out}\n{}", goals.table());
}
