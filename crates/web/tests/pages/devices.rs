//! The list of devices, its files, and one device.

use super::site::{Trial, ask, csrf, field, id, page, text};
use axum::http::StatusCode;
use wardlight_access::Role;

#[tokio::test]
async fn a_list_says_how_many_and_each_number_leads_to_just_its_rows() {
    let trial = Trial::with(3000).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::Analyst)).await);
    let (status, text) = page(&router, "/devices", &cookie).await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains("3,000 devices found by watching · 1,000 of them known for what they are, 2,000 not yet"));
    assert!(text.contains("1 to 25 of 3,000"), "{text}");
    let (_, text) = page(&router, "/devices?type=ventilator&sort=-name&from=975", &cookie).await;
    assert!(text.contains("976 to 1,000 of 1,000"), "{text}");
    let (_, text) = page(&router, "/devices?type=-&type=ventilator", &cookie).await;
    assert!(text.contains("1 to 25 of 2,000") && text.contains("Remove filter What it is not known"), "{text}");
    let (_, text) = page(&router, "/devices?q=bed-2999&sure=low", &cookie).await;
    assert!(text.contains("1 to 1 of 1") && text.contains("not known"), "{text}");
}

#[tokio::test]
async fn what_cannot_be_understood_says_how_to_mend_it() {
    let trial = Trial::with(3).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::Analyst)).await);
    for (address, wanted) in [
        ("/devices?tpye=a", "perhaps `type`"),
        ("/devices?q=(a", "never closed"),
        ("/devices?from=many", "is no number"),
    ] {
        let (status, text) = page(&router, address, &cookie).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{address}");
        assert!(text.contains(wanted), "{address}: {text}");
    }
}

#[tokio::test]
async fn a_file_holds_exactly_the_rows_that_are_shown() {
    let trial = Trial::with(300).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::Auditor)).await);
    let (_, csv) = page(&router, "/devices/export.csv?type=infusion%20pump&col=name&col=type", &cookie).await;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines.len(), lines[0]), (101, "name,type"));
    assert!(lines[1..].iter().all(|line| line.starts_with("bed-") && line.ends_with(",infusion pump")), "{csv}");
    let (_, json) = page(&router, "/devices/export.json?type=infusion%20pump&col=name", &cookie).await;
    let json: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!((json.len(), json[0].as_object().unwrap().len()), (100, 1));
    let (_, usual) = page(&router, "/devices/export.csv", &cookie).await;
    assert!(usual.starts_with("name,address,mac,type,maker,model,"), "what stands in second lines: {usual}");
}

#[tokio::test]
async fn a_device_says_what_it_is_and_why_and_an_unknown_one_is_not_there() {
    let trial = Trial::with(3).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::ClinicalEngineer)).await);
    let (_, known) = page(&router, &format!("/devices/{}", id(0)), &cookie).await;
    assert!(known.contains("It is known what this is, 97 % sure."), "{known}");
    assert!(known.contains("bed-0") && known.contains("trial"), "{known}");
    let (_, unknown) = page(&router, &format!("/devices/{}", id(2)), &cookie).await;
    assert!(unknown.contains("Nobody said what this is."), "{unknown}");
    for absent in [id(99).to_string(), "none".to_owned()] {
        let (status, _) = page(&router, &format!("/devices/{absent}"), &cookie).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{absent}");
    }
}

#[tokio::test]
async fn who_may_not_see_traffic_is_not_told_of_it_by_lists() {
    let trial = Trial::with(3).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::Compliance)).await);
    let (status, list) = page(&router, "/devices", &cookie).await;
    assert!(status == StatusCode::OK && !list.contains("value=\"peer\"") && !list.contains(">Service<"), "{list}");
    for asks in ["col=peer", "facet=service", "sort=-bytes", "peer=10.0.0.5", "q=peer:10.0.0.5", "q=(a+OR+-bytes%3E5)"]
    {
        for path in ["/devices", "/devices/export.csv", "/devices/export.json"] {
            let (status, _) = page(&router, &format!("{path}?{asks}"), &cookie).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path}?{asks}");
        }
    }
    let (_, csv) = page(&router, "/devices/export.csv", &cookie).await;
    assert!(!csv.lines().next().unwrap().contains("service"), "{csv}");
    let (_, one) = page(&router, &format!("/devices/{}", id(0)), &trial.visitor(Some(Role::Executive)).await).await;
    assert!(one.contains("Your role does not show which records are about it."), "{one}");
    let many = "col=name&".repeat(200);
    assert_eq!(page(&router, &format!("/devices?{many}"), &cookie).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn nothing_yet_says_what_to_do() {
    let trial = Trial::with(0).await;
    let cookie = trial.visitor(Some(Role::Admin)).await;
    let (_, list) = page(&trial.router(), "/devices", &cookie).await;
    assert!(list.contains("No sensor has reported") && !list.contains("<table"), "{list}");
    let (_, today) = page(&trial.router(), "/", &cookie).await;
    assert!(today.contains("Nothing has been seen yet"), "{today}");
}

#[tokio::test]
async fn what_somebody_says_of_a_device_is_shown_with_who_said_it_and_can_be_taken_back() {
    let trial = Trial::with(3).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::ClinicalEngineer)).await);
    let (address, csrf) = (format!("/devices/{}", id(2)), csrf(&router, &cookie).await);
    let (_, before) = page(&router, &address, &cookie).await;
    assert!(before.contains("Nobody has said anything of it yet") && before.contains("value=\"ventilator\""));
    let label = format!("{address}/label");
    let wrong = ask(&router, ("POST", &label), &cookie, &format!("csrf={csrf}&type=ventilador")).await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    assert!(text(wrong).await.contains("No kind of device is called"));
    let empty = ask(&router, ("POST", &label), &cookie, &format!("csrf={csrf}&type=+")).await;
    assert_eq!(empty.status(), StatusCode::BAD_REQUEST);
    let said = ask(&router, ("POST", &label), &cookie, &format!("csrf={csrf}&type=Ventilator&maker=Hamilton")).await;
    assert_eq!(said.status(), StatusCode::SEE_OTHER);
    let (_, after) = page(&router, &address, &cookie).await;
    assert!(after.contains("type: ventilator") && after.contains("maker: Hamilton"), "{after}");
    assert!(after.contains("clinical-engineer, "), "who said it: {after}");
    let end = format!("csrf={csrf}&label={}", field(&after, "label"));
    assert_eq!(
        ask(&router, ("POST", &format!("{address}/label/end")), &cookie, &end).await.status(),
        StatusCode::SEE_OTHER
    );
    let (_, one) = page(&router, &address, &cookie).await;
    assert_eq!(one.matches("Take back ").count(), 1, "{one}");
    let other = format!("csrf={csrf}&label={}", field(&one, "label"));
    let foreign = ask(&router, ("POST", &format!("/devices/{}/label/end", id(1))), &cookie, &other).await;
    assert_eq!(foreign.status(), StatusCode::NOT_FOUND, "a label of another device");
}

#[tokio::test]
async fn something_odd_is_reported_by_those_of_the_ward_and_by_no_auditor() {
    let trial = Trial::with(3).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::ClinicalEngineer)).await);
    let (address, csrf) = (format!("/devices/{}", id(0)), csrf(&router, &cookie).await);
    let (_, before) = page(&router, &address, &cookie).await;
    assert!(before.contains("it alarms without cause") && before.contains("Nothing was reported."), "{before}");
    let report = format!("{address}/report");
    let free = ask(&router, ("POST", &report), &cookie, &format!("csrf={csrf}&odd=Mrs+Miller+fell")).await;
    assert_eq!(free.status(), StatusCode::BAD_REQUEST, "nothing can be typed");
    let told = ask(&router, ("POST", &report), &cookie, &format!("csrf={csrf}&odd=alarm")).await;
    assert_eq!(told.status(), StatusCode::SEE_OTHER);
    let auditor = trial.visitor(Some(Role::Auditor)).await;
    let csrf = super::site::csrf(&router, &auditor).await;
    let refused = ask(&router, ("POST", &report), &auditor, &format!("csrf={csrf}&odd=alarm")).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
}
