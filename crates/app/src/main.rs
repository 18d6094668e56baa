//! Wardlight: sees, understands and protects the connected devices of a hospital.
//!
//! Start reading here: each command is one file in `cmd/`.

mod cmd;
mod config;
mod io;
mod role;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Wipes what is freed: text on its way to a keyed hash must not stay behind. Below it is an allocator that gives memory
/// back: whoever looks at a hundred thousand devices needs much of it, for a moment.
#[global_allocator]
static MEMORY: zeroizing_alloc::ZeroAlloc<MiMalloc> = zeroizing_alloc::ZeroAlloc(MiMalloc);

/// What the exit codes say, for `--help`.
const EXIT_CODES: &str = "Exit codes: 0 done; 1 done, and something was found that should not be; 2 the command line \
    cannot be understood; 3 something could not be read, the rest was used; 4 something could not be written or kept, such \
    as logs on a full disk.";

/// Sees the connected devices of a hospital, without sending a single packet.
#[derive(Parser)]
#[command(name = "wardlight", version, about, max_term_width = 100, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(cmd::run::Run),
    Demo(cmd::demo::Command),
    Watch(cmd::watch::Watch),
    Explain(cmd::explain::Explain),
    Protocols(cmd::protocols::Protocols),
    Devices(cmd::devices::Command),
    Assets(cmd::assets::Command),
    Owners(cmd::owners::Command),
    Area(cmd::area::Command),
    Import(cmd::import::Command),
    Ledger(cmd::ledger::Command),
    Backup(cmd::backup::Command),
    Config(cmd::config::Command),
    Doctor(cmd::doctor::Doctor),
}

impl Command {
    fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Run(run) => run.run(),
            Self::Demo(demo) => demo.run(),
            Self::Watch(watch) => watch.run(),
            Self::Explain(explain) => explain.run(),
            Self::Protocols(protocols) => protocols.run(),
            Self::Devices(devices) => devices.run(),
            Self::Assets(assets) => assets.run(),
            Self::Owners(owners) => owners.run(),
            Self::Area(area) => area.run(),
            Self::Import(import) => import.run(),
            Self::Ledger(ledger) => ledger.run(),
            Self::Backup(backup) => backup.run(),
            Self::Config(config) => config.run(),
            Self::Doctor(doctor) => doctor.run(),
        }
    }
}

fn main() -> ExitCode {
    if io::dump::wanted().is_none()
        && let Err(error) = wardlight_capture::forbid_core_dumps()
    {
        eprintln!("wardlight: cannot forbid core dumps: {error}");
        return ExitCode::from(cmd::INPUT);
    }
    let mut command = Arguments::parse().command;
    if let Command::Run(run) = &mut command
        && let Err(error) = run.prepare()
    {
        eprintln!("wardlight: {error:#}");
        return ExitCode::from(cmd::INPUT);
    }
    let outcome = wardlight_capture::apart(|| {
        let outcome = command.run();
        io::dump::at("done");
        outcome
    });
    outcome.map_err(anyhow::Error::from).flatten().unwrap_or_else(|error| {
        eprintln!("wardlight: {error:#}");
        ExitCode::from(cmd::exit_code(&error))
    })
}
