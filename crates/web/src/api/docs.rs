//! The API's description, and a page to try it: Swagger UI, whose files are part of the program.
//!
//! The page has no script and no style of its own; what Swagger UI sets on elements it sets from its script, which the
//! policy for all pages allows.

use super::document::document;
use crate::answer::Wrong;
use crate::route::{self, Entry, Need, Route};
use axum::Json;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use serde_json::Value;
use std::sync::{Arc, LazyLock};

/// The description and the page.
pub static ENTRY: Entry = Entry { routes };

/// Files of Swagger UI that the page uses.
const FILES: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];
/// What begins it.
const BEGIN: &str = "window.onload = () => SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#swagger-ui', \
                     deepLinking: true, validatorUrl: null, presets: [SwaggerUIBundle.presets.apis] });\n";
const PAGE: &str = include_str!("docs.html");

static DOCUMENT: LazyLock<Arc<Value>> = LazyLock::new(|| Arc::new(document(&route::all())));

fn routes() -> Vec<Route> {
    vec![
        Route::new("/api/v1/openapi.json", get(description)).needs(Need::Account),
        Route::new("/api/docs", get(page)).needs(Need::Account),
        Route::new("/api/docs/{name}", get(file)).needs(Need::Account),
    ]
}

async fn description() -> Json<Arc<Value>> {
    Json(Arc::clone(&DOCUMENT))
}

async fn page() -> Html<&'static str> {
    Html(PAGE)
}

async fn file(Path(name): Path<String>) -> Result<Response, Wrong> {
    let kept = [(CACHE_CONTROL, "max-age=3600")];
    if name == "begin.js" {
        return Ok((kept, [(CONTENT_TYPE, "text/javascript; charset=utf-8")], BEGIN).into_response());
    }
    let name = FILES.into_iter().find(|file| **file == *name).ok_or(Wrong::Nothing)?;
    let found = utoipa_swagger_ui::serve(name, Arc::new(utoipa_swagger_ui::Config::default()));
    let found = found.ok().flatten().ok_or(Wrong::Nothing)?;
    Ok((kept, [(CONTENT_TYPE, found.content_type)], found.bytes.into_owned()).into_response())
}
