//! `/api/v1/tokens`: one's own tokens, without their secrets. Programs cannot see them: a token is for people to manage.

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
use wardlight_access::Action;

/// The resource.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![Route::new("/api/v1/tokens", get(list)).needs(Need::Right(Action::ManageTokens)).says::<__path_list>()]
}

/// One's own tokens.
#[derive(Serialize, ToSchema)]
struct Tokens {
    /// All of them, by id.
    tokens: Vec<Token>,
}

/// A token, without its secret.
#[derive(Serialize, ToSchema)]
struct Token {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// What you call it.
    title: String,
    /// What it may be used for, at most.
    actions: Vec<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    made: String,
    /// When it ends.
    #[schema(format = DateTime)]
    until: String,
    /// When it was used last, to the minute.
    #[schema(format = DateTime)]
    used: Option<String>,
}

/// Lists your own tokens.
#[utoipa::path(get, path = "/api/v1/tokens", operation_id = "listTokens", tag = "access",
    responses((status = 200, description = "Your tokens.", body = Tokens)))]
async fn list(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    pairs: Pairs,
) -> Result<Json<Tokens>, Problem> {
    pairs.none()?;
    let tokens = site.parts().database.tokens(visitor.account).await?.into_iter().map(|token| Token {
        id: token.id.to_string(),
        title: token.title,
        actions: token.actions,
        made: token.made.to_string(),
        until: token.until.to_string(),
        used: token.used.map(|used| used.to_string()),
    });
    Ok(Json(Tokens { tokens: tokens.collect() }))
}
