//! The pages: one folder each, with what it reads, what it shows, and its template.

mod account;
mod devices;
mod home;
mod log_in;

pub use devices::asked::encoded;

use crate::route::{Need, Route};
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

/// Every page's addresses.
pub fn routes() -> Vec<Route> {
    let files = Route::new("/part/{name}", get(file)).needs(Need::Nothing);
    let mut all = vec![files];
    for page in [account::routes(), devices::routes(), home::routes(), log_in::routes()] {
        all.extend(page);
    }
    all
}

async fn file(Path(name): Path<String>) -> Response {
    crate::part::file(&name).unwrap_or_else(|| crate::answer::Wrong::Nothing.into_response())
}
