//! Tokens with which programs ask on one's behalf: made, shown once, listed, ended.
//!
//! In: a title, actions that one has oneself and that are not for people alone, a last day. Out: the token, once; its hash
//! is kept. A token is never worth more than its owner at the time of asking.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::again;
use crate::part::form::{Pairs, Sent};
use crate::part::frame::Frame;
use crate::part::words::{day, day_read, moment};
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use std::collections::BTreeSet;
use wardlight_access::Action;
use wardlight_access::token::{ApiToken, Kept};
use wardlight_model::{DeedKind, Id};
use wardlight_store::database::StoredToken;

/// The page.
pub static ENTRY: Entry = Entry { routes };

const HERE: &str = "/account/tokens";
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Most tokens of one account, and most signs of the name of one.
const MOST: usize = 50;
const TITLE: usize = 80;

fn routes() -> Vec<Route> {
    const OWN: Need = Need::Right(Action::ManageTokens);
    vec![Route::new(HERE, get(show).post(make)).needs(OWN), Route::new("/account/tokens/end", post(end)).needs(OWN)]
}

#[derive(Template)]
#[template(path = "page/tokens/page.html")]
struct Page {
    frame: Frame,
    lines: Vec<Line>,
    actions: Vec<(&'static str, &'static str, bool)>,
    is_fresh: bool,
    title: String,
    until: String,
    refusal: String,
}

struct Line {
    id: String,
    title: String,
    actions: String,
    until: String,
    has_ended: bool,
    used: String,
}

#[derive(Template)]
#[template(path = "page/tokens/made.html")]
struct Made {
    frame: Frame,
    title: String,
    token: String,
    until: String,
}

/// What was typed.
#[derive(Default)]
struct Typed {
    title: String,
    until: String,
    actions: Vec<String>,
}

/// What this visitor may lend to a program.
fn lendable(site: &Site, visitor: &Visitor) -> Vec<Action> {
    let is_lendable = |action: &Action| !site.rights().is_for_people(*action) && visitor.may_see_page(site, *action);
    Action::ALL.into_iter().filter(is_lendable).collect()
}

fn titles(names: &[String]) -> String {
    names.iter().filter_map(|name| Action::named(name)).map(Action::title).collect::<Vec<_>>().join(", ")
}

async fn show(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    page(&site, &visitor, Typed::default(), String::new()).await
}

async fn page(site: &Site, visitor: &Visitor, typed: Typed, refusal: String) -> Result<Response, Wrong> {
    let now = site.now();
    let line = |token: StoredToken| Line {
        id: token.id.to_string(),
        title: token.title,
        actions: titles(&token.actions),
        until: day(token.until.plus(-1)),
        has_ended: token.until <= now,
        used: token.used.map_or_else(|| "never".to_owned(), moment),
    };
    let mut tokens = site.parts().database.tokens(visitor.account).await?;
    tokens.sort_by_key(|token| std::cmp::Reverse(token.made));
    let is_chosen = |action: Action| typed.actions.iter().any(|name| name == action.name());
    let offered = lendable(site, visitor).into_iter();
    Ok(answer::page(&Page {
        frame: Frame::of(site, visitor, "Tokens for programs", "/account"),
        lines: tokens.into_iter().map(line).collect(),
        actions: offered.map(|action| (action.name(), action.title(), is_chosen(action))).collect(),
        is_fresh: again::is_fresh(site, visitor),
        title: typed.title,
        until: typed.until,
        refusal,
    }))
}

async fn make(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Pairs(pairs): Pairs,
) -> Result<Response, Wrong> {
    if visitor.session.is_break_glass {
        let why =
            "emergency access ends after an hour, and lends nothing to programs: log in with an account of your own";
        return Err(Wrong::Senseless(why.to_owned()));
    }
    again::asked(&site, &visitor, Action::ManageTokens, HERE)?;
    let typed = Typed::read(pairs);
    let token = ApiToken::new(Id(site.chance()?), site.chance()?);
    match kept(&site, &visitor, &token, &typed).await? {
        Err(why) => {
            let page = page(&site, &visitor, typed, why).await?;
            Ok((StatusCode::BAD_REQUEST, page).into_response())
        }
        Ok(kept) => {
            let detail = format!("{} until {}: {}", kept.id, day(kept.until.plus(-1)), kept.actions.join(", "));
            site.note(&visitor.name, DeedKind::TokenMade, visitor.account, &detail).await?;
            site.parts().database.put_token(&kept).await?;
            let frame = Frame::of(&site, &visitor, "A token", "/account");
            let (title, token) = (kept.title, token.text().to_string());
            Ok(answer::page(&Made { frame, title, token, until: day(kept.until.plus(-1)) }))
        }
    }
}

/// What is kept of `token`; why there can be none such.
async fn kept(
    site: &Site,
    visitor: &Visitor,
    token: &ApiToken,
    typed: &Typed,
) -> Result<Result<StoredToken, String>, Wrong> {
    let (offered, now) = (lendable(site, visitor), site.now());
    let chosen: BTreeSet<Action> = typed.actions.iter().filter_map(|name| Action::named(name)).collect();
    if let Some(action) = chosen.iter().find(|action| !offered.contains(action)) {
        return Ok(Err(format!("You cannot lend what you have not: {}.", action.title())));
    }
    let title: String = typed.title.trim().chars().filter(|sign| !sign.is_control()).take(TITLE).collect();
    if title.is_empty() {
        return Ok(Err("Give it a name, such as the program that uses it.".to_owned()));
    }
    if site.parts().database.tokens(visitor.account).await?.len() >= MOST {
        return Ok(Err(format!("There are {MOST} tokens: end one first.")));
    }
    let Some(until) = day_read(&typed.until).map(|until| until.plus(DAY)) else {
        return Ok(Err("Give it a last day, such as 2026-11-24.".to_owned()));
    };
    Ok(match Kept::new(token, chosen, (now, until), site.rights()) {
        Err(error) => Err(format!("Not so: {error}.")),
        Ok(Kept { id, hash, actions, from, until, last_used }) => {
            let actions = actions.into_iter().map(|action| action.name().to_owned()).collect();
            Ok(StoredToken { id, account: visitor.account, title, hash, actions, made: from, until, used: last_used })
        }
    })
}

#[derive(serde::Deserialize)]
struct Ended {
    id: String,
}

async fn end(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(ended): Sent<Ended>,
) -> Result<Response, Wrong> {
    // Ending one asks for no second factor: it takes rights away, and may be urgent.
    let tokens = site.parts().database.tokens(visitor.account).await?;
    let token = tokens.iter().find(|token| token.id.to_string() == ended.id);
    let token = token.ok_or_else(|| Wrong::Senseless("there is no such token of yours any more".to_owned()))?;
    site.note(&visitor.name, DeedKind::TokenEnded, visitor.account, &token.id.to_string()).await?;
    site.parts().database.drop_token(token.id).await?;
    Ok(Redirect::to(HERE).into_response())
}

impl Typed {
    fn read(pairs: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "title" => typed.title = value,
                "until" => typed.until = value,
                "action" => typed.actions.push(value),
                _ => {}
            }
        }
        typed
    }
}
