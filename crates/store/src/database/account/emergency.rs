//! Uses of accounts for emergencies: each stands until somebody took note of it, and is kept.

use super::super::row::{self, Cells, Misfit};
use super::super::schema::account::EMERGENCY;
use super::super::{Database, StoreError};
use super::{has, maybe_id, maybe_time};
use sea_query::{Expr, ExprTrait as _, Query};
use wardlight_model::{Id, Time};

/// One log-in for an emergency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emergency {
    /// Its lasting name.
    pub id: Id,
    /// The account that came in.
    pub account: Id,
    /// When.
    pub begun: Time,
    /// Who took note of it, if anybody did.
    pub seen_by: Option<Id>,
    /// When that was.
    pub seen: Option<Time>,
}

impl Database {
    /// The emergencies of which nobody took note yet, by id.
    pub async fn open_emergencies(&self) -> Result<Vec<Emergency>, StoreError> {
        self.matching(&EMERGENCY, Expr::col("seen").is_null(), Cells::emergency).await
    }

    /// The emergencies in which `account` came in, by id.
    pub async fn emergencies(&self, account: Id) -> Result<Vec<Emergency>, StoreError> {
        self.matching(&EMERGENCY, has("account", account), Cells::emergency).await
    }

    /// Writes a new emergency.
    pub async fn put_emergency(&self, emergency: &Emergency) -> Result<(), StoreError> {
        let row = vec![
            row::blob(&emergency.id.0),
            row::blob(&emergency.account.0),
            row::int(emergency.begun.micros()),
            maybe_id(emergency.seen_by),
            maybe_time(emergency.seen),
        ];
        self.put_row(&EMERGENCY, row).await
    }

    /// Keeps that account `by` took note of the emergency at `now`. False when somebody had before.
    pub async fn see_emergency(&self, id: Id, by: Id, now: Time) -> Result<bool, StoreError> {
        let see = Query::update()
            .table(EMERGENCY.name)
            .value("seen_by", row::blob(&by.0))
            .value("seen", row::int(now.micros()))
            .and_where(has("id", id).and(Expr::col("seen").is_null()))
            .to_owned();
        self.change_row(&see).await
    }
}

impl Cells {
    fn emergency(mut self) -> Result<Emergency, Misfit> {
        Ok(Emergency {
            id: self.id()?,
            account: self.id()?,
            begun: self.time()?,
            seen_by: self.maybe_id()?,
            seen: self.maybe_time()?,
        })
    }
}
