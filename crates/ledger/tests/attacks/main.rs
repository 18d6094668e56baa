//! The sixteen attacks on a ledger, each with random mutations.
//!
//! 1 to 4, 9 to 11, 13, 15 and 16 must be found with what lies on the same disk, with the first bad entry. 5 to 8, 12 and 14
//! cannot be: that they pass unnoticed is asserted, so that nobody claims more; with an outside memory they must be found.
//!
//! By default 100 mutations of each; `WARDLIGHT_MUTATIONS=1000` makes a thousand.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail, and be told how long to go on"
)]

mod forge;
mod world;

use forge::{forge, rechain, rename, reseal};
use wardlight_ledger::{
    Checkpoint, Content, Detail, Entry, Flaw, Hash, Kind, Log, Memory, Retention, Tombstone, Unknown, Verdict,
};
use wardlight_model::Time;
use world::{Dice, Event, OTHER_SITE, Plan, SITE, World, pin, public, witness};

/// Ledgers that are attacked.
const LEDGERS: u64 = 20;
const SECRET: u8 = 1;

/// Runs an attack on every ledger.
fn attack(mut run: impl FnMut(&Plan, &World, &mut Dice)) {
    let mutations = std::env::var("WARDLIGHT_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    for seed in 0..LEDGERS {
        let plan = Plan::roll(seed, SITE, SECRET);
        let world = plan.build();
        let mut dice = Dice(seed ^ 0xa77a_c4ed);
        for _ in 0..u64::div_ceil(mutations, LEDGERS) {
            run(&plan, &world, &mut dice);
        }
    }
}

#[track_caller]
fn assert_found(verdict: &Verdict, flaw: Flaw, first: u64) {
    assert_eq!(verdict.first_bad(), Some(first), "{verdict}");
    assert!(verdict.faults.iter().any(|fault| fault.flaw == flaw && fault.first == first), "{verdict}");
}

/// The place is between two checkpoints, and that is all that can be known.
#[track_caller]
fn assert_found_within(verdict: &Verdict, flaw: Flaw, first: u64, bad: u64) {
    assert_found(verdict, flaw, first);
    let holds = |fault: &wardlight_ledger::Fault| fault.flaw == flaw && (fault.first..=fault.last).contains(&bad);
    assert!(verdict.faults.iter().any(holds), "{bad}: {verdict}");
}

#[track_caller]
fn assert_unnoticed(verdict: &Verdict) {
    assert!(verdict.is_sound(), "{verdict}");
    assert!(verdict.unknown.contains(&Unknown::Unremembered), "{verdict}");
}

#[test]
fn untouched_ledgers_are_sound_and_say_what_is_unknown() {
    for seed in 0..LEDGERS {
        let world = Plan::roll(seed, SITE, SECRET).build();
        assert_unnoticed(&world.alone());
        assert!(world.alone().unknown.contains(&Unknown::Unpinned));
        let known = world.remembering(Memory { pinned: vec![public(SECRET)], ..witness(&world) });
        assert!(known.is_sound(), "{known}");
        assert!(known.unknown.iter().all(|unknown| matches!(unknown, Unknown::Purged { .. })), "{known}");
        assert_eq!((known.entries, known.proven), (world.len(), world.len()));
        // A later key is as good a pin as the first.
        assert!(world.remembering(pin(world.secret)).is_sound());
    }
}

#[test]
fn purges_and_changes_of_key_do_happen_in_these_ledgers() {
    let worlds: Vec<World> = (0..LEDGERS).map(|seed| Plan::roll(seed, SITE, SECRET).build()).collect();
    assert!(worlds.iter().filter(|world| world.kept().len() < world.entries.len()).count() > 15);
    assert!(worlds.iter().filter(|world| world.secret != SECRET).count() > 15);
}

#[test]
fn attack_01_a_byte_of_an_entry_is_changed() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let index = dice.index(bad.entries.len());
        let stored = &mut bad.entries[index];
        let at = dice.index(stored.len());
        stored[at] ^= u8::try_from(dice.between(1, 256)).unwrap();
        assert_eq!(bad.alone().first_bad(), Some(index as u64), "byte {at}: {}", bad.alone());
    });
}

#[test]
fn attack_01_an_entry_is_rewritten_and_sealed_again() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let kept = bad.kept();
        let index = kept[dice.index(kept.len())];
        rename(&mut bad, index, "device/other");
        bad.replay();
        if index + 1 == bad.len() {
            // Nothing names the newest entry but the checkpoint.
            assert_found_within(&bad.alone(), Flaw::Checkpoint, bad.vouched_before(index), index);
        } else {
            assert_found(&bad.alone(), Flaw::Altered, index);
        }
    });
}

#[test]
fn attack_01_an_entry_is_rewritten_and_all_later_ones_chained_again() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let kept = bad.kept();
        let index = kept[dice.index(kept.len())];
        rename(&mut bad, index, "device/other");
        rechain(&mut bad, index);
        assert_found_within(&bad.alone(), Flaw::Checkpoint, bad.vouched_before(index), index);
    });
}

#[test]
fn attack_02_a_middle_entry_is_deleted() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let index = dice.index(bad.entries.len() - 1);
        bad.entries.remove(index);
        assert_found(&bad.alone(), Flaw::Displaced, index as u64);
        if index > 0 {
            rechain(&mut bad, index as u64);
            assert_eq!(bad.alone().first_bad(), Some(world.vouched_before(index as u64)), "{}", bad.alone());
        }
    });
}

#[test]
fn attack_03_two_entries_change_places() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let one = dice.index(bad.entries.len() - 1);
        let other = one + 1 + dice.index(bad.entries.len() - 1 - one);
        bad.entries.swap(one, other);
        assert_found(&bad.alone(), Flaw::Displaced, one as u64);
        if one > 0 {
            rechain(&mut bad, one as u64);
            assert_eq!(bad.alone().first_bad(), Some(world.vouched_before(one as u64)), "{}", bad.alone());
        }
    });
}

#[test]
fn attack_04_a_back_dated_entry_is_put_in() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let index = dice.between(1, bad.len());
        let before = bad.header(index - 1);
        let detail = Detail { actor: "user/9", ..Detail::default() };
        let previous = Entry::read(bad.at(index - 1)).unwrap().seal;
        let forged = reseal(&wardlight_ledger::Header { index, previous, kind: Kind::Approval, ..before }, &detail);
        bad.entries.insert(usize::try_from(index).unwrap(), forged);
        assert_found(&bad.alone(), Flaw::Displaced, index);
        rechain(&mut bad, index);
        assert_eq!(bad.alone().first_bad(), Some(world.vouched_before(index)), "{}", bad.alone());
    });
}

#[test]
fn attack_05_the_tail_is_cut_off() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let heads = world.heads();
        let size = heads[dice.index(heads.len())].head.size;
        if size == world.len() {
            return;
        }
        // Who forgets the checkpoints is found at once.
        bad.entries.truncate(usize::try_from(size).unwrap());
        bad.replay();
        assert_found(&bad.alone(), Flaw::Checkpoint, size);
        bad = world.clone();
        bad.cut(size);
        if lacks_its_tombstone(&bad) {
            return;
        }
        assert_unnoticed(&bad.alone());
        assert_unnoticed(&bad.remembering(pin(SECRET)));
        assert_found(&bad.remembering(witness(world)), Flaw::Memory, size);
    });
}

#[test]
fn attack_06_an_older_copy_is_put_back() {
    attack(|plan, world, dice| {
        let at = dice.between(1, plan.events.len() as u64 - 1);
        let mut older = plan.clone();
        older.events.truncate(usize::try_from(at).unwrap());
        older.events.push((older.events.last().unwrap().0, [0; 16], Event::Checkpoint));
        let bad = older.build();
        if bad.len() == world.len() {
            return;
        }
        assert_unnoticed(&bad.alone());
        assert_unnoticed(&bad.remembering(pin(SECRET)));
        assert_found(&bad.remembering(witness(world)), Flaw::Memory, bad.len());
    });
}

#[test]
fn attack_07_all_is_rewritten_with_fresh_hashes() {
    attack(|plan, world, dice| {
        let (bad, index) = rewritten(plan, dice, SECRET);
        assert_unnoticed(&bad.alone());
        // Somebody has the key: the pin does not help, only what was seen does.
        assert_unnoticed(&bad.remembering(pin(SECRET)));
        let verdict = bad.remembering(witness(world));
        assert_found_within(&verdict, Flaw::Memory, world.vouched_before(index), index);
    });
}

#[test]
fn attack_08_two_readers_are_shown_two_ledgers() {
    attack(|plan, world, dice| {
        let (other, index) = rewritten(plan, dice, SECRET);
        assert_unnoticed(&world.alone());
        assert_unnoticed(&other.alone());
        assert_unnoticed(&other.remembering(pin(SECRET)));
        // Each reader's memory shows the other one's ledger to be another.
        let first = world.vouched_before(index);
        assert_found_within(&other.remembering(witness(world)), Flaw::Memory, first, index);
        assert_found_within(&world.remembering(witness(&other)), Flaw::Memory, first, index);
    });
}

#[test]
fn attack_09_an_entry_is_replayed() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let index = dice.index(bad.entries.len());
        let at = dice.between(index as u64 + 1, bad.len() + 1);
        bad.entries.insert(usize::try_from(at).unwrap(), world.entries[index].clone());
        assert_found(&bad.alone(), Flaw::Displaced, at);
    });
}

#[test]
fn attack_10_an_attachment_is_swapped_under_its_name() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let kept = world.kept();
        let attached: Vec<(u64, String)> = kept
            .into_iter()
            .filter_map(|index| {
                let detail = Entry::read(world.at(index)).unwrap().detail().unwrap()?;
                Some((index, detail.attachments.first()?.name.to_owned()))
            })
            .collect();
        if attached.is_empty() {
            return;
        }
        let (index, name) = &attached[dice.index(attached.len())];
        let file = bad.files.get_mut(name).unwrap();
        let at = dice.index(file.len());
        file[at] ^= 1;
        assert_found(&bad.alone(), Flaw::Outside, *index);
        bad.files.remove(name);
        assert_found(&bad.alone(), Flaw::Outside, *index);
    });
}

#[test]
fn attack_11_the_signature_of_a_checkpoint_is_stripped_or_swapped() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let n = dice.index(bad.checkpoints.len());
        let other = dice.index(bad.checkpoints.len());
        let checkpoint = &world.heads()[n];
        let text = world.checkpoints[n].split_once("\n\n").unwrap().0.to_owned();
        let signature_of = |note: &str| note.split_once("\n\n").unwrap().1.to_owned();
        let stranger = wardlight_ledger::Signer::from_seed(&[0xee; 32]);
        let foreign = Checkpoint::sign(SITE, checkpoint.head, checkpoint.time.unwrap(), &stranger);
        let first = if n == 0 { 0 } else { world.heads()[n - 1].head.size };
        let mut swapped = vec![format!("{text}\n"), format!("{text}\n\n"), foreign.to_string()];
        if other != n {
            swapped.push(format!("{text}\n\n{}", signature_of(&world.checkpoints[other])));
        }
        for note in swapped {
            bad.checkpoints[n] = note;
            assert_found(&bad.alone(), Flaw::Checkpoint, first);
        }
        bad.checkpoints.clear();
        assert_found(&bad.alone(), Flaw::Checkpoint, 0);
    });
}

#[test]
fn attack_12_the_key_is_substituted() {
    attack(|plan, world, _| {
        let bad = Plan { secret: 7, ..plan.clone() }.build();
        assert_unnoticed(&bad.alone());
        assert_found(&bad.remembering(pin(SECRET)), Flaw::Key, 0);
        assert_found(&bad.remembering(witness(world)), Flaw::Memory, 0);
        // Only the checkpoints signed anew: the ledger itself names its key.
        let stranger = wardlight_ledger::Signer::from_seed(&[7; 32]);
        let resign =
            |checkpoint: Checkpoint| Checkpoint::sign(SITE, checkpoint.head, checkpoint.time.unwrap(), &stranger);
        let bad =
            World { checkpoints: world.heads().into_iter().map(|c| resign(c).to_string()).collect(), ..world.clone() };
        assert_found(&bad.alone(), Flaw::Checkpoint, 0);
    });
}

#[test]
fn attack_12_a_key_is_put_in_that_the_one_before_did_not_sign() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let rotations: Vec<u64> = (1..bad.len()).filter(|index| bad.header(*index).kind == Kind::Key).collect();
        if rotations.is_empty() {
            return;
        }
        let index = rotations[dice.index(rotations.len())];
        let stranger = forge::key_by_stranger(&bad, index);
        forge(&mut bad, index, &stranger);
        let verdict = bad.alone();
        assert!(verdict.faults.iter().any(|fault| fault.flaw == Flaw::Key && fault.first == index), "{verdict}");
        assert!(verdict.first_bad().unwrap() <= index);
    });
}

#[test]
fn attack_13_entries_of_another_site_are_spliced_in() {
    let other = Plan::roll(99, OTHER_SITE, SECRET).build();
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let index = dice.index(bad.entries.len());
        let spliced = other.entries[index.min(other.entries.len() - 1)].clone();
        if dice.one_in(2) {
            bad.entries[index] = spliced;
        } else {
            bad.entries.insert(index, spliced);
        }
        assert_found(&bad.alone(), Flaw::Foreign, index as u64);
    });
    let whole = World { site: SITE, ..other };
    assert_found(&whole.alone(), Flaw::Foreign, 0);
}

#[test]
fn attack_14_ledger_and_checkpoints_are_deleted() {
    attack(|_, world, _| {
        let mut bad = world.clone();
        bad.cut(0);
        assert_unnoticed(&bad.alone());
        assert!(bad.alone().unknown.contains(&Unknown::Empty));
        assert_found(&bad.remembering(witness(world)), Flaw::Memory, 0);
        assert_found(&bad.remembering(pin(SECRET)), Flaw::Key, 0);
    });
}

#[test]
fn attack_15_details_vanish_without_a_tombstone_that_names_them() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let kept = bad.kept();
        let index = kept[dice.index(kept.len())];
        let entry = Entry::read(world.at(index)).unwrap();
        let stripped = match dice.between(0, 3) {
            0 => entry.withheld(),
            1 => entry.purged(dice.between(0, world.len() + 9)),
            _ => entry.purged((0..world.len()).rfind(|index| world.header(*index).kind == Kind::Purge).unwrap_or(0)),
        };
        bad.entries[usize::try_from(index).unwrap()] = stripped;
        bad.replay();
        assert_found(&bad.alone(), Flaw::Purge, index);
    });
}

#[test]
fn attack_15_an_insider_purges_too_early() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let recent = recent(&bad);
        let first = recent[dice.index(recent.len())];
        let last = recent
            .iter()
            .copied()
            .filter(|index| *index >= first)
            .take(4)
            .zip(first..)
            .last()
            .map_or(first, |(a, _)| a);
        if (first..=last).any(|index| !recent.contains(&index)) {
            return;
        }
        // The tombstone may say what it likes: the headers say when the entries were made.
        let due = bad.now.plus(-i64::try_from(dice.between(0, 1_000_000_000)).unwrap());
        insiders_purge(&mut bad, Tombstone { first, last, due, rule: "six years".to_owned() });
        assert_found(&bad.alone(), Flaw::Purge, first);
    });
}

#[test]
fn attack_15_an_insider_sets_the_clock_forward_to_purge() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let recent = recent(&bad);
        let first = recent[dice.index(recent.len())];
        let due = Retention::default().due(&bad.header(first)).unwrap();
        let now = std::mem::replace(&mut bad.now, due.plus(1));
        insiders_purge(&mut bad, Tombstone { first, last: first, due, rule: "six years".to_owned() });
        bad.now = now;
        assert_found(&bad.alone(), Flaw::Purge, first);
    });
}

#[test]
fn attack_15_somebody_without_the_key_purges() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        let far = bad.now.plus(7 * 366 * 86_400 * 1_000_000);
        bad.now = far;
        let recent: Vec<u64> = bad.kept().into_iter().filter(|index| is_purgeable(&bad, *index)).collect();
        let first = recent[dice.index(recent.len())];
        let due = Retention::default().due(&bad.header(first)).unwrap();
        insiders_purge(&mut bad, Tombstone { first, last: first, due, rule: "six years".to_owned() });
        assert!(bad.alone().is_sound(), "with the key it is a purge as any other: {}", bad.alone());
        bad.checkpoints.pop();
        assert_found(&bad.alone(), Flaw::Purge, first);
    });
}

#[test]
fn attack_15_a_key_is_purged() {
    attack(|_, world, _| {
        let mut bad = world.clone();
        bad.now = bad.now.plus(20 * 366 * 86_400 * 1_000_000);
        let due = bad.now;
        insiders_purge(&mut bad, Tombstone { first: 0, last: 0, due, rule: "six years".to_owned() });
        assert_found(&bad.alone(), Flaw::Purge, 0);
    });
}

#[test]
fn attack_16_a_row_of_the_database_is_changed_behind_the_ledger() {
    attack(|_, world, dice| {
        let mut bad = world.clone();
        if bad.rows.is_empty() {
            return;
        }
        let key = bad.rows.keys().nth(dice.index(bad.rows.len())).unwrap().clone();
        let index = last_writer(world, &key);
        bad.rows.insert(key.clone(), Hash::of(b"changed"));
        assert_found(&bad.alone(), Flaw::Outside, index);
        bad.rows.remove(&key);
        assert_found(&bad.alone(), Flaw::Outside, index);
        bad = world.clone();
        bad.rows.insert("policy/of nobody".to_owned(), Hash::of(b"new"));
        assert_found(&bad.alone(), Flaw::Outside, world.len());
    });
}

/// The ledger with one thing having happened otherwise, and the first entry that differs. Signed with the same key.
fn rewritten(plan: &Plan, dice: &mut Dice, secret: u8) -> (World, u64) {
    let mut other = Plan { secret, ..plan.clone() };
    let world = plan.build();
    loop {
        let at = dice.index(other.events.len());
        if let Event::Entry { subject, .. } = &mut other.events[at].2 {
            subject.push_str(" of another");
            let rewritten = other.build();
            let seal = |world: &World, index| Entry::read(world.at(index)).unwrap().seal;
            let index = (0..world.len()).find(|index| seal(&world, *index) != seal(&rewritten, *index));
            return (rewritten, index.unwrap());
        }
    }
}

/// Whether details are gone by a tombstone that was cut off with the tail: then the cut shows, whatever the memory.
fn lacks_its_tombstone(world: &World) -> bool {
    world.entries.iter().any(|stored| match Entry::read(stored).unwrap().content {
        Content::Purged(tombstone) => tombstone >= world.len(),
        _ => false,
    })
}

fn is_purgeable(world: &World, index: u64) -> bool {
    !matches!(world.header(index).kind, Kind::Key | Kind::Purge)
}

/// Entries that are not due for a long time.
fn recent(world: &World) -> Vec<u64> {
    let is_recent = |index: &u64| {
        is_purgeable(world, *index)
            && Retention::default().due(&world.header(*index)).unwrap() > world.now.plus(86_400_000_000)
    };
    world.kept().into_iter().filter(is_recent).collect()
}

/// An insider with the key takes details away and writes the tombstone as it pleases.
fn insiders_purge(world: &mut World, stone: Tombstone) {
    let (first, last, now) = (stone.first, stone.last, world.now);
    world.purge(first, last);
    let by = Detail { actor: "user/4", ..Detail::default() };
    let mut log: Log = world.log.clone();
    world.entries.push(log.purge(&stone, &by, now).unwrap().stored);
    world.log = log;
    world.take(now, [0; 16], &Event::Checkpoint);
}

fn last_writer(world: &World, key: &str) -> u64 {
    let writes = |index: &u64| {
        let detail = Entry::read(world.at(*index)).unwrap().detail().unwrap();
        detail.is_some_and(|detail| detail.rows.iter().any(|row| row.key == key))
    };
    (0..world.len()).rfind(writes).unwrap()
}

#[test]
fn a_clock_that_runs_backward_is_noted_and_no_fault() {
    let mut plan = Plan::roll(3, SITE, SECRET);
    plan.events.retain(|(.., event)| !matches!(event, Event::Purge));
    plan.events[9].0 = Time::from_seconds(1_000_000_000);
    let verdict = plan.build().alone();
    assert!(verdict.is_sound(), "{verdict}");
    assert!(verdict.backward.is_some_and(|(_, times)| times == 1), "{verdict}");
}
