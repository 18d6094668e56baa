//! Devices of the real world as records and network together know them: those never met, those in no record.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::frame::Frame;
use crate::part::words::{counted, named};
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use wardlight_access::Action;
use wardlight_inventory::resolve::{Asset, Onboarding, SourceKind};
use wardlight_model::AssetField;

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![Route::new("/records", get(show)).needs(Need::Right(Action::SeeDevices))]
}

/// Assets of one page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "page/records/page.html")]
struct Page {
    frame: Frame,
    title: &'static str,
    verdict: String,
    lines: Vec<Line>,
    behind: String,
}

struct Line {
    name: String,
    /// Its page, when it was met on the network.
    page: String,
    kind: String,
    product: String,
    place: String,
    owner: String,
    sources: String,
}

#[derive(serde::Deserialize)]
struct Asked {
    #[serde(default)]
    missing: String,
    #[serde(default)]
    unlisted: String,
    #[serde(default)]
    from: usize,
}

async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
) -> Result<Response, Wrong> {
    let stands = site.stands().await?;
    let settled = site.parts().assets.now();
    let (title, filter): (_, fn(&Asset) -> bool) = match (asked.missing.as_str(), asked.unlisted.as_str()) {
        ("yes", _) => {
            ("In the records and never met", |asset| !asset.is_networked() && asset.onboarding == Onboarding::Expected)
        }
        (_, "yes") => ("Met, and in no record", |asset| asset.is_networked() && !asset.is_confirmed),
        _ => ("Records and network together", |_| true),
    };
    let is_everywhere = visitor.may_everywhere(&site, Action::SeeDevices);
    let sees =
        |asset: &&Asset| is_everywhere || visitor.check(&site, Action::SeeDevices, Some(stands.path(asset.id))).is_ok();
    let all = settled.iter().flat_map(|settled| &settled.resolution.assets);
    let found: Vec<&Asset> = all.filter(|asset| filter(asset)).filter(sees).collect();
    let verdict = match found.len() {
        0 => "None.".to_owned(),
        some => format!("{} devices.", counted(some)),
    };
    let lines = found.iter().skip(asked.from).take(ROWS).map(|asset| line(asset)).collect();
    let next = asked.from.saturating_add(ROWS);
    let is = |said: &str| if said == "yes" { "yes" } else { "" };
    let (missing, unlisted) = (is(&asked.missing), is(&asked.unlisted));
    let more = || format!("/records?missing={missing}&unlisted={unlisted}&from={next}");
    let behind = if next < found.len() { more() } else { String::new() };
    let frame = Frame::of(&site, &visitor, title, "/records");
    Ok(answer::page(&Page { frame, title, verdict, lines, behind }))
}

fn line(asset: &Asset) -> Line {
    let shown = |field| asset.shown(field).map(named).unwrap_or_default();
    let joined = |parts: Vec<String>| parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let met = asset.members.iter().find(|member| member.kind == SourceKind::Network);
    let key = asset.members.first().map(|member| member.key.clone()).unwrap_or_default();
    let host = shown(AssetField::Hostname);
    let mut sources: Vec<&str> = asset.members.iter().map(|member| member.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    Line {
        name: if host.is_empty() { key } else { host },
        page: met.map(|member| format!("/devices/{}", member.id)).unwrap_or_default(),
        kind: asset.kind.as_ref().map(|kind| kind.name.clone()).unwrap_or_default(),
        product: joined(vec![shown(AssetField::Maker), shown(AssetField::Model)]),
        place: joined(vec![shown(AssetField::Building), shown(AssetField::Department), shown(AssetField::Room)]),
        owner: asset.owners.technical.clone().or_else(|| asset.owners.clinical.clone()).unwrap_or_default(),
        sources: sources.join(", "),
    }
}
