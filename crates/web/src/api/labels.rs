//! `/api/v1/devices/{id}/labels`: what people say that a device is, whatever was concluded.

use super::decisions::{Decided, decided};
use super::sent::Pairs;
use super::tag;
use super::write::{Body, Key, short};
use crate::answer::{Problem, Wrong};
use crate::guard::Visitor;
use crate::route::{Entry, Need, Route};
use crate::say;
use crate::site::Site;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{delete, post};
use serde::Deserialize;
use utoipa::ToSchema;
use wardlight_access::Action;
use wardlight_model::Attribute;
use wardlight_model::journal::Command;

/// The resource.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    let labels = Need::Right(Action::LabelDevices);
    vec![
        Route::new("/api/v1/devices/{id}/labels", post(put)).needs(labels).says::<__path_put>(),
        Route::new("/api/v1/devices/{id}/labels/{label}", delete(end)).needs(labels).says::<__path_end>(),
    ]
}

/// What can be said of a device.
#[derive(Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Sayable {
    Type,
    Maker,
    Model,
    Name,
}

/// What a device is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewLabel {
    /// What is said.
    attribute: Sayable,
    /// The answer; of a type, one that is known here.
    #[schema(min_length = 1, max_length = 200)]
    value: String,
}

/// Says what a device is.
#[utoipa::path(post, path = "/api/v1/devices/{id}/labels", operation_id = "putLabel", tag = "devices",
    request_body = NewLabel,
    params(("id" = String, Path, description = "The device.", format = "uuid"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again.",
        min_length = 1, max_length = 255)),
    responses((status = 201, description = "It is so from now on.", body = Decided)))]
async fn put(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    key: Key,
    body: Body<NewLabel>,
) -> Result<Response, Problem> {
    let attribute = match body.says.attribute {
        Sayable::Type => Attribute::Type,
        Sayable::Maker => Attribute::Maker,
        Sayable::Model => Attribute::Model,
        Sayable::Name => Attribute::Name,
    };
    let device = say::may_label(&site, &visitor, &id).await?;
    short("value", &body.says.value)?;
    let labels = say::labels(&site, device, vec![(attribute, body.says.value.clone())]).await?;
    let label = labels.into_iter().next().ok_or(Wrong::Nothing)?;
    key.once(&site, &visitor, &body, |id| decided(&site, &visitor, id, Command::Label(label))).await
}

/// Takes back what somebody said that a device is.
#[utoipa::path(delete, path = "/api/v1/devices/{id}/labels/{label}", operation_id = "removeLabel", tag = "devices",
    params(("id" = String, Path, description = "The device.", format = "uuid"),
        ("label" = String, Path, description = "The decision.", format = "uuid")),
    responses((status = 204, description = "It no longer counts.")))]
async fn end(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path((id, label)): Path<(String, String)>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<StatusCode, Problem> {
    pairs.none()?;
    tag::holds(&headers, None::<&()>)?;
    let device = say::may_label(&site, &visitor, &id).await?;
    let label = say::own(&site, device, &label).await?;
    site.decide(&visitor, Command::Unlabel(label)).await?;
    Ok(StatusCode::NO_CONTENT)
}
