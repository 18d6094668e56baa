//! One's own account: what one may, how one comes in, who is in, the look, and the way out.

mod codes;
mod key;
mod password;
mod sessions;
mod sheet;
mod step_up;

use crate::answer::{self, Wrong};
use crate::guard::{COOKIE_NAME, KEYS, THEME, Visitor};
use crate::part::factors;
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::keys;
use crate::part::words::moment;
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::header::{HeaderName, SET_COOKIE};
use axum::response::{AppendHeaders, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use wardlight_access::{Action, Extent};
use wardlight_model::{DeedKind, Id};

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    const OWN: Need = Need::Right(Action::ManageOwnAccount);
    vec![
        Route::new("/account", get(show)).needs(Need::Account),
        Route::new("/account/look", post(look)).needs(Need::Account),
        Route::new("/account/keys-of-letters", post(letters)).needs(Need::Account),
        Route::new("/account/stay", get(stay)).needs(Need::Account),
        Route::new("/account/code", get(codes::offer).post(codes::confirm)).needs(OWN),
        Route::new("/account/code/end", post(codes::end)).needs(OWN),
        Route::new("/account/key", get(key::offer).post(key::confirm)).needs(OWN),
        Route::new("/account/key/end", post(key::end)).needs(OWN),
        Route::new("/account/sheet", post(sheet::make)).needs(OWN),
        Route::new("/account/password", get(password::ask).post(password::change)).needs(OWN),
        Route::new("/account/sessions/end", post(sessions::end)).needs(Need::Account),
        Route::new("/account/step-up", get(step_up::ask).post(step_up::show)).needs(Need::Account),
        Route::new("/log-out", post(leave)).needs(Need::Account),
    ]
}

#[derive(Template)]
#[template(path = "page/account/page.html")]
struct Page {
    frame: Frame,
    name: String,
    rights: Vec<(&'static str, &'static str)>,
    /// Whether the account is this visitor's to change.
    is_own: bool,
    may_make_tokens: bool,
    has_password: bool,
    /// Since when codes of a second device are asked for; empty when they are not.
    codes: String,
    keys: Vec<key::Line>,
    /// How many codes of the recovery sheet are left.
    left: usize,
    sessions: Vec<sessions::Line>,
}

async fn show(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    let reach = |action| match visitor.extent(&site, action) {
        Extent::Site => Some("the whole site"),
        Extent::Areas(_) => Some("some areas"),
        Extent::Nowhere => None,
    };
    let rights = Action::ALL.into_iter().filter_map(|action| Some((action.title(), reach(action)?))).collect();
    let database = &site.parts().database;
    let kept = database.factors(visitor.account).await?;
    let codes = kept.iter().find(|factor| factor.kind == factors::CODES).map(|factor| moment(factor.made));
    let account = database.account(visitor.account).await?;
    let is_own = !visitor.session.is_break_glass && visitor.may_see_page(&site, Action::ManageOwnAccount);
    Ok(answer::page(&Page {
        frame: Frame::of(&site, &visitor, "Your account", "/account"),
        name: visitor.name.clone(),
        rights,
        is_own,
        may_make_tokens: !visitor.session.is_break_glass && visitor.may_see_page(&site, Action::ManageTokens),
        has_password: account.is_some_and(|account| account.password.is_some()),
        codes: codes.unwrap_or_default(),
        keys: key::lines(&kept),
        left: factors::left(&kept),
        sessions: sessions::lines(&site, &visitor).await?,
    }))
}

/// Ends factor `id` of who looks; with the last that is asked for, the recovery sheet goes too.
async fn end(site: &Site, visitor: &Visitor, id: Id, what: &str) -> Result<(), Wrong> {
    let account = visitor.account;
    site.note(&visitor.name, DeedKind::FactorEnded, account, what).await?;
    let database = &site.parts().database;
    let left: Vec<_> = database.factors(account).await?.into_iter().filter(|factor| factor.id != id).collect();
    if left.iter().any(|factor| [factors::CODES, keys::KIND].contains(&factor.kind.as_str())) {
        database.drop_factor(id).await?;
    } else {
        database.drop_factors(account).await?;
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct Look {
    theme: String,
}

async fn look(Sent(Look { theme }): Sent<Look>) -> Response {
    let cookie = match theme.as_str() {
        "light" | "dark" => format!("{THEME}={theme}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000"),
        _ => format!("{THEME}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"),
    };
    (AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to("/account")).into_response()
}

#[derive(serde::Deserialize)]
struct Letters {
    letters: String,
}

/// Single keys lead somewhere, or do not (WCAG 2.2, 2.1.4): who speaks to a computer, or trembles, presses them unawares.
async fn letters(Sent(Letters { letters }): Sent<Letters>) -> Response {
    let cookie = match letters.as_str() {
        "off" => format!("{KEYS}=off; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000"),
        _ => format!("{KEYS}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"),
    };
    (AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to("/go")).into_response()
}

/// Somebody is still here: the guard has kept that. Leads where a link to it stands without scripts.
async fn stay() -> Response {
    Redirect::to("/account").into_response()
}

async fn leave(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(()): Sent<()>,
) -> Result<Response, Wrong> {
    site.note(&visitor.name, DeedKind::LoggedOut, visitor.account, "").await?;
    site.parts().database.drop_session(&visitor.hash).await?;
    let cookie = format!("{COOKIE_NAME}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    // Not the cookies: the look stays.
    let cleared = (HeaderName::from_static("clear-site-data"), "\"cache\", \"storage\"".to_owned());
    Ok((AppendHeaders([(SET_COOKIE, cookie), cleared]), Redirect::to("/log-in")).into_response())
}
