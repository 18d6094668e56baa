//! What programs get: JSON or problems, narrowed as pages are, described as it is.

use super::site::{Trial, ask, id, now, page, text, wait};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use tower::ServiceExt as _;
use wardlight_access::token::ApiToken;
use wardlight_access::{Action, Role};
use wardlight_model::Id;
use wardlight_store::database::{StoredAnswer, StoredGrant, StoredToken};
use wardlight_web::api::document::document;
use wardlight_web::route::{self, Need};

/// What is answered to a program that sends `headers`.
async fn send(router: &Router, (method, path): (&str, &str), headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn json(response: Response<Body>) -> Value {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    serde_json::from_str(&text(response).await).unwrap()
}

/// Asserts that `response` is a problem of this status, and gives its detail.
async fn problem(response: Response<Body>, status: StatusCode) -> String {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let problem: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(problem["status"], status.as_u16());
    problem["detail"].as_str().unwrap().to_owned()
}

/// A token of the account with `role` that is for `actions`; what a program sends.
async fn token(trial: &Trial, role: Role, actions: &[Action]) -> String {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).unwrap();
    let token = ApiToken::new(Id([role as u8 + 100; 16]), secret);
    let stored = StoredToken {
        id: token.id(),
        account: Id([role as u8 + 1; 16]),
        title: "trial".to_owned(),
        hash: token.hash(),
        actions: actions.iter().map(|action| action.name().to_owned()).collect(),
        made: now(),
        until: now().plus(3_600_000_000),
        used: None,
    };
    trial.database.put_token(&stored).await.unwrap();
    format!("Bearer {}", *token.text())
}

#[tokio::test]
async fn a_token_does_what_it_is_for_and_no_more() {
    let trial = Trial::with(3).await;
    let router = trial.router();
    trial.visitor(Some(Role::Analyst)).await;
    let bearer = token(&trial, Role::Analyst, &[Action::SeeDevices]).await;
    let auth = [("authorization", bearer.as_str())];
    let devices = json(send(&router, ("GET", "/api/v1/devices"), &auth).await).await;
    assert_eq!((devices["total"].as_u64(), devices["devices"].as_array().unwrap().len()), (Some(3), 3));
    assert!(devices["devices"][0].get("service").is_none(), "an analyst sees traffic, the token is not for it");
    let asked = send(&router, ("GET", "/api/v1/devices?col=peer"), &auth).await;
    assert!(problem(asked, StatusCode::FORBIDDEN).await.contains("These may"));
    problem(send(&router, ("GET", "/api/v1/matches"), &auth).await, StatusCode::FORBIDDEN).await;
    let me = json(send(&router, ("GET", "/api/v1/me"), &auth).await).await;
    assert_eq!((me["is_token"].as_bool(), me["rights"].as_array().unwrap().len()), (Some(true), 1));
    let one = json(send(&router, ("GET", &format!("/api/v1/devices/{}", id(0))), &auth).await).await;
    assert_eq!((one["peers"].is_null(), one["claims"][0]["value"].as_str()), (true, Some("ventilator")));
    let page = send(&router, ("GET", "/devices"), &auth).await;
    assert_eq!(page.status(), StatusCode::SEE_OTHER, "no page is for programs");
    let used = trial.database.tokens(Id([Role::Analyst as u8 + 1; 16])).await.unwrap();
    assert_eq!(used[0].used, Some(now()), "its use is noted");
}

#[tokio::test]
async fn a_token_that_is_not_good_is_told_how_to_come_in() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    let asks = async |bearer: &str| send(&router, ("GET", "/api/v1/me"), &[("authorization", bearer)]).await;
    for wrong in ["", "Bearer", "Bearer x", "Basic YTpi", "Bearer wlt_00000000000000000000000000000000_aaaa"] {
        let response = asks(wrong).await;
        assert!(response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Bearer"), "{wrong}");
        problem(response, StatusCode::UNAUTHORIZED).await;
    }
    let cookie = trial.visitor(Some(Role::Compliance)).await;
    let bearer = token(&trial, Role::Compliance, &[Action::SeeDevices]).await;
    assert_eq!(asks(&bearer).await.status(), StatusCode::OK);
    let both = [("authorization", "Bearer x"), ("cookie", cookie.as_str())];
    let response = send(&router, ("GET", "/api/v1/me"), &both).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "a wrong token is not mended by a session");
    let mut account = trial.database.account(Id([Role::Compliance as u8 + 1; 16])).await.unwrap().unwrap();
    account.is_disabled = true;
    trial.database.put_account(&account).await.unwrap();
    assert_eq!(asks(&bearer).await.status(), StatusCode::UNAUTHORIZED, "its holder is disabled");
    account.is_disabled = false;
    trial.database.put_account(&account).await.unwrap();
    wait(3_601);
    assert_eq!(asks(&bearer).await.status(), StatusCode::UNAUTHORIZED, "it ended");
    let bearer = token(&trial, Role::Compliance, &[Action::SeeDevices]).await;
    assert_eq!(asks(&bearer).await.status(), StatusCode::OK);
    trial.database.drop_token(Id([Role::Compliance as u8 + 100; 16])).await.unwrap();
    assert_eq!(asks(&bearer).await.status(), StatusCode::UNAUTHORIZED, "it was taken away");
}

#[tokio::test]
async fn a_list_is_got_in_parts_and_says_what_cannot_be_asked() {
    let trial = Trial::with(30).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::Admin)).await);
    let auth = [("cookie", cookie.as_str())];
    for sort in ["name", "-type_confidence", "last_seen", "id"] {
        let (mut ids, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/devices?sort={sort}&limit=7{after}");
            let part = json(send(&router, ("GET", &path), &auth).await).await;
            assert_eq!(part["total"], 30);
            ids.extend(part["devices"].as_array().unwrap().iter().map(|row| row["id"].to_string()));
            let Some(next) = part["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (30, 30), "{sort}");
    }
    for (query, wanted) in [
        ("limit=0", "1 to 1000"),
        ("after=x", "no mark"),
        ("from=3", "none of q, sort, col, sure, limit, after"),
        ("type=pump", "none of"),
        ("col=tpye", "perhaps `type`"),
        ("sure=x", "none of high"),
        ("q=(a", "never closed"),
        ("q=a&q=b", "twice"),
    ] {
        let told = send(&router, ("GET", &format!("/api/v1/devices?{query}")), &auth).await;
        let told = problem(told, StatusCode::BAD_REQUEST).await;
        assert!(told.contains(wanted), "{query}: {told}");
    }
    let part = json(send(&router, ("GET", "/api/v1/devices?limit=1"), &auth).await).await;
    let path = format!("/api/v1/devices?sort=-name&after={}", part["next"].as_str().unwrap());
    let told = problem(send(&router, ("GET", &path), &auth).await, StatusCode::BAD_REQUEST).await;
    assert!(told.contains("another order"), "{told}");
    let some = json(send(&router, ("GET", "/api/v1/devices?q=type:ventilator&col=type&sure=high"), &auth).await).await;
    assert_eq!(some["total"], 10);
    assert_eq!(some["devices"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "type"]);
}

#[tokio::test]
async fn a_role_sees_the_same_on_pages_and_through_the_api() {
    let trial = Trial::with(3).await;
    let router = trial.router();
    for role in Role::ALL {
        let cookie = trial.visitor(Some(role)).await;
        let auth = [("cookie", cookie.as_str())];
        for (shown, own) in
            [("/devices", "/api/v1/devices".to_owned()), ("/devices?col=peer", "/api/v1/devices?col=peer".to_owned())]
        {
            let (status, html) = page(&router, shown, &cookie).await;
            let response = send(&router, ("GET", &own), &auth).await;
            assert_eq!(response.status(), status, "{own} for {}", role.name());
            if status == StatusCode::OK && shown == "/devices" {
                let devices = json(response).await;
                let in_api = devices["devices"][0].get("service").is_some();
                assert_eq!(in_api, html.contains("sort=service"), "{}", role.name());
            }
        }
        let shown = page(&router, &format!("/devices/{}", id(1)), &cookie).await.0;
        let own = send(&router, ("GET", &format!("/api/v1/devices/{}", id(1))), &auth).await;
        assert_eq!(own.status(), shown, "{}", role.name());
    }
}

#[tokio::test]
async fn assets_places_and_matches_are_told() {
    let trial = Trial::with(3).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::ClinicalEngineer)).await);
    let get = async |path: &str| json(send(&router, ("GET", path), &[("cookie", &cookie)]).await).await;
    assert_eq!(get("/api/v1/assets").await["total"], 0, "not settled yet");
    trial.settle(3);
    let first = get("/api/v1/assets?limit=2").await;
    assert_eq!(
        (first["total"].as_u64(), first["assets"][1]["owners"]["technical"].as_str()),
        (Some(3), Some("Biomed"))
    );
    let rest = get(&format!("/api/v1/assets?after={}", first["next"].as_str().unwrap())).await;
    assert_eq!(rest["assets"][0]["id"], id(2).to_string());
    assert!(rest["next"].is_null());
    let one = get(&format!("/api/v1/assets/{}", id(1))).await;
    assert_eq!(one["members"][0]["source"], "network");
    let device = get(&format!("/api/v1/devices/{}", id(1))).await;
    assert_eq!(device["asset"]["id"], id(1).to_string());
    let matches = get("/api/v1/matches?limit=1").await;
    assert_eq!((&matches["total"], &matches["next"]), (&1.into(), &Value::Null));
    assert_eq!(matches["matches"][0]["one"]["id"], id(0).to_string());
    let areas = get("/api/v1/areas").await;
    assert_eq!(areas["areas"][0]["zone"], "Europe/Berlin");
    assert_eq!(get(&format!("/api/v1/areas/{}", id(0))).await["path"].as_array().unwrap().len(), 1);
    assert_eq!(get("/api/v1/sources").await["sources"].as_array().unwrap().len(), 0);
    let auditor = trial.visitor(Some(Role::Executive)).await;
    let hidden = send(&router, ("GET", &format!("/api/v1/assets/{}", id(1))), &[("cookie", &auditor)]).await;
    assert!(json(hidden).await["members"].is_null(), "an executive does not see matches");
}

#[tokio::test]
async fn an_answer_has_a_tag_and_is_not_sent_twice() {
    let trial = Trial::with(3).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::Admin)).await);
    let get = async |more: &[(&str, &str)]| {
        let headers = [&[("cookie", cookie.as_str())], more].concat();
        send(&router, ("GET", "/api/v1/devices"), &headers).await
    };
    let first = get(&[]).await;
    let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "a strong one: {tag}");
    for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
        let again = get(&[("if-none-match", &known)]).await;
        assert_eq!(
            (again.status(), again.headers()[header::ETAG].to_str().unwrap()),
            (StatusCode::NOT_MODIFIED, &*tag)
        );
        assert_eq!(text(again).await, "");
    }
    assert_eq!(get(&[("if-none-match", "\"x\"")]).await.status(), StatusCode::OK);
    let head = send(&router, ("HEAD", "/api/v1/devices"), &[("cookie", &cookie)]).await;
    assert_eq!((head.status(), head.headers()[header::ETAG].to_str().unwrap()), (StatusCode::OK, &*tag));
    let length: usize = head.headers()[header::CONTENT_LENGTH].to_str().unwrap().parse().unwrap();
    assert_eq!((length, text(head).await.as_str()), (text(first).await.len(), ""));
}

#[tokio::test]
async fn whatever_is_refused_is_a_problem_in_json() {
    let trial = Trial::with(1).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::Admin)).await);
    let auth = ("cookie", cookie.as_str());
    problem(send(&router, ("GET", "/api/v1/nothing"), &[auth]).await, StatusCode::NOT_FOUND).await;
    problem(send(&router, ("GET", "/api/v1/devices/x%ff"), &[auth]).await, StatusCode::BAD_REQUEST).await;
    problem(send(&router, ("GET", "/api/v1/devices/x"), &[auth]).await, StatusCode::NOT_FOUND).await;
    problem(send(&router, ("GET", "/api/v1/me?x=1"), &[auth]).await, StatusCode::BAD_REQUEST).await;
    let media = send(&router, ("GET", "/api/v1/me"), &[auth, ("accept", "text/html")]).await;
    problem(media, StatusCode::NOT_ACCEPTABLE).await;
    let method = send(&router, ("PATCH", "/api/v1/me"), &[auth]).await;
    assert_eq!(method.headers()[header::ALLOW], "GET,HEAD");
    problem(method, StatusCode::METHOD_NOT_ALLOWED).await;
    let options = send(&router, ("OPTIONS", "/api/v1/me"), &[]).await;
    assert_eq!(
        (options.status(), &options.headers()[header::ALLOW]),
        (StatusCode::NO_CONTENT, &"GET,HEAD".parse().unwrap())
    );
}

#[tokio::test]
async fn the_description_names_just_the_addresses_and_methods_that_there_are() {
    let trial = Trial::with(1).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::Admin)).await);
    let described = document(&route::all());
    let paths = described["paths"].as_object().unwrap();
    let routed: Vec<_> = route::all().into_iter().filter(|route| route.path.starts_with("/api/v1/")).collect();
    let own: BTreeSet<&str> =
        routed.iter().map(|route| route.path).filter(|path| !path.ends_with("openapi.json")).collect();
    assert_eq!(paths.keys().map(String::as_str).collect::<BTreeSet<_>>(), own);
    for route in &routed {
        // One address may stand in several routes: each method has the right that it needs.
        let same = routed.iter().filter(|other| other.path == route.path);
        let methods = same.flat_map(|route| &route.said).flat_map(|say| say().methods).collect::<BTreeSet<_>>();
        assert!(route.said.iter().all(|say| say().path == route.path), "{}", route.path);
        for method in ["get", "post", "put", "patch", "delete"] {
            let path = route.path.replace("{id}", &id(0).to_string()).replace("{label}", &id(0).to_string());
            let sent = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin"), ("if-match", "\"x\"")];
            let status = send(&router, (&method.to_uppercase(), &path), &sent).await.status();
            let is_said = methods.contains(method) || (method == "get" && path.ends_with("openapi.json"));
            assert_eq!(status != StatusCode::METHOD_NOT_ALLOWED, is_said, "{method} {path}: {status}");
        }
    }
    let operations = paths.values().flat_map(|path| path.as_object().unwrap().values());
    for operation in operations {
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().all(|status| !status.starts_with('5')), "{operation}");
        assert!(["200", "201", "204"].iter().any(|fine| answers.contains_key(*fine)), "{operation}");
    }
    let told = json(send(&router, ("GET", "/api/v1/openapi.json"), &[("cookie", &cookie)]).await).await;
    assert_eq!(told, described);
    assert!(route::all().iter().all(|route| !route.path.starts_with("/api/") || route.need != Need::Nothing));
}

#[tokio::test]
async fn the_page_to_try_it_brings_its_files_and_needs_nothing_inline() {
    let trial = Trial::with(1).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::Clinician)).await);
    let (status, html) = page(&router, "/api/docs", &cookie).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!html.contains("style=") && !html.contains("<style") && !html.contains("<script>"), "{html}");
    let files: Vec<&str> = html.split('"').filter(|part| part.starts_with("/api/docs/")).collect();
    assert_eq!(files.len(), 3);
    for file in files {
        let response = ask(&router, ("GET", file), &cookie, "").await;
        assert_eq!(response.status(), StatusCode::OK, "{file}");
        assert!(text(response).await.len() > 100, "{file}");
    }
    assert_eq!(page(&router, "/api/docs/index.html", &cookie).await.0, StatusCode::NOT_FOUND);
    assert_eq!(page(&router, "/api/docs", "").await.0, StatusCode::SEE_OTHER, "for whoever is logged in");
}

#[tokio::test]
async fn health_is_told_to_all_and_figures_to_those_who_may() {
    let trial = Trial::with(3).await;
    let router = trial.router();
    assert_eq!(page(&router, "/healthz", "").await, (StatusCode::OK, "alive\n".to_owned()));
    let early = problem(send(&router, ("GET", "/readyz"), &[]).await, StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(early.contains("not settled"), "{early}");
    trial.settle(3);
    assert_eq!(page(&router, "/readyz", "").await, (StatusCode::OK, "ready\n".to_owned()));
    problem(send(&router, ("GET", "/metrics"), &[]).await, StatusCode::UNAUTHORIZED).await;
    trial.visitor(Some(Role::NetworkAdmin)).await;
    let bearer = token(&trial, Role::NetworkAdmin, &[Action::SeeMetrics]).await;
    let metrics = send(&router, ("GET", "/metrics"), &[("authorization", &bearer)]).await;
    assert_eq!(metrics.headers()[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    let metrics = text(metrics).await;
    assert!(metrics.contains("\nwardlight_devices{sure=\"high\"} 1\n"), "{metrics}");
    assert!(metrics.contains("\nwardlight_disk_full 0\n"), "{metrics}");
    let refused = "wardlight_http_request_duration_seconds_count{class=\"health\",status=\"4xx\"} 1\n";
    assert!(metrics.contains(refused), "{metrics}");
}

/// What is answered to a program that sends `body`.
async fn write(
    router: &Router,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &Value,
) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    router.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_place_is_changed_by_those_who_saw_it_as_it_is() {
    let trial = Trial::with(3).await;
    let router = trial.router();
    trial.visitor(Some(Role::NetworkAdmin)).await;
    let bearer = token(&trial, Role::NetworkAdmin, &[Action::SeeSite, Action::EditSite]).await;
    let auth = ("authorization", bearer.as_str());
    let path = format!("/api/v1/areas/{}", id(50));
    let body = serde_json::json!({ "level": "site", "name": "St. Beda", "zone": "Europe/Berlin" });
    let made = write(&router, ("PUT", &path), &[auth, ("if-none-match", "*")], &body).await;
    assert_eq!(json(made).await["name"], "St. Beda");
    let again = write(&router, ("PUT", &path), &[auth, ("if-none-match", "*")], &body).await;
    problem(again, StatusCode::PRECONDITION_FAILED).await;
    let seen = send(&router, ("GET", &path), &[auth]).await;
    let tag = seen.headers()[header::ETAG].to_str().unwrap().to_owned();
    let renamed = serde_json::json!({ "level": "site", "name": "Beda", "zone": "Europe/Berlin" });
    let first = write(&router, ("PUT", &path), &[auth, ("if-match", &tag)], &renamed).await;
    assert_eq!(json(first).await["name"], "Beda");
    let late = write(&router, ("PUT", &path), &[auth, ("if-match", &tag)], &body).await;
    problem(late, StatusCode::PRECONDITION_FAILED).await;
    let told =
        problem(send(&router, ("DELETE", &path), &[auth, ("if-match", &tag)]).await, StatusCode::PRECONDITION_FAILED);
    assert!(told.await.contains("Nothing was changed"));
    assert_eq!(send(&router, ("DELETE", &path), &[auth]).await.status(), StatusCode::NO_CONTENT);
    problem(send(&router, ("GET", &path), &[auth]).await, StatusCode::NOT_FOUND).await;
    let orphan = serde_json::json!({ "level": "room", "name": "7", "parent": id(90).to_string() });
    let told = write(&router, ("PUT", &path), &[auth], &orphan).await;
    assert!(problem(told, StatusCode::UNPROCESSABLE_ENTITY).await.contains("names no place"));
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_done_once() {
    let trial = Trial::with(3).await;
    trial.settle(3);
    let router = trial.router();
    trial.visitor(Some(Role::ClinicalEngineer)).await;
    let bearer = token(&trial, Role::ClinicalEngineer, &[Action::SeeMatches, Action::DecideMatches]).await;
    let auth = ("authorization", bearer.as_str());
    let key = ("idempotency-key", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"");
    let body = serde_json::json!({ "one": id(0).to_string(), "other": id(1).to_string(), "is_same": true });
    let post = async |headers: &[(&str, &str)], body: &Value| {
        write(&router, ("POST", "/api/v1/judgements"), headers, body).await
    };
    let first = post(&[auth, key], &body).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    let first = json(first).await;
    let again = post(&[auth, key], &body).await;
    assert_eq!((again.status(), json(again).await), (StatusCode::CREATED, first.clone()));
    assert_eq!(trial.database.judgements().await.unwrap().len(), 1, "it was done once");
    let other = serde_json::json!({ "one": id(0).to_string(), "other": id(2).to_string(), "is_same": true });
    let told = problem(post(&[auth, key], &other).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(told.contains("another request"), "{told}");
    wait(86_401);
    let account = Id([Role::ClinicalEngineer as u8 + 1; 16]);
    let role = Role::ClinicalEngineer.name().to_owned();
    let grant = StoredGrant { account, role, area: None, from: now(), until: None };
    trial.database.put_grants(account, &[grant]).await.unwrap();
    let bearer = token(&trial, Role::ClinicalEngineer, &[Action::DecideMatches]).await;
    let auth = ("authorization", bearer.as_str());
    assert_eq!(post(&[auth, key], &other).await.status(), StatusCode::CREATED, "a day later the key is free");
    let path = format!("/api/v1/judgements/{}", first["id"].as_str().unwrap());
    assert_eq!(send(&router, ("DELETE", &path), &[auth]).await.status(), StatusCode::NO_CONTENT);
    problem(send(&router, ("DELETE", &path), &[auth]).await, StatusCode::NOT_FOUND).await;
    assert_eq!(trial.database.judgements().await.unwrap().len(), 1);
}

/// The server ended after it kept the request's id: before the decision, or between it and its answer.
#[tokio::test]
async fn a_request_that_was_begun_when_the_server_ended_decides_under_the_same_id() {
    let trial = Trial::with(3).await;
    trial.settle(3);
    let router = trial.router();
    trial.visitor(Some(Role::ClinicalEngineer)).await;
    let bearer = token(&trial, Role::ClinicalEngineer, &[Action::SeeMatches, Action::DecideMatches]).await;
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "once")];
    let body = serde_json::json!({ "one": id(0).to_string(), "other": id(1).to_string(), "is_same": true });
    let post = async || json(write(&router, ("POST", "/api/v1/judgements"), &headers, &body).await).await;
    let first = post().await;
    let account = [Role::ClinicalEngineer as u8 + 1; 16];
    let key: [u8; 32] = Sha256::new().chain_update(account).chain_update("once").finalize().into();
    let answered = trial.database.answer(&key).await.unwrap().expect("kept");
    let begun = |id: &str| StoredAnswer { status: 0, body: id.to_owned(), ..answered.clone() };
    trial.database.put_answer(&begun(first["id"].as_str().unwrap())).await.unwrap();
    assert_eq!(post().await, first);
    assert_eq!(trial.database.judgements().await.unwrap().len(), 1, "it was decided once");
    assert_eq!(trial.database.answer(&key).await.unwrap(), Some(answered.clone()), "now it is answered");
    let kept = id(77).to_string();
    trial.database.put_answer(&begun(&kept)).await.unwrap();
    assert_eq!(post().await["id"], kept);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_why() {
    let trial = Trial::with(3).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::ClinicalEngineer)).await);
    let path = format!("/api/v1/devices/{}/labels", id(0));
    let own = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let said = serde_json::json!({ "attribute": "type", "value": "ventilator" });
    assert_eq!(write(&router, ("POST", &path), &own, &said).await.status(), StatusCode::CREATED);
    let foreign = [("cookie", cookie.as_str()), ("sec-fetch-site", "cross-site")];
    problem(write(&router, ("POST", &path), &foreign, &said).await, StatusCode::FORBIDDEN).await;
    for (body, wanted, why) in [
        (serde_json::json!({ "attribute": "type", "value": "x", "by": "me" }), 422, "unknown field"),
        (serde_json::json!({ "attribute": "serial", "value": "x" }), 422, "unknown variant"),
        (serde_json::json!([]), 422, "invalid"),
        (serde_json::json!({ "attribute": "name", "value": "x".repeat(201) }), 422, "1 to 200 characters"),
        (serde_json::json!({ "attribute": "type", "value": "toaster" }), 400, "toaster"),
        (serde_json::json!({ "attribute": "name", "value": "x".repeat(70_000) }), 413, "64 KiB"),
    ] {
        let told = write(&router, ("POST", &path), &own, &body).await;
        let told = problem(told, StatusCode::from_u16(wanted).unwrap()).await;
        assert!(told.contains(why), "{told}");
    }
    problem(send(&router, ("POST", &path), &own).await, StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
}
