//! What a program changes: the body it sends, whether that may be done twice, and whether what it saw is still so.
//!
//! An `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07) makes a request safe to send again: the same key with
//! the same content is answered the same for a day and done once; with other content it is refused. The id of what it decides
//! is kept before it is decided: after a crash in between, the same request decides under the same id, and the journal
//! answers with what came of it.

use crate::answer::{Problem, Wrong};
use crate::guard::Visitor;
use crate::site::Site;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use wardlight_model::Id;
use wardlight_store::database::StoredAnswer;

/// How long an answer is kept, in microseconds: a day.
const KEPT: i64 = 86_400_000_000;
/// Status of a request that is not answered yet; its body is the id of what it decides.
const BEGUN: u16 = 0;
/// Longest key.
const LONGEST: usize = 255;

/// A body in JSON, and the hash of what was sent.
pub struct Body<T> {
    /// What it says.
    pub says: T,
    hash: [u8; 32],
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/json" {
            let why = "Send `Content-Type: application/json`.".to_owned();
            return Err(Wrong::Standard(StatusCode::UNSUPPORTED_MEDIA_TYPE, why).into());
        }
        let place = format!("{} {}\n", request.method(), request.uri().path());
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|error| Wrong::Standard(error.status(), "A body has 64 KiB at most.".to_owned()))?;
        let says = serde_json::from_slice(&bytes).map_err(|error| {
            let status = if error.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
            Wrong::Standard(status, format!("The body cannot be read: {error}."))
        })?;
        let hash = Sha256::new().chain_update(place).chain_update(&bytes).finalize().into();
        Ok(Self { says, hash })
    }
}

/// Most characters of a text that is shown in lists.
const SHORT: usize = 200;

/// Errors: `text`, which the body calls `name`, is empty or longer than lists show.
pub fn short(name: &str, text: &str) -> Result<(), Wrong> {
    if (1..=SHORT).contains(&text.chars().count()) {
        return Ok(());
    }
    let why = format!("`{name}` has 1 to {SHORT} characters.");
    Err(Wrong::Standard(StatusCode::UNPROCESSABLE_ENTITY, why))
}

/// What a request that may be sent again is called by.
pub struct Key(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let key = value.to_str().unwrap_or_default().trim().trim_matches('"');
        if key.is_empty() || key.len() > LONGEST {
            let why = format!("`Idempotency-Key` is a text of 1 to {LONGEST} characters.");
            return Err(Wrong::Senseless(why).into());
        }
        Ok(Self(Some(key.to_owned())))
    }
}

impl Key {
    /// Does `act`, unless it was done under this key; then gives the answer of that time. Errors: those of `act`; the key
    /// stood before other content; the same is being done right now.
    pub async fn once<T, B: Serialize, F>(
        self,
        site: &Site,
        visitor: &Visitor,
        body: &Body<T>,
        act: impl FnOnce(Option<Id>) -> F,
    ) -> Result<Response, Problem>
    where
        F: Future<Output = Result<(StatusCode, B), Wrong>>,
    {
        let Self(Some(key)) = self else {
            let (status, answer) = act(None).await?;
            return Ok((status, Json(answer)).into_response());
        };
        let key: [u8; 32] = Sha256::new().chain_update(visitor.account.0).chain_update(key).finalize().into();
        let Some(_turn) = site.take_key(key) else {
            let why = "A request with this `Idempotency-Key` is under way: ask again in a moment.".to_owned();
            return Err(Wrong::Standard(StatusCode::CONFLICT, why).into());
        };
        let (database, now) = (&site.parts().database, site.now());
        let oldest = now.plus(-KEPT);
        let id = if let Some(kept) = database.answer(&key).await?.filter(|kept| kept.made >= oldest) {
            match begun(&kept, body.hash)? {
                Some(id) => id,
                None => return Ok(again(kept)),
            }
        } else {
            let id = Id::at(u64::try_from(now.micros() / 1000).unwrap_or_default(), site.chance()?);
            database.drop_answers_before(oldest).await?;
            let request = body.hash;
            database.put_answer(&StoredAnswer { key, request, status: BEGUN, body: id.to_string(), made: now }).await?;
            id
        };
        let (status, answer) = act(Some(id)).await?;
        let text = serde_json::to_string(&answer).unwrap_or_default();
        let kept = StoredAnswer { key, request: body.hash, status: status.as_u16(), body: text, made: now };
        database.put_answer(&kept).await?;
        Ok((status, Json(answer)).into_response())
    }
}

/// The id under which a request was begun of which nobody knows what came; `None` when it was answered. Errors: the key stood
/// before another request.
fn begun(kept: &StoredAnswer, hash: [u8; 32]) -> Result<Option<Id>, Wrong> {
    if kept.request != hash {
        let why = "This `Idempotency-Key` stood before another request: take a new one.".to_owned();
        return Err(Wrong::Standard(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    Ok(if kept.status == BEGUN { kept.body.parse().ok() } else { None })
}

fn again(kept: StoredAnswer) -> Response {
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    (status, [(CONTENT_TYPE, "application/json")], kept.body).into_response()
}
