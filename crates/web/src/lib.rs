//! The outside: pages for people and an API for programs, over what the store and the assets say.
//!
//! In: requests, from whoever a session or a token names. Out: pages that work without scripts, styles and pictures; JSON. Every address
//! stands in one list with the right that it needs; one that names none is nobody's. Nothing is fetched from elsewhere.

mod answer;
pub mod api;
mod guard;
mod health;
pub mod host;
pub mod house;
mod load;
mod page;
mod part;
pub mod provider;
pub mod route;
mod say;
pub mod site;
mod stand;

pub use guard::COOKIE_NAME;

/// Everything that is served, over `site`.
pub fn router(site: &site::Site) -> axum::Router {
    route::serve(route::all(), site)
}
