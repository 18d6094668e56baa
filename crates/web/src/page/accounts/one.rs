//! One account: how it comes in, what it may, when it was used in an emergency.

use super::{grants, named};
use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::frame::Frame;
use crate::part::way::{EMERGENCY, SET_UP};
use crate::part::words::moment;
use crate::part::{again, factors, keys};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use wardlight_access::{Action, Role};
use wardlight_store::database::{Account, Emergency};

#[derive(Template)]
#[template(path = "page/accounts/one.html")]
struct Page {
    frame: Frame,
    id: String,
    account: Account,
    made: String,
    /// How its owner comes in, a sentence each.
    ways: Vec<String>,
    elsewhere: Vec<(String, String)>,
    grants: Vec<grants::Line>,
    emergencies: Vec<(String, String)>,
    roles: Vec<(&'static str, &'static str)>,
    areas: Vec<(String, String)>,
    /// Whether this visitor may change it, and showed lately who they are.
    may_change: bool,
    is_fresh: bool,
}

/// Shows it.
pub async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Wrong> {
    let account = named(&site, &id).await?;
    let database = &site.parts().database;
    let identities = database.identities(account.id).await?;
    let mut uses: Vec<(String, String)> = Vec::new();
    for Emergency { begun, seen_by, .. } in database.emergencies(account.id).await? {
        let by = match seen_by {
            Some(by) => database.account(by).await?.map_or_else(|| by.to_string(), |by| by.shown),
            None => String::new(),
        };
        uses.push((moment(begun), by));
    }
    let areas = grants::areas(&database.areas().await?);
    Ok(answer::page(&Page {
        frame: Frame::of(&site, &visitor, &account.shown, "/accounts"),
        id,
        made: moment(account.made),
        ways: ways(&site, &account).await?,
        elsewhere: identities.into_iter().map(|identity| (identity.issuer, identity.subject)).collect(),
        grants: grants::lines(&site, account.id, &areas).await?,
        emergencies: uses,
        roles: Role::ALL.map(|role| (role.name(), role.title())).into(),
        areas: areas.into_iter().map(|(id, title)| (id.to_string(), title)).collect(),
        may_change: visitor.may_everywhere(&site, Action::ManageAccounts),
        is_fresh: again::is_fresh(&site, &visitor),
        account,
    }))
}

async fn ways(site: &Site, account: &Account) -> Result<Vec<String>, Wrong> {
    let database = &site.parts().database;
    let (passes, kept) = (database.passes(account.id).await?, database.factors(account.id).await?);
    let has = |kind: &str| kept.iter().any(|factor| factor.kind == kind);
    let mut ways = Vec::new();
    if account.password.is_some() {
        ways.push("A password.".to_owned());
    }
    for pass in passes {
        let until = pass.until.map(moment).unwrap_or_default();
        ways.extend(match pass.kind.as_str() {
            SET_UP if pass.until.is_some_and(|until| until <= site.now()) => {
                Some(format!("A link to set it up, which ended {until} and was not used."))
            }
            SET_UP => Some(format!("A link to set it up, until {until}.")),
            EMERGENCY => Some(format!("The code in an envelope, made {}.", moment(pass.made))),
            _ => None,
        });
    }
    if has(factors::CODES) {
        ways.push("Codes of a second device are asked for.".to_owned());
    }
    if has(keys::KIND) {
        ways.push("A security key is asked for.".to_owned());
    }
    Ok(ways)
}
