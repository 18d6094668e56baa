//! The one list of addresses: what each needs, and what answers.

use crate::api::document::{Described, described};
use crate::site::Site;
use crate::{api, guard, health, page};
use axum::Router;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::MethodRouter;
use utoipa::__dev::{SchemaReferences, Tags};
use wardlight_access::Action;

/// What a route asks of whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nobody said: it is nobody's.
    Unsaid,
    /// Everybody's, such as the log-in.
    Nothing,
    /// Whoever is logged in.
    Account,
    /// This right, anywhere; the page narrows itself to where.
    Right(Action),
}

/// One page, with all its addresses.
pub struct Entry {
    /// Its addresses.
    pub routes: fn() -> Vec<Route>,
}

/// One address.
pub struct Route {
    /// Its form, with `{name}` for what differs.
    pub path: &'static str,
    /// What it needs.
    pub need: Need,
    /// What the API's document says of it, a method each.
    pub said: Vec<fn() -> Described>,
    answers: MethodRouter<Site>,
}

impl Route {
    /// An address that is nobody's until [`Self::needs`] says whose.
    pub const fn new(path: &'static str, answers: MethodRouter<Site>) -> Self {
        Self { path, need: Need::Unsaid, said: Vec::new(), answers }
    }

    /// Says what `T` writes of one of its methods.
    #[must_use]
    pub fn says<T: utoipa::Path + SchemaReferences + for<'t> Tags<'t>>(mut self) -> Self {
        self.said.push(described::<T>);
        self
    }

    /// Says what it needs.
    #[must_use]
    pub fn needs(self, need: Need) -> Self {
        Self { need, ..self }
    }
}

/// Every address there is.
#[must_use]
pub fn all() -> Vec<Route> {
    page::routes().into_iter().chain(api::routes()).chain(health::routes()).collect()
}

/// `routes` over `site`, each behind the guard.
pub fn serve(routes: Vec<Route>, site: &Site) -> Router {
    let mut router = Router::new();
    for Route { path, need, answers, .. } in routes {
        let guarded = answers.route_layer(from_fn_with_state((site.clone(), need, path), guard::check));
        let framed = if path.starts_with(api::ROOT) { api::framed(guarded) } else { guarded };
        router = router.route(path, framed);
    }
    let router = router.fallback(|uri: Uri| async move { guard::nothing(&uri) });
    let counted = from_fn_with_state(site.clone(), health::requests::count);
    router.layer(from_fn(guard::hurry)).layer(from_fn(guard::harden)).layer(counted).with_state(site.clone())
}
