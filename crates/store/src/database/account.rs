//! Accounts with all that is theirs: grants, second factors, sessions, tokens of programs, saved views.
//!
//! In: rows as their caller made them; roles, kinds and actions are plain texts here. Out: the same, on either engine. None
//! of it follows from the journal: the state's text and digest leave it out. Each change is one transaction, and on disk
//! when its call returns. Never: a password, a session's or a program's token, or a secret that is not sealed; none of
//! what stands in their place is shown by `Debug`.

mod answer;
mod emergency;
mod factor;
mod identity;
mod pass;
mod session;
mod token;
mod view;

pub use answer::StoredAnswer;
pub use emergency::Emergency;
pub use factor::Factor;
pub use identity::Identity;
pub use pass::Pass;
pub use session::StoredSession;
pub use token::StoredToken;
pub use view::View;

use super::engine::{Row, Session};
use super::row::{self, Cells, Misfit};
use super::schema::account::{ACCOUNT, GRANT};
use super::schema::{SITE, Table};
use super::statement::Pages;
use super::{Database, StoreError, statement};
use sea_query::{Expr, ExprTrait as _, SelectStatement, Value};
use std::fmt;
use wardlight_model::{Id, Time, folded};

/// Somebody who may come in.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its lasting name.
    pub id: Id,
    /// What its owner types; no two accounts have the same, whatever the case.
    pub name: String,
    /// What others see.
    pub shown: String,
    /// The password's hash, as a PHC string; none for an account that comes in by other means.
    pub password: Option<String>,
    /// Whether it may not come in for now.
    pub is_disabled: bool,
    /// Whether it is for emergencies.
    pub is_break_glass: bool,
    /// When it was made.
    pub made: Time,
}

impl fmt::Debug for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Account").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// What an account may do, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredGrant {
    /// Whose it is.
    pub account: Id,
    /// The role's name.
    pub role: String,
    /// The area it is bounded by; none: the whole site.
    pub area: Option<Id>,
    /// When it begins.
    pub from: Time,
    /// When it ends, if ever.
    pub until: Option<Time>,
}

impl Database {
    /// All accounts, by name.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let mut found = statement::all(&mut self.engine.read().await?, &ACCOUNT, Cells::account).await?;
        found.sort_by_cached_key(|account| folded(&account.name));
        Ok(found)
    }

    /// The account called `id`.
    pub async fn account(&self, id: Id) -> Result<Option<Account>, StoreError> {
        Ok(self.matching(&ACCOUNT, has("id", id), Cells::account).await?.pop())
    }

    /// The account with this name, whatever its case.
    pub async fn account_named(&self, name: &str) -> Result<Option<Account>, StoreError> {
        let is_named = Expr::col("folded").eq(row::text(&folded(name)));
        Ok(self.matching(&ACCOUNT, is_named, Cells::account).await?.pop())
    }

    /// Writes `account`, new or changed. False, and nothing is written, when another account has its name.
    pub async fn put_account(&self, account: &Account) -> Result<bool, StoreError> {
        let mut session = self.engine.write().await?;
        hold(&mut session).await?;
        let mut namesakes = statement::select(&ACCOUNT);
        let is_other = Expr::col("id").ne(row::blob(&account.id.0));
        namesakes.and_where(Expr::col("folded").eq(row::text(&folded(&account.name))).and(is_other));
        if !session.rows(&namesakes, ACCOUNT.columns).await?.is_empty() {
            return Ok(false);
        }
        statement::write(&mut session, &ACCOUNT, [account.row()]).await?;
        session.commit().await?;
        Ok(true)
    }

    /// Writes the first account with its grants. False, and nothing is written, when there is any account already: of
    /// two at once, one is the first.
    pub async fn put_first_account(&self, account: &Account, grants: &[StoredGrant]) -> Result<bool, StoreError> {
        let mut session = self.engine.write().await?;
        hold(&mut session).await?;
        if !Pages::of(&ACCOUNT).next(&mut session).await?.is_empty() {
            return Ok(false);
        }
        statement::write(&mut session, &ACCOUNT, [account.row()]).await?;
        replace(&mut session, account.id, grants).await?;
        session.commit().await?;
        Ok(true)
    }

    /// What `account` may do, in the order in which it was written.
    pub async fn grants(&self, account: Id) -> Result<Vec<StoredGrant>, StoreError> {
        self.matching(&GRANT, has("account", account), Cells::grant).await
    }

    /// What all accounts may do, by account.
    pub async fn all_grants(&self) -> Result<Vec<StoredGrant>, StoreError> {
        statement::all(&mut self.engine.read().await?, &GRANT, Cells::grant).await
    }

    /// Makes `grants` all that `account` has; whose they say they are does not count. Of two at once, one stays whole.
    pub async fn put_grants(&self, account: Id, grants: &[StoredGrant]) -> Result<(), StoreError> {
        let mut session = self.engine.write().await?;
        hold(&mut session).await?;
        replace(&mut session, account, grants).await?;
        session.commit().await
    }

    /// The rows of `table` that are as `wanted`, by key.
    async fn matching<T>(
        &self,
        table: &Table,
        wanted: Expr,
        read: impl Fn(Cells) -> Result<T, Misfit>,
    ) -> Result<Vec<T>, StoreError> {
        let mut select: SelectStatement = statement::select(table);
        select.and_where(wanted);
        let mut session = self.engine.read().await?;
        let rows = session.rows(&select, table.columns).await?;
        rows.into_iter().map(|row| read(Cells::of(row)).map_err(|Misfit| session.damaged(table.name))).collect()
    }

    /// Writes one row of `table`.
    async fn put_row(&self, table: &Table, row: Row) -> Result<(), StoreError> {
        let mut session = self.engine.write().await?;
        statement::write(&mut session, table, [row]).await?;
        session.commit().await
    }

    /// Removes the rows of `table` that are as `gone`; gives their number.
    async fn drop_rows(&self, table: &Table, gone: Expr) -> Result<u64, StoreError> {
        let mut session = self.engine.write().await?;
        let removed = session.execute(statement::delete(table).and_where(gone)).await?;
        session.commit().await?;
        Ok(removed)
    }

    /// Changes one row; whether it is there.
    async fn change_row(&self, update: &sea_query::UpdateStatement) -> Result<bool, StoreError> {
        let mut session = self.engine.write().await?;
        let changed = session.execute(update).await?;
        session.commit().await?;
        Ok(changed > 0)
    }
}

/// Holds off all other writers of accounts until `session` ends: what it finds stays so. Commits of the state take the same
/// row first, so nobody waits in a ring. SQLite has one writer at a time as it is.
async fn hold(session: &mut Session) -> Result<(), StoreError> {
    let mut site = statement::select(&SITE);
    session.rows(site.lock_exclusive(), SITE.columns).await.map(drop)
}

async fn replace(session: &mut Session, account: Id, grants: &[StoredGrant]) -> Result<(), StoreError> {
    session.execute(statement::delete(&GRANT).and_where(has("account", account))).await?;
    let rows: Vec<Row> = grants.iter().zip(0..).map(|(grant, position)| grant.row(account, position)).collect();
    statement::write(session, &GRANT, rows).await
}

fn has(column: &'static str, id: Id) -> Expr {
    Expr::col(column).eq(row::blob(&id.0))
}

/// The later of what stands in `column`, if anything, and `time`.
fn latest(column: &'static str, time: Time) -> Expr {
    let time = row::int(time.micros());
    Expr::case(Expr::col(column).gt(time.clone()), Expr::col(column)).finally(time).into()
}

fn maybe_time(time: Option<Time>) -> Value {
    Value::BigInt(time.map(Time::micros))
}

fn maybe_text(text: Option<&str>) -> Value {
    Value::String(text.map(|text| row::clean(text).into_owned()))
}

fn maybe_id(id: Option<Id>) -> Value {
    Value::Bytes(id.map(|id| id.0.to_vec()))
}

impl Account {
    fn row(&self) -> Row {
        vec![
            row::blob(&self.id.0),
            row::text(&self.name),
            row::text(&folded(&self.name)),
            row::text(&self.shown),
            maybe_text(self.password.as_deref()),
            row::int(self.is_disabled.into()),
            row::int(self.is_break_glass.into()),
            row::int(self.made.micros()),
        ]
    }
}

impl StoredGrant {
    fn row(&self, account: Id, position: i64) -> Row {
        vec![
            row::blob(&account.0),
            row::int(position),
            row::text(&self.role),
            maybe_id(self.area),
            row::int(self.from.micros()),
            maybe_time(self.until),
        ]
    }
}

impl Cells {
    fn account(mut self) -> Result<Account, Misfit> {
        let (id, name, _folded) = (self.id()?, self.text()?, self.text()?);
        Ok(Account {
            id,
            name,
            shown: self.text()?,
            password: self.maybe_text()?,
            is_disabled: self.is_set()?,
            is_break_glass: self.is_set()?,
            made: self.time()?,
        })
    }

    fn grant(mut self) -> Result<StoredGrant, Misfit> {
        let (account, _position) = (self.id()?, self.int::<i64>()?);
        Ok(StoredGrant {
            account,
            role: self.text()?,
            area: self.maybe_id()?,
            from: self.time()?,
            until: self.maybe_time()?,
        })
    }

    fn id(&mut self) -> Result<Id, Misfit> {
        self.bytes().map(Id)
    }

    fn maybe_id(&mut self) -> Result<Option<Id>, Misfit> {
        self.maybe_blob()?.map(|id| id.try_into().map(Id)).transpose().map_err(|_| Misfit)
    }

    fn maybe_time(&mut self) -> Result<Option<Time>, Misfit> {
        Ok(self.maybe_int()?.map(Time::from_micros))
    }

    fn is_set(&mut self) -> Result<bool, Misfit> {
        Ok(self.int::<i64>()? != 0)
    }
}
