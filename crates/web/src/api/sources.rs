//! `/api/v1/sources`: other systems whose documents were read, with the runs of their importers.

use super::sent::Pairs;
use crate::answer::Problem;
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use axum::Json;
use axum::extract::State;
use axum::routing::get;
use serde::Serialize;
use utoipa::ToSchema;
use wardlight_access::Action;

/// The resource.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![Route::new("/api/v1/sources", get(list)).needs(Need::Right(Action::SeeImports)).says::<__path_list>()]
}

/// Sources, by name. There are as many as the house has systems.
#[derive(Serialize, ToSchema)]
struct Sources {
    /// All of them.
    sources: Vec<Source>,
}

/// Another system.
#[derive(Serialize, ToSchema)]
struct Source {
    /// What its operator calls it.
    name: String,
    /// The importer that reads it; empty when an earlier version did not note it.
    importer: String,
    /// Routing domain that its addresses belong to.
    scope: u32,
    /// Its last runs, earliest first.
    runs: Vec<Run>,
}

/// One run of an importer.
#[derive(Serialize, ToSchema)]
struct Run {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// When it read the document.
    #[schema(format = DateTime)]
    read: String,
    /// Rows that it had.
    rows: u64,
    /// Whether it read all of its source.
    is_whole: bool,
}

/// Lists sources with their runs.
#[utoipa::path(get, path = "/api/v1/sources", operation_id = "listSources", tag = "imports",
    responses((status = 200, description = "Sources.", body = Sources)))]
async fn list(State(site): State<Site>, pairs: Pairs) -> Result<Json<Sources>, Problem> {
    pairs.none()?;
    let run = |run: &wardlight_model::change::Run| Run {
        id: run.id.to_string(),
        read: run.read.to_string(),
        rows: run.rows,
        is_whole: run.is_whole,
    };
    let sources = site.parts().database.sources().await?.into_iter().map(|source| Source {
        runs: source.runs.iter().map(run).collect(),
        name: source.name,
        importer: source.importer,
        scope: source.scope.0,
    });
    Ok(Json(Sources { sources: sources.collect() }))
}
