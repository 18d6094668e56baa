//! Who asks, and whether they may. Every route passes here; one that names no need is nobody's.
//!
//! In: a request with the cookie of a session or, from programs, a token (RFC 6750); what its route needs. Out: the same with its [`Visitor`], or the answer that turns it away: a page leads
//! to the log-in, a program is told in `application/problem+json` (RFC 9457). What would change something must come from a
//! page of ours (Fetch Metadata; RFC 6454) and carries a token besides.

use crate::answer::{self, Wrong};
use crate::route::Need;
use crate::site::Site;
use crate::{api, health, page};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use std::collections::BTreeSet;
use std::time::Duration;
use wardlight_access::session::{Session, Standing, Token};
use wardlight_access::token::{ApiToken, Kept};
use wardlight_access::{Action, Extent, Grant, Reach, Role, Verdict};
use wardlight_model::Id;
use wardlight_store::database::{Account, StoredGrant, StoredSession, StoredToken};

/// The cookie that holds a session's token; browsers take it from this host only, over TLS (RFC 6265bis §4.1.3).
pub const COOKIE_NAME: &str = "__Host-wardlight";

/// The cookie of the look.
pub const THEME: &str = "__Host-theme";
/// Until when an answer must have begun.
const LONGEST: Duration = Duration::from_secs(300);
/// The cookie of who wants no single keys: `off`.
pub const KEYS: &str = "__Host-keys";

/// What makes a browser hold `token` until it closes or the session ends.
#[must_use]
pub fn held(token: &Token) -> String {
    format!("{COOKIE_NAME}={}; Path=/; Secure; HttpOnly; SameSite=Lax", token.text())
}

/// Microseconds between two times that the use of a session is written down: each waits for the disk.
const TOUCH: i64 = 30_000_000;

/// Whoever asked.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The account.
    pub account: Id,
    /// What the account is called.
    pub name: String,
    /// What people call its holder.
    pub shown: String,
    /// What the account may.
    pub grants: Vec<Grant>,
    /// Goes with every form.
    pub csrf: String,
    /// The look asked for.
    pub theme: &'static str,
    /// Whether single keys lead somewhere (WCAG 2.2, 2.1.4).
    pub has_keys: bool,
    /// What the session is kept under.
    pub hash: [u8; 32],
    /// The session.
    pub session: Session,
    /// What the token lends that a program came in with; none for people.
    pub lent: Option<BTreeSet<Action>>,
    now: wardlight_model::Time,
}

impl Visitor {
    /// Whether a page that asks for `action` is shown at all, perhaps narrowed to some areas.
    #[must_use]
    pub fn may_see_page(&self, site: &Site, action: Action) -> bool {
        self.extent(site, action) != Extent::Nowhere
    }

    /// Whether this visitor may do `action` on the whole site.
    #[must_use]
    pub fn may_everywhere(&self, site: &Site, action: Action) -> bool {
        self.extent(site, action) == Extent::Site
    }

    /// How far this visitor may do `action`.
    #[must_use]
    pub fn extent(&self, site: &Site, action: Action) -> Extent {
        if !self.lends(action) {
            return Extent::Nowhere;
        }
        site.rights().extent(&self.grants, action, self.now)
    }

    /// Errors: the visitor may not do `action` to what stands at `at`.
    pub fn check(&self, site: &Site, action: Action, at: Option<&[Id]>) -> Result<(), Wrong> {
        match site.rights().may(&self.grants, action, at, self.now) {
            Verdict::Granted if !self.lends(action) => Err(Wrong::Forbidden(site.rights().roles(action, at))),
            Verdict::Granted => Ok(()),
            Verdict::Forbidden { roles } => Err(Wrong::Forbidden(roles)),
            Verdict::Hidden => Err(Wrong::Nothing),
        }
    }

    /// The roles held now, each once, in their order.
    #[must_use]
    pub fn held_roles(&self) -> Vec<Role> {
        let live: Vec<Role> = self.live_grants().map(|grant| grant.role).collect();
        Role::ALL.into_iter().filter(|role| live.contains(role)).collect()
    }

    /// What the account may now.
    pub fn live_grants(&self) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(|grant| grant.is_live(self.now))
    }

    /// Whether the token, if there is one, is for `action` too.
    fn lends(&self, action: Action) -> bool {
        self.lent.as_ref().is_none_or(|lent| lent.contains(&action))
    }

    /// The roles, as the frame shows them.
    #[must_use]
    pub fn roles(&self) -> String {
        let mut titles: Vec<&str> =
            self.grants.iter().filter(|grant| grant.is_live(self.now)).map(|grant| grant.role.title()).collect();
        titles.dedup();
        if titles.is_empty() { "no role yet".to_owned() } else { titles.join(", ") }
    }
}

/// Turns away who may not, and hands on who may.
pub async fn check(
    State((site, need, form)): State<(Site, Need, &'static str)>,
    mut request: Request,
    next: Next,
) -> Response {
    let is_program = is_program(request.uri());
    let has_token = is_program && request.headers().contains_key(AUTHORIZATION);
    // No page of others can make a browser send a token.
    if !request.method().is_safe() && !has_token && !comes_from_us(request.headers(), request.uri()) {
        return answer::wrong(is_program, &Wrong::Foreign);
    }
    // What pages ask for by themselves is no use by somebody.
    let used = if form == page::live::PATH { Use::Look } else { Use::Count };
    let headers = request.headers();
    let visitor = if has_token { by_token(&site, headers).await } else { by_cookie(&site, headers, used).await };
    let visitor = match visitor {
        Ok(visitor) => visitor,
        Err(wrong) => return answer::wrong(is_program, &wrong),
    };
    let refused = match (need, &visitor) {
        (Need::Nothing, _) => None,
        (Need::Unsaid, _) => Some(Wrong::Nothing),
        (_, None) => Some(Wrong::Unknown),
        (Need::Account, Some(_)) => None,
        (Need::Right(action), Some(visitor)) if visitor.may_see_page(&site, action) => None,
        (Need::Right(action), Some(visitor)) => visitor.check(&site, action, None).err(),
    };
    match refused {
        Some(Wrong::Unknown) if !is_program && request.method() == Method::GET => to_log_in(request.uri()),
        Some(wrong) => {
            if let Some(visitor) = visitor {
                // Of addresses their form alone.
                eprintln!("wardlight: account {} may not {} {form}", visitor.account, request.method());
            }
            answer::wrong(is_program, &wrong)
        }
        None => {
            if let Some(visitor) = visitor {
                request.extensions_mut().insert(visitor);
            }
            next.run(request).await
        }
    }
}

/// Adds what every answer carries: no script but ours, nothing from elsewhere, nothing kept by the browser.
pub async fn harden(request: Request, next: Next) -> Response {
    const ALL: [(&str, &str); 8] = [
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
             form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'",
        ),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=(), usb=()"),
        ("cache-control", "no-store"),
    ];
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALL {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Ends what has no answer after a while: a body that never comes whole. A stream's answer begins at once.
pub async fn hurry(request: Request, next: Next) -> Response {
    let is_program = is_program(request.uri());
    let answered = tokio::time::timeout(LONGEST, next.run(request)).await;
    answered.unwrap_or_else(|_| {
        let why = "what was asked did not come whole, or took too long; send it again".to_owned();
        answer::wrong(is_program, &Wrong::Standard(StatusCode::REQUEST_TIMEOUT, why))
    })
}

/// What is answered where there is no route.
pub fn nothing(uri: &Uri) -> Response {
    answer::wrong(is_program(uri), &Wrong::Nothing)
}

/// Whether programs ask for `uri`, and not people.
fn is_program(uri: &Uri) -> bool {
    let path = uri.path();
    path.starts_with(api::ROOT) || health::PATHS.contains(&path)
}

fn to_log_in(uri: &Uri) -> Response {
    let to = uri.path_and_query().map_or("/", |path| path.as_str());
    Redirect::to(&format!("/log-in?to={}", crate::part::words::encoded(to))).into_response()
}

/// Whether a browser says that a page of ours sent this; programs say nothing of the kind, and have no cookie.
fn comes_from_us(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), headers.get(ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = host(headers, uri);
            let named = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
            named.is_some_and(|(_, named)| !host.is_empty() && named.eq_ignore_ascii_case(host))
        }
        (None, None) => headers.get(COOKIE).is_none(),
    }
}

/// Whom the request was sent to, with a port where there is one; empty when it does not say. Over HTTP/2 that stands in the
/// address (RFC 9113 §8.3.1).
pub fn host<'r>(headers: &'r HeaderMap, uri: &'r Uri) -> &'r str {
    let named = headers.get("host").and_then(|value| value.to_str().ok());
    named.or_else(|| uri.authority().map(Authority::as_str)).unwrap_or_default()
}

/// The value of the cookie `name`.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|text| text.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Whoever lent the token that a program sent. Errors: the state does not answer.
async fn by_token(site: &Site, headers: &HeaderMap) -> Result<Option<Visitor>, Wrong> {
    let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| text.split_once(' '));
    let Some(token) = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else { return Ok(None) };
    let Some(token) = ApiToken::read(token.1.trim()) else { return Ok(None) };
    let (database, now) = (&site.parts().database, site.now());
    let Some(stored) = database.token(token.id()).await? else { return Ok(None) };
    let mut kept = kept_of(&stored);
    if !kept.admits(&token, now) {
        return Ok(None);
    }
    let may_lend = |account: &Account| !account.is_disabled && !account.is_break_glass;
    let Some(account) = database.account(stored.account).await?.filter(may_lend) else {
        return Ok(None);
    };
    if kept.touch(now) && !database.use_token(stored.id, now).await? {
        // It was ended meanwhile.
        return Ok(None);
    }
    Ok(Some(Visitor {
        account: account.id,
        name: account.name,
        shown: account.shown,
        grants: database.grants(account.id).await?.iter().filter_map(grant_of).collect(),
        csrf: String::new(),
        theme: "",
        has_keys: true,
        hash: [0; 32],
        // A program never shows a second device.
        session: Session::begin(now, false),
        lent: Some(kept.actions),
        now,
    }))
}

/// Names of actions that this version does not know lend nothing.
fn kept_of(stored: &StoredToken) -> Kept {
    Kept {
        id: stored.id,
        hash: stored.hash,
        actions: stored.actions.iter().filter_map(|name| Action::named(name)).collect(),
        from: stored.made,
        until: stored.until,
        last_used: stored.used,
    }
}

/// Whether a session is used by being looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Count,
    Look,
}

/// Whoever the cookie of a living session names. Errors: the state does not answer.
async fn by_cookie(site: &Site, headers: &HeaderMap, used: Use) -> Result<Option<Visitor>, Wrong> {
    let Some(token) = cookie(headers, COOKIE_NAME).and_then(Token::read) else { return Ok(None) };
    let (database, now) = (&site.parts().database, site.now());
    let Some(kept) = database.session(&token.hash()).await? else { return Ok(None) };
    let mut session = session_of(&kept);
    if session.touch(now, site.limits()) != Standing::Alive {
        database.drop_session(&kept.hash).await?;
        return Ok(None);
    }
    let Some(account) = database.account(kept.account).await?.filter(|account| !account.is_disabled) else {
        return Ok(None);
    };
    let is_stale = used == Use::Count && session.seen.micros() - kept.seen.micros() >= TOUCH;
    if is_stale && !database.touch_session(&kept.hash, session.seen).await? {
        // It was ended meanwhile.
        return Ok(None);
    }
    let grants = database.grants(account.id).await?.iter().filter_map(grant_of).collect();
    let theme = match cookie(headers, THEME) {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "",
    };
    Ok(Some(Visitor {
        account: account.id,
        name: account.name,
        shown: account.shown,
        grants,
        csrf: token.csrf(),
        theme,
        has_keys: cookie(headers, KEYS) != Some("off"),
        hash: kept.hash,
        session,
        lent: None,
        now,
    }))
}

/// Whoever the cookie names, as long as the session lives, without its being used by that.
pub async fn still(site: &Site, headers: &HeaderMap) -> Option<Visitor> {
    by_cookie(site, headers, Use::Look).await.ok().flatten()
}

fn session_of(kept: &StoredSession) -> Session {
    Session { begun: kept.begun, seen: kept.seen, stepped_up: kept.stepped_up, is_break_glass: kept.is_break_glass }
}

/// A role that this version does not know gives nothing.
fn grant_of(kept: &StoredGrant) -> Option<Grant> {
    let reach = kept.area.map_or(Reach::Site, Reach::Area);
    Some(Grant { role: Role::named(&kept.role)?, reach, from: kept.from, until: kept.until })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comes(uri: &str, headers: &[(&'static str, &'static str)]) -> bool {
        let pairs =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        comes_from_us(&pairs.collect(), &uri.parse().expect("an address"))
    }

    #[test]
    fn a_browser_without_fetch_metadata_is_known_by_its_origin() {
        let ours = ("origin", "https://ward.example:8443");
        assert!(comes("/log-in", &[ours, ("host", "ward.example:8443")]), "HTTP/1.1");
        assert!(comes("https://ward.example:8443/log-in", &[ours]), "HTTP/2 names no host beside the address");
        assert!(!comes("https://evil.example/log-in", &[ours]));
        assert!(!comes("/log-in", &[ours, ("host", "ward.example")]));
        assert!(!comes("/log-in", &[ours]), "nobody says who we are");
        assert!(!comes("/log-in", &[("origin", "null"), ("host", "null")]));
        assert!(!comes("/log-in", &[("sec-fetch-site", "cross-site"), ours, ("host", "ward.example:8443")]));
        assert!(comes("/log-in", &[]), "a program without a session");
        assert!(!comes("/log-in", &[("cookie", "a=b")]));
    }
}
