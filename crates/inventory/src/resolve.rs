//! Devices of the network and records of other systems to assets.
//!
//! In: devices with their lasting ids, rows of other systems, what people decided, the rules (`data/resolution.toml`).
//! Out: one [`Asset`] a device of the real world, with every claim about it and the reason for every member; questions
//! for people where two rows may be one or contradict each other; values that too many have to mean anything.
//!
//! 1. Every device and record becomes a row of identifiers in normal form (`row`); values are counted (`table`).
//! 2. Rows that share an identifier, or nearly so, are compared (`score`; Fellegi and Sunter 1969).
//! 3. The likeliest pairs are joined, never against a bar, and what is too close to choose is asked (`cluster`).
//! 4. Each group becomes an asset, each of its fields with the answer that precedence chooses (`asset`).
//!
//! The order of the input changes nothing, and nothing is remembered: a decision that is left out again leaves no trace.

mod asset;
mod choose;
mod cluster;
mod measure;
mod phrase;
mod question;
mod row;
mod rules;
mod score;
mod slip;
mod table;
mod udi;

pub use asset::{Asset, By, Kind, Link, Member, Onboarding, Owners, Whereabouts};
pub use choose::{Answer, Held};
pub use measure::{Quality, measure};
pub use phrase::Phrases;
pub use question::{Question, Why};
pub use row::identifies;
pub use rules::{Mark, Rules, SourceKind};
pub use score::{Reason, Score};
pub use udi::Udi;

use crate::Knowledge;
use cluster::{Bars, Clusters, Edge};
use score::Bench;
use sha2::{Digest as _, Sha256};
use table::Table;
use wardlight_model::{AssetField, AssetRecord, Device, Fact, Field, Id, Scope, Time};

pub use wardlight_model::journal::{OwnerRole as Role, OwnerRule};

/// One device of the network.
#[derive(Debug, Clone, Copy)]
pub struct Networked<'a> {
    /// Its lasting id.
    pub id: Id,
    /// The routing domain that its addresses belong to.
    pub scope: Scope,
    /// The hospital that it stands in, when there are several.
    pub site: Option<&'a str>,
    /// What identification found.
    pub device: &'a Device,
    /// What it said of itself in fields that [`identifies`] names; more does no harm.
    pub facts: &'a [&'a Fact],
    /// Where it was, in any order.
    pub stays: &'a [Stay],
}

/// Where a device was for some time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Stay {
    /// From when.
    pub first: Time,
    /// Until when, as far as is known.
    pub last: Time,
    /// Switch, port, access point, network, and the place they stand for.
    #[serde(serialize_with = "asset::named_values")]
    pub place: Vec<(AssetField, String)>,
}

/// Where the network says that a device with `facts` was and is, oldest first: the ports that switches name for it.
#[must_use]
pub fn stays(facts: &[&Fact]) -> Vec<Stay> {
    let mut stays: Vec<Stay> =
        facts.iter().filter(|fact| fact.field == Field::AttachedAt).filter_map(|fact| stay(fact)).collect();
    stays.sort_unstable();
    stays.dedup();
    stays
}

fn stay(fact: &Fact) -> Option<Stay> {
    let (switch, port) = fact.value.split_once(' ')?;
    let (port, vlan) = port.split_once('@').map_or((port, None), |(port, vlan)| (port, Some(vlan)));
    let mut place = vec![(AssetField::Switch, switch.to_owned()), (AssetField::SwitchPort, port.to_owned())];
    place.extend(vlan.map(|vlan| (AssetField::Vlan, vlan.to_owned())));
    Some(Stay { first: fact.first, last: fact.last, place })
}

/// Another system, and what it lists.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its name; records keep their ids as long as it stays.
    pub name: &'a str,
    /// What kind of system it is.
    pub kind: SourceKind,
    /// The routing domain that its addresses belong to; without it they say nothing.
    pub scope: Option<Scope>,
    /// The hospital that its rows are about when they do not say.
    pub site: Option<&'a str>,
    /// When it was read: the time of rows that have none.
    pub read: Time,
    /// Its rows, in any order.
    pub records: &'a [AssetRecord],
}

/// What a person said about two rows; what was undone is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Decision {
    /// They are one device.
    Same(Id, Id),
    /// They are two.
    Different(Id, Id),
}

/// Everything that resolution looks at.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The installation's site: part of the ids of records.
    pub site: Id,
    /// What was found on the network, in any order.
    pub devices: &'a [Networked<'a>],
    /// Other systems, in any order.
    pub sources: &'a [Source<'a>],
    /// What people decided, in any order.
    pub decisions: &'a [Decision],
    /// Who answers for what, in any order.
    pub owners: &'a [OwnerRule],
    /// The present: claims age until now.
    pub now: Time,
}

/// Why two rows cannot be one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Bar {
    /// A person said so.
    Decided,
    /// One speaks for the other.
    Nested,
    /// One says that the device was gone when the other saw it.
    Retired,
    /// They have different serial numbers of one maker.
    Serials,
    /// One source gave them different asset tags.
    Tags,
}

/// A value that so many rows have that it tells nothing, or that leads to no pairs by itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Crowd {
    /// What it is a value of.
    pub mark: Mark,
    /// The value.
    pub value: String,
    /// How many rows have it.
    pub rows: usize,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct Resolution {
    /// The assets, by id.
    pub assets: Vec<Asset>,
    /// What people are asked, likeliest first.
    pub questions: Vec<Question>,
    /// Values that tell nothing.
    pub crowds: Vec<Crowd>,
    /// Records whose key a later record has as well; the later counts.
    pub replaced: Vec<Id>,
    /// Decisions about rows that are not there, or against another decision.
    pub unmet: Vec<Decision>,
    /// How many pairs were compared.
    pub compared: usize,
}

/// The id of the record with `key` in `source`: the same as long as both names are.
#[must_use]
pub fn record_id(site: Id, source: &str, key: &str) -> Id {
    let mut hash = Sha256::new();
    hash.update(site.0);
    hash.update(b"record");
    for part in [source, key] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    Id::of(hash.finalize().into())
}

/// Finds which rows are one device. The order of everything in `input` changes nothing.
#[must_use]
pub fn resolve(input: &Input<'_>, rules: &Rules, knowledge: &Knowledge) -> Resolution {
    let mut order: Vec<usize> = (0..input.sources.len()).collect();
    order.sort_by_key(|at| input.sources.get(*at).map(|source| (source.name, source.kind)));
    let (mut rows, replaced) = row::rows(input, &order, rules, knowledge);
    let table = Table::new(&mut rows, rules);
    let bench = Bench { rows: &rows, table: &table, rules, types: &knowledge.types };
    let pairs = table.pairs(&rows, rules);
    let edges: Vec<Edge> = scored(&pairs, &bench);
    let mut decisions = input.decisions.to_vec();
    decisions.sort_unstable();
    decisions.dedup();
    let bars = Bars::new(&rows, &table, rules, &decisions);
    let sure: Vec<Edge> = edges.iter().filter(|edge| edge.sum >= rules.accept).copied().collect();
    let (free, barred): (Vec<Edge>, Vec<Edge>) = sure.iter().partition(|edge| bars.between(edge.a, edge.b).is_none());
    let clusters = Clusters::join(&free, &bars, &decisions, rules);
    let questions = question::questions(&edges, &barred, &clusters, &bars, &bench);
    let draft = asset::Draft { input, order: &order, bench: &bench, knowledge };
    let mut assets: Vec<Asset> = clusters
        .members
        .iter()
        .zip(&clusters.edges)
        .filter_map(|(members, edges)| draft.asset(members, edges))
        .collect();
    assets.sort_by_key(|asset| asset.id);
    Resolution {
        assets,
        questions,
        crowds: table.crowds(rules),
        replaced,
        unmet: clusters.unmet,
        compared: pairs.len(),
    }
}

/// The pairs that are worth asking about or better.
fn scored(pairs: &[(u32, u32)], bench: &Bench<'_>) -> Vec<Edge> {
    let edges = pairs.iter().map(|(a, b)| {
        let (a, b) = (table::index(*a), table::index(*b));
        Edge { a, b, sum: bench.sum(a, b) }
    });
    edges.filter(|edge| edge.sum >= bench.rules.review).collect()
}

/// How many assets there are of each sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Tally {
    /// Met on the network.
    pub networked: usize,
    /// Of these, listed in a record that somebody stands for.
    pub confirmed: usize,
    /// Of those met on the network, neither known by type nor confirmed, or without an owner.
    pub unknown: usize,
    /// Of those met on the network, without any owner.
    pub ownerless: usize,
    /// Listed, not retired, and never met on the network.
    pub missing: usize,
}

impl Tally {
    /// Counts `assets`.
    pub fn of<'a>(assets: impl Iterator<Item = &'a Asset>) -> Self {
        let mut tally = Self::default();
        for asset in assets {
            if asset.is_networked() {
                tally.networked += 1;
                tally.confirmed += usize::from(asset.is_confirmed);
                tally.unknown += usize::from(!asset.is_known());
                tally.ownerless += usize::from(asset.owners.is_none());
            } else {
                tally.missing += usize::from(asset.onboarding == Onboarding::Expected);
            }
        }
        tally
    }
}

impl Resolution {
    /// Counts the assets.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally::of(self.assets.iter())
    }
}
