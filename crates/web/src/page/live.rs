//! What changes, told to open pages as it does (Server-Sent Events, HTML Living Standard §9.2).
//!
//! In: a session. Out: every two seconds at most how many devices there are, whether what is shown is newer, and how far the
//! journal is carried out; once a session ends, nothing more. Pages work without it.

use crate::guard::{self, Visitor};
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures_util::stream;
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use wardlight_access::Action;

/// The address.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![Route::new(PATH, get(tell)).needs(Need::Account)]
}

/// Where it is told.
pub const PATH: &str = "/live";
/// Between two looks.
const PACE: Duration = Duration::from_secs(2);
/// Longest silence.
const HERE: Duration = Duration::from_secs(5);

async fn tell(State(site): State<Site>, Extension(visitor): Extension<Visitor>, headers: HeaderMap) -> Response {
    let Some(place) = site.listener() else {
        return crate::answer::Wrong::Wait(30).into_response();
    };
    let begin = (site, visitor, headers, place, None::<String>);
    let told = stream::unfold(begin, async |(site, mut visitor, headers, place, before)| {
        loop {
            if before.is_some() {
                tokio::time::sleep(PACE).await;
                // Whoever was logged out meanwhile is told nothing more, and nobody what they may not see any more.
                visitor = guard::still(&site, &headers).await?;
            }
            let now = standing(&site, &visitor);
            if before.as_ref() != Some(&now) {
                let event: Result<Event, Infallible> = Ok(Event::default().data(&now));
                return Some((event, (site, visitor, headers, place, Some(now))));
            }
        }
    });
    // An event, not a comment: scripts see no comments, and are to know that somebody is still here.
    let here = Event::default().event("here").data("1");
    Sse::new(told).keep_alive(KeepAlive::new().interval(HERE).event(here)).into_response()
}

/// What is told: whoever sees some areas is not told how much there is in all.
fn standing(site: &Site, visitor: &Visitor) -> String {
    let settled = site.parts().assets.now();
    let sees = visitor.may_everywhere(site, Action::SeeDevices);
    let devices = sees.then(|| site.parts().devices.snapshot().len());
    let shown = settled.as_ref().map(|settled| Arc::as_ptr(settled).addr());
    let shows_progress = visitor.may_everywhere(site, Action::SeeImports);
    let journal = shows_progress.then(|| site.parts().house.standing().journal);
    // A number that only tells one state from another.
    let mark = shown.map(|address| address.rotate_right(4) % 1_000_003);
    json!({ "devices": devices, "mark": mark, "journal": journal }).to_string()
}
