//! `wardlight area`: the sites, buildings, floors, care areas and rooms, and the routing domains of sites.
//!
//! Changes go to the running server and are done when the command returns: journalled, carried out, in the ledger.

use super::{Configured, OUTPUT};
use crate::config::Config;
use crate::io::link::{Fate, Message};
use crate::io::print;
use crate::role::places::Places;
use crate::role::{new_id, now, server};
use anyhow::Context as _;
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;
use wardlight_model::journal::{BodyKind, Command as Decided, Decision, FORMAT, encode};
use wardlight_model::{Area, Domain, Id, Level, Scope};

/// The places that devices stand in.
#[derive(clap::Args)]
pub struct Command {
    #[command(flatten)]
    config: Configured,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Shows the tree of places, and the routing domains.
    List,
    /// Says that there is such a place, or what it is called from now on.
    Put {
        /// `site`, `building`, `floor`, `care_area` or `room`.
        level: String,
        /// What people call it.
        name: String,
        /// The place it stands in; none for a site.
        #[arg(long = "in", value_name = "ID")]
        parent: Option<Id>,
        /// IANA time zone of a site, such as `Europe/Berlin`.
        #[arg(long)]
        zone: Option<String>,
        /// An existing place to be changed.
        #[arg(long)]
        id: Option<Id>,
    },
    /// Says that there is no such place any more.
    Remove {
        /// The place.
        id: Id,
    },
    /// Says which site a routing domain belongs to.
    Domain {
        /// The number that addresses of the domain carry.
        scope: u32,
        /// What people call it.
        name: String,
        /// The site.
        #[arg(long = "in", value_name = "ID")]
        site: Id,
    },
}

impl Command {
    /// Does it. Errors: no server answers, or the state cannot be read.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.config.load()?;
        let (command, shown) = match self.what {
            What::List => return list(&config),
            What::Put { level, name, parent, zone, id } => {
                let level = Level::named(&level).with_context(|| {
                    format!("there is no level `{level}`: name one of {}", Level::ALL.map(Level::name).join(", "))
                })?;
                let zone = zone.map(known_zone).transpose()?;
                let id = id.map_or_else(new_id, Ok)?;
                (Decided::PutArea(Area { id, parent, level, name, zone }), id.to_string())
            }
            What::Remove { id } => (Decided::RemoveArea(id), id.to_string()),
            What::Domain { scope, name, site } => {
                (Decided::PutDomain(Domain { scope: Scope(scope), site, name }), scope.to_string())
            }
        };
        told(decide(&config, command)?, &format!("{shown}\n"))
    }
}

/// `zone` if the system's or the program's own time zone data know it.
fn known_zone(zone: String) -> anyhow::Result<String> {
    jiff::tz::TimeZone::get(&zone)
        .with_context(|| format!("`{zone}` is no IANA time zone; one is Europe/Berlin"))
        .map(|_| zone)
}

/// Says what became of a decision: `done` when it was carried out.
pub fn told(fate: Fate, done: &str) -> anyhow::Result<ExitCode> {
    match fate {
        Fate::Stored(_) => {
            print::out(done)?;
            Ok(ExitCode::SUCCESS)
        }
        Fate::Refused(why) | Fate::Later(why) => {
            eprintln!("wardlight: not done: {why}");
            Ok(ExitCode::from(OUTPUT))
        }
        Fate::Shed => anyhow::bail!("the server gave a decision up, which it never does"),
    }
}

/// Has the server carry `command` out. Errors: none answers.
pub fn decide(config: &Config, command: Decided) -> anyhow::Result<Fate> {
    decide_as(config, new_id()?, command)
}

/// The same, as the decision `id`.
pub fn decide_as(config: &Config, id: Id, command: Decided) -> anyhow::Result<Fate> {
    let socket = Places::of(config).socket();
    let mut stream = UnixStream::connect(&socket)
        .with_context(|| format!("no server answers at {}: is `wardlight run` running?", socket.display()))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    // The server says who, from what the kernel knows of this end.
    let decision = Decision { by: String::new(), at: now(), command };
    let message = Message { id, kind: BodyKind::Decision.number(), format: FORMAT, body: encode(&decision) };
    message.send(&mut stream)?;
    match Fate::receive(&mut stream) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            anyhow::bail!("the server has it and did not carry it out yet: see `wardlight doctor`, then `area list`")
        }
        answer => Ok(answer?.context("the server ended before it answered; look with `area list`")?.1),
    }
}

fn list(config: &Config) -> anyhow::Result<ExitCode> {
    let runtime = server::runtime()?;
    let (areas, domains) = runtime.block_on(async {
        let Some(database) = server::database_there(config).await? else { return Ok((Vec::new(), Vec::new())) };
        anyhow::Ok((database.areas().await?, database.domains().await?))
    })?;
    let mut text = String::new();
    if areas.is_empty() {
        text += "No place is known yet: `wardlight area put site NAME --zone Europe/Berlin` makes the first.\n";
    }
    grow(&mut text, &areas, None, 0);
    for domain in domains {
        text += &format!("domain {} {} of {}\n", domain.scope.0, domain.name, domain.site);
    }
    print::out(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn grow(text: &mut String, areas: &[Area], parent: Option<Id>, depth: usize) {
    for area in areas.iter().filter(|area| area.parent == parent) {
        let zone = area.zone.as_ref().map(|zone| format!(" ({zone})")).unwrap_or_default();
        *text += &format!("{:indent$}{} {}{zone}  {}\n", "", area.level.name(), area.name, area.id, indent = depth * 2);
        grow(text, areas, Some(area.id), depth + 1);
    }
}
