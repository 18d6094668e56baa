//! Something odd about a device, reported by who works with it: one of a few answers, so that nothing of a patient is typed.
//!
//! It stands in the ledger and, for a week, on the device's page and the first pages of those who look after it.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::load::reports::{ODD, Report, lately};
use crate::part::called;
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::words::counted;
use crate::site::Site;
use crate::stand;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{Redirect, Response};
use wardlight_access::Action;
use wardlight_model::{Deed, DeedKind, Id};

#[derive(serde::Deserialize)]
pub struct Form {
    odd: String,
}

/// Takes a report. Errors: there is no such device for this visitor, or no such answer.
pub async fn put(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Sent(form): Sent<Form>,
) -> Result<Redirect, Wrong> {
    let device: Id = id.parse().map_err(|_| Wrong::Nothing)?;
    stand::check(&site, &visitor, Action::ReportProblem, device).await?;
    site.parts().database.device(device).await?.ok_or(Wrong::Nothing)?;
    let odd = ODD.iter().find(|(name, _)| *name == form.odd);
    let (name, _) = odd.ok_or_else(|| Wrong::Senseless("Choose what is odd about the device.".to_owned()))?;
    let deed = Deed { kind: DeedKind::Reported, object: Some(device), detail: (*name).to_owned() };
    site.witness(&visitor.name, deed).await?;
    Ok(Redirect::to(&format!("/devices/{device}")))
}

#[derive(Template)]
#[template(path = "page/devices/reports.html")]
struct Page {
    frame: Frame,
    verdict: String,
    /// Each with what the device is called.
    reports: Vec<(Report, String)>,
}

/// What was reported lately of devices that this visitor looks after.
pub async fn list(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    let snapshot = site.parts().devices.snapshot();
    let mut reports = Vec::new();
    for report in lately(&site, None).await? {
        if stand::check(&site, &visitor, Action::LabelDevices, report.device).await.is_ok() {
            let called = snapshot.device(report.device).map(|row| called::device(&row));
            reports.push((report, called.unwrap_or_else(|| "not known any more".to_owned())));
        }
    }
    let verdict = match reports.len() {
        0 => "Nothing was reported in the last seven days.".to_owned(),
        some => format!("{} reports in the last seven days, newest first.", counted(some)),
    };
    let frame = Frame::of(&site, &visitor, "Problems reported", "/devices");
    Ok(answer::page(&Page { frame, verdict, reports }))
}
