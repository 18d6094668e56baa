//! How accounts are set up: the first of all by the link that is printed at the start, the others by one that an
//! administrator made. Only who holds the link ever knows the password.

use super::{From, In, address, enter, second};
use crate::answer::{self, Wrong};
use crate::part::form::Sent;
use crate::part::keys::Reached;
use crate::part::way::{SET_UP, seen, unfit};
use crate::part::{factors, passwords};
use crate::site::Site;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use std::net::IpAddr;
use subtle::ConstantTimeEq as _;
use wardlight_access::Role;
use wardlight_access::session::Token;
use wardlight_model::{DeedKind, Id};
use wardlight_store::database::{Account, Pass, StoredGrant};

/// What a log-in by it is called in the ledger.
const LINK: &str = "a link";

#[derive(Template)]
#[template(path = "page/log_in/set_up.html")]
struct Page {
    token: String,
    is_first: bool,
    name: String,
    shown: String,
    refusal: String,
}

/// Which account a link is for.
enum Link {
    /// The first of all, not made yet.
    First,
    /// This one.
    Of(Account, Pass),
}

/// Errors: there is no such link, or it was used, or it is too old.
async fn link(site: &Site, token: &str) -> Result<Link, Wrong> {
    let hash = Token::read(token).ok_or(Wrong::Nothing)?.hash();
    let database = &site.parts().database;
    if bool::from(hash.ct_eq(&site.parts().invitation)) {
        return if database.accounts().await?.is_empty() { Ok(Link::First) } else { Err(Wrong::Nothing) };
    }
    let is_good = |pass: &Pass| pass.kind == SET_UP && pass.until.is_some_and(|until| site.now() < until);
    let pass = database.pass(&hash).await?.filter(is_good).ok_or(Wrong::Nothing)?;
    let account = database.account(pass.account).await?.filter(|account| !account.is_disabled);
    Ok(Link::Of(account.ok_or(Wrong::Nothing)?, pass))
}

/// Shows what a link is for.
pub async fn ask(State(site): State<Site>, Path(token): Path<String>) -> Result<Response, Wrong> {
    let link = link(&site, &token).await?;
    let page = |is_first, name, shown| Page { token, is_first, name, shown, refusal: String::new() };
    Ok(answer::page(&match link {
        Link::First => page(true, String::new(), String::new()),
        Link::Of(account, _) => page(false, account.name, account.shown),
    }))
}

#[derive(serde::Deserialize)]
pub struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    shown: String,
    password: String,
}

/// Makes the first account, or sets the password of the one that the link is for.
pub async fn set_up(
    State(site): State<Site>,
    Path(token): Path<String>,
    from: From,
    reached: Reached,
    Sent(typed): Sent<Typed>,
) -> Result<Response, Wrong> {
    let link = link(&site, &token).await?;
    let (is_first, name) = match &link {
        Link::First => (true, typed.name.trim().to_lowercase()),
        Link::Of(account, _) => (false, account.name.clone()),
    };
    let hashed = match unfit(&name) {
        Some(refusal) => Err(refusal),
        None => passwords::hashed(&site, typed.password, name.clone())
            .await?
            .map_err(|refused| format!("The password {refused}.")),
    };
    match (hashed, link) {
        (Ok(password), Link::First) => first(&site, (name, typed.shown), password, address(&from)).await,
        (Ok(password), Link::Of(_, pass)) => renew(&site, &reached, (pass, address(&from)), password).await,
        (Err(refusal), link) => {
            let shown = if let Link::Of(account, _) = link { account.shown } else { typed.shown };
            let name = if is_first { typed.name } else { name };
            let page = answer::page(&Page { token, is_first, name, shown, refusal });
            Ok((StatusCode::BAD_REQUEST, page).into_response())
        }
    }
}

async fn first(
    site: &Site,
    (name, shown): (String, String),
    password: String,
    address: IpAddr,
) -> Result<Response, Wrong> {
    let (id, now) = (Id(site.chance()?), site.now());
    let shown = seen(&shown, &name);
    let account =
        Account { id, name, shown, password: Some(password), is_disabled: false, is_break_glass: false, made: now };
    let grant = StoredGrant { account: id, role: Role::Admin.name().to_owned(), area: None, from: now, until: None };
    if !site.parts().database.put_first_account(&account, &[grant]).await? {
        return Err(Wrong::Nothing);
    }
    site.note(&account.name, DeedKind::AccountPut, id, "the first, an administrator's, by the printed link").await?;
    enter(site, &account, In { how: LINK, address, has_stepped_up: false }, "/").await
}

async fn renew(
    site: &Site,
    reached: &Reached,
    (pass, address): (Pass, IpAddr),
    password: String,
) -> Result<Response, Wrong> {
    let (_alone, database, id) = (site.changing().await, &site.parts().database, pass.account);
    // It may have been disabled, or the link used, while the password was hashed.
    let account = database.account(id).await?.filter(|account| !account.is_disabled).ok_or(Wrong::Nothing)?;
    site.note(&account.name, DeedKind::FactorPut, id, "a password, by a link").await?;
    if !database.drop_pass(&pass.hash).await? {
        return Err(Wrong::Nothing);
    }
    let account = Account { password: Some(password), ..account };
    database.put_account(&account).await?;
    database.drop_sessions(id).await?;
    let factors = database.factors(id).await?;
    if factors::is_asked(&factors) {
        return second::ask(site, reached, second::Half { account: &account, factors: &factors, to: "/".to_owned() });
    }
    enter(site, &account, In { how: LINK, address, has_stepped_up: false }, "/").await
}
