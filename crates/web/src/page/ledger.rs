//! The ledger: who decided, did and read what; and whether it is as it was written.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::house::Noted;
use crate::part::frame::Frame;
use crate::part::words::{counted, moment};
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use wardlight_access::Action;

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    let need = Need::Right(Action::SeeLedger);
    vec![Route::new("/ledger", get(show)).needs(need), Route::new("/ledger/proof", get(prove)).needs(need)]
}

/// Entries of one page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "page/ledger/page.html")]
struct Page {
    frame: Frame,
    verdict: String,
    lines: Vec<Line>,
    behind: String,
}

struct Line {
    index: String,
    when: String,
    by: String,
    kind: &'static str,
    what: String,
    outcome: String,
    is_refused: bool,
    detail: String,
    hash: String,
}

#[derive(serde::Deserialize)]
struct Asked {
    before: Option<u64>,
}

async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
) -> Result<Response, Wrong> {
    visitor.check(&site, Action::SeeLedger, None)?;
    let all = site.parts().house.entries(asked.before, ROWS).await?;
    let size = site.parts().house.standing().ledger;
    let verdict = format!(
        "{} entries. Each is chained to the one before; nothing can be changed or left out without it showing.",
        counted(usize::try_from(size).unwrap_or(usize::MAX))
    );
    let behind = all.last().filter(|last| last.index > 0);
    let behind = behind.map(|last| format!("/ledger?before={}", last.index)).unwrap_or_default();
    let frame = Frame::of(&site, &visitor, "Ledger", "/ledger");
    Ok(answer::page(&Page { frame, verdict, lines: all.iter().map(line).collect(), behind }))
}

fn line(one: &Noted) -> Line {
    let text = |name: &str| one.body.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let outcome = text("outcome");
    let detail = one.body.get("detail").unwrap_or(&one.body);
    Line {
        index: one.index.to_string(),
        when: moment(one.time),
        by: if one.by.is_empty() { "purged".to_owned() } else { one.by.clone() },
        kind: one.kind,
        what: match text("command") {
            "" => one.subject.clone(),
            command => command.replace(['.', '_'], " "),
        },
        is_refused: !outcome.is_empty() && outcome != "done",
        outcome: outcome.to_owned(),
        detail: serde_json::to_string_pretty(detail).unwrap_or_default(),
        hash: one.hash.chars().take(16).collect(),
    }
}

#[derive(Template)]
#[template(path = "page/ledger/proof.html")]
struct Proof {
    frame: Frame,
    is_sound: bool,
    lines: Vec<String>,
    when: String,
}

async fn prove(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    visitor.check(&site, Action::SeeLedger, None)?;
    let (is_sound, verdict) = site.parts().house.proof().await?;
    let frame = Frame::of(&site, &visitor, "Proof of the ledger", "/ledger");
    let lines = verdict.lines().map(str::to_owned).collect();
    Ok(answer::page(&Proof { frame, is_sound, lines, when: moment(site.now()) }))
}
