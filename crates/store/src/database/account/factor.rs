//! Second factors: what somebody shows beside a password.

use super::super::engine::Row;
use super::super::row::{self, Cells, Misfit};
use super::super::schema::account::FACTOR;
use super::super::{Database, StoreError};
use super::{has, latest, maybe_time};
use sea_query::{Cond, Expr, ExprTrait as _, Query, Value};
use std::fmt;
use wardlight_model::{Id, Time};

/// A second factor of an account.
#[derive(Clone, PartialEq, Eq)]
pub struct Factor {
    /// Its lasting name.
    pub id: Id,
    /// Whose it is, for ever.
    pub account: Id,
    /// What it is, for ever: `totp`, `webauthn` or `recovery`.
    pub kind: String,
    /// What its owner calls it.
    pub title: String,
    /// Its secret, sealed by the caller.
    pub sealed: Vec<u8>,
    /// When it was added.
    pub made: Time,
    /// When it was used last.
    pub used: Option<Time>,
    /// The last step that was used: of a code that may be used once, any.
    pub step: Option<u64>,
}

impl fmt::Debug for Factor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Factor")
            .field("id", &self.id)
            .field("account", &self.account)
            .field("kind", &self.kind)
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// The second factors of `account`, by id.
    pub async fn factors(&self, account: Id) -> Result<Vec<Factor>, StoreError> {
        self.matching(&FACTOR, has("account", account), Cells::factor).await
    }

    /// Writes `factor`, new or changed. A step that was used stays used, whatever `factor` says.
    pub async fn put_factor(&self, factor: &Factor) -> Result<(), StoreError> {
        self.put_row(&FACTOR, factor.row()).await
    }

    /// Uses `step` of `factor`. False when that step or a later one was used, or the factor is gone: of two at once, one
    /// is true.
    pub async fn spend_step(&self, factor: Id, step: u64, now: Time) -> Result<bool, StoreError> {
        let step = row::count(step);
        let is_new = Cond::any().add(Expr::col("step").is_null()).add(Expr::col("step").lt(step.clone()));
        let spend = Query::update()
            .table(FACTOR.name)
            .value("step", step)
            .value("used", latest("used", now))
            .and_where(has("id", factor))
            .cond_where(is_new)
            .to_owned();
        self.change_row(&spend).await
    }

    /// Puts `to` in place of what is sealed in `factor` and was `from`. False when that is not there any more: of two at
    /// once, one is true.
    pub async fn exchange_factor(&self, factor: Id, from: &[u8], to: &[u8], now: Time) -> Result<bool, StoreError> {
        let exchange = Query::update()
            .table(FACTOR.name)
            .value("sealed", row::blob(to))
            .value("used", latest("used", now))
            .and_where(has("id", factor).and(Expr::col("sealed").eq(row::blob(from))))
            .to_owned();
        self.change_row(&exchange).await
    }

    /// Removes all factors of `account`.
    pub async fn drop_factors(&self, account: Id) -> Result<(), StoreError> {
        self.drop_rows(&FACTOR, has("account", account)).await.map(drop)
    }

    /// Removes `factor`.
    pub async fn drop_factor(&self, factor: Id) -> Result<(), StoreError> {
        self.drop_rows(&FACTOR, has("id", factor)).await.map(drop)
    }
}

impl Factor {
    fn row(&self) -> Row {
        vec![
            row::blob(&self.id.0),
            row::blob(&self.account.0),
            row::text(&self.kind),
            row::int(self.made.micros()),
            row::text(&self.title),
            row::blob(&self.sealed),
            maybe_time(self.used),
            Value::BigInt(self.step.map(row::signed)),
        ]
    }
}

impl Cells {
    fn factor(mut self) -> Result<Factor, Misfit> {
        let (id, account, kind, made) = (self.id()?, self.id()?, self.text()?, self.time()?);
        let (title, sealed, used) = (self.text()?, self.blob()?, self.maybe_time()?);
        let step = self.maybe_int()?.map(u64::try_from).transpose().map_err(|_| Misfit)?;
        Ok(Factor { id, account, kind, title, sealed, made, used, step })
    }
}
