//! SQLite and PostgreSQL behind one door: the same statements, built for whichever runs.
//!
//! In: statements of sea-query. Out: rows as values. Never: a statement that only one engine knows, outside this file.

use super::StoreError;
use super::error::LOCKED;
use super::schema::{Column, Kind, Table};
use super::statement;
use sea_query::{PostgresQueryBuilder, SelectStatement, SqliteQueryBuilder, Value, Values};
use sea_query_sqlx::{SqlxBinder, SqlxValues};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// One row: a value for each column.
pub(super) type Row = Vec<Value>;

/// Readers beside the one writer.
const READERS: u32 = 4;
/// Rows that SQLite's thread may be ahead of who reads them: each wait costs more than a row.
const ROWS_AHEAD: usize = 1_000;
/// What SQLite keeps of a file in memory for one connection, in KiB below zero: the inner pages of all indexes.
const CACHE: &str = "-65536";
/// Pages of the write-ahead log after which they are brought home: a page that is written again meanwhile is so once.
const CHECKPOINT: &str = "16384";
/// Names the lock under which PostgreSQL's tables are made: "wardlght" in ASCII.
const MAKING: i64 = 0x7761_7264_6c67_6874;

/// The connections to one database.
#[derive(Clone)]
pub(super) struct Engine {
    /// What it is called in messages.
    pub(super) place: String,
    patience: Duration,
    pools: Pools,
    inserts: Inserts,
    /// Times that somebody began to read.
    reads: Arc<AtomicU64>,
}

/// The statements that write rows, by table and number of rows: to make one anew costs as much as to carry it out.
type Inserts = Arc<Mutex<HashMap<(&'static str, usize), Arc<str>>>>;

#[derive(Clone)]
enum Pools {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres(PgPool),
}

/// What a SQLite file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// The state of a running program: write-ahead log beside it, many readers.
    State,
    /// A backup being written: one file, nothing beside it when closed.
    Backup,
    /// A backup being read.
    Restore,
}

/// Between two tries to open a file that is locked.
const AGAIN: Duration = Duration::from_millis(20);

impl Engine {
    /// Connects to the SQLite file at `path`. What takes longer than `patience` is given up.
    pub(super) async fn sqlite(path: &Path, used: Use, patience: Duration) -> Result<Self, StoreError> {
        let place = format!("the SQLite database {}", path.display());
        let options = SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(true)
            .busy_timeout(patience)
            .row_buffer_size(ROWS_AHEAD)
            .disable_statement_logging();
        let options = match used {
            Use::State => options
                .journal_mode(SqliteJournalMode::Wal)
                .pragma("cache_size", CACHE)
                .pragma("wal_autocheckpoint", CHECKPOINT),
            Use::Backup => options.journal_mode(SqliteJournalMode::Delete),
            Use::Restore => options.read_only(true),
        };
        // FULL: what was committed stays committed when the power goes.
        let writing = options.clone().synchronous(SqliteSynchronous::Full);
        let pool = |size| {
            let pool = SqlitePoolOptions::new().max_connections(size).acquire_timeout(patience);
            // When the disk is full, SQLite has rolled back before it is told to; the driver then takes the transaction
            // for one that still runs, and would refuse every other.
            pool.before_acquire(|connection, _| {
                let is_free = !connection.is_in_transaction();
                Box::pin(std::future::ready(Ok(is_free)))
            })
        };
        let mut waited = Duration::ZERO;
        let writer = loop {
            match pool(1).connect_with(writing.clone()).await.map_err(|error| StoreError::of(&place, &error)) {
                // Several that open a new file at once are told of each other's lock at once, whatever their patience.
                Err(StoreError::Unavailable { why, .. }) if why == LOCKED && waited < patience => {
                    waited += AGAIN;
                    tokio::time::sleep(AGAIN).await;
                }
                opened => break opened?,
            }
        };
        let readers = pool(READERS).connect_lazy_with(options.read_only(true));
        Ok(Self {
            place,
            patience,
            pools: Pools::Sqlite { writer, readers },
            inserts: Inserts::default(),
            reads: Arc::default(),
        })
    }

    /// Connects to the PostgreSQL server at `url`. What takes longer than `patience` is given up.
    pub(super) async fn postgres(url: &str, patience: Duration) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url.parse().map_err(|_| StoreError::Url)?;
        let options = options.application_name("wardlight").disable_statement_logging();
        let place = format!(
            "the PostgreSQL database {} at {}",
            options.get_database().unwrap_or(options.get_username()),
            options.get_socket().map_or(options.get_host().to_owned(), |path| path.display().to_string()),
        );
        let pool = PgPoolOptions::new().max_connections(READERS + 1).acquire_timeout(patience);
        // A server may be set to acknowledge before the disk has it.
        let pool = pool.after_connect(|connection, _| {
            Box::pin(async move {
                let durable = "SELECT set_config('synchronous_commit', 'on', false) \
                               WHERE current_setting('synchronous_commit') = 'off'";
                sqlx::raw_sql(durable).execute(connection).await.map(drop)
            })
        });
        let pool = pool.connect_with(options).await.map_err(|error| StoreError::of(&place, &error))?;
        Ok(Self { place, patience, pools: Pools::Postgres(pool), inserts: Inserts::default(), reads: Arc::default() })
    }

    /// Begins to read one state of the whole, whatever is written meanwhile.
    pub(super) async fn read(&self) -> Result<Session, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        self.begin(async {
            match &self.pools {
                Pools::Sqlite { readers, .. } => readers.begin().await.map(Transaction::Sqlite),
                Pools::Postgres(pool) => pool.begin_with(SNAPSHOT).await.map(Transaction::Postgres),
            }
        })
        .await
    }

    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Begins to write; one at a time on SQLite.
    pub(super) async fn write(&self) -> Result<Session, StoreError> {
        self.begin(async {
            match &self.pools {
                Pools::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Transaction::Sqlite),
                Pools::Postgres(pool) => pool.begin().await.map(Transaction::Postgres),
            }
        })
        .await
    }

    async fn begin(
        &self,
        begun: impl Future<Output = Result<Transaction, sqlx::Error>>,
    ) -> Result<Session, StoreError> {
        let limits = Limits { place: self.place.clone(), patience: self.patience };
        let transaction = limits.within(begun).await?;
        Ok(Session { limits, transaction, inserts: Arc::clone(&self.inserts) })
    }

    /// Takes SQLite's write-ahead log into its file and gives its space back, as far as that is possible now.
    pub(super) async fn fold(&self) -> Result<(), StoreError> {
        let Pools::Sqlite { writer, .. } = &self.pools else { return Ok(()) };
        let folded = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(writer);
        folded.await.map(drop).map_err(|error| StoreError::of(&self.place, &error))
    }

    /// Waits until nobody uses it, and closes it.
    pub(super) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// One transaction. Dropped without [`Session::commit`], it changes nothing.
pub(super) struct Session {
    limits: Limits,
    transaction: Transaction,
    inserts: Inserts,
}

/// Whom to blame, and how long to wait.
struct Limits {
    place: String,
    patience: Duration,
}

impl Limits {
    /// What `done` gives, unless it takes too long: a server that hangs would else hold up its caller for ever.
    async fn within<T>(&self, done: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
        // Beyond the engine's own waiting for locks and connections, so that its reason is the one that is told.
        match tokio::time::timeout(self.patience.saturating_mul(2), done).await {
            Ok(done) => done.map_err(|error| StoreError::of(&self.place, &error)),
            Err(_) => Err(StoreError::Unavailable { place: self.place.clone(), why: "no answer in time".into() }),
        }
    }
}

enum Transaction {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// Runs `$statement`, built for the engine at hand, by `$run`; then gives what `$read` makes of the answer.
macro_rules! run {
    ($session:ident, $statement:expr, $run:ident, $read:expr) => {{
        let limits = &$session.limits;
        match &mut $session.transaction {
            Transaction::Sqlite(transaction) => {
                let (sql, values) = $statement.build_sqlx(SqliteQueryBuilder);
                let query = sqlx::query_with(AssertSqlSafe(sql), values);
                limits.within(async { query.$run(&mut **transaction).await.and_then($read) }).await
            }
            Transaction::Postgres(transaction) => {
                let (sql, values) = $statement.build_sqlx(PostgresQueryBuilder);
                let query = sqlx::query_with(AssertSqlSafe(sql), values);
                limits.within(async { query.$run(&mut **transaction).await.and_then($read) }).await
            }
        }
    }};
}

impl Session {
    /// Runs `statement`; gives the number of rows it changed.
    pub(super) async fn execute(&mut self, statement: &impl SqlxBinder) -> Result<u64, StoreError> {
        run!(self, statement, execute, |done| Ok(done.rows_affected()))
    }

    /// Writes rows of `table`, whose `values` stand one after the other; one with the same key is replaced or added to.
    pub(super) async fn insert(&mut self, table: &Table, values: Vec<Value>) -> Result<(), StoreError> {
        let sql = self.inserting(table, values.len() / table.columns.len().max(1));
        let (limits, values) = (&self.limits, SqlxValues(Values(values)));
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => {
                let query = sqlx::query_with::<sqlx::Sqlite, _>(AssertSqlSafe(sql), values);
                limits.within(query.execute(&mut **transaction)).await.map(drop)
            }
            Transaction::Postgres(transaction) => {
                let query = sqlx::query_with::<sqlx::Postgres, _>(AssertSqlSafe(sql), values);
                limits.within(query.execute(&mut **transaction)).await.map(drop)
            }
        }
    }

    fn inserting(&self, table: &Table, rows: usize) -> Arc<str> {
        let mut known = self.inserts.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || match &self.transaction {
            Transaction::Sqlite(_) => statement::insert(table, rows).build(SqliteQueryBuilder).0.into(),
            Transaction::Postgres(_) => statement::insert(table, rows).build(PostgresQueryBuilder).0.into(),
        };
        Arc::clone(known.entry((table.name, rows)).or_insert_with(make))
    }

    /// The rows that `select` finds, with `columns`.
    pub(super) async fn rows(&mut self, select: &SelectStatement, columns: &[Column]) -> Result<Vec<Row>, StoreError> {
        run!(self, select, fetch_all, |rows| rows
            .iter()
            .map(|row| {
                let cell = |(at, column): (usize, &Column)| {
                    Ok(match column.kind {
                        Kind::Int => Value::BigInt(row.try_get(at)?),
                        Kind::Real => Value::Double(row.try_get(at)?),
                        Kind::Text => Value::String(row.try_get(at)?),
                        Kind::Blob => Value::Bytes(row.try_get(at)?),
                    })
                };
                columns.iter().enumerate().map(cell).collect()
            })
            .collect())
    }

    /// Runs the statements of one migration: `sqlite` or `postgres`.
    pub(super) async fn script(&mut self, sqlite: &'static str, postgres: &'static str) -> Result<(), StoreError> {
        let transaction = &mut self.transaction;
        let done = async {
            match transaction {
                Transaction::Sqlite(transaction) => sqlx::raw_sql(sqlite).execute(&mut **transaction).await.map(drop),
                Transaction::Postgres(transaction) => {
                    sqlx::raw_sql(postgres).execute(&mut **transaction).await.map(drop)
                }
            }
        };
        // A step may rewrite a large table: it takes the time that it takes.
        done.await.map_err(|error| StoreError::of(&self.limits.place, &error))
    }

    /// Keeps other programs from making the tables at the same time, and says whether there are some.
    pub(super) async fn lock_tables(&mut self) -> Result<bool, StoreError> {
        const SQLITE: &str = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'site'";
        const POSTGRES: &str = "SELECT 1 FROM information_schema.tables \
                                WHERE table_schema = current_schema() AND table_name = 'site'";
        let transaction = &mut self.transaction;
        let found = async {
            match transaction {
                Transaction::Sqlite(transaction) => {
                    sqlx::query(SQLITE).fetch_optional(&mut **transaction).await.map(|row| row.is_some())
                }
                Transaction::Postgres(transaction) => {
                    let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MAKING);
                    lock.execute(&mut **transaction).await?;
                    sqlx::query(POSTGRES).fetch_optional(&mut **transaction).await.map(|row| row.is_some())
                }
            }
        };
        // Another program may be at a long step.
        found.await.map_err(|error| StoreError::of(&self.limits.place, &error))
    }

    /// Makes all that was done lasting. When it reports [`StoreError::Unavailable`], that may have happened or not.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let transaction = self.transaction;
        let done = async {
            match transaction {
                Transaction::Sqlite(transaction) => transaction.commit().await,
                Transaction::Postgres(transaction) => transaction.commit().await,
            }
        };
        self.limits.within(done).await
    }

    /// What is wrong in `table`, as an error.
    pub(super) fn damaged(&self, table: &str) -> StoreError {
        StoreError::Damaged { place: self.limits.place.clone(), what: format!("a row of {table} cannot be read") }
    }
}

#[cfg(test)]
impl Session {
    /// What the engine has, from its own catalogue: a line for each column and each index.
    pub(super) async fn inventory(&mut self) -> Result<Vec<String>, sqlx::Error> {
        const SQLITE: &str = "
            SELECT t.name || '.' || c.name || ' ' || lower(c.type) || iif(c.\"notnull\", ' not null ', ' null ') || (c.cid + 1)
            FROM pragma_table_list t, pragma_table_info(t.name) c WHERE t.name NOT LIKE 'sqlite_%'
            UNION ALL SELECT t.name || iif(i.\"unique\", ' unique (', ' (') ||
                (SELECT group_concat(k.name, ', ' ORDER BY k.seqno) FROM pragma_index_info(i.name) k) || ')'
            FROM pragma_table_list t, pragma_index_list(t.name) i WHERE t.name NOT LIKE 'sqlite_%'
            UNION ALL SELECT t.name || iif(t.wr, ' is short', ' is long')
            FROM pragma_table_list t WHERE t.name NOT LIKE 'sqlite_%'";
        const POSTGRES: &str = "
            SELECT table_name || '.' || column_name || ' ' || data_type || coalesce(' ' || collation_name, '') ||
                CASE is_nullable WHEN 'YES' THEN ' null ' ELSE ' not null ' END || ordinal_position
            FROM information_schema.columns WHERE table_schema = current_schema()
            UNION ALL SELECT i.indrelid::regclass || CASE WHEN i.indisunique THEN ' unique (' ELSE ' (' END ||
                (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum)
                 FROM pg_attribute a WHERE a.attrelid = i.indexrelid) || ')'
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = current_schema()::regnamespace";
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => sqlx::query_scalar(SQLITE).fetch_all(&mut **transaction).await,
            Transaction::Postgres(transaction) => sqlx::query_scalar(POSTGRES).fetch_all(&mut **transaction).await,
        }
    }
}
