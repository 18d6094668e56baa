//! A security key or passkey: made known, listed, ended.
//!
//! In: what the browser's key answered. Out: a factor; from then on the log-in asks for it or for a code. Only who showed
//! lately who they are may add or end one.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::again;
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::keys::{self, Reached};
use crate::part::words::moment;
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use wardlight_model::{DeedKind, Id};
use wardlight_store::database::Factor;

const HERE: &str = "/account/key";
/// Most keys of one account, and most signs of the name of one.
const MOST: usize = 10;
const TITLE: usize = 40;

#[derive(Template)]
#[template(path = "page/account/key.html")]
struct Page {
    frame: Frame,
    /// Why none is offered; empty when one is.
    lacks: String,
    is_owner: bool,
    pending: String,
    challenge: String,
    refusal: &'static str,
}

/// One key.
pub struct Line {
    pub id: String,
    pub title: String,
    pub made: String,
    pub used: String,
}

/// The keys among `factors`.
pub fn lines(factors: &[Factor]) -> Vec<Line> {
    let keys = factors.iter().filter(|factor| factor.kind == keys::KIND);
    keys.map(|factor| Line {
        id: factor.id.to_string(),
        title: factor.title.clone(),
        made: moment(factor.made),
        used: factor.used.map_or_else(|| "not yet".to_owned(), moment),
    })
    .collect()
}

/// Offers to make a key known.
pub async fn offer(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    reached: Reached,
) -> Result<Response, Wrong> {
    page(&site, &visitor, &reached, "").await
}

async fn page(site: &Site, visitor: &Visitor, reached: &Reached, refusal: &'static str) -> Result<Response, Wrong> {
    let factors = site.parts().database.factors(visitor.account).await?;
    let is_owner = again::is_owner(site, visitor).await?;
    let has_most = lines(&factors).len() >= MOST;
    let lacks = reached.lacks(site).or_else(|| has_most.then(|| format!("There are {MOST} keys: end one first.")));
    let is_offered = is_owner && lacks.is_none();
    let who = (visitor.account, visitor.name.as_str(), visitor.shown.as_str());
    let begun = if is_offered { keys::enrol(site, reached, who, &factors)? } else { None };
    let (challenge, enrolling) = begun.unzip();
    let pending = enrolling.map(|enrolling| site.waiting().keys.put(site, enrolling)).transpose()?;
    Ok(answer::page(&Page {
        frame: Frame::of(site, visitor, "A security key", "/account"),
        lacks: lacks.unwrap_or_default(),
        is_owner,
        pending: pending.unwrap_or_default(),
        challenge: challenge.unwrap_or_default(),
        refusal,
    }))
}

#[derive(serde::Deserialize)]
pub struct Answered {
    pending: String,
    key: String,
    #[serde(default)]
    title: String,
}

/// Keeps the key that answered.
pub async fn confirm(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    reached: Reached,
    Sent(form): Sent<Answered>,
) -> Result<Response, Wrong> {
    again::owner(&site, &visitor, HERE).await?;
    let (id, now) = (Id(site.chance()?), site.now());
    let begun = site.waiting().keys.take(&form.pending, now);
    let sealed = match &begun {
        Some(begun) => keys::enrolled(&site, &reached, begun, (visitor.account, id), &form.key)?,
        None => None,
    };
    let Some(sealed) = sealed else {
        return page(&site, &visitor, &reached, "The key did not answer as it should, or it took too long. Try again.")
            .await;
    };
    let title: String = form.title.trim().chars().filter(|sign| !sign.is_control()).take(TITLE).collect();
    let title = if title.is_empty() { "Key".to_owned() } else { title };
    let (account, kind) = (visitor.account, keys::KIND.to_owned());
    let factor = Factor { id, account, kind, title, sealed, made: now, used: None, step: None };
    site.note(&visitor.name, DeedKind::FactorPut, account, "a security key").await?;
    site.parts().database.put_factor(&factor).await?;
    site.parts().database.step_up_session(&visitor.hash, now).await?;
    Ok(Redirect::to("/account").into_response())
}

#[derive(serde::Deserialize)]
pub struct Ended {
    id: String,
}

/// Ends a key.
pub async fn end(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<Ended>,
) -> Result<Response, Wrong> {
    again::owner(&site, &visitor, "/account").await?;
    let factors = site.parts().database.factors(visitor.account).await?;
    let key = factors.iter().find(|factor| factor.kind == keys::KIND && factor.id.to_string() == form.id);
    let key = key.ok_or_else(|| Wrong::Senseless("there is no such key of yours any more".to_owned()))?;
    super::end(&site, &visitor, key.id, "a security key").await?;
    Ok(Redirect::to("/account").into_response())
}
