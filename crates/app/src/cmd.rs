//! The commands, one file each, and their exit codes.

pub mod area;
pub mod assets;
pub mod backup;
pub mod config;
pub mod demo;
pub mod devices;
pub mod doctor;
pub mod explain;
pub mod import;
pub mod ledger;
pub mod owners;
pub mod protocols;
pub mod run;
pub mod watch;

use crate::config::{Config, ConfigError};
use std::path::PathBuf;

/// Exit code: done, and something was found that should not be.
pub const FINDINGS: u8 = 1;
/// Exit code: the question cannot be understood.
pub const USAGE: u8 = 2;
/// Exit code: something of the input could not be read; what could be was used.
pub const INPUT: u8 = 3;
/// Exit code: something could not be written, kept, or looked up where things are kept.
pub const OUTPUT: u8 = 4;

/// Which configuration a command goes by.
#[derive(clap::Args)]
pub struct Configured {
    /// The configuration; without one, every default holds.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

impl Configured {
    /// Reads it. Errors: it cannot be read, or is wrong.
    pub fn load(&self) -> Result<Config, ConfigError> {
        Config::load(self.config.as_deref())
    }
}

/// What could not be written: the reason for [`OUTPUT`].
#[derive(Debug, thiserror::Error)]
#[error("cannot write {0}")]
pub struct Unwritten(pub String);

/// The exit code for `error`.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<Unwritten>() { OUTPUT } else { INPUT }
}
