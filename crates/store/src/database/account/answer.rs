//! Answers that programs were given, kept for a while so that a request sent again is not done again. A backup has none.

use super::super::engine::Row;
use super::super::row::{self, Cells, Misfit};
use super::super::schema::account::ANSWER;
use super::super::{Database, StoreError};
use sea_query::{Expr, ExprTrait as _};
use std::fmt;
use wardlight_model::Time;

/// One answer.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Hash of the account and of the key that came with the request.
    pub key: [u8; 32],
    /// Hash of what was asked.
    pub request: [u8; 32],
    /// The status.
    pub status: u16,
    /// What was answered.
    pub body: String,
    /// When.
    pub made: Time,
}

impl fmt::Debug for StoredAnswer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StoredAnswer").field("status", &self.status).field("made", &self.made).finish_non_exhaustive()
    }
}

impl Database {
    /// The answer kept under `key`.
    pub async fn answer(&self, key: &[u8; 32]) -> Result<Option<StoredAnswer>, StoreError> {
        Ok(self.matching(&ANSWER, Expr::col("key").eq(row::blob(key)), Cells::answer).await?.pop())
    }

    /// Keeps `answer`.
    pub async fn put_answer(&self, answer: &StoredAnswer) -> Result<(), StoreError> {
        self.put_row(&ANSWER, answer.row()).await
    }

    /// Forgets all answers that were made before `made`; gives their number.
    pub async fn drop_answers_before(&self, made: Time) -> Result<u64, StoreError> {
        self.drop_rows(&ANSWER, Expr::col("made").lt(row::int(made.micros()))).await
    }
}

impl StoredAnswer {
    fn row(&self) -> Row {
        vec![
            row::blob(&self.key),
            row::blob(&self.request),
            row::int(self.status.into()),
            row::text(&self.body),
            row::int(self.made.micros()),
        ]
    }
}

impl Cells {
    fn answer(mut self) -> Result<StoredAnswer, Misfit> {
        Ok(StoredAnswer {
            key: self.bytes()?,
            request: self.bytes()?,
            status: self.int()?,
            body: self.text()?,
            made: self.time()?,
        })
    }
}
