//! All of the state at once: as text to compare, as a file to keep, back from such a file.
//!
//! In: a database of either engine. Out: one consistent state of it, whatever is written meanwhile. A backup is a SQLite
//! file whichever engine runs, and can be restored into either: that is also the way from one to the other. It carries
//! the accounts with all that is theirs, but not their sessions: a restore ends those. The text has neither, because they
//! do not follow from the journal.

use super::engine::{Engine, Row, Session, Use};
use super::schema::{SITE, Table, copied_at, state_at, tables_at};
use super::statement::{self, Pages};
use super::{Database, PATIENCE, Settings, StoreError, migration, private, query};
use sea_query::Value;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use wardlight_model::Time;

impl Database {
    /// The state that follows from the journal as text: each table with its columns, then its rows by key. The same state gives the same text,
    /// on either engine. For tests and small databases: all of it is in memory.
    pub async fn dump(&self) -> Result<String, StoreError> {
        let mut dump = String::new();
        self.each_line(|line| dump.push_str(line)).await?;
        Ok(dump)
    }

    /// SHA-256 of [`Self::dump`], which is never in memory at once.
    pub async fn digest(&self) -> Result<[u8; 32], StoreError> {
        let mut hash = Sha256::new();
        self.each_line(|line| hash.update(line)).await?;
        Ok(hash.finalize().into())
    }

    /// Writes the state as it stands now, in the format that it has, to a new SQLite file at `path`, which appears when it is complete and on disk.
    /// Others may write meanwhile. Gives the journal's sequence that the backup is at.
    pub async fn backup_to(&self, path: &Path) -> Result<u64, StoreError> {
        let file = |error| StoreError::File { path: path.display().to_string(), error };
        if path.try_exists().map_err(file)? {
            return Err(file(io::ErrorKind::AlreadyExists.into()));
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = Path::new(&part);
        // What a backup left that was broken off.
        match std::fs::remove_file(part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(file(error)),
            _ => private(part)?,
        }
        let copied = self.copy_to(part).await;
        if copied.is_err() {
            let _ = std::fs::remove_file(part);
        }
        let sequence = copied?;
        std::fs::rename(part, path).map_err(file)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(file)?;
        Ok(sequence)
    }

    async fn copy_to(&self, part: &Path) -> Result<u64, StoreError> {
        let mut from = self.engine.read().await?;
        let (site, sequence) = query::site(&mut from).await?;
        let engine = Engine::sqlite(part, Use::Backup, PATIENCE).await?;
        let settings = Settings { url: String::new(), site, now: Time::default(), patience: PATIENCE };
        migration::migrate_to(&engine, &settings, self.format).await?;
        let mut into = engine.write().await?;
        copy(self.format, &mut from, &mut into).await?;
        into.commit().await?;
        engine.close().await;
        Ok(sequence)
    }

    /// Fills this new and empty database with the backup at `path`, in one transaction. A backup of an earlier version
    /// is brought up to this one in a copy in the folder for temporary files. Gives the journal's sequence it is at.
    pub async fn restore_from(&self, path: &Path) -> Result<u64, StoreError> {
        let file = |error| StoreError::File { path: path.display().to_string(), error };
        std::fs::File::open(path).map_err(file)?;
        let engine = Engine::sqlite(path, Use::Restore, PATIENCE).await?;
        let mut from = engine.read().await?;
        let found = migration::stored(&mut from).await?;
        if found > migration::format() {
            return Err(StoreError::Newer { place: engine.place, found, known: migration::format() });
        }
        if found == migration::format() {
            return self.fill(from).await;
        }
        let (site, _) = query::site(&mut from).await?;
        drop(from);
        engine.close().await;
        let copied = tempfile::NamedTempFile::new().map_err(file)?;
        std::fs::copy(path, copied.path()).map_err(file)?;
        let engine = Engine::sqlite(copied.path(), Use::Backup, PATIENCE).await?;
        migration::migrate(&engine, &Settings { url: String::new(), site, now: Time::default(), patience: PATIENCE })
            .await?;
        let done = self.fill(engine.read().await?).await;
        engine.close().await;
        done
    }

    async fn fill(&self, mut from: Session) -> Result<u64, StoreError> {
        let (_, sequence) = query::site(&mut from).await?;
        let mut into = self.engine.write().await?;
        if query::site(&mut into).await?.1 != 0 || !is_empty(&mut into).await? {
            return Err(StoreError::NotEmpty { place: self.engine.place.clone() });
        }
        copy(self.format, &mut from, &mut into).await?;
        into.commit().await?;
        Ok(sequence)
    }

    async fn each_line(&self, mut each: impl FnMut(&str)) -> Result<(), StoreError> {
        let mut session = self.engine.read().await?;
        for table in state_at(self.format) {
            each(&heading(table));
            let mut pages = Pages::of(table);
            loop {
                let rows = pages.next(&mut session).await?;
                if rows.is_empty() {
                    break;
                }
                rows.iter().for_each(|row| each(&line(row)));
            }
        }
        Ok(())
    }
}

async fn is_empty(session: &mut Session) -> Result<bool, StoreError> {
    for table in tables_at(migration::format()).filter(|table| table.name != SITE.name) {
        if !Pages::of(table).next(session).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Copies every table of `format` that copies carry into one that is empty but for its site.
async fn copy(format: i64, from: &mut Session, into: &mut Session) -> Result<(), StoreError> {
    into.execute(&statement::delete(&SITE)).await?;
    for table in copied_at(format) {
        let mut pages = Pages::of(table);
        loop {
            let rows = pages.next(from).await?;
            if rows.is_empty() {
                break;
            }
            statement::write(into, table, rows).await?;
        }
    }
    Ok(())
}

fn heading(table: &Table) -> String {
    let names: Vec<&str> = table.names().collect();
    format!("# {}\t{}\n", table.name, names.join("\t"))
}

/// One row: numbers as they are, texts in the quotes and escapes of Rust, bytes as `x` and hexadecimal digits.
fn line(row: &Row) -> String {
    let mut line = String::new();
    for (n, cell) in row.iter().enumerate() {
        let tab = if n == 0 { "" } else { "\t" };
        // Writing to a string does not fail.
        let _ = match cell {
            Value::BigInt(Some(number)) => write!(line, "{tab}{number}"),
            Value::Double(Some(number)) => write!(line, "{tab}{number:?}"),
            Value::String(Some(text)) => write!(line, "{tab}{text:?}"),
            Value::Bytes(Some(bytes)) => {
                let _ = write!(line, "{tab}x");
                bytes.iter().try_for_each(|byte| write!(line, "{byte:02x}"))
            }
            _ => write!(line, "{tab}-"),
        };
    }
    line.push('\n');
    line
}
