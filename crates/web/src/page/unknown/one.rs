//! One device and those like it: what they show, what a rule about it would change, and its keeping.

use super::told;
use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::called;
use crate::part::form::Pairs;
use crate::part::frame::Frame;
use crate::part::words::counted;
use crate::say;
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::{Redirect, Response};
use wardlight_access::Action;
use wardlight_model::journal::Command;
use wardlight_model::{Attribute, Feature, HouseRule, Id};
use wardlight_store::projection::Snapshot;

/// What a rule may speak of.
const ASKED: [Attribute; 3] = [Attribute::Type, Attribute::Maker, Attribute::Model];
/// Devices listed of each sort; more are counted.
const LISTED: usize = 30;

#[derive(Template)]
#[template(path = "page/unknown/one.html")]
struct Page {
    frame: Frame,
    id: Id,
    name: String,
    verdict: String,
    alike: Vec<(Id, String)>,
    features: Vec<Choice>,
    /// Attribute and what was typed.
    said: Vec<(&'static str, String)>,
    types: Vec<String>,
    trials: Vec<Trial>,
    wrong: String,
}

/// A feature that a rule may ask for.
struct Choice {
    /// As the form sends it.
    key: String,
    words: String,
    is_chosen: bool,
}

/// What one rule would do.
struct Trial {
    says: String,
    newly: (String, Vec<(Id, String)>),
    same: String,
    otherwise: (String, Vec<(Id, String, String)>),
}

/// What was asked: features chosen, and what is to be concluded.
#[derive(Default)]
struct Asked {
    shows: Vec<Feature>,
    said: Vec<(Attribute, String)>,
}

impl Asked {
    /// Only what the device shows can be asked for.
    fn of(pairs: &[(String, String)], features: &[Feature]) -> Self {
        let chosen = |feature: &&Feature| pairs.iter().any(|(name, value)| name == "shows" && *value == key(feature));
        let said = ASKED.iter().filter_map(|attribute| {
            let (_, value) = pairs.iter().find(|(name, _)| name == attribute.name())?;
            let value = value.trim();
            let value = if *attribute == Attribute::Type { value.to_lowercase() } else { value.to_owned() };
            (!value.is_empty()).then_some((*attribute, value))
        });
        Self { shows: features.iter().filter(chosen).cloned().collect(), said: said.collect() }
    }

    /// The rules asked for. Errors: what lacks, or is not known here.
    fn rules(&self, site: &Site, learned_from: Id) -> Result<Vec<HouseRule>, Wrong> {
        if self.shows.is_empty() {
            return Err(Wrong::Senseless("Choose at least one thing that such a device shows.".to_owned()));
        }
        say::sensible(site, &self.said)?;
        let rule = |(attribute, value): &(Attribute, String)| HouseRule {
            shows: self.shows.clone(),
            attribute: *attribute,
            value: value.clone(),
            learned_from,
        };
        Ok(self.said.iter().map(rule).collect())
    }
}

fn key(feature: &Feature) -> String {
    format!("{}={}", feature.field.name(), feature.value)
}

/// The device, what it shows, and whether there is one. Errors: there is none.
fn found(site: &Site, id: &str) -> Result<(Id, Vec<Feature>), Wrong> {
    let id: Id = id.parse().map_err(|_| Wrong::Nothing)?;
    site.parts().devices.snapshot().device(id).ok_or(Wrong::Nothing)?;
    Ok((id, site.parts().house.features(id)))
}

pub async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Wrong> {
    visitor.check(&site, Action::LabelDevices, None)?;
    let (id, features) = found(&site, &id)?;
    let clusters = site.parts().house.unknown().await;
    let own = clusters.iter().find(|cluster| cluster.members.contains(&id));
    let mut asked = Asked::of(&pairs, &features);
    let (mut trials, mut wrong) = (Vec::new(), String::new());
    if pairs.is_empty() {
        // What all of them show is where a rule begins.
        asked.shows = own.as_ref().map_or_else(|| features.clone(), |own| own.shared.clone());
    } else {
        match asked.rules(&site, id) {
            Ok(rules) => {
                for rule in rules {
                    trials.push(tried(&site, rule).await);
                }
            }
            Err(Wrong::Senseless(why)) => wrong = why,
            Err(other) => return Err(other),
        }
    }
    let snapshot = site.parts().devices.snapshot();
    let members = own.map(|own| own.members.clone()).unwrap_or_default();
    let others: Vec<Id> = members.into_iter().filter(|member| *member != id).collect();
    let verdict = match (features.len(), others.len()) {
        (0, _) => "It shows nothing that others like it would show as well, so no rule can be made of it.".to_owned(),
        (_, 0) => "No other device that nobody knows looks like it.".to_owned(),
        (_, count) => format!("{} other devices that nobody knows look like it.", counted(count)),
    };
    let choice = |feature: &Feature| Choice {
        key: key(feature),
        words: told(feature),
        is_chosen: asked.shows.contains(feature),
    };
    let typed = |attribute: Attribute| {
        let said = asked.said.iter().find(|(of, _)| *of == attribute);
        (attribute.name(), said.map(|(_, value)| value.clone()).unwrap_or_default())
    };
    Ok(answer::page(&Page {
        frame: Frame::of(&site, &visitor, "Alike", "/unknown"),
        id,
        name: name(&snapshot, id),
        verdict,
        alike: others.iter().take(LISTED).map(|id| (*id, name(&snapshot, *id))).collect(),
        features: features.iter().map(choice).collect(),
        said: ASKED.map(typed).into(),
        types: site.types().names().map(str::to_owned).collect(),
        trials,
        wrong,
    }))
}

fn name(devices: &Snapshot, id: Id) -> String {
    devices.device(id).map_or_else(|| "a device that is gone".to_owned(), |row| called::device(&row))
}

async fn tried(site: &Site, rule: HouseRule) -> Trial {
    let says = format!("{}: {}", rule.attribute.name(), rule.value);
    let outcome = site.parts().house.outcome(rule.shows, rule.attribute, rule.value).await;
    let snapshot = site.parts().devices.snapshot();
    let named = |ids: &[Id]| ids.iter().take(LISTED).map(|id| (*id, name(&snapshot, *id))).collect();
    let against = outcome.otherwise.iter().take(LISTED);
    Trial {
        says,
        newly: (counted(outcome.newly.len()), named(&outcome.newly)),
        same: counted(outcome.same.len()),
        otherwise: (
            counted(outcome.otherwise.len()),
            against.map(|(id, said)| (*id, name(&snapshot, *id), said.clone())).collect(),
        ),
    }
}

/// Keeps the rules. Errors: there is no such device, or what was chosen makes no rule.
pub async fn keep(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Pairs(pairs): Pairs,
) -> Result<Redirect, Wrong> {
    visitor.check(&site, Action::LabelDevices, None)?;
    let (id, features) = found(&site, &id)?;
    for rule in Asked::of(&pairs, &features).rules(&site, id)? {
        site.decide(&visitor, Command::PutRule(rule)).await?;
    }
    Ok(Redirect::to("/unknown"))
}
