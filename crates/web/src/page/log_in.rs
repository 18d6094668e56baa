//! Log-in by name and password and, once there is one, a second factor; by a house that vouches; in an emergency; and how
//! accounts are set up.
//!
//! In: what the form says. Out: a session, or one and the same refusal whatever was wrong, after the same work (OWASP ASVS
//! 5.0.0 V6.3). Attempts are counted before they are looked at, so that many at once gain nothing. That a password was right
//! is told to whoever knew it alone.

mod elsewhere;
mod emergency;
mod second;
mod set_up;

use crate::answer::{self, Wrong};
use crate::guard::{Visitor, held};
use crate::part::form::Sent;
use crate::part::keys::Reached;
use crate::part::way::within;
use crate::part::words::encoded;
use crate::part::{factors, passwords};
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use wardlight_access::limit::Attempt;
use wardlight_access::session::{Session, Token};
use wardlight_model::{DeedKind, Id};
use wardlight_store::database::{Account, StoredSession};

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![
        Route::new("/log-in", get(ask).post(log_in)).needs(Need::Nothing),
        Route::new("/log-in/second", post(second::show)).needs(Need::Nothing),
        Route::new("/log-in/elsewhere", get(elsewhere::send)).needs(Need::Nothing),
        Route::new(crate::provider::BACK, get(elsewhere::back)).needs(Need::Nothing),
        Route::new("/emergency", get(emergency::ask).post(emergency::enter)).needs(Need::Nothing),
        Route::new("/set-up/{token}", get(set_up::ask).post(set_up::set_up)).needs(Need::Nothing),
    ]
}

#[derive(Template)]
#[template(path = "page/log_in/page.html")]
struct Page {
    to: String,
    name: String,
    refusal: String,
    /// What stands on the button of another house; empty when none vouches.
    elsewhere: String,
    /// Where to go on, as an address has it.
    encoded: String,
}

/// The page, with what was typed before and why it was refused.
fn page(site: &Site, to: String, name: String, refusal: &str) -> Response {
    let elsewhere = site.parts().provider.as_ref().map(|provider| provider.title.clone()).unwrap_or_default();
    let encoded = encoded(&to);
    answer::page(&Page { to, name, refusal: refusal.to_owned(), elsewhere, encoded })
}

#[derive(serde::Deserialize)]
struct To {
    #[serde(default)]
    to: String,
}

async fn ask(
    State(site): State<Site>,
    visitor: Option<axum::Extension<Visitor>>,
    Query(To { to }): Query<To>,
) -> Response {
    if visitor.is_some() {
        // Whoever is in already is led on.
        return Redirect::to(within(&to)).into_response();
    }
    page(&site, to, String::new(), "")
}

#[derive(serde::Deserialize)]
struct Form {
    name: String,
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    to: String,
}

/// Where the request came from; of a test without a socket, nowhere.
type From = Option<axum::Extension<ConnectInfo<SocketAddr>>>;

fn address(from: &From) -> IpAddr {
    from.as_ref().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |from| from.0.0.ip())
}

async fn log_in(
    State(site): State<Site>,
    from: From,
    reached: Reached,
    Sent(form): Sent<Form>,
) -> Result<Response, Wrong> {
    let name = form.name.trim().to_lowercase();
    // The same work for every name: that of the account for emergencies waits and is refused like one that there is not.
    let account = site.parts().database.account_named(&name).await?;
    let account = account.filter(|account| !account.is_disabled && !account.is_break_glass);
    let attempt = Attempt { account: &name, address: address(&from) };
    site.log_ins().attempt(&attempt, site.now()).map_err(|wait| Wrong::Wait(wait.seconds()))?;
    let kept = account.as_ref().and_then(|account| account.password.clone());
    let is_right = passwords::is_right(&site, form.password, kept).await?;
    if !is_right {
        note_refusal(&site, account.as_ref(), attempt.address);
    }
    let Some(account) = account.filter(|_| is_right) else { return Ok(refused(&site, form.to, form.name)) };
    let factors = site.parts().database.factors(account.id).await?;
    let is_asked = factors::is_asked(&factors);
    if is_asked && form.code.is_empty() {
        return second::ask(&site, &reached, second::Half { account: &account, factors: &factors, to: form.to });
    }
    if is_asked && !factors::spends(&site, &factors, &form.code).await? {
        note_refusal(&site, Some(&account), attempt.address);
        return Ok(refused(&site, form.to, form.name));
    }
    site.log_ins().succeeded(&attempt, site.now());
    let how = if is_asked { "password and code" } else { "password" };
    enter(&site, &account, In { how, address: attempt.address, has_stepped_up: is_asked }, &form.to).await
}

/// Writes down that somebody was refused; not before the answer, whose time would tell which names there are.
fn note_refusal(site: &Site, account: Option<&Account>, address: IpAddr) {
    let Some(id) = account.map(|account| account.id) else {
        // Without the name: people type passwords there.
        eprintln!("wardlight: a log-in to an account that there is not was refused, from {address}");
        return;
    };
    note_later(site, "unknown", (DeedKind::LogInRefused, id, format!("from {address}")));
}

fn note_later(site: &Site, by: &str, (kind, id, detail): (DeedKind, Id, String)) {
    let (site, by) = (site.clone(), by.to_owned());
    tokio::spawn(async move {
        if site.note(&by, kind, id, &detail).await.is_err() {
            eprintln!("wardlight: {} of {id} {detail} could not be written into the ledger", kind.name());
        }
    });
}

/// How somebody came in.
struct In<'a> {
    how: &'a str,
    address: IpAddr,
    has_stepped_up: bool,
}

fn refused(site: &Site, to: String, name: String) -> Response {
    let refusal = "Name, password or code is wrong. Nothing else is said, so that nobody can try out names.";
    (StatusCode::UNAUTHORIZED, page(site, to, name, refusal)).into_response()
}

/// Begins a session, and leads to where somebody wanted to go.
async fn enter(site: &Site, account: &Account, came: In<'_>, to: &str) -> Result<Response, Wrong> {
    let (token, session) = (Token::new(site.chance()?), Session::begin(site.now(), came.has_stepped_up));
    let (kind, detail) = match account.is_break_glass {
        true => (DeedKind::GlassBroken, format!("from {}", came.address)),
        false => (DeedKind::LoggedIn, format!("by {} from {}", came.how, came.address)),
    };
    if account.is_break_glass {
        // In an emergency nobody waits for the ledger; its alarm is in the state already.
        note_later(site, &account.name, (kind, account.id, detail));
    } else {
        site.note(&account.name, kind, account.id, &detail).await?;
    }
    let kept = StoredSession {
        hash: token.hash(),
        account: account.id,
        begun: session.begun,
        seen: session.seen,
        stepped_up: session.stepped_up,
        is_break_glass: account.is_break_glass,
    };
    let oldest = session.begun.plus(-site.limits().longest);
    site.parts().database.drop_sessions_before(oldest).await?;
    site.parts().database.put_session(&kept).await?;
    Ok((AppendHeaders([(SET_COOKIE, held(&token))]), Redirect::to(within(to))).into_response())
}
