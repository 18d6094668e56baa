//! How right it is: a synthetic hospital is watched and its exports are read; what comes out is compared with the truth.
//!
//! In: a seed and a size. Out: figures beside their goals, and an error when a goal is missed. Frames go through the
//! dissectors, documents through the importers, and both through identification and resolution, as in the program; the
//! truth is looked at only afterwards.

mod clock;
mod exports;
mod goal;
mod kinds;
mod known;
mod order;
mod pairs;
mod print;
mod roll;
mod sight;

#[cfg(test)]
mod tests;

use crate::{shell, test};
use anyhow::{Context as _, Result, ensure};
use clock::Clock;
use exports::Book;
use goal::Goals;
use roll::Roll;
use sight::{Met, Sight};
use std::path::Path;
use std::process::Command;
use wardlight_inventory::Knowledge;
use wardlight_inventory::resolve::{self, Input, Networked, OwnerRule, Resolution, Role, Rules, Source};
use wardlight_lab::hospital::{Headings, Hospital, Size};
use wardlight_model::{Id, Scope, Time};

/// The installation's site: part of the ids of records.
const SITE: Id = Id([7; 16]);

/// What to compare.
#[derive(clap::Args, Debug, Clone)]
pub struct Plan {
    /// Where chance begins.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// `found-more`: 22,000 devices of which 15,000 are in the maintenance system; `small`: some hundred; or a number.
    #[arg(long, default_value = "found-more")]
    pub size: String,
    /// Hours of the day that are watched, from eight in the morning.
    #[arg(long, default_value_t = 4)]
    pub hours: u32,
    /// In how many orders of everything the same is done again.
    #[arg(long, default_value_t = 0)]
    pub orders: u64,
    /// Rows that are shown of each sort of mistake.
    #[arg(long, default_value_t = 0)]
    pub show: usize,
}

/// Carries `plan` out. Errors: a goal is missed.
pub fn run(root: &Path, plan: &Plan) -> Result<()> {
    if cfg!(debug_assertions) && plan.size != "small" {
        return in_release(root, plan);
    }
    let mut out = String::new();
    let goals = compare(plan, &mut out);
    println!("{out}");
    let goals = goals?;
    println!("{}", goals.table());
    ensure!(goals.missed() == 0, "{} goals are missed", goals.missed());
    Ok(())
}

/// The same by a program that was built as it is given out: the unoptimised one would take an hour.
fn in_release(root: &Path, plan: &Plan) -> Result<()> {
    let mut build = Command::new(shell::cargo());
    shell::run(build.args(["build", "--quiet", "--release", "-p", "wardlight-xtask"]).current_dir(root))
        .context("cannot build")?;
    let mut again = Command::new(test::target(root)?.join("release/xtask"));
    again.arg("accuracy").args(["--size", &plan.size]);
    for (name, number) in [("--seed", plan.seed), ("--hours", plan.hours.into()), ("--orders", plan.orders)] {
        again.args([name, &number.to_string()]);
    }
    again.args(["--show", &plan.show.to_string()]);
    shell::run(&mut again)
}

fn size(word: &str) -> Result<Size> {
    match word {
        "found-more" => Ok(Size::found_more_than_thought()),
        "small" => Ok(Size { in_cmms: Some(270), ..Size::devices(400) }),
        number => number
            .parse()
            .map(Size::devices)
            .with_context(|| format!("--size {number}: neither `found-more` nor `small` nor a number of devices")),
    }
}

/// What was made of a hospital, and what is true.
struct Case<'a> {
    met: Vec<Met<'a>>,
    books: &'a [Book],
    roll: &'a Roll,
    owners: Vec<OwnerRule>,
    now: Time,
}

/// Does all of it; what it finds is written to `out`.
fn compare(plan: &Plan, out: &mut String) -> Result<Goals> {
    let (knowledge, rules) = shipped()?;
    let mut clock = Clock::default();
    let mut goals = Goals::default();
    let hospital = clock.time("plan the hospital", || Ok(Hospital::plan(plan.seed, size(&plan.size)?)))?;
    let exports = clock.time("write the exports", || Ok(hospital.records(Headings::Nuvolo)))?;
    let window = sight::window(plan.hours);
    let roll = Roll::of(hospital.truth(&exports), window);
    if cfg!(not(debug_assertions)) {
        goals.at_least("lab: Gbit/s of capture on one core", sight::speed(&hospital), 1.0);
    }
    let sight = clock.time("make and dissect the capture", || Sight::of(&hospital, window))?;
    let met = clock.time("identify", || Ok(sight.met(&knowledge, &roll)))?;
    let books = clock.time("import the exports", || exports::read(&exports, &roll, window.1))?;
    let case = Case { met, books: &books, roll: &roll, owners: owner_rules(), now: window.1 };
    let alone = case.resolve(&[], &rules, &knowledge);
    let resolution = clock.time("resolve", || Ok(case.resolve(&books, &rules, &knowledge)))?;
    if cfg!(not(debug_assertions)) {
        let seconds = clock.seconds(&["import the exports", "resolve"]);
        goals.at_most("import and resolution, seconds", seconds, 30.0);
    }
    print::beginning(out, plan, &sight, &case);
    sight::judge(out, &case, &mut goals, plan.show);
    kinds::judge(out, &case, &knowledge, &mut goals, plan.show);
    known::judge(out, &case, [&alone, &resolution], &mut goals);
    pairs::judge(out, &case, &resolution, &mut goals, plan.show);
    if plan.orders > 0 {
        let same = clock.time("other orders", || Ok(order::agree(plan.orders, &case, &sight, &resolution)))?;
        goals.at_least("orders that give the same bytes, of all", same, 1.0);
    }
    print::times(out, &clock);
    Ok(goals)
}

fn shipped() -> Result<(Knowledge, Rules)> {
    let wrong = |error: wardlight_inventory::LoadError| anyhow::anyhow!("{error}");
    Ok((Knowledge::shipped().map_err(wrong)?, Rules::shipped().map_err(wrong)?))
}

/// Who answers for what, by kinds of device; nobody for what is of no known kind.
fn owner_rules() -> Vec<OwnerRule> {
    const CLINICAL: [&str; 4] = ["medical device", "clinical server", "nurse call system", "home health device"];
    const BUILDING: [&str; 8] = [
        "building controller",
        "access control",
        "ups",
        "power distribution unit",
        "plc",
        "operator panel",
        "energy meter",
        "smart home device",
    ];
    const OFFICE: [&str; 17] = [
        "computer",
        "mobile device",
        "telephone",
        "printer",
        "print server",
        "scanner",
        "network device",
        "ip camera",
        "video recorder",
        "video encoder",
        "video conferencing",
        "media player",
        "management controller",
        "kvm switch",
        "tape library",
        "e-reader",
        "location gateway",
    ];
    let rules = |owner: &'static str, kinds: &'static [&'static str]| {
        kinds.iter().map(move |kind| OwnerRule {
            role: Role::Technical,
            owner: owner.to_owned(),
            r#type: Some((*kind).to_owned()),
            department: None,
            scope: None,
            source: None,
        })
    };
    // Whoever keeps a list answers for what is on it, unless its type is another's.
    const LISTS: [(&str, &str); 3] = [
        ("maintenance", "Clinical engineering"),
        ("directory", "Information technology"),
        ("purchasing", "Purchasing"),
    ];
    let lists = LISTS.into_iter().map(|(source, owner)| OwnerRule {
        role: Role::Technical,
        owner: owner.to_owned(),
        r#type: None,
        department: None,
        scope: None,
        source: Some(source.to_owned()),
    });
    let all = rules("Clinical engineering", &CLINICAL).chain(rules("Facilities", &BUILDING));
    all.chain(rules("Information technology", &OFFICE)).chain(lists).collect()
}

impl Case<'_> {
    /// What resolution makes of the devices and `books`.
    fn resolve(&self, books: &[Book], rules: &Rules, knowledge: &Knowledge) -> Resolution {
        resolve_all(&self.met, books, &self.owners, self.now, (rules, knowledge))
    }
}

fn resolve_all(
    met: &[Met<'_>],
    books: &[Book],
    owners: &[OwnerRule],
    now: Time,
    (rules, knowledge): (&Rules, &Knowledge),
) -> Resolution {
    let devices: Vec<Networked<'_>> = met.iter().map(Met::networked).collect();
    let sources: Vec<Source<'_>> = books.iter().map(|book| book.source(now)).collect();
    let input = Input { site: SITE, devices: &devices, sources: &sources, decisions: &[], owners, now };
    resolve::resolve(&input, rules, knowledge)
}

/// The routing domain that the lab calls `scope`.
fn scope(place: usize) -> Scope {
    Scope(u32::try_from(place).unwrap_or(u32::MAX))
}

/// The true group of rows about device `number`.
fn group(number: usize) -> Id {
    resolve::record_id(SITE, "truth", &number.to_string())
}
