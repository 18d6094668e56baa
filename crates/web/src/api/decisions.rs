//! Decisions of people, as programs take them on their behalf: which records are one device, who answers for what, what an
//! import brought taken back. Each is in the journal, carried out and in the ledger when it is answered.

use super::sent::Pairs;
use super::tag;
use super::write::{Body, Key, short};
use crate::answer::{Problem, Wrong};
use crate::guard::Visitor;
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use crate::stand;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{delete, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardlight_access::Action;
use wardlight_model::journal::{Command, Judgement, OwnerRole, OwnerRule};
use wardlight_model::{Id, Scope};

/// The resources.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    let decides = Need::Right(Action::DecideMatches);
    let owns = Need::Right(Action::SetOwners);
    vec![
        Route::new("/api/v1/judgements", post(judge)).needs(decides).says::<__path_judge>(),
        Route::new("/api/v1/judgements/{id}", delete(unjudge)).needs(decides).says::<__path_unjudge>(),
        Route::new("/api/v1/owners", post(own)).needs(owns).says::<__path_own>(),
        Route::new("/api/v1/owners/{id}", delete(disown)).needs(owns).says::<__path_disown>(),
        Route::new("/api/v1/imports/{id}", delete(undo)).needs(Need::Right(Action::UndoImport)).says::<__path_undo>(),
    ]
}

/// Something that was decided.
#[derive(Serialize, ToSchema)]
pub struct Decided {
    /// By this it is taken back.
    #[schema(format = "uuid")]
    pub id: String,
}

/// Whether two rows are one device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewJudgement {
    /// The one.
    #[schema(format = "uuid")]
    one: String,
    /// The other.
    #[schema(format = "uuid")]
    other: String,
    /// Whether they are one.
    is_same: bool,
}

/// Says that two rows are one device, or two.
#[utoipa::path(post, path = "/api/v1/judgements", operation_id = "judge", tag = "matches",
    request_body = NewJudgement,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again.",
        min_length = 1, max_length = 255)),
    responses((status = 201, description = "It is so from now on.", body = Decided)))]
async fn judge(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    key: Key,
    body: Body<NewJudgement>,
) -> Result<Response, Problem> {
    let says = &body.says;
    let [one, other] = [&says.one, &says.other].map(|id| id.parse::<Id>().map_err(|_| unknown(id)));
    let (one, other) = (one?, other?);
    let settled = site.parts().assets.now();
    for id in [one, other] {
        stand::check(&site, &visitor, Action::DecideMatches, id).await?;
        settled.as_ref().and_then(|settled| settled.asset(id)).ok_or_else(|| unknown(&id.to_string()))?;
    }
    let command = Command::Judge(Judgement { one, other, is_same: says.is_same });
    key.once(&site, &visitor, &body, |id| decided(&site, &visitor, id, command)).await
}

fn unknown(id: &str) -> Wrong {
    let id: String = id.chars().take(40).collect();
    Wrong::Standard(StatusCode::UNPROCESSABLE_ENTITY, format!("No device and no record is called {id}."))
}

/// What is answered once `command` is carried out, under `id` if one is given.
pub async fn decided(
    site: &Site,
    visitor: &Visitor,
    id: Option<Id>,
    command: Command,
) -> Result<(StatusCode, Decided), Wrong> {
    let id = site.decide_once(visitor, id, command).await?.to_string();
    Ok((StatusCode::CREATED, Decided { id }))
}

/// Takes back what somebody said about two rows.
#[utoipa::path(delete, path = "/api/v1/judgements/{id}", operation_id = "unjudge", tag = "matches",
    params(("id" = String, Path, description = "The decision.", format = "uuid")),
    responses((status = 204, description = "It is as if it had never been said.")))]
async fn unjudge(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<StatusCode, Problem> {
    let id = gone(&headers, pairs, &id)?;
    let all = site.parts().database.judgements().await?;
    let (_, judged) = all.into_iter().find(|(own, _)| *own == id).ok_or(Wrong::Nothing)?;
    for end in [judged.one, judged.other] {
        stand::check(&site, &visitor, Action::DecideMatches, end).await?;
    }
    site.decide(&visitor, Command::Unjudge(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The id of what is to go. Errors: it is none, or something else is asked.
pub fn gone(headers: &HeaderMap, pairs: Pairs, id: &str) -> Result<Id, Wrong> {
    pairs.none()?;
    tag::holds(headers, None::<&()>)?;
    id.parse().map_err(|_| Wrong::Nothing)
}

/// In which way somebody answers for a device.
#[derive(Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Way {
    Clinical,
    Technical,
    Security,
}

/// Who answers for devices like these, as far as no source names another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewOwner {
    /// In which role.
    role: Way,
    /// Who: a department or a group, or a person's function.
    #[schema(min_length = 1, max_length = 200)]
    owner: String,
    /// For devices of this type, or a kind of it.
    #[serde(rename = "type", default)]
    kind: Option<String>,
    /// For devices of this department.
    #[serde(default)]
    department: Option<String>,
    /// For devices met in this routing domain.
    #[serde(default)]
    scope: Option<u32>,
    /// For devices that this source lists.
    #[serde(default)]
    source: Option<String>,
}

/// Says who answers for devices like these.
#[utoipa::path(post, path = "/api/v1/owners", operation_id = "putOwner", tag = "owners",
    request_body = NewOwner,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again.",
        min_length = 1, max_length = 255)),
    responses((status = 201, description = "It is so from now on.", body = Decided)))]
async fn own(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    key: Key,
    body: Body<NewOwner>,
) -> Result<Response, Problem> {
    visitor.check(&site, Action::SetOwners, None)?;
    let says = &body.says;
    short("owner", &says.owner)?;
    let rule = OwnerRule {
        role: match says.role {
            Way::Clinical => OwnerRole::Clinical,
            Way::Technical => OwnerRole::Technical,
            Way::Security => OwnerRole::Security,
        },
        owner: says.owner.clone(),
        r#type: says.kind.clone(),
        department: says.department.clone(),
        scope: says.scope.map(Scope),
        source: says.source.clone(),
    };
    key.once(&site, &visitor, &body, |id| decided(&site, &visitor, id, Command::PutOwner(rule))).await
}

/// Takes back who answers for what.
#[utoipa::path(delete, path = "/api/v1/owners/{id}", operation_id = "removeOwner", tag = "owners",
    params(("id" = String, Path, description = "The decision.", format = "uuid")),
    responses((status = 204, description = "It no longer counts.")))]
async fn disown(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<StatusCode, Problem> {
    visitor.check(&site, Action::SetOwners, None)?;
    let id = gone(&headers, pairs, &id)?;
    let all = site.parts().database.owners().await?;
    all.iter().find(|(own, _)| *own == id).ok_or(Wrong::Nothing)?;
    site.decide(&visitor, Command::RemoveOwner(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes back what a run of an importer brought.
#[utoipa::path(delete, path = "/api/v1/imports/{id}", operation_id = "undoImport", tag = "imports",
    params(("id" = String, Path, description = "The run, as sources name it.", format = "uuid")),
    responses((status = 204, description = "It is as if it had never been.")))]
async fn undo(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<StatusCode, Problem> {
    let id = gone(&headers, pairs, &id)?;
    let all = site.parts().database.sources().await?;
    all.iter().flat_map(|source| &source.runs).find(|run| run.id == id).ok_or(Wrong::Nothing)?;
    site.decide(&visitor, Command::UndoImport(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
