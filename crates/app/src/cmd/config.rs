//! `wardlight config`: what the configuration says, key by key.

use crate::config::Config;
use crate::io::print;
use std::path::PathBuf;
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
        /// The configuration; without one, the defaults.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

impl Command {
    /// Prints it. Errors: the file cannot be read or is wrong.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let What::Explain { config } = self.what;
        print::out(&Config::load(config.as_deref())?.explain().to_string())?;
        Ok(ExitCode::SUCCESS)
    }
}
