//! One's own password: changed by who knows the old one. Every other session ends.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::passwords;
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use wardlight_model::DeedKind;
use wardlight_store::database::Account;

#[derive(Template)]
#[template(path = "page/account/password.html")]
struct Page {
    frame: Frame,
    name: String,
    has_password: bool,
    refusal: String,
}

/// Asks for both.
pub async fn ask(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    page(&site, &visitor, String::new()).await
}

async fn page(site: &Site, visitor: &Visitor, refusal: String) -> Result<Response, Wrong> {
    let account = site.parts().database.account(visitor.account).await?;
    let has_password = account.is_some_and(|account| account.password.is_some());
    let frame = Frame::of(site, visitor, "Password", "/account");
    Ok(answer::page(&Page { frame, name: visitor.name.clone(), has_password, refusal }))
}

#[derive(serde::Deserialize)]
pub struct Typed {
    old: String,
    new: String,
}

/// Puts the new one in the old one's place.
pub async fn change(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, Wrong> {
    site.try_code(visitor.account).map_err(|wait| Wrong::Wait(wait.seconds()))?;
    let (_alone, database) = (site.changing().await, &site.parts().database);
    let account = database.account(visitor.account).await?.ok_or(Wrong::Nothing)?;
    let refused = async |why: String| {
        let page = page(&site, &visitor, why).await?;
        Ok((StatusCode::BAD_REQUEST, page).into_response())
    };
    if account.password.is_none() || !passwords::is_right(&site, typed.old, account.password.clone()).await? {
        return refused("The old password is not right.".to_owned()).await;
    }
    match passwords::hashed(&site, typed.new, account.name.clone()).await? {
        Err(why) => refused(format!("The new password {why}.")).await,
        Ok(password) => {
            site.note(&visitor.name, DeedKind::FactorPut, visitor.account, "a password").await?;
            database.put_account(&Account { password: Some(password), ..account }).await?;
            database.drop_other_sessions(visitor.account, &visitor.hash).await?;
            Ok(Redirect::to("/account").into_response())
        }
    }
}
