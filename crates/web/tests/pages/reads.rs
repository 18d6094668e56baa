//! How often each page reads the state: little, and no more however many devices there are.

use super::site::{Trial, id, page};
use axum::http::StatusCode;
use std::collections::BTreeMap;
use wardlight_access::{Action, Role};
use wardlight_web::route::{self, Need};

/// Reads that a page may take, beside the three by which it is found out who asks.
const MOST: u64 = 8;
/// Of session, account and grants.
const WHO: u64 = 3;

/// Reads of each page, of a site with `count` devices.
async fn reads(count: u32, role: Role) -> BTreeMap<&'static str, u64> {
    let trial = Trial::with(count).await;
    let (router, cookie) = (trial.router(), trial.visitor(Some(role)).await);
    let mut all = BTreeMap::new();
    for route in route::all() {
        // What never ends, and what is not ours to count: the log-in.
        if route.path == "/live" || route.need == Need::Nothing {
            continue;
        }
        let address = super::rights::address(route.path).replace("{id}", &id(0).to_string());
        let before = trial.database.reads();
        if page(&router, &address, &cookie).await.0 == StatusCode::OK {
            all.insert(route.path, trial.database.reads() - before);
        }
    }
    all
}

#[tokio::test]
async fn a_page_reads_little_and_no_more_however_many_devices_there_are() {
    for role in [Role::Analyst, Role::ClinicalEngineer, Role::Admin, Role::Auditor] {
        let (few, many) = (reads(3, role).await, reads(600, role).await);
        assert_eq!(few, many, "{}", role.name());
        for (path, count) in &few {
            assert!(*count <= WHO + MOST, "{path} for {}: {count} reads", role.name());
        }
        let pages = route::all().iter().filter(|route| route.need == Need::Right(Action::SeeDevices)).count();
        assert!(few.len() > pages, "{few:?}");
    }
}
