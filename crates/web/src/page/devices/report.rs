//! Something odd about a device, reported by who works with it: one of a few answers, so that nothing of a patient is typed.
//!
//! It stands in the ledger, on the device's page, and counts on the first pages of those who look after it.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::house::Noted;
use crate::part::called;
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::words::{counted, moment};
use crate::site::Site;
use crate::stand;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{Redirect, Response};
use wardlight_access::Action;
use wardlight_model::{Deed, DeedKind, Id};

/// What can be odd: name and words.
pub const ODD: [(&str, &str); 7] = [
    ("silent", "it does not respond"),
    ("slow", "it is slower than it was"),
    ("alarm", "it alarms without cause"),
    ("shown", "it shows something that cannot be"),
    ("restart", "it restarts by itself"),
    ("touched", "somebody may have tampered with it"),
    ("gone", "it is not where it should be"),
];
/// Entries of the ledger looked through.
const LOOKED: usize = 500;

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

/// One report.
pub struct Report {
    /// The device.
    pub device: Id,
    /// What is odd.
    pub what: &'static str,
    /// Who and when.
    pub by: String,
}

/// What was reported of device `id` lately, or of any. Errors: the ledger cannot be read.
pub async fn lately(site: &Site, id: Option<Id>) -> Result<Vec<Report>, Wrong> {
    let entries = site.parts().house.entries(None, LOOKED).await?;
    Ok(entries.iter().filter_map(report).filter(|report| id.is_none_or(|id| id == report.device)).collect())
}

fn report(entry: &Noted) -> Option<Report> {
    let text = |value: Option<&serde_json::Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    text(entry.body.get("command")).filter(|command| command == DeedKind::Reported.name())?;
    let detail = entry.body.get("detail")?;
    let name = text(detail.get("detail"))?;
    let (_, what) = ODD.iter().find(|(known, _)| *known == name)?;
    let device = text(detail.get("object"))?.parse().ok()?;
    Some(Report { device, what, by: format!("{}, {}", entry.by, moment(entry.time)) })
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
        0 => "Nothing was reported lately.".to_owned(),
        some => format!("{} reports, newest first.", counted(some)),
    };
    let frame = Frame::of(&site, &visitor, "Problems reported", "/devices");
    Ok(answer::page(&Page { frame, verdict, reports }))
}
