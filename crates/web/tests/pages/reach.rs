//! How far rights reach: whoever holds a role in one ward learns nothing of what stands in another, by no address, in no
//! way. Two sites that differ in the other ward alone answer the same; what stands there answers as what is not at all.

use super::site::{Trial, WARDS, ask, csrf, id, now, text};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt as _;
use tower::ServiceExt as _;
use wardlight_access::{Action, Extent, Grant, Reach, Rights, Role, Verdict};
use wardlight_model::{Id, Time};
use wardlight_store::database::View;
use wardlight_web::route::{self, Need, Route};

/// A device in the east, one in the west, one that there is not.
const OWN: u32 = 0;
const OTHER: u32 = 2;
const GONE: u32 = 77;

/// A site with two devices in the east and one nowhere, and with two in the west besides when `is_full`.
async fn site(is_full: bool) -> Trial {
    let all = [(0, Some("East")), (1, Some("East")), (2, Some("West")), (3, Some("West")), (4, None)];
    let kept: Vec<_> = all.into_iter().filter(|(_, ward)| is_full || *ward != Some("West")).collect();
    let trial = Trial::of(&kept.iter().map(|(number, _)| *number).collect::<Vec<_>>()).await;
    trial.settle_in(&kept).await;
    for (n, address) in [(1, "q=bed-2"), (2, "service=hl7"), (3, "type=infusion%20pump")] {
        for role in Role::ALL {
            let view = View {
                id: Id([n, role as u8, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]),
                account: None,
                role: Some(role.name().to_owned()),
                page: "devices".to_owned(),
                title: "shared".to_owned(),
                address: address.to_owned(),
                made: now(),
            };
            trial.database.put_view(&view).await.unwrap();
        }
    }
    trial
}

fn grants(role: Role, ward: u32) -> [Grant; 1] {
    let until = Some(now().plus(86_400_000_000));
    [Grant { role, reach: Reach::Area(id(ward)), from: Time::MIN, until }]
}

/// Roles in a ward, which differ in what they may do there.
fn roles() -> impl Iterator<Item = Role> {
    Role::ALL.into_iter()
}

/// Questions to lists beside the bare address.
const ASKED: [(&str, &[&str]); 8] = [
    ("/devices", &["q=bed-2", "q=bed", "facet=name&facet=address", "sort=-name&col=id", "from=1", "name=bed-2"]),
    ("/devices/export.csv", &["q=bed", "col=name&col=address"]),
    ("/devices/export.json", &["q=bed"]),
    ("/records", &["missing=yes", "unlisted=yes", "from=1"]),
    ("/matches", &["from=1"]),
    ("/conflicts", &["from=1"]),
    ("/go", &["q=bed-2"]),
    ("/api/v1/devices", &["q=bed&limit=1", "col=name&sort=-name"]),
];

/// Pages about the asker alone, with secrets made anew each time.
const OF_ONE_SELF: [&str; 3] = ["/account", "/account/code", "/account/key"];

/// What differs from one asking to the next whatever is there.
fn settled(answer: &str) -> String {
    let mut out = String::new();
    let mut rest = answer;
    while let Some((before, behind)) = rest.split_once("name=\"csrf\" value=\"") {
        out += before;
        rest = behind.split_once('"').map_or("", |(_, behind)| behind);
    }
    out + rest
}

/// Status and what is said at `path`; of what never ends, its beginning.
async fn seen(router: &Router, path: &str, cookie: &str) -> (StatusCode, String) {
    let response = ask(router, ("GET", path), cookie, "").await;
    let status = response.status();
    if path == "/live" && status == StatusCode::OK {
        let first = response.into_body().into_data_stream().next().await.unwrap().unwrap();
        // The mark tells one settling from another, by where it lies.
        let told = String::from_utf8_lossy(&first).into_owned();
        let told: serde_json::Value = serde_json::from_str(told.trim().strip_prefix("data: ").unwrap()).unwrap();
        return (status, format!("{} {}", told["devices"], told["journal"]));
    }
    // Workbooks hold the moment at which they were made.
    if path.contains(".xlsx") { (status, String::new()) } else { (status, settled(&text(response).await)) }
}

#[tokio::test]
async fn what_is_in_another_ward_changes_no_answer() {
    let [full, bare] = [site(true).await, site(false).await];
    let [here, there] = [full.router(), bare.router()];
    let mut compared = 0;
    for role in roles() {
        let cookies =
            [full.visitor_in(Some(role), Some(WARDS[0])).await, bare.visitor_in(Some(role), Some(WARDS[0])).await];
        for route in route::all() {
            let path = route.path.replace("{id}", &id(OWN).to_string());
            if path.contains('{') || OF_ONE_SELF.contains(&route.path) {
                continue;
            }
            let more = ASKED.iter().filter(|(of, _)| *of == path).flat_map(|(_, asked)| asked.iter());
            let paths = more.map(|asked| format!("{path}?{asked}")).chain([path.clone()]);
            for path in paths.collect::<Vec<_>>() {
                let [one, two] = [(&here, &cookies[0]), (&there, &cookies[1])];
                let [one, two] = [seen(one.0, &path, one.1).await, seen(two.0, &path, two.1).await];
                assert_eq!(one, two, "{path} for {} tells of the other ward", role.name());
                compared += usize::from(one.0 == StatusCode::OK);
            }
        }
    }
    assert!(compared > 200, "only {compared} answers were compared");
    assert_eq!(*full.deeds.lock().unwrap(), *bare.deeds.lock().unwrap(), "what is taken away is as much");
    // The comparison sees what it should: for the whole site the two differ.
    let [one, two] = [full.visitor(Some(Role::Analyst)).await, bare.visitor(Some(Role::Analyst)).await];
    for path in ["/", "/devices", "/matches", "/conflicts", "/records", "/live", "/api/v1/assets", &device(OWN)] {
        assert_ne!(seen(&here, path, &one).await, seen(&there, path, &two).await, "{path}");
    }
}

fn device(number: u32) -> String {
    format!("/devices/{}", id(number))
}

/// The address of the form `path` about device or ward `number`; none when it is about neither.
fn about(path: &str, number: u32) -> Option<String> {
    let ward = if number == OTHER {
        WARDS[1]
    } else if number == OWN {
        WARDS[0]
    } else {
        number
    };
    let of = ["/devices/{id}", "/api/v1/devices/{id}", "/api/v1/assets/{id}"];
    let object = match path {
        _ if of.iter().any(|of| path.starts_with(of)) => id(number),
        _ if path.starts_with("/api/v1/areas/{id}") => id(ward),
        _ => return None,
    };
    Some(path.replace("{id}", &object.to_string()).replace("{label}", &id(GONE).to_string()))
}

/// Addresses with something to fill in that stands in no area: what belongs to the whole site or to one account, or is
/// everybody's.
const OF_NO_AREA: [&str; 15] = [
    "/accounts/{id}",
    "/accounts/{id}/envelope",
    "/accounts/{id}/grant",
    "/accounts/{id}/grant/end",
    "/accounts/{id}/identity/end",
    "/accounts/{id}/link",
    "/accounts/{id}/state",
    "/api/docs/{name}",
    "/api/v1/imports/{id}",
    "/api/v1/owners/{id}",
    "/imports/new/{upload}",
    "/imports/new/{upload}/take",
    "/set-up/{token}",
    "/unknown/of/{id}",
    "/unknown/of/{id}/keep",
];

/// Forms about an object, with `{one}` for it; `{mine}` is one in reach.
const FORMS: [(&str, &str); 8] = [
    ("/devices/{id}/label", "name=x"),
    ("/devices/{id}/label/end", "label={one}"),
    ("/devices/{id}/report", "odd=gone"),
    ("/matches/judge", "one={one}&other={mine}&same=yes"),
    ("/matches/judge", "one={mine}&other={one}&same=no"),
    ("/matches/undo", "judgement={one}"),
    ("/areas/put", "id={ward}&name=x"),
    ("/areas/remove", "id={ward}"),
];

/// Forms about no object of an area: of the whole site, or one's own.
const FORMS_OF_NO_AREA: [&str; 2] = ["/devices/views", "/devices/views/end"];

fn method(route: &Route) -> String {
    route.said.first().and_then(|say| say().methods.first().map(|method| method.to_uppercase())).unwrap_or("GET".into())
}

/// Status and what is said to a request about `number`; what only repeats its name is left out.
async fn told(
    router: &Router,
    route: &Route,
    number: u32,
    (cookie, csrf): (&str, &str),
) -> Option<(StatusCode, String)> {
    let address = about(route.path, number)?;
    let method = method(route);
    let mut request = Request::builder().method(method.as_str()).uri(&address).header(header::COOKIE, cookie);
    request = request.header("sec-fetch-site", "same-origin");
    let body = match (method.as_str(), route.path) {
        ("POST", _) => r#"{"attribute":"name","value":"x"}"#.to_owned(),
        ("PUT", _) => format!(r#"{{"level":"room","name":"x","parent":"{}"}}"#, id(WARDS[0])),
        ("GET", path) => FORMS.iter().find(|(of, _)| *of == path).map(|(_, form)| form.to_string()).unwrap_or_default(),
        _ => String::new(),
    };
    let is_form = method == "GET" && !body.is_empty();
    let kind = if is_form { "application/x-www-form-urlencoded" } else { "application/json" };
    let body = if is_form { format!("csrf={csrf}&{body}").replace("{one}", &id(GONE).to_string()) } else { body };
    if is_form {
        request = request.method("POST");
    }
    let request = request.header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    Some((response.status(), settled(&text(response).await).replace(&address, "")))
}

#[tokio::test]
async fn what_stands_in_another_ward_is_answered_like_what_is_not_there() {
    let (trial, rights) = (site(true).await, Rights::shipped().unwrap());
    let router = trial.router();
    let (mut uncovered, mut checked) = (Vec::new(), 0);
    for role in roles() {
        let cookie = trial.visitor_in(Some(role), Some(WARDS[0])).await;
        let csrf = csrf(&router, &cookie).await;
        let held = grants(role, WARDS[0]);
        for route in route::all() {
            let (true, Need::Right(action)) = (route.path.contains('{'), route.need) else { continue };
            let Some(other) = told(&router, &route, OTHER, (&cookie, &csrf)).await else {
                if !OF_NO_AREA.contains(&route.path) && route.path != "/api/v1/judgements/{id}" {
                    uncovered.push(route.path);
                }
                continue;
            };
            let what = format!("{} {} for {}", method(&route), route.path, role.name());
            let path = |ward| [id(0), id(ward)];
            let verdict = |ward| rights.may(&held, action, Some(&path(ward)), now());
            let own = told(&router, &route, OWN, (&cookie, &csrf)).await.unwrap();
            let is_refused = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&own.0);
            match verdict(WARDS[0]) {
                // A label that is not there is not found in one's own ward either.
                Verdict::Granted => assert!(!is_refused || what.contains("label"), "{what}: own: {own:?}"),
                Verdict::Forbidden { .. } | Verdict::Hidden => assert!(is_refused, "{what}: own: {own:?}"),
            }
            assert_eq!(verdict(WARDS[1]), Verdict::Hidden, "{what}: nothing reaches over");
            let gone = told(&router, &route, GONE, (&cookie, &csrf)).await.unwrap();
            // Whoever may make places makes one where there is none.
            if route.path != "/api/v1/areas/{id}" || method(&route) != "PUT" || verdict(WARDS[0]) != Verdict::Granted {
                assert_eq!(other, gone, "{what}: other");
            }
            assert!(other.0.is_client_error(), "{what}: other: {other:?}");
            checked += 1;
        }
    }
    uncovered.sort_unstable();
    uncovered.dedup();
    assert_eq!(uncovered, Vec::<&str>::new(), "addresses of which nobody said whose objects they are about");
    assert!(checked > 100, "only {checked} were tried");
}

#[tokio::test]
async fn no_form_changes_what_stands_in_another_ward() {
    let (trial, rights) = (site(true).await, Rights::shipped().unwrap());
    let router = trial.router();
    // What an administrator decided of the west.
    let admin = trial.visitor(Some(Role::Admin)).await;
    let form = format!("csrf={}&one={}&other={}&same=no", csrf(&router, &admin).await, id(OTHER), id(3));
    assert_eq!(ask(&router, ("POST", "/matches/judge"), &admin, &form).await.status(), StatusCode::SEE_OTHER);
    let judgement = trial.database.judgements().await.unwrap()[0].0;
    let before = trial.database.dump().await.unwrap();
    for role in roles() {
        let cookie = trial.visitor_in(Some(role), Some(WARDS[0])).await;
        let csrf = csrf(&router, &cookie).await;
        for (path, form) in FORMS {
            let one = if path == "/matches/undo" { judgement } else { id(OTHER) };
            let form = form.replace("{one}", &one.to_string()).replace("{mine}", &id(OWN).to_string());
            let form = form.replace("{ward}", &id(WARDS[1]).to_string());
            let address = path.replace("{id}", &id(OTHER).to_string());
            let status = ask(&router, ("POST", &address), &cookie, &format!("csrf={csrf}&{form}")).await.status();
            assert!(
                [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN].contains(&status),
                "{path} for {}: {status}",
                role.name()
            );
        }
        let request = Request::builder().method("DELETE").uri(format!("/api/v1/judgements/{judgement}"));
        let request = request.header(header::COOKIE, &cookie).header("sec-fetch-site", "same-origin");
        let status = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status();
        assert!([StatusCode::NOT_FOUND, StatusCode::FORBIDDEN].contains(&status), "judgements: {status}");
    }
    let of_state = |dump: &[String]| -> Vec<String> {
        let who = ["account", "grant", "session"];
        dump.iter().filter(|line| !who.iter().any(|name| line.starts_with(name))).cloned().collect()
    };
    let after = trial.database.dump().await.unwrap();
    let [before, after] = [before, after].map(|dump| of_state(&dump.lines().map(str::to_owned).collect::<Vec<_>>()));
    assert_eq!(before, after, "something was changed");
    // Every form that some grant of one area opens is among those tried.
    let admin_in = grants(Role::Admin, WARDS[0]);
    for route in route::all() {
        let Need::Right(action) = route.need else { continue };
        let is_own = [Action::ManageOwnAccount, Action::ManageTokens, Action::UseBreakGlass].contains(&action);
        let reaches = rights.extent(&admin_in, action, now()) != Extent::Nowhere && !is_own;
        let address = about(route.path, OWN).unwrap_or_else(|| route.path.to_owned());
        if reaches && !address.contains('{') && !address.starts_with("/api/") {
            let status = ask(&router, ("GET", &address), &admin, "").await.status();
            let is_form = status == StatusCode::METHOD_NOT_ALLOWED;
            let of_the_site = ["/areas/domain", "/owners/put", "/owners/remove", "/unknown/end"];
            let is_tried = FORMS.iter().any(|(of, _)| *of == route.path)
                || FORMS_OF_NO_AREA.contains(&route.path)
                || of_the_site.contains(&route.path);
            assert!(!is_form || is_tried, "{} is tried by nobody", route.path);
        }
    }
    let cookie = trial.visitor_in(Some(Role::Admin), Some(WARDS[1])).await;
    let csrf = csrf(&router, &cookie).await;
    for path in ["/areas/domain", "/owners/put", "/owners/remove", "/unknown/end"] {
        let form = format!("csrf={csrf}&scope=1&name=x&site={}&role=technical&owner=x&rule={}", id(0), id(1));
        let status = ask(&router, ("POST", path), &cookie, &form).await.status();
        assert_eq!(status, StatusCode::FORBIDDEN, "{path} belongs to the whole site");
    }
}

#[tokio::test]
async fn a_saved_view_tells_nobody_with_whom_devices_talk() {
    let trial = site(true).await;
    let router = trial.router();
    let clinician = trial.visitor(Some(Role::Clinician)).await;
    let (_, shown) = seen(&router, "/devices", &clinician).await;
    assert!(shown.contains("service=hl7") && shown.contains("not known"), "{shown}");
    assert_eq!(seen(&router, "/devices?service=hl7", &clinician).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn numbers_without_end_are_no_errors_of_ours() {
    let trial = site(true).await;
    let (router, analyst) = (trial.router(), trial.visitor(Some(Role::Analyst)).await);
    for path in ["/records", "/matches", "/conflicts", "/devices", "/ledger"] {
        for name in ["from", "before"] {
            let (status, _) = seen(&router, &format!("{path}?{name}=18446744073709551615"), &analyst).await;
            assert!(status == StatusCode::OK || status.is_client_error(), "{path}: {status}");
        }
    }
}

#[tokio::test]
async fn beds_on_which_sources_differ_are_shown_on_the_devices_page_alone() {
    let trial = Trial::with(1).await;
    trial.settle_in(&[(0, Some("East"))]).await;
    let router = trial.router();
    for role in Role::ALL {
        let cookie = trial.visitor(Some(role)).await;
        let (status, conflicts) = seen(&router, "/conflicts", &cookie).await;
        assert!(!conflicts.contains("Bed 7") && !conflicts.contains("Bed 8"), "{role:?}: {conflicts}");
        if status == StatusCode::OK {
            assert!(
                conflicts.contains("SN-0-A") && conflicts.contains("on the device&#39;s page"),
                "{role:?}: {conflicts}"
            );
        }
    }
}
