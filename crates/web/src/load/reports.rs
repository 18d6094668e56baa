//! What people reported of devices lately, as the ledger has it.

use crate::answer::Wrong;
use crate::house::Noted;
use crate::part::words::moment;
use crate::site::Site;
use wardlight_model::{DeedKind, Id, Time};

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
/// How long a report is shown, in microseconds.
const LATELY: i64 = 7 * 86_400_000_000;
/// Entries of the ledger read at one time.
const PART: usize = 2_000;

/// One report.
#[derive(Clone)]
pub struct Report {
    /// The device.
    pub device: Id,
    /// What is odd.
    pub what: &'static str,
    /// Who and when.
    pub by: String,
    at: Time,
}

/// What was reported lately, as far as the ledger was read: each part of it is read once.
#[derive(Default)]
pub struct Reports {
    /// Entries read, from the first.
    read: u64,
    /// Newest first.
    all: Vec<Report>,
}

/// What was reported of device `id` lately, or of any, newest first. Errors: the ledger cannot be read.
pub async fn lately(site: &Site, id: Option<Id>) -> Result<Vec<Report>, Wrong> {
    let mut held = site.reports().await;
    let (since, mut before, mut newer, mut read) = (site.now().plus(-LATELY), None, Vec::new(), None);
    loop {
        let part = site.parts().house.entries(before, PART).await?;
        let (Some(newest), Some(oldest)) = (part.first(), part.last()) else { break };
        read.get_or_insert(newest.index + 1);
        newer.extend(part.iter().filter(|entry| entry.index >= held.read).filter_map(report));
        if oldest.index <= held.read || oldest.time < since {
            break;
        }
        before = Some(oldest.index);
    }
    held.read = read.unwrap_or(held.read);
    held.all.splice(..0, newer);
    held.all.retain(|report| report.at >= since);
    Ok(held.all.iter().filter(|report| id.is_none_or(|id| id == report.device)).cloned().collect())
}

fn report(entry: &Noted) -> Option<Report> {
    let text = |value: Option<&serde_json::Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    text(entry.body.get("command")).filter(|command| command == DeedKind::Reported.name())?;
    let detail = entry.body.get("detail")?;
    let name = text(detail.get("detail"))?;
    let (_, what) = ODD.iter().find(|(known, _)| *known == name)?;
    let device = text(detail.get("object"))?.parse().ok()?;
    Some(Report { device, what, by: format!("{}, {}", entry.by, moment(entry.time)), at: entry.time })
}
