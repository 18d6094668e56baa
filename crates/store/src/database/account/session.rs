//! Sessions: who is logged in. A backup has none.

use super::super::engine::Row;
use super::super::row::{self, Cells, Misfit};
use super::super::schema::account::SESSION;
use super::super::{Database, StoreError};
use super::{has, latest, maybe_time};
use sea_query::{Expr, ExprTrait as _, Query};
use std::fmt;
use wardlight_model::{Id, Time};

/// One session of an account.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// SHA-256 of the token that the browser holds.
    pub hash: [u8; 32],
    /// Whose it is, for ever.
    pub account: Id,
    /// When it began.
    pub begun: Time,
    /// When it was used last.
    pub seen: Time,
    /// When its owner last showed a second factor.
    pub stepped_up: Option<Time>,
    /// Whether it is one for an emergency, for ever.
    pub is_break_glass: bool,
}

impl fmt::Debug for StoredSession {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StoredSession")
            .field("account", &self.account)
            .field("begun", &self.begun)
            .field("seen", &self.seen)
            .field("stepped_up", &self.stepped_up)
            .field("is_break_glass", &self.is_break_glass)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// The session whose token has this `hash`.
    pub async fn session(&self, hash: &[u8; 32]) -> Result<Option<StoredSession>, StoreError> {
        Ok(self.matching(&SESSION, is(hash), Cells::session).await?.pop())
    }

    /// The sessions of `account`, by hash.
    pub async fn sessions(&self, account: Id) -> Result<Vec<StoredSession>, StoreError> {
        self.matching(&SESSION, has("account", account), Cells::session).await
    }

    /// Writes `session`, at a log-in. What goes on in it is for [`Self::touch_session`] and [`Self::step_up_session`]: this
    /// would bring back one that was ended meanwhile.
    pub async fn put_session(&self, session: &StoredSession) -> Result<(), StoreError> {
        self.put_row(&SESSION, session.row()).await
    }

    /// Keeps that the session was used at `seen`. False when it was ended meanwhile.
    pub async fn touch_session(&self, hash: &[u8; 32], seen: Time) -> Result<bool, StoreError> {
        self.note(hash, "seen", seen).await
    }

    /// Keeps that the session's owner showed a second factor at `now`. False when it was ended meanwhile.
    pub async fn step_up_session(&self, hash: &[u8; 32], now: Time) -> Result<bool, StoreError> {
        self.note(hash, "stepped_up", now).await
    }

    /// The same, and from now on the session is kept under `renewed`: what opened it before opens nothing any more.
    pub async fn renew_session(&self, hash: &[u8; 32], renewed: &[u8; 32], now: Time) -> Result<bool, StoreError> {
        let mut update = Query::update();
        let values = [("hash", row::blob(renewed).into()), ("stepped_up", latest("stepped_up", now))];
        update.table(SESSION.name).values(values).and_where(is(hash));
        self.change_row(&update).await
    }

    /// Ends the session.
    pub async fn drop_session(&self, hash: &[u8; 32]) -> Result<(), StoreError> {
        self.drop_rows(&SESSION, is(hash)).await.map(drop)
    }

    /// Ends all sessions of `account`.
    pub async fn drop_sessions(&self, account: Id) -> Result<(), StoreError> {
        self.drop_rows(&SESSION, has("account", account)).await.map(drop)
    }

    /// Ends all sessions of `account` but the one with this `hash`.
    pub async fn drop_other_sessions(&self, account: Id, hash: &[u8; 32]) -> Result<(), StoreError> {
        self.drop_rows(&SESSION, has("account", account).and(is(hash).not())).await.map(drop)
    }

    /// Ends all sessions that began before `begun`; gives their number.
    pub async fn drop_sessions_before(&self, begun: Time) -> Result<u64, StoreError> {
        self.drop_rows(&SESSION, Expr::col("begun").lt(row::int(begun.micros()))).await
    }

    async fn note(&self, hash: &[u8; 32], column: &'static str, time: Time) -> Result<bool, StoreError> {
        let mut update = Query::update();
        update.table(SESSION.name).value(column, latest(column, time)).and_where(is(hash));
        self.change_row(&update).await
    }
}

fn is(hash: &[u8; 32]) -> Expr {
    Expr::col("hash").eq(row::blob(hash))
}

impl StoredSession {
    fn row(&self) -> Row {
        vec![
            row::blob(&self.hash),
            row::blob(&self.account.0),
            row::int(self.begun.micros()),
            row::int(self.is_break_glass.into()),
            row::int(self.seen.micros()),
            maybe_time(self.stepped_up),
        ]
    }
}

impl Cells {
    fn session(mut self) -> Result<StoredSession, Misfit> {
        let (hash, account, begun, is_break_glass) = (self.bytes()?, self.id()?, self.time()?, self.is_set()?);
        let (seen, stepped_up) = (self.time()?, self.maybe_time()?);
        Ok(StoredSession { hash, account, begun, seen, stepped_up, is_break_glass })
    }
}
