//! Fields of assets whose answers contradict each other, with who says what.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::called;
use crate::part::frame::Frame;
use crate::part::words::{counted, moment, named};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use wardlight_access::Action;
use wardlight_inventory::resolve::{Asset, Held, SourceKind};
use wardlight_model::AssetField;

/// Assets of one page.
const ROWS: usize = 25;

#[derive(Template)]
#[template(path = "page/matches/conflicts.html")]
struct Page {
    frame: Frame,
    verdict: String,
    all: Vec<Torn>,
    behind: String,
}

/// An asset with conflicts.
struct Torn {
    name: String,
    /// Its page, when it was met on the network.
    page: String,
    fields: Vec<(String, Vec<Said>)>,
}

struct Said {
    value: String,
    source: String,
    when: String,
}

#[derive(serde::Deserialize)]
pub struct From {
    #[serde(default)]
    from: usize,
}

pub async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Query(From { from }): Query<From>,
) -> Result<Response, Wrong> {
    let stands = site.stands().await?;
    let settled = site.parts().assets.now();
    let sees = |asset: &&Asset| visitor.check(&site, Action::SeeMatches, Some(stands.path(asset.id))).is_ok();
    let torn: Vec<&Asset> = settled.iter().flat_map(|settled| settled.disputed()).filter(sees).collect();
    let verdict = match torn.len() {
        0 => "No two sources contradict each other.".to_owned(),
        some => format!(
            "{} devices on which sources contradict each other. A label, or a mended record, settles it.",
            counted(some)
        ),
    };
    let next = from.saturating_add(ROWS);
    let behind = if next < torn.len() { format!("/conflicts?from={next}") } else { String::new() };
    let all = torn.iter().skip(from).take(ROWS).map(|asset| told(asset)).collect();
    let frame = Frame::of(&site, &visitor, "Conflicts", "/conflicts");
    Ok(answer::page(&Page { frame, verdict, all, behind }))
}

fn told(asset: &Asset) -> Torn {
    let shown = |field| asset.shown(field).map(named);
    let name = shown(AssetField::Hostname).or_else(|| asset.members.first().map(|member| member.key.clone()));
    let met = asset.members.iter().find(|member| member.kind == SourceKind::Network);
    let field = |held: &Held| {
        // A bed is near to a patient: who may read it asks for it on the device's page, which is written down.
        let is_near = held.field == AssetField::Bed;
        let said = held.answers.iter().map(|answer| Said {
            value: if is_near { "on the device's page".to_owned() } else { named(&answer.value) },
            source: answer.source.clone(),
            when: moment(answer.time),
        });
        (called::field(held.field), said.collect())
    };
    Torn {
        name: name.unwrap_or_default(),
        page: met.map(|member| format!("/devices/{}", member.id)).unwrap_or_default(),
        fields: asset.disputes().map(field).collect(),
    }
}
