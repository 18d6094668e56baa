//! A PostgreSQL server for installations whose state is elsewhere.

#[path = "../../../store/src/database/trial/server.rs"]
#[allow(dead_code, missing_docs, clippy::unwrap_used, unreachable_pub, reason = "shared with the store's own tests")]
mod server;

use super::bed::Setting;
use anyhow::Result;
use std::path::Path;

/// A server of our own, gone with this.
pub(super) struct Postgres(server::Server);

impl Postgres {
    /// `None` when PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        server::Server::start().map(Self)
    }

    /// Ends it at once, as `pg_ctl stop -m immediate` does.
    pub fn end(&self) {
        self.0.end();
    }

    /// Starts it again after it was ended.
    pub fn begin(&self) {
        self.0.begin();
    }

    /// `program` with a database of its own.
    pub fn setting(&self, program: &Path) -> Result<Setting> {
        Ok(Setting { store: Some(self.0.create()), ..Setting::of(program) })
    }
}
