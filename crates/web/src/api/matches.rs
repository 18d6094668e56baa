//! `/api/v1/matches`: pairs that may be one device and wait for a person, likeliest first.

use super::cursor;
use super::sent::{Pairs, cut};
use crate::answer::Problem;
use crate::guard::Visitor;
use crate::load::matches::{Place, asked_because, member_name, questions};
use crate::part::words::named;
use crate::route::{Entry, Need, Route};
use crate::site::{Settled, Site};
use axum::extract::State;
use axum::routing::get;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use wardlight_access::Action;
use wardlight_inventory::resolve::Question;
use wardlight_model::Id;

/// The resource.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![Route::new("/api/v1/matches", get(list)).needs(Need::Right(Action::SeeMatches)).says::<__path_list>()]
}

/// Pairs that wait for a person.
#[derive(Serialize, ToSchema)]
struct Matches {
    /// How many pairs wait.
    total: usize,
    /// Some of them, likeliest first.
    matches: Vec<Match>,
    /// Goes into `after` for the next part; null at the end.
    next: Option<String>,
}

/// Two rows that may be one device.
#[derive(Serialize, ToSchema)]
struct Match {
    /// The one.
    one: End,
    /// The other.
    other: End,
    /// Why a person is asked.
    why: String,
    /// How likely they are one, 0 to 1.
    probability: f64,
    /// What speaks for and against.
    reasons: Vec<String>,
}

/// A device of the network or a record.
#[derive(Serialize, ToSchema)]
struct End {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// Its source, its key there and its name.
    name: String,
}

/// Lists pairs that wait for a person.
#[utoipa::path(get, path = "/api/v1/matches", operation_id = "listMatches", tag = "matches",
    params(
        ("after" = Option<String>, Query, description = "`next` of the part before."),
        ("limit" = Option<u16>, Query, description = "Most rows.", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "Pairs.", body = Matches)))]
async fn list(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    pairs: Pairs,
) -> Result<Json<Matches>, Problem> {
    visitor.check(&site, Action::SeeMatches, None)?;
    let (part, _) = pairs.part(&[])?;
    let after = part.after.as_deref().map(cursor::pair).transpose()?;
    let after = after.map(|(doubt, ends)| Place { doubt, ends });
    let Some(settled) = site.parts().assets.now() else {
        return Ok(Json(Matches { total: 0, matches: Vec::new(), next: None }));
    };
    let all = &settled.resolution.questions;
    let (found, next) = cut(questions(all, after, part.limit + 1), part.limit, |question| {
        let place = Place::of(question);
        cursor::of_pair(place.doubt, place.ends)
    });
    let matches = found.into_iter().map(|question| Match::of(&settled, question)).collect();
    Ok(Json(Matches { total: all.len(), matches, next }))
}

impl Match {
    fn of(settled: &Settled, question: &Question) -> Self {
        let end = |id: Id| End { id: id.to_string(), name: member_name(settled.asset(id), id) };
        Self {
            one: end(question.a),
            other: end(question.b),
            why: asked_because(question.why).to_owned(),
            probability: question.score.probability,
            reasons: question.score.reasons.iter().map(|reason| named(&reason.to_string())).collect(),
        }
    }
}
