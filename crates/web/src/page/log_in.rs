//! Log-in by name, password and, once there is one, a code of a second device; and the first account of all.
//!
//! In: what the form says. Out: a session, or one and the same refusal whatever was wrong, after the same work (OWASP ASVS
//! 5.0.0 V6.3). Attempts are counted before they are looked at, so that many at once gain nothing.

use crate::answer::{self, Wrong};
use crate::guard::{COOKIE_NAME, Visitor};
use crate::part::codes;
use crate::part::form::Sent;
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse as _, Redirect, Response};
use axum::routing::get;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use subtle::ConstantTimeEq as _;
use wardlight_access::Role;
use wardlight_access::limit::Attempt;
use wardlight_access::password::{self, Verified};
use wardlight_access::session::{Session, Token};
use wardlight_model::Id;
use wardlight_store::database::{Account, Factor, StoredGrant, StoredSession};

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![
        Route::new("/log-in", get(ask).post(log_in)).needs(Need::Nothing),
        Route::new("/set-up/{token}", get(invite).post(set_up)).needs(Need::Nothing),
    ]
}

#[derive(Template)]
#[template(path = "page/log_in/page.html")]
struct Page {
    to: String,
    name: String,
    refusal: String,
}

#[derive(Template)]
#[template(path = "page/log_in/set_up.html")]
struct SetUp {
    token: String,
    name: String,
    shown: String,
    refusal: String,
}

#[derive(serde::Deserialize)]
struct To {
    #[serde(default)]
    to: String,
}

async fn ask(visitor: Option<axum::Extension<Visitor>>, Query(To { to }): Query<To>) -> Response {
    if visitor.is_some() {
        // Whoever is in already is led on.
        return Redirect::to(within(&to)).into_response();
    }
    answer::page(&Page { to, name: String::new(), refusal: String::new() })
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

async fn log_in(State(site): State<Site>, from: From, Sent(form): Sent<Form>) -> Result<Response, Wrong> {
    let address = from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |from| from.0.0.ip());
    let name = form.name.trim().to_lowercase();
    let account = site.parts().database.account_named(&name).await?.filter(|account| !account.is_disabled);
    let is_break_glass = account.as_ref().is_some_and(|account| account.is_break_glass);
    let attempt = Attempt { account: &name, address, is_break_glass };
    site.log_ins().attempt(&attempt, site.now()).map_err(|wait| Wrong::Wait(wait.seconds()))?;
    let Some((account, has_stepped_up)) = known(&site, account, &form).await? else {
        let refusal = "Name, password or code is wrong. Nothing else is said, so that nobody can try out names.";
        let page = Page { to: form.to, name: form.name, refusal: refusal.to_owned() };
        return Ok((axum::http::StatusCode::UNAUTHORIZED, answer::page(&page)).into_response());
    };
    site.log_ins().succeeded(&attempt, site.now());
    enter(&site, &account, has_stepped_up, &form.to).await
}

/// The account, when password and code are its own, and whether a code was asked for.
async fn known(site: &Site, account: Option<Account>, form: &Form) -> Result<Option<(Account, bool)>, Wrong> {
    let Some(_turn) = site.turn() else { return Err(Wrong::Wait(1)) };
    let (text, kept) = (form.password.clone(), account.as_ref().and_then(|account| account.password.clone()));
    // Much memory and time, and not on the threads that answer.
    let verified = tokio::task::spawn_blocking(move || match kept {
        Some(kept) => password::verify(&text, &kept),
        None => {
            password::verify_nobodys(&text);
            Verified::Wrong
        }
    });
    let is_right = verified.await.is_ok_and(|verified| verified != Verified::Wrong);
    let Some(account) = account.filter(|_| is_right) else { return Ok(None) };
    let factors = site.parts().database.factors(account.id).await?;
    let asked: Vec<Factor> = factors.into_iter().filter(|factor| factor.kind == "totp").collect();
    if asked.is_empty() {
        return Ok(Some((account, false)));
    }
    for factor in &asked {
        if codes::spends(site, factor, &form.code).await? {
            return Ok(Some((account, true)));
        }
    }
    Ok(None)
}

/// Begins a session, and leads to where somebody wanted to go.
async fn enter(site: &Site, account: &Account, has_stepped_up: bool, to: &str) -> Result<Response, Wrong> {
    let bytes = site.chance::<32>().ok_or_else(|| Wrong::Store("the system has no chance".to_owned()))?;
    let (token, session) = (Token::new(bytes), Session::begin(site.now(), has_stepped_up));
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
    let cookie = format!("{COOKIE_NAME}={}; Path=/; Secure; HttpOnly; SameSite=Lax", token.text());
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(within(to))).into_response())
}

/// `to` when it is an address of ours, else the first page.
fn within(to: &str) -> &str {
    let is_ours =
        to.starts_with('/') && !to.starts_with("//") && !to.contains(|c: char| c == '\\' || c.is_ascii_control());
    if is_ours { to } else { "/" }
}

/// Errors: the token is not the one that was printed, or there is an account already.
async fn invited(site: &Site, token: &str) -> Result<(), Wrong> {
    let hash = Token::read(token).map(|token| token.hash());
    let is_it = hash.is_some_and(|hash| bool::from(hash.ct_eq(&site.parts().invitation)));
    if !is_it || !site.parts().database.accounts().await?.is_empty() {
        return Err(Wrong::Nothing);
    }
    Ok(())
}

async fn invite(State(site): State<Site>, Path(token): Path<String>) -> Result<Response, Wrong> {
    invited(&site, &token).await?;
    Ok(answer::page(&SetUp { token, name: String::new(), shown: String::new(), refusal: String::new() }))
}

#[derive(serde::Deserialize)]
struct First {
    name: String,
    shown: String,
    password: String,
}

async fn set_up(
    State(site): State<Site>,
    Path(token): Path<String>,
    Sent(first): Sent<First>,
) -> Result<Response, Wrong> {
    invited(&site, &token).await?;
    let Some(_turn) = site.turn() else { return Err(Wrong::Wait(1)) };
    let no_chance = || Wrong::Store("the system has no chance".to_owned());
    let (salt, id) = (site.chance().ok_or_else(no_chance)?, Id(site.chance().ok_or_else(no_chance)?));
    let name = first.name.trim().to_lowercase();
    let hashed = match name.is_empty() || name.chars().count() > 64 {
        true => Err("Give a name of 1 to 64 signs.".to_owned()),
        false => password::hash(&first.password, &name, salt).map_err(|refused| format!("The password {refused}.")),
    };
    let password = match hashed {
        Ok(password) => password,
        Err(refusal) => {
            let page = SetUp { token, name: first.name, shown: first.shown, refusal };
            return Ok((axum::http::StatusCode::BAD_REQUEST, answer::page(&page)).into_response());
        }
    };
    let now = site.now();
    let shown = if first.shown.trim().is_empty() { name.clone() } else { first.shown.trim().to_owned() };
    let account =
        Account { id, name, shown, password: Some(password), is_disabled: false, is_break_glass: false, made: now };
    let grant = StoredGrant { account: id, role: Role::Admin.name().to_owned(), area: None, from: now, until: None };
    if !site.parts().database.put_first_account(&account, &[grant]).await? {
        return Err(Wrong::Nothing);
    }
    enter(&site, &account, false, "/").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        for to in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "",
            "devices",
            "/a\r\nb: c",
            "/\t/evil.example",
            "/\0",
        ] {
            assert_eq!(within(to), "/", "{to}");
        }
        assert_eq!(within("/devices?q=a"), "/devices?q=a");
    }
}
