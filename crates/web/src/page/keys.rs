//! Where one can go, and by which keys: the palette as a page, for those who have it not at hand.

use crate::answer;
use crate::guard::Visitor;
use crate::part::frame::{Frame, KEYS};
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![Route::new("/go", get(show)).needs(Need::Account)]
}

#[derive(Template)]
#[template(path = "page/keys/page.html")]
struct Page {
    frame: Frame,
    keys: &'static [(&'static str, &'static str)],
}

#[derive(serde::Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

/// Leads to the page whose title begins so; else to the devices that are so; shows all when nothing is asked.
async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
) -> Response {
    let frame = Frame::of(&site, &visitor, "Where to go", "/go");
    let wanted = asked.q.trim().to_lowercase();
    if wanted.is_empty() {
        return answer::page(&Page { frame, keys: KEYS });
    }
    let mut links = frame.groups.iter().flat_map(|group| &group.links);
    let found = links.find(|link| link.title.to_lowercase().starts_with(&wanted));
    let to = found.map(|link| link.address.to_owned());
    let search = || format!("/devices?q={}", crate::part::words::encoded(asked.q.trim()));
    Redirect::to(&to.unwrap_or_else(search)).into_response()
}
