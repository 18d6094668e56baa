//! What leads into an account without its password: links to set it up, codes for emergencies.

use super::super::engine::Row;
use super::super::row::{self, Cells, Misfit};
use super::super::schema::account::PASS;
use super::super::{Database, StoreError, statement};
use super::{has, hold, maybe_time};
use sea_query::{Expr, ExprTrait as _};
use std::fmt;
use wardlight_model::{Id, Time};

/// One way into an account.
#[derive(Clone, PartialEq, Eq)]
pub struct Pass {
    /// SHA-256 of what its bearer shows.
    pub hash: [u8; 32],
    /// Into which account, for ever.
    pub account: Id,
    /// What it is, for ever: `set-up` or `break-glass`.
    pub kind: String,
    /// When it was made.
    pub made: Time,
    /// When it ends, if ever.
    pub until: Option<Time>,
}

impl fmt::Debug for Pass {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pass").field("account", &self.account).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Database {
    /// The pass with this `hash`.
    pub async fn pass(&self, hash: &[u8; 32]) -> Result<Option<Pass>, StoreError> {
        Ok(self.matching(&PASS, is(hash), Cells::pass).await?.pop())
    }

    /// The passes into `account`, by hash.
    pub async fn passes(&self, account: Id) -> Result<Vec<Pass>, StoreError> {
        self.matching(&PASS, has("account", account), Cells::pass).await
    }

    /// Writes `pass` in place of every other of its kind into the same account.
    pub async fn put_pass(&self, pass: &Pass) -> Result<(), StoreError> {
        let mut session = self.engine.write().await?;
        hold(&mut session).await?;
        let others = has("account", pass.account).and(Expr::col("kind").eq(row::text(&pass.kind)));
        session.execute(statement::delete(&PASS).and_where(others)).await?;
        statement::write(&mut session, &PASS, [pass.row()]).await?;
        session.commit().await
    }

    /// Takes the pass away; whether it was there: of two who use it at once, one finds it.
    pub async fn drop_pass(&self, hash: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(self.drop_rows(&PASS, is(hash)).await? > 0)
    }
}

fn is(hash: &[u8; 32]) -> Expr {
    Expr::col("hash").eq(row::blob(hash))
}

impl Pass {
    fn row(&self) -> Row {
        vec![
            row::blob(&self.hash),
            row::blob(&self.account.0),
            row::text(&self.kind),
            row::int(self.made.micros()),
            maybe_time(self.until),
        ]
    }
}

impl Cells {
    fn pass(mut self) -> Result<Pass, Misfit> {
        Ok(Pass {
            hash: self.bytes()?,
            account: self.id()?,
            kind: self.text()?,
            made: self.time()?,
            until: self.maybe_time()?,
        })
    }
}
