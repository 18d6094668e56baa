//! `wardlight doctor`: is the installation as it should be? Looks, and changes nothing.

mod interface;

use super::{Configured, FINDINGS};
use crate::config::Config;
use crate::io::{key, print};
use crate::role::backup;
use crate::role::keeper::Standing;
use crate::role::ledger::checkpoints;
use crate::role::now;
use crate::role::places::Places;
use crate::role::server;
use crate::role::sources::{self, Standing as Sourced};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;
use wardlight_access::seal::{Key, Row};
use wardlight_model::Time;
use wardlight_store::database::StoreError;

/// Free space below which the disk counts as nearly full, in percent.
const FREE: u64 = 10;
/// The clock cannot be before this program was first released, in seconds since 1970: 2026-01-01.
const EARLIEST: i64 = 1_767_225_600;
/// Journal records that may wait for their commit before it counts as late.
const LATE: u64 = 10_000;

/// One in so many flows that never came is much.
const LOSS: u64 = 100;

/// Looks whether everything is as it should be; exit code 1 when something is not.
#[derive(clap::Args)]
pub struct Doctor {
    #[command(flatten)]
    config: Configured,
}

/// What one look gave.
enum Found {
    Well(String),
    Unknown(String),
    Ill { what: String, mend: String },
}

use Found::{Ill, Unknown, Well};

impl Doctor {
    /// Looks. Errors: the configuration cannot be read.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.config.load()?;
        let places = Places::of(&config);
        let mut looks: Vec<(String, Found)> = [
            ("data folder", folder(&places.data)),
            ("key folder", folder(&places.keys)),
            ("keys", keys(&places)),
            ("keys not in backups", kept_apart(&config, &places)),
            ("clock", clock(&places)),
            ("disk", disk(&places.data)),
            ("server", server(&places)),
            ("ledger", ledger(&places)),
            ("retention", retention(&config)),
            ("backups", backups(&config)),
            ("pages", pages(&config)),
            ("sealing key", sealing_key(&config, &places)),
        ]
        .map(|(name, found)| (name.to_owned(), found))
        .into();
        looks
            .extend(sources::kept(&config, now()).iter().map(|source| (format!("source {}", source.name), of(source))));
        let interfaces = config.sensor.interfaces.iter();
        looks.extend(interfaces.map(|name| (format!("interface {name}"), interface::look(name))));
        let mut text = String::new();
        for (name, found) in &looks {
            text += &match found {
                Well(what) => format!("✓ {name}: {what}\n"),
                Unknown(what) => format!("? {name}: {what}\n"),
                Ill { what, mend } => format!("✗ {name}: {what}\n    {mend}\n"),
            };
        }
        if config.sensor.interfaces.is_empty() {
            text += "– capture rights: not needed, no interface is listened to\n";
        }
        if let Ok(Some(checkpoint)) = checkpoints(&places.ledger()).map(|mut all| all.pop()) {
            text += &format!("\nThe ledger's newest checkpoint, to be kept with this report:\n{checkpoint}");
        }
        print::out(&text)?;
        let ill = looks.iter().any(|(_, found)| matches!(found, Ill { .. }));
        Ok(if ill { ExitCode::from(FINDINGS) } else { ExitCode::SUCCESS })
    }
}

fn ill(what: impl Into<String>, mend: impl Into<String>) -> Found {
    Ill { what: what.into(), mend: mend.into() }
}

fn folder(path: &Path) -> Found {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Unknown(format!("{} is not there yet: `wardlight run` makes it", path.display()))
        }
        Err(error) => ill(format!("{}: {error}", path.display()), "run as the account that owns it"),
        Ok(meta) if meta.permissions().mode() & 0o077 != 0 => ill(
            format!("{}: others may look into it (mode {:o})", path.display(), meta.permissions().mode() & 0o777),
            format!("run `chmod 700 {}`", path.display()),
        ),
        Ok(_) => Well(format!("{} is for its owner alone", path.display())),
    }
}

fn keys(places: &Places) -> Found {
    for path in [places.ledger_key(), places.names_key()] {
        match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Unknown(format!("{} is not there yet: `wardlight run` makes it", path.display()));
            }
            Err(error) => return ill(format!("{}: {error}", path.display()), "run as the account that owns it"),
            Ok(meta) if meta.permissions().mode() & 0o077 != 0 => {
                return ill(
                    format!("{}: others may read it", path.display()),
                    format!("run `chmod 600 {}`", path.display()),
                );
            }
            Ok(_) => {}
        }
    }
    Well("for their owner alone".to_owned())
}

fn kept_apart(config: &Config, places: &Places) -> Found {
    let holds = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        entries.map(|entry| entry.path()).find(|path| path.join("ledger.key").exists())
    };
    if places.keys.starts_with(&config.backup.folder) || config.backup.folder.starts_with(&places.keys) {
        return ill("the folder of the keys and that of the backups lie in each other", "move one of them elsewhere");
    }
    holds(&config.backup.folder).map_or_else(
        || Well(format!("{} and {} lie apart", places.keys.display(), config.backup.folder.display())),
        |path| ill(format!("{} holds the ledger's key", path.display()), "delete it there and keep a copy elsewhere"),
    )
}

fn clock(places: &Places) -> Found {
    let time = now();
    if time < Time::from_seconds(EARLIEST) {
        return ill(format!("it says {time}, which is before this version was made"), "set the clock, with NTP");
    }
    let newest = std::fs::metadata(places.standing()).and_then(|meta| meta.modified()).ok();
    match newest.and_then(|newest| newest.duration_since(std::time::SystemTime::now()).ok()) {
        Some(ahead) if ahead.as_secs() > 60 => ill(
            format!("it is {} s behind what was written last", ahead.as_secs()),
            "set the clock, with NTP; the order of records does not depend on it",
        ),
        _ => Well(format!("{time}")),
    }
}

fn disk(data: &Path) -> Found {
    let existing = data.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    match rustix::fs::statvfs(existing) {
        Err(error) => Unknown(format!("{}: {error}", existing.display())),
        Ok(disk) => {
            let (free, all) =
                (disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_blocks.saturating_mul(disk.f_frsize));
            let percent = free.saturating_mul(100) / all.max(1);
            let what = format!("{} MiB of {} MiB are free ({percent} %)", free >> 20, all >> 20);
            if percent < FREE {
                ill(what, "free some or add disk: raw flows are given up first when it is full")
            } else {
                Well(what)
            }
        }
    }
}

fn server(places: &Places) -> Found {
    let path = places.standing();
    let Some(standing) = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Standing>(&text).ok())
    else {
        return Unknown("it has not run here yet".to_owned());
    };
    if std::os::unix::net::UnixStream::connect(places.socket()).is_err() {
        return ill(format!("it does not answer; it last wrote at {}", standing.at), "start `wardlight run`");
    }
    if standing.is_full {
        return ill(
            format!("the disk is full, {} flows were given up", standing.shed_flows),
            "free some space, or add disk: it goes on by itself",
        );
    }
    if !standing.waits.is_empty() {
        return ill(standing.waits, "it goes on by itself once that is mended");
    }
    if standing.history < standing.committed {
        return ill(
            format!("flows from journal record {} on are not in the flow history yet", standing.history + 1),
            "look at the disk: they are written once there is room",
        );
    }
    if standing.lost > 0 {
        return ill(
            format!("{} records of the journal are damaged or gone", standing.lost),
            "look at the disk, then restore the newest backup beside it and compare",
        );
    }
    let late = standing.journal.saturating_sub(standing.committed);
    if late > LATE {
        return ill(format!("{late} journal records wait to be committed"), "look whether the database answers");
    }
    if standing.shed_flows > 0 || standing.dropped_facts > 0 {
        return ill(
            format!("{} flows and {} facts were given up", standing.shed_flows, standing.dropped_facts),
            "add disk, or raise store.most_facts",
        );
    }
    Well(format!("{} devices, {} journal records committed", standing.devices, standing.committed))
}

fn of(source: &Sourced) -> Found {
    let read = source.read.as_deref().unwrap_or("never");
    if let Some(failure) = source.failure.as_ref().filter(|_| source.is_failing) {
        let what = format!("{}: {} (at {}; last good run: {read})", failure.place, failure.what, failure.at);
        return ill(what, failure.mend.clone());
    }
    if source.is_stale {
        let mend = "look whether the other system still writes it, or raise `stale_after_h` of this source";
        return ill(format!("{} brought nothing new for too long; last good run: {read}", source.place), mend);
    }
    if let Some(heard) = &source.heard {
        let received =
            format!("{} flows in {} datagrams of {} exporters", heard.flows, heard.datagrams, heard.exporters);
        let lost = format!("{} flows and {} datagrams lost", heard.lost_flows, heard.lost_datagrams);
        let what = format!(
            "{received} since {}; {lost}, {} given up, {} set aside",
            heard.since, heard.given_up, source.set_aside
        );
        let is_much = heard.lost_flows > heard.flows / LOSS || heard.lost_datagrams > heard.datagrams / LOSS;
        return if is_much || heard.given_up > 0 {
            ill(what, "raise `net.core.rmem_max`, let exporters sample, or give the server more room")
        } else {
            Well(what)
        };
    }
    match source.run {
        None => Unknown(format!("{}: nothing was read yet", source.place)),
        Some(run) => Well(format!("{} rows, {} set aside, read at {read} as run {run}", source.rows, source.set_aside)),
    }
}

fn ledger(places: &Places) -> Found {
    match checkpoints(&places.ledger()) {
        Err(error) => ill(format!("{error:#}"), "run `wardlight ledger verify`"),
        Ok(all) => all.last().map_or_else(
            || Unknown("no checkpoint was signed yet".to_owned()),
            |newest| {
                let (size, root) = (newest.head.size, newest.head.root.to_string());
                Well(format!(
                    "{size} entries under root {}…; `wardlight ledger verify` reads them all",
                    root.get(..16).unwrap_or_default()
                ))
            },
        ),
    }
}

fn retention(config: &Config) -> Found {
    match (config.history.keep_days, config.history.keep_mib) {
        (0, 0) => ill("flows are kept for ever and without bound", "set history.keep_days or history.keep_mib"),
        (days, 0) => Well(format!("flows are kept {days} days")),
        (0, mib) => Well(format!("flows are kept up to {mib} MiB")),
        (days, mib) => Well(format!("flows are kept {days} days, up to {mib} MiB")),
    }
}

fn pages(config: &Config) -> Found {
    let web = &config.web;
    if web.listen.is_empty() {
        return Unknown("none are served: web.listen is empty".to_owned());
    }
    match crate::role::web::host(config, 443) {
        Err(error) => ill(format!("{error:#}"), "set web.host to the name by which browsers reach the pages"),
        Ok(None) => Unknown(format!(
            "at {}; security keys and passkeys need a host name: set web.host, until then codes of a second device are asked for",
            web.listen
        )),
        Ok(Some(host)) => Well(format!("at {}, reached as {}, where security keys work", web.listen, host.name)),
    }
}

/// Whether what is sealed in the state opens: not after a restore without the key.
fn sealing_key(config: &Config, places: &Places) -> Found {
    let mend = "put sealing.key back from where the keys are kept; without it each owner logs in by a recovery sheet, or an \
                administrator makes a new link that ends the second devices";
    match sealed(config, places) {
        Err(error) => Unknown(format!("{error:#}")),
        Ok((0, _)) => Well("nothing is sealed yet".to_owned()),
        Ok((all, 0)) => Well(format!("opens the secrets of {all} second devices")),
        Ok((all, lost)) => ill(format!("{lost} of {all} secrets of second devices were sealed under another"), mend),
    }
}

/// How many second devices have a sealed secret, and how many of those do not open.
fn sealed(config: &Config, places: &Places) -> anyhow::Result<(usize, usize)> {
    let runtime = server::runtime()?;
    let Some(database) = runtime.block_on(server::database_as_it_is(config))? else { return Ok((0, 0)) };
    let path = places.sealing_key();
    let key = if path.exists() { Some(Key::new(key::read_or_make(&path)?.0)) } else { None };
    let counts = runtime.block_on(async {
        let (mut all, mut lost) = (0, 0);
        for account in database.accounts().await? {
            let sealed = database.factors(account.id).await?.into_iter().filter(|factor| factor.kind != "recovery");
            for factor in sealed {
                let row = Row { table: "factor", column: "sealed", id: factor.id };
                all += 1;
                lost += usize::from(key.as_ref().is_none_or(|key| key.open(&factor.sealed, row).is_err()));
            }
        }
        Ok::<_, StoreError>((all, lost))
    });
    runtime.block_on(database.close());
    Ok(counts?)
}

fn backups(config: &Config) -> Found {
    let mend = "run `wardlight backup make`, daily from a timer";
    let Some((path, contents)) = backup::newest(&config.backup.folder) else {
        return ill(format!("there is none in {}", config.backup.folder.display()), mend);
    };
    let age_s = now().since(Time::from_micros(contents.made)) / 1_000_000;
    let hours = u64::try_from(age_s / 3600).unwrap_or_default();
    if hours > config.backup.stale_h {
        return ill(format!("the newest, {}, is {hours} hours old", path.display()), mend);
    }
    Well(format!("the newest, {}, is {hours} hours old", path.display()))
}
