//! The pages: one folder each, with what it reads, what it shows, and its template.

mod account;
mod accounts;
mod areas;
mod devices;
mod home;
pub mod imports;
mod keys;
mod ledger;
pub mod live;
mod log_in;
mod matches;
mod owners;
mod records;
mod sensors;
mod tokens;
mod traffic;
mod unknown;

use crate::route::{Entry, Need, Route};
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

const ALL: &[&Entry] = &[
    &account::ENTRY,
    &accounts::ENTRY,
    &areas::ENTRY,
    &devices::ENTRY,
    &home::ENTRY,
    &imports::ENTRY,
    &keys::ENTRY,
    &ledger::ENTRY,
    &live::ENTRY,
    &log_in::ENTRY,
    &matches::ENTRY,
    &owners::ENTRY,
    &records::ENTRY,
    &sensors::ENTRY,
    &tokens::ENTRY,
    &traffic::ENTRY,
    &unknown::ENTRY,
];

/// Every page's addresses.
pub fn routes() -> Vec<Route> {
    let files = Route::new("/part/{name}", get(file)).needs(Need::Nothing);
    let pages = ALL.iter().flat_map(|entry| (entry.routes)());
    std::iter::once(files).chain(pages).collect()
}

async fn file(Path(name): Path<String>) -> Response {
    crate::part::file(&name).unwrap_or_else(|| crate::answer::Wrong::Nothing.into_response())
}
