//! The server under measurement, seen from outside: its socket, its files, what the system counts of it.

use super::{Plan, ask};
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long it may take to start, to commit, to end.
const PATIENCE: Duration = Duration::from_secs(1800);
/// Ticks a second in which the system counts processor time.
const TICKS: f64 = 100.0;

/// A server that runs.
pub(super) struct Server {
    child: Mutex<Child>,
    data: PathBuf,
    beside: Option<u32>,
}

/// Processor seconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// Of the server.
    pub cpu: f64,
    /// Of the database server beside it.
    pub beside: f64,
}

impl Cost {
    pub fn since(self, before: Self) -> Self {
        Self { cpu: self.cpu - before.cpu, beside: self.beside - before.beside }
    }
}

impl Server {
    /// Starts it in `folder` and waits until it listens. Errors: it does not.
    pub fn start(program: &Path, folder: &Path, plan: &Plan) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let (data, config) = (folder.join("data"), folder.join("wardlight.toml"));
        let text = format!(
            "[files]\ndata = {data:?}\nkeys = {:?}\n[backup]\nfolder = {:?}\n[store]\nurl = {:?}\n[web]\nlisten = \"127.0.0.1:0\"\n",
            folder.join("keys"),
            folder.join("backup"),
            plan.store
        );
        fs::write(&config, text)?;
        for left in ["server.sock", "standing.json"] {
            let _ = fs::remove_file(data.join(left));
        }
        let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("log"))?;
        let mut command = Command::new(program);
        command.args(["run", "--role", "server", "--config"]).arg(&config);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?;
        let server = Self { child: Mutex::new(child), data, beside: plan.beside };
        server.until("listens", || Ok(super::wire::connect(&server.socket()).is_ok()))?;
        Ok(server)
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.data.join("server.sock")
    }

    /// Waits until the state holds the journal's record `sequence`.
    pub fn committed(&self, sequence: u64) -> Result<()> {
        self.until("commits", || Ok(self.standing("/committed") >= Some(sequence)))
    }

    /// Waits until `devices` are confirmed by records, and says how many then are.
    pub fn confirmed(&self, devices: usize) -> Result<u64> {
        let wanted = u64::try_from(devices).ok();
        self.until("confirms devices", || Ok(self.standing("/assets/confirmed") >= wanted))?;
        Ok(self.standing("/assets/confirmed").unwrap_or_default())
    }

    /// Waits until it has looked at all devices since its start.
    pub fn looked(&self) -> Result<()> {
        self.until("looks at all devices", || Ok(self.standing("/assets/networked").is_some()))
    }

    /// A number that it writes of its standing.
    fn standing(&self, place: &str) -> Option<u64> {
        let text = fs::read(self.data.join("standing.json")).unwrap_or_default();
        let standing: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        standing.pointer(place)?.as_u64()
    }

    /// Waits until `devices` are known, and says what that took.
    pub fn settled(&self, devices: u32) -> Result<()> {
        let (before, begun) = (self.cost(), Instant::now());
        let mut known = 0;
        self.until("finds devices", || {
            known = ask::known(&self.socket())?;
            // Some share names or serial numbers, and are taken for one.
            Ok(known >= u64::from(devices) * 99 / 100)
        })?;
        // The last look at which facts belong together may still be under way.
        let mut last = self.cost();
        self.until("rests", || {
            std::thread::sleep(Duration::from_millis(1500));
            let now = self.cost();
            let spent = now.since(std::mem::replace(&mut last, now));
            Ok(spent.cpu + spent.beside < 0.2)
        })?;
        let cost = self.cost().since(before);
        println!(
            "  {known} devices stored after another {:.1} s, {:.2} CPU s of the server, {:.2} of the database",
            begun.elapsed().as_secs_f64(),
            cost.cpu,
            cost.beside
        );
        Ok(())
    }

    /// What it and the database cost so far.
    pub fn cost(&self) -> Cost {
        let own = spent(self.child().id(), false);
        Cost { cpu: own, beside: self.beside.map_or(0.0, |id| spent(id, true) + children(id)) }
    }

    /// Its resident memory, now and at most.
    pub fn memory(&self) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child().id())).unwrap_or_default();
        let mib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() / 1024
        };
        format!("resident {} MiB, at most {} MiB so far", mib("VmRSS:"), mib("VmHWM:"))
    }

    /// What lies in the data folder.
    pub fn sizes(&self, folder: &Path) -> String {
        let mut parts = vec![];
        for name in ["journal", "flows", "state.db", "state.db-wal"] {
            let mut du = Command::new("du");
            let told = crate::shell::stdout(du.arg("-sb").arg(folder.join("data").join(name))).unwrap_or_default();
            let bytes = String::from_utf8_lossy(&told).split_whitespace().next().and_then(|text| text.parse().ok());
            parts.extend(bytes.map(|bytes: u64| format!("{name} {:.1} MB", super::float(bytes) / 1e6)));
        }
        format!("on disk: {}", parts.join(", "))
    }

    /// Ends it in order. Errors: it does not end well.
    pub fn stop(self) -> Result<()> {
        let id = self.child().id().to_string();
        crate::shell::run(Command::new("kill").arg(id))?;
        let mut ended = None;
        self.until("ends", || {
            ended = self.child().try_wait()?;
            Ok(ended.is_some())
        })?;
        anyhow::ensure!(ended.is_some_and(|ended| ended.success()), "the server ended with {ended:?}");
        Ok(())
    }

    fn until(&self, what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
        let begun = Instant::now();
        while !is_so().with_context(|| format!("before the server {what}"))? {
            if what != "ends" && self.child().try_wait()?.is_some() {
                bail!("the server ended before it {what}; see {}", self.data.with_file_name("log").display());
            }
            if begun.elapsed() > PATIENCE {
                bail!("the server never {what}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child().kill();
        let _ = self.child().wait();
    }
}

/// Processor seconds of a process; with those of its children that have ended.
fn spent(id: u32, with_ended: bool) -> f64 {
    let fields = stat(id);
    let places: &[usize] = if with_ended { &[11, 12, 13, 14] } else { &[11, 12] };
    let ticks = places.iter().filter_map(|place| fields.get(*place)?.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS
}

/// Processor seconds of the children that a process has now.
fn children(id: u32) -> f64 {
    let every = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = every.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|child| stat(*child).get(1).is_some_and(|parent| *parent == id.to_string()))
        .map(|child| spent(child, false))
        .sum()
}

/// The fields of a process behind its name.
fn stat(id: u32) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    text.rsplit(") ").next().unwrap_or_default().split(' ').map(str::to_owned).collect()
}
