//! The server: takes batches and decisions in, makes them durable, keeps the state.

use super::events::Outlets;
use super::fleet::Fleet;
use super::keeper::{Keeper, Parts, Standing};
use super::listen::{self, Waiting};
use super::places::Places;
use super::sources::Sources;
use super::space::{Space, is_full};
use super::{PATIENCE, Stop, backup, id_in, lasting_id, now};
use crate::config::Config;
use crate::io::file::{sweep, write_durably};
use anyhow::Context as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Runtime;
use wardlight_engine::Held;
use wardlight_model::Id;
use wardlight_store::database::{Database, Loaded, Settings};
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
    Places::of(config).check_whole()?;
    let site = lasting_id(&Places::of(config).site())?;
    Database::open(&settings(config, site)).await.context("cannot open the state")
}

/// Opens the database if there is one: nothing is made. Errors: as [`database`].
pub async fn database_there(config: &Config) -> anyhow::Result<Option<Database>> {
    let places = Places::of(config);
    places.check_whole()?;
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

/// The same, unless an earlier version left it: then it is not touched, and there is none.
pub async fn database_as_it_is(config: &Config) -> anyhow::Result<Option<Database>> {
    let Some(site) = id_in(&Places::of(config).site())? else { return Ok(None) };
    let path = Places::of(config).database(config);
    let path = Path::new(path.trim_start_matches("sqlite:").trim_start_matches("//"));
    if config.store.url.starts_with("sqlite:") && !path.exists() {
        return Ok(None);
    }
    match Database::open_earlier(&settings(config, site)).await.context("cannot open the state")? {
        Some(earlier) => {
            earlier.close().await;
            Ok(None)
        }
        None => database_there(config).await,
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

/// The state, of this version.
fn opened(config: &Config, runtime: &Runtime, space: &mut Space) -> anyhow::Result<Database> {
    let this = async || {
        keep_earlier(config).await?;
        database(config).await
    };
    loop {
        match runtime.block_on(this()) {
            // A full disk is no reason not to start: what is set aside is for that.
            Err(error) if is_full(&error) && space.give() => {}
            database => return database,
        }
    }
}

fn settings(config: &Config, site: Id) -> Settings {
    Settings { url: Places::of(config).database(config), site, now: now(), patience: PATIENCE }
}

/// What the engine begins with, from what the database held; `devices` are the ids that are stored.
pub fn held(loaded: Loaded, devices: Vec<Id>) -> Held {
    Held {
        facts: loaded.facts,
        presences: loaded.presences,
        oddities: loaded.oddities,
        areas: loaded.areas,
        domains: loaded.domains,
        rows: loaded.rows,
        sources: loaded.sources,
        judged: loaded.judged.into_iter().collect(),
        owners: loaded.owners.into_iter().collect(),
        labels: loaded.labels.into_iter().collect(),
        house_rules: loaded.house_rules.into_iter().collect(),
        devices,
        sequence: loaded.sequence,
    }
}

/// A runtime for what is async. Errors: no threads.
pub fn runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// Serves until `stop`, with `once` reading what there is of sources; `each` is told how things stand, and whether nothing
/// is left to do. Errors: journal, ledger or state cannot be opened or written: what was not acknowledged is sent again by
/// the sensors.
pub fn run(config: &Config, once: bool, stop: &Stop, each: impl FnMut(&Standing, bool)) -> anyhow::Result<()> {
    let places = Places::of(config);
    let runtime = runtime()?;
    if !places.standing().exists() {
        // Takes its room before anybody else does.
        show(&places, &Standing { at: now().to_string(), ..Standing::default() });
    }
    let journal = journal(config)?;
    let mut space = Space::open(config, &places, journal.clone())?;
    let database = opened(config, &runtime, &mut space)?;
    let (waiting, fleet) = (Waiting::default(), Fleet::default());
    sweep(&places.standing());
    let sources = Sources::of(config, once);
    let standing = Arc::<Mutex<Standing>>::default();
    let tell = telling(&places, &sources, Arc::clone(&standing), each);
    let (outlets, events) = Outlets::start(config, runtime.handle(), journal.status().durable, stop)?;
    let parts = Parts {
        events,
        database: database.clone(),
        journal: journal.clone(),
        waiting: waiting.clone(),
        fleet: fleet.clone(),
        space,
        stop,
        tell: Box::new(tell),
    };
    let mut keeper = Keeper::open(config, &runtime, parts)?;
    let door = listen::open(&places.socket(), &journal, &waiting, &fleet, stop)
        .with_context(|| format!("cannot open the socket {}", places.socket().display()))?;
    let house = super::house::Server {
        journal: journal.clone(),
        waiting: waiting.clone(),
        fleet: fleet.clone(),
        database: database.clone(),
        places: places.clone(),
        entries: keeper.entries(),
        standing: Arc::clone(&standing),
        talks: Arc::default(),
        telling: outlets.telling(),
    };
    super::web::start(config, &runtime, (&database, &fleet, house), stop)?;
    let reading = sources.start(config, once, stop).context("cannot start a thread for a source")?;
    let outcome = keeper.run();
    stop.now();
    // They hand on what they have while there is somebody to take it.
    reading.into_iter().for_each(|thread| drop(thread.join()));
    let _ = door.join();
    outlets.end();
    journal.close();
    runtime.block_on(database.close());
    outcome
}

/// Tells how things stand to the disk, to pages by `standing`, and to `each`.
fn telling<'a>(
    places: &'a Places,
    sources: &'a Sources,
    standing: Arc<Mutex<Standing>>,
    mut each: impl FnMut(&Standing, bool) + 'a,
) -> impl FnMut(&Standing, bool) + 'a {
    let (mut shown, mut was_read) = (Standing::default(), false);
    move |now: &Standing, is_done: bool| {
        let now = Standing { sources: sources.standing(), ..now.clone() };
        standing.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&now);
        shown.at.clone_from(&now.at);
        if shown != now {
            shown = now.clone();
            show(places, &now);
        }
        // What a source brought last may have come after the keeper had looked.
        each(&now, is_done && was_read);
        was_read = sources.is_idle();
    }
}

/// Writes how things stand, for people's eyes only: losing it loses nothing.
fn show(places: &Places, standing: &Standing) {
    let (path, Ok(text)) = (places.standing(), serde_json::to_vec(standing)) else { return };
    if write_durably(&path, &text).is_ok() {
        return;
    }
    // On a full disk there is still the room that it takes already.
    let Ok(mut file) = fs::OpenOptions::new().write(true).open(&path) else { return };
    let before = file.metadata().map_or(0, |meta| usize::try_from(meta.len()).unwrap_or_default());
    let rest = vec![b' '; before.saturating_sub(text.len())];
    let _ = file.write_all(&[text, rest].concat());
}
