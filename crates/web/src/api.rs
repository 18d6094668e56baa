//! The API for programs, under `/api/v1`: one file a resource, described for OpenAPI where it is written.
//!
//! In: requests with a token or a session. Out: JSON with a strong `ETag`, or a problem (RFC 9457); nothing else, whatever
//! is sent. Each resource reads what the pages read, by the same functions. Never: an answer without bounds.

mod areas;
mod assets;
mod cursor;
mod decisions;
mod devices;
mod docs;
pub mod document;
mod labels;
mod matches;
mod me;
mod sent;
mod sources;
mod tag;
mod tokens;
mod write;

use crate::answer::{self, Wrong};
use crate::route::{Entry, Route};
use crate::site::Site;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderMap};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;

/// Where every address of this version begins.
pub const ROOT: &str = "/api/v1/";
/// Longest body of a request, in bytes.
const LONGEST: usize = 64 << 10;

const ALL: &[&Entry] = &[
    &areas::ENTRY,
    &assets::ENTRY,
    &decisions::ENTRY,
    &devices::ENTRY,
    &docs::ENTRY,
    &labels::ENTRY,
    &matches::ENTRY,
    &me::ENTRY,
    &sources::ENTRY,
    &tokens::ENTRY,
];

/// Every resource's addresses.
pub fn routes() -> Vec<Route> {
    ALL.iter().flat_map(|entry| (entry.routes)()).collect()
}

/// `answers`, speaking JSON alone.
pub fn framed(answers: MethodRouter<Site>) -> MethodRouter<Site> {
    answers.layer(DefaultBodyLimit::max(LONGEST)).layer(from_fn(frame))
}

/// What all addresses have in common: JSON or nothing, problems for what HTTP forbids, tags and whether they are known.
async fn frame(request: Request, next: Next) -> Response {
    if !takes_json(request.headers()) {
        let why = "The answer is JSON: ask with `Accept: application/json`, or without.".to_owned();
        return answer::wrong(true, &Wrong::Standard(StatusCode::NOT_ACCEPTABLE, why));
    }
    let (method, known) = (request.method().clone(), tag::known(request.headers()));
    let response = next.run(request).await;
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED if method == Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        status if status.is_client_error() && !is_problem(&response) => problem(status, &response),
        StatusCode::OK if method.is_safe() => tag::tagged(response, &known).await,
        _ => response,
    }
}

fn is_problem(response: &Response) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json")
}

/// What HTTP or the library refused, said in our words.
fn problem(status: StatusCode, refused: &Response) -> Response {
    let why = match status {
        StatusCode::METHOD_NOT_ALLOWED => "This address knows other methods: see `Allow`.",
        StatusCode::PAYLOAD_TOO_LARGE => "A body has 64 KiB at most.",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "Send `Content-Type: application/json`.",
        _ => "See /api/v1/openapi.json for what is understood.",
    };
    let mut response = answer::wrong(true, &Wrong::Standard(status, why.to_owned()));
    if let Some(allow) = refused.headers().get(ALLOW) {
        response.headers_mut().insert(ALLOW, allow.clone());
    }
    response
}

/// Whether the asker takes JSON (RFC 9110 §12.5.1): the narrowest range that holds it decides.
fn takes_json(headers: &HeaderMap) -> bool {
    let named = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",");
    let ranges = named.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let width = match parts.next()?.to_ascii_lowercase().as_str() {
            "application/json" | "application/problem+json" => 0,
            "application/*" => 1,
            "*/*" => 2,
            _ => return None,
        };
        let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
        Some((width, quality > 0.0))
    });
    named.trim().is_empty() || ranges.min_by_key(|(width, _)| *width).is_some_and(|(_, is_taken)| is_taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_range_says_whether_json_is_taken() {
        for (accept, wanted) in [
            ("", true),
            ("*/*", true),
            ("application/json", true),
            ("text/html, application/*;q=0.1", true),
            ("text/html", false),
            ("application/json;q=0, */*", false),
            ("*/*;q=0", false),
            ("Application/JSON; charset=utf-8", true),
        ] {
            let mut headers = HeaderMap::new();
            if !accept.is_empty() {
                headers.insert(ACCEPT, accept.parse().unwrap());
            }
            assert_eq!(takes_json(&headers), wanted, "{accept}");
        }
    }
}
