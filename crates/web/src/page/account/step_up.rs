//! Showing again that it is one: a code, a key, or a line of the recovery sheet, for what asks for it.

use crate::answer::{self, Wrong};
use crate::guard::{Visitor, held};
use crate::part::factors;
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::keys::{self, Reached};
use crate::part::way::within;
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse as _, Redirect, Response};
use wardlight_access::Action;
use wardlight_access::session::Token;

#[derive(Template)]
#[template(path = "page/account/step_up.html")]
struct Page {
    frame: Frame,
    to: String,
    /// Whether there is a factor to show.
    has_any: bool,
    /// Whether one may be set up now, after a log-in that was lately.
    may_set_up: bool,
    key: String,
    no_key: String,
    pending: String,
    refusal: &'static str,
}

#[derive(serde::Deserialize)]
pub struct To {
    #[serde(default)]
    to: String,
}

/// Asks for it.
pub async fn ask(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    reached: Reached,
    Query(To { to }): Query<To>,
) -> Result<Response, Wrong> {
    page(&site, &visitor, &reached, (to, "")).await
}

async fn page(
    site: &Site,
    visitor: &Visitor,
    reached: &Reached,
    (to, refusal): (String, &'static str),
) -> Result<Response, Wrong> {
    let factors = site.parts().database.factors(visitor.account).await?;
    let (key, asked) = keys::ask(site, reached, &factors)?.unzip();
    let pending = asked.map(|asked| site.waiting().again.put(site, asked)).transpose()?;
    let has_keys = factors.iter().any(|factor| factor.kind == keys::KIND);
    let is_late = site.now().since(visitor.session.begun) >= site.limits().step_up;
    Ok(answer::page(&Page {
        frame: Frame::of(site, visitor, "Show again that it is you", "/account"),
        to,
        has_any: factors::is_asked(&factors),
        may_set_up: !is_late && visitor.may_see_page(site, Action::ManageOwnAccount),
        key: key.unwrap_or_default(),
        no_key: reached.lacks(site).filter(|_| has_keys).unwrap_or_default(),
        pending: pending.unwrap_or_default(),
        refusal,
    }))
}

#[derive(serde::Deserialize)]
pub struct Shown {
    #[serde(default)]
    to: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    pending: String,
}

/// Looks at what was shown, and leads on.
pub async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    reached: Reached,
    Sent(shown): Sent<Shown>,
) -> Result<Response, Wrong> {
    site.try_code(visitor.account).map_err(|wait| Wrong::Wait(wait.seconds()))?;
    let (database, now) = (&site.parts().database, site.now());
    let factors = database.factors(visitor.account).await?;
    let asked = if shown.key.is_empty() { None } else { site.waiting().again.take(&shown.pending, now) };
    let is_right = match &asked {
        Some(asked) => keys::answers(&site, &reached, asked, &factors, &shown.key).await?,
        None => factors::spends(&site, &factors, &shown.code).await?,
    };
    // What opened the session before opens nothing any more.
    let token = Token::new(site.chance()?);
    if is_right && database.renew_session(&visitor.hash, &token.hash(), now).await? {
        return Ok((AppendHeaders([(SET_COOKIE, held(&token))]), Redirect::to(within(&shown.to))).into_response());
    }
    eprintln!("wardlight: account {} showed a wrong second factor", visitor.account);
    let page = page(&site, &visitor, &reached, (shown.to, "That is not right. Try again.")).await?;
    Ok((StatusCode::BAD_REQUEST, page).into_response())
}
