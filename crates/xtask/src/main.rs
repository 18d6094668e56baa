//! The project's own tasks: every check in one command, generated pages, renewed lists, fuzzing, crashes.
//!
//! `cargo xtask test` is what a newcomer runs and what continuous integration runs; no rule lives anywhere else.

mod accuracy;
mod agree;
mod alone;
mod asvs;
mod bench;
mod browser;
mod contract;
mod crash;
mod floods;
mod fuzz;
mod oui;
mod reference;
mod shell;
mod steps;
mod test;
mod tidy;
mod tools;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Tasks of the project.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs every check of the project.
    Test {
        /// Only formatting, the house rules, clippy and the tests.
        #[arg(long)]
        quick: bool,
    },
    /// Checks the house rules alone: layers, budgets, lists, documents and so on.
    Tidy {
        /// Names of the checks to run; all when none is given.
        checks: Vec<String>,
    },
    /// Writes the generated pages in docs/reference/.
    Reference {
        /// Writes nothing; fails when a page is out of date.
        #[arg(long)]
        check: bool,
    },
    /// Renews data/oui.tsv, the list of makers by hardware address.
    Oui {
        /// CSV listings of the IEEE's registry; those of Debian's package ieee-data when none is given.
        files: Vec<PathBuf>,
    },
    /// Lets a sensor read too much of everything, and says what memory that took and what found no room.
    Floods(floods::Plan),
    /// Feeds the dissectors invented bytes and looks for a panic or a hang.
    Fuzz(fuzz::Plan),
    /// Measures a server with a hospital's worth of devices and conversations.
    Bench(bench::Plan),
    /// Tries whether the API keeps what its description says, as each role.
    Contract(contract::Plan),
    /// Tries the pages in a real browser, as each role.
    Browser(browser::Plan),
    /// Compares what is concluded of a synthetic hospital with the truth about it.
    Accuracy(accuracy::Plan),
    /// Compares what conversations are said to speak with what tshark and nDPI say.
    Agree(agree::Plan),
    /// Kills the server, cuts its power, and looks whether all that was acknowledged is there, once.
    Crash(crash::Plan),
}

fn main() -> ExitCode {
    let outcome = root().and_then(|root| match Arguments::parse().task {
        Task::Test { quick } => test::run(&root, quick),
        Task::Tidy { checks } => tidy::run(&root, &checks),
        Task::Reference { check } => reference::run(&root, check),
        Task::Oui { files } => oui::run(&root, &files),
        Task::Floods(plan) => floods::run(&root, &plan),
        Task::Fuzz(plan) => fuzz::run(&root, &plan),
        Task::Bench(plan) => bench::run(&root, &plan),
        Task::Contract(plan) => contract::run(&root, &plan).map(|outcome| outcome.say()),
        Task::Browser(plan) => browser::run(&root, &plan).map(|outcome| outcome.say()),
        Task::Accuracy(plan) => accuracy::run(&root, &plan),
        Task::Agree(plan) => agree::run(&root, &plan),
        Task::Crash(plan) => crash::run(&root, &plan),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The checkout that this program was built from.
fn root() -> Result<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().with_context(|| format!("cannot find the checkout {}", root.display()))
}
