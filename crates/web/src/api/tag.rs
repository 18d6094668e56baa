//! Tags of answers (RFC 9110 §8.8.3): strong, and of the content alone, so that the same state has the same tag everywhere.

use crate::answer::{self, Wrong};
use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH,
};
use axum::response::Response;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Largest answer, in bytes; lists have 1000 rows at most.
const LARGEST: usize = 64 << 20;
/// Bytes of the content's hash in a tag.
const HASHED: usize = 18;

/// What the asker knows already: the tags it sent, without the quotes.
pub struct Known(Vec<String>);

impl Known {
    fn has(&self, tag: &str) -> bool {
        self.0.iter().any(|known| known == "*" || known.trim_start_matches("W/") == tag)
    }
}

/// The tags of `If-None-Match`.
pub fn known(headers: &HeaderMap) -> Known {
    Known(tags(headers, &IF_NONE_MATCH))
}

/// The tag of `content`, in quotes.
#[must_use]
pub fn of(content: &[u8]) -> String {
    let hash = Sha256::digest(content);
    format!("\"{}\"", Base64UrlUnpadded::encode_string(hash.get(..HASHED).unwrap_or_default()))
}

/// `response` with its tag; without content when that is `known`.
pub async fn tagged(response: Response, known: &Known) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(content) = to_bytes(body, LARGEST).await else {
        return answer::wrong(true, &Wrong::Store("an answer is larger than any should be".to_owned()));
    };
    let tag = of(&content);
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(ETAG, value);
    }
    if known.has(&tag) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(CONTENT_TYPE);
        parts.headers.remove(CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(content))
}

/// Errors: `If-Match` names none of what is there now (RFC 9110 §13.1.1), or `If-None-Match` asks that there be nothing.
pub fn holds(headers: &HeaderMap, now: Option<&impl Serialize>) -> Result<(), Wrong> {
    let tag = now.map(|now| of(&serde_json::to_vec(now).unwrap_or_default()));
    let wanted = Known(tags(headers, &IF_MATCH));
    // Weak tags never match here.
    let is_met = wanted.0.is_empty()
        || tag.as_ref().is_some_and(|tag| wanted.0.iter().any(|wanted| wanted == "*" || wanted == tag));
    let unwanted = Known(tags(headers, &IF_NONE_MATCH));
    if is_met && !tag.is_some_and(|tag| unwanted.has(&tag)) {
        return Ok(());
    }
    let why = "It is not any more as you saw it. Nothing was changed: read it again.".to_owned();
    Err(Wrong::Standard(StatusCode::PRECONDITION_FAILED, why))
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|text| text.split(',')).map(|tag| tag.trim().to_owned()).collect()
}
