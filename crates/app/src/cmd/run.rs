//! `wardlight run`: the sensor and the server, together or apart.

use super::{Configured, INPUT, OUTPUT};
use crate::config::Config;
use crate::io::confine::confine;
use crate::role::apart::{self, Fate};
use crate::role::keeper::Standing;
use crate::role::places::Places;
use crate::role::sensor::{self, Live, Tale};
use crate::role::space::mend;
use crate::role::{Stop, server};
use anyhow::Context as _;
use rustix::process::{Signal, set_parent_process_death_signal};
use std::collections::BTreeSet;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Which part of the work is done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Role {
    /// Sensor and server.
    All,
    /// Reads captures and hands on what they say.
    Sensor,
    /// Takes it in and keeps it.
    Server,
}

/// Watches the network and keeps what it learns.
#[derive(clap::Args)]
pub struct Run {
    #[command(flatten)]
    config: Configured,
    /// Which part of the work to do.
    #[arg(long, value_enum, default_value = "all", overrides_with = "role")]
    role: Role,
    /// This is a sensor beside the server that started it: it ends with that.
    #[arg(long, hide = true)]
    beside: bool,
    /// Ends once everything named was read and kept; listens to nothing.
    #[arg(long)]
    once: bool,
    /// A network interface to listen to, beside those of the configuration; nothing is sent by it.
    #[arg(long, value_name = "INTERFACE")]
    interface: Vec<String>,
    /// What listens, once it is prepared.
    #[arg(skip)]
    live: Vec<Live>,
    /// Captures and folders to read, beside those of the configuration.
    #[arg(value_name = "SOURCE")]
    sources: Vec<PathBuf>,
}

impl Run {
    /// Begins to listen to interfaces, and gives up what a sensor does not need from then on: before the first thread is
    /// made, because rights are each thread's own, and before the first byte is read. Errors: an interface cannot be
    /// listened to, the system does not let it.
    pub fn prepare(&mut self) -> anyhow::Result<()> {
        if self.beside {
            set_parent_process_death_signal(Some(Signal::KILL))?;
        }
        if !matches!(self.role, Role::Sensor) {
            return Ok(());
        }
        if !self.once {
            let mut config = self.config.load()?;
            let named =
                std::mem::take(&mut self.interface).into_iter().filter(|name| !config.sensor.interfaces.contains(name));
            let named: BTreeSet<String> = named.collect();
            config.sensor.interfaces.extend(named);
            self.live = Live::open(&config)?;
        }
        let sockets: Vec<BorrowedFd<'_>> = self.live.iter().map(|live| live.ring().socket()).collect();
        confine(&sockets)
            .context("the sensor would read hostile bytes with more rights than it needs: it is not started")
    }

    /// Runs until it is told to stop. Errors: what does not let it begin or go on.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut config = self.config.load()?;
        for source in self.sources {
            let list = if source.is_dir() { &mut config.sensor.folders } else { &mut config.sensor.captures };
            list.push(source);
        }
        Places::of(&config).make().map_err(|error| anyhow::anyhow!("{error:#}{}", advice(&error)))?;
        let stop = Stop::default();
        end_on_signals(&stop)?;
        match self.role {
            Role::Server => serve(&config, &stop, None, self.once),
            Role::Sensor => sense(&config, self.live, &stop, self.once),
            Role::All => both(&config, &stop, self.once),
        }
    }
}

fn sense(config: &Config, live: Vec<Live>, stop: &Stop, once: bool) -> anyhow::Result<ExitCode> {
    let tale = Arc::new(Mutex::new(Tale::default()));
    let outcome = sensor::run(config, live, once, stop, &tale);
    stop.now();
    outcome.map(|()| code(&tale))
}

/// The server here, the sensor as a process beside it.
fn both(config: &Config, stop: &Stop, once: bool) -> anyhow::Result<ExitCode> {
    let fate = Arc::new(Fate::default());
    let keeper = {
        let (stop, fate) = (stop.clone(), Arc::clone(&fate));
        thread::Builder::new().name("sensor".to_owned()).spawn(move || {
            let outcome = apart::keep(once, &fate, &stop);
            if outcome.is_err() {
                stop.now();
            }
            outcome
        })?
    };
    let served = serve(config, stop, Some(&fate), once);
    stop.now();
    let sensed = keeper.join().map_err(|_| anyhow::anyhow!("nobody looks after the sensor any more"))?;
    let served = served?;
    sensed.map(|sensed| if served == ExitCode::SUCCESS { sensed } else { served })
}

fn serve(config: &Config, stop: &Stop, sensor: Option<&Fate>, once: bool) -> anyhow::Result<ExitCode> {
    let mut last = Standing::default();
    let outcome = server::run(config, once, stop, |standing, is_done| {
        last = standing.clone();
        let is_read = sensor.is_none_or(|sensor| sensor.is_done.load(Ordering::SeqCst));
        if once && is_done && is_read && standing.committed == standing.journal {
            stop.now();
        }
    });
    if let Err(error) = outcome {
        eprintln!("wardlight: {error:#}{}", advice(&error));
        return Ok(ExitCode::from(OUTPUT));
    }
    println!("{} devices; {} journal records, all kept; {} ledger entries", last.devices, last.committed, last.ledger);
    let is_failing = once && last.sources.iter().any(|source| source.is_failing);
    Ok(if is_failing { ExitCode::from(INPUT) } else { ExitCode::SUCCESS })
}

/// How to mend what the disk said, to be put behind that.
fn advice(error: &anyhow::Error) -> String {
    mend(error).map(|how| format!("; {how}")).unwrap_or_default()
}

fn code(tale: &Mutex<Tale>) -> ExitCode {
    let tale = tale.lock().unwrap_or_else(PoisonError::into_inner);
    if tale.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(INPUT) }
}

/// The first SIGINT or SIGTERM ends everything in order.
pub fn end_on_signals(stop: &Stop) -> anyhow::Result<()> {
    let stop = stop.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listen = move || {
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            stop.now();
        });
    };
    thread::Builder::new().name("signals".to_owned()).spawn(listen).map(drop).context("cannot listen for signals")
}
