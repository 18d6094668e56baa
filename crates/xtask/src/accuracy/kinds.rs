//! What kind of device each was taken for, by what it speaks alone: models that fingerprints may be written for, and
//! models held out.

use super::Case;
use super::goal::{Goals, percent, share};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use wardlight_inventory::Knowledge;
use wardlight_lab::hospital::Truth;
use wardlight_model::{Attribute, Claim, Device};

/// A type that is at least this sure is said.
const SURE: f64 = 0.9;

/// What became of the devices of one type.
#[derive(Default, Clone, Copy)]
struct Row {
    devices: usize,
    /// Taken for something at [`SURE`].
    said: usize,
    /// Taken for what they are, or for something wider.
    right: usize,
    /// Taken for exactly what they are.
    exact: usize,
    /// The wider and wrong answers weigh nothing here: at any confidence the best answer was right.
    guessed: usize,
}

/// The lab's kind of device in the words of our vocabulary.
fn word(truth: &str) -> &str {
    match truth {
        "uninterruptible power supply" => "ups",
        other => other,
    }
}

/// What a device was taken for: the surest claim that says more than what it runs on.
pub fn taken<'d>(device: &'d Device, truth: &str, knowledge: &Knowledge) -> Option<&'d Claim> {
    let is_platform = knowledge.types.is_platform(word(truth));
    let own = device.claims.iter().filter(|claim| claim.attribute == Attribute::Type);
    let fit = own.filter(|claim| is_platform || !knowledge.types.is_platform(&claim.value));
    fit.max_by(|a, b| a.confidence.total_cmp(&b.confidence))
}

/// Whether `said` is `truth`, or something wider that it is a kind of.
pub fn is_right(said: &str, truth: &str, knowledge: &Knowledge) -> bool {
    said == word(truth) || knowledge.types.is_kind_of(word(truth), said)
}

/// Compares what the devices were taken for with what they are.
pub fn judge(out: &mut String, case: &Case<'_>, knowledge: &Knowledge, goals: &mut Goals, show: usize) {
    examples(out, case, knowledge, show.min(1));
    for (held_out, name, least) in [(false, "seen", 0.8), (true, "held-out", 0.4)] {
        let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
        for (device, truth) in devices(case).filter(|(_, truth)| truth.held_out == held_out) {
            rows.entry(&truth.kind).or_default().count(device, truth, knowledge);
        }
        let all = rows.values().fold(Row::default(), |sum, row| sum.with(row));
        let _ = writeln!(out, "types of {name} models, worst first\n  {:<32}{}", "type", Row::HEAD);
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_by(|(_, a), (_, b)| a.rank().total_cmp(&b.rank()));
        for (kind, row) in rows.iter().chain([&("all", all)]) {
            let _ = writeln!(out, "  {kind:<32}{}", row.text());
        }
        goals.at_least(format!("{name} models: right, of those said"), share(all.right, all.said), 0.97);
        goals.at_least(format!("{name} models: said, of all"), share(all.said, all.devices), least);
    }
}

/// For the first `show` devices of each model that was not recognised: what it was taken for, by what, and what it said.
fn examples(out: &mut String, case: &Case<'_>, knowledge: &Knowledge, show: usize) {
    let mut shown: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for met in &case.met {
        let Some(truth) = met.is.first().and_then(|number| case.roll.truth.get(number)) else { continue };
        let claim = taken(&met.found.device, &truth.kind, knowledge);
        if claim.is_some_and(|claim| claim.confidence >= SURE && is_right(&claim.value, &truth.kind, knowledge)) {
            continue;
        }
        let count = shown.entry((&truth.kind, &truth.model)).or_default();
        *count += 1;
        if *count <= show {
            let kinds = met.found.device.claims.iter().filter(|claim| claim.attribute == Attribute::Type);
            let kinds: Vec<String> =
                kinds.map(|claim| format!("{} {:.2} ({})", claim.value, claim.confidence, claim.rule)).collect();
            let facts = met.found.facts.iter().map(|fact| format!("{}={}", fact.field.name(), fact.value));
            let facts: std::collections::BTreeSet<String> = facts.collect();
            let _ = writeln!(
                out,
                "  {} {} ({}), {}: {}\n      {}",
                truth.maker,
                truth.model,
                truth.kind,
                met.found.device.id,
                kinds.join(", "),
                facts.into_iter().collect::<Vec<_>>().join("; ")
            );
        }
    }
}

/// Each device that is one of the hospital's, once for each time it was found.
fn devices<'a>(case: &'a Case<'_>) -> impl Iterator<Item = (&'a Device, &'a Truth)> {
    case.met.iter().filter_map(|met| Some((&met.found.device, case.roll.truth.get(met.is.first()?)?)))
}

impl Row {
    const HEAD: &'static str = "devices    said   right   exact  right at any confidence";

    fn count(&mut self, device: &Device, truth: &Truth, knowledge: &Knowledge) {
        self.devices += 1;
        let Some(claim) = taken(device, &truth.kind, knowledge) else { return };
        let is_right = is_right(&claim.value, &truth.kind, knowledge);
        self.guessed += usize::from(is_right);
        if claim.confidence >= SURE {
            self.said += 1;
            self.right += usize::from(is_right);
            self.exact += usize::from(claim.value == word(&truth.kind));
        }
    }

    fn with(self, other: &Self) -> Self {
        Self {
            devices: self.devices + other.devices,
            said: self.said + other.said,
            right: self.right + other.right,
            exact: self.exact + other.exact,
            guessed: self.guessed + other.guessed,
        }
    }

    /// Wrong ones weigh more than silent ones.
    fn rank(&self) -> f64 {
        share(self.said, self.devices) - 2.0 * (share(self.said, self.devices) - share(self.right, self.devices))
    }

    fn text(&self) -> String {
        let Self { devices, said, right, exact, guessed } = *self;
        let (said, right, exact) = (percent(said, devices), percent(right, said), percent(exact, said));
        format!("{devices:7} {said:>7} {right:>7} {exact:>7}  {:>7}", percent(guessed, devices))
    }
}
