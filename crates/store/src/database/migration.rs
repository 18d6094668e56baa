//! Makes the tables, step by step: `migrations/<engine>/NNNN_<name>.sql`, never changed once released.
//!
//! In: a database of any earlier format, or an empty one. Out: the same with this version's tables, in one transaction,
//! so that a crash leaves the old or the new. A database of a later format is refused, not guessed at.

use super::engine::{Engine, Session};
use super::row::{self, Cells};
use super::schema::SITE;
use super::{Settings, StoreError, statement};
use sea_query::{Expr, Query};

/// One step, in the words of both engines.
pub(super) struct Step {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

macro_rules! steps {
    ($($name:literal),+ $(,)?) => {
        &[$(Step {
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }),+]
    };
}

/// Oldest first; a new one is added at the end.
static STEPS: &[Step] = steps![
    "0001_state",
    "0002_history",
    "0003_records",
    "0004_owners",
    "0005_accounts",
    "0006_labels",
    "0007_answers",
    "0008_entry",
    "0009_rules",
];

/// The format of a database after every step.
pub(super) fn format() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Brings `engine` to this version's tables. A new database becomes the one of `settings.site`.
pub(super) async fn migrate(engine: &Engine, settings: &Settings) -> Result<(), StoreError> {
    migrate_to(engine, settings, format()).await
}

/// Brings `engine` to the tables of `target`.
pub(super) async fn migrate_to(engine: &Engine, settings: &Settings, target: i64) -> Result<(), StoreError> {
    let mut session = engine.write().await?;
    let found = known(engine, &mut session).await?;
    for (n, step) in (1..=target).zip(STEPS) {
        if n > found {
            session.script(step.sqlite, step.postgres).await?;
        }
    }
    if found == 0 {
        let site = vec![row::blob(&settings.site.0), row::int(target), row::int(0), row::int(settings.now.micros())];
        statement::write(&mut session, &SITE, [site]).await?;
    } else if found < target {
        session.execute(Query::update().table(SITE.name).value("format", Expr::val(target))).await?;
    }
    session.commit().await
}

/// The format of the database as it is; 0 when it is new. Errors: it is of a later version.
pub(super) async fn found(engine: &Engine) -> Result<i64, StoreError> {
    let mut session = engine.write().await?;
    known(engine, &mut session).await
}

async fn known(engine: &Engine, session: &mut Session) -> Result<i64, StoreError> {
    let found = if session.lock_tables().await? { stored(session).await? } else { 0 };
    if found > format() {
        return Err(StoreError::Newer { place: engine.place.clone(), found, known: format() });
    }
    Ok(found)
}

/// The format that stands in the database; 0 when its making was never finished.
pub(super) async fn stored(session: &mut Session) -> Result<i64, StoreError> {
    let formats = statement::all(session, &SITE, |mut cells: Cells| {
        let _id: [u8; 16] = cells.bytes()?;
        cells.int()
    });
    match formats.await?.as_slice() {
        [] => Ok(0),
        [format] => Ok(*format),
        _ => Err(session.damaged(SITE.name)),
    }
}

/// What the trials need of the steps.
#[cfg(test)]
pub(super) mod trial {
    use super::*;
    use crate::database::Database;

    pub(in crate::database) fn steps() -> &'static [Step] {
        STEPS
    }

    /// Makes the database of `settings` as the version with `format` left it.
    pub(in crate::database) async fn make_at(settings: &Settings, format: i64) {
        let engine = Database::connect(settings).await.unwrap();
        migrate_to(&engine, settings, format).await.unwrap();
        engine.close().await;
    }
}
