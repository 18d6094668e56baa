//! A second device that shows codes: offered, and asked for from the first right code on (RFC 6238).
//!
//! In: what the form brings back. Out: a factor whose secret lies sealed in the state. Until a first code was right, the
//! secret lies nowhere: the form carries it, sealed for this account. Beginning asks who it is, ending asks for a code.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::{again, factors, hex};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use wardlight_access::seal::Row;
use wardlight_access::totp::{self, Secret};
use wardlight_model::{DeedKind, Id};
use wardlight_store::database::Factor;

/// Where this is.
const HERE: &str = "/account/code";
/// Who is named beside the account in the second device.
const ISSUER: &str = "Wardlight";

#[derive(Template)]
#[template(path = "page/account/codes.html")]
struct Page {
    frame: Frame,
    key: String,
    uri: String,
    sealed: String,
    /// Whether a key is offered; it is not to whoever did not show lately who they are.
    is_offered: bool,
    refusal: &'static str,
}

/// Where a secret is sealed for before it is kept.
const fn pending(account: Id) -> Row<'static> {
    Row { table: "factor", column: "offered", id: account }
}

fn page(site: &Site, visitor: &Visitor, secret: &Secret, refusal: &'static str) -> Result<Response, Wrong> {
    let sealed = hex::written(&site.parts().key.seal(secret.bytes(), pending(visitor.account), site.chance()?));
    let (key, uri) = (secret.text().to_string(), secret.uri(ISSUER, &visitor.name).to_string());
    let frame = Frame::of(site, visitor, "Codes of a second device", "/account");
    Ok(answer::page(&Page { frame, key, uri, sealed, is_offered: true, refusal }))
}

/// Offers a new secret.
pub async fn offer(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    none_yet(&site, &visitor).await?;
    if !again::is_owner(&site, &visitor).await? {
        let (frame, none) = (Frame::of(&site, &visitor, "Codes of a second device", "/account"), String::new());
        let page = Page { frame, key: none.clone(), uri: none.clone(), sealed: none, is_offered: false, refusal: "" };
        return Ok(answer::page(&page));
    }
    page(&site, &visitor, &Secret::new(site.chance()?), "")
}

/// Errors: codes are asked for already. Who has a session but not the second device cannot add another.
async fn none_yet(site: &Site, visitor: &Visitor) -> Result<(), Wrong> {
    let factors = site.parts().database.factors(visitor.account).await?;
    match factors.iter().any(|factor| factor.kind == factors::CODES) {
        true => {
            Err(Wrong::Senseless("codes are asked for already: end that first, on the page of your account".to_owned()))
        }
        false => Ok(()),
    }
}

#[derive(serde::Deserialize)]
pub struct Confirmed {
    sealed: String,
    code: String,
}

/// Keeps the secret once a code of it is right.
pub async fn confirm(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<Confirmed>,
) -> Result<Response, Wrong> {
    none_yet(&site, &visitor).await?;
    again::owner(&site, &visitor, HERE).await?;
    site.try_code(visitor.account).map_err(|wait| Wrong::Wait(wait.seconds()))?;
    let foreign = || Wrong::Senseless("the form is not the one that was offered to this account".to_owned());
    let sealed = hex::read(&form.sealed).ok_or_else(foreign)?;
    let opened = site.parts().key.open(&sealed, pending(visitor.account)).map_err(|_| foreign())?;
    let secret = Secret::new(<[u8; 20]>::try_from(opened.bytes()).map_err(|_| foreign())?);
    let now = site.now();
    let Some(step) = totp::verify(&secret, &form.code, now, None) else {
        return page(
            &site,
            &visitor,
            &secret,
            "The code is not right. Look whether both clocks are, and use the next code.",
        );
    };
    let id = factors::only(visitor.account, factors::CODES);
    let factor = Factor {
        id,
        account: visitor.account,
        kind: factors::CODES.to_owned(),
        title: "Codes".to_owned(),
        sealed: site.parts().key.seal(secret.bytes(), factors::row(id), site.chance()?),
        made: now,
        used: None,
        step: Some(step),
    };
    site.note(&visitor.name, DeedKind::FactorPut, visitor.account, "codes of a second device").await?;
    site.parts().database.put_factor(&factor).await?;
    site.parts().database.step_up_session(&visitor.hash, now).await?;
    Ok(Redirect::to("/account").into_response())
}

#[derive(serde::Deserialize)]
pub struct Ended {
    code: String,
}

/// Asks for no codes any more, after one that is right.
pub async fn end(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<Ended>,
) -> Result<Response, Wrong> {
    site.try_code(visitor.account).map_err(|wait| Wrong::Wait(wait.seconds()))?;
    let factors = site.parts().database.factors(visitor.account).await?;
    if factors::spends(&site, &factors, &form.code).await? {
        super::end(&site, &visitor, factors::only(visitor.account, factors::CODES), "codes").await?;
        return Ok(Redirect::to("/account").into_response());
    }
    Err(Wrong::Senseless("the code is not right, so codes are still asked for".to_owned()))
}
