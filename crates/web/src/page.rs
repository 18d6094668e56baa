//! The pages: one folder each, with what it reads, what it shows, and its template.

mod account;
mod accounts;
mod devices;
mod home;
mod log_in;
mod tokens;

use crate::route::{Entry, Need, Route};
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

const ALL: &[&Entry] =
    &[&account::ENTRY, &accounts::ENTRY, &devices::ENTRY, &home::ENTRY, &log_in::ENTRY, &tokens::ENTRY];

/// Every page's addresses.
pub fn routes() -> Vec<Route> {
    let files = Route::new("/part/{name}", get(file)).needs(Need::Nothing);
    let pages = ALL.iter().flat_map(|entry| (entry.routes)());
    std::iter::once(files).chain(pages).collect()
}

async fn file(Path(name): Path<String>) -> Response {
    crate::part::file(&name).unwrap_or_else(|| crate::answer::Wrong::Nothing.into_response())
}
