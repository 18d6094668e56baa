//! Accounts made, renewed by a new link, disabled and enabled.

use super::{asked, keeps_administrator, named};
use crate::answer::{self, Wrong};
use crate::guard::{Visitor, host};
use crate::part::again;
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::way::{SET_UP, seen, unfit};
use crate::part::words::moment;
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Redirect, Response};
use wardlight_access::Action;
use wardlight_access::session::Token;
use wardlight_model::{DeedKind, Id};
use wardlight_store::database::{Account, Pass};

/// How long a link is good, in microseconds: three days.
const LINK: i64 = 3 * 86_400_000_000;

const TAKEN: &str = "There is an account of that name already.";

#[derive(Template)]
#[template(path = "page/accounts/new.html")]
struct New {
    frame: Frame,
    is_fresh: bool,
    name: String,
    shown: String,
    refusal: String,
}

#[derive(Template)]
#[template(path = "page/accounts/link.html")]
struct Link {
    frame: Frame,
    id: String,
    shown: String,
    link: String,
    until: String,
}

/// Asks whose account it is to be.
pub async fn ask(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Response {
    new(&site, &visitor, (String::new(), String::new()), String::new())
}

fn new(site: &Site, visitor: &Visitor, (name, shown): (String, String), refusal: String) -> Response {
    let frame = Frame::of(site, visitor, "Make an account", "/accounts");
    answer::page(&New { frame, is_fresh: again::is_fresh(site, visitor), name, shown, refusal })
}

#[derive(serde::Deserialize)]
pub struct Typed {
    name: String,
    #[serde(default)]
    shown: String,
    #[serde(default)]
    kind: String,
}

/// Makes it, without a role and without a password; shows the link by which its owner sets it up.
pub async fn make(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    (headers, uri): (HeaderMap, Uri),
    Sent(typed): Sent<Typed>,
) -> Result<Response, Wrong> {
    again::asked(&site, &visitor, Action::ManageAccounts, "/accounts/new")?;
    let name = typed.name.trim().to_lowercase();
    let refused = |why: String| {
        let page = new(&site, &visitor, (typed.name.clone(), typed.shown.clone()), why);
        Ok((StatusCode::BAD_REQUEST, page).into_response())
    };
    if let Some(why) = unfit(&name) {
        return refused(why);
    }
    let account = Account {
        id: Id(site.chance()?),
        shown: seen(&typed.shown, &name),
        name,
        password: None,
        is_disabled: false,
        is_break_glass: typed.kind == "emergency",
        made: site.now(),
    };
    let alone = site.changing().await;
    if site.parts().database.account_named(&account.name).await?.is_some() {
        return refused(TAKEN.to_owned());
    }
    let detail = format!("made {}{}", account.name, if account.is_break_glass { ", for emergencies" } else { "" });
    site.note(&visitor.name, DeedKind::AccountPut, account.id, &detail).await?;
    if !site.parts().database.put_account(&account).await? {
        return refused(TAKEN.to_owned());
    }
    drop(alone);
    if account.is_break_glass {
        return Ok(Redirect::to(&format!("/accounts/{}", account.id)).into_response());
    }
    invite(&site, &visitor, &account, host(&headers, &uri)).await
}

#[derive(serde::Deserialize)]
pub struct Renewed {
    factors: String,
}

/// Ends the password and all sessions, and shows a new link.
pub async fn link(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    (headers, uri): (HeaderMap, Uri),
    Sent(renewed): Sent<Renewed>,
) -> Result<Response, Wrong> {
    asked(&site, &visitor, &id)?;
    let (alone, database) = (site.changing().await, &site.parts().database);
    let account = named(&site, &id).await?;
    if account.is_break_glass {
        return Err(Wrong::Senseless("an account for emergencies has an envelope, no link".to_owned()));
    }
    if account.password.is_some() {
        keeps_administrator(&site, account.id).await?;
    }
    let lost = renewed.factors == "end";
    let detail = if lost { "a new link; second devices and tokens ended" } else { "a new link; tokens ended" };
    site.note(&visitor.name, DeedKind::AccountPut, account.id, detail).await?;
    let account = Account { password: None, ..account };
    database.put_account(&account).await?;
    if lost {
        database.drop_factors(account.id).await?;
    }
    database.drop_sessions(account.id).await?;
    drop_tokens(&site, account.id).await?;
    drop(alone);
    invite(&site, &visitor, &account, host(&headers, &uri)).await
}

/// Ends what it lent to programs: whoever took it over may have lent it too.
async fn drop_tokens(site: &Site, account: Id) -> Result<(), Wrong> {
    for token in site.parts().database.tokens(account).await? {
        site.parts().database.drop_token(token.id).await?;
    }
    Ok(())
}

/// Makes the link by which `account` is set up, and shows it once.
async fn invite(site: &Site, visitor: &Visitor, account: &Account, reached: &str) -> Result<Response, Wrong> {
    let (token, now) = (Token::new(site.chance()?), site.now());
    let until = now.plus(LINK);
    let (hash, kind) = (token.hash(), SET_UP.to_owned());
    let pass = Pass { hash, account: account.id, kind, made: now, until: Some(until) };
    site.parts().database.put_pass(&pass).await?;
    let origin = match &site.parts().host {
        Some(host) => host.origin.clone(),
        None => format!("https://{reached}"),
    };
    Ok(answer::page(&Link {
        frame: Frame::of(site, visitor, "A link to set up an account", "/accounts"),
        id: account.id.to_string(),
        shown: account.shown.clone(),
        link: format!("{origin}/set-up/{}", token.text()),
        until: moment(until),
    }))
}

#[derive(serde::Deserialize)]
pub struct Switched {
    to: String,
}

/// Disables or enables it. Who is disabled is out at once.
pub async fn switch(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Sent(Switched { to }): Sent<Switched>,
) -> Result<Response, Wrong> {
    asked(&site, &visitor, &id)?;
    let (_alone, database) = (site.changing().await, &site.parts().database);
    let account = named(&site, &id).await?;
    let is_disabled = to == "disabled";
    if is_disabled {
        keeps_administrator(&site, account.id).await?;
    }
    let (kind, detail) = if is_disabled {
        (DeedKind::AccountEnded, "disabled; tokens ended")
    } else {
        (DeedKind::AccountPut, "enabled")
    };
    site.note(&visitor.name, kind, account.id, detail).await?;
    let account = Account { is_disabled, ..account };
    database.put_account(&account).await?;
    if is_disabled {
        database.drop_sessions(account.id).await?;
        drop_tokens(&site, account.id).await?;
    }
    Ok(Redirect::to(&format!("/accounts/{id}")).into_response())
}

#[derive(serde::Deserialize)]
pub struct Parted {
    from: String,
}

/// From now on no other house vouches for it.
pub async fn part(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Sent(parted): Sent<Parted>,
) -> Result<Response, Wrong> {
    asked(&site, &visitor, &id)?;
    if parted.from != "all" {
        return Err(Wrong::Senseless("from must be all".to_owned()));
    }
    let _alone = site.changing().await;
    let account = named(&site, &id).await?;
    if account.password.is_none() {
        keeps_administrator(&site, account.id).await?;
    }
    site.note(&visitor.name, DeedKind::AccountPut, account.id, "no other house vouches for it").await?;
    site.parts().database.drop_identities(account.id).await?;
    site.parts().database.drop_sessions(account.id).await?;
    Ok(Redirect::to(&format!("/accounts/{id}")).into_response())
}
