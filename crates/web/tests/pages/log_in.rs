//! How somebody comes in, and out.

use super::site::{Trial, ask, page, text};
use axum::Router;
use axum::http::{StatusCode, header};
use wardlight_access::Role;

const PASSWORD: &str = "nine lamps over the quiet ward";

fn cookie(response: &axum::http::Response<axum::body::Body>) -> String {
    let set = response.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(set.contains("; Secure; HttpOnly; SameSite=Lax") && set.starts_with("__Host-"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

async fn log_in(router: &Router, name: &str, password: &str) -> axum::http::Response<axum::body::Body> {
    let form = format!("name={name}&password={}&to=%2Fdevices", password.replace(' ', "+"));
    ask(router, ("POST", "/log-in"), "", &form).await
}

#[tokio::test]
async fn the_first_account_is_made_by_the_link_once_and_logs_in() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let link = format!("/set-up/{}", trial.invitation.text());
    assert_eq!(page(&router, "/set-up/none", "").await.0, StatusCode::NOT_FOUND);
    assert_eq!(page(&router, &link, "").await.0, StatusCode::OK);
    let form = |password: &str| format!("name=Ada&shown=Ada+L.&password={}", password.replace(' ', "+"));
    let short = ask(&router, ("POST", &link), "", &form("short")).await;
    assert_eq!(short.status(), StatusCode::BAD_REQUEST);
    assert!(text(short).await.contains("value=\"Ada\""), "what was typed is kept");
    let made = ask(&router, ("POST", &link), "", &form(PASSWORD)).await;
    assert_eq!(made.status(), StatusCode::SEE_OTHER);
    let (status, today) = page(&router, "/", &cookie(&made)).await;
    assert!(status == StatusCode::OK && today.contains("Ada L."), "{today}");
    assert_eq!(page(&router, &link, "").await.0, StatusCode::NOT_FOUND, "the link is used up");
    let again = ask(&router, ("POST", &link), "", &form(PASSWORD)).await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    let entered = log_in(&router, "ADA", PASSWORD).await;
    assert_eq!(entered.headers()[header::LOCATION], "/devices");
    let inside = cookie(&entered);
    assert_eq!(page(&router, "/devices", &inside).await.0, StatusCode::OK);
}

#[tokio::test]
async fn whatever_is_wrong_is_refused_alike_and_slower_each_time() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let link = format!("/set-up/{}", trial.invitation.text());
    let form = format!("name=ada&shown=&password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(ask(&router, ("POST", &link), "", &form).await.status(), StatusCode::SEE_OTHER);
    let no_name = log_in(&router, "eve", PASSWORD).await;
    let no_password = log_in(&router, "ada", "wrong wrong wrong").await;
    assert_eq!((no_name.status(), no_password.status()), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    let [one, other] = [text(no_name).await, text(no_password).await];
    assert_eq!(one.replace("eve", "ada"), other);
    let mut waits = false;
    for _ in 0..20 {
        let answer = log_in(&router, "ada", "wrong wrong wrong").await;
        waits |= answer.status() == StatusCode::TOO_MANY_REQUESTS && answer.headers().contains_key(header::RETRY_AFTER);
    }
    assert!(waits, "guessing is slowed down");
}

#[tokio::test]
async fn what_another_site_sends_changes_nothing() {
    let trial = Trial::with(1).await;
    let (router, inside) = (trial.router(), trial.visitor(Some(Role::Admin)).await);
    let forged = ask(&router, ("POST", "/log-out"), &inside, "csrf=forged").await;
    assert_eq!(forged.status(), StatusCode::FORBIDDEN, "no page of ours gave that token");
    assert_eq!(page(&router, "/", &inside).await.0, StatusCode::OK);
    let (_, account) = page(&router, "/account", &inside).await;
    let csrf = account.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let out = ask(&router, ("POST", "/log-out"), &inside, &format!("csrf={csrf}")).await;
    assert_eq!(out.status(), StatusCode::SEE_OTHER);
    assert_eq!(page(&router, "/", &inside).await.0, StatusCode::SEE_OTHER, "the session is over");
}
