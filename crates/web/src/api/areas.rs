//! `/api/v1/areas`: the tree of sites, buildings, floors, care areas and rooms.

use super::cursor;
use super::sent::{Pairs, cut};
use crate::answer::Problem;
use crate::guard::Visitor;
use crate::load::areas::{self, Placed};
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use wardlight_access::Action;
use wardlight_model::Id;

/// The resource.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![
        Route::new("/api/v1/areas", get(list)).needs(Need::Right(Action::SeeSite)).says::<__path_list>(),
        Route::new("/api/v1/areas/{id}", get(show)).needs(Need::Right(Action::SeeSite)).says::<__path_show>(),
    ]
}

/// Places, by id.
#[derive(Serialize, ToSchema)]
struct Areas {
    /// How many places you may see.
    total: usize,
    /// Some of them.
    areas: Vec<Area>,
    /// Goes into `after` for the next part; null at the end.
    next: Option<String>,
}

/// One place.
#[derive(Serialize, ToSchema)]
struct Area {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// The place it is part of; null for a site.
    #[schema(format = "uuid")]
    parent: Option<String>,
    /// `site`, `building`, `floor`, `care_area` or `room`.
    level: String,
    /// What people call it.
    name: String,
    /// IANA time zone of a site.
    zone: Option<String>,
    /// Ids from the site down to this place.
    path: Vec<String>,
}

/// Lists places.
#[utoipa::path(get, path = "/api/v1/areas", operation_id = "listAreas", tag = "areas",
    params(
        ("after" = Option<String>, Query, description = "`next` of the part before."),
        ("limit" = Option<u16>, Query, description = "Most rows.", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "Places.", body = Areas)))]
async fn list(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    pairs: Pairs,
) -> Result<Json<Areas>, Problem> {
    let (part, _) = pairs.part(&[])?;
    let after: Option<Id> = part.after.as_deref().map(cursor::id).transpose()?;
    let all = areas::all(&site, &visitor).await?;
    let total = all.len();
    let behind = all.into_iter().filter(|placed| after.is_none_or(|after| placed.area.id > after));
    let (found, next) =
        cut(behind.take(part.limit + 1).collect(), part.limit, |placed: &Placed| cursor::of_id(placed.area.id));
    Ok(Json(Areas { total, areas: found.into_iter().map(Area::of).collect(), next }))
}

/// Shows one place.
#[utoipa::path(get, path = "/api/v1/areas/{id}", operation_id = "showArea", tag = "areas",
    params(("id" = String, Path, description = "Its id.", format = "uuid")),
    responses((status = 200, description = "The place.", body = Area)))]
async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    pairs: Pairs,
) -> Result<Json<Area>, Problem> {
    pairs.none()?;
    Ok(Json(Area::of(areas::one(&site, &visitor, &id).await?)))
}

impl Area {
    fn of(Placed { area, path }: Placed) -> Self {
        Self {
            id: area.id.to_string(),
            parent: area.parent.map(|parent| parent.to_string()),
            level: area.level.name().to_owned(),
            name: area.name,
            zone: area.zone,
            path: path.iter().map(ToString::to_string).collect(),
        }
    }
}
