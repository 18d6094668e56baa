//! How somebody comes in, and out.

use super::site::{Trial, ask, csrf, field, now, page, text, wait};
use axum::Router;
use axum::http::{StatusCode, header};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
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
    let led_on = ask(&router, ("GET", "/log-in?to=%2Fdevices"), &inside, "").await;
    assert_eq!(led_on.headers()[header::LOCATION], "/devices", "nobody logs in twice");
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
    let csrf = csrf(&router, &inside).await;
    let out = ask(&router, ("POST", "/log-out"), &inside, &format!("csrf={csrf}")).await;
    assert_eq!(out.status(), StatusCode::SEE_OTHER);
    assert_eq!(out.headers()["clear-site-data"], "\"cache\", \"storage\"");
    assert_eq!(page(&router, "/", &inside).await.0, StatusCode::SEE_OTHER, "the session is over");
}

/// The code that an authenticator shows for `key` now (RFC 6238 §4, RFC 4226 §5.3, RFC 4648 §6).
fn code(key: &str) -> String {
    let bits = key.bytes().filter(|byte| byte.is_ascii_alphanumeric()).fold(
        (Vec::new(), 0_u32, 0),
        |(mut out, held, count), sign| {
            let five =
                u32::from(if sign.is_ascii_digit() { sign - b'2' + 26 } else { sign.to_ascii_uppercase() - b'A' });
            let (held, count) = ((held << 5 | five) & 0xfff, count + 5);
            if count < 8 {
                return (out, held, count);
            }
            out.push(u8::try_from(held >> (count - 8) & 0xff).unwrap());
            (out, held, count - 8)
        },
    );
    let mut mac = Hmac::<Sha1>::new_from_slice(&bits.0).unwrap();
    mac.update(&(now().micros() / 30_000_000).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

#[tokio::test]
async fn codes_are_asked_for_from_the_first_right_one_on_each_once() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let link = format!("/set-up/{}", trial.invitation.text());
    let form = format!("name=ada&shown=&password={}", PASSWORD.replace(' ', "+"));
    let inside = cookie(&ask(&router, ("POST", &link), "", &form).await);
    let (_, offer) = page(&router, "/account/code", &inside).await;
    let key = offer.split("<p class=\"mono\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let (csrf, sealed) = (csrf(&router, &inside).await, field(&offer, "sealed"));
    let confirm = |code: String| format!("csrf={csrf}&sealed={sealed}&code={code}");
    let wrong = ask(&router, ("POST", "/account/code"), &inside, &confirm("000000".to_owned())).await;
    assert!(text(wrong).await.contains("The code is not right"));
    assert_eq!(log_in(&router, "ada", PASSWORD).await.status(), StatusCode::SEE_OTHER, "not asked for yet");
    let first = code(&key);
    let kept = ask(&router, ("POST", "/account/code"), &inside, &confirm(first.clone())).await;
    assert_eq!(kept.status(), StatusCode::SEE_OTHER);
    let half = log_in(&router, "ada", PASSWORD).await;
    assert!(half.status() == StatusCode::OK && !half.headers().contains_key(header::SET_COOKIE), "a code is asked for");
    assert!(text(half).await.contains("Code of six digits"));
    let with = |code: &str| format!("name=ada&password={}&code={code}", PASSWORD.replace(' ', "+"));
    let used = ask(&router, ("POST", "/log-in"), "", &with(&first)).await;
    assert_eq!(used.status(), StatusCode::UNAUTHORIZED, "a code is good once");
    wait(60);
    let entered = ask(&router, ("POST", "/log-in"), "", &with(&code(&key))).await;
    assert_eq!(entered.status(), StatusCode::SEE_OTHER);
    wait(60);
    let shown = format!("csrf={csrf}&code={}", code(&key));
    let renewed = cookie(&ask(&router, ("POST", "/account/step-up"), &inside, &shown).await);
    assert_eq!(page(&router, "/", &inside).await.0, StatusCode::SEE_OTHER, "what opened the session opens nothing now");
    let (inside, csrf) = (&renewed, field(&page(&router, "/account", &renewed).await.1, "csrf"));
    wait(60);
    let end = format!("csrf={csrf}&code={}", code(&key));
    assert_eq!(ask(&router, ("POST", "/account/code/end"), inside, &end).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(log_in(&router, "ada", PASSWORD).await.status(), StatusCode::SEE_OTHER, "asked for no more");
}
