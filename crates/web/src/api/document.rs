//! The API's own description (OpenAPI 3.1.1), put together from what each route of the one list says of itself.
//!
//! What all have in common is added here: who may ask, tags, and what may be wrong. No answer of the 5xx kind is described:
//! there is none that a program could count on.

use crate::route::{Need, Route};
use serde_json::{Map, Value, json};
use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::openapi::path::HttpMethod;
use wardlight_access::Action;

/// What one method of one address says of itself.
pub struct Described {
    /// The address.
    pub path: String,
    /// The methods, in small letters.
    pub methods: Vec<&'static str>,
    operation: Value,
    schemas: Vec<(String, Value)>,
}

/// What `T` says, which `#[utoipa::path]` wrote.
#[must_use]
pub fn described<T: utoipa::Path + SchemaReferences + for<'t> Tags<'t>>() -> Described {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    let json_of = |value| serde_json::to_value(value).unwrap_or_default();
    let mut operation = serde_json::to_value(T::operation()).unwrap_or_default();
    operation.as_object_mut().map(|operation| operation.insert("tags".to_owned(), json!(T::tags())));
    Described {
        path: T::path(),
        methods: T::methods().iter().map(name).collect(),
        operation,
        schemas: schemas.into_iter().map(|(name, schema)| (name, json_of(schema))).collect(),
    }
}

const fn name(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "get",
        HttpMethod::Post => "post",
        HttpMethod::Put => "put",
        HttpMethod::Delete => "delete",
        HttpMethod::Options => "options",
        HttpMethod::Head => "head",
        HttpMethod::Patch => "patch",
        _ => "trace",
    }
}

/// The description of `routes`, those that say something of themselves.
#[must_use]
pub fn document(routes: &[Route]) -> Value {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for route in routes {
        for described in route.said.iter().map(|say| say()) {
            schemas.extend(described.schemas.iter().cloned());
            let path = paths.entry(described.path.clone()).or_insert_with(|| json!({}));
            for method in &described.methods {
                let whole = operation(route.need, method, described.operation.clone());
                path.as_object_mut().map(|path| path.insert((*method).to_owned(), whole));
            }
        }
    }
    schemas.insert("Problem".to_owned(), problem());
    schemas.sort_keys();
    paths.sort_keys();
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Wardlight",
            "version": "1",
            "description": "Medical devices on a hospital's network: who they are and why that is believed, what other \
                            systems list, what waits for a person. Fields may be added; none is taken away within /v1.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }, { "session": [] }],
        "paths": paths,
        "components": { "schemas": schemas, "responses": responses(), "securitySchemes": schemes() },
    })
}

/// `operation` with what all that need this have in common.
fn operation(need: Need, method: &str, mut operation: Value) -> Value {
    let reads = method == "get";
    if let Some(ok) = operation.pointer_mut("/responses/200").and_then(Value::as_object_mut).filter(|_| reads) {
        ok.insert(
            "headers".to_owned(),
            json!({ "ETag": { "description": "Changes when the answer does.",
            "schema": { "type": "string" } } }),
        );
    }
    let mut common = vec![("400", "Senseless"), ("404", "Nothing"), ("405", "Method"), ("406", "NotAcceptable")];
    if need != Need::Nothing {
        common.extend([("401", "Unknown"), ("403", "Forbidden")]);
    }
    if reads {
        common.push(("304", "Same"));
    } else {
        common.extend([
            ("413", "TooLarge"),
            ("415", "Media"),
            ("422", "Unprocessable"),
            ("412", "Changed"),
            ("409", "Conflict"),
        ]);
    }
    if let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        for (status, name) in common {
            let answer = json!({ "$ref": format!("#/components/responses/{name}") });
            answers.entry(status).or_insert(answer);
        }
        answers.sort_keys();
    }
    if let (Need::Right(action), Some(all)) = (need, operation.as_object_mut()) {
        all.insert("x-right".to_owned(), json!(Action::name(action)));
    }
    operation
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "What is wrong, and how to mend it (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
        },
    })
}

fn responses() -> Value {
    let problem = |what: &str| {
        json!({
            "description": what,
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        })
    };
    json!({
        "Same": { "description": "Nothing changed since the tag that was sent." },
        "Senseless": problem("What was asked makes no sense; the detail says what, and how to mend it."),
        "Unknown": problem("No token, or one that is not good any more."),
        "Forbidden": problem("Your role, or your token, does not allow this; the detail says who may."),
        "Nothing": problem("There is no such thing, or it is not for your role."),
        "Method": problem("The address knows other methods."),
        "NotAcceptable": problem("The answer is JSON, and the request does not take it."),
        "Conflict": problem("The same is being done right now: ask again in a moment."),
        "Changed": problem("It is not any more as `If-Match` says: read it again."),
        "TooLarge": problem("The body is longer than 64 KiB."),
        "Media": problem("The body is not JSON."),
        "Unprocessable": problem("The body is JSON, and not what is asked for here."),
    })
}

fn schemes() -> Value {
    json!({
        "token": { "type": "http", "scheme": "bearer", "description": "A token made under *Your account*: `wlt_…`." },
        "session": { "type": "apiKey", "in": "cookie", "name": crate::COOKIE_NAME,
            "description": "Whoever is logged in." },
    })
}
