//! `wardlight ledger`: is it as it was written? Offline, with nothing but the files.

use super::{Configured, FINDINGS};
use crate::io::print;
use crate::role::backup::copy_log;
use crate::role::ledger::checkpoints;
use crate::role::now;
use crate::role::places::Places;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wardlight_ledger::{Bundle, Checkpoint, Memory, PublicKey, Surroundings, Verdict, verify};
use wardlight_store::segment::{Log, Options};

/// The ledger of decisions and evidence.
#[derive(clap::Args)]
pub struct Command {
    #[command(flatten)]
    config: Configured,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Verifies every entry and checkpoint; exit code 1 when anything is wrong.
    Verify(Verify),
    /// Prints the newest checkpoint: keep it outside the house, or hand it to a witness.
    Checkpoint,
    /// Prints the key in force, to be pinned elsewhere.
    Key,
}

#[derive(clap::Args)]
struct Verify {
    /// An excerpt to be verified instead of the ledger.
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Checkpoints that were kept elsewhere: a witness's file, printed reports.
    #[arg(long, value_name = "FILE")]
    witness: Option<PathBuf>,
    /// A key known to be right.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The folder of the ledger; without one, that of the configuration.
    #[arg(long, value_name = "FOLDER")]
    ledger: Option<PathBuf>,
}

impl Command {
    /// Does it. Errors: files that cannot be read.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let places = Places::of(&self.config.load()?);
        match self.what {
            What::Verify(verify) => verify.run(&places.ledger()),
            What::Checkpoint => {
                let newest = checkpoints(&places.ledger())?.pop().context("no checkpoint was signed yet")?;
                print::out(&newest.to_string())?;
                Ok(ExitCode::SUCCESS)
            }
            What::Key => {
                let secret = crate::role::places::secret(&places.ledger_key())?;
                let key = wardlight_ledger::Signer::from_seed(&secret).public();
                print::out(&format!("{}\n", key.to_text("wardlight")))?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

impl Verify {
    fn run(self, folder: &Path) -> anyhow::Result<ExitCode> {
        let around = Surroundings { now: Some(now()), memory: self.memory()?, ..Surroundings::default() };
        let verdict = match &self.bundle {
            Some(path) => {
                let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
                let bundle = Bundle::read(&bytes).with_context(|| path.display().to_string())?;
                bundle.verify(around)
            }
            None => {
                let folder = self.ledger.as_deref().unwrap_or(folder);
                // The ledger may be written meanwhile: a copy is opened, checkpoints first so that none is ahead.
                let checkpoints = checkpoints(folder)?.into_iter().map(|checkpoint| checkpoint.to_string());
                let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
                copy_log(folder, scratch.path())?;
                let log = Log::open(scratch.path(), Options { reserve_bytes: 0, ..Options::default() })?;
                let rots: Vec<Result<Vec<u8>, String>> = log.rot().iter().map(|rot| Err(rot.to_string())).collect();
                let records = log.reader(log.first());
                let entries = records.map(|record| record.map(|record| record.body).map_err(|error| error.to_string()));
                verify(entries.chain(rots), checkpoints, around)
            }
        };
        report(&verdict)
    }

    fn memory(&self) -> anyhow::Result<Memory> {
        let mut memory = Memory::default();
        if let Some(path) = &self.key {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                let (_, key) = PublicKey::parse(line.trim()).with_context(|| path.display().to_string())?;
                memory.pinned.push(key);
            }
        }
        if let Some(path) = &self.witness {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            for checkpoint in Checkpoint::parse_all(&text) {
                memory.checkpoints.push(checkpoint.with_context(|| path.display().to_string())?);
            }
        }
        Ok(memory)
    }
}

fn report(verdict: &Verdict) -> anyhow::Result<ExitCode> {
    print::out(&verdict.to_string())?;
    Ok(if verdict.is_sound() { ExitCode::SUCCESS } else { ExitCode::from(FINDINGS) })
}
