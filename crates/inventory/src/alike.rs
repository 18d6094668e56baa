//! Which devices are alike: clusters of those that nobody knows, and what a rule of the house would change.
//!
//! In: devices with their features and types, one by one. Out: clusters, and outcomes of a rule before it is kept. The order
//! in which devices come changes nothing. Costs follow the devices that share a feature, not all pairs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wardlight_model::{Attribute, Device, Feature, Id};

/// Below this a device's type counts as not known.
pub const SURE: f64 = 0.5;
/// Least share of what two have that both have, for them to be alike.
const LIKENESS: f64 = 0.6;
/// Features that more of the groups have than this many tell nothing apart when groups are compared.
const COMMON: usize = 400;

/// All devices by what they show.
#[derive(Debug, Default)]
pub struct Alike {
    devices: BTreeMap<Id, Shown>,
    /// Which devices show a feature. Each feature is held once: most are those of thousands of devices.
    by_feature: BTreeMap<Arc<Feature>, BTreeSet<Id>>,
    /// The clusters, until a device changes.
    clusters: Option<Arc<Vec<Cluster>>>,
}

#[derive(Debug)]
struct Shown {
    features: Vec<Arc<Feature>>,
    /// The best answer to each attribute that a rule may speak of.
    answers: [Option<(String, f64)>; 3],
}

/// What rules may speak of, as [`Shown::answers`] has it.
const ASKED: [Attribute; 3] = [Attribute::Type, Attribute::Maker, Attribute::Model];

/// Devices that nobody knows and that show nearly the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// They, lowest first.
    pub members: Vec<Id>,
    /// What all of them show, lowest first.
    pub shared: Vec<Feature>,
}

/// What a rule would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Devices without a sure answer: it would be theirs.
    pub newly: Vec<Id>,
    /// Devices of which the same is said already.
    pub same: Vec<Id>,
    /// Devices of which something else is said, and what: a conflict.
    pub otherwise: Vec<(Id, String)>,
}

impl Alike {
    /// Takes in a device as it is now.
    pub fn put(&mut self, id: Id, device: &Device, features: &[Feature]) {
        self.remove(id);
        let answer = |attribute| device.best(attribute).map(|claim| (claim.value.clone(), claim.confidence));
        let features = features.iter().map(|feature| self.held(id, feature)).collect();
        self.devices.insert(id, Shown { features, answers: ASKED.map(answer) });
    }

    /// The one copy of `feature`, from now on also that of `id`.
    fn held(&mut self, id: Id, feature: &Feature) -> Arc<Feature> {
        let known = self.by_feature.get_key_value(feature).map(|(known, _)| Arc::clone(known));
        let known = known.unwrap_or_else(|| Arc::new(feature.clone()));
        self.by_feature.entry(Arc::clone(&known)).or_default().insert(id);
        known
    }

    /// Takes in that a device is no more.
    pub fn remove(&mut self, id: Id) {
        self.clusters = None;
        let Some(shown) = self.devices.remove(&id) else { return };
        for feature in shown.features {
            if let Some(ids) = self.by_feature.get_mut(&feature) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.by_feature.remove(&feature);
                }
            }
        }
    }

    /// What a device shows, lowest first; nothing when there is no such device.
    #[must_use]
    pub fn features(&self, id: Id) -> Vec<Feature> {
        self.devices.get(&id).map_or_else(Vec::new, |shown| copied(&shown.features))
    }

    /// Those of which nobody knows what they are, by what they show: the largest first. One that shows nothing is in none.
    /// Reckoned once, until a device changes.
    #[must_use]
    pub fn clusters(&mut self) -> Arc<Vec<Cluster>> {
        if let Some(clusters) = &self.clusters {
            return Arc::clone(clusters);
        }
        let clusters = Arc::new(self.gathered());
        self.clusters = Some(Arc::clone(&clusters));
        clusters
    }

    fn gathered(&self) -> Vec<Cluster> {
        let mut groups: BTreeMap<&[Arc<Feature>], Vec<Id>> = BTreeMap::new();
        for (id, shown) in self.devices.iter().filter(|(_, shown)| shown.is_unknown() && !shown.features.is_empty()) {
            groups.entry(&shown.features).or_default().push(*id);
        }
        let mut groups: Vec<(&[Arc<Feature>], Vec<Id>)> = groups.into_iter().collect();
        groups.sort_by(|(a, one), (b, other)| (other.len(), a).cmp(&(one.len(), b)));
        let mut gathered = Gathered::default();
        for (features, members) in groups {
            gathered.add(features, members);
        }
        let mut clusters: Vec<Cluster> = gathered.clusters;
        clusters.sort_by(|a, b| (b.members.len(), &a.members).cmp(&(a.members.len(), &b.members)));
        clusters
    }

    /// What a rule would do that says `value` of `attribute` for whatever shows all of `shows`. A rule that asks for nothing
    /// does nothing.
    #[must_use]
    pub fn outcome(&self, shows: &[Feature], attribute: Attribute, value: &str) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(at) = ASKED.iter().position(|asked| *asked == attribute) else { return outcome };
        let all: Option<Vec<&BTreeSet<Id>>> = shows.iter().map(|feature| self.by_feature.get(feature)).collect();
        let Some((rarest, rest)) = all.as_ref().and_then(|all| Some((all.iter().min_by_key(|ids| ids.len())?, all)))
        else {
            return outcome;
        };
        for id in rarest.iter().filter(|id| rest.iter().all(|ids| ids.contains(id))) {
            let answer = self.devices.get(id).and_then(|shown| shown.answers.get(at)?.as_ref());
            match answer.filter(|(_, confidence)| *confidence >= SURE) {
                Some((said, _)) if said.eq_ignore_ascii_case(value) => outcome.same.push(*id),
                Some((said, _)) => outcome.otherwise.push((*id, said.clone())),
                None => outcome.newly.push(*id),
            }
        }
        outcome
    }
}

impl Shown {
    fn is_unknown(&self) -> bool {
        let [kind, ..] = &self.answers;
        kind.as_ref().is_none_or(|(_, confidence)| *confidence < SURE)
    }
}

/// Clusters so far, each begun by the group that is largest.
#[derive(Default)]
struct Gathered<'a> {
    clusters: Vec<Cluster>,
    begun: Vec<&'a [Arc<Feature>]>,
    by_feature: BTreeMap<&'a Feature, Vec<usize>>,
}

impl<'a> Gathered<'a> {
    /// Adds a group to the cluster it is most like, or begins one with it.
    fn add(&mut self, features: &'a [Arc<Feature>], members: Vec<Id>) {
        let mut common: BTreeMap<usize, usize> = BTreeMap::new();
        let telling = features.iter().filter_map(|feature| self.by_feature.get(&**feature));
        for at in telling.filter(|clusters| clusters.len() <= COMMON).flatten() {
            *common.entry(*at).or_default() += 1;
        }
        let alike = common.keys().filter_map(|at| Some((likeness(features, self.begun.get(*at)?), *at)));
        let best =
            alike.filter(|(likeness, _)| *likeness >= LIKENESS).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let Some(cluster) = best.and_then(|(_, at)| self.clusters.get_mut(at)) else {
            for feature in features {
                self.by_feature.entry(&**feature).or_default().push(self.begun.len());
            }
            self.begun.push(features);
            self.clusters.push(Cluster { members, shared: copied(features) });
            return;
        };
        cluster.members.extend(members);
        cluster.members.sort_unstable();
        cluster.shared.retain(|shared| features.binary_search_by(|feature| (**feature).cmp(shared)).is_ok());
    }
}

fn copied(features: &[Arc<Feature>]) -> Vec<Feature> {
    features.iter().map(|feature| Feature::clone(feature)).collect()
}

/// The share of all features of two that both have (Jaccard).
fn likeness(one: &[Arc<Feature>], other: &[Arc<Feature>]) -> f64 {
    let both = one.iter().filter(|feature| other.binary_search(feature).is_ok()).count();
    let all = one.len() + other.len() - both;
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if all == 0 { 0.0 } else { number(both) / number(all) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wardlight_model::{Claim, Field, Time};

    fn id(n: u8) -> Id {
        Id([n; 16])
    }

    fn feature(value: &str) -> Feature {
        Feature { field: Field::ServiceOffered, value: value.to_owned() }
    }

    fn showing(values: &[&str]) -> Vec<Feature> {
        let mut all: Vec<Feature> = values.iter().map(|value| feature(value)).collect();
        all.sort_unstable();
        all
    }

    fn device(kind: Option<(&str, f64)>) -> Device {
        let claim = |(value, confidence): (&str, f64)| Claim {
            attribute: Attribute::Type,
            value: value.to_owned(),
            confidence,
            rule: "x".to_owned(),
            evidence: Vec::new(),
        };
        Device {
            id: String::new(),
            macs: Vec::new(),
            addresses: Vec::new(),
            keys: Vec::new(),
            via: None,
            claims: kind.map(claim).into_iter().collect(),
            labels: Vec::new(),
            peers: Vec::new(),
            first: Time::default(),
            last: Time::default(),
            origins: Vec::new(),
        }
    }

    /// Number, what it shows, and what it is with how sure that is.
    type Sketch<'a> = (u8, &'a [&'a str], Option<(&'a str, f64)>);

    fn some(shown: &[Sketch<'_>]) -> Alike {
        let mut alike = Alike::default();
        for (n, values, kind) in shown {
            alike.put(id(*n), &device(*kind), &showing(values));
        }
        alike
    }

    #[test]
    fn who_shows_nearly_the_same_is_together_and_who_is_known_is_not_there() {
        let mut alike = some(&[
            (1, &["a", "b", "c"], None),
            (2, &["a", "b", "c"], Some(("printer", 0.3))),
            (3, &["a", "b", "c", "d"], None),
            (4, &["x", "y"], None),
            (5, &["a", "b", "c"], Some(("printer", 0.9))),
            (6, &[], None),
        ]);
        let found = alike.clusters();
        assert_eq!(found[0], Cluster { members: vec![id(1), id(2), id(3)], shared: showing(&["a", "b", "c"]) });
        assert_eq!(found[1], Cluster { members: vec![id(4)], shared: showing(&["x", "y"]) });
        assert_eq!(found.len(), 2);
        alike.put(id(4), &device(Some(("printer", 0.9))), &showing(&["x", "y"]));
        assert_eq!(alike.clusters().len(), 1, "as soon as a device changes");
    }

    #[test]
    fn a_rule_says_beforehand_whom_it_names_and_whom_it_contradicts() {
        let mut alike = some(&[
            (1, &["a", "b"], None),
            (2, &["a", "b", "c"], Some(("ventilator", 0.9))),
            (3, &["a", "b"], Some(("Printer", 0.8))),
            (4, &["a"], None),
            (5, &["a", "b"], Some(("printer", 0.2))),
        ]);
        let found = alike.outcome(&showing(&["a", "b"]), Attribute::Type, "ventilator");
        assert_eq!((found.newly, found.same), (vec![id(1), id(5)], vec![id(2)]));
        assert_eq!(found.otherwise, [(id(3), "Printer".to_owned())]);
        assert_eq!(alike.outcome(&[], Attribute::Type, "ventilator"), Outcome::default());
        assert_eq!(alike.outcome(&showing(&["a", "z"]), Attribute::Type, "x"), Outcome::default());
        alike.remove(id(1));
        assert_eq!(alike.outcome(&showing(&["a", "b"]), Attribute::Type, "ventilator").newly, [id(5)]);
    }

    proptest! {
        #[test]
        fn the_order_of_devices_changes_nothing_and_each_unknown_one_is_in_one_cluster(
            shown in prop::collection::vec(prop::collection::btree_set("[a-f]", 0..5), 1..20),
            seed in any::<u64>(),
        ) {
            let mut numbered: Vec<(u8, Vec<Feature>)> = (0..).zip(&shown).map(|(n, values)| {
                (n, showing(&values.iter().map(String::as_str).collect::<Vec<_>>()))
            }).collect();
            let of = |numbered: &[(u8, Vec<Feature>)]| {
                let mut alike = Alike::default();
                numbered.iter().for_each(|(n, features)| alike.put(id(*n), &device(None), features));
                alike.clusters()
            };
            let one = of(&numbered);
            numbered.sort_by_key(|(n, _)| (u64::from(*n) + 1).wrapping_mul(seed | 1));
            prop_assert_eq!(&one, &of(&numbered));
            let members: Vec<Id> = one.iter().flat_map(|cluster| cluster.members.clone()).collect();
            let unique: BTreeSet<Id> = members.iter().copied().collect();
            prop_assert_eq!(members.len(), unique.len());
            prop_assert_eq!(members.len(), shown.iter().filter(|values| !values.is_empty()).count());
        }
    }
}
