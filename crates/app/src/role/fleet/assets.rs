//! What is told about assets.
//!
//! In: the assets as of the last settling, a question. Out: JSON: lists of what people look for first, one asset with
//! every claim and reason, what waits for a person's decision.

use crate::io::ask::{AssetList, AssetQuestion, Group};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wardlight_inventory::resolve::{Asset, By, Held, Onboarding, Question, Resolution};
use wardlight_model::{AssetField, Id};

/// Most assets of one answer.
const MOST: usize = 200_000;

/// The answer. Errors: why there is none, and how to mend that.
pub(super) fn tell(resolution: &Resolution, question: &AssetQuestion) -> Result<Value, String> {
    match question {
        AssetQuestion::List(wanted) => Ok(list(resolution, wanted)),
        AssetQuestion::Show(which) => show(resolution, which),
        AssetQuestion::Reviews(most) => Ok(reviews(resolution, *most)),
    }
}

fn list(resolution: &Resolution, wanted: &AssetList) -> Value {
    let find = wanted.find.to_lowercase();
    let is_wanted = |asset: &&Asset| is_in(asset, wanted.group) && (find.is_empty() || says(asset, &find));
    let found: Vec<&Asset> = resolution.assets.iter().filter(is_wanted).collect();
    let rows: Vec<Value> = found.iter().take(wanted.limit.min(MOST)).map(|asset| row(asset)).collect();
    json!({ "known": resolution.assets.len(), "total": found.len(), "tally": resolution.tally(), "assets": rows })
}

fn is_in(asset: &Asset, group: Group) -> bool {
    match group {
        Group::All => true,
        Group::Unknown => asset.is_networked() && !asset.is_known(),
        Group::Ownerless => asset.is_networked() && asset.owners.is_none(),
        Group::Found => asset.onboarding == Onboarding::Found,
        Group::Expected => asset.onboarding == Onboarding::Expected,
        Group::Matched => asset.onboarding == Onboarding::Matched,
        Group::Onboarded => asset.onboarding == Onboarding::Onboarded,
        Group::Retired => asset.onboarding == Onboarding::Retired,
        Group::Disputed => asset.disputes().next().is_some(),
    }
}

/// Whether anything that anybody says of the asset holds `find`, which is in lower case.
fn says(asset: &Asset, find: &str) -> bool {
    let holds = |text: &str| text.to_lowercase().contains(find);
    let owners = [&asset.owners.clinical, &asset.owners.technical, &asset.owners.security];
    asset.fields.iter().flat_map(|held| &held.answers).any(|answer| holds(&answer.value))
        || asset.kind.as_ref().is_some_and(|kind| holds(&kind.name))
        || owners.into_iter().flatten().any(|owner| holds(owner))
        || asset.members.iter().any(|member| holds(&member.key))
}

fn row(asset: &Asset) -> Value {
    let shown = |field| asset.shown(field);
    let all = |field| {
        let answers =
            asset.held(field).map(|held| held.answers.iter().map(|answer| &answer.value)).into_iter().flatten();
        let mut values: Vec<&String> = answers.collect();
        values.sort_unstable();
        values.dedup();
        values
    };
    let mut sources: Vec<&str> = asset.members.iter().map(|member| member.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    json!({
        "id": asset.id,
        "name": shown(AssetField::Name).or_else(|| shown(AssetField::Hostname)),
        "type": asset.kind.as_ref().map(|kind| &kind.name),
        "confidence": asset.kind.as_ref().map(|kind| kind.confidence),
        "maker": shown(AssetField::Maker),
        "model": shown(AssetField::Model),
        "serial": shown(AssetField::Serial),
        "asset_tag": shown(AssetField::AssetTag),
        "mac": all(AssetField::Mac),
        "address": all(AssetField::Ip),
        "department": shown(AssetField::Department),
        "room": shown(AssetField::Room),
        "owners": asset.owners,
        "onboarding": asset.onboarding,
        "is_known": asset.is_known(),
        "seen": asset.seen.map(|(first, last)| [first.to_string(), last.to_string()]),
        "sources": sources,
        "disputed": asset.disputes().map(|held| held.field.name()).collect::<Vec<_>>(),
    })
}

fn show(resolution: &Resolution, which: &str) -> Result<Value, String> {
    let asset = one(resolution, which)?;
    let is_mine = |id: &Id| asset.members.iter().any(|member| member.id == *id);
    let asked: Vec<Value> = resolution
        .questions
        .iter()
        .filter(|question| is_mine(&question.a) || is_mine(&question.b))
        .map(|question| asks(question, &named(resolution)))
        .collect();
    let reasons: Vec<Value> = asset
        .members
        .iter()
        .map(|member| {
            let why = member.link.as_ref().map(|link| match &link.by {
                By::Person => "a person said so".to_owned(),
                By::Score(score) => {
                    let reasons: Vec<String> = score.reasons.iter().map(ToString::to_string).collect();
                    format!("{:.1} %: {}", score.probability * 100.0, reasons.join("; "))
                }
            });
            json!({ "id": member.id, "source": member.source, "key": member.key, "why": why })
        })
        .collect();
    Ok(json!({ "row": row(asset), "members": reasons, "asset": asset, "questions": asked }))
}

/// The asset that is meant.
fn one<'a>(resolution: &'a Resolution, which: &str) -> Result<&'a Asset, String> {
    if let Ok(id) = which.parse::<Id>() {
        let has = |asset: &&Asset| asset.id == id || asset.members.iter().any(|member| member.id == id);
        return resolution.assets.iter().find(has).ok_or_else(|| format!("no asset and no member is called {id}"));
    }
    let wanted = which.trim().to_lowercase();
    let is = |text: &str| text.to_lowercase() == wanted;
    let has = |asset: &&Asset| {
        asset.fields.iter().flat_map(|held| &held.answers).any(|answer| is(&answer.value))
            || asset.members.iter().any(|member| is(&member.key))
    };
    let mut found = resolution.assets.iter().filter(has);
    match (found.next(), found.count()) {
        (Some(asset), 0) => Ok(asset),
        (None, _) => Err(format!("nothing says `{which}`; `wardlight assets list {which}` looks for parts of words")),
        (Some(_), more) => Err(format!("{} assets say `{which}`: name one by its id, as the list shows it", more + 1)),
    }
}

/// What people call each member.
fn named(resolution: &Resolution) -> BTreeMap<Id, String> {
    let members = resolution.assets.iter().flat_map(|asset| asset.members.iter().map(move |member| (asset, member)));
    let name = |asset: &Asset, key: &str, source: &str| {
        let shown = asset.shown(AssetField::Name).or_else(|| asset.shown(AssetField::Model)).unwrap_or_default();
        format!("{source} {key} {shown}").trim_end().to_owned()
    };
    members.map(|(asset, member)| (member.id, name(asset, &member.key, &member.source))).collect()
}

fn asks(question: &Question, names: &BTreeMap<Id, String>) -> Value {
    let name = |id| names.get(&id).map_or("", String::as_str);
    json!({
        "a": question.a,
        "b": question.b,
        "names": [name(question.a), name(question.b)],
        "why": question.why,
        "probability": question.score.probability,
        "reasons": question.score.reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn reviews(resolution: &Resolution, most: usize) -> Value {
    let names = named(resolution);
    let pairs: Vec<Value> = resolution.questions.iter().take(most).map(|question| asks(question, &names)).collect();
    let disputes: Vec<(&Asset, &Held)> =
        resolution.assets.iter().flat_map(|asset| asset.disputes().map(move |held| (asset, held))).collect();
    let conflicts: Vec<Value> = disputes
        .iter()
        .take(most)
        .map(|(asset, held)| {
            let answers: Vec<Value> = held
                .answers
                .iter()
                .map(|answer| json!({ "value": answer.value, "source": answer.source, "worth": answer.worth }))
                .collect();
            json!({ "asset": asset.id, "field": held.field.name(), "answers": answers })
        })
        .collect();
    json!({
        "pairs": pairs,
        "all_pairs": resolution.questions.len(),
        "conflicts": conflicts,
        "all_conflicts": disputes.len(),
        "crowds": resolution.crowds,
        "replaced": resolution.replaced,
        "unmet": resolution.unmet,
    })
}
