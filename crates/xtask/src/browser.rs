//! Whether the pages work in a real browser: each for each role, without scripts, by keyboard alone, by whoever has never
//! seen them; and whether people come in by every way.
//!
//! The servers are real ones, one of them with the hospital of the demonstration; the scripts are those of
//! `crates/app/tests/browser`. Chromium and node are used where they are there, what node needs is installed.

mod server;

use crate::steps::Outcome;
use crate::tools::{self, MODULES};
use crate::{shell, test};
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use server::Server;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// The scripts.
const SCRIPTS: &str = "crates/app/tests/browser";
/// Where pictures of the pages lie.
const PICTURES: &str = "docs/screens";
/// Devices of the hospital, and how fast it lives: so fast that somebody new comes while the script of keys waits for it.
const DEVICES: &str = "300";
const SPEED: &str = "20";

/// What to try.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Plan {
    /// Takes pictures of the main pages into docs/screens/ as well.
    #[arg(long)]
    pub pictures: bool,
    /// The program; built when none is named.
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
}

/// What scripts run with.
struct Stage {
    scripts: PathBuf,
    modules: PathBuf,
    chromium: PathBuf,
}

impl Stage {
    /// Runs the script `name` with `words`; `port` is where another house is expected. Errors: what it says is wrong.
    fn run(&self, name: &str, words: &[&str], port: Option<u16>) -> Result<()> {
        let mut node = Command::new("node");
        node.arg(self.scripts.join(name)).args(words).current_dir(&self.scripts);
        node.env("NODE_PATH", &self.modules).env("CHROMIUM", &self.chromium);
        if let Some(port) = port {
            node.env("ISSUER_PORT", port.to_string());
        }
        let mut said = Vec::new();
        let is_fine = shell::listen(&mut node, |line| said.push(line.to_owned()))?;
        ensure!(is_fine, "{}", said.iter().find(|line| line.starts_with(name)).unwrap_or(&format!("{name} failed")));
        Ok(())
    }
}

/// Carries `plan` out. Errors: something is not as it should be.
pub fn run(root: &Path, plan: &Plan) -> Result<Outcome> {
    let folder = test::target(root)?.join("tools");
    let found = MODULES.ready(&folder).and_then(|modules| Ok((modules, tools::chromium()?)));
    let (modules, chromium) = match found {
        Ok(found) => found,
        Err(missing) => return Ok(Outcome::Skipped(missing)),
    };
    let stage = Stage { scripts: root.join(SCRIPTS), modules, chromium };
    let program = plan.program.clone().map_or_else(|| test::program(root), Ok)?;
    // Codes are good for half a minute each, so one script waits while the others work.
    thread::scope(|scope| {
        let beside = scope.spawn(|| log_ins(&stage, &program));
        let outcome = hospital(&stage, &program, plan.pictures.then(|| root.join(PICTURES)));
        let others = beside.join().map_err(|_| anyhow!("the script of log-ins broke off"))?;
        outcome.and(others)
    })?;
    Ok(Outcome::Done("pages for each role, without scripts, by keys, by a newcomer; every way to log in".to_owned()))
}

/// Every way to log in, on a server of its own.
fn log_ins(stage: &Stage, program: &Path) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("wl-browser-").tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    fs::write(at("secret"), "a secret between the two\n")?;
    fs::set_permissions(at("secret"), fs::Permissions::from_mode(0o600))?;
    let text = format!(
        "[files]\ndata = {:?}\nkeys = {:?}\n[backup]\nfolder = {:?}\n[web]\nlisten = \"127.0.0.1:0\"\nhost = \"localhost\"\n\
         [oidc]\nissuer = \"http://127.0.0.1:{port}\"\nclient_id = \"wardlight\"\nclient_secret = {:?}\nclaim = \
         \"preferred_username\"\n",
        at("data"),
        at("keys"),
        at("backup"),
        at("secret")
    );
    fs::write(at("wardlight.toml"), text)?;
    let mut command = Command::new(program);
    command.args(["run", "--role", "server", "--config"]).arg(at("wardlight.toml"));
    let server = Server::start(&mut command, "pages at ", &at("log"))?;
    let base = format!("https://localhost:{}", server.port()?);
    stage.run("log_in.mjs", &[&base, &server.link()?], Some(port)).with_context(|| server.last_words())?;
    server.end()
}

/// The pages of a hospital that lives.
fn hospital(stage: &Stage, program: &Path, pictures: Option<PathBuf>) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("wl-browser-").tempdir()?;
    let mut command = Command::new(program);
    command.args(["demo", "--devices", DEVICES, "--speed", SPEED, "--pages", "127.0.0.1:0", "--folder"]);
    command.arg(folder.path().join("demo"));
    let server = Server::start(&mut command, "ready after ", &folder.path().join("log"))?;
    let (base, link) = (format!("https://127.0.0.1:{}", server.port()?), server.link()?);
    let tell = || server.last_words();
    stage.run("story.mjs", &[&link], None).with_context(tell)?;
    stage.run("keyboard.mjs", &[&base], None).with_context(tell)?;
    stage.run("pages.mjs", &[&base], None).with_context(tell)?;
    if let Some(folder) = pictures {
        let Some(folder) = folder.to_str() else { bail!("{} is no text", folder.display()) };
        stage.run("pictures.mjs", &[&base, folder], None).with_context(tell)?;
    }
    server.end()
}
