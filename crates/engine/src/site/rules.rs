//! Rules of the house: what devices are that show what one did of which somebody said what it is.

use super::Refusal;
use std::collections::BTreeMap;
use wardlight_inventory::Identified;
use wardlight_model::change::Change;
use wardlight_model::journal::{Command, Decision};
use wardlight_model::{Attribute, Claim, Evidence, Fact, Feature, Field, HouseRule, Id, KeptRule};

/// Most rules, and most features of one.
const MOST: [usize; 2] = [2_000, 64];
/// Most bytes of an answer.
const LONGEST: usize = 200;
/// How sure a rule is: surer than a guess by its looks, less than what a device says of itself.
const SURE: f64 = 0.9;

/// The rules, by the decision's id, and those that ask for a feature.
#[derive(Debug, Default, Clone)]
pub(super) struct HouseRules {
    all: BTreeMap<Id, KeptRule>,
    /// By the first feature of each.
    first: BTreeMap<Feature, Vec<Id>>,
}

impl HouseRules {
    pub(super) fn held(all: BTreeMap<Id, KeptRule>) -> Self {
        let mut rules = Self { all, first: BTreeMap::new() };
        rules.arrange();
        rules
    }

    fn arrange(&mut self) {
        self.first.clear();
        for (id, kept) in &self.all {
            if let Some(feature) = kept.rule.shows.first() {
                self.first.entry(feature.clone()).or_default().push(*id);
            }
        }
    }

    /// Carries `decision` out, whose id is `id`; nothing when it is not about rules. A rule that asks for the same and
    /// answers the same question takes the place of the earlier. Errors: it makes no sense.
    pub(super) fn apply(&mut self, id: Id, decision: &Decision) -> Result<Vec<Change>, Refusal> {
        let changes = match &decision.command {
            Command::PutRule(rule) => {
                let rule = checked(rule.clone())?;
                let is_earlier =
                    |kept: &KeptRule| (&kept.rule.shows, kept.rule.attribute) == (&rule.shows, rule.attribute);
                let earlier: Vec<Id> =
                    self.all.iter().filter(|(_, kept)| is_earlier(kept)).map(|(id, _)| *id).collect();
                if earlier.is_empty() && self.all.len() >= MOST[0] {
                    return Err(Refusal::Senseless("there are 2000 rules of the house already; take back some"));
                }
                earlier.iter().for_each(|id| drop(self.all.remove(id)));
                let kept = KeptRule { rule, by: decision.by.clone(), at: decision.at };
                self.all.insert(id, kept.clone());
                earlier.into_iter().map(Change::RuledGone).chain([Change::Ruled(id, kept)]).collect()
            }
            Command::RemoveRule(earlier) => {
                self.all.remove(earlier).ok_or(Refusal::Senseless("there is no such rule"))?;
                vec![Change::RuledGone(*earlier)]
            }
            _ => return Ok(Vec::new()),
        };
        self.arrange();
        Ok(changes)
    }

    /// Adds to a device what the rules conclude that its `features`, lowest first, meet.
    pub(super) fn put(&self, one: &mut Identified<'_>, features: &[Feature]) {
        let asked = features.iter().filter_map(|feature| self.first.get(feature)).flatten();
        for (id, kept) in asked.filter_map(|id| Some((id, self.all.get(id)?))) {
            if kept.rule.shows.iter().all(|feature| features.binary_search(feature).is_ok()) {
                let claim = claim(*id, kept, &one.facts);
                let at = one.device.claims.iter().position(|other| other.attribute >= claim.attribute);
                one.device.claims.insert(at.unwrap_or(one.device.claims.len()), claim);
            }
        }
    }
}

/// The rule in its lasting form. Errors: it makes no sense.
fn checked(mut rule: HouseRule) -> Result<HouseRule, Refusal> {
    let value = rule.value.trim();
    if value.is_empty() || value.len() > LONGEST || value.chars().any(char::is_control) {
        return Err(Refusal::Senseless("what a rule concludes is one line of at most 200 bytes"));
    }
    if !matches!(rule.attribute, Attribute::Type | Attribute::Maker | Attribute::Model) {
        return Err(Refusal::Senseless("a rule says type, maker or model; the rest differs from device to device"));
    }
    rule.shows.sort_unstable();
    rule.shows.dedup();
    if rule.shows.is_empty() || rule.shows.len() > MOST[1] {
        return Err(Refusal::Senseless("a rule asks for one to 64 features"));
    }
    rule.value = value.to_owned();
    Ok(rule)
}

/// What a rule concludes, with the facts that meet it.
fn claim(id: Id, kept: &KeptRule, facts: &[&Fact]) -> Claim {
    let meets = |fact: &&&Fact| {
        kept.rule.shows.iter().any(|feature| feature.field == fact.field && feature.value == fact.value)
    };
    let evidence = facts.iter().filter(meets).map(|fact| Evidence {
        field: fact.field,
        value: fact.value.clone(),
        protocol: fact.protocol,
        place: fact.place,
        time: fact.first,
    });
    Claim {
        attribute: kept.rule.attribute,
        value: kept.rule.value.clone(),
        confidence: SURE,
        rule: format!("rule of the house {id}, by {}", kept.by),
        evidence: evidence.filter(|one| one.field != Field::HardwareAddress).collect(),
    }
}
