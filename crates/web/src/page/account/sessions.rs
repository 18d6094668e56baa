//! One's own sessions: where one is logged in, and the end of that.

use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::part::form::Sent;
use crate::part::hex;
use crate::part::words::moment;
use crate::site::Site;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use wardlight_model::DeedKind;

/// One session.
pub struct Line {
    /// What tells it apart; not what opens it.
    pub hash: String,
    pub begun: String,
    pub seen: String,
    pub is_this: bool,
}

/// The sessions of who looks that are not over, newest first.
pub async fn lines(site: &Site, visitor: &Visitor) -> Result<Vec<Line>, Wrong> {
    let (now, limits) = (site.now(), site.limits());
    let mut sessions = site.parts().database.sessions(visitor.account).await?;
    sessions.retain(|session| now.since(session.seen) < limits.idle && now.since(session.begun) < limits.longest);
    sessions.sort_by_key(|session| std::cmp::Reverse(session.begun));
    let line = |session: wardlight_store::database::StoredSession| Line {
        hash: hex::written(&session.hash),
        begun: moment(session.begun),
        seen: moment(session.seen),
        is_this: session.hash == visitor.hash,
    };
    Ok(sessions.into_iter().map(line).collect())
}

#[derive(serde::Deserialize)]
pub struct Ended {
    which: String,
}

/// Ends one session of who looks, or all but this one.
pub async fn end(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(Ended { which }): Sent<Ended>,
) -> Result<Response, Wrong> {
    let database = &site.parts().database;
    if which == "others" {
        site.note(&visitor.name, DeedKind::SessionsEnded, visitor.account, "all but one").await?;
        database.drop_other_sessions(visitor.account, &visitor.hash).await?;
    } else if let Some(hash) = hex::read(&which).and_then(|hash| <[u8; 32]>::try_from(hash).ok()) {
        let is_own = database.session(&hash).await?.is_some_and(|session| session.account == visitor.account);
        if is_own {
            site.note(&visitor.name, DeedKind::SessionsEnded, visitor.account, "one").await?;
            database.drop_session(&hash).await?;
        }
    }
    Ok(Redirect::to("/account").into_response())
}
