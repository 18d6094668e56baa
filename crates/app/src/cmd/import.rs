//! `wardlight import`: what other systems know, taken in, looked at before, taken back.
//!
//! Rows go to the running server and are journalled when the command returns.

use super::area::{decide, told};
use super::{Configured, INPUT};
use crate::config::Config;
use crate::io::import::{Reading, Report};
use crate::io::link::{Message, deliver};
use crate::io::print::{self, Column, column};
use crate::role::places::{Places, secret};
use crate::role::{new_id, now, server, sources};
use anyhow::Context as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use wardlight_ingest::mapping::Mapping;
use wardlight_model::journal::{Command as Decided, FORMAT};
use wardlight_model::{Id, Scope};

/// Rows with troubles that are shown; the rest is counted.
const SHOWN: usize = 50;

/// Takes in what other systems know of devices.
#[derive(clap::Args)]
pub struct Command {
    #[command(flatten)]
    config: Configured,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Reads an export, a log or a table.
    Read {
        /// The document.
        file: PathBuf,
        /// What the source is called here; the same name again brings its rows up to date.
        #[arg(long = "as", value_name = "NAME")]
        called: Option<String>,
        /// The importer; without one, the document is recognised.
        #[arg(long, value_name = "NAME")]
        importer: Option<String>,
        /// Which column means what, in TOML.
        #[arg(long, value_name = "FILE")]
        mapping: Option<PathBuf>,
        /// The document is not all that the source has: rows that are not in it are still there.
        #[arg(long)]
        part: bool,
        /// Number of the routing domain that its addresses belong to.
        #[arg(long, default_value_t = 0)]
        scope: u32,
        /// Reads and reports, and takes nothing in.
        #[arg(long)]
        dry_run: bool,
    },
    /// Lists the sources, how those that are read by themselves stand, and the last runs.
    List,
    /// Takes back what a run brought, as if it had never been.
    Undo {
        /// The run, as `import read` and `import list` name it.
        run: Id,
    },
}

impl Command {
    /// Does it. Errors: the document cannot be read, or no server answers.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.config.load()?;
        match self.what {
            What::Read { file, called, importer, mapping, part, scope, dry_run } => {
                let mapping = mapping.map(read_mapping).transpose()?;
                let reading = Reading {
                    path: &file,
                    name: None,
                    called: called.as_deref(),
                    importer: importer.as_deref(),
                    mapping: mapping.as_ref(),
                    is_whole: !part,
                    scope: Scope(scope),
                    run: new_id()?,
                    now: now(),
                };
                take_in(&config, &reading, dry_run)
            }
            What::List => list(&config),
            What::Undo { run } => told(decide(&config, Decided::UndoImport(run))?, &format!("taken back: {run}\n")),
        }
    }
}

fn read_mapping(path: PathBuf) -> anyhow::Result<Mapping> {
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Mapping::from_toml(&text).with_context(|| path.display().to_string())
}

fn take_in(config: &Config, reading: &Reading<'_>, is_trial: bool) -> anyhow::Result<ExitCode> {
    let places = Places::of(config);
    if is_trial {
        // What it would hide is hidden under a key that is forgotten.
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        let report = reading.read(&key, |_, _| Ok(()))?;
        return show(&report, "Nothing was taken in: this was a trial.\n");
    }
    let socket = places.socket();
    let mut stream = UnixStream::connect(&socket)
        .with_context(|| format!("no server answers at {}: is `wardlight run` running?", socket.display()))?;
    let report = reading.read(&secret(&places.names_key())?, |kind, body| {
        deliver(&Message { id: new_id()?, kind: kind.number(), format: FORMAT, body }, &mut stream)
    })?;
    show(&report, &format!("Taken in as run {}; `wardlight import undo {}` takes it back.\n", reading.run, reading.run))
}

/// What became of the document.
fn show(report: &Report, end: &str) -> anyhow::Result<ExitCode> {
    let Report { importer, tally, broken, .. } = report;
    let mut text = report.lines(SHOWN);
    match broken {
        None => {
            text += &format!(
                "{importer}: {} rows: {} as they stood, {} mended, {} set aside; {} of them name no device, such as \
                 headings\n",
                tally.rows, tally.accepted, tally.mended, tally.set_aside, tally.silent
            );
        }
        Some(why) => text += &format!("{importer}: {why}; what stood before that was read\n"),
    }
    print::out(&format!("{text}{end}"))?;
    let is_whole = broken.is_none() && tally.set_aside == 0;
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(INPUT) })
}

/// The sources that are read by themselves: how each stands, and what is wrong with those that are not well.
fn followed(config: &Config) -> String {
    const COLUMNS: [Column; 7] = [
        column("FOLLOWED", 0, 8),
        column("STATE", 0, 7),
        column("LAST GOOD RUN", 1, 20),
        column("ROWS", 0, 4),
        column("MENDED", 3, 4),
        column("SET ASIDE", 2, 4),
        column("FROM", 4, 12),
    ];
    let all = sources::kept(config, now());
    if all.is_empty() {
        return String::new();
    }
    let mut text = print::table(
        &COLUMNS,
        all.iter().map(|one| {
            let read = one.read.clone().unwrap_or_else(|| "never".to_owned());
            let [rows, mended, aside] = [one.rows, one.mended, one.set_aside].map(|count| count.to_string());
            [one.name.clone(), one.state().to_owned(), read, rows, mended, aside, one.place.clone()]
        }),
    );
    for (one, failure) in all.iter().filter_map(|one| one.failure.as_ref().map(|failure| (one, failure))) {
        let when = if one.is_failing { "fails since" } else { "last failed at" };
        let (name, place, what, mend) = (&one.name, &failure.place, &failure.what, &failure.mend);
        text += &format!("{name} {when} {}: {place}: {what}\n    {mend}\n", failure.at);
    }
    for one in all.iter().filter(|one| one.mended + one.set_aside > 0 && one.heard.is_none()) {
        let report = Places::of(config).report(&one.name);
        text += &format!("{}: which rows were mended and set aside stands in {}\n", one.name, report.display());
    }
    text + "\n"
}

fn list(config: &Config) -> anyhow::Result<ExitCode> {
    print::out(&followed(config))?;
    const COLUMNS: [Column; 5] = [
        column("SOURCE", 0, 8),
        column("RUN", 0, 36),
        column("READ", 1, 20),
        column("ROWS", 0, 4),
        column("WHOLE", 2, 3),
    ];
    let runtime = server::runtime()?;
    let sources = runtime.block_on(async {
        let Some(database) = server::database_there(config).await? else { return Ok(Vec::new()) };
        anyhow::Ok(database.sources().await?)
    })?;
    if sources.is_empty() {
        print::out("No other system was asked yet: `wardlight import read FILE` takes in an export of one.\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = sources.iter().flat_map(|source| source.runs.iter().rev().map(move |run| (source, run)));
    let rows = rows.map(|(source, run)| {
        let whole = if run.is_whole { "yes" } else { "no" };
        [source.name.clone(), run.id.to_string(), run.read.to_string(), run.rows.to_string(), whole.to_owned()]
    });
    print::out(&print::table(&COLUMNS, rows))?;
    Ok(ExitCode::SUCCESS)
}
