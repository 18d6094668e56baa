//! Who gets what: every address, for every role.

use super::site::{Trial, ask, csrf, id, page, text};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use tower::ServiceExt as _;
use wardlight_access::{Action, Extent, Grant, Reach, Rights, Role};
use wardlight_model::Time;
use wardlight_web::route::{self, Need, Route};

/// An address of the form `path`, about the first device.
pub fn address(path: &str) -> String {
    // The account of who has no role.
    let account = wardlight_model::Id([200; 16]).to_string();
    let path = path.replace("/accounts/{id}", &format!("/accounts/{account}"));
    path.replace("{id}", &id(0).to_string())
        .replace("{name}", "tokens.css")
        .replace("{token}", "none")
        .replace("{label}", "none")
        .replace("{upload}", "none")
}

/// What a page answers; where there is only a form, what a wrong one of our own is answered; what the API answers to a change
/// of what is not any more as it was.
async fn status(router: &Router, route: &Route, cookie: &str) -> StatusCode {
    let address = address(route.path);
    let method = method(route);
    if method != "GET" {
        let request = Request::builder().method(method.as_str()).uri(&address).header(header::COOKIE, cookie);
        let request = request.header("sec-fetch-site", "same-origin").header(header::IF_MATCH, "\"x\"");
        return router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status();
    }
    match page(router, &address, cookie).await.0 {
        StatusCode::METHOD_NOT_ALLOWED => {
            let form = format!("csrf={}&code=0", csrf(router, cookie).await);
            ask(router, ("POST", &address), cookie, &form).await.status()
        }
        status => status,
    }
}

/// The method that the API's description names for `route`.
fn method(route: &Route) -> String {
    route.said.first().and_then(|say| say().methods.first().map(|method| method.to_uppercase())).unwrap_or("GET".into())
}

#[tokio::test]
async fn every_address_is_for_those_whose_right_it_is_and_nobody_else() {
    let trial = Trial::with(3).await;
    trial.settle(3);
    let (router, rights) = (trial.router(), Rights::shipped().unwrap());
    let nobody = trial.visitor(None).await;
    let mut checked = 0;
    for role in Role::ALL {
        let cookie = trial.visitor(Some(role)).await;
        let until = Some(super::site::now().plus(86_400_000_000));
        let grants = [Grant { role, reach: Reach::Site, from: Time::MIN, until }];
        for route in route::all() {
            let Need::Right(action) = route.need else { continue };
            let status = status(&router, &route, &cookie).await;
            let may = rights.extent(&grants, action, super::site::now()) != Extent::Nowhere;
            let is_refused = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&status);
            assert_eq!(!is_refused, may, "{} for {}: {status}", route.path, role.name());
            assert!(
                !status.is_server_error() && !status.is_redirection(),
                "{} for {}: {status}",
                route.path,
                role.name()
            );
            if !may {
                let wanted = if role.is_of_the_house() { StatusCode::FORBIDDEN } else { StatusCode::NOT_FOUND };
                assert_eq!(status, wanted, "{} for {}", route.path, role.name());
            }
            checked += 1;
        }
    }
    for route in route::all().into_iter().filter(|route| matches!(route.need, Need::Right(_))) {
        let status = status(&router, &route, &nobody).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{} without a role", route.path);
    }
    let with_rights = route::all().iter().filter(|route| matches!(route.need, Need::Right(_))).count();
    assert_eq!(checked, with_rights * Role::ALL.len());
}

#[tokio::test]
async fn whoever_is_not_logged_in_is_led_to_the_log_in() {
    let trial = Trial::with(1).await;
    let router = trial.router();
    for route in route::all() {
        let response = ask(&router, (&method(&route), &address(route.path)), "", "").await;
        let is_program = route.path.starts_with("/api/v1/") || route.path == "/metrics";
        match route.need {
            _ if is_program => assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{}", route.path),
            Need::Nothing => assert_ne!(response.status(), StatusCode::SEE_OTHER, "{}", route.path),
            _ => {
                let is_form_only = response.status() == StatusCode::METHOD_NOT_ALLOWED;
                let to = response.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
                assert!(is_form_only || to.is_some_and(|to| to.starts_with("/log-in?to=%2F")), "{}", route.path);
            }
        }
    }
}

#[tokio::test]
async fn an_address_that_names_no_need_is_nobodys() {
    let trial = Trial::with(1).await;
    let admin = trial.visitor(Some(Role::Admin)).await;
    let mut routes = route::all();
    routes.push(Route::new("/added", get(|| async { "secret" })));
    let router = route::serve(routes, &trial.site);
    let (status, text) = page(&router, "/added", &admin).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(!text.contains("secret"));
}

#[tokio::test]
async fn every_answer_forbids_what_is_not_ours() {
    let trial = Trial::with(1).await;
    for path in ["/log-in", "/nothing", "/part/tokens.css", "/devices", "/api/v1/devices", "/healthz"] {
        let response = ask(&trial.router(), ("GET", path), "", "").await;
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        for wanted in ["frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'", "form-action 'self'"] {
            assert!(policy.contains(wanted), "{path}: {policy}");
        }
        assert_eq!(header("strict-transport-security"), "max-age=31536000; includeSubDomains", "{path}");
        assert_eq!((header("x-content-type-options"), header("referrer-policy")), ("nosniff", "same-origin"), "{path}");
        assert!(path.starts_with("/part/") || header("cache-control") == "no-store", "{path}");
        assert!(!response.headers().contains_key("access-control-allow-origin"), "{path}");
        let body = text(response).await;
        assert!(!body.contains("rustls") && !body.contains("panicked"), "{path}");
    }
}

#[tokio::test]
async fn nothing_answers_to_trace() {
    let trial = Trial::with(1).await;
    let (router, admin) = (trial.router(), trial.visitor(Some(Role::Admin)).await);
    for route in route::all() {
        let status = ask(&router, ("TRACE", &address(route.path)), &admin, "").await.status();
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{}", route.path);
    }
}

#[test]
fn rights_are_asked_for_by_pages_that_show_them() {
    let asked: Vec<Action> = route::all()
        .iter()
        .filter_map(|route| if let Need::Right(action) = route.need { Some(action) } else { None })
        .collect();
    assert!(asked.contains(&Action::SeeDevices) && asked.contains(&Action::ExportDevices));
}
