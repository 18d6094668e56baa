//! What a form sent: its fields, once its token is seen to be ours.

use crate::answer::Wrong;
use crate::guard::Visitor;
use axum::extract::{FromRequest, Request};
use axum::{Form, RequestExt as _};
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;

/// The fields of a form that a page of ours gave to this visitor; of somebody not logged in yet, of any page of ours.
pub struct Sent<T>(pub T);

#[derive(serde::Deserialize)]
struct Signed<T> {
    #[serde(default)]
    csrf: String,
    #[serde(flatten)]
    rest: T,
}

impl<S: Send + Sync, T: DeserializeOwned + Send + 'static> FromRequest<S> for Sent<T> {
    type Rejection = Wrong;

    async fn from_request(request: Request, _: &S) -> Result<Self, Wrong> {
        let csrf = request.extensions().get::<Visitor>().map(|visitor| visitor.csrf.clone());
        let form = request.extract::<Form<Signed<T>>, _>().await;
        let Form(Signed { csrf: sent, rest }) = form.map_err(|error| Wrong::Senseless(error.body_text()))?;
        match csrf {
            Some(wanted) if !is_same(&wanted, &sent) => Err(Wrong::Foreign),
            _ => Ok(Self(rest)),
        }
    }
}

/// Takes as long wherever they differ.
fn is_same(wanted: &str, sent: &str) -> bool {
    bool::from(wanted.as_bytes().ct_eq(sent.as_bytes()))
}

/// The same as pairs: for forms that send several of one name.
pub struct Pairs(pub Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Pairs {
    type Rejection = Wrong;

    async fn from_request(request: Request, _: &S) -> Result<Self, Wrong> {
        let csrf = request.extensions().get::<Visitor>().map(|visitor| visitor.csrf.clone());
        let form = request.extract::<Form<Vec<(String, String)>>, _>().await;
        let Form(pairs) = form.map_err(|error| Wrong::Senseless(error.body_text()))?;
        let is_ours = |wanted: String| pairs.iter().any(|(name, value)| name == "csrf" && is_same(&wanted, value));
        if csrf.is_none_or(is_ours) { Ok(Self(pairs)) } else { Err(Wrong::Foreign) }
    }
}
