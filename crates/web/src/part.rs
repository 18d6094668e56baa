//! What several pages share: the frame, figures in words, files of style and script.

pub mod again;
pub mod called;
pub mod factors;
pub mod form;
pub mod frame;
pub mod hex;
pub mod keys;
pub mod passwords;
pub mod pending;
pub mod sure;
pub mod way;
pub mod words;

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// The design's tokens.
const TOKENS: &str = include_str!("part/tokens.css");
/// The design's components.
const COMPONENTS: &str = include_str!("part/components.css");
/// What pages add to them.
const PAGES: &str = include_str!("part/pages.css");
/// The keyboard.
const SCRIPT: &str = include_str!("part/wardlight.js");

/// Keys of the browser.
const KEYS: &str = include_str!("part/keys.js");

/// The file called `name`; `None` when there is none.
#[must_use]
pub fn file(name: &str) -> Option<Response> {
    let (kind, text) = match name {
        "tokens.css" => ("text/css; charset=utf-8", TOKENS),
        "components.css" => ("text/css; charset=utf-8", COMPONENTS),
        "pages.css" => ("text/css; charset=utf-8", PAGES),
        "wardlight.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "keys.js" => ("text/javascript; charset=utf-8", KEYS),
        _ => return None,
    };
    Some(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=3600")], text).into_response())
}
