//! How fast, how small: a server with a hospital's worth of devices and conversations, measured from outside.
//!
//! The harness plays the sensors: it sends what `lab` makes up over the server's socket, as fast as it is acknowledged.
//! Then it starts the server again, and lets many clients ask at one time. Times are the clock's, costs are processor time
//! of the server and of the database beside it.

mod ask;
mod pages;
mod server;
pub(crate) mod wire;

use crate::{shell, test};
use anyhow::{Context as _, Result};
use server::{Cost, Server};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use wardlight_lab::bulk::Hospital;
use wardlight_model::journal::{BodyKind, encode};

/// Where chance begins.
const SEED: u64 = 11;

/// What to measure.
#[derive(clap::Args, Debug, Clone)]
pub struct Plan {
    /// Devices.
    #[arg(long, default_value_t = 100_000)]
    pub devices: u32,
    /// Conversations.
    #[arg(long, default_value_t = 10_000_000)]
    pub conversations: u64,
    /// Hours in which they end.
    #[arg(long, default_value_t = 4)]
    pub hours: u32,
    /// Clients that ask at one time.
    #[arg(long, default_value_t = 8)]
    pub clients: u64,
    /// Seconds for which they ask, once while nothing else happens and once while sensors report.
    #[arg(long, default_value_t = 20)]
    pub seconds: u64,
    /// Pause of a client after each answer, in milliseconds.
    #[arg(long, default_value_t = 0)]
    pub pause: u64,
    /// The state: `sqlite:`, or the address of an empty PostgreSQL database.
    #[arg(long, default_value = "sqlite:")]
    pub store: String,
    /// Number of the process whose children's time counts as well: that of the database server.
    #[arg(long, value_name = "PID")]
    pub beside: Option<u32>,
    /// Folder of the installation; what a run before left there is measured further, and nothing is sent.
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// The program; built in release mode when none is named.
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
}

/// Carries `plan` out. Errors: the server does not do what it should.
pub fn run(root: &Path, plan: &Plan) -> Result<()> {
    let program = plan.program.clone().map_or_else(|| build(root), Ok)?;
    let scratch = tempfile::Builder::new().prefix("wl-bench-").tempdir()?;
    let folder = plan.folder.clone().unwrap_or_else(|| scratch.path().to_owned());
    let is_filled = folder.join("data/state.db").exists() || folder.join("data/site.id").exists();
    println!("{} devices, {} conversations in {} hours, {}", plan.devices, plan.conversations, plan.hours, kind(plan));
    if !is_filled {
        fill(&program, &folder, plan)?;
    }
    let begun = Instant::now();
    let server = Server::start(&program, &folder, plan)?;
    let devices = ask::known(&server.socket())?;
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "start: {seconds:.2} s until {devices} devices are listed, {:.2} CPU s; {}",
        server.cost().cpu,
        server.memory()
    );
    // Every start looks at all facts again by the rules of the program: what a change of rules asks for.
    server.looked()?;
    println!("every device labelled anew {:.2} s after the start", begun.elapsed().as_secs_f64());
    server.settled(plan.devices)?;
    println!("conversations of the past counted {:.2} s after the start", begun.elapsed().as_secs_f64());
    for is_busy in [false, true] {
        ask::run(&server, plan, is_busy)?;
    }
    // What sensors reported meanwhile is looked at first.
    server.settled(plan.devices)?;
    pages::run(root, &folder, &server, plan)?;
    println!("then: {}", server.memory());
    server.stop()
}

fn kind(plan: &Plan) -> &str {
    plan.store.split(':').next().unwrap_or_default()
}

/// The program, built as it is given out.
fn build(root: &Path) -> Result<PathBuf> {
    let mut cargo = Command::new(shell::cargo());
    let cargo = cargo.args(["build", "--quiet", "--release", "-p", "wardlight-app"]).current_dir(root);
    shell::run(cargo).context("cannot build")?;
    Ok(test::target(root)?.join("release/wardlight"))
}

/// Sends everything once, and the observations once more.
fn fill(program: &Path, folder: &Path, plan: &Plan) -> Result<()> {
    let hospital = Hospital::new(SEED, plan.devices);
    let server = Server::start(program, folder, plan)?;
    for (name, round) in [("observations, new", 0), ("observations, known", 1)] {
        let bodies = hospital.observations(round).map(|seen| {
            let items = seen.facts.items.len() + seen.presences.items.len();
            (BodyKind::Observations, encode(&seen), items)
        });
        send(&server, name, bodies)?;
        server.settled(plan.devices)?;
    }
    import(program, folder, &server, hospital)?;
    let bodies = hospital
        .flows(plan.conversations, plan.hours)
        .map(|flows| (BodyKind::Flows, encode(&flows), flows.flows.items.len()));
    send(&server, "conversations", bodies)?;
    println!("{}", server.sizes(folder));
    println!("{}", server.memory());
    server.stop()
}

/// Takes in an export with a row for each device, and waits until the rows are found to be the devices.
fn import(program: &Path, folder: &Path, server: &Server, hospital: Hospital) -> Result<()> {
    let file = folder.join("register.csv");
    let lines: Vec<String> = hospital.register().collect();
    std::fs::write(&file, lines.join("\n") + "\n")?;
    let (before, begun) = (server.cost(), Instant::now());
    let mut command = Command::new(program);
    let command = command.args(["import", "read"]).arg(&file).args(["--as", "maintenance", "--config"]);
    shell::stdout(command.arg(folder.join("wardlight.toml"))).context("cannot import")?;
    let taken_in = begun.elapsed();
    // One in nine devices bears an address of its own making, by which no record can be known to be it.
    let confirmed = server.confirmed((lines.len() - 1) * 85 / 100)?;
    println!(
        "import: {} rows, taken in after {:.2} s, {confirmed} devices confirmed by them after {:.2} s; {}",
        lines.len() - 1,
        taken_in.as_secs_f64(),
        begun.elapsed().as_secs_f64(),
        rate(u64::try_from(lines.len()).unwrap_or_default(), server.cost().since(before), begun.elapsed()),
    );
    Ok(())
}

/// Sends all of `bodies` and waits until the state holds them.
fn send(server: &Server, name: &str, bodies: impl Iterator<Item = (BodyKind, Vec<u8>, usize)>) -> Result<()> {
    let (before, begun) = (server.cost(), Instant::now());
    let sent = wire::send(&server.socket(), bodies, usize::MAX)?;
    let durable = begun.elapsed();
    server.committed(sent.sequence)?;
    let (all, cost) = (begun.elapsed(), server.cost().since(before));
    println!(
        "{name}: {} in {} batches, {:.1} MB; durable after {:.2} s, in the state after {:.2} s; {}",
        sent.items,
        sent.batches,
        float(sent.bytes) / 1e6,
        durable.as_secs_f64(),
        all.as_secs_f64(),
        rate(sent.items, cost, all),
    );
    Ok(())
}

fn rate(items: u64, cost: Cost, all: Duration) -> String {
    let per = |seconds: f64| float(items) / seconds.max(0.001);
    let beside = if cost.beside > 0.0 { format!(" and {:.2} of the database", cost.beside) } else { String::new() };
    format!(
        "{:.2} CPU s of the server{beside}: {:.0} a CPU second, {:.0} a second",
        cost.cpu,
        per(cost.cpu + cost.beside),
        per(all.as_secs_f64())
    )
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
const fn float(number: u64) -> f64 {
    number as f64
}
