//! `wardlight backup` and `wardlight restore`.

use super::{Configured, OUTPUT};
use crate::io::print;
use crate::role::{backup, server};
use std::path::PathBuf;
use std::process::ExitCode;

/// Copies of everything that must not be lost.
#[derive(clap::Args)]
pub struct Command {
    #[command(flatten)]
    config: Configured,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Makes a copy, also while the server runs, and prints where it is.
    Make,
    /// Looks whether a copy is complete and every byte as it was written.
    Verify {
        /// The copy.
        folder: PathBuf,
    },
    /// Puts a copy into an empty data folder. Put the keys back from their own copy.
    Restore {
        /// The copy.
        folder: PathBuf,
    },
}

impl Command {
    /// Does it. Errors: what the disk says, or the copy is damaged.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.config.load()?;
        let runtime = server::runtime()?;
        let done = match self.what {
            What::Make => runtime.block_on(backup::make(&config)).map(|folder| format!("{}\n", folder.display())),
            What::Verify { folder } => backup::check(&folder).map(|contents| {
                let checkpoint = contents.checkpoint.map(|text| format!("\n{text}")).unwrap_or_default();
                format!(
                    "complete: {} files, cut at journal record {}\n{checkpoint}",
                    contents.files.len(),
                    contents.sequence
                )
            }),
            What::Restore { folder } => runtime
                .block_on(backup::restore(&config, &folder))
                .map(|contents| format!("restored to journal record {}\n", contents.sequence)),
        };
        match done {
            Ok(text) => Ok(print::out(&text).map(|()| ExitCode::SUCCESS)?),
            Err(error) => {
                eprintln!("wardlight: {error:#}");
                Ok(ExitCode::from(OUTPUT))
            }
        }
    }
}
