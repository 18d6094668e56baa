//! `wardlight config`: what the configuration says, key by key.

use super::Configured;
use crate::io::print;
use std::process::ExitCode;

/// What the configuration says.
#[derive(clap::Args)]
pub struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Prints every key with its value, its default and its meaning: a file to begin with.
    Explain {
        #[command(flatten)]
        config: Configured,
    },
}

impl Command {
    /// Prints it. Errors: the file cannot be read or is wrong.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let What::Explain { config } = self.what;
        print::out(&config.load()?.explain().to_string())?;
        Ok(ExitCode::SUCCESS)
    }
}
