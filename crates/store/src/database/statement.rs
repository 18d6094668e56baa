//! The statements that work for any table of the schema.
//!
//! In: a table and rows. Out: statements of a few sizes, so that each is made and understood once; or pages of rows in the
//! order of the key.

use super::StoreError;
use super::engine::{Row, Session};
use super::row::{self, Cells, Misfit};
use super::schema::account::FACTOR;
use super::schema::{CONTACT, Table};
use sea_query::{
    DeleteStatement, Expr, ExprTrait as _, InsertStatement, OnConflict, Order, Query, SelectStatement, Value,
};
use wardlight_model::Origin;

/// Rows of one statement: enough that the way to the engine costs little, few enough for its limit of parameters.
pub(super) const BATCH: usize = 256;
/// How many rows statements write. What is left over is written by the next smaller ones.
const SIZES: [usize; 5] = [BATCH, 64, 16, 4, 1];
/// Rows that are held in memory at a time.
const PAGE: u64 = 2_000;

/// Writes `rows` of `table`; a row with the same key is replaced, or for contacts added to.
pub(super) async fn write(
    session: &mut Session,
    table: &Table,
    rows: impl IntoIterator<Item = Row>,
) -> Result<(), StoreError> {
    let mut rows = rows.into_iter().fuse();
    loop {
        let mut some: Vec<Row> = rows.by_ref().take(BATCH).collect();
        if some.is_empty() {
            return Ok(());
        }
        for size in SIZES {
            while some.len() >= size {
                let values = some.drain(..size).flatten().collect();
                session.insert(table, values).await?;
            }
        }
    }
}

/// Removes the rows of `table` whose key, of one column, is among `keys`.
pub(super) async fn remove(
    session: &mut Session,
    table: &Table,
    keys: impl IntoIterator<Item = Value>,
) -> Result<(), StoreError> {
    let Some(key) = table.keys().next() else { return Ok(()) };
    let mut keys = keys.into_iter().peekable();
    while keys.peek().is_some() {
        let mut statement = delete(table);
        statement.and_where(Expr::col(key).is_in(keys.by_ref().take(BATCH)));
        session.execute(&statement).await?;
    }
    Ok(())
}

/// Removes the rows of `table`, whose key is an origin, that are among `origins`.
pub(super) async fn remove_rows(
    session: &mut Session,
    table: &Table,
    origins: impl IntoIterator<Item = Origin>,
) -> Result<(), StoreError> {
    let mut keys =
        origins.into_iter().map(|origin| [row::count(origin.sequence), row::int(origin.item.into())]).peekable();
    while keys.peek().is_some() {
        let mut statement = delete(table);
        let among = keys.by_ref().take(BATCH).map(|key| Expr::tuple(key.map(Expr::val)));
        statement.and_where(Expr::tuple(table.keys().map(Expr::col)).is_in(among));
        session.execute(&statement).await?;
    }
    Ok(())
}

/// The statement that removes all of `table`; to be narrowed.
pub(super) fn delete(table: &Table) -> DeleteStatement {
    Query::delete().from_table(table.name).to_owned()
}

/// All columns of `table`, in the order of its key.
pub(super) fn select(table: &Table) -> SelectStatement {
    let mut select = Query::select();
    select.columns(table.names()).from(table.name);
    for key in table.keys() {
        select.order_by(key, Order::Asc);
    }
    select
}

/// Reads a table from its first row to its last, some at a time.
pub(super) struct Pages<'a> {
    table: &'a Table,
    after: Option<Row>,
}

impl<'a> Pages<'a> {
    pub(super) const fn of(table: &'a Table) -> Self {
        Self { table, after: None }
    }

    /// The next rows; none at the end.
    pub(super) async fn next(&mut self, session: &mut Session) -> Result<Vec<Row>, StoreError> {
        let mut page = select(self.table);
        page.limit(PAGE);
        if let Some(after) = self.after.take() {
            let keys = Expr::tuple(self.table.keys().map(Expr::col));
            page.and_where(keys.gt(Expr::tuple(after.into_iter().map(Expr::val))));
        }
        let rows = session.rows(&page, self.table.columns).await?;
        self.after = rows.last().map(|row| row.iter().take(self.table.key).cloned().collect());
        Ok(rows)
    }
}

/// All of `table`, each row as `read` sees it.
pub(super) async fn all<T>(
    session: &mut Session,
    table: &Table,
    read: impl Fn(Cells) -> Result<T, Misfit>,
) -> Result<Vec<T>, StoreError> {
    let (mut found, mut pages) = (Vec::new(), Pages::of(table));
    loop {
        let rows = pages.next(session).await?;
        if rows.is_empty() {
            return Ok(found);
        }
        found.reserve(rows.len());
        for row in rows {
            found.push(read(Cells::of(row)).map_err(|Misfit| session.damaged(table.name))?);
        }
    }
}

/// A statement that writes `rows` rows, whatever they are.
pub(super) fn insert(table: &Table, rows: usize) -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table(table.name).columns(table.names());
    for _ in 0..rows {
        // A value for each column.
        insert.values_panic(table.columns.iter().map(|_| Expr::val(0)));
    }
    let mut conflict = OnConflict::columns(table.keys());
    let others = table.names().skip(table.lasting.max(table.key));
    if table.name == CONTACT.name {
        conflict.values(others.map(|column| (column, merged(column))));
    } else if table.name == FACTOR.name {
        conflict.values(others.map(|column| (column, advanced(column))));
    } else {
        conflict.update_columns(others);
    }
    insert.on_conflict(conflict).to_owned()
}

/// What a second factor's `column` becomes when it is written again: what was used stays used.
fn advanced(column: &str) -> Expr {
    let (old, new) = (format!("\"factor\".\"{column}\""), format!("\"excluded\".\"{column}\""));
    Expr::cust(match column {
        "used" | "step" => format!("CASE WHEN {new} IS NULL OR {old} > {new} THEN {old} ELSE {new} END"),
        _ => new,
    })
}

/// What a contact's `column` becomes when there is more of it: the earlier first, the later last, the sum of counts,
/// which stays at the largest number there is.
fn merged(column: &str) -> Expr {
    let (old, new, most) = (format!("\"contact\".\"{column}\""), format!("\"excluded\".\"{column}\""), i64::MAX);
    Expr::cust(match column {
        "first" => format!("CASE WHEN {new} < {old} THEN {new} ELSE {old} END"),
        "last" => format!("CASE WHEN {new} > {old} THEN {new} ELSE {old} END"),
        _ => format!("CASE WHEN {old} > {most} - {new} THEN {most} ELSE {old} + {new} END"),
    })
}
