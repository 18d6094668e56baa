//! Devices that nobody knows, gathered by what they show; and rules of the house: one is named, all like it follow.
//!
//! A rule is looked at before it is kept: whom it would name, who is called so already, and whom it would contradict. It
//! carries who made it, when, and from which device. All of this is about the whole house, so for those whose right reaches it.

mod one;

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::house::Cluster;
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::words::{counted, moment};
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use wardlight_access::Action;
use wardlight_model::journal::Command;
use wardlight_model::{Feature, Field, Id};

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    let need = Need::Right(Action::LabelDevices);
    vec![
        Route::new("/unknown", get(show)).needs(need),
        Route::new("/unknown/of/{id}", get(one::show)).needs(need),
        Route::new("/unknown/of/{id}/keep", post(one::keep)).needs(need),
        Route::new("/unknown/end", post(end)).needs(need),
    ]
}

/// Clusters listed; more are counted.
const LISTED: usize = 50;
/// Features shown of each.
const SHOWN: usize = 4;

#[derive(Template)]
#[template(path = "page/unknown/page.html")]
struct Page {
    frame: Frame,
    verdict: String,
    rows: Vec<Line>,
    rules: Vec<Rule>,
}

/// One cluster.
struct Line {
    /// The device by which it is found.
    id: Id,
    size: String,
    shows: Vec<String>,
    more: usize,
}

/// One rule of the house.
struct Rule {
    id: Id,
    says: String,
    shows: Vec<String>,
    by: String,
    learned_from: Id,
    named: String,
    against: usize,
}

/// What a feature says, in words.
fn told(feature: &Feature) -> String {
    match feature.field {
        Field::HardwareAddress => format!("hardware address begins with {}", feature.value),
        field => format!("{}: {}", field.name(), feature.value),
    }
}

async fn show(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    visitor.check(&site, Action::LabelDevices, None)?;
    let house = &site.parts().house;
    let clusters = house.unknown().await;
    let devices: usize = clusters.iter().map(|cluster| cluster.members.len()).sum();
    let verdict = match clusters.len() {
        0 => "Every device that shows anything is known for what it is.".to_owned(),
        count => format!(
            "{} devices that nobody knows look like {} kinds. Name one of a kind, and all of it are named.",
            counted(devices),
            counted(count)
        ),
    };
    let mut rules = Vec::new();
    for (id, kept) in site.parts().database.house_rules().await? {
        let rule = kept.rule;
        let outcome = house.outcome(rule.shows.clone(), rule.attribute, rule.value.clone()).await;
        rules.push(Rule {
            id,
            says: format!("{}: {}", rule.attribute.name(), rule.value),
            shows: rule.shows.iter().map(told).collect(),
            by: format!("{}, {}", kept.by, moment(kept.at)),
            learned_from: rule.learned_from,
            named: counted(outcome.newly.len() + outcome.same.len()),
            against: outcome.otherwise.len(),
        });
    }
    let frame = Frame::of(&site, &visitor, "Unknown", "/unknown");
    let rows = clusters.iter().take(LISTED).filter_map(line).collect();
    Ok(answer::page(&Page { frame, verdict, rows, rules }))
}

fn line(cluster: &Cluster) -> Option<Line> {
    let shows = cluster.shared.iter().take(SHOWN).map(told).collect();
    Some(Line {
        id: *cluster.members.first()?,
        size: counted(cluster.members.len()),
        shows,
        more: cluster.shared.len().saturating_sub(SHOWN),
    })
}

#[derive(serde::Deserialize)]
struct End {
    rule: String,
}

/// Takes a rule back. Errors: there is none such.
async fn end(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<End>,
) -> Result<Redirect, Wrong> {
    visitor.check(&site, Action::LabelDevices, None)?;
    let rule: Id = form.rule.parse().map_err(|_| Wrong::Nothing)?;
    site.decide(&visitor, Command::RemoveRule(rule)).await?;
    Ok(Redirect::to("/unknown"))
}
