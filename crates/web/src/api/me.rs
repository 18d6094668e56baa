//! `/api/v1/me`: who asks, and what they may.

use super::sent::Pairs;
use crate::answer::Problem;
use crate::guard::Visitor;
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use axum::extract::State;
use axum::routing::get;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use wardlight_access::{Action, Extent, Reach};

/// The resource.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![Route::new("/api/v1/me", get(show)).needs(Need::Account).says::<__path_show>()]
}

/// Whoever asks.
#[derive(Serialize, ToSchema)]
struct Me {
    /// The account.
    #[schema(format = "uuid")]
    id: String,
    /// What its holder types.
    name: String,
    /// What others see.
    shown: String,
    /// Whether a token was sent, which may do no more than both it and its holder may.
    is_token: bool,
    /// Roles, and where.
    roles: Vec<Held>,
    /// What may be done, and where.
    rights: Vec<Right>,
}

/// A role.
#[derive(Serialize, ToSchema)]
struct Held {
    /// Its name.
    role: String,
    /// The area it is bounded by; null for the whole site.
    #[schema(format = "uuid")]
    area: Option<String>,
    /// When it ends, if ever.
    #[schema(format = DateTime)]
    until: Option<String>,
}

/// One thing that may be done.
#[derive(Serialize, ToSchema)]
struct Right {
    /// Its name.
    action: String,
    /// The areas in which; null for the whole site.
    areas: Option<Vec<String>>,
}

/// Says who asks, and what they may.
#[utoipa::path(get, path = "/api/v1/me", operation_id = "showMe", tag = "access",
    responses((status = 200, description = "You.", body = Me)))]
async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    pairs: Pairs,
) -> Result<Json<Me>, Problem> {
    pairs.none()?;
    let right = |action: Action| {
        let areas = match visitor.extent(&site, action) {
            Extent::Nowhere => return None,
            Extent::Site => None,
            Extent::Areas(areas) => Some(areas.iter().map(ToString::to_string).collect()),
        };
        Some(Right { action: action.name().to_owned(), areas })
    };
    let held = visitor.live_grants().map(|grant| Held {
        role: grant.role.name().to_owned(),
        area: if let Reach::Area(area) = grant.reach { Some(area.to_string()) } else { None },
        until: grant.until.map(|until| until.to_string()),
    });
    Ok(Json(Me {
        id: visitor.account.to_string(),
        name: visitor.name.clone(),
        shown: visitor.shown.clone(),
        is_token: visitor.lent.is_some(),
        roles: held.collect(),
        rights: Action::ALL.into_iter().filter_map(right).collect(),
    }))
}
