//! Accounts: who may come in, and what they may; made, disabled, renewed, given roles and relieved of them.
//!
//! In: what an administrator says, who showed a second factor lately. Out: accounts and grants; links and codes that are
//! shown once. Never: a password that an administrator knows, or a house without an administrator.

mod change;
mod emergency;
mod grants;
mod one;

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::again;
use crate::part::frame::Frame;
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use std::collections::HashMap;
use wardlight_access::{Action, Role};
use wardlight_model::{Id, Time};
use wardlight_store::database::{Account, StoredGrant};

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    const SEE: Need = Need::Right(Action::SeeAccounts);
    const CHANGE: Need = Need::Right(Action::ManageAccounts);
    vec![
        Route::new("/accounts", get(list)).needs(SEE),
        Route::new("/accounts/new", get(change::ask).post(change::make)).needs(CHANGE),
        Route::new("/accounts/seen", post(emergency::seen)).needs(CHANGE),
        Route::new("/accounts/{id}", get(one::show)).needs(SEE),
        Route::new("/accounts/{id}/link", post(change::link)).needs(CHANGE),
        Route::new("/accounts/{id}/envelope", post(emergency::seal)).needs(CHANGE),
        Route::new("/accounts/{id}/state", post(change::switch)).needs(CHANGE),
        Route::new("/accounts/{id}/grant", post(grants::add)).needs(CHANGE),
        Route::new("/accounts/{id}/grant/end", post(grants::end)).needs(CHANGE),
        Route::new("/accounts/{id}/identity/end", post(change::part)).needs(CHANGE),
    ]
}

#[derive(Template)]
#[template(path = "page/accounts/page.html")]
struct Page {
    frame: Frame,
    verdict: String,
    may_change: bool,
    lines: Vec<Line>,
}

struct Line {
    id: String,
    name: String,
    shown: String,
    roles: String,
    kind: &'static str,
    is_disabled: bool,
}

async fn list(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    let database = &site.parts().database;
    let (accounts, grants) = (database.accounts().await?, database.all_grants().await?);
    let mut roles: HashMap<Id, Vec<&'static str>> = HashMap::new();
    for grant in grants.iter().filter(|grant| is_live(grant, site.now())) {
        let titles = roles.entry(grant.account).or_default();
        titles.extend(Role::named(&grant.role).map(Role::title).filter(|title| !titles.contains(title)));
    }
    let line = |account: &Account| Line {
        id: account.id.to_string(),
        name: account.name.clone(),
        shown: account.shown.clone(),
        roles: roles.get(&account.id).map(|titles| titles.join(", ")).unwrap_or_default(),
        kind: if account.is_break_glass { "for emergencies" } else { "a person's" },
        is_disabled: account.is_disabled,
    };
    let lines: Vec<Line> = accounts.iter().map(line).collect();
    let disabled = lines.iter().filter(|line| line.is_disabled).count();
    Ok(answer::page(&Page {
        frame: Frame::of(&site, &visitor, "Accounts", "/accounts"),
        verdict: format!("{} accounts, {disabled} of them disabled.", lines.len()),
        may_change: visitor.may_everywhere(&site, Action::ManageAccounts),
        lines,
    }))
}

fn is_live(grant: &StoredGrant, now: Time) -> bool {
    grant.from <= now && grant.until.is_none_or(|until| now < until)
}

/// The account called `id`.
async fn named(site: &Site, id: &str) -> Result<Account, Wrong> {
    let id: Id = id.parse().map_err(|_| Wrong::Nothing)?;
    site.parts().database.account(id).await?.ok_or(Wrong::Nothing)
}

/// Errors: this visitor did not show a second factor lately; then it goes on at the account's page.
fn asked(site: &Site, visitor: &Visitor, id: &str) -> Result<(), Wrong> {
    again::asked(site, visitor, Action::ManageAccounts, &format!("/accounts/{id}"))
}

/// Errors: nobody but `account` is an administrator who can come in and has no end: what takes that from it is refused.
async fn keeps_administrator(site: &Site, account: Id) -> Result<(), Wrong> {
    let (database, now) = (&site.parts().database, site.now());
    let grants = database.all_grants().await?;
    let is_lasting = |grant: &&StoredGrant| {
        let is_role = grant.role == Role::Admin.name() && grant.area.is_none();
        is_role && grant.until.is_none() && grant.from <= now
    };
    if !grants.iter().filter(is_lasting).any(|grant| grant.account == account) {
        return Ok(());
    }
    for other in grants.iter().filter(is_lasting).filter(|grant| grant.account != account) {
        let other = database.account(other.account).await?;
        let other = other.filter(|other| !other.is_disabled && !other.is_break_glass);
        let Some(other) = other else { continue };
        if other.password.is_some() || !database.identities(other.id).await?.is_empty() {
            return Ok(());
        }
    }
    Err(Wrong::Senseless(
        "nobody else is an administrator without an end who has set up the account: make one first".to_owned(),
    ))
}
