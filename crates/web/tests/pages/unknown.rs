//! Devices that nobody knows: seen together, named by a rule that was looked at first, and the rule taken back.

use super::site::{Trial, ask, field, id, page};
use axum::http::StatusCode;
use wardlight_access::Role;

const SHOWS: &str = "shows=self.service%3Dipp&shows=self.service%3Dtelnet";

#[tokio::test]
async fn a_rule_is_looked_at_kept_and_taken_back() {
    let trial = Trial::with(6).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::ClinicalEngineer)).await);
    let (status, list) = page(&router, "/unknown", &cookie).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        list.contains("2 devices that nobody knows look like 1 kinds") && list.contains("self.service: ipp"),
        "{list}"
    );
    let one = format!("/unknown/of/{}", id(2));
    let (_, before) = page(&router, &one, &cookie).await;
    assert!(before.contains("bed-5") && !before.contains("Keep the rule"), "{before}");
    let (_, tried) = page(&router, &format!("{one}?{SHOWS}&type=Ventilator"), &cookie).await;
    for told in [
        "would be named so</dt><dd class=\"num\">2",
        "called so already</dt><dd class=\"num\">2",
        "conflict</dt><dd class=\"num\">2",
    ] {
        assert!(tried.contains(told), "{told}: {tried}");
    }
    assert!(tried.contains("infusion pump") && tried.contains("Keep the rule"));
    let csrf = field(&tried, "csrf");
    assert!(trial.database.house_rules().await.unwrap().is_empty(), "looking changes nothing");
    let kept =
        ask(&router, ("POST", &format!("{one}/keep")), &cookie, &format!("csrf={csrf}&{SHOWS}&type=Ventilator")).await;
    assert_eq!(kept.status(), StatusCode::SEE_OTHER);
    let rules = trial.database.house_rules().await.unwrap();
    let [(rule, kept)] = &rules[..] else { panic!("{rules:?}") };
    assert_eq!((kept.rule.value.as_str(), kept.rule.learned_from, kept.rule.shows.len()), ("ventilator", id(2), 2));
    let (_, list) = page(&router, "/unknown", &cookie).await;
    assert!(list.contains(&kept.by) && list.contains("learned from this device"), "{list}");
    let ended = ask(&router, ("POST", "/unknown/end"), &cookie, &format!("csrf={csrf}&rule={rule}")).await;
    assert_eq!(ended.status(), StatusCode::SEE_OTHER);
    assert!(trial.database.house_rules().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_makes_no_rule_is_told() {
    let trial = Trial::with(6).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(Role::ClinicalEngineer)).await);
    let one = format!("/unknown/of/{}", id(2));
    for (asked, told) in [
        (format!("{SHOWS}&type=toaster"), "No kind of device is called"),
        ("type=ventilator".to_owned(), "Choose at least one thing"),
        (SHOWS.to_owned(), "Nothing was said"),
        ("shows=self.service%3Dfoo&type=ventilator".to_owned(), "Choose at least one thing"),
    ] {
        let (status, tried) = page(&router, &format!("{one}?{asked}"), &cookie).await;
        assert!(
            status == StatusCode::OK && tried.contains(told) && !tried.contains("Keep the rule"),
            "{asked}: {tried}"
        );
    }
    assert_eq!(page(&router, &format!("/unknown/of/{}", id(99)), &cookie).await.0, StatusCode::NOT_FOUND);
    let bound = trial.visitor_in(Some(Role::ClinicalEngineer), Some(0)).await;
    assert_eq!(page(&router, &one, &bound).await.0, page(&router, "/unknown", &bound).await.0);
}
