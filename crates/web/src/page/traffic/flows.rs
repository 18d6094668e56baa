//! Conversations as they stand in the flow history, newest hour first.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::frame::Frame;
use crate::part::words::{bytes, counted, moment};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use std::net::IpAddr;
use wardlight_access::Action;
use wardlight_model::Time;
use wardlight_store::history::{Hour, Place, Query as Wanted, Row};

/// Conversations listed.
const MOST: usize = 200;
/// Conversations looked through for those with the peer.
const LOOKED: usize = 20_000;

#[derive(Template)]
#[template(path = "page/traffic/flows.html")]
struct Page {
    frame: Frame,
    title: String,
    verdict: String,
    rows: Vec<Line>,
    /// Where older ones are looked for.
    further: Option<String>,
}

struct Line {
    first: String,
    from: String,
    to: String,
    service: String,
    state: String,
    packets: String,
    bytes: String,
}

#[derive(serde::Deserialize)]
pub struct Asked {
    #[serde(default)]
    host: String,
    #[serde(default)]
    peer: String,
    /// The place of [`Place`] as microseconds and sequence with a dot between them.
    #[serde(default)]
    before: String,
}

pub async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
) -> Result<Response, Wrong> {
    visitor.check(&site, Action::SeeTraffic, None)?;
    let (host, peer) = (address(&asked.host)?, address(&asked.peer)?);
    let limit = if peer.is_some() { LOOKED } else { MOST };
    let before = place(&asked.before)?;
    let query = Wanted { address: host.or(peer), limit, newest_first: true, before, ..Wanted::default() };
    let found = site.parts().house.flows(query).await.map_err(Wrong::from)?;
    let concerns = |row: &&Row| peer.is_none_or(|peer| row.concerns(peer));
    let rows: Vec<Line> = found.rows.iter().filter(concerns).take(MOST).map(line).collect();
    let title = match (host, peer) {
        (Some(host), Some(peer)) => format!("Conversations of {host} and {peer}"),
        (Some(one), None) | (None, Some(one)) => format!("Conversations of {one}"),
        (None, None) => "Conversations".to_owned(),
    };
    let age = if before.is_some() { "older" } else { "newest" };
    let verdict = match (rows.len(), found.before) {
        (0, Some(rest)) => format!("None from {} on; older ones were not looked for yet.", moment(rest.hour.begin())),
        (0, None) => "The flow history has none: they are older than it is kept, or not written yet.".to_owned(),
        (MOST, _) => format!("{} of the {age}, by hour.", counted(MOST)),
        (some, Some(rest)) => format!(
            "{} of them, newest hour first, from {} on; older ones were not looked for yet.",
            counted(some),
            moment(rest.hour.begin())
        ),
        (some, None) => format!("{} of them, newest hour first.", counted(some)),
    };
    let further = found.before.map(|rest| {
        let place = format!("{}.{}", rest.hour.begin().micros(), rest.first_sequence);
        format!("/traffic/flows?host={}&peer={}&before={place}", said(host), said(peer))
    });
    let frame = Frame::of(&site, &visitor, &title, "/traffic");
    Ok(answer::page(&Page { frame, title, verdict, rows, further }))
}

fn said(address: Option<IpAddr>) -> String {
    address.map(|address| address.to_string()).unwrap_or_default()
}

fn place(text: &str) -> Result<Option<Place>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    let place = text.split_once('.').and_then(|(micros, sequence)| {
        let hour = Hour::of(Time::from_micros(micros.parse().ok()?));
        Some(Place { hour, first_sequence: sequence.parse().ok()? })
    });
    let wrong = || {
        Wrong::Senseless(format!(
            "\u{201c}{text}\u{201d} is no place in the flow history: follow the link of its page."
        ))
    };
    place.map(Some).ok_or_else(wrong)
}

fn address(text: &str) -> Result<Option<IpAddr>, Wrong> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| {
            Wrong::Senseless(format!("\u{201c}{text}\u{201d} is no network address, such as 10.20.30.40."))
        }),
    }
}

fn line(row: &Row) -> Line {
    let end = |(ip, port): (IpAddr, u16)| if port == 0 { ip.to_string() } else { format!("{ip} port {port}") };
    let sum = |of: fn(&wardlight_model::Direction) -> u64| row.sent.iter().map(of).fold(0_u64, u64::saturating_add);
    Line {
        first: moment(row.first),
        from: end(row.key.initiator),
        to: end(row.key.responder),
        service: row.service.as_ref().map_or_else(|| "not known".to_owned(), |(name, _)| name.clone()),
        state: serde_json::to_value(row.state)
            .ok()
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default(),
        packets: counted(usize::try_from(sum(|sent| sent.packets)).unwrap_or(usize::MAX)),
        bytes: bytes(sum(|sent| sent.ip_bytes)),
    }
}
