//! Which rows were put together, against which belong together.
//!
//! Recall is given over two sets of pairs: all rows of one device; and those that one could know to be one device because
//! some value that tells devices apart stands in both, directly or by a third row of the same device.

use super::exports::Book;
use super::goal::{Goals, percent};
use super::sight::Met;
use super::{Case, SITE};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use wardlight_inventory::resolve::{Asset, By, Quality, Question, Resolution, measure, record_id};
use wardlight_model::{AssetField, AssetRecord, Field, Id, KeyKind, bare};

/// One row with what the judge knows of it.
struct Judged {
    source: &'static str,
    truth: Id,
    /// Values that tell devices apart, each in one form.
    marks: BTreeSet<String>,
    /// Host names, in which other values may stand.
    names: Vec<String>,
    shown: String,
}

/// Compares what was put together with what belongs together.
pub fn judge(out: &mut String, case: &Case<'_>, resolution: &Resolution, goals: &mut Goals, show: usize) {
    let rows = rows(case);
    let truth: BTreeMap<Id, Id> = rows.iter().map(|(id, row)| (*id, row.truth)).collect();
    let knowable = knowable(&rows);
    let found: BTreeMap<Id, Id> = resolution.assets.iter().flat_map(of).collect();
    let (all, linked) = (measure(&found, &truth), measure(&found, &knowable));
    let _ = writeln!(
        out,
        "rows put together: {} pairs were compared, {} questions",
        resolution.compared,
        resolution.questions.len()
    );
    for (name, quality) in [("all pairs", &all), ("pairs that share a value", &linked)] {
        let _ = writeln!(out, "  over {name:<26}{}", text(quality));
    }
    between(out, &rows, &found, &knowable);
    wrong(out, &rows, resolution, show);
    lost(out, &rows, (&found, &knowable), (resolution, show));
    goals.at_least("pairs put together: right", all.precision, 0.995);
    goals.at_least("pairs of one device put together, of those that share a value", linked.recall, 0.98);
}

fn of(asset: &Asset) -> Vec<(Id, Id)> {
    asset.members.iter().map(|member| (member.id, asset.id)).collect()
}

fn text(quality: &Quality) -> String {
    format!(
        "precision {:.4} recall {:.4}; B-cubed precision {:.4} recall {:.4} F1 {:.4}; {} of {} pairs, {} put together",
        quality.precision,
        quality.recall,
        quality.b_cubed_precision,
        quality.b_cubed_recall,
        quality.b_cubed_f1,
        quality.common_pairs,
        quality.true_pairs,
        quality.found_pairs
    )
}

fn rows(case: &Case<'_>) -> BTreeMap<Id, Judged> {
    let mut rows: BTreeMap<Id, Judged> = case.met.iter().map(|met| (met.id, networked(met))).collect();
    for book in case.books {
        rows.extend(book.records.iter().map(|record| (book.id(record), listed(book, record))));
    }
    rows
}

fn networked(met: &Met<'_>) -> Judged {
    let device = &met.found.device;
    let mut row = Judged::new("network", met.truth(), device.id.clone());
    row.marks.extend(device.macs.iter().map(|mac| bare(&mac.to_string())));
    for key in &device.keys {
        match key.kind {
            KeyKind::Eui64 => drop(
                row.marks
                    .insert(bare(&(key.text.chars().take(6).chain(key.text.chars().skip(10)).collect::<String>()))),
            ),
            KeyKind::Serial => row.mark(key.text.split_once('/').map_or(&key.text, |(_, serial)| serial)),
            KeyKind::AeTitle => row.mark(&key.text),
            _ => {}
        }
    }
    for fact in &met.found.facts {
        match fact.field {
            Field::Serial | Field::AeTitle | Field::AssetTag | Field::Udi => row.mark(&fact.value),
            Field::DhcpHostname
            | Field::DnsName
            | Field::MdnsName
            | Field::NetbiosName
            | Field::NtlmComputer
            | Field::NtlmDnsName
            | Field::SnmpName
            | Field::LldpName
            | Field::CdpName => row.name(&fact.value),
            _ => {}
        }
    }
    row
}

fn listed(book: &Book, record: &AssetRecord) -> Judged {
    let truth = book.truth.get(&book.id(record)).copied().unwrap_or_default();
    let mut row = Judged::new(book.name, truth, record.key.clone());
    for (field, value) in &record.says {
        match field {
            AssetField::Serial | AssetField::Mac | AssetField::AssetTag | AssetField::AeTitle => row.mark(value),
            AssetField::Hostname => row.name(value),
            _ => {}
        }
    }
    row
}

impl Judged {
    const fn new(source: &'static str, truth: Id, shown: String) -> Self {
        Self { source, truth, marks: BTreeSet::new(), names: Vec::new(), shown }
    }

    fn mark(&mut self, value: &str) {
        let value = bare(value);
        if value.len() >= 3 {
            self.marks.insert(value);
        }
    }

    fn name(&mut self, value: &str) {
        let name = value.split('.').next().unwrap_or_default().to_lowercase();
        self.marks.insert(format!("name {name}"));
        self.names.push(bare(&name));
    }

    fn shares(&self, other: &Self) -> bool {
        let names = |one: &Self, two: &Self| {
            one.names.iter().any(|name| two.marks.iter().any(|mark| mark.len() >= 5 && name.contains(mark.as_str())))
        };
        !self.marks.is_disjoint(&other.marks) || names(self, other) || names(other, self)
    }
}

/// The true groups, taken apart where no shared value holds them together.
fn knowable(rows: &BTreeMap<Id, Judged>) -> BTreeMap<Id, Id> {
    let mut groups: BTreeMap<Id, Vec<(Id, &Judged)>> = BTreeMap::new();
    for (id, row) in rows {
        groups.entry(row.truth).or_default().push((*id, row));
    }
    let mut parts = BTreeMap::new();
    for (truth, members) in &groups {
        let mut open: Vec<&(Id, &Judged)> = members.iter().collect();
        let mut part = 0;
        while let Some(first) = open.pop() {
            let mut linked = vec![first];
            let mut at = 0;
            while let Some((_, row)) = linked.get(at) {
                let (more, rest) = open.into_iter().partition(|(_, other)| row.shares(other));
                linked.extend::<Vec<_>>(more);
                open = rest;
                at += 1;
            }
            let name = record_id(SITE, "part", &format!("{truth} {part}"));
            parts.extend(linked.iter().map(|(id, _)| (*id, name)));
            part += 1;
        }
    }
    parts
}

/// Recall by the two sources of a pair: those that share a value, those that do not.
fn between(out: &mut String, rows: &BTreeMap<Id, Judged>, found: &BTreeMap<Id, Id>, knowable: &BTreeMap<Id, Id>) {
    let mut counts: BTreeMap<(&str, &str), [usize; 4]> = BTreeMap::new();
    for ((a, x), (b, y)) in pairs(rows) {
        let key = (x.source.min(y.source), x.source.max(y.source));
        let [linked, met, unlinked, also] = counts.entry(key).or_default();
        let is_met = usize::from(found.get(&a) == found.get(&b));
        let (all, joined) = if knowable.get(&a) == knowable.get(&b) { (linked, met) } else { (unlinked, also) };
        *all += 1;
        *joined += is_met;
    }
    let _ = writeln!(out, "  {:<28}{:>26}{:>30}", "recall between", "that share a value", "that share nothing");
    for ((a, b), [linked, met, unlinked, also]) in counts {
        let _ = writeln!(
            out,
            "  {:<28}{:>26}{:>30}",
            format!("{a}, {b}"),
            format!("{met} of {linked} ({})", percent(met, linked)),
            format!("{also} of {unlinked} ({})", percent(also, unlinked)),
        );
    }
}

/// A row with its id.
type Named<'r> = (Id, &'r Judged);

/// Every pair of rows of one device.
fn pairs(rows: &BTreeMap<Id, Judged>) -> Vec<(Named<'_>, Named<'_>)> {
    let mut groups: BTreeMap<Id, Vec<Named<'_>>> = BTreeMap::new();
    for (id, row) in rows {
        groups.entry(row.truth).or_default().push((*id, row));
    }
    let mut pairs = Vec::new();
    for members in groups.values() {
        for (at, one) in members.iter().enumerate() {
            pairs.extend(members.iter().skip(at + 1).map(|other| (*one, *other)));
        }
    }
    pairs
}

/// Links that bring rows of two devices together: how many, and by what the first came to be.
fn wrong(out: &mut String, rows: &BTreeMap<Id, Judged>, resolution: &Resolution, show: usize) {
    let truth = |id: &Id| rows.get(id).map(|row| row.truth);
    let members = resolution.assets.iter().flat_map(|asset| &asset.members);
    let links = members.filter_map(|member| Some((member.id, member.link.as_ref()?)));
    let wrong: Vec<_> = links.filter(|(id, link)| truth(id) != truth(&link.to)).collect();
    let _ = writeln!(out, "  {} links between rows of two devices", wrong.len());
    for (id, link) in wrong.into_iter().take(show) {
        let By::Score(score) = &link.by else { continue };
        let reasons: Vec<String> = score.reasons.iter().map(ToString::to_string).collect();
        let shown = |id: &Id| rows.get(id).map_or("?", |row| row.shown.as_str());
        let _ = writeln!(out, "    {} with {}: {}", shown(&id), shown(&link.to), reasons.join("; "));
    }
}

/// Pairs that share a value and stayed apart: the first with what people are asked about them.
fn lost(
    out: &mut String,
    rows: &BTreeMap<Id, Judged>,
    (found, knowable): (&BTreeMap<Id, Id>, &BTreeMap<Id, Id>),
    (resolution, show): (&Resolution, usize),
) {
    let asked: BTreeMap<(Id, Id), &Question> =
        resolution.questions.iter().map(|one| ((one.a.min(one.b), one.a.max(one.b)), one)).collect();
    let apart = |a: &Id, b: &Id| found.get(a) != found.get(b);
    let all = pairs(rows);
    let lost: Vec<_> = all.iter().filter(|((a, x), (b, y))| apart(a, b) && x.shares(y)).collect();
    let open = lost.iter().filter(|((a, _), (b, _))| asked.contains_key(&(*a.min(b), *a.max(b)))).count();
    let _ =
        writeln!(out, "  {} pairs that share a value stayed apart; people are asked about {open} of them", lost.len());
    for ((a, x), (b, y)) in lost.into_iter().take(show) {
        let why = asked.get(&(*a.min(b), *a.max(b))).map_or_else(String::new, |one| format!("{:?} {one}", one.why));
        let shared: Vec<&String> = x.marks.intersection(&y.marks).collect();
        let _ = writeln!(out, "    apart: {} {} and {} {}: {shared:?} {why}", x.source, x.shown, y.source, y.shown);
    }
    let silent = all.iter().filter(|((a, _), (b, _))| knowable.get(a) != knowable.get(b)).count();
    let _ = writeln!(
        out,
        "  {silent} of {} pairs of one device share no value at all ({})",
        all.len(),
        percent(silent, all.len())
    );
}
