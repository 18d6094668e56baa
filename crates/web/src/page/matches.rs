//! What people have to decide: records that may be about one device, and answers that contradict each other.

mod conflicts;

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::words::{counted, named, percent};
use crate::route::{Entry, Need, Route};
use crate::site::{Settled, Site};
use crate::stand::may_pair as may;
use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use wardlight_access::Action;
use wardlight_inventory::resolve::{Bar, Question, Why};
use wardlight_model::Id;
use wardlight_model::journal::{Command, Judgement};

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![
        Route::new("/matches", get(show)).needs(Need::Right(Action::SeeMatches)),
        Route::new("/conflicts", get(conflicts::show)).needs(Need::Right(Action::SeeMatches)),
        Route::new("/matches/judge", post(judge)).needs(Need::Right(Action::DecideMatches)),
        Route::new("/matches/undo", post(undo)).needs(Need::Right(Action::DecideMatches)),
    ]
}

/// Questions of one page.
const ROWS: usize = 20;
/// Earlier decisions shown.
const DECIDED: usize = 20;

#[derive(Template)]
#[template(path = "page/matches/page.html")]
struct Page {
    frame: Frame,
    verdict: String,
    asked: Vec<Asked>,
    behind: String,
    decided: Vec<Decided>,
    may_decide: bool,
}

/// One question.
struct Asked {
    sides: [Side; 2],
    why: &'static str,
    sure: String,
    agrees: Vec<String>,
    differs: Vec<String>,
}

/// One of the two.
struct Side {
    id: String,
    name: String,
    source: String,
    /// Its page, when it is a device of the network.
    page: String,
}

/// A judgement that can be taken back.
struct Decided {
    id: String,
    says: &'static str,
    sides: [String; 2],
}

#[derive(serde::Deserialize)]
struct From {
    #[serde(default)]
    from: usize,
}

async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Query(From { from }): Query<From>,
) -> Result<Response, Wrong> {
    let stands = site.stands().await?;
    let frame = Frame::of(&site, &visitor, "Matches to review", "/matches");
    let may_decide = visitor.may_see_page(&site, Action::DecideMatches);
    let Some(settled) = site.parts().assets.now() else {
        let verdict = "The server is still reading what it knows.".to_owned();
        let (asked, behind, decided) = (Vec::new(), String::new(), Vec::new());
        return Ok(answer::page(&Page { frame, verdict, asked, behind, decided, may_decide }));
    };
    let sees = |sides: [Id; 2]| may(&site, &visitor, Action::SeeMatches, &stands, sides);
    let questions: Vec<&Question> =
        settled.resolution.questions.iter().filter(|question| sees([question.a, question.b])).collect();
    let asked = questions.iter().skip(from).take(ROWS).map(|question| told(question, &settled)).collect();
    let judged = site.parts().database.judgements().await?;
    let mine = judged.iter().rev().filter(|(_, judged)| sees([judged.one, judged.other]));
    let decided = mine.take(DECIDED).map(|(id, judged)| Decided {
        id: id.to_string(),
        says: if judged.is_same { "One device" } else { "Two devices" },
        sides: [judged.one, judged.other].map(|side| one_side(side, &settled).name),
    });
    let verdict = match questions.len() {
        0 => "Nothing waits to be decided.".to_owned(),
        some => format!("{} pairs may be one device. Likeliest first; each answer can be taken back.", counted(some)),
    };
    let next = from.saturating_add(ROWS);
    let behind = if next < questions.len() { format!("/matches?from={next}") } else { String::new() };
    Ok(answer::page(&Page { frame, verdict, asked, behind, decided: decided.collect(), may_decide }))
}

fn told(question: &Question, settled: &Settled) -> Asked {
    let (agrees, differs) = question.score.reasons.iter().partition::<Vec<_>, _>(|reason| reason.agrees);
    let words = |reasons: Vec<_>| {
        reasons.into_iter().map(|reason: &wardlight_inventory::resolve::Reason| named(&reason.to_string())).collect()
    };
    Asked {
        sides: [question.a, question.b].map(|side| one_side(side, settled)),
        why: why(question.why),
        sure: percent(question.score.probability),
        agrees: words(agrees),
        differs: words(differs),
    }
}

const fn why(why: Why) -> &'static str {
    match why {
        Why::Unsure => "Too little speaks for it to be sure.",
        Why::Tied => "Another answer is about as likely, and both cannot be.",
        Why::Barred(Bar::Decided) => "Somebody decided otherwise.",
        Why::Barred(Bar::Nested) => "One speaks for the other on the network.",
        Why::Barred(Bar::Retired) => "One record says that the device was gone when the other saw it.",
        Why::Barred(Bar::Serials) => "They have different serial numbers of one maker.",
        Why::Barred(Bar::Tags) => "One source gave them different asset tags.",
    }
}

fn one_side(id: Id, settled: &Settled) -> Side {
    let asset = settled.asset(id);
    let member = asset.and_then(|asset| asset.members.iter().find(|member| member.id == id));
    let source = member.map(|member| member.source.clone()).unwrap_or_else(|| "gone".to_owned());
    let shown = |field| asset.and_then(|asset| asset.shown(field)).unwrap_or_default();
    let what = [wardlight_model::AssetField::Maker, wardlight_model::AssetField::Model].map(shown).join(" ");
    let key = member.map_or_else(|| id.to_string(), |member| member.key.clone());
    let page = if source == "network" { format!("/devices/{id}") } else { String::new() };
    Side { id: id.to_string(), name: named(format!("{key} {what}").trim()), source, page }
}

#[derive(serde::Deserialize)]
struct Form {
    one: String,
    other: String,
    same: String,
}

async fn judge(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<Form>,
) -> Result<Redirect, Wrong> {
    let (one, other): (Id, Id) = (id(&form.one)?, id(&form.other)?);
    let stands = site.stands().await?;
    if !may(&site, &visitor, Action::DecideMatches, &stands, [one, other]) {
        visitor.check(&site, Action::DecideMatches, Some(stands.path(one)))?;
        return Err(Wrong::Nothing);
    }
    let settled = site.parts().assets.now().ok_or(Wrong::Nothing)?;
    if [one, other].iter().any(|side| settled.asset(*side).is_none()) {
        return Err(Wrong::Nothing);
    }
    let is_same = match form.same.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Wrong::Senseless("Say whether they are one device or two.".to_owned())),
    };
    site.decide(&visitor, Command::Judge(Judgement { one, other, is_same })).await?;
    Ok(Redirect::to("/matches"))
}

#[derive(serde::Deserialize)]
struct Undo {
    judgement: String,
}

async fn undo(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<Undo>,
) -> Result<Redirect, Wrong> {
    let wanted = id(&form.judgement)?;
    let judged = site.parts().database.judgements().await?;
    let (_, judged) = judged.iter().find(|(id, _)| *id == wanted).ok_or(Wrong::Nothing)?;
    let stands = site.stands().await?;
    if !may(&site, &visitor, Action::DecideMatches, &stands, [judged.one, judged.other]) {
        return Err(Wrong::Nothing);
    }
    site.decide(&visitor, Command::Unjudge(wanted)).await?;
    Ok(Redirect::to("/matches"))
}

fn id(text: &str) -> Result<Id, Wrong> {
    text.parse().map_err(|_| Wrong::Nothing)
}
