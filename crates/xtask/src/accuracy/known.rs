//! How much of the network is known, before and after the records; and what is there that no record lists.
//!
//! In the words of the field: a device is unknown when it has no type at confidence 0.9 or more and no confirmed record,
//! or when nobody answers for it. Before anybody listens on the network, what no list of the hospital has is unknown.

use super::Case;
use super::goal::{Goals, percent, share};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use wardlight_inventory::resolve::{Asset, Resolution, SourceKind};
use wardlight_lab::hospital::Truth;
use wardlight_model::Id;

/// Compares what is known by the network alone, and with the records.
pub fn judge(out: &mut String, case: &Case<'_>, [alone, all]: [&Resolution; 2], goals: &mut Goals) {
    let numbers: BTreeMap<Id, usize> = case.met.iter().filter_map(|met| Some((met.id, *met.is.first()?))).collect();
    let view = View { case, numbers };
    let _ = writeln!(out, "unknown devices");
    let before = view.before(out, all);
    for (name, resolution) in [("by the network alone", alone), ("with the records", all)] {
        let tally = resolution.tally();
        let (unknown, networked) = (tally.unknown, tally.networked);
        let untyped = resolution.assets.iter().filter(|asset| asset.is_networked() && !is_typed(asset)).count();
        let _ = writeln!(
            out,
            "  {name:<22} {unknown} of {networked} ({}); without a sure type {untyped}, without an owner {}, confirmed {}",
            percent(unknown, networked),
            tally.ownerless,
            tally.confirmed
        );
    }
    view.by_type(out, all);
    view.unlisted(out, all, goals);
    let tally = all.tally();
    goals.at_least("unknown to the maintenance system, before: of all", before, 0.2);
    goals.at_most("unknown with the records, of all", share(tally.unknown, tally.networked), 0.03);
}

fn is_typed(asset: &Asset) -> bool {
    asset.kind.as_ref().is_some_and(|kind| kind.confidence >= 0.9)
}

struct View<'a> {
    case: &'a Case<'a>,
    /// The true device of each device of the network.
    numbers: BTreeMap<Id, usize>,
}

impl View<'_> {
    /// The true device that an asset of the network is.
    fn truth(&self, asset: &Asset) -> Option<&Truth> {
        let number = asset.members.iter().find_map(|member| self.numbers.get(&member.id))?;
        self.case.roll.truth.get(number)
    }

    /// The share of the network's devices that are on no list in truth, however well the lists are read.
    fn before(&self, out: &mut String, resolution: &Resolution) -> f64 {
        let found: Vec<_> = resolution.assets.iter().filter(|asset| asset.is_networked()).collect();
        let lacks = |list: fn(&Truth) -> bool| found.iter().filter(|asset| self.truth(asset).is_none_or(list)).count();
        let maintained = lacks(|truth| truth.cmms.is_empty());
        let listed = lacks(|truth| truth.cmms.is_empty() && truth.procurement.is_empty() && truth.directory.is_empty());
        let _ = writeln!(
            out,
            "  {:<22} {listed} of {} ({}) on no list; {maintained} ({}) not in the maintenance system",
            "before, by the lists",
            found.len(),
            percent(listed, found.len()),
            percent(maintained, found.len()),
        );
        share(maintained, found.len())
    }

    fn by_type(&self, out: &mut String, resolution: &Resolution) {
        let mut rows: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for asset in resolution.assets.iter().filter(|asset| asset.is_networked()) {
            let kind = self.truth(asset).map_or("none of the hospital's", |truth| truth.kind.as_str());
            let row = rows.entry(kind).or_default();
            row.0 += usize::from(!asset.is_known());
            row.1 += 1;
        }
        let mut rows: Vec<_> = rows.into_iter().filter(|(_, (unknown, _))| *unknown > 0).collect();
        rows.sort_by_key(|(kind, (unknown, _))| (std::cmp::Reverse(*unknown), *kind));
        for (kind, (unknown, all)) in rows {
            let _ = writeln!(out, "    {kind:<32} {unknown:6} of {all:6} ({})", percent(unknown, all));
        }
    }

    /// Devices of the network that the maintenance system does not list.
    fn unlisted(&self, out: &mut String, resolution: &Resolution, goals: &mut Goals) {
        let is_unlisted = |asset: &&Asset| !asset.members.iter().any(|member| member.kind == SourceKind::Cmms);
        let found = resolution.assets.iter().filter(|asset| asset.is_networked());
        let listed: Vec<&Asset> = found.clone().filter(is_unlisted).collect();
        let is_so = |asset: &&&Asset| self.truth(asset).is_none_or(|truth| truth.cmms.is_empty());
        let right = listed.iter().filter(is_so).count();
        let all = found.filter(|asset| is_so(&asset)).count();
        let nowhere =
            listed.iter().filter(|asset| asset.members.iter().all(|member| self.numbers.contains_key(&member.id)));
        let _ = writeln!(
            out,
            "found, and not in the maintenance system: {} devices, {} in no record at all; truly so {right} ({}), of {all} there \
             are ({})",
            listed.len(),
            nowhere.count(),
            percent(right, listed.len()),
            percent(right, all),
        );
        goals.at_least("found and listed by nobody: said, of all that are so", share(right, all), 0.98);
    }
}
