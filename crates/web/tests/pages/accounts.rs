//! Accounts: who makes them, who may what, and what nobody can take away.

use super::site::{Trial, ask, csrf, field, id, now, page, text, wait};
use axum::Router;
use axum::http::{StatusCode, header};
use wardlight_access::Role;
use wardlight_model::change::Change;
use wardlight_model::{Area, Id, Level};

const PASSWORD: &str = "nine+lamps+over+the+quiet+ward";

/// Somebody who is logged in.
pub struct Inside<'a> {
    pub router: &'a Router,
    pub cookie: String,
    pub csrf: String,
}

impl<'a> Inside<'a> {
    pub async fn of(router: &'a Router, cookie: String) -> Self {
        let csrf = csrf(router, &cookie).await;
        Self { router, cookie, csrf }
    }

    /// Who set up an account by `link`.
    pub async fn set_up(router: &'a Router, link: &str, form: &str) -> Self {
        let made = ask(router, ("POST", link), "", form).await;
        assert_eq!(made.status(), StatusCode::SEE_OTHER, "{}", text(made).await);
        let cookie = made.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self::of(router, cookie).await
    }

    pub async fn post(&self, path: &str, form: &str) -> (StatusCode, String) {
        let form = format!("csrf={}&{form}", self.csrf);
        let answer = ask(self.router, ("POST", path), &self.cookie, &form).await;
        (answer.status(), text(answer).await)
    }

    pub async fn page(&self, path: &str) -> (StatusCode, String) {
        page(self.router, path, &self.cookie).await
    }

    /// The address of the account called `name`.
    async fn account(&self, name: &str) -> String {
        let (_, list) = self.page("/accounts").await;
        let line = list.split("<tr>").find(|line| line.contains(&format!(">{name}</small>"))).unwrap();
        line.split("href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }
}

/// What stands in the element with `id`.
pub fn shown(page: &str, id: &str) -> String {
    page.split(&format!("id=\"{id}\">")).nth(1).unwrap().split('<').next().unwrap().to_owned()
}

fn path(link: &str) -> String {
    assert!(link.starts_with("https://ward.example/set-up/"), "{link}");
    link.trim_start_matches("https://ward.example").to_owned()
}

async fn log_in(router: &Router, name: &str, password: &str) -> StatusCode {
    ask(router, ("POST", "/log-in"), "", &format!("name={name}&password={password}")).await.status()
}

#[tokio::test]
async fn an_account_is_set_up_by_a_link_and_gets_roles() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let admin = Inside::of(&router, trial.visitor(Some(Role::Admin)).await).await;
    let (status, made) = admin.post("/accounts/new", "name=Eve&shown=Eve+E.").await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let link = path(&shown(&made, "link"));
    let (status, again) = admin.post("/accounts/new", "name=EVE&shown=").await;
    assert!(status == StatusCode::BAD_REQUEST && again.contains("already"), "{again}");
    let (_, asked) = page(&router, &link, "").await;
    assert!(asked.contains("You are Eve E."), "{asked}");
    let short = ask(&router, ("POST", &link), "", "name=eve&password=short").await;
    assert_eq!(short.status(), StatusCode::BAD_REQUEST);
    let eve = Inside::set_up(&router, &link, &format!("name=admin&password={PASSWORD}")).await;
    assert_eq!(page(&router, &link, "").await.0, StatusCode::NOT_FOUND, "once");
    assert_eq!(log_in(&router, "eve", PASSWORD).await, StatusCode::SEE_OTHER);
    assert_eq!(eve.page("/devices").await.0, StatusCode::NOT_FOUND, "no role yet");
    let (_, own) = eve.page("/account").await;
    assert!(!own.contains("Second device"), "{own}");
    let account = admin.account("eve").await;
    let (status, _) = admin.post(&format!("{account}/grant"), "role=clinical-engineer").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(eve.page("/devices").await.0, StatusCode::OK);
    let (status, why) = admin.post(&format!("{account}/grant"), "role=auditor").await;
    assert!(status == StatusCode::BAD_REQUEST && why.contains("give it an end"), "{why}");
    let (_, one) = admin.page(&account).await;
    assert!(one.contains("Clinical engineer") && one.contains("the whole site"), "{one}");
    let (status, _) = admin.post(&format!("{account}/grant/end"), &form("grant", &field(&one, "grant"))).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(eve.page("/devices").await.0, StatusCode::NOT_FOUND, "taken away at once");
}

fn form(name: &str, value: &str) -> String {
    format!("{name}={}", value.replace(' ', "+"))
}

#[tokio::test]
async fn a_role_is_bounded_by_area_and_time() {
    let trial = Trial::with(1).await;
    let area = Area { id: Id([4; 16]), parent: None, level: Level::CareArea, name: "ICU".to_owned(), zone: None };
    trial.database.put(&[Change::Area(area)]).await.unwrap();
    let router = trial.router();
    let admin = Inside::of(&router, trial.visitor(Some(Role::Admin)).await).await;
    let (_, made) = admin.post("/accounts/new", "name=vera&shown=").await;
    let vera = Inside::set_up(&router, &path(&shown(&made, "link")), &format!("password={PASSWORD}")).await;
    let account = admin.account("vera").await;
    let day = wardlight_days(now().plus(86_400_000_000));
    let grant = format!("role=vendor&area={}&until={day}", Id([4; 16]));
    assert_eq!(admin.post(&format!("{account}/grant"), &grant).await.0, StatusCode::SEE_OTHER);
    let (_, own) = vera.page("/account").await;
    assert!(own.contains("See devices</td><td>some areas"), "{own}");
    let elsewhere = format!("role=vendor&area={}&until={day}", id(9));
    assert_eq!(admin.post(&format!("{account}/grant"), &elsewhere).await.0, StatusCode::BAD_REQUEST);
    wait(2 * 86_400);
    let later = Inside::of(&router, trial.visitor(Some(Role::Auditor)).await).await;
    assert!(later.page(&account).await.1.contains("ended"), "its end is shown");
}

/// `2026-11-24`.
fn wardlight_days(time: wardlight_model::Time) -> String {
    jiff::Timestamp::from_microsecond(time.micros()).unwrap().strftime("%Y-%m-%d").to_string()
}

#[tokio::test]
async fn changes_ask_for_a_second_factor_shown_lately() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let admin = Inside::of(&router, trial.visitor(Some(Role::Admin)).await).await;
    wait(11 * 60);
    for (path, form) in [
        ("/accounts/new", "name=eve"),
        ("/accounts/seen", "emergency=00000000-0000-0000-0000-000000000000"),
        ("/account/tokens", "title=x&until=2027-01-01&action=see-devices"),
    ] {
        let (status, why) = admin.post(path, form).await;
        assert!(status == StatusCode::UNAUTHORIZED && why.contains("/account/step-up?to=%2F"), "{path}: {why}");
    }
    let (status, one) = admin.page("/accounts/new").await;
    assert!(status == StatusCode::OK && !one.contains("name=\"name\""), "no form that leads nowhere");
    assert_eq!(trial.database.accounts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let link = format!("/set-up/{}", trial.invitation.text());
    let ada = Inside::set_up(&router, &link, &format!("name=ada&shown=&password={PASSWORD}")).await;
    // Another administrator, but only until tomorrow.
    let other = Inside::of(&router, trial.visitor(Some(Role::Admin)).await).await;
    let account = other.account("ada").await;
    let (_, one) = other.page(&account).await;
    let grant = form("grant", &field(&one, "grant"));
    for (path, form) in [("state", "to=disabled"), ("grant/end", grant.as_str()), ("link", "factors=keep")] {
        let (status, why) = other.post(&format!("{account}/{path}"), form).await;
        assert!(status == StatusCode::BAD_REQUEST && why.contains("nobody else"), "{path}: {why}");
    }
    assert_eq!(ada.page("/accounts").await.0, StatusCode::OK);
    let (_, made) = other.post("/accounts/new", "name=bob&shown=").await;
    let bob = other.account("bob").await;
    assert_eq!(other.post(&format!("{bob}/grant"), "role=admin").await.0, StatusCode::SEE_OTHER);
    assert_eq!(other.post(&format!("{account}/state"), "to=disabled").await.0, StatusCode::BAD_REQUEST, "not set up");
    Inside::set_up(&router, &path(&shown(&made, "link")), &format!("password={PASSWORD}")).await;
    assert_eq!(other.post(&format!("{account}/state"), "to=disabled").await.0, StatusCode::SEE_OTHER);
    assert_eq!(ada.page("/account").await.0, StatusCode::SEE_OTHER, "out at once");
    assert_eq!(log_in(&router, "ada", PASSWORD).await, StatusCode::UNAUTHORIZED);
    assert_eq!(other.post(&format!("{account}/state"), "to=enabled").await.0, StatusCode::SEE_OTHER);
    assert_eq!(log_in(&router, "ada", PASSWORD).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_new_link_ends_the_password_and_a_newer_one_the_link() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let admin = Inside::of(&router, trial.visitor(Some(Role::Admin)).await).await;
    let (_, made) = admin.post("/accounts/new", "name=eve&shown=").await;
    let first = path(&shown(&made, "link"));
    let account = admin.account("eve").await;
    let (_, made) = admin.post(&format!("{account}/link"), "factors=keep").await;
    let second = path(&shown(&made, "link"));
    assert_eq!(page(&router, &first, "").await.0, StatusCode::NOT_FOUND);
    let eve = Inside::set_up(&router, &second, &format!("password={PASSWORD}")).await;
    let (_, made) = admin.post(&format!("{account}/link"), "factors=keep").await;
    assert_eq!(eve.page("/account").await.0, StatusCode::SEE_OTHER);
    assert_eq!(log_in(&router, "eve", PASSWORD).await, StatusCode::UNAUTHORIZED);
    wait(3 * 86_400);
    assert_eq!(page(&router, &path(&shown(&made, "link")), "").await.0, StatusCode::NOT_FOUND, "too old");
}

#[tokio::test]
async fn who_knows_the_old_password_chooses_a_new_one_and_is_out_elsewhere() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let link = format!("/set-up/{}", trial.invitation.text());
    let ada = Inside::set_up(&router, &link, &format!("name=ada&shown=&password={PASSWORD}")).await;
    let elsewhere = ask(&router, ("POST", "/log-in"), "", &format!("name=ada&password={PASSWORD}")).await;
    let elsewhere = elsewhere.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let (_, own) = ada.page("/account").await;
    assert_eq!(own.matches("name=\"which\"").count(), 2, "the other session, and all others");
    let new = "eleven+lamps+over+the+ward";
    let (status, why) = ada.post("/account/password", &format!("old=wrong+wrong+wrong&new={new}")).await;
    assert!(status == StatusCode::BAD_REQUEST && why.contains("old password"), "{why}");
    let (status, why) = ada.post("/account/password", &format!("old={PASSWORD}&new=short")).await;
    assert!(status == StatusCode::BAD_REQUEST && why.contains("12"), "{why}");
    assert_eq!(page(&router, "/account", &elsewhere).await.0, StatusCode::OK);
    let (status, _) = ada.post("/account/password", &format!("old={PASSWORD}&new={new}")).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(page(&router, "/account", &elsewhere).await.0, StatusCode::SEE_OTHER);
    assert_eq!(ada.page("/account").await.0, StatusCode::OK);
    assert_eq!(log_in(&router, "ada", PASSWORD).await, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in(&router, "ada", new).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_session_ends_from_another_and_nobody_elses() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let link = format!("/set-up/{}", trial.invitation.text());
    let ada = Inside::set_up(&router, &link, &format!("name=ada&shown=&password={PASSWORD}")).await;
    let eve = Inside::of(&router, trial.visitor(Some(Role::Analyst)).await).await;
    let account = trial.database.account_named("ada").await.unwrap().unwrap();
    let [session] = trial.database.sessions(account.id).await.unwrap().try_into().unwrap();
    let hash = session.hash.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    eve.post("/account/sessions/end", &format!("which={hash}")).await;
    assert_eq!(ada.page("/account").await.0, StatusCode::OK);
    ada.post("/account/sessions/end", &format!("which={hash}")).await;
    assert_eq!(ada.page("/account").await.0, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_token_lends_what_one_has_and_is_shown_once() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let analyst = Inside::of(&router, trial.visitor(Some(Role::Analyst)).await).await;
    let until = wardlight_days(now().plus(30 * 86_400_000_000));
    let (status, made) = analyst
        .post("/account/tokens", &format!("title=SIEM&until={until}&action=see-devices&action=see-traffic"))
        .await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let token = shown(&made, "token");
    let read = wardlight_access::token::ApiToken::read(&token).unwrap();
    let kept = trial.database.token(read.id()).await.unwrap().unwrap();
    assert_eq!((kept.hash, kept.actions), (read.hash(), vec!["see-devices".to_owned(), "see-traffic".to_owned()]));
    let (_, list) = analyst.page("/account/tokens").await;
    assert!(list.contains("SIEM") && list.contains("See traffic") && !list.contains(&token), "{list}");
    for (form, why) in [
        (format!("title=x&until={until}&action=decide-matches"), "cannot lend"),
        (format!("title=x&until={until}&action=manage-own-account"), "cannot lend"),
        (format!("title=x&until={until}"), "name at least one"),
        ("title=x&until=2099-01-01&action=see-devices".to_owned(), "366 days"),
        (format!("title=&until={until}&action=see-devices"), "Give it a name"),
        ("title=x&until=&action=see-devices".to_owned(), "last day"),
    ] {
        let (status, told) = analyst.post("/account/tokens", &form).await;
        assert!(status == StatusCode::BAD_REQUEST && told.contains(why), "{form}: {told}");
    }
    let admin = Inside::of(&router, trial.visitor(Some(Role::Admin)).await).await;
    let end = format!("id={}", read.id());
    assert_eq!(admin.post("/account/tokens/end", &end).await.0, StatusCode::BAD_REQUEST, "not theirs");
    assert_eq!(analyst.post("/account/tokens/end", &end).await.0, StatusCode::SEE_OTHER);
    assert_eq!(trial.database.token(read.id()).await.unwrap(), None);
}

#[tokio::test]
async fn what_was_lent_to_programs_ends_with_the_account_and_with_a_new_link() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let analyst = Inside::of(&router, trial.visitor(Some(Role::Analyst)).await).await;
    let admin = Inside::of(&router, trial.visitor(Some(Role::Admin)).await).await;
    let own = trial.database.account_named("analyst").await.unwrap().unwrap().id;
    let until = wardlight_days(now().plus(30 * 86_400_000_000));
    for (path, form) in [("link", "factors=keep"), ("state", "to=disabled")] {
        let cookie = if path == "link" { None } else { Some(trial.visitor_again(own).await) };
        let analyst = match cookie {
            Some(cookie) => &Inside::of(&router, cookie).await,
            None => &analyst,
        };
        let (status, made) =
            analyst.post("/account/tokens", &format!("title=SIEM&until={until}&action=see-devices")).await;
        assert_eq!((status, trial.database.tokens(own).await.unwrap().len()), (StatusCode::OK, 1), "{made}");
        let (status, told) = admin.post(&format!("/accounts/{own}/{path}"), form).await;
        assert!(status == StatusCode::OK || status == StatusCode::SEE_OTHER, "{told}");
        assert_eq!(trial.database.tokens(own).await.unwrap(), [], "{path}");
    }
}

#[tokio::test]
async fn a_page_that_lies_open_does_not_keep_its_session_alive() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let ada = Inside::of(&router, trial.visitor(Some(Role::Analyst)).await).await;
    for _ in 0..2 {
        wait(8 * 60);
        let told = ask(&router, ("GET", "/live"), &ada.cookie, "").await;
        let is_alive = told.status() == StatusCode::OK;
        drop(told);
        if !is_alive {
            break;
        }
    }
    assert_eq!(ada.page("/account").await.0, StatusCode::SEE_OTHER, "nobody did anything for sixteen minutes");
}

#[tokio::test]
async fn glass_is_broken_with_the_envelope_and_an_alarm_stands_until_somebody_saw_it() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let admin = Inside::of(&router, trial.visitor(Some(Role::Admin)).await).await;
    assert_eq!(
        admin.post("/accounts/new", "name=glass&shown=Night+shift&kind=emergency").await.0,
        StatusCode::SEE_OTHER
    );
    let account = admin.account("glass").await;
    assert_eq!(
        admin.post(&format!("{account}/link"), "factors=keep").await.0,
        StatusCode::BAD_REQUEST,
        "an envelope, no link"
    );
    admin.post(&format!("{account}/grant"), "role=admin").await;
    let (_, sealed) = admin.post(&format!("{account}/envelope"), "").await;
    let old = shown(&sealed, "code");
    let (_, sealed) = admin.post(&format!("{account}/envelope"), "").await;
    let code = shown(&sealed, "code");
    for wrong in ["", "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA", old.as_str()] {
        let refused = ask(&router, ("POST", "/emergency"), "", &format!("code={wrong}")).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{wrong}");
    }
    assert_eq!(log_in(&router, "glass", &code).await, StatusCode::UNAUTHORIZED, "by its name nobody comes in");
    assert_eq!(trial.database.open_emergencies().await.unwrap(), []);
    // However often others tried, from wherever.
    for _ in 0..60 {
        ask(&router, ("POST", "/emergency"), "", "code=AAAA-AAAA-AAAA-AAAA-AAAA-AAAA").await;
    }
    let entered = ask(&router, ("POST", "/emergency"), "", &format!("code={}", code.to_lowercase())).await;
    assert_eq!(entered.status(), StatusCode::SEE_OTHER);
    let cookie = entered.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let glass = Inside::of(&router, cookie).await;
    let (_, today) = glass.page("/devices").await;
    assert!(today.contains("Emergency access since"), "{today}");
    let until = wardlight_days(now().plus(30 * 86_400_000_000));
    let (status, told) = glass.post("/account/tokens", &format!("title=x&until={until}&action=see-devices")).await;
    assert!(status == StatusCode::BAD_REQUEST && told.contains("lends nothing to programs"), "{told}");
    let (_, today) = admin.page("/").await;
    assert!(today.contains("Emergency access was used") && today.contains("Night shift"), "{today}");
    let seen = format!("emergency={}", field(&today, "emergency"));
    assert_eq!(glass.post("/accounts/seen", &seen).await.0, StatusCode::BAD_REQUEST, "not by whoever broke it");
    assert_eq!(admin.post("/accounts/seen", &seen).await.0, StatusCode::SEE_OTHER);
    assert!(!admin.page("/").await.1.contains("Emergency access was used"));
    assert!(admin.page(&account).await.1.contains("A admin took note"));
    let deeds = trial.deeds.lock().unwrap().clone();
    for deed in [
        "admin: account.put made glass, for emergencies",
        "admin: account.factor_put a code for the envelope",
        "glass: account.glass_broken from 0.0.0.0",
        "admin: account.glass_seen",
    ] {
        assert!(deeds.iter().any(|done| done == deed), "{deed}: {deeds:?}");
    }
    for _ in 0..6 {
        wait(10 * 60);
        glass.page("/").await;
    }
    assert_eq!(glass.page("/").await.0, StatusCode::SEE_OTHER, "an hour, however it is used");
}

#[tokio::test]
async fn what_is_done_with_accounts_is_written_down_without_secrets() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let link = format!("/set-up/{}", trial.invitation.text());
    let ada = Inside::set_up(&router, &link, &format!("name=ada&shown=&password={PASSWORD}")).await;
    assert_eq!(log_in(&router, "ada", "wrong+wrong+wrong").await, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in(&router, "nobody", PASSWORD).await, StatusCode::UNAUTHORIZED);
    let admin = Inside::of(&router, trial.visitor(Some(Role::Admin)).await).await;
    let (_, made) = admin.post("/accounts/new", "name=eve&shown=").await;
    let eve = admin.account("eve").await;
    admin.post(&format!("{eve}/grant"), "role=admin").await;
    Inside::set_up(&router, &path(&shown(&made, "link")), &format!("password={PASSWORD}")).await;
    admin.post(&format!("{eve}/state"), "to=disabled").await;
    let until = wardlight_days(now().plus(30 * 86_400_000_000));
    let (_, made) = admin.post("/account/tokens", &format!("title=SIEM&until={until}&action=see-devices")).await;
    let token = wardlight_access::token::ApiToken::read(&shown(&made, "token")).unwrap().id();
    admin.post("/account/tokens/end", &format!("id={token}")).await;
    ada.post("/account/password", &format!("old={PASSWORD}&new=eleven+lamps+over+the+ward")).await;
    ada.post("/account/sessions/end", "which=others").await;
    ada.post("/log-out", "").await;
    // A refusal is written down beside the answer.
    for _ in 0..100 {
        if trial.deeds.lock().unwrap().iter().any(|deed| deed.starts_with("unknown")) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let mut deeds = trial.deeds.lock().unwrap().clone();
    deeds.sort();
    for deed in &mut deeds {
        for part in ["gave admin  ", "token_made "] {
            if let Some((front, _)) = deed.split_once(part) {
                *deed = format!("{front}{}", part.trim_end());
            }
        }
    }
    let ended = format!("admin: account.token_ended {token}");
    let mut wanted = vec![
        "ada: account.factor_put a password",
        "ada: account.logged_in by a link from 0.0.0.0",
        "ada: account.logged_out",
        "ada: account.put the first, an administrator's, by the printed link",
        "ada: account.sessions_ended all but one",
        "admin: account.ended disabled; tokens ended",
        "admin: account.grants_put gave admin",
        "admin: account.put made eve",
        "admin: account.token_made",
        &ended,
        "eve: account.factor_put a password, by a link",
        "eve: account.logged_in by a link from 0.0.0.0",
        "unknown: account.log_in_refused from 0.0.0.0",
    ];
    wanted.sort_unstable();
    assert_eq!(deeds, wanted, "each once, and of names that there are alone");
}
