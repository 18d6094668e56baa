//! Tokens: what programs come in with on behalf of an account.

use super::super::engine::Row;
use super::super::row::{self, Cells, Misfit};
use super::super::schema::account::TOKEN;
use super::super::{Database, StoreError};
use super::{has, latest, maybe_time};
use sea_query::Query;
use std::fmt;
use wardlight_model::{Id, Time};

/// A program's token.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// Its lasting name, which the token itself names.
    pub id: Id,
    /// On whose behalf.
    pub account: Id,
    /// What its owner calls it.
    pub title: String,
    /// SHA-256 of its secret.
    pub hash: [u8; 32],
    /// Names of what it may do.
    pub actions: Vec<String>,
    /// When it was made.
    pub made: Time,
    /// When it ends.
    pub until: Time,
    /// When it was used last.
    pub used: Option<Time>,
}

impl fmt::Debug for StoredToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StoredToken")
            .field("id", &self.id)
            .field("account", &self.account)
            .field("actions", &self.actions)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// The tokens of `account`, by id.
    pub async fn tokens(&self, account: Id) -> Result<Vec<StoredToken>, StoreError> {
        self.matching(&TOKEN, has("account", account), Cells::token).await
    }

    /// The token called `id`.
    pub async fn token(&self, id: Id) -> Result<Option<StoredToken>, StoreError> {
        Ok(self.matching(&TOKEN, has("id", id), Cells::token).await?.pop())
    }

    /// Writes `token`, when it is made. That it was used is for [`Self::use_token`]: this would bring back one that was
    /// taken away meanwhile.
    pub async fn put_token(&self, token: &StoredToken) -> Result<(), StoreError> {
        self.put_row(&TOKEN, token.row()).await
    }

    /// Keeps that the token was used at `now`. False when it was taken away meanwhile.
    pub async fn use_token(&self, id: Id, now: Time) -> Result<bool, StoreError> {
        let mut update = Query::update();
        update.table(TOKEN.name).value("used", latest("used", now)).and_where(has("id", id));
        self.change_row(&update).await
    }

    /// Takes the token away.
    pub async fn drop_token(&self, id: Id) -> Result<(), StoreError> {
        self.drop_rows(&TOKEN, has("id", id)).await.map(drop)
    }
}

impl StoredToken {
    fn row(&self) -> Row {
        let actions = serde_json::to_string(&self.actions).expect("a list of texts");
        vec![
            row::blob(&self.id.0),
            row::blob(&self.account.0),
            row::text(&self.title),
            row::blob(&self.hash),
            row::text(&actions),
            row::int(self.made.micros()),
            row::int(self.until.micros()),
            maybe_time(self.used),
        ]
    }
}

impl Cells {
    fn token(mut self) -> Result<StoredToken, Misfit> {
        Ok(StoredToken {
            id: self.id()?,
            account: self.id()?,
            title: self.text()?,
            hash: self.bytes()?,
            actions: serde_json::from_str(&self.text()?).map_err(|_| Misfit)?,
            made: self.time()?,
            until: self.time()?,
            used: self.maybe_time()?,
        })
    }
}
