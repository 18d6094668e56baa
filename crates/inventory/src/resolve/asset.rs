//! One device of the real world: who says what of it, what is shown, where it is and was, who answers for it.

use super::choose::{Answer, Choice, Held};
use super::cluster::{DECIDED, Edge, paths};
use super::row::Row;
use super::rules::SourceKind;
use super::score::{Bench, Score};
use super::{Input, Networked, OwnerRule, Role, Source, Stay};
use crate::Knowledge;
use crate::maker::fold;
use serde::ser::SerializeSeq as _;
use std::collections::BTreeMap;
use wardlight_model::{AssetField, AssetRecord, Attribute, Id, Time};

/// A type that is at least this sure is known.
const KNOWN: f64 = 0.9;
/// A narrower type is shown when it is worth at least this share of the best.
const NARROWER: f64 = 0.5;

/// One device of the real world.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Asset {
    /// The smallest id of its members.
    pub id: Id,
    /// What was found to be this device, by id.
    pub members: Vec<Member>,
    /// What is said of it, by field.
    pub fields: Vec<Held>,
    /// What kind of device it is.
    pub kind: Option<Kind>,
    /// Where it was and is, oldest first.
    pub whereabouts: Vec<Whereabouts>,
    /// Which of `whereabouts` is believed to be so now.
    pub stands: Option<usize>,
    /// Who answers for it.
    pub owners: Owners,
    /// How far it is known to the house.
    pub onboarding: Onboarding,
    /// Whether a record that somebody stands for lists it, and not as retired.
    pub is_confirmed: bool,
    /// First and last time on the network.
    pub seen: Option<(Time, Time)>,
}

/// A device of the network or a record.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Member {
    /// Its id.
    pub id: Id,
    /// Its source; `network` for a device of the network.
    pub source: String,
    /// What kind of system that is.
    pub kind: SourceKind,
    /// Its key in that source; the run's name for a device of the network.
    pub key: String,
    /// Why it is here; the first member has no link.
    pub link: Option<Link>,
}

/// What brought a member in.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Link {
    /// The member it was joined to.
    pub to: Id,
    /// By what.
    pub by: By,
}

/// What joined two members.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub enum By {
    /// A person's word.
    Person,
    /// What they agree in.
    Score(Score),
}

/// A kind of device, in the words of `data/types.toml`.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Kind {
    /// The type.
    pub name: String,
    /// How sure.
    pub confidence: f64,
    /// Who says so.
    pub source: String,
}

/// A place for some time.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Whereabouts {
    /// When, and switch, port, building, room and so on.
    pub stay: Stay,
    /// Who says so.
    pub source: String,
    /// What kind of system that is.
    pub kind: SourceKind,
    /// What that is worth now.
    pub worth: f64,
}

/// Who answers for a device.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Owners {
    /// Uses it for care.
    pub clinical: Option<String>,
    /// Keeps it running.
    pub technical: Option<String>,
    /// Keeps it safe.
    pub security: Option<String>,
}

impl Owners {
    /// Whether nobody does.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.clinical.is_none() && self.technical.is_none() && self.security.is_none()
    }

    /// Whether each role is filled.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.clinical.is_some() && self.technical.is_some() && self.security.is_some()
    }
}

/// How far a device is known to the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Onboarding {
    /// Met on the network; nobody stands for it.
    Found,
    /// In the records, never met.
    Expected,
    /// Both; its type or one of its owners is missing.
    Matched,
    /// Met, confirmed, its type known, each owner named.
    Onboarded,
    /// Retired by every record that somebody stands for, and not met since.
    Retired,
}

impl Asset {
    /// Whether it was met on the network.
    #[must_use]
    pub const fn is_networked(&self) -> bool {
        self.seen.is_some()
    }

    /// Whether it is known: by its type or a confirmed record, and somebody answers for it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let is_typed = self.kind.as_ref().is_some_and(|kind| kind.confidence >= KNOWN);
        (is_typed || self.is_confirmed) && !self.owners.is_none()
    }

    /// Every answer to `field`.
    #[must_use]
    pub fn held(&self, field: AssetField) -> Option<&Held> {
        self.fields.iter().find(|held| held.field == field)
    }

    /// The value shown for `field`.
    #[must_use]
    pub fn shown(&self, field: AssetField) -> Option<&str> {
        self.held(field)?.shown()
    }

    /// Fields whose answers contradict each other.
    pub fn disputes(&self) -> impl Iterator<Item = &Held> {
        self.fields.iter().filter(|held| held.is_disputed)
    }
}

/// What assets are made from.
pub(super) struct Draft<'a> {
    pub(super) input: &'a Input<'a>,
    /// The sources in the order of rows.
    pub(super) order: &'a [usize],
    pub(super) bench: &'a Bench<'a>,
    pub(super) knowledge: &'a Knowledge,
}

/// A row with what it stands for.
#[derive(Clone, Copy)]
enum Said<'a> {
    Network(&'a Networked<'a>),
    Record(&'a Source<'a>, &'a AssetRecord),
}

impl<'a> Draft<'a> {
    /// The asset of `members`, which `edges` joined; `None` for a group that went into another.
    pub(super) fn asset(&self, members: &[usize], edges: &[Edge]) -> Option<Asset> {
        let mut rows = members.to_vec();
        rows.sort_unstable();
        let id = self.row(*rows.first()?)?.id;
        let said: Vec<(&Row, Said<'a>)> =
            rows.iter().filter_map(|at| Some((self.row(*at)?, self.said(self.row(*at)?)?))).collect();
        let choice = Choice { rules: self.bench.rules, knowledge: self.knowledge, now: self.input.now };
        let mut fields = fields(&said, &choice);
        let (whereabouts, stands) = whereabouts(&said, &choice);
        keep_together(&mut fields, &choice);
        let kind = kind(&fields, &choice);
        let seen = seen(&said);
        let (is_confirmed, is_over) = self.standing(&said);
        let owners = self.owners(&fields, kind.as_ref(), &said);
        let is_known = kind.as_ref().is_some_and(|kind| kind.confidence >= KNOWN);
        let onboarding = match (seen.is_some(), is_confirmed) {
            (true, true) if is_known && owners.is_whole() => Onboarding::Onboarded,
            (true, true) => Onboarding::Matched,
            (true, false) => Onboarding::Found,
            (false, _) if is_over => Onboarding::Retired,
            (false, _) => Onboarding::Expected,
        };
        let members = self.members(&rows, edges);
        Some(Asset { id, members, fields, kind, whereabouts, stands, owners, onboarding, is_confirmed, seen })
    }

    fn row(&self, at: usize) -> Option<&'a Row> {
        self.bench.rows.get(at)
    }

    fn said(&self, row: &Row) -> Option<Said<'a>> {
        match row.source.checked_sub(1) {
            None => self.input.devices.get(row.at).map(Said::Network),
            Some(place) => {
                let source = self.input.sources.get(*self.order.get(place)?)?;
                Some(Said::Record(source, source.records.get(row.at)?))
            }
        }
    }

    /// The members with the link of each towards the first.
    fn members(&self, rows: &[usize], edges: &[Edge]) -> Vec<Member> {
        let links = paths(edges, rows.first().copied().unwrap_or_default());
        let member = |at: &usize| {
            let row = self.row(*at)?;
            let link = links.get(at).and_then(|edge| {
                let to = if edge.a == *at { edge.b } else { edge.a };
                let by = if edge.sum == DECIDED { By::Person } else { By::Score(self.bench.explain(*at, to)) };
                Some(Link { to: self.row(to)?.id, by })
            });
            let (source, kind, key) = match self.said(row)? {
                Said::Network(found) => ("network", SourceKind::Network, &found.device.id),
                Said::Record(source, record) => (source.name, source.kind, &record.key),
            };
            Some(Member { id: row.id, source: source.to_owned(), kind, key: key.clone(), link })
        };
        let mut members: Vec<Member> = rows.iter().filter_map(member).collect();
        members.shrink_to_fit();
        members
    }

    /// Whether somebody stands for it, and whether everybody who does says that it is gone.
    fn standing(&self, said: &[(&Row, Said<'_>)]) -> (bool, bool) {
        let stands =
            |said: &Said<'_>| matches!(said, Said::Record(source, _) if self.bench.rules.confirms(source.kind));
        let mut standing = said.iter().filter(|(_, said)| stands(said)).map(|(row, _)| row.retired.is_some());
        let is_confirmed = standing.clone().any(|is_over| !is_over);
        (is_confirmed, standing.next().is_some() && !is_confirmed)
    }

    /// Owners that a source names, and else those of the rules.
    fn owners(&self, fields: &[Held], kind: Option<&Kind>, said: &[(&Row, Said<'_>)]) -> Owners {
        let shown = |field| fields.iter().find(|held| held.field == field).and_then(Held::shown);
        let department = shown(AssetField::Department).map(fold);
        let listed =
            |name: &String| said.iter().any(|(_, said)| matches!(said, Said::Record(source, _) if source.name == name));
        let fits = |rule: &OwnerRule| {
            let of_type = |wanted: &String| {
                kind.is_some_and(|kind| self.knowledge.types.is_kind_of(&kind.name, wanted) && kind.confidence >= KNOWN)
            };
            let in_scope =
                |scope| said.iter().any(|(_, said)| matches!(said, Said::Network(one) if one.scope == scope));
            rule.r#type.as_ref().is_none_or(of_type)
                && rule.department.as_ref().is_none_or(|wanted| department.as_deref() == Some(&*fold(wanted)))
                && rule.scope.is_none_or(in_scope)
                && rule.source.as_ref().is_none_or(listed)
        };
        let exact = |rule: &OwnerRule| {
            let given = [rule.r#type.is_some(), rule.department.is_some(), rule.scope.is_some(), rule.source.is_some()];
            given.into_iter().filter(|one| *one).count()
        };
        let owner = |role, field| {
            let rules = self.input.owners.iter().filter(|rule| rule.role == role && fits(rule));
            let rule = rules.min_by_key(|rule| (std::cmp::Reverse(exact(rule)), *rule));
            shown(field).map(str::to_owned).or_else(|| rule.map(|rule| rule.owner.clone()))
        };
        Owners {
            clinical: owner(Role::Clinical, AssetField::ClinicalOwner),
            technical: owner(Role::Technical, AssetField::TechnicalOwner),
            security: owner(Role::Security, AssetField::SecurityOwner),
        }
    }
}

/// Every answer of every member, by field.
fn fields(said: &[(&Row, Said<'_>)], choice: &Choice<'_>) -> Vec<Held> {
    let mut answers: BTreeMap<AssetField, Vec<Answer>> = BTreeMap::new();
    for (row, said) in said {
        let mut tell = |field, value: &str, time, confidence: f64, person: Option<&str>| {
            let (source, kind) = match (person, said) {
                (Some(person), _) => (person, SourceKind::People),
                (None, Said::Network(_)) => ("network", SourceKind::Network),
                (None, Said::Record(source, _)) => (source.name, source.kind),
            };
            let worth = choice.worth(field, kind, confidence, time);
            let (value, source) = (value.to_owned(), source.to_owned());
            let answer = Answer { value, source, kind, member: row.id, time, confidence, worth };
            answers.entry(field).or_default().push(answer);
        };
        match said {
            Said::Network(found) => network(found, &mut tell),
            Said::Record(_, record) => {
                record.says.iter().for_each(|(field, value)| tell(*field, value, row.seen.1, 1.0, None));
            }
        }
    }
    answers.into_iter().map(|(field, answers)| choice.held(field, answers)).collect()
}

/// What the network, and who labelled it, say of one device, as answers: field, value, time, confidence, person.
fn network(found: &Networked<'_>, tell: &mut impl FnMut(AssetField, &str, Time, f64, Option<&str>)) {
    let device = found.device;
    for claim in &device.claims {
        tell(field(claim.attribute), &claim.value, device.last, claim.confidence, claim.person());
    }
    device.macs.iter().for_each(|mac| tell(AssetField::Mac, &mac.to_string(), device.last, 1.0, None));
    device.addresses.iter().for_each(|ip| tell(AssetField::Ip, &ip.to_string(), device.last, 1.0, None));
    let last = found.stays.iter().max_by_key(|stay| (stay.last, &stay.place));
    for (field, value) in last.into_iter().flat_map(|stay| stay.place.iter()) {
        tell(*field, value, last.map_or(device.last, |stay| stay.last), 1.0, None);
    }
}

const fn field(attribute: Attribute) -> AssetField {
    match attribute {
        Attribute::Type => AssetField::Type,
        Attribute::Maker => AssetField::Maker,
        Attribute::Model => AssetField::Model,
        Attribute::OperatingSystem => AssetField::OperatingSystem,
        Attribute::Firmware => AssetField::Firmware,
        Attribute::Serial => AssetField::Serial,
        Attribute::Name => AssetField::Name,
    }
}

/// Fields that together name one place.
const PLACE: [AssetField; 6] = [
    AssetField::Site,
    AssetField::Building,
    AssetField::Floor,
    AssetField::Department,
    AssetField::Room,
    AssetField::Bed,
];

/// A room of one source and a building of another are no place: what contradicts the best word on the place is moved
/// behind it in every field of the place.
fn keep_together(fields: &mut [Held], choice: &Choice<'_>) {
    let placed = fields.iter().filter(|held| PLACE.contains(&held.field));
    let best = placed
        .filter_map(|held| held.answers.first())
        .max_by(|a, b| a.worth.total_cmp(&b.worth).then(a.time.cmp(&b.time)).then_with(|| b.member.cmp(&a.member)));
    let Some(best) = best.map(|answer| answer.member) else { return };
    let contradicts = |member: Id| {
        fields.iter().filter(|held| PLACE.contains(&held.field)).any(|held| {
            let of = |who| held.answers.iter().find(|answer| answer.member == who);
            of(member).zip(of(best)).is_some_and(|(a, b)| !choice.is_same(held.field, &a.value, &b.value))
        })
    };
    let members: Vec<Id> = fields.iter().flat_map(|held| &held.answers).map(|answer| answer.member).collect();
    let against: Vec<Id> = members.into_iter().filter(|member| *member != best && contradicts(*member)).collect();
    for held in fields.iter_mut().filter(|held| PLACE.contains(&held.field)) {
        held.answers.sort_by_key(|answer| (answer.member != best, against.contains(&answer.member)));
    }
}

/// The best type that our vocabulary has; a narrower one that does not contradict it is better, unless it is a guess and
/// the wide one is known.
fn kind(fields: &[Held], choice: &Choice<'_>) -> Option<Kind> {
    let held = fields.iter().find(|held| held.field == AssetField::Type)?;
    // A technician's word is as sure as the trust in his system; the network says itself how sure it is.
    let sure = |answer: &Answer| match answer.kind {
        SourceKind::Network => answer.confidence,
        kind => choice.worth(AssetField::Type, kind, 1.0, choice.now),
    };
    let mut told = held.answers.iter().filter_map(|answer| Some((choice.r#type(&answer.value)?, answer)));
    let (mut name, mut of) = told.next()?;
    let least = NARROWER * of.worth;
    for (other, answer) in told.filter(|(_, answer)| answer.worth >= least) {
        let is_narrower = other != name && choice.knowledge.types.is_kind_of(other, name);
        if is_narrower && (sure(answer) >= KNOWN || sure(of) < KNOWN) {
            (name, of) = (other, answer);
        }
    }
    Some(Kind { name: name.to_owned(), confidence: sure(of), source: of.source.clone() })
}

/// Every stay that somebody reports, oldest first, and which of them is believed now.
fn whereabouts(said: &[(&Row, Said<'_>)], choice: &Choice<'_>) -> (Vec<Whereabouts>, Option<usize>) {
    let mut all: Vec<Whereabouts> = Vec::new();
    for (row, said) in said {
        let (stays, source, kind) = match said {
            Said::Network(found) => (found.stays.to_vec(), "network", SourceKind::Network),
            Said::Record(source, record) => {
                let place = record.says.iter().filter(|(field, _)| PLACE.contains(field)).cloned().collect::<Vec<_>>();
                let stay = Stay { first: row.seen.0, last: row.seen.1, place };
                (Some(stay).filter(|stay| !stay.place.is_empty()).into_iter().collect(), source.name, source.kind)
            }
        };
        let told = stays.into_iter().map(|stay| {
            let worth = choice.worth(AssetField::Room, kind, 1.0, stay.last);
            Whereabouts { stay, source: source.to_owned(), kind, worth }
        });
        all.extend(told);
    }
    all.sort_by(|a, b| (&a.stay, &a.source, a.kind).cmp(&(&b.stay, &b.source, b.kind)));
    all.dedup_by(|later, kept| {
        let is_same = later.source == kept.source && later.stay.place == kept.stay.place;
        if is_same {
            kept.stay.last = kept.stay.last.max(later.stay.last);
            kept.worth = kept.worth.max(later.worth);
        }
        is_same
    });
    let named = |one: &Whereabouts| one.stay.place.iter().any(|(field, _)| PLACE.contains(field));
    all.shrink_to_fit();
    let best = all.iter().enumerate().max_by(|(_, a), (_, b)| {
        named(a).cmp(&named(b)).then(a.worth.total_cmp(&b.worth)).then(a.stay.last.cmp(&b.stay.last))
    });
    let stands = best.map(|(at, _)| at);
    (all, stands)
}

fn seen(said: &[(&Row, Said<'_>)]) -> Option<(Time, Time)> {
    let met = said.iter().filter(|(_, said)| matches!(said, Said::Network(_))).map(|(row, _)| row.seen);
    met.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

pub(super) fn name_of<S: serde::Serializer>(field: &AssetField, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(field.name())
}

pub(super) fn named_values<S: serde::Serializer>(list: &[(AssetField, String)], out: S) -> Result<S::Ok, S::Error> {
    let mut seq = out.serialize_seq(Some(list.len()))?;
    for (field, value) in list {
        seq.serialize_element(&(field.name(), value))?;
    }
    seq.end()
}
