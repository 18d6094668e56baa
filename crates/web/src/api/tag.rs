//! Tags of answers (RFC 9110 §8.8.3): strong, and of the content alone, so that the same state has the same tag everywhere.

use crate::answer::{self, Wrong};
use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use axum::response::Response;
use base64ct::{Base64UrlUnpadded, Encoding as _};
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
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    Known(values.flat_map(|text| text.split(',')).map(|tag| tag.trim().to_owned()).collect())
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
