//! Who talks to whom: by kind of device as a matrix and a map, then pair by pair, then conversation by conversation.
//!
//! Every count leads to the rows that it counts. Whose right reaches some areas only is shown the traffic of one device at a
//! time, on its page.

mod flows;
mod matrix;
mod pairs;

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::frame::Frame;
use crate::part::words::counted;
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use matrix::{Drawn, Grid};
use wardlight_access::Action;

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    let need = Need::Right(Action::SeeTraffic);
    vec![
        Route::new("/traffic", get(show)).needs(need),
        Route::new("/traffic/pairs", get(pairs::show)).needs(need),
        Route::new("/traffic/flows", get(flows::show)).needs(need),
    ]
}

#[derive(Template)]
#[template(path = "page/traffic/page.html")]
struct Page {
    frame: Frame,
    verdict: String,
    is_whole: bool,
    service: String,
    services: Vec<String>,
    grid: Grid,
    drawn: Drawn,
}

/// What can be asked of the matrix.
#[derive(serde::Deserialize)]
struct Asked {
    #[serde(default)]
    service: String,
}

async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Query(Asked { service }): Query<Asked>,
) -> Result<Response, Wrong> {
    visitor.check(&site, Action::SeeTraffic, None)?;
    let matrix = site.parts().house.matrix().await;
    let mut services: Vec<String> = matrix.cells.iter().map(|cell| cell.service.to_owned()).collect();
    services.sort_unstable();
    services.dedup();
    let wanted = |cell: &&crate::house::Cell| service.is_empty() || cell.service == service;
    let cells: Vec<_> = matrix.cells.iter().filter(wanted).cloned().collect();
    let grid = Grid::of(&cells, &service);
    let drawn = Drawn::of(&cells, site.types(), &service);
    let pairs: u64 = cells.iter().map(|cell| cell.pairs).sum();
    let outside: u64 = cells.iter().filter(|cell| &*cell.to == crate::house::OUTSIDE).map(|cell| cell.pairs).sum();
    let whole = |number: u64| counted(usize::try_from(number).unwrap_or(usize::MAX));
    let verdict = match pairs {
        0 => "Nobody was seen talking yet.".to_owned(),
        _ => format!("{} pairs talk; {} of them with somebody outside of the house.", whole(pairs), whole(outside)),
    };
    let frame = Frame::of(&site, &visitor, "Traffic", "/traffic");
    Ok(answer::page(&Page { frame, verdict, is_whole: matrix.is_whole, service, services, grid, drawn }))
}
