//! The pairs behind one count: who, with whom, by what, how much.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::house::{Pair, PairsWanted};
use crate::part::called;
use crate::part::frame::Frame;
use crate::part::words::{bytes, counted, encoded};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use wardlight_access::Action;
use wardlight_model::{Endpoint, Id};
use wardlight_store::projection::Snapshot;

#[derive(Template)]
#[template(path = "page/traffic/pairs.html")]
struct Page {
    frame: Frame,
    title: String,
    verdict: String,
    rows: Vec<Line>,
}

struct Line {
    ends: [End; 2],
    service: String,
    flows: String,
    bytes: String,
    /// The conversations themselves.
    rows: String,
}

struct End {
    address: String,
    /// Id and name of the device.
    device: Option<(String, String)>,
}

#[derive(serde::Deserialize)]
pub struct Asked {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    /// Either end.
    #[serde(default)]
    of: String,
    #[serde(default)]
    service: String,
}

pub async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
) -> Result<Response, Wrong> {
    visitor.check(&site, Action::SeeTraffic, None)?;
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let wanted = PairsWanted {
        of: some(&asked.of),
        from: some(&asked.from),
        to: some(&asked.to),
        service: some(&asked.service),
    };
    let found = site.parts().house.pairs(wanted).await;
    let snapshot = site.parts().devices.snapshot();
    let verdict = match found.total {
        0 => "No pair is so.".to_owned(),
        total if total > found.rows.len() => {
            format!("{} pairs; the {} with most bytes are listed.", counted(total), counted(found.rows.len()))
        }
        total => format!("{} pairs, most bytes first.", counted(total)),
    };
    let rows = found.rows.iter().map(|pair| line(pair, &snapshot)).collect();
    let (title, frame) = (title(&asked), Frame::of(&site, &visitor, "Pairs", "/traffic"));
    Ok(answer::page(&Page { frame, title, verdict, rows }))
}

fn title(asked: &Asked) -> String {
    let by = if asked.service.is_empty() { String::new() } else { format!(" by {}", asked.service) };
    match (asked.of.as_str(), asked.from.as_str(), asked.to.as_str()) {
        ("", "", "") => format!("All pairs{by}"),
        ("", from, "") => format!("What {from} began{by}"),
        ("", "", to) => format!("What was begun with {to}{by}"),
        ("", from, to) => format!("From {from} to {to}{by}"),
        (of, ..) => format!("With {of} at either end{by}"),
    }
}

fn line(pair: &Pair, devices: &Snapshot) -> Line {
    let [from, to] = pair.ends;
    let hosts = [from.0.ip, to.0.ip].map(|ip| ip.map(|ip| encoded(&ip.to_string())).unwrap_or_default());
    let [host, peer] = hosts;
    Line {
        ends: [end(from, devices), end(to, devices)],
        service: if pair.service == "-" { "not known".to_owned() } else { pair.service.to_owned() },
        flows: counted(usize::try_from(pair.flows).unwrap_or(usize::MAX)),
        bytes: bytes(pair.ip_bytes),
        rows: if host.is_empty() { String::new() } else { format!("/traffic/flows?host={host}&peer={peer}") },
    }
}

fn end((endpoint, device): (Endpoint, Option<Id>), devices: &Snapshot) -> End {
    let ip = endpoint.ip.map(|ip| ip.to_string());
    let address = ip.or_else(|| endpoint.mac.map(|mac| mac.to_string())).unwrap_or_default();
    End { device: device.and_then(|id| Some((id.to_string(), called::device(&devices.device(id)?)))), address }
}
