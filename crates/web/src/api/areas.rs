//! `/api/v1/areas`: the tree of sites, buildings, floors, care areas and rooms.

use super::cursor;
use super::sent::{Pairs, cut};
use super::tag;
use super::write::{Body, short};
use crate::answer::{Problem, Wrong};
use crate::guard::Visitor;
use crate::load::areas::{self, Placed, known};
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{delete, get};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardlight_access::Action;
use wardlight_model::journal::Command;
use wardlight_model::{Id, Level};

/// The resource.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    let edits = Need::Right(Action::EditSite);
    vec![
        Route::new("/api/v1/areas", get(list)).needs(Need::Right(Action::SeeSite)).says::<__path_list>(),
        Route::new("/api/v1/areas/{id}", get(show)).needs(Need::Right(Action::SeeSite)).says::<__path_show>(),
        Route::new("/api/v1/areas/{id}", axum::routing::put(put)).needs(edits).says::<__path_put>(),
        Route::new("/api/v1/areas/{id}", delete(remove)).needs(edits).says::<__path_remove>(),
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

/// Kinds of places.
#[derive(Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Site,
    Building,
    Floor,
    CareArea,
    Room,
}

/// What a place is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewArea {
    /// The place it is part of; null for a site.
    #[serde(default)]
    #[schema(format = "uuid")]
    parent: Option<String>,
    /// What kind of place.
    level: Kind,
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// IANA time zone: a site has one, others take their site's.
    #[serde(default)]
    zone: Option<String>,
}

/// Says that there is such a place, or what it is from now on.
#[utoipa::path(put, path = "/api/v1/areas/{id}", operation_id = "putArea", tag = "areas",
    request_body = NewArea,
    params(("id" = String, Path, description = "Its id; a new one is yours to make.", format = "uuid"),
        ("If-Match" = Option<String>, Header, description = "The tag it had when you read it.")),
    responses((status = 200, description = "The place.", body = Area)))]
async fn put(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body<NewArea>,
) -> Result<Json<Area>, Problem> {
    let id: Id = id.parse().map_err(|_| Wrong::Nothing)?;
    // Of two with the same tag one is too late.
    let _alone = site.changing().await;
    let own = known(&site, id).await?;
    if let Some(own) = &own {
        visitor.check(&site, Action::EditSite, Some(&own.path))?;
    }
    short("name", &body.says.name)?;
    let parent = body.says.parent.as_deref().map(|parent| parent.parse::<Id>().map_err(|_| no_parent())).transpose()?;
    let above = match parent {
        Some(parent) => Some(known(&site, parent).await?.ok_or_else(no_parent)?.path),
        None => None,
    };
    visitor.check(&site, Action::EditSite, above.as_deref())?;
    tag::holds(&headers, own.map(Area::of).as_ref())?;
    let level = match body.says.level {
        Kind::Site => Level::Site,
        Kind::Building => Level::Building,
        Kind::Floor => Level::Floor,
        Kind::CareArea => Level::CareArea,
        Kind::Room => Level::Room,
    };
    let area = wardlight_model::Area { id, parent, level, name: body.says.name.clone(), zone: body.says.zone.clone() };
    site.decide(&visitor, Command::PutArea(area)).await?;
    Ok(Json(Area::of(known(&site, id).await?.ok_or(Wrong::Nothing)?)))
}

fn no_parent() -> Wrong {
    Wrong::Standard(StatusCode::UNPROCESSABLE_ENTITY, "`parent` names no place: read /api/v1/areas.".to_owned())
}

/// Says that there is no such place any more; refused while others stand in it.
#[utoipa::path(delete, path = "/api/v1/areas/{id}", operation_id = "removeArea", tag = "areas",
    params(("id" = String, Path, description = "Its id.", format = "uuid"),
        ("If-Match" = Option<String>, Header, description = "The tag it had when you read it.")),
    responses((status = 204, description = "It is gone.")))]
async fn remove(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<StatusCode, Problem> {
    pairs.none()?;
    let id: Id = id.parse().map_err(|_| Wrong::Nothing)?;
    let _alone = site.changing().await;
    let own = known(&site, id).await?.ok_or(Wrong::Nothing)?;
    visitor.check(&site, Action::EditSite, Some(&own.path))?;
    tag::holds(&headers, Some(&Area::of(own)))?;
    site.decide(&visitor, Command::RemoveArea(id)).await?;
    Ok(StatusCode::NO_CONTENT)
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
