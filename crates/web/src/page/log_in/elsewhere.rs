//! Log-in by another house that vouches for people.
//!
//! In: a browser that comes back from the provider. Out: a session of the account that is linked to whom the provider means.
//! The first time, an account is found by its name, if that is configured: one that an administrator made beforehand, whose
//! owner never set a password here, and who is nobody else there. Rights come from here alone.

use super::{From, In, To, address, enter, page, second};
use crate::answer::Wrong;
use crate::guard::{Visitor, cookie};
use crate::part::factors;
use crate::part::keys::Reached;
use crate::part::way::SET_UP;
use crate::provider::{Person, Provider};
use crate::site::Site;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse as _, Redirect, Response};
use subtle::ConstantTimeEq as _;
use wardlight_access::session::Token;
use wardlight_model::{DeedKind, folded};
use wardlight_store::database::{Account, Identity, Pass};

/// Binds what comes back to the browser that was sent.
const COOKIE: &str = "__Host-wardlight-sent";
/// How long after an account its first link is made at most, in microseconds.
const RENEWED: i64 = 60_000_000;

fn provider(site: &Site) -> Result<(&Provider, &crate::host::Host), Wrong> {
    let parts = site.parts();
    parts.provider.as_ref().zip(parts.host.as_ref()).ok_or(Wrong::Nothing)
}

/// Sends the browser to the provider.
pub async fn send(
    State(site): State<Site>,
    from: From,
    headers: HeaderMap,
    Query(To { to }): Query<To>,
) -> Result<Response, Wrong> {
    // No page of others logs anybody in: somebody presses the button here.
    if headers.get("sec-fetch-site").is_some_and(|from| from != "same-origin" && from != "none") {
        return Ok(page(&site, to, String::new(), ""));
    }
    let (provider, host) = provider(&site)?;
    // Else anybody could push those out who are at the provider.
    site.try_send(address(&from)).map_err(|wait| Wrong::Wait(wait.seconds()))?;
    let token = Token::new(site.chance()?);
    let (there, sent) = provider.send((host, site.lately(), site.now()), token.text(), to).await?;
    site.waiting().sent.put_under(&site, &token, sent);
    let cookie = format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=300", token.text());
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(&there)).into_response())
}

#[derive(serde::Deserialize)]
pub struct Back {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
}

/// Lets in whom the provider means.
pub async fn back(
    State(site): State<Site>,
    from: From,
    (reached, visitor): (Reached, Option<Extension<Visitor>>),
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Result<Response, Wrong> {
    let (provider, host) = provider(&site)?;
    let held = cookie(&headers, COOKIE).unwrap_or_default();
    let is_its = !back.state.is_empty() && bool::from(held.as_bytes().ct_eq(back.state.as_bytes()));
    let sent = if is_its { site.waiting().sent.take(&back.state, site.now()) } else { None };
    let Some(sent) = sent else { return Ok(refused(&site, "That took too long, or began elsewhere. Begin again.")) };
    if back.code.is_empty() {
        return Ok(refused(&site, "The other house did not vouch for you. Nothing was changed."));
    }
    let to = sent.to.clone();
    let person = provider.meant((host, site.lately(), site.now()), back.code, sent).await?;
    let Some(account) = account(&site, &person).await? else {
        return Ok(refused(
            &site,
            "The other house knows you, but you have no account here. Ask whoever runs Wardlight.",
        ));
    };
    let factors = site.parts().database.factors(account.id).await?;
    if factors::is_asked(&factors) {
        return second::ask(&site, &reached, second::Half { account: &account, factors: &factors, to });
    }
    if let Some(Extension(before)) = visitor {
        site.parts().database.drop_session(&before.hash).await?;
    }
    let came = In { how: "another house", address: address(&from), has_stepped_up: false };
    enter(&site, &account, came, &to).await
}

fn refused(site: &Site, why: &str) -> Response {
    (StatusCode::UNAUTHORIZED, page(site, String::new(), String::new(), why)).into_response()
}

/// The account of `person`, linked the first time.
async fn account(site: &Site, person: &Person) -> Result<Option<Account>, Wrong> {
    let database = &site.parts().database;
    let may_enter = |account: &Account| !account.is_disabled && !account.is_break_glass;
    if let Some(linked) = database.identity(&person.issuer, &person.subject).await? {
        return Ok(database.account(linked.account).await?.filter(may_enter));
    }
    let Some(name) = person.name.as_ref().filter(|name| !name.is_empty()) else { return Ok(None) };
    let _alone = site.changing().await;
    let found = database.account_named(name).await?.filter(may_enter);
    // Names of other houses change hands: who has a password, or is somebody there already, is not found by one.
    let found = found.filter(|account| account.password.is_none() && folded(&account.name) == folded(name));
    let Some(account) = found else { return Ok(None) };
    // Behind a link that was made anew somebody owned the account before: they come in by that link alone.
    let is_renewed = |pass: &Pass| pass.kind == SET_UP && pass.made.since(account.made) > RENEWED;
    if database.passes(account.id).await?.iter().any(is_renewed) {
        return Ok(None);
    }
    if database.identities(account.id).await?.iter().any(|identity| identity.issuer == person.issuer) {
        return Ok(None);
    }
    let detail = format!("{} vouches for it", person.issuer);
    site.note(&account.name, DeedKind::AccountPut, account.id, &detail).await?;
    let (issuer, subject) = (person.issuer.clone(), person.subject.clone());
    let identity = Identity { issuer, subject, account: account.id, made: site.now() };
    Ok(database.put_identity(&identity).await?.then_some(account))
}
