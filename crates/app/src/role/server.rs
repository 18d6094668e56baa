//! The server: takes batches and decisions in, makes them durable, keeps the state.

use super::fleet::Fleet;
use super::keeper::{Keeper, Standing};
use super::listen::{self, Waiting};
use super::places::Places;
use super::{PATIENCE, Stop, backup, id_in, lasting_id, now};
use crate::config::Config;
use crate::io::file::{sweep, write_durably};
use anyhow::Context as _;
use std::path::Path;
use tokio::runtime::Runtime;
use wardlight_model::Id;
use wardlight_store::database::{Database, Settings};
use wardlight_store::journal::{Journal, Options};
use wardlight_store::segment;

/// Opens the journal as configured. Errors: what the disk says, or another server has it.
pub fn journal(config: &Config) -> anyhow::Result<Journal> {
    let log = segment::Options {
        segment_bytes: config.journal.segment_mib.saturating_mul(1 << 20),
        reserve_bytes: config.journal.reserve_mib.saturating_mul(1 << 20),
    };
    let options = Options { log, ..Options::default() };
    let journal = Journal::open(&Places::of(config).journal(), options).context("cannot open the journal")?;
    for rot in journal.rot() {
        eprintln!("wardlight: the journal is damaged: {rot}");
    }
    Ok(journal)
}

/// Opens the database as configured, made when it is new. Errors: it cannot be reached, or is of a later version.
pub async fn database(config: &Config) -> anyhow::Result<Database> {
    let site = lasting_id(&Places::of(config).site())?;
    Database::open(&settings(config, site)).await.context("cannot open the state")
}

/// Opens the database if there is one: nothing is made. Errors: as [`database`].
pub async fn database_there(config: &Config) -> anyhow::Result<Option<Database>> {
    let places = Places::of(config);
    let is_file = config.store.url.starts_with("sqlite:");
    let path = places.database(config);
    let path = Path::new(path.trim_start_matches("sqlite:").trim_start_matches("//"));
    match id_in(&places.site())? {
        Some(site) if !is_file || path.exists() => {
            Database::open(&settings(config, site)).await.map(Some).context("cannot open the state")
        }
        _ => Ok(None),
    }
}

/// Copies everything before an earlier version's state is brought up to this one's. Errors: the copy cannot be made; then
/// nothing was changed.
async fn keep_earlier(config: &Config) -> anyhow::Result<()> {
    let site = lasting_id(&Places::of(config).site())?;
    let earlier = Database::open_earlier(&settings(config, site)).await.context("cannot open the state")?;
    let Some(earlier) = earlier else { return Ok(()) };
    let format = earlier.format();
    let copied = backup::make_of(config, earlier).await.context(
        "the state is of an earlier version and is brought up to this one only after a copy of everything is made; mend \
         this, or let [backup] folder name another place",
    )?;
    eprintln!(
        "wardlight: the state is of an earlier version (format {format}): everything is copied to {}, then it is \
         brought up to this one",
        copied.display()
    );
    Ok(())
}

fn settings(config: &Config, site: Id) -> Settings {
    Settings { url: Places::of(config).database(config), site, now: now(), patience: PATIENCE }
}

/// A runtime for what is async. Errors: no threads.
pub fn runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// Serves until `stop`; `each` is told how things stand, and whether nothing is left to do. Errors: journal, ledger or
/// state cannot be opened or written: what was not acknowledged is sent again by the sensors.
pub fn run(config: &Config, stop: &Stop, mut each: impl FnMut(&Standing, bool)) -> anyhow::Result<()> {
    let places = Places::of(config);
    let runtime = runtime()?;
    let journal = journal(config)?;
    runtime.block_on(keep_earlier(config))?;
    let database = runtime.block_on(database(config))?;
    let (waiting, fleet) = (Waiting::default(), Fleet::default());
    let doors = (waiting.clone(), fleet.clone());
    let mut keeper = Keeper::open(config, &runtime, database.clone(), journal.clone(), doors)?;
    // Nothing is committed before the keeper runs: what is read here is what it began with.
    let past = runtime.block_on(database.all_contacts())?;
    let counting = fleet.count(past, runtime.handle().clone(), stop)?;
    let door = listen::open(&places.socket(), &journal, &waiting, &fleet, stop)
        .with_context(|| format!("cannot open the socket {}", places.socket().display()))?;
    let standing = places.standing();
    sweep(&standing);
    let mut written = None::<Standing>;
    let outcome = keeper.run(stop, |now, is_done| {
        if written.as_ref().is_none_or(|last| last.committed != now.committed || last.devices != now.devices) {
            written = Some(now.clone());
            // For people's eyes only: losing it loses nothing.
            let _ = serde_json::to_vec(now).map(|text| write_durably(&standing, &text));
        }
        each(now, is_done);
    });
    stop.now();
    let _ = door.join();
    let _ = counting.join();
    journal.close();
    runtime.block_on(database.close());
    outcome
}
