//! A real server with a small hospital: devices from a sensor, records of another system, a site, an account and a token for
//! each role.

use crate::bench::wire;
use crate::shell;
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;
use wardlight_access::Role;
use wardlight_access::token::ApiToken;
use wardlight_access::{Action, Rights};
use wardlight_lab::bulk::Hospital;
use wardlight_model::journal::{BodyKind, encode};
use wardlight_model::{Id, Time};
use wardlight_store::database::{Account, Database, Settings, StoredGrant, StoredToken};

/// Devices of the hospital.
const DEVICES: u32 = 120;
const SEED: u64 = 3;
/// How long the server may take for one thing.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server, while it runs.
pub(super) struct House {
    folder: tempfile::TempDir,
    child: Child,
    address: String,
}

impl House {
    /// Starts `program`, and fills it. Errors: it does not start, or does not take what it is given.
    pub fn open(program: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("wl-contract-").tempdir()?;
        let at = |name: &str| folder.path().join(name);
        let text = format!(
            "[files]\ndata = {:?}\nkeys = {:?}\n[backup]\nfolder = {:?}\n[web]\nlisten = \"127.0.0.1:0\"\n",
            at("data"),
            at("keys"),
            at("backup")
        );
        fs::write(at("wardlight.toml"), text)?;
        let mut command = Command::new(program);
        command.args(["run", "--role", "server", "--config"]).arg(at("wardlight.toml"));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let address = address(&mut child, &at("log"))?;
        let house = Self { folder, child, address };
        house.fill(program)?;
        house.settle()?;
        Ok(house)
    }

    /// Where pages and API are.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Everything it keeps lies here.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The token of `role`.
    #[expect(clippy::unused_self, reason = "no token is good before the house is open")]
    pub fn token(&self, role: Role) -> String {
        token(role).text().to_string()
    }

    /// Ends it in order. Errors: it does not end well.
    pub fn close(mut self) -> Result<()> {
        shell::run(Command::new("kill").arg(self.child.id().to_string()))?;
        let ended = self.child.wait()?;
        ensure!(ended.success(), "the server ended with {ended}");
        Ok(())
    }

    fn fill(&self, program: &Path) -> Result<()> {
        let hospital = Hospital::new(SEED, DEVICES);
        let bodies = hospital.observations(0).map(|seen| {
            let items = seen.facts.items.len() + seen.presences.items.len();
            (BodyKind::Observations, encode(&seen), items)
        });
        let socket = self.folder().join("data/server.sock");
        wire::send(&socket, bodies, usize::MAX)?;
        let register = self.folder().join("register.csv");
        fs::write(&register, hospital.register().collect::<Vec<_>>().join("\n") + "\n")?;
        let cli = |words: &[&str]| {
            let mut command = Command::new(program);
            command.args(words).arg("--config").arg(self.folder().join("wardlight.toml"));
            shell::stdout(&mut command)
        };
        cli(&["import", "read", &register.display().to_string(), "--as", "maintenance"])?;
        cli(&["area", "put", "site", "St. Anna", "--zone", "Europe/Berlin"])?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        accounts(&runtime, &self.folder().join("data/state.db"))
    }

    /// Waits until assets are known.
    fn settle(&self) -> Result<()> {
        let standing = self.folder().join("data/standing.json");
        let begun = Instant::now();
        let confirmed = || {
            let standing: serde_json::Value = serde_json::from_slice(&fs::read(&standing).ok()?).ok()?;
            standing.pointer("/assets/confirmed")?.as_u64()
        };
        while confirmed().unwrap_or_default() == 0 {
            ensure!(begun.elapsed() < PATIENCE, "the server never found that records are devices");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the server says that its pages are; what it says later goes to `log`.
fn address(child: &mut Child, log: &Path) -> Result<String> {
    let mut lines = BufReader::new(child.stderr.take().context("no output")?).lines().map_while(Result::ok);
    let address = lines.find_map(|line| line.split_once("pages at ").map(|(_, address)| address.to_owned()));
    let mut log = fs::File::create(log)?;
    std::thread::spawn(move || {
        for line in lines {
            let _ = std::io::Write::write_all(&mut log, format!("{line}\n").as_bytes());
        }
    });
    address.context("the server names no address of its pages")
}

/// A token that is good on this server alone, for as long as it runs.
fn token(role: Role) -> ApiToken {
    ApiToken::new(Id([role as u8 + 101; 16]), [role as u8 + 1; 32])
}

/// Writes an account with a token for each role; of a vendor for the one site, as for the whole it is never given.
fn accounts(runtime: &Runtime, state: &Path) -> Result<()> {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let now = Time::from_seconds(i64::try_from(elapsed.as_secs())? - 1);
    let url = format!("sqlite://{}", state.display());
    let database = runtime.block_on(Database::open(&Settings { url, site: Id([1; 16]), now, patience: PATIENCE }))?;
    let site = runtime.block_on(database.areas())?.first().map(|area| area.id);
    let rights = Rights::shipped()?;
    for role in Role::ALL {
        let id = Id([role as u8 + 1; 16]);
        let name = role.name().to_owned();
        let shown = role.title().to_owned();
        let account = Account { id, name, shown, password: None, is_disabled: false, is_break_glass: false, made: now };
        runtime.block_on(database.put_account(&account))?;
        let until = Some(now.plus(86_400_000_000));
        let area = if role.is_of_the_house() { None } else { site };
        let grant = StoredGrant { account: id, role: role.name().to_owned(), area, from: now, until };
        runtime.block_on(database.put_grants(id, &[grant]))?;
        let actions = Action::ALL.into_iter().filter(|action| !rights.is_for_people(*action));
        let stored = StoredToken {
            id: token(role).id(),
            account: id,
            title: "contract".to_owned(),
            hash: token(role).hash(),
            actions: actions.map(|action| action.name().to_owned()).collect(),
            made: now,
            until: now.plus(86_400_000_000),
            used: None,
        };
        runtime.block_on(database.put_token(&stored))?;
    }
    runtime.block_on(database.close());
    Ok(())
}
